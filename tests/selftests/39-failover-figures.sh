#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How much an unplanned failover loses at 300,000 frames a second, or what the machine sends of that: with the programs'
# carrier check no more than what was inside the device and 1 ms of traffic at worst, with vnetd alive or dead; without
# it, while vnetd alone notices, at most 10 ms.
# vnet-test: alone
# From the environment: VNET_ROUNDS, how many failures of each kind; VNET_RATE, frames a second.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
rate=${VNET_RATE:-300000}
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"
streams='outside'
# shellcheck source=carrier.sh
. "$(dirname "$0")/carrier.sh"

readonly rounds=${VNET_ROUNDS:-5} checked_ms=1 alone_ms=10 # of traffic
readonly inside=256 # frames that a veth holds

# Outside is a vnet of its own, so nothing between has to learn or to begin to forward.
world() {
	ns vswitch outside
	wire s0 vs0 vswitch
	wire s2 vs2 vswitch
	bridge br0 vswitch vs0 vs2
	ctl vnet add vnet0 address $mac0 hold-down 0 announce-count 0
	ctl vnet add v2 address $mac_out netns outside hold-down 0 announce-count 0
	ctl resource add vnet0 sv type service dev s0
	ctl resource add v2 sv type service dev s2
	wait_for 10 state_is vnet0 sv up
	wait_for 10 state_is v2 sv up
	ctl resource add vnet0 vf type hybrid dev h0
	ctl resource add v2 vf type hybrid dev h1
	wires
}

# The hybrids' devices, and all as it is before a failure.
wires() {
	ip link add h0 type veth peer name h1
	ip link set h1 up
	ip link set h0 up
	wait_for 10 path_is vnet0 $mac_out 'hybrid vf'
	wait_for 10 path_is v2 $mac0 'hybrid vf'
}

stream_begin() {
	bg_ready recv-outside in_ns outside stream recv --dev v2 --id 2 --status "$T/recv-outside"
	bg send-outside stream send --dev vnet0 --dst $mac_out --id 2 --rate "$rate" --seconds 3600 \
		--status "$T/send-outside"
	wait_for 10 stream_past outside 0
}

# What this machine sends in a second, of that. Lost time is reckoned by it.
measure() {
	local sent least=$((rate / 6))

	bg_ready recv-outside in_ns outside stream recv --dev v2 --id 2 --status "$T/recv-outside"
	stream send --dev vnet0 --dst $mac_out --id 2 --rate "$rate" --seconds 1 >"$T/measured"
	sent=$(jq .sent "$T/measured")
	bg_wait recv-outside 20
	[ "$sent" -ge "$rate" ] || rate=$sent
	echo "# $rate frames a second"
	cmp_num 'a stream that is worth it' "$rate" -ge "$least"
}

carrier_lost() {
	ip link set h1 down
}

# What has been lost in all of a stream, the frames that the kernel refused to send among it.
stream_lost() {
	bg_stop send-outside
	bg_wait recv-outside 20
	echo $(($(value recv-outside lost) + $(value send-outside send_errors)))
}

# The worst and the middle of some rounds, in us of traffic; each has a stream of its own, so that no
# report of a moment ago is taken for now.
failover() { # TEXT BOUND-MS COMMAND...
	local text=$1 bound_us=$(($2 * 1000)) frames=() each us=() middle

	shift 2
	for ((each = 0; each < rounds; each++)); do
		stream_begin
		traffic_settle
		away
		"$@"
		traffic_settle
		frames+=("$(stream_lost)")
		us+=($((frames[each] * 1000000 / rate)))
		[ "$(value recv-outside duplicated)" = 0 ] || fail "$text: none is doubled" "$(out recv-outside)"
		back
		[ -e /sys/class/net/h0 ] && ip link del h0
		wires
	done
	mapfile -t us < <(printf '%s\n' "${us[@]}" | sort -n)
	middle=${us[rounds / 2]}
	echo "# $text: ${frames[*]} frames of $rate a second lost, at worst ${us[-1]} us, in the middle $middle us"
	cmp_num "$text: in the middle" "$middle" -le $((bound_us * ${VNET_SLOW:-1}))
	worst=${us[-1]}
}

# Nothing that could have been carried: only what the device held inside is lost.
at_worst() { # BOUND-MS
	cmp_num 'and at worst' "$worst" -le $(($1 * 1000 * ${VNET_SLOW:-1}))
	[ "$1" != $checked_ms ] ||
		cmp_num 'and no more than what a veth holds inside' $((worst * rate / 1000000)) -le $inside
}

start_vnetd
checked=$(json .features.carrier_check status)
world
measure
if [ "$checked" = true ]; then
	for daemon in alive dead; do
		failover "carrier check, vnetd $daemon, carrier lost" $checked_ms carrier_lost
		at_worst $checked_ms
		failover "carrier check, vnetd $daemon, device deleted" $checked_ms ip link del h0
		at_worst $checked_ms
	done
else
	skip 'failover with the carrier check' 'on this kernel programs do not see devices'
fi

daemon=alive
stop_vnetd
start_vnetd --no-carrier-check
is 'vnetd alone notices now' "$(json .features.carrier_check status)" false
failover 'no carrier check, carrier lost' $alone_ms carrier_lost
at_worst $alone_ms
failover 'no carrier check, device deleted' $alone_ms ip link del h0
at_worst $alone_ms

finish
