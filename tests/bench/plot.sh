# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One SVG for each group of the report: a bar is a median, its whisker the least and the most of all rounds.

# FILE FOLDER
plot_all() {
	local group unit

	command -v gnuplot >/dev/null || {
		echo 'bench: gnuplot is missing, so there are no plots' >&2
		return 0
	}
	while IFS=$'\t' read -r group unit; do
		plot "$1" "$2" "$group" "$unit"
	done < <(jq -r '.results | map([.group, .unit]) | unique[] | @tsv' "$1")
}

plot() { # FILE FOLDER GROUP UNIT
	local data=$2/.$3.tsv

	jq -r --arg group "$3" '.results[] | select(.group == $group)
		| ["\(.shape) \(.contestant) \(.figure)", .median, .min, .max] | @tsv' "$1" >"$data"
	gnuplot <<-PLOT
		set terminal svg size 960,$((120 + 22 * $(wc -l <"$data"))) font "sans,12" background "white"
		set output "$2/$3.svg"
		set datafile separator "\t"
		set title "$3, $4"
		set grid x
		set xrange [0:*]
		set yrange [-0.6:$(wc -l <"$data") - 0.4] reverse
		set lmargin 34
		set style fill solid 0.7
		unset key
		plot "$data" using (\$2/2):0:(\$2/2):(0.36):ytic(1) with boxxyerror linecolor rgb "#4477aa", \
			"$data" using 2:0:3:4 with xerrorbars linecolor rgb "#222222" pointtype 0
	PLOT
	rm "$data"
}
