#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# libvnet gives out what its headers declare and nothing else, has one thing that can change outside its
# objects, can be used from C and C++ by each header alone, and its man pages' programs work.
# vnet-test: plain
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

include=$lib_root/include
headers=$(cd "$include" && echo vnet/*.h)

# --- what is declared ---

# Every declaration that is part of the API, one a line, with the symbol that the linker is to see behind it.
# shellcheck disable=SC2086 # headers are words
printf '#include <%s>\n' $headers | gcc -E -P -I"$include" -DVNET_API=vnet_api - | tr '\n' ' ' | tr ';' '\n' |
	grep vnet_api | sed -E 's/.*vnet_api//; s/\{.*//' >"$T/declared"
sed -E 's/^[^(]*[ *]([a-z_]+)\(.*/\1/' "$T/declared" | sort >"$T/names"
sed -E 's/.*__asm__\("vnet_" "([a-z_]+)"\).*/vnet_\1/; s/^[^(]*[ *]([a-z_]+)\(.*/\1/' "$T/declared" | sort >"$T/symbols"

exported() { # FILE OPTION...: of nm
	nm "$@" --defined-only --extern-only | awk 'NF == 3 && $2 != "A" { print $3 }' | sed 's/@.*//' | sort
}

cmp_num 'the headers declare functions' "$(wc -l <"$T/names")" -ge 50
is 'no function is declared twice' "$(uniq -d "$T/symbols")" ''
is 'the library has these and no others' "$(exported "$VNET_BUILD/libvnet.so.0" -D)" "$(cat "$T/symbols")"
is 'so has the one for static linking' "$(exported "$VNET_BUILD/static/libvnet.a")" "$(cat "$T/symbols")"
is 'the symbol map names them' "$(sed -n 's/^\t\([a-z_]*\);$/\1/p' "$lib_root/lib/libvnet.map" | sort)" "$(cat "$T/symbols")"
is 'their names are its own' "$(grep -vE '^(vnet|vio_net)_' "$T/symbols" || [ $? -eq 1 ])" ''
is 'they are of the first version' \
	"$(nm -D --defined-only "$VNET_BUILD/libvnet.so.0" | sed -n 's/.*@@\?//p' | sort -u | paste -sd ' ')" VNET_0.1
is 'its name' "$(readelf -d "$VNET_BUILD/libvnet.so.0" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')" libvnet.so.0
is 'what it needs' "$(readelf -d "$VNET_BUILD/libvnet.so.0" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | sort | paste -sd ' ')" \
	'libc.so.6 libjson-c.so.5'

# Tables of constants with addresses in them are writable until they are linked, in a section that tells so.
is 'nothing in it can change but the table of handles' \
	"$(nm -f sysv --defined-only "$VNET_BUILD/libvnet.a" | awk -F '|' '$7 ~ /^\.(data|bss|tdata|tbss)($|\.[^r])/ && $4 ~ /OBJECT|TLS/ {
		gsub(/[ \t]/, "", $1); print $1 }')" table

# --- the headers ---

compiles() { # TEXT COMPILER...: each header alone
	local text=$1 header

	shift
	for header in $headers; do
		echo "#include <$header>" >"$T/alone"
		ok "$text: <$header> alone" "$@" -I"$include" -Wall -Wextra -Wpedantic -Wshadow -Werror \
			-fsyntax-only "$T/alone"
	done
}

compiles 'C11, gcc' gcc -x c -std=c11
compiles 'C11, clang' clang -x c -std=c11
compiles 'C++17' clang -x c++ -std=c++17
compiles 'C++11' clang -x c++ -std=c++11
if command -v g++ >/dev/null; then
	compiles 'C++17, g++' g++ -x c++ -std=c++17
else
	skip 'C++17, g++' 'there is no g++'
fi

# --- programs ---

{
	# shellcheck disable=SC2086 # headers are words
	printf '#include <%s>\n' $headers
	echo 'typedef void (*function)(void);'
	echo 'extern function const all[] = {'
	sed 's/.*/	(function)&,/' "$T/names"
	echo '};'
	echo 'int main(void) { return all[0] == 0; }'
} >"$T/all.cc"
mkdir "$T/lib"
ln -s "$VNET_BUILD/libvnet.so.0" "$T/lib/libvnet.so"
ln -s "$VNET_BUILD/libvnet.so.0" "$T/lib/libvnet.so.0"
export LD_LIBRARY_PATH=$T/lib
ok 'C++: all of it is linked' clang -x c++ -std=c++11 -I"$include" "$T/all.cc" -L"$T/lib" -lvnet -o "$T/all"
ok 'and found when it is started' "$T/all"

# With functions that have the short names, and some of the library's inner ones.
cat >"$T/own.c" <<'X'
#include <vnet/vnet.h>

int allocb(int n) { return n; }
int client_call(int n) { return n; }
int handle_get(int n) { return n; }

int main(void)
{
	struct vnet_client *client;

	return vnet_client_open("/nonexistent", 100, &client) == 0 || allocb(client_call(handle_get(0)));
}
X
# shellcheck disable=SC2046 # words
ok 'a program may have functions of the same names: builds' gcc -I"$include" "$T/own.c" \
	"$VNET_BUILD/static/libvnet.a" $(pkg-config --libs json-c) -o "$T/own"
ok 'and works' "$T/own"

# --- the programs in the man pages ---

example() { # PAGE: the program in it
	sed -n '/^\.Bd -literal$/,/^\.Ed$/p' "$lib_root/man/$1" | sed '1d; $d; s/\\e/\\/g'
}

for page in libvnet vio_net_resource_reg; do
	example "$page.3" >"$T/$page.c"
	ok "$page(3): its program builds" gcc -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Werror -I"$include" \
		"$T/$page.c" -L"$T/lib" -lvnet -o "$T/$page"
done

mkdir /run/vnetd
ln -s "$T/vnetd.sock" /run/vnetd/vnetd.sock
fails 'libvnet(3): without vnetd' 3 'cannot be reached' "$T/libvnet"
fails 'vio_net_resource_reg(3): without vnetd' 1 'vnetd' "$T/vio_net_resource_reg" "$(mac 1)" "$(mac 2)"
start_vnetd
ctl vnet add vnet0 address "$(mac 1)"
ip link set vnet0 up
is 'libvnet(3): it lists the vnets' "$("$T/libvnet" | jq -r '.[].name')" vnet0
fails 'vio_net_resource_reg(3): no vnet has this MAC' 1 "$(mac 9)" "$T/vio_net_resource_reg" "$(mac 9)" "$(mac 2)"

# Each frame to the peer comes back; the kernel throws it away, for it is from its own address.
echo_state() { # STATE
	[ "$(json '.[0].state' resource show vnet0 echo)" = "$1" ]
}

count() { # STATISTIC: of the resource
	json ".[0].resources[] | select(.name == \"echo\").$1" stats vnet0
}

returned() { # FRAMES
	[ "$(count ipackets)" = "$1" ]
}

bg echo "$T/vio_net_resource_reg" "$(mac 1)" "$(mac 2)"
ok 'it registers' wait_for 10 echo_state up
ip addr add 192.0.2.1/24 dev vnet0
ip neigh add 192.0.2.2 lladdr "$(mac 2)" dev vnet0
not_ok 'a ping there is not answered' ping -c 3 -i 0.01 -W 1 192.0.2.2
ok 'but its frames come back' wait_for 10 returned 3
is 'as many as went' "$(count opackets)" 3
ok 'it ends by a signal' bg_stop echo
is 'and its resource with it' "$(json length resource show vnet0)" 0

# --- vnets on an uplink, as a program makes them ---

cat >"$T/vnic.c" <<'X'
#include <stdio.h>
#include <string.h>
#include <vnet/vnet.h>

int main(int argc, char **argv)
{
	const struct vnet_setting web[] = { { "proto", "tcp" }, { "lport", "80" } };
	const struct vnet_setting mac[] = { { "address", "02:00:00:00:00:0c" } };
	struct vnet_client *client;
	int r = vnet_client_open(argv[1], VNET_TIMEOUT_DEFAULT, &client);

	if (r == 0 && !strcmp(argv[2], "create"))
		r = vnet_create(client, argv[3], argv[4], argv[5]);
	else if (r == 0 && !strcmp(argv[2], "steer"))
		r = argv[4] ? vnet_steer(client, argv[3], argv[4], web, 2) : vnet_steer(client, argv[3], NULL, mac, 1);
	else if (r == 0)
		r = vnet_destroy(client, argv[3]);
	if (r < 0)
		fprintf(stderr, "%s\n", vnet_client_error(client)->message);
	vnet_client_close(client);
	return r < 0 ? -r : 0;
}
X
ok 'vnics: builds' gcc -Wall -Wextra -Wno-unused-parameter -Werror -I"$include" "$T/vnic.c" -L"$T/lib" -lvnet -o "$T/vnic"

vnic() { # create|steer|destroy ARGUMENT...
	"$T/vnic" "$T/vnetd.sock" "$@"
}

veth u0 - far0 -
ctl uplink add up0 dev u0
ok 'a vnet is created on an uplink' vnic create up0 a "$(mac 10)"
is 'with its MAC' "$(json '.[0] | "\(.address) \(.resources[0].uplink)"' vnet show a)" "$(mac 10) up0"
ok 'one with a random MAC' vnic create up0 b
isnt 'has another one' "$(json '.[0].address' vnet show b)" "$(mac 10)"
refused 'the same MAC again' 17 "$(mac 10)" vnic create up0 c "$(mac 10)"
refused 'no such uplink' 2 'c: uplink up9 does not exist' vnic create up9 c
ok 'frames are led to it by a flow' vnic steer a web
is 'of the uplink' "$(json '.[0] | "\(.owner)/\(.name) \(.dir) \(.proto) \(.lport) \(.to)"' flow show up0)" \
	'up0/web in tcp 80 vnet a'
ok 'and by another MAC' vnic steer a
is 'that it has now' "$(json '.[0].address' vnet show a)" "$(mac 12)"
refused 'a flow of that name again' 17 'up0/web: up0 has a flow of that name already' vnic steer b web
refused 'a vnet that is on no uplink' 19 'vnet0: it is on no uplink: expected one' vnic steer vnet0 web
refused 'no such vnet' 2 'there is no vnet "none"' vnic destroy none
ok 'it is destroyed' vnic destroy a
is 'with its flow' "$(json length flow show up0) $(json 'map(.name) | sort | tojson' vnet show)" '0 ["b","vnet0"]'

finish
