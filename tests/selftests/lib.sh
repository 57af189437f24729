# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What every selftest sources first:
#
#	#!/bin/bash
#	# SPDX-License-Identifier: GPL-2.0-or-later
#	# What this file promises, in one sentence.
#	. "$(dirname "$0")/lib.sh"
#	start_vnetd
#	ok 'a vnet is added' ctl vnet add vnet0 address "$(mac 1)"
#	is 'its MTU is the default' "$(json '.[0].mtu' vnet show vnet0)" 1500
#	finish
#
# The script runs again inside a world of its own: mount, network and process namespaces, a /run and a
# /sys of its own, a bpffs at $T/bpf. Its network namespace is "the host". Nothing of it outlives the
# script and nothing can be seen from outside, so selftests run beside each other.
#
# Set before sourcing:	VNET_IPV6=yes	leaves IPv6 on (it is off, so that frame counts are exact)
#			VNET_WORLD=machine	no world of its own: the whole machine is this test's (tests/vm/system)
# From the environment:	VNET_BUILD	where the programs are; "build" by default
#			VNET_WRAP	a command that vnetd runs under, "valgrind -q --error-exitcode=99"
#			VNET_SLOW	factor for every deadline
# Inside:		$T		a folder of the script's own
#			$T/etc		vnetd's configuration; $T/vnetd.log what it says; $T/vnetd.sock
set -euo pipefail -E
export LC_ALL=C.UTF-8

lib_root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
VNET_BUILD=$(realpath "${VNET_BUILD:-$lib_root/build}")
PATH=$VNET_BUILD:$VNET_BUILD/tests/tools:$PATH:/usr/sbin:/sbin
export VNET_BUILD PATH

# --- the world ---

# In a chroot "/" is no mount point, and its propagation can neither be changed nor needs to be.
lib_propagation() {
	local where

	while read -r _ _ _ _ where _; do
		if [ "$where" = / ]; then
			echo private
			return
		fi
	done </proc/self/mountinfo
	echo unchanged
}

if [ -z "${VNET_WORLD:-}" ]; then
	if [ "$(id -u)" -ne 0 ]; then
		echo 'network namespaces need root'
		exit 77
	fi
	VNET_WORLD=inside exec unshare --mount --net --pid --fork --kill-child --mount-proc \
		--propagation "$(lib_propagation)" -- "$BASH" "$0" "$@"
fi
lib_world=$VNET_WORLD
unset VNET_WORLD

lib_count=0 lib_failed=0 lib_finished='' lib_line='' lib_planned=''
vnetd_pid=''
declare -A lib_background=()

# Turns IPv6's own frames off in the namespace it is run in.
lib_quiet() {
	local knob

	[ "${VNET_IPV6:-no}" = no ] || return 0
	for knob in all default; do
		[ ! -e /proc/sys/net/ipv6 ] || echo 1 >/proc/sys/net/ipv6/conf/$knob/disable_ipv6
	done
}

T=$(mktemp -d "${TMPDIR:-/tmp}/vnet.XXXXXX")
export T
mkdir "$T/etc" "$T/bpf"
if [ "$lib_world" = inside ]; then
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir /run/netns
	mount -t sysfs sysfs /sys
	mount -t bpf bpf "$T/bpf"
fi
lib_quiet
ip link set lo up

lib_exit() {
	local status=$? pid

	# A child that a signal reaches before it has become its command comes by here as well.
	[ "$BASHPID" = "$$" ] || exit "$status"
	trap - EXIT ERR
	set +e
	if [ -z "$lib_finished" ]; then
		lib_count=$((lib_count + 1))
		echo "not ok $lib_count - the script ended early, status $status${lib_line:+ at line $lib_line}"
		lib_comment "$T/vnetd.log" vnetd
		echo "1..${lib_planned:-$lib_count}"
		[ "$status" -ne 0 ] || status=1
	fi
	for pid in "${lib_background[@]}" $vnetd_pid; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	[ "$lib_world" != inside ] || umount -l "$T/bpf"
	# A grandchild that the world's end will take may still be writing there.
	rm -rf --one-file-system "$T" 2>/dev/null
	exit "$status"
}
trap lib_exit EXIT
trap 'lib_line=$LINENO' ERR
# No traps for TERM and INT: a child would have them until it has become its command, and lose a signal
# that reaches it before. The runner kills what does not end.

# --- checks: each is one TAP line; the text comes first ---

# The file $1 as TAP comments, each line headed by $2.
lib_comment() {
	[ ! -s "$1" ] || sed "s/^/# $2: /" "$1"
}

pass() {
	lib_count=$((lib_count + 1))
	echo "ok $lib_count - $1"
}

# The arguments after the text say why, one a line.
fail() {
	local text=$1 line

	shift
	lib_count=$((lib_count + 1)) lib_failed=$((lib_failed + 1))
	echo "not ok $lib_count - $text"
	for line in "$@"; do
		echo "#   ${line//$'\n'/$'\n#   '}"
	done
}

skip() { # TEXT WHY
	lib_count=$((lib_count + 1))
	echo "ok $lib_count - $1 # SKIP $2"
}

# Ends the script: what it tests cannot be had on this machine.
skip_all() { # WHY
	lib_finished=yes
	echo "$1"
	exit 77
}

# States how many checks there will be; without it, as many as there were by finish.
plan() { # COUNT
	lib_planned=$1
}

ok() { # TEXT COMMAND...: the command succeeds
	local text=$1 status=0

	shift
	"$@" >"$T/ok.log" 2>&1 || status=$?
	if [ "$status" -eq 0 ]; then
		pass "$text"
	else
		fail "$text" "exit status $status of: $*" "$(cat "$T/ok.log")"
	fi
}

not_ok() { # TEXT COMMAND...: the command fails
	local text=$1 status=0

	shift
	"$@" >"$T/ok.log" 2>&1 || status=$?
	if [ "$status" -ne 0 ]; then
		pass "$text"
	else
		fail "$text" "it did not fail: $*" "$(cat "$T/ok.log")"
	fi
}

is() { # TEXT GOT EXPECTED
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "got:      $2" "expected: $3"
	fi
}

isnt() { # TEXT GOT UNEXPECTED
	if [ "$2" != "$3" ]; then
		pass "$1"
	else
		fail "$1" "got what it must not be: $2"
	fi
}

like() { # TEXT GOT REGEX (extended)
	if [[ $2 =~ $3 ]]; then
		pass "$1"
	else
		fail "$1" "got:        $2" "to match:   $3"
	fi
}

unlike() { # TEXT GOT REGEX
	if [[ $2 =~ $3 ]]; then
		fail "$1" "got:           $2" "not to match:  $3"
	else
		pass "$1"
	fi
}

cmp_num() { # TEXT GOT -lt|-le|-eq|-ge|-gt NUMBER
	if [[ $2 =~ ^-?[0-9]+$ ]] && test "$2" "$3" "$4"; then
		pass "$1"
	else
		fail "$1" "got $2, expected $3 $4"
	fi
}

# TEXT STATUS REGEX COMMAND...: it exits with just that status and says something that matches on stderr.
fails() {
	local text=$1 expected=$2 regex=$3 status=0 said

	shift 3
	"$@" >"$T/ok.log" 2>"$T/err.log" || status=$?
	said=$(cat "$T/err.log")
	if [ "$status" -eq "$expected" ] && [[ $said =~ $regex ]]; then
		pass "$text"
	else
		fail "$text" "of:       $*" "status:   $status, expected $expected" "said:     $said" \
			"to match: $regex"
	fi
}

# As fails, for a change that vnetd has to refuse: nothing that it shows, and no device, is different then.
refused() { # TEXT STATUS REGEX COMMAND...
	local text=$1 before

	before=$(snapshot)
	fails "$@"
	is "$text: nothing changed" "$(snapshot)" "$before"
}

# What vnetd and the kernel show of the world, without what changes by itself.
snapshot() {
	ctl -j vnet show
	ctl -j fdb show
	ip -o link show | sed 's/ \(qdisc\|state\|qlen\) [^ ]*//g'
}

# The end of every script.
finish() {
	[ -z "$vnetd_pid" ] || stop_vnetd
	lib_finished=yes
	[ "$lib_failed" -eq 0 ] || lib_comment "$T/vnetd.log" vnetd
	echo "1..${lib_planned:-$lib_count}"
	[ "$lib_failed" -eq 0 ] || exit 1
	exit 0
}

# The end of a script that is no test but works in the same world.
leave() { # [STATUS]
	[ -z "$vnetd_pid" ] || stop_vnetd
	lib_finished=yes
	exit "${1:-0}"
}

# --- waiting and background commands ---

# Polls until the command succeeds, for at most so many seconds (a whole number); returns its last status.
wait_for() { # SECONDS COMMAND...
	local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000 * ${VNET_SLOW:-1})) status

	shift
	while true; do
		status=0
		"$@" >/dev/null 2>&1 || status=$?
		[ "$status" -ne 0 ] && [ "${EPOCHREALTIME/./}" -lt "$deadline" ] || return "$status"
		sleep 0.01
	done
}

# Starts a command (in_ns NAME COMMAND... as well) whose output goes to $T/NAME.out and $T/NAME.err.
bg() { # NAME COMMAND...
	local name=$1

	shift
	# Here, not only in the child: what an earlier command of that name has said must not be taken for
	# this one's.
	: >"$T/$name.out"
	: >"$T/$name.err"
	if [ "$(type -t "$1")" = function ]; then
		(lib_exec="exec" "$@") >"$T/$name.out" 2>"$T/$name.err" &
	else
		"$@" >"$T/$name.out" 2>"$T/$name.err" &
	fi
	lib_background[$name]=$!
}

# As bg, for the test tools: returns when it has said that it is "ready".
bg_ready() { # NAME COMMAND...
	bg "$@"
	wait_for 10 lib_said_ready "$1" || {
		echo "# $* is not ready"
		lib_comment "$T/$1.err" "$1"
		return 1
	}
}

lib_said_ready() {
	grep -q '^ready$' "$T/$1.err"
}

bg_pid() { # NAME
	echo "${lib_background[$1]}"
}

bg_running() { # NAME
	lib_running "${lib_background[$1]}"
}

out() { # NAME: what it has written
	cat "$T/$1.out"
}

lib_running() {
	kill -0 "$1" 2>/dev/null
}

lib_gone() {
	! lib_running "$1"
}

# Returns the exit status of a child that is to end within so many seconds; else kills it, and 124.
lib_reap() { # PID SECONDS
	local status=0

	if ! wait_for "$2" lib_gone "$1"; then
		kill -KILL "$1"
		wait "$1" || status=124
		return 124
	fi
	wait "$1" 2>/dev/null || status=$? # the shell would tell of a signal there
	return "$status"
}

# Waits until the background command has ended by itself; returns its status, 124 if it had to be killed.
bg_wait() { # NAME [SECONDS]
	local pid=${lib_background[$1]}

	unset "lib_background[$1]"
	lib_reap "$pid" "${2:-10}"
}

# Sends a signal (TERM) to the background command and waits for its end; returns its status.
bg_stop() { # NAME [SIGNAL]
	kill -"${2:-TERM}" "${lib_background[$1]}" 2>/dev/null || [ $? -eq 1 ]
	bg_wait "$1"
}

# --- vnetd ---

lib_ready() {
	lib_gone "$vnetd_pid" || ctl status
}

# Starts vnetd with these arguments added and waits until it answers. Returns 1 if it does not.
start_vnetd() { # [ARGUMENT...]
	# shellcheck disable=SC2086 # VNET_WRAP is words
	${VNET_WRAP:-} vnetd --config "$T/etc" --socket "$T/vnetd.sock" --state "$T/state" \
		--bpffs "$T/bpf/vnet" "$@" >>"$T/vnetd.log" 2>&1 &
	vnetd_pid=$!
	if wait_for 20 lib_ready && lib_running "$vnetd_pid"; then
		return 0
	fi
	echo "# vnetd $* did not start"
	lib_comment "$T/vnetd.log" vnetd
	return 1
}

# SIGTERM; that vnetd then exits with 0 is a check only when it does not.
stop_vnetd() {
	local status=0 pid=$vnetd_pid

	vnetd_pid=''
	kill -TERM "$pid" 2>/dev/null || [ $? -eq 1 ]
	lib_reap "$pid" 10 || status=$?
	[ "$status" -eq 0 ] || fail 'vnetd ends with exit status 0 on SIGTERM' "exit status $status"
}

# Any other signal that ends it (KILL). Returns when it is gone.
kill_vnetd() { # SIGNAL
	local pid=$vnetd_pid

	vnetd_pid=''
	kill -"$1" "$pid"
	lib_reap "$pid" 10 || [ $? -gt 128 ]
}

ctl() { # ARGUMENT...: vnetctl's
	vnetctl -s "$T/vnetd.sock" "$@"
}

json() { # FILTER ARGUMENT...: what vnetctl answers, through jq
	local filter=$1

	shift
	ctl -j "$@" | jq -r "$filter"
}

# For wait_for: does the resource have that state?
state_is() { # VNET RESOURCE STATE
	[ "$(json '.[0].state' resource show "$1" "$2")" = "$3" ]
}

# For wait_for: does a frame to the MAC take that way ("guest g1", "service sv", "no_path null")?
path_is() { # VNET MAC "REASON RESOURCE"
	[ "$(json '"\(.reason) \(.resource)"' path "$1" "$2")" = "$3" ]
}

lib_heard() { # VNET RESOURCE
	ctl resource set "$1" "$2" admin down
	ctl resource set "$1" "$2" admin up
	[ -s "$T/events.out" ]
}

# From now on what `vnetctl monitor` tells goes to events.out; a resource is moved until it does.
hear() { # VNET RESOURCE
	bg events vnetctl -s "$T/vnetd.sock" -j monitor
	wait_for 10 lib_heard "$1" "$2"
}

# --- the network; "-" is the host's namespace ---

mac() { # NUMBER up to 255
	printf '02:00:00:00:00:%02x\n' "$1"
}

ns() { # NAME...: makes network namespaces
	local name

	for name in "$@"; do
		ip netns add "$name"
		in_ns "$name" ip link set lo up
		# A shell function cannot cross the namespace's border, its text can.
		in_ns "$name" env "VNET_IPV6=${VNET_IPV6:-no}" bash -c "$(declare -f lib_quiet); lib_quiet"
	done
}

ns_del() { # NAME...
	local name

	for name in "$@"; do
		ip netns del "$name"
	done
}

# Not "ip netns exec" or "ip -n": they hide the mounts below /sys, and fail in a chroot.
in_ns() { # NAME COMMAND...
	local name=$1

	shift
	if [ "$name" = - ]; then
		${lib_exec:-} "$@"
	else
		${lib_exec:-} nsenter --net="/run/netns/$name" -- "$@"
	fi
}

# A veth pair, both ends up: A in namespace NSA and B in namespace NSB.
veth() { # A NSA B NSB [MAC-A [MAC-B]]
	local a=$1 nsa=$2 b=$3 nsb=$4 words

	words=(ip link add "$a")
	[ -z "${5:-}" ] || words+=(address "$5")
	[ "$nsa" = - ] || words+=(netns "$nsa")
	words+=(type veth peer name "$b")
	[ -z "${6:-}" ] || words+=(address "$6")
	[ "$nsb" = - ] || words+=(netns "$nsb")
	"${words[@]}"
	in_ns "$nsa" ip link set "$a" up
	in_ns "$nsb" ip link set "$b" up
}

# A bridge with these devices as its ports; it starts to forward at once and sends nothing by itself.
bridge() { # NAME NS [PORT...]
	local name=$1 ns=$2 port

	shift 2
	in_ns "$ns" ip link add "$name" type bridge stp_state 0 forward_delay 0 mcast_snooping 0
	in_ns "$ns" ip link set "$name" up
	for port in "$@"; do
		in_ns "$ns" ip link set "$port" master "$name"
	done
}

# Lets a namespace reach an address without ARP.
neighbour() { # NS DEVICE ADDRESS MAC
	in_ns "$1" ip neigh replace "$3" lladdr "$4" dev "$2" nud permanent
}
