# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Actions of the soak on what carries the streams: the resources of vnet0. Sourced by run.
# shellcheck disable=SC2154,SC2034 # of or for lib.sh, world.sh, provider.sh, run

# What is registered, as we know it: the ways have to follow from it.
guest_there='' guest_admin=up
declare -A hybrid_priority=() hybrid_admin=()

way_to_guest() {
	if [ -z "$guest_there" ]; then
		way_to_outside
	elif [ "$guest_admin" = up ]; then
		echo 'guest g1'
	else
		echo 'guest-over-service sv'
	fi
}

way_to_outside() {
	local name best='' least=100000

	for name in "${!hybrid_priority[@]}"; do
		if [ "${hybrid_admin[$name]}" = up ] && [ "${hybrid_priority[$name]}" -lt "$least" ]; then
			best=$name least=${hybrid_priority[$name]}
		fi
	done
	echo "${best:+hybrid $best}${best:-service sv}" | sed 's/\(hybrid [ab]\)[ab]$/\1/'
}

hybrid_device() { # a|b
	[ "$1" = a ] && echo h0 || echo h1
}

lan_has() { # DEVICE: the LAN's bridge forwards by it
	in_ns outside ip -d link show "$1" | grep -q 'bridge_slave state forwarding'
}

settled() { # while nothing is wrong with the way
	wait_for 10 ways_are_right
	traffic_settle
}

hybrid_add() { # a|b
	local device

	device=$(hybrid_device "$1")
	# It may be down, as vnetd found it. The LAN's switch takes a moment for a port whose link comes up, and
	# loses what comes meanwhile.
	ip link set "$device" up
	wait_for 10 lan_has "lan-$device"
	# No two alike: which of them is the better one is a question of their order then.
	hybrid_priority[$1]=$((RANDOM % 40 * 2 + 10 + ($(printf %d "'$1") & 1)))
	hybrid_admin[$1]=up
	ctl resource add vnet0 "$1" type hybrid dev "$device" priority "${hybrid_priority[$1]}"
}

# What others send comes over a hybrid until they see frames come another way.
hybrid_retire() { # a|b
	ctl resource set vnet0 "$1" admin down
	hybrid_admin[$1]=down
	settled
	ctl resource del vnet0 "$1"
	unset "hybrid_priority[$1]" "hybrid_admin[$1]"
}

guest_add() {
	channel_add
	guest_there=yes guest_admin=up
}

path_make() {
	guest_add
	hybrid_add a
	hybrid_add b
	wait_for 10 ways_are_right
}

# As path_make left it, in parts, for each has to be lossless by itself.
path_restore() {
	local part

	for part in ways mode mtu promiscuous; do
		path_restore_$part
		check_streams planned "census, $part put back"
	done
}

path_restore_ways() {
	local name

	[ -n "$guest_there" ] || guest_add
	ctl resource set vnet0 g1 admin up
	guest_admin=up
	for name in a b; do
		[ -n "${hybrid_priority[$name]:-}" ] || hybrid_add $name
		ctl resource set vnet0 $name admin up
		hybrid_admin[$name]=up
	done
}

path_restore_mode() {
	ctl vnet set vnet0 mode auto
}

path_restore_mtu() {
	ctl vnet set vnet0 mtu 1500
}

path_restore_promiscuous() {
	ip link set vnet0 promisc off
}

# --- calm ---

path_promiscuous() {
	pick on off
	ip link set vnet0 promisc "$picked"
}

path_rename() {
	local device there

	pick s0 h0 h1 c0
	device=$picked
	there=$(json "[.[] | select(.device == \"$device\")] | length" resource show vnet0)
	ip link set "$device" name "${device}x"
	[ "$there" = 0 ] || wait_for 5 shows_device "${device}x"
	ip link set "${device}x" name "$device"
	[ "$there" = 0 ] || wait_for 5 shows_device "$device"
}

shows_device() { # DEVICE
	[ "$(json "[.[] | select(.device == \"$1\")] | length" resource show vnet0)" = 1 ]
}

path_other_settings() {
	pick 'guard off' 'guard on' 'monitor-interval 20' 'monitor-interval 10' 'storm-limit 1000' \
		'storm-limit none' 'announce-count 1' 'announce-count 3'
	# shellcheck disable=SC2086 # words
	ctl vnet set vnet0 $picked
}

# --- planned ---

path_mode() {
	pick tc xdp auto
	ctl vnet set vnet0 mode "$picked"
}

path_mtu() {
	ctl vnet set vnet0 mtu $((1280 + RANDOM % 221))
}

path_guest_admin() {
	if [ -z "$guest_there" ]; then
		guest_add
	else
		[ $guest_admin = up ] && guest_admin=down || guest_admin=up
		ctl resource set vnet0 g1 admin $guest_admin
	fi
}

path_guest() {
	if [ -z "$guest_there" ]; then
		guest_add
	else
		channel_del
		guest_there=''
	fi
}

path_hybrid() {
	pick a b
	if [ -n "${hybrid_priority[$picked]:-}" ]; then
		hybrid_retire "$picked"
	else
		hybrid_add "$picked"
	fi
}

path_priority() {
	pick a b
	[ -n "${hybrid_priority[$picked]:-}" ] || return 0
	hybrid_priority[$picked]=$((RANDOM % 40 * 2 + 10 + ($(printf %d "'$picked") & 1)))
	ctl resource set vnet0 "$picked" priority "${hybrid_priority[$picked]}"
}

path_hybrid_admin() {
	pick a b
	[ -n "${hybrid_priority[$picked]:-}" ] || return 0
	[ "${hybrid_admin[$picked]}" = up ] && hybrid_admin[$picked]=down || hybrid_admin[$picked]=up
	ctl resource set vnet0 "$picked" admin "${hybrid_admin[$picked]}"
}

some_hybrid() {
	[[ $(way_to_outside) == hybrid* ]]
}

# Both streams have another way meanwhile.
path_service() {
	some_hybrid && [ "$(way_to_guest)" = 'guest g1' ] || return 0
	ctl resource del vnet0 sv
	traffic_settle
	ctl resource add vnet0 sv type service dev s0
	wait_for 10 state_is vnet0 sv up
}

# --- faults ---

fault_way() { # EXPECTED MAC
	wait_for 5 path_is vnet0 "$2" "$1" || problem "the way is not \"$1\" in the fault" \
		"$(ctl -j resource show vnet0 | jq -c '.[] | [.name, .state, .reason]')"
}

# The guest's device is broken, used without it, and mended.
fault_guest() { # HOW BACK
	[ "$(way_to_guest)" = 'guest g1' ] || return 0
	$1
	fault_way 'guest-over-service sv' "$mac1"
	traffic_settle
	$2
}

fault_guest_carrier() {
	fault_guest 'ip link set c1 down' 'ip link set c1 up'
}

fault_guest_admin() {
	fault_guest 'ip link set c0 down' 'ip link set c0 up'
}

guest_devices_again() {
	veth c0 - c1 -
}

# Both ends' resources lose their device.
fault_guest_deleted() {
	fault_guest 'ip link del c0' guest_devices_again
	[ -z "$guest_there" ] || wait_for 10 state_is v1 g0 up
}

# The same with the hybrid in use, if there is one.
fault_hybrid() { # HOW BACK: functions, called with its name
	local name priority way

	way=$(way_to_outside)
	[[ $way == hybrid* ]] || return 0
	name=${way#* } priority=${hybrid_priority[${way#* }]}
	"$1" "$name"
	unset "hybrid_priority[$name]"
	fault_way "$(way_to_outside)" "$mac_out"
	traffic_settle || problem 'a stream does not go on in the fault'
	"$2" "$name"
	hybrid_priority[$name]=$priority
	wait_for 10 lan_has "lan-$(hybrid_device "$name")"
}

lan_down() {
	in_ns outside ip link set "lan-$(hybrid_device "$1")" down
}

lan_up() {
	in_ns outside ip link set "lan-$(hybrid_device "$1")" up
}

fault_hybrid_carrier() {
	fault_hybrid lan_down lan_up
}

lan_flaps() {
	local times

	for times in 1 2 3 4 5; do
		lan_down "$1"
		lan_up "$1"
	done
	lan_down "$1"
}

fault_hybrid_flaps() {
	fault_hybrid lan_flaps lan_up
}

device_down() {
	ip link set "$(hybrid_device "$1")" down
}

device_up() {
	ip link set "$(hybrid_device "$1")" up
}

fault_hybrid_admin() {
	fault_hybrid device_down device_up
}

device_delete() {
	ip link del "$(hybrid_device "$1")"
}

device_make() {
	local device

	device=$(hybrid_device "$1")
	wire "$device" "lan-$device" outside
	in_ns outside ip link set "lan-$device" master lan
}

fault_hybrid_deleted() {
	fault_hybrid device_delete device_make
}

device_leave() {
	ip link set "$(hybrid_device "$1")" netns side
}

device_return() {
	local device

	device=$(hybrid_device "$1")
	in_ns side ip link set "$device" netns "$$"
	ip link set "$device" up
}

fault_hybrid_netns() {
	fault_hybrid device_leave device_return
}

# The programs look for themselves.
fault_while_stopped() {
	[ "$(way_to_guest)" = 'guest g1' ] || return 0
	kill -STOP "$vnetd_pid"
	ip link set c1 down
	traffic_settle || problem 'a stream does not go on while vnetd is stopped'
	kill -CONT "$vnetd_pid"
	fault_way 'guest-over-service sv' "$mac1"
	ip link set c1 up
}

fault_while_dead() {
	[ "$(way_to_guest)" = 'guest g1' ] || return 0
	kill_vnetd KILL
	ip link set c1 down
	traffic_settle || problem 'a stream does not go on while vnetd is dead'
	start_vnetd
	fault_way 'guest-over-service sv' "$mac1"
	ip link set c1 up
}

# A program carries what goes outside, and is killed.
fault_provider_carries() {
	# Until the LAN knows the way it must not be the only one.
	some_hybrid || return 0
	mac_local=$mac0
	provider carrier --type hybrid --name p --far outside:px0
	in_ns outside ip link set px0 master lan
	in_ns outside ip link set px0 up
	wait_for 10 state_is vnet0 p up
	wait_for 10 lan_has px0
	ctl resource set vnet0 p priority 1
	fault_way 'hybrid p' "$mac_out"
	traffic_settle || problem 'a stream does not go on over a provider'
	bg_stop carrier KILL || [ $? -eq 137 ]
	provider_forget carrier
	wait_for 10 resource_gone vnet0 p
}
