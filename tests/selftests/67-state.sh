#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What was made at run time outlives vnetd, however it ends; a damaged state file is put aside in words, and
# rebuilt from the copy beside the pins; a change that cannot be kept is refused and has changed nothing.
# Faults 11 and 12.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

state=$T/state/default.json
ns other blue
for pair in s g h; do
	veth ${pair}0 - ${pair}1 other
done

start_vnetd
ok 'the folder is made' test -d "$T/state"
ctl vnet add vnet0 address "$(mac 1)" mtu 1400 vlans 10,20-29
ctl vnet add vnet1
ctl vnet add vnet2 netns blue
ctl resource add vnet0 sv type service dev s0 pvid 10
ctl resource add vnet0 g1 type guest dev g0 peer "$(mac 2)"
ctl resource add vnet0 late type guest dev late0 peer "$(mac 3)" admin down
ctl resource add vnet0 hy type hybrid dev h0 priority 3
for name in sv g1 hy; do
	wait_for 10 state_is vnet0 $name up
done
is 'the state is for its owner alone' "$(stat -c %a "$state")" 600
before=$(snapshot)

# --- stop, kill, again and again ---
for how in stop kill kill stop; do
	if [ $how = stop ]; then
		stop_vnetd
	else
		kill_vnetd KILL
	fi
	start_vnetd
	is "$how and start: everything is as it was" "$(snapshot)" "$before"
done
ctl vnet del vnet2
ctl resource del vnet0 late
before=$(snapshot)
kill_vnetd KILL
start_vnetd
is 'what was deleted stays deleted' "$(snapshot)" "$before"
fails 'two daemons over one state' 1 \
	"cannot start: another vnetd is running as instance default with state $T/state; stop it, or give another --instance, --state and --socket" \
	vnetd --config "$T/etc" --socket "$T/second.sock" --state "$T/state" --bpffs "$T/bpf/vnet"
ok 'the first one does not mind' ctl status

# --- it cannot be kept: no change is done (fault 11) ---
kept=$(cat "$state")
cannot() { # TEXT ERROR COMMAND...
	local text=$1 why=$2

	shift 2
	refused "$text: $*" 2 "^vnetctl: writing the state file $state failed: $why$" ctl "$@"
	is "$text: $*: the old file is kept" "$(cat "$state")" "$kept"
}

unkept() { # TEXT ERROR: every kind of change
	cannot "$1" "$2" vnet add new0
	cannot "$1" "$2" vnet set vnet0 mtu 1300 address "$(mac 7)" vlans none
	cannot "$1" "$2" vnet del vnet1
	cannot "$1" "$2" resource add vnet0 g2 type guest dev late0 peer "$(mac 4)"
	cannot "$1" "$2" resource set vnet0 g1 peer "$(mac 5)"
	cannot "$1" "$2" resource set vnet0 sv admin down
	cannot "$1" "$2" resource del vnet0 hy
	cannot "$1" "$2" flush
}

mount --bind "$T/state" "$T/state"
mount -o remount,bind,ro "$T/state"
unkept 'read-only' 'Read-only file system'
umount "$T/state"
ok 'when it can be kept again, it is done' ctl vnet set vnet0 mtu 1300

# A full file system: a tiny one with a copy of the state and no room for a second one.
stop_vnetd
mkdir "$T/small"
mount -t tmpfs -o size=16k tmpfs "$T/small"
cp "$T/state/"* "$T/small/"
mount --bind "$T/small" "$T/state"
start_vnetd
dd if=/dev/zero of="$T/state/fill" bs=4096 2>"$T/dd.log" || [ $? -eq 1 ]
kept=$(cat "$state")
unkept 'full' 'No space left on device'
is 'no half of a file is left' "$(cd "$T/state" && ls)" $'default.json\ndefault.lock\nfill'
rm "$T/state/fill"
ok 'when there is room again, it is done' ctl vnet set vnet0 mtu 1301
stop_vnetd
umount "$T/state"
start_vnetd
is 'the state before it was another folder' "$(json '.[0].mtu' vnet show vnet0)" 1300

# --- a damaged file is rebuilt from its copy (fault 12) ---
before=$(snapshot)
rebuilt() { # TEXT REGEX: of the log
	: >"$T/vnetd.log"
	start_vnetd
	like "$1: it is said" "$(cat "$T/vnetd.log")" "$2"
	is "$1: everything is as it was" "$(snapshot)" "$before"
	ok "$1: the file is made anew" test -s "$state"
	kill_vnetd KILL
	: >"$T/vnetd.log"
	start_vnetd
	unlike "$1: and is right" "$(cat "$T/vnetd.log")" 'state file'
	is "$1: as the next start shows" "$(snapshot)" "$before"
	kill_vnetd KILL
}
kill_vnetd KILL
copied="rebuilt from the copy beside the pins"
sed -i 's/"mtu":"1300"/"mtu":"1301"/' "$state"
rebuilt 'a changed byte' \
	"the state file $state is damaged: its checksum does not match; $copied; the file is kept as $state\.bad"
truncate -s -2 "$state"
rebuilt 'no end' "the state file $state is damaged: its end is missing; $copied"
echo hello >"$state"
rebuilt 'no state file at all' "the state file $state is damaged: it does not begin as a state file does; $copied"
rm "$state"
rebuilt 'no file' "the state file $state is missing; $copied"
start_vnetd

# --- a damaged file without a copy ---
stop_vnetd
printf '[VNet]\nAddress=%s\n' "$(mac 9)" >"$T/etc/conf0.vnet"
copy=$T/bpf/vnet/default/state
damage() { # TEXT REGEX: what is wrong with the file is on standard input, as a sed script
	sed -i -f - "$state"
	rm -f "$state.bad" "$copy"
	: >"$T/vnetd.log"
	start_vnetd
	like "$1: it is said" "$(cat "$T/vnetd.log")" \
		"the state file $state is damaged: $2; it has no copy at $copy: No such file or directory; going on with the configuration files alone, what else runs goes on unattended; the file is kept as $state\.bad"
	ok "$1: it is put aside" test -s "$state.bad"
	is "$1: the configured vnets are there" "$(json '[.[].name] | join(" ")' vnet show)" conf0
	# The next start, which knows its state, takes away what is not in it.
	[ "$1" != 'a changed byte' ] || ok "$1: what else ran goes on" test -d /sys/class/net/vnet0
	ok "$1: the next change is kept in a new file" ctl vnet add new0
	stop_vnetd
	start_vnetd
	is "$1: as the next start shows" "$(json '[.[].name] | sort | join(" ")' vnet show)" 'conf0 new0'
	ctl vnet del new0
	stop_vnetd
}
good=$(cat "$state")
damage 'a changed byte' 'its checksum does not match' <<<'s/"mtu":"1300"/"mtu":"1301"/'
echo "$good" >"$state"
damage 'no end' 'its end is missing' <<<'s/..$//'
echo "$good" >"$state"
damage 'no state file at all' 'it does not begin as a state file does' <<<'s/.*/hello/'

# --- more than files ---
echo "$good" >"$T/elsewhere"
mv "$state" "$T/state.old"
ln -s "$T/elsewhere" "$state"
: >"$T/vnetd.log"
start_vnetd
ctl vnet set conf0 mtu 1400
is 'a symbolic link is never written through' "$(cat "$T/elsewhere")" "$good"

finish
