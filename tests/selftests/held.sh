# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What vnetd holds, for the selftests that look for leaks; sourced after lib.sh.

# No connection of a client is still being closed.
held_no_client() {
	awk -v path="$T/vnetd.sock" '$8 == path && $6 == "03" { found = 1 } END { exit found }' /proc/net/unix
}

# Its open files by kind; the state's comes and goes.
# shellcheck disable=SC2154 # of lib.sh
held_files() {
	wait_for 5 held_no_client
	find "/proc/$vnetd_pid/fd" -mindepth 1 -printf '%l\n' | grep -v '\.json' | sed 's/[0-9]*\]$//' | sort | uniq -c
}

held_entries() { # MAP: how many there are
	bpftool -j map dump pinned "$T/bpf/vnet/default/maps/$1" | jq length
}

# In a crowd a device is attached by clsact, which has a mark in place of a pin.
held_pins() {
	find "$T/bpf/vnet" \( -type f -o -path '*/filters/[rt]x-*' \) | sed 's|/filters/|/links/|' | sort
}
