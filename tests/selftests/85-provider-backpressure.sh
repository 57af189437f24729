#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A million frames come to a provider whose mc_tx() refuses at random, and asks for more at random times, each of
# them once and in order; one that takes nothing at all holds up its own queue alone.
# vnet-test: alone
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=provider.sh
. "$(dirname "$0")/provider.sh"

readonly peer=02:00:00:00:00:02 count=1000000

start_vnetd
ctl vnet add vnet0 address $mac_local announce-count 0
ip link set vnet0 up

# The sender stays within what the tap's queue holds: what the kernel has no room for, it throws away.
pour() { # TEXT COUNT SIZE
	local text=$1 status=0

	bg send stream send --dev vnet0 --dst $peer --rate 10000000 --count "$2" --size "$3" --ends 0 \
		--progress "$T/progress" --window 400 --status "$T/send"
	bg_wait send 120 || status=$?
	is "$text: all were sent" "$status $(jq -c '[.sent, .send_errors]' "$T/send")" "0 [$2,0]"
	ok "$text: all of them came" wait_for 30 received_all "$2"
	is "$text: each once, in order" "$(counted gate '| [.received, .lost, .duplicated, .reordered]' | jq -c .)" \
		"[$2,0,0,0]"
	is "$text: and only when they may" "$(counted gate '| [.unasked, .overlaps]' | jq -c .)" '[0,0]'
	echo "# $text: $(jq -r '"\(.sent / .seconds | floor) frames a second"' "$T/send")," \
		"$(counted gate refusals) refusals, $(stops) stops"
}

received_all() {
	[ "$(counted gate received)" = "$1" ]
}

stops() {
	[[ $(provider_status gate) =~ \ stops\ ([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

gate() { # ARGUMENT...
	provider gate --type hybrid --name gate --progress "$T/progress" "$@"
	hears 'started' gate started
}

gate
tell gate refuse 20 300
pour 'one thread, 2 % refused' $count 60
cmp_num 'it has been stopped often' "$(stops)" -gt 1000
is 'no frame was dropped' "$(json '[.[0].drops[]] | add' stats vnet0)" 0
is 'and each is counted once' "$(json '.[0].resources[0].opackets' stats vnet0 gate)" $count
ok 'it ends' provider_end gate

gate --threads 4
tell gate refuse 300 50
pour 'four threads, 30 % refused' 200000 60
ok 'it ends' provider_end gate

gate --own-loop
tell gate refuse 100 100
pour "the program's own loop, 10 % refused" 200000 1514
ok 'it ends' provider_end gate

gate
tell gate refuse 1000 0
stopped_often() {
	[ "$(stops)" -ge 20 ]
}
bg send stream send --dev vnet0 --dst $peer --rate 100000 --count 300 --ends 0
bg_wait send
ok 'all is refused, again and again' wait_for 10 stopped_often
is 'nothing is taken' "$(counted gate received)" 0
tell gate refuse 0 0
ok 'no longer: all of them come' wait_for 5 received_all 300
is 'each once, in order' "$(counted gate '| [.received, .lost, .duplicated, .reordered]' | jq -c .)" '[300,0,0,0]'
ok 'it ends' provider_end gate

# --- one that takes nothing ---

provider shut --type hybrid --name shut
provider open --type guest --name open --peer "$(mac 3)"
hears 'both are started' shut started
hears 'the other one' open started
tell shut hold
stream send --dev vnet0 --dst $peer --rate 100000 --count 5000 --ends 0 >"$T/shut.send"
stream send --dev vnet0 --dst "$(mac 3)" --id 1 --rate 20000 --count 5000 --ends 0 >"$T/open.send"
open_has() {
	[ "$(counted open received)" = "$1" ]
}
ok 'the other one gets all that is its' wait_for 5 open_has 5000
is 'in order' "$(counted open '| [.lost, .duplicated, .reordered]' | jq -c .)" '[0,0,0]'
is 'the shut one has taken nothing' "$(counted shut frames)" 0
is 'and is up' "$(json '.[0].state' resource show vnet0 shut)" up
cmp_num 'what it has no room for is told' "$(json '.[0].resources[0].noxmtbuf + .[0].resources[0].oerrors' stats vnet0 shut)" -gt 0
idle() { # clock ticks that the provider has used
	awk '{ print $14 + $15 }' "/proc/$(bg_pid shut)/stat"
}
before=$(idle)
ctl -j stats >"$T/stats"
for _ in $(seq 50); do
	ctl status >/dev/null
done
cmp_num 'it waits without working (ticks)' $(($(idle) - before)) -le 5
tell shut release
gets_more() {
	[ "$(counted shut received)" -ge 500 ]
}
ok 'let go: what was kept comes' wait_for 5 gets_more
is 'each once, in order' "$(counted shut '| [.duplicated, .reordered]' | jq -c .)" '[0,0]'

# It can be unregistered while it is stopped, and while it is asked.
tell shut hold
stream send --dev vnet0 --dst $peer --rate 100000 --count 2000 --ends 0 >"$T/shut.send"
tell shut unreg
ok 'a stopped one can be unregistered' resource_gone vnet0 shut
tell shut release
tell shut reg
tell shut refuse 500 200
frames_come() {
	[ "$(counted shut frames)" -gt "$before" ]
}
bg send stream send --dev vnet0 --dst $peer --rate 50000 --seconds 60 --ends 0
for i in 1 2 3 4 5 6 7 8 9 10; do
	before=$(counted shut frames)
	ok "under way, round $i: frames come" wait_for 5 frames_come
	tell shut unreg
	tell shut reg
done
bg_stop send
is 'unregistered ten times under way: no frame came when none may' "$(counted shut '| [.unasked, .overlaps]' | jq -c .)" '[0,0]'
not_ok 'and no entry point' grep '^unasked' "$T/shut.out"
ok 'it ends' provider_end shut
ok 'the other one, too' provider_end open
ok 'nothing is left' nothing_provided
finish
