#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A hybrid whose upstream neighbour goes silent while the carrier stays is `failed`, and up again when the
# neighbour answers: asked by ARP, by neighbour discovery and from vnet to vnet, tagged and not. Answers
# that come in elsewhere do not count.
# shellcheck disable=SC2034 # lib.sh looks at it
VNET_IPV6=yes
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly unknown=02:00:00:00:00:99

state_of() { # RESOURCE
	json '.[0].state' resource show vnet0 "$1"
}

reason_of() { # RESOURCE
	json '.[0].reason' resource show vnet0 "$1"
}

# The neighbour has its addresses no longer, and has them again; its carrier stays.
silent() {
	in_ns up1 ip addr del 10.0.0.1/24 dev n1
	in_ns up1 ip addr del 2001:db8::1/64 dev n1
}

talks() {
	in_ns up1 ip addr add 10.0.0.1/24 dev n1
	in_ns up1 ip addr add 2001:db8::1/64 dev n1 nodad
}

ns up1 up2
veth sa - sb -
veth h1 - n1 up1 '' "$(mac 250)"
veth h2 - n2 up2 '' "$(mac 251)"
talks
start_vnetd
ctl vnet add vnet0 address "$(mac 1)" hold-down 300
ip link set vnet0 up
ctl resource add vnet0 sv type service dev sa
ctl resource add vnet0 first type hybrid dev h1 priority 10 probe-interval 100
ctl resource add vnet0 second type hybrid dev h2 priority 20
ok 'the first hybrid carries' wait_for 5 path_is vnet0 $unknown 'hybrid first'

goes_silent_and_returns() { # TEXT TARGET
	ctl resource set vnet0 first probe "$2"
	ok "$1: answered, the hybrid carries" wait_for 5 path_is vnet0 $unknown 'hybrid first'
	before=$(answers)
	wait_for 10 more_answers "$before"
	is "$1: and goes on doing so" "$(state_of first)" up
	silent
	ok "$1: not answered, the next one carries" wait_for 5 path_is vnet0 $unknown 'hybrid second'
	is "$1: it is failed" "$(state_of first)" failed
	is "$1: and says why" "$(reason_of first)" "probe: $2 has not answered 3 times"
	is "$1: though it has its carrier" "$(cat /sys/class/net/h1/carrier)" 1
	talks
	ok "$1: answered again, it carries again" wait_for 5 path_is vnet0 $unknown 'hybrid first'
}

# What the neighbour has received by now: the probes that it answers are among it.
answers() {
	in_ns up1 ip -j -s link show n1 | jq '.[0].stats64.tx.packets'
}

more_answers() { # THAN
	[ "$(answers)" -ge $(($1 + 5)) ]
}

goes_silent_and_returns IPv4 10.0.0.1
goes_silent_and_returns IPv6 2001:db8::1

# --- what is no answer ---

in_ns up2 ip addr add 10.0.0.9/24 dev n2
ctl resource set vnet0 first probe 10.0.0.9
ok 'an address that answers elsewhere only: failed' wait_for 5 state_is vnet0 first failed
in_ns up2 ip link set n2 address "$(mac 252)"
ok 'and it stays so' state_is vnet0 first failed
ctl resource set vnet0 first probe none
is 'without a probe it is up' "$(state_of first)" up

# --- how it is asked ---

in_ns up1 ip neigh flush all
ctl resource set vnet0 first probe 10.0.0.1
before=$(answers)
ok 'the neighbour is asked and answers' wait_for 10 more_answers "$before"
is 'a neighbour learns nothing from ARP probes' "$(in_ns up1 ip -4 neigh show dev n1)" ''

# --- a restart ---

silent
ok 'the neighbour is silent' wait_for 5 state_is vnet0 first failed
kill_vnetd KILL
start_vnetd
is 'after a restart it is still out' "$(state_of first)" failed
ok 'and the next one carries' path_is vnet0 $unknown 'hybrid second'
talks
ok 'until the neighbour answers' wait_for 5 path_is vnet0 $unknown 'hybrid first'

# --- in mode xdp ---

ctl vnet set vnet0 mode xdp
ok 'in mode xdp it is answered, too' wait_for 5 path_is vnet0 $unknown 'hybrid first'
before=$(answers)
wait_for 10 more_answers "$before"
is 'and stays up' "$(state_of first)" up
ctl vnet set vnet0 mode auto

# --- from vnet to vnet ---

ctl resource set vnet0 first probe none
veth w0 - w1 -
ctl vnet add far address "$(mac 200)" hold-down 0
ctl resource add vnet0 wire type hybrid dev w0 priority 5 probe "$(mac 200)" probe-interval 100
ctl resource add far wire type hybrid dev w1 probe "$(mac 1)" probe-interval 300
ok 'two vnets: each answers the other' wait_for 5 path_is vnet0 $unknown 'hybrid wire'
ok 'on both sides' wait_for 5 state_is far wire up
ctl resource set far wire probe none
ok 'one asks no longer: the other side has failed' wait_for 10 state_is vnet0 wire failed
ctl resource set far wire probe "$(mac 1)"
ok 'and is back' wait_for 10 state_is vnet0 wire up
ctl vnet set vnet0 pvid 7
ok 'one of them is in another VLAN: they do not meet' wait_for 10 state_is vnet0 wire failed
ctl vnet set far pvid 7
ok 'both are, and their probes have the tag of it' wait_for 10 state_is vnet0 wire up
ok 'on both sides' wait_for 10 state_is far wire up
finish
