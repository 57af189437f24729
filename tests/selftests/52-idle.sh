#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An idle vnetd sleeps: it needs less than 12 MiB and never wakes up, but for the carrier poll while a
# hybrid is active.
# vnet-test: plain
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly seconds=2

rss_kb() {
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$vnetd_pid/status"
}

# How often it gave up the processor by itself: each time it went to sleep again.
sleeps() {
	awk '$1 == "voluntary_ctxt_switches:" { print $2 }' "/proc/$vnetd_pid/status"
}

asleep() { # since 200 ms
	local before

	before=$(sleeps)
	read -rt 0.2 <>"$T/clock" || [ $? -gt 128 ]
	[ "$(sleeps)" = "$before" ]
}

wake_ups() { # in so many seconds, the length of the measurement itself
	local before

	before=$(sleeps)
	read -rt $seconds <>"$T/clock" || [ $? -gt 128 ]
	echo $(($(sleeps) - before))
}

mkfifo "$T/clock"
for name in s h k g1 g2 g3 g4 g5 g6 g7 g8; do
	veth ${name}a - ${name}b -
done
start_vnetd --history-interval 1 # it takes no samples of nothing
ok 'without a vnet it falls asleep' wait_for 5 asleep
is 'and does not wake up' "$(wake_ups)" 0

stop_vnetd

# All else is told without the samples, by default one in 10 s, which are the last part.
start_vnetd --history-interval 0

# What it announces after a switch is sent again later, and is not the subject here.
ctl vnet add vnet0 address "$(mac 1)" announce-count 1
ctl resource add vnet0 sv type service dev sa
for i in {1..8}; do
	ctl resource add vnet0 g"$i" type guest dev "g${i}a" peer "$(mac $((i + 16)))"
done
ok 'with a service and guests it falls asleep' wait_for 5 asleep
is 'and does not wake up' "$(wake_ups)" 0
[ -n "${VNET_WRAP:-}" ] || cmp_num "its memory in KiB, $(rss_kb)" "$(rss_kb)" -lt $((12 * 1024))

# Frames are none of its business.
sent=$(stream send --dev vnet0 --dst "$(mac 17)" --rate 10000 --count 20000)
is 'frames are sent' "$(jq -r .sent <<<"$sent")" 20000
ok 'and vnetd sleeps' wait_for 5 asleep
before=$(sleeps)
stream send --dev vnet0 --dst "$(mac 99)" --rate 10000 --count 20000 >"$T/sent"
is 'all the while' "$(sleeps)" "$before"

# The poll, every 10 ms by default; each is two sleeps, for a thread is asked that may have to wait for the kernel.
ctl resource add vnet0 vf type hybrid dev ha
polls=$(wake_ups)
cmp_num "an active hybrid is polled: $polls times in $seconds s" "$polls" -ge $((seconds * 20))
cmp_num 'but not more often than it should be' "$polls" -le $((seconds * 200 + 60))
ctl vnet set vnet0 monitor-interval 100
polls=$(wake_ups)
cmp_num "more seldom, if so wished: $polls times" "$polls" -le $((seconds * 20 + 20))
cmp_num 'but it is' "$polls" -ge $((seconds * 5))
ctl resource set vnet0 vf admin down
ok 'a hybrid that is down is not polled' wait_for 5 asleep
is 'so that nothing wakes it up' "$(wake_ups)" 0
ctl resource set vnet0 vf admin up
ctl vnet set vnet0 monitor-interval 0 tx-timeout 0
ok 'nor one whose poll is switched off' wait_for 5 asleep
[ -n "${VNET_WRAP:-}" ] || cmp_num "its memory in KiB after all that, $(rss_kb)" "$(rss_kb)" -lt $((12 * 1024))

# A sample is one waking, whatever there is to be counted.
stop_vnetd
start_vnetd --history-interval 1
ctl flow add vnet0 web proto tcp
wakes=$(wake_ups)
cmp_num "samples wake it up: $wakes times in $seconds s" "$wakes" -ge $((seconds - 1))
cmp_num 'and nothing else does' "$wakes" -le $((seconds + 2))
finish
