#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# When the kernel had more news than vnetd could take, it reads everything again, tells so, and is right.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ns other
for pair in s g h; do
	veth ${pair}0 - ${pair}1 other
done
start_vnetd
ctl vnet add vnet0 address "$(mac 1)"
ctl resource add vnet0 sv type service dev s0
ctl resource add vnet0 g1 type guest dev g0 peer "$(mac 2)"
ctl resource add vnet0 hy type hybrid dev h0
ctl resource add vnet0 late type guest dev late0 peer "$(mac 3)"
for name in sv g1 hy; do
	wait_for 10 state_is vnet0 $name up
done
ok 'somebody listens' hear vnet0 hy

# While it cannot listen: devices go, come, are renamed, lose their carrier, behind a flood of other news.
kill -STOP "$vnetd_pid"
for ((i = 0; i < 15000; i++)); do
	echo "link set lo mtu $((65000 + i % 2))"
done >"$T/flood"
ip -batch "$T/flood"
ip link del g0
veth late0 - late1 other
ip link set s0 down
ip link set s0 name renamed0
ip link set renamed0 up
in_ns other ip link set h1 down
kill -CONT "$vnetd_pid"

told() { grep -q '"event":"overrun"' "$T/events.out"; }
ok 'overrun is told' wait_for 10 told
ok 'a device that went is missed' wait_for 10 state_is vnet0 g1 waiting
ok 'a device that came is found' wait_for 10 state_is vnet0 late up
renamed() { [ "$(json '.[0].device' resource show vnet0 sv)" = renamed0 ]; }
ok 'a renamed one is followed' wait_for 10 renamed
ok 'and is up' wait_for 10 state_is vnet0 sv up
ok 'a carrier that was lost is seen' wait_for 10 state_is vnet0 hy down
ok 'frames go where they can' wait_for 10 path_is vnet0 "$(mac 99)" 'service sv'
ok 'and to the guest that came' wait_for 10 path_is vnet0 "$(mac 3)" 'guest late'
in_ns other ip link set h1 up
ok 'news are heard again' wait_for 10 state_is vnet0 hy up

finish
