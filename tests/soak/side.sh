# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Actions of the soak on other vnets, x0 to x3, their resources and devices, beside those that carry the
# streams. Sourced by run.
# shellcheck disable=SC2154,SC2034 # of or for lib.sh, provider.sh, check.sh, run

readonly side_devices=8 # xd0 ..., each a veth pair whose other end is xe0 ... in the namespace "side"
declare -A side_vnets=() side_resources=() side_providers=()

side_make() {
	ns side
}

side_mac() { # NUMBER
	printf '02:00:00:00:01:%02x\n' "$1"
}

side_there() { # DEVICE
	[ -e "/sys/class/net/$1" ]
}

# Sets picked to one of them; returns 1 if there is none.
side_pick() { # WORD...
	[ $# -gt 0 ] || return 1
	pick "$@"
}

side_vnet() {
	local name

	pick 0 1 2 3
	name=x$picked
	if [ -z "${side_vnets[$name]:-}" ]; then
		side_vnets[$name]=$picked
		pick auto tc xdp
		ctl vnet add "$name" address "$(side_mac $((200 + ${side_vnets[$name]})))" mode "$picked"
	elif [ $((RANDOM % 2)) -eq 0 ]; then
		side_vnet_delete "$name"
	fi
}

side_vnet_delete() { # NAME
	local key

	for key in "${!side_providers[@]}"; do
		[[ $key != "$1-"* ]] || side_provider_stop "$key"
	done
	ctl vnet del "$1"
	unset "side_vnets[$1]"
	for key in "${!side_resources[@]}"; do
		[[ $key != "$1/"* ]] || unset "side_resources[$key]"
	done
}

side_vnet_set() {
	local name

	side_pick "${!side_vnets[@]}" || return 0
	name=$picked
	pick "mtu $((1280 + RANDOM % 221))" 'mode tc' 'mode xdp' 'mode auto' 'guard off' 'guard on' 'pvid 7' 'pvid 1' \
		'vlans 2-100' 'vlans all' 'promiscuous on' 'promiscuous auto' 'storm-limit 1000' 'storm-limit none' \
		'protection mac-nospoof' 'protection none' 'hybrid-needs-service on' 'hybrid-needs-service off' \
		'hold-down 0' 'hold-down 300' "address $(side_mac $((210 + RANDOM % 20 * 4 % 40 + ${side_vnets[$name]})))"
	# The address is what its providers know it by.
	[[ $picked != address* ]] || [ ${#side_providers[@]} -eq 0 ] || return 0
	# shellcheck disable=SC2086 # words
	ctl vnet set "$name" $picked
}

# A resource, whether its device is there or not.
side_resource() {
	local vnet i device name words

	side_pick "${!side_vnets[@]}" || return 0
	vnet=$picked i=$((RANDOM % side_devices))
	device=xd$i name=r$i
	[[ " ${side_resources[*]} " != *" $device "* ]] || return 0
	words=(type guest peer "$(side_mac $i)")
	pick guest hybrid service
	[ "$picked" != hybrid ] || words=(type hybrid priority "$i")
	if [ "$picked" = service ] && [ -z "${side_resources[$vnet/sv]:-}" ]; then
		words=(type service) name=sv
	fi
	ctl resource add "$vnet" "$name" dev "$device" "${words[@]}"
	side_resources[$vnet/$name]=$device
}

side_resource_set() {
	local vnet name

	side_pick "${!side_resources[@]}" || return 0
	vnet=${picked%/*} name=${picked#*/}
	pick 'admin down' 'admin up' 'admin up' 'storm-limit 500' 'storm-limit none' 'vlans 5-9' 'vlans inherit' 'pvid 3' \
		'pvid inherit'
	# shellcheck disable=SC2086 # words
	ctl resource set "$vnet" "$name" $picked
}

side_resource_delete() {
	side_pick "${!side_resources[@]}" || return 0
	ctl resource del "${picked%/*}" "${picked#*/}"
	unset "side_resources[$picked]"
}

# --- devices ---

side_device() {
	local i=$((RANDOM % side_devices))

	if ! side_there xd$i; then
		veth xd$i - xe$i side
	elif [ $((RANDOM % 2)) -eq 0 ]; then
		ip link del xd$i
	else
		in_ns side ip link del xe$i
	fi
}

side_device_churn() {
	local i=$((RANDOM % side_devices)) n

	provoked='does not take back what it had before'
	side_there xd$i || return 0
	pick carrier flap admin rename netns mtu mac again
	case $picked in
	carrier)
		in_ns side ip link set xe$i down
		;;
	flap)
		for n in 1 2 3 4 5 6 7 8; do
			in_ns side ip link set xe$i down
			in_ns side ip link set xe$i up
		done
		;;
	admin)
		ip link set xd$i down
		;;
	rename)
		ip link set xd$i name xz$i
		ip link set xz$i name xd$i
		;;
	netns)
		ip link set xd$i netns side
		in_ns side ip link set xd$i netns "$$"
		ip link set xd$i up
		;;
	mtu)
		ip link set xd$i mtu $((1000 + RANDOM % 1000))
		;;
	mac)
		ip link set xd$i address "$(side_mac $((100 + i)))"
		;;
	again) # the same number and name
		n=$(<"/sys/class/net/xd$i/ifindex")
		ip link del xd$i
		ip link add xd$i index "$n" type veth peer name xe$i netns side
		ip link set xd$i up
		in_ns side ip link set xe$i up
		;;
	esac
}

# --- providers ---

side_provider() {
	local vnet name number

	side_pick "${!side_vnets[@]}" || return 0
	vnet=$picked number=$((RANDOM % 3)) name=$vnet-p$((number))
	[ -z "${side_providers[$name]:-}" ] || return 0
	mac_local=$(json '.[0].address' vnet show "$vnet")
	if [ $((RANDOM % 2)) -eq 0 ]; then
		provider "$name" --type guest --peer "$(side_mac $((50 + number)))" --name "p$number"
	else
		provider "$name" --type hybrid --name "p$number"
	fi
	side_providers[$name]=$vnet/p$number
}

side_provider_stop() { # NAME
	local resource=${side_providers[$1]}

	unset "side_providers[$1]"
	if [ $((RANDOM % 2)) -eq 0 ]; then
		provider_end "$1"
	else
		bg_stop "$1" KILL || [ $? -eq 137 ]
	fi
	provider_forget "$1"
	wait_for 10 resource_gone "${resource%/*}" "${resource#*/}" ||
		problem "the resource $resource of a provider that has ended is still there"
}

side_provider_end() {
	side_pick "${!side_providers[@]}" || return 0
	side_provider_stop "$picked"
}

# --- other kinds ---

side_peers() {
	local name

	for name in x0 x1; do
		[ -n "${side_vnets[$name]:-}" ] || return 0
	done
	ctl resource add x0 d type guest peer-vnet x1
	ctl resource add x1 d type guest peer-vnet x0
	wait_for 10 state_is x0 d up || problem 'a direct peer is not up' "$(ctl -j resource show x0 d)"
	ctl resource del x0 d
	wait_for 10 state_is x1 d down || problem 'the other end of a direct peer is not down' "$(ctl -j resource show x1 d)"
	ctl resource del x1 d
}

# A machine's tap as an upper, and its end.
side_tap() {
	provoked='was deleted by somebody else|not attached any more|failed: No such device'
	bg_ready tap tap xt0 hold
	ip link set xt0 up
	ctl vnet add xt upper xt0 address "$(side_mac 250)"
	bg_stop tap KILL || [ $? -eq 137 ]
	ctl vnet del xt
}

# Its devices are deleted under a vnet; it makes them again.
side_upper_deleted() {
	provoked='was deleted by somebody else|not attached any more|failed: No such device'
	side_pick "${!side_vnets[@]}" || return 0
	ip link del "$picked"
	wait_for 10 side_there "$picked" || problem "$picked was deleted and is not made again"
}

# An upper in a namespace that goes.
side_upper_netns() {
	provoked='was deleted by somebody else|not attached any more|failed: No such device|namespace'
	ns goes
	ctl vnet add xn netns goes
	in_ns goes ip link show xn >/dev/null
	ns_del goes
	ctl vnet del xn
}

# --- census ---

# Nothing is wrong with any device or setting any more.
side_settle() {
	local i name

	provoked='does not take back what it had before'
	for ((i = 0; i < side_devices; i++)); do
		side_there xd$i || veth xd$i - xe$i side
		in_ns side ip link set xe$i mtu 9000
		ip link set xd$i mtu 9000
		ip link set xd$i up
		in_ns side ip link set xe$i up
	done
	for name in "${!side_resources[@]}"; do
		ctl resource set "${name%/*}" "${name#*/}" admin up
	done
	rm -f "$T/etc/xf.vnet"
	ctl reload
}

side_clear() {
	local name i

	for name in "${!side_vnets[@]}"; do
		side_vnet_delete "$name"
	done
	for ((i = 0; i < side_devices; i++)); do
		ip link del xd$i
	done
}
