#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# With vnetd dead, the programs notice by themselves that a device has lost its carrier, is down or is
# gone, and that it is back. Without that check, vnetd does it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
rate=10000
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"
streams="guest outside"
readonly late=200 # frames: 20 ms, for what was under way in the device

traffic_begin() {
	bg_ready recv-guest in_ns guest stream recv --dev v1 --id 1 --status "$T/recv-guest"
	bg_ready recv-outside in_ns outside stream recv --dev lan --id 2 --status "$T/recv-outside"
	bg send-guest stream send --dev vnet0 --dst $mac1 --id 1 --rate "$rate" --seconds 3600 \
		--status "$T/send-guest"
	bg send-outside stream send --dev vnet0 --dst $mac_out --id 2 --rate "$rate" --seconds 3600 \
		--status "$T/send-outside"
	for stream in $streams; do
		wait_for 10 stream_past "$stream" 0
	done
}

sent_by() { # DEVICE
	echo "$(<"/sys/class/net/$1/statistics/tx_packets")"
}

# Of both streams each device carries as many as it should, while some arrive.
carried_by() { # TEXT DEVICE...
	local text=$1 device
	local -A before=()

	shift
	for device in "$@"; do
		before[$device]=$(sent_by "$device")
	done
	traffic_settle
	for device in "$@"; do
		cmp_num "$text: $device carries" $(($(sent_by "$device") - before[$device])) -ge $((rate / 20))
	done
}

fault() { # TEXT DEVICES COMMAND...
	local text=$1 devices=$2 before after

	shift 2
	before=$(lost)
	"$@"
	traffic_settle
	after=$(lost)
	cmp_num "$text: frames that are lost" $((after - before)) -le $late
	# shellcheck disable=SC2086
	carried_by "$text" $devices
}

back() { # TEXT DEVICES COMMAND...: the LAN is in no hurry to use a wire that is back
	local text=$1 devices=$2

	shift 2
	"$@"
	traffic_settle
	# shellcheck disable=SC2086
	carried_by "$text" $devices
}

world_make
start_vnetd
if [ "$(json .features.carrier_check status)" != true ]; then
	skip_all 'this kernel does not let programs read its devices'
fi
world_vnets
channel_add
ctl resource add vnet0 a type hybrid dev h0 priority 10
ctl resource add vnet0 b type hybrid dev h1 priority 20
wait_for 5 path_is vnet0 $mac1 'guest g1'
wait_for 5 path_is vnet0 $mac_out 'hybrid a'
traffic_begin
carried_by 'before' c0 h0

kill_vnetd KILL
carried_by 'vnetd is dead' c0 h0
fault 'carrier of a hybrid lost' 'c0 h1' in_ns outside ip link set lan-h0 down
back 'carrier is back' 'c0 h0' in_ns outside ip link set lan-h0 up
fault 'hybrid set down' 'c0 h1' ip link set h0 down
back 'hybrid set up' 'c0 h0' ip link set h0 up
fault 'hybrid deleted' 'c0 h1' ip link del h0
fault 'carrier of the channel lost' 's0 h1' ip link set c1 down
back 'channel is back' 'c0 h1' ip link set c1 up
fault 'channel deleted' 's0 h1' ip link del c0
fault 'last hybrid lost' 's0' in_ns outside ip link set lan-h1 down

start_vnetd
ok 'vnetd agrees: guest' wait_for 5 path_is vnet0 $mac1 'guest-over-service sv'
ok 'vnetd agrees: outside' wait_for 5 path_is vnet0 $mac_out 'service sv'
carried_by 'vnetd is back' s0
stop_vnetd

start_vnetd --no-carrier-check
is 'it can be switched off, and status says so' "$(json .features.carrier_check status)" false
in_ns outside ip link set lan-h1 up
ok 'then vnetd notices what is back' wait_for 5 path_is vnet0 $mac_out 'hybrid b'
carried_by 'without the check' h1 s0
in_ns outside ip link set lan-h1 down
ok 'and what is lost' wait_for 5 path_is vnet0 $mac_out 'service sv'
carried_by 'without the check, again' s0
finish
