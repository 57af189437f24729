#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Words that make no sense to vnetctl: it says which word, and what was expected; the exit status is 1 and
# vnetd is not even asked.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

start_vnetd
ctl vnet add vnet0 address "$(mac 1)"
ctl resource add vnet0 g1 type guest dev late0 peer "$(mac 2)"

bad() { # REGEX WORD...
	local regex=$1

	shift
	refused "vnetctl $*" 1 "^vnetctl: $regex; see 'vnetctl help" ctl "$@"
}

objects='vnet, resource, uplink, flow, fdb, path, stats, history, top, monitor, reload, save, flush, status, version or help'
vnet_keys='address, prefix, mtu, upper, netns, mode, guard, pvid, vlans, promiscuous, on-delete, hybrid-needs-service, monitor-interval, hold-down, tx-timeout, announce-count, announce-interval, announce-addresses, protection, allowed-ips, storm-limit, owner, uplink, share, addresses, learn, maxbw, maxbw-in or maxbw-out'
resource_keys='type, dev, peer, peer-vnet, vf, vlan, uplink, priority, pvid, vlans, admin, storm-limit, probe, probe-interval, probe-count, maxbw, maxbw-in or maxbw-out'

# --- objects and verbs ---
bad "'link' is not an object: expected $objects" link show
bad "'' is not an object: expected $objects" ''
bad "'VNET' is not an object: expected $objects" VNET show
bad "'vnets' is not an object: expected $objects" vnets
bad "'re' is ambiguous: resource or reload" re show
bad "'s' is ambiguous: stats, save or status" s
bad "'remove' is not a verb of vnet: expected add, set, del, prepare-migration, finish-migration or show" vnet remove vnet0
bad "'s' is ambiguous: set or show" vnet s vnet0
bad "'' is not a verb of resource: expected add, set, del, clear or show" resource '' vnet0
bad "'add' is not a verb of fdb: expected show" fdb add vnet0

# --- too few, too many ---
bad "a word is missing after 'add': expected vnet add NAME.*" vnet add
bad "a word is missing after 'del': expected vnet del NAME" vnet del
bad "a word is missing after 'vnet0': expected resource del VNET NAME" resource del vnet0
bad "a word is missing after 'vnet0': expected path VNET MAC .*" path vnet0
bad "a key is missing after 'vnet0': expected vnet set NAME KEY VALUE\.\.\." vnet set vnet0
bad "a key is missing after 'g1': expected resource set VNET NAME KEY VALUE\.\.\." resource set vnet0 g1
bad "'x' is a word too many: expected vnet del NAME" vnet del vnet0 x
bad "'x' is a word too many: expected vnet show \[NAME\]" vnet show vnet0 x
bad "'now' is a word too many: expected flush" flush now

# --- keys ---
bad "'speed' is not a key: expected $vnet_keys" vnet set vnet0 speed 10
bad "'MTU' is not a key: expected $vnet_keys" vnet add vnet1 MTU 1500
bad "'m' is ambiguous: mtu, mode, monitor-interval, maxbw, maxbw-in or maxbw-out" vnet set vnet0 m 1400
bad "'mtu' is not a key: expected $resource_keys" resource set vnet0 g1 mtu 1400
bad "'p' is ambiguous: peer, peer-vnet, priority, pvid, probe, probe-interval or probe-count" resource set vnet0 g1 p 1
bad "'mtu' has no value: expected mtu N" vnet set vnet0 mtu
bad "'gu' has no value: expected guard on\|off" vnet add vnet1 mtu 1400 gu
bad "'mtu' is given twice: expected each key once" vnet set vnet0 mtu 1400 mtu 1300
bad "'mtu' is given twice: expected each key once" vnet add vnet1 mtu 1400 guard on mt 1400

# --- types of values ---
bad "mtu 'big' is not a whole number: expected mtu N" vnet set vnet0 mtu big
bad "mtu '1400.5' is not a whole number: expected mtu N" vnet set vnet0 mtu 1400.5
bad "mtu '0x400' is not a whole number: expected mtu N" vnet set vnet0 mtu 0x400
bad "mtu ' 1400' is not a whole number: expected mtu N" vnet set vnet0 mtu ' 1400'
bad "mtu '99999999999999999999' is not a whole number: expected mtu N" vnet set vnet0 mtu 99999999999999999999
bad "guard 'maybe' is not on or off: expected guard on\|off" vnet set vnet0 guard maybe
bad "guard '' is not on or off: expected guard on\|off" vnet set vnet0 guard ''
bad "pvid 'none' is not a whole number or inherit: expected pvid N\|inherit" resource set vnet0 g1 pvid none
bad "vlan 'x' is not a whole number: expected vlan N" path vnet0 "$(mac 2)" vlan x

# --- options ---
bad "'-x' is not an option: expected .*" -x vnet show
bad "'--jsn' is not an option: expected .*" --jsn vnet show
bad "'-j' is out of place: expected options before OBJECT" vnet show -j
bad "'-j' is out of place: expected options before OBJECT" vnet -j
bad "'-s' has no value: expected one word after it" -s
bad "'--timeout' has no value: expected one word after it" --timeout
for seconds in 0 -1 x '' 1s nan 86401; do
	bad "-t '$seconds' is not a time: expected seconds, more than 0 and at most 86400" -t "$seconds" vnet show
done
bad "'vnet' is a word too many: expected none beside -b" -b - vnet show
refused 'a batch with monitor' 1 "^vnetctl: /dev/fd/[0-9]+:1: 'monitor' never ends: expected a command that can be in a batch;" ctl -b <(echo monitor)

# --- a batch ends at the first line that is wrong ---
printf 'vnet show vnet0\n\n# a comment\nvnet shew\nvnet del vnet0\n' >"$T/batch"
refused 'a batch' 1 "^vnetctl: $T/batch:4: 'shew' is not a verb of vnet: expected add, set, del, prepare-migration, finish-migration or show;" ctl -b "$T/batch"
refused 'a batch that is not there' 1 "^vnetctl: cannot read $T/none: No such file or directory$" ctl -b "$T/none"

# --- nothing at all: the help, as an error ---
status=0
ctl >"$T/out" 2>"$T/err" || status=$?
is 'no words: exit status 1' "$status" 1
like 'no words: the help on standard error' "$(head -n 1 "$T/err")" '^Usage: vnetctl '
is 'no words: nothing on standard output' "$(cat "$T/out")" ''

finish
