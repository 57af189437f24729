#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices of resources are renamed under traffic: no frame is lost, the new name is shown, kept across a
# restart, and a device that takes the old name is nobody's.
# fault 29.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
rate=20000 rate_back=10000
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"

shown() { # RESOURCE
	json '.[0] | "\(.device) \(.ifindex) \(.state)"' resource show vnet0 "$1"
}

shown_is() { # RESOURCE "DEVICE IFINDEX STATE"
	[ "$(shown "$1")" = "$2" ]
}

rename() { # RESOURCE OLD NEW
	local index

	index=$(cat "/sys/class/net/$2/ifindex")
	ip link set "$2" name "$3"
	ok "$1: $2 becomes $3" wait_for 5 shown_is "$1" "$3 $index up"
}

world_make
ip link add probe0 type veth peer name probe1
ip link set probe0 up
ip link set probe0 name probe2 || skip_all 'this kernel renames no device that is up'
ip link del probe2
start_vnetd
world_vnets
channel_add
ctl resource add vnet0 vf type hybrid dev h0
traffic_start

rename vf h0 wan0
rename sv s0 uplink0
rename g1 c0 peer0
rename g1 peer0 peer1
traffic_settle
is 'the ways are the same' "$(json '.resource' path vnet0 $mac1) $(json '.resource' path vnet0 $mac_out)" 'g1 vf'

# Two devices change names under it: what counts is the device and not the name.
index=$(cat /sys/class/net/wan0/ifindex)
ip -batch - <<-LINKS
	link set wan0 name tmp0
	link set h1 name wan0
	link set tmp0 name h1
LINKS
ok 'names are swapped: vf keeps its device' wait_for 5 shown_is vf "h1 $index up"
is 'the other device is nobody'"'"'s' "$(ip -j link show wan0 | jq -r '.[0].address == "'$mac0'"')" false
veth h0 - idle0 -
is 'a device that takes an old name is nobody'"'"'s' "$(shown vf)" "h1 $index up"
traffic_settle
ok 'no frame is lost by any of it' wait_for 5 lost_at_most 0

before=$(json '[.[] | del(.reason)]' resource show)
kill_vnetd KILL
start_vnetd
is 'after a restart the names are the new ones' "$(json '[.[] | del(.reason)]' resource show)" "$before"
traffic_settle
ok 'and no frame is lost' wait_for 5 lost_at_most 0

stop_vnetd
ip link set h1 name wan1
start_vnetd
is 'renamed while vnetd is away: it is found' "$(shown vf)" "wan1 $index up"
traffic_settle
ok 'and no frame is lost' wait_for 5 lost_at_most 0
traffic_end 'all names'

ctl resource del vnet0 vf
isnt 'the right device gets its MAC back' "$(cat /sys/class/net/wan1/address)" $mac0

# A waiting resource has a name alone, and a device that loses it is not waited for.
ctl resource add vnet0 vf type hybrid dev late0
ip link set wan1 name late0
ok 'a name is waited for' wait_for 5 shown_is vf "late0 $index up"
finish
