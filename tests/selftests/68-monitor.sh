#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vnetctl monitor tells everything that happens, to everybody who listens, one event a line, in the order in
# which it happens, as text or JSON; it ends with status 0 on a signal and with 3 when vnetd goes.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

monitor() { # NAME OPTION...: starts one that has begun to listen when it returns
	local name=$1 mark

	shift
	bg "$name" vnetctl -s "$T/vnetd.sock" "$@" monitor
	mark=$((marks += 1))
	heard() { grep -q "mark" "$T/$name.out"; }
	# An event that this one has heard is the proof.
	wait_for 10 make_mark || echo "# $name does not listen (mark $mark)"
}
marks=0
cause_events() {
	ctl vnet add mark >/dev/null
	ctl vnet del mark
}
make_mark() {
	cause_events
	heard
}

# The events behind the marks, as "event vnet/resource state", of the JSON monitor NAME.
events() { # NAME
	jq -r 'select(.vnet != "mark") | "\(.event)\(if .vnet then " \(.vnet)" else "" end)\(
		if .event == "path-switched" then " \(.kind) \(.previous) -> \(.resource)"
		elif .resource then "/\(.resource) \(.state)" else "" end)"' "$T/$1.out"
}

has() { # NAME REGEX: for wait_for
	events "$1" | grep -qxE "$2"
}

ns other
for pair in s g h; do
	veth ${pair}0 - ${pair}1 other
done
start_vnetd
monitor one -j
monitor two -j
monitor text
monitor pretty -p

# --- a life, from end to end ---
ctl vnet add vnet0 address "$(mac 1)"
ctl resource add vnet0 sv type service dev s0
ctl resource add vnet0 hy type hybrid dev h0
wait_for 10 state_is vnet0 hy up
ctl resource set vnet0 hy admin down
ip link set s0 down
wait_for 10 state_is vnet0 sv down
ctl resource add vnet0 g1 type guest dev late0 peer "$(mac 2)"
ctl resource del vnet0 g1
ctl reload
ctl vnet del vnet0
ok 'the last event comes' wait_for 10 has one 'vnet-removed vnet0'

all=$(events one)
for event in 'vnet-added vnet0' 'resource-added vnet0/(sv|hy) (waiting|up)' 'resource-state vnet0/(sv|hy) up' \
	'path-switched vnet0 unicast null -> sv' 'path-switched vnet0 unicast sv -> hy' \
	'resource-state vnet0/hy down' 'path-switched vnet0 unicast hy -> sv' 'resource-state vnet0/sv down' \
	'path-switched vnet0 unicast sv -> null' 'resource-added vnet0/g1 waiting' 'resource-removed vnet0/g1 waiting' \
	'reloaded' 'vnet-removed vnet0'; do
	like "told: $event" "$all" "(^|"$'\n'")$event(\$|"$'\n'")"
done
is 'nothing else' "$(cut -d ' ' -f 1 <<<"$all" | sort -u | tr '\n' ' ')" \
	'path-switched reloaded resource-added resource-removed resource-state vnet-added vnet-removed '
is 'the first event is that it was made' "$(head -n 1 <<<"$all")" 'vnet-added vnet0'
is 'a switch is told before what comes later' \
	"$(grep -nxE 'path-switched vnet0 unicast sv -> hy|resource-state vnet0/hy down' <<<"$all" | cut -d : -f 2)" \
	$'path-switched vnet0 unicast sv -> hy\nresource-state vnet0/hy down'
wait_for 10 has two 'vnet-removed vnet0'
is 'the second listener hears the same' "$(events two)" "$all"

# --- how it looks ---
is 'JSON: one object a line' "$(jq -c . "$T/one.out" | wc -l)" "$(wc -l <"$T/one.out")"
is 'JSON: time is RFC 3339 in UTC' "$(jq -r .time "$T/one.out" |
	grep -cvE '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$' || [ $? -eq 1 ])" 0
is 'JSON: times never go back' "$(jq -r .time "$T/one.out" | sort -c 2>&1)" ''
is 'JSON: types of fields' "$(jq -r 'select(.event == "path-switched")
	| [(.kind | type), (.resource | type), (.previous | type)] | join(" ")' "$T/one.out" | sort -u)" \
	$'string null string\nstring string null\nstring string string'
is 'JSON: a state tells why' "$(jq -r 'select(.event == "resource-state" and .state == "down" and .resource == "hy").reason' \
	"$T/one.out")" 'set down by the administrator'
text_lines() { grep -c . "$T/text.out"; }
said_last() { grep -q 'vnet-removed vnet0$' "$T/text.out"; }
ok 'text: the last event comes' wait_for 10 said_last
is 'text: as many lines as events' "$(grep -vc ' mark' "$T/text.out")" "$(grep -vc '"mark"' "$T/one.out")"
like 'text: a switch' "$(cat "$T/text.out")" $'\n[0-9T:.-]+Z path-switched vnet0 unicast sv -> hy\n'
like 'text: a state' "$(cat "$T/text.out")" \
	$'\n[0-9T:.-]+Z resource-state vnet0/hy down: set down by the administrator\n'
is 'pretty: the same objects' "$(jq -c 'select(.vnet == "vnet0")' "$T/pretty.out")" \
	"$(jq -c 'select(.vnet == "vnet0")' "$T/one.out")"

# --- how it ends ---
status=0
bg_stop text INT || status=$?
is 'SIGINT: status 0' "$status" 0
status=0
bg_stop two TERM || status=$?
is 'SIGTERM: status 0' "$status" 0
is 'and no words' "$(cat "$T/text.err" "$T/two.err")" ''
stop_vnetd
for name in one pretty; do
	status=0
	bg_wait $name || status=$?
	is "vnetd goes: status 3 ($name)" "$status" 3
	like "vnetd goes: and it says so ($name)" "$(cat "$T/$name.err")" "^vnetctl: $T/vnetd.sock: .*is vnetd running"
done

# --- a reader that goes away ends it ---
start_vnetd
mkfifo "$T/pipe"
bg reader head -n 1 "$T/pipe"
vnetctl -s "$T/vnetd.sock" monitor >"$T/pipe" 2>"$T/monitor.err" &
monitor_pid=$!
tell() {
	cause_events
	! bg_running reader
}
wait_for 10 tell
status=0
lib_reap $monitor_pid 10 || status=$?
is 'a reader that leaves: status 5' "$status" 5

finish
