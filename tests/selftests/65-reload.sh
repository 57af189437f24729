#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A reload applies just what differs: what the change is not about keeps its devices, programs and counters
# and loses no frame; a reload with an error changes nothing; what was set at run time stays.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

etc=$T/etc
ns other
for pair in k l s c h; do
	veth ${pair}0 - ${pair}1 other
done

cat >"$etc/keep.vnet" <<X
[VNet]
Address=$(mac 1)
[Resource g]
Type=guest
Device=k0
Peer=$(mac 2)
[Resource sv]
Type=service
Device=s0
X
cat >"$etc/change.vnet" <<X
[VNet]
Address=$(mac 3)
[Resource g]
Type=guest
Device=c0
Peer=$(mac 4)
[Resource waits]
Type=guest
Device=late0
Peer=$(mac 5)
X
cat >"$etc/gone.vnet" <<X
[VNet]
[Resource hy]
Type=hybrid
Device=h0
X
start_vnetd
for row in 'keep g' 'keep sv' 'change g' 'gone hy'; do
	# shellcheck disable=SC2086 # words
	wait_for 10 state_is $row up
done
ctl vnet add runtime vlans 7

# What must stay the same of a vnet and its devices: indexes, attachments, and that counters go on.
identity() { # DEVICE...
	local device index pin

	for device in "$@"; do
		index=$(cat "/sys/class/net/$device/ifindex")
		echo "$device $index"
		for pin in "$T/bpf/vnet/default/links/"*"-$index"; do
			echo "${pin##*/} $(bpftool -j link show pinned "$pin" | jq -c '[.id, .prog_id]')"
		done
	done
}
of() { # VNET FILTER
	json ".[0] | $2" vnet show "$1"
}
vnets() { json '[.[].name] | sort | join(" ")' vnet show; }

bg_ready recv in_ns other stream recv --dev k1 --status "$T/recv"
bg send stream send --dev keep --dst "$(mac 2)" --rate 20000 --seconds 3600 --status "$T/send"
flows() { [ "$(jq .received "$T/recv" 2>/dev/null)" -gt "$1" ]; }
ok 'frames flow' wait_for 10 flows 1000
kept=$(identity keep keep-p k0 s0)
uptime_pid=$(json .pid status)
counted=$(json '.[0].resources[] | select(.name == "g").opackets' stats keep)

# --- nothing differs ---
before=$(snapshot)
all=$(identity keep keep-p k0 s0 change change-p c0 gone gone-p h0)
ok 'reload of nothing' ctl reload
is 'nothing differs: nothing changes' "$(snapshot)" "$before"
is 'nothing differs: nothing is attached anew' "$(identity keep keep-p k0 s0 change change-p c0 gone gone-p h0)" "$all"

# --- one vnet's settings, and one of its resources, through vnetctl ---
sed -i "s/^\[VNet\]/&\nMTU=1400\nPVID=9/; s/late0/later0/" "$etc/change.vnet"
cat >>"$etc/change.vnet" <<<$'[Resource sv]\nType=service\nDevice=l0'
attached=$(identity change change-p c0)
ok 'reload of one' ctl reload
is 'settings of the vnet are the new ones' "$(of change '"\(.mtu) \(.pvid)"')" '1400 9'
is 'in the kernel as well' "$(cat /sys/class/net/change/mtu)" 1400
is 'a resource with another device is another one' \
	"$(of change '.resources[] | select(.name == "waits") | "\(.device) \(.state)"')" 'later0 waiting'
ok 'a new one is added' wait_for 10 state_is change sv up
is 'what the change is not about is not attached anew' "$(identity change change-p c0)" "$attached"
is 'the other vnets are as they were' "$(identity keep keep-p k0 s0)" "$kept"

# --- a file that is gone, and a new one, by SIGHUP ---
rm "$etc/gone.vnet"
cat >"$etc/new.vnet" <<<$'[VNet]\nMTU=1300\n[Resource hy]\nType=hybrid\nDevice=h0'
# The device changes hands: the old one lets it go before the new one takes it.
kill -HUP "$vnetd_pid"
has_new() { [ "$(vnets)" = 'change keep new runtime' ]; }
ok 'SIGHUP: one vnet goes, one comes, the runtime one stays' wait_for 10 has_new
ok 'with the device of the one that went' wait_for 10 state_is new hy up
not_ok 'its upper is gone' test -e /sys/class/net/gone
is 'it is the same process' "$(json .pid status)" "$uptime_pid"

# --- an error: the whole reload is refused ---
sed -i 's/1300/1200/' "$etc/new.vnet"
echo 'MTU=x' >>"$etc/change.vnet"
line=$(wc -l <"$etc/change.vnet")
refused 'an error in one file' 2 "^vnetctl: $etc/change.vnet:$line: .*MTU.*$" ctl reload
is 'nor is the right one applied' "$(of new .mtu)" 1300
kill -HUP "$vnetd_pid"
said() { grep -q 'reload refused, what runs goes on: ' "$T/vnetd.log"; }
ok 'SIGHUP with an error: in the log' wait_for 10 said
is 'and nothing changed' "$(of new .mtu)" 1300
sed -i '$d' "$etc/change.vnet"
ok 'with the error gone' ctl reload
is 'it is applied' "$(of new .mtu)" 1200

# --- what was set at run time stays, as long as its section does ---
ctl vnet set keep mtu 1450
ctl resource set keep g admin down
ctl resource set keep g admin up vlans 20
sed -i 's/1200/1201/' "$etc/new.vnet"
ok 'an unrelated reload' ctl reload
is 'keeps what was set' "$(of keep '"\(.mtu) \(.resources[0].vlans)"')" '1450 20'
sed -i "s/^\[VNet\]/&\nMTU=1460/" "$etc/keep.vnet"
ok 'a reload of the section' ctl reload
is 'has the last word' "$(of keep .mtu)" 1460
is 'for that section alone' "$(of keep '.resources[0].vlans')" 20

# --- the stream, all the while; admin down made frames go the other way ---
is 'nothing of it was attached anew' "$(identity keep keep-p k0 s0)" "$kept"
cmp_num 'its counters went on' "$(json '.[0].resources[] | select(.name == "g").opackets' stats keep)" -gt "$counted"
bg_stop send
bg_wait recv 20 || echo "# the receiver ends with $?"
detour=$(json '.[0].resources[] | select(.name == "sv").opackets' stats keep)
is 'every frame was carried, by one or the other' "$(($(out recv | jq .received) + detour))" "$(out send | jq .sent)"
is 'none twice' "$(out recv | jq .duplicated)" 0

finish
