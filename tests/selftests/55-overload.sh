#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Thousands of resources are registered, adopted and removed, and thousands of links flap unread.
#
# What it costs is measured in the processor's time that vnetd takes, which a busy machine does not change;
# `make bench` measures how long it takes. With tcx the kernel waits for a grace period of RCU, some 10 ms, at
# each device, so few devices of a crowd take it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=held.sh
. "$(dirname "$0")/held.sh"

readonly guests=${VNET_GUESTS:-1024} # as many devices, in pairs; the figures are for 4096
readonly ticks_s=100		     # USER_HZ
readonly daemon=(--state /run/vnetd)

peer() { # NUMBER
	printf '02:00:00:01:%02x:%02x\n' $(($1 / 256)) $(($1 % 256))
}

# What vnetd has used so far, in ms.
used() {
	local fields

	read -ra fields <"/proc/$vnetd_pid/stat"
	echo $(((fields[13] + fields[14]) * 1000 / ticks_s))
}

# The command succeeds, and vnetd takes at most so long for it.
within() { # TEXT MS COMMAND...
	local text=$1 most=$2 began=${EPOCHREALTIME/./} before

	shift 2
	before=$(used)
	ok "$text" "$@"
	echo "# $text: $((${EPOCHREALTIME/./} / 1000 - began / 1000)) ms, vnetd $(($(used) - before)) ms"
	cmp_num "$text: vnetd takes at most $most ms" $(($(used) - before)) -le $((most * ${VNET_SLOW:-1}))
}

resident() { # in KiB
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$vnetd_pid/status"
}

states() {
	json 'map(select(.type == "guest") | .state) | group_by(.) | map("\(.[0]) \(length)") | join(", ")' resource show
}

held() {
	held_files
	held_pins
	for map in ports far_ports fdb; do
		echo "$map $(held_entries $map)"
	done
	tc qdisc show | grep -c clsact || [ $? -eq 1 ]
}

for ((i = 0; i < guests; i += 2)); do
	printf 'link add d%d type veth peer name d%d\nlink set d%d up\nlink set d%d up\n' \
		$i $((i + 1)) $i $((i + 1))
done >"$T/links"
ip -batch "$T/links"
veth s0 - s1 -
start_vnetd "${daemon[@]}"
ctl vnet add vnet0 address "$(mac 1)" hold-down 0
ip link set vnet0 up
ctl resource add vnet0 sv type service dev s0
before=$(held)
many_ways='^clsact [0-9]+$'
[ "$(json .features.tcx status)" != true ] || many_ways='^clsact [0-9]{3,}, tcx [0-9]{1,3}$'

# --- fault 36: 4,096 resources ---

for ((i = 0; i < guests; i++)); do
	echo "resource add vnet0 g$i type guest dev d$i peer $(peer $i)"
done >"$T/add"
within "fault 36: $guests guests are added" 3000 ctl -b "$T/add"
is 'all are up' "$(states)" "up $guests"
ways=$(json '[.[].attached] | group_by(.) | map("\(.[0]) \(length)") | join(", ")' resource show)
echo "# by $ways"
like 'a crowd is attached by clsact, the first of them by tcx where there is one' "$ways" "$many_ways"
cmp_num 'vnetd takes at most 24 MiB' "$(resident)" -le 24576
shown=$(ctl -j resource show | md5sum)
kill_vnetd KILL
start_vnetd "${daemon[@]}"
echo "# starting with them: vnetd $(used) ms"
cmp_num 'it starts with them and takes at most 2000 ms' "$(used)" -le $((2000 * ${VNET_SLOW:-1}))
is 'all were adopted as they were' "$(ctl -j resource show | md5sum)" "$shown"
cmp_num 'vnetd takes at most 24 MiB then' "$(resident)" -le 24576

# --- fault 23: all of their links flap, and nobody listens ---

# The far end of every fourth stays down; of each pair both ends lose their carrier.
flap() {
	local round word

	for round in down up down; do
		for ((i = 1; i < guests; i += 2)); do
			word=$round
			[ $((i % 4)) -eq 1 ] || word=${round/down/up}
			echo "link set d$i $word"
			[ "$word" = down ] || echo "link set d$i mtu $((1500 + (i + ${#round}) % 2))"
		done
	done
}

settled() {
	[ "$(states)" = "down $((guests / 2)), up $((guests / 2))" ]
}

hear vnet0 sv
flap >"$T/flap"
kill -STOP "$vnetd_pid"
# News of its own for each of these, until the socket cannot hold it.
for ((i = 0; i < 15000; i++)); do
	echo "link set lo mtu $((65000 + i % 2))"
done | ip -batch -
ip -batch "$T/flap"
flapped=$(used)
kill -CONT "$vnetd_pid"
ok 'fault 23: it is right again' wait_for 20 settled
told() { grep -q '"event":"overrun"' "$T/events.out"; }
ok 'fault 23: the overrun is told' wait_for 10 told
echo "# right again: vnetd $(($(used) - flapped)) ms, with the questions"
sed -n 's/^link set \(d[0-9]*\) down$/link set \1 up/p' "$T/flap" | sort -u | ip -batch -
all_up() { [ "$(states)" = "up $guests" ]; }
ok 'fault 23: and when they are back' wait_for 20 all_up
bg_stop events || true

# --- fault 36: they are removed, and nothing is left ---

head -n $((guests / 2)) "$T/add" | sed 's/add \(vnet0 g[0-9]*\) .*/del \1/' >"$T/del"
within 'fault 36: half of them are removed' 6000 ctl -b "$T/del"
is 'the others are there' "$(states)" "up $((guests / 2))"
tail -n $((guests / 2)) "$T/add" | sed 's/add \(vnet0 g[0-9]*\) .*/del \1/' >"$T/del"
within 'fault 36: and the others' 3000 ctl -b "$T/del"
# Those on tcx are detached one by one while nothing else is to do.
as_before() { [ "$(held)" = "$before" ]; }
wait_for 20 as_before || fail 'fault 36: what is left of them goes'
is 'fault 36: nothing is left of them' "$(held)" "$before"
ctl -b "$T/add"
within 'fault 36: the vnet is removed under all of them' 3000 ctl -t 60 vnet del vnet0
is 'no resource is left' "$(ctl -j resource show)" '[]'
is 'and no qdisc' "$(tc qdisc show | grep -c clsact || [ $? -eq 1 ])" 0
finish
