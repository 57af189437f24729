#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What two IP stacks get of each other: TCP stream, small UDP packets, round trips. For every contestant the
# stacks are the same, in two shapes:
#
#	host-ns	the host's own stack and one in a namespace (a container, a guest)
#	ns-ns	two namespaces, both joined by what is in the host
#
# usage: tests/bench/ends.sh stream|udp|rtt...
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=ovs.sh
. "$(dirname "$0")/ovs.sh"
# shellcheck source=contestants.sh
. "$(dirname "$0")/contestants.sh"

groups=("$@")

# The processor is faster for some seconds and slower for others. So each has many short turns and not a few
# long ones: what a contestant is measured for in a round is cut in five.
slices=5
slice_ms=$((BENCH_SECONDS * 1000 / slices))

# --- each prints nothing and records; fails if the way does not work ---

port=20000

# One TCP stream; the receiver's clock counts.
stream() { # KEY FIGURE FROM TO
	bg_ready rx pinned "${ns[$4]}" tcpstream recv --no-check --port "$port"
	pinned "${ns[$3]}" tcpstream send --to "${address[$4]}:$port" --ms "$slice_ms" >"$T/tx.json"
	bg_wait rx
	record stream "${1% *}" "${1#* }" "$2" Gbit/s "$(jq '.bytes * 8 / .seconds / 1e9' "$T/rx.out")"
}

# Packets a second that arrived.
udp() { # KEY FIGURE FROM TO
	bg_ready rx pinned "${ns[$4]}" udp recv --port "$port"
	pinned "${ns[$3]}" udp send --to "${address[$4]}:$port" --ms "$slice_ms" >"$T/tx.json"
	bg_wait rx
	record udp "${1% *}" "${1#* }" "$2" packets/s "$(jq '.received / .seconds | floor' "$T/rx.out")" \
		"received=$(jq .received "$T/rx.out")" "sent=$(jq .sent "$T/tx.json")"
}

rtt() { # KEY PROTOCOL FROM TO
	bg_ready rx pinned "${ns[$4]}" rtt serve --proto "$2" --port "$port"
	pinned "${ns[$3]}" rtt ask --proto "$2" --to "${address[$4]}:$port" --ms "$slice_ms" >"$T/tx.json"
	bg_stop rx
	record rtt "${1% *}" "${1#* }" "$2" us "$(jq .median_us "$T/tx.json")" "count=$(jq .count "$T/tx.json")"
	record rtt "${1% *}" "${1#* }" "$2 p99" us "$(jq .p99_us "$T/tx.json")"
}

# The ways to measure one contestant in one group. With two namespaces both directions are the same.
ways() { # GROUP SHAPE
	case $1.$2 in
	stream.host-ns) printf '%s\n' 'out here there' 'in there here' ;;
	udp.host-ns) printf '%s\n' 'sent here there' 'received there here' ;;
	stream.ns-ns) echo 'out here there' ;;
	udp.ns-ns) echo 'sent here there' ;;
	rtt.*) printf '%s\n' 'udp here there' 'tcp here there' ;;
	esac
}

measure() { # GROUP KEY
	local figure from to

	while read -r figure from to; do
		port=$((port + 1))
		attempt "$1" "$2" "$figure" "$from $2" "$to $2"
		[ "$attempted" -eq 0 ] || {
			broken "$1" "${2% *}" "${2#* }" "$figure does not come to its end: $said"
			unset "contestants[$2]"
			return 0
		}
	done < <(ways "$1" "${2% *}")
}

build_all
for group in "${groups[@]}"; do
	for ((round = 1; round <= BENCH_ROUNDS; round++)); do
		echo "$group: round $round of $BENCH_ROUNDS" >&2
		for ((slice = 0; slice < slices; slice++)); do
			for key in "${order[@]}"; do
				[ -z "${contestants[$key]:-}" ] || measure "$group" "$key"
			done
		done
	done
done
bench_end
