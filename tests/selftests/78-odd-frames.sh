#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Frames that are too short, too long, tagged twice, cut in fragments or from an impossible source: carried whole, or
# dropped and counted by reason; nothing crashes and what comes after them is carried.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly vnet=02:00:00:00:00:01 guest=02:00:00:00:00:02 host=02:00:00:00:00:88 unknown=02:00:00:00:00:99
readonly group=03:00:00:00:00:11 broadcast=ff:ff:ff:ff:ff:ff

usual() { # TEXT
	carried "$1: frames leave as before" hy 3 tx $unknown --count 3
	delivered "$1: and arrive" sv 3 rx sv $vnet --from $host --count 3
}

# All lengths below that of an Ethernet header, of what would be a good frame. The kernel refuses them
# or fills them up; no program gets to see less than a header.
short() { # NS DEVICE DESTINATION SOURCE
	local bytes="${3//:/}${4//:/}88b5" n

	for ((n = 0; n < 14; n++)); do
		in_ns "$1" taskset -c "$frames_cpu" frame send --dev "$2" --hex "${bytes:0:n * 2}" 2>>"$T/short.log" ||
			[ $? -eq 1 ]
	done
}

came_out() {
	frames_places | paste -sd ' '
}

round() { # TEXT
	# --- fault 42: 0 to 13 bytes ---
	forget_frames
	short - vnet0 $unknown $vnet
	settle
	is "$1: what is no frame comes out of nothing, from the upper" "$(came_out)" ''
	for name in sv g1 hy; do
		forget_frames
		short $name far $vnet $host
		settle
		is "$1: nor from $name" "$(came_out)" ''
	done
	usual "$1: after what is no frame"

	# --- fault 42: two tags, and one of a provider's ---
	for tags in '88a8 0005 8100 0006' '8100 0005 8100 0006' '88a8 0005'; do
		dropped "$1: tags $tags, out" vlan 3 tx $unknown --tag "$tags" --count 3
		for name in sv hy; do
			dropped "$1: tags $tags, from $name" vlan 3 rx $name $vnet --from $host --tag "$tags" --count 3
		done
		dropped "$1: tags $tags, from a guest" vlan 3 rx g1 $vnet --from $guest --tag "$tags" --count 3
	done
	usual "$1: after tags"

	# --- fault 43: a source that is a group, our own, or another's ---
	for from in $group $broadcast; do
		dropped "$1: from $from, out" spoofed 3 tx $unknown --from "$from" --count 3
		for name in sv hy g1; do
			dropped "$1: from $from, by $name" spoofed 3 rx $name $vnet --from "$from" --count 3
		done
	done
	dropped "$1: from our own address" reflected 3 rx sv $vnet --from $vnet --count 3
	dropped "$1: from another's, out" spoofed 3 tx $unknown --from $host --count 3
	dropped "$1: from another's, by a guest" spoofed 3 rx g1 $vnet --from $host --count 3
	usual "$1: after sources"
}

frames_world
round tc
ip link set vnet0 promisc on
wait_for 5 shortcut_off
round 'through the port'
ip link set vnet0 promisc off
wait_for 5 shortcut_on

# --- fault 42: 0 to 13 bytes by a tap, whose frames TC looks at, or XDP before it ---

tap_count() { # KEY
	cat "/sys/class/net/tap0/statistics/$1"
}
for mode in tc xdp; do
	ctl vnet set vnet0 mode $mode
	bg_ready machine tap tap0 short
	ip link set tap0 up
	ctl resource add vnet0 tp type guest dev tap0 peer 02:00:00:00:00:77
	wait_for 5 state_is vnet0 tp up
	by=xdp
	[ $mode = xdp ] || by=$(json '.[0].attached' resource show vnet0 sv)
	is "$mode: the tap is served by it" "$(json '.[0].attached' resource show vnet0 tp)" "$by"
	forget_frames
	frame send --dev vnet0 --hex "${vnet//02:00:00:00:00:01/02:00:00:00:00:77} $vnet 88b5" --count 3
	given() { [ "$(tap_count tx_packets)" -ge 3 ]; }
	ok "$mode: the machine behind the tap has answered" wait_for 5 given
	settle
	is "$mode: nothing comes of it" "$(came_out)" ''
	bg_stop machine
	is "$mode: the kernel has taken none of it" "$(jq .returned "$T/machine.out")" 0
	ctl resource del vnet0 tp
	usual "$mode: after what is no frame, from a tap"
done
ctl vnet set vnet0 mode auto

# The guard is off: groups all the same.
ctl vnet set vnet0 guard off
dropped 'without the guard: a group, out' spoofed 3 tx $unknown --from $group --count 3
dropped 'without the guard: a group, from a guest' spoofed 3 rx g1 $vnet --from $group --count 3
ctl vnet set vnet0 guard on

# --- fault 42: 64 KiB, as a frame and in fragments ---

for name in sv g1 hy; do
	in_ns $name ip link set far mtu 65521
done
ctl vnet set vnet0 mtu 65521
for size in 60 9014 65535; do
	carried "a frame of $size bytes out" hy 2 tx $unknown --pad $size --count 2
	delivered "a frame of $size bytes in" sv 2 rx sv $vnet --from $host --pad $size --count 2
done
ctl vnet set vnet0 mtu 1500
listen_no_more hy up
in_ns hy ip link set far mtu 1500 address $unknown
in_ns hy ip addr add 192.0.2.2/24 dev far
ip addr add 192.0.2.1/24 dev vnet0
neighbour - vnet0 192.0.2.2 $unknown
neighbour hy far 192.0.2.1 $vnet
ok '60,000 bytes in fragments, there and back' ping -q -c 2 -i 0.1 -W 2 -s 60000 192.0.2.2
before=$(json '.[0].drops.spoofed' stats vnet0)
ctl vnet set vnet0 protection mac-nospoof
ctl vnet set vnet0 protection ip-nospoof allowed-ips 192.0.2.1
ok 'the same of an upper that is not trusted' ping -q -c 2 -i 0.1 -W 2 -s 60000 192.0.2.2
is 'none of it was taken for spoofed' "$(json '.[0].drops.spoofed' stats vnet0)" "$before"
ctl vnet set vnet0 storm-limit 1
ok 'nor is it limited' ping -q -c 2 -i 0.1 -W 2 -s 60000 192.0.2.2

finish
