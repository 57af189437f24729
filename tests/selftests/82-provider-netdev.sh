#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A provider names a kernel interface as service, guest and hybrid: its report of a lost link moves traffic within
# 1 ms and loses nothing that the device still carries; an update or the carrier brings it back; an error keeps it
# out until it is registered anew or cleared.
# vnet-test: alone
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
rate=20000
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"
# shellcheck source=provider.sh
. "$(dirname "$0")/provider.sh"

readonly rounds=11

way() { # MAC
	json '"\(.reason) \(.resource)"' path vnet0 "$1"
}

reason_of() { # RESOURCE
	json '.[0] | "\(.state): \(.reason)"' resource show vnet0 "$1"
}

report_is() { # RESOURCE REPORT: for wait_for
	[ "$(json '.[0].provider.report' resource show vnet0 "$1")" = "$2" ]
}

# A command and the ways that it has to lead to; what it does loses nothing.
change() { # TEXT WAY-TO-GUEST WAY-TO-OUTSIDE COMMAND...
	local text=$1 way1=$2 way2=$3 before

	shift 3
	before=$(lost)
	"$@"
	ok "$text: the way to the guest is $way1" wait_for 5 path_is vnet0 $mac1 "$way1"
	ok "$text: the way to outside is $way2" wait_for 5 path_is vnet0 $mac_out "$way2"
	traffic_settle
	ok "$text: no frame is lost" wait_for 5 lost_at_most "$before"
}

world_make
start_vnetd
world_vnets
ctl resource add v1 g0 type guest dev c1 peer $mac0 admin down
ctl resource del vnet0 sv
provider sv --type service --name sv --device s0
provider g1 --type guest --name g1 --device c0 --peer $mac1
ctl resource set v1 g0 admin up
provider vf --type hybrid --name vf --device h0
for name in sv g1 vf; do
	hears "$name is started" $name started
	hears "$name is told of the address" $name "unicst $mac0"
done
is 'each is what it is' "$(json '[.[] | select(.vnet == "vnet0") | "\(.name) \(.type) \(.device) \(.origin) \(.provider.kind) \(.provider.present)"] | sort | join(", ")' \
	resource show)" 'g1 guest c0 provider netdev true, sv service s0 provider netdev true, vf hybrid h0 provider netdev true'
ok 'ping outside' ping -q -c 3 -i 0.01 -W 2 $addr_out
ok 'ping the guest' ping -q -c 3 -i 0.01 -W 2 10.1.0.11
streams='guest outside'
traffic_start
bg_stop send-back
bg_stop recv-back

is 'at first: the way to the guest' "$(way $mac1)" 'guest g1'
is 'at first: the way to outside' "$(way $mac_out)" 'hybrid vf'

# --- down, and back ---

change 'the hybrid reports: down' 'guest g1' 'service sv' tell vf down
is 'the reason is told' "$(reason_of vf)" 'down: its provider reported: the link is lost'
change 'its update' 'guest g1' 'hybrid vf' tell vf update
change 'the guest reports: down' 'guest-over-service sv' 'hybrid vf' tell g1 down
change 'its update' 'guest g1' 'hybrid vf' tell g1 update
change 'an update without need' 'guest g1' 'hybrid vf' tell g1 update
change 'a report that is none' 'guest g1' 'hybrid vf' tell g1 report 2
change 'the service reports: down' 'guest g1' 'hybrid vf' tell sv down
is 'multicast has no way then' "$(way ff:ff:ff:ff:ff:ff)" 'no_service null'
change 'its update' 'guest g1' 'hybrid vf' tell sv update
is 'and multicast goes over it' "$(way ff:ff:ff:ff:ff:ff)" 'multicast sv'

carrier_flap() { # NS DEVICE: its other end sees the carrier go and return
	in_ns "$1" ip link set "$2" down
	wait_for 5 state_is vnet0 "$3" down
	in_ns "$1" ip link set "$2" up
}

lan_uses() { # DEVICE
	in_ns outside ip -d link show "$1" | grep -q 'bridge_slave state forwarding'
}

tell vf down
wait_for 5 path_is vnet0 $mac_out 'service sv'
traffic_settle
change 'down, and the carrier goes' 'guest g1' 'service sv' in_ns outside ip link set lan-h0 down
in_ns outside ip link set lan-h0 up
ok 'it comes back: the device is used again' wait_for 5 path_is vnet0 $mac_out 'hybrid vf'
ok 'and the report is forgotten' report_is vf up

# --- err ---

wait_for 5 lan_uses lan-h0
traffic_settle
change 'the hybrid reports: error' 'guest g1' 'service sv' tell vf err
is 'it is failed' "$(reason_of vf)" 'failed: its provider reported: the device has an error'
hears 'and stopped' vf stopped
change 'an update does not bring it back' 'guest g1' 'service sv' tell vf update
change 'nor does a report of a lost link' 'guest g1' 'service sv' tell vf down
change 'nor the carrier' 'guest g1' 'service sv' in_ns outside ip link set lan-h0 down
in_ns outside ip link set lan-h0 up
wait_for 5 lan_uses lan-h0
is 'it is failed still' "$(reason_of vf)" 'failed: its provider reported: the device has an error'
change 'an administrator clears it' 'guest g1' 'hybrid vf' ctl resource clear vnet0 vf
hears 'and it is started' vf started
fails 'there is nothing more to clear' 2 '^vnetctl: vnet0/vf: is up, there is nothing to clear$' ctl resource clear vnet0 vf
change 'error again' 'guest g1' 'service sv' tell vf err
again() {
	tell vf unreg
	tell vf reg
}
change 'registered anew' 'guest g1' 'hybrid vf' again

# --- how fast ---

switched() { # TIMES: how often traffic has left vf by now
	[ "$(grep -c '"event":"path-switched".*"kind":"unicast".*"resource":"sv"' "$T/monitor.out")" -ge "$1" ]
}

monitoring() {
	tell vf down
	tell vf update
	wait_for 1 switched 1
}

bg monitor vnetctl -s "$T/vnetd.sock" -j monitor
ok 'events are told' wait_for 10 monitoring
before=$(lost)
first=$(grep -c '"kind":"unicast".*"resource":"sv"' "$T/monitor.out")
hush vf
for ((i = 1; i <= rounds; i++)); do
	wait_for 5 path_is vnet0 $mac_out 'hybrid vf'
	tell vf down
	wait_for 5 switched $((first + i))
	tell vf update
done
wait_for 5 path_is vnet0 $mac_out 'hybrid vf'
traffic_settle
ok 'no frame is lost by any of it' wait_for 5 lost_at_most "$before"
grep '"event":"path-switched".*"kind":"unicast".*"resource":"sv"' "$T/monitor.out" | tail -n $rounds | jq -r .time |
	date -f - +%s%6N >"$T/switched"
tail -n +$((provider_heard[vf] + 1)) "$T/vf.out" | sed -n 's/^at \([0-9]*\) down$/\1/p' >"$T/reported"
mapfile -t took < <(paste "$T/switched" "$T/reported" | awk '{ print $1 - $2 }' | sort -n)
is 'each report was acted on' "${#took[@]}" $rounds
echo "# from the report to the switch: median ${took[rounds / 2]} us, longest ${took[rounds - 1]} us"
cmp_num 'traffic leaves within 1 ms of the report (median, us)' "${took[rounds / 2]}" -lt $((1000 * ${VNET_SLOW:-1}))
cmp_num 'and never before it' "${took[0]}" -ge 0

# --- the device goes, the registration stays ---

in_ns outside ip link del lan-h0
ok 'the device is deleted: it waits' wait_for 5 state_is vnet0 vf waiting
ok 'traffic takes the next way' wait_for 5 path_is vnet0 $mac_out 'service sv'
hears 'it is stopped' vf stopped
wire h0 lan-h0 outside
in_ns outside ip link set lan-h0 master lan
ok 'it is there again' wait_for 5 path_is vnet0 $mac_out 'hybrid vf'
hears 'and started' vf started

# --- the end ---

streams='guest outside'
traffic_end 'in the end' may-lose
for name in vf g1 sv; do
	ok "$name ends" provider_end $name
	ok "$name: its resource is gone" resource_gone vnet0 $name
	not_ok "$name: no entry point was called that must not be" grep '^unasked' "$T/$name.out"
done
is 'the devices are as they were' "$(for d in s0 c0 h0; do ip -j -d link show $d | jq -c '[.[0].ifname, .[0].promiscuity, .[0].allmulti]'; done | tr '\n' ' ')" \
	'["s0",0,0] ["c0",0,0] ["h0",0,0] '
is 'multicast has no way' "$(way ff:ff:ff:ff:ff:ff)" 'no_service null'
finish
