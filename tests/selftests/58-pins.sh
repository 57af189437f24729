#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever becomes of the BPF file system: without one, with a read-only one, with another mounted over it,
# with pins removed under a living vnetd, there is a sentence, or all is made good; never are there two
# programs. And the programs of others are left alone. Faults 15, 16, 17, 18, 20, 21 and 22.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

pins=$T/bpf/vnet/default

refuses() { # TEXT REGEX [ARGUMENT...]
	local text=$1 regex=$2

	shift 2
	fails "$text" 1 "cannot start: $regex" timeout 60 vnetd --config "$T/etc" --socket "$T/vnetd.sock" \
		--state "$T/state" --bpffs "$T/bpf/vnet" "$@"
}

# A mark of a filter is a folder.
all_pins() {
	find "$T/bpf/vnet" \( -type f -o -path '*/filters/*' ! -name 'qdisc-*' \) | sort
}

# Each link with its program; where there is no tcx, each filter of a clsact.
links() {
	local pin

	find "$pins/links" -type f | sort | while read -r pin; do
		echo "${pin##*/} $(bpftool -j link show pinned "$pin" | jq '[.] | flatten | .[0].prog_id')"
	done
	bpftool -j net show | jq -r '.[].tc[] | select(.kind | startswith("clsact")) | "\(.devname)-\(.kind) \(.id)"' | sort
}

passes() { # TEXT
	ok "$1: frames pass" ping -q -c 1 -W 2 192.0.2.2
}

again() { # PINS LINKS: all pins are there, and as many links
	[ "$(all_pins)" = "$1" ] && [ "$(links | wc -l)" = "$2" ]
}

ns far
veth s0 - s1 far "$(mac 9)" "$(mac 2)"
in_ns far ip addr add 192.0.2.2/24 dev s1
neighbour far s1 192.0.2.1 "$(mac 1)"

# --- fault 15: none ---

mkdir "$T/nothing"
refuses 'fault 15: no bpffs' "$T/nothing is not a BPF file system; mount one with: mount -t bpf bpf $T/nothing" \
	--bpffs "$T/nothing/vnet"
is 'fault 15: nothing is made' "$(ls -A "$T/nothing")" ''
mount -t tmpfs tmpfs "$T/nothing"
refuses 'fault 15: another file system' "$T/nothing is not a BPF file system" --bpffs "$T/nothing/vnet"
umount "$T/nothing"

# --- fault 21: read-only ---

mount -t bpf -o ro bpf "$T/nothing"
refuses 'fault 21: a read-only bpffs' "the folder $T/nothing/vnet cannot be made: Read-only file system" \
	--bpffs "$T/nothing/vnet"
umount "$T/nothing"

start_vnetd
ctl vnet add vnet0 address "$(mac 1)"
ip addr add 192.0.2.1/24 dev vnet0
neighbour - vnet0 192.0.2.2 "$(mac 2)"
ctl resource add vnet0 sv type service dev s0
wait_for 5 state_is vnet0 sv up
passes 'at first'
pinned=$(all_pins) count=$(links | wc -l)

stop_vnetd
before=$(links)
mount -o remount,ro "$T/bpf"
refuses 'fault 21: read-only since' '.*Read-only file system'
is 'fault 21: what is pinned is the same' "$(all_pins)" "$pinned"
passes 'fault 21'
mount -o remount,rw "$T/bpf"
is 'fault 21: and what is attached' "$(links)" "$before"
start_vnetd
mount -o remount,ro "$T/bpf"
shown=$(snapshot)
veth t0 - t1 far
wait_for 5 grep -qx up /sys/class/net/t0/operstate
refused 'fault 21: read-only under a living one' 2 'what device t0 was before cannot be noted: Read-only file system' \
	ctl resource add vnet0 g1 type guest dev t0 peer "$(mac 7)"
mount -o remount,rw "$T/bpf"
ip link del t0
is 'fault 21: all is as it was' "$(snapshot)" "$shown"
is 'fault 21: nothing is left' "$(all_pins)" "$pinned"

# --- fault 16: another bpffs mounted over it ---

stop_vnetd
before=$(links)
mount -t bpf bpf "$T/bpf"
refuses 'fault 16: over-mounted' "the programs of an earlier vnetd are attached to device [a-z0-9-]*, but its pins are not in $pins: another BPF file system has been mounted over them; unmount it"
is 'fault 16: nothing is pinned there' "$(find "$T/bpf" -mindepth 1 -type f ! -name '*.debug')" ''
passes 'fault 16'
umount "$T/bpf"
is 'fault 16: what is attached is the same' "$(links)" "$before"
start_vnetd
is 'fault 16: uncovered, it starts: there is one program at each hook' "$(links | wc -l)" "$count"
passes 'fault 16: uncovered'
mount -t bpf bpf "$T/bpf" # while it lives
kill_vnetd KILL
refuses 'fault 16: over-mounted while it lived' 'the programs of an earlier vnetd are attached'
umount "$T/bpf"
start_vnetd
passes 'fault 16: after that'

# --- fault 17: pins removed under a living vnetd ---

removed() { # TEXT WHAT...: a removal; all of it is made good within a second
	local text=$1

	shift
	: >"$T/vnetd.log"
	# A slow removal of a folder may be overtaken by vnetd.
	rm -rf "$@" 2>"$T/rm.err" || grep -q "Directory not empty" "$T/rm.err"
	ok "fault 17: $text: all is pinned again within a second" wait_for 1 again "$pinned" "$count"
	passes "fault 17: $text"
}
removed 'a map' "$pins/maps/fdb"
like 'fault 17: it is logged' "$(cat "$T/vnetd.log")" "$pins/maps/fdb was removed; pinned again"
removed 'the mark of a whole set' "$pins/maps/meta"
removed 'a program' "$pins/programs/vnet_rx"
attached=$(compgen -G "$pins/[lf]i*/rx-$(<"/sys/class/net/s0/ifindex")")
removed 'a link, or the mark of a filter' "$attached"
like 'fault 17: it is logged' "$(cat "$T/vnetd.log")" 'device s0: the data path is not attached any more; attaching it again'
removed 'the copy of the state' "$pins/state"
removed 'all maps, with their folder' "$pins/maps"
removed 'all of it' "$T/bpf/vnet/default"
removed 'and again' "$T/bpf/vnet/default"
kill_vnetd KILL
before=$(cut -d' ' -f1 <<<"$(links)")
start_vnetd
is 'fault 17: the next one finds it all' "$(cut -d' ' -f1 <<<"$(links)")" "$before"
passes 'fault 17: under the next one'
ctl flush
is 'fault 17: what flush removes stays removed' "$(find "$T/bpf" -mindepth 1 ! -name '*.debug')" ''
stop_vnetd

# --- fault 22: no carrier check; what the kernel refuses alone is tests/bpf/test_refusal.c ---

fails 'fault 22: without CAP_PERFMON' 1 \
	'cannot start: loading the data path is not permitted; vnetd needs root, or the capabilities CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON$' \
	setpriv --inh-caps=-all --bounding-set=-perfmon,-sys_admin timeout 60 vnetd --config "$T/etc" \
	--socket "$T/vnetd.sock" --state "$T/state" --bpffs "$T/bpf/vnet"
start_vnetd --no-carrier-check
is 'fault 22: without the carrier check' "$(json .features.carrier_check status)" false
ctl vnet add vnet0 address "$(mac 1)"
ip addr add 192.0.2.1/24 dev vnet0
neighbour - vnet0 192.0.2.2 "$(mac 2)"
ctl resource add vnet0 sv type service dev s0
ok 'fault 22: its resource is up' wait_for 5 state_is vnet0 sv up
passes 'fault 22'
in_ns far ip link set s1 down
ok 'fault 22: vnetd alone notices the carrier' wait_for 1 state_is vnet0 sv down
finish
