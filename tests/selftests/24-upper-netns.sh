#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A vnet whose upper is in another network namespace: frames, TCP both ways, and the end of that namespace.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly vnet=02:00:00:00:00:01 guest=02:00:00:00:00:02 unknown=02:00:00:00:00:99 broadcast=ff:ff:ff:ff:ff:ff

start_vnetd
refused 'a namespace that is not there' 2 'vnet0: .*nowhere' ctl vnet add vnet0 netns nowhere
refused 'a namespace and an upper' 2 'vnet0: netns .*upper' ctl vnet add vnet0 netns pod upper tap0 address $vnet

ns pod
# shellcheck disable=SC2034 # frames.sh reads it
frames_upper=pod
ctl vnet add vnet0 address $vnet netns pod announce-count 0
listen up pod vnet0 - vnet0-p
far_end sv type service
far_end g1 type guest peer $guest
far_end hy
hybrid=$(cat /sys/class/net/hy/address)
ctl resource add vnet0 hy type hybrid dev hy
like 'vnet0 is in there' "$(in_ns pod ip -br link show vnet0)" "UP +$vnet"
not_ok 'and not here' ip link show vnet0
ok 'its port is here' ip link show vnet0-p

# --- frames ---

carried 'broadcast' sv 3 tx $broadcast --count 3
carried 'to the guest' g1 3 tx $guest --count 3
carried 'unknown unicast' hy 3 tx $unknown --count 3
dropped 'spoofed' spoofed 3 tx $unknown --from $guest --count 3
delivered 'from the service' sv 3 rx sv $vnet --from $unknown --count 3
delivered 'broadcast from the service' sv 3 rx sv $broadcast --from $unknown --count 3
delivered 'from the hybrid' hy 3 rx hy $vnet --from $unknown --count 3
delivered 'from the guest' g1 3 rx g1 $vnet --from $guest --count 3
dropped 'a duplicate' duplicate 3 rx hy $broadcast --from $unknown --count 3
dropped 'for somebody else' not_ours 3 rx sv $guest --from $unknown --count 3

restarted() {
	stop_vnetd
	start_vnetd
}
ok 'vnetd is restarted' restarted
carried 'and finds the upper again' hy 3 tx $unknown --count 3
delivered 'both ways' sv 3 rx sv $vnet --from $unknown --count 3
listen_no_more up sv g1 hy

# --- TCP, over a service whose device has a MAC of its own: what it delivers is for the vnet's stack ---

tcp() { # TEXT FROM-NS TO-NS ADDRESS
	bg_ready recv in_ns "$3" tcpstream recv --port 7000
	ok "TCP $1" in_ns "$2" tcpstream send --to "$4:7000" --bytes 50000000
	ok "TCP $1: every byte is right" bg_wait recv
}

plumb() {
	in_ns pod ip addr add 192.0.2.1/24 dev vnet0
	neighbour pod vnet0 192.0.2.2 $guest
}

plumb
for name in sv g1; do
	in_ns $name ip addr add 192.0.2.2/24 dev far
	in_ns $name ip link set far address $guest
	neighbour $name far 192.0.2.1 $vnet
done
tcp 'to the guest' pod g1 192.0.2.2
tcp 'from the guest' g1 pod 192.0.2.1
ctl resource set vnet0 g1 admin down
tcp 'over the service' pod sv 192.0.2.2
tcp 'in over the service' sv pod 192.0.2.1
ctl resource set vnet0 g1 admin up

# --- the namespace ends ---

no_port() {
	[ ! -e /sys/class/net/vnet0-p ]
}
ns_del pod
ok 'the namespace is deleted: so is the port' wait_for 5 no_port
is 'vnetd goes on' "$(json '.[0].name' vnet show vnet0)" vnet0
is 'the vnet has no carrier' "$(json '.[0].carrier' vnet show vnet0)" false
is 'its resources are kept' "$(json '[.[].state] | unique | join(" ")' resource show vnet0)" up
is 'and stay prepared' "$(cat /sys/class/net/hy/address)" $vnet
ns pod
ok 'there is one of that name again: at the next change' ctl vnet set vnet0 guard on
like 'the vnet is back in it' "$(in_ns pod ip -br link show vnet0)" "UP +$vnet"
plumb
tcp 'after it' pod g1 192.0.2.2
ns_del pod
ok 'deleted again' wait_for 5 no_port
ok 'the vnet can be removed then' ctl vnet del vnet0
is 'its hybrid gets its own MAC back' "$(cat /sys/class/net/hy/address)" "$hybrid"

ns pod
ctl vnet add vnet0 address $vnet netns /run/netns/pod announce-count 0
ok 'a namespace by its path' in_ns pod ip link show vnet0
ok 'the vnet is removed' ctl vnet del vnet0
not_ok 'and its device in the namespace' in_ns pod ip link show vnet0

finish
