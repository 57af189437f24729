#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How exact a bandwidth limit is, and what a high priority is worth.
#
# limits: goodput of five seconds over the limit (`maxbw`), in percent, with the guest's payload as TCP and UDP
# count it: a full packet of 1500 bytes carries 1448 or 1472 of it. UDP is sent a quarter faster than the limit.
# Who is limited: a vnet over its service, at three rates; at one of them, what one vnet sends to another as its
# direct peer (peers) and over a channel (channel), over a hybrid (hybrid), and a flow of an uplink (uplink).
#
# live: the longest time without progress of a TCP stream while its limit changes ten times a second.
#
# urgent: the median round trip of a flow with `priority high`, in microseconds: while nothing else is sent, and
# while a flow with `priority low` fills what the limit of their common resource lets through.
#
# usage: tests/bench/limits.sh limits|live|urgent...
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly seconds=5 port=20000 payload=1472
declare -A bits=([1mbit]=1000000 [100mbit]=100000000 [1gbit]=1000000000)
# By contestant: the two ends, and whose limit it is.
declare -A here=([vnet]=- [peers]=pa [channel]=ca [hybrid]=- [uplink]=ua)
declare -A there=([vnet]=outside [peers]=pb [channel]=cb [hybrid]=outside [uplink]=outside)
declare -A net=([vnet]=10.1.0 [peers]=10.2.0 [channel]=10.3.0 [hybrid]=10.4.0 [uplink]=10.5.0)
declare -A owner=([vnet]="vnet set vnet0" [peers]="vnet set vpa" [channel]="vnet set vca" [hybrid]="resource set vh h"
	[uplink]="flow set up0 all")
declare -A ns=() address=()

ends() { # CONTESTANT
	ns=([here]=${here[$1]} [there]=${there[$1]})
	address=([here]=${net[$1]}.1 [there]=${net[$1]}.2)
}

percent() { # RATE BYTES SECONDS
	awk -v bits="${bits[$1]}" -v bytes="$2" -v s="$3" 'BEGIN { print bytes * 8 / s / bits * 100 }'
}

tcp() { # RATE FROM TO
	bg_ready rx in_ns "${ns[$3]}" tcpstream recv --no-check --port "$port"
	in_ns "${ns[$2]}" tcpstream send --to "${address[$3]}:$port" --ms $((seconds * 1000)) >"$T/tx.json"
	bg_wait rx 30
	percent "$1" "$(jq .bytes "$T/rx.out")" "$(jq .seconds "$T/rx.out")"
}

udp() { # RATE FROM TO
	local rate=$((bits[$1] * 5 / (32 * (payload + 28))))

	bg_ready rx in_ns "${ns[$3]}" stream recv --port "$port"
	in_ns "${ns[$2]}" stream send --to "${address[$3]}:$port" --rate "$rate" --seconds "$seconds" --size $((payload + 42)) \
		--ends 1 >"$T/tx.json"
	bg_stop rx
	percent "$1" "$(jq ".received * $payload" "$T/rx.out")" "$seconds"
}

limit() { # CONTESTANT RATE
	local words

	read -ra words <<<"${owner[$1]}"
	ctl "${words[@]}" maxbw "$2"
}

limits() { # CONTESTANT RATE PROTOCOL DIRECTION FROM TO
	local value

	ends "$1"
	limit "$1" "$2"
	value=$("$3" "$2" "$5" "$6")
	record limits "$2" "$1" "$3 $4" % "$value"
	limit "$1" none
}

# Between limits that a stream of theirs alone would fill.
live() {
	local i rates=(50mbit 200mbit)

	ends vnet
	limit vnet 50mbit
	bg_ready rx in_ns outside tcpstream recv --no-check --port "$port"
	bg tx tcpstream send --to "${address[there]}:$port" --ms $((seconds * 1000))
	for ((i = 0; i < seconds * 8; i++)); do
		limit vnet "${rates[i % 2]}"
		sleep 0.1
	done
	bg_wait tx 30
	bg_wait rx 30
	limit vnet none
	record live 50-200mbit vnet gap ms "$(jq '.max_gap_us / 1000' "$T/rx.out")"
}

round_trip() { # CONTESTANT FIGURE
	in_ns - rtt ask --proto udp --to "${address[there]}:$((port + 1))" --ms 1000 >"$T/rtt.json"
	record urgent 100mbit "$1" "$2" us "$(jq .median_us "$T/rtt.json")" "p99_us=$(jq .p99_us "$T/rtt.json")"
}

urgent() { # CONTESTANT ENDS VNET RESOURCE
	ends "$2"
	ctl resource set "$3" "$4" maxbw 100mbit
	bg_ready server in_ns outside rtt serve --proto udp --port $((port + 1))
	round_trip "$1" alone
	bg_ready rx in_ns outside tcpstream recv --no-check --port "$port"
	bg tx tcpstream send --to "${address[there]}:$port" --ms 3000
	round_trip "$1" beside
	bg_wait tx 30
	bg_wait rx 30
	bg_stop server
	ctl resource set "$3" "$4" maxbw none
}

attempt_group() { # GROUP SHAPE CONTESTANT COMMAND...
	attempt "${@:4}"
	[ "$attempted" -eq 0 ] || broken "$1" "$2" "$3" "$said"
}

# --- the ways ---

# Only a service carries ARP.
joined() { # CONTESTANT DEV-HERE DEV-THERE
	local a=${here[$1]} b=${there[$1]} mac_a mac_b

	ends "$1"
	in_ns "$a" ip link set "$2" up
	in_ns "$a" ip addr add "${address[here]}/24" dev "$2"
	in_ns "$b" ip addr add "${address[there]}/24" dev "$3"
	in_ns "$b" ip link set "$3" up
	mac_a=$(in_ns "$a" ip -j link show "$2" | jq -r '.[0].address')
	mac_b=$(in_ns "$b" ip -j link show "$3" | jq -r '.[0].address')
	neighbour "$a" "$2" "${address[there]}" "$mac_b"
	neighbour "$b" "$3" "${address[here]}" "$mac_a"
	wait_for 10 in_ns "$a" ping -c 1 -W 1 "${address[there]}"
}

two_vnets() { # A NS-A B NS-B MAC-A MAC-B
	ctl vnet add "$1" netns "$2" address "$5" announce-count 0
	ctl vnet add "$3" netns "$4" address "$6" announce-count 0
}

bulk_and_urgent() { # VNET
	ctl flow add "$1" urgent proto udp rport $((port + 1)) priority high
	ctl flow add "$1" bulk proto tcp priority low
}

ns outside pa pb ca cb ua
start_vnetd
veth s0 - far outside
ctl vnet add vnet0
ctl resource add vnet0 s type service dev s0
bulk_and_urgent vnet0
joined vnet vnet0 far
two_vnets vpa pa vpb pb "$(mac 1)" "$(mac 2)"
ctl resource add vpa g type guest peer-vnet vpb
ctl resource add vpb g type guest peer-vnet vpa
joined peers vpa vpb
two_vnets vca ca vcb cb "$(mac 3)" "$(mac 4)"
veth c0 - c1 -
ctl resource add vca g type guest dev c0 peer "$(mac 4)"
ctl resource add vcb g type guest dev c1 peer "$(mac 3)"
joined channel vca vcb
veth h0 - hfar outside
ctl vnet add vh
ctl resource add vh h type hybrid dev h0
bulk_and_urgent vh
joined hybrid vh hfar
veth nic0 - lan outside
ctl uplink add up0 dev nic0
ctl vnet add vu netns ua uplink up0 announce-count 0
joined uplink vu lan
ctl flow add up0 all local "${address[here]}"
for ((round = 1; round <= BENCH_ROUNDS; round++)); do
	for group in "$@"; do
		echo "$group: round $round of $BENCH_ROUNDS" >&2
		case $group in
		urgent)
			attempt_group urgent 100mbit flow urgent flow vnet vnet0 s
			attempt_group urgent 100mbit hybrid urgent hybrid hybrid vh h
			;;
		live) attempt_group live 50-200mbit vnet live ;;
		limits)
			for rate in 1mbit 100mbit 1gbit; do
				for protocol in tcp udp; do
					attempt_group limits "$rate" vnet limits vnet "$rate" "$protocol" out here there
					attempt_group limits "$rate" vnet limits vnet "$rate" "$protocol" in there here
				done
			done
			for who in peers channel hybrid uplink; do
				for protocol in tcp udp; do
					attempt_group limits 100mbit $who limits $who 100mbit "$protocol" out here there
				done
			done
			;;
		esac
	done
done
bench_end
