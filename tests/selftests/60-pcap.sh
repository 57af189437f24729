#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vnet-pcap: what it plays arrives as the file has it, what the vnet sends is recorded as it was sent, and
# every wrong word and file gets a sentence.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
PATH=$VNET_BUILD/examples:$PATH

readonly peer=02:00:00:00:00:02

# --- pcap files ---

bytes() { # HEX: as bytes
	local i text=''

	for ((i = 0; i < ${#1}; i += 2)); do
		text+=\\x${1:i:2}
	done
	printf '%b' "$text"
}

le32() { # NUMBER: little-endian, in hexadecimal
	printf '%02x%02x%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255))
}

# The frame with that number: 60 bytes from the peer to the vnet.
frame_of() { # NUMBER [DESTINATION [SOURCE]]
	local to=${2:-$(mac 1)} from=${3:-$peer}

	printf '%s%s88b5%08x%084d\n' "${to//:/}" "${from//:/}" "$1" 0
}

# Numbered frames, so many microseconds apart.
file_of() { # FILE COUNT GAP [LINKTYPE]
	local i us hex

	hex=d4c3b2a1020004000000000000000000$(le32 65535)$(le32 "${4:-1}")
	for ((i = 0; i < $2; i++)); do
		us=$((i * $3))
		hex+=$(le32 $((1700000000 + us / 1000000)))$(le32 $((us % 1000000)))$(le32 60)$(le32 60)$(frame_of $i)
	done
	bytes "$hex" >"$1"
}

# The frames of 60 bytes that were recorded, one a line.
frames_in() { # FILE
	od -An -v -tx1 -w76 -j24 "$1" | tr -d ' ' | cut -c33-
}

# --- the world: a vnet with nothing but what is registered here ---

pcap() { # WORD...: also for bg
	${lib_exec:-} vnet-pcap --socket "$T/vnetd.sock" --vnet vnet0 "$@"
}

arrived() { # COUNT: so many lines, or more
	[ "$(out listener | wc -l)" -ge "$1" ]
}

listener() { # RUN as if from here: what has arrived until now is forgotten
	bg_stop listener || [ $? -eq 1 ]
	bg_ready listener frame capture --dev vnet0 --until ffffffffffffff --timeout 3600
}

gone() { # NAME
	[ "$(json '[.[] | select(.name == "'"$1"'")] | length' resource show vnet0)" = 0 ]
}

for i in {0..499}; do
	frame_of "$i"
done >"$T/expected"
file_of "$T/fast.pcap" 500 1000000
file_of "$T/slow.pcap" 11 20000
start_vnetd
ctl vnet add vnet0 address "$(mac 1)" announce-count 0
ip link set vnet0 up
bg_ready listener frame capture --dev vnet0 --until ffffffffffffff --timeout 3600

# --- playing ---

ok 'a file is played' pcap --fast play "$T/fast.pcap"
like 'it says how much' "$(cat "$T/ok.log")" 'played 500 frames, 30000 bytes in .* frames/s'
wait_for 10 arrived 500
is 'every frame has arrived, in its order' "$(out listener | cmp - "$T/expected" && echo same)" same
ok 'the resource is gone with it' gone p0

listener
ok 'with the times of the file' pcap play "$T/slow.pcap"
seconds=$(sed -n 's/.* in \([0-9]*\)\.\([0-9]*\) s:.*/\1\2/p' "$T/ok.log")
cmp_num 'it takes as long as the file says' "$((10#$seconds))" -ge 200
ok 'twice as fast' pcap --speed 2 play "$T/slow.pcap"
seconds=$(sed -n 's/.* in \([0-9]*\)\.\([0-9]*\) s:.*/\1\2/p' "$T/ok.log")
cmp_num 'it takes half the time' "$((10#$seconds))" -ge 100
ok 'three times' pcap --fast --loop 3 play "$T/slow.pcap"
like 'it says how much' "$(cat "$T/ok.log")" 'played 33 frames'
wait_for 10 arrived 55
is 'all of it has arrived' "$(out listener | cut -c29-36 | paste -sd ' ')" \
	"$(for i in 1 2 3 4 5; do printf '%08x\n' {0..10}; done | paste -sd ' ')"

listener
file_of "$T/cut.pcap" 3 0
truncate -s -1 "$T/cut.pcap"
fails 'a file that ends in a frame' 1 'cut.pcap: truncated dump file' pcap --fast play "$T/cut.pcap"
bytes "d4c3b2a1020004000000000000000000$(le32 60)$(le32 1)$(le32 0)$(le32 0)$(le32 60)$(le32 90)$(frame_of 7)" \
	>"$T/short.pcap"
ok 'a frame that the file does not have whole' pcap --fast play "$T/short.pcap"
like 'is left out' "$(cat "$T/ok.log")" 'played 0 frames.*left out 1 '

# --- as a guest and as a hybrid ---

listener
ok 'as a guest' pcap --type guest --peer $peer --fast play "$T/slow.pcap"
wait_for 10 arrived 11
ok 'as another guest, whose frames are the file'"'"'s' pcap --type guest --peer "$(mac 3)" --fast play "$T/slow.pcap"
ok 'which are made its own' pcap --type guest --peer "$(mac 3)" --rewrite --fast play "$T/slow.pcap"
wait_for 10 arrived 22
is 'then they pass the guard, else not' "$(out listener | cut -c13-24 | uniq -c | sed 's/^ *//' | paste -sd ' ')" \
	'11 020000000002 11 020000000003'
ok 'as a hybrid' pcap --type hybrid --name vf --fast play "$T/slow.pcap"
wait_for 10 arrived 33
is 'all has arrived' "$(out listener | wc -l)" 33

# --- recording ---

send() { # DESTINATION NUMBER...
	local to=$1 i

	shift
	for i in "$@"; do
		frame send --dev vnet0 --hex "$(frame_of "$i" "$to" "$(mac 1)")"
	done
}

bg recorder pcap --name rec record "$T/rec.pcap" --count 50
ok 'a recorder is a service' wait_for 10 state_is vnet0 rec up
send $peer {0..49}
ok 'it ends by itself' bg_wait recorder
is 'it says how much' "$(out recorder | sed 's/ in .*//')" 'recorded 50 frames, 3000 bytes'
is 'what was sent, in its order' "$(frames_in "$T/rec.pcap")" "$(for i in {0..49}; do frame_of "$i" $peer "$(mac 1)"; done)"

listener
bg both pcap --name both --type guest --peer $peer --rewrite --fast play "$T/slow.pcap" record "$T/both.pcap"
ok 'at once: it plays' wait_for 10 arrived 11
send $peer 1 2 3
size_of() { # FILE SIZE
	[ "$(stat -c %s "$1")" -eq "$2" ]
}
ok 'and records' wait_for 10 size_of "$T/both.pcap" $((24 + 3 * 76))
ok 'SIGTERM ends it with 0' bg_stop both
is 'the totals of both' "$(out both | cut -d ' ' -f 1,2 | paste -sd ' ')" 'played 11 recorded 3'
is 'the frames of the peer and no others' "$(frames_in "$T/both.pcap" | cut -c29-36 | paste -sd ' ')" '00000001 00000002 00000003'

bg snap pcap --name snap --snaplen 20 --count 2 record "$T/snap.pcap"
wait_for 10 state_is vnet0 snap up
send $peer 1 2
bg_wait snap
is 'only so much of each frame' "$(stat -c %s "$T/snap.pcap")" $((24 + 2 * 36))

if command -v tcpdump >/dev/null; then
	ip addr add 192.0.2.1/24 dev vnet0
	neighbour - vnet0 192.0.2.2 $peer
	bg sums pcap --name sums --count 1 record "$T/sums.pcap"
	wait_for 10 state_is vnet0 sums up
	echo hello >/dev/udp/192.0.2.2/9
	bg_wait sums
	like 'checksums are right' "$(tcpdump -nvv -r "$T/sums.pcap" 2>/dev/null)" 'udp sum ok'
else
	skip 'checksums are right' 'there is no tcpdump'
fi

# --- its end ---

bg killed pcap --name killed record "$T/killed.pcap"
wait_for 10 state_is vnet0 killed up
bg_stop killed KILL || [ $? -gt 128 ]
ok 'killed: the resource goes with it' wait_for 5 gone killed
bg removed pcap --name removed record "$T/removed.pcap"
wait_for 10 state_is vnet0 removed up
ctl resource del vnet0 removed
status=0
bg_wait removed || status=$?
is 'removed by vnetctl: it ends with 1' "$status" 1
like 'and says why' "$(cat "$T/removed.err")" 'vnet0/removed was removed'

# --- what is wrong ---

file_of "$T/raw.pcap" 1 0 101
fails 'frames that are not Ethernet' 1 'raw.pcap: its frames are of link type Raw IP, expected Ethernet' \
	pcap play "$T/raw.pcap"
echo text >"$T/text"
fails 'no pcap file' 1 "cannot play $T/text: unknown file format" pcap play "$T/text"
fails 'no file' 1 'No such file' pcap play "$T/none"
fails 'no folder' 1 "$T/none/x" pcap record "$T/none/x"
fails 'nothing to do' 2 'expected play FILE, record FILE or both' pcap
fails 'a word too many' 2 'expected play FILE, record FILE or both' pcap play "$T/slow.pcap" stop
fails 'no vnet' 2 'expected either --vnet or --vnet-address' vnet-pcap play "$T/slow.pcap"
fails 'a wrong speed' 2 'speed fast is not a number from 0.000001 to 1000000' pcap --speed fast play x
fails 'a wrong type' 2 'type wire is not a type: expected service, guest or hybrid' pcap --type wire play x
fails 'a wrong MAC' 2 'peer 1:2 is not a MAC such as' pcap --peer 1:2 play x
fails 'an option that there is not' 2 'bogus is not an option' pcap --bogus
fails 'an option without its value' 2 'loop has no value' pcap --loop
fails 'a guest without its peer' 2 'expected --peer' pcap --type guest play "$T/slow.pcap"
fails 'another vnet' 1 'vnet9' vnet-pcap --socket "$T/vnetd.sock" --vnet vnet9 play "$T/slow.pcap"
fails 'an address that no vnet has' 1 '02:00:00:00:00:63' \
	vnet-pcap --socket "$T/vnetd.sock" --vnet-address "$(mac 99)" play "$T/slow.pcap"
fails 'no vnetd' 1 'cannot speak with vnetd at .*/none: No such file' vnet-pcap --socket "$T/none" --vnet vnet0 play "$T/slow.pcap"
bg first pcap --name first record "$T/first.pcap"
wait_for 10 state_is vnet0 first up
refused 'a second service' 1 'service' pcap --name second record "$T/second.pcap"
ok 'the first one ends well' bg_stop first INT
ok '--help' pcap --help
ok '--version' pcap --version
finish
