#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long it takes where there is much of everything: 4,096 guests, each with a device that is there, and
# 2,048 of their links that flap while nobody listens.
#
# Figures:
#	add	one batch of vnetctl registers them all, seconds
#	restart	from the start of vnetd until it answers, all adopted, seconds
#	memory	that is resident in vnetd then, MiB
#	resync	from the moment when vnetd listens again, having lost news, until it answers, seconds
#	flush	until nothing of them is left, seconds
#
# usage: tests/bench/overload.sh overload
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly guests=4096
readonly news=15000 # more than the socket holds

took() { # FIGURE COMMAND...
	local figure=$1 began=${EPOCHREALTIME/./}

	shift
	"$@"
	record overload "$guests" guest "$figure" s \
		"$(awk -v us=$((${EPOCHREALTIME/./} - began)) 'BEGIN { print us / 1e6 }')"
}

up_are() { # COUNT
	[ "$(json 'map(select(.type == "guest" and .state == "up")) | length' resource show vnet0)" -eq "$1" ]
}

listen_again() {
	kill -CONT "$vnetd_pid"
	ctl status >"$T/status"
}

devices() {
	local i

	for ((i = 0; i < guests; i += 2)); do
		printf 'link add d%d type veth peer name d%d\nlink set d%d up\nlink set d%d up\n' \
			$i $((i + 1)) $i $((i + 1))
	done >"$T/links"
	ip -batch "$T/links"
	for ((i = 0; i < guests; i++)); do
		printf 'resource add vnet0 g%d type guest dev d%d peer 02:00:00:01:%02x:%02x\n' $i $i \
			$((i / 256)) $((i % 256))
	done >"$T/add"
}

flap() { # down|up
	local i

	for ((i = 1; i < guests; i += 4)); do
		echo "link set d$i $1"
	done | ip -batch -
}

measure() {
	local i

	start_vnetd --state /run/vnetd # in memory, as it is by default
	ctl vnet add vnet0 address "$(mac 1)" hold-down 0
	took add ctl -b "$T/add"
	up_are "$guests"
	kill_vnetd KILL 2>"$T/killed"
	took restart start_vnetd --state /run/vnetd
	up_are "$guests"
	kill -STOP "$vnetd_pid"
	for ((i = 0; i < news; i++)); do
		echo "link set lo mtu $((65000 + i % 2))"
	done | ip -batch -
	flap down
	took resync listen_again
	wait_for 20 up_are $((guests / 2))
	flap up
	wait_for 20 up_are "$guests"
	record overload "$guests" guest memory MiB \
		"$(awk '$1 == "VmRSS:" { print $2 / 1024 }' "/proc/$vnetd_pid/status")"
	took flush ctl -t 60 flush
	[ ! -e "$T/bpf/vnet" ]
	stop_vnetd
}

devices
for ((round = 1; round <= BENCH_ROUNDS; round++)); do
	echo "overload: round $round of $BENCH_ROUNDS" >&2
	attempt measure
	[ "$attempted" -eq 0 ] || broken overload "$guests" guest "$said"
done
bench_end
