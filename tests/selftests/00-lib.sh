#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The helpers that the other selftests are built from do what they say; vnetd has no part in it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

outer_failed() { # SCRIPT: runs it as a selftest of its own
	{
		echo "#!/bin/bash"
		echo ". '$lib_root/tests/selftests/lib.sh'"
		cat
	} >"$T/inner.sh"
	status=0
	TMPDIR=$T bash "$T/inner.sh" >"$T/inner.out" 2>&1 || status=$?
	said=$(cat "$T/inner.out")
}

# --- the checks, good and bad, in scripts of their own ---

outer_failed <<'X'
ok 'true is ok' true
not_ok 'false is not' false
is 'the same' a a
isnt 'not the same' a b
like 'matches' abc '^a.c$'
unlike 'does not match' abc '^b'
cmp_num 'less' 3 -lt 4
fails 'says why' 3 'because' bash -c 'echo because >&2; exit 3'
finish
X
is 'passing checks: exit status 0' "$status" 0
is 'passing checks: eight ok lines' "$(grep -c '^ok ' "$T/inner.out")" 8
like 'passing checks: the plan is the last line' "$said" $'\n1\.\.8$'

outer_failed <<'X'
ok 'a' false
not_ok 'b' true
is 'c' a b
isnt 'd' a a
like 'e' abc '^b'
unlike 'f' abc '^a'
cmp_num 'g' x -lt 4
fails 'h' 3 'because' bash -c 'echo because >&2; exit 4'
fails 'i' 3 'because' bash -c 'exit 3'
finish
X
is 'failing checks: exit status 1' "$status" 1
is 'failing checks: every one is not ok' "$(grep -c '^not ok ' "$T/inner.out")" 9
like 'a failing check tells what it got' "$said" 'got:      a'
like 'a failing check tells what it wanted' "$said" 'expected: b'

outer_failed <<<'false; finish'
is 'a failing command ends the script' "$status" 1
like 'and its line is told' "$said" 'not ok 1 - the script ended early, status 1 at line 3'

outer_failed <<<"pass 'one'; exit 0"
isnt 'a script that leaves before finish fails' "$status" 0

outer_failed <<<"skip_all 'no such thing here'"
is 'a skipped script: exit status 77' "$status" 77
is 'a skipped script: the reason' "$said" 'no such thing here'

# --- the world ---

is 'the host is an empty network namespace' "$(ip -o link show | wc -l)" 1
is 'sysfs shows it' "$(ls /sys/class/net)" lo
is 'there is a bpffs' "$(stat -f -c %T "$T/bpf")" bpf_fs
is 'no namespaces are left from elsewhere' "$(ip netns list)" ''

# --- waiting ---

ok 'wait_for returns at once on success' wait_for 1 true
begin=${EPOCHREALTIME/./}
not_ok 'wait_for gives up' wait_for 1 false
cmp_num 'after its time' $((${EPOCHREALTIME/./} - begin)) -ge 1000000
counter=0
third_time() { [ $((counter += 1)) -ge 3 ]; }
wait_for 5 third_time
is 'wait_for polls' "$counter" 3

# --- background commands ---

bg sleeper sleep 1000
ok 'a background command runs' bg_running sleeper
status=0
bg_stop sleeper || status=$?
is 'it is stopped by the signal' "$status" 143
bg quick bash -c 'echo done; exit 5'
status=0
bg_wait quick || status=$?
is 'its exit status is returned' "$status" 5
is 'its output is kept' "$(out quick)" 'done'

# --- the network ---

ns a b
is 'namespaces are made' "$(ip netns list | sort | tr '\n' ' ')" 'a b '
like 'a namespace has its loopback' "$(in_ns a ip -br link show lo)" '^lo +(UNKNOWN|UP)'
isnt 'it is another one' "$(in_ns a readlink /proc/self/ns/net)" "$(readlink /proc/self/ns/net)"
is 'in_ns - is the host' "$(in_ns - readlink /proc/self/ns/net)" "$(readlink /proc/self/ns/net)"
bg inside in_ns a sleep 1000
is_sleep() { [ "$(cat "/proc/$(bg_pid inside)/comm")" = sleep ]; }
wait_for 5 is_sleep
is 'a background command in a namespace is the command itself, in there' \
	"$(readlink "/proc/$(bg_pid inside)/ns/net")" "$(in_ns a readlink /proc/self/ns/net)"
status=0
bg_stop inside || status=$?
is 'and ends by the signal' "$status" 143

is 'mac' "$(mac 10)" 02:00:00:00:00:0a
veth va a vb b "$(mac 1)" "$(mac 2)"
veth ha - hb b
# The kernel may take a moment to say so.
is_up() { # NS DEVICE MAC
	in_ns "$1" ip -br link show "$2" | grep -qE "UP +$3"
}
ok 'a veth end is up and has its address' wait_for 5 is_up a va "$(mac 1)"
ok 'and the other one too' wait_for 5 is_up b vb "$(mac 2)"
ok 'one end may be at the host' wait_for 5 is_up - ha ''

in_ns a ip addr add 192.0.2.1/24 dev va
in_ns b ip addr add 192.0.2.2/24 dev vb
neighbour a va 192.0.2.2 "$(mac 2)"
neighbour b vb 192.0.2.1 "$(mac 1)"
ok 'frames pass' in_ns a ping -q -c 1 -W 2 192.0.2.2
is 'and only those: IPv6 is quiet' \
	"$(in_ns a cat /proc/net/dev | awk '$1 == "va:" { print $3, $11 }')" '1 1'

ns sw c d
veth c0 c swc sw
veth d0 d swd sw
bridge br0 sw swc swd
in_ns c ip addr add 192.0.2.3/24 dev c0
in_ns d ip addr add 192.0.2.4/24 dev d0
ok 'a bridge forwards at once' in_ns c ping -q -c 1 -W 2 192.0.2.4

ns_del a b c d sw
is 'namespaces are deleted' "$(ip netns list)" ''
ok 'and the device of a pair with them' wait_for 5 bash -c '! ip link show ha'

finish
