# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests that follow single frames; sourced after lib.sh.
#
# Every place where a frame could come out is listened at all the time. A check sends frames and then
# says at which places they were seen and which counters rose, by how much; that nothing came out
# anywhere else is proved by marker frames sent after it. All of it is sent on one CPU, whose backlog is
# a queue, so a marker cannot overtake: seen "sv=3 out/sv=3" is all that there was.
#
#	frames_world			# vnet0, and far ends for sv (service), g1 (guest), hy (hybrid)
#	carried 'text' sv 3 tx "$D" --count 3
#	dropped 'text' spoofed 3 tx "$D" --from "$S" --count 3
#	delivered 'text' sv 1 rx sv "$VNET" --from "$S"

frames_number=0
frames_upper=- # the namespace of vnet0; may be set before frames_world
frames_mark=0200000000fe0200000000fe88b6
frames_cpu=$(sed -n 's/^Cpus_allowed_list:\t\([0-9]*\).*/\1/p' /proc/self/status)
frames_names=()
declare -A frames_marker=() frames_seen=()

# Listens at a device; what is sent on the second one comes out of it.
listen() { # NAME NS DEVICE NS DEVICE
	bg_ready "frames-$1" in_ns "$2" frame capture --dev "$3" --until ffffffffffffff --timeout 3600
	frames_names+=("$1")
	frames_marker[$1]="$4 $5"
	frames_seen[$1]=0
}

# Ends it; what streams through would only be written down.
listen_no_more() { # NAME...
	local name kept=()

	for name in "$@"; do
		bg_stop "frames-$name" || [ $? -eq 1 ]
		unset "frames_marker[$name]"
	done
	for name in "${frames_names[@]}"; do
		[ -z "${frames_marker[$name]:-}" ] || kept+=("$name")
	done
	frames_names=("${kept[@]}")
}

# A resource of vnet0 over a veth pair of its name; the far end is "far" in a namespace of its name.
far_end() { # NAME [ARGUMENT...]: the resource's settings; without any, just the pair
	local name=$1

	shift
	ns "$name"
	veth "$name" - far "$name"
	listen "$name" "$name" far - "$name"
	[ $# -eq 0 ] || ctl resource add vnet0 "$name" dev "$name" "$@"
}

frames_world() { # [ARGUMENT...]: vnet0's settings
	[ -n "$vnetd_pid" ] || start_vnetd
	# Its announcements would be frames that nobody here has sent.
	ctl vnet add vnet0 address "$(mac 1)" announce-count 0 "$@"
	in_ns "$frames_upper" ip link set vnet0 up
	listen up "$frames_upper" vnet0 - vnet0-p
	far_end sv type service
	far_end g1 type guest peer "$(mac 2)"
	far_end hy type hybrid
}

# --- sending ---

# One frame of 60 bytes, or --count of them: Ethernet header with --tag "8100 0005" behind the addresses.
frame_on() { # NS DEVICE DESTINATION [--from MAC] [--tag HEX] [--count N] [--pad N] [--type HEX]
	local where=$1 dev=$2 dst=$3 src tag='' type=88b5 more=(--pad 60)

	src=$(mac 1)
	shift 3
	while [ $# -gt 0 ]; do
		case $1 in
		--from) src=$2 ;;
		--tag) tag=$2 ;;
		--type) type=$2 ;;
		*) more+=("$1" "$2") ;;
		esac
		shift 2
	done
	in_ns "$where" taskset -c "$frames_cpu" frame send --dev "$dev" --hex "$dst $src $tag $type" "${more[@]}"
}

tx() { # DESTINATION [...]: out of the stack, from vnet0's MAC
	frame_on "$frames_upper" vnet0 "$@"
}

rx() { # RESOURCE DESTINATION [...]: from its far end
	frame_on "$1" far "${@:2}"
}

# --- what became of it ---

# The lines of what came to NAME so far, without a process for each look.
frames_read() { # NAME: sets frames_lines
	mapfile -t frames_lines <"$T/frames-$1.out"
}

frames_marked() { # NAME NUMBER
	local line

	frames_read "$1"
	for line in "${frames_lines[@]:frames_seen[$1]}"; do
		[[ $line != "$frames_mark$2"* ]] || return 0
	done
	return 1
}

# A port that is down, because nothing carries, lets no frame through and no marker either.
frames_closed() { # NS DEVICE
	[ "$1" = - ] && [ $(($(<"/sys/class/net/$2/flags") & 1)) -eq 0 ]
}

frames_round() { # NAME...
	local name where dev number sent=()

	printf -v number %08x $((frames_number += 1))
	for name in "$@"; do
		read -r where dev <<<"${frames_marker[$name]}"
		! frames_closed "$where" "$dev" || continue
		in_ns "$where" taskset -c "$frames_cpu" frame send --dev "$dev" --hex "$frames_mark$number" --pad 60
		sent+=("$name")
	done
	for name in "${sent[@]}"; do
		wait_for 5 frames_marked "$name" "$number" || { echo "# no marker came to $name"; return 1; }
	done
}

# All that is under way has arrived. A frame through the vnet stands in the backlog twice: what comes out
# of any device after it has been there once, and then one more behind it everywhere.
settle() {
	frames_round "${frames_names[-1]}"
	frames_round "${frames_names[@]}"
}

# The frames that came to NAME since the last check, markers left out.
came() { # NAME
	local line

	frames_read "$1"
	for line in "${frames_lines[@]:frames_seen[$1]}"; do
		[[ $line == "$frames_mark"* ]] || echo "$line"
	done
}

# Whatever came until now is not looked at any more.
forget_frames() {
	local name

	for name in "${frames_names[@]}"; do
		frames_read "$name"
		frames_seen[$name]=${#frames_lines[@]}
	done
}

# What rose from the statistics before to those after: "drop/spoofed=3", "out/sv=1", "in/sv=1"; of another
# vnet than vnet0 with its name before it: "vnet1:in/sv=1".
# shellcheck disable=SC2016 # it is jq that expands them
frames_risen='
	def rows: [.[] | (if .vnet == "vnet0" then "" else .vnet + ":" end) as $v |
		(.drops | to_entries[] | {key: "\($v)drop/\(.key)", value}),
		(.resources[] | {key: "\($v)in/\(.name)", value: .ipackets},
			{key: "\($v)out/\(.name)", value: .opackets})] | from_entries;
	(.[0] | rows) as $before | .[1] | rows | to_entries[] | .value -= ($before[.key] // 0) |
	select(.value != 0) | "\(.key)=\(.value)"'

# Where frames came out: "sv=3".
frames_places() {
	local name lines

	for name in "${frames_names[@]}"; do
		came "$name" >"$T/frames-came"
		mapfile -t lines <"$T/frames-came"
		[ ${#lines[@]} -eq 0 ] || echo "$name=${#lines[@]}"
	done
}

frames_news() {
	ctl -j stats >"$T/frames-after.json"
	jq -rs "$frames_risen" "$T/frames-before.json" "$T/frames-after.json"
	frames_places
}

# Runs the command and checks what became of the frames it sent: "sv=1 out/sv=1", in any order.
happens() { # TEXT EXPECTED COMMAND...
	local text=$1 expected=$2 got

	shift 2
	ctl -j stats >"$T/frames-before.json"
	forget_frames
	"$@"
	settle
	got=$(frames_news | sort)
	# shellcheck disable=SC2086 # words
	expected=$(printf '%s\n' $expected | sort)
	is "$text" "${got//$'\n'/ }" "${expected//$'\n'/ }"
}

carried() { # TEXT RESOURCE COUNT COMMAND...: out of the resource and nowhere else
	happens "$1" "$2=$3 out/$2=$3" "${@:4}"
}

delivered() { # TEXT RESOURCE COUNT COMMAND...: from the resource to the upper and nowhere else
	happens "$1" "up=$3 in/$2=$3" "${@:4}"
}

dropped() { # TEXT REASON COUNT COMMAND...: counted under the reason, and seen nowhere
	happens "$1" "drop/$2=$3" "${@:4}"
}

# --- the shortcut: vnet_tx at vnet0's own egress ---

shortcut_on() {
	[ "$(json '.[0].shortcut' vnet show vnet0)" = true ]
}

shortcut_off() {
	! shortcut_on
}
