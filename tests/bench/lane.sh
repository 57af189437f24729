# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A lane: an input and an output with room for what forwards between them, and how it is measured.
# frames_forward.c tells why no frame is lost there.
#
#	gen0.N ==veth== gen1.N --> what is measured --> out1.N ==veth== out0.N, where frames are counted

# Where the frames of lane N come from and go to; one MAC for all lanes, if $lane_to is set.
lane_near() {
	mac "$1"
}

lane_far() {
	if [ -n "${lane_to:-}" ]; then
		echo "$lane_to"
	else
		printf "02:f0:00:00:00:%02x\n" "$1"
	fi
}

# The input's end polls, which a veth does if it has GRO on (as a NIC has) or an XDP program; without it
# frames that are redirected into the other end are lost.
lane() { # N [NS]
	local ns=${2:--}

	veth "gen0.$1" "$ns" "gen1.$1" "$ns"
	in_ns "$ns" ethtool -K "gen1.$1" gro on
	lane_output "$1" "$ns"
}

# An input for test runs alone: a tap. On a veth, vnet's XDP programs look at what its driver has behind the
# frame, and in a test run there is no driver: they would be measured with what happens to be there instead.
lane_tap() { # N [NS]
	local ns=${2:--}

	bg_ready "tap.$1" in_ns "$ns" tap "gen1.$1" hold
	in_ns "$ns" ip link set "gen1.$1" up
	lane_output "$1" "$ns"
}

lane_output() { # N NS
	veth "out1.$1" "$2" "out0.$1" "$2"
	in_ns "$2" frames attach --program sink --dev "out0.$1" --pin "$T/bpf"
}

lane_forward() { # N [OPTION...]
	pinned "${lane_ns:--}" frames forward --dev "gen0.$1" --pin "$T/bpf" --dst "$(lane_far "$1")" \
		--src "$(lane_near "$1")" --seconds "$BENCH_SECONDS" "${@:2}"
}

lane_time() { # PROGRAM AGAINST N [OPTION...]
	local of=(--dev "gen1.$3" --dst "$(lane_far "$3")" --src "$(lane_near "$3")")

	[[ " $* " != *" --targets "* ]] || of=()
	pinned "${lane_ns:--}" frames time --program "$1" --against "$2" --to "out1.$3" "${of[@]}" "${@:4}"
}
