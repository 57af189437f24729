#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The vnet's MAC can be changed live, by vnetctl and by ip: guard, filters and hybrid follow, and get their own back.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly first=02:00:00:00:00:01 second=02:00:00:00:00:0a third=02:00:00:00:00:0b
readonly guest=02:00:00:00:00:02 unknown=02:00:00:00:00:99 hybrid=02:00:00:00:00:55

address() { # DEVICE
	cat "/sys/class/net/$1/address"
}

address_is() { # DEVICE MAC
	[ "$(address "$1")" = "$2" ]
}

vnet_address_is() { # MAC
	[ "$(json '.[0].address' vnet show vnet0)" = "$1" ]
}

# Everything goes by this MAC, and no more by that one.
goes_by() { # TEXT MAC OLD-MAC
	is "$1: vnet0 has it" "$(address vnet0)" "$2"
	is "$1: the hybrid has it" "$(address hy)" "$2"
	carried "$1: it is a good source" hy 1 tx $unknown --from "$2"
	dropped "$1: the old one is spoofed" spoofed 1 tx $unknown --from "$3"
	delivered "$1: frames for it are delivered" sv 1 rx sv "$2" --from $unknown
	delivered "$1: from the hybrid" hy 1 rx hy "$2" --from $unknown
	delivered "$1: from the guest" g1 1 rx g1 "$2" --from $guest
	dropped "$1: for the old one they are not" not_ours 1 rx sv "$3" --from $unknown
	dropped "$1: it does not come back" reflected 1 rx sv "$2" --from "$2"
	delivered "$1: what has the old one is not reflected" sv 1 rx sv "$2" --from "$3"
}

start_vnetd
for name in sv g1 hy; do
	far_end $name
done
ip link set hy address $hybrid
service_address=$(address sv)
ctl vnet add vnet0 address $first announce-count 0
ip link set vnet0 up
listen up - vnet0 - vnet0-p
ctl resource add vnet0 sv dev sv type service
ctl resource add vnet0 g1 dev g1 type guest peer $guest
ctl resource add vnet0 hy dev hy type hybrid
goes_by 'at first' $first $second
is 'a service keeps its own' "$(address sv)" "$service_address"

ctl vnet set vnet0 address $second
goes_by 'changed by vnetctl' $second $first

ip link set vnet0 address $third
ok 'changed by ip: the vnet follows' wait_for 5 vnet_address_is $third
ok 'and the hybrid' wait_for 5 address_is hy $third
goes_by 'changed by ip' $third $second

# --- refused ---

refused "a guest's MAC" 2 "address $guest .*g1" ctl vnet set vnet0 address $guest
refused 'a multicast address' 2 'address 03:00:00:00:00:01' ctl vnet set vnet0 address 03:00:00:00:00:01
ctl vnet add vnet1 address "$(mac 30)" announce-count 0
refused "another vnet's" 2 "address $(mac 30) .*vnet1" ctl vnet set vnet0 address "$(mac 30)"
ip link set vnet0 address $guest
ok "a guest's MAC by ip: vnet0 gets back what it had" wait_for 5 address_is vnet0 $third
ok 'and nothing else has changed' vnet_address_is $third
carried 'and all goes on' hy 1 tx $unknown --from $third

# --- the hybrid's own MAC ---

ip link set hy address $hybrid
ok "a hybrid that somebody gives another MAC gets the vnet's again" wait_for 5 address_is hy $third
ctl resource del vnet0 hy
is 'a hybrid that is let go gets its own back, and not one in between' "$(address hy)" $hybrid
ctl resource add vnet0 hy dev hy type hybrid
stop_vnetd
is 'vnetd is stopped: the hybrid stays as it is' "$(address hy)" $third
start_vnetd
ctl resource del vnet0 hy
is 'vnetd was restarted: it is given back all the same' "$(address hy)" $hybrid
ctl resource add vnet0 hy dev hy type hybrid
ctl vnet del vnet0
is 'the vnet is removed: it is given back' "$(address hy)" $hybrid

# --- made by chance ---

ctl vnet add vnet2 announce-count 0
like 'without an address: a random one, unicast and local' "$(address vnet2)" '^.[26ae]:'
is 'which vnetd knows' "$(json '.[0].address' vnet show vnet2)" "$(address vnet2)"
before=$(address vnet2)
stop_vnetd
start_vnetd
is 'and keeps over a restart' "$(address vnet2)" "$before"

finish
