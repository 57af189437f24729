#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Configuration files: which are read, in which rank, what masks what, and how an error is told.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

etc=$T/etc run=$T/run usr=$T/usr
dirs=(--config "$run" --config "$usr") # behind $T/etc, which the library gives

put() { # PATH: standard input becomes this file
	mkdir -p "${1%/*}"
	cat >"$1"
}

check() {
	vnetd --config "$etc" "${dirs[@]}" --check
}

complains() { # TEXT PATH[:LINE] REGEX
	fails "--check: $1" 1 "(^|"$'\n'")$2: $3(\$|"$'\n'")" check
}

vnet() { # NAME FILTER
	json ".[0] | $2" vnet show "$1"
}

# --- what is read ---
put "$etc/a.vnet" <<'END'
# a comment
; another one
[VNet]
Name=first
Address=02:00:00:00:00:01
MTU = 1400

[Resource sv]
Type=service
Device=s0
END
put "$etc/second.vnet" <<<'[VNet]'
put "$etc/.hidden.vnet" <<<'no such thing'
put "$etc/notes.txt" <<<'no such thing'
put "$etc/orphan.vnet.d/x.conf" <<<'no such thing'
put "$run/second.vnet" <<<'hidden by the one in etc, so never read'
put "$run/third.vnet" <<<$'[VNet]\nMTU=1301'
put "$usr/third.vnet" <<<$'[VNet]\nMTU=1302'
put "$usr/fourth.vnet" <<<$'[VNet]\nMTU=1303'
put "$usr/masked.vnet" <<<$'[VNet]\nMTU=1304'
ln -s /dev/null "$etc/masked.vnet"
put "$usr/masked2.vnet" <<<$'[VNet]\nMTU=1305'
: >"$run/masked2.vnet"

# --- drop-ins: all of them in the order of their names, whatever folder they are in ---
put "$usr/a.vnet.d/10-usr.conf" <<<$'[VNet]\nMTU=1350\nPVID=10'
put "$run/a.vnet.d/20-run.conf" <<<$'[VNet]\nMTU=1360'
put "$etc/a.vnet.d/15-etc.conf" <<'END'
[VNet]
MTU=1355
Guard=off
[Resource g1]
Type=guest
Device=late0
Peer=02:00:00:00:00:02
END
put "$usr/a.vnet.d/30-both.conf" <<<$'[VNet]\nVLANs=30'
put "$run/a.vnet.d/30-both.conf" <<<$'[VNet]\nVLANs=31'
put "$usr/a.vnet.d/90-masked.conf" <<<$'[VNet]\nMTU=900'
ln -s /dev/null "$etc/a.vnet.d/90-masked.conf"
put "$etc/a.vnet.d/99-editor.conf~" <<<'no such thing'

ok '--check: no error' check
is '--check: nothing is said' "$(check 2>&1)" ''
start_vnetd "${dirs[@]}"
is 'the vnets' "$(json '[.[].name] | sort | join(" ")' vnet show)" 'first fourth second third'
is 'all come from files' "$(json '[.[].origin] | unique | join(" ")' vnet show)" config
is 'the highest-ranking file counts' "$(vnet third .mtu) $(vnet fourth .mtu)" '1301 1303'
is 'drop-ins: the last one that sets a key' "$(vnet first .mtu)" 1360
is 'drop-ins: keys that one of them alone sets' "$(vnet first '"\(.pvid) \(.guard) \(.address)"')" "10 false $(mac 1)"
is 'drop-ins: of two with one name the higher-ranking one' "$(vnet first .vlans)" 31
is 'drop-ins: resources of all' "$(vnet first '[.resources[] | "\(.name) \(.state) \(.origin)"] | join(", ")')" \
	'sv waiting config, g1 waiting config'
is 'a vnet without an address has a random one' "$(vnet second '.address | test("^.[26ae]:")')" true
before=$(snapshot)

# --- errors: the file, the line, what was expected; all at once ---
bad=$etc/bad.vnet
put "$bad" <<'END'
[VNet]
MTU=20
Speed=fast
Guard=perhaps
MTU=1500

[Resource a b]
[Resource g1]
Type=peer
Peer=ff:ff:ff:ff:ff:ff
[Resource g2]
Type=guest
[Link]
nonsense
END
complains 'a value' "$bad:2" 'MTU=20 in section \[VNet\] is not a number from 68 to 65521'
complains 'a key' "$bad:3" 'the key Speed is unknown in section \[VNet\], expected one of Name, Address, MTU, .*'
complains 'a word' "$bad:4" 'Guard=perhaps in section \[VNet\] is not .*on.*'
complains 'a key twice' "$bad:5" 'MTU= in section \[VNet\] is given twice, the first time in line 2'
complains 'a name' "$bad:7" "resource name a b has ' ' in it, expected letters, digits, '_', '-' and '\.'"
complains 'a section that lacks something' "$bad:8" 'the section \[Resource g1\] has no Device=, .*'
complains 'a type' "$bad:9" 'Type=peer in section \[Resource g1\] is not service, guest or hybrid'
complains 'a MAC' "$bad:10" 'Peer=ff:ff:ff:ff:ff:ff in section \[Resource g1\] is not a unicast MAC like 02:00:00:00:00:01'
complains 'a section' "$bad:13" 'the section \[Link\] is unknown, expected \[VNet\], \[Resource NAME\] or \[Flow NAME\]'
complains 'a line' "$bad:14" '.*KEY=VALUE.*'
fails 'reload: the first of them' 2 \
	"^vnetctl: $bad:2: MTU=20 in section \[VNet\] is not a number from 68 to 65521$" ctl reload
is 'reload: nothing changed' "$(snapshot)" "$before"
is 'reload: all are in the log' "$(grep -c "$bad:" "$T/vnetd.log")" "$(check 2>&1 | grep -c "^$bad:")"

one_error() { # TEXT LINE REGEX: of bad.vnet, from standard input
	put "$bad"
	complains "$1" "$bad${2:+:$2}" "$3"
}
one_error 'two services' 4 'the resource b is a second service beside a .*bad.vnet:1.*' <<'END'
[Resource a]
Type=service
Device=x0
[Resource b]
Type=service
Device=x1
END
one_error 'a device twice' 4 'the resource b has the same Device x0 as a has .*bad.vnet:1.*' <<'END'
[Resource a]
Type=service
Device=x0
[Resource b]
Type=hybrid
Device=x0
END
one_error 'a peer twice' 5 'the resource b has the same Peer 02:00:00:00:00:05 in VLAN 1 as a has .*bad.vnet:1.*' <<'END'
[Resource a]
Type=guest
Device=x0
Peer=02:00:00:00:00:05
[Resource b]
Type=guest
Device=x1
Peer=02:00:00:00:00:05
END
one_error 'a name that is taken' 2 'first is the name of the vnet in .*a.vnet already, expected another Name=' <<<$'[VNet]\nName=first'
one_error 'a section twice' 3 'there is a second section \[VNet\], the first is in line 1' <<<$'[VNet]\nMTU=1500\n[VNet]'
one_error 'a key without a section' 1 'MTU= stands outside of any section, .*' <<<'MTU=1500'
one_error 'no section' '' 'the file has no section, .*' <<<'# nothing'
put "$bad" <<<'[VNet]'
put "$bad.d/x.conf" <<<$'[VNet]\nMTU=x'
complains 'in a drop-in' "$bad.d/x.conf:2" 'MTU=x in section \[VNet\] is not .*'
rm -r "$bad.d"
mv "$bad" "$etc/a-name-too-long.vnet"
complains 'a file name that is no vnet name' "$etc/a-name-too-long.vnet" \
	"vnet name a-name-too-long has 15 characters, expected at most 13; there is no Name=, so the file's name counts"
rm "$etc/a-name-too-long.vnet"
ok '--check: right again' check
fails '--check: a folder that cannot be read' 1 "$T/vnetd.log: the folder cannot be read: Not a directory" \
	vnetd --config "$T/vnetd.log" --check
ok '--check: a folder that is not there is empty' vnetd --config "$T/none" --check
is 'all the while nothing changed' "$(snapshot)" "$before"

finish
