#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A stream of frames loses what is inside a device when it fails, nothing after that, and nothing when it
# returns: in TC and in XDP, with vnetd alive, stopped or dead.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# In mode xdp a veth's ring stands between: a busy machine has to empty it in time.
rate=4000
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"
streams='guest outside'
# shellcheck source=carrier.sh
. "$(dirname "$0")/carrier.sh"

readonly inside=256 # frames that a veth's ring holds

# Outside is a vnet of its own, so nothing between has to learn or to begin to forward.
outside_world_make() {
	ns vswitch outside guest
	wire s0 vs0 vswitch
	wire s1 vs1 vswitch
	wire s2 vs2 vswitch
	bridge br0 vswitch vs0 vs1 vs2
	veth c0 - c1 -
	veth h0 - h1 -
}

vnet_in() { # NAME MAC NS|"" SERVICE-DEVICE
	ctl vnet add "$1" address "$2" ${3:+netns "$3"}
	ctl resource add "$1" sv type service dev "$4"
	wait_for 10 state_is "$1" sv up
}

outside_world_vnets() {
	vnet_in vnet0 $mac0 "" s0
	vnet_in v1 $mac1 guest s1
	vnet_in v2 $mac_out outside s2
	channel_add
	ctl resource add v2 vf type hybrid dev h1
	ctl resource add vnet0 vf type hybrid dev h0
}

stream_start() {
	bg_ready recv-guest in_ns guest stream recv --dev v1 --id 1 --status "$T/recv-guest"
	bg_ready recv-outside in_ns outside stream recv --dev v2 --id 2 --status "$T/recv-outside"
	bg send-guest stream send --dev vnet0 --dst $mac1 --id 1 --rate "$rate" --seconds 3600 \
		--status "$T/send-guest"
	bg send-outside stream send --dev vnet0 --dst $mac_out --id 2 --rate "$rate" --seconds 3600 \
		--status "$T/send-outside"
	wait_for 10 stream_past guest 0
	wait_for 10 stream_past outside 0
}

# Sets `losses` to what both streams have lost meanwhile.
losses_of() { # COMMAND...
	local before

	before=$(lost)
	"$@"
	traffic_settle
	losses=$(($(lost) - before))
	echo "# $carrier_prefix, $text: lost $losses, refused by vnet0 so far" \
		"$(($(value send-guest send_errors) + $(value send-outside send_errors)))"
}

nothing_lost() { # TEXT COMMAND...
	local text=$1 losses

	losses_of "${@:2}"
	is "$carrier_prefix, $1: nothing is lost" "$losses" 0
}

only_inside() { # TEXT COMMAND...
	local text=$1 losses

	losses_of "${@:2}"
	cmp_num "$carrier_prefix, $1: no more is lost than was inside" "$losses" -le $inside
}

settled() {
	path_is vnet0 "$mac1" 'guest g1' && path_is vnet0 "$mac_out" 'hybrid vf'
}

# Both its ends are vnetd's: the far one listens before the near one sends.
make_again() {
	ctl resource set vnet0 vf admin down
	veth h0 - h1 -
	wait_for 10 state_is v2 vf up
	ctl resource set vnet0 vf admin up
	wait_for 10 settled
}

round() { # MODE alive|stopped|dead
	daemon=$2 carrier_prefix="$1, vnetd $2"
	ctl vnet set vnet0 mode "$1"
	ctl vnet set v1 mode "$1"
	ctl vnet set v2 mode "$1"
	traffic_settle
	away
	only_inside "the guest's carrier lost" ip link set c1 down
	nothing_lost "the guest's carrier back" ip link set c1 up
	only_inside "the guest's device set down" ip link set c0 down
	nothing_lost "the guest's device set up" ip link set c0 up
	only_inside "the hybrid's carrier lost" ip link set h1 down
	nothing_lost "the hybrid's carrier back" ip link set h1 up
	only_inside "the hybrid's device set down" ip link set h0 down
	nothing_lost "the hybrid's device set up" ip link set h0 up
	only_inside "the service's carrier lost" in_ns vswitch ip link set vs0 down
	nothing_lost "the service's carrier back" in_ns vswitch ip link set vs0 up
	only_inside "the hybrid's device deleted" ip link del h0
	# One that was stopped has a long story to hear, and goes by its end.
	nothing_lost 'vnetd is there again' back
	nothing_lost 'the hybrid made again' make_again
	wait_for 10 settled
}

outside_world_make
start_vnetd
has_carrier_check || skip_all 'on this kernel programs do not see devices: vnetd alone moves traffic'
takes_xdp vswitch vs0
outside_world_vnets
wait_for 10 settled
stream_start
for daemon_is in alive stopped dead; do
	round tc $daemon_is
done
before=$(by_xdp s0)
for daemon_is in alive stopped dead; do
	round xdp $daemon_is
done
cmp_num 'in mode xdp, XDP has carried frames' $(($(by_xdp s0) - before)) -gt 0
stream_end 'in the end' guest may-lose
stream_end 'in the end' outside may-lose

finish
