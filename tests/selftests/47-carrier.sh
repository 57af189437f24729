#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The carrier of vnet0 is its service's; without a service registered, any resource's. While something
# else still carries, frames pass although the stack is told NO-CARRIER.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

flags() { # DEVICE [NAMESPACE]
	in_ns "${2:--}" ip -j link show "$1" | jq -r '.[0] | (.flags | if any(. == "NO-CARRIER") then
		"no-carrier" else "carrier" end) + " " + .operstate'
}

carrier_is() { # yes|no: both what vnetd says and what the stack sees
	local said

	said=$(json '.[0].carrier' vnet show vnet0)
	if [ "$1" = yes ]; then
		[ "$said $(flags vnet0)" = 'true carrier UP' ]
	else
		[ "$said" = false ] && [[ $(flags vnet0) == 'no-carrier '* ]]
	fi
}

has_carrier() { # TEXT
	ok "$1: vnet0 has carrier" wait_for 5 carrier_is yes
}

has_none() { # TEXT OPERSTATE
	ok "$1: vnet0 has none" wait_for 5 carrier_is no
	like "$1: to the stack it is $2" "$(flags vnet0)" "^no-carrier (LOWERLAYER)?$2$"
}

passes() { # TEXT RESOURCE: frames to the neighbour pass, and take this way
	is "$1: unicast goes over $2" "$(json .resource path vnet0 "$(mac 2)")" "$2"
	# the bridge hears of a carrier when the kernel gets to it
	ok "$1: and passes, both ways" wait_for 5 ping -q -c 1 -W 1 192.0.2.2
}

# The neighbour: a bridge in its namespace, on all of the wires.
ns far
for name in s h g; do
	veth ${name}0 - ${name}1 far
done
bridge br0 far s1 h1
in_ns far ip link set br0 address "$(mac 2)"
in_ns far ip addr add 192.0.2.2/24 dev br0
neighbour far br0 192.0.2.1 "$(mac 1)"
start_vnetd
ctl vnet add vnet0 address "$(mac 1)"
ip addr add 192.0.2.1/24 dev vnet0
neighbour - vnet0 192.0.2.2 "$(mac 2)"

has_none 'no resource' DOWN

# --- without a service ---

ctl resource add vnet0 vf type hybrid dev h0
has_carrier 'hybrid alone'
passes 'hybrid alone' vf
in_ns far ip link set h1 down
has_none 'hybrid alone, without carrier' DOWN
ctl resource add vnet0 g1 type guest dev g0 peer "$(mac 3)"
has_carrier 'a guest beside it'
in_ns far ip link set h1 up
ctl resource del vnet0 g1
has_carrier 'hybrid back, guest removed'
passes 'hybrid back' vf

# --- a service decides as soon as it is registered ---

in_ns far ip link set s1 down
ctl resource add vnet0 sv type service dev s0
has_none 'service without carrier added' DORMANT
passes 'service without carrier added' vf
in_ns far ip link set s1 up
has_carrier 'carrier of the service'
ctl resource set vnet0 sv admin down
has_none 'service administratively down' DORMANT
passes 'service administratively down' vf
stop_vnetd
start_vnetd
has_none 'after a restart' DORMANT
passes 'after a restart' vf
ctl resource set vnet0 sv admin up
has_carrier 'service administratively up'
ip link del s0
has_none 'device of the service deleted' DORMANT
passes 'device of the service deleted' vf
ctl resource del vnet0 vf
has_none 'hybrid removed as well' DOWN
not_ok 'and nothing passes' ping -q -c 1 -W 1 192.0.2.2
ctl resource add vnet0 vf type hybrid dev h0
has_none 'hybrid added again' DORMANT
passes 'hybrid added again' vf
ctl resource del vnet0 sv
has_carrier 'service removed'
passes 'service removed' vf

# --- an upper in another namespace ---

ns stack
ctl vnet add v2 address "$(mac 4)" netns stack
veth t0 - t1 far
there_is() { # "FLAGS OPERSTATE"
	[ "$(flags v2 stack)" = "$1" ]
}
ok 'elsewhere: no resource, no carrier' wait_for 5 there_is 'no-carrier DOWN'
ctl resource add v2 sv type service dev t0
ok 'elsewhere: a service, carrier' wait_for 5 there_is 'carrier UP'
in_ns far ip link set t1 down
ok 'elsewhere: none again' wait_for 5 there_is 'no-carrier DOWN'
finish
