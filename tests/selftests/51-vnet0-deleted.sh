#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Somebody deletes vnet0, its port end, or the namespace that it lives in: what can be made again is made
# again, with its MAC and MTU, and the journal says so. Its addresses were the stack's and are gone.
# fault 32.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

index() { # DEVICE
	cat "/sys/class/net/$1/ifindex"
}

made_again() { # OLD-IFINDEX
	[ -e /sys/class/net/vnet0 ] && [ -e /sys/class/net/vnet0-p ] && [ "$(index vnet0)" != "$1" ] &&
		[ "$(json '.[0].carrier' vnet show vnet0)" = true ]
}

# The deletion of a device of vnet0, and what has to be there afterwards.
deleted() { # TEXT DEVICE
	local before lines

	before=$(index vnet0) lines=$(logged)
	ip link del "$2"
	ok "$1: the pair is made again" wait_for 5 made_again "$before"
	is "$1: with its MAC and MTU, and up" \
		"$(ip -j link show vnet0 | jq -r '.[0] | "\(.address) \(.mtu) \(.flags | any(. == "UP"))"')" \
		"$(mac 1) 1600 true"
	is "$1: its address is gone" "$(ip -br -4 addr show vnet0 | awk '{ print $3 }')" ''
	is "$1: it is told once" "$(logged)" $((lines + 1))
	ip addr add 192.0.2.1/24 dev vnet0
	neighbour - vnet0 192.0.2.2 "$(mac 2)"
	ok "$1: frames pass again" ping -q -c 1 -W 2 192.0.2.2
	is "$1: the shortcut is there again" "$(hooks)" "$hooks_before"
	is "$1: nothing is left of the old one" "$(ports)" "$ports_before"
}

logged() { # how often the journal told of it
	grep -c -E 'warning: vnet0: device vnet0(-p)? was deleted by somebody else; making it again$' \
		"$T/vnetd.log" || [ $? -eq 1 ]
}

hooks() { # by name, without the numbers of devices
	find "$T/bpf/vnet/default/links" "$T/bpf/vnet/default/filters" -type f -printf '%f\n' |
		sed 's/-[0-9]*$//' | sort
}

ports() { # how many devices the programs know
	bpftool -j map dump pinned "$T/bpf/vnet/default/maps/ports" | jq length
}

ns far
veth s0 - s1 far "$(mac 9)" "$(mac 2)"
in_ns far ip link set s1 mtu 1600
in_ns far ip addr add 192.0.2.2/24 dev s1
neighbour far s1 192.0.2.1 "$(mac 1)"
start_vnetd
ctl vnet add vnet0 address "$(mac 1)" mtu 1600
ctl resource add vnet0 sv type service dev s0
ip addr add 192.0.2.1/24 dev vnet0
neighbour - vnet0 192.0.2.2 "$(mac 2)"
ok 'frames pass' wait_for 5 ping -q -c 1 -W 1 192.0.2.2
hooks_before=$(hooks) ports_before=$(ports)

deleted 'vnet0 deleted' vnet0
deleted 'port deleted' vnet0-p
deleted 'once more' vnet0
is 'the counters of the resource go on' "$(json '.[0].resources[0].ipackets >= 4' stats vnet0)" true

# While vnetd is away nobody makes it again, until it is back.
stop_vnetd
ip link del vnet0
start_vnetd
ok 'deleted while vnetd was away: it is there' made_again 0
is 'deleted while vnetd was away: with its MAC' "$(cat /sys/class/net/vnet0/address)" "$(mac 1)"
is 'deleted while vnetd was away: nothing is left of the old one' "$(ports)" "$ports_before"
is 'deleted while vnetd was away: no attachment either' "$(hooks)" "$hooks_before"
ip addr add 192.0.2.1/24 dev vnet0
neighbour - vnet0 192.0.2.2 "$(mac 2)"

# As told to, vnetd removes the vnet with its device.
is_gone() { [ "$(ctl -j vnet show | jq 'any(.[]; .name == "v3")')" = false ]; }
veth r0 - r1 far
ip link set r0 mtu 1450
made() {
	ctl vnet add v3 address "$(mac 4)" on-delete remove
	ctl resource add v3 sv type service dev r0
	ok "$1: it is up" wait_for 5 state_is v3 sv up
}
removed() { # TEXT
	ok "$1: the vnet is gone" wait_for 5 is_gone
	ok "$1: its other end, too" [ ! -e /sys/class/net/v3-p ]
	is "$1: its resource's device is as it was" "$(cat /sys/class/net/r0/mtu)" 1450
	is "$1: nothing is left of it" "$(hooks) $(ports)" "$hooks_before $ports_before"
}
for device in v3 v3-p; do
	made "on-delete remove, $device"
	ip link del "$device"
	removed "on-delete remove, $device deleted"
done
is 'on-delete remove: it is told' "$(grep -c \
	'warning: v3: device v3.* was deleted by somebody else; removing the vnet, as its on_delete says$' "$T/vnetd.log")" 2
made 'on-delete remove, once more'
stop_vnetd
start_vnetd
ok 'on-delete remove: a restart is no reason' state_is v3 sv up
stop_vnetd
ip link del v3
start_vnetd
removed 'on-delete remove, deleted while vnetd was away'
made 'on-delete remove, changed'
ctl vnet set v3 on-delete recreate
before=$(index v3)
ip link del v3
other_index() { [ -e /sys/class/net/v3 ] && [ "$(index v3)" != "$before" ]; }
ok 'on-delete recreate: the device is made again' wait_for 5 other_index
ctl vnet del v3

# Its namespace deleted: there is no place to make it again.
ns stack
ctl vnet add v2 address "$(mac 3)" netns stack
veth t0 - t1 far
ctl resource add v2 sv type service dev t0
ok 'a vnet in a namespace is up' wait_for 5 state_is v2 sv up
ns_del stack
no_carrier() { [ "$(json '.[0].carrier' vnet show v2)" = false ]; }
ok 'its namespace deleted: it has no carrier' wait_for 5 no_carrier
like 'its namespace deleted: it is told why' "$(grep 'v2: network namespace' "$T/vnetd.log")" \
	'v2: network namespace stack cannot be opened .*No such file or directory'
ok 'the other one is not touched by it' ping -q -c 1 -W 2 192.0.2.2
ns stack
ok 'the namespace made again: it is made there at the next change' ctl vnet set v2 mtu 1400
ok 'so it is there again' in_ns stack ip link show v2
ok 'it can be removed' ctl vnet del v2
finish
