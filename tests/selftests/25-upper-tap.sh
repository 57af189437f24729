#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A vnet whose upper is the tap of a virtual machine: frames both ways, a tap that appears later, an owner that dies.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly vnet=02:00:00:00:00:01 guest=02:00:00:00:00:02 unknown=02:00:00:00:00:99 broadcast=ff:ff:ff:ff:ff:ff

# The machine: what its eth0 sends comes out of tap0, what goes into tap0 its eth0 receives. On the CPU of
# the senders, so that frames stay in line.
machine_start() {
	bg_ready machine taskset -c "$frames_cpu" tap tap0 wire eth0 /run/netns/vm
	in_ns vm ip link set eth0 address $vnet up
	ip link set tap0 up
}

# What XDP drops is no packet that tap0 has received.
arrived() {
	local statistics=/sys/class/net/tap0/statistics

	echo $(($(<"$statistics/rx_packets") + $(<"$statistics/rx_dropped")))
}

taken() { # NUMBER
	[ "$(arrived)" -ge "$1" ]
}

# Frames that the machine sends have gone through tap0 when this returns.
tx() { # DESTINATION [...] --count N
	local before

	before=$(arrived)
	frame_on vm eth0 "$@"
	wait_for 5 taken $((before + ${*: -1}))
}

attached() {
	[ "$(json '.[0].carrier' vnet show vnet0)" = true ] && test -e "$T/bpf/vnet/default/links/tx-ingress-$(<"/sys/class/net/tap0/ifindex")"
}

start_vnetd
ns vm

# --- bad input ---

refused 'an upper without an address' 2 'vnet0: address .*tap0' ctl vnet add vnet0 upper tap0
refused 'lo' 2 'vnet0: upper lo .*Ethernet' ctl vnet add vnet0 upper lo address $vnet

# --- the tap appears later ---

ctl vnet add vnet0 upper tap0 address $vnet announce-count 0
is 'a vnet may wait for its upper' "$(json '.[0] | "\(.upper) \(.carrier)"' vnet show vnet0)" 'tap0 false'
far_end sv type service
far_end g1 type guest peer $guest
far_end hy type hybrid
is 'its resources are up' "$(json '[.[].state] | unique | join(" ")' resource show vnet0)" up
refused 'a second vnet on it' 2 'vnet1: upper tap0 .*vnet0' ctl vnet add vnet1 upper tap0 address "$(mac 7)"
refused 'a resource on it' 2 'tap0' ctl resource add vnet0 x type hybrid dev tap0
machine_start
ok 'the tap appears' wait_for 5 attached
listen up vm eth0 - tap0

# --- frames ---

both_ways() { # PREFIX
	carried "$1: broadcast" sv 3 tx $broadcast --count 3
	carried "$1: to the guest" g1 3 tx $guest --count 3
	carried "$1: unknown unicast" hy 3 tx $unknown --count 3
	delivered "$1: from the service" sv 3 rx sv $vnet --from $unknown --count 3
	delivered "$1: broadcast from the service" sv 3 rx sv $broadcast --from $unknown --count 3
	delivered "$1: from the guest" g1 3 rx g1 $vnet --from $guest --count 3
}

both_ways 'a tap'
dropped 'what the machine must not send: another MAC' spoofed 3 tx $unknown --from $guest --count 3
dropped 'another VLAN' vlan 3 tx $unknown --tag '8100 0005' --count 3
dropped 'what it must not get: a duplicate' duplicate 3 rx hy $broadcast --from $unknown --count 3
dropped 'what is for somebody else' not_ours 3 rx sv $unknown --from $guest --count 3
ctl resource set vnet0 hy admin down
carried 'the hybrid is down' sv 3 tx $unknown --count 3
ctl resource set vnet0 hy admin up

# --- the owner dies, and the tap with it ---

bg_stop machine KILL || [ $? -gt 128 ]
listen_no_more up
no_tap() {
	[ ! -e /sys/class/net/tap0 ]
}
no_carrier() {
	[ "$(json '.[0].carrier' vnet show vnet0)" = false ]
}
ok 'the machine is killed: the tap is gone' wait_for 5 no_tap
ok 'the vnet waits for it' wait_for 5 no_carrier
is 'with its resources' "$(json '[.[].state] | unique | join(" ")' resource show vnet0)" up
machine_start
ok 'a new machine: the tap is found' wait_for 5 attached
listen up vm eth0 - tap0
both_ways 'a new tap'

restarted() {
	stop_vnetd
	start_vnetd
}
ok 'vnetd is restarted' restarted
both_ways 'after it'

# --- its stack: ARP and TCP ---

listen_no_more up sv g1 hy
# What the machine asks for by broadcast is answered over the service, so the peer is there.
ctl resource del vnet0 hy
in_ns vm ip addr add 192.0.2.1/24 dev eth0
in_ns sv ip addr add 192.0.2.2/24 dev far
bg_ready recv in_ns sv tcpstream recv --port 7000
ok 'TCP from the machine' in_ns vm tcpstream send --to 192.0.2.2:7000 --bytes 10000000
ok 'every byte is right' bg_wait recv
bg_ready recv in_ns vm tcpstream recv --port 7000
ok 'TCP to the machine' in_ns sv tcpstream send --to 192.0.2.1:7000 --bytes 10000000
ok 'every byte is right' bg_wait recv

# --- removed, the tap is its owner's ---

ctl vnet del vnet0
ok 'the vnet is removed, the tap stays' test -e /sys/class/net/tap0
not_ok 'without our program' compgen -G "$T/bpf/vnet/default/links/*"
bg_stop machine

finish
