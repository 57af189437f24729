#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The programs see for themselves that a device has lost its carrier, is down or is gone: the very next
# frame takes the next way, in TC and in XDP, with vnetd alive, stopped or dead.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"
# shellcheck source=carrier.sh
. "$(dirname "$0")/carrier.sh"

readonly guest=02:00:00:00:00:02 host=02:00:00:00:00:88 unknown=02:00:00:00:00:99
readonly broadcast=ff:ff:ff:ff:ff:ff

# --- faults and their ends; $1 is the resource, its device's name ---

peer_down() {
	listen_no_more "$1"
	in_ns "$1" ip link set far down
}

# The kernel gives the device its queue back when it has time for it.
has_queue() {
	[ "$(ip -j link show dev "$1" | jq -r '.[0].operstate')" = UP ]
}

peer_up() {
	in_ns "$1" ip link set far up
	wait_for 10 has_queue "$1"
	listen "$1" "$1" far - "$1"
}

set_down() {
	ip link set "$1" down
}

set_up() {
	ip link set "$1" up
}

delete() {
	listen_no_more "$1"
	ip link del "$1"
}

pair() {
	veth "$1" - far "$1"
	takes_xdp "$1" far
	wait_for 10 has_queue "$1"
	listen "$1" "$1" far - "$1"
}

gone() {
	! [ -e "/sys/class/net/$1" ]
}

# The kernel takes the namespace apart when it has time for it.
delete_namespace() {
	listen_no_more "$1"
	ns_del "$1"
	wait_for 10 gone "$1"
}

namespace() {
	ns "$1"
	pair "$1"
}

# --- the checks ---

settled() {
	path_is vnet0 "$guest" 'guest g1' && path_is vnet0 "$unknown" 'hybrid hy' &&
		path_is vnet0 "$broadcast" 'multicast sv'
}

# A fault of a device, and its end: at once when the device was there all the time, and with vnetd when it
# is another one.
fault() { # TEXT RESOURCE DESTINATION FAULT END at-once|with-vnetd
	local text="$1 of $2" way=$2 dst=$3

	away
	seen "$text: before" "$way=20 out/$way=20" tx "$dst" --count 20
	"$4" "$way"
	seen "$text: the next way" 'sv=20 out/sv=20' tx "$dst" --count 20
	"$5" "$way"
	if [ "$6" = at-once ]; then
		came_back "$dst" "$way"
		seen "$text: and back" "$way=20 out/$way=20" tx "$dst" --count 20
		back
	else
		[ "$daemon" = alive ] ||
			seen "$text: the new device is not the old one" 'sv=20 out/sv=20' tx "$dst" --count 20
		back
	fi
	wait_for 10 settled
	seen "$text: at the end" "$way=20 out/$way=20" tx "$dst" --count 20
}

# vnetd alive takes a device back when it has heard of it.
came_back() { # DESTINATION RESOURCE
	[ "$daemon" != alive ] || wait_for 10 settled
}

keep_device() { # RESOURCE DESTINATION
	fault 'carrier lost' "$@" peer_down peer_up at-once
	fault 'set down' "$@" set_down set_up at-once
}

lose_device() { # RESOURCE DESTINATION
	fault 'deleted' "$@" delete pair with-vnetd
	fault 'namespace deleted' "$@" delete_namespace namespace with-vnetd
}

# What only the service decides.
service() {
	local broadcast_in=(rx hy "$broadcast" --from "$host" --count 5)

	away
	seen 'broadcast over the hybrid beside a service' 'drop/duplicate=5' "${broadcast_in[@]}"
	peer_down sv
	seen 'broadcast over the hybrid, the service without carrier' 'up=5 in/hy=5' "${broadcast_in[@]}"
	seen 'broadcast without a service' 'drop/no_service=5' tx "$broadcast" --count 5
	peer_down g1
	seen 'a guest and the service without carrier' 'hy=5 out/hy=5' tx "$guest" --count 5
	peer_down hy
	# With vnetd alive the upper has lost its carrier as well, and the stack sends nothing.
	if [ "$daemon" != alive ]; then
		seen 'nothing has carrier: the guest' 'drop/no_path=5' tx "$guest" --count 5
		seen 'nothing has carrier: others' 'drop/no_path=5' tx "$unknown" --count 5
	fi
	peer_up sv
	if [ "$daemon" != alive ]; then
		seen 'the service is back: the guest over it' 'sv=5 out/sv=5' tx "$guest" --count 5
		seen 'the service is back: others' 'sv=5 out/sv=5' tx "$unknown" --count 5
		seen 'the service is back: broadcast' 'sv=5 out/sv=5' tx "$broadcast" --count 5
	fi
	peer_up g1
	peer_up hy
	back
	wait_for 10 settled
	seen 'all are back' 'drop/duplicate=5' "${broadcast_in[@]}"
}

round() { # MODE alive|stopped|dead
	daemon=$2
	carrier_prefix="$1, vnetd $2"
	ctl vnet set vnet0 mode "$1"
	lose_device g1 "$guest"
	lose_device hy "$unknown"
	account_open
	keep_device g1 "$guest"
	keep_device hy "$unknown"
	service
	account_close 'every frame was counted where it went'
}

start_vnetd
has_carrier_check || skip_all 'on this kernel programs do not see devices: vnetd alone moves traffic'
frames_world
for device in sv g1 hy; do
	takes_xdp $device far
done
for daemon_is in alive stopped dead; do
	round tc $daemon_is
done
before=$(by_xdp sv)
for daemon_is in alive stopped dead; do
	round xdp $daemon_is
done
cmp_num 'in mode xdp, XDP has carried them' $(($(by_xdp sv) - before)) -ge 480

finish
