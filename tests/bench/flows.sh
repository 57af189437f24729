#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What flows cost: the time of vnet_tx for a frame of a vnet that has none, one, or 4,096 in 16 shapes, less
# that of a program that does nothing.
#
# Figures, nanoseconds a frame:
#	same	the same frame again and again
#	hot	frames of 64 connections in turns
#	random	any of 32,768 connections, far more than a processor remembers
#
# usage: tests/bench/flows.sh flows
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lane.sh
. "$(dirname "$0")/lane.sh"

declare -A number=()
there=()

# Ways to tell 256 of one shape apart. The frames, UDP from 10.0.0.1 to port 2000 of 10.0.0.2, are the flow's
# with DS field 0; what is looked for before and after it is not there.
shapes() { # I
	local length

	for length in 17 18 19 20 21 22 23 24; do
		echo "remote 10.$1.128.0/$length"
	done
	echo "proto udp rport $((3000 + $1))"
	echo "proto udp lport $((60000 + $1))"
	echo "proto udp lport $((60000 + $1)) rport 2000"
	echo "proto udp rport $((3000 + $1)) remote 10.0.0.2"
	echo "local 10.0.0.1 remote 10.0.1.$1"
	echo "dsfield $1"
	echo "dsfield $1 remote 10.0.1.0/24"
	echo "proto udp lport $((60000 + $1)) local 10.0.0.1"
}

flows_none() {
	:
}

flows_one() {
	ctl flow add "$1" f proto udp
}

flows_many() {
	local i n

	for ((i = 0; i < 256; i++)); do
		n=0
		while read -r match; do
			echo "flow add $1 f$i-$n $match"
			n=$((n + 1))
		done < <(shapes "$i")
	done >"$T/flows"
	ctl -b "$T/flows"
	[ "$(json length flow show "$1")" -eq 4096 ]
}

guest() { # NAME LANE
	lane_tap "$2"
	ctl vnet add "$1" upper "gen1.$2" address "$(lane_near "$2")" mode tc
	ctl resource add "$1" g type guest dev "out1.$2" peer "$(lane_far "$2")"
	wait_for 10 path_is "$1" "$(lane_far "$2")" 'guest g'
	"flows_$1" "$1"
}

build() { # NAME
	number[$1]=$((${#number[@]} + 1))
	attempt guest "$1" "${number[$1]}" >"$T/build.out"
	if [ "$attempted" -eq 0 ]; then
		there+=("$1")
	else
		broken flows tc "$1" "$said"
	fi
}

program() { # NAME FIGURE [OPTION...]
	attempt lane_time "$T/bpf/vnet/default/programs/vnet_tx" nothing_tc "${number[$1]}" "${@:3}" >"$T/time.json"
	if [ "$attempted" -eq 0 ]; then
		record flows tc "$1" "$2" ns "$(jq .over "$T/time.json")"
	else
		broken flows tc "$1" "$said"
	fi
}

start_vnetd
for name in none one many; do
	build $name
done
for ((round = 1; round <= BENCH_ROUNDS; round++)); do
	echo "flows: round $round of $BENCH_ROUNDS" >&2
	for name in "${there[@]}"; do
		program "$name" same
		program "$name" hot --choice cycle --count 64 --vary port
		program "$name" random --choice random --count 32768 --vary port
	done
done
bench_end
