#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How many 64-byte frames a second go from one device to another, and what a program takes for one. Every
# contestant forwards from the input of a lane to its output (lane.sh).
#
# usage: tests/bench/forward.sh forward|program...
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=ovs.sh
. "$(dirname "$0")/ovs.sh"
# shellcheck source=lane.sh
. "$(dirname "$0")/lane.sh"

groups=("$@")
declare -A there=([forward]="" [program]="") # who could be had

# --- what forwards, from gen1.N to out1.N; none lets a frame go by the stack if it can help it ---

# The cost of making and counting frames alone: there is nothing between them.
lane_generator() {
	frames attach --program sink --dev "gen1.$1" --pin "$T/bpf"
}

lane_fixed_xdp() {
	frames attach --program fixed_xdp --dev "gen1.$1" --to "out1.$1" --pin "$T/bpf"
}

lane_fixed_tc() {
	frames attach --program fixed_tc --dev "gen1.$1" --to "out1.$1" --pin "$T/bpf"
}

# It knows where the destination is, so that it never floods.
lane_bridge() {
	bridge "br.$1" - "gen1.$1" "out1.$1"
	command bridge fdb replace "$(lane_far "$1")" dev "out1.$1" master static
}

lane_ovs() {
	ovs_there
	ovs_bridge "br$1" "gen1.$1" "out1.$1"
	wait_for 10 ovs-appctl -t "$T/ovs/vswitchd.ctl" fdb/add "br$1" "out1.$1" 0 "$(lane_far "$1")"
}

# From the upper to a guest.
lane_guest() { # N MODE
	ctl vnet add "tx$1" upper "gen1.$1" address "$(lane_near "$1")" mode "$2"
	ctl resource add "tx$1" g type guest dev "out1.$1" peer "$(lane_far "$1")"
	wait_for 10 path_is "tx$1" "$(lane_far "$1")" 'guest g'
}

# From a guest to the upper.
lane_guest_rx() { # N MODE
	ctl vnet add "rx$1" upper "out1.$1" address "$(lane_far "$1")" mode "$2"
	ctl resource add "rx$1" g type guest dev "gen1.$1" peer "$(lane_near "$1")"
	wait_for 10 path_is "rx$1" "$(lane_near "$1")" 'guest g'
}

lanes() { # NAME GROUP LANE FUNCTION [MODE]
	cat <<-'TABLE'
		generator    forward lane     lane_generator
		fixed-xdp    forward lane     lane_fixed_xdp
		fixed-tc     forward lane     lane_fixed_tc
		bridge       forward lane     lane_bridge
		ovs          forward lane     lane_ovs
		guest        forward lane     lane_guest    tc
		guest-rx     forward lane     lane_guest_rx tc
		guest-xdp    forward lane     lane_guest    xdp
		guest-xdp-rx forward lane     lane_guest_rx xdp
		tc-tx        program lane_tap lane_guest    tc
		tc-rx        program lane_tap lane_guest_rx tc
		xdp-tx       program lane_tap lane_guest    xdp
		xdp-rx       program lane_tap lane_guest_rx xdp
	TABLE
}

declare -A number=()

build() { # NAME GROUP LANE FUNCTION [MODE]
	local n=$((${#number[@]} + 1))

	[[ " ${groups[*]} " == *" $2 "* ]] || return 0
	number[$1]=$n
	"$3" "$n"
	attempt "$4" "$n" "${@:5}" >"$T/build.out"
	if [ "$attempted" -eq 0 ]; then
		there[$2]+=" $1"
	else
		unavailable "$2" lane "$1" "$said"
	fi
}

# --- forward ---

measure_forward() { # NAME
	local n=${number[$1]}

	attempt lane_forward "$n" >"$T/forward.json"
	if [ "$attempted" -eq 0 ]; then
		record forward lane "$1" delivered frames/s "$(jq '.delivered / .seconds | floor' "$T/forward.json")" \
			"offered=$(jq '.offered / .seconds | floor' "$T/forward.json")"
	else
		broken forward lane "$1" "$said"
	fi
}

# --- program: nanoseconds a frame, and by how much that is more than the fixed redirect of its kind ---

declare -A program=([tc-tx]=vnet_tx [tc-rx]=vnet_rx [xdp-tx]=vnet_xdp_tx [xdp-rx]=vnet_xdp_rx)

measure_program() { # NAME
	local fixed=fixed_${1%-*} json=$T/time.json

	attempt lane_time "$T/bpf/vnet/default/programs/${program[$1]}" "$fixed" "${number[$1]}" >"$json"
	if [ "$attempted" -eq 0 ]; then
		record program lane "${fixed/_/-}" "beside $1" ns "$(jq .against "$json")"
		record program lane "$1" whole ns "$(jq .ns "$json")"
		record program lane "$1" "over fixed" ns "$(jq .over "$json")"
	else
		broken program lane "$1" "$said"
	fi
}

# --- all ---

start_vnetd
# A process of its own forwards there: it gets the other processor.
ovs_start "$other_cpu" >"$T/ovs.why" || ovs_missing=$(cat "$T/ovs.why")
while read -ra row; do
	build "${row[@]}"
done < <(lanes)

for group in "${groups[@]}"; do
	for ((round = 1; round <= BENCH_ROUNDS; round++)); do
		echo "$group: round $round of $BENCH_ROUNDS" >&2
		for name in ${there[$group]}; do
			"measure_$group" "$name"
		done
	done
done
bench_end
