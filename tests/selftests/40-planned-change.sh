#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A planned change of path loses no frame and doubles none, at 100,000 frames a second beside a TCP
# transfer: adding and removing a guest, a hybrid and the service, admin down and up, priority.
# fault 45.
# vnet-test: alone
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"

world_make
start_vnetd
world_vnets
traffic_start

# The command, the ways that frames to the guest and to outside take then, and what got lost.
change() { # TEXT WAY-TO-GUEST WAY-TO-OUTSIDE COMMAND...
	local text=$1 way1=$2 way2=$3 before

	shift 3
	before=$(lost)
	ok "$text" "$@"
	is "$text: the way to the guest" "$(way $mac1)" "$way1"
	is "$text: the way to outside" "$(way $mac_out)" "$way2"
	traffic_settle
	ok "$text: no frame is lost" wait_for 5 lost_at_most "$before"
}

way() { # MAC
	json '"\(.reason) \(.resource)"' path vnet0 "$1"
}

hybrid_add() { # NAME DEVICE PRIORITY
	ctl resource add vnet0 "$1" type hybrid dev "$2" priority "$3"
}

change 'guest added' 'guest g1' 'service sv' channel_add
change 'hybrid added' 'guest g1' 'hybrid a' hybrid_add a h0 20
change 'second hybrid added, worse' 'guest g1' 'hybrid a' hybrid_add b h1 30
change 'second hybrid is better' 'guest g1' 'hybrid b' ctl resource set vnet0 b priority 10
change 'second hybrid is worse again' 'guest g1' 'hybrid a' ctl resource set vnet0 b priority 40
change 'hybrid administratively down' 'guest g1' 'hybrid b' ctl resource set vnet0 a admin down
change 'hybrid administratively up' 'guest g1' 'hybrid a' ctl resource set vnet0 a admin up
change 'guest administratively down' 'guest-over-service sv' 'hybrid a' \
	ctl resource set vnet0 g1 admin down
change 'guest administratively up' 'guest g1' 'hybrid a' ctl resource set vnet0 g1 admin up
change 'service removed' 'guest g1' 'hybrid a' ctl resource del vnet0 sv
change 'service added' 'guest g1' 'hybrid a' ctl resource add vnet0 sv type service dev s0
# What others send comes over a hybrid until they see frames come by another way, so it is set down
# before it is removed; what vnet0 sends needs no such care.
hybrid_retire() { # NAME
	ctl resource set vnet0 "$1" admin down
	traffic_settle
	ctl resource del vnet0 "$1"
}

change 'hybrid in use retired' 'guest g1' 'hybrid b' hybrid_retire a
stream_end 'what comes back, up to here' back
change 'hybrid added again' 'guest g1' 'hybrid a' hybrid_add a h0 20
change 'hybrid in use removed' 'guest g1' 'hybrid b' ctl resource del vnet0 a
change 'last hybrid removed' 'guest g1' 'service sv' ctl resource del vnet0 b
change 'guest removed' 'service sv' 'service sv' channel_del

traffic_end 'all changes'
cmp_num 'the senders have kept up' "$(sent_rate)" -ge 95000
is 'no resource that was removed is left' "$(json '[.[].name] | sort | join(" ")' resource show)" 'sv sv'
finish
