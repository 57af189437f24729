#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The NIC with virtual functions that tests have: netdevsim takes their attributes as hardware does.
# vnet-vm: netdevsim
# shellcheck source=../selftests/lib.sh
. "$(dirname "$0")/../selftests/lib.sh"
# shellcheck source=netdevsim.sh
. "$(dirname "$0")/netdevsim.sh"

netdevsim_add 2
pf=$netdevsim_pf
vf() { # INDEX JQ
	ip -j link show "$pf" | jq -r ".[0].vfinfo_list[$1] | $2"
}

is 'it has as many VFs as were asked for' "$(ip -j link show "$pf" | jq '.[0].vfinfo_list | length')" 2
ok 'a VF takes an address' ip link set "$pf" vf 1 mac 02:00:00:00:00:77
ok 'a VLAN' ip link set "$pf" vf 1 vlan 7
ok 'a link state' ip link set "$pf" vf 1 state enable
ok 'a spoof check' ip link set "$pf" vf 1 spoofchk on
ok 'trust' ip link set "$pf" vf 1 trust on
is 'and has them' "$(vf 1 '"\(.address) \(.vlan_list[0].vlan) \(.link_state) \(.spoofchk) \(.trust)"')" \
	'02:00:00:00:00:77 7 enable true true'
is 'the other one has nothing of it' "$(vf 0 '"\(.address) \(.spoofchk) \(.trust)"')" '00:00:00:00:00:00 false false'
netdevsim_vfs 0
is 'its VFs can be taken away' "$(ip -j link show "$pf" | jq '.[0].vfinfo_list // [] | length')" 0
netdevsim_del
ok 'it can be unplugged' test ! -e "/sys/class/net/$pf"
finish
