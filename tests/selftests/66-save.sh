#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vnetctl save: what runs becomes files from which, without any state, the same comes to be; what cannot be
# written so is refused in words.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

etc=$T/etc usr=$T/usr
mkdir "$usr"
ns other blue
for pair in s g h x; do
	veth ${pair}0 - ${pair}1 other
done

save() { # prints the names of the files
	ctl -j save | jq -r '.files[]' | sed "s|^$etc/||" | sort | paste -sd ' '
}

# Everything that can be set, and where it comes from set aside.
settings() {
	json '[.[] | del(.origin) | .resources |= (map(del(.origin)) | sort_by(.name))] | sort_by(.name)' vnet show
}

# Starts without anything that an earlier daemon knew or left in the kernel.
start_anew() {
	ctl flush
	stop_vnetd
	rm -rf "$T/state"
	start_vnetd --config "$usr"
}

start_vnetd --config "$usr"
is 'nothing to save: no files' "$(ctl save)" 'nothing to write: every vnet is as its file says'
ctl vnet add vnet0 address "$(mac 1)" mtu 1400 guard off pvid 7 vlans 10,20-29 hybrid-needs-service on monitor-interval 50 \
	hold-down 300 tx-timeout 500 announce-count 2 announce-interval 500 announce-addresses 10.0.0.8 \
	mode tc promiscuous off on-delete remove
ctl resource add vnet0 sv type service dev s0 vlans 20
ctl resource add vnet0 g1 type guest dev g0 peer "$(mac 2)" pvid 20 vlans none
ctl resource add vnet0 late type guest dev late0 peer "$(mac 3)" admin down
ctl resource add vnet0 hy type hybrid dev h0 priority 7
ctl vnet add vnet1
ctl vnet add vnet2 netns blue vlans all
ctl vnet add tap upper x0 address "$(mac 4)"
for name in sv g1 hy; do
	wait_for 10 state_is vnet0 $name up
done
like 'what is written is told' "$(ctl save)" "(^|"$'\n'")wrote $etc/vnet0.vnet($|"$'\n'")"
is 'one file each' "$(cd "$etc" && ls)" $'tap.vnet\nvnet0.vnet\nvnet1.vnet\nvnet2.vnet'
is 'a second time there is nothing to write' "$(save)" ''
is 'all come from files now' "$(json '[.[] | .origin, .resources[].origin] | unique | join(" ")' vnet show)" config
is 'a random address is in the file' "$(grep -c "^Address=$(json '.[0].address' vnet show vnet1)$" "$etc/vnet1.vnet")" 1
is 'what is at its default is not' "$(grep -cE '^(MTU|Guard)=' "$etc/vnet1.vnet" || [ $? -eq 1 ])" 0
ok 'the files are right' vnetd --config "$etc" --check
is 'everybody may read them' "$(stat -c %a "$etc/vnet0.vnet")" 644
before=$(settings)
ok 'a reload changes nothing' ctl reload
is 'as can be seen' "$(settings)" "$before"
start_anew
for name in sv g1 hy; do
	wait_for 10 state_is vnet0 $name up
done
# Devices have other indexes then.
without() { jq -c 'walk(if type == "object" then del(.ifindex) else . end)' <<<"$1"; }
is 'from the files alone comes the same' "$(without "$(settings)")" "$(without "$before")"

# --- only what differs is written, whatever the difference ---
ctl vnet set vnet0 mtu 1300
is 'a setting' "$(save)" vnet0.vnet
ctl resource set vnet0 late admin up
is 'a setting of a resource' "$(save)" vnet0.vnet
ctl resource add vnet1 g type guest dev late9 peer "$(mac 9)"
is 'a resource more' "$(save)" vnet1.vnet
ctl resource del vnet1 g
is 'a resource less' "$(save)" vnet1.vnet
ctl resource del vnet0 late
kill_vnetd KILL
start_vnetd --config "$usr"
is 'a resource less, after a restart' "$(save)" vnet0.vnet
is 'it is not in the file any more' "$(grep -c late "$etc/vnet0.vnet" || [ $? -eq 1 ])" 0
is 'and nothing is left to write' "$(save)" ''
ctl resource set vnet0 hy priority 8
ctl resource set vnet0 hy priority 7
is 'there and back is no difference' "$(save)" ''

# --- a vnet that was deleted ---
ctl vnet del vnet1
is 'a vnet that was deleted: its file stays' "$(save)$(test -e "$etc/vnet1.vnet" && echo there)" there
ok 'a reload' ctl reload
is 'brings it back' "$(json '.[0].origin' vnet show vnet1)" config

# --- refused ---
mkdir "$etc/vnet0.vnet.d"
echo $'[VNet]\nMTU=1350' >"$etc/vnet0.vnet.d/mtu.conf"
ctl reload
ctl vnet set vnet0 mtu 1360
sum=$(cat "$etc/vnet0.vnet")
fails 'a drop-in says otherwise' 2 \
	"^vnetctl: vnet0 cannot be saved: the drop-ins in $etc/vnet0.vnet.d say otherwise and would outrank the saved file; remove them first$" \
	ctl save
is 'the file is as it was' "$(cat "$etc/vnet0.vnet")" "$sum"
is 'and so is the vnet' "$(json '.[0].mtu' vnet show vnet0)" 1360
rm -r "$etc/vnet0.vnet.d"
is 'without it it is saved' "$(save)" vnet0.vnet
echo $'[VNet]\nName=other\nMTU=1400' >"$etc/a.vnet"
ctl reload
ctl vnet set other mtu 1450
fails 'it is in a file of another name' 2 \
	"^vnetctl: other cannot be saved as other.vnet: it is configured in $etc/a.vnet; change it there, or rename that file$" ctl save
not_ok 'no second file is made' test -e "$etc/other.vnet"
rm "$etc/a.vnet"
ctl reload
ctl vnet add new0
mount -t tmpfs -o ro tmpfs "$etc"
fails 'a folder that cannot be written' 2 "^vnetctl: .* cannot be saved: writing the file $etc/.*\.vnet failed: Read-only file system$" ctl save
umount "$etc"
is 'when it can, it is saved' "$(save)" new0.vnet

finish
