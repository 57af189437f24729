#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# On a kernel without tcx everything is attached by clsact, and of it nothing is left behind.
# shellcheck source=../selftests/lib.sh
. "$(dirname "$0")/../selftests/lib.sh"
# shellcheck source=../selftests/world.sh
. "$(dirname "$0")/../selftests/world.sh"

[[ $(uname -r) == 6.1.* ]] || skip_all "this is Linux $(uname -r) and not Debian 12's"

# Every filter of every device here: "DEVICE SIDE PRIORITY HANDLE PROGRAM". One tc and one jq for all of
# them: to start a program takes its time on an emulated processor.
filters() {
	local path side places=()

	for path in /sys/class/net/*; do
		for side in ingress egress; do
			places+=("${path##*/} $side")
		done
	done
	printf 'filter show dev %s\n' "${places[@]}" | tc -j -b - |
		jq -sr 'to_entries[] | $ARGS.positional[.key] as $at | .value[] | select(.options.handle) |
			"\($at) \(.pref) \(.options.handle) \(.options.prog.name // "bytecode")"' \
			--args "${places[@]}" | sort
}

qdiscs() { # the devices that have a clsact
	tc -j qdisc show | jq -r '.[] | select(.kind == "clsact") | .dev' | sort | xargs
}

attached() { # VNET: of each of its resources
	json '[.[].attached] | unique | join(" ")' resource show "$1"
}

opackets() { # VNET RESOURCE
	json '.[0].resources[0].opackets' stats "$1" "$2"
}

program_ids() {
	tc -j filter show dev s0 ingress | jq '.[] | .options.prog.id // empty'
}

no_programs_left() {
	! bpftool prog show | grep -q ' name vnet_'
}

world_make
start_vnetd
is 'status says that there is no tcx' "$(json .features.tcx status)" false
world_vnets
channel_add
ctl resource add vnet0 vf type hybrid dev h0
wait_for 10 path_is vnet0 $mac_out 'hybrid vf'
port0=$(json '.[0].port' vnet show vnet0)
port1=$(json '.[0].port' vnet show v1)

# --- what is where ---

is 'resources of vnet0 show clsact' "$(attached vnet0)" clsact
is 'resources of v1 show clsact' "$(attached v1)" clsact
everything=$(sort <<X
c0 ingress 30324 0x3 vnet_rx
c1 ingress 30324 0x3 vnet_rx
h0 ingress 30324 0x3 vnet_rx
s0 ingress 30324 0x3 vnet_rx
s1 ingress 30324 0x3 vnet_rx
vnet0 egress 30324 0x1 vnet_tx
$port0 ingress 30324 0x2 vnet_tx
$port1 ingress 30324 0x2 vnet_tx
X
)
is 'each device has its filter, and no other' "$(filters)" "$everything"
is 'no tcx link is pinned' "$(ls "$T/bpf/vnet/default/links")" ''

# --- traffic ---

before=$(opackets vnet0 g1)
ok 'the guest answers' ping -q -c 3 -i 0.2 -W 10 10.1.0.11
cmp_num 'over its channel' $(($(opackets vnet0 g1) - before)) -ge 3
before=$(opackets vnet0 vf)
ok 'outside answers' ping -q -c 3 -i 0.2 -W 10 $addr_out
cmp_num 'over the hybrid' $(($(opackets vnet0 vf) - before)) -ge 3
ip link set h0 down
ok 'the hybrid down: the way is the service' wait_for 10 path_is vnet0 $mac_out 'service sv'
before=$(opackets vnet0 sv)
ok 'outside answers again' wait_for 10 ping -q -c 1 -W 2 $addr_out
cmp_num 'over the service' "$(opackets vnet0 sv)" -gt "$before"
ip link set h0 up
ok 'the hybrid up: it is the way again' wait_for 10 path_is vnet0 $mac_out 'hybrid vf'

# --- an end of vnetd, and the next one ---

for signal in TERM KILL; do
	shown=$(snapshot) ids=$(program_ids)
	if [ $signal = TERM ]; then
		stop_vnetd
	else
		kill_vnetd KILL
	fi
	is "vnetd ended by $signal: the filters stay" "$(filters)" "$everything"
	ok "vnetd ended by $signal: the guest answers" ping -q -c 1 -W 10 10.1.0.11
	ok "vnetd ended by $signal: it starts" start_vnetd
	is "vnetd ended by $signal: the next one shows the same" "$(snapshot)" "$shown"
	is "vnetd ended by $signal: the next one has the same filters" "$(filters)" "$everything"
	isnt "vnetd ended by $signal: they run its programs" "$(program_ids)" "$ids"
	ok "vnetd ended by $signal: the guest answers the next one" ping -q -c 1 -W 10 10.1.0.11
done

# --- beside somebody else's ---

tc qdisc add dev h1 clsact
tc filter add dev h1 ingress pref 50 protocol all bpf da bytecode '1,6 0 0 4294967295,'
foreign=$(filters | grep '^h1 ')
ctl resource add vnet0 vf2 type hybrid dev h1 priority 1
ok 'a device with a filter of another owner is taken' wait_for 10 path_is vnet0 $mac_out 'hybrid vf2'
is 'both filters are there' "$(filters | grep '^h1 ')" $'h1 ingress 30324 0x3 vnet_rx\n'"$foreign"
ok 'outside answers over it' wait_for 10 ping -q -c 1 -W 2 $addr_out
ctl resource del vnet0 vf2
is 'it is given back with that filter' "$(filters | grep '^h1 ')" "$foreign"

# --- the end of all ---

ctl resource del vnet0 vf
is 'a resource goes: its filter and its clsact go' "$(filters | grep -c '^h0 '; qdiscs)" \
	"0"$'\n'"$(printf '%s\n' c0 c1 h1 s0 s1 vnet0 "$port0" "$port1" | sort | xargs)"
ctl flush
is 'flush: no filter of ours is left' "$(filters)" "$foreign"
is 'flush: no clsact of ours is left' "$(qdiscs)" h1
stop_vnetd
ok 'no program of ours is left in the kernel' wait_for 10 no_programs_left
finish
