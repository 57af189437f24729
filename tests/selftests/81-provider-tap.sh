#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A user-space provider of each type carries ping, ARP and TCP in both directions; with offloads a large segment
# passes it whole, without them everything is of the MTU's size; what it hands in and is no frame is counted.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=provider.sh
. "$(dirname "$0")/provider.sh"

readonly peer=02:00:00:00:00:02 size=20000000

path_to() { # MAC
	json '"\(.reason) \(.resource)"' path vnet0 "$1"
}

resource_count() { # NAME FIELD
	json ".[0].resources[0].$2" stats vnet0 "$1"
}

is_up() { # NS DEVICE
	in_ns "$1" ip -o link show "$2" | grep -q LOWER_UP
}

# The far tap is a machine with the peer's address.
far_up() {
	in_ns far ip link set lan address $peer
	in_ns far ip addr add 192.0.2.2/24 dev lan
	in_ns far ip link set lan up
	neighbour far lan 192.0.2.1 $mac_local
	neighbour - vnet0 192.0.2.2 $peer
	wait_for 5 is_up far lan
}

transfer() { # TEXT FROM-NS TO-NS ADDRESS
	bg_ready recv in_ns "$3" tcpstream recv --port 7000
	ok "$1: sent" in_ns "$2" tcpstream send --to "$4:7000" --bytes $size
	ok "$1: every byte is right" bg_wait recv
}

# A machine behind a provider of the type; $resource is its name and the provider's.
machine() { # TEXT TYPE ARGUMENT...
	local text=$1

	resource=$2
	shift 2
	provider "$resource" --type "$resource" --name "$resource" --far far:lan "$@"
	hears "$text: started" "$resource" started
	far_up
	ok "$text: it is up" wait_for 5 state_is vnet0 "$resource" up
	# What TCP sent once more after the last machine had gone has no way, and is none of this one's.
	dropped=$(drops)
	ok "$text: ping" ping -q -c 3 -i 0.01 -W 2 192.0.2.2
	transfer "$text: TCP out" - far 192.0.2.2
	out_longest=$(counted "$resource" longest)
	out_lso=$(counted "$resource" lso)
	before=$(rx_frames "$resource")
	transfer "$text: TCP in" far - 192.0.2.1
	in_frames=$(($(rx_frames "$resource") - before))
}

rx_frames() { # NAME: that it has handed in
	[[ $(provider_status "$1") =~ \ rx\ ([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

drops() { # by reason
	json '.[0].drops' stats vnet0
}

machine_end() { # TEXT
	local bad

	ok "$1: no frame was malformed" status_like "$resource" ' malformed 0 norcvbuf 0 '
	is "$1: nothing was dropped" "$(drops)" "$dropped"
	ok "$1: it ends" provider_end "$resource"
	bad=$(jq -c '[.unasked, .overlaps]' "$T/$resource")
	is "$1: mc_tx() was called when it may be" "$bad" '[0,0]'
	is "$1: it said nothing on stderr" "$(cat "$T/$resource.err")" ''
	ok "$1: nothing is left" nothing_provided
}

status_like() { # NAME REGEX
	[[ $(provider_status "$1") =~ $2 ]]
}

type_arguments() { # TYPE
	arguments=()
	[ "$1" != guest ] || arguments=(--peer "$peer")
}

ns far
start_vnetd
ctl vnet add vnet0 address $mac_local announce-count 0
ip addr add 192.0.2.1/24 dev vnet0
ip link set vnet0 up

for type in service guest hybrid; do
	declare -A reason=([service]=service [guest]=guest [hybrid]=hybrid)
	type_arguments $type
	machine "$type, offloads" $type "${arguments[@]}" --offload
	is "$type: the path" "$(path_to $peer)" "${reason[$type]} $type"
	cmp_num "$type, offloads: segments came out whole" "$out_lso" -gt 0
	cmp_num "$type, offloads: the longest" "$out_longest" -gt 10000
	cmp_num "$type, offloads: and went in whole" "$in_frames" -lt $((size / 1448 / 2))
	cmp_num "$type: counted out in segments" "$(resource_count $type opackets)" -ge $((size / 1448))
	cmp_num "$type: and in" "$(resource_count $type ipackets)" -ge $((size / 1448))
	machine_end "$type, offloads"

	machine "$type, none" $type "${arguments[@]}"
	is "$type, none: the longest frame is one of the MTU" "$out_longest" 1514
	is "$type, none: none is left to be cut" "$out_lso $(counted $type partial)" '0 0'
	cmp_num "$type, none: what came in was cut before" "$in_frames" -ge $((size / 1448))
	machine_end "$type, none"
done

# --- ARP, which the service carries ---

machine 'ARP' service
ip neigh del 192.0.2.2 dev vnet0
in_ns far ip neigh del 192.0.2.1 dev lan
ok 'ARP: who is there is asked over the service' ping -q -c 1 -W 2 192.0.2.2
like 'ARP: and answers' "$(ip neigh show 192.0.2.2 dev vnet0)" "lladdr $peer"
machine_end 'ARP'

# --- several queues ---

machine 'four queues' service --queues 4 --threads 4 --offload
is 'four queues: as many has the tap' "$(find "/sys/class/net/$(provider_device service)/queues" -name 'tx-*' | wc -l)" 4
for id in 1 2 3 4; do
	bg_ready recv$id in_ns far stream recv --port $((5000 + id)) --id $id --count 3000 --timeout 60
	bg send$id stream send --to 192.0.2.2:$((5000 + id)) --id $id --rate 1000 --count 3000 --ends 0 \
		--status "$T/send$id"
done
for id in 1 2 3 4; do
	bg_wait send$id 30
	is "four queues: stream $id was sent" "$(jq -c '[.sent, .send_errors]' "$T/send$id")" '[3000,0]'
done
all_in() {
	[ "$(counted service received)" = 12000 ]
}
for id in 1 2 3 4; do
	ok "four queues: all of stream $id have come out" bg_wait recv$id 30
done
ok 'four queues: each frame came' wait_for 10 all_in
is 'four queues: once, and each flow in its order' "$(counted service '| [.duplicated, .reordered]' | jq -c .)" '[0,0]'
dropped=$(drops)
machine_end 'four queues'

# --- numbered frames in ---

provider hybrid --type hybrid --name hybrid --peer $peer
hears 'numbered: started' hybrid started
bg_ready recv stream recv --dev vnet0 --count 50000 --timeout 60
tell hybrid send 50000 60 20000
ok 'numbered: all of them come' bg_wait recv 60
is 'numbered: each once, in order' "$(out recv | jq -c '[.received, .lost, .duplicated, .reordered]')" '[50000,0,0,0]'
bg_ready recv stream recv --dev vnet0 --count 100 --timeout 60
tell hybrid echo on
ip neigh flush dev vnet0
stream send --dev vnet0 --dst $peer --rate 10000 --count 100 --ends 0 >"$T/send.out"
ok 'echo: what comes out can be handed in again from inside mc_tx()' bg_wait recv
is 'echo: each once, in order' "$(out recv | jq -c '[.received, .lost, .duplicated, .reordered]')" '[100,0,0,0]'
tell hybrid echo off

# --- what is no frame ---

header="${mac_local//:/}${peer//:/}88b5"
bad_frame() { # TEXT MALFORMED COMMAND...
	local text=$1 before after

	before=$(jq -c . <<<"[$(json '.[0].drops.malformed' stats vnet0), $(resource_count hybrid ierrors)]")
	tell hybrid "${@:3}"
	after=$(jq -c . <<<"[$(json '.[0].drops.malformed' stats vnet0), $(resource_count hybrid ierrors)]")
	is "$text" "$(jq -nc "$after as \$a | $before as \$b | [\$a[0]-\$b[0], \$a[1]-\$b[1]]")" "[$2,$2]"
}
bad_frame 'a frame of 13 bytes is malformed' 1 raw "${header:0:26}"
bad_frame 'an empty one too' 1 raw :
bad_frame 'one of 14 bytes is none' 0 raw "$header"
bad_frame 'the longest one, with room for a tag' 0 raw "$header" 1518
bad_frame 'one byte more is malformed' 1 raw "$header" 1519
bad_frame 'so are 64 KiB' 1 raw "$header" 65536
ctl vnet set vnet0 mtu 9000
mtu_told() {
	status_like hybrid ' mtu 9000 '
}
ok 'the MTU is raised' wait_for 5 mtu_told
bad_frame 'then it is none' 0 raw "$header" 1519
ok 'it ends' provider_end hybrid
ok 'nothing is left' nothing_provided
finish
