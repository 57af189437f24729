#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Direct peers come, go, change and outlive vnetd under 100,000 frames a second beside a TCP transfer: no
# frame is lost or doubled.
# vnet-test: alone
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"

world_make
start_vnetd
world_vnets
traffic_start

# The command, the way that frames to the guest take then, and what got lost.
change() { # TEXT WAY COMMAND...
	local text=$1 way=$2 before

	shift 2
	before=$(lost)
	ok "$text" "$@"
	is "$text: the way to the guest" "$(json '"\(.reason) \(.resource)"' path vnet0 $mac1)" "$way"
	traffic_settle
	ok "$text: no frame is lost" wait_for 5 lost_at_most "$before"
}

restart() { # SIGNAL
	if [ "$1" = TERM ]; then
		stop_vnetd
	else
		kill_vnetd "$1"
	fi
	traffic_settle
	start_vnetd
}

end0() {
	ctl resource add vnet0 g1 type guest peer-vnet v1
}

end1() {
	ctl resource add v1 g0 type guest peer-vnet vnet0
}

change 'one end is added' 'guest-over-service sv' end0
change 'the other end is added' 'guest g1' end1
change 'vnetd is started again' 'guest g1' restart TERM
change 'vnetd is killed and started' 'guest g1' restart KILL
change 'this end administratively down' 'guest-over-service sv' ctl resource set vnet0 g1 admin down
change 'this end administratively up' 'guest g1' ctl resource set vnet0 g1 admin up
change 'the other end administratively down' 'guest-over-service sv' ctl resource set v1 g0 admin down
change 'vnetd is started meanwhile' 'guest-over-service sv' restart TERM
change 'the other end administratively up' 'guest g1' ctl resource set v1 g0 admin up
# so that what goes outside has another way
change 'a hybrid is added' 'guest g1' ctl resource add vnet0 hy type hybrid dev h0
change 'the service is removed' 'guest g1' ctl resource del vnet0 sv
change 'the service is added' 'guest g1' ctl resource add vnet0 sv type service dev s0
change 'the hybrid is set down' 'guest g1' ctl resource set vnet0 hy admin down
change 'VLANs are added' 'guest g1' ctl vnet set vnet0 vlans 5-20
change 'VLANs are removed' 'guest g1' ctl vnet set vnet0 vlans none
change 'the other end is removed' 'guest-over-service sv' ctl resource del v1 g0
change 'the other end is added again' 'guest g1' end1
change 'this end is removed' 'service sv' ctl resource del vnet0 g1
change 'this end is added again' 'guest g1' end0
for _ in 1 2 3 4 5 6 7 8 9 10; do
	ctl resource del vnet0 g1
	end0
	ctl resource del v1 g0
	end1
done
change 'much coming and going' 'guest g1' true
traffic_end 'all changes'
cmp_num 'most of them went straight' "$(json '.[0].resources[] | select(.name == "g0") | .ipackets' stats v1)" -gt 1000
finish
