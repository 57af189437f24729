#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The carrier check with many devices on the host, with ifindexes that share a place in the kernel's table,
# and with ifindexes beyond the array; in TC and in XDP, with vnetd alive and dead.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"
# shellcheck source=carrier.sh
. "$(dirname "$0")/carrier.sh"

readonly vnet=02:00:00:00:00:01 vnet1=02:00:00:00:00:03 host=02:00:00:00:00:88 broadcast=ff:ff:ff:ff:ff:ff
readonly devices=300 registered=60
readonly slot=1000 slots=65536 # of the table; index modulo slots is the place
colliding=(c1 c2 c3 c4) # the last one was registered last, and is met first

index_of() { # 0..
	echo $((slot + $1 * slots))
}

peer_of() { # NUMBER
	printf '02:00:00:00:02:%02x\n' "$1"
}

# As far_end, with an ifindex of its own.
far_end_at() { # NAME INDEX
	ns "$1"
	ip link add "$1" index "$2" type veth peer name far netns "$1"
	in_ns "$1" ip link set far up
	ip link set "$1" up
	takes_xdp "$1" far
	listen "$1" "$1" far - "$1"
}

# --- several devices in one place of the table ---

far_up() { # NAME
	[ "$(in_ns "$1" ip -j link show dev far | jq -r '.[0].operstate')" = UP ]
}

# One of them fails, wherever it is in the chain: the others are found as before.
each_of_them() { # TEXT
	local i name

	for i in "${!colliding[@]}"; do
		name=${colliding[i]}
		seen "$1: $name, index $(index_of "$i")" "$name=3 out/$name=3" tx "$(peer_of "$i")" --count 3
	done
}

without_one() { # TEXT NAME
	local i name

	for i in "${!colliding[@]}"; do
		name=${colliding[i]}
		[ "$name" != "$2" ] || name=sv
		seen "$1, frames of ${colliding[i]}" "$name=3 out/$name=3" tx "$(peer_of "$i")" --count 3
	done
}

collisions() {
	local i name

	each_of_them 'all there'
	for name in "${colliding[@]}"; do
		ip link set "$name" down
		without_one "$name set down" "$name"
		ip link set "$name" up
		wait_for 10 far_up "$name"
	done
	[ "$daemon" = dead ] || wait_for 10 all_up
	each_of_them 'all there again'
	for i in "${!colliding[@]}"; do
		name=${colliding[i]}
		seen "from $name" "up=3 in/$name=3" rx "$name" $vnet --from "$(peer_of "$i")" --count 3
	done
}

all_up() {
	[ "$(json '[.[] | select(.state != "up")] | length' resource show)" = 0 ]
}

# --- many of them ---

bulk_make() {
	local i

	ns many
	for ((i = 0; i < devices; i++)); do
		echo "link add m$i type veth peer name p$i netns many"
		echo "link set m$i up"
	done >"$T/links"
	ip -batch "$T/links"
	sed -n 's|link set m|link set p|p' "$T/links" >"$T/peers"
	in_ns many ip -batch "$T/peers"
	for ((i = 0; i < registered; i++)); do
		echo "resource add vnet0 m$i type guest dev m$i peer 02:00:00:00:01:$(printf %02x "$i")"
	done >"$T/add"
	ctl -t 60 -b "$T/add"
}

# Frames that came to the far ends of the registered ones since the last time, as a list of counts.
bulk_news() {
	in_ns many ip -j -s link show | jq "$bulk_received" >"$T/bulk-now"
	jq -rn --slurpfile before "$T/bulk" --slurpfile now "$T/bulk-now" "$bulk_risen"
	mv "$T/bulk-now" "$T/bulk"
}
bulk_received='[.[] | select(.ifname | test("^p[0-9]+$")) | {key: .ifname, value: .stats64.rx.packets}] | from_entries'
# shellcheck disable=SC2016 # it is jq that expands them
bulk_risen='[range('$registered') as $i | $now[0]["p\($i)"] - ($before[0]["p\($i)"] // 0)] |
	group_by(.) | map("\(length) of \(.[0])") | join(", ")'

bulk_send() { # COUNT
	local i

	for ((i = 0; i < registered; i++)); do
		tx "02:00:00:00:01:$(printf %02x "$i")" --count "$1"
	done
}

# In each of these, every second one loses its carrier.
bulk() {
	local i

	echo '{}' >"$T/bulk"
	bulk_news >/dev/null
	seen "$registered of $devices devices" "sum/m=$((registered * 2))" bulk_send 2
	is "$carrier_prefix, each has got its own" "$(bulk_news)" "$registered of 2"
	for ((i = 0; i < registered; i += 2)); do
		echo "link set p$i down"
	done >"$T/links"
	in_ns many ip -batch "$T/links"
	seen 'half of them without carrier' "sv=$registered out/sv=$registered sum/m=$registered" bulk_send 2
	is "$carrier_prefix, the others have got their own" "$(bulk_news)" "$((registered / 2)) of 0, $((registered / 2)) of 2"
	sed -i s/down/up/ "$T/links"
	in_ns many ip -batch "$T/links"
	wait_for 10 bulk_carrier
}

bulk_carrier() {
	! grep -qvx up <(cat /sys/class/net/m*/operstate)
}

# --- an upper and a service beyond the array ---

beyond() {
	local from_stack=(frame_on - stack)

	seen 'an upper beyond the array sends' 'far=3 vnet1:out/far=3' "${from_stack[@]}" $broadcast --from $vnet1 --count 3
	seen 'and receives' 'stack=3 vnet1:in/far=3' rx far $vnet1 --from $host --count 3
	seen 'its guard holds' 'vnet1:drop/spoofed=3' "${from_stack[@]}" $broadcast --from $host --count 3
	listen_no_more far
	in_ns far ip link set far down
	seen 'its service has lost its carrier' 'vnet1:drop/no_service=3' "${from_stack[@]}" $broadcast --from $vnet1 --count 3
	in_ns far ip link set far up
	wait_for 10 far_up far
	listen far far far - far
}

# The counters of the many, as one.
frames_risen="[$frames_risen"' | capture("^(?<name>.*)=(?<n>.*)$") | .n |= tonumber |
	.name |= sub("^out/m[0-9]+$"; "sum/m")] | group_by(.name)[] | "\(.[0].name)=\(map(.n) | add)"'

round() { # MODE alive|dead
	daemon=$2 carrier_prefix="$1, vnetd $2"
	ctl -t 60 vnet set vnet0 mode "$1"
	ctl vnet set vnet1 mode "$1"
	wait_for 10 all_up
	account_open
	away
	collisions
	bulk
	[ "$daemon" = alive ] || beyond
	back
	wait_for 10 all_up
	account_close 'all was counted'
}

start_vnetd
has_carrier_check || skip_all 'on this kernel programs do not see devices: vnetd alone moves traffic'
ctl vnet add vnet0 address $vnet announce-count 0 hold-down 0
ip link set vnet0 up
listen up - vnet0 - vnet0-p
far_end sv type service
takes_xdp sv far
for i in "${!colliding[@]}"; do
	far_end_at "${colliding[i]}" "$(index_of "$i")"
	ctl resource add vnet0 "${colliding[i]}" type guest dev "${colliding[i]}" peer "$(peer_of "$i")"
done
bulk_make
ip link add upper1 index 200000 type veth peer name stack
ip link set upper1 up
ip link set stack up
ethtool -K stack gro on
ctl vnet add vnet1 upper upper1 address $vnet1 announce-count 0 hold-down 0
listen stack - stack - upper1
far_end_at far 300000
ctl resource add vnet1 far type service dev far
for mode_is in tc xdp; do
	for daemon_is in alive dead; do
		round $mode_is $daemon_is
	done
done
cmp_num 'in mode xdp, XDP has carried to ifindex 1000' "$(by_xdp c1)" -ge 12
cmp_num 'and to one beyond the array' "$(by_xdp c4)" -ge 12
cmp_num 'and from there' "$(by_xdp upper1)" -ge 3

finish
