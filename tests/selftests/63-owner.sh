#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fault 47: the owner of a vnet may look at it and choose among its ways, and nothing that reaches further: every
# other setting, device, vnet and method is refused with EACCES, and nothing changes.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

user=65534 other_user=65533 group=4713

# Where everybody can reach them: /run is this world's own.
install "$VNET_BUILD/vnetctl" "$VNET_BUILD/tests/tools/varlink" /run/
ln -s /run/vnetd/vnetd.sock "$T/vnetd.sock"
start_vnetd --socket /run/vnetd/vnetd.sock
for i in 1 2 3; do
	ctl vnet add "own$i" address "$(mac "$i")" owner $user
done
ctl vnet set own3 owner $other_user
veth s0 - s1 -
ctl resource add own1 sv type service dev s0
ctl resource add own1 g1 type guest dev late0 peer "$(mac 9)"
ctl resource add own1 hy type hybrid dev late1

who=$user
as() { # WORDS...: vnetctl as that user, who is in no group
	setpriv --reuid="$who" --regid="$group" --clear-groups -- /run/vnetctl -s /run/vnetd/vnetd.sock "$@"
}

own() { # WORDS...
	ok "the owner may: $*" as "$@"
}

# What vnetd says is about the setting, or about the method.
not_own() { # WHAT WORDS...
	local what=$1

	shift
	refused "the owner may not: $*" 2 "^vnetctl: own[0-9]: uid $who owns it and may not $what: that needs root or group vnet-admin$" \
		as "$@"
}

denied() { # WORDS...
	refused "uid $who may not: $*" 2 \
		"^vnetctl: uid $who is not allowed to call io\.vnetd\.Control\.[A-Za-z]+: that needs root or group vnet(-admin)?$" \
		as "$@"
}

# --- looking ---
own vnet show own1
own resource show own1
own resource show own1 sv
own fdb show own1
own path own1 "$(mac 9)"
own stats own1
for words in 'vnet show' 'vnet show own3' 'vnet show nobody' 'resource show' 'resource show own3' 'fdb show' \
	'fdb show own3' "path own3 $(mac 9)" 'stats' 'stats own3' status monitor; do
	# shellcheck disable=SC2086 # words
	denied $words
done

# --- choosing ---
own vnet set own1 hold-down 200
own vnet set own1 hybrid-needs-service on
is 'it has happened' "$(json '.[0] | "\(.hold_down) \(.hybrid_needs_service)"' vnet show own1)" '200 true'
own resource set own1 sv admin down
is 'it has happened' "$(json '.[0].state' resource show own1 sv)" down
own resource set own1 hy priority 7
like 'and is in the log' "$(cat "$T/vnetd.log")" "SetResource own1/hy done for uid $user, gid $group, pid [0-9]+"

# --- every other setting ---
# Each vnet's setting that the API has is tried, so that a new one is thought of here.
declare -A value=([address]=02:00:00:00:00:77 [mtu]=1400 [upper]=s1 [netns]=none [mode]=tc [guard]=off [pvid]=5 [vlans]=2-9
	[promiscuous]=on [monitor-interval]=50 [announce-count]=1 [announce-interval]=50 [announce-addresses]=192.0.2.1
	[protection]=mac-nospoof [allowed-ips]=192.0.2.1 [storm-limit]=100 [owner]=none [prefix]=02:aa:bb [share]=on
	[addresses]=192.0.2.1 [learn]=off)
declare -A setting=([prefix]=address_prefix) # where it has another name in the API
while read -r key _; do
	case $key in
	hold-down | hybrid-needs-service) continue ;;
	uplink) continue ;; # is no setting but a resource
	esac
	not_own "set ${setting[$key]:-${key//-/_}}" vnet set own1 "$key" "${value[$key]:-1}"
done < <(sed -n '/keys_vnet\[\]/,/^};/s/^\t{ "\([a-z-]*\)", .*/\1/p' "$lib_root/cli/keys.c")
for words in 'peer 02:00:00:00:00:88' 'pvid 3' 'vlans 5' 'storm-limit 100'; do
	key=${words%% *}
	# shellcheck disable=SC2086 # words
	not_own "set ${key//-/_}" resource set own1 g1 $words
done
not_own 'set mtu' vnet set own1 hold-down 100 mtu 1400

# --- devices and ways to others ---
not_own 'set device' resource add own1 g2 type guest dev s1 peer "$(mac 8)"
not_own 'delete a resource that has a device' resource del own1 sv
not_own 'add a resource but one whose peer_vnet is another vnet of theirs' resource add own1 p3 type guest peer-vnet own3
not_own 'add a resource but one whose peer_vnet is another vnet of theirs' resource add own1 p9 type guest peer-vnet nobody
own resource add own1 p2 type guest peer-vnet own2
own resource add own2 p1 type guest peer-vnet own1
ok 'two vnets of one owner are direct peers' wait_for 5 state_is own1 p2 up
own resource del own1 p2
own resource del own2 p1

# --- everything else ---
for words in 'vnet add new0' 'vnet del own1' 'vnet set own3 hold-down 5' 'resource set own3 sv admin down' \
	'resource del own3 sv' 'resource add own3 p1 type guest peer-vnet own1' 'vnet set nobody hold-down 5' 'uplink add new0 dev s1' \
	'flow add own1 web proto tcp' reload save flush; do
	# shellcheck disable=SC2086 # words
	denied $words
done
is 'the error is Permission, EACCES' "$(setpriv --reuid=$who --regid=$group --clear-groups -- /run/varlink \
	/run/vnetd/vnetd.sock send '{"method":"io.vnetd.Control.SetVnet","parameters":{"name":"own1","settings":{"mtu":1400}}}' get |
	jq -c '[.error, .parameters.errno, .parameters.object, .parameters.field]')" \
	'["io.vnetd.Control.Permission",13,"own1","mtu"]'

# --- nobody else's ---
ctl vnet set own1 owner none
denied vnet show own1
denied vnet set own1 hold-down 5
finish
