#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Before a live migration all hybrids are taken out, and after it they come back: no frame of a numbered stream, there
# or back, is lost or doubled, with vnetd restarted in between; and the example hook does so for libvirt.
# vnet-test: alone
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"

world_make
start_vnetd
world_vnets
h0_before=$(ip -j link show h0 | jq -r '.[0].address')
ctl resource add vnet0 a type hybrid dev h0 priority 10
ctl resource add vnet0 b type hybrid dev h1 priority 20
wait_for 10 state_is vnet0 a up
traffic_start

way() {
	json '"\(.reason) \(.resource)"' path vnet0 $mac_out
}

hybrids() {
	json '[.[] | select(.type == "hybrid") | "\(.name) \(.state) \(.ifindex > 0)"] | join(", ")' resource show vnet0
}

migrating() {
	json '.[0].migrating' vnet show vnet0
}

lossless() { # TEXT
	traffic_settle
	ok "$1: no frame is lost" wait_for 5 lost_at_most 0
}

out='a down false, b down false'
is 'before' "$(way), $(migrating)" 'hybrid a, false'
ok 'prepare-migration' ctl vnet prepare-migration vnet0
is 'prepared: the way' "$(way), $(migrating)" 'service sv, true'
is 'prepared: all hybrids are out and their devices let go' "$(hybrids)" "$out"
is 'prepared: why' "$(json '.[] | select(.name == "a").reason' resource show vnet0)" 'taken out for a migration'
is 'prepared: a device has its own MAC again' "$(ip -j link show h0 | jq -r '.[0].address')" "$h0_before"
ok 'prepared: the text says so' grep -q ', migrating\|migrating' <(ctl vnet show vnet0)
lossless 'prepare-migration'
ok 'again is no error' ctl vnet prepare-migration vnet0
ip link set h0 down
ip link set h0 up
is 'news of the device change nothing' "$(way)" 'service sv'

stop_vnetd
start_vnetd
is 'after a restart' "$(way), $(migrating)" 'service sv, true'
is 'after a restart the hybrids are out' "$(hybrids)" "$out"
kill_vnetd KILL
start_vnetd
is 'after kill -9' "$(way), $(migrating)" 'service sv, true'
lossless 'restarts'

ok 'finish-migration' ctl vnet finish-migration vnet0
is 'finished: the way' "$(way), $(migrating)" 'hybrid a, false'
is 'finished: the hybrids' "$(hybrids)" 'a up true, b up true'
lossless 'finish-migration'
ok 'again is no error either' ctl vnet finish-migration vnet0

# --- the hook, as libvirt calls it for a machine whose vnets are named in a file ---

hook=$lib_root/examples/libvirt-hook
mkdir "$T/hook"
echo 'vnet0' >"$T/hook/web"
hook() { # MACHINE OPERATION SUB-OPERATION
	VNET_HOOK_DIR=$T/hook VNETCTL="vnetctl -s $T/vnetd.sock" "$hook" "$@" - </dev/null
}

ok 'the hook lets a machine without vnets go' hook other prepare-migration begin
is 'and has done nothing' "$(migrating)" false
ok 'the hook prepares a migration' hook web prepare-migration begin
is 'the hybrids are out' "$(way), $(migrating)" 'service sv, true'
ok 'the hook finishes one' hook web finish-migration end
is 'the hybrids are back' "$(way), $(migrating)" 'hybrid a, false'
ok 'an incoming migration of libvirt: prepared' hook web migrate begin
is 'incoming: the hybrids wait' "$(migrating)" true
ok 'the machine is started, and not here yet' hook web started begin
is 'incoming: they still wait' "$(migrating)" true
ok 'the machine is here' hook web finish-migration end
is 'incoming: the hybrids are back' "$(way), $(migrating)" 'hybrid a, false'
lossless 'the hook'
echo 'vnet9' >"$T/hook/web"
fails 'a vnet that is not there stops the migration' 1 'there is no vnet "vnet9"' hook web prepare-migration begin

refused 'no such vnet' 2 '^vnetctl: there is no vnet "nope"$' ctl vnet prepare-migration nope
refused 'no such vnet to finish' 2 '^vnetctl: there is no vnet "nope"$' ctl vnet finish-migration nope

traffic_end 'all of it'
finish
