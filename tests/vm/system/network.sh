# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The networks of the tests of the whole system; sourced after lib.sh. What world.sh has is here as well.
# shellcheck source=../../selftests/world.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../selftests/world.sh"

# As world_make (world.sh), and with near0 as the hybrid's device, whose wire leads to the outside host.
machine_world() {
	world_make
	ip link set far0 netns outside
	in_ns outside ip link set far0 up
	in_ns outside ip link set far0 master lan
	# While the verifier is at work an emulated processor may forward nothing for seconds. What is sent meanwhile
	# has to have room, and the queue that systemd asks for (fq_codel) drops what has waited.
	tc qdisc replace dev near0 root pfifo limit 10000
	in_ns outside tc qdisc replace dev far0 root pfifo limit 10000
	echo 10000 >/proc/sys/net/core/netdev_max_backlog
	ip link set near0 up
}

# The least in which a hybrid and a service lead to the outside host: near0, and s0 straight to its bridge.
machine_small() {
	ns outside
	wire s0 lan-s0 outside
	ip link set far0 netns outside
	in_ns outside ip link set far0 up
	bridge lan outside lan-s0 far0
	in_ns outside ip link set lan address "$mac_out"
	in_ns outside ip addr add "$addr_out/24" dev lan
	ip link set near0 up
	ctl vnet add vnet0 address "$mac0"
	ip addr add 10.1.0.1/24 dev vnet0
	ctl resource add vnet0 sv type service dev s0
	ctl resource add vnet0 hy type hybrid dev near0
	wait_for 20 path_is vnet0 "$mac_out" "hybrid hy"
}

# One stream alone, from a device here to the outside host: numbers without much else going on.
stream_start() { # DEVICE RATE
	streams=outside rate=$2
	bg_ready recv-outside in_ns outside stream recv --dev lan --id 2 --status "$T/recv-outside"
	bg send-outside stream send --dev "$1" --dst "$mac_out" --id 2 --rate "$2" --seconds 3600 \
		--status "$T/send-outside"
	wait_for 10 stream_past outside 0
}
