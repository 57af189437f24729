#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever ends vnetd under systemd - a restart, an upgrade, a kill, its watchdog - no frame is lost and none is
# doubled. The rate is what an emulator can do.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
export rate=500 rate_back=200
# shellcheck source=network.sh
. "$(dirname "$0")/network.sh"

packages_install /vnet/deb >/dev/null
machine_world
world_vnets
ctl resource add vnet0 hy type hybrid dev near0
channel_add
wait_for 20 path_is vnet0 $mac_out 'hybrid hy'
wait_for 20 path_is vnet0 $mac1 'guest g1'
traffic_start
shown=$(snapshot)

lost_of_each() {
	local stream

	for stream in $streams; do
		echo "lost of $stream: $(value "recv-$stream" lost), late $(value "recv-$stream" reordered)"
	done
}

# The command ends a vnetd, and another one has taken up everything.
survived() { # TEXT COMMAND...
	local text=$1 pid before

	shift
	pid=$(service MainPID) before=$(lost)
	ok "$text" "$@"
	ok "$text: there is another one" wait_for 40 service_other_than "$pid"
	is "$text: it shows the same" "$(snapshot)" "$shown"
	traffic_settle
	wait_for 5 lost_at_most "$before" || { lost_of_each && machine_drops; } | sed "s/^/# $text: /"
	is "$text: no frame is lost" $(($(lost) - before)) 0
}

survived 'systemctl restart' systemctl restart vnetd.service
survived 'SIGKILL' systemctl kill -s KILL vnetd.service
is 'it was a crash for systemd' "$(service NRestarts)" 1

# 30 s are long for a test.
mkdir -p /run/systemd/system/vnetd.service.d
printf '[Service]\nWatchdogSec=3s\n' >/run/systemd/system/vnetd.service.d/watchdog.conf
systemctl daemon-reload
survived 'a shorter watchdog' systemctl restart vnetd.service
survived 'SIGSTOP, and the watchdog' systemctl kill -s STOP vnetd.service
journal_has() {
	journalctl -b -u vnetd.service | grep -q "$1"
}
ok 'it was the watchdog' journal_has 'Watchdog timeout'
rm -r /run/systemd/system/vnetd.service.d
systemctl daemon-reload

old=$(dpkg-query -W -f '${Version}' vnetd)
survived 'an upgrade' packages_install /vnet/next
isnt 'it is another version' "$(json .version status)" "$old"
is 'that of the package' "$(json .version status)" "$(dpkg-query -W -f '${Version}' vnetd)"
survived 'a downgrade' packages_install /vnet/deb
is 'it is the old version' "$(json .version status)" "$old"

pid=$(service MainPID) before=$(lost)
ok 'systemctl reload' systemctl reload vnetd.service
is 'is no new process' "$(service MainPID)" "$pid"
traffic_settle
ok 'and no frame is lost' wait_for 5 lost_at_most "$before"

traffic_end 'all of it'
ok 'stop' systemctl stop vnetd.service
ok 'frames pass without it' ping -q -c 3 -i 0.2 -W 10 $addr_out
ok 'start' systemctl start vnetd.service
is 'it shows the same' "$(snapshot)" "$shown"
machine_clean
ok 'purge' packages_purge
finish
