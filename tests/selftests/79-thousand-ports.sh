#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One guest broadcasts as fast as it can to a switch of 1,000 ports: the storm limit of its vnet leaves the others at
# least 95 % of what they send (fault 44).
# vnet-test: alone
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly ports=1000 rate=5000 seconds=1 rounds=5 limit=100
readonly mac0=02:00:00:00:00:01 mac1=02:00:00:00:00:11 host=02:00:00:00:00:64 broadcast=ff:ff:ff:ff:ff:ff

# The switch: a bridge with 1,000 ports, each with somebody behind it who takes what comes.
ns lan guest sinks
ip link add s0 type veth peer name s0 netns lan
ip link add s1 type veth peer name s1 netns lan
ip link set s0 up
ip link set s1 up
veth out lan far sinks "" $host
for ((i = 0; i < ports; i++)); do
	echo "link add p$i up type veth peer name q$i netns sinks"
done >"$T/links"
in_ns lan ip -batch "$T/links"
for ((i = 0; i < ports; i++)); do
	echo "link set q$i up"
done >"$T/links"
in_ns sinks ip -batch "$T/links"
bridge br0 lan s0 s1 out
in_ns lan ip link set s0 up
in_ns lan ip link set s1 up
for ((i = 0; i < ports; i++)); do
	echo "link set p$i master br0"
done >"$T/links"
in_ns lan ip -batch "$T/links"
is 'the switch has 1,000 ports and more' "$(in_ns lan ip -o link show master br0 | wc -l)" $((ports + 3))

start_vnetd
ctl vnet add vnet0 address $mac0
ctl vnet add v1 address $mac1 netns guest
ctl resource add vnet0 sv type service dev s0
ctl resource add v1 sv type service dev s1
wait_for 10 state_is vnet0 sv up
wait_for 10 state_is v1 sv up
# The switch knows where the host is.
in_ns sinks frame send --dev far --hex "$broadcast $host 88b5" --pad 60

ended() {
	[ "$(jq .ended "$T/recv")" = true ]
}

# How much of what vnet0 sends to the host arrives there, in percent.
round() { # TEXT
	bg_ready recv in_ns sinks stream recv --dev far --id 1 --status "$T/recv"
	stream send --dev vnet0 --dst $host --id 1 --rate $rate --seconds $seconds --status "$T/send" >"$T/share.out"
	wait_for 10 ended || echo '# the end of the stream has not arrived'
	bg_stop recv # it would wait for quiet, and the others do not fall quiet
	jq -s '.[0].received * 100 / (.[1].seconds * '$rate') | floor' "$T/recv" "$T/send" >>"$T/percents"
	echo "# $1: of $rate frames a second $(jq -sc '[.[0].received, .[0].lost, .[1].sent]' "$T/recv" "$T/send")"
}

# Sets `percent` to the middle one of some rounds: a machine that stands still for a moment is not meant.
share() { # TEXT
	: >"$T/percents"
	for _ in $(seq $rounds); do
		round "$1"
	done
	percent=$(sort -n "$T/percents" | sed -n "$((rounds / 2 + 1))p")
}

passed() {
	json '.[0].resources[0].opackets' stats v1
}

share 'nobody broadcasts'
cmp_num 'nobody broadcasts: what is sent arrives' "$percent" -ge 95

# fault 44
ctl vnet set v1 storm-limit $limit
bg noise in_ns guest stream send --dev v1 --dst $broadcast --id 9 --rate 1000000 --seconds 600 --status "$T/noise"
wait_for 10 test -s "$T/noise"
before=$(passed) begun=${EPOCHREALTIME/./}
share 'a guest broadcasts, limited'
through=$(($(passed) - before)) spent_ms=$(((${EPOCHREALTIME/./} - begun) / 1000))
cmp_num 'a guest broadcasts: the others keep 95 %' "$percent" -ge 95
cmp_num "no more than the limit of $limit a second gets through" $through -le $((limit * spent_ms / 1000 + limit / 10 + 2))
cmp_num 'and it does' $through -gt 0
cmp_num 'what is more is dropped and counted' "$(json '.[0].drops.storm' stats v1)" -gt 1000
bg_stop noise
is 'it was a storm' "$(jq '.sent / .seconds > 10000' "$T/noise")" true

finish
