#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A frame from the upper takes the path that the policy names, and no other; a dropped one is counted by its reason.
# fault 43.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly guest=02:00:00:00:00:02 unknown=02:00:00:00:00:99 other=02:00:00:00:00:77
readonly broadcast=ff:ff:ff:ff:ff:ff multicast=01:00:5e:00:00:05

admin() { # RESOURCE up|down
	ctl resource set vnet0 "$1" admin "$2"
}

# While all of them are up; once through the shortcut, once through the port.
all_up() { # PREFIX
	local way=$1

	carried "$way: broadcast goes over the service alone" sv 3 tx $broadcast --count 3
	carried "$way: multicast goes over the service alone" sv 3 tx $multicast --count 3
	carried "$way: a guest's MAC goes to the guest" g1 3 tx $guest --count 3
	carried "$way: unknown unicast goes over the hybrid" hy 3 tx $unknown --count 3

	dropped "$way: a source that is not the vnet's" spoofed 3 tx $unknown --from $other --count 3
	dropped "$way: a spoofed frame to a guest" spoofed 3 tx $guest --from $other --count 3
	dropped "$way: a spoofed broadcast" spoofed 3 tx $broadcast --from $other --count 3
	dropped "$way: a VLAN that is not admitted" vlan 3 tx $unknown --tag '8100 0005' --count 3
	dropped "$way: a VLAN that is not admitted, to a guest" vlan 3 tx $guest --tag '8100 0005' --count 3
	dropped "$way: a broadcast in such a VLAN" vlan 3 tx $broadcast --tag '8100 0005' --count 3
}

some_down() { # and up again
	admin g1 down
	carried 'a guest that is not up is reached over the service' sv 3 tx $guest --count 3
	admin sv down
	carried 'and without a service over the hybrid' hy 3 tx $guest --count 3
	dropped 'broadcast without a service, hybrid up' no_service 3 tx $broadcast --count 3
	dropped 'multicast without a service, hybrid up' no_service 3 tx $multicast --count 3
	carried 'unknown unicast without a service' hy 3 tx $unknown --count 3
	admin hy down
	dropped "a guest's MAC, nothing is up" no_path 3 tx $guest --count 3
	dropped 'unknown unicast, nothing is up' no_path 3 tx $unknown --count 3
	dropped 'broadcast, nothing is up' no_service 3 tx $broadcast --count 3
	admin g1 up
	carried 'a guest alone carries what is for it' g1 3 tx $guest --count 3
	dropped 'and nothing else' no_path 3 tx $unknown --count 3
	dropped 'never broadcast' no_service 3 tx $broadcast --count 3
	admin sv up
	carried 'unknown unicast without a hybrid goes over the service' sv 3 tx $unknown --count 3
	admin hy up
	carried 'and back over the hybrid' hy 3 tx $unknown --count 3
}

frames_world
all_up shortcut
some_down

# 14 bytes that promise a VLAN tag; anything shorter the kernel itself refuses to send.
malformed() {
	in_ns - taskset -c "$frames_cpu" frame send --dev vnet0 --hex "$unknown $(mac 1) 8100" --count 3
}
dropped 'a frame shorter than its headers' malformed 3 malformed

ctl vnet set vnet0 guard off
carried 'without the guard any source goes' hy 3 tx $unknown --from $other --count 3
ctl vnet set vnet0 guard on

ctl resource del vnet0 hy
carried 'the hybrid is removed: unknown unicast goes over the service' sv 3 tx $unknown --count 3
ctl resource del vnet0 g1
carried 'the guest is removed: its MAC is unknown unicast' sv 3 tx $guest --count 3
ctl resource del vnet0 sv
is 'the service is removed: vnet0 has no carrier' "$(</sys/class/net/vnet0/carrier)" 0
dropped 'and unknown unicast no path' no_path 3 tx $unknown --count 3
ctl resource add vnet0 hy dev hy type hybrid
carried 'a hybrid alone carries unknown unicast' hy 3 tx $guest --count 3
dropped 'but no broadcast' no_service 3 tx $broadcast --count 3
ctl resource add vnet0 sv dev sv type service
ctl resource add vnet0 g1 dev g1 type guest peer $guest

# With vnet0 promiscuous every frame passes through it to its port, where the same program decides.
ok 'the shortcut is there' shortcut_on
ip link set vnet0 promisc on
ok 'it steps aside while vnet0 is promiscuous' wait_for 5 shortcut_off
all_up port
ip link set vnet0 promisc off
ok 'and comes back after it' wait_for 5 shortcut_on

finish
