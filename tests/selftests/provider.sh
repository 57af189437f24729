# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For selftests of providers; sourced after lib.sh. The providers are tests/tools/provider.c, each under a
# name of its own, that take commands and tell of what the library asks of them:
#
#	provider tap1 --type service --name sv		# registers, with $mac_local
#	hears 'it is started' tap1 started
#	tell tap1 down					# returns when that is done
#
# What a provider has said is looked at once: `hears` goes on behind the line that it found last.

mac_local=02:00:00:00:00:01
provider_socket=''
declare -A provider_input=() provider_heard=() provider_answered=()

# Starts a provider; returns when it has registered or was refused.
provider() { # NAME ARGUMENT...
	provider_in - "$@"
}

provider_in() { # NS NAME ARGUMENT...
	local ns=$1 name=$2 fd

	shift 2
	[ -z "${provider_input[$name]:-}" ] || provider_forget "$name"
	rm -f "$T/$name.in"
	mkfifo "$T/$name.in"
	# For reading as well: so opening waits for nobody, and stdin does not end.
	exec {fd}<>"$T/$name.in"
	provider_input[$name]=$fd provider_heard[$name]=0 provider_answered[$name]=0
	bg "$name" provider_run "$ns" "$name" --local "$mac_local" --socket "${provider_socket:-$T/vnetd.sock}" \
		--status "$T/$name" "$@"
	wait_for 10 provider_settled "$name" || {
		echo "# provider $name does not start"
		lib_comment "$T/$name.err" "$name"
		return 1
	}
}

# ${provider_wrap[@]}: words before it, "setpriv ..."
provider_wrap=()
provider_run() { # NS NAME ARGUMENT...
	local ns=$1 name=$2

	shift 2
	in_ns "$ns" "${provider_wrap[@]}" provider "$@" <"$T/$name.in"
}

# shellcheck disable=SC2154 # of lib.sh
provider_settled() { # NAME
	local arguments

	grep -qE '^(registered|refused) ' "$T/$1.out" && return 0
	mapfile -d '' -t arguments <"/proc/${lib_background[$1]}/cmdline"
	[[ " ${arguments[*]} " == *' --wait '* ]]
}

provider_forget() { # NAME
	local fd=${provider_input[$1]}

	exec {fd}>&-
	unset "provider_input[$1]"
}

# Unregisters it, and returns the provider's exit status.
provider_end() { # NAME
	echo quit >&"${provider_input[$1]}"
	bg_wait "$1"
}

# A command; returns when the provider has carried it out.
tell() { # NAME COMMAND...
	local name=$1

	shift
	provider_answered[$name]=$((provider_answered[$name] + 1))
	echo "$*" >&"${provider_input[$name]}"
	wait_for 30 provider_done "$name" || {
		echo "# $name does not carry out: $*"
		return 1
	}
}

provider_done() { # NAME
	[ "$(grep -c '^done ' "$T/$1.out")" -ge "${provider_answered[$1]}" ]
}

# What it has said since the last `hears` of it, without the answers.
said() { # NAME
	tail -n +$((provider_heard[$1] + 1)) "$T/$1.out" | grep -vE "^(done|state|status|at) " || [ $? -eq 1 ]
}

# The number of the first line after what was heard that is TEXT.
provider_find() { # NAME TEXT
	local lines number

	mapfile -t -s "${provider_heard[$1]}" lines <"$T/$1.out"
	for number in "${!lines[@]}"; do
		if [ "${lines[number]}" = "$2" ]; then
			provider_found=$((provider_heard[$1] + number + 1))
			return 0
		fi
	done
	return 1
}

# For wait_for, too. Other lines may stand before it.
heard() { # NAME LINE
	provider_find "$1" "$2" && provider_heard[$1]=$provider_found
}

hears() { # TEXT NAME LINE
	if wait_for 5 heard "$2" "$3"; then
		pass "$1"
	else
		fail "$1" "$2 has not said: $3" "but: $(said "$2")"
	fi
}

# Nothing of what is said from here on is about what was before.
hush() { # NAME
	provider_heard[$1]=$(wc -l <"$T/$1.out")
}

# The last word it has given about itself.
provider_status() { # NAME
	tell "$1" status
	grep '^status ' "$T/$1.out" | tail -n 1
}

# A number of the provider's report, as it is now.
counted() { # NAME FIELD
	tell "$1" count
	grep '^{' "$T/$1.out" | tail -n 1 | jq ".$2"
}

# What it is: "VNET NAME DEVICE".
registered() { # NAME
	sed -n 's/^registered //p' "$T/$1.out" | tail -n 1
}

# Its tap, or its device.
provider_device() { # NAME
	sed -n 's/^registered [^ ]* [^ ]* //p' "$T/$1.out" | tail -n 1
}

resource_gone() { # VNET NAME
	! ctl -j resource show "$1" "$2"
}

# No resource of a provider, no tap, is left.
nothing_provided() {
	[ "$(json '[.[] | select(.provider)] | length' resource show)" = 0 ] && [ -z "$(taps)" ]
}

taps() {
	ip -o link show | grep -o ' vntap[0-9]*' || [ $? -eq 1 ]
}

# Numbered frames to the guest and to outside, as of world.sh. No TCP beside them: what is measured is a machine
# with time to spare.
# shellcheck disable=SC2034,SC2154 # of world.sh
streams_start() {
	streams="guest outside"
	bg_ready recv-guest in_ns guest stream recv --dev v1 --id 1 --status "$T/recv-guest"
	bg_ready recv-outside in_ns outside stream recv --dev lan --id 2 --status "$T/recv-outside"
	bg send-guest stream send --dev vnet0 --dst "$mac1" --id 1 --rate "$rate" --seconds 3600 \
		--status "$T/send-guest"
	bg send-outside stream send --dev vnet0 --dst "$mac_out" --id 2 --rate "$rate" --seconds 3600 \
		--status "$T/send-outside"
	wait_for 10 stream_past guest 0
	wait_for 10 stream_past outside 0
}
