# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What every test of the whole system sources first. The machine is the test's alone while it runs, but others
# come after it in the same one: it leaves no package, no vnet and no namespace behind (machine_clean).
#
# The NIC near0 is wired to far0. nic_add and nic_del plug near0 in and out, nic_link pulls its cable.
VNET_WORLD=machine
# shellcheck source=../../selftests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../selftests/lib.sh"

[[ -e /run/systemd/system && -e /vnet/deb ]] ||
	skip_all 'this is not the emulated machine of tests/vm/run-system'

ctl() { # ARGUMENT...: the system's vnetctl and vnetd
	vnetctl -t $((5 * VNET_SLOW)) "$@"
}

# Where the kernel, and vnetd, have dropped something so far; nothing: nowhere.
machine_drops() {
	local name

	for name in - $(ls /run/netns); do
		in_ns "$name" ip -j -s link | jq -r --arg ns "$name" '.[] | [.stats64.rx.dropped, .stats64.rx.errors, .stats64.rx.over_errors,
			.stats64.tx.dropped, .stats64.tx.errors] as $n | select($n | add > 0) | "\($ns) \(.ifname) \($n | join(" "))"'
		in_ns "$name" tc -j -s qdisc show | jq -r --arg ns "$name" '.[] | select(.drops > 0) | "\($ns) \(.dev) qdisc \(.drops)"'
	done
	awk '$2 != "00000000" { print "backlog of cpu " NR - 1 ": 0x" $2 }' /proc/net/softnet_stat
	! installed || ctl -j stats | jq -c '.[] | {vnet, drops: (.drops | with_entries(select(.value > 0)))} | select(.drops != {})'
}

# What went wrong is in the journal.
machine_exit() {
	local status=$?

	[ "$BASHPID" = "$$" ] || exit "$status"
	trap - ERR
	set +e
	[ "$status" -eq 0 ] || journalctl -b -o short-monotonic -n 60 --no-pager | sed 's/^/# /'
	machine_clean
	(exit "$status")
	lib_exit
}
trap machine_exit EXIT

# --- the packages and the service ---

packages_install() { # FOLDER
	DEBIAN_FRONTEND=noninteractive dpkg -i "$1"/*.deb
}

packages_purge() {
	local package names=()

	for package in /vnet/deb/*.deb; do
		names+=("$(dpkg-deb -f "$package" Package)")
	done
	dpkg --purge "${names[@]}"
}

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' vnetd 2>/dev/null)" = installed ]
}

service() { # PROPERTY: of vnetd.service, as systemd sees it
	systemctl show -P "$1" vnetd.service
}

service_is() { # STATE
	[ "$(service ActiveState)" = "$1" ]
}

# For wait_for: it runs, answers, and is not the process of that number.
service_other_than() { # PID
	service_is active && [ "$(service MainPID)" != "$1" ] && ctl status
}

# For wait_for: no program, map, mount, file of its run time, qdisc or device of ours is left anywhere.
machine_without_us() {
	local name

	! bpftool prog show | grep ' name vnet_' || return 1
	! ls -d /run/vnet* 2>/dev/null || return 1
	for name in - $(ls /run/netns); do
		! in_ns "$name" tc qdisc show | grep clsact || return 1
		! in_ns "$name" ip -o link show | grep -E ': (vnet0|v1)(-p)?[:@]' || return 1
	done
}

# --- the NIC ---

# A command for the emulator; its answer is printed. Events may come in between, and what nobody has read.
qmp() { # COMMAND [ARGUMENTS]
	local id=$BASHPID.$EPOCHREALTIME arguments='{}' line port

	[ $# -lt 2 ] || arguments=$2
	exec {port}<>/dev/ttyS2
	printf '{"execute":"%s","id":"%s","arguments":%s}\n' "$1" "$id" "$arguments" >&"$port"
	while IFS= read -r -t 60 -u "$port" line; do
		[[ $line == *"$id"* ]] || continue
		exec {port}>&-
		echo "${line%$'\r'}"
		[[ $line == *'"return"'* ]] && return
		echo "$1: $line" >&2
		return 1
	done
	echo "QEMU has not answered to $1" >&2
	exec {port}>&-
	return 1
}

nic_there() {
	[ -e /sys/class/net/near0 ]
}

nic_gone() {
	! nic_there
}

# For wait_for: the emulator has let go of the device, so that its name is free.
nic_unplugged() {
	! qmp qom-list '{"path":"/machine/peripheral"}' | grep -q '"nic"'
}

nic_carrier() { # 0|1
	[ "$(cat /sys/class/net/near0/carrier)" = "$1" ]
}

nic_del() {
	qmp device_del '{"id":"nic"}' >/dev/null || return
	wait_for 20 nic_gone
	wait_for 20 nic_unplugged
}

nic_add() { # [DRIVER]
	qmp device_add '{"driver":"'"${1:-virtio-net-pci}"'","id":"nic","netdev":"near","mac":"52:54:00:00:00:01"}' \
		>/dev/null || return
	wait_for 20 nic_there
}

nic_link() { # true|false
	qmp set_link '{"name":"nic","up":'"$1"'}' >/dev/null
}

# --- the end ---

# Back to a machine without vnets, streams and namespaces. far0 comes back with the end of its namespace, and
# near0 as it is found in the first test.
machine_clean() {
	local pid name

	for pid in "${lib_background[@]}"; do
		kill -KILL "$pid" 2>/dev/null || [ $? -eq 1 ]
	done
	if installed; then
		systemctl start vnetd.service
		ctl flush
		rm -f /etc/vnet/*.vnet
	fi
	for name in s0 h0 h1 c0 bond0; do
		[ ! -e "/sys/class/net/$name" ] || ip link del "$name"
	done
	for name in /run/netns/*; do
		[ ! -e "$name" ] || ns_del "${name##*/}"
	done
	wait_for 10 test -e /sys/class/net/far0
	nic_there || nic_add
	nic_link true
}
