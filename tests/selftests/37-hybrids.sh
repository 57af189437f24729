#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Several hybrids: the usable one of the best priority carries, and that one alone; they fail and return
# one after the other, in TC and in XDP, with vnetd alive and dead.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"
# shellcheck source=carrier.sh
. "$(dirname "$0")/carrier.sh"

readonly vnet=02:00:00:00:00:01 guest=02:00:00:00:00:02 host=02:00:00:00:00:88 unknown=02:00:00:00:00:99
readonly broadcast=ff:ff:ff:ff:ff:ff multicast=01:00:5e:00:00:05
hybrids=(h1 h2 h3 h4) # by priority; added in another order

# The carrier of a resource's device; a listener does not outlive its device's going down.
cut() { # NAME
	listen_no_more "$1"
	in_ns "$1" ip link set far down
}

has_queue() {
	[ "$(ip -j link show dev "$1" | jq -r '.[0].operstate')" = UP ]
}

mend() { # NAME
	in_ns "$1" ip link set far up
	wait_for 10 has_queue "$1"
	listen "$1" "$1" far - "$1"
}

# Unicast goes over NAME and no other; broadcast and multicast over the service as ever.
carries() { # TEXT NAME
	[ "$daemon" = dead ] || wait_for 10 path_is vnet0 $unknown "$3 $2"
	seen "$1: unicast" "$2=4 out/$2=4" tx $unknown --count 4
	seen "$1: broadcast" 'sv=4 out/sv=4' tx $broadcast --count 4
	seen "$1: multicast" 'sv=4 out/sv=4' tx $multicast --count 4
}

# What comes in by whatever hybrid.
takes() { # NAME
	seen "from $1" "up=4 in/$1=4" rx "$1" $vnet --from $host --count 4
	seen "broadcast from $1" 'drop/duplicate=4' rx "$1" $broadcast --from $host --count 4
}

one_after_the_other() {
	local i

	carries 'all are there' h1 hybrid
	for i in 0 1 2; do
		cut "${hybrids[i]}"
		carries "${hybrids[i]} has lost its carrier" "${hybrids[i + 1]}" hybrid
	done
	cut h4
	carries 'none has carrier' sv service
	for i in 3 2 1 0; do
		mend "${hybrids[i]}"
		carries "${hybrids[i]} has carrier again" "${hybrids[i]}" hybrid
	done
}

in_the_middle() {
	cut h1
	cut h2
	cut h3
	carries 'the first three have none' h4 hybrid
	mend h2
	carries 'the second is back, the first is not' h2 hybrid
	ip link set h2 down
	carries 'the second is set down' h4 hybrid
	mend h1
	mend h3
	carries 'the first and the third are back' h1 hybrid
	ip link set h2 up
	wait_for 10 has_queue h2
}

without_service() {
	cut sv
	seen 'no service: unicast' 'h1=4 out/h1=4' tx $unknown --count 4
	seen 'no service: broadcast over none of them' 'drop/no_service=4' tx $broadcast --count 4
	seen 'no service: multicast over none of them' 'drop/no_service=4' tx $multicast --count 4
	cut g1
	cut h1
	seen 'no service, no guest, no first: the guest over the second' 'h2=4 out/h2=4' tx $guest --count 4
	seen 'no service: broadcast from any is delivered' 'up=4 in/h3=4' rx h3 $broadcast --from $host --count 4
	mend h1
	mend g1
	mend sv
}

all_up() {
	[ "$(json '[.[] | select(.state != "up")] | length' resource show)" = 0 ]
}

round() { # MODE alive|dead
	local name

	daemon=$2 carrier_prefix="$1, vnetd $2"
	ctl vnet set vnet0 mode "$1"
	wait_for 10 all_up
	account_open
	away
	one_after_the_other
	in_the_middle
	for name in "${hybrids[@]}"; do
		takes "$name"
	done
	without_service
	back
	wait_for 10 all_up
	account_close 'all was counted where it went'
}

start_vnetd
has_carrier_check || skip_all 'on this kernel programs do not see devices: vnetd alone moves traffic'
ctl vnet add vnet0 address $vnet announce-count 0 hold-down 0
ip link set vnet0 up
listen up - vnet0 - vnet0-p
far_end sv type service
far_end g1 type guest peer $guest
far_end h3 type hybrid priority 30
far_end h1 type hybrid priority 10
far_end h4 type hybrid priority 40
far_end h2 type hybrid priority 20
for name in sv g1 "${hybrids[@]}"; do
	takes_xdp "$name" far
done
round tc alive
round tc dead
before=$(by_xdp h1)
round xdp alive
round xdp dead
cmp_num 'in mode xdp, XDP has carried them' $(($(by_xdp h1) - before)) -ge 24

# --- their order is changed live ---

daemon=alive carrier_prefix='changed'
account_open
ctl resource set vnet0 h4 priority 5
carries 'the last one is the first' h4 hybrid
ctl resource set vnet0 h4 admin down
carries 'and is set down' h1 hybrid
ctl resource del vnet0 h1
carries 'the next one is removed' h2 hybrid
ctl resource set vnet0 h4 admin up
carries 'the first one is back' h4 hybrid

finish
