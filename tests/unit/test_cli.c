// SPDX-License-Identifier: GPL-2.0-or-later
/* vnetctl: its grammar, its exit status, and what it says when something is wrong. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../cli/words.h"
#include "cli_run.h"

#define NOBODY "/nonexistent/socket"

/* --- words --- */

static const struct words some_words = {
	{ "add", "set", "show", "del", "settle", "s" },
	6,
};

static int find(const char *text)
{
	size_t i = 99;
	int r = words_find(&some_words, text, &i);

	return r < 0 ? r : (int)i;
}

START_TEST(a_unique_beginning_is_enough)
{
	ck_assert_int_eq(find("a"), 0);
	ck_assert_int_eq(find("add"), 0);
	ck_assert_int_eq(find("sh"), 2);
	ck_assert_int_eq(find("sett"), 4);
	ck_assert_int_eq(find("adder"), -ENOENT);
	ck_assert_int_eq(find("x"), -ENOENT);
	ck_assert_int_eq(find(""), -ENOENT);
	ck_assert_int_eq(find("se"), -ENOTUNIQ);
}
END_TEST

START_TEST(an_exact_word_always_wins)
{
	ck_assert_int_eq(find("set"), 1);
	ck_assert_int_eq(find("s"), 5);
}
END_TEST

START_TEST(words_are_listed)
{
	char list[WORDS_LIST_SIZE];

	ck_assert_str_eq(words_list(&some_words, "set", list), "set or settle");
	ck_assert_str_eq(words_list(&some_words, "a", list), "add");
	ck_assert_str_eq(words_list(&some_words, "x", list), "");
	ck_assert_str_eq(words_list(&some_words, "", list), "add, set, show, del, settle or s");
}
END_TEST

/* --- usage --- */

struct usage {
	const char *line, *complaint;
};

#define OBJECTS                                                                                    \
	"vnet, resource, uplink, flow, fdb, path, stats, history, top, monitor, reload, save, "    \
	"flush, "                                                                                  \
	"status, "                                                                                 \
	"version "                                                                                 \
	"or help"
#define VNET_KEYS                                                                                  \
	"address, prefix, mtu, upper, netns, mode, guard, pvid, vlans, promiscuous, "              \
	"on-delete, hybrid-needs-service, monitor-interval, hold-down, tx-timeout, "               \
	"announce-count, "                                                                         \
	"announce-interval, announce-addresses, protection, allowed-ips, storm-limit, "            \
	"owner, uplink, share, addresses, learn, maxbw, maxbw-in or maxbw-out"
#define OPTIONS "-j, -p, -s, -t, -b, -h or -V"

static const struct usage usages[] = {
	/* options */
	{ "-x status", "'-x' is not an option: expected " OPTIONS "; see 'vnetctl help'" },
	{ "-jx status", "'-x' is not an option: expected " OPTIONS "; see 'vnetctl help'" },
	{ "--nothing", "'--nothing' is not an option: expected " OPTIONS "; see 'vnetctl help'" },
	{ "--json=1", "'--json=1' is not an option: expected " OPTIONS "; see 'vnetctl help'" },
	{ "-t", "'-t' has no value: expected one word after it; see 'vnetctl help'" },
	{ "--timeout", "'--timeout' has no value: expected one word after it; see 'vnetctl help'" },
	{ "-t 0 status", "-t '0' is not a time: expected seconds, more than 0 and at most 86400; "
			 "see 'vnetctl help'" },
	{ "-t -1 status", "-t '-1' is not a time: expected seconds, more than 0 and at most 86400; "
			  "see 'vnetctl help'" },
	{ "-t 1s status", "-t '1s' is not a time: expected seconds, more than 0 and at most 86400; "
			  "see 'vnetctl help'" },
	{ "-t nan status",
	  "-t 'nan' is not a time: expected seconds, more than 0 and at most 86400; "
	  "see 'vnetctl help'" },
	{ "-t 86401 status",
	  "-t '86401' is not a time: expected seconds, more than 0 and at most 86400; "
	  "see 'vnetctl help'" },
	{ "-b /nonexistent/file", "cannot read /nonexistent/file: No such file or directory" },
	{ "-b - status", "'status' is a word too many: expected none beside -b; "
			 "see 'vnetctl help'" },
	/* objects and verbs */
	{ "nothing", "'nothing' is not an object: expected " OBJECTS "; see 'vnetctl help'" },
	{ "''", "'' is not an object: expected " OBJECTS "; see 'vnetctl help'" },
	{ "VNET", "'VNET' is not an object: expected " OBJECTS "; see 'vnetctl help'" },
	{ "st", "'st' is ambiguous: stats or status; see 'vnetctl help'" },
	{ "re", "'re' is ambiguous: resource or reload; see 'vnetctl help'" },
	{ "compl", "'compl' is not an object: expected " OBJECTS "; see 'vnetctl help'" },
	{ "vnet frob", "'frob' is not a verb of vnet: expected add, set, del, prepare-migration, "
		       "finish-migration or show; see 'vnetctl help vnet'" },
	{ "vnet s", "'s' is ambiguous: set or show; see 'vnetctl help vnet'" },
	{ "fdb add", "'add' is not a verb of fdb: expected show; see 'vnetctl help fdb'" },
	{ "vnet show -j",
	  "'-j' is out of place: expected options before OBJECT; see 'vnetctl help vnet'" },
	{ "vnet -j",
	  "'-j' is out of place: expected options before OBJECT; see 'vnetctl help vnet'" },
	/* names */
	{ "vnet add", "a word is missing after 'add': expected vnet add NAME [KEY VALUE]...; "
		      "see 'vnetctl help vnet'" },
	{ "vnet del", "a word is missing after 'del': expected vnet del NAME; "
		      "see 'vnetctl help vnet'" },
	{ "vnet del a b",
	  "'b' is a word too many: expected vnet del NAME; see 'vnetctl help vnet'" },
	{ "vnet show a b",
	  "'b' is a word too many: expected vnet show [NAME]; see 'vnetctl help vnet'" },
	{ "resource del vnet0", "a word is missing after 'vnet0': expected resource del VNET NAME; "
				"see 'vnetctl help resource'" },
	{ "resource clear vnet0",
	  "a word is missing after 'vnet0': expected resource clear VNET NAME; "
	  "see 'vnetctl help resource'" },
	{ "resource clear vnet0 p0 now",
	  "'now' is a word too many: expected resource clear VNET NAME; "
	  "see 'vnetctl help resource'" },
	{ "resource show a b c", "'c' is a word too many: expected resource show [VNET [NAME]]; "
				 "see 'vnetctl help resource'" },
	{ "path", "a word is missing after 'path': expected path VNET MAC [vlan N]; "
		  "see 'vnetctl help path'" },
	{ "path vnet0", "a word is missing after 'vnet0': expected path VNET MAC [vlan N]; "
			"see 'vnetctl help path'" },
	{ "reload now", "'now' is a word too many: expected reload; see 'vnetctl help reload'" },
	/* keys */
	{ "vnet set vnet0", "a key is missing after 'vnet0': expected vnet set NAME KEY VALUE...; "
			    "see 'vnetctl help vnet'" },
	{ "vnet add v speed 5",
	  "'speed' is not a key: expected " VNET_KEYS "; see 'vnetctl help vnet'" },
	{ "vnet add v dev eth0",
	  "'dev' is not a key: expected " VNET_KEYS "; see 'vnetctl help vnet'" },
	{ "vnet add v m 5", "'m' is ambiguous: mtu, mode, monitor-interval, maxbw, maxbw-in or "
			    "maxbw-out; see 'vnetctl help vnet'" },
	{ "resource add v r mtu 5",
	  "'mtu' is not a key: expected type, dev, peer, peer-vnet, vf, vlan, uplink, "
	  "priority, pvid, vlans, admin, "
	  "storm-limit, probe, probe-interval, probe-count, maxbw, maxbw-in or maxbw-out; "
	  "see 'vnetctl help resource'" },
	{ "resource add v r p 5", "'p' is ambiguous: peer, peer-vnet, priority, pvid, probe, "
				  "probe-interval or probe-count; "
				  "see 'vnetctl help resource'" },
	{ "resource set v r", "a key is missing after 'r': expected resource set VNET NAME "
			      "KEY VALUE...; see 'vnetctl help resource'" },
	{ "vnet add v mtu", "'mtu' has no value: expected mtu N; see 'vnetctl help vnet'" },
	{ "flow add v f to", "'to' has no value: expected to vnet VNET|cpu N|xsk|none; "
			     "see 'vnetctl help flow'" },
	{ "flow add v f to cpu", "'to' has only one value: expected to vnet VNET|cpu N|xsk|none; "
				 "see 'vnetctl help flow'" },
	{ "vnet add v mode", "'mode' has no value: expected mode auto|tc|xdp; "
			     "see 'vnetctl help vnet'" },
	{ "vnet add v mtu 1 mt 2",
	  "'mtu' is given twice: expected each key once; see 'vnetctl help vnet'" },
	{ "vnet add v mtu big",
	  "mtu 'big' is not a whole number: expected mtu N; see 'vnetctl help vnet'" },
	{ "vnet set v monitor-interval 1.5",
	  "monitor-interval '1.5' is not a whole number: expected monitor-interval MS; "
	  "see 'vnetctl help vnet'" },
	{ "vnet set v guard 1",
	  "guard '1' is not on or off: expected guard on|off; see 'vnetctl help vnet'" },
	{ "vnet set v storm-limit fast",
	  "storm-limit 'fast' is not a whole number or none: expected storm-limit PPS|none; "
	  "see 'vnetctl help vnet'" },
	{ "resource set v r priority ''",
	  "priority '' is not a whole number: expected priority N; see 'vnetctl help resource'" },
	{ "path v m vlan x",
	  "vlan 'x' is not a whole number: expected vlan N; see 'vnetctl help path'" },
	{ "path v m vlan -1",
	  "vlan '-1' is not a whole number: expected vlan N; see 'vnetctl help path'" },
	{ "path v m vlan 99999999999",
	  "vlan '99999999999' is not a whole number: expected vlan N; see 'vnetctl help path'" },
	/* help */
	{ "help nothing", "'nothing' is not an object: expected " OBJECTS "; see 'vnetctl help'" },
	{ "help s", "'s' is ambiguous: stats, save or status; see 'vnetctl help'" },
	/* no playing with the terminal */
	{ "a\xc2\x9b"
	  "31mb\xc3\xa4",
	  "'a?31mb\xc3\xa4' is not an object: expected " OBJECTS "; see 'vnetctl help'" },
	/* not UTF-8: cut, too long for what it is, half of a pair, beyond the last, no first byte
	 */
	{ "vnet del a\xc3", "'a?' is not UTF-8: expected text in UTF-8; see 'vnetctl help'" },
	{ "vnet del \xc1\xa1", "'?"
			       "?' is not UTF-8: expected text in UTF-8; see 'vnetctl help'" },
	{ "vnet del \xe0\x80\xaf", "'?"
				   "?"
				   "?' is not UTF-8: expected text in UTF-8; see 'vnetctl help'" },
	{ "vnet del \xed\xa0\x80", "'?"
				   "?"
				   "?' is not UTF-8: expected text in UTF-8; see 'vnetctl help'" },
	{ "vnet del \xf4\x90\x80\x80",
	  "'?"
	  "?"
	  "?"
	  "?' is not UTF-8: expected text in UTF-8; see 'vnetctl help'" },
	{ "vnet del \x9b\xff", "'?"
			       "?' is not UTF-8: expected text in UTF-8; see 'vnetctl help'" },
	{ "a\033[31m", "'a?[31m' is not an object: expected " OBJECTS "; see 'vnetctl help'" },
};

/* Nobody listens there: what is wrong with the words is told before that matters. */
START_TEST(wrong_words_are_told)
{
	char complaint[512];

	snprintf(complaint, sizeof(complaint), "vnetctl: %s\n", usages[_i].complaint);
	cli_expect(NOBODY, usages[_i].line, CTL_USAGE, "", complaint);
}
END_TEST

START_TEST(without_words_there_is_help_and_a_failure)
{
	struct cli_result r, help;

	cli_run(&r, NULL, "");
	ck_assert_int_eq(r.status, CTL_USAGE);
	ck_assert_str_eq(r.out, "");
	cli_run(&help, NULL, "help");
	ck_assert_int_eq(help.status, CTL_DONE);
	ck_assert_str_eq(help.err, "");
	ck_assert_str_eq(r.err, help.out);
	cli_free(&r);
	cli_free(&help);
}
END_TEST

START_TEST(help_knows_every_object)
{
	static const char *const objects[] = { "vnet",	"resource", "fdb",     "path",	 "history",
					       "stats", "top",	    "monitor", "reload", "save",
					       "flush", "status",   "version", "help" };
	struct cli_result all, one;
	char line[64], example[64];
	const char *end;
	size_t i;

	cli_run(&all, NULL, "--help");
	ck_assert_int_eq(all.status, CTL_DONE);
	for (i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		snprintf(line, sizeof(line), "\n  %s ", objects[i]);
		ck_assert_ptr_nonnull(strstr(all.out, line));
		snprintf(line, sizeof(line), "help %s", objects[i]);
		cli_run(&one, NULL, line);
		ck_assert_int_eq(one.status, CTL_DONE);
		snprintf(example, sizeof(example), "%s", objects[i]);
		ck_assert_ptr_nonnull(strstr(one.out, "\nExamples:\n  vnetctl "));
		ck_assert_ptr_nonnull(strstr(strstr(one.out, "\nExamples:\n"), example));
		cli_free(&one);
	}
	ck_assert_ptr_null(strstr(all.out, "complete"));
	for (const char *at = all.out; *at; at = end + 1) {
		end = strchr(at, '\n');
		ck_assert_int_lt(end - at, 80);
	}
	cli_free(&all);
	cli_run(&one, NULL, "vnet help");
	ck_assert_ptr_nonnull(strstr(one.out, "hybrid-needs-service on|off"));
	cli_free(&one);
}
END_TEST

START_TEST(the_version_needs_no_daemon)
{
	cli_expect(NOBODY, "version", CTL_DONE, "vnetctl " VNET_VERSION "\n", "");
	cli_expect(NOBODY, "-V", CTL_DONE, "vnetctl " VNET_VERSION "\n", "");
	cli_expect(NOBODY, "--version", CTL_DONE, "vnetctl " VNET_VERSION "\n", "");
	cli_expect(NOBODY, "-j version", CTL_DONE, "{\"version\":\"" VNET_VERSION "\"}\n", "");
	cli_expect(NOBODY, "-p vers", CTL_DONE, "{\n  \"version\": \"" VNET_VERSION "\"\n}\n", "");
}
END_TEST

/* --- what is sent --- */

struct sent {
	const char *line, *request;
};

static const struct sent sents[] = {
	{ "vnet add vnet0", "AddVnet\",\"parameters\":{\"name\":\"vnet0\",\"settings\":{}}" },
	{ "vn a vnet0 address 02:00:00:00:00:01 mt 9000 upp tap1 n blue mod tc g off pv 1 vl "
	  "10,20-29 "
	  "promi on on remove hy yes mon 0 ho 5 tx 300 announce-c 1 announce-i 20 announce-a ::1 "
	  "prot "
	  "restricted al "
	  "10.0.0.7,::1 st 5 ow 1000",
	  "AddVnet\",\"parameters\":{\"name\":\"vnet0\",\"settings\":{"
	  "\"address\":\"02:00:00:00:00:01\",\"mtu\":9000,\"upper\":\"tap1\",\"netns\":\"blue\","
	  "\"mode\":\"tc\",\"guard\":false,\"pvid\":1,\"vlans\":\"10,20-29\","
	  "\"promiscuous\":\"on\",\"on_delete\":\"remove\",\"hybrid_needs_service\":true,\"monitor_"
	  "interval\":0,"
	  "\"hold_down\":5,\"tx_timeout\":300,\"announce_count\":1,"
	  "\"announce_interval\":20,"
	  "\"announce_addresses\":\"::1\","
	  "\"protection\":\"restricted\",\"allowed_ips\":\"10.0.0.7,::1\",\"storm_limit\":5,"
	  "\"owner\":\"1000\"}}" },
	{ "vnet set vnet0 storm-limit none protection none allowed-ips none mode xdp",
	  "SetVnet\",\"parameters\":{\"name\":\"vnet0\",\"settings\":{\"storm_limit\":0,"
	  "\"protection\":\"none\",\"allowed_ips\":\"none\",\"mode\":\"xdp\"}}" },
	{ "resource set vnet0 up storm-limit 2000",
	  "SetResource\",\"parameters\":{\"vnet\":\"vnet0\",\"name\":\"up\","
	  "\"settings\":{\"storm_limit\":2000}}" },
	{ "resource add vnet0 h type hybrid vf enp1s0 3 vlan 100",
	  "AddResource\",\"parameters\":{\"vnet\":\"vnet0\",\"name\":\"h\",\"settings\":{"
	  "\"type\":\"hybrid\",\"pf\":\"enp1s0\",\"vf\":3,\"vf_vlan\":100}}" },
	{ "flow add up0 web dir in to vnet web rank 7",
	  "AddFlow\",\"parameters\":{\"owner\":\"up0\",\"name\":\"web\",\"settings\":{"
	  "\"dir\":\"in\",\"to\":\"vnet web\",\"rank\":7}}" },
	{ "flow set up0 web to cpu 3",
	  "SetFlow\",\"parameters\":{\"owner\":\"up0\",\"name\":\"web\",\"settings\":{"
	  "\"to\":\"cpu 3\"}}" },
	{ "flow set up0 web to xsk",
	  "SetFlow\",\"parameters\":{\"owner\":\"up0\",\"name\":\"web\",\"settings\":{"
	  "\"to\":\"xsk\"}}" },
	{ "resource set vnet0 h vlan none",
	  "SetResource\",\"parameters\":{\"vnet\":\"vnet0\",\"name\":\"h\","
	  "\"settings\":{\"vf_vlan\":0}}" },
	{ "resource add vnet0 b type guest peer-vnet vnet1",
	  "AddResource\",\"parameters\":{\"vnet\":\"vnet0\",\"name\":\"b\",\"settings\":{"
	  "\"type\":\"guest\",\"peer_vnet\":\"vnet1\"}}" },
	{ "vnet set vnet0 mtu -5",
	  "SetVnet\",\"parameters\":{\"name\":\"vnet0\",\"settings\":{\"mtu\":-5}}" },
	{ "vnet set vnet0 vlans ''",
	  "SetVnet\",\"parameters\":{\"name\":\"vnet0\",\"settings\":{\"vlans\":\"\"}}" },
	{ "vnet d vnet0", "DeleteVnet\",\"parameters\":{\"name\":\"vnet0\"}" },
	{ "resource add vnet0 g1 type guest dev vnet0-g1 peer 02:00:00:00:00:02",
	  "AddResource\",\"parameters\":{\"vnet\":\"vnet0\",\"name\":\"g1\",\"settings\":{"
	  "\"type\":\"guest\",\"device\":\"vnet0-g1\",\"peer\":\"02:00:00:00:00:02\"}}" },
	{ "res set vnet0 vf admin down pri 7 pv 2 vlans all",
	  "SetResource\",\"parameters\":{\"vnet\":\"vnet0\",\"name\":\"vf\",\"settings\":{"
	  "\"admin\":\"down\",\"priority\":7,\"pvid\":2,\"vlans\":\"all\"}}" },
	{ "resource del vnet0 vf",
	  "DeleteResource\",\"parameters\":{\"vnet\":\"vnet0\",\"name\":\"vf\"}" },
	{ "resource c vnet0 p0",
	  "ClearResource\",\"parameters\":{\"vnet\":\"vnet0\",\"name\":\"p0\"}" },
	{ "vnet set vnet0 owner none",
	  "SetVnet\",\"parameters\":{\"name\":\"vnet0\",\"settings\":{\"owner\":\"none\"}}" },
	{ "rel", "Reload\",\"parameters\":{}" },
	{ "flush", "Flush\",\"parameters\":{}" },
	{ "-j flush", "Flush\",\"parameters\":{}" },
};

/* A change that is done has nothing to say, with -j or without. */
START_TEST(changes_are_sent_and_silent)
{
	static const struct varlink_fake_step steps[] = { { FAKE_ANSWER, "{}" }, { FAKE_END } };
	char request[1024];
	struct varlink_fake fake;

	varlink_fake_start(&fake, steps);
	cli_expect(fake.path, sents[_i].line, CTL_DONE, "", "");
	snprintf(request, sizeof(request), "{\"method\":\"io.vnetd.Control.%s}", sents[_i].request);
	ck_assert_str_eq(varlink_fake_request(&fake), request);
	varlink_fake_stop(&fake);
}
END_TEST

static const struct sent questions[] = {
	{ "vnet", "ListVnets\",\"parameters\":{}" },
	{ "vnet show", "ListVnets\",\"parameters\":{}" },
	{ "vnet sh v", "ListVnets\",\"parameters\":{\"name\":\"v\"}" },
	{ "resource", "ListResources\",\"parameters\":{}" },
	{ "resource show v", "ListResources\",\"parameters\":{\"vnet\":\"v\"}" },
	{ "resource show v r", "ListResources\",\"parameters\":{\"vnet\":\"v\",\"name\":\"r\"}" },
	{ "fdb", "ListFdb\",\"parameters\":{}" },
	{ "fdb show v", "ListFdb\",\"parameters\":{\"vnet\":\"v\"}" },
	{ "path v m", "GetPath\",\"parameters\":{\"vnet\":\"v\",\"mac\":\"m\"}" },
	{ "path v m v 10", "GetPath\",\"parameters\":{\"vnet\":\"v\",\"mac\":\"m\",\"vlan\":10}" },
	{ "stats", "GetStats\",\"parameters\":{}" },
	{ "stats v r", "GetStats\",\"parameters\":{\"vnet\":\"v\",\"name\":\"r\"}" },
	{ "history", "GetHistory\",\"parameters\":{}" },
	{ "history v", "GetHistory\",\"parameters\":{\"owner\":\"v\"}" },
	{ "history v f", "GetHistory\",\"parameters\":{\"owner\":\"v\",\"name\":\"f\"}" },
	{ "history since 60", "GetHistory\",\"parameters\":{\"since\":60}" },
	{ "history v samples 5 int 20",
	  "GetHistory\",\"parameters\":{\"owner\":\"v\",\"interval\":20,\"samples\":5}" },
	{ "history v f since 7",
	  "GetHistory\",\"parameters\":{\"owner\":\"v\",\"name\":\"f\",\"since\":7}" },
	{ "status", "GetStatus\",\"parameters\":{}" },
	{ "save", "Save\",\"parameters\":{}" },
};

#define PATH_JSON "{\"vnet\":\"v/0\",\"resource\":null,\"new\":[1,true]}"

/* With -j the answer is printed as the contract has it: the array itself, or the object. */
START_TEST(questions_are_sent_and_their_answers_printed)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, "{\"parameters\":{\"vnets\":[],\"resources\":[],\"entries\":[],"
			       "\"stats\":[],\"history\":[],\"files\":[]}}" },
		{ FAKE_END },
	};
	char request[1024], line[128];
	struct varlink_fake fake;
	struct cli_result r;

	varlink_fake_start(&fake, steps);
	snprintf(line, sizeof(line), "-j %s", questions[_i].line);
	cli_run(&r, fake.path, line);
	ck_assert_int_eq(r.status, CTL_DONE);
	ck_assert_str_eq(r.err, "");
	if (strncmp(questions[_i].request, "List", 4) == 0 ||
	    strncmp(questions[_i].request, "GetStats\"", 9) == 0 ||
	    strncmp(questions[_i].request, "GetHistory\"", 11) == 0)
		ck_assert_str_eq(r.out, "[]\n");
	else
		ck_assert_int_eq(r.out[0], '{');
	cli_free(&r);
	snprintf(request, sizeof(request), "{\"method\":\"io.vnetd.Control.%s}",
		 questions[_i].request);
	ck_assert_str_eq(varlink_fake_request(&fake), request);
	varlink_fake_stop(&fake);
}
END_TEST

START_TEST(json_is_one_line_or_indented)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, "{\"parameters\": " PATH_JSON " }" },
		{ FAKE_ANSWER, "{\"parameters\":" PATH_JSON "}" },
		{ FAKE_ANSWER, "{\"parameters\":" PATH_JSON "}" },
		{ FAKE_END },
	};
	static const char pretty[] = "{\n  \"vnet\": \"v/0\",\n  \"resource\": null,\n"
				     "  \"new\": [\n    1,\n    true\n  ]\n}\n";
	struct varlink_fake fake;

	varlink_fake_start(&fake, steps);
	cli_expect(fake.path, "-j path v m", CTL_DONE, PATH_JSON "\n", "");
	cli_expect(fake.path, "-p path v m", CTL_DONE, pretty, "");
	cli_expect(fake.path, "--json --pretty path v m", CTL_DONE, pretty, "");
	varlink_fake_stop(&fake);
}
END_TEST

/* --- exit status --- */

START_TEST(a_refusal_is_2)
{
	static const char *const kinds[] = { "NotFound", "Exists",     "Invalid",
					     "Busy",	 "Permission", "Failed" };
	char reply[256];
	const struct varlink_fake_step steps[] = { { FAKE_ANSWER, reply }, { FAKE_END } };
	struct varlink_fake fake;

	snprintf(reply, sizeof(reply),
		 "{\"error\":\"io.vnetd.Control.%s\",\"parameters\":{\"message\":"
		 "\"vnet0: mtu 20 is not a number from 68 to 65521\\u001b\",\"errno\":22}}",
		 kinds[_i]);
	varlink_fake_start(&fake, steps);
	cli_expect(fake.path, "-j vnet set vnet0 mtu 20", CTL_REFUSED, "",
		   "vnetctl: vnet0: mtu 20 is not a number from 68 to 65521?\n");
	varlink_fake_stop(&fake);
}
END_TEST

START_TEST(nobody_to_reach_is_3)
{
	struct varlink_fake fake;
	struct cli_result r;
	char line[256];

	cli_expect(NOBODY, "vnet show", CTL_UNREACHABLE, "",
		   "vnetctl: cannot reach vnetd at /nonexistent/socket: No such file or directory "
		   "(is vnetd running? see 'systemctl status vnetd')\n");
	varlink_fake_start(&fake, (const struct varlink_fake_step[]) { { FAKE_END } });
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	else
		ck_assert_int_eq(chmod(fake.path, 0), 0);
	cli_run(&r, fake.path, "status");
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(r.status, CTL_UNREACHABLE);
	snprintf(line, sizeof(line),
		 "vnetctl: cannot reach vnetd at %s: permission denied (reading needs the group "
		 "vnet, changing needs root or the group vnet-admin)\n",
		 fake.path);
	ck_assert_str_eq(r.err, line);
	cli_free(&r);
	varlink_fake_stop(&fake);
}
END_TEST

START_TEST(the_end_of_the_connection_is_3)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_HANG_UP, "{\"param" },
		{ FAKE_HANG_UP, "" },
		{ FAKE_END },
	};
	struct varlink_fake fake;
	char complaint[256];

	varlink_fake_start(&fake, steps);
	snprintf(complaint, sizeof(complaint),
		 "vnetctl: %s: vnetd has closed the connection (is vnetd running? see 'systemctl "
		 "status vnetd')\n",
		 fake.path);
	cli_expect(fake.path, "status", CTL_UNREACHABLE, "", complaint);
	cli_expect(fake.path, "reload", CTL_UNREACHABLE, "", complaint);
	varlink_fake_stop(&fake);
}
END_TEST

START_TEST(silence_is_4)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_SILENT },
		{ FAKE_SILENT },
		{ FAKE_END },
	};
	struct varlink_fake fake;
	char complaint[256];

	varlink_fake_start(&fake, steps);
	snprintf(complaint, sizeof(complaint),
		 "vnetctl: %s: vnetd did not answer within 0.2 seconds\n", fake.path);
	cli_expect(fake.path, "-t 0.2 status", CTL_TIMED_OUT, "", complaint);
	cli_expect(fake.path, "--timeout=.2 monitor", CTL_TIMED_OUT, "", complaint);
	varlink_fake_stop(&fake);
}
END_TEST

START_TEST(nonsense_is_5)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, "hello" },
		{ FAKE_FLOOD },
		{ FAKE_END },
	};
	struct varlink_fake fake;
	char complaint[256];

	varlink_fake_start(&fake, steps);
	snprintf(complaint, sizeof(complaint),
		 "vnetctl: %s: the answer of vnetd is not a Varlink reply\n", fake.path);
	cli_expect(fake.path, "status", CTL_FAILED, "", complaint);
	snprintf(complaint, sizeof(complaint),
		 "vnetctl: %s: the answer of vnetd is longer than 67108864 bytes\n", fake.path);
	cli_expect(fake.path, "-t 60 vnet show", CTL_FAILED, "", complaint);
	varlink_fake_stop(&fake);
}
END_TEST

/* Output that does not reach its end is a failure: a full disk, and a descriptor that is closed. */
START_TEST(lost_output_is_5)
{
	char *words[] = { (char *)"vnetctl", (char *)"help", NULL };
	char *complaint = NULL;
	size_t size = 0;
	FILE *out = _i == 0 ? fopen("/dev/full", "w") : fopen("/dev/null", "w");
	FILE *err = open_memstream(&complaint, &size);

	ck_assert_ptr_nonnull(out);
	if (_i == 1)
		close(fileno(out));
	ck_assert_int_eq(run_main(2, words, out, err), CTL_FAILED);
	fclose(err);
	ck_assert_ptr_eq(strstr(complaint, "vnetctl: cannot write the output"), complaint);
	free(complaint);
	fclose(out);
}
END_TEST

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("cli", &t);

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_unique_beginning_is_enough);
	tcase_add_test(t, an_exact_word_always_wins);
	tcase_add_test(t, words_are_listed);
	tcase_add_loop_test(t, wrong_words_are_told, 0, COUNT(usages));
	tcase_add_test(t, without_words_there_is_help_and_a_failure);
	tcase_add_test(t, help_knows_every_object);
	tcase_add_test(t, the_version_needs_no_daemon);
	tcase_add_loop_test(t, changes_are_sent_and_silent, 0, COUNT(sents));
	tcase_add_loop_test(t, questions_are_sent_and_their_answers_printed, 0, COUNT(questions));
	tcase_add_test(t, json_is_one_line_or_indented);
	tcase_add_loop_test(t, a_refusal_is_2, 0, 6);
	tcase_add_test(t, nobody_to_reach_is_3);
	tcase_add_test(t, the_end_of_the_connection_is_3);
	tcase_add_test(t, silence_is_4);
	tcase_add_test(t, nonsense_is_5);
	tcase_add_loop_test(t, lost_output_is_5, 0, 2);
	return unit_run(s);
}
