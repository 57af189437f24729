// SPDX-License-Identifier: GPL-2.0-or-later
/* vnetctl complete, and the completion of bash on top of it. */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "cli_run.h"

/* The words that are offered, with blanks in between. */
static void expect(const char *socket, const char *line, const char *expected)
{
	char words[1024] = "", *at, *rest, *offer;
	struct cli_result r;

	cli_run(&r, socket, line);
	ck_assert_int_eq(r.status, CTL_DONE);
	ck_assert_str_eq(r.err, "");
	rest = r.out;
	while ((offer = strsep(&rest, "\n")) && *offer) {
		at = strchr(offer, '\t');
		ck_assert_ptr_nonnull(at);
		ck_assert_int_ne(at[1], '\0'); /* a few words about it */
		*at = '\0';
		if (words[0])
			strcat(words, " ");
		strcat(words, offer);
	}
	ck_assert_msg(strcmp(words, expected) == 0, "vnetctl %s\noffered %s\nexpected %s", line,
		      words, expected);
	cli_free(&r);
}

static const char *const static_words[][2] = {
	{ "complete ''",
	  "vnet resource uplink flow fdb path stats history top monitor reload save flush "
	  "status version help" },
	{ "complete s", "stats save status" },
	{ "complete x", "" },
	{ "complete", "" },
	{ "complete --p", "--pretty" },
	{ "complete vnet ''", "add set del prepare-migration finish-migration show" },
	{ "complete -j vnet s", "set show" },
	{ "complete resource ''", "add set del clear show" },
	{ "complete vn d", "del" },
	{ "complete monitor ''", "" },
	{ "complete help re", "resource reload" },
	{ "complete vnet add v ''",
	  "address prefix mtu upper netns mode guard pvid vlans promiscuous "
	  "on-delete hybrid-needs-service monitor-interval hold-down "
	  "tx-timeout announce-count announce-interval announce-addresses "
	  "protection allowed-ips storm-limit owner uplink share addresses learn maxbw maxbw-in "
	  "maxbw-out" },
	{ "complete vnet add v owner ''", "none" },
	{ "complete vnet add v mtu 9000 gu", "guard" },
	{ "complete vnet add v mtu 9000 m", "mode monitor-interval maxbw maxbw-in maxbw-out" },
	{ "complete vnet add v mtu ''", "" },
	{ "complete vnet add v mode ''", "auto tc xdp" },
	{ "complete vnet add v prom o", "on off" },
	{ "complete vnet add v speed ''", "" },
	{ "complete vnet set v u", "" }, /* only when it is made */
	{ "complete vnet set v ''",
	  "address prefix mtu mode guard pvid vlans promiscuous on-delete hybrid-needs-service "
	  "monitor-interval "
	  "hold-down tx-timeout announce-count announce-interval announce-addresses "
	  "protection allowed-ips storm-limit owner share addresses learn maxbw maxbw-in "
	  "maxbw-out" },
	{ "complete vnet set v protection ''",
	  "none mac-nospoof ip-nospoof dhcp-nospoof restricted" },
	{ "complete vnet set v protection mac-nospoof,",
	  "mac-nospoof,ip-nospoof mac-nospoof,dhcp-nospoof mac-nospoof,restricted" },
	{ "complete vnet set v prot restricted,mac-nospoof,i",
	  "restricted,mac-nospoof,ip-nospoof" },
	{ "complete vnet set v protection restricted,x", "" },
	{ "complete vnet set v allowed-ips ''", "none" },
	{ "complete resource set v r s", "storm-limit" },
	{ "complete resource set v r storm-limit n", "none" },
	{ "complete resource add v r peer", "peer peer-vnet" },
	{ "complete resource set v r peer", "peer" },
	{ "complete resource add v r peer-vnet ''", "" },
	{ "complete resource add v r type ''", "service guest hybrid" },
	{ "complete resource add v r t", "type" },
	{ "complete resource set v r a", "admin" },
	{ "complete resource set v r admin d", "down" },
	{ "complete resource set v r pvid ''", "inherit" },
	{ "complete resource add v r dev l", "lo" },
	{ "complete path v m ''", "vlan" },
	{ "complete path v m vlan ''", "" },
	{ "complete history ''", "since interval samples" },
	{ "complete history since 5 ''", "interval samples" },
	{ "complete history v ''", "since interval samples" },
	{ "complete history v since 5 i", "interval" },
	{ "complete history v f ''", "since interval samples" },
	{ "complete history v f samples ''", "" },
	{ "complete vnet show v ''", "" },
	{ "complete -s ''", "" },
	{ "complete -js x", "" },
	{ "complete -t 1 --socket x sta", "stats status" },
	/* names, and nobody to ask */
	{ "complete vnet show ''", "" },
	{ "complete vnet add ''", "" },
};

START_TEST(words_are_offered)
{
	expect("/nonexistent/socket", static_words[_i][0], static_words[_i][1]);
}
END_TEST

#define VNETS "{\"parameters\":{\"vnets\":[{\"name\":\"vnet0\"},{\"name\":\"vm1\"}]}}"
#define RESOURCES                                                                                  \
	"{\"parameters\":{\"resources\":[{\"name\":\"up\",\"type\":\"service\"},"                  \
	"{\"name\":\"g1\",\"type\":\"guest\"}]}}"
#define FDB                                                                                        \
	"{\"parameters\":{\"entries\":[{\"mac\":\"02:00:00:00:00:02\"},"                           \
	"{\"mac\":\"02:00:00:00:00:13\"}]}}"

START_TEST(names_are_offered)
{
	static const struct {
		const char *line, *reply, *request, *offers;
	} names[] = {
		{ "vnet show ''", VNETS, "ListVnets\",\"parameters\":{}", "vnet0 vm1" },
		{ "vnet set vn", VNETS, "ListVnets\",\"parameters\":{}", "vnet0" },
		{ "resource del ''", VNETS, "ListVnets\",\"parameters\":{}", "vnet0 vm1" },
		{ "resource clear ''", VNETS, "ListVnets\",\"parameters\":{}", "vnet0 vm1" },
		{ "resource del vm1 ''", RESOURCES,
		  "ListResources\",\"parameters\":{\"vnet\":\"vm1\"}", "up g1" },
		{ "resource add vm1 b type guest peer-vnet v", VNETS,
		  "ListVnets\",\"parameters\":{}", "vnet0 vm1" },
		{ "stats vm1 g", RESOURCES, "ListResources\",\"parameters\":{\"vnet\":\"vm1\"}",
		  "g1" },
		{ "path vm1 ''", FDB, "ListFdb\",\"parameters\":{\"vnet\":\"vm1\"}",
		  "02:00:00:00:00:02 02:00:00:00:00:13" },
	};
	const struct varlink_fake_step steps[] = { { FAKE_ANSWER, names[_i].reply }, { FAKE_END } };
	struct varlink_fake fake;
	char line[256];

	/* The socket is among the words that are completed. */
	varlink_fake_start(&fake, steps);
	snprintf(line, sizeof(line), "complete -j -s %s %s", fake.path, names[_i].line);
	expect(NULL, line, names[_i].offers);
	ck_assert_ptr_nonnull(strstr(varlink_fake_request(&fake), names[_i].request));
	varlink_fake_stop(&fake);
}
END_TEST

START_TEST(refusals_offer_nothing)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, "{\"error\":\"io.vnetd.Control.NotFound\"}" },
		{ FAKE_SILENT },
		{ FAKE_END },
	};
	struct varlink_fake fake;

	varlink_fake_start(&fake, steps);
	expect(fake.path, "complete resource del v ''", "");
	expect(fake.path, "complete vnet show ''", "");
	varlink_fake_stop(&fake);
}
END_TEST

/* --- bash: this program stands in for vnetctl --- */

static void read_command(const char *command, char *text, size_t size)
{
	FILE *f = popen(command, "re");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(text, 1, size - 1, f);
	text[n] = '\0';
	ck_assert_int_eq(pclose(f), 0);
}

START_TEST(bash_completes)
{
	static const struct {
		const char *line, *reply, *offers;
	} lines[] = {
		{ "vnetctl v", NULL, "vnet version " },
		{ "vnetctl vnet ", NULL, "add set del prepare-migration finish-migration show " },
		{ "vnetctl -s SOCKET vnet show v", VNETS, "vnet0 vm1 " },
		{ "vnetctl -s SOCKET path vm1 02:00:00:00:00:1", FDB, "13 " },
		{ "vnetctl -s /proc/self/statu", NULL, "/proc/self/status " },
		{ "vnetctl nothing ", NULL, "" },
	};
	const struct varlink_fake_step steps[] = { { FAKE_ANSWER, lines[_i].reply }, { FAKE_END } };
	const char *mark = strstr(lines[_i].line, "SOCKET");
	char folder[] = "/tmp/vnet-complete.XXXXXX", self[PATH_MAX], name[PATH_MAX], text[512];
	struct varlink_fake fake;
	char line[256], *command;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	ck_assert_int_gt(n, 0);
	self[n] = '\0';
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(name, sizeof(name), "%s/vnetctl", folder);
	ck_assert_int_eq(symlink(self, name), 0);
	varlink_fake_start(&fake, steps);

	snprintf(line, sizeof(line), "%.*s%s%s",
		 (int)(mark ? (size_t)(mark - lines[_i].line) : strlen(lines[_i].line)),
		 lines[_i].line, mark ? fake.path : "", mark ? mark + 6 : "");
	ck_assert_int_gt(asprintf(&command,
				  "PATH=%s:$PATH bash --norc -uc '"
				  ". completions/vnetctl.bash; complete -p vnetctl >/dev/null; "
				  "COMP_LINE=\"%s\"; COMP_POINT=${#COMP_LINE}; _vnetctl; "
				  "for w in ${COMPREPLY[@]+\"${COMPREPLY[@]}\"}; do "
				  "printf \"%%s \" \"$w\"; done'",
				  folder, line),
			 0);
	read_command(command, text, sizeof(text));
	ck_assert_str_eq(text, lines[_i].offers);

	free(command);
	varlink_fake_stop(&fake);
	unlink(name);
	rmdir(folder);
}
END_TEST

int main(int argc, char **argv)
{
	TCase *t;
	Suite *s;

	if (strcmp(program_invocation_short_name, "vnetctl") == 0)
		return run_main(argc, argv, stdout, stderr);
	s = unit_suite("cli_complete", &t);
	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, words_are_offered, 0,
			    sizeof(static_words) / sizeof(static_words[0]));
	tcase_add_loop_test(t, names_are_offered, 0, 7);
	tcase_add_test(t, refusals_offer_nothing);
	tcase_add_loop_test(t, bash_completes, 0, 6);
	return unit_run(s);
}
