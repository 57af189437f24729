#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A frame from a resource reaches the upper or is dropped by its reason, and never goes on to another resource.
# fault 43.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly vnet=02:00:00:00:00:01 guest=02:00:00:00:00:02 guest2=02:00:00:00:00:03 host=02:00:00:00:00:88
readonly nobody=02:00:00:00:00:99 broadcast=ff:ff:ff:ff:ff:ff multicast=01:00:5e:00:00:05

frames_world
far_end g2 type guest peer $guest2

# --- delivered ---

delivered 'unicast from the service' sv 3 rx sv $vnet --from $host --count 3
delivered 'unicast from the hybrid' hy 3 rx hy $vnet --from $host --count 3
delivered 'unicast from a guest' g1 3 rx g1 $vnet --from $guest --count 3
delivered "a guest's frame that came over the service" sv 3 rx sv $vnet --from $guest --count 3
delivered "a guest's frame that came over the hybrid" hy 3 rx hy $vnet --from $guest --count 3
delivered 'broadcast from the service' sv 3 rx sv $broadcast --from $host --count 3
delivered 'multicast from the service' sv 3 rx sv $multicast --from $host --count 3
delivered 'broadcast from a guest' g1 3 rx g1 $broadcast --from $guest --count 3
delivered 'multicast from a guest' g1 3 rx g1 $multicast --from $guest --count 3

# --- dropped ---

for from in sv g1 hy; do
	dropped "the vnet's own frame, from $from" reflected 3 rx $from $broadcast --from $vnet --count 3
done
dropped "the vnet's own frame to itself" reflected 3 rx hy $vnet --from $vnet --count 3
dropped "a guest with another's MAC" spoofed 3 rx g1 $vnet --from $host --count 3
dropped "a guest with another guest's MAC" spoofed 3 rx g1 $vnet --from $guest2 --count 3
dropped "a broadcast of a guest with another's MAC" spoofed 3 rx g2 $broadcast --from $guest --count 3
dropped 'broadcast from the hybrid: the service brings it' duplicate 3 rx hy $broadcast --from $host --count 3
dropped 'multicast from the hybrid: the service brings it' duplicate 3 rx hy $multicast --from $host --count 3
for from in sv hy; do
	dropped "unicast for somebody else, from $from" not_ours 3 rx $from $nobody --from $host --count 3
done
dropped 'unicast for somebody else, from a guest' not_ours 3 rx g1 $nobody --from $guest --count 3
for from in sv hy; do
	dropped "a VLAN that is not admitted, from $from" vlan 3 rx $from $vnet --from $host --tag '8100 0005' --count 3
done
dropped 'a VLAN that is not admitted, from a guest' vlan 3 rx g1 $vnet --from $guest --tag '8100 0005' --count 3

# --- from one resource to another there is no way, whoever it is for ---

dropped 'from the service to a guest' not_ours 3 rx sv $guest --from $host --count 3
dropped 'from the hybrid to a guest' not_ours 3 rx hy $guest --from $host --count 3
dropped 'from a guest to another guest' not_ours 3 rx g1 $guest2 --from $guest --count 3

# --- promiscuous: what is for somebody else is delivered, and nothing is forwarded ---

ctl vnet set vnet0 promiscuous on
delivered 'promiscuous: unicast for somebody else' sv 3 rx sv $nobody --from $host --count 3
delivered 'promiscuous: for a guest' hy 3 rx hy $guest --from $host --count 3
delivered 'promiscuous: from a guest to another guest' g1 3 rx g1 $guest2 --from $guest --count 3
dropped 'promiscuous: the own frame all the same not' reflected 3 rx sv $nobody --from $vnet --count 3
dropped 'promiscuous: a spoofed one neither' spoofed 3 rx g1 $nobody --from $host --count 3
dropped 'promiscuous: nor a duplicate' duplicate 3 rx hy $broadcast --from $host --count 3
dropped 'promiscuous: nor another VLAN' vlan 3 rx sv $nobody --from $host --tag '8100 0005' --count 3
ctl vnet set vnet0 promiscuous auto
dropped 'and no more' not_ours 3 rx sv $nobody --from $host --count 3

# --- a resource that is not used still receives; what arrives while paths change is not lost ---

ctl resource set vnet0 sv admin down
delivered 'without a service, broadcast from the hybrid is no duplicate' hy 3 rx hy $broadcast --from $host --count 3
delivered 'nor is multicast' hy 3 rx hy $multicast --from $host --count 3
ctl resource set vnet0 sv admin up
dropped 'with it, it is again' duplicate 3 rx hy $broadcast --from $host --count 3

ctl vnet set vnet0 guard off
delivered 'without the guard a guest may have any MAC' g1 3 rx g1 $vnet --from $host --count 3
dropped "but the vnet's own" reflected 3 rx g1 $vnet --from $vnet --count 3
ctl vnet set vnet0 guard on
dropped 'with the guard it may not' spoofed 3 rx g1 $vnet --from $host --count 3

# --- a device that was let go is the stack's again ---

ctl resource del vnet0 g1
happens 'a removed resource gives the vnet nothing' '' rx g1 $vnet --from $guest --count 3

finish
