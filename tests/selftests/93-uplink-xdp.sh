#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Vnets in mode xdp on an uplink: XDP is at the NIC, carries what is for one of them, leaves the rest to TC and the
# host, survives vnetd, and goes with the last vnet that wants it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

attached() { # of the uplink
	json '.[0] | "\(.attached)\(.xdp_reason)"' uplink show up0
}

programs() { # at the NIC
	ip -j -d link show nic0 | jq -r '[.[0].xdp | select(.) | .mode] | length'
}

# What XDP has redirected at the NIC.
redirected() {
	ethtool -S nic0 | awk '/rx_queue_[0-9]+_xdp_redirect:/ { n += $2 } END { print n + 0 }'
}

vnet() { # NAME NS ADDRESS MAC
	ctl vnet add "$1" netns "$2" uplink up0 announce-count 0 address "$4" mode xdp
	in_ns "$2" ethtool -K "$1" gro on # else a veth takes nothing from XDP
	in_ns "$2" ip link set "$1" up
	in_ns "$2" ip addr add "$3" dev "$1"
}

pings() { # TEXT NS ADDRESS
	ok "$1" wait_for 10 in_ns "$2" ping -c 1 -W 1 "$3"
}

ns outside a b
start_vnetd
[ "$(json '.features | .xdp and .carrier_check' status)" = true ] ||
	skip_all 'on this kernel programs do not see devices, and leave veths to TC'
veth nic0 - lan outside
ip addr add 10.1.0.1/24 dev nic0
in_ns outside ip addr add 10.1.0.100/24 dev lan
ctl uplink add up0 dev nic0
before=$(programs)
vnet v1 a 10.1.0.11/24 02:00:00:00:00:11
vnet v2 b 10.1.0.12/24 02:00:00:00:00:12
is 'before there was no XDP' "$before" 0
is 'it is at the NIC' "$(attached)" xdp
is 'once' "$(programs)" 1

pings 'to the outside' a 10.1.0.100
count=$(redirected)
ok 'from the outside' in_ns outside ping -q -c 20 -i 0.01 -W 2 10.1.0.11
cmp_num 'which XDP has carried' $(($(redirected) - count)) -ge 20
cmp_num 'and counted' "$(json '.[0].resources[0].ipackets' stats v1)" -ge 20
pings 'from one vnet to another' a 10.1.0.12
pings 'to the host' b 10.1.0.1
ok 'from the host' wait_for 10 ping -c 1 -W 1 10.1.0.12
ok 'the host reaches the outside' wait_for 10 ping -c 1 -W 1 10.1.0.100

ctl flow add v1 pings proto icmp
count=$(json '.[0].ipackets' flow show v1 pings)
ok 'frames of a vnet that has flows' in_ns outside ping -q -c 5 -i 0.01 -W 2 10.1.0.11
cmp_num 'are left to TC' "$(json '.[0].ipackets' flow show v1 pings)" -ge $((count + 5))
ctl flow del v1 pings

kill_vnetd KILL
ok 'vnetd killed: frames pass' in_ns outside ping -q -c 5 -i 0.01 -W 2 10.1.0.11
start_vnetd
is 'the next one has it' "$(attached) $(programs)" 'xdp 1'
ok 'and frames pass' in_ns outside ping -q -c 5 -i 0.01 -W 2 10.1.0.11

ctl vnet set v1 mode tc
is 'one still wants it' "$(attached)" xdp
ctl vnet set v2 mode tc
isnt 'nobody does: it is gone' "$(attached)" xdp
is 'from the NIC' "$(programs)" 0
pings 'and TC carries all' outside 10.1.0.12
ctl vnet set v2 mode xdp
ctl vnet del v1
ctl vnet del v2
is 'it goes with the vnet' "$(programs)" 0
finish
