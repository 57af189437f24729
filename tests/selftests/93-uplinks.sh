#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One NIC shared by vnets: with the outside, with each other, with the host's own stack and, where they
# share its MAC, by their addresses; and what happens to them when vnetd or the NIC goes. (fault 1)
export VNET_IPV6=yes
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly mac1=02:00:00:00:00:11 mac2=02:00:00:00:00:12 mac3=02:00:00:00:00:13

state() { # UPLINK
	json '.[0] | "\(.state)\(.reason)"' uplink show "$1"
}

state_of() { # UPLINK STATE
	[ "$(json '.[0].state' uplink show "$1")" = "$2" ]
}

# The NIC is nic0 here, with the host's 10.1.0.1; its other end is outside, with 10.1.0.100.
nic() {
	veth nic0 - lan outside
	ip addr add 10.1.0.1/24 dev nic0
	in_ns outside ip addr add 10.1.0.100/24 dev lan
}

vnet() { # NAME NS ADDRESS [KEY VALUE]...
	ctl vnet add "$1" netns "$2" uplink up0 announce-count 0 "${@:4}"
	in_ns "$2" ip link set "$1" up
	in_ns "$2" ip addr add "$3" dev "$1"
}

pings() { # TEXT NS ADDRESS
	# shellcheck disable=SC2086 # options may stand before it
	ok "$1" wait_for 10 in_ns "$2" ping -c 1 -W 1 $3
}

ns outside a b c
start_vnetd
ok 'an uplink whose device is not there is accepted' ctl uplink add up0 dev nic0
is 'and waits' "$(state up0)" 'waitingdevice nic0 does not exist'
nic
ok 'it is up when the device comes' wait_for 10 state_of up0 up
host=$(cat /sys/class/net/nic0/address)

# --- each its own MAC ---

vnet v1 a 10.1.0.11/24 address $mac1
vnet v2 b 10.1.0.12/24 address $mac2
is 'the vnets are on it' "$(json '.[0].vnets | join(",")' uplink show up0)" v1,v2
is 'their service is' "$(json '.[0] | "\(.type) \(.uplink) \(.device) \(.state)"' resource show v1 up0)" \
	'service up0 nic0 up'
pings 'to the outside' a 10.1.0.100
pings 'from the outside' outside 10.1.0.11
pings 'from one vnet to another' a 10.1.0.12
is 'with no neighbour but the vnet itself' \
	"$(in_ns a ip -j neigh show 10.1.0.12 | jq -r '.[0].lladdr')" $mac2
pings 'to the host' b 10.1.0.1
ok 'from the host, which keeps its NIC' wait_for 10 ping -c 1 -W 1 10.1.0.12
ok 'and reaches the outside' wait_for 10 ping -c 1 -W 1 10.1.0.100
pings 'IPv6 as well, whose neighbours are found by multicast' a fe80::ff:fe00:12%v1

# --- what is refused changes nothing ---

before=$(snapshot)
refused 'the same MAC twice' 2 "v3: address $mac1 untagged is vnet v1's already on uplink up0" \
	ctl vnet add v3 netns c uplink up0 address $mac1
refused "the NIC's own" 2 "v3: address $host is device nic0's own" ctl vnet add v3 uplink up0 address "$host"
refused 'an uplink that is not there' 2 'v3: uplink up9 does not exist' ctl vnet add v3 uplink up9
refused 'an uplink with vnets on it is not deleted' 2 'up0: vnet v1 is on it, and more are' ctl uplink del up0
refused 'its device is not given twice' 2 'up1: device nic0 is in use by uplink up0' ctl uplink add up1 dev nic0
refused 'a name that a vnet has' 2 'v1: there is a vnet of that name' ctl uplink add v1 dev nic9
is 'nothing has changed' "$(snapshot)" "$before"

# --- a VLAN ---

vnet v3 c 10.2.0.13/24 address $mac3 pvid 10
bg_ready wire in_ns outside frame capture --dev lan --until ffffffffffffff --timeout 3600
bg_ready inner in_ns c frame capture --dev v3 --until ffffffffffffff --timeout 3600
not_ok 'nobody answers there' in_ns c ping -c 1 -W 1 10.2.0.100
ok 'what a vnet in VLAN 10 sends is tagged on the wire' \
	wait_for 10 grep -q "^ffffffffffff${mac3//:/}8100000a0806" "$T/wire.out"
in_ns outside frame send --dev lan --hex "$mac3 020000000099 8100000a 88b5 aa01" --pad 60
in_ns outside frame send --dev lan --hex "$mac3 020000000099 88b5 aa02" --pad 60
in_ns outside frame send --dev lan --hex "$mac3 020000000099 8100000a 88b5 aa03" --pad 60
ok 'and untagged behind it' wait_for 10 grep -q "^${mac3//:/}02000000009988b5aa03" "$T/inner.out"
is 'without what is in another VLAN' "$(grep -c "02000000009988b5aa02" "$T/inner.out")" 0
in_ns c ip addr add 10.1.0.13/24 dev v3
not_ok 'nor reaches it who is in another one' in_ns c ping -c 1 -W 1 10.1.0.11
bg_stop wire || [ $? -eq 1 ]
bg_stop inner || [ $? -eq 1 ]
ctl vnet del v3

# --- one MAC, told apart by addresses ---

vnet s1 c 10.1.0.21/24 share on addresses 10.1.0.21
is "it has the NIC's MAC" "$(json '.[0].address' vnet show s1)" "$host"
pings 'a vnet with the MAC of the NIC' c 10.1.0.100
pings 'from outside' outside 10.1.0.21
pings 'from a vnet' a 10.1.0.21
ok 'the host has its own addresses still' wait_for 10 in_ns outside ping -c 1 -W 1 10.1.0.1
in_ns c ip addr add 10.1.0.22/24 dev s1
pings 'it speaks with another address of its own' c '-I 10.1.0.22 10.1.0.100'
pings 'an address that it is seen to use' outside 10.1.0.22
refused 'an address of another vnet' 2 "s2: addresses 10.1.0.21 is vnet s1's already on uplink up0" \
	ctl vnet add s2 uplink up0 share on addresses 10.1.0.21

# --- vnetd goes, and the NIC ---

before=$(json '.[0] | "\(.ifindex) \(.state)"' uplink show up0)
kill_vnetd KILL
ok 'without vnetd frames pass' in_ns a ping -c 2 -W 2 10.1.0.100
ok 'and between vnets' in_ns a ping -c 1 -W 2 10.1.0.12
start_vnetd
is 'the next one takes it over' "$(json '.[0] | "\(.ifindex) \(.state)"' uplink show up0)" "$before"
is 'with its vnets' "$(json '.[0].vnets | join(",")' uplink show up0)" v1,v2,s1
pings 'and nothing has changed' outside 10.1.0.21
ip link del nic0
ok 'the device vanishes' wait_for 10 state_of up0 waiting
is 'and its vnets wait' "$(json '.[0].state' resource show v1 up0)" waiting
nic
ok 'it returns' wait_for 10 state_of up0 up
pings 'and carries' outside 10.1.0.11

# --- away ---

ctl vnet del s1
ctl vnet del v2
ctl vnet del v1
ok 'an uplink without vnets is deleted' ctl uplink del up0
is 'and the device is what it was' "$(ip -j link show nic0 | jq -r '.[0].flags | index("ALLMULTI")')" null
is 'no program is left there' "$(tc filter show dev nic0 ingress; tc filter show dev nic0 egress)" ''
finish
