#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A change is all or nothing: when its client is killed in the midst of it, when it says but half of it, and
# beside 64 others that want something else.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly writers=64 rounds=5

# 64 at once may take their time on a machine that has other things to do.
ctl() {
	vnetctl -t 60 -s "$T/vnetd.sock" "$@"
}

# Both settings are always given together, with one number.
pair() {
	json '.[0] | "\(.mtu) \(.hold_down)"' vnet show vnet0
}

is_pair() {
	local mtu hold_down

	read -r mtu hold_down <<<"$1"
	[ "$mtu" -eq "$hold_down" ]
}

both() { # NUMBER
	echo "vnet set vnet0 mtu $1 hold-down $1"
}

begun() {
	[ "$(pair)" != '1000 1000' ]
}

pair_is() { # NUMBER
	[ "$(pair)" = "$1 $1" ]
}

call() { # METHOD PARAMETERS: the request's text
	echo "{\"method\":\"io.vnetd.Control.$1\",\"parameters\":$2}"
}

start_vnetd
ctl vnet add vnet0 address "$(mac 1)" mtu 1000 hold-down 1000

# --- fault 54: a client that is killed ---
for ((i = 1001; i <= 4000; i++)); do
	both $i
done >"$T/batch"
wrong='' ends=''
for ((round = 0; round < 10; round++)); do
	ctl vnet set vnet0 mtu 1000 hold-down 1000
	bg batch vnetctl -s "$T/vnetd.sock" -b "$T/batch"
	wait_for 10 begun
	bg_stop batch KILL || [ $? -eq 137 ]
	got=$(pair)
	is_pair "$got" || wrong+="$got "
	ends+="${got% *} "
done
is 'fault 54: killed in the midst of a batch, each of its changes is whole or not there' "$wrong" ''
echo "# they had come to $ends"

# A request that has come whole is carried out, whoever is there to hear of it.
ok 'fault 54: a client that does not wait for the reply' varlink "$T/vnetd.sock" \
	send "$(call SetVnet '{"name":"vnet0","settings":{"mtu":1450,"hold_down":1450}}')"
ok 'fault 54: what it asked for is done' wait_for 5 pair_is 1450

# --- fault 51: half a message ---
request=$(call SetVnet '{"name":"vnet0","settings":{"mtu":1300,"hold_down":1300}}')
before=$(snapshot)
for part in 1 20 $((${#request} / 2)) ${#request}; do
	ok "fault 51: $part bytes without an end" varlink "$T/vnetd.sock" raw "${request:0:part}"
done
ok 'fault 51: the next one is served' ctl status
is 'fault 51: nothing has changed' "$(snapshot)" "$before"

# --- fault 55: writers in conflict ---
writer() { # NUMBER
	local i

	for ((i = 0; i < rounds; i++)); do
		# shellcheck disable=SC2046 # words
		ctl $(both $((1000 + $1))) || return 1
	done
}

audited() {
	grep -cE 'SetVnet vnet0 done for uid 0, gid 0, pid [0-9]+$' "$T/vnetd.log"
}

pids=() failed=0 torn='' before=$(audited)
for ((i = 0; i < writers; i++)); do
	writer $i &
	pids+=($!)
done
for ((i = 0; i < 30; i++)); do
	got=$(pair)
	is_pair "$got" || torn+="$got "
done
for pid in "${pids[@]}"; do
	wait "$pid" || failed=$((failed + 1))
done
is "fault 55: $writers writers are all served" $failed 0
is 'fault 55: nobody sees half of a change' "$torn" ''
ok 'fault 55: one of them was the last' is_pair "$(pair)"
is 'fault 55: each change is in the log, with who asked for it' $(($(audited) - before)) $((writers * rounds))

adder() { # NUMBER: its exit status in a file
	local status=0

	ctl resource add vnet0 sv type service dev "late$1" >/dev/null 2>"$T/adder.$1" || status=$?
	echo $status >"$T/status.$1"
}

pids=()
for ((i = 0; i < writers; i++)); do
	adder $i &
	pids+=($!)
done
wait "${pids[@]}"
is 'fault 55: one of those who want the same wins' "$(cat "$T"/status.* | sort | uniq -c | tr -s ' \n' ' ')" \
	" 1 0 $((writers - 1)) 2 "
is 'fault 55: the others are told' "$(cat "$T"/adder.* | sort | uniq -c | tr -s ' ')" \
	" $((writers - 1)) vnetctl: vnet0/sv: vnet vnet0 has a resource of that name already"
winner=$(grep -lx 0 "$T"/status.*)
is 'fault 55: it is the one that was told so' "$(json '.[0].device' resource show vnet0 sv)" "late${winner##*.}"

# What was answered outlives vnetd.
before=$(ctl -j vnet show)
kill_vnetd KILL
start_vnetd
is 'and it is there after a kill' "$(ctl -j vnet show)" "$before"
finish
