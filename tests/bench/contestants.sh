# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who is measured by ends.sh, and how each joins the two stacks. A contestant's key is "SHAPE NAME"; each has
# a network 10.S.N.0/24 of its own, so that all are there at once and can be measured in turns.
# shellcheck disable=SC2154,SC2034 # what lib.sh and ends.sh have, and what they take from here

declare -A contestants=() ns=() address=()
order=() # keys

# The table "all" below tells the two ends of each; here they get addresses, and neighbours without ARP, which a guest alone does not carry.
ends() { # KEY NS-HERE DEV-HERE NS-THERE DEV-THERE
	local key=$1 net shape=1 mac_here mac_there

	[ "${key% *}" = host-ns ] || shape=2
	net=10.$shape.${#order[@]}
	ns["here $key"]=$2 ns["there $key"]=$4
	address["here $key"]=$net.1 address["there $key"]=$net.2
	in_ns "$2" ip addr add "$net.1/24" dev "$3"
	in_ns "$4" ip addr add "$net.2/24" dev "$5"
	in_ns "$2" ip link set "$3" up
	in_ns "$4" ip link set "$5" up
	mac_here=$(in_ns "$2" ip -j link show "$3" | jq -r '.[0].address')
	mac_there=$(in_ns "$4" ip -j link show "$5" | jq -r '.[0].address')
	neighbour "$2" "$3" "$net.2" "$mac_there"
	neighbour "$4" "$5" "$net.1" "$mac_here"
}

works() { # KEY
	wait_for 10 in_ns "${ns["here $1"]}" ping -q -c 1 -W 1 "${address["there $1"]}"
}

# --- the shape host-ns: "-" is the host, "peer" the namespace ---

host_veth() {
	veth a0 - a1 peer
}

# The host has its address on the bridge itself, as container engines do it.
host_bridge() {
	veth b0 - b1 peer
	bridge br0 - b0
}

# The host is at the bridge as everyone else, by a port.
host_bridge_port() {
	veth c0 - c0p -
	veth c1 peer c1p -
	bridge br1 - c0p c1p
}

host_macvlan() {
	veth m0 - m1 -
	ip link add mv0 link m0 type macvlan mode bridge
	ip link add mv1 link m0 netns peer type macvlan mode bridge
}

host_ovs() {
	ovs_there
	veth o0 - o0p -
	veth o1 peer o1p -
	ovs_bridge ovs0 o0p o1p
}

host_guest() {
	veth g0 - g1 peer "$(mac 16)" "$(mac 2)"
	ctl vnet add vnet0 address "$(mac 1)"
	ctl resource add vnet0 g type guest dev g0 peer "$(mac 2)"
	wait_for 10 path_is vnet0 "$(mac 2)" 'guest g'
}

host_guest_xdp() {
	veth x0 - x1 peer "$(mac 17)" "$(mac 4)"
	ctl vnet add vnet2 address "$(mac 3)" mode xdp
	ctl resource add vnet2 g type guest dev x0 peer "$(mac 4)"
	wait_for 10 path_is vnet2 "$(mac 4)" 'guest g'
}

# The service is a switch that the peer is at as well: one veth pair more than bridge-port.
host_service() {
	veth s0 - s0s -
	veth s1 peer s1s - "$(mac 6)"
	bridge br2 - s0s s1s
	ctl vnet add vnet1 address "$(mac 5)"
	ctl resource add vnet1 s type service dev s0
	wait_for 10 path_is vnet1 "$(mac 6)" 'service s'
}

# --- the shape ns-ns: "n1" and "n2" ---

ns_veth() {
	veth a0 n1 a1 n2
}

ns_bridge() {
	veth b0 n1 nb0 -
	veth b1 n2 nb1 -
	bridge nbr0 - nb0 nb1
}

ns_macvlan() {
	veth nm0 - nm1 -
	ip link add mv0 link nm0 netns n1 type macvlan mode bridge
	ip link add mv1 link nm0 netns n2 type macvlan mode bridge
}

ns_ovs() {
	ovs_there
	veth o0 n1 no0 -
	veth o1 n2 no1 -
	ovs_bridge ovs1 no0 no1
}

# Two vnets with a channel, a veth pair, between them.
ns_guest() {
	veth ng0 - ng1 -
	ctl vnet add nga address "$(mac 32)" netns n1
	ctl vnet add ngb address "$(mac 33)" netns n2
	ctl resource add nga g type guest dev ng0 peer "$(mac 33)"
	ctl resource add ngb g type guest dev ng1 peer "$(mac 32)"
	wait_for 10 path_is nga "$(mac 33)" 'guest g'
	wait_for 10 path_is ngb "$(mac 32)" 'guest g'
}

# The same with no device between them.
ns_peers() {
	ctl vnet add npa address "$(mac 34)" netns n1
	ctl vnet add npb address "$(mac 35)" netns n2
	ctl resource add npa g type guest peer-vnet npb
	ctl resource add npb g type guest peer-vnet npa
	wait_for 10 path_is npa "$(mac 35)" 'guest g'
	wait_for 10 path_is npb "$(mac 34)" 'guest g'
}

# --- all of them ---

# SHAPE NAME FUNCTION, and namespace and device of the two ends
all() {
	cat <<-'TABLE'
		host-ns veth         host_veth         -  a0    peer a1
		host-ns bridge       host_bridge       -  br0   peer b1
		host-ns bridge-port  host_bridge_port  -  c0    peer c1
		host-ns macvlan      host_macvlan      -  mv0   peer mv1
		host-ns ovs          host_ovs          -  o0    peer o1
		host-ns guest        host_guest        -  vnet0 peer g1
		host-ns guest-xdp    host_guest_xdp    -  vnet2 peer x1
		host-ns service      host_service      -  vnet1 peer s1
		ns-ns   veth         ns_veth           n1 a0    n2   a1
		ns-ns   bridge       ns_bridge         n1 b0    n2   b1
		ns-ns   macvlan      ns_macvlan        n1 mv0   n2   mv1
		ns-ns   ovs          ns_ovs            n1 o0    n2   o1
		ns-ns   guest        ns_guest          n1 nga   n2   ngb
		ns-ns   peers        ns_peers          n1 npa   n2   npb
	TABLE
}

# One that cannot be had is said to be missing, with the reason.
build() { # SHAPE NAME FUNCTION NS DEV NS DEV
	local key="$1 $2" group

	order+=("$key")
	attempt "$3" >"$T/build.out"
	if [ "$attempted" -eq 0 ]; then
		ends "$key" "${@:4}"
		if works "$key"; then
			contestants["$key"]=yes
			return 0
		fi
		said='no ping gets through'
	fi
	for group in "${groups[@]}"; do
		unavailable "$group" "$1" "$2" "$said"
	done
}

build_all() {
	local row

	ns peer n1 n2
	start_vnetd
	ovs_start "$cpu" >"$T/ovs.why" || ovs_missing=$(cat "$T/ovs.why")
	while read -ra row; do
		build "${row[@]}"
	done < <(all)
}
