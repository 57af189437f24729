#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A device that cannot have XDP is served by TC and says why; never generic XDP, and nobody's program is touched.
# Fault 18.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly vnet=02:00:00:00:00:01 guest=02:00:00:00:00:02

shown() { # RESOURCE
	json '.[0] | "\(.attached): \(.xdp_reason)"' resource show vnet0 "$1"
}

# "MODE ID" of the XDP program at a device: 1 is native, 2 generic.
xdp_at() { # DEVICE
	ip -j link show dev "$1" | jq -r '.[0].xdp | "\(.mode // 0) \(.prog.id // 0)"'
}

attached_is() { # RESOURCE tcx|clsact|xdp
	[ "$(json '.[0].attached' resource show vnet0 "$1")" = "$2" ]
}

start_vnetd
[ "$(json '.features | .xdp and .carrier_check' status)" = true ] ||
	skip_all 'on this kernel programs do not see devices, and leave veths to TC'
ctl vnet add vnet0 address $vnet mode xdp
ip link set vnet0 up
ip addr add 192.0.2.1/24 dev vnet0
readonly programs=$T/bpf/vnet/default/programs
tc=clsact
[ "$(json .features.tcx status)" != true ] || tc=tcx

# A guest behind any kind of device; what is asked of it is that frames pass.
passes() { # TEXT NS
	in_ns "$2" ip addr add 192.0.2.2/24 dev far
	neighbour "$2" far 192.0.2.1 $vnet
	neighbour - vnet0 192.0.2.2 $guest
	ok "$1: frames pass" ping -c 2 -i 0.05 -W 2 192.0.2.2
}

# --- somebody else's program ---

ns g1
veth g1 - far g1 "" $guest
bpftool net attach xdpdrv pinned "$programs/vnet_xdp_rx" dev g1
theirs=$(xdp_at g1)
ctl resource add vnet0 g1 dev g1 type guest peer $guest
is 'it is there: TC, and why' "$(shown g1)" \
	"$tc: device g1: another program has its XDP hook, and is left alone"
is 'it is left alone' "$(xdp_at g1)" "$theirs"
like 'the log says it once' "$(grep -c 'no XDP at device g1' "$T/vnetd.log")" '^1$'
ctl vnet set vnet0 mtu 1400
ctl vnet set vnet0 mtu 1500
like 'and not again' "$(grep -c 'no XDP at device g1' "$T/vnetd.log")" '^1$'
ctl resource del vnet0 g1
is 'the resource goes, the program stays' "$(xdp_at g1)" "$theirs"
ctl resource add vnet0 g1 dev g1 type guest peer $guest
passes 'beside their program' g1
bpftool net detach xdpdrv dev g1
ok 'theirs goes: ours comes by itself' wait_for 5 attached_is g1 xdp
is 'and there is no reason any more' "$(shown g1)" 'xdp: '
not_ok 'now theirs is refused' bpftool net attach xdpdrv pinned "$programs/vnet_xdp_rx" dev g1
ctl resource del vnet0 g1
bpftool net attach xdpgeneric pinned "$programs/vnet_xdp_rx" dev g1
theirs=$(xdp_at g1)
ctl resource add vnet0 g1 dev g1 type guest peer $guest
like 'a generic one of theirs' "$(shown g1)" "^$tc: device g1: another program .* left alone\$"
is 'is left alone as well' "$(xdp_at g1)" "$theirs"
ctl vnet set vnet0 mode tc
is 'mode tc: nothing to complain about' "$(shown g1)" "$tc: "
is 'and theirs is still there' "$(xdp_at g1)" "$theirs"
ctl vnet set vnet0 mode xdp
ctl flush
is 'flush leaves it alone' "$(xdp_at g1)" "$theirs"
bpftool net detach xdpgeneric dev g1
ctl vnet add vnet0 address $vnet mode xdp
ip link set vnet0 up
ip addr add 192.0.2.1/24 dev vnet0

# --- no native XDP ---

ns br
ip link add br0 type bridge mcast_snooping 0
veth br0-p - far br "" $guest
ip link set br0-p master br0
ip link set br0 up
ctl resource add vnet0 br dev br0 type guest peer $guest
is 'a driver without it' "$(shown br)" "$tc: device br0: its driver has no native XDP"
is 'nor generic XDP' "$(xdp_at br0)" '0 0'
passes 'a driver without it' br
ctl resource del vnet0 br

# --- a tap whose frames may wait for their checksum ---

ip tuntap add t0 mode tap vnet_hdr
ctl resource add vnet0 t0 dev t0 type guest peer $guest
is 'a tap with vnet_hdr' "$(shown t0)" \
	"$tc: device t0: its frames may wait for checksums and segmentation (vnet_hdr)"
is 'has no program' "$(xdp_at t0)" '0 0'
ctl resource del vnet0 t0
ip link del t0
ip tuntap add t0 mode tap
ctl resource add vnet0 t0 dev t0 type guest peer $guest
is 'a plain one' "$(shown t0)" 'xdp: '
ctl resource del vnet0 t0
is 'and then no more' "$(xdp_at t0)" '0 0'

# --- a veth with fewer receive queues than its other end transmits on ---

ns q
ip link add q0 numtxqueues 1 numrxqueues 1 type veth peer name far numtxqueues 4 numrxqueues 4 address $guest
ip link set far netns q
ip link set q0 up
in_ns q ip link set far up
ctl resource add vnet0 q dev q0 type guest peer $guest
is 'too few queues' "$(shown q)" \
	"$tc: device q0: it has fewer receive queues than its other end has transmit queues"
passes 'too few queues' q
ctl resource del vnet0 q

# --- a kernel that cannot ---

ns g2
veth g2 - far g2 "" $guest
ctl resource add vnet0 g2 dev g2 type guest peer $guest
is 'here it can' "$(shown g2)" 'xdp: '
restart() { # [ARGUMENT...]
	stop_vnetd
	start_vnetd "$@"
}
csum() {
	ethtool -k vnet0 | sed -n 's/^tx-checksumming: //p'
}
is 'the stack makes its frames whole' "$(csum)" off
restart --no-carrier-check
is 'programs that do not see devices leave veths alone' "$(shown g2)" \
	"$tc: device g2: this kernel does not show what frames of a veth still wait for"
is 'what an earlier vnetd has attached goes' "$(xdp_at g2) $(xdp_at vnet0-p)" '0 0 0 0'
is 'and the stack has its offloads back' "$(csum)" on
passes 'programs that do not see devices' g2
restart
is 'they see again' "$(shown g2) $(csum)" 'xdp:  off'
restart --no-xdp
is 'a kernel that does not load the programs' "$(shown g2)" \
	"$tc: device g2: this kernel does not take the XDP programs"
is 'nothing is left of them' "$(xdp_at g2) $(xdp_at vnet0-p) $(csum)" '0 0 0 0 on'
ok 'frames pass there as well' ping -c 2 -i 0.05 -W 2 192.0.2.2
restart

# --- the same at the upper ---

ctl flush
ip tuntap add t1 mode tap vnet_hdr
ctl vnet add vnet0 address $vnet upper t1 mode xdp
is 'an upper' "$(json '.[0] | "\(.attached): \(.xdp_reason)"' vnet show vnet0)" \
	"$tc: device t1: its frames may wait for checksums and segmentation (vnet_hdr)"
ctl vnet set vnet0 mode auto
is 'auto never wanted it' "$(json '.[0] | "\(.attached): \(.xdp_reason)"' vnet show vnet0)" "$tc: "

finish
