#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each registration that cannot be is refused with its errno and a sentence, and changes nothing; what the
# original's interface allows is accepted.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=provider.sh
. "$(dirname "$0")/provider.sh"

# A provider with these arguments is refused so.
declines() { # TEXT ERRNO REGEX ARGUMENT...
	local text=$1 errno=$2 regex=$3 before status=0

	shift 3
	before=$(snapshot)
	provider wrong "$@"
	bg_wait wrong || status=$?
	like "$text" "$status $(out wrong)" "^1 refused $errno: $regex\$"
	is "$text: nothing changed" "$(snapshot)" "$before"
	is "$text: no entry point was called" "$(grep -cvE '^refused' "$T/wrong.out" || [ $? -eq 1 ])" 0
}

accepts() { # TEXT "VNET NAME DEVICE" ARGUMENT...
	local text=$1 what=$2

	shift 2
	provider right "$@"
	is "$text" "$(registered right)" "$what"
	hears "$text: started" right started
	ok "$text: it ends" provider_end right
}

start_vnetd
declines 'there is no vnet' ENXIO 'no vnet has the address 02:00:00:00:00:01' --type service
ctl vnet add vnet0 address $mac_local announce-count 0
ip link set vnet0 up
ip link add dev0 type veth peer name dev1
ip link set dev0 up
ip link set dev1 up

mac_local=$(mac 9) declines 'ENXIO: no vnet has that MAC' ENXIO 'no vnet has the address 02:00:00:00:00:09' --type hybrid
mac_local=01:00:00:00:00:01 declines 'a group is no local MAC' EINVAL '.*MAC.*' --type hybrid
mac_local=00:00:00:00:00:00 declines 'nor is zero' EINVAL '.*MAC.*' --type hybrid

# --- EINVAL ---

declines 'a type that is none' EINVAL '.*type.*' --type 3
declines 'a guest without a MAC' EINVAL '.*MAC.*' --type guest --peer 00:00:00:00:00:00
declines 'a guest whose MAC is a group' EINVAL '.*MAC.*' --type guest --peer 03:00:00:00:00:02
declines 'a guest that has the vnet'"'"'s own MAC' EINVAL 'vnet0/p0: .+' --type guest --peer $mac_local
declines 'a name that is too long' EINVAL '.*' --type hybrid --name abcdefghijklmnop
declines 'a name that is none' EINVAL '.*name.*' --type hybrid --name 'a/b'
declines 'an empty name' EINVAL '.*name.*' --type hybrid --name ''
declines '65 queues' EINVAL '.*queues.*' --type hybrid --queues 65
declines 'an SDU that is less than the MTU' EINVAL 'vnet0/p0: .*1499.*1500.*' --type hybrid --max-sdu 1499
declines 'an SDU under 68 bytes' EINVAL '.*67.*' --type hybrid --max-sdu 67
declines 'an SDU over 65521 bytes' EINVAL '.*' --type hybrid --max-sdu 65522
declines 'a device name that is none' EINVAL '.*' --type hybrid --device 'a/b'

# --- ENODEV, EBUSY ---

declines 'ENODEV: no such device' ENODEV 'vnet0/p0: .*dev9.*' --type hybrid --device dev9
ctl vnet add vnet1 address "$(mac 3)" announce-count 0
ctl resource add vnet1 sv type service dev dev1
declines 'EBUSY: the device of another resource' EBUSY 'vnet0/p0: .*dev1.*vnet1.*' --type hybrid --device dev1
declines 'EBUSY: the vnet itself' EBUSY 'vnet0/p0: .*vnet0.*' --type hybrid --device vnet0
declines 'EBUSY: another vnet' EBUSY 'vnet0/p0: .*vnet1.*' --type hybrid --device vnet1
declines 'the loopback device' EINVAL 'vnet0/p0: .*lo.*' --type hybrid --device lo

# --- EEXIST ---

provider sv --type service --name sv
provider g1 --type guest --name g1 --peer "$(mac 2)"
hears 'a service is there' sv started
hears 'and a guest' g1 started
declines 'EEXIST: a second service' EEXIST 'vnet0/p0: .*service.*sv.*' --type service
declines 'EEXIST: by a netdev' EEXIST 'vnet0/p0: .*service.*sv.*' --type service --device dev0
declines 'EEXIST: the same peer' EEXIST 'vnet0/p0: .*02:00:00:00:00:02.*g1.*' --type guest --peer "$(mac 2)"
declines 'EEXIST: the same name' EEXIST 'vnet0/sv: .*' --type hybrid --name sv
declines 'EEXIST: the name of a guest' EEXIST 'vnet0/g1: .*' --type guest --name g1 --peer "$(mac 4)"
refused 'vnetctl is refused a second service as well' 2 'vnet0/s2: .*service.*sv' ctl resource add vnet0 s2 type service dev dev0
refused 'and the name' 2 'vnet0/sv: ' ctl resource add vnet0 sv type hybrid dev dev0
refused 'a provided resource is no device of others' 2 'vnet1/h1: .*' \
	ctl resource add vnet1 h1 type hybrid dev "$(provider_device sv)"
ok 'the service is up still' state_is vnet0 sv up
ok 'the guest is up still' state_is vnet0 g1 up

# --- what is accepted ---

accepts 'a hybrid with a peer: it is ignored' 'vnet0 p0 vntap2' --type hybrid --peer "$(mac 2)"
accepts 'the peer that a guest has, in another vnet' 'vnet1 p0 vntap2' --type guest --peer "$(mac 2)" --local "$(mac 3)"
accepts 'an SDU that is the MTU' 'vnet0 p0 vntap2' --type hybrid --max-sdu 1500
accepts 'the longest name' 'vnet0 abcdefghijklmno vntap2' --type hybrid --name abcdefghijklmno
accepts '64 queues' 'vnet0 p0 vntap2' --type hybrid --queues 64
accepts 'a device' 'vnet0 p0 dev0' --type hybrid --device dev0

# The first name that is free.
for name in a b c; do
	provider $name --type hybrid
	hears "$name is started" $name started
done
is 'three that gave no name' "$(registered a), $(registered b), $(registered c)" \
	'vnet0 p0 vntap2, vnet0 p1 vntap3, vnet0 p2 vntap4'
provider_end b
provider b --type hybrid
is 'the first name that is free' "$(registered b)" 'vnet0 p1 vntap3'

# --- what it says itself binds the vnet ---

provider small --type hybrid --name small --max-sdu 2000
hears 'one that takes 2000 bytes' small started
ctl resource del vnet1 sv
refused 'the MTU is not raised above that' 2 'vnet0: mtu 2001.*small.*' ctl vnet set vnet0 mtu 2001
ok 'up to it, it is' ctl vnet set vnet0 mtu 2000
provider_end small
ok 'and above when it has gone' ctl vnet set vnet0 mtu 4000
ctl vnet set vnet0 mtu 1500

# --- a provided resource under vnetctl ---

refused 'its device cannot be set' 2 'vnet0/sv: .*' ctl resource set vnet0 sv dev dev0
ok 'its priority can' ctl resource set vnet0 p0 priority 7
is 'and is shown' "$(json '.[0].priority' resource show vnet0 p0)" 7

for name in sv g1 a b c; do
	provider_end $name
done
ok 'nothing is left' nothing_provided
finish
