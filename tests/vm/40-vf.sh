#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A hybrid that is a virtual function, on a NIC that has the attributes of one: they are set, follow the vnet, are put
# back, and set again when the NIC has lost them. netdevsim makes no network devices of its VFs; where there has to be
# one, a folder takes the place of sysfs in which a veth is that.
# vnet-vm: netdevsim
# shellcheck source=../selftests/lib.sh
. "$(dirname "$0")/../selftests/lib.sh"
# shellcheck source=netdevsim.sh
. "$(dirname "$0")/netdevsim.sh"

netdevsim_add 4
pf=$netdevsim_pf
mac0=$(mac 1)
veth s0 - s1 -
veth h0 - far -

vf() { # INDEX: all that the NIC keeps of it
	ip -j link show "$pf" | jq -r ".[0].vfinfo_list[$1] |
		\"\(.address) \(.vlan_list[0] | \"\(.vlan // 0) \(.qos // 0)\") \(.spoofchk) \(.trust) \(.link_state)\""
}
vf_is() { # INDEX TEXT
	[ "$(vf "$1")" = "$2" ]
}
why() {
	json '.[0] | "\(.state): \(.reason)"' resource show vnet0 h
}
why_is() { # TEXT
	[ "$(why)" = "$1" ]
}

ip link set "$pf" vf 2 mac 02:00:00:00:00:77
ip link set "$pf" vf 2 vlan 7 qos 3
ip link set "$pf" vf 2 spoofchk off
ip link set "$pf" vf 2 trust off
ip link set "$pf" vf 2 state disable
came=$(vf 2)
other=$(vf 1)
is 'what it comes with' "$came" '02:00:00:00:00:77 7 3 false false disable'

start_vnetd
ctl vnet add vnet0 address "$mac0"
ctl resource add vnet0 sv type service dev s0
ok 'a VF is registered' ctl resource add vnet0 h type hybrid vf "$pf" 2 vlan 100
is 'the NIC has what it needs' "$(vf 2)" "$mac0 100 0 true false auto"
is 'another VF is left alone' "$(vf 1)" "$other"
no_device="waiting: VF 2 of PF $pf is not in sysfs: there is no virtfn2"
is 'its device is waited for' "$(why)" "$no_device"
is 'vnetd shows what the NIC says' \
	"$(json '.[0].function | "\(.address) \(.vlan) \(.spoof_check) \(.trust) \(.link_state) \(.bridge_entry)"' resource show vnet0 h)" \
	"$mac0 100 true false auto false"
ok 'another VLAN' ctl resource set vnet0 h vlan none
is 'the NIC has it' "$(vf 2)" "$mac0 0 0 true false auto"
ok 'another address' ctl vnet set vnet0 address "$(mac 9)"
ok 'a promiscuous vnet' ctl vnet set vnet0 promiscuous on
is 'the NIC follows both' "$(vf 2)" "$(mac 9) 0 0 true true auto"
ctl vnet set vnet0 promiscuous off address "$mac0"
ctl resource set vnet0 h vlan 100
ours="$mac0 100 0 true false auto"
is 'and back' "$(vf 2)" "$ours"

# --- fault 26, 28: the NIC loses it ---

ip link set "$pf" vf 2 mac 02:00:00:00:00:78
ok 'somebody else has set another MAC' wait_for 5 vf_is 2 "$ours"
netdevsim_vfs 0
ok 'all VFs are taken away' wait_for 5 why_is "waiting: PF $pf has no VF 2 now; its sriov_numvfs says how many"
netdevsim_vfs 4
ok 'and come back: it is found within a second or so' wait_for 5 why_is "$no_device"
is 'and set up as before' "$(vf 2)" "$ours"
ok 'it is removed' ctl resource del vnet0 h
is 'and is as it came, for this NIC has kept it' "$(vf 2)" "$came"

# --- put back, whatever happened to vnetd ---

ctl resource add vnet0 h type hybrid vf "$pf" 2 vlan 100
kill_vnetd KILL
is 'without vnetd it stays' "$(vf 2)" "$ours"
start_vnetd
is 'with the next one as well' "$(vf 2) $(why)" "$ours $no_device"
ok 'a VF that is not among them is waited for' ctl resource add vnet0 i type hybrid vf "$pf" 9
is 'it says so' "$(json '.[0].reason' resource show vnet0 i)" "PF $pf has no VF 9 now; its sriov_numvfs says how many"
ctl resource del vnet0 i
ip link set "$pf" name nic9
pf=nic9
ok 'its PF is renamed' wait_for 5 why_is "waiting: VF 2 of PF nic9 is not in sysfs: there is no virtfn2"
ok 'prepare-migration' ctl vnet prepare-migration vnet0
is 'the NIC has back what it had' "$(vf 2)" "$came"
ok 'finish-migration' ctl vnet finish-migration vnet0
is 'it is set up again' "$(vf 2)" "$ours"
ok 'flush' ctl flush
is 'everything is put back' "$(vf 2)" "$came"

# --- with a device ---

stop_vnetd
function=$T/sys/functions/0000:01:10.2
mkdir -p "$T/sys/class/net/$pf/device" "$function" "$T/sys/drivers/simvf"
ln -s "$function" "$T/sys/class/net/$pf/device/virtfn2"
start_vnetd --sysfs "$T/sys"
ctl vnet add vnet0 address "$mac0"
ctl resource add vnet0 sv type service dev s0
ctl resource add vnet0 h type hybrid vf "$pf" 2
is 'no driver' "$(why)" "waiting: VF 2 of PF $pf (0000:01:10.2) has no driver"
ln -s ../../drivers/simvf "$function/driver"
mkdir -p "$function/net"
ok 'a driver, and no device' wait_for 5 why_is "waiting: VF 2 of PF $pf (0000:01:10.2) has no network device; its driver is simvf"
h0=$(ip -j link show h0 | jq -r '.[0].address')
mkdir "$function/net/h0"
ok 'a device' wait_for 5 state_is vnet0 h up
is 'it is in use' "$(json .reason path vnet0 "$(mac 7)") $(json '.[0].device' resource show vnet0 h)" 'hybrid h0'
is 'it has the MAC' "$(ip -j link show h0 | jq -r '.[0].address')" "$mac0"
mv "$function/net/h0" "$function/net/renamed0"
ip link set h0 down
ip link set h0 name renamed0
ip link set renamed0 up
ok 'renamed' wait_for 10 why_is 'up: '
is 'and shown so' "$(json '.[0].device' resource show vnet0 h)" renamed0
ctl vnet prepare-migration vnet0
is 'out for a migration: the NIC and the device are as they were' \
	"$(vf 2) $(ip -j link show renamed0 | jq -r '.[0].address')" "$came $h0"
ctl vnet finish-migration vnet0
ok 'back' wait_for 5 state_is vnet0 h up
ip link del far
rm -r "$function/net"
ok 'unplugged' wait_for 5 why_is "waiting: VF 2 of PF $pf (0000:01:10.2) has no network device; its driver is simvf"
netdevsim_del
ok 'the whole NIC goes' wait_for 5 why_is "waiting: PF $pf does not exist"
ok 'removed' ctl resource del vnet0 h
finish
