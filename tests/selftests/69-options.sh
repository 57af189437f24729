#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The options of vnetd, and why it does not start: one line says it, and what to do.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

usual=(--config "$T/etc" --state "$T/state" --bpffs "$T/bpf/vnet")

# --- options ---
is '--version' "$(vnetd --version)" "vnetd $(vnetctl -j version | jq -r .version)"
is '-V' "$(vnetd -V)" "$(vnetd --version)"
help=$(vnetd --help)
for option in config socket state bpffs instance check log-level version help; do
	like "--help tells of --$option" "$help" "(^|[ ,])--$option( |\$|"$'\n'")"
done
is '-h' "$(vnetd -h)" "$help"
fails 'an unknown option' 2 "'--colour'"$'.*\n''vnetd: see vnetd --help' vnetd --colour
fails 'a word' 2 'vnetd: argument: "start" is not an option; see vnetd --help' vnetd start
fails 'an option without its value' 2 "'--config' requires an argument"$'\n''vnetd: see vnetd --help' vnetd --config
fails 'a log level' 2 'vnetd: --log-level: "loud" is not err, warning, notice, info or debug; see vnetd --help' vnetd --log-level loud
fails 'an instance' 2 "vnetd: --instance: instance name a/b has '/' in it, expected .*; see vnetd --help" vnetd --instance a/b
many=()
for ((i = 0; i < 17; i++)); do
	many+=(--config "$T/$i")
done
fails 'too many folders' 2 "vnetd: --config: \"$T/16\" is not one of at most 16 folders; see vnetd --help" vnetd "${many[@]}" --check

# --- why it does not start ---
refuses() { # TEXT REGEX ARGUMENT...: exit status 1, with one line
	local text=$1 regex=$2

	shift 2
	fails "$text" 1 "^vnetd: error: cannot start: $regex\$" timeout 20 vnetd "${usual[@]}" --log-level err "$@"
	is "$text: nothing is left behind" "$(ip -br link show | wc -l) $(find "$T/bpf" -mindepth 2 -type f | wc -l)" '1 0'
}

mkdir "$T/plain"
refuses 'no BPF file system' "$T/plain is not a BPF file system; mount one with: mount -t bpf bpf $T/plain" --socket "$T/vnetd.sock" --bpffs "$T/plain/vnet"
refuses 'no folder for the state' "the state folder $T/none/state cannot be made: No such file or directory" \
	--socket "$T/vnetd.sock" --state "$T/none/state"
touch "$T/regular"
refuses 'a regular file where the socket is to be' \
	"cannot listen on $T/regular: a file of another kind is there, which vnetd leaves alone" --socket "$T/regular"
ok 'it is left alone' test -f "$T/regular"
ln -s "$T/elsewhere" "$T/link"
refuses 'a symbolic link' "cannot listen on $T/link: a symbolic link is there, which vnetd leaves alone" --socket "$T/link"
ok 'it is left alone, too' test -L "$T/link"
refuses 'a path that is too long' "cannot listen on \"/x+\": the path of a socket has from 1 to 107 bytes" \
	--socket "/$(printf 'x%.0s' {1..120})"
refuses 'no folder for the socket' "cannot listen on $T/a/b/sock: cannot make the folder $T/a/b: No such file or directory" \
	--socket "$T/a/b/sock"
rm "$T/state/default.lock"
ln -s "$T/elsewhere" "$T/state/default.lock"
refuses 'a lock file that is a link' "the lock file $T/state/default.lock cannot be opened: .*" --socket "$T/vnetd.sock"
rm "$T/state/default.lock"
is 'nothing was made behind the links' "$(test -e "$T/elsewhere" || echo nothing)" nothing
for capability in net_admin bpf; do
	fails "without CAP_${capability^^}" 1 \
		'cannot start: .* not permitted; vnetd needs root, or the capabilities CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON$' \
		setpriv --inh-caps=-all --bounding-set=-$capability,-sys_admin \
		timeout 20 vnetd "${usual[@]}" --socket "$T/vnetd.sock"
done

# --- where things are ---
ln -s "$T/made/sock" "$T/vnetd.sock"
start_vnetd --instance blue --socket "$T/made/sock" --log-level debug
is 'the instance is told' "$(json .instance status)" blue
is 'its files have its name' "$(cd "$T/state" && ls blue*)" $'blue.json\nblue.lock'
ok 'and its pins' test -d "$T/bpf/vnet/blue"
is 'the folder of the socket is made for all' "$(stat -c %a "$T/made")" 755
is 'and everybody may connect' "$(stat -c %a "$T/made/sock")" 666
fails "the socket is another daemon's" 1 "cannot start: another vnetd listens on $T/made/sock" \
	vnetd --config "$T/etc" --state "$T/state" --bpffs "$T/bpf/vnet" --instance red --socket "$T/made/sock"
ok 'which goes on' ctl status
stop_vnetd
not_ok 'the socket goes with it' test -e "$T/made/sock"
rm "$T/vnetd.sock"

# --- a stale socket ---
start_vnetd
kill_vnetd KILL
ok 'after kill -9 the socket is still there' test -S "$T/vnetd.sock"
start_vnetd
ok 'the next one takes its place' ctl status

finish
