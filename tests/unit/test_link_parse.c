/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/link_parse.c: whole, cut and hostile messages. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>

#include "../../daemon/link_parse.h"
#include "unit.h"

#define LOWER_UP (1 << 16) /* IFF_LOWER_UP; <linux/if.h> and <net/if.h> do not mix */

static const uint8_t address[MAC_LEN] = { 2, 0, 0, 0, 0, 1 };

struct buffer {
	struct nlmsghdr header;
	char rest[1024];
};

static struct nlmsghdr *begin(struct buffer *b, uint8_t family, int32_t ifindex)
{
	struct nlmsghdr *m;
	struct ifinfomsg *info;

	memset(b, 0, sizeof(*b));
	m = mnl_nlmsg_put_header(b);
	m->nlmsg_type = RTM_NEWLINK;
	info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	info->ifi_family = family;
	info->ifi_index = ifindex;
	info->ifi_type = ARPHRD_ETHER;
	info->ifi_flags = IFF_UP | IFF_PROMISC | LOWER_UP;
	return m;
}

static struct nlmsghdr *whole(struct buffer *b)
{
	struct nlmsghdr *m = begin(b, AF_UNSPEC, 7);
	struct nlattr *info;

	mnl_attr_put_strz(m, IFLA_IFNAME, "vnet0-p");
	mnl_attr_put(m, IFLA_ADDRESS, MAC_LEN, address);
	mnl_attr_put_u32(m, IFLA_MTU, 1400);
	mnl_attr_put_u32(m, IFLA_MIN_MTU, 68);
	mnl_attr_put_u32(m, IFLA_MAX_MTU, 65535);
	mnl_attr_put_u32(m, IFLA_CARRIER_DOWN_COUNT, 6);
	mnl_attr_put_u32(m, IFLA_MASTER, 3);
	mnl_attr_put_u32(m, IFLA_LINK, 8);
	mnl_attr_put_u32(m, IFLA_LINK_NETNSID, -1);
	mnl_attr_put_u32(m, IFLA_PROMISCUITY, 2);
	mnl_attr_put_strz(m, IFLA_IFALIAS, "vnetd"); /* one that nobody reads */
	mnl_attr_put_strz(m, IFLA_QDISC, "noqueue");
	info = mnl_attr_nest_start(m, IFLA_XDP);
	mnl_attr_put_u8(m, IFLA_XDP_ATTACHED, XDP_ATTACHED_DRV);
	mnl_attr_put_u32(m, IFLA_XDP_PROG_ID, 17);
	mnl_attr_nest_end(m, info);
	info = mnl_attr_nest_start(m, IFLA_LINKINFO);
	mnl_attr_put_strz(m, IFLA_INFO_KIND, "veth");
	mnl_attr_nest_end(m, info);
	return m;
}

START_TEST(test_whole)
{
	struct buffer b;
	struct link l;

	ck_assert_int_eq(link_parse(whole(&b), &l), 0);
	ck_assert_uint_eq(l.ifindex, 7);
	ck_assert_str_eq(l.name, "vnet0-p");
	ck_assert_uint_eq(l.type, ARPHRD_ETHER);
	ck_assert_mem_eq(l.address, address, MAC_LEN);
	ck_assert_uint_eq(l.mtu, 1400);
	ck_assert_uint_eq(l.min_mtu, 68);
	ck_assert_uint_eq(l.max_mtu, 65535);
	ck_assert_uint_eq(l.flags, IFF_UP | IFF_PROMISC | LOWER_UP);
	ck_assert(l.carrier);
	ck_assert_uint_eq(l.carrier_downs, 6);
	ck_assert_uint_eq(l.master, 3);
	ck_assert_uint_eq(l.peer, 8);
	ck_assert(l.peer_elsewhere);
	ck_assert_uint_eq(l.promiscuity, 2);
	ck_assert_str_eq(l.kind, "veth");
	ck_assert_str_eq(l.qdisc, "noqueue");
	ck_assert_uint_eq(l.xdp, 17);
	ck_assert(!l.vnet_hdr);
}
END_TEST

/* What the data of a kind mean is that kind's own affair: of another one the same bytes say
 * nothing.
 */
START_TEST(test_tap)
{
	static const struct {
		const char *kind;
		uint8_t vnet_hdr;
		bool expected;
	} cases[] = { { "tun", 1, true }, { "tun", 0, false }, { "veth", 1, false } };
	struct nlattr *info, *data;
	struct nlmsghdr *m;
	struct buffer b;
	struct link l;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(cases); i++) {
		m = begin(&b, AF_UNSPEC, 7);
		mnl_attr_put_strz(m, IFLA_IFNAME, "tap0");
		info = mnl_attr_nest_start(m, IFLA_LINKINFO);
		mnl_attr_put_strz(m, IFLA_INFO_KIND, cases[i].kind);
		data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
		mnl_attr_put_u8(m, IFLA_TUN_PI, 1);
		mnl_attr_put_u8(m, IFLA_TUN_VNET_HDR, cases[i].vnet_hdr);
		mnl_attr_nest_end(m, data);
		mnl_attr_nest_end(m, info);
		ck_assert_int_eq(link_parse(m, &l), 0);
		ck_assert_str_eq(l.kind, cases[i].kind);
		ck_assert_int_eq(l.vnet_hdr, cases[i].expected);
		ck_assert_str_eq(l.qdisc, "");
		ck_assert_uint_eq(l.xdp, 0);
	}
}
END_TEST

START_TEST(test_router)
{
	static const struct {
		uint16_t family;
		int32_t conf[2];
		size_t size;
		int result;
		bool expected;
	} cases[] = {
		{ AF_INET6, { 1, 0 }, 8, 0, true },	 { AF_INET6, { 0, 1 }, 8, 0, false },
		{ AF_INET6, { 2 }, 4, 0, true },	 { AF_INET, { 1 }, 4, 0, false },
		{ AF_INET6, { 1 }, 3, -EBADMSG, false },
	};
	struct nlattr *families, *family;
	struct nlmsghdr *m;
	struct buffer b;
	struct link l;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(cases); i++) {
		m = begin(&b, AF_UNSPEC, 7);
		mnl_attr_put_strz(m, IFLA_IFNAME, "vnet0");
		families = mnl_attr_nest_start(m, IFLA_AF_SPEC);
		family = mnl_attr_nest_start(m, cases[i].family);
		mnl_attr_put(m, IFLA_INET6_CONF, cases[i].size, cases[i].conf);
		mnl_attr_nest_end(m, family);
		mnl_attr_nest_end(m, families);
		ck_assert_int_eq(link_parse(m, &l), cases[i].result);
		if (!cases[i].result)
			ck_assert_int_eq(l.ipv6_router, cases[i].expected);
	}
}
END_TEST

/* --- addresses --- */

struct address_case {
	uint8_t family, flags;
	uint16_t first, second; /* types of attributes, 0: none; the first has `size` bytes of 1 */
	size_t size;		/* and the second as many of 2 */
	uint32_t more_flags;	/* in an attribute, 0: there is none */
	int result;
	uint8_t expected;
	bool usable;
};

static const struct address_case addresses[] = {
	{ AF_INET, 0, IFA_ADDRESS, 0, 4, 0, 0, 1, true },
	{ AF_INET, 0, IFA_ADDRESS, IFA_LOCAL, 4, 0, 0, 2, true },
	{ AF_INET, 0, IFA_LOCAL, IFA_ADDRESS, 4, 0, 0, 1, true },
	{ AF_INET6, 0, IFA_ADDRESS, 0, 16, 0, 0, 1, true },
	{ AF_INET6, IFA_F_TENTATIVE, IFA_ADDRESS, 0, 16, 0, 0, 1, false },
	{ AF_INET6, IFA_F_TENTATIVE, IFA_ADDRESS, 0, 16, IFA_F_NOPREFIXROUTE, 0, 1, true },
	{ AF_INET6, 0, IFA_ADDRESS, 0, 16, IFA_F_TENTATIVE, 0, 1, false },
	{ AF_INET6, 0, IFA_ADDRESS, 0, 16, IFA_F_TENTATIVE | IFA_F_OPTIMISTIC, 0, 1, true },
	{ AF_INET6, IFA_F_DADFAILED, IFA_ADDRESS, 0, 16, 0, 0, 1, false },
	{ AF_INET, 0, IFA_ADDRESS, 0, 3, 0, -EBADMSG, 0, false },
	{ AF_INET, 0, IFA_ADDRESS, 0, 16, 0, -EBADMSG, 0, false },
	{ AF_INET6, 0, IFA_ADDRESS, 0, 4, 0, -EBADMSG, 0, false },
	{ AF_INET, 0, 0, 0, 0, 0, -EBADMSG, 0, false },
	{ AF_UNSPEC, 0, IFA_ADDRESS, 0, 4, 0, -ENODATA, 0, false },
	{ AF_INET, 0, IFA_BROADCAST, 0, 4, 0, -EBADMSG, 0, false },
};

static struct nlmsghdr *put_address(struct buffer *b, const struct address_case *c)
{
	static const uint8_t ones[16] = { [0 ... 15] = 1 }, twos[16] = { [0 ... 15] = 2 };
	struct ifaddrmsg *info;
	struct nlmsghdr *m;

	memset(b, 0, sizeof(*b));
	m = mnl_nlmsg_put_header(b);
	m->nlmsg_type = RTM_NEWADDR;
	info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	info->ifa_family = c->family;
	info->ifa_flags = c->flags;
	info->ifa_index = 7;
	if (c->first)
		mnl_attr_put(m, c->first, c->size, ones);
	if (c->second)
		mnl_attr_put(m, c->second, c->size, twos);
	if (c->more_flags)
		mnl_attr_put_u32(m, IFA_FLAGS, c->more_flags);
	return m;
}

START_TEST(test_address)
{
	const struct address_case *c = &addresses[_i];
	struct address a = { .ifindex = 99 };
	struct buffer b;
	bool usable;

	ck_assert_int_eq(link_parse_address(put_address(&b, c), &a, &usable), c->result);
	if (c->result) {
		ck_assert_uint_eq(a.ifindex, 99);
		return;
	}
	ck_assert_uint_eq(a.ifindex, 7);
	ck_assert_uint_eq(a.family, c->family);
	for (size_t i = 0; i < ADDRESS_SIZE; i++)
		ck_assert_uint_eq(a.bytes[i], i < c->size ? c->expected : 0);
	ck_assert_int_eq(usable, c->usable);
}
END_TEST

/* Wherever it is cut: an error, or an address, and nothing behind the end is read (sanitize). */
START_TEST(test_address_cut)
{
	struct nlmsghdr *m, *copy;
	struct address a;
	struct buffer b;
	uint32_t whole_len;
	bool usable;

	m = put_address(&b, &addresses[7]);
	whole_len = m->nlmsg_len;
	for (uint32_t len = NLMSG_HDRLEN; len < whole_len; len++) {
		copy = malloc(len);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, m, len);
		copy->nlmsg_len = len;
		ck_assert(link_parse_address(copy, &a, &usable) == -EBADMSG ||
			  len >= NLMSG_HDRLEN + sizeof(struct ifaddrmsg) + 20);
		free(copy);
	}
}
END_TEST

START_TEST(test_least)
{
	struct buffer b;
	struct nlmsghdr *m = begin(&b, AF_UNSPEC, 1);
	struct ifinfomsg *info = mnl_nlmsg_get_payload(m);
	struct link l;

	info->ifi_flags = IFF_UP;
	mnl_attr_put_strz(m, IFLA_IFNAME, "lo");
	ck_assert_int_eq(link_parse(m, &l), 0);
	ck_assert_str_eq(l.name, "lo");
	ck_assert(!l.carrier && !l.peer_elsewhere);
	ck_assert_uint_eq(l.master | l.peer | l.mtu | l.promiscuity, 0);
	ck_assert_str_eq(l.kind, "");
}
END_TEST

/* A device with a longer address, or a kind that is longer than we keep, is still a device. */
START_TEST(test_odd_but_sound)
{
	struct buffer b;
	struct nlmsghdr *m = begin(&b, AF_UNSPEC, 9);
	struct nlattr *info;
	struct link l;

	mnl_attr_put_strz(m, IFLA_IFNAME, "fifteen-letters");
	mnl_attr_put(m, IFLA_ADDRESS, 20, "01234567890123456789");
	info = mnl_attr_nest_start(m, IFLA_LINKINFO);
	mnl_attr_put_strz(m, IFLA_INFO_KIND, "a-kind-with-a-long-name");
	mnl_attr_nest_end(m, info);
	ck_assert_int_eq(link_parse(m, &l), 0);
	ck_assert_str_eq(l.name, "fifteen-letters");
	ck_assert(!mac_is_unicast(l.address));
	ck_assert_str_eq(l.kind, "");
}
END_TEST

START_TEST(test_not_a_device)
{
	struct buffer b;
	struct link l = { .ifindex = 77 };
	struct nlmsghdr *m = begin(&b, AF_BRIDGE, 7);
	uint32_t ifindex = 77;

	mnl_attr_put_strz(m, IFLA_IFNAME, "port");
	ck_assert_int_eq(link_parse(m, &l), -ENODATA);
	ck_assert_int_eq(link_parse_gone(m, &ifindex), -ENODATA);
	m = begin(&b, AF_UNSPEC, 7); /* as a wireless event: no name */
	mnl_attr_put_u32(m, IFLA_MTU, 1400);
	ck_assert_int_eq(link_parse(m, &l), -ENODATA);
	ck_assert_uint_eq(l.ifindex, 77);
	ck_assert_uint_eq(ifindex, 77);
	ck_assert_int_eq(link_parse_gone(m, &ifindex), 0);
	ck_assert_uint_eq(ifindex, 7);
}
END_TEST

START_TEST(test_no_index)
{
	static const int32_t none[] = { 0, -1, INT32_MIN };
	struct buffer b;
	struct link l = { .ifindex = 77 };
	uint32_t ifindex = 77;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(none); i++) {
		struct nlmsghdr *m = begin(&b, AF_UNSPEC, none[i]);

		mnl_attr_put_strz(m, IFLA_IFNAME, "port");
		ck_assert_int_eq(link_parse(m, &l), -EBADMSG);
		ck_assert_int_eq(link_parse_gone(m, &ifindex), -EBADMSG);
	}
	ck_assert_uint_eq(l.ifindex, 77);
	ck_assert_uint_eq(ifindex, 77);
}
END_TEST

/* Does an attribute, or the header, end at @n? */
static bool is_boundary(const struct nlmsghdr *m, size_t n)
{
	const struct nlattr *a;

	if (n == MNL_NLMSG_HDRLEN + sizeof(struct ifinfomsg))
		return true;
	mnl_attr_for_each(a, m, sizeof(struct ifinfomsg))
	{
		size_t start = (const char *)a - (const char *)m;

		if (n >= start + a->nla_len && n <= start + MNL_ALIGN(a->nla_len))
			return true;
	}
	return false;
}

/* The copy is exactly as long as it says, so that a sanitizer or valgrind sees every read too far.
 */
START_TEST(test_cut_at_every_byte)
{
	struct buffer b;
	const struct nlmsghdr *m = whole(&b);

	for (size_t n = sizeof(*m); n < m->nlmsg_len; n++) {
		UTIL_FREE struct nlmsghdr *copy = malloc(n);
		struct link l = { .ifindex = 77 };
		int r;

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, m, n);
		copy->nlmsg_len = n;
		r = link_parse(copy, &l);
		if (!is_boundary(m, n))
			ck_assert_msg(r == -EBADMSG, "cut at %zu: %d", n, r);
		else
			ck_assert_msg(r == 0 || r == -ENODATA, "cut at %zu: %d", n, r);
		ck_assert_uint_eq(l.ifindex, r == 0 ? 7 : 77);
	}
}
END_TEST

/* Every byte as something else: whatever comes of it, only the message is read. */
START_TEST(test_every_byte_changed)
{
	static const uint8_t values[] = { 0, 1, 3, 4, 0x7f, 0x80, 0xff };
	struct buffer b;
	size_t size = whole(&b)->nlmsg_len;

	for (size_t at = sizeof(struct nlmsghdr); at < size; at++) {
		for (size_t i = 0; i < UTIL_ARRAY_SIZE(values); i++) {
			UTIL_FREE uint8_t *copy = malloc(size);
			struct link l = { .ifindex = 77 };
			int r;

			ck_assert_ptr_nonnull(copy);
			memcpy(copy, &b, size);
			copy[at] = values[i];
			r = link_parse((struct nlmsghdr *)copy, &l);
			ck_assert(r == 0 || r == -EBADMSG || r == -ENODATA);
			if (r < 0)
				ck_assert_uint_eq(l.ifindex, 77);
			else
				ck_assert(memchr(l.name, '\0', sizeof(l.name)) && l.name[0] &&
					  memchr(l.kind, '\0', sizeof(l.kind)));
		}
	}
}
END_TEST

static const struct {
	const char *what;
	uint16_t type;
	uint16_t size;
	const char *data;
} hostile[] = {
	{ "a name without an end", IFLA_IFNAME, 4, "abcd" },
	{ "an empty name", IFLA_IFNAME, 1, "" },
	{ "a name of no bytes", IFLA_IFNAME, 0, "" },
	{ "a name of sixteen letters", IFLA_IFNAME, 17, "a-name-of-16-let" },
	{ "a short mtu", IFLA_MTU, 2, "ab" },
	{ "an empty mtu", IFLA_MTU, 0, "" },
	{ "a long mtu", IFLA_MTU, 8, "abcdefgh" },
	{ "a short least mtu", IFLA_MIN_MTU, 3, "abc" },
	{ "a short greatest mtu", IFLA_MAX_MTU, 3, "abc" },
	{ "a short master", IFLA_MASTER, 1, "a" },
	{ "a short peer", IFLA_LINK, 1, "a" },
	{ "a short namespace", IFLA_LINK_NETNSID, 1, "a" },
	{ "a short promiscuity", IFLA_PROMISCUITY, 1, "a" },
	{ "a nest too short for an attribute", IFLA_LINKINFO, 3, "abc" },
	{ "a nest with an attribute longer than itself", IFLA_LINKINFO, 8, "\xff\x00\x01\x00ve\0" },
	{ "a nest with an attribute shorter than its header", IFLA_LINKINFO, 8,
	  "\x02\x00\x01\x00ve\0" },
	{ "a kind without an end", IFLA_LINKINFO, 8, "\x08\x00\x01\x00veth" },
	{ "a queue without an end", IFLA_QDISC, 4, "fifo" },
	{ "a short XDP program", IFLA_XDP, 8, "\x05\x00\x04\x00\x01\0\0\0" },
	{ "an XDP program that ends early", IFLA_XDP, 6, "\x08\x00\x04\x00\x01\0" },
	{ "a short vnet_hdr", IFLA_LINKINFO, 16,
	  "\x08\x00\x01\x00tun\0\x08\x00\x02\x00\x04\x00\x05\x00" },
};

START_TEST(test_hostile)
{
	struct buffer b;
	struct nlmsghdr *m = whole(&b);
	struct link l = { .ifindex = 77 };

	mnl_attr_put(m, hostile[_i].type, hostile[_i].size, hostile[_i].data);
	ck_assert_msg(link_parse(m, &l) == -EBADMSG, "%s was believed", hostile[_i].what);
	ck_assert_uint_eq(l.ifindex, 77);
}
END_TEST

START_TEST(test_lengths_that_lie)
{
	static const uint16_t lengths[] = { 0, 1, 3, 500, 0xffff };
	struct buffer b;
	struct link l;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(lengths); i++) {
		struct nlmsghdr *m = whole(&b);
		struct nlattr *first = mnl_nlmsg_get_payload_offset(m, sizeof(struct ifinfomsg));

		first->nla_len = lengths[i];
		ck_assert_int_eq(link_parse(m, &l), -EBADMSG);
	}
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("link_parse", &t);

	tcase_add_test(t, test_whole);
	tcase_add_test(t, test_tap);
	tcase_add_test(t, test_router);
	tcase_add_loop_test(t, test_address, 0, UTIL_ARRAY_SIZE(addresses));
	tcase_add_test(t, test_address_cut);
	tcase_add_test(t, test_least);
	tcase_add_test(t, test_odd_but_sound);
	tcase_add_test(t, test_not_a_device);
	tcase_add_test(t, test_no_index);
	tcase_add_test(t, test_cut_at_every_byte);
	tcase_add_test(t, test_every_byte_changed);
	tcase_add_loop_test(t, test_hostile, 0, UTIL_ARRAY_SIZE(hostile));
	tcase_add_test(t, test_lengths_that_lie);
	return unit_run(s);
}
