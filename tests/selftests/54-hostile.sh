#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fault 48: 10,000 hostile clients of 20 users - idle, slow, flooding, deaf, coming and going - get no more than
# their shares: an administrator's requests, each with a connection of its own, are answered within 50 ms.
# vnet-test: alone
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly clients=10000 users=20 first_uid=50000 requests=1000
readonly limit_us=$((50000 * ${VNET_SLOW:-1}))

# Where everybody can reach it: /run is this world's own.
ln -s /run/vnetd/vnetd.sock "$T/vnetd.sock"
# How the CPUs are shared with other users' processes is the scheduler's business and not the socket's.
first() {
	chrt --fifo 1 "$@"
}
VNET_WRAP="${VNET_WRAP:-} chrt --fifo 1" start_vnetd --socket /run/vnetd/vnetd.sock
ctl vnet add vnet0 address "$(mac 1)"

measure() { # NAME
	first hostile /run/vnetd/vnetd.sock measure "$requests" >"$T/$1"
}

connections() { # established, of the socket
	awk '$8 == "/run/vnetd/vnetd.sock" && $6 == "03"' /proc/net/unix | wc -l
}

held_kb() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$vnetd_pid/status"
}

nobody_connected() {
	[ "$(connections)" -eq 0 ]
}

many_connected() {
	[ "$(connections)" -ge 900 ]
}

ok 'alone, requests are answered' measure alone
echo "# alone: $(cat "$T/alone")"
before=$(held_kb)
bg_ready hostile nice -n 19 hostile /run/vnetd/vnetd.sock clients $clients $users $first_uid
ok 'as many as may be are connected' wait_for 30 many_connected
ok 'requests are answered beside them' measure beside
echo "# beside: $(cat "$T/beside")"
cmp_num 'within 50 ms, 99 of 100' "$(jq .p99_us "$T/beside")" -le $limit_us
cmp_num 'no user has more connections than the limit, and administrators have some left' "$(connections)" -le 994
ok 'another administrator'"'"'s tool works' ctl vnet set vnet0 mtu 1400
cmp_num 'what they do not read takes little memory' $(($(held_kb) - before)) -le 65536
ok 'they are all still there' bg_running hostile
bg_stop hostile || [ $? -eq 137 ]
ok 'when they have gone, their connections are' wait_for 20 nobody_connected
is 'vnetd has complained of nothing' "$(grep -cE '^vnetd: (error|warning):' "$T/vnetd.log")" 0
finish
