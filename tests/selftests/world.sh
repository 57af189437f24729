# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The world of the selftests that change resources under traffic; sourced after lib.sh.
#
#	host      vnet0 (10.1.0.1)
#	guest     v1 (10.1.0.11): a vnet of the same daemon whose upper is in the guest's namespace
#	vswitch   a Linux bridge: the services s0 of vnet0 and s1 of v1 lead there
#	outside   lan (10.1.0.100): reached over the vswitch, and over h0 and h1, which stand in for VFs
#
# Traffic: numbered frames from vnet0 to the guest ("guest") and to the outside host ("outside"), back
# from there ("back"), and a TCP transfer to the outside host.

readonly mac0=02:00:00:00:00:01 mac1=02:00:00:00:00:11 mac_out=02:00:00:00:00:64
readonly addr_out=10.1.0.100
streams="guest outside back" # that are under way
rate=${rate:-50000} # frames a second to the guest, and as many to outside
rate_back=${rate_back:-10000}

# A veth pair, A here and B in the namespace. It is made here and B moved, so that the two never have
# one ifindex: the kernel takes such ends for no pair, and its news of their carrier for not urgent.
wire() { # A B NS
	ip link add "$1" type veth peer name "$2"
	ip link set "$2" netns "$3"
	ip link set "$1" up
	in_ns "$3" ip link set "$2" up
}

world_make() {
	ns vswitch outside guest
	wire s0 vs0 vswitch
	wire s1 vs1 vswitch
	wire h0 lan-h0 outside
	wire h1 lan-h1 outside
	veth vs-out vswitch lan-sw outside
	veth c0 - c1 -
	bridge br0 vswitch vs0 vs1 vs-out
	bridge lan outside lan-sw lan-h0 lan-h1
	in_ns outside ip link set lan address $mac_out
	in_ns outside ip addr add $addr_out/24 dev lan
}

world_vnets() {
	ctl vnet add vnet0 address $mac0
	ctl vnet add v1 address $mac1 netns guest
	ip addr add 10.1.0.1/24 dev vnet0
	in_ns guest ip addr add 10.1.0.11/24 dev v1
	ctl resource add vnet0 sv type service dev s0
	ctl resource add v1 sv type service dev s1
	wait_for 10 state_is vnet0 sv up
	wait_for 10 state_is v1 sv up
	wait_for 10 ping -c 1 -W 1 $addr_out
	wait_for 10 ping -c 1 -W 1 10.1.0.11
}

# A channel is a resource of both its vnets. Each end listens before the other one sends.
channel_add() {
	ctl resource add v1 g0 type guest dev c1 peer $mac0 admin down
	ctl resource add vnet0 g1 type guest dev c0 peer $mac1
	ctl resource set v1 g0 admin up
}

channel_del() {
	ctl resource set vnet0 g1 admin down
	ctl resource del v1 g0
	ctl resource del vnet0 g1
}

# --- traffic ---

traffic_start() {
	bg_ready recv-guest in_ns guest stream recv --dev v1 --id 1 --status "$T/recv-guest"
	bg_ready recv-outside in_ns outside stream recv --dev lan --id 2 --status "$T/recv-outside"
	bg_ready recv-back stream recv --dev vnet0 --id 3 --status "$T/recv-back"
	bg_ready recv-tcp in_ns outside nice tcpstream recv --port 5003 --status "$T/recv-tcp"
	bg send-guest stream send --dev vnet0 --dst $mac1 --id 1 --rate "$rate" --seconds 3600 \
		--status "$T/send-guest"
	bg send-outside stream send --dev vnet0 --dst $mac_out --id 2 --rate "$rate" --seconds 3600 \
		--status "$T/send-outside"
	bg send-back in_ns outside stream send --dev lan --dst $mac0 --id 3 --rate "$rate_back" \
		--seconds 3600 --status "$T/send-back"
	bg send-tcp nice tcpstream send --to $addr_out:5003 --seconds 3600
	for stream in $streams; do
		wait_for 10 stream_past "$stream" 0
	done
	wait_for 10 test -s "$T/recv-tcp"
}

value() { # FILE FIELD: of a report; without jq, for the sake of those who poll
	[[ $(<"$T/$1") =~ \"$2\":([^,}]+) ]] && echo "${BASH_REMATCH[1]}"
}

stream_rate() { # STREAM
	if [ "$1" = back ]; then
		echo "$rate_back"
	else
		echo "$rate"
	fi
}

stream_past() { # STREAM NUMBER: has it arrived?
	[ "$(value "recv-$1" last)" -ge "$2" ]
}

lost() {
	local stream sum=0

	for stream in $streams; do
		sum=$((sum + $(value "recv-$stream" lost)))
	done
	echo $sum
}

lost_at_most() { # NUMBER: frames that overtake each other look lost for a moment
	[ "$(lost)" -le "$1" ]
}

# Returns when some of what is sent from now on has arrived: the reports are up to 100 ms old.
traffic_settle() {
	local stream

	for stream in $streams; do
		wait_for 10 stream_past "$stream" \
			$(($(value "send-$stream" sent) + $(stream_rate "$stream") / 10))
	done
}

# The end of one stream: what it has counted in all is checked. After a fault a switch sends to all of
# its ports what it does not know the way of any more, so what comes back may come twice.
stream_end() { # TEXT STREAM [may-lose]
	local text=$1 stream=$2

	bg_stop "send-$stream"
	bg_wait "recv-$stream" 20
	streams=${streams//$stream/}
	if [ "${3:-}" != may-lose ]; then
		is "$text: no frame of \"$stream\" is lost" "$(value "recv-$stream" lost)" 0
	fi
	if [ "${3:-}" != may-lose ] || [ "$stream" != back ]; then
		is "$text: none of \"$stream\" is doubled" "$(value "recv-$stream" duplicated)" 0
	fi
	is "$text: \"$stream\" is measured well" \
		"$(value "recv-$stream" receiver_overflow) $(value "send-$stream" send_errors)" '0 0'
}

# The end of all traffic.
traffic_end() { # TEXT [may-lose]
	local stream status=0

	for stream in $streams; do
		stream_end "$1" "$stream" "${2:-}"
	done
	bg_stop send-tcp || status=$?
	is "$1: the TCP transfer ends well" "$status $(out send-tcp | jq .finished)" '0 true'
	ok "$1: each of its bytes is right" bg_wait recv-tcp
	echo "# sent $(sent_rate) frames a second; TCP $(($(value recv-tcp bytes) / 1000000)) MB," \
		"longest stall $(($(value recv-tcp max_gap_us) / 1000)) ms"
}

# Frames a second that vnet0 has really sent, to both.
sent_rate() {
	jq -s '[.[] | .sent / .seconds] | add | floor' "$T/send-guest" "$T/send-outside"
}
