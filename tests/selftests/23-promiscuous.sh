#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tcpdump on vnet0 sees both directions and what is for others, while it runs and no longer, and costs no frame.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly vnet=02:00:00:00:00:01 guest=02:00:00:00:00:02 unknown=02:00:00:00:00:99
readonly nobody=02:00:00:00:00:77 broadcast=ff:ff:ff:ff:ff:ff

is_listening() { # NAME
	grep -q 'listening on' "$T/$1.err"
}

dump() { # NAME: starts tcpdump
	bg "$1" tcpdump -i vnet0 -l -n -e --immediate-mode "${@:2}"
	wait_for 10 is_listening "$1"
}

dumped() { # NAME "FROM > TO" COUNT: for wait_for
	[ "$(grep -c " $2, " "$T/$1.out")" = "$3" ]
}

saw() { # "FROM > TO" COUNT
	ok "tcpdump saw $1, $2 times" wait_for 5 dumped first "$1" "$2"
}

promiscuous_is() { # true|false
	[ "$(json '.[0].promiscuous' vnet show vnet0)" = "$1" ]
}

frames_world
ok 'at first the shortcut is there' shortcut_on
ok 'and the vnet is not promiscuous' promiscuous_is false

# --- both directions ---

dump first
ok 'tcpdump starts: the shortcut steps aside' wait_for 5 shortcut_off
ok 'the vnet is promiscuous' wait_for 5 promiscuous_is true
carried 'captured: out of the hybrid' hy 3 tx $unknown --count 3
carried 'captured: out of the service' sv 4 tx $broadcast --count 4
carried 'captured: to the guest' g1 5 tx $guest --count 5
delivered 'captured: in from the guest' g1 6 rx g1 $vnet --from $guest --count 6
delivered 'captured: in from the service' sv 7 rx sv $vnet --from $unknown --count 7
delivered 'captured: for somebody else' hy 8 rx hy $nobody --from $unknown --count 8
dropped 'spoofed: sent by the stack, taken by nobody' spoofed 2 tx $unknown --from $nobody --count 2
saw "$vnet > $unknown" 3
saw "$vnet > $broadcast" 4
saw "$vnet > $guest" 5
saw "$guest > $vnet" 6
saw "$unknown > $vnet" 7
saw "$unknown > $nobody" 8
saw "$nobody > $unknown" 2

# --- two captures; the end of the last one counts ---

dump second
bg_stop first
carried 'the first one ends: still captured' hy 2 tx $unknown --count 2
ok 'by the second' wait_for 5 dumped second "$vnet > $unknown" 2
ok 'the shortcut is still aside' shortcut_off
bg_stop second
ok 'the second one ends: the shortcut is back' wait_for 5 shortcut_on
ok 'the vnet is not promiscuous' promiscuous_is false
carried 'and frames go as before' hy 3 tx $unknown --count 3
dropped 'what is for somebody else is not delivered' not_ours 3 rx hy $nobody --from $unknown --count 3

# --- no frame is lost or doubled when captures come and go ---

ip addr add 192.0.2.1/24 dev vnet0
in_ns hy ip link set far address $unknown
in_ns hy ip addr add 192.0.2.2/24 dev far
neighbour - vnet0 192.0.2.2 $unknown
neighbour hy far 192.0.2.1 $vnet
bg_ready recv in_ns hy stream recv --port 5001 --status "$T/recv"
bg send stream send --to 192.0.2.2:5001 --rate 20000 --seconds 60 --status "$T/send"
wait_for 5 test -s "$T/recv"
for _ in 1 2 3 4 5; do
	ip link set vnet0 promisc on
	wait_for 5 shortcut_off
	ip link set vnet0 promisc off
	wait_for 5 shortcut_on
done
bg_stop send
ok 'the stream ends well' bg_wait recv
is 'nothing is lost, nothing doubled' "$(jq -r '"\(.lost) \(.duplicated)"' "$T/recv")" '0 0'
is 'all that was sent' "$(jq .received "$T/recv")" "$(jq .sent "$T/send")"

# --- while vnetd is away ---

dump third
wait_for 5 shortcut_off
stop_vnetd
bg_stop third
start_vnetd
ok 'the capture ended while vnetd was away: the shortcut is back' wait_for 5 shortcut_on
stop_vnetd
bg third tcpdump -i vnet0 -l -n -e --immediate-mode
wait_for 10 is_listening third
start_vnetd
ok 'it began while vnetd was away: the shortcut steps aside' wait_for 5 shortcut_off
bg_stop third
wait_for 5 shortcut_on

# --- set by hand ---

ctl vnet set vnet0 promiscuous on
delivered 'promiscuous on: delivered without a capture' hy 1 rx hy $nobody --from $unknown
ok 'and the shortcut stays' shortcut_on
ctl vnet set vnet0 promiscuous off
dump fourth
wait_for 5 shortcut_off
dropped 'promiscuous off: not delivered, even to tcpdump' not_ours 1 rx hy $nobody --from $unknown
carried 'what vnet0 sends' hy 2 tx $unknown --count 2
ok 'is seen all the same' wait_for 5 dumped fourth "$vnet > $unknown" 2
bg_stop fourth
ctl vnet set vnet0 promiscuous auto
refused 'promiscuous maybe' 2 'promiscuous' ctl vnet set vnet0 promiscuous maybe

finish
