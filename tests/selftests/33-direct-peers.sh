#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two vnets of one daemon reach each other with no device between: wherever their uppers are, with the guards,
# VLANs and counters of a channel, and over the service while one end is missing.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly mac0=02:00:00:00:00:01 mac1=02:00:00:00:00:11 mac2=02:00:00:00:00:12 mac3=02:00:00:00:00:13
readonly unknown=02:00:00:00:00:99 broadcast=ff:ff:ff:ff:ff:ff other=02:00:00:00:00:21

# vnet0 and vnet2 are on the host, vnet1 is in namespace b, vnet3 in c
tx_of() { # VNET DESTINATION [...]
	local ns=- mac=$mac2

	case $1 in
	vnet1) ns=b mac=$mac1 ;;
	vnet3) ns=c mac=$mac3 ;;
	esac
	frame_on "$ns" "$1" "$2" --from "$mac" "${@:3}"
}

tags() { # NAME: what stands behind the addresses of the frames that came
	came "$1" | sed -E 's/^.{24}88b5.*/none/; s/^.{24}8100(....)88b5.*/\1/; s/^.{24}(.{12}).*/\1/' | sort -u
}

show() { # VNET RESOURCE: its state and reason
	json '.[0] | "\(.state): \(.reason)"' resource show "$1" "$2"
}

join() { # A B: both ends, named after the vnet that they lead to
	ctl resource add "$1" "$2" type guest peer-vnet "$2"
	ctl resource add "$2" "$1" type guest peer-vnet "$1"
}

ns b c
frames_world
ctl vnet add vnet1 address $mac1 netns b announce-count 0
ctl vnet add vnet2 address $mac2 announce-count 0
ctl vnet add vnet3 address $mac3 netns c announce-count 0
ip link set vnet2 up
listen up1 b vnet1 - vnet1-p
listen up2 - vnet2 - vnet2-p
listen up3 c vnet3 - vnet3-p
far_end sv1
ctl resource add vnet1 sv type service dev sv1

# --- one end, and the other ---

refused 'to itself' 2 'vnet0/x: peer_vnet vnet0 is the vnet itself' ctl resource add vnet0 x type guest peer-vnet vnet0
ok 'an end to a vnet that is not there is accepted' ctl resource add vnet0 later type guest peer-vnet vnet9
is 'and waits' "$(show vnet0 later)" 'waiting: vnet vnet9 does not exist'
ctl resource del vnet0 later
ok 'the first end is accepted' ctl resource add vnet0 p type guest peer-vnet vnet1
is 'and is down until the other is there' "$(show vnet0 p)" \
	'down: vnet vnet1 has no guest resource with peer-vnet vnet0'
carried 'until then the service carries' sv 2 tx $mac1 --count 2
is 'and is asked why' "$(json '"\(.reason) \(.resource)"' path vnet0 $mac1)" 'guest-over-service sv'
refused 'a second one to the same vnet' 2 'vnet0/q: peer_vnet vnet1 is where resource p leads already' \
	ctl resource add vnet0 q type guest peer-vnet vnet1
refused "a guest of the other vnet's MAC" 2 "peer $mac1 .* resource p" \
	ctl resource add vnet0 q type guest dev q peer $mac1
ok 'the other end is added' ctl resource add vnet1 p type guest peer-vnet vnet0
is 'both are up' "$(show vnet0 p) $(show vnet1 p)" 'up:  up: '
is 'a peer is shown as one' "$(json '.[0] | "\(.type) \(.peer_vnet) \(.peer) \(.device)\(.ifindex) \(.active)"' \
	resource show vnet0 p)" "guest vnet1 $mac1 0 true"
is 'it is in the FDB' "$(json '.[] | select(.resource == "p") | "\(.mac) \(.vlan) \(.state)"' fdb show vnet0)" \
	"$mac1 1 up"
is 'and the way to its MAC' "$(json '"\(.reason) \(.resource)"' path vnet0 $mac1)" 'guest p'

# --- frames: from the host into a namespace and back ---

happens 'host to namespace' 'out/p=3 vnet1:in/p=3 up1=3' tx $mac1 --count 3
happens 'namespace to host' 'vnet1:out/p=3 in/p=3 up=3' tx_of vnet1 $mac0 --count 3
carried 'broadcast does not go over it' sv 1 tx $broadcast
carried 'nor unknown unicast' hy 1 tx $unknown
happens 'nor back' 'sv1=1 vnet1:out/sv=1' tx_of vnet1 $broadcast
is 'bytes count as on a channel' "$(json '.[0].resources[] | select(.name == "p") | "\(.obytes) \(.rbytes)"' \
	stats vnet0)" '180 180'
is 'it has no device with errors' "$(json '.[0].resources[] | select(.name == "p") |
	"\(.ierrors) \(.oerrors) \(.norcvbuf) \(.noxmtbuf)"' stats vnet0)" '0 0 0 0'
ip link set vnet0 promisc on
wait_for 5 shortcut_off
happens 'without the shortcut' 'out/p=3 vnet1:in/p=3 up1=3' tx $mac1 --count 3
ip link set vnet0 promisc off
wait_for 5 shortcut_on

# --- the guards, each its own ---

dropped "the sender's guard" spoofed 2 tx $mac1 --from $unknown --count 2
ctl vnet set vnet0 guard off
happens "the receiver's guard, under its reason" 'out/p=2 vnet1:drop/spoofed=2' tx $mac1 --from $unknown --count 2
ctl vnet set vnet1 guard off
happens 'no guard' 'out/p=2 vnet1:in/p=2 up1=2' tx $mac1 --from $unknown --count 2
happens "the receiver's own MAC" 'out/p=1 vnet1:drop/reflected=1' tx $mac1 --from $mac1
ctl vnet set vnet1 guard on
ctl vnet set vnet0 guard on

# --- VLANs ---

ctl vnet set vnet0 vlans 5-6
ctl vnet set vnet1 vlans 5
happens 'a VLAN of both' 'out/p=2 vnet1:in/p=2 up1=2' tx $mac1 --tag '8100 6005' --count 2
is 'stays tagged' "$(tags up1)" 6005
happens 'a VLAN of the sender alone' 'out/p=2 vnet1:drop/vlan=2' tx $mac1 --tag '8100 0006' --count 2
dropped 'a VLAN of neither' vlan 2 tx $mac1 --tag '8100 0007' --count 2
ctl resource set vnet1 p pvid 5
happens 'untagged is what each end says' 'out/p=2 vnet1:in/p=2 up1=2' tx $mac1 --count 2
is 'out of one end and into another VLAN' "$(tags up1)" 0005
happens 'and back' 'vnet1:out/p=2 in/p=2 up=2' tx_of vnet1 $mac0 --tag '8100 0005' --count 2
is 'it is untagged' "$(tags up)" none
ctl resource set vnet0 p vlans 6 pvid 1
carried 'where the peer is no member its MAC is unknown' hy 1 tx $mac1 --tag '8100 0005'
ctl resource set vnet0 p vlans inherit pvid inherit
ctl resource set vnet1 p pvid inherit
ctl vnet set vnet0 vlans none
ctl vnet set vnet1 vlans none

# --- from namespace to namespace, from host to host ---

join vnet1 vnet3
happens 'namespace to namespace' 'vnet1:out/vnet3=3 vnet3:in/vnet1=3 up3=3' tx_of vnet1 $mac3 --count 3
happens 'and back' 'vnet3:out/vnet1=3 vnet1:in/vnet3=3 up1=3' tx_of vnet3 $mac1 --count 3
happens 'what is not known has no way' 'vnet3:drop/no_path=1' tx_of vnet3 $mac0
is 'the carrier is there by the peer alone' "$(json '.[0].carrier' vnet show vnet3)" true
join vnet0 vnet2
happens 'host to host' 'out/vnet2=3 vnet2:in/vnet0=3 up2=3' tx $mac2 --count 3
happens 'and back' 'vnet2:out/vnet0=3 in/vnet2=3 up=3' tx_of vnet2 $mac0 --count 3

# --- what changes at the other end ---

ctl vnet set vnet2 address $other
happens 'another address: found at once' 'out/vnet2=2 vnet2:in/vnet0=2 up2=2' tx $other --count 2
carried 'the old one is unknown' hy 1 tx $mac2
is 'and shown' "$(json '.[0].peer' resource show vnet0 vnet2)" $other
ip link set vnet2 address $mac2
ok 'changed by ip: followed' wait_for 5 path_is vnet0 $mac2 'guest vnet2'
happens 'and frames as well' 'out/vnet2=2 vnet2:in/vnet0=2 up2=2' tx $mac2 --count 2
ctl resource set vnet1 p admin down
is 'set down at one end: both are' "$(show vnet0 p)" 'down: its other end vnet1/p is set down by the administrator'
carried 'over the service' sv 1 tx $mac1
happens 'from both' 'sv1=1 vnet1:out/sv=1' tx_of vnet1 $mac0
ctl resource set vnet1 p admin up
happens 'up again' 'out/p=1 vnet1:in/p=1 up1=1' tx $mac1

# --- vnetd is away ---

stop_vnetd
forget_frames
tx $mac1 --count 2
tx_of vnet1 $mac0
settle
is 'vnetd is away: frames go on' "$(came up1 | wc -l) $(came up | wc -l)" '2 1'
start_vnetd
is 'vnetd comes back: it is up' "$(show vnet0 p) $(show vnet1 p)" 'up:  up: '
happens 'and frames take it' 'out/p=1 vnet1:in/p=1 up1=1' tx $mac1

# --- ping and TCP ---

listen_no_more up up1 up2 up3 sv g1 hy sv1
ip addr add 192.0.2.1/24 dev vnet0
in_ns b ip addr add 192.0.2.2/24 dev vnet1
in_ns c ip addr add 192.0.2.3/24 dev vnet3
neighbour - vnet0 192.0.2.2 $mac1
neighbour b vnet1 192.0.2.1 $mac0
neighbour b vnet1 192.0.2.3 $mac3
neighbour c vnet3 192.0.2.2 $mac1

talk() { # NS NS ADDRESS: PORT and TEXT are global
	ok "$text: ping" in_ns "$1" ping -c 3 -i 0.01 -W 5 "$3"
	bg_ready recv in_ns "$2" tcpstream recv --port 7000
	ok "$text: TCP" in_ns "$1" tcpstream send --to "$3:7000" --bytes 100000000
	ok "$text: every byte is right" bg_wait recv
}

text='host to namespace' talk - b 192.0.2.2
text='namespace to host' talk b - 192.0.2.1
text='namespace to namespace' talk b c 192.0.2.3

# --- from files, in whichever order they are read ---

file() { # VNET MAC OTHER
	printf '[VNet]\nName=%s\nAddress=%s\n\n[Resource p]\nType=guest\nPeerVNet=%s\n' "$@" >"$T/etc/$1.vnet"
}

file vnet4 "$(mac 24)" vnet5
file vnet5 "$(mac 25)" vnet4
ok 'files with both ends' ctl reload
is 'both are up' "$(show vnet4 p) $(show vnet5 p)" 'up:  up: '
stop_vnetd
start_vnetd
is 'also after a restart' "$(show vnet4 p) $(show vnet5 p)" 'up:  up: '
file vnet5 "$(mac 35)" vnet4
ok 'another address in a file' ctl reload
is 'is followed' "$(json '.[0] | "\(.peer) \(.state)"' resource show vnet4 p)" "$(mac 35) up"
file vnet5 "$(mac 35)" vnet0
ok 'another vnet in a file: another resource' ctl reload
is 'the end that is left is down' "$(show vnet4 p)" 'down: vnet vnet5 has no guest resource with peer-vnet vnet4'
is 'as the new one is' "$(show vnet5 p)" 'down: vnet vnet0 has no guest resource with peer-vnet vnet5'
rm "$T/etc/vnet5.vnet"
ok 'a file is taken away' ctl reload
is 'the end that is left waits' "$(show vnet4 p)" 'waiting: vnet vnet5 does not exist'
ctl resource add vnet2 q type guest peer-vnet vnet4
ok 'an end is saved' ctl save
ok 'as a file' grep -q '^PeerVNet=vnet4$' "$T/etc/vnet2.vnet"

# --- the end ---

ctl vnet del vnet1
is 'the other vnet is removed: its peers wait' "$(show vnet0 p) $(show vnet3 vnet1)" \
	'waiting: vnet vnet1 does not exist waiting: vnet vnet1 does not exist'
is 'and its MAC is forgotten' "$(json "[.[] | select(.mac == \"$mac1\")] | length" fdb show)" 0
ok 'all of it goes' ctl flush
is 'nothing is left' "$(ls "$T/bpf/vnet" 2>/dev/null)" ''
finish
