#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A start with configuration files: what changed in them meanwhile is applied, a bad one keeps nobody else
# from being served, and what was set at run time is as it was.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

etc=$T/etc
ns other
for pair in s h g; do
	veth ${pair}0 - ${pair}1 other
done

conf() { # NAME LINE...: writes its file
	local name=$1

	shift
	printf '%s\n' "$@" >"$etc/$name.vnet"
}

of() { # VNET FILTER
	json ".[0] | $2" vnet show "$1"
}
vnets() { json '[.[].name] | sort | join(" ")' vnet show; }
restart() {
	if [ "$1" = stop ]; then
		stop_vnetd
	else
		kill_vnetd KILL
	fi
	: >"$T/vnetd.log"
	start_vnetd
}

conf one '[VNet]' "Address=$(mac 1)" '[Resource sv]' Type=service Device=s0
conf two '[VNet]' MTU=1400 '[Resource hy]' Type=hybrid Device=h0
conf bad '[VNet]' MTU=1 '[Resource g]' Type=guest Device=g0
start_vnetd
is 'a bad file at the first start: the others are served' "$(vnets)" 'one two'
ok 'with their resources' wait_for 10 state_is one sv up
like 'and the log says what is wrong' "$(cat "$T/vnetd.log")" \
	"$etc/bad.vnet:2: MTU=1 in section \[VNet\] is not a number from 68 to 65521"

conf bad '[VNet]' MTU=1350
ok 'it is repaired and reloaded' ctl reload
is 'and is there' "$(vnets)" 'bad one two'
is 'with its settings' "$(of bad .mtu)" 1350

# --- what was set at run time survives ---
ctl vnet set one mtu 1450 guard off
ctl resource set one sv vlans 20-29
ctl resource add one g type guest dev g0 peer "$(mac 2)"
ctl resource set two hy admin down
address=$(of two .address)
wait_for 10 state_is one g up
before=$(snapshot)
for how in stop kill; do
	restart $how
	is "$how and start: everything is as it was" "$(snapshot)" "$before"
	is "$how and start: what is from where" \
		"$(of one '[.origin, .resources[].origin] | join(" ")')" 'config config runtime'
done
ok 'an unrelated reload' ctl reload
is 'changes nothing of it' "$(snapshot)" "$before"

# --- what was deleted stays away until a reload, whatever was made in its place ---
ctl vnet del bad
ctl resource del one sv
before=$(snapshot)
for how in kill stop; do
	restart $how
	is "$how and start: what was deleted stays away" "$(snapshot)" "$before"
done
ctl vnet add bad mtu 1234
ctl resource add one sv type service dev late0
before=$(snapshot)
restart kill
is 'what was made in its place stays' "$(snapshot)" "$before"
ok 'a reload' ctl reload
is 'brings back what the files say' \
	"$(of bad .mtu) $(of one '.resources[] | select(.name == "sv") | "\(.device) \(.origin)"')" '1350 s0 config'
ctl vnet del bad
ctl flush
restart kill
is 'after a flush all is back' "$(vnets)" 'bad one two'
ctl vnet set one mtu 1450 guard off
ctl resource set one sv vlans 20-29
ctl resource add one g type guest dev g0 peer "$(mac 2)"
ctl resource set two hy admin down
address=$(of two .address)
wait_for 10 state_is one g up

# --- files that change while vnetd is away ---
stop_vnetd
conf one '[VNet]' "Address=$(mac 1)" MTU=1460 '[Resource sv]' Type=service Device=s0
rm "$etc/bad.vnet"
conf late '[VNet]'
start_vnetd
is 'a file that went takes its vnet along, a new one brings one' "$(vnets)" 'late one two'
not_ok 'in the kernel as well' test -e /sys/class/net/bad
is 'a section that changed is applied' "$(of one '"\(.mtu) \(.guard)"')" '1460 true'
is 'one that did not is not' "$(of one '.resources[] | select(.name == "sv").vlans')" 20-29
is 'what was added stays' "$(of one '.resources[] | select(.name == "g").state')" up
is 'a random address is kept' "$(of two .address)" "$address"
is 'and so is what was set down' "$(of two '.resources[0] | "\(.admin) \(.state)"')" 'down down'

# --- a file that is spoilt while vnetd is away ---
running=$(json '.[] | select(.name == "one")' vnet show)
stop_vnetd
conf one '[VNet]' 'MTU=none'
conf two '[VNet]' MTU=1300
start_vnetd
is 'what runs of it goes on' "$(json '.[] | select(.name == "one")' vnet show)" "$running"
is 'the others are applied' "$(of two .mtu)" 1300
is 'and their resources that are in no file any more are gone' "$(of two '.resources | length')" 0
like 'and the log says what is wrong' "$(cat "$T/vnetd.log")" "$etc/one.vnet:2: MTU=none .*"

finish
