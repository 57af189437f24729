#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A resource on a device that does not exist waits, and comes up by itself however the device appears:
# made, renamed or moved here. The same holds for an upper.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

peer=$(mac 2)

# The far end of a pair is a host of its own, reached at 192.0.2.2.
far() { # NAME
	ns "$1"
	ip link add "near-$1" type veth peer name eth0 address "$peer" netns "$1"
	in_ns "$1" ip addr add 192.0.2.2/24 dev eth0
	in_ns "$1" ip link set eth0 up
	neighbour "$1" eth0 192.0.2.1 "$(mac 1)"
}

waits() { # RESOURCE DEVICE
	is "$1 waits" "$(json '.[0] | "\(.state) \(.ifindex) \(.reason)"' resource show vnet0 "$1")" \
		"waiting 0 device $2 does not exist"
}

comes_up() { # TEXT RESOURCE DEVICE
	ok "$1: $2 comes up" wait_for 5 state_is vnet0 "$2" up
	like "$1: $2 is attached" "$(json '.[0] | "\(.device) \(.ifindex) \(.attached)"' resource show vnet0 "$2")" \
		"^$3 $(cat "/sys/class/net/$3/ifindex") (tcx|clsact)$"
}

reaches_far() { # TEXT NAMESPACE RESOURCE
	local before

	before=$(json ".[0].resources[] | select(.name == \"$3\") | .ipackets" stats vnet0)
	ok "$1: its host answers" ping -q -c 1 -W 2 192.0.2.2
	is "$1: over $3" "$(json ".[0].resources[] | select(.name == \"$3\") | .ipackets" stats vnet0)" \
		$((before + 1))
}

start_vnetd
ctl vnet add vnet0 address "$(mac 1)"
ip addr add 192.0.2.1/24 dev vnet0
neighbour - vnet0 192.0.2.2 "$peer"

# --- made ---

ok 'a service is added before its device' ctl resource add vnet0 sv type service dev late0
waits sv late0
is 'nothing carries' "$(json '.reason' path vnet0 "$peer")" no_path
is 'the vnet has no carrier' "$(json '.[0].carrier' vnet show vnet0)" false
veth late0 - other0 -
comes_up made sv late0
is 'it carries' "$(json '.resource' path vnet0 "$peer")" sv
is 'the vnet has carrier' "$(json '.[0].carrier' vnet show vnet0)" true

# --- renamed, and set up by nobody else ---

ok 'a guest is added before its device' ctl resource add vnet0 g1 type guest dev late1 peer "$peer"
waits g1 late1
is 'it is reached over the service' "$(json '.reason' path vnet0 "$peer")" guest-over-service
far renamed
is 'a device of another name is nothing to it' "$(json '.[0].state' resource show vnet0 g1)" waiting
ip link set near-renamed name late1
comes_up renamed g1 late1
is 'it is reached directly' "$(json '.reason' path vnet0 "$peer")" guest
reaches_far renamed renamed g1
ctl resource del vnet0 g1

# --- moved here ---

ok 'a hybrid is added before its device' ctl resource add vnet0 vf type hybrid dev late2
waits vf late2
far moved
ip link set near-moved netns moved name late2
is 'a device in another namespace is nothing to it' "$(json '.[0].state' resource show vnet0 vf)" waiting
in_ns moved ip link set late2 netns 1
comes_up moved vf late2
is 'it has the MAC of the vnet' "$(cat /sys/class/net/late2/address)" "$(mac 1)"
reaches_far moved moved vf

# --- what is there and cannot be used ---

ok 'another is added' ctl resource add vnet0 vf2 type hybrid dev late3 priority 50
bridge br0 -
ip link add other3 type veth peer name far3
ip link set other3 master br0
ip link set other3 name late3
ok 'a port of a bridge is refused' wait_for 5 state_is vnet0 vf2 failed
is 'the reason is told' "$(json '.[0].reason' resource show vnet0 vf2)" \
	'vnet0/vf2: device late3 is a port of br0; take it out of there first'
is 'it has not been touched' "$(ip -br link show late3 | awk '{ print $2 }')" DOWN
ip link set late3 nomaster
ok 'out of the bridge it is used' wait_for 5 state_is vnet0 vf2 down
ip link set far3 up
comes_up 'and set up at its far end' vf2 late3

# --- an upper ---

ok 'a vnet is added before its upper' ctl vnet add vm0 address "$(mac 9)" upper tap0
ok 'and a resource' ctl resource add vm0 sv type service dev late0vm
is 'the vnet has no port' "$(json '.[0] | "\(.upper) \(.carrier)"' vnet show vm0)" 'tap0 false'
veth late0vm - other0vm -
ok 'the resource is up' wait_for 5 state_is vm0 sv up
bg_ready machine tap tap0 echo
ip link set tap0 up
upper_used() { [ "$(json '.[0].port' vnet show vm0)" = tap0 ]; }
ok 'the upper is used when it appears' wait_for 5 upper_used
bg_ready rx frame expect --dev other0vm --hex "$(mac 8) $(mac 9) 88b5"
frame send --dev other0vm --hex "$(mac 9) $(mac 8) 88b5" --pad 60
ok 'frames reach the machine and come back' bg_wait rx

is 'nothing was put into the log as an error' "$(grep -c 'error: ' "$T/vnetd.log" || [ $? -eq 1 ])" 0
finish
