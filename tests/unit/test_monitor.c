/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/monitor.c against the kernel, in namespaces of the test's own. */
#include <arpa/inet.h>
#include <dirent.h>
#include <libmnl/libmnl.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <time.h>

#include "../../daemon/monitor.h"
#include "../../daemon/rtnl.h"
#include "unit.h"
#include "unit_net.h"

#define DEADLINE_US    10000000
#define SMALL_BUFFER   4096 /* two or three events */
#define NO_SUCH_INDEX  999999
#define PAIRS_OF_DUMPS 60 /* make a dump of several pieces */
#define STORM_ROUNDS   200

/* The table of links as the manager keeps it, and what was called how often. */
static struct world {
	sd_event *loop;
	struct monitor *monitor;
	struct rtnl *rtnl;
	struct link_table *table;
	unsigned int links, gone, begins, ends, overruns, groups;
	uint32_t unhooked;		      /* the last device of which that was told */
	unsigned int batches, links_of_batch; /* whole ones, and the links in the last of them */
	bool in_batch;
	struct address_table *addresses;
	uint32_t last_gone;
	bool dumping;
	/* Something to do in the middle of things; once, unless it sets them again. */
	void (*at_begin)(void);
	void (*at_link)(const struct link *l);
} w;

static void on_link(void *context, const struct link *l)
{
	void (*at_link)(const struct link *l) = UTIL_TAKE_PTR(w.at_link);

	ck_assert_ptr_eq(context, &w);
	ck_assert_int_eq(link_put(w.table, l), 0);
	w.links++;
	if (at_link)
		at_link(l);
}

static void on_gone(void *context, uint32_t ifindex)
{
	link_remove(w.table, ifindex);
	w.gone++;
	w.last_gone = ifindex;
}

static void on_dump_begin(void *context)
{
	void (*at_begin)(void) = UTIL_TAKE_PTR(w.at_begin);

	link_mark(w.table);
	address_mark(w.addresses);
	w.dumping = true;
	w.begins++;
	if (at_begin)
		at_begin();
}

static void on_swept(void *context, const struct link *l)
{
}

static void on_dump_end(void *context)
{
	ck_assert_msg(w.dumping, "the end of a dump that has not begun");
	link_sweep(w.table, on_swept, NULL);
	address_sweep(w.addresses);
	w.dumping = false;
	w.ends++;
}

static void on_overrun(void *context)
{
	w.overruns++;
}

static void on_groups(void *context)
{
	w.groups++;
}

static void on_unhooked(void *context, uint32_t ifindex)
{
	ck_assert(w.in_batch);
	w.unhooked = ifindex;
}

static void on_address(void *context, const struct address *a, bool there)
{
	ck_assert(w.in_batch);
	if (there)
		ck_assert_int_eq(address_put(w.addresses, a), 0);
	else
		address_remove(w.addresses, a);
}

static void on_batch_begin(void *context)
{
	ck_assert(!w.in_batch);
	w.in_batch = true;
	w.links_of_batch = w.links;
}

static void on_batch_end(void *context)
{
	ck_assert(w.in_batch);
	w.in_batch = false;
	w.batches++;
	w.links_of_batch = w.links - w.links_of_batch;
}

static const struct monitor_callbacks callbacks = {
	.on_link = on_link,
	.on_gone = on_gone,
	.on_dump_begin = on_dump_begin,
	.on_dump_end = on_dump_end,
	.on_overrun = on_overrun,
	.on_groups = on_groups,
	.on_unhooked = on_unhooked,
	.on_address = on_address,
	.on_batch_begin = on_batch_begin,
	.on_batch_end = on_batch_end,
};

static void enter(void)
{
	ck_assert_int_eq(unit_net_enter(), 0);
	ck_assert_int_ge(sd_event_new(&w.loop), 0);
	ck_assert_int_eq(rtnl_new(&w.rtnl), 0);
	w.table = link_table_new();
	ck_assert_ptr_nonnull(w.table);
	w.addresses = address_table_new();
	ck_assert_ptr_nonnull(w.addresses);
}

static void leave(void)
{
	monitor_free(w.monitor);
	link_table_free(w.table);
	address_table_free(w.addresses);
	rtnl_free(w.rtnl);
	sd_event_unref(w.loop);
}

static void start(void)
{
	ck_assert_int_eq(monitor_new(w.loop, &callbacks, &w, &w.monitor), 0);
}

/* --- changes --- */

static void add(const char *name, const char *port)
{
	static const uint8_t address[MAC_LEN] = { 2, 0, 0, 0, 0, 1 };
	struct kernel_veth veth = { name, port, address, 1400, -1 };

	ck_assert_int_eq(rtnl_veth_add(w.rtnl, &veth), 0);
}

/*
 * Devices that are down have no carrier to come or go, so that the kernel has nothing to tell of
 * them at a time of its own choice.
 */
static void add_quiet(const char *name, const char *port)
{
	unit_net_run("ip link add dev %s type veth peer name %s", name, port);
}

static void add_many(void)
{
	FILE *f = popen("ip -batch -", "w");

	ck_assert_ptr_nonnull(f);
	for (unsigned int i = 0; i < PAIRS_OF_DUMPS; i++)
		fprintf(f, "link add dev many%u type veth peer name many%u-p\n", i, i);
	ck_assert_int_eq(pclose(f), 0);
}

static void del(const char *name)
{
	ck_assert_int_eq(rtnl_link_del(w.rtnl, if_nametoindex(name)), 0);
}

static void set_mtu(const char *name, uint32_t mtu)
{
	struct kernel_link_change change = { .set = KERNEL_LINK_MTU, .mtu = mtu };

	ck_assert_int_eq(rtnl_link_set(w.rtnl, if_nametoindex(name), &change), 0);
}

static void set_up(const char *name, bool up)
{
	struct kernel_link_change change = { .set = KERNEL_LINK_UP, .up = up };

	ck_assert_int_eq(rtnl_link_set(w.rtnl, if_nametoindex(name), &change), 0);
}

/* --- what has been seen --- */

static const struct link *seen(const char *name)
{
	const struct link *l = link_find_name(w.table, name);

	ck_assert_msg(l != NULL, "%s was not seen", name);
	return l;
}

/* Is every device of the kernel in the table, by number and name, and nothing else? */
static bool is_complete(void)
{
	struct if_nameindex *all = if_nameindex();
	bool same = true;
	size_t n = 0;

	ck_assert_ptr_nonnull(all);
	for (; all[n].if_index; n++) {
		const struct link *l = link_find(w.table, all[n].if_index);

		if (!l || !util_same(l->name, all[n].if_name))
			same = false;
	}
	if_freenameindex(all);
	return same && link_count(w.table) == n;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}

/* Runs the loop until @met. */
static void wait_until(bool (*met)(void), const char *what)
{
	uint64_t deadline = now_us() + DEADLINE_US;

	while (!met()) {
		ck_assert_msg(now_us() < deadline, "in vain: %s", what);
		ck_assert_int_ge(sd_event_run(w.loop, 100000), 0);
	}
}

/* What the kernel has told by now is in the socket by now. */
static void run_loop(void)
{
	while (sd_event_run(w.loop, 0) > 0)
		;
}

/* --- the first dump --- */

START_TEST(test_first_dump)
{
	add_many();
	start();
	ck_assert(is_complete());
	ck_assert_uint_eq(link_count(w.table), 1 + 2 * PAIRS_OF_DUMPS);
	ck_assert_uint_eq(w.begins, 1);
	ck_assert_uint_eq(w.ends, 1);
	ck_assert_uint_eq(w.overruns, 0);
	ck_assert_uint_eq(monitor_overruns(w.monitor), 0);
}
END_TEST

START_TEST(test_same_as_rtnl)
{
	struct link asked;

	add("vnet0", "port");
	unit_net_run("ip link add bridge0 type bridge");
	unit_net_run("ip link set dev port master bridge0");
	start();
	for (int i = 0; i < 4; i++) {
		const char *name = (const char *[]) { "lo", "vnet0", "port", "bridge0" }[i];

		ck_assert_int_eq(rtnl_link_get(w.rtnl, name, &asked), 0);
		ck_assert_uint_eq(seen(name)->ifindex, asked.ifindex);
		ck_assert_uint_eq(seen(name)->type, asked.type);
		ck_assert_mem_eq(seen(name)->address, asked.address, MAC_LEN);
		ck_assert_uint_eq(seen(name)->mtu, asked.mtu);
		ck_assert_uint_eq(seen(name)->min_mtu, asked.min_mtu);
		ck_assert_uint_eq(seen(name)->max_mtu, asked.max_mtu);
		ck_assert_uint_eq(seen(name)->flags & IFF_UP, asked.flags & IFF_UP);
		ck_assert_uint_eq(seen(name)->master, asked.master);
		ck_assert_uint_eq(seen(name)->peer, asked.peer);
		ck_assert_uint_eq(seen(name)->promiscuity, asked.promiscuity);
		ck_assert_str_eq(seen(name)->kind, asked.kind);
	}
}
END_TEST

/* A change in the middle of the kernel's walk makes the dump worthless: there is another one. */
static void add_one(const struct link *l)
{
	add_quiet("late", "late-p");
}

/* fault 24 */
START_TEST(test_first_dump_interrupted)
{
	add_many();
	w.at_link = add_one;
	start();
	ck_assert(is_complete());
	ck_assert_uint_ge(w.begins, 2);
	ck_assert_uint_eq(w.ends, 1);
	seen("late");
}
END_TEST

/* --- changes --- */

static bool both_are_up(void)
{
	const struct link *name = link_find_name(w.table, "vnet0");
	const struct link *port = link_find_name(w.table, "port");

	return name && port && link_is_up(name) && link_is_up(port);
}

START_TEST(test_add_and_delete)
{
	uint32_t ifindex;

	start();
	add("vnet0", "port");
	wait_until(both_are_up, "carrier");
	ck_assert_uint_eq(seen("vnet0")->peer, seen("port")->ifindex);
	ck_assert_str_eq(seen("vnet0")->kind, "veth");
	ck_assert(is_complete());

	ifindex = seen("vnet0")->ifindex;
	del("vnet0");
	run_loop();
	ck_assert_ptr_null(link_find(w.table, ifindex));
	ck_assert_uint_eq(w.gone, 2);
	ck_assert(is_complete());
	ck_assert_uint_eq(w.begins, 1);
}
END_TEST

START_TEST(test_rename)
{
	uint32_t ifindex;

	add("vnet0", "port");
	start();
	ifindex = seen("port")->ifindex;
	unit_net_run("ip link set dev port down");
	unit_net_run("ip link set dev port name other");
	run_loop();
	ck_assert_uint_eq(seen("other")->ifindex, ifindex);
	ck_assert_ptr_null(link_find_name(w.table, "port"));
	ck_assert(is_complete());
}
END_TEST

START_TEST(test_attributes)
{
	static const uint8_t second[MAC_LEN] = { 2, 0, 0, 0, 0, 2 };
	struct kernel_link_change change = {
		.set = KERNEL_LINK_MTU | KERNEL_LINK_ADDRESS | KERNEL_LINK_ALLMULTI,
		.mtu = 9000,
		.allmulti = true,
	};

	memcpy(change.address, second, MAC_LEN);
	add("vnet0", "port");
	start();
	ck_assert_int_eq(rtnl_link_set(w.rtnl, if_nametoindex("port"), &change), 0);
	run_loop();
	ck_assert_uint_eq(seen("port")->mtu, 9000);
	ck_assert_mem_eq(seen("port")->address, second, MAC_LEN);
	ck_assert(seen("port")->flags & IFF_ALLMULTI);
	ck_assert_uint_eq(seen("vnet0")->mtu, 1400);
}
END_TEST

static bool port_has_no_carrier(void)
{
	return !seen("port")->carrier;
}

static bool port_is_up(void)
{
	return link_is_up(seen("port"));
}

START_TEST(test_up_and_down)
{
	add("vnet0", "port");
	start();
	set_up("vnet0", false);
	run_loop();
	ck_assert(!(seen("vnet0")->flags & IFF_UP));
	ck_assert(!seen("vnet0")->carrier);
	/* The other end's carrier: the kernel may hold this back for up to a second. */
	wait_until(port_has_no_carrier, "loss of carrier");
	ck_assert(seen("port")->flags & IFF_UP);
	set_up("vnet0", true);
	wait_until(port_is_up, "carrier");
	ck_assert(link_is_up(seen("vnet0")));
}
END_TEST

START_TEST(test_other_namespace)
{
	int here = unit_net_fd(), other = unit_net_other();
	uint32_t ifindex, port;

	add("vnet0", "port");
	start();
	ifindex = seen("vnet0")->ifindex;
	port = seen("port")->ifindex;
	unit_net_run("ip link set dev vnet0 netns /proc/%d/fd/%d", getpid(), other);
	run_loop();
	ck_assert_ptr_null(link_find(w.table, ifindex));
	ck_assert(is_complete());
	/* The end that stays has no event of its own for this. */
	ck_assert_int_eq(monitor_poll(w.monitor, port), 0);
	run_loop();
	ck_assert(seen("port")->peer_elsewhere);

	unit_net_switch(other);
	unit_net_run("ip link set dev vnet0 netns /proc/%d/fd/%d", getpid(), here);
	unit_net_switch(here);
	ck_assert_int_eq(monitor_poll(w.monitor, port), 0);
	run_loop();
	ck_assert_uint_eq(seen("port")->peer, seen("vnet0")->ifindex);
	ck_assert(!seen("port")->peer_elsewhere);
	ck_assert(is_complete());
}
END_TEST

START_TEST(test_bridge_port)
{
	unit_net_run("ip link add bridge0 type bridge");
	add("vnet0", "port");
	start();
	unit_net_run("ip link set dev port master bridge0");
	run_loop();
	ck_assert_uint_eq(seen("port")->master, seen("bridge0")->ifindex);
	/* The bridge sends an RTM_DELLINK of its own now. */
	unit_net_run("ip link set dev port nomaster");
	run_loop();
	ck_assert_uint_eq(w.gone, 0);
	ck_assert_uint_eq(seen("port")->master, 0);
	unit_net_run("ip link set dev port master bridge0");
	del("bridge0");
	run_loop();
	ck_assert_uint_eq(w.gone, 1);
	ck_assert_uint_eq(seen("port")->master, 0);
	ck_assert(is_complete());
}
END_TEST

/* As tcpdump does it; IFF_PROMISC itself does not show it. */
START_TEST(test_promiscuity)
{
	struct packet_mreq request = { .mr_type = PACKET_MR_PROMISC };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	add("vnet0", "port");
	start();
	request.mr_ifindex = if_nametoindex("vnet0");
	ck_assert_int_eq(
		setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request)), 0);
	run_loop();
	ck_assert_uint_eq(seen("vnet0")->promiscuity, 1);
	close(fd);
	run_loop();
	ck_assert_uint_eq(seen("vnet0")->promiscuity, 0);
}
END_TEST

/* A queue of an administrator's, and the kernel's own one again. */
START_TEST(test_queue)
{
	add("vnet0", "port");
	start();
	ck_assert_str_eq(seen("vnet0")->qdisc, "noqueue");
	unit_net_run("tc qdisc add dev vnet0 root pfifo");
	run_loop();
	ck_assert_str_eq(seen("vnet0")->qdisc, "pfifo");
	ck_assert_str_eq(seen("port")->qdisc, "noqueue");
	unit_net_run("tc qdisc del dev vnet0 root");
	run_loop();
	ck_assert_str_eq(seen("vnet0")->qdisc, "noqueue");
	ck_assert(is_complete());
}
END_TEST

/* Whose it was the listener knows. */
START_TEST(test_unhooked)
{
	add("vnet0", "port");
	start();
	unit_net_run("tc qdisc add dev port clsact");
	unit_net_run("tc filter add dev port ingress pref 1 handle 1 bpf bytecode '1,6 0 0 1'");
	run_loop();
	ck_assert_uint_eq(w.unhooked, 0);
	unit_net_run("tc filter del dev port ingress pref 1");
	run_loop();
	ck_assert_uint_eq(w.unhooked, seen("port")->ifindex);
	w.unhooked = 0;
	unit_net_run("tc qdisc del dev port clsact");
	run_loop();
	ck_assert_uint_eq(w.unhooked, seen("port")->ifindex);
}
END_TEST

/* --- multicast groups --- */

#define GROUP_IPV4_MCADDR 37 /* of Linux 6.14 */

/* Whether this kernel tells of them at all. */
static bool tells_of_groups(void)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int group = GROUP_IPV4_MCADDR;
	bool tells;

	ck_assert_ptr_nonnull(s);
	tells = mnl_socket_setsockopt(s, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0;
	mnl_socket_close(s);
	return tells;
}

static bool group_was_told(void)
{
	return w.groups > 0;
}

static void expect_news_of_groups(const char *what)
{
	wait_until(group_was_told, what);
	w.groups = 0;
}

static void no_groups_yet(void)
{
	run_loop();
	w.groups = 0;
}

START_TEST(test_groups)
{
	struct ip_mreqn ip4 = { .imr_multiaddr.s_addr = inet_addr("239.1.2.3") };
	struct ipv6_mreq ip6 = { 0 };
	int s4, s6;

	if (!tells_of_groups()) {
		puts("this kernel does not tell of multicast groups: left out");
		return;
	}
	add("veth-a", "veth-b");
	set_up("veth-a", true);
	start();
	no_groups_yet();
	ip4.imr_ifindex = (int)if_nametoindex("veth-a");
	s4 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(setsockopt(s4, IPPROTO_IP, IP_ADD_MEMBERSHIP, &ip4, sizeof(ip4)), 0);
	expect_news_of_groups("a group of IPv4 that was joined");
	close(s4);
	expect_news_of_groups("a group of IPv4 that was left");
	ck_assert_int_eq(inet_pton(AF_INET6, "ff05::1234", &ip6.ipv6mr_multiaddr), 1);
	ip6.ipv6mr_interface = if_nametoindex("veth-a");
	s6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(setsockopt(s6, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &ip6, sizeof(ip6)), 0);
	expect_news_of_groups("a group of IPv6 that was joined");
	close(s6);
	expect_news_of_groups("a group of IPv6 that was left");
}
END_TEST

START_TEST(test_drain)
{
	start();
	set_mtu("lo", 1350);
	ck_assert_uint_ne(seen("lo")->mtu, 1350);
	ck_assert_int_eq(monitor_drain(w.monitor), 0);
	ck_assert_uint_eq(seen("lo")->mtu, 1350);
	/* Nothing is left for the loop, nor does it wake up by itself. */
	ck_assert_int_eq(sd_event_run(w.loop, 50000), 0);
}
END_TEST

/* --- polls --- */

/* With no device but lo, which has no events of its own accord. */
START_TEST(test_poll)
{
	start();
	w.links = 0;
	ck_assert_int_eq(monitor_poll(w.monitor, if_nametoindex("lo")), 0);
	run_loop();
	ck_assert_uint_eq(w.links, 1);

	ck_assert_int_eq(monitor_poll(w.monitor, NO_SUCH_INDEX), 0);
	run_loop();
	ck_assert_uint_eq(w.gone, 1);
	ck_assert_uint_eq(w.last_gone, NO_SUCH_INDEX);

	ck_assert_int_eq(monitor_poll(w.monitor, 0), -EINVAL);
	ck_assert_int_eq(monitor_poll(w.monitor, UINT32_MAX), -EINVAL);
	run_loop();
	ck_assert_uint_eq(w.links, 1);
	ck_assert_uint_eq(w.gone, 1);
	ck_assert_uint_eq(w.begins, 1);
}
END_TEST

/* The poll knows at once what link watch may hold back. */
START_TEST(test_poll_carrier)
{
	add("vnet0", "port");
	start();
	for (int i = 0; i < 3; i++) {
		set_up("vnet0", false);
		ck_assert_int_eq(monitor_poll(w.monitor, if_nametoindex("port")), 0);
		ck_assert_int_eq(monitor_drain(w.monitor), 0);
		ck_assert(!seen("port")->carrier);
		set_up("vnet0", true);
		ck_assert_int_eq(monitor_poll(w.monitor, if_nametoindex("port")), 0);
		ck_assert_int_eq(monitor_drain(w.monitor), 0);
		ck_assert(seen("port")->carrier);
	}
}
END_TEST

static bool other_source_ran;

static int on_other(sd_event_source *source, void *context)
{
	ck_assert_msg(w.links == 1, "another source ran before the answer was handled");
	other_source_ran = true;
	return 0;
}

START_TEST(test_first_in_the_loop)
{
	sd_event_source *other = NULL;

	start();
	run_loop();
	w.links = 0;
	ck_assert_int_ge(sd_event_add_defer(w.loop, &other, on_other, NULL), 0);
	ck_assert_int_eq(monitor_poll(w.monitor, 1), 0);
	run_loop();
	ck_assert(other_source_ran);
	sd_event_source_unref(other);
}
END_TEST

/* --- lost news --- */

static bool dump_has_ended(void)
{
	return w.ends == 2;
}

static void many_changes(void)
{
	for (uint32_t i = 0; i < 50; i++)
		set_mtu("vnet0", 1000 + i);
}

START_TEST(test_overrun)
{
	add_quiet("vnet0", "port");
	add_quiet("doomed", "doomed-p");
	start();
	ck_assert_int_eq(monitor_set_buffer_bytes(w.monitor, SMALL_BUFFER), 0);
	ck_assert_int_eq(monitor_buffer_bytes(w.monitor), 2 * SMALL_BUFFER);
	many_changes();
	/* None of these can be in the socket. */
	del("doomed");
	add_quiet("born", "born-p");
	unit_net_run("ip link set dev port down name renamed");
	ck_assert_uint_eq(w.overruns, 0);

	wait_until(dump_has_ended, "the end of the dump after an overrun");
	ck_assert(is_complete());
	ck_assert_uint_eq(w.overruns, 1);
	ck_assert_uint_eq(monitor_overruns(w.monitor), 1);
	ck_assert_uint_eq(w.begins, 2);
	ck_assert_uint_eq(w.ends, 2);
	ck_assert_uint_eq(seen("vnet0")->mtu, 1049);
	seen("renamed");
	seen("born");
	ck_assert_ptr_null(link_find_name(w.table, "doomed"));
	ck_assert_int_eq(monitor_buffer_bytes(w.monitor), 2 * SMALL_BUFFER);

	/* And life goes on. */
	set_mtu("vnet0", 1300);
	run_loop();
	ck_assert_uint_eq(seen("vnet0")->mtu, 1300);
	ck_assert_uint_eq(w.begins, 2);
}
END_TEST

START_TEST(test_overrun_in_drain)
{
	add_quiet("vnet0", "port");
	start();
	ck_assert_int_eq(monitor_set_buffer_bytes(w.monitor, SMALL_BUFFER), 0);
	many_changes();
	add_many();
	ck_assert_int_eq(monitor_drain(w.monitor), 0);
	ck_assert_uint_eq(w.overruns, 1);
	ck_assert(is_complete());
	ck_assert_uint_eq(w.ends, 2);
}
END_TEST

/* The new socket overruns before its dump has been asked for. */
START_TEST(test_overrun_at_dump_begin)
{
	add_quiet("vnet0", "port");
	start();
	ck_assert_int_eq(monitor_set_buffer_bytes(w.monitor, SMALL_BUFFER), 0);
	many_changes();
	w.at_begin = many_changes;
	wait_until(dump_has_ended, "the end of the dump after two overruns");
	ck_assert(is_complete());
	ck_assert_uint_eq(w.overruns, 2);
	ck_assert_uint_eq(w.begins, 3);
	ck_assert_uint_eq(w.ends, 2);
	ck_assert_uint_eq(seen("vnet0")->mtu, 1049);
}
END_TEST

/* And once more between two pieces of the dump. */
static void overrun_again(const struct link *l)
{
	many_changes();
	del("many7");
}

static void overrun_at_first_link(void)
{
	w.at_link = overrun_again;
}

START_TEST(test_overrun_within_dump)
{
	add_quiet("vnet0", "port");
	add_many();
	start();
	ck_assert_int_eq(monitor_set_buffer_bytes(w.monitor, SMALL_BUFFER), 0);
	many_changes();
	w.at_begin = overrun_at_first_link;
	wait_until(dump_has_ended, "the end of the dump after two overruns");
	ck_assert(is_complete());
	ck_assert_uint_eq(w.overruns, 2);
	ck_assert_uint_eq(w.ends, 2);
	ck_assert_ptr_null(link_find_name(w.table, "many7"));
	ck_assert_uint_eq(seen("vnet0")->mtu, 1049);
}
END_TEST

/* In the loop the next dump comes by the timer, after others have had their turn. */
static void add_at_first_link(void)
{
	w.at_link = add_one;
}

START_TEST(test_later_dump_interrupted)
{
	add_quiet("vnet0", "port");
	add_many();
	start();
	ck_assert_int_eq(monitor_set_buffer_bytes(w.monitor, 16 * SMALL_BUFFER), 0);
	for (int i = 0; i < 10; i++)
		many_changes();
	w.at_begin = add_at_first_link;
	wait_until(dump_has_ended, "the end of the dump");
	ck_assert(is_complete());
	ck_assert_uint_eq(w.overruns, 1);
	ck_assert_uint_ge(w.begins, 3);
	seen("late");
	/* The timer is off again. */
	run_loop();
	ck_assert_int_eq(sd_event_run(w.loop, 50000), 0);
}
END_TEST

/* Of a device with an event during a dump, the dump itself says nothing: it may be older. */
static unsigned int links_of_lo;

static void count_lo(const struct link *l)
{
	if (util_same(l->name, "lo"))
		links_of_lo++;
	w.at_link = count_lo;
}

static void change_lo(void)
{
	set_mtu("lo", 1350);
	w.at_link = count_lo;
}

START_TEST(test_event_before_dump)
{
	unsigned int events;

	start();
	/* How many events does such a change have? */
	change_lo();
	run_loop();
	events = links_of_lo;
	ck_assert_uint_ge(events, 1);
	set_mtu("lo", 1400);
	run_loop();
	w.at_link = NULL;

	links_of_lo = 0;
	monitor_free(w.monitor);
	w.at_begin = change_lo;
	start();
	ck_assert_uint_eq(links_of_lo, events);
	ck_assert_uint_eq(seen("lo")->mtu, 1350);
	ck_assert(is_complete());
}
END_TEST

/* Another process changes devices all the time, and each of our dumps runs into it. */
static void make_storm(void)
{
	struct rtnl *rtnl = NULL; /* the parent goes on using the other one */
	int r = rtnl_new(&rtnl);

	for (int i = 0; r == 0 && i < STORM_ROUNDS; i++) {
		static const uint8_t address[MAC_LEN] = { 2, 0, 0, 0, 0, 3 };
		char name[IFNAMSIZ], port[IFNAMSIZ];
		struct kernel_veth veth = { name, port, address, 1400, -1 };

		snprintf(name, sizeof(name), "storm%d", i);
		snprintf(port, sizeof(port), "storm%d-p", i);
		r = rtnl_veth_add(rtnl, &veth);
		if (r == 0 && i % 4)
			r = rtnl_link_del(rtnl, if_nametoindex(port));
	}
	rtnl_free(rtnl);
	_exit(r == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static bool is_settled(void)
{
	return w.begins > 1 && !w.dumping && is_complete();
}

START_TEST(test_storm)
{
	int status = 0;
	pid_t pid;

	add_many();
	start();
	ck_assert_int_eq(monitor_set_buffer_bytes(w.monitor, SMALL_BUFFER), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		make_storm();
	while (waitpid(pid, &status, WNOHANG) == 0)
		ck_assert_int_ge(sd_event_run(w.loop, 1000), 0);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
	wait_until(is_settled, "the full state after a storm");
	ck_assert_uint_gt(w.overruns, 0);
}
END_TEST

/* --- addresses --- */

static bool has(const char *name, int family, const char *text)
{
	size_t count;
	const struct address *list = address_of(w.addresses, seen(name)->ifindex, &count);
	uint8_t bytes[ADDRESS_SIZE] = { 0 };

	ck_assert_int_eq(inet_pton(family, text, bytes), 1);
	for (size_t i = 0; i < count; i++)
		if (list[i].family == (uint32_t)family &&
		    memcmp(list[i].bytes, bytes, ADDRESS_SIZE) == 0)
			return true;
	return false;
}

static bool has_both(void)
{
	return has("vnet0", AF_INET, "192.0.2.1") && has("vnet0", AF_INET6, "2001:db8::1");
}

static bool has_none(void)
{
	size_t count;

	address_of(w.addresses, seen("vnet0")->ifindex, &count);
	return count == 0;
}

/* Of a link between two the own one counts; in the first dump, as news, and after lost news. */
START_TEST(test_addresses)
{
	add("vnet0", "port");
	if (_i == 1)
		start();
	unit_net_run("ip address flush dev vnet0");
	unit_net_run("ip address add 192.0.2.1 peer 192.0.2.2/32 dev vnet0");
	unit_net_run("ip address add 2001:db8::1/64 dev vnet0 nodad");
	if (_i == 0)
		start();
	wait_until(has_both, "the addresses");
	ck_assert(!has("vnet0", AF_INET, "192.0.2.2"));
	ck_assert(has("vnet0", AF_INET, "192.0.2.1"));
	unit_net_run("ip address flush dev vnet0");
	wait_until(has_none, "their end");
}
END_TEST

/* One that is not used yet is not the device's yet: another host may have it. */
START_TEST(test_tentative)
{
	add("vnet0", "port");
	unit_net_run("ip address flush dev vnet0");
	set_up("port", false);
	start();
	unit_net_run("ip address add 2001:db8::1/64 dev vnet0");
	unit_net_run("ip address add 192.0.2.1/24 dev vnet0");
	run_loop();
	ck_assert(has("vnet0", AF_INET, "192.0.2.1"));
	ck_assert(!has("vnet0", AF_INET6, "2001:db8::1"));
}
END_TEST

static bool is_router(void)
{
	return seen("vnet0")->ipv6_router;
}

static void set_forwarding(const char *value)
{
	FILE *f = fopen("/proc/sys/net/ipv6/conf/vnet0/forwarding", "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(value, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

START_TEST(test_router)
{
	add("vnet0", "port");
	start();
	ck_assert(!is_router());
	set_forwarding("1");
	wait_until(is_router, "that it forwards");
}
END_TEST

/* What has come by the time that it is read is one batch. */
START_TEST(test_batch)
{
	add("vnet0", "port");
	start();
	run_loop();
	w.batches = 0;
	for (uint32_t mtu = 1000; mtu < 1100; mtu++)
		set_mtu("port", mtu);
	ck_assert_int_eq(monitor_drain(w.monitor), 0);
	ck_assert_uint_eq(w.batches, 1);
	ck_assert_uint_ge(w.links_of_batch, 100);
	ck_assert_uint_eq(seen("port")->mtu, 1099);
}
END_TEST

/* --- others who talk to us --- */

/* The address of the monitor's netlink socket. */
static struct sockaddr_nl monitor_address(void)
{
	struct sockaddr_nl found = { 0 };
	DIR *d = opendir("/proc/self/fd");
	struct dirent *entry;

	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d))) {
		struct sockaddr_nl a = { 0 };
		socklen_t size = sizeof(a);

		if (getsockname(atoi(entry->d_name), (struct sockaddr *)&a, &size) == 0 &&
		    a.nl_family == AF_NETLINK && (a.nl_groups & RTMGRP_LINK))
			found = a;
	}
	closedir(d);
	ck_assert_uint_ne(found.nl_pid, 0);
	return found;
}

/* @refused: the kernel lets nobody else send to that address. */
static void send_forged(struct sockaddr_nl to, uint16_t type, uint32_t ifindex, bool refused)
{
	struct mnl_socket *s = mnl_socket_open(NETLINK_ROUTE);
	char buffer[256] __attribute__((aligned(8))) = { 0 }; /* what is between attributes, too */
	struct nlmsghdr *m = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(m, sizeof(*info));

	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID), 0);
	m->nlmsg_type = type;
	info->ifi_index = ifindex;
	mnl_attr_put_strz(m, IFLA_IFNAME, "forged");
	ck_assert_int_eq(sendto(mnl_socket_get_fd(s), m, m->nlmsg_len, 0, (struct sockaddr *)&to,
				sizeof(to)),
			 refused ? -1 : (ssize_t)m->nlmsg_len);
	ck_assert(!refused || errno == ECONNREFUSED);
	mnl_socket_close(s);
}

/* fault 25 */
START_TEST(test_forged)
{
	struct sockaddr_nl one, all = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };

	start();
	one = monitor_address();
	one.nl_groups = 0;
	w.links = 0;
	send_forged(one, RTM_DELLINK, if_nametoindex("lo"), true);
	send_forged(one, RTM_NEWLINK, NO_SUCH_INDEX, true);
	send_forged(all, RTM_DELLINK, if_nametoindex("lo"), false);
	send_forged(all, RTM_NEWLINK, NO_SUCH_INDEX, false);
	/* They woke us up, and that is all. */
	ck_assert_int_gt(sd_event_run(w.loop, 0), 0);
	run_loop();
	ck_assert_uint_eq(w.gone, 0);
	ck_assert_uint_eq(w.links, 0);
	ck_assert(is_complete());
}
END_TEST

/* --- resources --- */

static unsigned int open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

START_TEST(test_free)
{
	unsigned int before, after;

	start(); /* the loop's own descriptors are there from now on */
	monitor_free(UTIL_TAKE_PTR(w.monitor));
	w.ends = 0;
	before = open_files();
	start();
	add_quiet("vnet0", "port");
	ck_assert_int_eq(monitor_set_buffer_bytes(w.monitor, SMALL_BUFFER), 0);
	many_changes();
	wait_until(dump_has_ended, "the end of the dump after an overrun");
	ck_assert(is_complete());
	ck_assert_uint_eq(w.overruns, 1);
	monitor_free(UTIL_TAKE_PTR(w.monitor));
	after = open_files();
	ck_assert_uint_eq(after, before);
	w.links = 0;
	add_quiet("vnet1", "port1");
	ck_assert_int_eq(sd_event_run(w.loop, 0), 0);
	ck_assert_uint_eq(w.links, 0);
	monitor_free(NULL);
}
END_TEST

START_TEST(test_buffer)
{
	start();
	/* Twice what was asked for, or what net.core.rmem_max lets through. */
	ck_assert_int_ge(monitor_buffer_bytes(w.monitor), 65536);
	ck_assert_int_eq(monitor_set_buffer_bytes(w.monitor, 20000), 0);
	ck_assert_int_eq(monitor_buffer_bytes(w.monitor), 40000);
}
END_TEST

int main(void)
{
	int r = unit_net_refused();
	TCase *t;
	Suite *s;

	if (r < 0)
		return unit_skip("no user namespaces here: %s", strerror(-r));
	s = unit_suite("monitor", &t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, enter, leave);
	tcase_add_test(t, test_first_dump);
	tcase_add_test(t, test_same_as_rtnl);
	tcase_add_test(t, test_first_dump_interrupted);
	tcase_add_test(t, test_add_and_delete);
	tcase_add_test(t, test_rename);
	tcase_add_test(t, test_attributes);
	tcase_add_test(t, test_up_and_down);
	tcase_add_test(t, test_other_namespace);
	tcase_add_test(t, test_bridge_port);
	tcase_add_test(t, test_promiscuity);
	tcase_add_test(t, test_queue);
	tcase_add_test(t, test_groups);
	tcase_add_test(t, test_drain);
	tcase_add_test(t, test_poll);
	tcase_add_test(t, test_poll_carrier);
	tcase_add_test(t, test_first_in_the_loop);
	tcase_add_test(t, test_overrun);
	tcase_add_test(t, test_overrun_in_drain);
	tcase_add_test(t, test_overrun_at_dump_begin);
	tcase_add_test(t, test_overrun_within_dump);
	tcase_add_test(t, test_later_dump_interrupted);
	tcase_add_test(t, test_event_before_dump);
	tcase_add_test(t, test_storm);
	tcase_add_test(t, test_unhooked);
	tcase_add_loop_test(t, test_addresses, 0, 2);
	tcase_add_test(t, test_tentative);
	tcase_add_test(t, test_router);
	tcase_add_test(t, test_batch);
	tcase_add_test(t, test_forged);
	tcase_add_test(t, test_free);
	tcase_add_test(t, test_buffer);
	return unit_run(s);
}
