#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The list of lower devices that the udev rule looks into follows what vnetd has, and udev is told of
# those devices alone that came or went.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

export VNET_LOWER_DIR=$T/lower VNET_LOWER_CTL=$T/vnetctl
lower=$lib_root/systemd/vnet-lower

# What udev is told goes to a file.
mkdir "$T/bin"
cat >"$T/bin/udevadm" <<X
#!/bin/sh
[ "\$1" != trigger ] || echo "\${3##*/}" >>$T/told
X
cat >"$T/vnetctl" <<X
#!/bin/sh
exec vnetctl -s $T/vnetd.sock "\$@"
X
chmod +x "$T/bin/udevadm" "$T/vnetctl"
PATH=$T/bin:$PATH

marks() {
	tr '\n' ' ' <<<"$(ls "$VNET_LOWER_DIR")"
}

told() {
	sort -u "$T/told" | tr '\n' ' '
	: >"$T/told"
}

index() { # DEVICE
	cat "/sys/class/net/$1/ifindex"
}

ns peer
veth g0 - g1 peer
veth h0 - h1 peer
veth other - other1 peer
: >"$T/told"
start_vnetd
ctl vnet add vnet0 address "$(mac 1)"
ctl resource add vnet0 g type guest dev g0 peer "$(mac 2)"
ctl resource add vnet0 late type service dev late0
wait_for 5 state_is vnet0 g up

ok 'the list is made' "$lower" once
is 'with the devices, by index, those that are not there yet, and the port' "$(marks)" \
	"index-$(index g0) name-g0 name-late0 name-vnet0-p "
is 'udev is told of those that are there' "$(told)" 'g0 vnet0-p '
ok 'a second time' "$lower" once
is 'nobody is told anything' "$(told)" ''

bg follower "$lower" follow
ctl resource add vnet0 h type hybrid dev h0
has_mark() { [ -e "$VNET_LOWER_DIR/$1" ]; }
no_mark() { ! has_mark "$1"; }
ok 'a resource that is added is marked' wait_for 10 has_mark name-h0
ctl resource del vnet0 h
ok 'one that is deleted is not any more' wait_for 10 no_mark name-h0
knows() { grep -qx "$1" "$T/told"; }
ok 'udev is told of it' wait_for 5 knows h0
ip link set g0 down
ip link set g0 name renamed0
ip link set renamed0 up
ok 'a renamed device is still marked' test -e "$VNET_LOWER_DIR/index-$(index renamed0)"
veth late0 - late1 peer
ok 'a device that comes late is marked by its index, too' wait_for 10 has_mark "index-$(index late0)"

stop_vnetd
# With which status depends on whether it was asking just then.
ends() { bg_wait follower || [ $? -ne 124 ]; }
ok 'it ends with the daemon' ends
ok 'and leaves the marks' has_mark name-late0
not_ok 'without the daemon nothing is touched' "$lower" once
ok 'as can be seen' has_mark name-late0

finish
