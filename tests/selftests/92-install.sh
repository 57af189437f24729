#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make install puts everything where the prefix says and make uninstall takes it away again.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

root=$T/root
run_make() { # TARGET
	make -C "$lib_root" --no-print-directory "B=$VNET_BUILD" "DESTDIR=$root" PREFIX=/opt/vnet "$1"
}

ok 'make install' run_make install
for file in sbin/vnetd sbin/vnetctl lib/libvnet.so.0 lib/libvnet.a lib/pkgconfig/libvnet.pc \
	include/vnet/vnet.h include/vnet/vio_net.h share/man/man3/libvnet.3 share/man/man3/vio_net_resource_unreg.3 \
	share/man/man8/vnetd.8 share/man/man8/vnetctl.8 share/man/man5/vnet.5 \
	share/bash-completion/completions/vnetctl share/zsh/site-functions/_vnetctl \
	lib/systemd/system/vnetd.service lib/systemd/system/vnetd-lower.service \
	lib/systemd/system/run-vnetbpf.mount lib/systemd/network/10-vnet-lower.network \
	lib/sysusers.d/vnetd.conf lib/tmpfiles.d/vnetd.conf lib/udev/rules.d/82-vnet.rules \
	lib/vnet/vnet-lower; do
	ok "$file is there" test -s "$root/opt/vnet/$file"
done
ok 'the configuration folder is there' test -d "$root/etc/vnet"
ok 'vnetd runs from there' "$root/opt/vnet/sbin/vnetd" --version
is 'the units name the prefix' "$(grep -ho '^ExecStart=[^ ]*' "$root"/opt/vnet/lib/systemd/system/*.service | sort)" \
	$'ExecStart=/opt/vnet/lib/vnet/vnet-lower\nExecStart=/opt/vnet/sbin/vnetd'
is 'and no other' "$(grep -rl /usr/local "$root" --include='*.service' --include='*.rules' --include='*.pc' || [ $? -eq 1 ])" ''

ok 'make uninstall' run_make uninstall
is 'nothing is left' "$(find "$root" ! -type d)" ''

finish
