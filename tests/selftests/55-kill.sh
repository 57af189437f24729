#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vnetd is killed again and again under numbered streams: no frame is lost or doubled, and its descriptors
# and the kernel's maps, links and programs of it are as many as at first. It is stopped while the hybrid
# fails. Faults 1, 3, 7 and 10. VNET_KILLS: how many times (30; the long version has 1000).
# vnet-test: alone
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=held.sh
. "$(dirname "$0")/held.sh"
rate=20000 # there is to be time for the starts as well
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"

pins=$T/bpf/vnet/default

ids() { # maps|links KIND: of all that is pinned
	local pin

	for pin in "$pins/$1"/*; do
		echo "${pin##*/} $(bpftool -j "$2" show pinned "$pin" | jq '[.] | flatten | .[0].id')"
	done
}

programs() { # loaded by the pinned ones' names, in the whole kernel, over our maps
	local maps

	maps=$(ids maps map | awk '$1 == "vnets" { print $2 }')
	bpftool -j prog show | jq "[.[] | select(.map_ids // [] | index($maps))] | length"
}

programs_are() {
	[ "$(programs)" = "$1" ]
}

world_make
start_vnetd
world_vnets
channel_add
ctl resource add vnet0 vf type hybrid dev h0
traffic_start
stop_vnetd
start_vnetd # with all there is
maps=$(ids maps map) links=$(ids links 'link') files=$(held_files) pinned=$(held_pins) programs=$(programs)
shown=$(snapshot)

for _ in $(seq "${VNET_KILLS:-30}"); do
	kill_vnetd KILL # as the kernel does when memory is short: fault 10
	start_vnetd
done
traffic_settle
ok 'fault 1: no frame is lost' wait_for 5 lost_at_most 0
is 'fault 1: the same links' "$(ids links 'link')" "$links"
is 'fault 7: the same maps' "$(ids maps map)" "$maps"
is 'fault 7: the same pins' "$(held_pins)" "$pinned"
is 'fault 7: as many descriptors' "$(held_files)" "$files"
ok 'fault 7: as many programs in the kernel' wait_for 10 programs_are "$programs"
is 'fault 10: it shows what it showed' "$(snapshot)" "$shown"

# --- fault 3: it stands still, and the hybrid loses its carrier ---

if [ "$(json .features.carrier_check status)" = true ]; then
	kill -STOP "$vnetd_pid"
	in_ns outside ip link set lan-h0 down
	wait_for 10 stream_past outside $(($(value send-outside sent) + rate / 2))
	fails 'fault 3: vnetctl says that it got no answer' 4 'vnetd did not answer within 1 second' \
		vnetctl -s "$T/vnetd.sock" -t 1 status
	before=$(lost)
	wait_for 10 stream_past outside $(($(value send-outside sent) + rate / 2))
	is 'fault 3: no frame is lost that could be carried' "$(lost)" "$before"
	cmp_num 'fault 3: nor in the very moment, 1 ms of them' "$(lost)" -le $((rate / 1000 + 1))
	kill -CONT "$vnetd_pid"
	ok 'fault 3: when it goes on it knows' wait_for 5 state_is vnet0 vf down
	traffic_end 'after all of it' may-lose
else
	skip 'fault 3: frames find their way without vnetd' 'the kernel has no carrier check'
	traffic_end 'after all of it'
fi
finish
