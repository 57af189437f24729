#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# While somebody holds the lock of all devices (RTNL) for long, frames take the next path, questions are
# answered, changes wait and are said to; and when he lets go all is right again. Fault 37.
# vnet-test: alone
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"
# shellcheck disable=SC2034 # of world.sh
streams=outside rate=3000

readonly inside=256	# frames that a veth's ring holds
readonly hold_ms=8000	# at most: it ends when it is told to

# Somebody's own device, in a namespace where nobody else looks.
ns stranger
veth x0 stranger x1 stranger
in_ns stranger rtnl hold x0 0 </dev/null 2>"$T/rtnl.err" ||
	skip_all "the lock cannot be held here: $(cat "$T/rtnl.err")"

# The holder comes to its end when its standard input does.
hold() { # NAME
	mkfifo "$T/$1.fifo"
	bg "$1" holder "$1"
	exec {hold_fd}<>"$T/$1.fifo"
	hold_fds[$1]=$hold_fd
}

holder() { # NAME
	in_ns stranger rtnl hold x0 "$hold_ms" <"$T/$1.fifo"
}

declare -A hold_fds=()

holds() { # NAME
	lib_said_ready "$1" && bg_running "$1"
}

let_go() { # NAME
	local fd=${hold_fds[$1]}

	echo >&"$fd"
	bg_wait "$1"
	exec {fd}>&-
	rm "$T/$1.fifo"
}

# Does the process, or a thread of it, wait for the lock?
waits() { # NAME
	grep -qE 'devinet_ioctl|dev_ethtool' "/proc/$(bg_pid "$1")/task"/*/stack
}

# The answer comes while the lock is held, and in little time.
answered() { # ARGUMENT...
	local began=${EPOCHREALTIME/./}

	ok "$*: answered" ctl -t 5 "$@"
	cmp_num "$*: within a second" $(((${EPOCHREALTIME/./} - began) / 1000)) -le $((1000 * ${VNET_SLOW:-1}))
}

# From the loss of the hybrid's carrier on the lock is held by somebody else.
lose_carrier_and_hold() {
	local downs

	downs=$(cat /sys/class/net/h0/carrier_down_count)
	hold before
	wait_for 10 holds before
	bg down in_ns outside rtnl down lan-h0
	wait_for 10 waits down
	hold after
	wait_for 10 waits after
	let_go before
	wait_for 10 holds after
	cmp_num 'the carrier is lost' "$(cat /sys/class/net/h0/carrier_down_count)" -eq $((downs + 1))
	bg_wait down
}

carrier_back() {
	in_ns outside ip link set lan-h0 up
	wait_for 10 path_is vnet0 $mac_out 'hybrid vf'
}

ns vswitch outside
wire s0 vs0 vswitch
wire h0 lan-h0 outside
veth vs-out vswitch lan-sw outside
bridge br0 vswitch vs0 vs-out
bridge lan outside lan-sw lan-h0
in_ns outside ip link set lan address $mac_out
start_vnetd
ctl vnet add vnet0 address $mac0 hold-down 0
ctl resource add vnet0 sv type service dev s0
ctl resource add vnet0 vf type hybrid dev h0
ip link set vnet0 up
wait_for 10 path_is vnet0 $mac_out 'hybrid vf'
bg_ready recv-outside in_ns outside stream recv --dev lan --id 2 --status "$T/recv-outside"
bg send-outside stream send --dev vnet0 --dst $mac_out --id 2 --rate "$rate" --seconds 3600 \
	--status "$T/send-outside"
wait_for 10 stream_past outside 0

# --- nothing has failed ---

hold one
wait_for 10 holds one
answered status
answered vnet show
answered resource show
answered path vnet0 $mac_out
answered fdb show
answered stats vnet0
answered stats vnet0
like 'a change waits, and the client says so' "$(ctl -t 1 resource set vnet0 sv admin down 2>&1 || true)" \
	'did not answer within 1 second'
ok 'it was held all the time' holds one
let_go one
ok 'the change is made when he has let go' wait_for 10 state_is vnet0 sv down
ctl resource set vnet0 sv admin up
traffic_settle
is 'nothing is lost' "$(lost)" 0

# --- the carrier of the hybrid is lost meanwhile ---

if [ "$(json .features.carrier_check status)" = true ]; then
	before=$(lost)
	lose_carrier_and_hold
	traffic_settle
	ok 'frames take the service while the lock is held' holds after
	cmp_num 'no more is lost than was inside' $(($(lost) - before)) -le $inside
	before=$(lost)
	traffic_settle
	ok 'it is still held' holds after
	let_go after
	ok 'vnetd finds out when he has let go' wait_for 5 path_is vnet0 $mac_out 'service sv'
	traffic_settle
	is 'nothing more is lost' "$(lost)" "$before"
	carrier_back
	traffic_settle
	is 'nor when the carrier is back' "$(lost)" "$before"
else
	skip 'the carrier lost meanwhile' 'on this kernel programs do not see devices'
fi

# --- the same where vnetd alone moves traffic: as soon as it can know ---

stop_vnetd
start_vnetd --no-carrier-check
wait_for 10 path_is vnet0 $mac_out 'hybrid vf'
traffic_settle
lose_carrier_and_hold
let_go after
ok '--no-carrier-check: it moves the traffic when he has let go' wait_for 1 path_is vnet0 $mac_out 'service sv'
traffic_settle
before=$(lost)
traffic_settle
is '--no-carrier-check: nothing is lost then' "$(lost)" "$before"
bg_stop send-outside
bg_stop recv-outside
finish
