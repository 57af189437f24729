#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A device that is deleted while it is being registered, at whatever moment of it: the registration is refused or
# the resource waits, and nothing of it is left (fault 27).
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=held.sh
. "$(dirname "$0")/held.sh"

readonly guest_calls='bpf sendmsg sendto fsync' # maps and programs, netlink, the state file
readonly xdp_calls='sendmsg ioctl' # netlink, offloads

command -v strace >/dev/null || skip_all 'strace is not installed'

# What may be looked at often.
held() {
	held_pins
	echo "fdb $(held_entries fdb) devices $(held_entries devices)"
	ip -o link show | sed 's/^[0-9]*: //; s/ \(qdisc\|state\|qlen\) [^ ]*//g'
	ctl -j resource show
}

# strace says when it has stopped vnetd, and where.
stopped() {
	grep -q -- '--- stopped by SIGSTOP' "$T/strace"
}

attached() {
	grep -q "^strace: Process $vnetd_pid attached" "$T/tracer.err"
}

# vnetd will stop at its N-th such call from now on, if it makes so many.
trap_at() { # CALL N
	: >"$T/strace"
	bg tracer strace -f -o "$T/strace" -e "trace=$1" -e "inject=$1:signal=STOP:when=$2" -p "$vnetd_pid"
	wait_for 10 attached || { echo "# strace does not attach"; return 1; }
}

added() {
	! bg_running add || stopped
}

# Sets `reached` to whether the registration makes so many calls, and `status` to what it ended with.
add_and_delete() { # CALL N WORD...
	reached='' status=0
	trap_at "$1" "$2"
	shift 2
	bg add vnetctl -s "$T/vnetd.sock" resource add vnet0 x dev x0 "$@"
	wait_for 10 added
	if stopped; then
		reached=yes
		ip link del x0
		kill -CONT "$vnetd_pid"
	fi
	bg_wait add || status=$?
	bg_stop tracer || [ $? -gt 128 ]
}

waits() {
	[ "$(json '.[0] | "\(.state) \(.ifindex)"' resource show vnet0 x)" = 'waiting 0' ]
}

held_is() {
	[ "$(held)" = "$before" ]
}

# It is one or the other: refused as a whole, or there and waiting for its device.
right() { # TEXT
	if [ "$status" -eq 0 ]; then
		ok "$1: taken, it waits" wait_for 5 waits
		ctl resource del vnet0 x
	else
		like "$1: refused with words that name the device" "$(cat "$T/add.err")" 'x0'
		is "$1: it is not there" "$(json 'map(select(.name == "x")) | length' resource show vnet0)" 0
	fi
	ok "$1: nothing is left" wait_for 5 held_is
	held_is || diff <(echo "$before") <(held) | sed 's/^/# /' || [ $? -eq 1 ]
	kill -0 "$vnetd_pid"
}

make() {
	ip link add x0 address "$(mac 80)" mtu 1400 type veth peer name x1
}

# One registration after the other, the device gone at each of its calls of one kind. Counts in `moments`.
each_of() { # CALL TEXT WORD...
	local call=$1 text=$2 n=0

	shift 2
	reached=yes
	while [ -n "$reached" ]; do
		n=$((n + 1))
		make
		add_and_delete "$call" $n "$@"
		[ -z "$reached" ] || right "$text, deleted at $call $n"
	done
	is "$text, not deleted at $call $n: it is there" "$status" 0
	ctl resource del vnet0 x
	ip link del x0
	moments=$((moments + n - 1))
}

# Devices that the programs know, and open files.
held_rest() {
	bpftool -j map dump pinned "$T/bpf/vnet/default/maps/ports" | jq '[.[] | select(.formatted.value.vnet != 0)] | length'
	held_files
}

# Each moment of a registration.
each_call() { # TEXT "CALL..." WORD...
	local text=$1 calls=$2 call moments=0 rest

	shift 2
	make
	ctl resource add vnet0 x dev x0 "$@"
	ctl resource del vnet0 x
	ip link del x0
	before=$(held) rest=$(held_rest)
	for call in $calls; do
		each_of "$call" "$text" "$@"
	done
	is "$text: nor is anything else left" "$(held_rest)" "$rest"
	cmp_num "$text: there were moments to be deleted at" "$moments" -gt 4
}

ns far
veth s0 - s1 far
start_vnetd
ctl vnet add vnet0 address "$(mac 1)"
ctl resource add vnet0 sv type service dev s0
wait_for 10 state_is vnet0 sv up

# fault 27
each_call 'a guest' "$guest_calls" type guest peer "$(mac 2)"
ctl vnet set vnet0 mode xdp
each_call 'a hybrid of mode xdp' "$xdp_calls" type hybrid
ok 'the vnet carries as before' state_is vnet0 sv up

finish
