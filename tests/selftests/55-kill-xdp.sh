#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vnetd is killed again and again while XDP carries numbered streams: no frame is lost or doubled.
# Fault 1. VNET_KILLS: how many times (20).
# vnet-test: alone
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
rate=20000
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"

xdp_attached() {
	[ "$(json '[.[].resources[] | select(.attached == "xdp")] | length' vnet show vnet0)" -eq 3 ]
}

world_make
start_vnetd
[ "$(json .features.carrier_check status)" = true ] || skip_all 'XDP does not serve veth on this kernel'
world_vnets
channel_add
ctl resource add vnet0 vf type hybrid dev h0
ctl vnet set vnet0 mode xdp
traffic_start
# TCP, which XDP carries frame by frame, overruns the 256 places of a veth's ring, with vnetd or without.
bg_stop send-tcp || [ $? -gt 128 ]
traffic_settle
ok 'XDP is at all resources' xdp_attached
before=$(lost)

for _ in $(seq "${VNET_KILLS:-20}"); do
	kill_vnetd KILL
	start_vnetd
done
traffic_settle
is 'fault 1: no frame is lost' "$(($(lost) - before))" 0
ok 'it is still there' xdp_attached
for stream in $streams; do
	is "none of \"$stream\" is doubled" "$(value "recv-$stream" duplicated)" 0
done
finish
