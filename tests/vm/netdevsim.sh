# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A NIC with virtual functions; sourced after lib.sh. A test that does so has a line "# vnet-vm: netdevsim" and
# runs in the emulated machine of tests/vm/run.

readonly netdevsim_bus=/sys/bus/netdevsim

[ -e $netdevsim_bus ] || modprobe -q netdevsim || skip_all "Linux $(uname -r) has no netdevsim here"

# One NIC in this namespace: netdevsim_pf is its device, netdevsim_sysfs its folder. Numbers are the whole machine's,
# and a test beside this one may have the first.
netdevsim_add() { # NUMBER-OF-VFS
	netdevsim_id=1
	until echo "$netdevsim_id 1" 2>/dev/null >$netdevsim_bus/new_device; do
		netdevsim_id=$((netdevsim_id + 1))
		[ $netdevsim_id -lt 16 ] || return 1
	done
	netdevsim_sysfs=$netdevsim_bus/devices/netdevsim$netdevsim_id
	# shellcheck disable=SC2034 # it is for the test
	netdevsim_pf=$(ls "$netdevsim_sysfs/net")
	netdevsim_vfs "$1"
}

netdevsim_vfs() { # NUMBER
	echo "$1" >"$netdevsim_sysfs/sriov_numvfs"
}

netdevsim_del() {
	echo "$netdevsim_id" >$netdevsim_bus/del_device
}
