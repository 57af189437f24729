#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How many 64-byte frames a second one thread of a provider hands to a vnet, from a ring in memory, beside
# what a bare write() to a tap does that is the same resource of another vnet. The frames are of a type that
# nobody listens to: what is measured ends with the vnet's upper, which has them when the counters say so.
#
# Figures, million frames a second:
#	given	by the provider's thread
#	carried	by the vnet, as the resource's ipackets have it
#
# usage: tests/bench/provide.sh provide
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly million=1000000

contestants=(libvnet write)
declare -A mac=([libvnet]=02:00:00:00:01:01 [write]=02:00:00:00:01:02)

carried() { # CONTESTANT
	ctl -j stats "$1" | jq '[.[].resources[].ipackets] | add // 0'
}

# The provider stays until its input ends, for its counters go with it.
supply_libvnet() {
	local pipe

	mkfifo "$T/hold.$round"
	taskset -c "$cpu" supply libvnet --socket "$T/vnetd.sock" --to "${mac[libvnet]}" --seconds "$BENCH_SECONDS" \
		<"$T/hold.$round" >"$T/given" &
	exec {pipe}>"$T/hold.$round"
	wait_for $((BENCH_SECONDS + 20)) test -s "$T/given"
	after=$(carried libvnet)
	exec {pipe}>&-
	wait $!
}

supply_write() {
	taskset -c "$cpu" supply write --device taw --to "${mac[write]}" --seconds "$BENCH_SECONDS" >"$T/given"
	after=$(carried write)
}

measure() { # CONTESTANT
	local before after

	before=$(carried "$1")
	"supply_$1"
	record provide tap "$1" given Mframe/s "$(jq ".frames / .seconds / $million" "$T/given")"
	record provide tap "$1" carried Mframe/s \
		"$(jq "($after - $before) / .seconds / $million" "$T/given")"
}

# --- the world ---

start_vnetd
for who in "${contestants[@]}"; do
	ctl vnet add "$who" address "${mac[$who]}"
	ip link set "$who" up
done
ip tuntap add taw mode tap vnet_hdr
ctl resource add write s type service dev taw

for ((round = 1; round <= BENCH_ROUNDS; round++)); do
	echo "provide: round $round of $BENCH_ROUNDS" >&2
	for who in "${contestants[@]}"; do
		attempt measure "$who"
		[ "$attempted" -eq 0 ] || broken provide tap "$who" "$said"
	done
done
bench_end
