/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a message says of a device. Whatever is in it, nothing outside of it is read. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <net/if.h> /* has to come before <linux/if.h>, which knows of it */
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "link_parse.h"

struct attribute {
	uint16_t type;
	enum mnl_attr_data_type data;
	int (*take)(const struct nlattr *a, struct link *l); /* 0 or -EBADMSG */
};

/* Rows end with type 0, which the kernel never sends. */
static int take_attributes(const char *payload, size_t size, const struct attribute *rows,
			   struct link *l)
{
	const struct nlattr *a = (const struct nlattr *)payload;
	const char *end = payload + size;

	/* The aligned end of the last attribute may lie behind @end; the difference is signed. */
	for (; mnl_attr_ok(a, end - (const char *)a); a = mnl_attr_next(a)) {
		const struct attribute *row = rows;
		int r;

		while (row->type && row->type != mnl_attr_get_type(a))
			row++;
		if (!row->type)
			continue;
		if (mnl_attr_validate(a, row->data) < 0)
			return -EBADMSG;
		r = row->take(a, l);
		if (r < 0)
			return r;
	}
	return (const char *)a < end ? -EBADMSG : 0;
}

static int take_name(const struct nlattr *a, struct link *l)
{
	const char *name = mnl_attr_get_str(a);

	return name[0] && util_copy(l->name, sizeof(l->name), name) ? 0 : -EBADMSG;
}

/* Addresses of another length belong to devices that are not Ethernet; they are none to us. */
static int take_address(const struct nlattr *a, struct link *l)
{
	if (mnl_attr_get_payload_len(a) == MAC_LEN)
		memcpy(l->address, mnl_attr_get_payload(a), MAC_LEN);
	return 0;
}

static int take_mtu(const struct nlattr *a, struct link *l)
{
	l->mtu = mnl_attr_get_u32(a);
	return 0;
}

static int take_min_mtu(const struct nlattr *a, struct link *l)
{
	l->min_mtu = mnl_attr_get_u32(a);
	return 0;
}

static int take_max_mtu(const struct nlattr *a, struct link *l)
{
	l->max_mtu = mnl_attr_get_u32(a);
	return 0;
}

static int take_carrier_downs(const struct nlattr *a, struct link *l)
{
	l->carrier_downs = mnl_attr_get_u32(a);
	return 0;
}

static int take_master(const struct nlattr *a, struct link *l)
{
	l->master = mnl_attr_get_u32(a);
	return 0;
}

static int take_peer(const struct nlattr *a, struct link *l)
{
	l->peer = mnl_attr_get_u32(a);
	return 0;
}

/* The attribute is there only if the peer is elsewhere, whether or not that place has a number. */
static int take_peer_elsewhere(const struct nlattr *a, struct link *l)
{
	l->peer_elsewhere = true;
	return 0;
}

static int take_promiscuity(const struct nlattr *a, struct link *l)
{
	l->promiscuity = mnl_attr_get_u32(a);
	return 0;
}

/* A kind too long for us is one that we have no use for: it stays "not told". */
static int take_kind(const struct nlattr *a, struct link *l)
{
	util_copy(l->kind, sizeof(l->kind), mnl_attr_get_str(a));
	return 0;
}

static int take_vnet_hdr(const struct nlattr *a, struct link *l)
{
	l->vnet_hdr = mnl_attr_get_u8(a);
	return 0;
}

/* What is in it depends on the kind, which the kernel tells before it. */
static int take_data(const struct nlattr *a, struct link *l)
{
	static const struct attribute rows[] = {
		{ IFLA_TUN_VNET_HDR, MNL_TYPE_U8, take_vnet_hdr },
		{ 0 },
	};

	if (!util_same(l->kind, "tun"))
		return 0;
	return take_attributes(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a), rows, l);
}

static int take_info(const struct nlattr *a, struct link *l)
{
	static const struct attribute rows[] = {
		{ IFLA_INFO_KIND, MNL_TYPE_NUL_STRING, take_kind },
		{ IFLA_INFO_DATA, MNL_TYPE_NESTED, take_data },
		{ 0 },
	};

	return take_attributes(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a), rows, l);
}

/* A name too long for us is not one of those that we know. */
static int take_qdisc(const struct nlattr *a, struct link *l)
{
	util_copy(l->qdisc, sizeof(l->qdisc), mnl_attr_get_str(a));
	return 0;
}

static int take_xdp_program(const struct nlattr *a, struct link *l)
{
	l->xdp = mnl_attr_get_u32(a);
	return 0;
}

static int take_xdp(const struct nlattr *a, struct link *l)
{
	static const struct attribute rows[] = {
		{ IFLA_XDP_PROG_ID, MNL_TYPE_U32, take_xdp_program },
		{ 0 },
	};

	return take_attributes(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a), rows, l);
}

/* Numbers by DEVCONF_*, of which the first is `forwarding`. */
static int take_ipv6_conf(const struct nlattr *a, struct link *l)
{
	int32_t forwarding;

	if (mnl_attr_get_payload_len(a) < sizeof(forwarding))
		return -EBADMSG;
	memcpy(&forwarding, mnl_attr_get_payload(a), sizeof(forwarding));
	l->ipv6_router = forwarding > 0;
	return 0;
}

static int take_ipv6(const struct nlattr *a, struct link *l)
{
	static const struct attribute rows[] = {
		{ IFLA_INET6_CONF, MNL_TYPE_BINARY, take_ipv6_conf },
		{ 0 },
	};

	return take_attributes(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a), rows, l);
}

/* By family. */
static int take_families(const struct nlattr *a, struct link *l)
{
	static const struct attribute rows[] = {
		{ AF_INET6, MNL_TYPE_NESTED, take_ipv6 },
		{ 0 },
	};

	return take_attributes(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a), rows, l);
}

/* NULL: the message is too short, or its ifindex is none. */
static const struct ifinfomsg *message_info(const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*info) || info->ifi_index <= 0)
		return NULL;
	return info;
}

int link_parse(const struct nlmsghdr *message, struct link *ret)
{
	static const struct attribute rows[] = {
		{ IFLA_IFNAME, MNL_TYPE_NUL_STRING, take_name },
		{ IFLA_ADDRESS, MNL_TYPE_BINARY, take_address },
		{ IFLA_MTU, MNL_TYPE_U32, take_mtu },
		{ IFLA_MIN_MTU, MNL_TYPE_U32, take_min_mtu },
		{ IFLA_MAX_MTU, MNL_TYPE_U32, take_max_mtu },
		{ IFLA_CARRIER_DOWN_COUNT, MNL_TYPE_U32, take_carrier_downs },
		{ IFLA_MASTER, MNL_TYPE_U32, take_master },
		{ IFLA_LINK, MNL_TYPE_U32, take_peer },
		{ IFLA_LINK_NETNSID, MNL_TYPE_U32, take_peer_elsewhere },
		{ IFLA_PROMISCUITY, MNL_TYPE_U32, take_promiscuity },
		{ IFLA_LINKINFO, MNL_TYPE_NESTED, take_info },
		{ IFLA_QDISC, MNL_TYPE_NUL_STRING, take_qdisc },
		{ IFLA_XDP, MNL_TYPE_NESTED, take_xdp },
		{ IFLA_AF_SPEC, MNL_TYPE_NESTED, take_families },
		{ 0 },
	};
	const struct ifinfomsg *info = message_info(message);
	struct link l = { 0 };
	int r;

	if (!info)
		return -EBADMSG;
	if (info->ifi_family != AF_UNSPEC)
		return -ENODATA;
	l.ifindex = info->ifi_index;
	l.type = info->ifi_type;
	l.flags = info->ifi_flags;
	l.carrier = info->ifi_flags & IFF_LOWER_UP;
	r = take_attributes((const char *)(info + 1),
			    message->nlmsg_len - MNL_NLMSG_HDRLEN - sizeof(*info), rows, &l);
	if (r < 0)
		return r;
	if (!l.name[0])
		return -ENODATA;
	*ret = l;
	return 0;
}

int link_parse_gone(const struct nlmsghdr *message, uint32_t *ret)
{
	const struct ifinfomsg *info = message_info(message);

	if (!info)
		return -EBADMSG;
	if (info->ifi_family != AF_UNSPEC)
		return -ENODATA;
	*ret = info->ifi_index;
	return 0;
}

struct address_attributes {
	const struct nlattr *local, *address, *flags;
};

/* What is not an attribute ends the list, as in take_attributes(). */
static int find_address(const char *payload, size_t size, struct address_attributes *ret)
{
	const struct nlattr *a = (const struct nlattr *)payload;
	const char *end = payload + size;

	for (; mnl_attr_ok(a, end - (const char *)a); a = mnl_attr_next(a)) {
		if (mnl_attr_get_type(a) == IFA_LOCAL)
			ret->local = a;
		else if (mnl_attr_get_type(a) == IFA_ADDRESS)
			ret->address = a;
		else if (mnl_attr_get_type(a) == IFA_FLAGS)
			ret->flags = a;
	}
	return (const char *)a < end ? -EBADMSG : 0;
}

int link_parse_address(const struct nlmsghdr *message, struct address *ret, bool *ret_usable)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	struct address_attributes found = { 0 };
	struct address a = { 0 };
	const struct nlattr *own;
	uint32_t flags;
	size_t size;

	if (message->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*info) || !info->ifa_index)
		return -EBADMSG;
	if (info->ifa_family != AF_INET && info->ifa_family != AF_INET6)
		return -ENODATA;
	if (find_address((const char *)(info + 1),
			 message->nlmsg_len - MNL_NLMSG_HDRLEN - sizeof(*info), &found))
		return -EBADMSG;
	size = info->ifa_family == AF_INET ? 4 : ADDRESS_SIZE;
	own = found.local ?: found.address; /* of a link between two, the other is the peer's */
	if (!own || mnl_attr_get_payload_len(own) != size ||
	    (found.flags && mnl_attr_validate(found.flags, MNL_TYPE_U32) < 0))
		return -EBADMSG;
	a.ifindex = info->ifa_index;
	a.family = info->ifa_family;
	memcpy(a.bytes, mnl_attr_get_payload(own), size);
	flags = found.flags ? mnl_attr_get_u32(found.flags) : info->ifa_flags;
	*ret = a;
	*ret_usable = !(flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) || (flags & IFA_F_OPTIMISTIC);
	return 0;
}
