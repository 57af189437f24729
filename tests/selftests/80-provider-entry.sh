#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A provider is told of its vnet by its entry points: once of each change, of all of it at a start, and never
# when it is not registered; whoever drives the loop. What it counts is in the statistics.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=provider.sh
. "$(dirname "$0")/provider.sh"

readonly mac_new=02:00:00:00:00:31 group=01:00:5e:01:02:03

status_is() { # NAME REGEX: for wait_for
	[[ $(provider_status "$1") =~ $2 ]]
}

errors_are() { # NAME NUMBER: for wait_for
	[ "$(json '.[0].resources[0].ierrors' stats vnet0 "$1")" = "$2" ]
}

quiet() { # TEXT NAME: nothing but what was heard has been said
	is "$1" "$(said "$2")" ''
}

# The entry points of one life, under ARGUMENT.
life() { # TEXT ARGUMENT...
	local text=$1

	shift
	ip link set vnet0 down
	provider life --type service --name sv "$@"
	hears "$text: registers" life 'registered vnet0 sv vntap0'
	ok "$text: a vnet that is down: registered" wait_for 5 status_is life '^status registered vnet0 sv '
	quiet "$text: and not started" life

	ip link set vnet0 up
	hears "$text: the vnet is set up: started" life started
	hears "$text: then told of the address" life "unicst $mac_local"
	hears "$text: and of the groups" life 'multicst add 01:00:5e:00:00:01'
	ok "$text: it says that it is started" wait_for 5 status_is life '^status started '

	ip link set vnet0 promisc on
	hears "$text: promiscuous" life 'promisc on'
	ip link set vnet0 promisc off
	hears "$text: no longer" life 'promisc off'
	ip maddr add $group dev vnet0
	hears "$text: a group joined" life "multicst add $group"
	ip maddr del $group dev vnet0
	hears "$text: and left" life "multicst del $group"
	ip link set vnet0 address $mac_new
	hears "$text: another address" life "unicst $mac_new"
	ok "$text: which the status tells" wait_for 5 status_is life " $mac_new mtu 1500 "
	quiet "$text: and nothing else" life

	ip maddr add $group dev vnet0
	hears "$text: a group joined again" life "multicst add $group"
	ip link set vnet0 promisc on
	hears "$text: promiscuous again" life 'promisc on'
	ip link set vnet0 down
	hears "$text: the vnet is set down: stopped" life stopped
	hush life
	ip link set vnet0 up
	hears "$text: and up: started" life started
	hears "$text: told of the address again" life "unicst $mac_new"
	hears "$text: that it is promiscuous" life 'promisc on'
	hears "$text: and of the group" life "multicst add $group"
	ip link set vnet0 promisc off
	hears "$text: no longer promiscuous" life 'promisc off'

	ctl vnet set vnet0 mtu 1400
	ok "$text: the MTU is told" wait_for 5 status_is life ' mtu 1400 '
	ctl vnet set vnet0 mtu 1500

	ctl resource set vnet0 sv admin down
	hears "$text: the resource administratively down: stopped" life stopped
	ctl resource set vnet0 sv admin up
	hears "$text: and up: started" life started

	tell life unreg
	hears "$text: unregistering stops it first" life stopped
	hears "$text: then it is done" life unregistered
	ok "$text: the resource is gone" resource_gone vnet0 sv
	is "$text: and its tap" "$(taps)" ''
	hush life
	ip link set vnet0 down
	ip link set vnet0 address $mac_local
	ip maddr del $group dev vnet0
	ip link set vnet0 up
	tell life reg
	hears "$text: registered anew" life started
	ok "$text: it ends" provider_end life
	not_ok "$text: no entry point was called that must not be" grep '^unasked' "$T/life.out"
	is "$text: nor mc_tx()" "$(jq -c '[.unasked, .overlaps]' "$T/life")" '[0,0]'
	ok "$text: nothing is left" nothing_provided
}

start_vnetd
ctl vnet add vnet0 address $mac_local announce-count 0
life 'one thread'
life 'four threads' --threads 4 --queues 4
life "the program's own loop" --own-loop
# The library's own thread knows one socket alone.
mkdir -p /run/vnetd
ln -s "$T/vnetd.sock" /run/vnetd/vnetd.sock
life "the library's own thread" --own-thread

# --- other types carry no multicast ---

ip link set vnet0 up
provider sv --type service --name sv
provider g1 --type guest --name g1 --peer "$(mac 2)"
provider hy --type hybrid --name hy
for name in g1 hy; do
	hears "$name is started" $name started
	hears "$name is told of the address" $name "unicst $mac_local"
done
ip maddr add $group dev vnet0
hears 'the service is told of a group' sv "multicst add $group"
for name in g1 hy; do
	not_ok "$name is told of none" grep multicst "$T/$name.out"
done

# --- the second vnet and its own ---

ctl vnet add vnet1 address "$(mac 9)" announce-count 0
ip link set vnet1 up
mac_local=$(mac 9) provider other --type service
is 'another vnet has providers of its own' "$(registered other)" 'vnet1 p0 vntap3'
hears 'started by itself' other started
ctl vnet del vnet1
hears 'stopped when its vnet is deleted' other stopped
ok 'and told why' wait_for 5 status_is other '^status removed '
ok 'it goes on until it ends by itself' provider_end other

# --- what an entry point refuses ---

tell hy entry-error 5
hush hy
before=$(json '.[0].resources[0].ierrors' stats vnet0 hy)
ip link set vnet0 address $mac_new
hears 'an entry point refuses' hy "unicst $mac_new"
ok 'that is an error of its resource' wait_for 5 errors_are hy $((before + 1))
tell hy entry-error 0
ip link set vnet0 promisc on
hears 'with the next change it is told again' hy "unicst $mac_new"
hears 'before that' hy 'promisc on'
ip link set vnet0 promisc off
ip link set vnet0 address $mac_local

tell hy start-error 19
ip link set vnet0 down
wait_for 5 heard hy stopped
ip link set vnet0 up
hears 'a provider refuses to start' hy 'start refused'
ok 'its resource is failed' wait_for 5 state_is vnet0 hy failed
like 'the reason is told' "$(json '.[0].reason' resource show vnet0 hy)" \
	'^its provider reported: it cannot be started: No such device$'
ok 'the others go on' state_is vnet0 g1 up
tell hy start-error 0
ctl resource clear vnet0 hy
ok 'cleared, it is up' wait_for 5 state_is vnet0 hy up
hears 'and started' hy started

# --- statistics ---

fields='.[0].resources[0] | "\(.ierrors) \(.oerrors) \(.norcvbuf) \(.noxmtbuf)"'
errors_told() { # NAME "NUMBERS": for wait_for
	[ "$(json "$fields" stats vnet0 "$1")" = "$2" ]
}

# vnetd waits a tenth of a second for a provider's answer, which on an emulated processor comes later, and counts then.
errors_at_once() { # NAME "NUMBERS"
	if [ "${VNET_SLOW:-1}" -gt 1 ]; then
		wait_for 5 errors_told "$@"
	else
		errors_told "$@"
	fi
}

is 'at first there are no errors' "$(json "$fields" stats vnet0 g1)" '0 0 0 0'
for i in 0 1 2 3; do
	tell g1 stat $i $((i + 11))
done
ok 'what a provider counts is there when it is asked for' errors_at_once g1 '11 12 13 14'
tell g1 stat 2 1000000000000
ok 'and again' errors_at_once g1 '11 12 1000000000000 14'
is 'the others have their own' "$(json "$fields" stats vnet0 sv)" '0 0 0 0'
kill -STOP "$(bg_pid g1)"
begin=${EPOCHREALTIME/./}
is 'one that does not answer: what it said last' "$(json "$fields" stats vnet0 g1)" '11 12 1000000000000 14'
cmp_num 'without a long wait (ms)' $(((${EPOCHREALTIME/./} - begin) / 1000)) -lt $((1000 * ${VNET_SLOW:-1}))
kill -CONT "$(bg_pid g1)"
tell g1 stat 0 77
ok 'it answers again' wait_for 5 errors_told g1 '77 12 1000000000000 14'

for name in sv g1 hy; do
	provider_end $name
	is "$name: mc_tx() was called when it may be" "$(jq -c '[.unasked, .overlaps]' "$T/$name")" '[0,0]'
done
ok 'nothing is left' nothing_provided
finish
