#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vnetd is exchanged for one with other programs and back, again and again, and comes after one whose maps
# are of the version before, all of it under numbered streams: no frame is lost or doubled. What it cannot
# take over it refuses in words, and what runs goes on: maps of a newer version or of another size, programs
# that the kernel refuses. Faults 5, 6 and 19. VNET_UPGRADES: how many times (10).
# vnet-test: alone
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
rate=20000 # what is built and traced beside it takes its share of the CPUs
# shellcheck source=world.sh
. "$(dirname "$0")/world.sh"
# shellcheck source=other.sh
. "$(dirname "$0")/other.sh"

for tool in clang gcc bpftool; do
	command -v $tool >/dev/null || skip_all "there is no $tool to build another vnetd with"
done
pins=$T/bpf/vnet/default

of_link() { # KEY
	local pin

	for pin in "$pins"/links/*; do
		bpftool -j link show pinned "$pin" | jq "[.] | flatten | .[0].$1"
	done
}

maps() {
	local pin

	for pin in "$pins"/maps/*; do
		echo "${pin##*/} $(bpftool -j map show pinned "$pin" | jq .id)"
	done
}

program() { # that is pinned under the name: its tag, which comes from what it does
	bpftool -j prog show pinned "$pins/programs/$1" | jq -r .tag
}

# Of old programs, the numbers of those that somebody still has.
left() {
	local id

	for id in "$@"; do
		! bpftool prog show id "$id" >/dev/null 2>&1 || echo "$id"
	done
}

none_left() {
	[ -z "$(left "$@")" ]
}

as() { # FOLDER COMMAND...: with the vnetd of that folder
	local PATH=$T/$1:$PATH

	shift
	"$@"
}

other_vnetd other storm.h <<<'s/define STORM_TRIES 8/define STORM_TRIES 9/'
other_vnetd refused tc.h <<<'s/^static __always_inline int tc_redirect(.*/&/; /^	return bpf_redirect(d->egress, 0);/s/d->egress/*(volatile __u32 *)(__u64)d->egress/'

world_make
start_vnetd
world_vnets
channel_add
ctl resource add vnet0 vf type hybrid dev h0
traffic_start

# --- fault 5: upgrade and downgrade ---

links_before=$(of_link id) maps_before=$(maps) shown=$(snapshot) tag=$(program vnet_tx)
mapfile -t old < <(of_link prog_id | sort -u)
tags=''
for i in $(seq "${VNET_UPGRADES:-10}"); do
	if [ $((i % 3)) = 0 ]; then
		kill_vnetd KILL
	else
		stop_vnetd
	fi
	if [ $((i % 2)) = 1 ]; then
		as other start_vnetd
	else
		start_vnetd
	fi
	tags+=" $(program vnet_tx)"
done
traffic_settle
ok 'fault 5: upgrades and downgrades: no frame is lost' wait_for 5 lost_at_most 0
is 'fault 5: there were two builds' "$(tr ' ' '\n' <<<"$tags" | sort -u | sed /^$/d | wc -l)" 2
is 'fault 5: the links are the same' "$(of_link id)" "$links_before"
is 'fault 5: the maps are the same' "$(maps)" "$maps_before"
is 'fault 5: it shows what it showed' "$(snapshot)" "$shown"
ok 'fault 5: the first programs are gone' wait_for 5 none_left "${old[@]}"

# --- fault 19: the verifier refuses ---

stop_vnetd
programs_before=$(of_link prog_id)
fails 'fault 19: programs that the verifier refuses' 1 'cannot start: the kernel refused the program vnet_[a-z_]*: .*invalid mem access' \
	timeout 60 "$T/refused/vnetd" --config "$T/etc" --socket "$T/vnetd.sock" --state "$T/state" --bpffs "$T/bpf/vnet"
like "fault 19: the end of the verifier's log is shown" "$(cat "$T/err.log")" 'verifier: .*processed [0-9]+ insns'
is 'fault 19: the old programs are kept' "$(of_link prog_id)" "$programs_before"
is 'fault 19: and the maps' "$(maps)" "$maps_before"
traffic_settle
ok 'fault 19: no frame is lost' wait_for 5 lost_at_most 0

# --- fault 5: maps of the version before ---

frames_before=$(bpftool -j map dump pinned "$pins/maps/counters" | jq '[.[].values[].value | select(length > 0)] | length')
cmp_num 'there are counters' "$frames_before" -gt 0
oldmaps "$pins"
is 'the maps are of the version before' "$(find "$pins/maps" -type f | wc -l)" 13
mapfile -t old < <(of_link prog_id | sort -u)
isnt 'by its programs' "$(of_link prog_id)" "$programs_before"
sent_before=$(value recv-outside received)
wait_for 10 stream_past outside $(($(value recv-outside last) + 10000))
cmp_num 'which forward' "$(value recv-outside received)" -gt "$sent_before"
: >"$T/vnetd.log"
ok 'fault 5: vnetd starts over maps of the version before' start_vnetd
like 'fault 5: it says so' "$(cat "$T/vnetd.log")" "$pins/maps: the maps of the version before are brought over"
is 'fault 5: it shows what it showed' "$(snapshot)" "$shown"
is 'fault 5: the links are the same' "$(of_link id)" "$links_before"
is 'fault 5: by the programs of now' "$(program vnet_tx)" "$tag"
is 'fault 5: the maps are those of now' "$(maps | cut -d' ' -f1)" "$(cut -d' ' -f1 <<<"$maps_before")"
not_ok 'fault 5: nothing else is left' test -e "$pins/maps_new"
ok 'fault 5: the old programs are gone' wait_for 5 none_left "${old[@]}"
traffic_settle
ok 'fault 5: no frame is lost' wait_for 5 lost_at_most 0
before=$(json '.[0].resources[] | select(.name == "vf").opackets' stats vnet0)
cmp_num 'fault 5: the counters go on' "$before" -gt 10000

# ... and killed at every call on the way there
killed=0 wrong=''
for n in $(seq 1 "${VNET_KILL_STEP:-45}" 400); do
	stop_vnetd
	oldmaps "$pins"
	status=0
	timeout 60 strace -f -qq -o "$T/strace" -e trace=bpf,renameat2,rename,rmdir,unlink \
		-e inject="bpf,renameat2,rename,rmdir,unlink:signal=KILL:when=$n" \
		vnetd --config "$T/etc" --socket "$T/vnetd.sock" --state "$T/state" --bpffs "$T/bpf/vnet" \
		>>"$T/vnetd.log" 2>&1 &
	vnetd_pid=$!
	wait_for 20 lib_ready
	if lib_running "$vnetd_pid"; then # it was not to be: the start has fewer calls
		kill -TERM "$(pgrep -P "$vnetd_pid")"
		lib_reap "$vnetd_pid" 20
		start_vnetd
		break
	fi
	lib_reap "$vnetd_pid" 10 || [ $? -gt 128 ]
	killed=$((killed + 1))
	start_vnetd
	[ "$(snapshot)" = "$shown" ] || wrong+=" $n:shown"
	[ "$(of_link id)" = "$links_before" ] || wrong+=" $n:links"
	[ ! -e "$pins/maps_new" ] || wrong+=" $n:left"
done
cmp_num 'fault 2: killed on the way from one version to the next' "$killed" -ge 4
is 'fault 2: the next one has it right each time' "$wrong" ''
traffic_settle
ok 'fault 2: no frame is lost' wait_for 5 lost_at_most 0

traffic_end 'all upgrades'

# --- fault 6: what cannot be taken over ---

refuses() { # TEXT REGEX
	local before

	before="$(of_link id) $(of_link prog_id) $(maps)"
	fails "fault 6: $1" 1 "cannot start: .*$2" timeout 60 vnetd --config "$T/etc" --socket "$T/vnetd.sock" \
		--state "$T/state" --bpffs "$T/bpf/vnet"
	is "fault 6: $1: nothing has changed" "$(of_link id) $(of_link prog_id) $(maps)" "$before"
	ok "fault 6: $1: the old data path runs on" ping -q -c 1 -W 2 $addr_out
}

version() { # NUMBER
	bpftool map update pinned "$pins/maps/meta" key 0 0 0 0 value "$1" 0 0 0 0 0 0 0
}

stop_vnetd
version 4
refuses 'maps of a newer version' 'the maps there are of version 4, expected version 3; nothing was changed, and the data path there goes on forwarding'
version 1
refuses 'maps of a version too old' 'the maps there are of version 1, expected version 3; nothing was changed'
version 3
mv "$pins/maps/vlans" "$pins/vlans"
bpftool map create "$pins/maps/vlans" type hash key 8 value 512 entries 16 name vlans flags 1
refuses 'a map of another size' 'maps/vlans is a map of type 1, key 8, value 512, 16 entries, flags 0x1, expected .* 131072 entries'
mv "$pins/vlans" "$pins/maps/vlans"
ok 'fault 6: with the right ones it starts' start_vnetd
is 'fault 6: it shows what it showed' "$(snapshot)" "$shown"
finish
