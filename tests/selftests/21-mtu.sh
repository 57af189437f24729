#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The MTU of a vnet: devices are raised to it and get their own back, or the change is refused whole; full frames pass.
# fault 35: what is refused.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly vnet=02:00:00:00:00:01 guest=02:00:00:00:00:02 unknown=02:00:00:00:00:99 broadcast=ff:ff:ff:ff:ff:ff

mtu() { # DEVICE...
	local each all=''

	for each in "$@"; do
		all+=" $(cat "/sys/class/net/$each/mtu")"
	done
	echo "${all# }"
}

mtu_is() { # DEVICE MTU
	[ "$(mtu "$1")" = "$2" ]
}

start_vnetd
for name in sv g1 hy; do
	far_end $name
	in_ns $name ip link set far mtu 9000
done
ip link set sv mtu 1400
ip link set g1 mtu 2000

# --- raised and given back ---

ctl vnet add vnet0 address $vnet announce-count 0
ip link set vnet0 up
listen up - vnet0 - vnet0-p
is 'the default: upper and port' "$(mtu vnet0 vnet0-p)" '1500 1500'
ctl resource add vnet0 sv dev sv type service
ctl resource add vnet0 g1 dev g1 type guest peer $guest
ctl resource add vnet0 hy dev hy type hybrid
is 'what is less is raised, what is more is left alone' "$(mtu sv g1 hy)" '1500 2000 1500'
carried 'a frame of the full MTU' hy 1 tx $unknown --pad 1514
ctl resource del vnet0 sv
is 'a device that is let go gets its own back' "$(mtu sv)" 1400
ctl resource add vnet0 sv dev sv type service
ip link set sv mtu 1300
ok 'a device that somebody lowers is raised again' wait_for 5 mtu_is sv 1500
ok 'and carries on' wait_for 5 state_is vnet0 sv up

# --- changed live, by vnetctl and by ip ---

ctl vnet set vnet0 mtu 9000
is 'raised: all devices' "$(mtu vnet0 vnet0-p sv g1 hy)" '9000 9000 9000 9000 9000'
is 'all resources are up' "$(json '[.[].state] | unique | join(" ")' resource show vnet0)" up
carried 'out of the hybrid: a frame of the full MTU' hy 1 tx $unknown --pad 9014
carried 'out of the service' sv 1 tx $broadcast --pad 9014
carried 'to the guest' g1 1 tx $guest --pad 9014
delivered 'in from the hybrid' hy 1 rx hy $vnet --from $unknown --pad 9014
delivered 'in from the guest' g1 1 rx g1 $vnet --from $guest --pad 9014
ctl vnet set vnet0 mtu 1600
is 'lowered: none below what it came with' "$(mtu vnet0 vnet0-p sv g1 hy)" '1600 1600 1600 2000 1600'
ip link set vnet0 mtu 3000
ok 'what ip sets on vnet0 is followed' wait_for 5 mtu_is hy 3000
is 'by all' "$(mtu vnet0 vnet0-p sv g1 hy)" '3000 3000 3000 3000 3000'
is 'and shown' "$(json '.[0].mtu' vnet show vnet0)" 3000

# --- refused: a macvlan cannot be larger than what is below it ---

ns ov
veth ov - far ov
ip link add mv link ov type macvlan mode private
refused 'a device that cannot take the MTU' 2 'vnet0/mv.*mv.*MTU' ctl resource add vnet0 mv type hybrid dev mv
is 'it is as it was' "$(mtu mv)" 1500
ctl vnet set vnet0 mtu 1500
ok 'it is taken at its own MTU' ctl resource add vnet0 mv type hybrid dev mv
refused 'a live change that one device cannot follow' 2 'mv' ctl vnet set vnet0 mtu 9000
is 'every device is as it was' "$(mtu vnet0 vnet0-p sv g1 hy mv)" '1500 1500 1500 2000 1500 1500'
ip link set vnet0 mtu 9000
ok 'the same by ip: vnet0 gets back what it had' wait_for 5 mtu_is vnet0 1500
is 'and every device' "$(mtu vnet0 vnet0-p sv g1 hy mv)" '1500 1500 1500 2000 1500 1500'
is 'nothing has failed' "$(json '[.[].state] | unique | join(" ")' resource show vnet0)" up
ctl resource del vnet0 mv
refused 'below the least' 2 'mtu 67 .*68' ctl vnet set vnet0 mtu 67
refused 'no number' 1 'mtu .*large' ctl vnet set vnet0 mtu large

# --- TCP with jumbo frames, its segments and what the kernel makes large of them ---

ctl vnet set vnet0 mtu 9000
ip addr add 192.0.2.1/24 dev vnet0
in_ns hy ip link set far address $unknown
in_ns hy ip addr add 192.0.2.2/24 dev far
neighbour - vnet0 192.0.2.2 $unknown
neighbour hy far 192.0.2.1 $vnet
before=$(json '.[0].resources[0] | "\(.opackets) \(.obytes)"' stats vnet0 hy)
bg_ready recv in_ns hy tcpstream recv --port 7000
ok 'TCP goes through' tcpstream send --to 192.0.2.2:7000 --bytes 50000000
ok 'every byte is right' bg_wait recv
after=$(json '.[0].resources[0] | "\(.opackets) \(.obytes)"' stats vnet0 hy)
read -r packets bytes <<<"$after"
cmp_num 'in segments of the MTU' $(((bytes - ${before#* }) / (packets - ${before% *}))) -gt 8000

# --- given back by everything that lets go ---

ctl vnet del vnet0
is 'the vnet is removed: every device as it was' "$(mtu sv g1 hy)" '1400 2000 1500'

finish
