#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An administrator removes a provider's resource, its vnet, everything, or its tap alone: the provider is stopped
# and told, and goes on; neither this nor fifty registrations leave anything behind.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=provider.sh
. "$(dirname "$0")/provider.sh"
# shellcheck source=held.sh
. "$(dirname "$0")/held.sh"

last_state_is() { # NAME STATE
	[ "$(grep '^state ' "$T/$1.out" | tail -n 1)" = "state $2" ]
}

# All that could be left; the connection of a client that asks just now is counted as well. New devices have new
# numbers, and the state file is there for a moment only.
held() {
	local map

	find "/proc/$vnetd_pid/fd" -mindepth 1 -printf '%l\n' | grep -v '\.json' | sed 's/[0-9]*\]$//' | sort | uniq -c
	held_pins | sed 's/-[0-9]*$//'
	for map in fdb devices vlans; do
		echo "$map $(held_entries "$map")"
	done
	ip -o link show | sed 's/^[0-9]*: \([^:@]*\).*/\1/'
}

held_like() { # FILE
	held >"$T/held.now" && diff "$1" "$T/held.now" >"$T/held.diff"
}

held_twice() {
	held >"$T/held.first" && held_like "$T/held.first"
}

# What must be the same later on; polled, for a connection takes a moment to be closed.
remember() { # WHEN
	wait_for 5 held_twice
	cp "$T/held.now" "$T/held.$1"
}

same() { # TEXT WHEN
	if wait_for 5 held_like "$T/held.$2"; then
		pass "$1"
	else
		fail "$1" "$(cat "$T/held.diff")"
	fi
}

kinds_start() {
	provider sv --type service --name sv
	provider g1 --type guest --name g1 --peer "$(mac 2)" --device dev0
	provider hy --type hybrid --name hy --queues 2 --threads 2
	for name in sv g1 hy; do
		hears "$1: $name is started" $name started
	done
}

told() { # TEXT NAME
	hears "$1: $2 is stopped" "$2" stopped
	ok "$1: $2 is told that it is removed" wait_for 5 last_state_is "$2" removed
}

kinds_end() { # TEXT NAME...
	local text=$1 name

	shift
	for name in "$@"; do
		ok "$text: $name goes on: it can be told something" tell "$name" update
		tell "$name" down
		tell "$name" send 10 60
		hush "$name"
		like "$text: $name says that it is removed" "$(provider_status "$name")" '^status removed '
		tell "$name" unreg
		hears "$text: $name unregisters" "$name" unregistered
		is "$text: $name: no entry point is called any more" "$(said "$name")" ''
		ok "$text: $name ends" provider_end "$name"
		is "$text: $name: mc_tx() was called when it may be" "$(jq .unasked "$T/$name")" 0
	done
}

ip link add dev0 type veth peer name dev1
ip link set dev0 up
ip link set dev1 up
start_vnetd
ctl vnet add vnet0 address $mac_local announce-count 0
ip link set vnet0 up
remember before

# --- one by one ---

kinds_start 'resource del'
for name in sv g1 hy; do
	ok "resource del: $name" ctl resource del vnet0 $name
	told 'resource del' $name
	ok "resource del: $name is gone" resource_gone vnet0 $name
done
is 'resource del: no tap is left' "$(taps)" ''
hush sv
tell sv reg
hears 'resource del: it can be registered anew' sv started
provider_end sv
kinds_end 'resource del' g1 hy
same 'resource del: nothing is left' before

# --- with the vnet ---

kinds_start 'vnet del'
ok 'vnet del' ctl vnet del vnet0
for name in sv g1 hy; do
	told 'vnet del' $name
done
is 'vnet del: no tap is left' "$(taps)" ''
kinds_end 'vnet del' sv g1 hy
ctl vnet add vnet0 address $mac_local announce-count 0
ip link set vnet0 up
same 'vnet del: nothing is left' before

# --- everything ---

kinds_start 'flush'
ok 'flush' ctl flush
for name in sv g1 hy; do
	told 'flush' $name
done
is 'flush: no tap is left' "$(taps)" ''
is 'flush: no pin is left' "$(held_pins)" ''
kinds_end 'flush' sv g1 hy
ctl vnet add vnet0 address $mac_local announce-count 0
ip link set vnet0 up
same 'flush: nothing is left' before

# --- the tap alone: another one is made ---

kinds_start 'tap deleted'
first=$(json '.[0].ifindex' resource show vnet0 hy)
another_tap() {
	local now

	now=$(json '.[0] | "\(.state) \(.ifindex)"' resource show vnet0 hy)
	[[ $now == up\ * && $now != "up $first" ]] && last_state_is hy started
}
ip link del "$(provider_device hy)"
ok 'tap deleted: another one is made' wait_for 5 another_tap
bg_ready recv stream recv --dev vnet0 --count 100 --timeout 20
tell hy send 100 60
ok 'tap deleted: frames come in by it' bg_wait recv 25
stream send --dev vnet0 --dst "$(mac 7)" --rate 10000 --count 100 --ends 0 >"$T/send.out"
got_all() {
	[ "$(counted hy received)" = 100 ]
}
ok 'tap deleted: and out' wait_for 5 got_all
is 'tap deleted: the others were not touched' "$(grep -c '^started$' "$T/sv.out") $(grep -c '^started$' "$T/g1.out")" '1 1'
for name in sv g1 hy; do
	ok "tap deleted: $name ends" provider_end $name
done
same 'tap deleted: nothing is left' before

# --- again and again ---

fds() { # PID
	find "/proc/$1/fd" -mindepth 1 | wc -l
}

provider many --type hybrid --queues 4 --threads 2 --name many
provider wires --type service --device dev0 --name wires
hears 'rounds: started' many started
hears 'rounds: the netdev, too' wires started
in_program=$(fds "$(bg_pid many)")
remember rounds
for ((i = 0; i < 50; i++)); do
	for name in many wires; do
		tell $name unreg
		tell $name reg
	done
done
hush many
ok 'rounds: up at the end' wait_for 5 state_is vnet0 many up
ok 'rounds: the netdev, too' wait_for 5 state_is vnet0 wires up
is 'rounds: as many registrations' "$(grep -c '^registered' "$T/many.out") $(grep -c '^registered' "$T/wires.out")" '51 51'
same 'rounds: vnetd holds what it held' rounds
is 'rounds: so does the program' "$(fds "$(bg_pid many)")" "$in_program"
not_ok 'rounds: no entry point was called that must not be' grep '^unasked' "$T/many.out"
ok 'rounds: it ends' provider_end many
ok 'rounds: the netdev, too' provider_end wires
same 'rounds: nothing is left' before
finish
