#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vnet-shm: two vnets over shared memory; nothing is lost, large segments pass whole, and an end that dies
# leaves the traffic to the service until it is back.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"
PATH=$VNET_BUILD/examples:$PATH

end0() { # [WORD...]: of the channel, as a command of bg
	${lib_exec:-} vnet-shm --socket "$T/vnetd.sock" --vnet vnet0 --name shm --peer "$mac1" "$@" "$T/channel"
}

end1() {
	${lib_exec:-} vnet-shm --socket "$T/vnetd.sock" --vnet v1 --name shm --peer "$mac0" "$@" "$T/channel"
}

is_up() {
	state_is vnet0 shm up && state_is v1 shm up
}

over() { # VNET MAC RESOURCE: does a frame to the MAC take it?
	[ "$(json .resource path "$1" "$2")" = "$3" ]
}

reason() { # VNET
	json '.[0] | "\(.state): \(.reason)"' resource show "$1" shm
}

transfer() { # TEXT BYTES FROM TO ADDRESS
	bg_ready recv in_ns "$4" tcpstream recv --port 7000
	ok "$1: sent" in_ns "$3" tcpstream send --to "$5:7000" --bytes "$2"
	ok "$1: every byte is right" bg_wait recv 60
}

# What both ends have said last, "sent N frames, M bytes ..."; those before are of no interest.
mean_size() { # NAME sent|received
	sed -n "s/^$2 \([0-9]*\) frames, \([0-9]*\) bytes.*/\1 \2/p" "$T/$1.out" | {
		read -r frames bytes
		echo $((bytes / frames))
	}
}

# What only this channel has carried: numbered frames, one after another.
numbered() { # TEXT FROM DEVICE MAC TO DEVICE
	bg_ready numbers in_ns "$5" stream recv --dev "$6" --id 9 --timeout 60
	ok "$1: 100000 numbered frames" in_ns "$2" stream send --dev "$3" --dst "$4" --id 9 --count 100000 --rate 20000
	ok "$1: they have come" bg_wait numbers 60
	is "$1: none lost, doubled or overtaken" \
		"$(out numbers | jq -c '[.received, .lost, .duplicated, .reordered]')" '[100000,0,0,0]'
}

start_vnetd
world_make
world_vnets

# --- alone, and together ---

bg end0 end0
ok 'one end alone is down' wait_for 10 state_is vnet0 shm down
like 'and says so' "$(reason vnet0)" 'down: its provider reported'
ok 'traffic takes the service' over vnet0 $mac1 sv
bg end1 end1
ok 'both ends: up' wait_for 10 is_up
is 'traffic takes the channel' "$(json .resource path vnet0 $mac1) $(json .resource path v1 $mac0)" 'shm shm'
ok 'ping' ping -q -c 3 -i 0.01 -W 5 10.1.0.11
ok 'and from the other side' in_ns guest ping -q -c 3 -i 0.01 -W 5 10.1.0.1
transfer 'TCP' 200000000 - guest 10.1.0.11
transfer 'TCP back' 200000000 guest - 10.1.0.1
numbered 'one way' - vnet0 $mac1 guest v1
numbered 'the other way' guest v1 $mac0 - vnet0
cmp_num 'all of it through the channel' "$(json '.[0].resources[0].opackets' stats vnet0 shm)" -ge 200000
is 'no errors' "$(json '[.[].resources[] | select(.name == "shm") | .ierrors + .oerrors + .norcvbuf] | add' stats)" 0

# --- an end dies ---

bg_stop end1 KILL || [ $? -gt 128 ]
ok 'the second end is killed: the service takes over' wait_for 1 over vnet0 $mac1 sv
ok 'for the other vnet as well' wait_for 1 over v1 $mac0 sv
ok 'ping' ping -q -c 3 -i 0.01 -W 5 10.1.0.11
bg end1 end1
ok 'it is back: up' wait_for 10 is_up
ok 'ping' ping -q -c 3 -i 0.01 -W 5 10.1.0.11
bg_stop end0 KILL || [ $? -gt 128 ]
ok 'the first end is killed: the service takes over' wait_for 1 over v1 $mac0 sv
bg end0 end0
ok 'it is back: up, with the other one listening now' wait_for 10 is_up
transfer 'TCP' 50000000 - guest 10.1.0.11
ok 'SIGTERM ends one' bg_stop end1
ok 'and SIGINT the other' bg_stop end0 INT
cmp_num 'large segments have passed whole' "$(mean_size end0 sent)" -gt 4000
is 'nothing is left' "$(ctl -j resource show | jq -r '[.[].name] | sort | join(" ")') $(ls "$T/channel" 2>/dev/null)" 'sv sv '

# --- a small ring: one is full all the time ---

bg end0 end0 --size 131072
ok 'a small ring' wait_for 10 state_is vnet0 shm down
bg end1 end1
ok 'it is up' wait_for 10 is_up
transfer 'TCP' 100000000 - guest 10.1.0.11
transfer 'TCP back' 100000000 guest - 10.1.0.1
bg_stop end0
bg_stop end1

# --- what is wrong ---

fails 'no path' 2 'expected one PATH' vnet-shm --vnet vnet0 --peer "$mac1"
fails 'two paths' 2 'expected one PATH' end0 /x
fails 'a size' 2 'size 200000 is not a power of two' end0 --size 200000
fails 'another size' 2 'size 5 is not a number from 131072 to 1073741824' end0 --size 5
fails 'no peer' 2 'expected --peer' vnet-shm --socket "$T/vnetd.sock" --vnet vnet0 "$T/channel"
fails 'no folder' 1 "cannot use $T/none/channel: No such file" \
	vnet-shm --socket "$T/vnetd.sock" --vnet vnet0 --peer "$mac1" "$T/none/channel"
fails 'a path that is too long' 2 'is too long for a socket' \
	vnet-shm --socket "$T/vnetd.sock" --vnet vnet0 --peer "$mac1" "$T/$(printf '%0120d' 0)"
finish
