#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What -j prints has the fields that scripts rely on, each of its type; -p is the same with white space.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# TEXT SPEC FILTER ARGUMENT...: has every object that the filter finds in the answer all of these fields?
# The spec is words like "peer:string|null size:number". There has to be one such object at least.
shape() {
	local text=$1 spec filter=$3 bad

	read -r -d '' -a spec <<<"$2" || [ ${#spec[@]} -gt 0 ]
	shift 3
	# shellcheck disable=SC2016 # the variables are jq's
	bad=$(ctl -j "$@" | jq -r "[$filter]"' | if . == [] then "there is none" else .[] | . as $o
		| $ARGS.positional[] | split(":") as [$key, $types]
		| select(($o | type) != "object" or ($o | has($key) | not)
			or ($types | split("|") | index($o[$key] | type) | not))
		| "\($key) is \($o[$key] | tojson), expected \($types)" end' --args "${spec[@]}" 2>&1)
	is "$text" "$bad" ''
}

# TEXT EXPECTED FILTER ARGUMENT...: every value that the filter finds in the answer is one of these.
one_of() {
	local text=$1 expected=$2 filter=$3

	shift 3
	is "$text" "$(ctl -j "$@" | jq -r "$filter" | grep -vxE "$expected" || [ $? -eq 1 ])" ''
}

same_pretty() { # ARGUMENT...
	local plain pretty

	plain=$(ctl -j "$@")
	pretty=$(ctl -p "$@")
	is "$*: -j is one line" "$(wc -l <<<"$plain")" 1
	cmp_num "$*: -p is many" "$(wc -l <<<"$pretty")" -gt 1
	is "$*: and nothing else" "$(tr -d ' \n' <<<"$pretty")" "$(tr -d ' \n' <<<"$plain")"
}

ns other
for pair in s g h i; do
	veth ${pair}0 - ${pair}1 other
done
start_vnetd
is 'no vnets are an empty array' "$(ctl -j vnet show)" '[]'
is 'no resources' "$(ctl -j resource show)" '[]'
is 'no FDB' "$(ctl -j fdb show)" '[]'
is 'no statistics' "$(ctl -j stats)" '[]'
is 'a change prints nothing' "$(ctl -j vnet add vnet0 address "$(mac 1)")$(ctl -p vnet add vnet1 vlans 10-12)" ''
ctl resource add vnet0 sv type service dev s0
ctl resource add vnet0 g1 type guest dev g0 peer "$(mac 2)"
ctl resource add vnet0 late type guest dev late0 peer "$(mac 3)" admin down
ctl resource add vnet0 hy type hybrid dev h0 priority 7
ctl resource add vnet0 hy2 type hybrid dev i0 priority 8
for name in sv g1 hy hy2; do
	wait_for 10 state_is vnet0 $name up
done

# --- vnet show, resource show ---
resource='name:string type:string device:string ifindex:number peer:string|null priority:number pvid:number
	peer_vnet:string|null storm_limit:number probe:string probe_interval:number probe_count:number vlans:string admin:string state:string reason:string active:boolean attached:string origin:string vnet:string provider:object|null'
is 'vnet show: an array of two' "$(json 'type, length' vnet show)" $'array\n2'
shape 'vnet show: the fields' 'name:string address:string mtu:number upper:string netns:string port:string
	mode:string guard:boolean pvid:number vlans:string on_delete:string hybrid_needs_service:boolean monitor_interval:number
	hold_down:number tx_timeout:number announce_count:number announce_interval:number announce_addresses:string
	protection:string allowed_ips:string storm_limit:number owner:string
	carrier:boolean promiscuous:boolean origin:string resources:array' '.[]' vnet show
shape 'vnet show: the fields of resources' "$resource" '.[].resources[]' vnet show
shape 'resource show: the fields' "$resource" '.[]' resource show
is 'resource show: all of them' "$(json '[.[].name] | join(" ")' resource show)" 'sv g1 late hy hy2'
is 'resource show: one' "$(json '[.[] | .vnet, .name] | join(" ")' resource show vnet0 g1)" 'vnet0 g1'
is 'vnet show: one' "$(json '[.[].name] | join(" ")' vnet show vnet1)" vnet1
is 'a guest has a peer, the others null' "$(json '[.[].peer | tostring] | join(" ")' resource show)" \
	"null $(mac 2) $(mac 3) null null"
ctl vnet set vnet1 protection restricted,ip-nospoof allowed-ips 2001:db8::/64,10.0.0.7 storm-limit 2000
ctl resource set vnet0 sv storm-limit 10000000
is 'protection, addresses and limit of a vnet' \
	"$(json '.[0] | "\(.protection) \(.allowed_ips) \(.storm_limit)"' vnet show vnet1)" \
	'ip-nospoof,restricted 10.0.0.7,2001:db8::/64 2000'
is 'and without' "$(json '.[0] | "\(.protection) \(.allowed_ips) \(.storm_limit)"' vnet show vnet0)" 'none none 0'
is 'the limit of a resource, and without' "$(json '[.[].storm_limit | tostring] | join(" ")' resource show)" '10000000 0 0 0 0'
one_of 'states' 'waiting|down|up|failed' '.[].state' resource show
one_of 'types' 'service|guest|hybrid' '.[].type' resource show
one_of 'attached' 'tcx|clsact|xdp|none' '.[].attached' resource show
one_of 'modes' 'auto|tc|xdp' '.[].mode' vnet show
is 'active: the service, the hybrid in use and the guest that is up' \
	"$(json '[.[] | select(.active) | .name] | join(" ")' resource show)" 'sv g1 hy'
is 'a resource that waits: no device, and why' \
	"$(json '.[0] | "\(.state) \(.ifindex) \(.reason)"' resource show vnet0 late)" \
	'waiting 0 device late0 does not exist'

# --- fdb show, path ---
shape 'fdb show: the fields' 'vnet:string vlan:number mac:string resource:string state:string' '.[]' fdb show
is 'fdb show: the guests' "$(json '[.[] | "\(.vlan) \(.mac) \(.resource) \(.state)"] | join(", ")' fdb show vnet0)" \
	"1 $(mac 2) g1 up, 1 $(mac 3) late waiting"
path='vnet:string mac:string vlan:number resource:string|null type:string|null reason:string why:string'
for mac in "$(mac 2)" "$(mac 3)" "$(mac 99)" ff:ff:ff:ff:ff:ff; do
	shape "path $mac: the fields" "$path" . path vnet0 "$mac"
done
shape 'path: of a drop' "$path" . path vnet1 "$(mac 2)"
is 'path: a drop has neither resource nor type' "$(json '"\(.resource) \(.type)"' path vnet1 "$(mac 2)")" 'null null'
is 'path: the VLAN that was asked for' "$(json .vlan path vnet1 "$(mac 2)" vlan 11)" 11

# --- stats, status, version, save ---
shape 'stats: the fields' 'vnet:string switches:number drops:object resources:array flows:array' '.[]' stats
shape 'stats: the drop reasons' 'malformed:number spoofed:number vlan:number no_service:number no_path:number
	reflected:number duplicate:number not_ours:number storm:number limited:number restricted:number' '.[].drops' stats
shape 'stats: the counters' 'name:string ipackets:number rbytes:number opackets:number obytes:number
	multircv:number multixmt:number brdcstrcv:number brdcstxmt:number ierrors:number oerrors:number
	norcvbuf:number noxmtbuf:number' '.[].resources[]' stats
shape 'stats: what the devices of the upper side lost' 'name:string ierrors:number oerrors:number norcvbuf:number
	noxmtbuf:number' '.[].devices[]' stats
is 'stats: the upper and its port' "$(json '[.[0].devices[].name] | join(" ")' stats vnet0)" 'vnet0 vnet0-p'
is 'stats: of one resource' "$(json '[.[].resources[].name] | join(" ")' stats vnet0 hy)" hy
shape 'status: the fields' 'version:string instance:string pid:number uptime_s:number vnets:number
	resources:number features:object' . status
shape 'status: the features' 'tcx:boolean xdp:boolean carrier_check:boolean' .features status
is 'status: the counts and the process' "$(json '"\(.vnets) \(.resources) \(.instance)"' status)" '2 5 default'
shape 'version: the fields' 'version:string' . version
is 'version and status say the same' "$(json .version version)" "$(json .version status)"
shape 'save: the fields' 'files:array' . save

# --- -p ---
for words in 'vnet show' 'resource show' 'fdb show' "path vnet0 $(mac 2)" 'stats' 'version'; do
	# shellcheck disable=SC2086 # words
	same_pretty $words
done
is '-j -p is -p' "$(ctl -j -p vnet show)" "$(ctl -p vnet show)"

finish
