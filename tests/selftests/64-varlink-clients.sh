#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Clients that are slow, many, or gone: requests are answered in their order, each at most once, and the
# administrator is served whatever the others do.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# Where everybody can reach it.
ln -s /run/vnetd.sock "$T/vnetd.sock"
install "$VNET_BUILD/tests/tools/varlink" /run/varlink
start_vnetd --socket /run/vnetd.sock
ctl vnet add vnet0 address "$(mac 1)"
control=io.vnetd.Control

request() { # METHOD [PARAMETERS [MORE]]
	local none={}

	printf '{"method":"%s","parameters":%s%s}' "$control.$1" "${2:-$none}" "${3:-}"
}

set_mtu() { # MTU [MORE]
	request SetVnet "{\"name\":\"vnet0\",\"settings\":{\"mtu\":$1}}" "${2:-}"
}

vnets() { json '[.[].name] | join(" ")' vnet show; }
mtu() { json '.[0].mtu' vnet show vnet0; }

# --- pipelined: all at once, answered one after the other ---
steps=()
for ((i = 0; i < 50; i++)); do
	steps+=(send "$(request AddVnet "{\"name\":\"n$i\",\"settings\":{\"mode\":\"$([ $((i % 2)) = 0 ] && echo tc || echo no)\"}}")")
done
for ((i = 0; i < 50; i++)); do
	steps+=(get)
done
varlink "$T/vnetd.sock" "${steps[@]}" >"$T/replies"
is 'pipelined: as many replies as requests' "$(wc -l <"$T/replies")" 50
is 'pipelined: in their order' "$(jq -r '.error // "done"' "$T/replies" | uniq | wc -l)" 50
is 'pipelined: the right ones are done' "$(json length vnet show)" 26
is 'pipelined: the refused ones say which they are' \
	"$(jq -r 'select(.error).parameters.object' "$T/replies" | paste -sd ' ')" "$(printf 'n%d\n' {1..49..2} | paste -sd ' ')"
# --- oneway: done, and no reply ---
steps=()
for ((i = 0; i < 50; i += 2)); do
	steps+=(send "$(request DeleteVnet "{\"name\":\"n$i\"}" ',"oneway":true')")
done
varlink "$T/vnetd.sock" "${steps[@]}"
only_vnet0() { [ "$(vnets)" = vnet0 ]; }
ok 'what was sent before a client left is done' wait_for 10 only_vnet0

said=$(varlink "$T/vnetd.sock" send "$(set_mtu 1400 ',"oneway":true')" send "$(set_mtu 7 ',"oneway":true')" \
	send "$(request GetStatus)" get | jq -r '.parameters.vnets')
is 'oneway: the first reply is that of the next request' "$said" 1
is 'oneway: it is done, and what is refused is not' "$(mtu)" 1400

# --- more ---
bg events varlink "$T/vnetd.sock" send "$(request Monitor '' ',"more":true')" get get closed
got() { [ "$(wc -l <"$T/events.out")" -ge "$1" ]; }
ok 'more: the first reply' wait_for 10 got 1
is 'more: has no event and goes on' "$(head -n 1 "$T/events.out")" '{"parameters":{},"continues":true}'
ctl vnet add new0
ok 'more: an event' wait_for 10 got 2
is 'more: which one' "$(sed -n 2p "$T/events.out" | jq -r '"\(.parameters.event.event) \(.parameters.event.vnet) \(.continues)"')" \
	'vnet-added new0 true'
bg_stop events || [ $? -eq 1 ]
ctl vnet del new0
is 'more for a question: one reply, the last' \
	"$(varlink "$T/vnetd.sock" send "$(request GetStatus '' ',"more":true')" get | jq -c '[.continues, .parameters.vnets]')" '[null,1]'

# --- slow ---
begin=${EPOCHREALTIME/./}
bg slow varlink "$T/vnetd.sock" slow 1000 "$(set_mtu 1300)" closed
bg stalled varlink "$T/vnetd.sock" raw "$(set_mtu 1300)" closed

# --- many, while those two are slow ---
bg_ready idle varlink "$T/vnetd.sock" more 200 hold
is '200 clients of root are all served' "$(out idle)" 200
ok 'the administrator as well' ctl -t 2 vnet set vnet0 mtu 1401
bg_ready many varlink "$T/vnetd.sock" more 1000 hold
# The two slow ones and the first connections of the two others take room as well.
cmp_num 'more than there is room for: as many as fit' "$(out many)" -le $((1024 - 2 - 201 - 1))
cmp_num 'and not fewer' "$(out many)" -ge 800
bg_stop many
ok 'when they have left, anybody' wait_for 5 ctl -t 1 status
bg_ready user setpriv --reuid=65534 --regid=65534 --clear-groups /run/varlink /run/vnetd.sock more 200 hold
is 'one user does not get more than 64' "$(out user)" 63
ok 'and does not keep the administrator out' ctl -t 2 vnet set vnet0 mtu 1402
bg_stop user
bg_stop idle

bg_wait slow 15
cmp_num 'a byte a second: refused after 5 s' $((${EPOCHREALTIME/./} - begin)) -ge 5000000
bg_wait stalled 15
for name in slow stalled; do
	like "$name: an answer, and the end" "$(out $name)" \
		'"message":"a request was not complete within 5 seconds","errno":110.*closed$'
done
is 'nothing of them was done' "$(mtu)" 1402

finish
