#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A hybrid that has its carrier and sends nothing of what it is given is `failed` within its time-out and a
# half: a tap that nobody reads any more, a queue that lets nothing out. It gets another chance, each time
# later, after a reset of its device, and when the administrator says so.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly unknown=02:00:00:00:00:99 timeout=800
now_ms() {
	echo $((${EPOCHREALTIME/./} / 1000))
}

reason() { # RESOURCE
	json '.[0].reason' resource show vnet0 "$1"
}

carried_by() { # RESOURCE: for wait_for
	path_is vnet0 "$unknown" "hybrid $1" || path_is vnet0 "$unknown" "service $1"
}

frames() { # RESOURCE
	json ".[0].resources[] | select(.name == \"$1\") | .opackets" stats vnet0
}

more_frames() { # RESOURCE THAN
	[ "$(frames "$1")" -gt "$2" ]
}

has_been_sending() { # RESOURCE: long enough for its counter to be believed
	local before

	before=$(frames "$1")
	wait_for 10 more_frames "$1" $((before + 3000))
}

veth sa - sb -
veth h2 - h2b -
bg_ready reader tap h1 hold
ip link set h1 up
start_vnetd
ctl vnet add vnet0 address "$(mac 1)" tx-timeout $timeout hold-down 500
ip link set vnet0 up
ctl resource add vnet0 sv type service dev sa
ctl resource add vnet0 first type hybrid dev h1 priority 10
ctl resource add vnet0 second type hybrid dev h2 priority 20
bg send stream send --dev vnet0 --dst $unknown --rate 2000 --seconds 3600
ok 'the tap carries' wait_for 5 carried_by first
has_been_sending first

# fault 39: a tap that is not read any more. It has its carrier, and its queue takes some frames still.
kill -STOP "$(bg_pid reader)"
since=$(now_ms)
ok 'nobody reads the tap: the next hybrid carries' wait_for 10 carried_by second
took=$(($(now_ms) - since))
cmp_num "within the time-out and a half, $took ms" "$took" -le $((timeout * 2))
cmp_num 'and not before the time-out' "$took" -ge $((timeout / 2))
is 'it is failed' "$(json '.[0].state' resource show vnet0 first)" failed
like 'and says why' "$(reason first)" \
	"^device h1 sends nothing of what it is given for $timeout ms; tried again in [0-9]+ ms\$"
is 'though it has its carrier' "$(cat /sys/class/net/h1/carrier)" 1
has_been_sending second
pass 'the others are unaffected'

# --- another chance, each time after twice as long ---

tries() {
	grep -c 'vnet0/first: is failed, was up' "$T/vnetd.log"
}

tried() { # TIMES
	[ "$(tries)" -ge "$1" ]
}

ok 'it is tried again, and fails again' wait_for 20 tried 2
ok 'the next one carries again' wait_for 5 carried_by second
ok 'and once more' wait_for 20 tried 3
kill -CONT "$(bg_pid reader)"
ok 'it is read again: it carries again, unaided' wait_for 30 carried_by first
has_been_sending first
is 'and goes on doing so' "$(json '.[0].state' resource show vnet0 first)" up

# --- the administrator is sooner ---

kill -STOP "$(bg_pid reader)"
ok 'it fails once more' wait_for 10 carried_by second
kill -CONT "$(bg_pid reader)"
ok 'it can be cleared' ctl resource clear vnet0 first
is 'and is up at once' "$(json '.[0].state' resource show vnet0 first)" up
fails 'there is nothing more to clear' 2 'vnet0/first: is up, there is nothing to clear' ctl resource clear vnet0 first

# --- a queue that lets nothing out ---

ctl resource set vnet0 first admin down
ok 'the second carries' wait_for 5 carried_by second
has_been_sending second
tc qdisc add dev h2 root blackhole
ok 'a queue that throws everything away: the service carries' wait_for 10 carried_by sv
is 'the hybrid is failed' "$(json '.[0].state' resource show vnet0 second)" failed
tc qdisc del dev h2 root
# A driver that resets its device takes the carrier away and gives it back.
ip link set h2b down
ip link set h2b up
ok 'after a reset it carries at once' wait_for 5 carried_by second

# --- no false alarms ---

before=$(grep -c 'is failed' "$T/vnetd.log")
bg_stop send
ok 'with nothing to send' wait_for 5 carried_by second
stream send --dev vnet0 --dst $unknown --rate 20 --seconds 3 >"$T/slow"
is 'or little, nothing fails' "$(grep -c 'is failed' "$T/vnetd.log")" "$before"
ctl vnet set vnet0 tx-timeout 0
tc qdisc add dev h2 root blackhole
stream send --dev vnet0 --dst $unknown --rate 2000 --seconds 3 >"$T/lost"
is 'nor does anything while it is switched off' "$(grep -c 'is failed' "$T/vnetd.log")" "$before"
finish
