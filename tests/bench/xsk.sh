#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How many 64-byte frames a second a flow delivers to a program by an AF_XDP socket, in copy mode and over one
# queue: a processor makes them, carries them through the vnet and copies them, the program reads on the other
# one.
#
# Figures, million frames a second:
#	delivered	to the program's callback
#
# usage: tests/bench/xsk.sh xsk
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lane.sh
. "$(dirname "$0")/lane.sh"

readonly million=1000000
lane_to=$(mac 99)

measure() {
	lane_forward 1 >"$T/forward.json"
	record xsk lane flow delivered Mframe/s "$(jq ".delivered / .seconds / $million" "$T/forward.json")" \
		"offered=$(jq ".offered / .seconds / $million" "$T/forward.json")"
}

start_vnetd
lane 1
ctl vnet add vnet0 address "$lane_to" announce-count 0
ip link set vnet0 up
ctl resource add vnet0 s type service dev gen1.1
ctl flow add vnet0 x dir in proto udp lport 2000 to xsk
wait_for 10 state_is vnet0 s up
bg_ready reader taskset -c "$other_cpu" xskcount --socket "$T/vnetd.sock" --pin "$T/bpf" vnet0 x

for ((round = 1; round <= BENCH_ROUNDS; round++)); do
	echo "xsk: round $round of $BENCH_ROUNDS" >&2
	attempt measure
	[ "$attempted" -eq 0 ] || broken xsk lane flow "$said"
done
bg_stop reader
bench_end
