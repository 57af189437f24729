#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bonding (active-backup) and vnet lose the same NIC under the same stream, in turns: the lost frames of each
# are said side by side, and vnet's in the middle are not more.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=network.sh
. "$(dirname "$0")/network.sh"

frames_s=500 rounds=5
declare -A losses=()

packages_install /vnet/deb >/dev/null
machine_world
modprobe bonding max_bonds=0

# --- the contestants: each has near0 and, behind it, the way over the vswitch ---

vnet_make() {
	ctl vnet add vnet0 address "$mac0"
	ip link set vnet0 up
	ctl resource add vnet0 sv type service dev s0
	ctl resource add vnet0 hy type hybrid dev near0
	wait_for 20 path_is vnet0 "$mac_out" 'hybrid hy'
}

vnet_end() {
	ctl vnet del vnet0
}

bond_make() { # MIIMON
	ip link add bond0 address "$mac0" type bond mode active-backup miimon "$1"
	ip link set s0 down
	ip link set near0 down
	ip link set near0 master bond0
	ip link set s0 master bond0
	ip link set bond0 type bond primary near0
	ip link set bond0 up && wait_for 20 bond_over near0
}

bond_over() { # DEVICE
	[ "$(cat /sys/class/net/bond0/bonding/active_slave)" = "$1" ]
}

# What was a port of it is down now.
bond_end() {
	ip link del bond0
	ip link set s0 up
	! nic_there || ip link set near0 up
}

# --- one round ---

contestant_make() {
	case $1 in
	vnet) vnet_make ;;
	bond-*) bond_make "${1#bond-}" ;;
	esac
}

contestant_end() {
	case $1 in
	vnet) vnet_end ;;
	bond-*) bond_end ;;
	esac
}

declare -A device=([vnet]=vnet0 [bond-10]=bond0 [bond-100]=bond0)

pull_cable() {
	nic_link false
}

unplug() {
	nic_del
}

put_back() { # EVENT
	case $1 in
	pull_cable) nic_link true ;;
	unplug) nic_add && ip link set near0 up ;;
	esac && wait_for 20 nic_carrier 1
}

one_round() { # CONTESTANT EVENT
	contestant_make "$1" && stream_start "${device[$1]}" "$frames_s" && traffic_settle || return
	[ "$(lost)" -eq 0 ] || fail "$1: the stream is whole before it" "lost: $(lost)"
	"$2" && traffic_settle && bg_stop send-outside && bg_wait recv-outside 20 || return
	losses[$1-$2]+="$(value recv-outside lost) "
	contestant_end "$1" && put_back "$2"
}

for round in $(seq "$rounds"); do
	for what in pull_cable unplug; do
		for who in vnet bond-10 bond-100; do
			ok "round $round: $who, $what" one_round "$who" "$what"
		done
	done
done

# Where each millisecond of work is many, and others run beside the emulator, the worst says more of them.
middle() { # CONTESTANT EVENT
	xargs -n 1 <<<"${losses[$1-$2]}" | sort -n | sed -n "$((rounds / 2 + 1))p"
}

echo "# frames lost at $frames_s a second, in each of $rounds rounds"
printf '# %-24s %-16s %-16s\n' '' 'carrier lost' 'NIC pulled out'
for who in vnet bond-10 bond-100; do
	printf '# %-24s %-16s %-16s\n' "${who/bond-/bonding, miimon }" "${losses[$who-pull_cable]}" "${losses[$who-unplug]}"
done
for what in pull_cable unplug; do
	cmp_num "$what: vnet in the middle loses not more than bonding with miimon 100" "$(middle vnet $what)" -le \
		"$(middle bond-100 $what)"
	cmp_num "$what: vnet in the middle loses at most $((10 * VNET_SLOW)) ms of traffic" \
		$(($(middle vnet $what) * 1000 / frames_s)) -le $((10 * VNET_SLOW))
done

machine_clean
ok 'purge' packages_purge
finish
