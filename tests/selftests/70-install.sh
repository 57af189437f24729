#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make install puts every file where it belongs and touches nothing else; the installed units are right, and
# programs in C and C++ are built with the installed library as a packager or a user would do it.
# vnet-test: plain
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# Where the system's own files are it cannot write, and /run is this world's own.
for folder in /usr /etc; do
	mount --bind $folder $folder
	mount -o remount,bind,ro $folder
done
before=$(find /run -mindepth 1 | sort)

install_to() { # WORD...: of make
	make -C "$lib_root" --no-print-directory "B=$VNET_BUILD" install "$@"
}

files='bin/vnet-flow-record
bin/vnet-pcap
bin/vnet-shm
bin/vnet-udp
include/vnet/mac.h
include/vnet/mblk.h
include/vnet/types.h
include/vnet/vio_net.h
include/vnet/vnet.h
lib/libvnet.a
lib/libvnet.so
lib/libvnet.so.0
lib/pkgconfig/libvnet.pc
lib/systemd/network/10-vnet-lower.network
lib/systemd/system/run-vnetbpf.mount
lib/systemd/system/vnetd-lower.service
lib/systemd/system/vnetd.service
lib/sysusers.d/vnetd.conf
lib/tmpfiles.d/vnetd.conf
lib/udev/rules.d/82-vnet.rules
lib/vnet/vnet-lower
sbin/vnetctl
sbin/vnetd
share/bash-completion/completions/vnetctl
share/doc/vnet/examples/libvirt-hook
share/man/man1/vnet-flow-record.1
share/man/man1/vnet-pcap.1
share/man/man1/vnet-shm.1
share/man/man1/vnet-udp.1
share/man/man3/libvnet.3
share/man/man3/vio_net_resource_reg.3
share/man/man3/vio_net_resource_status.3
share/man/man3/vio_net_resource_unreg.3
share/man/man3/vnet_dispatch.3
share/man/man3/vnet_flow_close.3
share/man/man3/vnet_flow_dispatch.3
share/man/man3/vnet_flow_fd.3
share/man/man3/vnet_flow_open.3
share/man/man3/vnet_loop_fd.3
share/man/man3/vnet_loop_free.3
share/man/man3/vnet_loop_new.3
share/man/man3/vnet_run.3
share/man/man3/vnet_stop.3
share/man/man5/vnet.5
share/man/man7/vnet-flow.7
share/man/man7/vnet-migration.7
share/man/man8/vnetctl.8
share/man/man8/vnetd.8
share/zsh/site-functions/_vnetctl'
programs='bin/vnet-flow-record bin/vnet-pcap bin/vnet-shm bin/vnet-udp lib/libvnet.so.0 lib/vnet/vnet-lower sbin/vnetctl sbin/vnetd share/doc/vnet/examples/libvirt-hook'

checks() { # ROOT PREFIX
	local root=$1 prefix=$2

	is "$prefix: these files and no others" "$(cd "$root$prefix" && find . ! -type d | sed 's|^\./||' | sort)" "$files"
	is "$prefix: and one folder beside it" "$(find "$root" ! -type d ! -path "$root$prefix/*") $(cd "$root" && find etc)" \
		$' etc\netc/vnet'
	is "$prefix: programs can be run, and nothing else" \
		"$(cd "$root$prefix" && find . -type f -perm /111 | sed 's|^\./||' | sort | paste -sd ' ')" "$programs"
	is "$prefix: everybody can read all, nobody else can write it" \
		"$(find "$root" \( ! -type l ! -perm -444 -o ! -type l -perm /022 -o -type d ! -perm -555 \) -print)" ''
	is "$prefix: no file tells where it was built" \
		"$(grep -rlF -e "$lib_root" -e "$root" "$root" --include='*.pc' --include='*.service' --include='*.conf' \
			--include='*.rules' --include='*.mount' --include='vnet-lower' || [ $? -eq 1 ])" ''
	ok "$prefix: vnetd is a program" "$root$prefix/sbin/vnetd" --version
	ok "$prefix: vnetctl is one" "$root$prefix/sbin/vnetctl" version
	if command -v man >/dev/null; then
		for page in '8 vnetd' '8 vnetctl' '5 vnet' '3 libvnet' '3 vio_net_resource_reg' \
			'3 vio_net_resource_unreg' '3 vnet_run'; do
			# shellcheck disable=SC2086 # words
			ok "$prefix: man finds $page" man -M "$root$prefix/share/man" $page
		done
	fi
}

ok 'make install' install_to "DESTDIR=$T/root"
checks "$T/root" /usr/local
ok 'make install PREFIX=/usr' install_to "DESTDIR=$T/usr" PREFIX=/usr
checks "$T/usr" /usr
is 'nothing else was touched' "$(find /run -mindepth 1 | sort)" "$before"

# --- the units, where they are ---
ok 'make install, in place' install_to PREFIX=/run/there SYSCONFDIR=/run/there/etc
if command -v systemd-analyze >/dev/null; then
	ok 'systemd-analyze verify' systemd-analyze verify --man=no /run/there/lib/systemd/system/vnetd.service \
		/run/there/lib/systemd/system/vnetd-lower.service /run/there/lib/systemd/system/run-vnetbpf.mount
	is 'it has nothing to say' "$(cat "$T/ok.log")" ''
else
	skip 'systemd-analyze verify' 'there is no systemd-analyze'
fi

# --- the library ---
start_vnetd
ctl vnet add vnet0 address "$(mac 1)"
cat >"$T/program.c" <<'X'
#include <stdio.h>
#include <vnet/vnet.h>

int main(int argc, char **argv)
{
	struct vnet_setting setting = { "mtu", "1400" };
	struct vnet_client *client;
	char *text;

	if (argc != 2 || vnet_client_open(argv[1], 5000, &client) < 0)
		return 1;
	if (vnet_set(client, "vnet0", &setting, 1) < 0 || vnet_list(client, "vnet0", &text) < 0) {
		fprintf(stderr, "%s\n", vnet_client_error(client)->message);
		return 1;
	}
	puts(text);
	vnet_free(text);
	vnet_client_close(client);
	return 0;
}
X
packages() { # OPTION...
	PKG_CONFIG_PATH=$T/root/usr/local/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$T/root pkg-config "$@" libvnet
}

builds() { # TEXT COMMAND...
	local text=$1

	shift
	# shellcheck disable=SC2046 # words
	ok "$text: builds" "$@" "$T/program.c" -o "$T/program" -Wall -Wextra -Werror $(packages --cflags --libs)
	is "$text: needs the library by its version" "$(readelf -d "$T/program" | grep -c 'NEEDED.*\[libvnet\.so\.0\]')" 1
	is "$text: works" "$(LD_LIBRARY_PATH=$T/root/usr/local/lib "$T/program" "$T/vnetd.sock" | jq -r '.[0].mtu')" 1400
	ctl vnet set vnet0 mtu 1500
}

is 'the version of the package' "$(packages --modversion)" "$(vnetctl -j version | jq -r .version)"
builds 'C' gcc -std=c11
builds 'C++' clang -x c++ -std=c++11
# What pkg-config gives for json-c is of this machine, not of the root.
# shellcheck disable=SC2046 # words
ok 'static: builds' gcc "$T/program.c" -o "$T/program" $(packages --cflags) "$T/root/usr/local/lib/libvnet.a" \
	$(pkg-config --libs json-c)
is 'static: works' "$("$T/program" "$T/vnetd.sock" | jq -r '.[0].mtu')" 1400
is 'what the library exports is its own' \
	"$(nm -D --defined-only "$T/root/usr/local/lib/libvnet.so.0" | awk '$2 != "A" { print $3 }' | grep -vE '^(vnet|vio_net)_' || [ $? -eq 1 ])" ''

# --- and away again ---
ok 'make uninstall' make -C "$lib_root" --no-print-directory "B=$VNET_BUILD" uninstall "DESTDIR=$T/root"
is 'nothing is left' "$(find "$T/root" ! -type d)" ''

finish
