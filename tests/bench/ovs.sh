# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Open vSwitch with its data path in user space, in a folder of this world's own.

ovs_start() { # PROCESSOR; says why on stdout if it cannot be had
	local dir=$T/ovs

	command -v ovs-vswitchd ovsdb-server ovsdb-tool ovs-vsctl >/dev/null || {
		echo 'openvswitch-switch is not installed'
		return 1
	}
	mkdir "$dir"
	export OVS_RUNDIR=$dir OVS_LOGDIR=$dir OVS_DBDIR=$dir OVS_SYSCONFDIR=$dir
	ovsdb-tool create "$dir/conf.db" /usr/share/openvswitch/vswitch.ovsschema
	bg ovsdb ovsdb-server --remote="punix:$dir/db.sock" --unixctl="$dir/ovsdb.ctl" "$dir/conf.db"
	wait_for 10 ovs_ctl --no-wait init || {
		echo "ovsdb-server does not answer: $(tail -n 1 "$T/ovsdb.err")"
		return 1
	}
	# Large segments stay whole, as with everybody else.
	ovs_ctl --no-wait set Open_vSwitch . other_config:userspace-tso-enable=true
	bg vswitchd taskset -c "$1" ovs-vswitchd --unixctl="$dir/vswitchd.ctl" "unix:$dir/db.sock"
	wait_for 10 ovs-appctl -t "$dir/vswitchd.ctl" version || {
		echo "ovs-vswitchd does not answer: $(tail -n 1 "$T/vswitchd.err")"
		return 1
	}
}

ovs_ctl() {
	ovs-vsctl --timeout=10 --db="unix:$T/ovs/db.sock" "$@"
}

ovs_bridge() { # NAME PORT...
	local port words=(add-br "$1" -- set bridge "$1" datapath_type=netdev)

	for port in "${@:2}"; do
		words+=(-- add-port "$1" "$port")
	done
	ovs_ctl "${words[@]}"
}

ovs_missing=''

ovs_there() {
	[ -z "$ovs_missing" ] || {
		echo "$ovs_missing" >&2
		return 1
	}
}
