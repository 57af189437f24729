#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Flows and bandwidth limits between real stacks: what is counted where, limits that hold and change live,
# refusals that change nothing, a restart, files.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

counted() { # OWNER FLOW FIELD
	json ".[0].$3" flow show "$1" "$2"
}

rises() { # TEXT OWNER FLOW FIELD COMMAND...
	local text=$1 before

	before=$(counted "$2" "$3" "$4")
	"${@:5}" >/dev/null
	cmp_num "$text" "$(counted "$2" "$3" "$4")" -gt "$before"
}

stays() { # TEXT OWNER FLOW FIELD COMMAND...
	local text=$1 before

	before=$(counted "$2" "$3" "$4")
	"${@:5}" >/dev/null
	is "$text" "$(counted "$2" "$3" "$4")" "$before"
}

ping_out() { # [OPTION]...
	ping -c 2 -i 0.1 -W 2 "$@" 10.1.0.100
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

# --- what is a flow's ---

ok 'a flow of one protocol' ctl flow add vnet0 pings proto icmp
ok 'one of a protocol and port' ctl flow add vnet0 web proto tcp rport 80-443
rises 'what is sent is counted' vnet0 pings opackets ping_out
rises 'what comes is counted' vnet0 pings ipackets ping_out
is 'nothing else is' "$(counted vnet0 web opackets)" 0
ok 'a better rank' ctl flow add vnet0 marked dsfield 0xb8:0xfc rank 10
rises 'has what fits both' vnet0 marked opackets ping_out -Q 0xb8
stays 'and the other has not' vnet0 pings opackets ping_out -Q 0xb8
ok 'one direction alone' ctl flow set vnet0 pings dir in
stays 'and the other is not counted' vnet0 pings opackets ping_out
rises 'while that is' vnet0 pings ipackets ping_out
ctl flow set vnet0 pings dir both

# --- limits ---

# Some of it is lost, which ping calls 1; anything else is an error of ping's own. Its socket has room for all of it:
# where frames wait in a queue, ping would wait with them and lose none.
flood() {
	local status=0

	ping -c 60 -i 0.002 -s 1400 -S 200000 -W 1 10.1.0.100 >/dev/null || status=$?
	[ $status -le 1 ]
}

ok 'a limit on a flow' ctl flow set vnet0 pings maxbw 64kbit
rises 'drops what is over it' vnet0 pings odrops flood
ok 'is lifted' ctl flow set vnet0 pings maxbw none
stays 'and nothing is dropped any more' vnet0 pings odrops ping -c 20 -i 0.002 -s 1400 -W 1 10.1.0.100
ok 'a limit on the vnet' ctl vnet set vnet0 maxbw-out 64kbit
flood
cmp_num 'is counted as such' "$(json '.[0].drops.limited' stats vnet0)" -gt 0
ctl vnet set vnet0 maxbw-out none
ok 'and lifted' ping -c 20 -i 0.002 -s 1400 -W 1 10.1.0.100
before=$(json '.[0].drops.limited' stats vnet0)
ok 'a limit on a resource' ctl resource set vnet0 s maxbw 64kbit
flood
cmp_num 'as well' "$(json '.[0].drops.limited' stats vnet0)" -gt "$before"
ctl resource set vnet0 s maxbw none

# --- refusals ---

before=$(snapshot)
refused 'the same frames at the same rank' 2 'vnet0/x: flow pings takes the same frames at the same rank 100' \
	ctl flow add vnet0 x proto icmp
refused 'a port without a transport' 2 'vnet0/x: lport 80 cannot be given with proto any' ctl flow add vnet0 x lport 80
refused 'a range that is reversed' 2 'vnet0/x: lport 443-80 is not any, or a port' \
	ctl flow add vnet0 x proto tcp lport 443-80
refused 'a prefix of 0' 2 'vnet0/x: local 0.0.0.0/0 is not any, or an IP address' ctl flow add vnet0 x local 0.0.0.0/0
refused 'a rate that is too low' 2 'vnet0/x: maxbw 63kbit is not none, or a rate from 64kbit' \
	ctl flow add vnet0 x maxbw 63kbit
refused 'a name that is taken' 2 'vnet0/web: vnet0 has a flow of that name already' ctl flow add vnet0 web
refused 'a flow of nobody' 2 'there is no vnet or uplink "vnet9"' ctl flow add vnet9 x
refused 'a flow that is not there' 2 'vnet vnet0 has no flow "x"' ctl flow set vnet0 x rank 1
is 'nothing has changed' "$(snapshot)" "$before"

# --- kept ---

before=$(json 'map([.owner, .name, .proto, .rport, .dsfield, .rank] | join(" ")) | join(",")' flow show)
counts=$(counted vnet0 pings opackets)
kill_vnetd KILL
ping_out >/dev/null
start_vnetd
is 'the next vnetd has them' "$(json 'map([.owner, .name, .proto, .rport, .dsfield, .rank] | join(" ")) | join(",")' \
	flow show)" "$before"
cmp_num 'what passed meanwhile was counted' "$(counted vnet0 pings opackets)" -gt "$counts"
ok 'they are saved' ctl save
like 'in the vnet'"'"'s file' "$(cat "$T/etc/vnet0.vnet")" 'Flow web.*
Protocol=tcp
RemotePort=80-443'
sed -i '/^\[Flow web\]/,/^$/d' "$T/etc/vnet0.vnet"
ok 'one that a file has no more' ctl reload
not_ok 'is gone' ctl flow show vnet0 web
ok 'with the vnet they go' ctl vnet del vnet0
is 'all of them' "$(json length flow show)" 0
finish
