#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vnetd does its whole work as the unit runs it: as a user of its own, with three capabilities, on a BPF
# file system that belongs to that user.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

user=65534
caps=+net_admin,+bpf,+perfmon

chown -R $user "$T/bpf" "$T/etc"
mkdir "$T/state" "$T/open"
chown $user "$T/state"
# The folder above is this script's own; the daemon has to get at what is in it.
chmod 755 "$T"
touch "$T/vnetd.log"

# The program itself may lie where that user cannot look, below root's home.
install -m 755 "$VNET_BUILD/vnetd" "$T/open/vnetd"
start_unprivileged() {
	local VNET_WRAP="setpriv --reuid=$user --regid=$user --clear-groups --no-new-privs --inh-caps=-all,$caps \
--ambient-caps=-all,$caps --bounding-set=-all,$caps ${VNET_WRAP:-}"
	PATH=$T/open:$PATH start_vnetd --socket "$T/state/vnetd.sock"
}

# The library asks at $T/vnetd.sock.
ln -s state/vnetd.sock "$T/vnetd.sock"
start_unprivileged
is 'it is not root' "$(awk '$1 == "Uid:" { print $2, $3, $4, $5 }' "/proc/$vnetd_pid/status")" \
	"$user $user $user $user"
is 'its capabilities are those three' "$(awk '$1 == "CapEff:" { print $2 }' "/proc/$vnetd_pid/status")" \
	"$(printf '%016x' $((1 << 12 | 1 << 38 | 1 << 39)))"

ns peer
veth g0 - g1 peer '' "$(mac 2)"
ip link set g0 mtu 1400
ok 'a vnet is added' ctl vnet add vnet0 address "$(mac 1)"
ok 'a resource is added' ctl resource add vnet0 g1 type guest dev g0 peer "$(mac 2)"
ok 'it comes up' wait_for 5 state_is vnet0 g1 up
ip addr add 192.0.2.1/24 dev vnet0
in_ns peer ip addr add 192.0.2.2/24 dev g1
neighbour - vnet0 192.0.2.2 "$(mac 2)"
neighbour peer g1 192.0.2.1 "$(mac 1)"
ok 'frames pass' ping -q -c 1 -W 2 192.0.2.2
# The mode of a symbolic link says nothing: what it notes is behind folders of 0700.
is 'the pins are for that user alone' \
	"$(find "$T/bpf/vnet" ! -type l -perm /077 -o ! -user $user)" ''

kill_vnetd KILL
ok 'they pass without the daemon' ping -q -c 1 -W 2 192.0.2.2
start_unprivileged
ok 'the next one takes everything up' state_is vnet0 g1 up
ok 'and a resource is deleted' ctl resource del vnet0 g1
is 'its MTU is put back' "$(ip -j link show g0 | jq '.[0].mtu')" 1400
ok 'all is taken away' ctl flush
is 'nothing of it is left' "$(ip -br link show | awk '{ print $1 }' | grep -c '^vnet0' || [ $? -eq 1 ])" 0

finish
