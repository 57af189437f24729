#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vnetd is killed at a call to the kernel in the midst of a change, and at the next one, and the next: the
# change is done or it is not, the next vnetd is there within a second, and nothing is left over, under a
# numbered stream that loses nothing. And calls that fail in passing change nothing. Faults 2 and 14.
# VNET_KILL_EVERY: "yes" for every call and not six of each change.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

command -v strace >/dev/null || skip_all 'there is no strace'
pins=$T/bpf/vnet/default
traced=bpf,sendmsg,sendto,rename,renameat,renameat2

# What there is, without numbers of devices, which differ each time.
world() {
	local device

	ctl -j vnet show | jq -c 'sort_by(.name) | del(.[].resources[].ifindex)'
	ctl -j fdb show | jq -c 'sort_by(.mac)'
	ip -o link show | awk -F': ' '{ print $2 }' | sort | paste -sd ' '
	find "$T/bpf/vnet" -mindepth 1 | sed 's/-[0-9]*$//' | sort | paste -sd ' '
	tc qdisc show | grep -c clsact || [ $? -eq 1 ]
	for device in s0 g0 c0; do # as they came, or as they are needed
		ip -j link show dev "$device" | jq -c '.[] | [.ifname, .mtu, .address, (.flags | sort)]'
		command bridge fdb show dev "$device" | sort
	done
	find "$T/state" -type f | sort | paste -sd ' '
}

programs() { # in the whole kernel, over our maps
	local vnets

	vnets=$(bpftool -j map show pinned "$pins/maps/vnets" | jq .id)
	bpftool -j prog show | jq "[.[] | select(.map_ids // [] | index($vnets))] | length"
}

programs_are() {
	[ "$(programs)" = "$1" ]
}

is_traced() {
	! grep -q '^TracerPid:[[:space:]]*0$' "/proc/$vnetd_pid/status"
}

trace() { # STRACE-ARGUMENT...
	bg strace strace -f -qq -o "$T/strace" -e "trace=$traced" "$@" -p "$vnetd_pid"
	wait_for 10 is_traced
}

# A tracer ends by the signal, or with what it traces.
trace_end() { # [SIGNAL]
	local status=0

	if [ -n "${1:-}" ]; then
		bg_stop strace "$1" || status=$?
	else
		bg_wait strace || status=$?
	fi
	[ "$status" -ne 124 ]
}

# The first lines in which two worlds differ.
difference() { # WORLD WORLD
	diff <(echo "$1") <(echo "$2") | sed 5q || [ $? -le 1 ]
}

# How many of those calls the command makes vnetd do.
calls() { # COMMAND...
	trace
	"$@"
	trace_end INT
	grep -c "^[0-9]* *[a-z0-9]*(" "$T/strace"
}

add() { ctl resource add vnet0 g1 type guest dev g0 peer "$(mac 2)" vlans 10; }
delete() { ctl resource del vnet0 g1; }
vnet_add() { ctl vnet add v9 address "$(mac 9)" mtu 1400; }
vnet_delete() { ctl vnet del v9; }
reload() {
	printf '[VNet]\nName=conf0\nAddress=%s\nMTU=1300\n\n[Resource sv]\nType=service\nDevice=c0\n' "$(mac 7)" \
		>"$T/etc/conf0.vnet"
	ctl reload
}
reload_back() {
	printf '[VNet]\nName=conf0\nAddress=%s\n' "$(mac 7)" >"$T/etc/conf0.vnet"
	ctl reload
}

# Kills vnetd in the midst of the change, at the call of that number.
killed() { # NUMBER COMMAND...
	local number=$1 status=0 pid=$vnetd_pid begun

	shift
	trace -e "inject=$traced:signal=KILL:when=$number"
	"$@" >"$T/change.out" 2>&1 || status=$?
	if ! wait_for 2 lib_gone "$pid"; then
		trace_end INT
		return 1
	fi
	trace_end
	vnetd_pid=''
	wait "$pid" 2>/dev/null || [ $? -gt 128 ]
	begun=${EPOCHREALTIME/./}
	start_vnetd
	took_ms=$(((${EPOCHREALTIME/./} - begun) / 1000))
	[ "$took_ms" -le "$slowest_ms" ] || slowest_ms=$took_ms
	answered=$status
}

each() { # TEXT CHANGE BACK
	local text=$1 change=$2 back=$3 before after now number step total wrong='' count=0

	before=$(world)
	total=$(calls "$change")
	after=$(world)
	"$back"
	is "$text: what was there is there again" "$(world)" "$before"
	cmp_num "$text: there are calls to be killed at" "$total" -ge 6
	step=$((total / 6))
	[ -z "${VNET_KILL_EVERY:-}" ] || step=1
	for ((number = 1; number <= total; number += step)); do
		if ! killed "$number" "$change"; then # it needed fewer calls this time, and is done
			"$back"
			break
		fi
		count=$((count + 1))
		now=$(world)
		if [ "$now" = "$after" ]; then
			"$back"
		elif [ "$now" != "$before" ]; then
			wrong+=" call $number: neither before nor after it: $(difference "$before" "$now")"
			break
		elif [ "$answered" = 0 ]; then
			wrong+=" call $number: it was said to be done"
		fi
		[ "$(world)" = "$before" ] || wrong+=" call $number: it cannot be undone"
	done
	is "fault 2: $text: all or nothing" "$wrong" ''
	cmp_num "fault 2: $text: it was killed" "$count" -ge 5
}

ns far
for pair in s g c; do
	veth ${pair}0 - ${pair}1 far
done
in_ns far ip link set s1 address "$(mac 50)"
printf '[VNet]\nName=conf0\nAddress=%s\n' "$(mac 7)" >"$T/etc/conf0.vnet"
start_vnetd
ctl vnet add vnet0 address "$(mac 1)" vlans 10
ctl resource add vnet0 sv type service dev s0
wait_for 5 state_is vnet0 sv up
ip link set vnet0 up
bg_ready recv in_ns far stream recv --dev s1 --id 1 --status "$T/recv"
bg send stream send --dev vnet0 --dst "$(mac 50)" --id 1 --rate 2000 --seconds 3600
wait_for 5 test -s "$T/recv"
# Programs that an earlier one has left go with the next.
stop_vnetd
start_vnetd
count=$(programs) slowest_ms=0

each 'an add' add delete
add
each 'a deletion' delete add
delete
each 'a new vnet' vnet_add vnet_delete
vnet_add
each 'a deleted vnet' vnet_delete vnet_add
vnet_delete

# A start applies what the files say: so a reload is always done.
before=$(world)
total=$(calls reload)
after=$(world)
reload_back
is 'a reload: what was there is there again' "$(world)" "$before"
step=$((total / 6)) wrong=''
[ -z "${VNET_KILL_EVERY:-}" ] || step=1
for ((number = 1; number <= total; number += step)); do
	if ! killed "$number" reload; then
		reload_back
		break
	fi
	now=$(world)
	[ "$now" = "$after" ] || wrong+=" call $number: $(difference "$after" "$now")"
	reload_back
	[ "$(world)" = "$before" ] || wrong+=" call $number: it cannot be undone"
done
is 'fault 2: a reload is done by the next one' "$wrong" ''
cmp_num "fault 2: the next one is there within a second (slowest: $slowest_ms ms)" "$slowest_ms" -le \
	$((1000 * ${VNET_SLOW:-1} + 1000))
ok 'fault 2: no program is left' wait_for 10 programs_are "$count"

# --- fault 14: calls that fail in passing ---

readonly injected=8

# Have all of them been? Then the tracer can leave: a call that it had begun to change would fail with ENOSYS.
all_injected() {
	[ "$(grep -c 'INJECTED' "$T/strace")" -ge "$injected" ] && return
	delete
	add
	false
}

# In the thread that does it all.
passing() { # TEXT CALL ERROR FIRST STEP
	local last=$(($4 + $5 * (injected - 1)))

	bg strace strace -qq -o "$T/strace" -e "trace=$2" -e "inject=$2:error=$3:when=$4..$last+$5" -p "$vnetd_pid"
	wait_for 10 is_traced
	ok "fault 14: $1: a change is done" add
	ok "fault 14: $1: the calls have failed" wait_for 20 all_injected
	trace_end INT
	ok "fault 14: $1: it is as it should be" wait_for 5 state_is vnet0 g1 up
	delete
	is "fault 14: $1: and goes" "$(world)" "$before"
}
passing 'EINTR on reading' read EINTR 1 3
passing 'EINTR on waiting' epoll_wait EINTR 2 3
passing 'EINTR on writing' write EINTR 1 2
passing 'EAGAIN on what the kernel tells' recvmsg EAGAIN 3 4

bg_stop send
bg_wait recv 10
is 'no frame is lost in all of it' "$(value="$(out recv)"; jq -r '"\(.lost) \(.duplicated)"' <<<"$value")" '0 0'
finish
