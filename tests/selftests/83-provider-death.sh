#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A provider that exits, crashes, is killed or stopped costs its own resource alone: its traffic takes the next
# path within 1 ms of its end, with vnetd alive or dead, and loses no more than was inside its tap; a stopped
# one, whose socket fills, keeps nobody waiting.
# vnet-test: alone
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
rate=${rate:-20000}
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"
# shellcheck source=provider.sh
. "$(dirname "$0")/provider.sh"
ulimit -c 0
readonly in_tap=100              # frames that a tap's queue holds here
readonly in_batch=64             # that a provider has just read
readonly in_1ms=$((rate / 1000 + 1)) # that are sent in the time of a switch
readonly in_a_moment=$((rate / 10)) # while a busy machine does something else

is_up() { # NS DEVICE
	in_ns "$1" ip -o link show "$2" | grep -q LOWER_UP
}

# The provider of resource r, and where it leads: the LAN, of a service the switch.
supply() { # TYPE tap|netdev
	local where=(outside lan) words=(--type "$1" --name r) device

	[ "$1" != service ] || where=(vswitch br0)
	[ "$1" != guest ] || words+=(--peer "$mac_out")
	if [ "$2" = netdev ]; then
		words+=(--device x0)
	else
		words+=(--far "${where[0]}:x1")
	fi
	[ "$2" != netdev ] || wire x0 x1 "${where[0]}"
	provider r "${words[@]}"
	in_ns "${where[0]}" ip link set x1 master "${where[1]}"
	in_ns "${where[0]}" ip link set x1 up
	device=$(provider_device r)
	[ "$2" != tap ] || ip link set "$device" txqueuelen $in_tap
	wait_for 5 is_up "${where[0]}" x1
	hears "$text: it is started" r started
	wait_for 5 state_is vnet0 r up
	wait_for 5 heard_last_state r started
}

heard_last_state() { # NAME STATE
	[ "$(grep '^state ' "$T/$1.out" | tail -n 1)" = "state $2" ]
}

supply_end() { # tap|netdev
	[ "$1" != netdev ] || ip link del x0
}

# The first path of each type, and the one after it.
way_of() { # TYPE first|next
	case $1-$2 in
	guest-first) echo 'guest r' ;;
	guest-next) echo 'service sv' ;; # its MAC is not known any more
	hybrid-first) echo 'hybrid r' ;;
	hybrid-next) echo 'service sv' ;;
	esac
}

declare -A lost_by=()

# The end of a provider by COMMAND, and what "outside" lost by it.
death() { # TYPE tap|netdev HOW COMMAND...
	local type=$1 kind=$2 text="$1, $2: $3" before others allowed=0 losses

	shift 3
	supply "$type" "$kind"
	traffic_settle
	is "$text: the way" "$(json '"\(.reason) \(.resource)"' path vnet0 $mac_out)" "$(way_of "$type" first)"
	before=$(value recv-outside lost) others=$(value recv-guest lost)
	"$@"
	bg_wait r || [ $? -gt 128 ]
	traffic_settle
	losses=$(($(value recv-outside lost) - before))
	lost_by[$type-$kind]+="$losses "
	[ "$kind" = netdev ] || allowed=$((in_tap + in_batch + in_a_moment))
	cmp_num "$text: the traffic goes on without a stop" $losses -le $allowed
	is "$text: nothing of the others" $(($(value recv-guest lost) - others)) 0
	if [ -n "$vnetd_pid" ]; then
		ok "$text: the way after it" wait_for 5 path_is vnet0 $mac_out "$(way_of "$type" next)"
		ok "$text: the resource is gone" wait_for 5 resource_gone vnet0 r
		is "$text: and its tap" "$(taps)" ''
	fi
	supply_end "$kind"
}

by_signal() { # SIGNAL
	kill -"$1" "$(bg_pid r)"
}

by_exit() {
	echo exit >&"${provider_input[r]}"
}

with_vnetd_dead() {
	kill_vnetd KILL
	by_signal KILL
}

world_make
start_vnetd
world_vnets
channel_add
streams_start

for type in guest hybrid; do
	for kind in tap netdev; do
		death $type $kind 'exits' by_exit
		death $type $kind 'is killed' by_signal KILL
		death $type $kind 'crashes' by_signal SEGV
		death $type $kind 'is terminated' by_signal TERM
	done
done

# --- a service: the hybrid is what is left for unicast ---

ctl resource del vnet0 sv
ctl resource add vnet0 h type hybrid dev h0 admin down
service_death() { # tap|netdev
	local text="service, $1: is killed"

	supply service "$1"
	ok "$text: ping" ping -q -c 3 -i 0.01 -W 2 $addr_out
	traffic_settle
	is "$text: multicast goes over it" "$(json '"\(.reason) \(.resource)"' path vnet0 ff:ff:ff:ff:ff:ff)" 'multicast r'
	by_signal KILL
	bg_wait r || [ $? -gt 128 ]
	ok "$text: the resource is gone" wait_for 5 resource_gone vnet0 r
	is "$text: multicast has no way" "$(json '"\(.reason) \(.resource)"' path vnet0 ff:ff:ff:ff:ff:ff)" 'no_service null'
	supply_end "$1"
}
service_death tap
service_death netdev
ctl resource del vnet0 h
ctl resource add vnet0 sv type service dev s0
ok 'the service is there again' wait_for 5 path_is vnet0 $mac_out 'service sv'

# --- vnetd is dead as well: the programs see it by themselves ---

if [ "$(json .features.carrier_check status)" = true ]; then
	for type in guest hybrid; do
		death $type tap 'is killed after vnetd' with_vnetd_dead
		start_vnetd
		ok "$type: the next vnetd does not keep its resource" wait_for 7 resource_gone vnet0 r
		is "$type: and the way is the next one" "$(json '"\(.reason) \(.resource)"' path vnet0 $mac_out)" \
			"$(way_of $type next)"
	done
else
	skip 'a provider that dies after vnetd' 'on this kernel programs do not see devices'
fi
text='netdev: is killed after vnetd'
lost_no_more() { # frames that overtake each other look lost for a moment
	[ "$(value recv-outside lost)" -le "$before" ]
}
supply hybrid netdev
traffic_settle
with_vnetd_dead
bg_wait r || [ $? -gt 128 ]
before=$(value recv-outside lost)
start_vnetd
is "$text: its resource is kept for a while" "$(json '.[0] | "\(.state) \(.provider.present)"' resource show vnet0 r)" 'up false'
ok "$text: and no longer" wait_for 7 resource_gone vnet0 r
traffic_settle
ok "$text: nothing is lost, the device carries" wait_for 5 lost_no_more
echo "# $text: lost $(($(value recv-outside lost) - before))"
supply_end netdev

for what in "${!lost_by[@]}"; do
	echo "# $what: lost ${lost_by[$what]}"
done
mapfile -t losses < <(tr ' ' '\n' <<<"${lost_by[guest-tap]}${lost_by[hybrid-tap]}" | grep . | sort -n)
cmp_num 'with time to spare a tap loses what is sent within 1 ms and what was just read (median)' \
	"${losses[${#losses[@]} / 2]}" -le $((in_batch + in_1ms))

# --- stopped ---

text='a stopped provider'
supply hybrid tap
traffic_settle
others=$(value recv-guest lost)
kill -STOP "$(bg_pid r)"
longest=0
for _ in $(seq 20); do
	begin=${EPOCHREALTIME/./}
	ctl status >/dev/null
	took=$(((${EPOCHREALTIME/./} - begin) / 1000))
	[ $took -le $longest ] || longest=$took
done
cmp_num "$text: vnetd answers at once (the longest of 20, ms)" $longest -lt $((100 * ${VNET_SLOW:-1}))
is "$text: its resource is what it was" "$(json '.[0].state' resource show vnet0 r)" up

# More changes than fit into a socket, were each of them told.
promiscuous_is() { # true|false
	[ "$(json '.[0].promiscuous' vnet show vnet0)" = "$1" ]
}

rss() {
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$vnetd_pid/status"
}
before=$(rss)
for ((i = 0; i < 500; i++)); do
	printf 'link set vnet0 promisc on\nlink set vnet0 promisc off\n'
done >"$T/changes"
echo 'link set vnet0 promisc on' >>"$T/changes"
ip -batch "$T/changes"
ok "$text: vnetd answers after 1000 changes" ctl status
ok "$text: vnetd knows the last of them" wait_for 10 promiscuous_is true
cmp_num "$text: and keeps no more than the last one (kB)" $(($(rss) - before)) -lt 2048
kill -CONT "$(bg_pid r)"
last_word() {
	[ "$(grep -E "^promisc" "$T/r.out" | tail -n 1)" = "promisc on" ] && heard_last_state r started
}
ok "$text: that goes on is told of the last change" wait_for 5 last_word
ip link set vnet0 promisc off
is "$text: nothing of the others was lost" $(($(value recv-guest lost) - others)) 0
traffic_settle
ok "$text: frames pass it again" wait_for 5 path_is vnet0 $mac_out 'hybrid r'
kill -STOP "$(bg_pid r)"
by_signal KILL
bg_wait r || [ $? -gt 128 ]
ok "$text: is killed: the way after it" wait_for 5 path_is vnet0 $mac_out 'service sv'
ok "$text: nothing is left" nothing_provided

stream_end 'in the end' guest
bg_stop send-outside
bg_wait recv-outside 20
is 'in the end: none of "outside" is doubled' "$(value recv-outside duplicated)" 0
finish
