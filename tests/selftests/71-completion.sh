#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# In bash, vnetctl completes objects, verbs, keys, their values and names, those of running vnets included.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# What bash would offer at the end of the line "vnetctl LINE", sorted.
offers() { # LINE
	# shellcheck disable=SC2016 # for the other bash
	bash -uo pipefail -c '. "$1/completions/vnetctl.bash"
		COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDBREAKS=" :"
		_vnetctl
		printf "%s\n" "${COMPREPLY[@]}"' bash "$lib_root" "vnetctl -s $T/vnetd.sock $1" | sort | paste -sd ' '
}

offered() { # LINE EXPECTED
	is "'vnetctl $1'" "$(offers "$1")" "$2"
}

ns blue green
veth zed0 - zed1 blue
start_vnetd
ctl vnet add alpha
ctl vnet add beta address "$(mac 1)"
ctl resource add alpha sv type service dev zed0
ctl resource add alpha guest1 type guest dev late0 peer 52:54:00:12:34:56
ctl resource add beta other type hybrid dev late1

# --- words ---
offered '' 'fdb flow flush help history monitor path reload resource save stats status top uplink version vnet'
offered 'st' 'stats status'
offered 'vnet ' 'add del finish-migration prepare-migration set show'
offered 'vnet s' 'set show'
offered 'res d' 'del'
offered 'fdb ' 'show'
offered 'help r' 'reload resource'
offered 'nonsense ' ''
offered 'flush ' ''
offered '--j' '--json'
offered '-j -t 2 vers' 'version'

# --- keys and values ---
offered 'vnet add new ' 'address addresses allowed-ips announce-addresses announce-count announce-interval guard hold-down hybrid-needs-service learn maxbw maxbw-in maxbw-out mode monitor-interval mtu netns on-delete owner prefix promiscuous protection pvid share storm-limit tx-timeout uplink upper vlans'
offered 'vnet add new mtu 1400 m' 'maxbw maxbw-in maxbw-out mode monitor-interval'
offered 'vnet set alpha ' 'address addresses allowed-ips announce-addresses announce-count announce-interval guard hold-down hybrid-needs-service learn maxbw maxbw-in maxbw-out mode monitor-interval mtu on-delete owner prefix promiscuous protection pvid share storm-limit tx-timeout vlans'
offered 'vnet add new guard ' 'off on'
offered 'vnet add new mode ' 'auto tc xdp'
offered 'vnet add new mtu ' ''
offered 'vnet add new vlans ' 'all none'
offered 'vnet add new netns ' 'blue green'
offered 'vnet add new upper z' 'zed0'
offered 'resource add alpha new type ' 'guest hybrid service'
offered 'resource add alpha new type guest dev ' "$(find /sys/class/net -mindepth 1 -printf '%f\n' | sort | paste -sd ' ')"
offered 'vnet set alpha protection ' 'dhcp-nospoof ip-nospoof mac-nospoof none restricted'
offered 'vnet set alpha protection restricted,ip-nospoof,' \
	'restricted,ip-nospoof,dhcp-nospoof restricted,ip-nospoof,mac-nospoof'
offered 'resource add alpha new type guest peer-vnet ' 'alpha beta'
offered 'resource add alpha new type hybrid vf z' 'zed0'
offered 'resource add alpha new type hybrid vf zed0 ' ''
offered 'resource add alpha new type hybrid vf zed0 3 vlan ' 'none'
offered 'flow add alpha web t' 'to'
offered 'flow add alpha web to ' 'cpu none vnet xsk'
offered 'flow add alpha web to vnet ' 'alpha beta'
offered 'flow add alpha web to cpu ' ''
offered 'flow add alpha web to cpu 1 di' 'dir'
offered 'flow add alpha web to xsk di' 'dir'
offered 'resource add alpha new type hybrid vf zed0 3 vl' 'vlan vlans'
offered 'vnet prepare-migration b' 'beta'
offered 'resource set alpha sv storm-limit ' 'none'
offered 'resource set alpha sv ' 'admin maxbw maxbw-in maxbw-out peer priority probe probe-count probe-interval pvid storm-limit vlan vlans'
offered 'resource set alpha sv admin ' 'down up'
offered 'resource set alpha sv pvid ' 'inherit'

# --- names ---
for words in 'vnet set' 'vnet del' 'vnet show' 'resource add' 'resource set' 'resource show' 'fdb show' path stats; do
	offered "$words " 'alpha beta'
done
offered 'vnet del b' 'beta'
offered 'vnet add ' ''
offered 'resource del alpha ' 'guest1 sv'
offered 'resource set beta o' 'other'
offered 'stats alpha g' 'guest1'
offered 'resource show nonsense ' ''
offered 'path alpha ' '52:54:00:12:34:56'
offered 'path alpha 52:54:00:' '12:34:56' # readline replaces what follows the last colon
offered 'path alpha 52:54:00:12:34:56 ' 'vlan'
ctl vnet add gamma
offered 'vnet show ' 'alpha beta gamma'

# --- nobody to ask ---
stop_vnetd
offered 'vnet show ' ''
offered 'vnet s' 'set show'
: >"$T/batch-file"
is 'after -b: files' "$(offers "-b $T/batch-f")" "$T/batch-file"

# --- it is what is installed for the name ---
is 'bash knows the function' "$(bash -c '. "$1/completions/vnetctl.bash"; complete -p vnetctl' bash "$lib_root")" \
	'complete -F _vnetctl vnetctl'

finish
