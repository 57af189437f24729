#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The packages install, the service runs as hardened as it says and serves those whom it should, and a purge
# leaves nothing of all that.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=network.sh
. "$(dirname "$0")/network.sh"

# Every file but what others write meanwhile; who once had a user keeps it, and dpkg remembers what it did.
all_files() {
	find / -xdev \( -path /tmp -o -path /var/log -o -path /var/lib/dpkg -o -path /var/lib/systemd \
		-o -path /var/cache -o -path /vnet/build \) -prune -o -print |
		grep -vE '^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|^/etc/\.pwd\.lock$' | sort
}

as() { # USER COMMAND...: with all groups of the user
	setpriv --reuid="$1" --regid="$1" --init-groups --no-new-privs "${@:2}"
}

before=$(all_files)
devices=$(ip -br link | awk '{ print $1 }' | sort)
ok 'the packages install' packages_install /vnet/deb
ok 'vnetd.service starts by itself' wait_for 20 service_is active
is 'it is enabled' "$(systemctl is-enabled vnetd.service)" enabled
is 'vnetd-lower.service follows it' "$(systemctl is-active vnetd-lower.service)" active
is 'it is what was installed' "$(json .version status)" "$(dpkg-query -W -f '${Version}' vnetd)"

# --- hardening ---

score=$(systemd-analyze security --no-pager vnetd.service | sed -n 's/.*Overall exposure level[^:]*: \([0-9.]*\).*/\1/p')
echo "# systemd-analyze security: $score"
cmp_num 'systemd-analyze security is at most 1.8' "$(awk -v s="${score:-10}" 'BEGIN { print int(s * 10) }')" -le 18
pid=$(service MainPID)
is 'it is the user vnetd' "$(stat -c %U "/proc/$pid")" vnetd
is 'its capabilities are NET_ADMIN, NET_RAW, BPF and PERFMON' "$(sed -n 's/^CapEff:\t//p' "/proc/$pid/status")" \
	"$(printf '%016x' $((1 << 12 | 1 << 13 | 1 << 38 | 1 << 39)))"
is 'it has no way to more' "$(sed -n 's/^\(NoNewPrivs\|Seccomp\):\t//p' "/proc/$pid/status" | xargs)" '1 2'
is 'its folders are its own' "$(stat -c '%n %U:%G %a' /etc/vnet /run/vnetd /run/vnetbpf | xargs)" \
	'/etc/vnet vnetd:vnet 755 /run/vnetd vnetd:vnet 755 /run/vnetbpf vnetd:vnet 1700'

# --- who may what ---

useradd --no-create-home nobodyelse
useradd --no-create-home --groups vnet looker
useradd --no-create-home --groups vnet-admin changer
ok 'root adds a vnet' ctl vnet add vnet0
fails 'a user without the groups may not look' 2 'vnet' as nobodyelse vnetctl vnet show
fails 'nor change' 2 'vnet-admin' as nobodyelse vnetctl vnet set vnet0 mtu 1400
ok 'a member of vnet may look' as looker vnetctl vnet show vnet0
fails 'but not change' 2 'vnet-admin' as looker vnetctl vnet set vnet0 mtu 1400
ok 'a member of vnet-admin may change' as changer vnetctl vnet set vnet0 mtu 1400
is 'and has' "$(json '.[0].mtu' vnet show vnet0)" 1400
for user in nobodyelse looker changer; do
	userdel "$user"
done

# --- reload and save ---

ok 'vnetctl save' ctl save
is 'the file is there' "$(sed -n 's/^MTU=//p' /etc/vnet/vnet0.vnet)" 1400
sed -i 's/^MTU=.*/MTU=1300/' /etc/vnet/vnet0.vnet
ok 'systemctl reload' systemctl reload vnetd.service
mtu_is() { # NUMBER
	[ "$(json '.[0].mtu' vnet show vnet0)" = "$1" ]
}
ok 'it takes the file up' wait_for 10 mtu_is 1300
is 'by the same process' "$(service MainPID)" "$pid"
is 'a reload is no failure' "$(service NRestarts) $(service Result)" '0 success'

# --- and away, in the middle of its work ---

ctl flush
machine_world
world_vnets
ok 'a hybrid over the NIC is added' ctl resource add vnet0 hy type hybrid dev near0
ok 'it carries' wait_for 20 path_is vnet0 $mac_out 'hybrid hy'
in_kernel() {
	bpftool prog show | grep -q ' name vnet_'
}
ok 'programs are in the kernel' in_kernel
systemctl kill -s KILL vnetd.service
ok 'the package goes, of a vnetd that was just killed' dpkg --remove vnetd

ok 'no program, qdisc or device of ours is left' wait_for 10 machine_without_us
is 'the NIC is as it was' "$(ip -j -d link show near0 | jq -r '.[0] | "\(.mtu) \(.address) \(.promiscuity)"')" \
	'1500 52:54:00:00:00:01 0'
is 'the configuration stays until the purge' "$(ls /etc/vnet)" vnet0.vnet
ok 'purge' packages_purge
machine_clean
is 'no file is left' "$(diff <(echo "$before") <(all_files))" ''
is 'no device either' "$(ip -br link | awk '{ print $1 }' | sort)" "$devices"
is 'no process of its user' "$(pgrep -c -u vnetd || [ $? -eq 1 ])" 0
is 'systemd knows of no unit that failed' "$(systemctl --failed --plain --no-legend)" ''
finish
