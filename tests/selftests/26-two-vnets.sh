#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two vnets of one daemon know nothing of each other, until a channel between them is a guest resource of both.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly mac0=02:00:00:00:00:01 mac1=02:00:00:00:00:11 peer=02:00:00:00:00:02 unknown=02:00:00:00:00:99
readonly broadcast=ff:ff:ff:ff:ff:ff

tx1() { # DESTINATION [...]: out of vnet1
	frame_on b vnet1 "$1" --from "$mac1" "${@:2}"
}

out1() { # TEXT RESOURCE END COUNT COMMAND...: out of a resource of vnet1
	happens "$1" "$3=$4 vnet1:out/$2=$4" "${@:5}"
}

ns b
frames_world
ctl vnet add vnet1 address $mac1 netns b announce-count 0
listen up1 b vnet1 - vnet1-p
for name in sv1 g11; do
	far_end $name
done
# names and peers may be the same in both
ctl resource add vnet1 sv type service dev sv1
ctl resource add vnet1 g1 type guest dev g11 peer $peer

refused "the other one's address" 2 "address $mac0 .*vnet0" ctl vnet set vnet1 address $mac0
refused "the other one's device" 2 'device hy .*vnet0' ctl resource add vnet1 hy type hybrid dev hy
refused "the other one's port" 2 'device vnet0-p .*vnet0' ctl resource add vnet1 hy type hybrid dev vnet0-p
refused 'its own port' 2 'device vnet1-p .*vnet1' ctl resource add vnet1 hy type hybrid dev vnet1-p

# --- apart ---

is 'one MAC, two guests' "$(json '[.[] | "\(.vnet) \(.mac) \(.resource)"] | sort | join(", ")' fdb show)" \
	"vnet0 $peer g1, vnet1 $peer g1"
carried "vnet0's guest" g1 2 tx $peer --count 2
out1 "vnet1's guest, of the same name and MAC" g1 g11 2 tx1 $peer --count 2
carried "vnet0's broadcast goes over its service alone" sv 2 tx $broadcast --count 2
out1 "vnet1's broadcast goes over its service alone" sv sv1 2 tx1 $broadcast --count 2
carried "vnet0's unknown unicast goes over its hybrid" hy 2 tx $unknown --count 2
out1 'vnet1 has none: over its service' sv sv1 2 tx1 $unknown --count 2
carried "vnet1's MAC is nothing special to vnet0" hy 2 tx $mac1 --count 2
out1 "nor vnet0's to vnet1" sv sv1 2 tx1 $mac0 --count 2
happens "vnet1 must not send with vnet0's MAC" 'vnet1:drop/spoofed=2' frame_on b vnet1 $unknown --from $mac0 --count 2
dropped "for vnet1, on vnet0's service" not_ours 2 rx sv $mac1 --from $unknown --count 2
happens "for vnet1, on its own" 'up1=2 vnet1:in/sv=2' rx sv1 $mac1 --from $unknown --count 2
delivered "broadcast on vnet0's service" sv 2 rx sv $broadcast --from $unknown --count 2
happens "broadcast on vnet1's" 'up1=2 vnet1:in/sv=2' rx sv1 $broadcast --from $unknown --count 2

ctl vnet set vnet1 promiscuous on guard off vlans 7
dropped 'settings of the one are not those of the other: promiscuous' not_ours 1 rx sv $unknown --from $peer
dropped 'guard' spoofed 1 tx $unknown --from $peer
dropped 'VLANs' vlan 1 tx $unknown --tag '8100 0007'
happens 'and hold for itself' 'sv1=1 vnet1:out/sv=1' tx1 $unknown --tag '8100 0007'
ctl vnet set vnet1 promiscuous auto guard on vlans none
ctl resource set vnet1 sv admin down
carried 'nor is a resource that goes down' sv 1 tx $broadcast
ctl resource set vnet1 sv admin up

# --- a channel between them ---

veth c0 - c1 -
ctl resource add vnet0 c type guest dev c0 peer $mac1
ctl resource add vnet1 c type guest dev c1 peer $mac0
channel() { # COUNT
	echo "out/c=$1 vnet1:in/c=$1 up1=$1"
}
happens 'vnet0 to vnet1 over the channel' "$(channel 3)" tx $mac1 --count 3
happens 'vnet1 to vnet0' 'vnet1:out/c=3 in/c=3 up=3' tx1 $mac0 --count 3
carried 'broadcast does not go over it' sv 1 tx $broadcast
carried 'nor unknown unicast' hy 1 tx $unknown
ctl resource set vnet0 c admin down
carried 'set down at one end: over the service' sv 1 tx $mac1
happens 'the other end still sends, and is heard' 'vnet1:out/c=1 in/c=1 up=1' tx1 $mac0
ctl resource set vnet0 c admin up

listen_no_more up up1 sv g1 hy sv1 g11
ip addr add 192.0.2.1/24 dev vnet0
in_ns b ip addr add 192.0.2.2/24 dev vnet1
neighbour - vnet0 192.0.2.2 $mac1
neighbour b vnet1 192.0.2.1 $mac0
bg_ready recv in_ns b tcpstream recv --port 7000
ok 'TCP between them' tcpstream send --to 192.0.2.2:7000 --bytes 100000000
ok 'every byte is right' bg_wait recv

# --- the end of one is nothing to the other ---

bg_ready recv in_ns b stream recv --port 5001
bg send stream send --to 192.0.2.2:5001 --rate 10000 --seconds 60
ctl vnet add vnet2 address "$(mac 40)" announce-count 0
ctl vnet del vnet2
bg_stop send
ok 'a third one comes and goes: the stream ends well' bg_wait recv
is 'nothing is lost' "$(out recv | jq -r '"\(.lost) \(.duplicated)"')" '0 0'
ctl vnet del vnet1
is 'vnet1 is removed: the FDB has only the other' "$(json '[.[].vnet] | unique | join(" ")' fdb show)" vnet0
ok 'and its devices are free' ctl resource add vnet0 hz type hybrid dev sv1 priority 5
is 'for the other one' "$(json '"\(.reason) \(.resource)"' path vnet0 $unknown)" 'hybrid hz'

finish
