#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A limit holds whatever way frames take: over a service, between direct peers, from one vnet to another over a
# channel, over a hybrid, and over an uplink by a flow of its own; in both directions, while it changes, and for
# the first frames of what takes precedence. How it is kept is told.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly port=20000 size=1442 packet=1428 count=2000 bits=10000000 burst_ms=205

# The frames that a limit of 10mbit lets pass, within a number of seconds.
most() { # SECONDS
	awk -v s="$1" -v bits=$bits -v packet=$packet -v burst=$burst_ms \
		'BEGIN { printf "%d\n", (s + burst / 1000) * bits / 8 / packet * 1.02 + 2 }'
}

# How many of the frames arrive that are sent at six times the limit; in $arrived, and in $longest in what time.
burst() { # FROM TO ADDRESS
	local begin

	bg_ready rx in_ns "$2" stream recv --port "$port"
	begin=$(date +%s%N)
	in_ns "$1" stream send --to "$3:$port" --rate 5000 --count $count --size $size --ends 1 >"$T/tx.json"
	longest=$(awk -v ns=$(($(date +%s%N) - begin)) 'BEGIN { print ns / 1e9 }')
	bg_stop rx
	arrived=$(jq '.received + .receiver_overflow' "$T/rx.out")
}

holds() { # TEXT FROM TO ADDRESS
	burst "${@:2}"
	cmp_num "$1: no more pass than may" "$arrived" -le "$(most "$longest")"
	cmp_num "$1: and as many as may at once" "$arrived" -ge $((bits * burst_ms / 8000 / packet - 2))
}

lifted() { # TEXT FROM TO ADDRESS
	burst "${@:2}"
	is "$1: lifted, all pass" "$arrived" $count
}

limited() { # VNET
	json '.[0].drops.limited' stats "$1"
}

# Only a service carries ARP.
joined() { # NET NS-A DEV-A NS-B DEV-B
	local mac_a mac_b

	in_ns "$2" ip link set "$3" up
	in_ns "$4" ip link set "$5" up
	in_ns "$2" ip addr add "$1.1/24" dev "$3"
	in_ns "$4" ip addr add "$1.2/24" dev "$5"
	mac_a=$(in_ns "$2" ip -j link show "$3" | jq -r '.[0].address')
	mac_b=$(in_ns "$4" ip -j link show "$5" | jq -r '.[0].address')
	neighbour "$2" "$3" "$1.2" "$mac_b"
	neighbour "$4" "$5" "$1.1" "$mac_a"
	wait_for 10 in_ns "$2" ping -c 1 -W 1 "$1.2"
}

vnet() { # NAME NS [KEY VALUE]...
	ctl vnet add "$1" netns "$2" announce-count 0 "${@:3}"
}

ns outside a b
start_vnetd

# --- over a service, by the limit of the resource ---

veth s0 - far outside
ctl vnet add vnet0 announce-count 0
ctl resource add vnet0 s type service dev s0
joined 10.1.0 - vnet0 outside far
ctl resource set vnet0 s maxbw 10mbit
holds 'what is sent' - outside 10.1.0.2
holds 'what comes' outside - 10.1.0.1
cmp_num 'what does not pass is counted' "$(limited vnet0)" -gt 0
isnt 'show tells how it is kept' "$(json '.[0].pacing' resource show vnet0 s)" none
like 'in words as well' "$(ctl resource show vnet0 s)" 'pacing (fq|token bucket)'
like 'and for what comes' "$(ctl vnet show vnet0)" 'pacing (fq|token bucket)'
ctl resource set vnet0 s maxbw none
is 'and no more, when there is none' "$(json '.[0].pacing' resource show vnet0 s)" none
lifted 'the service' - outside 10.1.0.2

# --- the urgent under the same limit: the others make room, so all of it passes ---

ctl resource set vnet0 s maxbw-out 10mbit
ctl flow add vnet0 urgent proto icmp priority high
ctl flow add vnet0 bulk proto udp priority low
bg send stream send --to 10.1.0.2:$port --rate 5000 --seconds 60 --size $size
is_limited() { # FLOW
	[ "$(json '.[0].odrops' flow show vnet0 "$1")" -gt 0 ]
}
wait_for 10 is_limited bulk
before=$(json '.[0].odrops' flow show vnet0 bulk)
ok 'what takes precedence passes whole' ping -q -c 50 -i 0.01 -W 2 10.1.0.2
is 'nothing of it was dropped' "$(json '.[0].odrops' flow show vnet0 urgent)" 0
cmp_num 'while of the rest much was' "$(json '.[0].odrops' flow show vnet0 bulk)" -gt "$before"
bg_stop send
ctl flow del vnet0 bulk
ctl flow del vnet0 urgent
ctl resource set vnet0 s maxbw-out none

# --- changed while a stream is under way ---

ctl vnet set vnet0 maxbw 20mbit
bg_ready rx in_ns outside tcpstream recv --port "$port" --status "$T/rx.status"
bg tx tcpstream send --to 10.1.0.2:$port --seconds 60 --status "$T/tx.status"
bytes() {
	jq .bytes "$T/rx.status"
}
more_than() { # BYTES
	[ "$(bytes)" -gt "$1" ]
}
wait_for 10 test -s "$T/rx.status"
stalled=0
for ((i = 0; i < 20; i++)); do
	ctl vnet set vnet0 maxbw $((5 + i % 4 * 15))mbit
	wait_for 5 more_than "$(bytes)" || stalled=$((stalled + 1))
done
is 'a stream goes on, whatever its limit becomes' $stalled 0
bg_stop tx
bg_wait rx 30
is 'and every byte of it is right' "$(jq .bad_at "$T/rx.out")" -1
ctl vnet del vnet0

# --- between direct peers, by the limit of the one that sends, and of the one that gets ---

vnet pa a address "$(mac 1)"
vnet pb b address "$(mac 2)"
ctl resource add pa g type guest peer-vnet pb
ctl resource add pb g type guest peer-vnet pa
joined 10.2.0 a pa b pb
ctl vnet set pa maxbw-out 10mbit
holds 'direct peers, who sends' a b 10.2.0.2
cmp_num 'and it is counted there' "$(limited pa)" -gt 0
lifted 'the other direction' b a 10.2.0.1
ctl vnet set pa maxbw-out none
ctl resource set pb g maxbw-in 10mbit
holds 'direct peers, who gets' a b 10.2.0.2
ctl resource set pb g maxbw-in none
lifted 'direct peers' a b 10.2.0.2
ctl vnet del pa
ctl vnet del pb

# --- over a channel, by a flow ---

vnet ca a address "$(mac 3)"
vnet cb b address "$(mac 4)"
veth c0 - c1 -
ctl resource add ca g type guest dev c0 peer "$(mac 4)"
ctl resource add cb g type guest dev c1 peer "$(mac 3)"
joined 10.3.0 a ca b cb
ctl flow add cb some proto udp lport $port maxbw-in 10mbit
holds 'a channel, by a flow of who gets' a b 10.3.0.2
cmp_num 'and it is counted there' "$(json '.[0].idrops' flow show cb some)" -gt 0
ctl flow set cb some maxbw-in none
lifted 'a channel' a b 10.3.0.2
ctl vnet del ca
ctl vnet del cb

# --- over a hybrid ---

veth h0 - hfar outside
ctl vnet add vh announce-count 0
ctl resource add vh h type hybrid dev h0
joined 10.4.0 - vh outside hfar
ctl resource set vh h maxbw 10mbit
holds 'a hybrid, what is sent' - outside 10.4.0.2
holds 'a hybrid, what comes' outside - 10.4.0.1
ctl vnet del vh

# --- over an uplink, by its own flow ---

veth nic0 - lan outside
ctl uplink add up0 dev nic0
vnet vu a uplink up0
joined 10.5.0 a vu outside lan
ctl flow add up0 all local 10.5.0.1 maxbw 10mbit
holds 'an uplink, what is sent' a outside 10.5.0.2
holds 'an uplink, what comes' outside a 10.5.0.1
ctl flow del up0 all
lifted 'an uplink' a outside 10.5.0.2
finish
