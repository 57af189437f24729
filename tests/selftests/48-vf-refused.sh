#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hybrids by the number of a NIC's virtual function, as far as a host without such a NIC gets: refusals in words, and
# waiting for what may come. tests/vm/40-vf.sh has such a NIC.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

veth d0 - d1 -
d1=$(ip -j link show d1 | jq -r '.[0].address')
start_vnetd
ctl vnet add vnet0 address "$(mac 1)"

refused 'a device that has no virtual functions' 2 \
	'^vnetctl: vnet0/h: device d0 has no virtual functions; a NIC with SR-IOV was expected, by its physical function$' \
	ctl resource add vnet0 h type hybrid vf d0 0
refused 'no index' 1 "^vnetctl: 'vf' has only one value: expected vf PF INDEX;" ctl resource add vnet0 h type hybrid vf d0
refused 'no value at all' 1 "^vnetctl: 'vf' has no value: expected vf PF INDEX;" ctl resource add vnet0 h type hybrid vf
refused 'an index that is no number' 1 "^vnetctl: vf 'x' is not a whole number: expected vf PF INDEX;" \
	ctl resource add vnet0 h type hybrid vf d0 x
refused 'an index that is too high' 2 '^vnetctl: vnet0/h: vf 65535 is not a number from 0 to 65534$' \
	ctl resource add vnet0 h type hybrid vf d0 65535
refused 'another type' 2 '^vnetctl: vnet0/h: vf 0 of d0 cannot be given for type service, expected it for type hybrid alone$' \
	ctl resource add vnet0 h type service vf d0 0
refused 'a device beside it' 2 '^vnetctl: vnet0/h: vf 0 of d0 cannot be given together with device d1, expected one of them$' \
	ctl resource add vnet0 h type hybrid vf d0 0 dev d1
refused 'a VLAN of nothing' 2 '^vnetctl: vnet0/h: vf_vlan is given without pf,' ctl resource add vnet0 h type hybrid dev d1 vlan 7
refused 'a VLAN that is none' 2 '^vnetctl: vnet0/h: vf_vlan 4095 is not ' ctl resource add vnet0 h type hybrid vf d0 0 vlan 4095

# --- what may come ---

ok 'a NIC that is not there is waited for' ctl resource add vnet0 h type hybrid vf pf0 3 vlan 100 priority 5
why() {
	json '.[0] | "\(.state): \(.reason)"' resource show vnet0 h
}
why_is() { # WORDS
	[ "$(why)" = "$1" ]
}
is 'it says so' "$(why)" 'waiting: PF pf0 does not exist'
is 'what it is' "$(json '.[0] | "\(.pf) \(.vf) \(.vf_vlan) \(.device) \(.function)"' resource show vnet0 h)" 'pf0 3 100  null'
ok 'the text says so' grep -q 'priority 5, vf 3 of pf0, vlan 100' <(ctl resource show vnet0 h)
refused 'the same one twice' 2 '^vnetctl: vnet0/i: vf 3 of pf0 is in use by resource h of vnet vnet0 already$' \
	ctl resource add vnet0 i type hybrid vf pf0 3
refused 'another number' 2 '^vnetctl: vnet0/h: vf is 3 and cannot become 4, it can only be given when ' ctl resource set vnet0 h vf pf0 4
ip link set d0 name pf0
ok 'a device of that name that is no such NIC' wait_for 5 why_is \
	'waiting: PF pf0 has no VF 3 now; its sriov_numvfs says how many'
ok 'it can be saved' ctl save
ok 'the file has it' grep -Pzq '\[Resource h\]\nType=hybrid\nPF=pf0\nVF=3\nVFVLAN=100\nPriority=5\n' "$T/etc/vnet0.vnet"
ok 'and it is read again' vnetd --config "$T/etc" --check
stop_vnetd
start_vnetd
is 'after a restart' "$(why)" 'waiting: PF pf0 has no VF 3 now; its sriov_numvfs says how many'
ip link set pf0 name d0
ok 'renamed away' wait_for 5 why_is 'waiting: PF pf0 does not exist'
ok 'it can be removed' ctl resource del vnet0 h

# --- a sysfs that says how many there can be ---

stop_vnetd
mkdir -p "$T/sys/class/net/d0/device"
echo 8 >"$T/sys/class/net/d0/device/sriov_totalvfs"
start_vnetd --sysfs "$T/sys"
refused 'more than the NIC can have' 2 \
	'^vnetctl: vnet0/h: vf 8 is not a number from 0 to 7: d0 can have 8 virtual functions$' \
	ctl resource add vnet0 h type hybrid vf d0 8
ok 'one that it can have' ctl resource add vnet0 h type hybrid vf d0 7
is 'it waits' "$(why)" 'waiting: PF d0 has no VF 7 now; its sriov_numvfs says how many'
ctl resource del vnet0 h
is 'no device has changed' "$(ip -j link show d1 | jq -r '.[0].address')" "$d1"
finish
