#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every carried frame counts under its resource and direction, every drop under its reason, to the frame and byte.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly vnet=02:00:00:00:00:01 guest=02:00:00:00:00:02 unknown=02:00:00:00:00:99
readonly broadcast=ff:ff:ff:ff:ff:ff multicast=01:00:5e:00:00:05

# "ipackets rbytes opackets obytes multircv multixmt brdcstrcv brdcstxmt"
counted() { # RESOURCE
	json '.[0].resources[0] | "\(.ipackets) \(.rbytes) \(.opackets) \(.obytes) \(.multircv) \(.multixmt) \(.brdcstrcv) \(.brdcstxmt)"' \
		stats vnet0 "$1"
}

sum_of_drops() {
	json '[.[0].drops[]] | add' stats vnet0
}

reasons='["duplicate","limited","malformed","no_path","no_service","not_ours","reflected","restricted","spoofed","storm","vlan"]'
fields='["brdcstrcv","brdcstxmt","ierrors","ipackets","multircv","multixmt","name","norcvbuf","noxmtbuf","obytes","oerrors","opackets","rbytes"]'

start_vnetd
is 'no vnet: no statistics' "$(json 'length' stats)" 0
frames_world

is 'drops are listed by every reason' "$(json '.[0].drops | keys | tojson' stats vnet0)" "$reasons"
is 'all zero at first' "$(json '[.[0].drops[]] | unique | tojson' stats vnet0)" '[0]'
is 'a resource has every counter' "$(json '.[0].resources[0] | keys - (keys - '"$fields"') | tojson' stats vnet0)" "$fields"
for name in sv g1 hy; do
	is "$name: all zero at first" "$(counted $name)" '0 0 0 0 0 0 0 0'
done
is 'the resources are those of the vnet' "$(json '[.[0].resources[].name] | sort | join(" ")' stats vnet0)" 'g1 hy sv'

# --- out of the vnet: bytes are those of the frame, from its Ethernet header on ---

tx $unknown --count 100
tx $unknown --pad 1514 --count 10
tx $guest --pad 100 --count 7
tx $broadcast --count 5
tx $multicast --pad 90 --count 3
settle
is 'hybrid: unicast out' "$(counted hy)" "0 0 110 $((100 * 60 + 10 * 1514)) 0 0 0 0"
is 'guest: unicast out' "$(counted g1)" '0 0 7 700 0 0 0 0'
is 'service: broadcast and multicast out, each by itself' "$(counted sv)" "0 0 8 $((5 * 60 + 3 * 90)) 0 3 0 5"
is 'nothing was dropped' "$(sum_of_drops)" 0

# --- into it ---

rx sv $vnet --from $unknown --count 20
rx sv $broadcast --from $unknown --count 4
rx sv $multicast --from $unknown --pad 200 --count 6
rx g1 $vnet --from $guest --pad 1000 --count 9
rx g1 $broadcast --from $guest --count 2
rx hy $vnet --from $unknown --pad 1514 --count 30
settle
is 'service: in' "$(counted sv)" "30 $((24 * 60 + 6 * 200)) 8 $((5 * 60 + 3 * 90)) 6 3 4 5"
is 'guest: in' "$(counted g1)" "11 $((9000 + 120)) 7 700 0 0 2 0"
is 'hybrid: in' "$(counted hy)" "30 $((30 * 1514)) 110 $((100 * 60 + 10 * 1514)) 0 0 0 0"
is 'nothing was dropped' "$(sum_of_drops)" 0

# --- drops: each under one reason, and never under a resource as well ---

before="$(counted sv); $(counted g1); $(counted hy)"
tx $unknown --from $guest --count 11
rx g1 $vnet --from $unknown --count 12
rx sv $vnet --from $vnet --count 13
rx hy $broadcast --from $unknown --count 14
rx hy $unknown --from $guest --count 15
tx $unknown --tag '8100 0007' --count 16
rx sv $vnet --from $unknown --tag '8100 0007' --count 17
settle
is 'drops, each under its reason' "$(json '.[0].drops | to_entries | map(select(.value > 0) | "\(.key) \(.value)") | sort | join(", ")' stats vnet0)" \
	'duplicate 14, not_ours 15, reflected 13, spoofed 23, vlan 33'
is 'and under no resource' "$(counted sv); $(counted g1); $(counted hy)" "$before"

# --- what a change of path does to them: nothing ---

ctl resource set vnet0 hy admin down
tx $unknown --count 10
settle
is 'what took another path counts there' "$(json '.[0].resources[0].opackets' stats vnet0 sv)" 18
is 'and not here' "$(json '.[0].resources[0].opackets' stats vnet0 hy)" 110
cmp_num 'the switch of path is counted' "$(json '.[0].switches' stats vnet0)" -ge 1
ctl resource set vnet0 hy admin up
is 'a resource that was down keeps its counters' "$(json '.[0].resources[0].opackets' stats vnet0 hy)" 110

# --- a second vnet, and a resource made again, start at zero ---

ctl vnet add vnet1 address "$(mac 9)" announce-count 0
is 'a second vnet: no drops of the first' "$(json '[.[0].drops[]] | add' stats vnet1)" 0
is 'stats shows all vnets' "$(json 'map(.vnet) | sort | join(" ")' stats)" 'vnet0 vnet1'
ctl resource del vnet0 hy
ctl resource add vnet0 hy dev hy type hybrid
is 'a resource that is made again starts at zero' "$(counted hy)" '0 0 0 0 0 0 0 0'

restarted() {
	stop_vnetd
	start_vnetd
}
before="$(counted sv); $(counted g1); $(sum_of_drops)"
ok 'vnetd is restarted' restarted
is 'and every counter goes on from where it was' "$(counted sv); $(counted g1); $(sum_of_drops)" "$before"

finish
