#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Without descriptors, without memory, with configuration files that are cut off, garbled, endless or say
# things twice: there is a sentence, nothing has changed, nothing spins, and what runs goes on. Faults 8, 9
# and 13.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

usual=(--config "$T/etc" --socket "$T/vnetd.sock" --state "$T/state" --bpffs "$T/bpf/vnet")

world() {
	ctl -j vnet show | jq -c 'sort_by(.name)'
	ip -o link show | awk -F': ' '{ print $2 }' | sort | paste -sd ' '
	find "$T/bpf/vnet" -mindepth 1 | sort | paste -sd ' '
}

ticks() { # that vnetd has run, in 1/100 s
	awk '{ print $14 + $15 }' "/proc/$vnetd_pid/stat"
}

passes() { # TEXT
	ok "$1: frames pass" ping -q -c 1 -W 2 192.0.2.2
}

ns far
veth s0 - s1 far "$(mac 9)" "$(mac 2)"
veth g0 - g1 far
in_ns far ip addr add 192.0.2.2/24 dev s1
neighbour far s1 192.0.2.1 "$(mac 1)"
start_vnetd
ctl vnet add vnet0 address "$(mac 1)"
ctl resource add vnet0 sv type service dev s0
ip addr add 192.0.2.1/24 dev vnet0
neighbour - vnet0 192.0.2.2 "$(mac 2)"
wait_for 5 state_is vnet0 sv up
passes 'at first'
before=$(world)

# --- fault 8: few descriptors ---

stop_vnetd
wrong='' started=0 refused=0
for limit in 8 9 10 11 12 13 14 16 18 20 24 28 32 40 48 64 96 128; do
	prlimit --nofile=$limit:$limit vnetd "${usual[@]}" >"$T/few.log" 2>&1 &
	vnetd_pid=$!
	wait_for 20 lib_ready || wrong+=" $limit: it neither starts nor ends"
	[ "$(ticks 2>/dev/null || echo 0)" -lt $((500 * ${VNET_SLOW:-1})) ] || wrong+=" $limit: it spins"
	if lib_running "$vnetd_pid"; then
		started=$((started + 1))
		wait_for 5 state_is vnet0 sv up || wrong+=" $limit: its resource is not up"
		kill_vnetd KILL
	else
		refused=$((refused + 1)) status=0
		wait "$vnetd_pid" || status=$?
		vnetd_pid=''
		[ $status -eq 1 ] || wrong+=" $limit: exit status $status"
		grep -q 'cannot start: .*' "$T/few.log" || wrong+=" $limit: it says $(tail -1 "$T/few.log")"
	fi
	ping -q -c 1 -W 2 192.0.2.2 >"$T/ping.log" || wrong+=" $limit: no frame passes"
done
is 'fault 8: with few descriptors it starts, or says why not' "$wrong" ''
cmp_num 'fault 8: there were too few' $refused -ge 1
cmp_num 'fault 8: and enough' $started -ge 1
start_vnetd
is 'fault 8: all is as it was' "$(world)" "$before"

prlimit --pid "$vnetd_pid" --nofile=40:40
for i in {1..40}; do
	bg "client$i" vnetctl -s "$T/vnetd.sock" -t 60 monitor
done
full() { # are there no more descriptors?
	[ "$(find "/proc/$vnetd_pid/fd" -mindepth 1 | wc -l)" -ge 39 ]
}
ok 'fault 8: clients take all there are' wait_for 10 full
begun=$(ticks)
in_ns far ping -q -c 2 -i 1 -W 3 192.0.2.1 >"$T/ping.log" # a second, in which frames pass
cmp_num 'fault 8: vnetd does not spin' $(($(ticks) - begun)) -le $((40 * ${VNET_SLOW:-1}))
for i in {1..40}; do
	bg_stop "client$i" KILL || [ $? -gt 128 ]
done
ok 'fault 8: when they are gone it answers' wait_for 10 ctl status
is 'fault 8: all is as it was, again' "$(world)" "$before"
stop_vnetd
start_vnetd

# --- fault 9: no memory ---

# One call fails, at each of those that a change makes, until there are no more of them.
without_memory() { # TEXT CALLS COMMAND...
	local text=$1 calls=$2 number status wrong='' refused=0

	shift 2
	for number in 1 2 3 4 5 6 8 10 13 16 20 25 31 38; do
		bg strace strace -f -qq -o "$T/strace" -e "trace=$calls" \
			-e "inject=$calls:error=ENOMEM:when=$number" -p "$vnetd_pid"
		wait_for 10 is_traced
		status=0
		"$@" >"$T/change.out" 2>"$T/change.err" || status=$?
		bg_stop strace INT || true
		if ! lib_running "$vnetd_pid"; then
			wrong+=" call $number: vnetd has ended"
			break
		fi
		if [ $status -eq 0 ]; then
			ctl resource del vnet0 g1
		else
			refused=$((refused + 1))
			grep -q '^vnetctl: .' "$T/change.err" || wrong+=" call $number: it says nothing"
		fi
		wait_for 5 is_before || wrong+=" call $number: something is left"
	done
	is "fault 9: $text: refused, and rolled back" "$wrong" ''
	cmp_num "fault 9: $text: there were refusals" "$refused" -ge 1
}

is_traced() {
	! grep -q '^TracerPid:[[:space:]]*0$' "/proc/$vnetd_pid/status"
}

is_before() {
	[ "$(world)" = "$before" ]
}

if command -v strace >/dev/null; then
	before=$(world)
	without_memory 'bpf()' bpf ctl resource add vnet0 g1 type guest dev g0 peer "$(mac 3)" vlans 10
	stop_vnetd
	wrong=''
	for number in 1 5 9 15 22 30 40 55 70; do
		status=0
		timeout 10 strace -f -qq -o "$T/strace" -e trace=bpf -e "inject=bpf:error=ENOMEM:when=$number" \
			vnetd "${usual[@]}" >"$T/few.log" 2>&1 || status=$?
		[ $status -eq 1 ] || [ $status -eq 124 ] || wrong+=" call $number: exit status $status"
		[ $status -ne 1 ] || grep -q 'cannot start: ' "$T/few.log" || wrong+=" call $number: it says nothing"
		ping -q -c 1 -W 2 192.0.2.2 >"$T/ping.log" || wrong+=" call $number: no frame passes"
	done
	is 'fault 9: a start without memory for one call' "$wrong" ''
	start_vnetd
	is 'fault 9: the next one has it all' "$(world)" "$before"
else
	skip 'fault 9' 'there is no strace'
fi
passes 'fault 9'

# Nor memory for vnetd itself: no more than it has.
prlimit --pid "$vnetd_pid" --as="$(awk '/^VmSize/ { print $2 * 1024 }' "/proc/$vnetd_pid/status"):"
added=0
while [ $added -lt 2000 ] && ctl resource add vnet0 "w$added" type guest dev "none$added" \
	peer "$(printf '02:00:00:01:%02x:%02x' $((added / 256)) $((added % 256)))" 2>"$T/change.err"; do
	added=$((added + 1))
done
cmp_num 'fault 9: no more memory: a change is refused' $added -lt 2000
like 'fault 9: it says why' "$(cat "$T/change.err")" 'no memory|Cannot allocate memory|did not answer|closed the connection'
ok 'fault 9: vnetd is there' lib_running "$vnetd_pid"
prlimit --pid "$vnetd_pid" --as=unlimited:
ok 'fault 9: and answers when there is memory again' wait_for 10 ctl status
is 'fault 9: what was said to be done is there, and no more' "$(json 'length' resource show vnet0)" $((added + 1))
passes 'fault 9: after that'
batch=$(for ((i = 0; i < added; i++)); do echo "resource del vnet0 w$i"; done)
ctl -b - <<<"$batch"
is 'fault 9: all is as it was' "$(world)" "$before"

# --- fault 13: configuration files ---

good="[VNet]
Name=conf0
Address=$(mac 7)
MTU=1400
VLANs=10,20-29

[Resource sv]
Type=service
Device=late0
"
file=$T/etc/conf0.vnet
printf '%s' "$good" >"$file"
ok 'the good file is good' vnetd --check "${usual[@]}"
ok 'and is applied' ctl reload
shown=$(world)
wrong=''
for ((length = 0; length < ${#good}; length++)); do
	printf '%s' "${good:0:length}" >"$file"
	status=0
	vnetd --check "${usual[@]}" >"$T/check.log" 2>&1 || status=$?
	[ $status -le 1 ] || wrong+=" $length bytes: exit status $status"
	[ $status -eq 0 ] || grep -Eq "^$file(:[0-9]+)?: ." "$T/check.log" || wrong+=" $length bytes: no place is named"
done
is 'fault 13: cut off at every byte, it is right or said to be wrong' "$wrong" ''

bad_file() { # TEXT REGEX: of the file as it is now
	fails "fault 13: $1: refused with its place" 2 "$2" ctl reload
	is "fault 13: $1: what runs goes on" "$(world)" "$shown"
}
printf '[VNet]\nName=conf0\nMTU=14\0' >"$file"
bad_file 'a NUL' "$file:3: "
head -c 2000 /dev/zero >"$file"
bad_file 'only NULs' "$file:1: "
printf '%sMTU=1300\n' "${good/$'\n\n'/$'\n'MTU=1300$'\n\n'}" >"$file"
bad_file 'a key of another section' "$file:[0-9]+: "
truncate -s 64M "$file"
bad_file '64 MiB' "$file:? ?.*"
printf '%s' "$good" >"$file"
cp "$file" "$T/etc/conf1.vnet"
bad_file 'the same name twice' 'conf[01].vnet:2: '
rm "$T/etc/conf1.vnet"
ok 'fault 13: the good one again' ctl reload
is 'fault 13: changes nothing' "$(world)" "$shown"
passes 'fault 13'
finish
