# SPDX-License-Identifier: GPL-2.0-or-later
# All measurements (slurped) into the report. $about has what is known of the session, $aims the lines of the
# file of that name.

def at($share): ((length - 1) * $share) as $p | ($p | floor) as $i
	| .[$i] + ((.[$i + 1] // .[$i]) - .[$i]) * ($p - $i);
def rounded: . as $n | if $n == 0 then 0 else
	($n | fabs | log10 | floor | 4 - . | if . > 0 then . else 0 end) as $digits
	| $n * pow(10; $digits) | round / pow(10; $digits) end;
def trim: gsub("^\\s+|\\s+$"; "");
# In the order in which they were measured first.
def gathered(f): reduce .[] as $r ([]; (map(.[0] | f) | index([$r | f])) as $i
	| if $i == null then . + [[$r]] else .[$i] += [$r] end);

# What everybody of the group is set beside.
{ stream: ["veth", "bridge"], udp: ["veth", "bridge"], rtt: ["veth", "bridge"],
  forward: ["bridge", "fixed-xdp"], program: [], scale: ["base"], provide: ["write"], overload: [],
  uplink: ["macvlan"], flows: ["none", "one"], limits: [], live: [], urgent: [], xsk: [] } as $beside
| map(select(has("value"))) as $runs
| ($runs | gathered([.group, .shape, .contestant, .figure]) | map((map(.value) | sort) as $sorted
	| .[0] | { group, shape, contestant, figure, unit,
		median: ($sorted | at(0.5)), min: $sorted[0], q1: ($sorted | at(0.25)),
		q3: ($sorted | at(0.75)), max: $sorted[-1], count: ($sorted | length) })) as $results
| def median($group; $shape; $who): [$results[] | select(.group == $group and .shape == $shape
	and "\(.contestant) \(.figure)" == $who) | .median][0];
$about + {
	results: ($results | map(. as $r | . + { of: ($beside[.group] | map({ key: ., value:
		(median($r.group; $r.shape; "\(.) \($r.figure)") as $m
		| if $m then $r.median / $m | rounded else null end) }) | from_entries) })),
	unavailable: (map(select(has("unavailable"))) | unique),
	aims: ($aims | split("\n") | map(select(test("^(#|\\s*$)") | not) | split("|") | map(trim)
		| { what: .[0], group: .[1], shape: .[2], of: .[3], to: (if .[4] == "-" then null else .[4] end),
		    relation: .[5], limit: (.[6] | tonumber) }
		| . as $a | select($about.groups | index($a.group))
		| median(.group; .shape; .of) as $of
		| (if .to then median(.group; .shape; .to) else 1 end) as $to
		| .value = (if $of and $to and $to != 0 then $of / $to | rounded else null end)
		| .met = (if .value == null then null elif .relation == ">=" then .value >= .limit
			else .value <= .limit end))),
	runs: $runs,
}
