#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How many 64-byte frames a second go from one device to another, and what a program takes for one. Every
# contestant forwards from gen1.N to out1.N; what comes out of out0.N is counted.
#
#	generator N --> gen0.N ==veth== gen1.N --> what is measured --> out1.N ==veth== out0.N --> counted
#
# usage: tests/bench/forward.sh forward|program...
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=ovs.sh
. "$(dirname "$0")/ovs.sh"
# shellcheck source=lane.sh
. "$(dirname "$0")/lane.sh"

groups=("$@")
names=() # the contestants that are there

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
	command bridge fdb replace "$far" dev "out1.$1" master static
}

lane_ovs() {
	ovs_there
	ovs_bridge "br$1" "gen1.$1" "out1.$1"
	wait_for 10 ovs-appctl -t "$T/ovs/vswitchd.ctl" fdb/add "br$1" "out1.$1" 0 "$far"
}

# From the upper to a guest.
lane_guest() { # N MODE
	ctl vnet add "tx$1" upper "gen1.$1" address "$near" mode "$2"
	ctl resource add "tx$1" g type guest dev "out1.$1" peer "$far"
	wait_for 10 path_is "tx$1" "$far" 'guest g'
}

# From a guest to the upper.
lane_guest_rx() { # N MODE
	ctl vnet add "rx$1" upper "out1.$1" address "$far" mode "$2"
	ctl resource add "rx$1" g type guest dev "gen1.$1" peer "$near"
	wait_for 10 path_is "rx$1" "$near" 'guest g'
}

lanes() { # NAME FUNCTION [MODE]
	cat <<-'TABLE'
		generator   lane_generator
		fixed-xdp   lane_fixed_xdp
		fixed-tc    lane_fixed_tc
		bridge      lane_bridge
		ovs         lane_ovs
		guest       lane_guest    tc
		guest-rx    lane_guest_rx tc
		guest-xdp   lane_guest    xdp
		guest-xdp-rx lane_guest_rx xdp
	TABLE
}

declare -A number=()

build() { # NAME FUNCTION [MODE]
	local n=$((${#number[@]} + 1))

	number[$1]=$n
	lane "$n"
	attempt "$2" "$n" "${@:3}" >"$T/build.out"
	if [ "$attempted" -eq 0 ]; then
		names+=("$1")
		return 0
	fi
	[[ " ${groups[*]} " != *" forward "* ]] || unavailable forward lane "$1" "$said"
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

programs() { # NAME PROGRAM LANE: the device is gen1 of that lane
	cat <<-'TABLE'
		tc-tx  vnet_tx     guest        fixed_tc
		tc-rx  vnet_rx     guest-rx     fixed_tc
		xdp-tx vnet_xdp_tx guest-xdp    fixed_xdp
		xdp-rx vnet_xdp_rx guest-xdp-rx fixed_xdp
	TABLE
}

ns_of() { # PROGRAM LANE
	lane_time "$1" "${number[$2]}" | jq .ns
}

declare -A told=()

measure_program() { # NAME PROGRAM LANE FIXED
	local pin=$T/bpf/vnet/default/programs/$2 fixed ns

	if [ ! -e "$pin" ] || [[ " ${names[*]} " != *" $3 "* ]]; then
		[ -n "${told[$1]:-}" ] || unavailable program lane "$1" "vnetd has no $2 at work"
		told[$1]=yes
		return 0
	fi
	fixed=$(ns_of "$4" "$3")
	ns=$(ns_of "$pin" "$3")
	record program lane "${4/_/-}" "for $1" ns "$fixed"
	record program lane "$1" whole ns "$ns"
	record program lane "$1" 'over fixed' ns "$(calculate "\$b - \$a" "$fixed" "$ns")"
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
		case $group in
		forward)
			for name in "${names[@]}"; do
				measure_forward "$name"
			done
			;;
		program)
			while read -ra row; do
				measure_program "${row[@]}"
			done < <(programs)
			;;
		esac
	done
done
bench_end
