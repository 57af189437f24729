#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# With hybrid-needs-service the hybrid carries only while the service is up, as it was with the original;
# without it the two fail apart.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

unknown=$(mac 99) guest=$(mac 2)

way() { # MAC
	json '"\(.reason) \(.resource)"' path vnet0 "$1"
}

active() {
	json '[.[0].resources[] | select(.active) | .name] | sort | join(" ")' vnet show vnet0
}

sent_by() { # RESOURCE: which way did a real frame go?
	json ".[0].resources[] | select(.name == \"$1\") | .opackets" stats vnet0
}

send() { # MAC: one frame from the stack
	frame send --dev vnet0 --hex "$1 $(mac 1) 88b5" --pad 60
}

# A frame to an unknown MAC goes by the resource, or is dropped for the reason.
goes_by() { # TEXT RESOURCE
	local before

	is "$1: path" "$(way "$unknown" | cut -d ' ' -f 2)" "$2"
	before=$(sent_by "$2")
	send "$unknown"
	is "$1: a frame goes by $2" "$(sent_by "$2")" $((before + 1))
}

dropped() { # TEXT
	local before

	is "$1: path" "$(way "$unknown")" 'no_path null'
	before=$(json '.[0].drops.no_path' stats vnet0)
	send "$unknown"
	is "$1: a frame is dropped" "$(json '.[0].drops.no_path' stats vnet0)" $((before + 1))
}

start_vnetd
veth s0 - s1 -
veth h0 - h1 -
veth g0 - g1 -
ctl vnet add vnet0 address "$(mac 1)"
ip link set vnet0 up
ctl resource add vnet0 vf type hybrid dev h0
ctl resource add vnet0 sv type service dev s0
ctl resource add vnet0 g1 type guest dev g0 peer "$guest"

# --- the default: the two fail apart ---

goes_by 'service up' vf
ip link set s1 down
ok 'service down' wait_for 5 state_is vnet0 sv down
goes_by 'service down' vf
is 'service down: active' "$(active)" 'g1 vf'

# --- the option, switched while they are in use ---

ok 'the option is set' ctl vnet set vnet0 hybrid-needs-service on
dropped 'service down, option on'
is 'the guest has a channel of its own' "$(way "$guest")" 'guest g1'
is 'only the guest is active' "$(active)" g1
is 'the hybrid itself is up' "$(json '.[0].state' resource show vnet0 vf)" up
ctl resource set vnet0 g1 admin down
is 'a guest that is not up has no hybrid either' "$(way "$guest")" 'no_path null'
ctl resource set vnet0 g1 admin up

ip link set s1 up
ok 'service up' wait_for 5 state_is vnet0 sv up
goes_by 'service up, option on' vf
ctl resource set vnet0 sv admin down
dropped 'service administratively down'
kill_vnetd KILL
dropped_alone() { # decided by the program itself
	local before

	before=$(cat /sys/class/net/h1/statistics/rx_packets)
	send "$unknown"
	[ "$(cat /sys/class/net/h1/statistics/rx_packets)" = "$before" ]
}
ok 'vnetd dead: a frame is dropped' dropped_alone
start_vnetd
dropped 'after a restart'
ctl resource set vnet0 sv admin up
goes_by 'after a restart, service up' vf
ctl resource del vnet0 sv
dropped 'service removed'
ctl vnet set vnet0 hybrid-needs-service off
goes_by 'option off' vf
ctl vnet set vnet0 hybrid-needs-service on
ctl resource add vnet0 sv type service dev s0
goes_by 'service added again' vf

# --- from a file ---

ctl flush
printf '%s\n' '[VNet]' Name=vnet0 "Address=$(mac 1)" HybridNeedsService=yes '' \
	'[Resource vf]' Type=hybrid Device=h0 >"$T/etc/vnet0.vnet"
ctl reload
dropped 'from a file'
sed -i s/=yes/=no/ "$T/etc/vnet0.vnet"
ctl reload
ip link set vnet0 up
goes_by 'changed in the file' vf
finish
