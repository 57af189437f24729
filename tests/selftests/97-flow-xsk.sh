#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Flows that are delivered to a program by an AF_XDP socket: whole and in order, without rights but those to the
# flow; and what a slow, dead or hostile program costs: its own flow alone.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
PATH=$VNET_BUILD/examples:$PATH

readonly port=7000 other=7001 tcp=7002

flow() { # FLOW FILTER
	json ".[0]$2" flow show vnet0 "$1"
}

open_flow() { # NAME FLOW [OPTION]...
	bg_ready "$1" flowopen --socket "$T/vnetd.sock" "${@:3}" vnet0 "$2"
}

open_fails() { # [OPTION]... OWNER FLOW
	flowopen --socket "$T/vnetd.sock" "$@"
}

send() { # PORT COUNT RATE [OPTION]...
	in_ns outside stream send --to "10.1.0.1:$1" --count "$2" --rate "$3" --ends 1 "${@:4}" >"$T/sent.json"
}

counted() { # NAME FIELD
	jq ".$2" "$T/$1.out"
}

has_received() { # FLOW PACKETS
	[ "$(flow "$1" .ipackets)" -ge "$2" ]
}

has_missed() { # FLOW
	[ "$(flow "$1" .missed)" -gt 0 ]
}

to_is() { # FLOW DELIVERY
	[ "$(flow "$1" .delivery)" = "$2" ]
}

pairs() {
	ip -br link show type veth | grep -c '^vx[0-9]*[a-z]@' || [ $? -eq 1 ]
}

pairs_are() { # NUMBER
	[ "$(pairs)" = "$1" ]
}

# How many of COUNT frames to PORT the stack has got.
stack_gets() { # PORT COUNT
	bg_ready stack stream recv --port "$1"
	send "$1" "$2" 2000
	bg_wait stack 20
	counted stack received
}

whole() { # NAME COUNT
	is "$1: every frame comes" "$(counted "$1" received)" "$2"
	is "$1: none twice" "$(counted "$1" duplicated)" 0
}

# Where everybody can reach them: /run is this world's own.
install "$VNET_BUILD/tests/tools/flowopen" /run/
ln -s /run/vnetd/vnetd.sock "$T/vnetd.sock"
daemon() {
	start_vnetd --socket /run/vnetd/vnetd.sock
}

as_owner() { # [OPTION]... OWNER FLOW
	${lib_exec:-} setpriv --reuid 65534 --regid 65534 --clear-groups /run/flowopen --socket /run/vnetd/vnetd.sock "$@"
}

ns outside
daemon
veth s0 - far outside
in_ns outside ip addr add 10.1.0.100/24 dev far
ctl vnet add vnet0 announce-count 0
ip link set vnet0 up
ip addr add 10.1.0.1/24 dev vnet0
ctl resource add vnet0 s type service dev s0
wait_for 10 state_is vnet0 s up
wait_for 10 ping -c 1 -W 1 10.1.0.100

# --- frames ---

ok 'a flow for a socket' ctl flow add vnet0 x dir in proto udp lport "$port" to xsk
is 'that nobody has opened' "$(flow x .delivery)" none
is 'lets its frames pass' "$(stack_gets "$port" 500)" 500
before=$(flow x .ipackets)
open_flow one x
is 'opened it is delivered' "$(flow x .delivery)" copy
send "$port" 5000 5000
wait_for 10 has_received x $((before + 5001))
bg_stop one
whole one 5000
is 'in order' "$(counted one reordered)" 0
is 'and nothing else' "$(counted one strange)" 0
wait_for 5 pairs_are 0
pass 'nothing is left of it when its program has ended'
is 'and its frames pass again' "$(stack_gets "$port" 500)" 500

before=$(flow x .ipackets)
open_flow self x --self --frames 256
send "$port" 1000 1000
wait_for 10 has_received x $((before + 1001))
bg_stop self
whole self 1000
open_flow short x --close
send "$port" 10 1000
bg_wait short 10
wait_for 5 pairs_are 0
pass 'a callback may close its own flow'

ctl flow add vnet0 v dir in vlan 5 to xsk
ctl vnet set vnet0 vlans 5
ctl resource set vnet0 s vlans 5
open_flow tagged v
in_ns outside stream send --dev far --dst "$(json '.[0].address' vnet show vnet0)" --vlan 5 --count 100 --rate 1000 \
	--ends 1 >"$T/sent.json"
wait_for 10 has_received v 101
bg_stop tagged
is 'a frame has its tag' "$(counted tagged tagged)" 101
ctl flow del vnet0 v

# --- what the sender leaves to the device is done ---

ctl flow add vnet0 t dir in proto tcp lport "$tcp" to xsk
bg_ready received tcpstream recv --no-check --port "$tcp"
bg sender in_ns outside tcpstream send --to "10.1.0.1:$tcp" --ms 4000
wait_for 10 has_received t 1000
open_flow cut t
before=$(flow t .ipackets)
wait_for 10 has_received t $((before + 1))
bg_stop cut
cmp_num 'segments are cut' "$(counted cut longest)" -le 1514
cmp_num 'and come' "$(counted cut strange)" -gt 0
bg_wait sender 20
bg_wait received 20
pass 'the connection goes on when the flow is closed'
ctl flow del vnet0 t

# --- who is slow pays alone ---

ctl flow add vnet0 y dir in proto udp lport "$other" to xsk
before=$(flow y .ipackets)
open_flow held x --hold
open_flow quick y
bg flood send "$port" 20000 20000
send "$other" 5000 5000
bg_wait flood 20
wait_for 10 has_received y $((before + 5001))
wait_for 10 has_missed x
pass 'what a slow program has no room for is counted'
ok 'the stack is not held up' ping -c 3 -i 0.05 -W 1 10.1.0.100
kill -USR1 "$(bg_pid held)"
bg_stop quick
whole quick 5000
is 'the other flow keeps its order' "$(counted quick reordered)" 0
is 'and misses nothing' "$(flow y .missed)" 0
bg_stop held
cmp_num 'the slow one has what there was room for' "$(counted held received)" -ge 2048

open_flow hostile x --hostile
open_flow quick y
before=$(flow y .ipackets)
send "$port" 5000 10000
send "$other" 2000 5000
wait_for 10 has_received y $((before + 2001))
bg_stop quick
whole quick 2000
bg_stop hostile
is 'a hostile program can do no more with its socket' "$(counted hostile strange)" 0
ok 'and vnetd is well' ctl status

# --- limits ---

ctl flow set vnet0 x maxbw 64kbit
open_flow limited x
before=$(flow x .idrops)
send "$port" 2000 20000 --size 1000
bg_stop limited
cmp_num 'a limit holds' "$(counted limited received)" -lt 1000
cmp_num 'and is counted' "$(flow x .idrops)" -gt "$before"
ctl flow set vnet0 x maxbw none

# --- what is longer than the way to a socket takes ---

missed_is() { # FLOW FRAMES
	[ "$(flow "$1" .missed)" = "$2" ]
}

ctl vnet set vnet0 mtu 9000
in_ns outside ip link set far mtu 9000
open_flow long x
before=$(flow x .ipackets)
send "$port" 100 1000 --size 3516
# With the one that says that it was all.
send "$port" 100 1000 --size 3517
wait_for 10 has_received x $((before + 202))
ok 'what is too long is counted' wait_for 5 missed_is x 101
bg_stop long
cmp_num 'and no more' "$(counted long longest)" -eq 3516
is 'the others come' "$(counted long received)" 100
ctl vnet set vnet0 mtu 1500

# --- its program is taken away ---

far_link() { # the number of what runs at the far end of the flow's veth; nothing: nothing does
	local pin

	for pin in "$T"/bpf/vnet/default/links/xdp-xsk-*; do
		bpftool -j link show pinned "$pin" 2>/dev/null | jq '[.] | flatten | .[0] | select(.ifindex != 0) | .id'
	done
}

attached_again() { # BEFORE
	local now

	now=$(far_link) && [[ -n $now && $now != "$1" ]]
}

open_flow robbed x
link=$(far_link)
for pin in "$T"/bpf/vnet/default/links/xdp-xsk-*; do
	bpftool link detach pinned "$pin"
done
ok 'whoever detaches its program' wait_for 5 attached_again "$link"
before=$(flow x .ipackets)
send "$port" 500 2000
wait_for 10 has_received x $((before + 501))
link=$(far_link)
rm "$T"/bpf/vnet/default/links/xdp-xsk-*
ok 'or takes the pin away' wait_for 5 attached_again "$link"
send "$port" 500 2000
wait_for 10 has_received x $((before + 1002))
bg_stop robbed
is 'all frames come' "$(counted robbed received) $(counted robbed duplicated)" '500 500'

# --- death ---

open_flow dead x
bg_stop dead KILL || [ $? -eq 137 ]
wait_for 5 pairs_are 0
is 'a dead program holds nothing back' "$(stack_gets "$port" 500)" 500

before=$(flow x .ipackets)
open_flow over x --frames 8192
bg long send "$port" 20000 5000
wait_for 10 has_received x $((before + 3000))
kill_vnetd KILL
daemon
bg_wait long 30
wait_for 10 has_received x $((before + 20001))
wait_for 5 pairs_are 1
bg_stop over
whole over 20000
wait_for 5 pairs_are 0

before=$(flow x .ipackets)
open_flow stopped x
stop_vnetd
send "$port" 2000 4000
daemon
wait_for 10 to_is x copy
send "$port" 1 4000
bg_stop stopped
is 'frames come without vnetd' "$(counted stopped received)" 2000

open_flow both x
kill_vnetd KILL
bg_stop both KILL || [ $? -eq 137 ]
is 'nobody holds them back when both are dead' "$(stack_gets "$port" 500)" 500
daemon
wait_for 15 pairs_are 0
pass 'and what they had is taken away'

# --- closed by vnetd ---

open_flow deleted x
ctl flow set vnet0 x to none
bg_wait deleted 10
like 'a program hears that its flow is for nobody any more' "$(counted deleted closed)" 'vnet0/x'
ctl flow set vnet0 x to xsk
open_flow deleted x
ip link del "$(ip -br link show type veth | sed -n 's/^\(vx[0-9]*[a-z]\)@.*/\1/p')"
bg_wait deleted 10
like 'and that its device is gone' "$(counted deleted closed)" 'vnet0/x'
is 'its frames pass then' "$(stack_gets "$port" 500)" 500

# --- vnet-flow-record ---

recorder() { # [OPTION]... OWNER FLOW FILE
	${lib_exec:-} vnet-flow-record --socket "$T/vnetd.sock" "$@"
}

bg record recorder --count 10 vnet0 x "$T/x.pcap"
wait_for 10 to_is x copy
send "$port" 50 1000 --size 100
bg_wait record 10
like 'frames are recorded' "$(cat "$T/record.out")" '^recorded 10 frames, 1000 bytes'
is 'as long as they are' "$(stat -c %s "$T/x.pcap")" $((24 + 10 * (16 + 100)))
fails 'a word is missing' 2 'expected OWNER FLOW FILE' recorder vnet0 x
fails 'another flow' 1 'vnet vnet0 has no flow "z"' recorder vnet0 z "$T/z.pcap"
fails 'no vnetd' 1 'vnetd cannot be reached' vnet-flow-record --socket "$T/none" vnet0 x "$T/z.pcap"

# --- refused ---

open_flow one x
near=$(ip -br link show type veth | sed -n 's/^\(vx[0-9]*[a-z]-p\)@.*/\1/p')
belongs='is what frames of flow vnet0/x go over to a program, expected another device'
refused "its device is no resource's" 2 "vnet0/g: device $near $belongs" \
	ctl resource add vnet0 g type guest dev "$near" peer "$(mac 7)"
refused "nor an uplink's" 2 "up0: device ${near%-p} $belongs" ctl uplink add up0 dev "${near%-p}"
refused 'nor an upper' 2 "vnet1: upper $near $belongs" ctl vnet add vnet1 upper "$near" address "$(mac 8)"
fails 'one program at a time' 1 'vnet0/x: a program has opened it already' open_fails vnet0 x
bg_stop one
fails 'no such flow' 1 'vnet vnet0 has no flow "z"' open_fails vnet0 z
fails 'no such owner' 1 'there is no vnet or uplink "vnet9"' open_fails vnet9 x
fails 'room for a number that is none of two' 1 'frames 100 is not a power of two from 64 to 8192' \
	open_fails --frames 100 vnet0 x
ctl flow add vnet0 plain dir in proto udp lport 9
fails 'a flow for the stack' 1 'vnet0/plain: it is not for an AF_XDP socket' open_fails vnet0 plain
fails 'whoever does not own the vnet' 1 'user 65534 may not open flows' \
	as_owner vnet0 x
ctl vnet set vnet0 owner 65534
bg_ready owner as_owner vnet0 x
before=$(flow x .ipackets)
send "$port" 1000 5000
wait_for 10 has_received x $((before + 1001))
bg_stop owner
whole owner 1000
open_flow one x
ok 'all of it goes with a flush' ctl flush
bg_wait one 10
is 'nothing is left' "$(pairs)" 0

finish
