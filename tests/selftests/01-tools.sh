#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The traffic tools count what the other selftests rely on: lost, doubled, reordered, wrong and stopped.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ns a b
veth va a vb b "$(mac 1)" "$(mac 2)"
in_ns a ip addr add 192.0.2.1/24 dev va
in_ns b ip addr add 192.0.2.2/24 dev vb

report() { # NAME: of a stream receiver, in the order of its name's numbers
	out "$1" | jq -r '"\(.received) \(.lost) \(.duplicated) \(.reordered)"'
}

# --- stream ---

bg_ready rx in_ns b stream recv --port 9000 --status "$T/rx.status"
sent=$(in_ns a stream send --to 192.0.2.2:9000 --rate 20000 --count 5000)
bg_wait rx
is 'UDP: all are sent' "$(jq -r '"\(.sent) \(.send_errors)"' <<<"$sent")" '5000 0'
is 'UDP: all arrive' "$(report rx)" '5000 0 0 0'
is 'the status file is the report' "$(cat "$T/rx.status")" "$(out rx)"

bg_ready rx in_ns b stream recv --dev vb
in_ns a stream send --dev va --dst "$(mac 2)" --rate 20000 --seconds 1 >"$T/tx.out"
bg_wait rx
is 'frames: as many arrive as were sent' "$(report rx)" "$(jq -r .sent "$T/tx.out") 0 0 0"
cmp_num 'the rate is kept' "$(jq -r .sent "$T/tx.out")" -eq 20000

bg_ready rx in_ns b stream recv --dev vb --id 7
for id in 6 7; do
	in_ns a stream send --dev va --dst "$(mac 9)" --vlan 5 --rate 20000 --count 10 --id $id >"$T/tx.out"
done
bg_wait rx
is 'a stream is told from another' "$(report rx)" '10 0 0 0'
is 'frames to another MAC are told' "$(out rx | jq -r .other_host)" 10

number() { # NUMBER [FLAGS]: one frame of a stream, made by hand
	in_ns a frame send --dev va --pad 60 --hex "$(printf '020000000002 020000000001 88b5
		766e6574 0000 %04x %016x' "${2:-0}" "$1" | tr -d '\n\t')"
}
bg_ready rx in_ns b stream recv --dev vb
for n in 0 2 1 2 5; do
	number $n
done
number 8 1
bg_wait rx
is 'gaps are lost, repeats doubled, stragglers reordered' "$(report rx)" '4 4 1 1'

bg_ready rx in_ns b stream recv --dev vb --status "$T/rx.status"
number 3
arrived() { [ "$(jq .received "$T/rx.status")" = 1 ]; }
ok 'the status file follows' wait_for 5 arrived
bg_stop rx
is 'SIGTERM asks for the report; without an end mark the highest number counts' "$(report rx)" '1 3 0 0'

bg_ready rx in_ns b stream recv --dev vb
number 0
in_ns a ip link set va down
in_ns a ip link set va up
number 1
bg_stop rx
cmp_num 'the longest gap is told' "$(out rx | jq .max_gap_us)" -gt 0

# --- tcpstream ---

bg_ready rx in_ns b tcpstream recv --port 9001
bg tx in_ns a tcpstream send --to 192.0.2.2:9001 --status "$T/tx.status"
flows() { [ "$(jq .bytes "$T/tx.status")" -gt 1000000 ]; }
ok 'TCP: a transfer goes on until it is stopped' wait_for 10 flows
ok 'TCP: the sender ends well' bg_stop tx
ok 'TCP: and so does the receiver' bg_wait rx
is 'TCP: all bytes are right' "$(out rx | jq -r '"\(.bytes) \(.bad_at) \(.finished)"')" \
	"$(out tx | jq -r '"\(.delivered) -1 true"')"
is 'TCP: the sender knows it' "$(out tx | jq -r .bytes)" "$(out tx | jq -r .delivered)"

bg_ready rx in_ns b tcpstream recv --port 9002
in_ns a bash -c 'echo wrong >/dev/tcp/192.0.2.2/9002'
not_ok 'TCP: a wrong byte fails the transfer' bg_wait rx
is 'TCP: and its place is told' "$(out rx | jq -r .bad_at)" 0

# --- frame ---

bg_ready rx in_ns b frame expect --dev vb --hex '020000000002 ............ 8100 0005'
in_ns a frame send --dev va --hex '020000000002 020000000001 8100 0005 88b5' --pad 60
ok 'a frame is awaited' bg_wait rx
like 'it is shown with its tag' "$(out rx)" '^02000000000202000000000181000005(88b5)(00){42}$'

bg_ready rx in_ns b frame capture --dev vb --until ffffffffffff
in_ns a frame send --dev va --hex '020000000003 020000000001 88b5' --pad 60 --count 2
in_ns a frame send --dev va --hex 'ffffffffffff 020000000001 88b5' --pad 60
ok 'frames are captured up to a last one' bg_wait rx
is 'all of them' "$(grep -c '^020000000003' "$T/rx.out")" 2

bg_ready rx in_ns b frame expect --dev vb --hex 00 --timeout 1
not_ok 'a frame that does not come is a failure' bg_wait rx

# --- tap ---

ns vm
bg_ready machine tap vmtap wire eth0 /run/netns/vm
ip link set vmtap up
ip addr add 192.0.3.1/24 dev vmtap
in_ns vm ip addr add 192.0.3.2/24 dev eth0
in_ns vm ip link set eth0 up
ok 'a machine behind a tap answers' ping -q -c 1 -W 2 192.0.3.2
bg_stop machine
cmp_num 'the tap has counted its frames' "$(out machine | jq .frames)" -gt 0


finish
