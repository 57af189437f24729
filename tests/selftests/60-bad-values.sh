#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Values that are not right: vnetd says of which object and field, what was given and what was expected;
# the exit status is 2 and nothing is changed.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ns other
veth s0 - s1 other
veth h0 - h1 other
start_vnetd
ctl vnet add vnet0 address "$(mac 1)"
ctl vnet add vnet1 address "$(mac 9)"
ctl resource add vnet0 sv type service dev s0
ctl resource add vnet0 g1 type guest dev late0 peer "$(mac 2)"
ctl resource add vnet0 hy type hybrid dev h0
wait_for 10 state_is vnet0 sv up
wait_for 10 state_is vnet0 hy up

bad() { # REGEX WORD...: of vnetctl
	local regex=$1

	shift
	refused "vnetctl $*" 2 "^vnetctl: $regex$" ctl "$@"
}

# For both the making and the changing of a vnet; of the resources a guest and a hybrid.
bad_vnet() { # REGEX KEY VALUE...
	local regex=$1

	shift
	bad "new0: $regex" vnet add new0 "$@"
	bad "vnet0: $regex" vnet set vnet0 "$@"
}

bad_guest() { # REGEX KEY VALUE...
	local regex=$1

	shift
	bad "vnet0/g2: $regex" resource add vnet0 g2 type guest dev late1 peer "$(mac 3)" "$@"
	bad "vnet0/g1: $regex" resource set vnet0 g1 "$@"
}

unicast='a unicast MAC like 02:00:00:00:00:01'
list='none, all, or VLANs from 1 to 4094 like 10,20-29 in at most 32 ranges'

# --- addresses ---
for mac in 02:00:00:00:00 02:00:00:00:00:01:02 02-00-00-00-00-01 2:0:0:0:0:1 020000000001 x \
	00:00:00:00:00:00 ff:ff:ff:ff:ff:ff 01:00:5e:00:00:01 03:00:00:00:00:01; do
	bad_vnet "address $mac is not $unicast or random" address "$mac"
done
bad "new0: address '' is not $unicast or random" vnet add new0 address ''
bad "vnet0/g2: peer 33:33:00:00:00:01 is not $unicast" \
	resource add vnet0 g2 type guest dev late1 peer 33:33:00:00:00:01
bad "vnet0/g1: peer 02:00 is not $unicast" resource set vnet0 g1 peer 02:00
bad "vnet0: mac 02:00 is not a MAC address like 02:00:00:00:00:01" path vnet0 02:00

# --- numbers ---
for mtu in 0 67 65522 4294967296 -1; do
	bad_vnet "mtu $mtu is not a number from 68 to 65521" mtu "$mtu"
done
for pvid in 0 4095 65537; do
	bad_vnet "pvid $pvid is not a number from 1 to 4094" pvid "$pvid"
done
bad_vnet 'monitor_interval 10001 is not a number of milliseconds from 0 to 10000' monitor-interval 10001
bad_vnet 'on_delete never is not recreate or remove' on-delete never
bad_vnet 'hold_down 600001 is not a number of milliseconds from 0 to 600000' hold-down 600001
bad_vnet 'tx_timeout 60001 is not a number of milliseconds from 0 to 60000' tx-timeout 60001
bad_guest 'probe 224.0.0.1 is not none, a unicast IP address or a unicast MAC like 02:00:00:00:00:01' probe 224.0.0.1
bad_guest 'probe_interval 9 is not a number of milliseconds from 10 to 60000' probe-interval 9
bad_guest 'probe_count 0 is not a number from 1 to 100' probe-count 0
bad_vnet 'announce_count 101 is not a number from 0 to 100' announce-count 101
bad_vnet 'announce_interval 5 is not a number of milliseconds from 10 to 60000' announce-interval 5
bad_vnet 'announce_addresses 10.0.0.0/8 is not none, or at most 32 IP addresses like 10.0.0.7,2001:db8::7' announce-addresses 10.0.0.0/8
for limit in 10000001 -1 99999999999; do
	bad_vnet "storm_limit $limit is not a number of frames a second from 1 to 10000000, or none" storm-limit "$limit"
	bad_guest "storm_limit $limit is not a number of frames a second from 1 to 10000000, or none" storm-limit "$limit"
done
bad_guest 'pvid 4095 is not a number from 1 to 4094 or inherit' pvid 4095
bad 'vnet0/hy: priority 65536 is not a number from 0 to 65535' resource set vnet0 hy priority 65536
bad 'vnet0/hy: priority -1 is not a number from 0 to 65535' resource set vnet0 hy priority -1
for vlan in 0 4095; do
	bad "vnet0: vlan $vlan is not a number from 1 to 4094" path vnet0 "$(mac 2)" vlan $vlan
done

# --- lists ---
for vlans in 0 4095 10- -10 10,,20 20-10 10-4095 10,x; do
	bad_vnet "vlans $vlans is not $list" vlans "$vlans"
	bad_guest "vlans $vlans is not inherit, $list" vlans "$vlans"
done
bad_vnet "vlans [0-9,]+\.\.\. is not $list" vlans "$(seq -s , 2 2 66)"

for words in spoof 'mac-nospoof,' ,restricted mac-nospoof,none 'mac-nospoof restricted' IP-NOSPOOF; do
	bad_vnet "protection $words is not none, or mac-nospoof, ip-nospoof, dhcp-nospoof and restricted as a list .*" protection "$words"
done
for ips in 10.0.0 10.0.0.256 10.0.0.7/33 10.0.0.7/24 10.0.0.7/ /8 '10.0.0.7,' x 2001:db8::1/64 2001:db8::/129 ::ffff:10.0.0.7; do
	bad_vnet "allowed_ips $ips is not none, or at most 32 IP addresses and prefixes like .*" allowed-ips "$ips"
done
bad_vnet 'allowed_ips 10\.0\.0\.1,[0-9.,]+\.\.\. is not none, or at most 32 IP addresses .*' \
	allowed-ips "$(printf '10.0.0.%s,' {1..32})10.0.0.33"
bad_vnet 'allowed_ips ::/0 would take in every IPv4 address as well, expected longer IPv6 prefixes like 2000::/3' allowed-ips 10.0.0.7,::/0

# --- words ---
bad_vnet 'mode TC is not auto, tc or xdp' mode TC
bad_vnet 'mode xdpgeneric is not auto, tc or xdp' mode xdpgeneric
bad_vnet 'promiscuous yes is not auto, on or off' promiscuous yes
bad_guest 'admin left is not up or down' admin left
bad "vnet0/g2: type peer is not service, guest or hybrid" resource add vnet0 g2 type peer dev late1
bad "new0: upper '' is not .*" vnet add new0 upper '' address "$(mac 3)"
bad 'new0: upper a/b is not .*' vnet add new0 upper a/b address "$(mac 3)"
bad 'new0: netns a/b is not a name under /run/netns or an absolute path, .*' vnet add new0 netns a/b
bad 'vnet0/g2: device sixteen-letters-- is not .*' resource add vnet0 g2 type guest peer "$(mac 3)" dev sixteen-letters--
bad 'vnet0/g2: device \.\. is not .*' resource add vnet0 g2 type guest peer "$(mac 3)" dev ..

# --- values that do not go together ---
bad 'vnet0/g2: peer is required for type guest, .*' resource add vnet0 g2 type guest dev late1
bad 'vnet1/sv: peer 02:00:00:00:00:03 cannot be given for type service, expected it for type guest alone' \
	resource add vnet1 sv type service dev late1 peer "$(mac 3)"
bad 'vnet0/hy: peer 02:00:00:00:00:03 cannot be given for type hybrid, .*' resource set vnet0 hy peer "$(mac 3)"
bad_guest 'priority 7 cannot be given for type guest, expected it for type hybrid alone' priority 7
bad 'vnet0/g2: type is required, expected service, guest or hybrid' resource add vnet0 g2 dev late1
bad 'vnet0/g2: device is required, .*' resource add vnet0 g2 type hybrid
bad_vnet 'allowed_ips is required with protection ip-nospoof, expected the addresses that the upper may use' protection restricted,ip-nospoof
bad 'vnet0/g2: peer_vnet a/b is not the name of a vnet, .*' resource add vnet0 g2 type guest peer-vnet a/b
bad 'vnet0/g2: peer_vnet vnet1 cannot be given together with device late1, expected one of them' \
	resource add vnet0 g2 type guest dev late1 peer-vnet vnet1
bad 'vnet0/g2: peer_vnet vnet1 cannot be given together with peer 02:00:00:00:00:03, expected one of them: .*' \
	resource add vnet0 g2 type guest peer-vnet vnet1 peer "$(mac 3)"
for type in service hybrid; do
	bad "vnet1/g2: peer_vnet vnet0 cannot be given for type $type, expected it for type guest alone" \
		resource add vnet1 g2 type $type peer-vnet vnet0
done
bad 'new0: address is required with upper late1, .*' vnet add new0 upper late1
bad 'new0: .*netns.*upper.*' vnet add new0 upper late1 netns other address "$(mac 3)"

# --- one wrong value among right ones: none of them counts ---
bad 'vnet0: mtu 7 is not .*' vnet set vnet0 guard off pvid 5 mtu 7 vlans 10
bad 'vnet0/g1: vlans 0 is not .*' resource set vnet0 g1 admin down vlans 0
bad 'vnet0: allowed_ips 10\.0\.0\.7/8 is not .*' vnet set vnet0 protection restricted storm-limit 5 allowed-ips 10.0.0.7/8

# --- what can only be given when the object is made ---
bad 'vnet0: upper is not set and cannot become s0, it can only be given when vnet0 is made' vnet set vnet0 upper s0
bad 'vnet0: netns is not set and cannot become other, .*' vnet set vnet0 netns other
bad 'vnet0/g1: type is guest and cannot become hybrid, .*' resource set vnet0 g1 type hybrid
bad 'vnet0/g1: device is late0 and cannot become late1, .*' resource set vnet0 g1 dev late1
bad 'vnet0/g1: peer_vnet is not set and cannot become vnet1, it can only be given when vnet0/g1 is made' resource set vnet0 g1 peer-vnet vnet1

finish
