#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 500 guests of one vnet are registered by one batch file, restarted with, and removed again; nothing of
# them is left. Every fifth has a device: each device costs the kernel a grace period of RCU, twice.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=held.sh
. "$(dirname "$0")/held.sh"

readonly guests=500 devices=100

peer() { # NUMBER
	printf '02:00:00:01:%02x:%02x\n' $(($1 / 256)) $(($1 % 256))
}

devices() { # all of them, with what a resource changes
	ip -j link show | jq -c '.[] | select(.ifname | test("^[de][0-9]+$")) |
		[.ifname, .address, .mtu, (.flags | sort)]' | sort
}

held() {
	held_files
	held_pins
	for map in ports fdb counters; do
		echo "$map $(held_entries $map)"
	done
}

states() {
	json 'map(select(.type == "guest")) | group_by(.state) | map("\(.[0].state) \(length)") | join(", ")' \
		resource show
}

timed() { # TEXT COMMAND...
	local text=$1 began=${EPOCHREALTIME/./}

	shift
	ok "$text" "$@"
	echo "# $text: $(((${EPOCHREALTIME/./} - began) / 1000)) ms"
}

for ((i = 0; i < guests; i += guests / devices)); do
	echo "link add d$i type veth peer name e$i"
	echo "link set d$i up"
	echo "link set e$i up"
done >"$T/links"
ip -batch "$T/links"
veth s0 - s1 -
start_vnetd --state /run/vnetd # in memory, as it is by default
ctl vnet add vnet0 address "$(mac 1)"
ip link set vnet0 up
ctl resource add vnet0 sv type service dev s0
before=$(held) devices_before=$(devices)

for ((i = 0; i < guests; i++)); do
	echo "resource add vnet0 g$i type guest dev d$i peer $(peer $i)"
done >"$T/add"
timed "$guests guests are added" ctl -b "$T/add"
is 'those with a device are up, the others wait' "$(states)" "up $devices, waiting $((guests - devices))"
is 'all are in the FDB' "$(json 'length' fdb show)" $guests
for i in 0 250 260 $((guests - 10)); do
	is "guest $i is reached" "$(json '"\(.reason) \(.resource)"' path vnet0 "$(peer $i)")" "guest g$i"
	received=$(cat "/sys/class/net/e$i/statistics/rx_packets")
	frame send --dev vnet0 --hex "$(peer $i) $(mac 1) 88b5" --pad 60
	is "guest $i gets its frame" "$(cat "/sys/class/net/e$i/statistics/rx_packets")" $((received + 1))
done
is 'a guest that waits is reached over the service' "$(json .reason path vnet0 "$(peer 1)")" guest-over-service
fails 'one more with a MAC that is taken' 2 'g255' \
	ctl resource add vnet0 more type guest dev nowhere peer "$(peer 255)"

shown=$(ctl -j resource show)
kill_vnetd KILL
timed 'vnetd starts with them' start_vnetd --state /run/vnetd
is 'all are as they were' "$(ctl -j resource show)" "$shown"

for ((i = guests - 1; i >= 0; i--)); do
	echo "resource del vnet0 g$i"
done >"$T/del"
timed "$guests guests are removed" ctl -b "$T/del"
nothing_left() { [ "$(held)" = "$before" ]; }
ok 'nothing of them is left, as soon as the kernel has let go' wait_for 30 nothing_left
is 'their devices are as they were' "$(devices)" "$devices_before"

# The same by removing the vnet under them.
ctl -b "$T/add"
timed 'the vnet is removed with them' ctl vnet del vnet0
is 'no resource is left' "$(ctl -j resource show)" '[]'
is 'their devices are as they were then, too' "$(devices)" "$devices_before"
finish
