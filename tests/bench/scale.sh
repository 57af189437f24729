#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a frame costs when there is much of everything: entries of the FDB, vnets, devices on the host. Each
# size is a vnetd of its own with its own maps and a lane of its own, all there at once, so that they can be
# measured in turns.
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

readonly batch=16

# NAME MODE NS FDB-ENTRIES VNETS DEVICES (0: those that it needs)
sizes() {
	cat <<-'TABLE'
		base         tc  -   1       1    0
		fdb-1k       tc  -   1000    1    0
		fdb-100k     tc  -   100000  1    0
		fdb-1m       tc  -   1000000 1    0
		vnets-100    tc  v1  1       100  0
		devices-4096 tc  d1  1       1    4096
		all          tc  a1  1       1000 4096
		base         xdp -   1       1    0
		fdb-1m       xdp -   1000000 1    0
		all          xdp a2  1       1000 4096
	TABLE
}

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

# Further vnets, each with an upper u1, u2, ... and a guest d1, d2, ...; what has the program run for each of
# them goes to a file.
vnets() { # INSTANCE NS MODE COUNT
	local i

	for ((i = 1; i <= $4; i++)); do
		printf 'link add %s type veth peer name %s\n' "u$i" "v$i" "d$i" "e$i"
		printf 'link set %s up\n' "u$i" "v$i" "d$i" "e$i"
	done >"$T/links"
	in_ns "$2" ip -batch "$T/links"
	for ((i = 1; i <= $4; i++)); do
		echo "vnet add v$i upper u$i address $(vnet_mac "$i") mode $3"
		echo "resource add v$i g type guest dev d$i peer $far"
	done >"$T/vnets"
	talk "$1" -b "$T/vnets"
	for ((i = 1; i <= $4; i++)); do
		echo "u$i $far $(vnet_mac "$i")"
	done >>"$T/$1.targets"
	wait_for 120 guests_up "$1" $(($4 + 1))
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

size() { # NAME MODE NS FDB-ENTRIES VNETS DEVICES
	local id=$1-$2 n=${number["$1-$2"]}

	[ "$3" = - ] || ns "$3"
	lane "$n" "$3"
	instance "$id" "$3"
	talk "$id" vnet add tx upper "gen1.$n" address "$near" mode "$2"
	talk "$id" resource add tx g type guest dev "out1.$n" peer "$far"
	wait_for 10 guests_up "$id" 1
	echo "gen1.$n $far $near" >"$T/$id.targets"
	[ "$4" -eq 1 ] || frames fill --map "$T/bpf/vnet/$id/maps/fdb" --count "$4"
	[ "$5" -eq 1 ] || vnets "$id" "$3" "$2" $(($5 - 1))
	[ "$6" -eq 0 ] || devices "$3" "$6"
}

# --- measuring ---

declare -A number=() # of a size's lane
there=() # rows of `sizes` that could be made

build() { # ROW
	number["$1-$2"]=${#number[@]}
	attempt size "$@" >"$T/build.out"
	if [ "$attempted" -eq 0 ]; then
		there+=("$*")
	else
		unavailable scale "$2" "$1" "$said"
	fi
}

# The difference of the program and of one that does nothing, both with the same frames.
time_less_nothing() { # FIGURE NAME MODE OPTION...
	local figure=$1 name=$2 mode=$3 whole nothing program=vnet_tx

	shift 3
	[ "$mode" = tc ] || program=vnet_xdp_tx
	whole=$(lane_time "$T/bpf/vnet/$name-$mode/programs/$program" "${number["$name-$mode"]}" "$@" | jq .ns)
	nothing=$(lane_time "nothing_$mode" "${number["$name-$mode"]}" "$@" | jq .ns)
	record scale "$mode" "$name" "program $figure" ns "$(calculate "\$a - \$b" "$whole" "$nothing")"
}

forward() { # FIGURE NAME MODE OPTION...
	lane_forward "${number["$2-$3"]}" "${@:4}" >"$T/forward.json"
	record scale "$3" "$2" "forward $1" ns "$(jq '.seconds * 1e9 / .delivered' "$T/forward.json")"
}

measure() { # NAME MODE NS FDB-ENTRIES VNETS DEVICES
	local lane_ns=$3 targets=$T/$1-$2.targets

	if [ "$5" -eq 1 ] && [ "$6" -eq 0 ]; then
		time_less_nothing hot "$1" "$2" --choice cycle --count "$4"
		time_less_nothing random "$1" "$2" --choice random --count "$4"
		forward hot "$1" "$2" --choice cycle --count "$4"
		forward random "$1" "$2" --choice random --count "$4"
	fi
	if [ "$4" -eq 1 ]; then
		time_less_nothing one "$1" "$2"
		time_less_nothing all "$1" "$2" --targets "$targets" --repeat "$batch"
		forward one "$1" "$2"
	fi
}

while read -ra row; do
	build "${row[@]}"
done < <(sizes)
for ((round = 1; round <= BENCH_ROUNDS; round++)); do
	echo "scale: round $round of $BENCH_ROUNDS" >&2
	for row in "${there[@]}"; do
		read -ra words <<<"$row"
		attempt measure "${words[@]}"
		[ "$attempted" -eq 0 ] || broken scale "${words[1]}" "${words[0]}" "$said"
	done
done
bench_end
