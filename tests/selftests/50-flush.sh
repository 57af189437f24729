#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `vnetctl flush` leaves nothing of ours in the kernel: no pin, program, map, link, filter or qdisc, no
# device. Everything can be set up again without a restart, also when flush comes from no daemon's work.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

pins() { # and folders; the kernel puts files of its own there
	find "$T/bpf" -mindepth 1 ! -name '*.debug'
}

# Each of our objects in the kernel as "KIND NUMBER", found by its pin.
objects() {
	local pin kind

	while read -r pin; do
		case $pin in
		*/maps/*) kind=map ;;
		*/programs/*) kind=prog ;;
		*/links/*) kind='link' ;;
		*) continue ;;
		esac
		echo "$kind $(bpftool -j "$kind" show pinned "$pin" | jq -r 'if type == "array" then .[0] else . end | .id')"
	done < <(pins)
}

alive() { # of those objects, the ones that still exist
	local kind number

	while read -r kind number; do
		! bpftool "$kind" show id "$number" >/dev/null 2>&1 || echo "$kind $number"
	done <"$T/objects"
}

none_alive() {
	[ -z "$(alive)" ]
}

devices() { # and what may be attached to them
	local device

	ip -o link show | awk -F': ' '{ print $2 }' | sort
	tc qdisc show | grep -v noqueue || [ $? -eq 1 ]
	tc filter show dev s0 ingress
	tc filter show dev h0 ingress
	for device in s0 h0 g0; do
		ip -j link show dev "$device" | jq -c '.[] | [.ifname, .mtu, .address, .promiscuity, (.flags | sort)]'
		command bridge fdb show dev "$device" | sort
	done
	bpftool -j net show | jq -c '.[0].tc'
}

bpf_files() { # of vnetd
	find "/proc/$vnetd_pid/fd" -mindepth 1 -printf '%l\n' | grep -c bpf || [ $? -eq 1 ]
}

set_up() {
	ctl vnet add vnet0 address "$(mac 1)" vlans 10,20
	ctl vnet add v2 address "$(mac 3)" netns stack
	ctl resource add vnet0 sv type service dev s0
	ctl resource add vnet0 vf type hybrid dev h0
	ctl resource add vnet0 g1 type guest dev g0 peer "$(mac 2)" vlans 10
	ctl resource add vnet0 g2 type guest dev nowhere0 peer "$(mac 4)"
	ip link set vnet0 up
	ip addr add 192.0.2.1/24 dev vnet0
	neighbour - vnet0 192.0.2.2 "$(mac 2)"
}

works() { # TEXT
	ok "$1: the guest is up" wait_for 5 state_is vnet0 g1 up
	ok "$1: frames pass" ping -q -c 1 -W 2 192.0.2.2
}

flushed() { # TEXT
	is "$1: no vnet is left" "$(ctl -j vnet show)" '[]'
	is "$1: no pin is left" "$(pins)" ''
	is "$1: no device of ours, nothing attached" "$(devices)" "$before"
	is "$1: the namespace has lost its device" "$(in_ns stack ip -br link show | grep -c v2 || [ $? -eq 1 ])" 0
	is "$1: vnetd holds nothing" "$(bpf_files)" "$before_files"
	ok "$1: every map, program and link is freed" wait_for 10 none_alive
}

ns stack far
for name in s h; do
	veth ${name}0 - ${name}1 -
done
veth g0 - g1 far "$(mac 9)" "$(mac 2)"
in_ns far ip addr add 192.0.2.2/24 dev g1
neighbour far g1 192.0.2.1 "$(mac 1)"
before=$(devices)

for way in default --no-tcx; do
	# shellcheck disable=SC2046 # one word or none
	start_vnetd $([ $way = default ] || echo $way)
	ctl flush
	before_files=$(bpf_files)
	is "$way: flush of nothing is no failure" "$(pins)" ''

	set_up
	works "$way"
	objects >"$T/objects"
	cmp_num "$way: there is something to flush" "$(alive | wc -l)" -ge 10
	ok "$way: flush" ctl flush
	flushed "$way"

	set_up
	works "$way, again"
	objects >"$T/objects"
	kill_vnetd KILL
	# shellcheck disable=SC2046
	start_vnetd $([ $way = default ] || echo $way)
	works "$way, after a kill"
	ok "$way, after a kill: flush" ctl flush
	flushed "$way, after a kill"
	stop_vnetd
	start_vnetd
	is "$way: it stays flushed after a restart" "$(ctl -j vnet show) $(ip -br link show | grep -c vnet0)" '[] 0'
	ctl flush
	stop_vnetd
done

# What it was to attend to is lost: it goes on by itself, and flush finds it all the same.
start_vnetd
set_up
works 'state lost'
objects >"$T/objects"
kill_vnetd KILL
echo damaged >"$T/state/default.json"
rm "$T/bpf/vnet/default/state"
start_vnetd
like 'state lost: it is told' "$(cat "$T/vnetd.log")" 'what else runs goes on unattended'
ok 'state lost: frames pass' ping -q -c 1 -W 2 192.0.2.2
ok 'state lost: flush' ctl flush
flushed 'state lost'
stop_vnetd

# Killed at calls in the midst of changes.
if command -v strace >/dev/null; then
	calls=bpf,sendmsg,sendto,rename,renameat,renameat2
	is_traced() { ! grep -q '^TracerPid:[[:space:]]*0$' "/proc/$vnetd_pid/status"; }
	for number in 2 6 11 19 31; do
		start_vnetd
		pid=$vnetd_pid
		bg strace strace -f -qq -o "$T/strace" -e "trace=$calls" -e "inject=$calls:signal=KILL:when=$number" -p "$pid"
		wait_for 10 is_traced
		set_up >"$T/set-up.out" 2>&1 || [ $? -ge 2 ] || fail "killed at call $number: set up" "$(cat "$T/set-up.out")"
		ok "killed at call $number: it is dead" wait_for 10 lib_gone "$pid"
		bg_wait strace || [ $? -ge 128 ]
		vnetd_pid=''
		wait "$pid" 2>/dev/null || [ $? -gt 128 ]
		objects >"$T/objects"
		start_vnetd
		ctl flush
		flushed "killed at call $number"
		stop_vnetd
	done
else
	skip 'flush after kills in the midst of changes' 'there is no strace'
fi
finish
