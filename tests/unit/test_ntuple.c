/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flows to CPUs by n-tuple filters: what the filters say, and whose they are, whoever is killed. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include "../../daemon/ntuple.h"
#include "../../daemon/show.h"
#include "world_case.h"

/* --- what they say --- */

static struct flow_match match(const char *const *words)
{
	struct flow_settings s;
	struct error e = { 0 };

	settings_flow_default(&s);
	for (; *words; words += 2)
		ck_assert_int_eq(settings_set(settings_flow, &s, "x", words[0], words[1], &e), 0);
	return s.match;
}

static int make(const char *const *words, struct ntuple *ret, const char **ret_why)
{
	const struct flow_match m = match(words);

	return ntuple_make(&m, NULL, 3, ret, ret_why);
}

START_TEST(test_v4)
{
	const char *const words[] = { "proto",	     "tcp",	  "local", "10.1.0.9", "remote",
				      "10.2.0.0/15", "lport",	  "80",	   "rport",    "1024-2047",
				      "dsfield",     "0xb8:0xfc", "vlan",  "7",	       NULL };
	const struct ethtool_tcpip4_spec *v, *m;
	const char *why;
	struct ntuple n;

	ck_assert_int_eq(make(words, &n, &why), 0);
	ck_assert_uint_eq(n.count, 1);
	v = &n.spec[0].h_u.tcp_ip4_spec;
	m = &n.spec[0].m_u.tcp_ip4_spec;
	ck_assert_uint_eq(n.spec[0].flow_type, TCP_V4_FLOW | FLOW_EXT);
	ck_assert_uint_eq(n.spec[0].ring_cookie, 3);
	ck_assert_uint_eq(ntohl(v->ip4dst), 0x0a010009);
	ck_assert_uint_eq(ntohl(m->ip4dst), 0xffffffff);
	ck_assert_uint_eq(ntohl(v->ip4src), 0x0a020000);
	ck_assert_uint_eq(ntohl(m->ip4src), 0xfffe0000);
	ck_assert_uint_eq(ntohs(v->pdst), 80);
	ck_assert_uint_eq(ntohs(m->pdst), 0xffff);
	ck_assert_uint_eq(ntohs(v->psrc), 1024);
	ck_assert_uint_eq(ntohs(m->psrc), 0xfc00);
	ck_assert_uint_eq(v->tos, 0xb8);
	ck_assert_uint_eq(m->tos, 0xfc);
	ck_assert_uint_eq(ntohs(n.spec[0].h_ext.vlan_tci), 7);
	ck_assert_uint_eq(ntohs(n.spec[0].m_ext.vlan_tci), 0x0fff);
}
END_TEST

START_TEST(test_v6)
{
	const char *const words[] = { "proto", "udp", "remote", "2001:db8::/33", NULL };
	const struct ethtool_tcpip6_spec *v, *m;
	const char *why;
	struct ntuple n;

	ck_assert_int_eq(make(words, &n, &why), 0);
	ck_assert_uint_eq(n.count, 1);
	v = &n.spec[0].h_u.udp_ip6_spec;
	m = &n.spec[0].m_u.udp_ip6_spec;
	ck_assert_uint_eq(n.spec[0].flow_type, UDP_V6_FLOW);
	ck_assert_uint_eq(ntohl(v->ip6src[0]), 0x20010db8);
	ck_assert_uint_eq(ntohl(m->ip6src[0]), 0xffffffff);
	ck_assert_uint_eq(ntohl(m->ip6src[1]), 0x80000000);
	ck_assert_uint_eq(m->ip6dst[0], 0);
	ck_assert_uint_eq(m->pdst, 0);
}
END_TEST

START_TEST(test_both_families)
{
	const char *const words[] = { "proto", "sctp", "lport", "9", NULL };
	const char *const any[] = { "dsfield", "0x2e", NULL };
	const uint8_t mac[MAC_LEN] = { 2, 0, 0, 0, 0, 9 };
	struct flow_match m;
	const char *why;
	struct ntuple n;

	ck_assert_int_eq(make(words, &n, &why), 0);
	ck_assert_uint_eq(n.count, 2);
	ck_assert_uint_eq(n.spec[0].flow_type, SCTP_V4_FLOW);
	ck_assert_uint_eq(n.spec[1].flow_type, SCTP_V6_FLOW);
	ck_assert_uint_eq(ntohs(n.spec[1].h_u.sctp_ip6_spec.pdst), 9);
	ck_assert_uint_ne(ntuple_hash(&n.spec[0]), ntuple_hash(&n.spec[1]));
	m = match(any);
	ck_assert_int_eq(ntuple_make(&m, mac, 1, &n, &why), 0);
	ck_assert_uint_eq(n.spec[0].flow_type, IPV4_USER_FLOW | FLOW_MAC_EXT);
	ck_assert_uint_eq(n.spec[0].h_u.usr_ip4_spec.ip_ver, ETH_RX_NFC_IP4);
	ck_assert_uint_eq(n.spec[0].m_u.usr_ip4_spec.tos, 0xff);
	ck_assert_uint_eq(n.spec[1].m_u.usr_ip6_spec.tclass, 0xff);
	ck_assert(mac_same(n.spec[1].h_ext.h_dest, mac));
}
END_TEST

static const struct {
	const char *words[5];
	const char *why;
} cannot[] = {
	{ { NULL }, "n-tuple filters are for frames of IP" },
	{ { "vlan", "7", NULL }, "n-tuple filters are for frames of IP" },
	{ { "proto", "gre", NULL },
	  "n-tuple filters are for tcp, udp and sctp alone, or for any protocol" },
	{ { "proto", "tcp", "lport", "80-443", NULL },
	  "its range of ports is more than one n-tuple filter can say" },
	{ { "proto", "tcp", "rport", "1-2", NULL },
	  "its range of ports is more than one n-tuple filter can say" },
};

START_TEST(test_cannot)
{
	const char *why;
	struct ntuple n;

	ck_assert_int_eq(make(cannot[_i].words, &n, &why), -EOPNOTSUPP);
	ck_assert_str_eq(why, cannot[_i].why);
}
END_TEST

/* --- whose they are --- */

static size_t count(const char *name)
{
	uint32_t ifindex = device(name)->ifindex;
	size_t n = 0;

	for (size_t i = 0; i < FAKE_NTUPLES; i++)
		n += w->k->ntuples[i].ifindex == ifindex;
	return n;
}

static size_t marks(void)
{
	size_t n = 0;

	for (size_t i = 0; i < FAKE_NTUPLES; i++)
		n += w->k->filter_marks[i].text[0] != 0;
	return n;
}

static void shows(const char *owner, const char *name, const char *key, const char *value)
{
	struct json_object *o = show_flow(manager_kernel(w->m), world_find_flow(w, owner, name));

	ck_assert_str_eq(json_object_get_string(json_object_object_get(o, key)), value);
	json_object_put(o);
}

static void uplink(void)
{
	world_device(w, "n0");
	w->k->ntuple_size[device("n0")->ifindex] = 8;
	world_uplink(w, "u0", "device", "n0");
	world_vnet_on(w, "u0", "a", "address", WORLD_MAC);
}

START_TEST(test_steered)
{
	uplink();
	world_forget_journal(w);
	world_flow(w, "u0", "x", "dir", "in", "proto", "tcp", "lport", "80", "to", "cpu 2");
	ck_assert_uint_eq(count("n0"), 2);
	ck_assert_uint_eq(marks(), 2);
	ck_assert_ptr_nonnull(strstr(w->k->journal, "filter_mark 1 7 1 flow 1"));
	ck_assert(strstr(w->k->journal, "filter_mark 1 7 ") <
		  strstr(w->k->journal, "ntuple n0 7 "));
	shows("u0", "x", "steered", "hardware");
	shows("u0", "x", "steered_why", "");
	shows("u0", "x", "xdp", "none");
	ck_assert(!w->k->attached[KERNEL_HOOK_XDP_CPU][device("n0")->ifindex]);
	world_flow_set(w, "u0", "x", "to", "cpu 1", "local", "10.1.0.9");
	ck_assert_uint_eq(count("n0"), 1);
	world_flow_set(w, "u0", "x", "lport", "80-90");
	ck_assert_uint_eq(count("n0") + marks(), 0);
	shows("u0", "x", "steered", "software");
	shows("u0", "x", "steered_why",
	      "device n0: its range of ports is more than one n-tuple filter can say");
	ck_assert(w->k->attached[KERNEL_HOOK_XDP_CPU][device("n0")->ifindex]);
	world_flow_set(w, "u0", "x", "lport", "80", "to", "cpu 6");
	shows("u0", "x", "steered_why", "device n0 has fewer receive queues than that");
	world_flow_set(w, "u0", "x", "to", "cpu 3");
	shows("u0", "x", "steered", "hardware");
	world_done(w, manager_flow_del(w->m, "u0", "x", &w->e));
	ck_assert_uint_eq(count("n0") + marks(), 0);
}
END_TEST

START_TEST(test_no_filters)
{
	world_usual(w);
	world_flow(w, "vnet0", "x", "dir", "in", "proto", "tcp", "to", "cpu 2");
	shows("vnet0", "x", "steered", "software");
	shows("vnet0", "x", "steered_why", "device h20 has no n-tuple filters");
}
END_TEST

/* A device that comes, and one that goes. */
START_TEST(test_devices)
{
	uplink();
	world_flow(w, "a", "x", "dir", "in", "proto", "tcp", "to", "cpu 2");
	ck_assert_uint_eq(count("n0"), 2);
	ck_assert(w->k->ntuples[0].spec.flow_type & FLOW_MAC_EXT);
	world_delete(w, "n0");
	ck_assert_uint_eq(marks(), 0);
	world_device(w, "n0");
	shows("a", "x", "steered", "software");
	world_delete(w, "n0");
	w->k->ntuple_size[w->k->next_ifindex + 1] = 4;
	world_device(w, "n0");
	shows("a", "x", "steered", "hardware");
	world_vnet_del(w, "a");
	ck_assert_uint_eq(count("n0") + marks(), 0);
}
END_TEST

/* What another has put there stays, and there is no room for all of ours. */
START_TEST(test_full)
{
	uplink();
	w->k->ntuple_size[device("n0")->ifindex] = 2;
	w->k->ntuples[15] = (struct fake_ntuple) { device("n0")->ifindex, { .location = 1 } };
	world_flow(w, "u0", "x", "dir", "in", "proto", "tcp", "to", "cpu 2");
	shows("u0", "x", "steered", "software");
	shows("u0", "x", "steered_why",
	      "device n0 has no free place in its table of n-tuple filters");
	ck_assert_uint_eq(count("n0"), 1);
	ck_assert_uint_eq(marks(), 0);
	w->k->ntuples[15].ifindex = 0;
}
END_TEST

START_TEST(test_restart)
{
	char *before, *after;

	uplink();
	world_flow(w, "u0", "x", "dir", "in", "proto", "tcp", "to", "cpu 2");
	before = world_text(w);
	world_forget_journal(w);
	world_stop(w);
	world_start(w);
	ck_assert_str_eq(w->k->journal, "");
	after = world_text(w);
	world_same("after a restart", before, after);
	free(before);
	free(after);
	shows("u0", "x", "steered", "hardware");
}
END_TEST

static const char *const fault_calls[] = { "filter_mark", "ntuple_add", "ntuple_room" };

START_TEST(test_refused)
{
	uplink();
	fake_kernel_fail_once(w->k, fault_calls[_i], EIO, 1);
	world_flow(w, "u0", "x", "dir", "in", "proto", "tcp", "to", "cpu 2");
	fake_kernel_heal(w->k);
	shows("u0", "x", "steered", "software");
	ck_assert_uint_eq(count("n0") + marks(), 0);
}
END_TEST

static unsigned int kill_in;
static struct fake_kernel *killed;
static char *killed_kept;

static void on_change(void *context)
{
	(void)context;
	if (!kill_in || --kill_in)
		return;
	killed = malloc(sizeof(*killed));
	ck_assert_ptr_nonnull(killed);
	*killed = *w->k;
	killed_kept = w->kept ? strdup(w->kept) : NULL;
}

static void add(void)
{
	world_flow(w, "u0", "x", "dir", "in", "proto", "tcp", "to", "cpu 2");
}

static void set(void)
{
	world_flow_set(w, "u0", "x", "proto", "udp", "to", "cpu 1");
}

static void del(void)
{
	world_done(w, manager_flow_del(w->m, "u0", "x", &w->e));
}

static void nothing(void)
{
}

static const struct {
	void (*before)(void), (*step)(void);
} scenarios[] = { { nothing, add }, { add, set }, { add, del } };

/* True: it came to that. */
static bool killed_after(unsigned int writes, void (*step)(void))
{
	kill_in = writes;
	step();
	kill_in = 0;
	if (!killed)
		return false;
	fake_kernel_back(w->k, killed);
	free(w->kept);
	w->kept = UTIL_TAKE_PTR(killed_kept);
	free(UTIL_TAKE_PTR(killed));
	manager_free(w->m);
	world_start(w);
	return true;
}

START_TEST(test_killed)
{
	bool came_to_that = true;

	for (unsigned int writes = 1; came_to_that; writes++) {
		struct flow *f;

		setup();
		w->k->on_change = on_change;
		uplink();
		scenarios[_i].before();
		manager_settle(w->m);
		came_to_that = killed_after(writes, scenarios[_i].step);
		ck_assert(came_to_that || writes > 4);
		manager_settle(w->m);
		world_check(w);
		f = world_find_flow(w, "u0", "x");
		ck_assert_uint_eq(count("n0"), f ? 2 : 0);
		ck_assert_uint_eq(marks(), f ? 2 : 0);
		if (f)
			del();
		ck_assert_uint_eq(count("n0") + marks(), 0);
		teardown();
	}
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("ntuple", &t);

	tcase_add_test(t, test_v4);
	tcase_add_test(t, test_v6);
	tcase_add_test(t, test_both_families);
	tcase_add_loop_test(t, test_cannot, 0, UTIL_ARRAY_SIZE(cannot));
	tcase_add_loop_test(t, test_killed, 0, UTIL_ARRAY_SIZE(scenarios));
	t = tcase_create("steered");
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_steered);
	tcase_add_test(t, test_no_filters);
	tcase_add_test(t, test_devices);
	tcase_add_test(t, test_full);
	tcase_add_test(t, test_restart);
	tcase_add_loop_test(t, test_refused, 0, UTIL_ARRAY_SIZE(fault_calls));
	return unit_run(s);
}
