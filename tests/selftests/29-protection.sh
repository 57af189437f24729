#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Protection: an upper that is not trusted sends as itself, with its own addresses, and nothing else; live and by reason.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=frames.sh
. "$(dirname "$0")/frames.sh"

readonly vnet=02:00:00:00:00:01 host=02:00:00:00:00:88 unknown=02:00:00:00:00:99
readonly broadcast=ff:ff:ff:ff:ff:ff multicast=33:33:00:00:00:16
readonly own=020000000001 other=020000000088 # as bytes
readonly self=fe80000000000000000000fffe000001 stranger=fe80000000000000000000fffe000088 # link-local, by MAC

# --- frames, as what follows the addresses ---

ip4_bytes() { # A.B.C.D
	# shellcheck disable=SC2086 # words
	printf '%02x%02x%02x%02x' ${1//./ }
}

zeros() { # BYTES
	printf '%0*d' $(($1 * 2)) 0
}

ip4() { # SOURCE [PROTOCOL PAYLOAD [FRAGMENT]]
	local payload=${3:-} fragment=${4:-0000}

	printf '0800 4500%04x0000%s40%s0000%s0a000063%s' $((20 + ${#payload} / 2)) "$fragment" "${2:-fd}" \
		"$(ip4_bytes "$1")" "$payload"
}

udp() { # SOURCE-PORT DESTINATION-PORT [PAYLOAD]
	local payload=${3:-}

	printf '%04x%04x%04x0000%s' "$1" "$2" $((8 + ${#payload} / 2)) "$payload"
}

arp() { # SENDER-MAC SENDER-IP [OPERATION]
	printf '0806 000108000604%s%s%s%s0a000063' "${3:-0001}" "$1" "$(ip4_bytes "$2")" "$(zeros 6)"
}

ip6() { # SOURCE NEXT-HEADER PAYLOAD
	printf '86dd 60000000%04x%sff%s%s%s' $((${#3} / 2)) "$2" "$1" ff0200000000000000000001ff000001 "$3"
}

nd() { # SOURCE TYPE [TARGET [OPTIONS]]: neighbour discovery, or a router solicitation without target
	ip6 "$1" 3a "${2}00000000000000${3:-}${4:-}"
}

# A DHCP request of a client that gives this MAC, and options that end by themselves.
dhcp() { # MAC [OPTIONS [SOURCE-PORT DESTINATION-PORT [FRAGMENT]]]
	local bootp

	bootp="01010600$(zeros 24)$1$(zeros 10)$(zeros 192)63825363350101${2:-}ff"
	ip4 0.0.0.0 11 "$(udp "${3:-68}" "${4:-67}" "$bootp")" "${5:-}"
}

# DHCPv6 from a client with this DUID, or none.
dhcp6() { # [DUID [SOURCE-PORT DESTINATION-PORT]]
	local options=''

	[ -z "${1:-}" ] || options=$(printf '0001%04x%s' $((${#1} / 2)) "$1")
	ip6 $self 11 "$(udp "${2:-546}" "${3:-547}" "01abcdef$options")"
}

db8=20010db8000000000000000000000007 # in 2001:db8::/64
db9=20010db9000000000000000000000007
none6=$(zeros 16)

passes() { # TEXT TYPE-AND-PAYLOAD [...]: as unicast that nobody has registered
	carried "$1" hy 2 tx $unknown --type "$2" --count 2 "${@:3}"
}

spoofed() { # TEXT TYPE-AND-PAYLOAD [...]
	dropped "$1" spoofed 2 tx $unknown --type "$2" --count 2 "${@:3}"
}

protect() { # KEY VALUE...
	ctl vnet set vnet0 protection none allowed-ips none guard on
	ctl vnet set vnet0 "$@"
}

# --- mac-nospoof: its own MAC, in Ethernet, ARP and ND ---

mac_rows() { # PREFIX
	passes "$1: its own MAC" 88b5
	spoofed "$1: another's" 88b5 --from $host
	passes "$1: ARP with its own" "$(arp $own 10.0.0.7)"
	spoofed "$1: ARP with another's inside" "$(arp $other 10.0.0.7)"
	dropped "$1: the same as broadcast" spoofed 2 tx $broadcast --type "$(arp $other 10.0.0.7 0002)" --count 2
	passes "$1: a neighbour solicitation with its own" "$(nd $self 87 $db8 0101$own)"
	spoofed "$1: with another's" "$(nd $self 87 $db8 0101$other)"
	spoofed "$1: with another's behind a nonce" "$(nd $self 87 $db8 0e01${own}0101$other)"
	passes "$1: a neighbour advertisement with its own" "$(nd $self 88 $db8 0201$own)"
	spoofed "$1: with another's" "$(nd $self 88 $db8 0201$other)"
	spoofed "$1: a router solicitation with another's" "$(nd $self 85 '' 0101$other)"
}

frames_world guard off
passes 'without protection: ARP of another' "$(arp $other 10.0.0.8)" --from $host
ctl vnet set vnet0 protection mac-nospoof
mac_rows 'mac-nospoof'
passes 'any IP address' "$(ip4 10.9.9.9)"

# --- ip-nospoof: its own addresses ---

ip_rows() { # PREFIX
	passes "$1: an address of its own" "$(ip4 10.0.0.7)"
	passes "$1: one in a prefix" "$(ip4 10.1.255.255)"
	spoofed "$1: one beside it" "$(ip4 10.2.0.0)"
	spoofed "$1: another's" "$(ip4 10.0.0.8)"
	spoofed "$1: none" "$(ip4 0.0.0.0)"
	passes "$1: none in a DHCP request" "$(dhcp $other)"
	spoofed "$1: none in other UDP" "$(ip4 0.0.0.0 11 "$(udp 68 53)")"
	passes "$1: ARP" "$(arp $own 10.0.0.7)"
	spoofed "$1: ARP for another's" "$(arp $own 10.0.0.8)"
	spoofed "$1: an answer for another's" "$(arp $own 10.0.0.8 0002)"
	passes "$1: an ARP probe" "$(arp $own 0.0.0.0)"
	spoofed "$1: reverse ARP" "8035 0001080006040003${own}00000000${own}00000000"
	passes "$1: an IPv6 address in a prefix" "$(ip6 $db8 3b '')"
	spoofed "$1: another's" "$(ip6 $db9 3b '')"
	passes "$1: its link-local address" "$(ip6 $self 3b '')"
	spoofed "$1: another's" "$(ip6 $stranger 3b '')"
	passes "$1: a neighbour advertisement" "$(nd $self 88 $db8)"
	spoofed "$1: of another's address" "$(nd $self 88 $db9)"
	passes "$1: looking for another" "$(nd $self 87 $db9)"
	passes "$1: duplicate address detection" "$(nd "$none6" 87 $db8)"
	spoofed "$1: of another's address" "$(nd "$none6" 87 $db9)"
	passes "$1: a router solicitation without address" "$(nd "$none6" 85)"
	passes "$1: MLDv2 without address" "$(ip6 "$none6" 00 "3a000502000001008f000000000000000000")"
	spoofed "$1: other IPv6 without address" "$(ip6 "$none6" 11 "$(udp 1 2)")"
	passes "$1: other protocols" 88b5
}

protect protection ip-nospoof allowed-ips 10.0.0.7,10.1.0.0/16,2001:db8::/64
ip_rows ip-nospoof
passes 'ip-nospoof: a MAC of another in ARP, which is not asked for' "$(arp $other 10.0.0.7)"

six=3c00000000000000
passes 'six extension headers' "$(ip6 $db8 3c "$six$six$six$six${six}3b00000000000000")"
spoofed 'seven of them' "$(ip6 $db8 3c "$six$six$six$six$six${six}3b00000000000000")"
spoofed 'one that is cut short' "$(ip6 $db8 3c 3cff)"
passes 'an address with options behind it' "0800 4600001800000000 40fd0000 0a000007 0a000063 01010101"

# --- what is in a VLAN is looked at in the same way; two tags are no way around ---

ctl vnet set vnet0 vlans 5
passes 'in a VLAN' "$(ip4 10.0.0.7)" --tag '8100 0005'
spoofed 'in a VLAN, another address' "$(ip4 10.0.0.8)" --tag '8100 0005'
spoofed 'with a priority alone, another address' "$(ip4 10.0.0.8)" --tag '8100 a000'
dropped 'two tags' vlan 2 tx $unknown --type "$(ip4 10.0.0.8)" --tag '8100 0005 8100 0005' --count 2
dropped '802.1ad' vlan 2 tx $unknown --type "$(ip4 10.0.0.8)" --tag '88a8 0005' --count 2
ctl vnet set vnet0 vlans none

# --- changed live ---

ctl vnet set vnet0 allowed-ips 10.0.0.8,2001:db9::7
passes 'another list: its address' "$(ip4 10.0.0.8)"
passes 'another list: its IPv6 address' "$(ip6 $db9 3b '')"
spoofed 'what was in the one before' "$(ip4 10.0.0.7)"
spoofed 'and its IPv6 prefix' "$(ip6 $db8 3b '')"
refused 'ip-nospoof without an address' 2 'vnet0: allowed_ips is required' ctl vnet set vnet0 allowed-ips none
refused 'an address with bits behind the prefix' 2 'allowed_ips 10\.0\.0\.9/8' ctl vnet set vnet0 allowed-ips 10.0.0.9/8
passes 'a refused change has changed nothing' "$(ip4 10.0.0.8)"
spoofed 'nor let anything else pass' "$(ip4 10.0.0.9)"

# --- another vnet's addresses are not this one's ---

ctl vnet add vnet1 address "$(mac 17)" protection ip-nospoof allowed-ips 10.0.0.9 announce-count 0
spoofed "another vnet's address" "$(ip4 10.0.0.9)"
ctl vnet del vnet1

# --- dhcp-nospoof: a client, and the one that it is ---

protect protection dhcp-nospoof
passes 'dhcp-nospoof: its own request' "$(dhcp $own)"
passes 'dhcp-nospoof: with its MAC as the client identifier' "$(dhcp $own 3d0701$own)"
spoofed 'dhcp-nospoof: with the hardware address of another' "$(dhcp $other)"
spoofed 'dhcp-nospoof: with the client identifier of another' "$(dhcp $own 3d0701$other)"
spoofed 'dhcp-nospoof: with a client identifier of another kind' "$(dhcp $own 3d0700$own)"
spoofed 'dhcp-nospoof: as a server' "$(dhcp $own '' 67 68)"
spoofed 'dhcp-nospoof: a fragment' "$(dhcp $own '' 68 67 2000)"
passes 'dhcp-nospoof: DHCPv6 with its MAC' "$(dhcp6 00030001$own)"
passes 'dhcp-nospoof: DHCPv6 with its MAC and a time' "$(dhcp6 0001000112345678$own)"
passes 'dhcp-nospoof: DHCPv6 without an identifier' "$(dhcp6)"
spoofed 'dhcp-nospoof: DHCPv6 with the MAC of another' "$(dhcp6 00030001$other)"
spoofed 'dhcp-nospoof: DHCPv6 with an identifier of another kind' "$(dhcp6 "0004$(zeros 16)")"
spoofed 'dhcp-nospoof: as a DHCPv6 server' "$(dhcp6 '' 547 546)"
passes 'dhcp-nospoof: other UDP' "$(ip4 10.9.9.9 11 "$(udp 1000 53)")"
passes 'dhcp-nospoof: any address' "$(ip4 10.9.9.9)"

# --- restricted: IP and ARP ---

restricted() { # TEXT DESTINATION TYPE
	dropped "$1" restricted 2 tx "$2" --type "$3" --count 2
}

protect protection restricted
passes 'restricted: IPv4' "$(ip4 10.9.9.9)"
passes 'restricted: IPv6' "$(ip6 $db9 3b '')"
passes 'restricted: ARP' "$(arp $other 10.9.9.9)"
restricted 'restricted: another protocol' $unknown 88b5
restricted 'restricted: LLDP' 01:80:c2:00:00:0e 88cc
restricted 'restricted: a frame of 802.3' 01:80:c2:00:00:00 0026
spoofed "the guard's reason comes first" 88b5 --from $host
dropped 'two tags are a matter of VLANs' vlan 2 tx $unknown --tag '8100 0005 8100 0005' --count 2

# --- all of it; what comes in is not looked at; a capture changes nothing; nor does a restart ---

all_rows() { # PREFIX
	passes "$1: as itself" "$(ip4 10.0.0.7)"
	spoofed "$1: another MAC" "$(ip4 10.0.0.7)" --from $host
	spoofed "$1: another address" "$(ip4 10.0.0.8)"
	spoofed "$1: another's MAC in ARP" "$(arp $other 10.0.0.7)"
	spoofed "$1: a DHCP request of another" "$(dhcp $other)"
	restricted "$1: another protocol" $unknown 88b5
	dropped "$1: multicast of another" spoofed 2 tx $multicast --type "$(ip6 $stranger 3b '')" --count 2
	delivered "$1: received, any protocol" sv 2 rx sv $vnet --from $host --count 2
	delivered "$1: received, any address" hy 2 rx hy $vnet --from $host --type "$(ip4 10.0.0.8)" --count 2
}

protect protection mac-nospoof,ip-nospoof,dhcp-nospoof,restricted allowed-ips 10.0.0.7
all_rows 'all of it'
ip link set vnet0 promisc on
wait_for 5 shortcut_off
all_rows 'through the port'
ip link set vnet0 promisc off
wait_for 5 shortcut_on
kill_vnetd KILL
start_vnetd
all_rows 'after vnetd was killed'
is 'and it is still shown' "$(json '.[0] | "\(.protection) \(.allowed_ips)"' vnet show vnet0)" \
	'mac-nospoof,ip-nospoof,dhcp-nospoof,restricted 10.0.0.7'

# --- a real stack does not notice ---

listen_no_more up sv g1 hy
ctl resource del vnet0 hy
ip addr add 10.0.0.7/24 dev vnet0
ip addr add 10.0.0.8/24 dev vnet0
in_ns sv ip addr add 10.0.0.99/24 dev far
ok 'ping from its own address' wait_for 10 ping -c 1 -W 1 -I 10.0.0.7 10.0.0.99
not_ok 'not from another' ping -c 2 -i 0.2 -W 1 -I 10.0.0.8 10.0.0.99
bg_ready recv in_ns sv tcpstream recv --port 7000
ok 'TCP from its own address' tcpstream send --to 10.0.0.99:7000 --bytes 10000000
ok 'every byte is right' bg_wait recv
protect protection none
ok 'without protection from any' wait_for 10 ping -c 1 -W 1 -I 10.0.0.8 10.0.0.99

finish
