# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What each group of the benchmark sources first: the selftests' world, and how a measurement is
# written down. A group is a script of its own that `run` starts, in a world of its own.
#
# From the environment:	BENCH_RUNS	every measurement goes there, one JSON object a line
#			BENCH_ROUNDS	how often all contestants are measured, in turns
#			BENCH_SECONDS	how long one measurement is
# shellcheck source=../selftests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../selftests/lib.sh"
PATH=$VNET_BUILD/tests/bench:$PATH

# The world's own init takes no signal that it has no trap for. Nothing here waits for one.
trap 'exit 130' INT TERM

: "${BENCH_RUNS:=/dev/stdout}" "${BENCH_ROUNDS:=1}" "${BENCH_SECONDS:=1}"
bench_failed=0

# Sender and receiver share one processor: what a frame costs on its whole way is what counts then, and
# not how two of them, each with its own noise, happen to meet. The last one: most interrupts go to the first.
bench_cpus() {
	local word

	for word in $(taskset -pc $$ | sed 's/.*: //; s/,/ /g'); do
		case $word in
		*-*) seq "${word%-*}" "${word#*-}" ;;
		*) echo "$word" ;;
		esac
	done
}
readarray -t bench_cpu_list < <(bench_cpus)
cpu=${bench_cpu_list[-1]}
# shellcheck disable=SC2034 # for whoever sources this
readonly cpu other_cpu=${bench_cpu_list[0]}

pinned() { # NS COMMAND...
	local ns=$1

	shift
	in_ns "$ns" taskset -c "$cpu" "$@"
}

# Runs the command in a child of its own, where the first failure is the end of it; the status is then in
# $attempted and the last line that was said in $said. Not to be used in a condition, where bash would let a
# command that fails half-way go unnoticed.
attempted=0 said=''
attempt() { # COMMAND...
	set +e
	(
		trap - EXIT ERR
		set -e
		"$@"
	) 2>"$T/attempt.err"
	attempted=$?
	set -e
	[ "$attempted" -ne 130 ] || exit 130
	said=$(tail -n 1 "$T/attempt.err")
	[ "$attempted" -eq 0 ] || said=${said:-status $attempted}
}

# --- what was measured ---

round=0

record() { # GROUP SHAPE CONTESTANT FIGURE UNIT VALUE [NAME=NUMBER...]
	local extra='' word

	for word in "${@:7}"; do
		extra+=$(printf ',"%s":%s' "${word%%=*}" "${word#*=}")
	done
	printf '{"round":%d,"group":"%s","shape":"%s","contestant":"%s","figure":"%s","unit":"%s","value":%s%s}\n' \
		"$round" "$1" "$2" "$3" "$4" "$5" "$6" "$extra" >>"$BENCH_RUNS"
}

# A contestant that this machine, or this vnetd, does not have.
unavailable() { # GROUP SHAPE CONTESTANT WHY
	jq -cn '{ group: $ARGS.positional[0], shape: $ARGS.positional[1], contestant: $ARGS.positional[2],
		unavailable: $ARGS.positional[3] }' --args "$1" "$2" "$3" "${4//$'\n'/; }" >>"$BENCH_RUNS"
	echo "$1: $2 $3 is not available: $4" >&2
}

# One that was there and then did not work: the numbers of the others still count, the exit status tells.
broken() { # GROUP SHAPE CONTESTANT WHY
	bench_failed=1
	unavailable "$@"
}

bench_end() {
	leave $bench_failed
}
