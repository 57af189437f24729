#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest owns the far end of its device and does with it what it likes, and an MTU on the way is too small: that
# one resource fails or its frames are dropped and counted, the others carry on, and it returns by itself.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly vnet=02:00:00:00:00:01 guest=02:00:00:00:00:02 other=02:00:00:00:00:03 unknown=02:00:00:00:00:99
readonly broadcast=ff:ff:ff:ff:ff:ff evil=02:00:00:00:00:66

# The others are as they were: each carries both ways.
others() { # TEXT
	carried "$1: another guest is reached" g2 3 tx $other --count 3
	delivered "$1: and heard" g2 3 rx g2 $vnet --from $other --count 3
	carried "$1: so is the service" sv 3 tx $broadcast --count 3
	carried "$1: and the hybrid" hy 3 tx $unknown --count 3
	is "$1: they are up" "$(json '[.[] | select(.name | IN("g2", "sv", "hy")) | .state] | join(" ")' resource show vnet0)" \
		'up up up'
}

# The guest again as it was.
returns() { # TEXT
	ok "$1: it is up" wait_for 5 state_is vnet0 g1 up
	carried "$1: it is reached" g1 3 tx $guest --count 3
	delivered "$1: and heard" g1 3 rx g1 $vnet --from $guest --count 3
}

detours() { # TEXT STATE
	ok "$1: it is $2" wait_for 5 state_is vnet0 g1 "$2"
	carried "$1: it is reached over the service" sv 3 tx $guest --count 3
	others "$1"
}

noxmtbuf() { # RESOURCE
	json '.[0].resources[0].noxmtbuf' stats vnet0 "$1"
}

# What leaves by a resource and does not arrive is in its statistics.
eaten() { # TEXT RESOURCE COUNT COMMAND...
	local before

	before=$(noxmtbuf "$2")
	happens "$1" "out/$2=$3" "${@:4}"
	is "$1: counted" $(($(noxmtbuf "$2") - before)) "$3"
}

frames_world
far_end g2 type guest peer $other
wait_for 5 state_is vnet0 g2 up
returns 'at first'

# --- fault 34: what the guest does with its end ---

in_ns g1 ip link set far address $evil
dropped 'another MAC: its frames are not taken' spoofed 3 rx g1 $vnet --from $evil --count 3
dropped "not the other guest's MAC either" spoofed 3 rx g1 $vnet --from $other --count 3
others 'another MAC'
in_ns g1 ip link set far address $guest
returns 'its MAC again'

in_ns g1 ip link set far mtu 600
carried 'a small MTU: what fits arrives' g1 3 tx $guest --pad 614 --count 3
eaten 'a small MTU: what does not is dropped' g1 3 tx $guest --pad 1514 --count 3
others 'a small MTU'
in_ns g1 ip link set far mtu 9000
dropped 'a large MTU: what is for others' not_ours 3 rx g1 $other --from $guest --pad 1514 --count 3
returns 'a large MTU'
in_ns g1 ip link set far mtu 1500

listen_no_more g1
in_ns g1 ip link set far down
detours 'set down' down
in_ns g1 ip link set far up
listen g1 g1 far - g1
returns 'set up'
listen_no_more g1
in_ns g1 ip link set far name mine0
others 'renamed'
in_ns g1 ip link set mine0 name far
listen g1 g1 far - g1
returns 'renamed back'
in_ns g1 ip link set far promisc on arp off multicast off allmulticast on txqueuelen 1
returns 'with other flags'

listen_no_more g1
in_ns g1 ip link del far
detours 'deleted' waiting
veth g1 - far g1
listen g1 g1 far - g1
returns 'made again'

# --- fault 35: an MTU that does not fit ---

# A macvlan is never larger than what is below it.
ns ov
veth ov - far ov
ip link set ov mtu 1400
in_ns ov ip link set far mtu 1400
ip link add mv link ov type macvlan mode private
refused 'a device that cannot take the MTU' 2 'vnet0/mv.*mv.*MTU' ctl resource add vnet0 mv type hybrid dev mv priority 1
ip link set ov mtu 1500
in_ns ov ip link set far mtu 1500
ctl resource add vnet0 mv type hybrid dev mv priority 1
listen mv ov far - ov
carried 'with enough of it, it carries' mv 3 tx $unknown --pad 1514 --count 3
ip link set ov mtu 1400
ok 'what is below it shrinks: it has failed' wait_for 5 state_is vnet0 mv failed
like 'and the reason is told' "$(json '.[0].reason' resource show vnet0 mv)" 'mv .*MTU 1500'
carried 'frames take the next way' hy 3 tx $unknown --pad 1514 --count 3
others 'what is below it shrinks'
ip link set ov mtu 1500
ip link set mv mtu 1450
ok 'it may be larger again: it is up' wait_for 5 state_is vnet0 mv up
carried 'and carries' mv 3 tx $unknown --pad 1514 --count 3
ctl resource del vnet0 mv

# What the kernel makes into one large frame of TCP is cut to what the way takes; the frame of a tap that
# is too large for the upper is dropped there.
listen_no_more hy
ip addr add 192.0.2.1/24 dev vnet0
in_ns hy ip link set far address $unknown
in_ns hy ip addr add 192.0.2.2/24 dev far
neighbour - vnet0 192.0.2.2 $unknown
neighbour hy far 192.0.2.1 $vnet
in_ns hy ip link set far gso_max_size 65536 mtu 1200
in_ns hy ip route change 192.0.2.0/24 dev far mtu 1200 advmss 1100
bg_ready recv in_ns hy tcpstream recv --port 7000
ok 'TCP in large frames over a small MTU goes through' tcpstream send --to 192.0.2.2:7000 --bytes 20000000
ok 'every byte is right' bg_wait recv
in_ns hy ip link set far mtu 1500
listen hy hy far - hy

dropped_by_port() {
	json '.[0].devices[] | select(.name == "vnet0-p") | .noxmtbuf' stats vnet0
}
ns vm
bg_ready machine taskset -c "$frames_cpu" tap tap0 wire eth0 /run/netns/vm
in_ns vm ip link set eth0 mtu 65521 up
ip link set tap0 up
ctl resource add vnet0 tp type hybrid dev tap0 priority 200
wait_for 5 state_is vnet0 tp up
received() {
	cat /sys/class/net/tap0/statistics/rx_packets
}
came_in() { # NUMBER
	[ "$(received)" -ge "$1" ]
}
too_large() {
	local before

	before=$(received)
	in_ns vm taskset -c "$frames_cpu" frame send --dev eth0 --hex "$vnet $unknown 88b5" --pad "$1" --count 3
	wait_for 5 came_in $((before + 3))
}
for size in 1600 9000 65535; do
	before=$(dropped_by_port)
	happens "a frame of $size bytes from a tap" 'in/tp=3' too_large $size
	is "a frame of $size bytes from a tap: counted by the port" $(($(dropped_by_port) - before)) 3
done
happens 'a full one arrives' 'in/tp=3 up=3' too_large 1514
others 'in the end'

finish
