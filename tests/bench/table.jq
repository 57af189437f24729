# SPDX-License-Identifier: GPL-2.0-or-later
# The report as text.

def left($n): tostring | . + (" " * ([$n - length, 0] | max) // "");
def right($n): tostring | (" " * ([$n - length, 0] | max) // "") + .;
def short: if . == null then "-" elif fabs >= 10000 then round elif fabs >= 100 then . * 10 | round / 10
	else . * 1000 | round / 1000 end;
def verdict: if .met == null then "not measured" elif .met then "met" else "missed" end;

. as $report
| (.groups[] as $group | [.results[] | select(.group == $group)] as $rows
	| select($rows | length > 0)
	| ($rows[0].of | keys_unsorted) as $beside
	| "", (["\($group)" | left(9)] + ["contestant" | left(14)] + ["figure" | left(15)]
		+ ["median" | right(12)] + ["" | left(9)] + ["min" | right(10)] + ["max" | right(10)]
		+ ($beside | map("of \(.)" | right(13))) | join(" ")),
	($rows[] | ([(.shape | left(9)), (.contestant | left(14)), (.figure | left(15)),
		(.median | short | right(12)), (.unit | left(9)), (.min | short | right(10)),
		(.max | short | right(10))] + (.of | map(short | right(13)))) | join(" "))),
  (if .unavailable | length > 0 then "", "not available" else empty end),
  (.unavailable[] | "\(.group | left(9)) \(.shape | left(8)) \(.contestant | left(14)) \(.unavailable)"),
  "", (["aim" | left(55), "who" | left(32)] + ["value" | right(8), "   ", "limit" | right(5), ""] | join(" ")),
  (.aims[] | [(.what | left(55)), ("\(.shape) \(.of)" | left(32)), (.value | short | right(8)), (.relation | left(3)),
	(.limit | right(5)), verdict] | join(" "))
