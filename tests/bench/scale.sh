#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a frame costs when there is much of everything: entries of the FDB, vnets, devices on the host. Each
# size is a vnetd of its own with its own maps and lanes, all there at once, so that they can be measured in
# turns.
#
# Figures, nanoseconds a frame:
#	program	the program's time, less that of choosing the frame's destination
#	forward	the whole way of a frame, from the generator to where it is counted
#	hot	64 destinations in turns, out of all the FDB has; random: any of all, as likely
#	one	the same vnet again and again; all: a batch of 16 frames for each vnet in turns
#
# usage: tests/bench/scale.sh scale
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lane.sh
. "$(dirname "$0")/lane.sh"

# Destination 0 of `frames`, the same one for all.
readonly lane_to=02:f0:00:00:00:00
readonly batch=16

# NAME INPUTS NS FDB-ENTRIES VNETS DEVICES (0: those that it needs)
#
# Each input is a vnet of its own: a veth for TC and one for XDP, and a tap for the XDP program alone, which
# cannot be measured on a veth (lane.sh). The entries are one vnet's, so there is one input then.
sizes() {
	cat <<-'TABLE'
		base         tc,xdp,tap -  1       1    0
		fdb-1k       tc         -  1000    1    0
		fdb-100k     tc         -  100000  1    0
		fdb-1m       tc         -  1000000 1    0
		fdb-1m       xdp        -  1000000 1    0
		fdb-1m       tap        -  1000000 1    0
		vnets-100    tc         s1 1       100  0
		devices-4096 tc         s2 1       1    4096
		all          tc,xdp,tap s3 1       1000 4096
	TABLE
}

declare -A mode=([tc]=tc [xdp]=xdp [tap]=xdp) build_lane=([tc]=lane [xdp]=lane [tap]=lane_tap)
declare -A offset=([tc]=0 [xdp]=50 [tap]=100) # of the lane's number

# --- one size ---

talk() { # INSTANCE ARGUMENT...
	vnetctl -s "$T/$1.sock" "${@:2}"
}

instance() { # NAME NS
	bg "$1" in_ns "$2" vnetd --config "$T/etc" --socket "$T/$1.sock" --state "$T/$1.state" \
		--bpffs "$T/bpf/vnet" --instance "$1"
	wait_for 20 talk "$1" status
}

vnet_mac() { # NUMBER
	printf '02:00:00:01:%02x:%02x\n' $(($1 / 256)) $(($1 % 256))
}

guests_up() { # INSTANCE COUNT
	[ "$(talk "$1" -j resource show | jq 'map(select(.state == "up")) | length')" -eq "$2" ]
}

# A vnet from the input of a lane to its output.
through() { # INSTANCE INPUT NS LANE
	"${build_lane[$2]}" "$4" "$3"
	talk "$1" vnet add "$2" upper "gen1.$4" address "$(lane_near "$4")" mode "${mode[$2]}"
	talk "$1" resource add "$2" g type guest dev "out1.$4" peer "$lane_to"
}

# Further vnets, each with an upper u1, u2, ... and a guest d1, d2, ...; what has the program run for each of
# them goes to a file. All are for TC, because a thousand XDP programs take minutes to attach: the maps, which
# are what a frame meets, are the same.
vnets() { # INSTANCE NS COUNT
	local i

	for ((i = 1; i <= $3; i++)); do
		printf 'link add %s type veth peer name %s\n' "u$i" "v$i" "d$i" "e$i"
		printf 'link set %s up\n' "u$i" "v$i" "d$i" "e$i"
	done >"$T/links"
	in_ns "$2" ip -batch "$T/links"
	for ((i = 1; i <= $3; i++)); do
		echo "vnet add v$i upper u$i address $(vnet_mac "$i") mode tc"
		echo "resource add v$i g type guest dev d$i peer $lane_to"
	done >"$T/vnets"
	talk "$1" -b "$T/vnets"
	for ((i = 1; i <= $3; i++)); do
		echo "u$i $lane_to $(vnet_mac "$i")"
	done >>"$T/$1.targets"
}

# Devices that have nothing to do with vnet, until there are so many.
devices() { # NS COUNT
	local i have

	have=$(in_ns "$1" ip -o link show | wc -l)
	for ((i = 0; i < ($2 - have) / 2; i++)); do
		echo "link add x$i type veth peer name y$i"
	done >"$T/links"
	in_ns "$1" ip -batch "$T/links"
}

size() { # ID INPUTS NS FDB-ENTRIES VNETS DEVICES
	local input count=0

	[ "$3" = - ] || ns "$3"
	instance "$1" "$3"
	for input in ${2//,/ }; do
		through "$1" "$input" "$3" $((number[$1] + offset[$input]))
		count=$((count + 1))
	done
	echo "gen1.${number[$1]} $lane_to $(lane_near "${number[$1]}")" >"$T/$1.targets"
	[ "$4" -eq 1 ] || frames fill --map "$T/bpf/vnet/$1/maps/fdb" --count "$4"
	[ "$5" -eq 1 ] || vnets "$1" "$3" $(($5 - count))
	[ "$6" -eq 0 ] || devices "$3" "$6"
	[ "$5" -eq 1 ] || count=$5
	wait_for 120 guests_up "$1" "$count"
}

# --- measuring ---

declare -A number=() # of a size's first lane
there=()	     # rows of `sizes` that could be made, with their ID in front

build() { # NAME INPUTS...
	local id=$1-${2//,/-} began=$SECONDS input

	number["$id"]=${#number[@]}
	attempt size "$id" "${@:2}" >"$T/build.out"
	if [ "$attempted" -eq 0 ]; then
		there+=("$id $*")
		echo "scale: $id is there after $((SECONDS - began)) s" >&2
		return 0
	fi
	for input in ${2//,/ }; do
		unavailable scale "${mode[$input]}" "$1" "$said"
	done
}

# The program's time less that of one that does nothing, both with the same frames.
program() { # FIGURE ID NAME INPUT OPTION...
	local kind=${mode[$4]} program=vnet_tx

	[ "$kind" = tc ] || program=vnet_xdp_tx
	lane_time "$T/bpf/vnet/$2/programs/$program" "nothing_$kind" $((number[$2] + offset[$4])) "${@:5}" \
		>"$T/time.json"
	record scale "$kind" "$3" "program $1" ns "$(jq .over "$T/time.json")"
}

forward() { # FIGURE ID NAME INPUT OPTION...
	lane_forward $((number[$2] + offset[$4])) "${@:5}" >"$T/forward.json"
	record scale "${mode[$4]}" "$3" "forward $1" ns "$(jq '.seconds * 1e9 / .delivered' "$T/forward.json")"
}

# What is measured on an input, in order: WHAT FIGURE OPTION...
ways() { # ID INPUT FDB-ENTRIES VNETS DEVICES
	local what

	for what in program forward; do
		[[ "$what $2" != @("program xdp"|"forward tap") ]] || continue
		if [ "$4" -eq 1 ] && [ "$5" -eq 0 ]; then
			echo "$what hot --choice cycle --count $3"
			echo "$what random --choice random --count $3"
		fi
		[ "$3" -ne 1 ] || echo "$what one"
	done
	# For XDP the kernel waits before each test run, too long for a thousand devices in turns.
	[ "$2" != tc ] || [ "$3" -ne 1 ] || echo "program all --targets $T/$1.targets --repeat $batch"
}

measure() { # ID NAME INPUTS NS FDB-ENTRIES VNETS DEVICES
	local lane_ns=$4 input words

	for input in ${3//,/ }; do
		while read -ra words; do
			"${words[0]}" "${words[1]}" "$1" "$2" "$input" "${words[@]:2}"
		done < <(ways "$1" "$input" "${@:5}")
	done
}

while read -ra row; do
	build "${row[@]}"
done < <(sizes)
for ((round = 1; round <= BENCH_ROUNDS; round++)); do
	echo "scale: round $round of $BENCH_ROUNDS" >&2
	for row in "${there[@]}"; do
		read -ra words <<<"$row"
		attempt measure "${words[@]}"
		[ "$attempted" -eq 0 ] || broken scale all "${words[0]}" "$said"
	done
done
bench_end
