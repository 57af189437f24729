#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who may register a resource: root, group vnet-admin, and a vnet's owner for that vnet, with a tap. Everybody
# else is refused with EPERM, and nothing changes; a registration is its own provider's alone.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=provider.sh
. "$(dirname "$0")/provider.sh"

admin_group=4712 other_group=4713 user=65534 other_user=4711

{
	grep -vE '^(vnet|vnet-admin):' /etc/group || [ $? -eq 1 ]
	echo "vnet-admin:x:$admin_group:"
} >"$T/group"
mount --bind "$T/group" /etc/group
{
	cat /etc/passwd
	echo "keeper:x:$other_user:$other_group::/:/bin/false"
} >"$T/passwd"
mount --bind "$T/passwd" /etc/passwd

# Where everybody can reach them.
install -m 755 "$VNET_BUILD/tests/tools/provider" "$VNET_BUILD/tests/tools/varlink" /run/
mkdir -m 1777 /run/status
PATH=/run:$PATH
provider_socket=/run/vnetd/vnetd.sock
ln -s $provider_socket "$T/vnetd.sock"
start_vnetd --socket $provider_socket
ctl vnet add vnet0 address $mac_local announce-count 0
ctl vnet add vnet1 address "$(mac 9)" announce-count 0
ip link set vnet0 up
chmod 755 "$T"

# A provider as that user; its report goes where the user may write.
as() { # UID GID GROUPS COMMAND...
	provider_wrap=(setpriv "--reuid=$1" "--regid=$2")
	if [ -n "$3" ]; then
		provider_wrap+=("--groups=$3")
	else
		provider_wrap+=(--clear-groups)
	fi
	provider_wrap+=(--inh-caps=-all --bounding-set=-all --)
	shift 3
	"$@" --status "/run/status/$2.$RANDOM"
	provider_wrap=()
}

# vnetd says why; nothing that it shows is different.
denied() { # TEXT UID GID GROUPS REGEX ARGUMENT...
	local text=$1 who=("$2" "$3" "$4") regex=$5 before status=0

	shift 5
	before=$(snapshot)
	as "${who[@]}" provider who "$@"
	bg_wait who || status=$?
	like "$text: refused" "$status $(out who)" "^1 refused EPERM: $regex"
	is "$text: nothing changed" "$(snapshot)" "$before"
}

allowed() { # TEXT UID GID GROUPS ARGUMENT...
	local text=$1 who=("$2" "$3" "$4")

	shift 4
	as "${who[@]}" provider who "$@"
	hears "$text: allowed, and started" who started
	is "$text: whose it is" "$(json '[.[] | select(.provider)][0].provider.uid' resource show)" "${who[0]}"
	ok "$text: frames come in" tell who send 10 60
	is "$text: and are counted" "$(json '[.[].resources[] | select(.ipackets > 0)][0].ipackets' stats)" 10
	ok "$text: it ends" provider_end who
	ok "$text: nothing is left" nothing_provided
}

only='vnet0: user [0-9]+ may not register resources of it, only root, group vnet-admin and its owner may'
allowed 'root' 0 0 '' --type hybrid
denied 'a stranger' $user $other_group '' "$only" --type service
denied 'a stranger who names a device' $user $other_group '' "$only" --type service --device lo
denied 'a stranger and a guest' $user $other_group 5000,5001 "$only" --type guest --peer "$(mac 2)"
allowed 'group vnet-admin, first' $user $admin_group '' --type service
allowed 'group vnet-admin, supplementary' $user $other_group "$other_group,$admin_group" --type hybrid

# --- the owner ---

ok 'a vnet gets an owner by its number' ctl vnet set vnet0 owner $user
is 'which is shown' "$(json '.[0].owner' vnet show vnet0)" $user
allowed 'its owner' $user $other_group '' --type service
allowed 'its owner, a guest' $user $other_group '' --type guest --peer "$(mac 2)"
ip link add dev0 type veth peer name dev1
denied 'its owner who names a device' $user $other_group '' \
	'vnet0: user 65534 may not register device dev0, only root and group vnet-admin may name devices' \
	--type service --device dev0
mac_local=$(mac 9) denied 'its owner, another vnet' $user $other_group '' "${only/vnet0/vnet1}" --type service
denied 'somebody else' $other_user $other_group '' "$only" --type service
ok 'and another one by name' ctl vnet set vnet0 owner keeper
is 'which is shown as well' "$(json '.[0].owner' vnet show vnet0)" keeper
allowed 'the new owner' $other_user $other_group '' --type hybrid
denied 'the old one' $user $other_group '' "$only" --type hybrid
ok 'and none' ctl vnet set vnet0 owner none
denied 'who was it' $other_user $other_group '' "$only" --type hybrid
refused 'an owner has to be a user' 2 '^vnetctl: vnet0: owner ' ctl vnet set vnet0 owner 'no/user'

# --- one that is registered keeps what it has ---

ctl vnet set vnet0 owner $user
as $user $other_group '' provider kept --type hybrid --name kept
hears 'the owner registers' kept started
ctl vnet set vnet0 owner none
ok 'it stays when the vnet has another owner' state_is vnet0 kept up

# --- what is another one's ---

call() { # METHOD PARAMETERS
	setpriv --reuid=$other_user --regid=$other_group --clear-groups /run/varlink $provider_socket \
		send "{\"method\":\"io.vnetd.Control.$1\",\"parameters\":$2}" get
}
is 'a stranger cannot report for it' "$(call Report '{"state":"failed"}' | jq -r .error)" io.vnetd.Control.Invalid
is 'nor withdraw it' "$(call Withdraw '{}' | jq -r .error)" io.vnetd.Control.Invalid
is 'nor count for it' "$(call Count '{"ierrors":1,"oerrors":1,"norcvbuf":1,"noxmtbuf":1,"malformed":1}' | jq -r .error)" \
	io.vnetd.Control.Invalid
is 'nor clear it' "$(call ClearResource '{"vnet":"vnet0","name":"kept"}' | jq -r .error)" io.vnetd.Control.Permission
ok 'it is up' state_is vnet0 kept up
not_ok 'its token is not shown' grep -qE 'token' <<<"$(ctl -j vnet show)"
is 'nor can it be read' "$(find "$T/state" -type f -perm /077)" ''
ok 'it ends' provider_end kept
ok 'nothing is left' nothing_provided
finish
