#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vnet-udp: the vnets of two hosts, each with a vnetd of its own, over a network between them; a link that is
# cut, also in one direction alone, leaves the traffic to the service until it is back.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
PATH=$VNET_BUILD/examples:$PATH

readonly mac0=02:00:00:00:00:01 mac1=02:00:00:00:00:02

# --- the world: this host and the host "far"; "wire" between them is what datagrams go over, and the
# services lead to each other by another way ---

ctl_far() { # ARGUMENT...: vnetctl's, to the other host's vnetd
	vnetctl -s "$T/far.sock" "$@"
}

far_answers() {
	ctl_far status
}

far_path_is() { # RESOURCE
	[ "$(ctl_far -j path vnet0 "$mac0" | jq -r .resource)" = "$1" ]
}

near_path_is() { # RESOURCE
	[ "$(json .resource path vnet0 "$mac1")" = "$1" ]
}

both_paths_are() { # RESOURCE
	near_path_is "$1" && far_path_is "$1"
}

near() { # [WORD...]: an end of the channel, as a command of bg
	${lib_exec:-} vnet-udp --socket "$T/vnetd.sock" --vnet vnet0 --name udp --peer "$mac1" "$@"
}

far() {
	in_ns far vnet-udp --socket "$T/far.sock" --vnet vnet0 --name udp --peer "$mac0" "$@"
}

near4() {
	near --listen :4789 --remote 192.0.2.2:4789 "$@"
}

far4() {
	far --listen 192.0.2.2:4789 --remote 192.0.2.1:4789 "$@"
}

transfer() { # TEXT FROM TO ADDRESS
	bg_ready recv in_ns "$3" tcpstream recv --port 7000
	ok "$1: sent" in_ns "$2" tcpstream send --to "$4:7000" --bytes 30000000
	ok "$1: every byte is right" bg_wait recv 60
}

pings() { # TEXT
	ok "$1: ping" ping -q -c 3 -i 0.01 -W 5 10.1.0.2
	ok "$1: and back" in_ns far ping -q -c 3 -i 0.01 -W 5 10.1.0.1
}

# The time since then, in milliseconds.
since() { # EPOCHREALTIME
	echo $(((${EPOCHREALTIME/./} - ${1/./}) / 1000))
}

start_vnetd
ns far
veth wire - wire far
veth s0 - s1 far
ip addr add 192.0.2.1/24 dev wire
in_ns far ip addr add 192.0.2.2/24 dev wire
mkdir "$T/etc-far"
bg vnetd-far in_ns far vnetd --config "$T/etc-far" --socket "$T/far.sock" --state "$T/state-far" \
	--bpffs "$T/bpf/vnet" --instance far
wait_for 20 far_answers
ctl vnet add vnet0 address $mac0 mtu 1400 announce-count 0
ctl_far vnet add vnet0 address $mac1 mtu 1400
ctl resource add vnet0 sv type service dev s0
ctl_far resource add vnet0 sv type service dev s1
ip addr add 10.1.0.1/24 dev vnet0
in_ns far ip addr add 10.1.0.2/24 dev vnet0
neighbour - vnet0 10.1.0.2 $mac1
neighbour far vnet0 10.1.0.1 $mac0

# --- together ---

bg near near4
ok 'one end alone is down' wait_for 10 state_is vnet0 udp down
ok 'traffic takes the service' near_path_is sv
bg far far4
ok 'both ends: the channel carries' wait_for 10 both_paths_are udp
pings 'through the channel'
transfer 'TCP' - far 10.1.0.2
transfer 'TCP back' far - 10.1.0.1
ok 'the longest frame of the vnet' ping -q -c 1 -W 5 -M "do" -s 1372 10.1.0.2
cmp_num 'all of it through the channel' "$(json '.[0].resources[0].opackets' stats vnet0 udp)" -ge 20000

# --- the link is cut ---

cut_at=$EPOCHREALTIME
ip link set wire down
ok 'the link is cut: the service takes over' wait_for 10 both_paths_are sv
cmp_num 'within four seconds' "$(since "$cut_at")" -lt $((4000 * ${VNET_SLOW:-1}))
like 'that is told' "$(json '.[0].reason' resource show vnet0 udp)" 'its provider reported'
pings 'over the service'
ip link set wire up
ok 'the link is back: the channel carries' wait_for 10 both_paths_are udp
pings 'through the channel'

# One direction alone: the end that is not heard has to know it.
in_ns far ip neigh replace 192.0.2.1 lladdr 02:00:00:00:00:99 dev wire nud permanent
ok 'nothing comes from the far end: both take the service' wait_for 10 both_paths_are sv
in_ns far ip neigh del 192.0.2.1 dev wire
ok 'it is heard again' wait_for 10 both_paths_are udp

# --- an end dies ---

bg_stop far KILL || [ $? -gt 128 ]
ok 'an end is killed: its vnet takes the service at once' wait_for 1 far_path_is sv
ok 'and so does the other one' wait_for 10 near_path_is sv
bg far far4
ok 'it is back' wait_for 10 both_paths_are udp
pings 'through the channel'

# --- what is not for this channel ---

ok 'SIGTERM ends it' bg_stop far
bg other far4 --channel 7
ok 'another number of the channel: not heard' wait_for 10 near_path_is sv
sees_errors() {
	[ "$(json '.[0].resources[0].ierrors' stats vnet0 udp)" -gt 0 ]
}
ok 'and counted' wait_for 10 sees_errors
is 'it carries nothing' "$(json .resource path vnet0 "$mac1")" sv
bg_stop other
in_ns far ip addr add 192.0.2.3/24 dev wire
refused_datagrams() { # those that no socket here has taken
	grep ^Udp: /proc/net/snmp | awk 'END { print $3 }'
}
refuses_more() { # THAN
	[ "$(refused_datagrams)" -gt "$1" ]
}
refused=$(refused_datagrams)
bg other far --listen 192.0.2.3:4789 --remote 192.0.2.1:4789
ok 'from another address: refused' wait_for 10 refuses_more "$refused"
is 'and not heard' "$(json .resource path vnet0 "$mac1")" sv
bg_stop other
bg far far4
ok 'the right one carries' wait_for 10 both_paths_are udp
ok 'SIGINT ends it' bg_stop far INT
like 'it says how much' "$(out far)" 'sent [0-9]* frames.*received [0-9]* frames'
ok 'SIGTERM ends the other' bg_stop near
is 'nothing is left' "$(json '[.[].name] | join(" ")' resource show) $(ctl_far -j resource show | jq -r '[.[].name] | join(" ")')" 'sv sv'

# --- IPv6 ---

if [ -e /proc/sys/net/ipv6 ]; then
	echo 0 >/proc/sys/net/ipv6/conf/wire/disable_ipv6
	in_ns far bash -c 'echo 0 >/proc/sys/net/ipv6/conf/wire/disable_ipv6'
	ip addr add 2001:db8::1/64 dev wire nodad
	in_ns far ip addr add 2001:db8::2/64 dev wire nodad
	bg near near --listen '[2001:db8::1]:4789' --remote '[2001:db8::2]:4789'
	bg far far --listen :4789 --remote '[2001:db8::1]:4789'
	ok 'over IPv6' wait_for 10 both_paths_are udp
	pings 'over IPv6'
	bg_stop far
	bg_stop near
else
	skip 'over IPv6' 'this kernel has none'
fi

# --- what is wrong ---

ctl vnet set vnet0 mtu 1500
refused 'an MTU that does not pass' 1 'MTU|mtu' near4
fails 'no remote' 2 'expected --listen and --remote' near --listen :1
fails 'no port' 2 'remote 192.0.2.2 has no port: expected HOST:PORT' near --listen :1 --remote 192.0.2.2
fails 'a wrong port' 1 'remote 192.0.2.2:x' near --listen :1 --remote 192.0.2.2:x
fails 'an address that is not ours' 1 'cannot listen at 198.51.100.1:1' near --listen 198.51.100.1:1 --remote 192.0.2.2:1
fails 'a wrong MTU' 2 'mtu 5 is not a number from 68 to 65481' near4 --mtu 5
fails 'a word too many' 2 'word is a word too many' near4 word
ok 'the far vnetd ends' bg_stop vnetd-far
finish
