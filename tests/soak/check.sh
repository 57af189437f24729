# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What has to hold after each action of the soak, and at a census; sourced by run.
# shellcheck disable=SC2154 # of lib.sh, world.sh, run

readonly outage_ms=200
readonly rss_kb_max=24576 rss_kb_growth=3072
declare -A lost_before=() doubled_before=() refused_before=() outage_of=() lost_in_faults=()
provoked='' # what the action may make vnetd complain of, a regular expression
provoked_lines=0 log_seen=0 rss_least=0 rss_most=0

# A failed check. What led there is told as well.
problem() { # TEXT WHY...
	fail "action $actions, $1 (seed $seed)" "${@:2}"
	tail -n 4 "$T/actions" | sed 's/^/#   before: /'
	tail -n 8 "$T/vnetd.log" | sed 's/^/#   /'
}

# --- streams ---

streams_open() {
	traffic_open
	for stream in $streams; do
		lost_before[$stream]=0 doubled_before[$stream]=0 refused_before[$stream]=0
	done
	backlog_before=$(backlog_drops)
	drops_take >"$T/drops"
}

traffic_open() {
	streams="guest outside back"
	bg_ready recv-guest in_ns guest stream recv --dev v1 --id 1 --status "$T/recv-guest"
	bg_ready recv-outside in_ns outside stream recv --dev lan --id 2 --status "$T/recv-outside"
	bg_ready recv-back stream recv --dev vnet0 --id 3 --status "$T/recv-back"
	bg send-guest stream send --dev vnet0 --dst "$mac1" --id 1 --rate "$rate" --seconds 86400 \
		--status "$T/send-guest"
	bg send-outside stream send --dev vnet0 --dst "$mac_out" --id 2 --rate "$rate" --seconds 86400 \
		--status "$T/send-outside"
	bg send-back in_ns outside stream send --dev lan --dst "$mac0" --id 3 --rate "$rate_back" \
		--seconds 86400 --status "$T/send-back"
	for stream in $streams; do
		wait_for 10 stream_past "$stream" 0
	done
}

# At the end nothing is under way any more: this is the exact account.
streams_close() {
	local stream sent received

	for stream in $streams; do
		bg_stop "send-$stream"
		bg_wait "recv-$stream" 20
		sent=$(value "send-$stream" sent) received=$(value "recv-$stream" received)
		echo "# \"$stream\": $sent sent, $received received, ${lost_in_faults[$stream]:-0} lost in faults," \
			"$(value "send-$stream" send_errors) refused by vnet0 at once," \
			"$(value "recv-$stream" duplicated) doubled, longest gap $(($(value "recv-$stream" max_gap_us) / 1000)) ms"
		[ "$(value "recv-$stream" lost)" -le "${lost_before[$stream]}" ] ||
			problem "\"$stream\" at the end: more is lost than was counted" \
				"$(value "recv-$stream" lost), not ${lost_before[$stream]}"
		[ "$(value "recv-$stream" receiver_overflow)" = 0 ] ||
			problem "\"$stream\" was not measured well" "$(<"$T/recv-$stream")"
	done
	streams=''
}

# What the kernel had to drop because nobody ran: the backlogs of the CPUs, of the whole machine.
backlog_drops() {
	local sum=0 dropped

	while read -r _ dropped _; do
		sum=$((sum + 16#$dropped))
	done </proc/net/softnet_stat
	echo $sum
}

# Where frames were dropped, as the devices and vnetd tell; to find out what a loss is made of.
drops_take() {
	local where

	for where in - guest outside vswitch; do
		in_ns "$where" ip -s -o link show | awk -v where="$where" '{
			for (i = 1; i < NF; i++) {
				if ($i == "RX:") rx = $(i + 11)
				if ($i == "TX:") tx = $(i + 11)
			}
			print where, $2, "rx dropped", rx, "tx dropped", tx }'
	done
	json '.[] | select(.vnet == "vnet0" or .vnet == "v1") | "\(.vnet) \(.drops)"' stats
}

drops_told() {
	drops_take >"$T/drops.now"
	diff "$T/drops" "$T/drops.now" | grep '^>' || [ $? -eq 1 ]
	mv "$T/drops.now" "$T/drops"
}

# The receivers number at most 100 million frames.
streams_renew() {
	[ "$(value recv-guest last)" -ge 90000000 ] || return 0
	streams_close
	streams_open
}

lost_of_at_most() { # STREAM NUMBER
	[ "$(value "recv-$1" lost)" -le "$2" ]
}

# What was lost and doubled since the last action, against what this one may cost.
check_stream() { # CLASS ACTION STREAM
	local class=$1 action=$2 stream=$3 allowed=0 lost doubled refused ms

	[ "$class $stream" != 'planned back' ] || allowed=1000000000
	[ "$class" != fault ] || allowed=$(($(stream_rate "$stream") * outage_ms / 1000))
	[ "$class $stream" != 'fault back' ] || allowed=1000000000
	# A sender that is told that there is no room (a veth's ring holds 256 frames) has lost nothing unawares.
	refused=$(value "send-$stream" send_errors)
	allowed=$((allowed + $(backlog_drops) - backlog_before + refused - refused_before[$stream]))
	refused_before[$stream]=$refused
	wait_for 5 lost_of_at_most "$stream" "$((lost_before[$stream] + allowed))" || [ $? -eq 1 ]
	lost=$(($(value "recv-$stream" lost) - lost_before[$stream]))
	doubled=$(($(value "recv-$stream" duplicated) - doubled_before[$stream]))
	lost_before[$stream]=$((lost_before[$stream] + lost))
	doubled_before[$stream]=$((doubled_before[$stream] + doubled))
	[ "$lost" -le "$allowed" ] || problem "$action: $lost frames of \"$stream\" are lost, $allowed may be" \
		"$(drops_told)"
	# What comes back may come twice while a switch outside does not know the way.
	[ "$doubled" -eq 0 ] || [ "$class $stream" = 'fault back' ] || [ "$class $stream" = 'planned back' ] ||
		problem "$action: $doubled frames of \"$stream\" are doubled"
	if [ "$class" = fault ] && [ "$lost" -gt 0 ]; then
		lost_in_faults[$stream]=$((${lost_in_faults[$stream]:-0} + lost))
		ms=$((lost * 1000 / $(stream_rate "$stream")))
		[ "$stream" = back ] || [ "$ms" -le "${outage_of[$action]:-0}" ] || outage_of[$action]=$ms
	fi
}

summary_outages() {
	local name

	for name in "${!outage_of[@]}"; do
		echo "$name at most ${outage_of[$name]} ms"
	done | sort | paste -sd, | sed 's/,/, /g; s/^$/nothing/'
}

# --- what vnetd says ---

check_log() { # ACTION
	local lines line

	mapfile -t -s "$log_seen" lines <"$T/vnetd.log"
	log_seen=$((log_seen + ${#lines[@]}))
	for line in "${lines[@]}"; do
		[[ $line =~ ^vnetd:\ (error|warning): || $line != vnetd:* ]] || continue
		if [ -n "$provoked" ] && [[ $line =~ $provoked ]]; then
			provoked_lines=$((provoked_lines + 1))
		else
			problem "$1: vnetd complains" "$line"
		fi
	done
}

# --- after each action ---

ways_are_right() {
	[ "$(json '"\(.reason) \(.resource)"' path vnet0 "$mac1")" = "$(way_to_guest)" ] &&
		[ "$(json '"\(.reason) \(.resource)"' path vnet0 "$mac_out")" = "$(way_to_outside)" ]
}

step() { # CLASS ACTION
	local class=$1 action=$2

	provoked=''
	"$action"
	wait_for 10 ways_are_right || problem "$action: a way is not the right one" \
		"to the guest: $(json '"\(.reason) \(.resource)"' path vnet0 "$mac1"), expected $(way_to_guest)" \
		"to outside:   $(json '"\(.reason) \(.resource)"' path vnet0 "$mac_out"), expected $(way_to_outside)" \
		"$(ctl -j resource show vnet0 | jq -c '.[] | [.name, .state, .reason]')"
	check_streams "$class" "$action"
	check_log "$action"
}

check_streams() { # CLASS ACTION
	local stream

	traffic_settle || problem "$2: a stream does not go on" "$(head -n 1 "$T"/recv-*[a-z])"
	for stream in $streams; do
		check_stream "$1" "$2" "$stream"
	done
	backlog_before=$(backlog_drops)
}

# --- census ---

census_devices() {
	local where

	for where in - guest outside vswitch side; do
		in_ns "$where" ip -o link show | sed "s/^[0-9]*: \([^:@]*\).*/$where \1/" | sort
	done
}

# Without numbers of devices, which are not the same when one was made again.
census_take() {
	echo "descriptors $(held_files | grep -v "\.in$" | tr -s ' \n' ' ')"
	echo "pins $(held_pins | sed "s|^$T/bpf/||; s|[0-9][0-9]*|N|g" | sort | uniq -c | tr -s ' \n' ' ')"
	echo "entries fdb $(held_entries fdb) far $(held_entries far_ports) devices $(held_entries devices)"
	echo "attached $(bpftool -j net show | jq -c '.[0] | [(.xdp | length), (.tc | length)]')"
	echo "queues $(tc qdisc show | grep -c clsact || [ $? -eq 1 ])"
	echo "vnets $(json '[.[].name] | sort | join(" ")' vnet show)"
	echo "files $(find "$T/etc" "$T/state" -type f | sort | sed "s|^$T/||" | tr '\n' ' ')"
	echo "devices $(census_devices | tr '\n' ' ')"
}

rss_kb() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$vnetd_pid/status"
}

census_first() {
	census_take >"$T/census"
	sed 's/^/# at the beginning: /' "$T/census" | cut -c 1-160
	rss_least=$(rss_kb) rss_most=$rss_least rss_first=$rss_least
}

census_same() {
	census_take >"$T/census.now"
	cmp -s "$T/census" "$T/census.now"
}

all_up() {
	[ "$(json '[.[] | select(.state != "up")] | length' resource show)" = 0 ]
}

# All is put back, so what is more than at the beginning has leaked.
census() {
	local now

	censuses=$((censuses + 1))
	tell_action census
	side_settle
	check_streams planned 'census, the others put right'
	path_restore
	wait_for 20 all_up || problem 'census: a resource is not up, though nothing is wrong with it' \
		"$(ctl -j resource show | jq -c '.[] | select(.state != "up") | [.vnet, .name, .state, .reason]')"
	side_clear
	wait_for 10 ways_are_right || problem 'census: a way is not the right one'
	wait_for 10 census_same ||
		problem 'census: something is left or missing' "$(diff "$T/census" "$T/census.now" || [ $? -eq 1 ])"
	now=$(rss_kb)
	[ "$now" -ge "$rss_least" ] || rss_least=$now
	[ "$now" -le "$rss_most" ] || rss_most=$now
	if [ "$now" -gt $rss_kb_max ] || [ "$now" -gt $((rss_first + rss_kb_growth)) ]; then
		problem 'census: vnetd has grown' "from $rss_first kB to $now kB"
	fi
	check_log census
	check_streams planned 'census, the others removed'
	streams_renew
	echo "# $((SECONDS / 60)) min: $actions actions, $lib_failed problems, RSS $now kB," \
		"guest $(value recv-guest received), outside $(value recv-outside received), back $(value recv-back received)"
}
