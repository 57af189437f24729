# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds of vnetd whose data path is another one, for the selftests of upgrades; sourced after lib.sh.

# Makes $T/NAME/vnetd: its programs come from sources that the sed script on standard input has changed in
# FILE of bpf/. The daemon around them is the built one.
# shellcheck disable=SC2154 # of lib.sh
other_vnetd() { # NAME FILE
	local folder=$T/$1 libs flags tool

	mkdir "$folder"
	cp -r "$lib_root/bpf" "$folder/src"
	sed -i -f - "$folder/src/$2"
	if cmp -s "$lib_root/bpf/$2" "$folder/src/$2"; then
		echo "# the change of $2 has changed nothing"
		return 1
	fi
	mkdir "$folder/bpf" "$folder/daemon"
	tool=$(command -v bpftool)
	clang -target bpf -mcpu=v3 -g -O2 -I"$folder/src" -I"/usr/include/$(gcc -print-multiarch)" \
		-c "$folder/src/vnet.bpf.c" -o "$folder/bpf/vnet.bpf.o"
	"$tool" gen skeleton "$folder/bpf/vnet.bpf.o" name vnet_bpf >"$folder/bpf/vnet.skel.h"
	flags=$(pkg-config --cflags libbpf libnl-3.0)
	libs=$(pkg-config --libs libbpf libnl-3.0 libmnl libsystemd json-c)
	# shellcheck disable=SC2086 # words
	for tool in loader loader_program; do
		gcc -std=gnu11 -O2 -D_GNU_SOURCE -I"$folder" -I"$lib_root/include" $flags \
			-c "$lib_root/daemon/$tool.c" -o "$folder/$tool.o"
	done
	# What stands before the archive is taken instead of what is in it.
	# shellcheck disable=SC2086
	gcc -o "$folder/vnetd" "$VNET_BUILD/daemon/main.o" "$folder/loader.o" "$folder/loader_program.o" \
		"$VNET_BUILD/libvnetd.a" $libs -lm
}
