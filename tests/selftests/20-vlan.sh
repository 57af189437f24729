#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# VLANs: who is admitted, and with which tag a frame comes out; whether the tag is in the frame or beside it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly vnet=02:00:00:00:00:01 guest=02:00:00:00:00:02 unknown=02:00:00:00:00:99 broadcast=ff:ff:ff:ff:ff:ff

# What stands behind the addresses of the frames that came: "none", or the tag with its priority.
tags() { # NAME
	came "$1" | sed -E 's/^.{24}88b5.*/none/; s/^.{24}8100(....)88b5.*/\1/; s/^.{24}(.{12}).*/\1/' | sort -u
}

out_with() { # TEXT RESOURCE TAG COMMAND...
	carried "$1" "$2" 2 "${@:4}" --count 2
	is "$1: tag $3" "$(tags "$2")" "$3"
}

in_with() { # TEXT RESOURCE TAG COMMAND...
	delivered "$1" "$2" 2 "${@:4}" --count 2
	is "$1: tag $3" "$(tags up)" "$3"
}

in_tag() { # RESOURCE TAG
	rx "$1" "$vnet" --from "$unknown" --tag "$2" --count 2
}

# vnet0 has pvid 1 and vlans 5, 6; the same through the shortcut (tags in the frame) and the port (beside it).
vnet_rows() { # PREFIX
	out_with "$1: untagged stays untagged" hy none tx $unknown
	out_with "$1: a VLAN of the vnet stays tagged" hy 0005 tx $unknown --tag '8100 0005'
	out_with "$1: its priority is kept" hy a006 tx $unknown --tag '8100 a006'
	out_with "$1: broadcast in a VLAN" sv 0005 tx $broadcast --tag '8100 0005'
	out_with "$1: a guest in a VLAN" g1 0005 tx $guest --tag '8100 0005'
	out_with "$1: tagged with the pvid: untagged" hy none tx $unknown --tag '8100 0001'
	out_with "$1: a priority tag: untagged" hy none tx $unknown --tag '8100 a000'
	dropped "$1: another VLAN" vlan 1 tx $unknown --tag '8100 0007'
	dropped "$1: two tags, both admitted" vlan 1 tx $unknown --tag '8100 0005 8100 0006'
	dropped "$1: 802.1ad" vlan 1 tx $unknown --tag '88a8 0005'
	dropped "$1: 802.1ad around 802.1Q" vlan 1 tx $unknown --tag '88a8 0005 8100 0006'
}

frames_world vlans 5-6
vnet_rows 'in the frame'
ip link set vnet0 promisc on
wait_for 5 shortcut_off
vnet_rows 'beside the frame'
ip link set vnet0 promisc off
wait_for 5 shortcut_on

# --- into the vnet ---

in_with 'in: untagged' hy none rx hy $vnet --from $unknown
in_with 'in: a VLAN of the vnet' hy 0005 rx hy $vnet --from $unknown --tag '8100 0005'
in_with 'in: its priority is kept' sv e006 rx sv $broadcast --from $unknown --tag '8100 e006'
in_with 'in: tagged with the pvid' hy none rx hy $vnet --from $unknown --tag '8100 0001'
in_with 'in: a priority tag' hy none rx hy $vnet --from $unknown --tag '8100 e000'
dropped 'in: another VLAN' vlan 2 in_tag hy '8100 0007'
dropped 'in: two tags' vlan 2 in_tag hy '8100 0005 8100 0006'
dropped 'in: 802.1ad' vlan 2 in_tag hy '88a8 0005'

# --- a guest with VLANs of its own: untagged there is another VLAN than here ---

ctl resource set vnet0 g1 pvid 5 vlans 6
out_with "a guest's pvid is untagged for it" g1 none tx $guest --tag '8100 0005'
out_with 'its other VLAN is tagged' g1 6006 tx $guest --tag '8100 6006'
out_with 'where it is no member, its MAC is unknown' hy none tx $guest
in_with 'untagged from the guest is its pvid' g1 0005 rx g1 $vnet --from $guest
in_with 'tagged from the guest' g1 0006 rx g1 $vnet --from $guest --tag '8100 0006'
in_with 'with a priority alone' g1 8005 rx g1 $vnet --from $guest --tag '8100 8000'
dropped 'tagged where it is no member' vlan 1 rx g1 $vnet --from $guest --tag '8100 0001'
ctl resource set vnet0 g1 admin down
out_with 'the guest is down: over the service, as the vnet tags' sv 0005 tx $guest --tag '8100 0005'
ctl resource set vnet0 g1 admin up pvid inherit vlans inherit
out_with "the guest has the vnet's VLANs again" g1 0005 tx $guest --tag '8100 0005'

# --- the vnet is in VLAN 10; a hybrid leads into the physical network, where that is tagged ---

ctl vnet set vnet0 pvid 10 vlans none
out_with "out of the hybrid: the vnet's pvid is put in" hy 000a tx $unknown
out_with 'a priority is kept with it' hy a00a tx $unknown --tag '8100 a000'
in_with 'in from the hybrid: it is taken out' hy none rx hy $vnet --from $unknown --tag '8100 000a'
dropped "untagged there is another VLAN than the vnet's" vlan 2 rx hy $vnet --from $unknown --count 2
out_with 'on the service it is untagged' sv none tx $broadcast
in_with 'from the service as well' sv none rx sv $broadcast --from $unknown
dropped 'the VLANs of before are not admitted any more' vlan 1 tx $unknown --tag '8100 0005'

# --- changed live ---

ctl resource set vnet0 hy pvid 10
out_with "the hybrid untags the vnet's pvid itself" hy none tx $unknown
in_with 'and takes untagged frames for it' hy none rx hy $vnet --from $unknown
ctl resource set vnet0 hy pvid inherit
out_with 'the hybrid is as before' hy 000a tx $unknown
ctl vnet set vnet0 pvid 20 vlans 10
out_with 'what was the pvid is tagged now' hy 000a tx $unknown --tag '8100 000a'
out_with 'untagged is the new one' hy 0014 tx $unknown
out_with 'and untagged on the service' sv none tx $broadcast
is 'the guest is found in the new VLANs' "$(json '[.[] | "\(.vlan) \(.resource)"] | sort | join(", ")' fdb show vnet0)" '10 g1, 20 g1'
refused 'a VLAN that cannot be' 2 'vlans .*5000' ctl vnet set vnet0 vlans 5000
refused 'a pvid that cannot be' 2 'pvid .*4095' ctl vnet set vnet0 pvid 4095
out_with 'and all goes on' hy 000a tx $unknown --tag '8100 000a'

finish
