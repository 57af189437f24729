#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Targets of flows between real stacks: TCP that the NIC's address would have led elsewhere is answered by
# the vnet that the flow names, and by the CPU that it names; live changes, what comes and goes, refusals.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly mac1=02:00:00:00:00:11 mac2=02:00:00:00:00:12

mapfile -t cpus < <(taskset -cp $$ | sed 's/.*: //; s/,/\n/g' | while IFS=- read -r a b; do seq "$a" "${b:-$a}"; done)
[ "${#cpus[@]}" -ge 2 ] || skip_all 'to hand frames to another CPU needs two of them'

flow() { # FIELD OWNER NAME
	json ".[0].$1" flow show "$2" "$3"
}

flow_is() { # FIELD OWNER NAME VALUE
	[ "$(flow "$1" "$2" "$3")" = "$4" ]
}

server() { # NS ADDRESS PORT NAME
	bg_ready "$4$3" in_ns "$1" servedby "$2" "$3" "$4"
}

# Who answers, and by which CPU: "NAME CPU". Frames are sent by CPU @2, and come in there.
ask() { # NS CPU ADDRESS PORT
	in_ns "$1" taskset -c "$2" timeout 5 bash -c "
		exec 3<>/dev/tcp/$3/$4 && echo question >&3 && read -r answer <&3 && echo \"\$answer\"" 2>/dev/null
}

answers() { # NAME NS ADDRESS PORT
	[[ $(ask "$2" "${cpus[0]}" "$3" "$4") = "$1 "* ]]
}

served_by() { # CPU NS SENDING-CPU ADDRESS PORT
	[[ $(ask "$2" "$3" "$4" "$5") = *" $1" ]]
}

xdp_of() { # DEVICE: the ways in which a program runs there
	ip -j -d link show dev "$1" | jq -r '.[0].xdp.mode // 0'
}

vnet() { # NAME NS ADDRESS [KEY VALUE]...
	ctl vnet add "$1" netns "$2" uplink up0 announce-count 0 "${@:4}"
	in_ns "$2" ip link set "$1" up
	in_ns "$2" ip addr add "$3" dev "$1"
}

web() {
	vnet web b 10.1.0.12/24 address $mac2
}

ns outside a b c
start_vnetd
veth nic0 - lan outside
ip addr add 10.1.0.1/24 dev nic0
in_ns outside ip addr add 10.1.0.100/24 dev lan
ctl uplink add up0 dev nic0
vnet v1 a 10.1.0.11/24 address $mac1
vnet shared c 10.1.0.21/24 share on addresses 10.1.0.21
web
# Nobody is to be told that these addresses are there, too.
in_ns b sh -c 'cd /proc/sys/net/ipv4/conf/all; echo 1 >arp_ignore; echo 2 >arp_announce'
in_ns b ip addr add 10.1.0.21/32 dev lo
in_ns b ip addr add 10.1.0.1/32 dev lo
server c 10.1.0.21 80 shared
server c 10.1.0.21 81 shared
server b 0.0.0.0 80 web
server b 0.0.0.0 8080 web
server - 10.1.0.1 8080 host
server a 10.1.0.11 90 v1
ok 'frames go by address' wait_for 10 answers shared outside 10.1.0.21 80

# --- to a vnet ---

ok 'a flow that leads to a vnet' ctl flow add up0 web dir in local 10.1.0.21 proto tcp lport 80 to vnet web
ok 'its frames are answered there' answers web outside 10.1.0.21 80
ok 'and the other ports where they were' answers shared outside 10.1.0.21 81
is 'so it is shown' "$(flow target up0 web)" 'vnet web'
is 'by software' "$(flow steered up0 web)" software
like 'to people as well' "$(ctl flow show up0 web)" 'goes to vnet web by software'
cmp_num 'they are counted' "$(flow ipackets up0 web)" -ge 3
ok 'one for an address of the host itself' ctl flow add up0 own dir in local 10.1.0.1 proto tcp lport 8080 to vnet web
ok 'is answered by the vnet' answers web outside 10.1.0.1 8080
ok 'without it by the host' ctl flow set up0 own to none
ok 'from the next frame on' answers host outside 10.1.0.1 8080
ok 'the target of a flow is changed live' ctl flow set up0 web to vnet v1
not_ok 'there nobody listens at that address' ask outside "${cpus[0]}" 10.1.0.21 80
ok 'and back' ctl flow set up0 web to vnet web
ok 'it is answered again' answers web outside 10.1.0.21 80

# --- refusals ---

before=$(snapshot)
refused 'a vnet that is not there' 2 'up0/x: to vnet nobody does not exist, expected a vnet on uplink up0' \
	ctl flow add up0 x dir in to vnet nobody
refused 'a vnet from a vnet' 2 'v1/x: to vnet web is for flows of an uplink, and v1 is a vnet' \
	ctl flow add v1 x dir in to vnet web
refused 'what is sent' 2 'up0/x: to vnet web cannot be given with dir both, expected dir in' \
	ctl flow add up0 x to vnet web
refused 'the other direction later' 2 'up0/web: to vnet web cannot be given with dir out' ctl flow set up0 web dir out
refused 'a CPU that is not there' 2 'up0/x: to cpu 65000 is not online, expected one of' \
	ctl flow add up0 x dir in to cpu 65000
refused 'half a target' 1 "'to' has only one value: expected to vnet VNET|cpu N|xsk|none" ctl flow add up0 x dir in to cpu
refused 'no target at all' 2 'up0/x: to nowhere is not none, "vnet NAME"' ctl flow add up0 x dir in to nowhere
ctl vnet add alone
refused 'a vnet that is elsewhere' 2 'up0/x: to vnet alone is not on uplink up0' ctl flow add up0 x dir in to vnet alone
ctl vnet del alone
is 'nothing has changed' "$(snapshot)" "$before"

# --- what it needs goes and comes ---

kill_vnetd KILL
ok 'without vnetd it leads there' answers web outside 10.1.0.21 80
start_vnetd
is 'the next one goes on' "$(flow target up0 web)" 'vnet web'
ok 'and so do the frames' answers web outside 10.1.0.21 80
ctl vnet del web
ok 'without the vnet frames go as before' answers shared outside 10.1.0.21 80
is 'it says so' "$(flow target up0 web) $(flow target_why up0 web)" 'none vnet web does not exist'
web
ok 'the vnet returns, and has them' wait_for 10 answers web outside 10.1.0.21 80
ctl flow del up0 web
ok 'without the flow they are the others'"'" answers shared outside 10.1.0.21 80

# --- to a CPU ---

one=${cpus[0]} other=${cpus[1]}
ok 'frames are handled where they come in' wait_for 10 served_by "$one" outside "$one" 10.1.0.11 90
is 'and no program is before TC' "$(xdp_of nic0)" 0
ok 'a flow of a vnet on an uplink, to a CPU' ctl flow add v1 spread dir in proto tcp lport 90 to cpu "$other"
ok 'is handled there' served_by "$other" outside "$one" 10.1.0.11 90
ok 'wherever it comes in' served_by "$other" outside "$other" 10.1.0.11 90
is 'the stack runs the program at a veth' "$(xdp_of nic0)" 2
is 'so it is shown' "$(flow target v1 spread) $(flow steered v1 spread) $(flow xdp v1 spread)" \
	"cpu $other software generic"
is 'why not by hardware, too' "$(flow steered_why v1 spread)" 'device nic0 has no n-tuple filters'
ok 'a live change' ctl flow set v1 spread to cpu "$one"
ok 'is met at once' served_by "$one" outside "$other" 10.1.0.11 90
ok 'a flow of the uplink' ctl flow add up0 all dir in proto tcp lport 81 to cpu "$other"
ok 'its frames go there too' served_by "$other" outside "$one" 10.1.0.21 81
online=/sys/devices/system/cpu/online
echo "$one" >"$T/online"
mount --bind "$T/online" $online
ok 'a CPU that goes offline is noticed' wait_for 5 flow_is target up0 all none
is 'and said' "$(flow target_why up0 all)" "CPU $other is not online"
ok 'its frames are handled where they come in' served_by "$one" outside "$one" 10.1.0.21 81
umount $online
ok 'and so is one that comes back' wait_for 5 flow_is target up0 all "cpu $other"
ok 'they go there again' served_by "$other" outside "$one" 10.1.0.21 81
kill_vnetd KILL
ok 'without vnetd they do' served_by "$other" outside "$one" 10.1.0.21 81
start_vnetd
ok 'with the next one as well' served_by "$one" outside "$other" 10.1.0.11 90
ip link set nic0 down
ip link set nic0 name nic9
ip link set nic9 up
ok 'the device has another name' wait_for 10 served_by "$one" outside "$other" 10.1.0.11 90
ip link del nic9
ok 'none at all' wait_for 10 flow_is xdp v1 spread none
veth nic9 - lan outside
ip addr add 10.1.0.1/24 dev nic9
in_ns outside ip addr add 10.1.0.100/24 dev lan
ok 'and is made anew' wait_for 10 served_by "$one" outside "$other" 10.1.0.11 90
ctl flow del v1 spread
is 'the program stays for the other flow' "$(xdp_of nic9)" 2
ctl flow del up0 all
is 'and goes with the last one' "$(xdp_of nic9)" 0

# --- beside a failover ---

ns lan2
veth s0 - vs0 lan2
veth h0 - vs1 lan2
bridge br0 lan2 vs0 vs1
in_ns lan2 ip addr add 10.2.0.100/24 dev br0
ctl vnet add vnet0 announce-count 0
ip link set vnet0 up
ip addr add 10.2.0.1/24 dev vnet0
ctl resource add vnet0 sv type service dev s0
ctl resource add vnet0 h type hybrid dev h0
wait_for 10 state_is vnet0 h up
server - 10.2.0.1 90 vnet0
ok 'a flow of a vnet with devices of its own' ctl flow add vnet0 spread dir in proto tcp to cpu "$other"
is 'the program is at all of them' "$(xdp_of s0) $(xdp_of h0)" '2 2'
ok 'frames are handled there' wait_for 10 served_by "$other" lan2 "$one" 10.2.0.1 90
in_ns lan2 ip link set vs1 down
ok 'the hybrid fails' wait_for 10 state_is vnet0 h down
ok 'and they are, over the service' wait_for 10 served_by "$other" lan2 "$one" 10.2.0.1 90
ctl resource del vnet0 h
is 'a device that is let go has no program' "$(xdp_of h0)" 0

# --- kept, and away ---

ok 'all of it is saved' ctl save
like 'in the file' "$(cat "$T/etc/vnet0.vnet")" "To=cpu $other"
stop_vnetd
start_vnetd
is 'and read' "$(flow to vnet0 spread) $(flow target vnet0 spread)" "cpu $other cpu $other"
ok 'a flush' ctl flush
is 'leaves no program' "$(xdp_of s0) $(xdp_of nic9)" '0 0'
is 'and no pin' "$(find "$T/bpf" -mindepth 1 -not -type d -not -name '*.debug' | wc -l)" 0
finish
