#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What another process tells vnetd by netlink is not the kernel's word: nothing comes of it (fault 25).
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly count=100

ns far
for pair in s g h; do
	veth ${pair}0 - ${pair}1 far
done
start_vnetd
ctl vnet add vnet0 address "$(mac 1)"
ctl resource add vnet0 sv type service dev s0
ctl resource add vnet0 g1 type guest dev g0 peer "$(mac 2)"
ctl resource add vnet0 hy type hybrid dev h0
for name in sv g1 hy; do
	wait_for 10 state_is vnet0 $name up
done
ok 'somebody listens' hear vnet0 hy
wait_for 10 state_is vnet0 hy up
before=$(snapshot)
events_before=$(wc -l <"$T/events.out")

# fault 25
index=$(cat /sys/class/net/h0/ifindex)
ok 'a stranger tells lies of a hybrid' stranger "$index"
read -r sockets delivered groups <"$T/ok.log"
cmp_num 'vnetd has sockets' "$sockets" -ge 2
is 'the kernel gives it to none of them' "$delivered" 0
cmp_num 'but to its group' "$groups" -ge 12
for name in s0 g0 vnet0 vnet0-p; do
	stranger "$(cat /sys/class/net/$name/ifindex)" >/dev/null
done
is 'nothing is different' "$(snapshot)" "$before"
is 'nobody was told anything' "$(wc -l <"$T/events.out")" "$events_before"
unlike 'nothing is in the log' "$(cat "$T/vnetd.log")" 'lie0|overrun|lost'

# Requests of vnetd's own are made in the middle of it.
lie() {
	while true; do
		stranger "$index"
	done
}
bg liar lie
spoke() { [ "$(wc -l <"$T/liar.out")" -gt 5 ]; }
wait_for 10 spoke
for ((i = 0; i < count; i++)); do
	echo "vnet set vnet0 mtu $((1400 + i % 2 * 100))"
	echo "resource set vnet0 hy admin $([ $((i % 2)) = 0 ] && echo down || echo up)"
done >"$T/batch"
ok 'requests in the middle of lies are done' ctl -b "$T/batch"
is 'the last of them is what holds' "$(cat /sys/class/net/vnet0/mtu /sys/class/net/h0/mtu | sort -u)" 1500
bg_stop liar || [ $? -gt 128 ]
ip link set h0 name wan0
renamed() { [ "$(json '.[0].device' resource show vnet0 hy)" = wan0 ]; }
ok 'the kernel is still heard' wait_for 10 renamed
in_ns far ip link set g1 down
ok 'of every device' wait_for 10 state_is vnet0 g1 down

finish
