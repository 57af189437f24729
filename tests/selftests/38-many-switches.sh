#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Planned switches, one right after the other, under 100,000 frames a second: none is lost, none doubled, and what
# overtakes is what was under way at a switch (fault 45).
# From the environment: VNET_SWITCHES, how many.
# vnet-test: alone
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"

readonly switches=${VNET_SWITCHES:-10000} step=100 in_flight=64 # frames that a switch may find under way

world_make
start_vnetd
world_vnets
channel_add
ctl resource add vnet0 a type hybrid dev h0 priority 10
ctl resource add vnet0 b type hybrid dev h1 priority 20
wait_for 10 path_is vnet0 $mac_out 'hybrid a'
wait_for 10 path_is vnet0 $mac1 'guest g1'
# What comes back has to be found out by the LAN; what vnet0 sends is what is promised here.
streams='guest outside'
bg_ready recv-guest in_ns guest stream recv --dev v1 --id 1 --status "$T/recv-guest"
bg_ready recv-outside in_ns outside stream recv --dev lan --id 2 --status "$T/recv-outside"
bg send-guest stream send --dev vnet0 --dst $mac1 --id 1 --rate "$rate" --seconds 3600 --status "$T/send-guest"
bg send-outside stream send --dev vnet0 --dst $mac_out --id 2 --rate "$rate" --seconds 3600 --status "$T/send-outside"
for stream in $streams; do
	wait_for 10 stream_past "$stream" 0
done

# Four lines, of which each moves one of the two streams to another resource.
for ((i = 0; i < step; i += 4)); do
	echo 'resource set vnet0 a admin down'
	echo 'resource set vnet0 g1 admin down'
	echo 'resource set vnet0 a admin up'
	echo 'resource set vnet0 g1 admin up'
done >"$T/batch"
counted=$(json '.[0].switches' stats vnet0)
done_=0 begun=${EPOCHREALTIME/./}
while [ $done_ -lt "$switches" ]; do
	ctl -b "$T/batch"
	done_=$((done_ + step))
done
spent_ms=$(((${EPOCHREALTIME/./} - begun) / 1000))
traffic_settle
echo "# $done_ switches in $spent_ms ms, $(sent_rate) frames a second"
cmp_num 'the hybrids have been switched as often' $(($(json '.[0].switches' stats vnet0) - counted)) -ge $((done_ / 2))
for stream in $streams; do
	stream_end "$done_ switches" "$stream"
	late=$(value "recv-$stream" reordered)
	echo "# $stream: $late frames overtaken"
	cmp_num "$done_ switches: what overtakes in \"$stream\" is bounded" "$late" -le $((done_ * in_flight))
done
is 'every switch is answered, and the ways are as at first' \
	"$(json .resource path vnet0 $mac_out) $(json .resource path vnet0 $mac1)" 'a g1'

finish
