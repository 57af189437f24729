#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Resources that are bridged together outside, and vnets in a ring: nothing comes back up, nothing goes round
# through a vnet, and of a storm that others make no more than the limit gets through.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly vnet=02:00:00:00:00:01 vnet1=02:00:00:00:00:21 guest=02:00:00:00:00:02 host=02:00:00:00:00:88
readonly broadcast=ff:ff:ff:ff:ff:ff multicast=01:00:5e:00:00:05 limit=500

counter() { # FILTER
	json ".[0] | $1" stats vnet0
}

# --- fault 40: all resources of a vnet in one bridge outside ---

start_vnetd
ctl vnet add vnet0 address $vnet announce-count 0
ip link set vnet0 up
listen up - vnet0 - vnet0-p
ns lan
for name in sv g1 hy; do
	veth $name - $name lan
done
veth host lan far lan $host
bridge br0 lan sv g1 hy far
ctl resource add vnet0 sv type service dev sv
ctl resource add vnet0 g1 type guest dev g1 peer $guest
ctl resource add vnet0 hy type hybrid dev hy
for name in sv g1 hy; do
	wait_for 5 state_is vnet0 $name up
done
listen host lan host lan far

# The bridge has it at its ports: a copy to the host, and two to the vnet.
happens 'a broadcast of the vnet does not come back up' 'host=3 out/sv=3 drop/reflected=6' tx $broadcast --count 3
happens 'nor does a multicast' 'host=3 out/sv=3 drop/reflected=6' tx $multicast --count 3
happens 'nor a unicast that the bridge floods' 'host=3 out/hy=3 drop/reflected=6' tx "$(mac 99)" --count 3
happens "a broadcast of the host arrives once, though three bring it" 'up=3 in/sv=3 drop/duplicate=3 drop/spoofed=3' \
	frame_on lan host $broadcast --from $host --count 3
ctl vnet set vnet0 promiscuous on
happens 'promiscuous: nothing of it goes out again' 'up=6 in/sv=3 in/hy=3 drop/spoofed=3' \
	frame_on lan host "$(mac 98)" --from $host --count 3
ctl vnet set vnet0 promiscuous auto

# A storm outside: two bridges joined by two wires have what they flood go round for ever.
veth loop0 lan loop1 lan
veth loop2 lan loop3 lan
in_ns lan ip link add br1 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
in_ns lan ip link set br1 up
for name in loop0 loop2; do
	in_ns lan ip link set $name master br0
done
for name in loop1 loop3; do
	in_ns lan ip link set $name master br1
done
listen_no_more up host
ctl vnet set vnet0 storm-limit $limit
storms() { # NUMBER: have so many frames been dropped?
	[ "$(counter .drops.storm)" -ge "$1" ]
}
begun=${EPOCHREALTIME/./} before=$(counter '.resources[] | select(.name == "sv") | .ipackets')
frame_on lan host $broadcast --from $host --count 3
ok 'a storm outside is limited' wait_for 20 storms 20000
passed=$(($(counter '.resources[] | select(.name == "sv") | .ipackets') - before))
spent_ms=$(((${EPOCHREALTIME/./} - begun) / 1000))
cmp_num "in $spent_ms ms no more than the limit gets through" $passed -le $((limit * spent_ms / 1000 + limit / 10 + 2))
ok 'vnetd answers meanwhile' ctl vnet show
ok 'and carries out a change' ctl resource set vnet0 hy priority 7
is 'what the vnet sends is carried' "$(json '.resource' path vnet0 "$(mac 99)")" hy
in_ns lan ip link set loop0 down
in_ns lan ip link set br1 down
quiet() { # no frame came for a moment
	local count

	count=$(counter .drops.storm)
	settle
	[ "$(counter .drops.storm)" = "$count" ]
}
listen up - vnet0 - vnet0-p
listen host lan host lan far
ok 'it is over' wait_for 10 quiet
ctl vnet set vnet0 storm-limit none
happens 'and all is as before' 'host=3 out/sv=3 drop/reflected=6' tx $broadcast --count 3
ctl vnet del vnet0
listen_no_more up host
ns_del lan

# --- fault 41: two vnets in a ring: bridged above, and bridged below ---

# Their uppers are ports of one bridge, their services of another one.
ns lan
ctl vnet add vnet0 address $vnet announce-count 0
ctl vnet add vnet1 address $vnet1 announce-count 0
for name in s0 s1; do
	veth $name - $name lan
done
veth host lan far lan $host
bridge below lan s0 s1 far
ctl resource add vnet0 sv type service dev s0
ctl resource add vnet1 sv type service dev s1
wait_for 5 state_is vnet0 sv up
wait_for 5 state_is vnet1 sv up
bridge above - vnet0 vnet1
listen host lan host lan far

ring() {
	frame_on lan host $broadcast --from $host --count 3
}
happens 'a ring of two vnets with the guard: nothing goes round' \
	'in/sv=3 vnet1:in/sv=3 drop/spoofed=3 vnet1:drop/spoofed=3' ring

# Without the guard frames do go round, and the limit is what there is.
listen_no_more host
for name in vnet0 vnet1; do
	ctl vnet set $name guard off
	ctl vnet set $name storm-limit $limit
done
round() {
	json 'map(.resources[0].opackets) | add' stats
}
begun=${EPOCHREALTIME/./} before=$(round)
ring
goes_round() {
	[ "$(json 'map(.drops.storm) | add' stats)" -gt 0 ]
}
ok 'a ring without the guard is limited' wait_for 20 goes_round
passed=$(($(round) - before))
spent_ms=$(((${EPOCHREALTIME/./} - begun) / 1000))
# Each of the two has a limit of its own.
cmp_num "in $spent_ms ms no more than the limits goes round" $passed -le $((2 * (limit * spent_ms / 1000 + limit / 10 + 2)))
ok 'vnetd answers meanwhile' ctl vnet set vnet0 mtu 1400
ip link set above down
still() {
	local count

	count=$(round)
	ctl status
	[ "$(round)" = "$count" ]
}
ok 'the ring is cut: it is over' wait_for 10 still

# --- and a ring of direct peers: what comes from one resource goes to no other ---

ctl vnet del vnet1
ip link del above
ctl vnet set vnet0 storm-limit none
ctl vnet set vnet0 guard on
ctl vnet add vnet1 address $vnet1 announce-count 0
ctl resource add vnet0 p1 type guest peer-vnet vnet1
ctl resource add vnet1 p0 type guest peer-vnet vnet0
ip link set vnet1 up
wait_for 5 state_is vnet0 p1 up
listen up - vnet0 - vnet0-p
listen up1 - vnet1 - vnet1-p
listen host lan host lan far
happens 'direct peers: a broadcast takes the service alone' 'host=3 out/sv=3' tx $broadcast --count 3
happens 'direct peers: what is for the other arrives once' 'up1=3 out/p1=3 vnet1:in/p0=3' tx $vnet1 --count 3
happens 'direct peers: what comes from outside does not cross' 'drop/not_ours=3' \
	frame_on lan host "$(mac 97)" --from $host --count 3
happens 'direct peers: not even a broadcast' 'up=3 in/sv=3' ring

finish
