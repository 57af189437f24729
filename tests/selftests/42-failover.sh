#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# When a resource's carrier is lost, its device set down or deleted, or the namespace behind it is
# deleted, traffic goes on over the next path within 500 ms, and returns when the resource does.
# fault 26 (a resource is deleted), fault 31 (the namespace of its peer is).
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
rate=10000 rate_back=5000
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"

# A fault or its end, and the ways that frames to the guest and to outside have to take then. What
# comes back has to be found out by the LAN, so its losses are told and not judged.
step() { # TEXT WAY-TO-GUEST WAY-TO-OUTSIDE COMMAND...
	local text=$1 way1=$2 way2=$3 stream frames outage=0 told=''
	local -A before=()

	shift 3
	for stream in $streams; do
		before[$stream]=$(value "recv-$stream" lost)
	done
	"$@"
	ok "$text: the way to the guest is $way1" wait_for 5 path_is vnet0 $mac1 "$way1"
	ok "$text: the way to outside is $way2" wait_for 5 path_is vnet0 $mac_out "$way2"
	traffic_settle
	for stream in $streams; do
		frames=$(($(value "recv-$stream" lost) - before[$stream]))
		told+=" $frames ($stream)"
		[ "$stream" != back ] || continue
		[ $((frames * 1000 / rate)) -le $outage ] || outage=$((frames * 1000 / rate))
	done
	echo "# $text: lost$told, outage $outage ms"
	cmp_num "$text: the outage" $outage -lt 500
}

reason_is() { # RESOURCE REASON
	is "$1: the reason is told" "$(json '.[0].reason' resource show vnet0 "$1")" "$2"
}

lan_forwards() { # DEVICE: does the LAN's bridge use it?
	in_ns outside ip -d link show "$1" | grep -q 'bridge_slave state forwarding'
}

world_make
# A hybrid whose wire to the LAN leads through a namespace that can be deleted.
ns relay
wire h2 r2 relay
veth r-lan relay lan-h2 outside
bridge relay relay r2 r-lan
# One whose ends have the same ifindex: the kernel's news of its carrier may be a second late.
ip link add h3 index 900 type veth peer name lan-h3 index 900 netns outside
in_ns outside ip link set lan-h3 up
for device in lan-h2 lan-h3; do
	in_ns outside ip link set $device master lan
done
start_vnetd
world_vnets
channel_add
ctl resource add vnet0 relayed type hybrid dev h2 priority 10
ctl resource add vnet0 late type hybrid dev h3 priority 20
ctl resource add vnet0 a type hybrid dev h0 priority 30
ctl resource add vnet0 b type hybrid dev h1 priority 40
wait_for 5 path_is vnet0 $mac_out 'hybrid relayed'
traffic_start

step 'namespace behind the hybrid deleted' 'guest g1' 'hybrid late' ns_del relay
ok 'and the hybrid waits' wait_for 5 state_is vnet0 relayed waiting

step 'carrier lost' 'guest g1' 'hybrid a' in_ns outside ip link set lan-h3 down
reason_is late 'device h3 has no carrier'
in_ns outside ip link set lan-h3 up
ok 'carrier back' wait_for 5 path_is vnet0 $mac_out 'hybrid late'
ok 'and the LAN uses it' wait_for 5 lan_forwards lan-h3
traffic_settle
step 'carrier lost at once again' 'guest g1' 'hybrid a' in_ns outside ip link set lan-h3 down

step 'hybrid set down' 'guest g1' 'hybrid b' ip link set h0 down
reason_is a 'device h0 is down'
step 'hybrid set up' 'guest g1' 'hybrid a' ip link set h0 up
step 'hybrid deleted' 'guest g1' 'hybrid b' ip link del h0
step 'carrier of the service lost' 'guest g1' 'hybrid b' in_ns vswitch ip link set vs0 down
step 'carrier of the service back' 'guest g1' 'hybrid b' in_ns vswitch ip link set vs0 up
step 'last hybrid deleted' 'guest g1' 'service sv' ip link del h1

step 'carrier of the guest lost' 'guest-over-service sv' 'service sv' ip link set c1 down
reason_is g1 'device c0 has no carrier'
step 'carrier of the guest back' 'guest g1' 'service sv' ip link set c1 up
step 'guest set down' 'guest-over-service sv' 'service sv' ip link set c0 down
step 'guest set up' 'guest g1' 'service sv' ip link set c0 up
step 'guest deleted' 'guest-over-service sv' 'service sv' ip link del c0

wire h0 lan-h0 outside
step 'hybrid made again' 'guest-over-service sv' 'hybrid a' in_ns outside ip link set lan-h0 master lan

traffic_end 'all faults' may-lose
finish
