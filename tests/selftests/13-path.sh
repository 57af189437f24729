#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `vnetctl path` answers is what happens to such a frame, in every state of the resources.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly guest=02:00:00:00:00:02 unknown=02:00:00:00:00:99 broadcast=ff:ff:ff:ff:ff:ff multicast=01:00:5e:00:00:05

answer() { # MAC [vlan N]
	json '"\(.resource) \(.type) \(.reason)"' path vnet0 "$@"
}

# The answer is the expected one, and a frame proves it.
same() { # TEXT "RESOURCE TYPE REASON" MAC [VLAN]
	local resource type reason tag=()

	read -r resource type reason <<<"$2"
	[ -z "${4:-}" ] || tag=(--tag "8100 $(printf %04x "$4")")
	is "$1: the answer" "$(answer "$3" ${4:+vlan "$4"})" "$resource $type $reason"
	if [ "$resource" = null ]; then
		dropped "$1: what happens" "$reason" 1 tx "$3" "${tag[@]}"
	else
		carried "$1: what happens" "$resource" 1 tx "$3" "${tag[@]}"
	fi
}

all() { # TEXT GUEST UNKNOWN MULTICAST
	same "$1, to the guest" "$2" $guest
	same "$1, to nobody known" "$3" $unknown
	same "$1, broadcast" "$4" $broadcast
	is "$1, multicast: the answer is broadcast's" "$(answer $multicast)" "$(answer $broadcast)"
}

admin() { # RESOURCE=up|down...
	local each

	for each in "$@"; do
		ctl resource set vnet0 "${each%=*}" admin "${each#*=}"
	done
}

sv='sv service' g1='g1 guest' hy='hy hybrid' none='null null'
frames_world

# All eight states of a service, a guest and a hybrid.
all 'all up' "$g1 guest" "$hy hybrid" "$sv multicast"
admin g1=down
all 'guest down' "$sv guest-over-service" "$hy hybrid" "$sv multicast"
admin hy=down
all 'guest, hybrid down' "$sv guest-over-service" "$sv service" "$sv multicast"
admin sv=down
all 'all down' "$none no_path" "$none no_path" "$none no_service"
admin g1=up
all 'guest alone' "$g1 guest" "$none no_path" "$none no_service"
admin hy=up
all 'service down' "$g1 guest" "$hy hybrid" "$none no_service"
admin g1=down
all 'hybrid alone' "$hy hybrid" "$hy hybrid" "$none no_service"
admin sv=up g1=up hy=down
all 'hybrid down' "$g1 guest" "$sv service" "$sv multicast"
admin hy=up

# VLANs: of the vnet, and of a guest that is in another one
ctl vnet set vnet0 vlans 5,6
ctl resource set vnet0 g1 vlans 5
same 'VLAN 5, to the guest' "$g1 guest" $guest 5
same 'VLAN 6, of which the guest is no member' "$hy hybrid" $guest 6
same 'VLAN 6, broadcast' "$sv multicast" $broadcast 6
same 'VLAN 7, not admitted' "$none vlan" $unknown 7

# several hybrids: the best priority, then the next
far_end hx type hybrid priority 10
same 'a better hybrid' 'hx hybrid hybrid' $unknown
admin hx=down
same 'it is down' "$hy hybrid" $unknown
ctl resource set vnet0 hx priority 200 admin up
same 'it is worse' "$hy hybrid" $unknown

# the original's way: no service, no hybrid
ctl vnet set vnet0 hybrid-needs-service on
same 'hybrid needs service, which is up' "$hy hybrid" $unknown
admin sv=down
same 'hybrid needs service, which is down' "$none no_path" $unknown
ctl vnet set vnet0 hybrid-needs-service off
same 'hybrid needs no service' "$hy hybrid" $unknown

finish
