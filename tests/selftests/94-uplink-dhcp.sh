#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# DHCP through an uplink: vnets with MACs of their own, and two that share the NIC's and are told apart
# by client identifier alone, each get an address and keep what is theirs.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

for program in dnsmasq udhcpc; do
	command -v $program >/dev/null || skip_all "there is no $program; 'make deps' installs it"
done

# What the client is told becomes the interface's.
cat >"$T/lease" <<'SCRIPT'
#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip addr replace "$ip/24" dev "$interface"
SCRIPT
chmod +x "$T/lease"

address_of() { # NS DEVICE
	in_ns "$1" ip -j -4 addr show dev "$2" | jq -r '[.[0].addr_info[].local][0] // ""'
}

lease() { # NS DEVICE CLIENT-ID
	in_ns "$1" udhcpc -f -n -q -t 10 -T 1 -i "$2" -x "0x3d:$3" -s "$T/lease" >"$T/udhcpc-$2" 2>&1
}

ns outside a b c
start_vnetd
veth nic0 - lan outside
ip addr add 10.1.0.1/24 dev nic0
in_ns outside ip addr add 10.1.0.100/24 dev lan
bg dnsmasq in_ns outside dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --interface=lan \
	--bind-interfaces --dhcp-range=10.1.0.50,10.1.0.59,1h --dhcp-leasefile="$T/leases" --user=root --group= \
	--pid-file= --dhcp-authoritative --no-ping
ctl uplink add up0 dev nic0
ctl vnet add v1 netns a uplink up0 announce-count 0
ctl vnet add s1 netns b uplink up0 share on announce-count 0
ctl vnet add s2 netns c uplink up0 share on announce-count 0
in_ns a ip link set v1 up
in_ns b ip link set s1 up
in_ns c ip link set s2 up
is 'two of them have one MAC' "$(in_ns b cat /sys/class/net/s1/address 2>/dev/null || json '.[0].address' vnet show s1)" \
	"$(json '.[0].address' vnet show s2)"

ok 'a vnet with a MAC of its own gets an address' lease a v1 01aa01
ok 'one that shares it does' lease b s1 01aa02
ok 'and the other' lease c s2 01aa03
like 'they are from the range' "$(address_of a v1) $(address_of b s1) $(address_of c s2)" \
	'^10\.1\.0\.5[0-9] 10\.1\.0\.5[0-9] 10\.1\.0\.5[0-9]$'
is 'each has one of its own' \
	"$(printf '%s\n' "$(address_of a v1)" "$(address_of b s1)" "$(address_of c s2)" | sort -u | wc -l)" 3
for pair in 'a v1' 'b s1' 'c s2'; do
	read -r space device <<<"$pair"
	ok "$device reaches the outside" wait_for 10 in_ns "$space" ping -c 1 -W 1 10.1.0.100
	ok "and the outside reaches it" wait_for 10 in_ns outside ping -c 1 -W 1 "$(address_of "$space" "$device")"
done
ok 'one that shares reaches the other' wait_for 10 in_ns b ping -c 1 -W 1 "$(address_of c s2)"
ok 'the host has its own address as before' wait_for 10 in_ns outside ping -c 1 -W 1 10.1.0.1
finish
