/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/rtnl.c against the kernel, in namespaces of the test's own. */
#include <arpa/inet.h>
#include <linux/capability.h>
#include <net/if_arp.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "../../daemon/rtnl.h"
#include "unit.h"
#include "unit_net.h"

#define ANSWER_MS     5000
#define TYPE_OF_TEST  0x88b5 /* local experimental EtherType */
#define NO_SUCH_INDEX 999999

static const uint8_t address[MAC_LEN] = { 2, 0, 0, 0, 0, 1 };
static struct rtnl *rtnl;

static void enter(void)
{
	ck_assert_int_eq(unit_net_enter(), 0);
	ck_assert_int_eq(rtnl_new(&rtnl), 0);
}

static void leave(void)
{
	rtnl_free(rtnl);
}

static int add(const char *name, const char *port, int netns_fd)
{
	struct kernel_veth veth = { name, port, address, 1400, netns_fd };

	return rtnl_veth_add(rtnl, &veth);
}

static struct link get(const char *name)
{
	struct link l;

	ck_assert_int_eq(rtnl_link_get(rtnl, name, &l), 0);
	return l;
}

static bool exists(const char *name)
{
	struct link l;
	int r = rtnl_link_get(rtnl, name, &l);

	ck_assert(r == 0 || r == -ENODEV);
	return r == 0;
}

static unsigned int count(void)
{
	struct if_nameindex *all = if_nameindex();
	unsigned int n = 0;

	ck_assert_ptr_nonnull(all);
	while (all[n].if_index)
		n++;
	if_freenameindex(all);
	return n;
}

static int set(uint32_t ifindex, struct kernel_link_change change)
{
	return rtnl_link_set(rtnl, ifindex, &change);
}

START_TEST(test_veth)
{
	struct link name, port;

	ck_assert_int_eq(add("vnet0", "vnet0-p", -1), 0);
	name = get("vnet0");
	port = get("vnet0-p");
	ck_assert_uint_eq(name.ifindex, if_nametoindex("vnet0"));
	ck_assert_str_eq(name.name, "vnet0");
	ck_assert_str_eq(name.kind, "veth");
	ck_assert_uint_eq(name.type, ARPHRD_ETHER);
	ck_assert_mem_eq(name.address, address, MAC_LEN);
	ck_assert(!mac_same(port.address, address) && mac_is_unicast(port.address));
	ck_assert_uint_eq(name.mtu, 1400);
	ck_assert_uint_eq(port.mtu, 1400);
	ck_assert_uint_eq(name.min_mtu, 68);
	ck_assert_uint_eq(name.max_mtu, 65535);
	ck_assert(link_is_up(&name) && link_is_up(&port));
	ck_assert_uint_eq(name.peer, port.ifindex);
	ck_assert_uint_eq(port.peer, name.ifindex);
	ck_assert(!name.peer_elsewhere && !port.peer_elsewhere);
	ck_assert_uint_eq(name.master, 0);
}
END_TEST

START_TEST(test_veth_queues)
{
	char text[32];

	ck_assert_int_eq(add("vnet0", "vnet0-p", -1), 0);
	snprintf(text, sizeof(text), "numtxqueues %ld ", sysconf(_SC_NPROCESSORS_ONLN));
	ck_assert(unit_net_says("ip -d link show dev vnet0", text));
	ck_assert(unit_net_says("ip -d link show dev vnet0-p", text));
	ck_assert(unit_net_says("ip -d link show dev vnet0-p", "alias vnetd"));
}
END_TEST

START_TEST(test_veth_netns)
{
	int here = unit_net_fd(), other = unit_net_other();
	struct link name, port;
	struct rtnl *there;

	ck_assert_int_eq(add("vnet0", "vnet0-p", other), 0);
	ck_assert(!exists("vnet0"));
	port = get("vnet0-p");
	ck_assert(link_is_up(&port));
	ck_assert(port.peer_elsewhere);
	ck_assert_uint_eq(port.mtu, 1400);

	unit_net_switch(other);
	ck_assert_int_eq(rtnl_new(&there), 0);
	ck_assert_int_eq(rtnl_link_get(there, "vnet0", &name), 0);
	ck_assert_int_eq(rtnl_link_get(there, "vnet0-p", &port), -ENODEV);
	rtnl_free(there);
	unit_net_switch(here);
	ck_assert(link_is_up(&name));
	ck_assert(name.peer_elsewhere);
	ck_assert_uint_eq(name.peer, if_nametoindex("vnet0-p"));
	ck_assert_uint_eq(name.mtu, 1400);
	ck_assert_mem_eq(name.address, address, MAC_LEN);

	/* The pair goes as one. */
	ck_assert_int_eq(rtnl_link_del(rtnl, if_nametoindex("vnet0-p")), 0);
	ck_assert_int_eq(add("vnet0", "vnet0-p", other), 0);
}
END_TEST

START_TEST(test_veth_taken)
{
	int other = unit_net_other();
	unsigned int before;

	ck_assert_int_eq(add("name", "port", -1), 0);
	ck_assert_int_eq(add("there", "port2", other), 0);
	before = count();
	ck_assert_int_eq(add("name", "fresh", -1), -EEXIST);
	ck_assert_int_eq(add("fresh", "port", -1), -EEXIST);
	ck_assert_int_eq(add("fresh", "fresh", -1), -EEXIST);
	ck_assert_int_eq(add("there", "fresh", other), -EEXIST);
	ck_assert_int_eq(add("fresh", "port", other), -EEXIST);
	ck_assert(!exists("fresh"));
	ck_assert_uint_eq(count(), before);
	/* Nor was anything left in the other namespace. */
	ck_assert_int_eq(add("fresh", "port3", other), 0);
}
END_TEST

START_TEST(test_veth_refused)
{
	static const uint8_t multicast[MAC_LEN] = { 1, 0, 0x5e, 0, 0, 1 };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct kernel_veth small = { "vnet0", "port", address, 20, -1 };
	struct kernel_veth odd = { "vnet0", "port", multicast, 1500, -1 };
	struct kernel_veth not_netns = { "vnet0", "port", address, 1500, null };
	struct kernel_veth slash = { "vnet/0", "port", address, 1500, -1 };
	unsigned int before = count();

	ck_assert_int_eq(rtnl_veth_add(rtnl, &small), -EINVAL);
	ck_assert_int_eq(rtnl_veth_add(rtnl, &odd), -EADDRNOTAVAIL);
	ck_assert_int_eq(rtnl_veth_add(rtnl, &not_netns), -EINVAL);
	ck_assert_int_eq(rtnl_veth_add(rtnl, &slash), -EINVAL);
	ck_assert_uint_eq(count(), before);
	/* The socket has survived the refusals. */
	ck_assert_int_eq(add("vnet0", "port", -1), 0);
	close(null);
}
END_TEST

START_TEST(test_not_permitted)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { 0 };
	struct kernel_link_change down = { .set = KERNEL_LINK_UP };
	uint32_t ifindex;

	ck_assert_int_eq(add("vnet0", "port", -1), 0);
	ifindex = if_nametoindex("vnet0");
	ck_assert_int_eq(syscall(SYS_capset, &header, none), 0);
	ck_assert_int_eq(add("vnet1", "port1", -1), -EPERM);
	ck_assert_int_eq(set(ifindex, down), -EPERM);
	ck_assert_int_eq(rtnl_link_del(rtnl, ifindex), -EPERM);
	ck_assert_int_eq(rtnl_link_filter(rtnl, ifindex, address, true), -EPERM);
	ck_assert(link_is_up(&(struct link[]) { get("vnet0") }[0]));
	ck_assert_uint_eq(count(), 3);
}
END_TEST

/* What sysfs shows is the namespace that it was mounted in; "lo" has the same number in each. */
START_TEST(test_carries)
{
	struct link l = { .ifindex = 1, .name = "lo" }, other = { .ifindex = 2, .name = "lo" };
	struct link none = { .ifindex = 1, .name = "a-name-of-15-ch" };
	bool carries = false;

	ck_assert_int_eq(rtnl_carries(rtnl, &l, &carries), 0);
	ck_assert_int_eq(rtnl_carries(rtnl, &other, &carries), -ENODEV);
	ck_assert_int_eq(rtnl_carries(rtnl, &none, &carries), -ENOENT);
}
END_TEST

/* Down, without carrier, and with it. */
START_TEST(test_carries_own)
{
	struct link l;
	bool carries = true;

	if (unshare(CLONE_NEWNS) || mount("sysfs", "/sys", "sysfs", 0, NULL))
		return; /* not everybody may */
	ck_assert_int_eq(add("vnet0", "port", -1), 0);
	l = get("vnet0");
	unit_net_run("ip link set vnet0 down");
	ck_assert_int_eq(rtnl_carries(rtnl, &l, &carries), 0);
	ck_assert(!carries);
	unit_net_run("ip link set vnet0 up");
	ck_assert_int_eq(rtnl_carries(rtnl, &l, &carries), 0);
	ck_assert(carries);
	unit_net_run("ip link set port down");
	ck_assert_int_eq(rtnl_carries(rtnl, &l, &carries), 0);
	ck_assert(!carries);
}
END_TEST

START_TEST(test_get_none)
{
	struct link l = { .ifindex = 77 };

	ck_assert_int_eq(rtnl_link_get(rtnl, "vnet0", &l), -ENODEV);
	ck_assert_int_eq(rtnl_link_get(rtnl, "", &l), -ENODEV);
	ck_assert_int_eq(rtnl_link_get(rtnl, "a-name-of-16-char", &l), -ENODEV);
	ck_assert_int_eq(add("vnet0", "port", -1), 0);
	unit_net_run("ip link property add dev vnet0 altname other");
	ck_assert_int_eq(rtnl_link_get(rtnl, "other", &l), -ENODEV);
	ck_assert_uint_eq(l.ifindex, 77);
}
END_TEST

START_TEST(test_get_master)
{
	ck_assert_int_eq(add("vnet0", "port", -1), 0);
	unit_net_run("ip link add bridge0 type bridge");
	unit_net_run("ip link set dev port master bridge0");
	ck_assert_uint_eq(get("port").master, if_nametoindex("bridge0"));
	ck_assert_str_eq(get("bridge0").kind, "bridge");
	ck_assert_uint_eq(get("port").promiscuity, 1);
}
END_TEST

START_TEST(test_set)
{
	static const uint8_t second[MAC_LEN] = { 2, 0, 0, 0, 0, 2 };
	struct kernel_link_change change = {
		.set = KERNEL_LINK_MTU | KERNEL_LINK_ADDRESS | KERNEL_LINK_UP |
		       KERNEL_LINK_ALLMULTI,
		.mtu = 9000,
		.up = false,
		.allmulti = true,
	};
	struct link l;

	memcpy(change.address, second, MAC_LEN);
	ck_assert_int_eq(add("vnet0", "port", -1), 0);
	unit_net_run("ip link set dev vnet0 promisc on");
	ck_assert_int_eq(set(if_nametoindex("vnet0"), change), 0);
	l = get("vnet0");
	ck_assert_uint_eq(l.mtu, 9000);
	ck_assert_mem_eq(l.address, second, MAC_LEN);
	ck_assert(!(l.flags & IFF_UP));
	ck_assert(l.flags & IFF_ALLMULTI);
	ck_assert_msg(l.flags & IFF_PROMISC, "a flag that was not named has changed");

	/* Only what is named changes. */
	change = (struct kernel_link_change) { .set = KERNEL_LINK_UP, .up = true };
	ck_assert_int_eq(set(l.ifindex, change), 0);
	l = get("vnet0");
	ck_assert(link_is_up(&l));
	ck_assert(l.flags & IFF_ALLMULTI);
	ck_assert_uint_eq(l.mtu, 9000);
	ck_assert_mem_eq(l.address, second, MAC_LEN);

	change = (struct kernel_link_change) { .set = KERNEL_LINK_ALLMULTI, .up = false };
	ck_assert_int_eq(set(l.ifindex, change), 0);
	l = get("vnet0");
	ck_assert(!(l.flags & IFF_ALLMULTI) && link_is_up(&l));

	ck_assert_int_eq(set(l.ifindex, (struct kernel_link_change) { 0 }), 0);
	ck_assert_mem_eq(&l, &(struct link[]) { get("vnet0") }[0], offsetof(struct link, kind));
}
END_TEST

START_TEST(test_set_refused)
{
	struct kernel_link_change mtu = { .set = KERNEL_LINK_MTU, .mtu = 20 };
	struct kernel_link_change zero = { .set = KERNEL_LINK_ADDRESS };

	ck_assert_int_eq(add("vnet0", "port", -1), 0);
	ck_assert_int_eq(set(if_nametoindex("vnet0"), mtu), -EINVAL);
	ck_assert_int_eq(set(if_nametoindex("vnet0"), zero), -EADDRNOTAVAIL);
	ck_assert_int_eq(set(NO_SUCH_INDEX, mtu), -ENODEV);
	ck_assert_int_eq(set(0, mtu), -ENODEV);
	ck_assert_uint_eq(get("vnet0").mtu, 1400);
	ck_assert_mem_eq(get("vnet0").address, address, MAC_LEN);
}
END_TEST

static int packet_socket(const char *device)
{
	struct sockaddr_ll where = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(TYPE_OF_TEST),
		.sll_ifindex = if_nametoindex(device),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(TYPE_OF_TEST));

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&where, sizeof(where)), 0);
	return fd;
}

static void send_frame(int fd)
{
	uint8_t frame[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };

	ck_assert_int_eq(send(fd, frame, sizeof(frame), 0), sizeof(frame));
}

static void check_frame_passes(const char *from, const char *to)
{
	int out = packet_socket(from), in = packet_socket(to);
	struct pollfd p = { in, POLLIN };
	uint8_t frame[60];

	send_frame(out);
	ck_assert_int_eq(poll(&p, 1, ANSWER_MS), 1);
	ck_assert_int_eq(recv(in, frame, sizeof(frame), 0), sizeof(frame));
	close(out);
	close(in);
}

/* IFF_RUNNING is the operational state, IFF_LOWER_UP the carrier itself. */
START_TEST(test_dormant)
{
	struct kernel_link_change change = { .set = KERNEL_LINK_DORMANT, .dormant = true };
	uint32_t ifindex;

	ck_assert_int_eq(add("vnet0", "port", -1), 0);
	ifindex = if_nametoindex("vnet0");
	ck_assert(get("vnet0").flags & IFF_RUNNING);
	for (int i = 0; i < 2; i++) { /* doing it twice changes nothing */
		ck_assert_int_eq(set(ifindex, change), 0);
		ck_assert(!(get("vnet0").flags & IFF_RUNNING));
		ck_assert(link_is_up(&(struct link[]) { get("vnet0") }[0]));
	}
	check_frame_passes("vnet0", "port");
	check_frame_passes("port", "vnet0");
	change.dormant = false;
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(set(ifindex, change), 0);
		ck_assert(get("vnet0").flags & IFF_RUNNING);
	}
}
END_TEST

START_TEST(test_del)
{
	uint32_t ifindex;

	ck_assert_int_eq(add("vnet0", "port", -1), 0);
	ifindex = if_nametoindex("vnet0");
	ck_assert_int_eq(rtnl_link_del(rtnl, ifindex), 0);
	ck_assert(!exists("vnet0") && !exists("port"));
	ck_assert_int_eq(rtnl_link_del(rtnl, ifindex), -ENODEV);
	ck_assert_int_eq(rtnl_link_del(rtnl, 0), -EINVAL);
}
END_TEST

START_TEST(test_stats)
{
	struct kernel_link_change small = { .set = KERNEL_LINK_MTU, .mtu = 68 };
	uint8_t large[600] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };
	struct kernel_link_stats before, after, none = { .rx_errors = 77 };
	uint32_t ifindex;
	int fd;

	ck_assert_int_eq(add("vnet0", "port", -1), 0);
	ifindex = if_nametoindex("vnet0");
	ck_assert_int_eq(rtnl_link_stats(rtnl, ifindex, &before), 0);
	/* A veth drops what is too large for its other end. */
	ck_assert_int_eq(set(if_nametoindex("port"), small), 0);
	fd = packet_socket("vnet0");
	for (int i = 0; i < 3; i++) /* newer kernels tell the sender */
		ck_assert(send(fd, large, sizeof(large), 0) == sizeof(large) || errno == ENOBUFS);
	close(fd);
	ck_assert_int_eq(rtnl_link_stats(rtnl, ifindex, &after), 0);
	/* At least: the stack may have sent something of its own. */
	ck_assert_uint_ge(after.tx_dropped, before.tx_dropped + 3);
	ck_assert_uint_eq(after.rx_errors, 0);
	ck_assert_int_eq(rtnl_link_stats(rtnl, NO_SUCH_INDEX, &none), -ENODEV);
	ck_assert_uint_eq(none.rx_errors, 77);
}
END_TEST

START_TEST(test_filter)
{
	static const uint8_t unicast[MAC_LEN] = { 2, 0, 0, 0, 0, 9 };
	static const uint8_t multicast[MAC_LEN] = { 1, 0, 0x5e, 1, 2, 3 };
	const char *show = "bridge fdb show dev vnet0";
	uint32_t ifindex;

	ck_assert_int_eq(add("vnet0", "port", -1), 0);
	ifindex = if_nametoindex("vnet0");
	for (int i = 0; i < 2; i++) { /* a second time counts as done */
		ck_assert_int_eq(rtnl_link_filter(rtnl, ifindex, unicast, true), 0);
		ck_assert_int_eq(rtnl_link_filter(rtnl, ifindex, multicast, true), 0);
		ck_assert(unit_net_says(show, "02:00:00:00:00:09 self permanent"));
		ck_assert(unit_net_says(show, "01:00:5e:01:02:03 self permanent"));
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(rtnl_link_filter(rtnl, ifindex, unicast, false), 0);
		ck_assert(!unit_net_says(show, "02:00:00:00:00:09"));
		ck_assert(unit_net_says(show, "01:00:5e:01:02:03"));
	}
	ck_assert_int_eq(rtnl_link_filter(rtnl, NO_SUCH_INDEX, unicast, true), -ENODEV);
	ck_assert_int_eq(rtnl_link_filter(rtnl, if_nametoindex("lo"), unicast, true), -EINVAL);
}
END_TEST

/* Of devices that have none; tests/vm/40-vf.sh has some. */
START_TEST(test_vf)
{
	struct kernel_vf vf = { .set = (1u << KERNEL_VF_FIELDS) - 1,
				.address = { 2, 0, 0, 0, 0, 7 } };
	struct kernel_vf read = { .vlan = 77 };
	struct kernel_vf_place place = { .total = 77 };
	uint32_t index;
	bool veb = true;

	ck_assert_int_eq(add("a0", "a1", -1), 0);
	index = if_nametoindex("a0");
	ck_assert_int_eq(rtnl_vf_get(rtnl, index, 0, &read), -ENOENT);
	ck_assert_int_eq(rtnl_vf_get(rtnl, NO_SUCH_INDEX, 0, &read), -ENODEV);
	ck_assert_uint_eq(read.vlan, 77);
	for (unsigned int i = 0; i < KERNEL_VF_FIELDS; i++) {
		vf.set = 1u << i;
		ck_assert_int_eq(rtnl_vf_set(rtnl, index, 0, &vf), -EOPNOTSUPP);
		ck_assert_int_eq(rtnl_vf_set(rtnl, NO_SUCH_INDEX, 0, &vf), -ENODEV);
	}
	vf.set = 0;
	ck_assert_int_eq(rtnl_vf_set(rtnl, NO_SUCH_INDEX, 0, &vf), 0); /* nothing was asked for */
	ck_assert_int_eq(rtnl_vf_bridge(rtnl, index, &veb), -ENOENT);
	ck_assert_int_eq(rtnl_vf_bridge(rtnl, NO_SUCH_INDEX, &veb), -ENOENT);
	ck_assert(veb);
	rtnl_set_sysfs(rtnl, "/nonexistent");
	ck_assert_int_eq(rtnl_vf_look(rtnl, "a0", 0, &place), 0);
	ck_assert_int_eq(place.missing, KERNEL_VF_NO_PF);
	ck_assert_uint_eq(place.total, 0);
	/* after a dump, answers are still told apart */
	ck_assert_uint_eq(get("a0").ifindex, index);
}
END_TEST

/* Each answer is taken for its own request, the refused ones as well. */
START_TEST(test_many_exchanges)
{
	for (int i = 0; i < 200; i++) {
		struct link l;

		ck_assert_int_eq(rtnl_link_get(rtnl, "none", &l), -ENODEV);
		ck_assert_int_eq(rtnl_link_get(rtnl, "lo", &l), 0);
		ck_assert_uint_eq(l.ifindex, 1);
		ck_assert_uint_eq(l.type, ARPHRD_LOOPBACK);
	}
}
END_TEST

int main(void)
{
	int r = unit_net_refused();
	TCase *t;
	Suite *s;

	if (r < 0)
		return unit_skip("no user namespaces here: %s", strerror(-r));
	s = unit_suite("rtnl", &t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, enter, leave);
	tcase_add_test(t, test_veth);
	tcase_add_test(t, test_carries);
	tcase_add_test(t, test_carries_own);
	tcase_add_test(t, test_veth_queues);
	tcase_add_test(t, test_veth_netns);
	tcase_add_test(t, test_veth_taken);
	tcase_add_test(t, test_veth_refused);
	tcase_add_test(t, test_not_permitted);
	tcase_add_test(t, test_get_none);
	tcase_add_test(t, test_get_master);
	tcase_add_test(t, test_set);
	tcase_add_test(t, test_set_refused);
	tcase_add_test(t, test_dormant);
	tcase_add_test(t, test_del);
	tcase_add_test(t, test_stats);
	tcase_add_test(t, test_filter);
	tcase_add_test(t, test_vf);
	tcase_add_test(t, test_many_exchanges);
	return unit_run(s);
}
