#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 64 vnets on one uplink beside 64 macvlans (mode bridge) on one NIC of the same kind, a veth to another
# namespace. On each NIC all but the last are in one namespace and the last is in another.
#
# Shapes:	outside	TCP between one of the 64, each in its turn, and the other end of the NIC
#		inside	TCP from one of them to the last
#		at-once	TCP to the outside from all 64 together, by as many connections
#
# usage: tests/bench/uplink.sh uplink
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly count=64 port=20000 last=63 slices=8
slice_ms=$((BENCH_SECONDS * 1000 / slices + 25))
readonly contestants=(vnet macvlan)
declare -A net=([vnet]=60 [macvlan]=61) initial=([vnet]=v [macvlan]=m)

# --- both alike: NIC "v-nic" or "m-nic" here, its other end "v-out" in "v-outside"; members v0 to v63 ---

space() { # CONTESTANT MEMBER: the namespace it is in
	if [ "$2" -eq $last ]; then
		echo "${initial[$1]}-last"
	else
		echo "${initial[$1]}-many"
	fi
}

nic() { # CONTESTANT
	local x=${initial[$1]}

	ns "$x-outside" "$x-many" "$x-last"
	veth "$x-nic" - "$x-out" "$x-outside"
	# As a NIC has it.
	ethtool -K "$x-nic" gro on
}

vnet_member() { # N NS
	ctl vnet add "v$1" netns "$2" uplink up0 announce-count 0
}

macvlan_member() { # N NS
	ip link add "m$1" link m-nic netns "$2" type macvlan mode bridge
}

mac_of() { # NS DEVICE
	in_ns "$1" ip -j link show "$2" | jq -r '.[0].address'
}

# A network of its own for each way, and neighbours without ARP.
joined() { # NET NS-A DEV-A NS-B DEV-B
	local mac_a mac_b

	mac_a=$(mac_of "$2" "$3") mac_b=$(mac_of "$4" "$5")
	in_ns "$2" ip addr add "10.$1.1/24" dev "$3"
	in_ns "$4" ip addr add "10.$1.2/24" dev "$5"
	neighbour "$2" "$3" "10.$1.2" "$mac_b"
	neighbour "$4" "$5" "10.$1.1" "$mac_a"
}

members() { # CONTESTANT
	local x=${initial[$1]} n where

	for ((n = 0; n < count; n++)); do
		where=$(space "$1" "$n")
		"$1_member" $n "$where"
		in_ns "$where" ip link set "$x$n" up
		joined "${net[$1]}.$n" "$where" "$x$n" "$x-outside" "$x-out"
	done
	joined "${net[$1]}.100" "$x-many" "${x}0" "$x-last" "$x$last"
	wait_for 20 in_ns "$x-many" ping -q -c 1 -W 1 "10.${net[$1]}.0.2"
	wait_for 20 in_ns "$x-last" ping -q -c 1 -W 1 "10.${net[$1]}.$last.2"
	wait_for 20 in_ns "$x-many" ping -q -c 1 -W 1 "10.${net[$1]}.100.2"
}

# --- measured ---

gbits() { # FILE of tcpstream
	jq '.bytes * 8 / .seconds / 1e9' "$1"
}

stream() { # SHAPE CONTESTANT FIGURE NS-FROM NS-TO ADDRESS
	bg_ready rx pinned "$5" tcpstream recv --no-check --port "$port"
	pinned "$4" tcpstream send --to "$6:$port" --ms "$slice_ms" >"$T/tx.json"
	bg_wait rx
	record uplink "$1" "$2" "$3" Gbit/s "$(gbits "$T/rx.out")"
}

singles() { # CONTESTANT MEMBER
	local x=${initial[$1]} where

	where=$(space "$1" "$2")
	stream outside "$1" out "$where" "$x-outside" "10.${net[$1]}.$2.2"
	stream outside "$1" in "$x-outside" "$where" "10.${net[$1]}.$2.1"
	stream inside "$1" across "$x-many" "$x-last" "10.${net[$1]}.100.2"
}

at_once() { # CONTESTANT
	local x=${initial[$1]} n sum

	for ((n = 0; n < count; n++)); do
		bg_ready "rx$n" in_ns "$x-outside" tcpstream recv --no-check --port $((port + n))
	done
	for ((n = 0; n < count; n++)); do
		bg "tx$n" in_ns "$(space "$1" "$n")" tcpstream send --to "10.${net[$1]}.$n.2:$((port + n))" \
			--ms $((BENCH_SECONDS * 1000 + 1000))
	done
	for ((n = 0; n < count; n++)); do
		bg_wait "rx$n" 30
		bg_wait "tx$n" 30
	done
	sum=$(for ((n = 0; n < count; n++)); do gbits "$T/rx$n.out"; done | jq -s add)
	record uplink at-once "$1" out Gbit/s "$sum"
}

measure() { # COMMAND CONTESTANT ARGUMENT...
	attempt "$@"
	[ "$attempted" -eq 0 ] || broken uplink "$1" "$2" "$said"
}

start_vnetd
for who in "${contestants[@]}"; do
	nic "$who"
	[ "$who" != vnet ] || ctl uplink add up0 dev v-nic
	members "$who"
done
for ((round = 1; round <= BENCH_ROUNDS; round++)); do
	echo "uplink: round $round of $BENCH_ROUNDS" >&2
	for ((slice = 0; slice < slices; slice++)); do
		for who in "${contestants[@]}"; do
			measure singles "$who" $(((round * slices + slice) * 7 % count))
		done
	done
	for who in "${contestants[@]}"; do
		measure at_once "$who"
	done
done
bench_end
