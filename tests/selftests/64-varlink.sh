#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The socket speaks Varlink to any client, and no client, however wrong, disturbs the others or changes
# anything by half a message.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

start_vnetd
ctl vnet add vnet0 address "$(mac 1)"

alone() { [ "$(grep -c " $T/vnetd.sock$" /proc/net/unix)" -eq 1 ]; } # no client is connected
fds() { find "/proc/$vnetd_pid/fd" -type l | wc -l; }
same_fds() { alone && [ "$(fds)" -eq "$fds_before" ]; }
wait_for 10 alone
fds_before=$(fds)

talk() { # STEP...
	varlink "$T/vnetd.sock" "$@"
}

request() { # METHOD [PARAMETERS [MORE]]
	printf '{"method":"%s","parameters":%s%s}' "$1" "${2-{\}}" "${3:-}"
}

# TEXT EXPECTED REQUEST: the error that is replied, with its parameters.
errs() {
	is "$1" "$(talk send "$3" get | jq -c '[.error, (.parameters | del(.message))]')" "$2"
}

before=$(snapshot)
control=io.vnetd.Control
service=org.varlink.service
add=$(request $control.AddVnet '{"name":"new0"}')

# --- what every Varlink client asks first ---
info=$(talk send "$(request $service.GetInfo)" get | jq -c .parameters)
is 'GetInfo: the interfaces' "$(jq -c .interfaces <<<"$info")" "[\"$service\",\"$control\"]"
is 'GetInfo: who it is' "$(jq -r '"\(.product) \(.version)"' <<<"$info")" "vnetd $(json .version status)"
is 'GetInfo: all its fields are texts' \
	"$(jq -c '[.vendor, .product, .version, .url | type] | unique' <<<"$info")" '["string"]'
description() { talk send "$(request $service.GetInterfaceDescription "{\"interface\":\"$1\"}")" get; }
is 'the description is the file' "$(description $control | jq -j .parameters.description)" \
	"$(cat "$lib_root/daemon/$control.varlink")"
like 'the standard interface is described as well' "$(description $service)" 'interface org.varlink.service'
methods=$(description $control | jq -r .parameters.description | sed -n 's/^method \([A-Za-z]*\).*/\1/p')
for method in $methods; do
	isnt "$method of the description is there" \
		"$(talk send "$(request $control."$method" '{"no-such":1}')" get | jq -r .error)" "$service.MethodNotFound"
done
errs 'an unknown interface is not described' "[\"$service.InterfaceNotFound\",{\"interface\":\"a.b\"}]" \
	"$(request $service.GetInterfaceDescription '{"interface":"a.b"}')"

# --- requests that are wrong ---
errs 'an unknown method' "[\"$service.MethodNotFound\",{\"method\":\"$control.Explode\"}]" "$(request $control.Explode)"
errs 'an unknown interface' "[\"$service.InterfaceNotFound\",{\"interface\":\"com.example\"}]" "$(request com.example.Do)"
errs 'a method without an interface' "[\"$service.InvalidParameter\",{\"parameter\":\"method\"}]" "$(request Do)"
errs 'no method' "[\"$service.InvalidParameter\",{\"parameter\":\"method\"}]" '{}'
errs 'an array' "[\"$service.InvalidParameter\",{\"parameter\":\"method\"}]" '[]'
errs 'parameters that are no object' "[\"$service.InvalidParameter\",{\"parameter\":\"parameters\"}]" "$(request $control.AddVnet '"new0"')"
errs 'oneway that is no boolean' "[\"$service.InvalidParameter\",{\"parameter\":\"oneway\"}]" "$(request $control.AddVnet '{"name":"new0"}' ',"oneway":1')"
errs 'an upgrade' "[\"$service.InvalidParameter\",{\"parameter\":\"upgrade\"}]" "$(request $control.AddVnet '{"name":"new0"}' ',"upgrade":true')"
errs 'an unknown parameter' "[\"$control.Invalid\",{\"errno\":22,\"field\":\"colour\"}]" "$(request $control.AddVnet '{"name":"new0","colour":"red"}')"
errs 'a missing parameter' "[\"$control.Invalid\",{\"errno\":22,\"field\":\"name\"}]" "$(request $control.AddVnet)"
errs 'a parameter of another type' "[\"$control.Invalid\",{\"errno\":22,\"field\":\"name\"}]" "$(request $control.AddVnet '{"name":7}')"
errs 'a setting of another type' "[\"$control.Invalid\",{\"errno\":22,\"object\":\"new0\",\"field\":\"mtu\"}]" \
	"$(request $control.AddVnet '{"name":"new0","settings":{"mtu":"1400"}}')"
errs 'a number that is none' "[\"$control.Invalid\",{\"errno\":22,\"object\":\"new0\",\"field\":\"mtu\"}]" \
	"$(request $control.AddVnet '{"name":"new0","settings":{"mtu":1400.5}}')"
errs 'a NUL within a name' "[\"$control.Invalid\",{\"errno\":22,\"field\":\"name\"}]" "$(request $control.AddVnet '{"name":"new0\u0000x"}')"
errs 'Monitor without more' "[\"$control.Invalid\",{\"errno\":22,\"field\":\"more\"}]" "$(request $control.Monitor)"
errs 'NotFound' "[\"$control.NotFound\",{\"errno\":2,\"object\":\"none\"}]" "$(request $control.DeleteVnet '{"name":"none"}')"
errs 'Exists' "[\"$control.Exists\",{\"errno\":17,\"object\":\"vnet0\",\"field\":\"name\"}]" "$(request $control.AddVnet '{"name":"vnet0"}')"

# --- bytes that are wrong: an answer, and the end ---
for bad in 'hello' '' '{' "$add}" "${add/AddVnet\"/AddVnet}" '{method:1}' $'{"method":"\xff"}' \
	"$(printf '[%.0s' {1..100})" 'nul' '{"method":"a.b.C",}'; do
	said=$(talk send "$bad" send "$add" closed)
	is "no JSON (${bad:0:20}): Invalid, EBADMSG, closed, what follows is not done" \
		"$(head -n 1 <<<"$said" | jq -c '[.error, .parameters.errno]') $(tail -n +2 <<<"$said")" \
		"[\"$control.Invalid\",74] closed"
done
like 'too long: an answer, and the end' "$(talk fill 70000 send "$add" closed)" \
	'"message":"a request is longer than 65536 bytes","errno":90.*closed$'
is 'just not too long is done' "$(talk raw "$(request $service.GetInfo)" fill 65000 send '' get | jq -r .parameters.product)" vnetd
is 'half a message, then the end: closed' "$(talk raw "$add" end closed)" closed
is 'a message and a half: the whole one is answered' \
	"$(talk send "$(request $service.GetInfo)" raw "$add" end closed | head -c 14)" '{"parameters":'
is 'a descriptor that is sent along is not taken' \
	"$(talk fd send "$(request $service.GetInfo | tail -c +2)" get | jq -r .parameters.product)" vnetd
ok 'no descriptor is left open' wait_for 10 same_fds
is 'nothing has changed' "$(snapshot)" "$before"

finish
