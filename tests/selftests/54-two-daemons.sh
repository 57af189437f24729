#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A second vnetd over the same state refuses to start and touches nothing; one with an instance, a state
# and a socket of its own runs beside the first, and neither touches what is the other's.
# Fault 4.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# Starts another daemon in the foreground, for it is to fail.
second() { # ARGUMENT...
	timeout 10 vnetd --config "$T/etc2" --socket "$T/vnetd2.sock" --state "$T/state" --bpffs "$T/bpf/vnet" "$@"
}

ctl2() {
	vnetctl -s "$T/vnetd2.sock" "$@"
}

ready2() {
	ctl2 status
}

attached() { # by the first one: its pins, and its links as they are
	local pin

	find "$T/bpf/vnet/default" -type f | sort
	for pin in "$T"/bpf/vnet/default/links/*; do
		bpftool -j link show pinned "$pin"
	done
}

reaches() { # TEXT
	ok "$1: frames of the first pass" ping -q -c 1 -W 2 192.0.2.2
}

ns far
veth s0 - s1 far "$(mac 9)" "$(mac 2)"
veth t0 - t1 far "$(mac 8)" "$(mac 4)"
mkdir "$T/etc2"
in_ns far ip addr add 192.0.2.2/24 dev s1
in_ns far ip addr add 198.51.100.2/24 dev t1
neighbour far s1 192.0.2.1 "$(mac 1)"
neighbour far t1 198.51.100.1 "$(mac 3)"
start_vnetd
ctl vnet add vnet0 address "$(mac 1)"
ctl resource add vnet0 sv type service dev s0
ip addr add 192.0.2.1/24 dev vnet0
neighbour - vnet0 192.0.2.2 "$(mac 2)"
reaches 'alone'

# --- the same state ---

printf '[VNet]\nName=v9\n' >"$T/etc2/v9.vnet"
before=$(attached)
refused 'a second one over the same state' 1 \
	"another vnetd is running as instance default with state $T/state; stop it, or give another" second
is 'it says one line' "$(wc -l <"$T/err.log")" 1
is 'it has attached nothing' "$(attached)" "$before"
is 'it has made no socket' "$(find "$T/vnetd2.sock" 2>/dev/null || [ $? -eq 1 ])" ''
refused 'a second one on the same socket' 1 "vnetd.sock" \
	second --state "$T/state2" --instance second --socket "$T/vnetd.sock"
ok 'the first one still answers' ctl status
is 'it has attached nothing either' "$(attached)" "$before"
rm "$T/etc2/v9.vnet"
reaches 'after both'
kill_vnetd KILL
start_vnetd
is 'what a killed one had is free for the next' "$(json '.[0].name' vnet show)" vnet0
before=$(attached) # by new programs

# --- its own state ---

bg second vnetd --config "$T/etc2" --socket "$T/vnetd2.sock" --state "$T/state2" --bpffs "$T/bpf/vnet" \
	--instance second
ok 'a second one with an instance, a state and a socket of its own' wait_for 10 ready2
is 'it has nothing' "$(ctl2 -j vnet show)" '[]'
is 'it knows its name' "$(ctl2 -j status | jq -r .instance)" second
ok 'a vnet of its own' ctl2 vnet add v2 address "$(mac 3)"
ok 'a resource of its own' ctl2 resource add v2 sv type service dev t0
ip addr add 198.51.100.1/24 dev v2
neighbour - v2 198.51.100.2 "$(mac 4)"
ok 'frames of the second pass' ping -q -c 1 -W 2 198.51.100.2
reaches 'beside the second'
is 'nothing of the first has changed' "$(attached)" "$before"
fails 'a name that the first one has' 2 'vnet0' ctl2 vnet add vnet0
fails "the second knows nothing of the first's" 2 'there is no vnet "vnet0"' ctl2 vnet del vnet0

ok 'the second one is flushed' ctl2 flush
is 'nothing of it is left' "$(find "$T/bpf/vnet/second" 2>/dev/null || [ $? -eq 1 ])" ''
is 'nothing of the first has gone' "$(attached)" "$before"
reaches 'after that'
ok 'the second one ends' bg_stop second
reaches 'and alone again'
finish
