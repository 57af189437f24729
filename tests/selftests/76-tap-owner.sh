#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A tap whose owner dies or does not read, and a device with a slow queue: that one resource fails or drops what it
# cannot take, counted; the others lose nothing, and it returns by itself.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly guest=02:00:00:00:00:02 machine=02:00:00:00:00:07 slow=02:00:00:00:00:08 rate=2000

# The machine behind tap0, on the CPU of the senders, so that frames stay in line.
machine_start() {
	bg_ready machine taskset -c "$frames_cpu" tap tap0 wire eth0 /run/netns/vm
	in_ns vm ip link set eth0 address $machine up
	ip link set tap0 up
}


others_begin() {
	bg_ready recv in_ns g1 stream recv --dev far --id 1 --promisc --status "$T/recv"
	bg send stream send --dev vnet0 --dst $guest --id 1 --rate $rate --seconds 3600 --status "$T/send"
	wait_for 10 test -s "$T/recv"
}

others_end() { # TEXT
	bg_stop send
	bg_wait recv 20
	is "$1: another guest's stream loses and doubles nothing" "$(jq -c '[.lost, .duplicated, .receiver_overflow]' "$T/recv")" '[0,0,0]'
	cmp_num "$1: it was a stream" "$(jq .received "$T/recv")" -gt 100
}

noxmtbuf() {
	json '.[0].resources[0].noxmtbuf' stats vnet0 "$1"
}

ns vm
frames_world
listen_no_more g1
machine_start
ctl resource add vnet0 m1 type guest dev tap0 peer $machine
ok 'a guest on a tap is up' wait_for 5 state_is vnet0 m1 up
is 'it is reached' "$(json '"\(.reason) \(.resource)"' path vnet0 $machine)" 'guest m1'

# --- fault 38: the owner dies ---

others_begin
bg_stop machine KILL 2>/dev/null || [ $? -gt 128 ]
ok 'its owner dies: it waits' wait_for 5 state_is vnet0 m1 waiting
others_end 'its owner dies'
carried 'its owner dies: it is reached over the service' sv 3 tx $machine --count 3
machine_start
ok 'an owner again: it is up' wait_for 5 state_is vnet0 m1 up
is 'an owner again: it is reached' "$(json '"\(.reason) \(.resource)"' path vnet0 $machine)" 'guest m1'

# --- fault 39: nobody reads the tap ---

opackets() {
	json '.[0].resources[0].opackets' stats vnet0 "$1"
}
others_begin
kill -STOP "$(bg_pid machine)"
before_sent=$(opackets m1) before=$(noxmtbuf m1)
ok 'a tap is not read: 2,000 frames are sent to it' stream send --dev vnet0 --dst $machine --id 2 --rate 20000 --count 2000 --ends 0 \
	--status "$T/send-tap"
poured=$(($(opackets m1) - before_sent)) full=$(cat /sys/class/net/tap0/tx_queue_len)
dropped_all() {
	[ $(($(noxmtbuf m1) - before)) -ge $((poured - full)) ]
}
is 'a tap is not read: each counts as sent' "$poured" 2000
ok 'a tap is not read: what its queue does not hold is dropped and counted' wait_for 5 dropped_all
cmp_num 'a tap is not read: and no more than that' $(($(noxmtbuf m1) - before)) -le 2000
others_end 'a tap is not read'
kill -CONT "$(bg_pid machine)"
reads_again() {
	local had

	had=$(cat /sys/class/net/tap0/statistics/tx_packets)
	frame send --dev vnet0 --hex "$machine $(mac 1) 88b5" --pad 60
	[ "$(cat /sys/class/net/tap0/statistics/tx_packets)" -gt "$had" ]
}
ok 'it is read again: it takes frames again' wait_for 5 reads_again
is 'it has been up all the time' "$(json '.[0].state' resource show vnet0 m1)" up

# --- fault 39: a queue that is slow ---

ns slow
veth slow - far slow
ctl resource add vnet0 s1 type guest dev slow peer $slow
wait_for 5 state_is vnet0 s1 up
tc qdisc add dev slow root tbf rate 100kbit burst 2k limit 10k || skip_all 'this kernel has no tbf'
queue_drops() {
	tc -j -s qdisc show dev slow | jq '.[0].drops'
}
others_begin
ok 'a slow queue: 2,000 frames are sent to it' stream send --dev vnet0 --dst $slow --id 3 --rate 10000 --count 2000 --ends 0 \
	--status "$T/send-slow"
others_end 'a slow queue'
cmp_num 'a slow queue: what it does not hold is dropped and counted there' "$(queue_drops)" -gt 1000
is 'a slow queue: the resource is up' "$(json '.[0].state' resource show vnet0 s1)" up
tc qdisc del dev slow root
listen slow slow far - slow
happens 'the queue is gone: frames pass' 'slow=3 out/s1=3' tx $slow --count 3

finish
