# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A lane: two veth pairs with room for what forwards between them, and how it is measured. frames_forward.c
# tells why no frame is lost there.

# Destination 0 of `frames`, and where its frames come from.
readonly far=02:f0:00:00:00:00 near=02:00:00:00:00:01

# The input's end polls, which a veth does if it has GRO on (as a NIC has) or an XDP program; without it
# frames that are redirected into the other end are lost.
lane() { # N [NS]
	local ns=${2:--}

	veth "gen0.$1" "$ns" "gen1.$1" "$ns"
	veth "out1.$1" "$ns" "out0.$1" "$ns"
	in_ns "$ns" ethtool -K "gen1.$1" gro on
	in_ns "$ns" frames attach --program sink --dev "out0.$1" --pin "$T/bpf"
}

lane_forward() { # N [OPTION...]
	pinned "${lane_ns:--}" frames forward --dev "gen0.$1" --pin "$T/bpf" --dst "$far" --src "$near" \
		--seconds "$BENCH_SECONDS" "${@:2}"
}

lane_time() { # PROGRAM N [OPTION...]
	local of=(--dev "gen1.$2" --dst "$far" --src "$near")

	[[ " $* " != *" --targets "* ]] || of=()
	pinned "${lane_ns:--}" frames time --program "$1" --to "out1.$2" "${of[@]}" "${@:3}"
}
