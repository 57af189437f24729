#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The exit status of vnetctl: 0 done, 1 usage, 2 refused, 3 nobody there, 4 no answer in time, 5 the output
# could not be written. A change that timed out is done whole or not at all.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# --- 3: nobody there ---
there='\(is vnetd running\? see .systemctl status vnetd.\)'
fails 'no socket' 3 "^vnetctl: cannot reach vnetd at $T/vnetd.sock: No such file or directory $there$" ctl vnet show
fails 'no folder' 3 "^vnetctl: cannot reach vnetd at /nowhere/sock: No such file or directory" vnetctl -s /nowhere/sock status
fails 'the default path' 3 '^vnetctl: cannot reach vnetd at /run/vnetd/vnetd.sock: No such file' vnetctl status
fails 'a change' 3 '^vnetctl: cannot reach vnetd at ' ctl vnet add vnet0
fails 'the events' 3 '^vnetctl: cannot reach vnetd at ' ctl monitor
touch "$T/file"
fails 'a file that is no socket' 3 "^vnetctl: cannot reach vnetd at $T/file: Connection refused" vnetctl -s "$T/file" status
long=$(printf 'x%.0s' {1..200})
fails 'a path that is too long' 3 "^vnetctl: cannot reach vnetd at /$long: " vnetctl -s "/$long" status
start_vnetd
kill_vnetd KILL
fails 'a socket that nobody listens at' 3 "^vnetctl: cannot reach vnetd at $T/vnetd.sock: Connection refused $there$" ctl status

# --- 3: not allowed ---
start_vnetd
# /run is this world's own, and everybody can look there.
mkdir -m 700 /run/closed
install "$VNET_BUILD/vnetctl" /run/vnetctl
user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fails 'a socket out of reach' 3 \
	"^vnetctl: cannot reach vnetd at /run/closed/sock: permission denied \(reading needs the group vnet, changing needs root or the group vnet-admin\)$" \
	"${user[@]}" /run/vnetctl -s /run/closed/sock status

# --- 0, 1 and 2 ---
ok '0: a change is done' ctl vnet add vnet0 address "$(mac 1)"
ok '0: an answer' ctl vnet show vnet0
ok '0: help asks nobody' vnetctl -s /nowhere/sock help
ok '0: version asks nobody' vnetctl -s /nowhere/sock version
ok '0: a resource whose device does not exist yet' ctl resource add vnet0 g1 type guest dev late0 peer "$(mac 2)"
refused '1: usage' 1 '' ctl vnet show vnet0 x
refused '2: refused' 2 '^vnetctl: vnet0: there is a vnet of that name already$' ctl vnet add vnet0

# --- 5: the output ---
fails '5: a full disk' 5 '^vnetctl: cannot write the output: No space left on device$' \
	bash -c "vnetctl -s $T/vnetd.sock vnet show >/dev/full"

# --- 4: no answer in time ---
begin=${EPOCHREALTIME/./}
kill -STOP "$vnetd_pid"
fails '4: a question' 4 "^vnetctl: $T/vnetd.sock: vnetd did not answer within 0\.5 seconds" ctl -t 0.5 status
cmp_num '4: not before its time' $((${EPOCHREALTIME/./} - begin)) -ge 500000
fails '4: the events' 4 'did not answer within 0\.1 seconds' ctl -t 0.1 monitor
fails '4: a change that may be done later' 4 'did not answer within 0\.1 seconds' ctl -t 0.1 vnet set vnet0 mtu 1400 pvid 7
fails '4: a change that would be refused' 4 'did not answer within 0\.1 seconds' ctl -t 0.1 vnet set vnet0 mtu 1300 pvid 7 vlans 5 address "$(mac 2)"
kill -CONT "$vnetd_pid"
ok '0 again' ctl status
# What was asked is in the socket and is carried out: whole, or refused whole.
is 'the change was done whole, and the other one not at all' \
	"$(json '.[0] | "\(.mtu) \(.pvid) \(.vlans) \(.address)"' vnet show vnet0)" "1400 7 none $(mac 1)"
is 'in the kernel as well' "$(ip -j link show vnet0 | jq -r '.[0] | "\(.mtu) \(.address)"')" "1400 $(mac 1)"
ok '0: the next change' ctl vnet set vnet0 mtu 1500

# --- 3: vnetd goes while it is asked ---
# The listener, each connection, and maybe one whose client has gone; all stay while vnetd is stopped.
sockets() { grep -c " $T/vnetd.sock$" /proc/net/unix; }
kill -STOP "$vnetd_pid"
before=$(sockets)
bg asker vnetctl -s "$T/vnetd.sock" -t 20 status
asks() { [ "$(sockets)" -gt "$before" ]; }
ok 'somebody asks' wait_for 5 asks
kill_vnetd KILL
status=0
bg_wait asker || status=$?
is '3: the connection ends' "$status" 3
like '3: and it says so' "$(cat "$T/asker.err")" "^vnetctl: $T/vnetd.sock: .*$there$"

finish
