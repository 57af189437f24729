#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Mode xdp: native XDP in front of TC on every device that can; nothing is lost when it comes, goes or is restarted.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly vnet=02:00:00:00:00:01 guest=02:00:00:00:00:02 outside=02:00:00:00:00:99 size=20000000

# The name of the XDP program at a device if the driver runs it, "none", or "generic".
xdp_at() { # DEVICE
	local mode id

	read -r mode id <<<"$(ip -j link show dev "$1" | jq -r '.[0].xdp | "\(.mode // 0) \(.prog.id // 0)"')"
	case $mode in
	0) echo none ;;
	1) bpftool -j prog show id "$id" | jq -r .name ;;
	*) echo generic ;;
	esac
}

# What is on of the offloads that matter, by ethtool's own names.
offloads() { # NS DEVICE
	in_ns "$1" ethtool -k "$2" | awk '/^(tx-checksumming|tx-vlan-offload|generic-receive-offload):/ { printf "%s%s=%s", sep, $1, $2; sep = " " }' |
		sed 's/://g; s/tx-checksumming/csum/; s/tx-vlan-offload/tag/; s/generic-receive-offload/gro/'
}

# Frames that were redirected into a veth by XDP.
by_xdp() { # DEVICE
	ethtool -S "$1" | awk '/tx_queue_.*_xdp_xmit:/ { n += $2 } END { print n + 0 }'
}

shown() { # RESOURCE
	json '.[0] | "\(.attached) \(.xdp_reason)"' resource show vnet0 "$1"
}

# A guest resource of vnet0 and its far end, with an address.
far_end() { # NAME ADDRESS MAC [ARGUMENT...]
	ns "$1"
	veth "$1" - far "$1" "" "$3"
	in_ns "$1" ip addr add "$2/24" dev far
	neighbour "$1" far 192.0.2.1 $vnet
	neighbour - vnet0 "$2" "$3"
	ctl resource add vnet0 "$1" dev "$1" "${@:4}"
}

transfer() { # TEXT FROM-NS TO-NS ADDRESS
	bg_ready recv in_ns "$3" tcpstream recv --port 7000
	ok "$1: sent" in_ns "$2" tcpstream send --to "$4:7000" --bytes $size
	ok "$1: every byte is right" bg_wait recv 20
}

packets() { # RESOURCE i|o
	json ".[0].resources[0].$2packets" stats vnet0 "$1"
}

both() { # TEXT NS ADDRESS RESOURCE
	local before

	before=$(($(packets "$4" i) + $(packets "$4" o)))
	ok "$1: answers" ping -c 3 -i 0.05 -W 2 "$3"
	transfer "$1, out" - "$2" "$3"
	transfer "$1, in" "$2" - 192.0.2.1
	cmp_num "$1: counted" $(($(packets "$4" i) + $(packets "$4" o) - before)) -ge $((2 * size / 65536))
}

# --- taken in ---

start_vnetd
[ "$(json '.features | .xdp and .carrier_check' status)" = true ] ||
	skip_all 'on this kernel programs do not see devices, and leave veths to TC'
ctl vnet add vnet0 address $vnet
is 'mode auto leaves a local stack alone' "$(xdp_at vnet0-p) $(offloads - vnet0)" 'none csum=on gro=off tag=on'
ctl vnet set vnet0 mode xdp
ip link set vnet0 up
ip addr add 192.0.2.1/24 dev vnet0
far_end g1 192.0.2.2 $guest type guest peer $guest
far_end hy 192.0.2.3 $outside type hybrid
is 'the upper says so' "$(json '.[0] | "\(.attached) \(.xdp_reason)"' vnet show vnet0)" 'xdp '
is 'each resource says so' "$(shown g1)$(shown hy)" 'xdp xdp '
is 'native, at the port' "$(xdp_at vnet0-p)" vnet_xdp_tx
is 'native, at the guest' "$(xdp_at g1)" vnet_xdp_rx
is 'native, at the hybrid' "$(xdp_at hy)" vnet_xdp_rx
is 'nothing at the upper itself' "$(xdp_at vnet0)" none
is 'the stack makes its frames whole' "$(offloads - vnet0)" 'csum=off gro=on tag=off'
is 'no shortcut past it' "$(json '.[0].shortcut' vnet show vnet0)" false

# --- frames, whatever the far end can take ---

both 'a far end that takes nothing from XDP' g1 192.0.2.2 g1
is 'frames for it went by TC' "$(by_xdp g1)" 0
cmp_num 'frames from it came by XDP' "$(by_xdp vnet0-p)" -gt 0
in_ns g1 ethtool -K far gro on
both 'a far end that takes frames from XDP' g1 192.0.2.2 g1
cmp_num 'frames for it went by XDP' "$(by_xdp g1)" -gt $((size / 65536))
in_ns g1 ethtool -K far tx-checksumming off
both 'a far end without offloads' g1 192.0.2.2 g1
both 'the hybrid' hy 192.0.2.3 hy
is 'nothing was dropped' "$(json '[.[0].drops[]] | add' stats vnet0)" 0

# --- under traffic ---

bg_ready recv-out in_ns g1 stream recv --port 5001 --status "$T/recv-out"
bg_ready recv-in stream recv --port 5002 --status "$T/recv-in"
bg send-out stream send --to 192.0.2.2:5001 --rate 10000 --seconds 120
bg send-in in_ns g1 stream send --to 192.0.2.1:5002 --rate 10000 --seconds 120
wait_for 5 test -s "$T/recv-out"
wait_for 5 test -s "$T/recv-in"
for mode in tc xdp auto xdp tc xdp; do
	ctl vnet set vnet0 mode $mode
done
link_id() {
	bpftool -j link show pinned "$T/bpf/vnet/default/links/xdp-rx-$(<"/sys/class/net/g1/ifindex")" | jq .id
}
before=$(link_id)
stop_vnetd
is 'without vnetd the programs stay' "$(xdp_at g1) $(xdp_at vnet0-p)" 'vnet_xdp_rx vnet_xdp_tx'
start_vnetd
is "the next one keeps the link" "$(link_id)" "$before"
kill_vnetd KILL
start_vnetd
is 'killed and started again' "$(shown g1)" 'xdp '
bg_stop send-out
bg_stop send-in
ok 'the stream out ends well' bg_wait recv-out
ok 'the stream in ends well' bg_wait recv-in
for stream in out in; do
	is "$stream: nothing is lost, nothing doubled" "$(out recv-$stream | jq -r '"\(.lost) \(.duplicated)"')" '0 0'
done

# --- a program that somebody takes away comes back ---

# The kernel tells nobody of it, so it is found with the next change.
bpftool link detach pinned "$T/bpf/vnet/default/links/xdp-rx-$(<"/sys/class/net/g1/ifindex")"
is 'somebody detached a link' "$(xdp_at g1)" none
ok 'frames go by TC' ping -c 1 -W 2 192.0.2.2
ctl vnet set vnet0 mode xdp
is 'it is made again' "$(xdp_at g1)" vnet_xdp_rx

# --- given back ---

veth c0 - c1 -
is 'the other end as it comes' "$(offloads - c1)" 'csum=on gro=off tag=on'
ctl resource add vnet0 ch dev c0 type guest peer 02:00:00:00:00:05
is 'an end that is here is made to look for frames' "$(offloads - c1)" 'csum=on gro=on tag=on'
stop_vnetd
start_vnetd
ctl resource del vnet0 ch
is 'and is as it was, after a restart as well' "$(offloads - c1) $(xdp_at c0)" 'csum=on gro=off tag=on none'
ctl resource add vnet0 ch dev c0 type guest peer 02:00:00:00:00:05
ctl vnet set vnet0 mode tc
is 'mode tc: the same' "$(offloads - c1) $(xdp_at c0)" 'csum=on gro=off tag=on none'
is 'mode tc: no program' "$(xdp_at g1) $(xdp_at hy) $(xdp_at vnet0-p)" 'none none none'
is 'mode tc: the upper is as it was' "$(offloads - vnet0)" 'csum=on gro=off tag=on'
is 'mode tc: the shortcut' "$(json '.[0].shortcut' vnet show vnet0)" true
ethtool -K vnet0 tx-vlan-offload off
ctl vnet set vnet0 mode xdp
ctl vnet set vnet0 mode auto
is 'what was off before stays off' "$(offloads - vnet0)" 'csum=on gro=off tag=off'
ctl vnet set vnet0 mode xdp
ctl flush
is 'flush: no program' "$(xdp_at g1) $(xdp_at hy) $(xdp_at c0)" 'none none none'
is 'flush: the other end is as it was' "$(offloads - c1)" 'csum=on gro=off tag=on'

# --- an upper in a namespace of its own: nobody has arranged its offloads, so TC takes what XDP cannot ---

ns pod other
veth p1 - far other
in_ns other ip link set far address $guest
in_ns other ip addr add 192.0.3.2/24 dev far
ctl vnet add v1 address 02:00:00:00:00:11 netns pod mode xdp
in_ns pod ip link set v1 up
in_ns pod ip addr add 192.0.3.1/24 dev v1
ctl resource add v1 g1 dev p1 type guest peer $guest
neighbour pod v1 192.0.3.2 $guest
neighbour other far 192.0.3.1 02:00:00:00:00:11
is 'the upper elsewhere: XDP at its port' "$(xdp_at v1-p) $(offloads pod v1)" 'vnet_xdp_tx csum=on gro=off tag=on'
ok 'the upper elsewhere: answers' in_ns pod ping -c 3 -i 0.05 -W 2 192.0.3.2
transfer 'the upper elsewhere, out' pod other 192.0.3.2
transfer 'the upper elsewhere, in' other pod 192.0.3.1
in_ns pod ethtool -K v1 gro on
transfer 'the upper takes frames from XDP' other pod 192.0.3.1
ok 'those that are whole' in_ns pod ping -c 3 -i 0.05 -W 2 192.0.3.2
cmp_num 'and gets them' "$(by_xdp v1-p)" -gt 0
ctl flush

# --- mode auto: from a machine's tap to others ---

ns vm vm2
bg_ready vm tap t0 wire eth0 /run/netns/vm
bg_ready vm2 tap t1 wire eth0 /run/netns/vm2
ip link set t0 up
ip link set t1 up
for vm in vm:$vnet:192.0.2.1 vm2:$guest:192.0.2.2; do
	IFS=' ' read -r name mac address <<<"$(sed 's/:/ /; s/:\([0-9.]*\)$/ \1/' <<<"$vm")"
	in_ns "$name" ip link set eth0 address "$mac" up
	in_ns "$name" ip addr add "$address/24" dev eth0
done
ctl vnet add vm upper t0 address $vnet
ctl resource add vm t1 type guest peer $guest dev t1
ctl resource add vm ch type service dev c0
is 'auto, a tap: XDP' "$(xdp_at t0) $(json '.[0].attached' vnet show vm)" 'vnet_xdp_tx xdp'
is 'auto, a tap of a guest: XDP' "$(xdp_at t1) $(json '.[0].attached' resource show vm t1)" 'vnet_xdp_rx xdp'
is 'auto, a veth: TC, and that is no complaint' \
	"$(xdp_at c0) $(json '.[0] | "\(.attached == "xdp") \(.xdp_reason)"' resource show vm ch)" 'none false '
is 'auto switches no offloads of others' "$(offloads - c1)" 'csum=on gro=off tag=on'
neighbour vm eth0 192.0.2.2 $guest
neighbour vm2 eth0 192.0.2.1 $vnet
ok 'the machines reach each other' in_ns vm ping -c 3 -i 0.05 -W 2 192.0.2.2
cmp_num 'counted' "$(json '.[0].resources[] | select(.name == "t1").opackets' stats vm)" -ge 3
ctl vnet set vm mode tc
is 'mode tc' "$(xdp_at t0) $(xdp_at t1)" 'none none'
ok 'they still do' in_ns vm ping -c 3 -i 0.05 -W 2 192.0.2.2

finish
