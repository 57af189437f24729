#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Flows that are delivered to a program by an AF_XDP socket: whole and in order, without rights but those to the
# flow; and what a slow, dead or hostile program costs: its own flow alone.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly port=7000 other=7001

flow() { # FLOW FILTER
	json ".[0]$2" flow show vnet0 "$1"
}

flow_is() { # FLOW FILTER VALUE
	[ "$(flow "$1" "$2")" = "$3" ]
}

open_flow() { # NAME FLOW [OPTION]...
	bg_ready "$1" flowopen --socket "$T/vnetd.sock" "${@:3}" vnet0 "$2"
}

send() { # PORT COUNT RATE [OPTION]...
	in_ns outside stream send --to "10.1.0.1:$1" --count "$2" --rate "$3" --ends 1 "${@:4}" >"$T/sent.json"
}

counted() { # NAME FIELD
	jq ".$2" "$T/$1.out"
}

has_received() { # FLOW PACKETS
	[ "$(flow "$1" .ipackets)" -ge "$2" ]
}

pairs() {
	ip -br link show type veth | grep -c '^vx' || true
}

pairs_are() { # NUMBER
	[ "$(pairs)" = "$1" ]
}

ns outside
start_vnetd
veth s0 - far outside
in_ns outside ip addr add 10.1.0.100/24 dev far
ctl vnet add vnet0 announce-count 0
ip link set vnet0 up
ip addr add 10.1.0.1/24 dev vnet0
ctl resource add vnet0 s type service dev s0
wait_for 10 state_is vnet0 s up
wait_for 10 ping -c 1 -W 1 10.1.0.100

# --- frames ---

ok 'a flow for a socket' ctl flow add vnet0 x dir in proto udp lport "$port" to xsk
open_flow one x
send "$port" 5000 5000
wait_for 10 has_received x 5001
bg_stop one
is 'every frame comes' "$(counted one received)" 5000
is 'none twice' "$(counted one duplicated)" 0
is 'in order' "$(counted one reordered)" 0
is 'and nothing else' "$(counted one strange)" 0
wait_for 5 pairs_are 0
pass 'nothing is left of it when its program has ended'

finish
