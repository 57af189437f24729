#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A NIC that is the hybrid loses its carrier, is pulled out and plugged in again, under a numbered stream:
# what is lost is said, and is no more than some milliseconds of traffic. Linux 6.1 has no carrier check, so it
# is vnetd that has to notice.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=network.sh
. "$(dirname "$0")/network.sh"

frames_s=500
# On an emulated processor each millisecond of work is many.
bound_ms=$((20 * VNET_SLOW))

packages_install /vnet/deb >/dev/null
machine_small
stream_start vnet0 $frames_s
traffic_settle
ok 'the stream is whole before' wait_for 5 lost_at_most 0

# The command, and the way that frames to outside take after it.
event() { # TEXT WAY COMMAND...
	local text=$1 way=$2 before after

	shift 2
	before=$(lost)
	ok "$text" "$@"
	ok "$text: the way is $way" wait_for 10 path_is vnet0 $mac_out "$way"
	traffic_settle
	after=$(lost)
	echo "# $text: $((after - before)) frames lost at $frames_s a second"
	cmp_num "$text: lost frames are at most $bound_ms ms of traffic" $(((after - before) * 1000 / frames_s)) -le $bound_ms
}

event 'its carrier is lost' 'service sv' nic_link false
event 'its carrier is back' 'hybrid hy' nic_link true
event 'it is pulled out' 'service sv' nic_del
ok 'its resource waits' wait_for 10 state_is vnet0 hy waiting
event 'it is plugged in' 'hybrid hy' nic_add
is 'an e1000e in its place' "$(nic_del && echo gone)" gone
ok 'its resource waits again' wait_for 10 state_is vnet0 hy waiting
event 'another NIC of that name is plugged in' 'hybrid hy' nic_add e1000e
event 'that one loses its carrier' 'service sv' nic_link false
event 'that one has it again' 'hybrid hy' nic_link true
event 'that one is pulled out' 'service sv' nic_del
event 'and the first one is back' 'hybrid hy' nic_add
stream_end 'all of it' outside may-lose

machine_clean
ok 'purge' packages_purge
finish
