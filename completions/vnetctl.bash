# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for vnetctl(8). vnetctl itself knows what can come next, live names included.

_vnetctl() {
	local line=${COMP_LINE:0:COMP_POINT} current='' previous='' prefix word
	local -a words

	# bash splits words at the colons of a MAC; here they are as vnetctl will get them.
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] || {
		current=${words[-1]}
		unset 'words[-1]'
	}
	[[ ${#words[@]} -eq 0 ]] || previous=${words[-1]}
	COMPREPLY=()

	case $previous in
	-s | -b | --socket | --batch)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		compopt -o filenames 2>/dev/null
		return
		;;
	esac

	# Readline replaces what follows the last colon alone.
	prefix=
	[[ $current != *:* || ${COMP_WORDBREAKS-:} != *:* ]] || prefix=${current%:*}:
	while IFS=$'\t' read -r word _; do
		COMPREPLY+=("${word#"$prefix"}")
	done < <(command "${words[0]}" complete "${words[@]:1}" "$current" 2>/dev/null)
}

complete -F _vnetctl vnetctl
