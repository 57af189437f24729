#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where the kernel has no tcx the data path hangs on clsact, does the same, and never on both at once.
# Faults 16, 18 and 20.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly vnet=02:00:00:00:00:01 guest=02:00:00:00:00:02 unknown=02:00:00:00:00:99 broadcast=ff:ff:ff:ff:ff:ff

restart() { # [ARGUMENT...]
	stop_vnetd
	start_vnetd "$@"
}

# Programs of ours at the device, by what holds them: "clsact/ingress", "tcx/egress". bpftool knows clsact;
# of tcx older ones know nothing, so there the pinned links tell.
held() { # DEVICE
	local links=$T/bpf/vnet/default/links index

	index=$(<"/sys/class/net/$1/ifindex")
	{
		bpftool -j net show dev "$1" | jq -r '.[].tc[] | .kind | select(startswith("clsact"))'
		[ ! -e "$links/tx-egress-$index" ] || echo tcx/egress
		[ ! -e "$links/tx-ingress-$index" ] || echo tcx/ingress
		[ ! -e "$links/rx-$index" ] || echo tcx/ingress
	} | sort | paste -sd ' '
}

has_qdisc() { # DEVICE
	tc qdisc show dev "$1" | grep -q clsact
}

on() { # TEXT tcx|clsact
	local name

	is "$1: every resource says so" "$(json '[.[].attached] | unique | join(" ")' resource show vnet0)" "$2"
	is "$1: the shortcut" "$(held vnet0)" "$2/egress"
	for name in vnet0-p sv g1 hy; do
		is "$1: $name" "$(held $name)" "$2/ingress"
	done
}

rows() { # PREFIX
	carried "$1: unknown unicast" hy 2 tx $unknown --count 2
	carried "$1: broadcast" sv 2 tx $broadcast --count 2
	dropped "$1: spoofed" spoofed 2 tx $unknown --from $guest --count 2
	delivered "$1: in from the service" sv 2 rx sv $vnet --from $unknown --count 2
	ways "$1"
}

# What shows that the programs are there, at each of the devices but the service.
ways() { # PREFIX
	carried "$1: out to the guest" g1 2 tx $guest --count 2
	delivered "$1: in from the guest" g1 2 rx g1 $vnet --from $guest --count 2
	dropped "$1: a duplicate" duplicate 2 rx hy $broadcast --from $unknown --count 2
}

start_vnetd --no-tcx
is 'status says so' "$(json .features.tcx status)" false
# Somebody's own clsact on one of the devices, with a filter of theirs.
far_end sv
tc qdisc add dev sv clsact
theirs=''
if tc filter add dev sv ingress pref 7 protocol ip matchall action continue 2>"$T/theirs.err"; then
	theirs=yes
fi
ctl vnet add vnet0 address $vnet announce-count 0
ip link set vnet0 up
listen up - vnet0 - vnet0-p
ctl resource add vnet0 sv dev sv type service
far_end g1 type guest peer $guest
far_end hy type hybrid

on '--no-tcx' clsact
rows '--no-tcx'

ok 'the shortcut is in use' shortcut_on
ip link set vnet0 promisc on
ok 'it steps aside for a capture' wait_for 5 shortcut_off
carried 'frames go through the port' hy 2 tx $unknown --count 2
ip link set vnet0 promisc off
ok 'and comes back' wait_for 5 shortcut_on

# --- under traffic ---

ip addr add 192.0.2.1/24 dev vnet0
in_ns hy ip link set far address $unknown
in_ns hy ip addr add 192.0.2.2/24 dev far
neighbour - vnet0 192.0.2.2 $unknown
bg_ready recv in_ns hy stream recv --port 5001 --status "$T/recv"
bg send stream send --to 192.0.2.2:5001 --rate "${VNET_RATE:-20000}" --seconds 60
wait_for 5 test -s "$T/recv"
for _ in 1 2 3 4 5; do
	ip link set vnet0 promisc on
	wait_for 5 shortcut_off
	ip link set vnet0 promisc off
	wait_for 5 shortcut_on
done
restart --no-tcx
on 'started again' clsact
bg_stop send
ok 'captures come and go, vnetd is restarted: the stream ends well' bg_wait recv
is 'nothing is lost, nothing doubled' "$(out recv | jq -r '"\(.lost) \(.duplicated)"')" '0 0'

# --- taken away by somebody: it is told at once, and nobody has to wait for other news ---

loses() { # DEVICE WHAT...: by tc
	local device=$1

	shift
	tc "$@"
	ok "$device: is attached again after: tc $*" wait_for 1 holds "$device" clsact/ingress
}

holds() { # DEVICE WHAT
	[ "$(held "$1")" = "$2" ]
}

loses hy qdisc del dev hy clsact
loses g1 filter del dev g1 ingress
loses vnet0-p qdisc del dev vnet0-p clsact
on 'after what was taken away' clsact
ways 'after what was taken away'

# --- from one to the other; the kernel stops a device for a moment when it gets or loses a clsact ---

restart
on 'started again without --no-tcx, each device keeps its way' clsact
ways 'kept'
if [ "$(json .features.tcx status)" = true ]; then
	listen_no_more up
	ctl vnet del vnet0
	for name in g1 hy; do
		not_ok "$name: its clsact is gone" has_qdisc $name
	done
	ctl vnet add vnet0 address $vnet announce-count 0
	ip link set vnet0 up
	listen up - vnet0 - vnet0-p
	ctl resource add vnet0 sv dev sv type service
	ctl resource add vnet0 g1 dev g1 type guest peer $guest
	ctl resource add vnet0 hy dev hy type hybrid
	on 'made anew with tcx' tcx
	rows 'with tcx'
else
	skip 'made anew with tcx' 'the kernel has none'
fi
restart --no-tcx
on 'and without it' clsact
is 'no link is left' "$(ls "$T/bpf/vnet/default/links")" ''
rows 'after it'

# --- with its pins out of sight none would be found, and each attached once more ---

stop_vnetd
mount -t bpf bpf "$T/bpf"
fails 'fault 16: over-mounted' 1 'cannot start: the programs of an earlier vnetd are attached to device [a-z0-9-]*, but its pins' \
	timeout 60 vnetd --no-tcx --config "$T/etc" --socket "$T/vnetd.sock" --state "$T/state" --bpffs "$T/bpf/vnet"
is 'fault 16: nothing is pinned there' "$(find "$T/bpf" -mindepth 1 -type f ! -name '*.debug')" ''
umount "$T/bpf"
start_vnetd --no-tcx
ways 'uncovered'

# --- removed ---

ok "somebody's own clsact is there" has_qdisc sv
ctl resource del vnet0 hy
is 'a resource is removed: no program' "$(held hy)" ''
not_ok 'nor qdisc' has_qdisc hy
ctl flush
for name in sv g1; do
	is "flush: no program at $name" "$(held $name)" ''
done
not_ok 'flush: nor qdisc' has_qdisc g1
ok 'but the one that is not ours' has_qdisc sv
if [ -n "$theirs" ]; then
	like 'with its filter' "$(tc filter show dev sv ingress)" 'pref 7 matchall'
else
	skip 'with its filter' 'the kernel has no such filters'
fi

finish
