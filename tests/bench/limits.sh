#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How exact a bandwidth limit is, and what a high priority is worth.
#
# limits: goodput of five seconds over the limit (`maxbw`), in percent, with the guest's payload as TCP and UDP
# count it: a full packet of 1500 bytes carries 1448 or 1472 of it. UDP is sent a quarter faster than the limit.
#
# urgent: the median round trip of a flow with `priority high`, in microseconds: while nothing else is sent, and
# while a flow with `priority low` fills what the limit of their common resource lets through.
#
# usage: tests/bench/limits.sh limits|urgent...
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly seconds=5 port=20000 payload=1472
declare -A bits=([1mbit]=1000000 [100mbit]=100000000 [1gbit]=1000000000)
declare -A address=([here]=10.1.0.1 [there]=10.1.0.100) ns=([here]=- [there]=outside)

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

limits() { # RATE PROTOCOL DIRECTION FROM TO
	local value

	ctl vnet set vnet0 maxbw "$1"
	value=$("$2" "$1" "$4" "$5")
	record limits "$1" vnet "$2 $3" % "$value"
}

round_trip() { # FIGURE
	in_ns - rtt ask --proto udp --to "${address[there]}:$((port + 1))" --ms 1000 >"$T/rtt.json"
	record urgent 100mbit flow "$1" us "$(jq .median_us "$T/rtt.json")" "p99_us=$(jq .p99_us "$T/rtt.json")"
}

urgent() {
	ctl vnet set vnet0 maxbw none
	ctl resource set vnet0 s maxbw 100mbit
	bg_ready server in_ns outside rtt serve --proto udp --port $((port + 1))
	round_trip alone
	bg_ready rx in_ns outside tcpstream recv --no-check --port "$port"
	bg tx tcpstream send --to "${address[there]}:$port" --ms 3000
	round_trip beside
	bg_wait tx 30
	bg_wait rx 30
	bg_stop server
	ctl resource set vnet0 s maxbw none
}

attempt_group() { # GROUP SHAPE CONTESTANT COMMAND...
	attempt "${@:4}"
	[ "$attempted" -eq 0 ] || broken "$1" "$2" "$3" "$said"
}

ns outside
start_vnetd
veth s0 - far outside
in_ns outside ip addr add "${address[there]}/24" dev far
ctl vnet add vnet0
ip link set vnet0 up
ip addr add "${address[here]}/24" dev vnet0
ctl resource add vnet0 s type service dev s0
ctl flow add vnet0 urgent proto udp rport $((port + 1)) priority high
ctl flow add vnet0 bulk proto tcp priority low
wait_for 10 state_is vnet0 s up
wait_for 10 ping -c 1 -W 1 "${address[there]}"
for ((round = 1; round <= BENCH_ROUNDS; round++)); do
	for group in "$@"; do
		echo "$group: round $round of $BENCH_ROUNDS" >&2
		if [ "$group" = urgent ]; then
			attempt_group urgent 100mbit flow urgent
			continue
		fi
		for rate in 1mbit 100mbit 1gbit; do
			for protocol in tcp udp; do
				attempt_group limits "$rate" vnet limits "$rate" "$protocol" out here there
				attempt_group limits "$rate" vnet limits "$rate" "$protocol" in there here
			done
		done
	done
done
bench_end
