#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Objects that are not there, are there already, or stand in each other's way: vnetd says which and why, the
# exit status is 2, and nothing is changed in it or in the kernel.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ns other
for pair in s g h p b x; do
	veth ${pair}0 - ${pair}1 other
done
ip link add br0 type bridge
ip link set b0 master br0
start_vnetd
ctl vnet add vnet0 address "$(mac 1)"
ctl vnet add vnet1 address "$(mac 9)"
ctl vnet add tap0 upper x0 address "$(mac 10)"
ctl resource add vnet0 sv type service dev s0
ctl resource add vnet0 g1 type guest dev g0 peer "$(mac 2)"
ctl resource add vnet0 late type guest dev late0 peer "$(mac 3)"
ctl resource add vnet0 hy type hybrid dev h0
wait_for 10 state_is vnet0 sv up
wait_for 10 state_is vnet0 g1 up
wait_for 10 state_is vnet0 hy up

bad() { # REGEX WORD...: of vnetctl
	local regex=$1

	shift
	refused "vnetctl $*" 2 "^vnetctl: $regex$" ctl "$@"
}

# --- what is not there ---
bad 'there is no vnet "nope"' vnet set nope mtu 1400
bad 'there is no vnet "nope"' vnet del nope
bad 'there is no vnet "nope"' vnet show nope
bad 'there is no vnet "nope"' resource add nope r type service dev p0
bad 'there is no vnet "nope"' resource show nope
bad 'there is no vnet "nope"' fdb show nope
bad 'there is no vnet "nope"' path nope "$(mac 2)"
bad 'there is no vnet "nope"' stats nope
bad 'vnet vnet0 has no resource "nope"' resource set vnet0 nope admin down
bad 'vnet vnet0 has no resource "nope"' resource del vnet0 nope
bad 'vnet vnet0 has no resource "nope"' resource show vnet0 nope
bad 'vnet vnet0 has no resource "nope"' stats vnet0 nope
bad 'vnet vnet1 has no resource "sv"' resource del vnet1 sv
bad 'there is no vnet "vnet"' vnet del vnet # a name cannot be shortened

# --- names ---
allowed="expected letters, digits, '_', '-' and '\.'"
bad "vnet name '' is empty, expected 1 to 13 characters" vnet add ''
bad "vnet name a/b has '/' in it, $allowed" vnet add a/b
bad "vnet name a b has ' ' in it, $allowed" vnet add 'a b'
bad "vnet name \.\./x starts with '\.', .*" vnet add ../x
bad "vnet name a:b has ':' in it, $allowed" vnet add a:b
bad "vnet name caf\?\? has '\?' in it, $allowed" vnet add café
bad 'vnet name fourteen-long- has 14 characters, expected at most 13' vnet add fourteen-long-
bad "resource name a%b has '%' in it, $allowed" resource add vnet1 a%b type service dev p0
bad 'resource name sixteen-letters- has 16 characters, expected at most 15' \
	resource add vnet1 sixteen-letters- type service dev p0
bad "vnet name x+ has [0-9]+ characters, expected at most 13" vnet add "$(printf 'x%.0s' {1..60})"

# --- what is there already ---
bad 'vnet0: there is a vnet of that name already' vnet add vnet0
bad 'new0: address 02:00:00:00:00:09 is vnet vnet1.s already' vnet add new0 address "$(mac 9)"
bad 'vnet0: address 02:00:00:00:00:09 is vnet vnet1.s already' vnet set vnet0 address "$(mac 9)"
bad 'vnet0/g1: vnet vnet0 has a resource of that name already' resource add vnet0 g1 type guest dev p0 peer "$(mac 5)"
bad 'vnet0/s2: vnet vnet0 has a service already, resource sv; a vnet takes one' resource add vnet0 s2 type service dev p0
bad 'vnet0/s2: vnet vnet0 has a service already, .*' resource add vnet0 s2 type service dev later
bad 'vnet0/g2: peer 02:00:00:00:00:02 in VLAN 1 is already reached over resource g1' resource add vnet0 g2 type guest dev p0 peer "$(mac 2)"
bad 'vnet0/g2: peer 02:00:00:00:00:03 in VLAN 1 is already reached over resource late' resource add vnet0 g2 type guest dev p0 peer "$(mac 3)"
bad 'vnet0/late: peer 02:00:00:00:00:02 in VLAN 1 is already reached over resource g1' resource set vnet0 late peer "$(mac 2)"
bad 'vnet0/g1: peer 02:00:00:00:00:03 in VLAN 1 is already reached over resource late' resource set vnet0 g1 peer "$(mac 3)"
bad 'vnet0/g2: peer 02:00:00:00:00:01 is the address of vnet vnet0 itself; .*' \
	resource add vnet0 g2 type guest dev p0 peer "$(mac 1)"
bad 'vnet0: address 02:00:00:00:00:02 is the peer of its resource g1' vnet set vnet0 address "$(mac 2)"

# --- devices of vnets ---
bad 'vnet1/r: device s0 is in use by resource sv of vnet vnet0 already' resource add vnet1 r type service dev s0
bad 'vnet0/r: device late0 is in use by resource late of vnet vnet0 already' resource add vnet0 r type hybrid dev late0
bad 'vnet0/r: device vnet0 is the upper or the port of vnet vnet0' resource add vnet0 r type hybrid dev vnet0
bad 'vnet0/r: device vnet0-p is the upper or the port of vnet vnet0' resource add vnet0 r type hybrid dev vnet0-p
bad 'vnet0/r: device vnet1 is the upper or the port of vnet vnet1' resource add vnet0 r type hybrid dev vnet1
bad 'vnet0/r: device x0 is the upper or the port of vnet tap0' resource add vnet0 r type hybrid dev x0
bad 'new0: upper x0 is in use by vnet tap0 already' vnet add new0 upper x0 address "$(mac 11)"
bad 'new0: upper s0 is in use by vnet vnet0 already' vnet add new0 upper s0 address "$(mac 11)"
bad 'new0: upper late0 is what resource late of vnet vnet0 waits for' vnet add new0 upper late0 address "$(mac 11)"

# --- devices that cannot be lower ones, or are others' ---
bad 'vnet1/r: device lo is not an Ethernet device' resource add vnet1 r type service dev lo
bad 'vnet1/r: device b0 is a port of br0; take it out of there first' resource add vnet1 r type service dev b0
bad 'new0: upper lo is not an Ethernet device' vnet add new0 upper lo address "$(mac 11)"
bad 'p0: there is a device p0 that vnetd did not make; .*' vnet add p0
bad 'new0: network namespace none cannot be opened .*: No such file or directory' vnet add new0 netns none
bad 'new0: network namespace /nowhere/ns cannot be opened .*' vnet add new0 netns /nowhere/ns
bad 'new0: netns /etc/passwd \(/etc/passwd\) is not a network namespace' vnet add new0 netns /etc/passwd
bad 'new0: netns /proc/self/ns/mnt \(.*\) is not a network namespace' vnet add new0 netns /proc/self/ns/mnt
mkfifo "$T/pipe"
bad "new0: netns $T/pipe \(.*\) is not a network namespace" vnet add new0 netns "$T/pipe"

# --- more than a device can carry: found out by the kernel alone, with the service raised already ---
ip link add mv0 link p0 type macvlan mode bridge
ip link set mv0 up
ctl resource add vnet0 mv type guest dev mv0 peer "$(mac 6)"
wait_for 10 state_is vnet0 mv up
bad 'vnet0/mv: device mv0 cannot be set up for the vnet \(MTU 9000\): Invalid argument' vnet set vnet0 mtu 9000
ctl vnet set vnet1 mtu 9000
ctl resource del vnet0 mv
bad 'vnet1/r: device mv0 cannot be set up for the vnet \(MTU 9000\): Invalid argument' resource add vnet1 r type service dev mv0

# --- more hybrids than a vnet takes ---
for i in 1 2 3 4 5 6 7; do
	ctl resource add vnet0 hy$i type hybrid dev later$i
done
bad 'vnet0/hy8: vnet vnet0 has 8 hybrids already, the most it takes' resource add vnet0 hy8 type hybrid dev later8

finish
