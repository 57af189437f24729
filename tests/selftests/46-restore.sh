#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What vnetd changes on a device (MTU, MAC, allmulticast, up, filter) it puts back when the resource, the
# vnet or everything is removed, also after a restart in between; what others changed since stays.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# All that a resource may change of its device.
device() { # NAME
	ip -j -d link show "$1" | jq -r '.[0] | "\(.address) mtu \(.mtu) \(
		[.flags[] | select(. == "UP" or . == "ALLMULTI" or . == "PROMISC")] | sort | join(" "))"'
	filters "$1"
}

filters() { # DEVICE: its own, those of the stack aside
	command bridge fdb show dev "$1" | grep -v -E '^(33:33|01:00:5e)' | sort || [ $? -eq 1 ]
}

devices() {
	local name

	for name in s0 g0 h0 h1; do
		echo "$name: $(device $name)"
	done
}

attached() { # whatever the way: links, filters, qdiscs
	find "$T/bpf/vnet/default/links" "$T/bpf/vnet/default/filters" -type f -printf '%f\n' 2>/dev/null |
		grep '^rx-' || [ $? -eq 1 ]
	tc qdisc show | grep clsact || [ $? -eq 1 ]
}

resources_add() {
	ctl resource add vnet0 sv type service dev s0
	ctl resource add vnet0 g1 type guest dev g0 peer "$(mac 2)"
	ctl resource add vnet0 vf type hybrid dev h0
	ctl resource add vnet0 vf2 type hybrid dev h1 priority 200
}

resources_del() {
	local name

	for name in sv g1 vf vf2; do
		ctl resource del vnet0 "$name"
	done
}

taken_and_given_back() { # TEXT COMMAND...: that gives all of it back
	local text=$1

	shift
	like "$text: the service receives all multicast" "$(device s0)" 'mtu 9000 ALLMULTI UP'
	like "$text: the guest has the MTU and is up" "$(device g0)" 'mtu 1600 UP'
	like "$text: the guest receives for the MAC of the vnet" "$(filters g0)" "$(mac 1) self permanent"
	like "$text: the hybrid has the MAC" "$(device h0)" "^$(mac 1) mtu 1600 UP"
	"$@"
	is "$text: all is as it was" "$(devices)" "$before"
	is "$text: nothing is attached" "$(attached)" ''
}

# "up" is one of the things that are put back.
ip link add s0 address "$(mac 60)" mtu 9000 type veth peer name s1 mtu 9000
ip link add g0 address "$(mac 61)" mtu 1400 type veth peer name g1 mtu 9000
ip link add h0 address "$(mac 62)" mtu 1500 type veth peer name h1p mtu 9000
ip tuntap add h1 mode tap
ip link set h1 address "$(mac 63)" mtu 1280
ip link set h0 up # the only one: it has to stay so
for name in s1 g1 h1p; do
	ip link set $name up
done
before=$(devices)

start_vnetd
ctl vnet add vnet0 address "$(mac 1)" mtu 1600
resources_add
taken_and_given_back 'resource del' resources_del
resources_add
taken_and_given_back 'vnet del' ctl vnet del vnet0
ctl vnet add vnet0 address "$(mac 1)" mtu 1600
resources_add
taken_and_given_back flush ctl flush

ctl vnet add vnet0 address "$(mac 1)" mtu 1600
resources_add
stop_vnetd
start_vnetd
taken_and_given_back 'resource del after a restart' resources_del
resources_add
kill_vnetd KILL
start_vnetd
taken_and_given_back 'vnet del after a kill' ctl vnet del vnet0

# Changes of the vnet go through to the devices; what comes back is still what they came with.
ctl vnet add vnet0 address "$(mac 1)"
resources_add
ctl vnet set vnet0 mtu 2000
ctl vnet set vnet0 address "$(mac 3)"
like 'a new MTU and MAC reach the hybrid' "$(device h0)" "^$(mac 3) mtu 2000 UP"
stop_vnetd
start_vnetd
ctl vnet set vnet0 mtu 1600 address "$(mac 1)"
taken_and_given_back 'after changes' ctl vnet del vnet0

# What somebody else set in the meantime, and vnetd never touched, is not put back.
ctl vnet add vnet0 address "$(mac 1)" mtu 1600
resources_add
ip link set h0 allmulticast on
ip link set s0 address "$(mac 70)"
ctl vnet del vnet0
like "another's change of a flag stays" "$(device h0)" "^$(mac 62) mtu 1500 ALLMULTI UP"
like "another's change of a MAC stays" "$(device s0)" "^$(mac 70) mtu 9000"
ip link set h0 allmulticast off
ip link set s0 address "$(mac 60)"
is 'and all is as it was' "$(devices)" "$before"

# A resource that is refused leaves no trace on its device.
ctl vnet add vnet0 address "$(mac 1)" mtu 1600
ip link add br0 type bridge
ip link set g0 master br0
with_bridge=$(devices)
not_ok 'a port of a bridge is refused' ctl resource add vnet0 g1 type guest dev g0 peer "$(mac 2)"
is 'and untouched' "$(devices)" "$with_bridge"
finish
