# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests of what the programs do while vnetd is alive, stopped (SIGSTOP) or dead (SIGKILL); sourced after
# lib.sh and frames.sh.
#
# Nobody tells the counters while vnetd is away. So `seen` checks at once where frames came out, and keeps
# account of what has to be counted; account_close compares when vnetd is there again.

daemon=alive # or "stopped", "dead": what it is between away and back
carrier_prefix=''
declare -A carrier_owed=()

has_carrier_check() {
	[ "$(json .features.carrier_check status)" = true ]
}

# shellcheck disable=SC2154 # of lib.sh
away() {
	case $daemon in
	stopped) kill -STOP "$vnetd_pid" ;;
	dead) kill_vnetd KILL ;;
	esac
}

back() {
	case $daemon in
	stopped) kill -CONT "$vnetd_pid" ;;
	dead) start_vnetd ;;
	esac
}

# A veth takes frames from XDP while its peer looks for them.
takes_xdp() { # NS DEVICE
	in_ns "$1" ethtool -K "$2" gro on
}

# Frames that XDP has redirected into a veth.
by_xdp() { # DEVICE
	ethtool -S "$1" | awk '/tx_queue_.*_xdp_xmit:/ { n += $2 } END { print n + 0 }'
}

account_open() {
	ctl -j stats >"$T/frames-before.json"
	carrier_owed=()
}

# As happens, of frames.sh; the counters ("out/sv=1") are looked at in account_close.
seen() { # TEXT EXPECTED COMMAND...
	local text="$carrier_prefix, $1" got word places=()

	for word in $2; do
		if [[ $word == */* ]]; then
			carrier_owed[${word%=*}]=$((${carrier_owed[${word%=*}]:-0} + ${word#*=}))
		else
			places+=("$word")
		fi
	done
	shift 2
	forget_frames
	"$@"
	settle
	mapfile -t got < <(frames_places | sort)
	mapfile -t places < <(printf '%s\n' "${places[@]}" | sort)
	is "$text" "${got[*]}" "${places[*]}"
}

# shellcheck disable=SC2154 # of frames.sh
account_close() { # TEXT
	local name owed=() got

	ctl -j stats >"$T/frames-after.json"
	mapfile -t got < <(jq -rs "$frames_risen" "$T/frames-before.json" "$T/frames-after.json" | sort)
	for name in "${!carrier_owed[@]}"; do
		owed+=("$name=${carrier_owed[$name]}")
	done
	mapfile -t owed < <(printf '%s\n' "${owed[@]}" | sort)
	is "$carrier_prefix, $1" "${got[*]}" "${owed[*]}"
}
