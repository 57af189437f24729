#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# VLANs in mode xdp: who is admitted, and with which tag a frame comes out, as in mode tc; a tag beside the
# frame, which XDP does not see, is treated alike; and frames in several buffers.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"
# shellcheck source=carrier.sh
. "$(dirname "$0")/carrier.sh"

readonly vnet=02:00:00:00:00:01 guest=02:00:00:00:00:02 unknown=02:00:00:00:00:99 broadcast=ff:ff:ff:ff:ff:ff
readonly sender=02:00:00:00:00:10 second=02:00:00:00:00:20 large=8996

# What stands behind the addresses of the frames that came: "none", or the tag with its priority.
tags() { # NAME
	came "$1" | sed -E 's/^.{24}88b5.*/none/; s/^.{24}8100(....)88b5.*/\1/; s/^.{24}(.{12}).*/\1/' | sort -u
}

# Of all frames that went out of DEVICE since the check began, were so many redirected by XDP?
by_xdp_rose() { # TEXT DEVICE BEFORE COUNT
	is "$1: by XDP" $(($(by_xdp "$2") - $3)) "$4"
}

out_with() { # TEXT RESOURCE TAG COMMAND...
	local before

	before=$(by_xdp "$2")
	carried "$1" "$2" 2 "${@:4}" --count 2
	is "$1: tag $3" "$(tags "$2")" "$3"
	by_xdp_rose "$1" "$2" "$before" 2
}

in_with() { # TEXT RESOURCE TAG COMMAND...
	local before

	before=$(by_xdp vnet0-p)
	delivered "$1" "$2" 2 "${@:4}" --count 2
	is "$1: tag $3" "$(tags up)" "$3"
	by_xdp_rose "$1" vnet0-p "$before" 2
}

start_vnetd
[ "$(json '.features | .xdp and .carrier_check' status)" = true ] ||
	skip_all 'on this kernel programs do not see devices, and leave veths to TC'
frames_world vlans 5-6 mode xdp
for device in sv g1 hy; do
	takes_xdp $device far
done

# --- out of the vnet ---

out_with 'untagged stays untagged' hy none tx $unknown
out_with 'a VLAN of the vnet stays tagged' hy 0005 tx $unknown --tag '8100 0005'
out_with 'its priority is kept' hy a006 tx $unknown --tag '8100 a006'
out_with 'broadcast in a VLAN' sv 0005 tx $broadcast --tag '8100 0005'
out_with 'a guest in a VLAN' g1 0005 tx $guest --tag '8100 0005'
out_with 'tagged with the pvid: untagged' hy none tx $unknown --tag '8100 0001'
out_with 'a priority tag: untagged' hy none tx $unknown --tag '8100 a000'
dropped 'another VLAN' vlan 2 tx $unknown --tag '8100 0007' --count 2
dropped 'two tags, both admitted' vlan 2 tx $unknown --tag '8100 0005 8100 0006' --count 2
dropped '802.1ad' vlan 2 tx $unknown --tag '88a8 0005' --count 2
dropped '802.1ad around 802.1Q' vlan 2 tx $unknown --tag '88a8 0005 8100 0006' --count 2

# --- into the vnet ---

in_with 'in: untagged' hy none rx hy $vnet --from $unknown
in_with 'in: a VLAN of the vnet' hy 0005 rx hy $vnet --from $unknown --tag '8100 0005'
in_with 'in: its priority is kept' sv e006 rx sv $broadcast --from $unknown --tag '8100 e006'
in_with 'in: from the guest' g1 0006 rx g1 $vnet --from $guest --tag '8100 0006'
in_with 'in: tagged with the pvid' hy none rx hy $vnet --from $unknown --tag '8100 0001'
in_with 'in: a priority tag' hy none rx hy $vnet --from $unknown --tag '8100 e000'
dropped 'in: another VLAN' vlan 2 rx hy $vnet --from $unknown --tag '8100 0007' --count 2
dropped 'in: two tags' vlan 2 rx hy $vnet --from $unknown --tag '8100 0005 8100 0006' --count 2
dropped 'in: 802.1ad' vlan 2 rx hy $vnet --from $unknown --tag '88a8 0005' --count 2

# --- pvids that differ ---

ctl resource set vnet0 g1 pvid 5 vlans 6
out_with "a guest's pvid is untagged for it" g1 none tx $guest --tag '8100 0005'
out_with 'its other VLAN is tagged' g1 6006 tx $guest --tag '8100 6006'
in_with 'untagged from the guest is its pvid' g1 0005 rx g1 $vnet --from $guest
in_with 'with a priority alone' g1 8005 rx g1 $vnet --from $guest --tag '8100 8000'
dropped 'tagged where it is no member' vlan 2 rx g1 $vnet --from $guest --tag '8100 0001' --count 2
ctl resource set vnet0 g1 pvid inherit vlans inherit
ctl vnet set vnet0 pvid 10 vlans none
out_with "out of the hybrid: the vnet's pvid is put in" hy 000a tx $unknown
out_with 'a priority is kept with it' hy a00a tx $unknown --tag '8100 a000'
in_with 'in from the hybrid: it is taken out' hy none rx hy $vnet --from $unknown --tag '8100 000a'
out_with 'on the service it is untagged' sv none tx $broadcast
dropped "untagged at the hybrid is another VLAN" vlan 2 rx hy $vnet --from $unknown --count 2
ctl vnet set vnet0 pvid 1 vlans 5-6

# --- a tag beside the frame: a vnet in mode tc pushes it, and a veth hands it over as it is ---

ctl vnet add src address $sender pvid 5 mode tc announce-count 0
ip link set src up
veth x0 - x1 -
ctl resource add src x0 type hybrid dev x0 pvid 1
ctl resource add vnet0 x1 type hybrid dev x1 priority 200
wait_for 5 state_is vnet0 x1 up
wait_for 5 state_is src x0 up
is 'XDP is in front of it' "$(json '.[0].attached' resource show vnet0 x1)" xdp
from_src() { # DESTINATION
	frame_on - src "$1" --from "$sender" --count 2
}
before=$(by_xdp vnet0-p)
happens 'beside the frame: in' 'up=2 in/x1=2 src:out/x0=2' from_src $vnet
is 'beside the frame: in: tag 0005' "$(tags up)" 0005
by_xdp_rose 'beside the frame: in, not' vnet0-p "$before" 0
ctl vnet set src pvid 7
happens 'beside the frame: another VLAN' 'drop/vlan=2 src:out/x0=2' from_src $vnet
ctl vnet set vnet0 pvid 7
happens 'beside the frame: the pvid' 'up=2 in/x1=2 src:out/x0=2' from_src $vnet
is 'beside the frame: the pvid: untagged' "$(tags up)" none
ctl vnet set vnet0 pvid 1
ctl resource del vnet0 x1
ctl vnet add second upper x1 address $second guard off vlans 7 mode xdp announce-count 0
far_end sv2
takes_xdp sv2 far
ctl resource add second sv2 type service dev sv2
wait_for 5 state_is second sv2 up
is 'XDP is in front of the upper' "$(json '.[0].attached' vnet show second)" xdp
happens 'beside the frame: out' 'sv2=2 second:out/sv2=2 src:out/x0=2' from_src $unknown
is 'beside the frame: out: tag 0007' "$(tags sv2)" 0007
ctl vnet set second vlans 5
happens 'beside the frame: out in another VLAN' 'second:drop/vlan=2 src:out/x0=2' from_src $unknown
ctl vnet set second pvid 7
happens 'beside the frame: out in the pvid' 'sv2=2 second:out/sv2=2 src:out/x0=2' from_src $unknown
is 'beside the frame: out in the pvid: untagged' "$(tags sv2)" none

# --- frames in several buffers ---

lengths() { # NAME
	came "$1" | awk '{ print length($0) / 2 }' | sort -u
}

large_out() { # TEXT RESOURCE LENGTH COMMAND...
	out_with "${@:1:2}" "${@:4}" --pad $large
	is "$1: all of it" "$(lengths "$2")" "$3"
}

large_in() {
	in_with "${@:1:2}" "${@:4}" --pad $large
	is "$1: all of it" "$(lengths up)" "$3"
}

for name in sv g1 hy; do
	in_ns $name ip link set far mtu 9000
done
ctl vnet set vnet0 mtu 9000
large_out 'large: untagged' hy $large none tx $unknown
large_out 'large: tagged' sv $large 0005 tx $broadcast --tag '8100 0005'
large_out 'large: the tag is taken out' g1 $((large - 4)) none tx $guest --tag '8100 0001'
large_in 'large: in' hy $large none rx hy $vnet --from $unknown
large_in 'large: in, tagged' sv $large 6005 rx sv $broadcast --from $unknown --tag '8100 6005'
large_in 'large: in, a priority tag' g1 $((large - 4)) none rx g1 $vnet --from $guest --tag '8100 2000'
ctl vnet set vnet0 pvid 10
large_out 'large: a tag is put in' hy $((large + 4)) 000a tx $unknown
is 'the bytes are counted with it' "$(json '.[0].resources[] | select(.name == "hy") | .obytes > 3 * '$large stats vnet0)" true

finish
