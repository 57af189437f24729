#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Flows are added, set and deleted a thousand times a second and more under numbered streams that they take:
# nothing is lost that no limit demanded, and nothing is left of them.
# vnet-test: alone
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly flows=250 rounds=40 rate=10000 mac0=02:00:00:00:00:01 mac_out=02:00:00:00:00:64

value() { # FILE FIELD: of a report
	[[ $(<"$T/$1") =~ \"$2\":([^,}]+) ]] && echo "${BASH_REMATCH[1]}"
}

past() { # STREAM NUMBER: has it arrived?
	[ "$(value "recv-$1" last)" -ge "$2" ]
}

# Those of every fourth have all frames, and each of them has another one's frames when that one goes.
match() { # NUMBER
	case $(($1 % 4)) in
	0) ;;
	1) echo "vlan 1" ;;
	2) echo "proto tcp rport $((1000 + $1))" ;;
	3) echo "local 10.1.0.$1/32 dsfield 0xb8:0xfc" ;;
	esac
}

adds() {
	local i

	for ((i = 0; i < flows; i++)); do
		echo "flow add vnet0 f$i rank $i $(match "$i")"
	done
}

# A better rank, other frames, a limit far away from what there is, and it goes.
sets() {
	local i

	for ((i = flows - 1; i >= 0; i--)); do
		echo "flow set vnet0 f$i rank $((1000 + i))"
	done
	for ((i = 0; i < flows; i++)); do
		echo "flow set vnet0 f$i maxbw 40gbit"
	done
}

dels() {
	local i

	for ((i = 0; i < flows; i++)); do
		echo "flow del vnet0 f$i"
	done
}

for file in adds sets dels; do
	$file >"$T/$file"
done
for ((i = 0; i < rounds; i++)); do
	cat "$T/adds" "$T/sets" "$T/dels"
done >"$T/churn"
changes=$(wc -l <"$T/churn")

ns outside
veth s0 - far outside
in_ns outside ip link set far address $mac_out
start_vnetd
ctl vnet add vnet0 address $mac0 announce-count 0
ip link set vnet0 up
ctl resource add vnet0 sv type service dev s0
ok 'the service is up' wait_for 10 state_is vnet0 sv up
bg_ready recv-out in_ns outside stream recv --dev far --id 1 --status "$T/recv-out"
bg_ready recv-back stream recv --dev vnet0 --id 2 --status "$T/recv-back"
bg send-out stream send --dev vnet0 --dst $mac_out --id 1 --rate $rate --seconds 3600 --status "$T/send-out"
bg send-back in_ns outside stream send --dev far --dst $mac0 --id 2 --rate $rate --seconds 3600 --status "$T/send-back"
for stream in out back; do
	ok "frames go $stream" wait_for 10 past $stream 0
done

# Once by parts, to see that the flows have the frames.
ok 'flows are made' ctl -b "$T/adds"
is 'all of them' "$(json length flow show vnet0)" $flows
before=$(value recv-out last)
ok 'frames pass' wait_for 10 past out $((before + rate))
cmp_num 'and are theirs' "$(json '[.[].opackets] | add' flow show vnet0)" -gt $((rate / 2))
cmp_num 'in both directions' "$(json '[.[].ipackets] | add' flow show vnet0)" -gt 0
ok 'they are changed' ctl -b "$T/sets"
ok 'and deleted' ctl -b "$T/dels"

begin_us=${EPOCHREALTIME/./}
ok "$changes changes" ctl -b "$T/churn"
took_us=$((${EPOCHREALTIME/./} - begin_us))
per_second=$((changes * 1000000 / took_us))
echo "# $changes changes in $((took_us / 1000)) ms: $per_second a second"
cmp_num "$per_second changes a second" $per_second -ge $((1000 / ${VNET_SLOW:-1}))
is 'no flow is left' "$(json length flow show)" 0
is 'nothing was dropped' "$(json '[.[0].drops[]] | add' stats vnet0)" 0

for stream in out back; do
	bg_stop send-$stream
	bg_wait recv-$stream 20
	is "no frame that went $stream is lost" "$(value recv-$stream lost)" 0
	is "none is doubled" "$(value recv-$stream duplicated)" 0
	is "it is measured well" "$(value recv-$stream receiver_overflow) $(value send-$stream send_errors)" '0 0'
	echo "# $(value send-$stream sent) frames"
done
finish
