#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fault 47: who may do what: everybody may ask what the interface is, the group vnet may look, root and the group
# vnet-admin may change; a group counts whether it is the first or a supplementary one.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

read_group=4711 admin_group=4712 other_group=4713 user=65534

# This world's own /etc/group; bind mounts end with it.
{
	grep -vE '^(vnet|vnet-admin):' /etc/group || [ $? -eq 1 ]
	echo "vnet:x:$read_group:"
	echo "vnet-admin:x:$admin_group:"
} >"$T/group"
mount --bind "$T/group" /etc/group

# Where everybody can reach them: /run is this world's own, too.
install "$VNET_BUILD/vnetctl" "$VNET_BUILD/tests/tools/varlink" /run/
ln -s /run/vnetd/vnetd.sock "$T/vnetd.sock"
start_vnetd --socket /run/vnetd/vnetd.sock
ctl vnet add vnet0 address "$(mac 1)"
ctl resource add vnet0 g1 type guest dev late0 peer "$(mac 2)"

as() { # UID GID GROUPS COMMAND...: GROUPS may be "" or a list
	local uid=$1 gid=$2 groups=$3

	shift 3
	if [ -n "$groups" ]; then
		setpriv --reuid="$uid" --regid="$gid" --groups="$groups" -- "$@"
	else
		setpriv --reuid="$uid" --regid="$gid" --clear-groups -- "$@"
	fi
}

call() { # METHOD [PARAMETERS]: of the interface, as who the words in "who" say
	local none={}

	as "${who[@]}" /run/varlink /run/vnetd/vnetd.sock \
		send "{\"method\":\"$1\",\"parameters\":${2:-$none}}" get
}

asks=('vnet show' 'vnet show vnet0' 'resource show' 'fdb show' "path vnet0 $(mac 2)" 'stats' 'status')
changes=('vnet add new0' 'vnet set vnet0 mtu 1400' 'vnet del vnet0'
	'resource add vnet0 g2 type guest dev late1 peer 02:00:00:00:00:03' 'resource set vnet0 g1 admin down'
	'resource del vnet0 g1' 'reload' 'save' 'flush')

denied() { # TEXT GROUP WORDS...
	local text=$1 group=$2 words

	shift 2
	for words in "$@"; do
		# shellcheck disable=SC2086 # words
		refused "$text: $words" 2 \
			"^vnetctl: uid ${who[0]} is not allowed to call io\.vnetd\.Control\.[A-Za-z]+: that needs root or group $group$" \
			as "${who[@]}" /run/vnetctl -s /run/vnetd/vnetd.sock $words
	done
}

allowed() { # TEXT WORDS...
	local text=$1 words

	shift
	for words in "$@"; do
		# shellcheck disable=SC2086 # words
		ok "$text: $words" as "${who[@]}" /run/vnetctl -s /run/vnetd/vnetd.sock $words
	done
}

# --- a stranger ---
who=("$user" "$other_group" '')
denied 'a stranger may not look' vnet "${asks[@]}" monitor
denied 'nor change' vnet-admin "${changes[@]}"
is 'the error is Permission, EACCES' \
	"$(call io.vnetd.Control.GetStatus | jq -c '[.error, .parameters.errno]')" '["io.vnetd.Control.Permission",13]'
is 'but may ask who answers' "$(call org.varlink.service.GetInfo | jq -r .parameters.product)" vnetd
is 'and what the interface is' "$(call org.varlink.service.GetInterfaceDescription \
	'{"interface":"io.vnetd.Control"}' | jq -r '.parameters.description | test("method AddVnet")')" true
is 'what does not exist is told alike' "$(call io.vnetd.Control.Nothing | jq -r .error)" \
	org.varlink.service.MethodNotFound
is 'who may not look does not learn what is wrong' "$(call io.vnetd.Control.ListVnets '{"name":"vnet9"}' | jq -r .error)" \
	io.vnetd.Control.Permission

# --- the two groups, first and supplementary ---
for who_text in "$user $read_group" "$user $other_group $other_group,$read_group"; do
	read -r -a who <<<"$who_text"
	who[2]=${who[2]:-}
	allowed "group vnet (${who[*]}) may look" "${asks[@]}"
	denied "group vnet (${who[*]}) may not change" vnet-admin "${changes[@]}"
done
for who_text in "$user $admin_group" "$user $other_group $other_group,$admin_group"; do
	read -r -a who <<<"$who_text"
	who[2]=${who[2]:-}
	allowed "group vnet-admin (${who[*]}) may look" "${asks[@]}"
	allowed "group vnet-admin (${who[*]}) may change" 'vnet add new0' 'vnet set new0 mtu 1400' \
		'resource add new0 g2 type guest dev late1 peer 02:00:00:00:00:03' 'resource set new0 g2 admin down' \
		'resource del new0 g2' 'vnet del new0' 'reload' 'save'
done
is 'it has happened' "$(grep -c '^Name=vnet0$' "$T/etc/vnet0.vnet")" 1
like 'who did it is in the log' "$(cat "$T/vnetd.log")" "AddVnet new0 done for uid $user, gid $admin_group, pid [0-9]+"

# --- many groups, and a group of another name ---
who=("$user" "$other_group" "$(seq -s , 5000 5200),$read_group")
allowed 'the last one of 200 groups counts' status
who=("$user" "$other_group" "$(seq -s , 5000 5200)")
denied '200 other groups do not' vnet status

# --- nobody but root without the groups ---
stop_vnetd
# In place: the bind mount is of this very file.
others=$(grep -v '^vnet' "$T/group")
echo "$others" >"$T/group"
start_vnetd --socket /run/vnetd/vnetd.sock
who=("$user" "$admin_group" "$read_group")
denied 'without the groups nobody else may look' vnet status
who=(0 0 '')
allowed 'root may' "${asks[@]}" 'vnet set vnet0 mtu 1400'

finish
