#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The short version of it all: the packages install on Debian 12, the service starts, the NIC's cable is pulled
# under a stream and put back, vnetd is killed and comes back, and after stop and purge nothing is left.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=network.sh
. "$(dirname "$0")/network.sh"

frames_s=500

ok 'the packages install' packages_install /vnet/deb
ok 'the service runs' service_is active
ok 'a vnet has a service and the NIC, which carries' machine_small
stream_start vnet0 $frames_s

pid=$(service MainPID)
systemctl kill -s KILL vnetd.service
ok 'killed, it comes back' wait_for 20 service_other_than "$pid"
traffic_settle
ok 'and no frame is lost' wait_for 5 lost_at_most 0

nic_link false
ok 'its cable pulled, the way is the service' wait_for 10 path_is vnet0 $mac_out 'service sv'
traffic_settle
echo "# lost: $(lost) frames at $frames_s a second"
cmp_num 'at most 100 ms of traffic are lost' "$(lost)" -le $((frames_s / 10))
before=$(lost)
nic_link true
ok 'its cable put back, it carries again' wait_for 20 path_is vnet0 $mac_out 'hybrid hy'
traffic_settle
ok 'and nothing is lost by that' wait_for 5 lost_at_most "$before"
stream_end 'all of it' outside may-lose

ok 'stop' systemctl stop vnetd.service
ok 'frames pass without it' ping -q -c 2 -i 0.2 -W 10 $addr_out
ok 'purge' packages_purge
ok 'nothing of it is left' machine_without_us
machine_clean
finish
