#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Storm limits: broadcast and multicast in each direction up to the limit, of a vnet and of a resource; unicast never.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly vnet=02:00:00:00:00:01 guest=02:00:00:00:00:02 host=02:00:00:00:00:88 unknown=02:00:00:00:00:99
readonly broadcast=ff:ff:ff:ff:ff:ff multicast=01:00:5e:00:00:05

# With a limit of one frame a second, two of a bunch pass: the one that is due, and a burst of one. A limit
# that is set anew begins anew, whatever has passed before.
vnet_limit() { # LIMIT
	ctl vnet set vnet0 storm-limit none
	ctl vnet set vnet0 storm-limit "$1"
}

limit() { # RESOURCE LIMIT
	ctl resource set vnet0 "$1" storm-limit none
	ctl resource set vnet0 "$1" storm-limit "$2"
}

frames_world
carried 'without a limit' sv 100 tx $broadcast --count 100

# --- of the vnet ---

vnet_rows() { # PREFIX
	vnet_limit 1
	happens "$1: broadcast out" 'sv=2 out/sv=2 drop/storm=18' tx $broadcast --count 20
	vnet_limit 1
	happens "$1: multicast out" 'sv=2 out/sv=2 drop/storm=18' tx $multicast --count 20
	carried "$1: unicast out is not limited" hy 100 tx $unknown --count 100
	happens "$1: broadcast in has a limit of its own" 'up=2 in/sv=2 drop/storm=18' rx sv $broadcast --from $host --count 20
	delivered "$1: unicast in is not limited" sv 100 rx sv $vnet --from $host --count 100
	vnet_limit 1
	happens "$1: it is the limit of all resources together" 'up=2 in/g1=2 drop/storm=18' rx g1 $multicast --from $guest --count 20
}

vnet_rows 'vnet'
ip link set vnet0 promisc on
wait_for 5 shortcut_off
vnet_rows 'through the port'
ip link set vnet0 promisc off
wait_for 5 shortcut_on

both_kinds() {
	tx "$broadcast" --count 2
	tx "$multicast" --count 5
}
vnet_limit 1
happens 'broadcast and multicast share a limit' 'sv=2 out/sv=2 drop/storm=5' both_kinds
both_resources() {
	rx sv "$broadcast" --from "$host" --count 2
	rx g1 "$broadcast" --from "$guest" --count 5
}
vnet_limit 1
happens 'so do all resources' 'up=2 in/sv=2 drop/storm=5' both_resources

# --- what is dropped for another reason has used nothing up ---

others_first() {
	tx "$broadcast" --from "$host" --count 5
	tx "$broadcast" --tag '8100 0005' --count 5
	tx "$broadcast" --count 5
}
vnet_limit 1
happens 'spoofed frames and those of another VLAN' 'sv=2 out/sv=2 drop/storm=3 drop/spoofed=5 drop/vlan=5' others_first
duplicates_first() {
	rx hy "$broadcast" --from "$host" --count 5
	rx sv "$broadcast" --from "$vnet" --count 5
	rx sv "$broadcast" --from "$host" --count 5
}
vnet_limit 1
happens 'duplicates and reflected ones' 'up=2 in/sv=2 drop/storm=3 drop/duplicate=5 drop/reflected=5' duplicates_first
no_service() {
	ctl resource set vnet0 sv admin down
	tx "$broadcast" --count 5
	ctl resource set vnet0 sv admin up
	tx "$broadcast" --count 5
}
vnet_limit 1
happens 'those that no service was there for' 'sv=2 out/sv=2 drop/storm=3 drop/no_service=5' no_service

# --- of a resource ---

ctl vnet set vnet0 storm-limit none
carried 'the limit is taken away' sv 100 tx $broadcast --count 100
limit sv 1
happens 'resource: broadcast out' 'sv=2 out/sv=2 drop/storm=18' tx $broadcast --count 20
happens 'resource: broadcast in' 'up=2 in/sv=2 drop/storm=18' rx sv $broadcast --from $host --count 20
delivered 'resource: another one is not limited' g1 100 rx g1 $broadcast --from $guest --count 100
delivered 'resource: nor is unicast' sv 100 rx sv $vnet --from $host --count 100

# What the resource drops has used nothing of the vnet's up, on the way in.
resource_first() {
	rx sv "$broadcast" --from "$host" --count 20
	rx g1 "$broadcast" --from "$guest" --count 20
}
limit sv 1
vnet_limit 10000000
happens 'both: the smaller one counts' 'up=22 in/sv=2 in/g1=20 drop/storm=18' resource_first
limit sv 10000000
vnet_limit 1
happens 'both: whichever it is' 'up=2 in/sv=2 drop/storm=38' resource_first

# --- changed live: a larger one begins at once ---

limit sv 1
ctl vnet set vnet0 storm-limit none
happens 'before' 'sv=2 out/sv=2 drop/storm=18' tx $broadcast --count 20
ctl resource set vnet0 sv storm-limit 10000000
carried 'after' sv 100 tx $broadcast --count 100
ctl resource set vnet0 sv storm-limit none
carried 'without' sv 100 tx $broadcast --count 100
refused 'a limit that is none' 2 'vnet0/sv: storm_limit 10000001 is not' ctl resource set vnet0 sv storm-limit 10000001

# --- the rate, over time ---

listen_no_more up sv g1 hy
opackets() {
	json '.[0].resources[] | select(.name == "sv") | .opackets' stats vnet0
}
ctl vnet set vnet0 storm-limit 1000
before=$(opackets)
ok 'broadcast at ten times the limit' stream send --dev vnet0 --dst $broadcast --id 9 --rate 10000 --seconds 2 --status "$T/storm"
passed=$(($(opackets) - before))
count=$(jq .sent "$T/storm")
most=$(jq '.seconds * 1000 + 102 | floor' "$T/storm") # a burst of a tenth of a second, and who is due
cmp_num "of $count no more than the limit passes" "$passed" -le "$most"
cmp_num 'and most of what it allows' "$passed" -ge $((most * 7 / 10))

finish
