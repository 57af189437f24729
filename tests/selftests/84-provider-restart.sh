#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vnetd is stopped, killed and started again under traffic through a tap and a netdev provider: no frame is lost,
# the devices and resources stay, the providers notice nothing and say again what they had said meanwhile; who
# has gone meanwhile is removed, who comes meanwhile is told.
# vnet-test: alone
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
rate=20000
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"
# shellcheck source=provider.sh
. "$(dirname "$0")/provider.sh"

is_up() { # NS DEVICE
	in_ns "$1" ip -o link show "$2" | grep -q LOWER_UP
}

# What must be the same afterwards.
identity() {
	json '[.[] | select(.provider) | "\(.name) \(.type) \(.device) \(.ifindex) \(.state) \(.provider.present)"] | sort | join(", ")' \
		resource show vnet0
}

identity_is() {
	[ "$(identity)" = "$1" ]
}

last_state_is() { # NAME STATE
	[ "$(grep '^state ' "$T/$1.out" | tail -n 1)" = "state $2" ]
}

way() { # MAC
	json '"\(.reason) \(.resource)"' path vnet0 "$1"
}

service_frames() {
	in_ns vswitch ip -j -s link show vs0 | jq '.[0].stats64.rx.packets'
}

stop() { # TERM|KILL
	if [ "$1" = TERM ]; then
		stop_vnetd
	else
		kill_vnetd "$1"
	fi
}

world_make
start_vnetd
world_vnets
ctl resource add v1 g0 type guest dev c1 peer $mac0 admin down
provider g1 --type guest --name g1 --device c0 --peer $mac1
ctl resource set v1 g0 admin up
provider vf --type hybrid --name vf --far outside:x1 --queues 2 --offload
in_ns outside ip link set x1 master lan
in_ns outside ip link set x1 up
wait_for 5 is_up outside x1
# Room for what comes while a busy machine does something else.
ip link set "$(provider_device vf)" txqueuelen 10000
hears 'the tap is started' vf started
hears 'the netdev is started' g1 started
streams_start
is 'at first: the way to the guest' "$(way $mac1)" 'guest g1'
is 'at first: the way to outside' "$(way $mac_out)" 'hybrid vf'

# --- restarts ---

for how in TERM KILL TERM KILL; do
	traffic_settle
	before=$(lost)
	same=$(identity)
	hush vf
	hush g1
	stop $how
	for name in vf g1; do
		ok "$how: $name knows that vnetd is away" wait_for 5 last_state_is $name away
	done
	traffic_settle
	start_vnetd
	for name in vf g1; do
		ok "$how: $name has found it again" wait_for 5 last_state_is $name started
	done
	ok "$how: the resources and their devices are the same" wait_for 5 identity_is "$same"
	traffic_settle
	ok "$how: no frame is lost" wait_for 5 lost_at_most "$before"
	for name in vf g1; do
		is "$how: $name was asked for nothing" "$(said $name)" ''
	done
	is "$how: the way to the guest" "$(way $mac1)" 'guest g1'
	is "$how: the way to outside" "$(way $mac_out)" 'hybrid vf'
done

# --- what happens meanwhile ---

traffic_settle
before=$(lost)
stop KILL
wait_for 5 last_state_is vf away
tell g1 down
if [ "$(ctl -j status 2>/dev/null | wc -c)" -ne 0 ]; then
	fail 'vnetd is away' 'it answers'
fi
hush vf
ip link set vnet0 promisc on
start_vnetd
ok 'a report that was made meanwhile is heard' wait_for 5 path_is vnet0 $mac1 'guest-over-service sv'
is 'as it was made' "$(json '.[0] | "\(.state): \(.reason)"' resource show vnet0 g1)" \
	'down: its provider reported: the link is lost'
hears 'a change of the vnet is told' vf 'promisc on'
ip link set vnet0 promisc off
hears 'and the next one' vf 'promisc off'
tell g1 update
ok 'the update is heard' wait_for 5 path_is vnet0 $mac1 'guest g1'
traffic_settle
ok 'none of it has lost a frame' wait_for 5 lost_at_most "$before"

if [ "$(json .features.carrier_check status)" = true ]; then
	stop KILL
	wait_for 5 last_state_is vf away
	over_service() {
		[ "$(service_frames)" -gt $((before + rate / 20)) ]
	}
	before=$(service_frames)
	tell vf down
	ok 'a tap that is reported down meanwhile: the program itself takes the next way' wait_for 5 over_service
	start_vnetd
	ok 'vnetd agrees' wait_for 5 path_is vnet0 $mac_out 'service sv'
	ok 'the provider is there' wait_for 5 last_state_is vf started
	tell vf update
	ok 'and comes back' wait_for 5 path_is vnet0 $mac_out 'hybrid vf'
else
	skip 'a tap that is reported down meanwhile' 'on this kernel programs do not see devices'
fi
stream_end 'in the end' guest
stream_end 'in the end' outside may-lose

stop TERM
provider late --type hybrid --name late
is 'a provider that comes while vnetd is away is refused' "$(cut -d: -f1 "$T/late.out")" 'refused ENOTCONN'
isnt 'with a sentence' "$(cut -d: -f2- "$T/late.out")" ''
bg_wait late || [ $? -eq 1 ]
tell g1 unreg
hears 'one that unregisters meanwhile is done at once' g1 unregistered
start_vnetd
ok 'its resource goes when it does not come back' wait_for 7 resource_gone vnet0 g1
is 'the other one stays' "$(json '.[0] | "\(.state) \(.provider.present)"' resource show vnet0 vf)" 'up true'

# --- vnetd has forgotten everything ---

in_ns outside ip addr add 192.0.2.2/24 dev lan
ip addr add 192.0.2.1/24 dev vnet0
neighbour - vnet0 192.0.2.2 $mac_out
ok 'ping over the provider' ping -q -c 1 -W 2 192.0.2.2
ctl save
ctl resource del vnet0 sv
stop TERM
rm -rf "$T/state"
hush vf
start_vnetd
ok 'without its state: registered anew' wait_for 5 last_state_is vf started
ok 'as what it was' wait_for 5 path_is vnet0 $mac_out 'hybrid vf'
ok 'frames pass it' wait_for 5 ping -q -c 1 -W 1 192.0.2.2
is 'there is one tap' "$(taps | wc -l)" 1
ok 'it ends' provider_end vf
ok 'g1 ends' provider_end g1
ok 'nothing is left' nothing_provided
for name in vf g1; do
	not_ok "$name: no entry point was called that must not be" grep '^unasked' "$T/$name.out"
	is "$name: nor mc_tx()" "$(jq .unasked "$T/$name")" 0
done
finish
