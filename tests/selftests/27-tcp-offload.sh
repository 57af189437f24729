#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TCP keeps its offloads over every kind of resource: large segments pass whole, checksums are left to the devices.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly vnet=02:00:00:00:00:01 guest=02:00:00:00:00:02 hybrid=02:00:00:00:00:03 size=50000000

# The far ends have one address, so the neighbour's MAC says which way TCP takes: a registered one is the
# guest's, any other goes over the hybrid, and over the service when there is none.
start_vnetd
ns pod
far_end() { # NAME MAC
	ns "$1"
	veth "$1" - far "$1" "" "$2"
	in_ns "$1" ip addr add 192.0.2.2/24 dev far
	neighbour "$1" far 192.0.2.1 $vnet
}
far_end sv $hybrid
far_end g1 $guest
far_end hy $hybrid

# Frames and bytes as a device counts them: what the stack keeps as one is one.
received() { # NS DEVICE: "PACKETS BYTES"
	in_ns "$1" ip -j -s link show "$2" | jq -r '.[0].stats64.rx | "\(.packets) \(.bytes)"'
}

segments() { # RESOURCE o|i: counted by the vnet, one by one
	json ".[0].resources[0].$2packets" stats vnet0 "$1"
}

# NS DEVICE "PACKETS BYTES" before: the mean size of what came since
mean() {
	local packets bytes

	read -r packets bytes <<<"$(received "$1" "$2")"
	echo $(((bytes - ${3#* }) / (packets - ${3% *})))
}

transfer() { # TEXT FROM-NS TO-NS TO-DEVICE ADDRESS RESOURCE o|i
	local before segments

	before=$(received "$3" "$4")
	segments=$(segments "$6" "$7")
	bg_ready recv in_ns "$3" tcpstream recv --port 7000
	ok "$1: sent" in_ns "$2" tcpstream send --to "$5:7000" --bytes $size
	ok "$1: every byte is right" bg_wait recv
	cmp_num "$1: passed in large pieces" "$(mean "$3" "$4" "$before")" -gt 4000
	cmp_num "$1: counted in segments" $(($(segments "$6" "$7") - segments)) -ge $((size / 1448))
}

both() { # TEXT RESOURCE
	transfer "$1, out" "$upper" "$2" far 192.0.2.2 "$2" o
	transfer "$1, in" "$2" "$upper" vnet0 192.0.2.1 "$2" i
}

# The vnet that was made last, over all three.
all() { # TEXT
	ctl resource add vnet0 sv type service dev sv
	ctl resource add vnet0 g1 type guest dev g1 peer $guest
	in_ns "$upper" ip addr add 192.0.2.1/24 dev vnet0
	neighbour "$upper" vnet0 192.0.2.2 $guest
	both "$1: guest" g1
	neighbour "$upper" vnet0 192.0.2.2 $hybrid
	both "$1: service" sv
	ctl resource add vnet0 hy type hybrid dev hy
	both "$1: hybrid" hy
}

# "host" is a name for the namespace we are in, so that ip takes it as it takes the others.
ip netns attach host $$
upper=host
ctl vnet add vnet0 address $vnet
all 'shortcut'
ip link set vnet0 promisc on
both 'through the port: hybrid' hy
ip link set vnet0 promisc off

# A tag that is put in at one end and taken out at the other one.
ctl vnet add vnet1 address $guest netns pod pvid 10
ctl resource del vnet0 g1
ctl vnet set vnet0 pvid 10
ip link add c0 type veth peer name c1
ctl resource add vnet0 g1 type guest dev c0 peer $guest pvid 1 vlans 10
ctl resource add vnet1 g0 type guest dev c1 peer $vnet pvid 1 vlans 10
in_ns pod ip addr add 192.0.2.2/24 dev vnet1
neighbour pod vnet1 192.0.2.1 $vnet
neighbour host vnet0 192.0.2.2 $guest
transfer 'tagged on the way' host pod vnet1 192.0.2.2 g1 o
transfer 'tagged on the way back' pod host vnet0 192.0.2.1 g1 i
ctl vnet del vnet1
ctl vnet del vnet0

upper=pod
ctl vnet add vnet0 address $vnet netns pod
all 'another namespace'

# Devices without offloads carry the same, in small pieces.
for feature in tso gso tx gro; do
	ethtool -K hy $feature off >/dev/null
	in_ns hy ethtool -K far $feature off >/dev/null
done
bg_ready recv in_ns hy tcpstream recv --port 7000
ok 'without offloads: sent' in_ns pod tcpstream send --to 192.0.2.2:7000 --bytes $size
ok 'without offloads: every byte is right' bg_wait recv
bg_ready recv in_ns pod tcpstream recv --port 7000
ok 'without offloads, in: sent' in_ns hy tcpstream send --to 192.0.2.1:7000 --bytes $size
ok 'without offloads, in: every byte is right' bg_wait recv

for name in host pod sv g1 hy; do
	is "$name: no wrong checksum" "$(in_ns $name nstat -asz TcpInCsumErrors | awk '/^Tcp/ { print $2 }')" 0
done
is 'nothing was dropped' "$(json '[.[0].drops[]] | add' stats vnet0)" 0

finish
