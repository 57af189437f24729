#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# While 200 pairs of devices are made, flap and are deleted, many of them devices of resources, traffic
# goes on, the state of every resource is right within a second of the last change, and nothing leaks.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=held.sh
. "$(dirname "$0")/held.sh"

readonly pairs=200 guests=40

# The words for ip -batch.
make() { # FIRST LAST
	local i

	for ((i = $1; i <= $2; i++)); do
		echo "link add d$i type veth peer name e$i"
		echo "link set e$i up"
		[ $((i % 3)) = 0 ] || echo "link set d$i up"
	done
}

flap() { # FIRST LAST
	local i

	for ((i = $1; i <= $2; i++)); do
		echo "link set e$i down"
		echo "link set d$i mtu $((1500 + i))"
		echo "link set e$i up"
	done
}

delete() { # FIRST LAST STEP
	local i

	for ((i = $1; i <= $2; i += $3)); do
		echo "link del d$i"
	done
}

states() { # how many guests there are in each state, and how many of them are bound to a device
	json 'map(select(.type == "guest")) | "\(group_by(.state) | map("\(.[0].state) \(length)") | join(", ")), \(
		map(select(.ifindex > 0)) | length) bound"' resource show vnet0
}

states_are() { # TEXT
	[ "$(states)" = "$1" ]
}

right() { # TEXT STATES
	local began=${EPOCHREALTIME/./}

	ok "$1: the states are right within a second" wait_for 1 states_are "$2"
	is "$1: they are" "$(states)" "$2"
	echo "# $1: after $(((${EPOCHREALTIME/./} - began) / 1000)) ms"
}

held() {
	held_files
	held_pins
	echo "ports $(held_entries ports)"
}

ns far
veth s0 - s1 far "$(mac 200)"
start_vnetd
ctl vnet add vnet0 address "$(mac 1)" hold-down 0
ctl resource add vnet0 sv type service dev s0
wait_for 5 state_is vnet0 sv up
before=$(held)

bg_ready recv in_ns far stream recv --dev s1 --promisc
bg send stream send --dev vnet0 --dst "$(mac 99)" --rate 2000 --seconds 3600

for ((i = 0; i < guests; i++)); do
	echo "resource add vnet0 g$i type guest dev d$i peer 02:00:00:00:01:$(printf %02x "$i")"
done >"$T/guests"
ok 'the guests are added' ctl -b "$T/guests"
is 'all of them wait' "$(states)" "waiting $guests, 0 bound"

for round in 1 2; do
	make 0 $((pairs - 1)) >"$T/batch"
	flap 0 $((pairs - 1)) >>"$T/batch"
	[ $round = 2 ] || delete 0 $((pairs - 1)) 1 >>"$T/batch"
	[ $round != 2 ] || delete 0 $((pairs - 1)) 2 >>"$T/batch"
	ip -batch "$T/batch"
	[ $round = 2 ] || right "round $round, all deleted" "waiting $guests, 0 bound"
done
right 'every other one deleted' "up $((guests / 2)), waiting $((guests / 2)), $((guests / 2)) bound"
is 'one that is there carries' "$(json .reason path vnet0 02:00:00:00:01:01)" guest
is 'one that is not is reached over the service' "$(json .reason path vnet0 02:00:00:00:01:02)" \
	guest-over-service

# Several at the same time, from different processes.
for part in 0 1 2 3; do
	{
		delete $((part * 50 + 1)) $((part * 50 + 49)) 2
		make $((part * 50)) $((part * 50 + 49))
		flap $((part * 50)) $((part * 50 + 49))
	} >"$T/batch.$part"
	bg "churn$part" ip -batch "$T/batch.$part"
done
for part in 0 1 2 3; do
	bg_wait "churn$part" 30
done
right 'all made again' "up $guests, $guests bound"
delete 0 $((pairs - 1)) 1 >"$T/batch"
ip -batch "$T/batch"
right 'all deleted' "waiting $guests, 0 bound"

bg_stop send
bg_wait recv
is 'no frame over the service is lost' "$(out recv | jq -c '[.lost, .duplicated]')" '[0,0]'
sed 's/resource add vnet0 \(g[0-9]*\).*/resource del vnet0 \1/' "$T/guests" >"$T/remove"
ok 'the guests are removed' ctl -b "$T/remove"
is 'nothing is left of them' "$(held)" "$before"
finish
