#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vnetd is stopped, killed and started under 100,000 frames a second and a TCP transfer: no frame is
# lost or doubled, and what is in the kernel stays what it was.
# vnet-test: alone
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=held.sh
. "$(dirname "$0")/held.sh"
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"

pins=$T/bpf/vnet/default

links() { # name and id of each
	local pin

	for pin in "$pins"/links/*; do
		echo "${pin##*/} $(bpftool -j link show pinned "$pin" | jq '.id // .[0].id')"
	done
}

maps() {
	local pin

	for pin in "$pins"/maps/*; do
		echo "${pin##*/} $(bpftool -j map show pinned "$pin" | jq .id)"
	done
}

programs() {
	local pin

	for pin in "$pins"/programs/*; do
		bpftool -j prog show pinned "$pin" | jq .id
	done
}

is_free() { # a program's number
	! bpftool prog show id "$1"
}

frames() { # that the service, the hybrid and the guest of vnet0 have sent
	json '[.[0].resources[].opackets] | add' stats vnet0
}

world_make
start_vnetd
world_vnets
channel_add
ctl resource add vnet0 vf type hybrid dev h0
traffic_start

restart() { # TEXT COMMAND...: that ends vnetd
	local text=$1 before_links before_maps before_frames before_shown

	shift
	before_links=$(links) before_maps=$(maps) before_frames=$(frames)
	before_shown=$(snapshot)
	"$@"
	traffic_settle
	ok "$text: frames pass while it is away" wait_for 5 lost_at_most 0
	ok "$text: it starts" start_vnetd
	is "$text: it shows what it showed" "$(snapshot)" "$before_shown"
	is "$text: the links are the same" "$(links)" "$before_links"
	is "$text: the maps are the same" "$(maps)" "$before_maps"
	cmp_num "$text: the counters go on" "$(frames)" -gt "$before_frames"
	traffic_settle
	ok "$text: no frame is lost" wait_for 5 lost_at_most 0
}

restart 'stopped and started' stop_vnetd
restart 'killed and started' kill_vnetd KILL

maps_before=$(maps) links_before=$(links) files_before=$(held_files) old_programs=()
for i in {1..20}; do
	mapfile -t -O ${#old_programs[@]} old_programs < <(programs)
	if [ $((i % 2)) = 0 ]; then
		stop_vnetd
	else
		kill_vnetd KILL
	fi
	start_vnetd
done
traffic_settle
ok '20 restarts: no frame is lost' wait_for 5 lost_at_most 0
is '20 restarts: the links are the same' "$(links)" "$links_before"
is '20 restarts: the maps are the same' "$(maps)" "$maps_before"
is '20 restarts: as many files are open' "$(held_files)" "$files_before"
still=()
for program in "${old_programs[@]}"; do
	wait_for 5 is_free "$program" || still+=("$program")
done
is '20 restarts: no program of an earlier one is left' "${still[*]}" ''
is '20 restarts: there were such programs' ${#old_programs[@]} $((20 * $(programs | wc -l)))

traffic_end 'all restarts'
cmp_num 'the senders have kept up' "$(sent_rate)" -ge 95000
finish
