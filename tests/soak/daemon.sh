# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Actions of the soak on vnetd itself; none of them may cost a frame. Sourced by run.
# shellcheck disable=SC2154 # of lib.sh, world.sh, run

daemon_restart() {
	stop_vnetd
	traffic_settle
	start_vnetd
}

daemon_kill() {
	kill_vnetd KILL
	[ $((RANDOM % 2)) -eq 0 ] || traffic_settle
	start_vnetd
}

# Killed in the midst of its start, wherever that is.
daemon_kill_twice() {
	kill_vnetd KILL
	vnetd --config "$T/etc" --socket "$T/vnetd.sock" --state "$T/state" --bpffs "$T/bpf/vnet" \
		>>"$T/vnetd.log" 2>&1 &
	vnetd_pid=$!
	sleep "0.0$((RANDOM % 10))" # how far it gets
	kill_vnetd KILL
	start_vnetd
}

daemon_stopped() {
	kill -STOP "$vnetd_pid"
	ctl -t 1 status >/dev/null 2>&1 && problem 'a daemon that is stopped answers'
	kill -CONT "$vnetd_pid"
	wait_for 10 ctl status
}

file_vnet_there() {
	[ -n "$(json 'select(.[].name == "xf")' vnet show)" ]
}

# A vnet of a file comes, changes and goes.
daemon_reload() {
	if [ -e "$T/etc/xf.vnet" ] && [ $((RANDOM % 3)) -eq 0 ]; then
		rm "$T/etc/xf.vnet"
	else
		printf '[VNet]\nName=xf\nMTU=%d\n\n[Resource w]\nType=service\nDevice=xw%d\n' \
			$((1280 + RANDOM % 200)) $((RANDOM % 3)) >"$T/etc/xf.vnet"
	fi
	if [ $((RANDOM % 2)) -eq 0 ]; then
		ctl reload
	else
		kill -HUP "$vnetd_pid"
	fi
	if [ -e "$T/etc/xf.vnet" ]; then
		wait_for 10 file_vnet_is "$(sed -n 's/^MTU=//p' "$T/etc/xf.vnet")"
	else
		wait_for 10 file_vnet_is ''
	fi || problem 'reload: the vnet of the file is not as the file says' "$(ctl -j vnet show | jq -c '.[].name')"
}

file_vnet_is() { # MTU, or nothing
	[ "$(json '.[] | select(.name == "xf") | .mtu' vnet show)" = "$1" ]
}

other_ready() {
	vnetctl -s "$T/other.sock" status
}

# Another instance beside this one, flushed.
daemon_other() {
	mkdir -p "$T/other.etc"
	bg other vnetd --config "$T/other.etc" --socket "$T/other.sock" --state "$T/other" --bpffs "$T/bpf/vnet" \
		--instance other
	wait_for 20 other_ready
	vnetctl -s "$T/other.sock" vnet add xo
	vnetctl -s "$T/other.sock" resource add xo sv type service dev xo-s
	vnetctl -s "$T/other.sock" flush
	bg_stop other
	rm -rf "$T/other" "$T/other.etc"
}

# Many who ask and listen, and are killed; and nonsense.
daemon_clients() {
	local i pids=()

	for ((i = 0; i < 20; i++)); do
		vnetctl -s "$T/vnetd.sock" monitor >/dev/null 2>&1 &
		pids+=($!)
	done
	ctl stats >/dev/null
	pick '{' '{}' '[]' '{"method":"x"}' '{"method":"io.vnetd.Control.ListVnets","parameters":3}' $'\xff\xfe'
	# It may be answered or cut.
	varlink "$T/vnetd.sock" send "$picked" get >/dev/null 2>&1 || [ $? -eq 1 ]
	kill -KILL "${pids[@]}"
	wait "${pids[@]}" 2>/dev/null || [ $? -eq 137 ]
}

daemon_refuses() {
	local status=0

	pick 'vnet add vnet0' 'vnet set vnet0 mtu 20' 'resource add vnet0 sv type service dev s0' \
		'resource add vnet0 z type service dev z0' 'resource del vnet0 nobody' 'vnet del nobody' \
		'resource set vnet0 sv type guest' 'vnet add x/y'
	# shellcheck disable=SC2086 # words
	ctl $picked >/dev/null 2>&1 || status=$?
	[ $status -eq 2 ] || problem "exit status $status, not 2: $picked"
}
