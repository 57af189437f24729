#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# By clsact as by tcx: vnetd stopped, killed and started under traffic, and planned changes, lose and
# double no frame. The rate is what an emulator can do.
# shellcheck source=../selftests/lib.sh
. "$(dirname "$0")/../selftests/lib.sh"
export rate=500 rate_back=200
# shellcheck source=../selftests/world.sh
. "$(dirname "$0")/../selftests/world.sh"

[[ $(uname -r) == 6.1.* ]] || skip_all "this is Linux $(uname -r) and not Debian 12's"

world_make
start_vnetd
world_vnets
traffic_start

changed() { # TEXT COMMAND...
	local text=$1

	shift
	ok "$text: it is done" "$@"
	traffic_settle
	ok "$text: no frame is lost" wait_for 5 lost_at_most 0
}

restarted() { # TEXT COMMAND...: that ends vnetd
	local text=$1

	shift
	"$@"
	traffic_settle
	changed "$text" start_vnetd
}

changed 'a guest is added' channel_add
is 'the guest: the way' "$(json .reason path vnet0 $mac1)" guest
changed 'a hybrid is added' ctl resource add vnet0 vf type hybrid dev h0
is 'the hybrid: the way' "$(json .reason path vnet0 $mac_out)" hybrid
restarted 'stopped and started' stop_vnetd
restarted 'killed and started' kill_vnetd KILL
is 'the attachments are clsact' "$(json '[.[].attached] | unique[]' resource show)" clsact
changed 'the hybrid is removed' ctl resource del vnet0 vf
changed 'the guest is removed' channel_del
traffic_end 'all of it'
finish
