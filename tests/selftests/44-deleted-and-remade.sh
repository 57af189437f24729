#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A device that is deleted and made again, under its name or even its ifindex, or that leaves for
# another namespace and returns, is let go and taken in again, with what it has then.
# fault 26 (deleted), fault 28 (the same ifindex again), fault 30 (moved to another namespace).
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

peer=$(mac 2)

make_pair() { # [INDEX [MAC [MTU]]]: d0 here, its far end in namespace "far"
	ip link add d0 ${1:+index "$1"} address "${2:-$(mac 50)}" mtu "${3:-1400}" type veth \
		peer name far0 address "$peer" mtu 9000 netns far
	in_ns far ip addr add 192.0.2.2/24 dev far0
	in_ns far ip link set far0 up
	neighbour far far0 192.0.2.1 "$(mac 1)"
}

# MAC, MTU, and the flags that a resource changes.
config() { # DEVICE [NAMESPACE]
	in_ns "${2:--}" ip -j link show "$1" | jq -r '.[0] | "\(.address) \(.mtu) \(
		[.flags[] | select(. == "UP" or . == "ALLMULTI")] | sort | join(" "))"'
}

pins() {
	find "$T/bpf/vnet/default/links" "$T/bpf/vnet/default/filters" -type f -printf '%f\n' | sort
}

used_anew() { # TEXT: what has to be true of vf and its device whenever it is there
	ok "$1: it is up" wait_for 5 state_is vnet0 vf up
	is "$1: it is the device's that is there" "$(json '.[0].ifindex' resource show vnet0 vf)" \
		"$(cat /sys/class/net/d0/ifindex)"
	is "$1: the device is as the vnet needs it" "$(config d0)" "$(mac 1) 1500 UP"
	ok "$1: frames pass both ways" ping -q -c 1 -W 2 192.0.2.2
	is "$1: they take this way" "$(json .resource path vnet0 "$peer")" vf
}

let_go() { # TEXT
	ok "$1: it waits" wait_for 5 state_is vnet0 vf waiting
	is "$1: the way is another" "$(json .resource path vnet0 "$peer")" sv
	is "$1: its attachment is gone" "$(pins)" "$pins_without"
}

ns far
start_vnetd
ctl vnet add vnet0 address "$(mac 1)"
ip addr add 192.0.2.1/24 dev vnet0
neighbour - vnet0 192.0.2.2 "$peer"
veth s0 - other0 -
ctl resource add vnet0 sv type service dev s0
wait_for 5 state_is vnet0 sv up
pins_without=$(pins)
make_pair
ctl resource add vnet0 vf type hybrid dev d0
used_anew 'at first'

ip link del d0
let_go deleted
make_pair
used_anew 'made again'

# The same ifindex: a number alone does not tell a device.
index=$(cat /sys/class/net/d0/ifindex)
ip link del d0
let_go 'deleted again'
make_pair "$index"
used_anew 'made again with its ifindex'

# The same without a moment to notice in between.
ip -batch - <<-LINKS
	link del d0
	link add d0 index $index address $(mac 51) mtu 1450 type veth peer name far0 address $peer mtu 9000 netns far
LINKS
in_ns far ip addr add 192.0.2.2/24 dev far0
in_ns far ip link set far0 up
neighbour far far0 192.0.2.1 "$(mac 1)"
used_anew 'replaced at a stroke'
ctl resource del vnet0 vf
is 'replaced at a stroke: the second one gets back what it had' "$(config d0)" "$(mac 51) 1450 "
ip link del d0
make_pair
ctl resource add vnet0 vf type hybrid dev d0
used_anew 'and once more'

# Somebody else's from there on: vnetd does not reach into another namespace.
ns elsewhere
ip link set d0 netns elsewhere
let_go 'moved away'
is 'moved away: its MAC and MTU went with it' "$(config d0 elsewhere)" "$(mac 1) 1500 "
in_ns elsewhere ip link set d0 netns 1
used_anew 'moved back'

# While vnetd is away.
index=$(cat /sys/class/net/d0/ifindex)
stop_vnetd
ip link del d0
make_pair "$index" "$(mac 52)" 1300
start_vnetd
used_anew 'made again while vnetd was away'
ctl resource del vnet0 vf
is 'made again while vnetd was away: it gets back what it had' "$(config d0)" "$(mac 52) 1300 "
ctl resource add vnet0 vf type hybrid dev d0
stop_vnetd
ip link del d0
start_vnetd
let_go 'deleted while vnetd was away'

# The service's device, which all else rests on.
ip link del s0
ok 'service deleted: it waits' wait_for 5 state_is vnet0 sv waiting
is 'service deleted: nothing carries' "$(json .reason path vnet0 "$peer")" no_path
veth s0 - other0 -
ok 'service made again: it is up' wait_for 5 state_is vnet0 sv up
is 'service made again: it carries' "$(json .reason path vnet0 "$peer")" service
like 'service made again: it receives all multicast' "$(config s0)" 'ALLMULTI UP$'
finish
