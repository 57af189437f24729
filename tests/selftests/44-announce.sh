#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fault 46: at each switch of its path the vnet announces itself where its frames leave now, within a
# millisecond, so that the network outside sends there what is for it.
VNET_IPV6=yes
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly mac0=02:00:00:00:00:01 bound_us=$((1000 * ${VNET_SLOW:-1}))

# One line for each frame of the vnet that has reached a bridge: "SECONDS KIND". Listening there goes on
# when a port loses its carrier.
heard() { # BRIDGE
	awk -v mac="$mac0" '
		$2 != mac { next }
		/vlan [0-9]+/ { match($0, /vlan [0-9]+/); vlan = " " substr($0, RSTART, RLENGTH) }
		!/vlan [0-9]+/ { vlan = "" }
		/Reverse ARP|Reverse Request|reverse/ || /RARP/ { print $1, "rarp" vlan; next }
		/Request who-has/ { match($0, /who-has [^ ,]+/)
			print $1, "arp " substr($0, RSTART + 8, RLENGTH - 8) vlan; next }
		/neighbor advertisement/ { match($0, /tgt is [^ ,]+/)
			print $1, "na " substr($0, RSTART + 7, RLENGTH - 7) vlan }' "$T/dump-$1.out"
}

kinds() { # BRIDGE
	heard "$1" | cut -d' ' -f2- | sort | uniq -c | awk '{ $1 = $1; print }'
}

heard_times() { # BRIDGE COUNT KIND
	[ "$(heard "$1" | cut -d' ' -f2- | grep -cxF "$3")" -ge "$2" ]
}

# From its start on; what was heard before is forgotten.
dump() { # NS BRIDGE
	[ -z "${dumping[$2]:-}" ] || bg_stop "dump-$2"
	dumping[$2]=yes
	bg "dump-$2" in_ns "$1" tcpdump -i "$2" -Q in -tt -l -n -e --immediate-mode \
		'arp or rarp or icmp6 or vlan'
	wait_for 10 grep -q 'listening on' "$T/dump-$2.err"
}
declare -A dumping=()

# The port of the LAN behind which the LAN believes the MAC to be.
learnt() {
	in_ns lan bridge fdb show br lan | awk -v mac="$mac0" '$1 == mac && !/permanent/ { print $3 }'
}

learnt_at() {
	[ "$(learnt)" = "$1" ]
}

over() { # "REASON RESOURCE"
	path_is vnet0 02:00:00:00:00:64 "$1"
}

# Microseconds from the last switch to the resource, to the first frame behind it.
delay_us() { # RESOURCE BRIDGE
	local switched

	switched=$(jq -r --arg to "$1" 'select(.event == "path-switched" and .resource == $to)
		| "\(.time[:19] + "Z" | fromdate)\(.time[19:26])"' "$T/events.out" | tail -n 1)
	heard "$2" | awk -v at="$switched" 'NR == 1 { printf "%d", ($1 - at) * 1000000 }'
}

ns lan elsewhere
for pair in s a b; do
	ip link add ${pair}0 type veth peer name ${pair}1
	ip link set ${pair}1 netns lan
	in_ns lan ip link set ${pair}1 up
done
# What the vnet broadcasts goes over the service, and would teach the LAN as well.
bridge lan lan a1 b1
bridge vswitch lan s1
start_vnetd
bg events vnetctl -j -s "$T/vnetd.sock" monitor
ctl vnet add vnet0 address $mac0 announce-interval 100 announce-addresses 10.1.0.77,2001:db8::77
sysctl -qw net.ipv6.conf.vnet0.accept_ra=0
ip addr flush dev vnet0
ip addr add 10.1.0.1/24 dev vnet0
ip addr add 10.1.0.2/24 dev vnet0
ip addr add 2001:db8::1/64 dev vnet0 nodad
ctl resource add vnet0 sv type service dev s0
ctl resource add vnet0 a type hybrid dev a0 priority 10
ctl resource add vnet0 b type hybrid dev b0 priority 20
wait_for 5 over 'hybrid a'
ok 'the LAN learns where the vnet is before it has sent anything' wait_for 5 learnt_at a1

# --- what is sent, how often ---
dump lan lan
ctl resource set vnet0 a admin down
ok 'a planned switch: the last of three rounds is heard' wait_for 5 heard_times lan 3 'na 2001:db8::77'
ok 'the LAN sends to the new way' wait_for 1 learnt_at b1
is 'its MAC, its addresses and those that are configured, three times each' "$(kinds lan)" \
	'3 arp 10.1.0.1
3 arp 10.1.0.2
3 arp 10.1.0.77
3 na 2001:db8::1
3 na 2001:db8::77
3 rarp'
dump lan lan
ctl resource set vnet0 a admin up
ok 'and back' wait_for 1 learnt_at a1

# --- how soon: over many switches, unplanned ones too ---
ctl vnet set vnet0 hold-down 0 announce-count 1
delays=()
for i in 1 2 3 4 5; do
	for turn in 'down b' 'up a'; do
		read -r set to <<<"$turn"
		dump lan lan
		if [ $((i % 2)) -eq 0 ]; then
			ctl resource set vnet0 a admin "$set"
		else
			in_ns lan ip link set a1 "$set"
		fi
		wait_for 5 over "hybrid $to"
		# A bridge may not let in the first of them at a port that has just come up.
		[ "$set$((i % 2))" = up1 ] && continue
		wait_for 5 heard_times lan 1 rarp
		delays+=("$(delay_us "$to" lan)")
	done
done
mapfile -t delays < <(printf '%s\n' "${delays[@]}" | sort -n)
echo "# from the switch to the first frame, in microseconds: ${delays[*]}"
cmp_num 'the first announcement comes within a millisecond, as a rule' "${delays[${#delays[@]} / 2]}" -le $bound_us

# --- a switch outside that would send the other way is corrected before it matters ---
dump lan lan
in_ns lan ip link set a1 down
ok 'carrier lost: the LAN has learnt the other way' wait_for 5 learnt_at b1
in_ns lan ip link set a1 up
wait_for 5 over 'hybrid a'

# --- the service as well ---
ctl vnet set vnet0 announce-count 2
in_ns lan ip link set s1 down
no_service() { state_is vnet0 sv down; }
wait_for 5 no_service
dump lan vswitch
in_ns lan ip link set s1 up
ok 'the service is back: it is announced there' wait_for 5 heard_times vswitch 1 rarp

# --- VLANs ---
ctl vnet set vnet0 pvid 7 vlans 10 announce-count 1
dump lan lan
ctl resource set vnet0 a admin down
ok 'in the VLANs of the vnet, with tags where the hybrid has them' wait_for 5 heard_times lan 1 'rarp vlan 10'
is 'each of them' "$(kinds lan)" \
	'1 arp 10.1.0.1 vlan 7
1 arp 10.1.0.2 vlan 7
1 arp 10.1.0.77 vlan 7
1 na 2001:db8::1 vlan 7
1 na 2001:db8::77 vlan 7
1 rarp vlan 10
1 rarp vlan 7'
ctl resource set vnet0 b pvid 7
dump lan lan
ctl resource set vnet0 a admin up
ctl resource set vnet0 a admin down
ok 'and without where they are native' wait_for 5 heard_times lan 1 rarp

# --- none, if so wished ---
ctl vnet set vnet0 announce-count 0
dump lan lan
dump lan vswitch
ctl resource set vnet0 a admin up
ctl resource set vnet0 b admin down
ctl vnet set vnet0 announce-count 1
ctl resource set vnet0 a admin down
ok 'the switch after that one is announced' wait_for 5 heard_times vswitch 1 rarp
is 'with announce-count 0 nothing was' "$(kinds lan)" ''

# --- an upper whose addresses are out of sight ---
ctl vnet del vnet0
ctl vnet add vnet0 address $mac0 netns elsewhere announce-addresses 10.1.0.78 announce-count 1
in_ns elsewhere ip addr add 10.1.0.3/24 dev vnet0
dump lan vswitch
# The bridge takes frames from a port when it has heard of its carrier.
vswitch_forwards() { in_ns lan ip -d link show s1 | grep -q 'bridge_slave state forwarding'; }
ip link set s0 up
ok 'the switch is there' wait_for 5 vswitch_forwards
ctl resource add vnet0 sv type service dev s0
ok 'what is configured is announced' wait_for 5 heard_times vswitch 1 'arp 10.1.0.78'
is 'and nothing else' "$(kinds vswitch)" '1 arp 10.1.0.78
1 rarp'
finish
