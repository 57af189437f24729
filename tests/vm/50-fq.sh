#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Limits where the kernel can make frames wait: how exact they are, whose queue is on a device and when, and
# that it is given back, also after vnetd was killed.
# shellcheck source=../selftests/lib.sh
. "$(dirname "$0")/../selftests/lib.sh"

modprobe -q sch_fq || skip_all 'this kernel has no fq'

readonly port=20000 payload=1472 seconds=5
declare -A address=([here]=10.1.0.1 [there]=10.1.0.100) ns=([here]=- [there]=outside)
declare -A bits=([1mbit]=1000000 [20mbit]=20000000 [100mbit]=100000000)

queue() { # DEVICE: "fq", ...; of a virtual device without one nothing
	tc -j qdisc show dev "$1" | jq -r '[.[] | select(.root and .kind != "noqueue") | .kind] | join(" ")'
}

queue_is() { # DEVICE QUEUE
	[ "$(queue "$1")" = "$2" ]
}

pacing() {
	json '.[0] | "\(.pacing)\(.pacing_reason)"' "$@"
}

pacing_is() { # PACING WORD...
	[ "$(pacing "${@:2}")" = "$1" ]
}

# Goodput over the limit, in percent.
percent() { # RATE BYTES SECONDS
	awk -v bits="${bits[$1]}" -v bytes="$2" -v s="$3" 'BEGIN { printf "%d\n", bytes * 8 / s / bits * 100 + 0.5 }'
}

tcp() { # RATE FROM TO
	bg_ready rx in_ns "${ns[$3]}" tcpstream recv --no-check --port "$port"
	in_ns "${ns[$2]}" tcpstream send --to "${address[$3]}:$port" --ms $((seconds * 1000)) >"$T/tx.json"
	bg_wait rx 60
	percent "$1" "$(jq .bytes "$T/rx.out")" "$(jq .seconds "$T/rx.out")"
}

udp() { # RATE FROM TO
	local rate=$((bits[$1] * 5 / (32 * (payload + 28))))

	bg_ready rx in_ns "${ns[$3]}" stream recv --port "$port"
	in_ns "${ns[$2]}" stream send --to "${address[$3]}:$port" --rate "$rate" --seconds "$seconds" \
		--size $((payload + 42)) --ends 1 >"$T/tx.json"
	bg_stop rx
	percent "$1" "$(jq ".received * $payload" "$T/rx.out")" "$seconds"
}

exact() { # RATE PROTOCOL DIRECTION FROM TO
	local value

	value=$("$2" "$1" "$4" "$5")
	cmp_num "$2 $3 under $1: at least 95 %" "$value" -ge 95
	cmp_num "$2 $3 under $1: at most 105 %" "$value" -le 105
}

limited() { # how many frames
	json '.[0].drops.limited' stats vnet0
}

ns outside
start_vnetd
veth s0 - far outside
in_ns outside ip addr add "${address[there]}/24" dev far
ctl vnet add vnet0 announce-count 0
ip link set vnet0 up
ip addr add "${address[here]}/24" dev vnet0
ctl resource add vnet0 s type service dev s0
ok 'outside answers' wait_for 20 ping -c 1 -W 2 "${address[there]}"

# --- whose queue, and when ---

is 'without a limit there is no queue' "$(queue s0)$(queue vnet0-p)" ''
is 'and show says so' "$(pacing resource show vnet0 s)" none
ctl resource set vnet0 s maxbw-out 1mbit
is 'a limit on what is sent: fq at the device' "$(queue s0) $(queue vnet0-p)" 'fq '
is 'and show says so' "$(pacing resource show vnet0 s)" fq
ctl vnet set vnet0 maxbw-in 1mbit
is 'a limit on what comes: fq at the port' "$(queue vnet0-p)" fq
is 'and show says so' "$(pacing vnet show vnet0)" fq
tc qdisc del dev s0 root
ok 'taken away by somebody, it comes back' wait_for 5 queue_is s0 fq
tc qdisc del dev vnet0-p root
ok 'at the port as well' wait_for 5 queue_is vnet0-p fq
tc qdisc replace dev s0 root handle 7: pfifo
ok 'another queue stays' wait_for 5 pacing_is 'token bucketdevice s0 has a queue that somebody gave it' resource show vnet0 s
is 'in its place' "$(queue s0)" pfifo
tc qdisc del dev s0 root
ok 'and when that goes ours is there again' wait_for 5 pacing_is fq resource show vnet0 s
is 'in its place' "$(queue s0)" fq

ctl resource set vnet0 s maxbw-out none
is 'lifted: it is gone' "$(queue s0)" ''
ctl vnet set vnet0 maxbw-in none
is 'from the port as well' "$(queue vnet0-p)" ''

tc qdisc add dev s0 root handle 7: pfifo
ctl resource set vnet0 s maxbw-out 1mbit
is "an administrator's queue stays" "$(queue s0)" pfifo
is 'and show says so' "$(pacing resource show vnet0 s)" 'token bucketdevice s0 has a queue that somebody gave it'
ctl resource set vnet0 s maxbw-out none
is 'afterwards as well' "$(queue s0)" pfifo
tc qdisc del dev s0 root

# --- how exact ---

ctl vnet set vnet0 maxbw 1mbit
for rate in 1mbit "${VNET_VM_RATE:-20mbit}"; do
	ctl vnet set vnet0 maxbw "$rate"
	for protocol in tcp udp; do
		exact "$rate" "$protocol" out here there
		exact "$rate" "$protocol" in there here
	done
done
cmp_num 'what was too much was counted' "$(limited)" -gt 0
# Twenty frames at once are 240 ms of the limit: without a queue they would be too much.
ctl vnet set vnet0 maxbw 1mbit
before=$(limited)
ok 'what is sent in one go waits' ping -q -c 20 -i 0.002 -s 1472 -W 5 "${address[there]}"
is 'and is not dropped' "$(limited)" "$before"

# --- killed, stopped, flushed ---

kill_vnetd KILL
is 'killed: the queues stay' "$(queue s0) $(queue vnet0-p)" 'fq fq'
ok 'and frames pass' ping -q -c 1 -W 5 "${address[there]}"
start_vnetd
is 'the next vnetd goes on with them' "$(pacing resource show vnet0 s) $(pacing vnet show vnet0)" 'fq fq'
ctl vnet set vnet0 maxbw none
is 'and takes them away' "$(queue s0)$(queue vnet0-p)" ''
ctl vnet set vnet0 maxbw 1mbit
ctl resource del vnet0 s
is 'a device is given back without it' "$(queue s0)" ''
ctl resource add vnet0 s type service dev s0
is 'and gets it again' "$(queue s0)" fq
kill_vnetd KILL
rm -f "$T/state"/*
start_vnetd
ctl flush
is 'flush takes it away' "$(queue s0)" ''
stop_vnetd
finish
