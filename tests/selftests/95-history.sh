#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# History: what was carried and dropped, over time, to the frame; of vnets, uplinks and flows; which samples are
# shown; refusals; off; anew after a restart.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly unknown=02:00:00:00:00:99 multicast=01:00:5e:00:00:05

samples() { # ARGUMENT...: how many there are
	json '.[0].samples | length' history "$@"
}

more_than() { # NUMBER ARGUMENT...
	[ "$(samples "${@:2}")" -gt "$1" ]
}

last() { # FIELD ARGUMENT...
	json ".[0].samples[-1].$1" history "${@:2}"
}

last_is() { # FIELD NUMBER ARGUMENT...
	[ "$(last "$1" "${@:3}")" = "$2" ]
}

shown_kinds() {
	json 'map("\(.kind) \(.owner)") | sort | join(", ")' history
}

start_vnetd --history-interval 1 --history-samples 5
is 'no vnet: no history' "$(ctl -j history)" '[]'
frames_world
ok 'there are samples soon' wait_for 10 more_than 1 vnet0
is 'of a vnet' "$(json '.[0] | "\(.kind) \(.owner) \(.flow) \(.interval)"' history vnet0)" 'vnet vnet0 null 1'

# --- what was carried ---

rx_before=$(last rbytes vnet0)
tx $unknown --pad 1000 --count 100
tx $multicast --count 5
rx sv 02:00:00:00:00:01 --from $unknown --pad 500 --count 20
rx sv 02:00:00:00:00:55 --from $unknown --count 7
settle
ok 'what was sent is in the next sample' wait_for 10 last_is opackets 105 vnet0
is 'to the byte' "$(last obytes vnet0)" $((100 * 1000 + 5 * 60))
is 'what came' "$(last ipackets vnet0)" 20
is 'to the byte, too' "$(last rbytes vnet0)" $((rx_before + 20 * 500))
is 'and what was dropped' "$(last drops vnet0)" 7
ok 'five samples are kept' wait_for 10 more_than 4 vnet0
before=$(json '.[0].samples[0].monotonic_us' history vnet0)
changed() {
	[ "$(json '.[0].samples[0].monotonic_us' history vnet0)" != "$before" ]
}
ok 'the oldest goes when one comes' wait_for 10 changed
is 'so that there are five' "$(samples vnet0)" 5
is 'each a second after the other' "$(json '[.[0].samples[].monotonic_us] | [.[1:], .[:-1]] | transpose |
	map(.[0] - .[1] | . > 900000) | unique | tojson' history vnet0)" '[true]'
is 'by the time of day' "$(json '.[0].samples[-1].time | sub("\\.[0-9]+Z$"; "Z") | fromdateiso8601 |
	(now - .) | . >= 0 and . < 5' history vnet0)" true

# --- which are shown ---

is 'the last ones' "$(samples vnet0 samples 2)" 2
cmp_num 'those of the last seconds' "$(samples vnet0 since 2)" -le 3
is 'some of them' "$(samples vnet0 interval 2)" 3
is 'no more than there are' "$(samples vnet0 samples 100)" 5
like 'as a table of rates' "$(ctl history vnet0)" 'vnet0: vnet
  TIME  *RX PKT/S  RX BYTE/S  TX PKT/S  TX BYTE/S  DROPS/S
  20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:]{8}( +[0-9.]+){5}'
is 'a line for each of the last' "$(ctl history vnet0 samples 3 | grep -c '^  20')" 3

# --- of what ---

ok 'a flow' ctl flow add vnet0 all
ok 'has a history' wait_for 10 more_than 0 vnet0 all
is 'that is the flow'"'"'s' "$(json '.[0] | "\(.kind) \(.owner) \(.flow)"' history vnet0 all)" 'flow vnet0 all'
tx $unknown --count 30
settle
ok 'of its frames' wait_for 10 last_is opackets 30 vnet0 all
is 'stats shows it, too' "$(json '.[0].flows[] | "\(.name) \(.opackets)"' stats vnet0)" 'all 30'
ns lan
veth u0 - far lan
ctl uplink add up0 dev u0
ctl vnet add v1 uplink up0
is 'all vnets and uplinks' "$(shown_kinds)" 'uplink up0, vnet v1, vnet vnet0'
carried=$(last opackets vnet0)
ctl resource del vnet0 hy
tx $unknown --count 10
settle
ok 'what was carried by what is no more stays carried' wait_for 10 last_is opackets $((carried + 10)) vnet0

# --- now ---

bg top vnetctl -s "$T/vnetd.sock" -j top vnet0
before=$(last opackets vnet0)
tops() { # NUMBER: so many lines are there
	[ "$(out top | wc -l)" -ge "$1" ]
}
ok 'top prints again and again' wait_for 10 tops 1
tx $unknown --count 500
ok 'and again' wait_for 10 tops 3
ok 'until a signal' bg_stop top
cmp_num 'what was carried meanwhile is in it' \
	"$(out top | jq -s '[.[][] | select(.name == "resource vnet0/sv").opackets] | max | floor')" -gt 100
cmp_num 'as the flow'"'"'s' "$(out top | jq -s '[.[][] | select(.name == "flow vnet0/all").opackets] | max | floor')" -gt 100
like 'for people, as often as they want' "$(ctl top samples 1)" 'RX PKT/S.*
vnet vnet0 .*
flow vnet0/all '

# --- refusals ---

refused 'nobody' 2 'there is no vnet or uplink "none"' ctl history none
refused 'no such flow' 2 'vnet vnet0 has no flow "none"' ctl history vnet0 none
refused 'a number that is none' 1 "since 'x' is not a whole number" ctl history vnet0 since x
refused 'none of nothing' 1 "samples '0' is not a number from 1: expected samples N" ctl history samples 0
fails 'an interval that is none' 2 'history-interval: "x" is not a number from 0 to 86400' vnetd --history-interval x

refused 'top of nobody' 2 'there is no vnet "none"' ctl top none
refused 'an interval of none' 1 "interval '0' is not a number from 1" ctl top interval 0

# --- anew, and not at all ---

kill_vnetd KILL
start_vnetd --history-interval 1
cmp_num 'it begins anew with vnetd' "$(samples vnet0)" -le 1
ok 'with what those that are there have counted before' wait_for 10 last_is opackets 515 vnet0
stop_vnetd
start_vnetd --history-interval 0
is 'off' "$(samples vnet0)" 0
like 'is told' "$(ctl history vnet0)" 'vnetd takes no samples: its --history-interval is 0'
finish
