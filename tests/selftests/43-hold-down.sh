#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A hybrid that was lost returns when it has been well for hold-down, and at most once a second however its
# carrier flaps; at once if an administrator says so or nothing else carries.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly lan=02:00:00:00:00:64

# Events of path-switched for unicast, "FROM TO SECONDS.MICROSECONDS".
switches() {
	jq -r 'select(.event == "path-switched" and .kind == "unicast")
		| "\(.previous) \(.resource) \(.time[:19] + "Z" | fromdate)\(.time[19:26])"' "$T/events.out"
}

switches_are() { # COUNT
	[ "$(switches | wc -l)" -eq "$1" ]
}

over() { # "REASON RESOURCE"
	path_is vnet0 "$lan" "$1"
}

lose() {
	in_ns far ip link set "$1" down
}

find_again() {
	in_ns far ip link set "$1" up
}

reason() { # RESOURCE
	json '.[0].reason' resource show vnet0 "$1"
}

ns far
for pair in s h k; do
	ip link add ${pair}0 type veth peer name ${pair}1
	ip link set ${pair}1 netns far
	in_ns far ip link set ${pair}1 up
done
start_vnetd
bg events vnetctl -j -s "$T/vnetd.sock" monitor
ctl vnet add vnet0 address "$(mac 1)"
is 'a second by default' "$(json '.[0].hold_down' vnet show vnet0)" 1000
ctl resource add vnet0 sv type service dev s0
ctl resource add vnet0 vf type hybrid dev h0
ok 'the first time is no return: it carries at once' wait_for 5 over 'hybrid vf'
wait_for 5 switches_are 2

# --- a loss ---
lose h1
ok 'its carrier lost, the service carries' wait_for 5 over 'service sv'
find_again h1
held() { [[ $(reason vf) == "device h0 was lost and is back; returns in "* ]]; }
ok 'back, it is held down, and the reason says for how long' wait_for 5 held
ok 'and carries again' wait_for 5 over 'hybrid vf'
wait_for 5 switches_are 4
took=$(switches | awk 'NR == 3 { lost = $3 } NR == 4 { printf "%d", ($3 - lost) * 1000 }')
cmp_num "after a second and no sooner, $took ms" "$took" -ge 1000
cmp_num 'and not much later' "$took" -lt 2000

# --- fault 33: a carrier that flaps at more than 100 Hz ---
# News is taken in batches, so some of this is known from the kernel's count of losses alone.
before=$(switches | wc -l) flaps=0
end=$((SECONDS + 4))
for _ in {1..20}; do
	echo 'link set h1 down'
	echo 'link set h1 up'
done >"$T/flaps"
while [ $SECONDS -lt $end ]; do
	in_ns far ip -batch "$T/flaps"
	flaps=$((flaps + 20))
done
returns=$(switches | tail -n +$((before + 1)) | grep -c '^sv vf' || [ $? -eq 1 ])
echo "# $flaps flaps in 4 s: $returns returns"
cmp_num 'the carrier has flapped at 100 Hz at least' $flaps -ge 400
cmp_num 'at most one switch back a second' "$returns" -le 4
ok 'it returns when it is quiet' wait_for 5 over 'hybrid vf'

# --- at once ---
lose h1
wait_for 5 over 'service sv'
find_again h1
wait_for 5 held
ctl resource set vnet0 vf admin up
ok 'the administrator brings it back at once' over 'hybrid vf'
ctl resource set vnet0 vf admin down
ok 'what he sets down' over 'service sv'
ctl resource set vnet0 vf admin up
ok 'he sets up, at once' over 'hybrid vf'

lose h1
wait_for 5 over 'service sv'
find_again h1
wait_for 5 held
lose s1
ok 'when nothing else carries, what was held down does' wait_for 1 over 'hybrid vf'
find_again s1
service_up() { state_is vnet0 sv up; }
ok 'the service, without which there is no broadcast, is not held down' wait_for 1 service_up

lose h1
wait_for 5 over 'service sv'
find_again h1
wait_for 5 held
kill_vnetd KILL
start_vnetd
ok 'a restart forgets what was held down' over 'hybrid vf'

ctl vnet set vnet0 hold-down 0
lose h1
wait_for 5 over 'service sv'
find_again h1
ok 'without hold-down it returns as soon as it is back' wait_for 1 over 'hybrid vf'

# --- in each of the other ways ---
ctl vnet set vnet0 hold-down 600
ctl resource add vnet0 second type hybrid dev k0 priority 200
for way in down deleted; do
	if [ $way = down ]; then
		ip link set h0 down
		wait_for 5 over 'hybrid second'
		ip link set h0 up
	else
		ip link del h0
		wait_for 5 over 'hybrid second'
		ip link add h0 type veth peer name h1
		ip link set h1 netns far
		in_ns far ip link set h1 up
	fi
	ok "its device $way and back: held down" wait_for 5 held
	ok 'and then it carries again' wait_for 5 over 'hybrid vf'
done
finish
