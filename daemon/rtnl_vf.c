/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a PF keeps of its VFs, by rtnetlink. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>

#include "rtnl_internal.h"
#include "vf.h"

int rtnl_vf_look(void *rtnl, const char *pf, uint32_t index, struct kernel_vf_place *ret)
{
	const struct rtnl *r = rtnl;

	return vf_look(r->sysfs, pf, index, ret);
}

/* --- reading --- */

struct wanted {
	uint32_t index;
	bool found;
	struct kernel_vf vf;
};

#define UNKNOWN UINT32_MAX /* the kernel's, of what the driver does not tell */

/* The kernel's structs for them have the same two members each. */
static bool read_setting(struct nlattr *attribute, uint32_t *ret)
{
	struct ifla_vf_spoofchk setting;

	if (!attribute || nla_len(attribute) < (int)sizeof(setting))
		return false;
	nla_memcpy(&setting, attribute, sizeof(setting));
	*ret = setting.setting;
	return setting.setting != UNKNOWN;
}

/* The list is younger than the attribute, and has the protocol as well. */
static void read_vlan(struct nlattr **attrs, struct kernel_vf *vf)
{
	struct nlattr *list = attrs[IFLA_VF_VLAN_LIST];
	struct nlattr *first = list ? nla_data(list) : NULL;
	struct ifla_vf_vlan_info info;

	if (!first || !nla_ok(first, nla_len(list)) || nla_len(first) < (int)sizeof(info))
		return;
	nla_memcpy(&info, first, sizeof(info));
	vf->set |= KERNEL_VF_VLAN;
	vf->vlan = (uint16_t)info.vlan;
	vf->qos = (uint8_t)info.qos;
	vf->protocol = ntohs(info.vlan_proto);
}

static void read_vf(struct nlattr **attrs, const struct ifla_vf_mac *mac, struct kernel_vf *vf)
{
	uint32_t value;

	*vf = (struct kernel_vf) { .set = KERNEL_VF_ADDRESS };
	memcpy(vf->address, mac->mac, MAC_LEN);
	read_vlan(attrs, vf);
	if (read_setting(attrs[IFLA_VF_SPOOFCHK], &value)) {
		vf->set |= KERNEL_VF_SPOOF_CHECK;
		vf->spoof_check = value;
	}
	if (read_setting(attrs[IFLA_VF_TRUST], &value)) {
		vf->set |= KERNEL_VF_TRUST;
		vf->trust = value;
	}
	if (read_setting(attrs[IFLA_VF_LINK_STATE], &value)) {
		vf->set |= KERNEL_VF_LINK_STATE;
		vf->link_state = value;
	}
}

static int parse_vfs(struct nlmsghdr *answer, void *ret)
{
	struct nlattr *attrs[IFLA_MAX + 1], *vf[IFLA_VF_MAX + 1], *list;
	struct wanted *w = ret;
	struct ifla_vf_mac mac;
	int rest;

	if (answer->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(answer, sizeof(struct ifinfomsg), attrs, IFLA_MAX, NULL) < 0)
		return -EBADMSG;
	if (!attrs[IFLA_VFINFO_LIST])
		return 0;
	nla_for_each_nested(list, attrs[IFLA_VFINFO_LIST], rest)
	{
		if (nla_parse_nested(vf, IFLA_VF_MAX, list, NULL) < 0 || !vf[IFLA_VF_MAC] ||
		    nla_len(vf[IFLA_VF_MAC]) < (int)sizeof(mac))
			return -EBADMSG;
		nla_memcpy(&mac, vf[IFLA_VF_MAC], sizeof(mac));
		if (mac.vf != w->index)
			continue;
		read_vf(vf, &mac, &w->vf);
		w->found = true;
	}
	return 0;
}

int rtnl_vf_get(void *rtnl, uint32_t pf, uint32_t index, struct kernel_vf *ret)
{
	UTIL_CLEANUP(rtnl_message_freep)
	struct nl_msg *message = rtnl_message_link(RTM_GETLINK, 0, pf, 0, 0);
	struct wanted w = { .index = index };
	struct rtnl_exchange x = { .parse = parse_vfs, .ret = &w };
	int r;

	if (!message ||
	    nla_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS) < 0)
		return -ENOMEM;
	r = rtnl_exchange(rtnl, message, &x);
	if (r < 0)
		return r;
	if (!w.found)
		return -ENOENT;
	*ret = w.vf;
	return 0;
}

/* --- changing --- */

/* libnl returns 0 or an NLE_*, which can only be a lack of memory. */
static int put_address(struct nl_msg *message, uint32_t index, const struct kernel_vf *vf)
{
	struct ifla_vf_mac mac = { .vf = index };

	memcpy(mac.mac, vf->address, MAC_LEN);
	return nla_put(message, IFLA_VF_MAC, sizeof(mac), &mac);
}

static int put_vlan(struct nl_msg *message, uint32_t index, const struct kernel_vf *vf)
{
	struct ifla_vf_vlan_info info = {
		.vf = index,
		.vlan = vf->vlan,
		.qos = vf->qos,
		.vlan_proto = htons(vf->protocol ?: ETH_P_8021Q),
	};
	struct nlattr *list = nla_nest_start(message, IFLA_VF_VLAN_LIST);

	if (!list || nla_put(message, IFLA_VF_VLAN_INFO, sizeof(info), &info) < 0)
		return -ENOMEM;
	return nla_nest_end(message, list);
}

static int put_setting(struct nl_msg *message, int type, uint32_t index, uint32_t value)
{
	struct ifla_vf_spoofchk setting = { .vf = index, .setting = value };

	return nla_put(message, type, sizeof(setting), &setting);
}

static int put_field(struct nl_msg *message, enum kernel_vf_field field, uint32_t index,
		     const struct kernel_vf *vf)
{
	switch (field) {
	case KERNEL_VF_ADDRESS:
		return put_address(message, index, vf);
	case KERNEL_VF_VLAN:
		return put_vlan(message, index, vf);
	case KERNEL_VF_SPOOF_CHECK:
		return put_setting(message, IFLA_VF_SPOOFCHK, index, vf->spoof_check);
	case KERNEL_VF_TRUST:
		return put_setting(message, IFLA_VF_TRUST, index, vf->trust);
	case KERNEL_VF_LINK_STATE:
		return put_setting(message, IFLA_VF_LINK_STATE, index, vf->link_state);
	}
	return -EINVAL;
}

static int set_field(struct rtnl *r, uint32_t pf, enum kernel_vf_field field, uint32_t index,
		     const struct kernel_vf *vf)
{
	UTIL_CLEANUP(rtnl_message_freep)
	struct nl_msg *message = rtnl_message_link(RTM_SETLINK, 0, pf, 0, 0);
	struct nlattr *list = message ? nla_nest_start(message, IFLA_VFINFO_LIST) : NULL;
	struct nlattr *info = list ? nla_nest_start(message, IFLA_VF_INFO) : NULL;

	if (!info || put_field(message, field, index, vf) < 0)
		return -ENOMEM;
	nla_nest_end(message, info);
	nla_nest_end(message, list);
	return rtnl_exchange_plain(r, message);
}

int rtnl_vf_set(void *rtnl, uint32_t pf, uint32_t index, const struct kernel_vf *change)
{
	int r = 0;

	for (unsigned int i = 0; i < KERNEL_VF_FIELDS && r == 0; i++)
		if (change->set & (1u << i))
			r = set_field(rtnl, pf, (enum kernel_vf_field)(1u << i), index, change);
	return r;
}

/* --- the switch between the functions --- */

struct bridge {
	uint32_t pf;
	bool found;
	bool veb;
};

static int parse_bridge(struct nlmsghdr *answer, void *ret)
{
	struct nlattr *attrs[IFLA_MAX + 1], *bridge[IFLA_BRIDGE_MAX + 1];
	const struct ifinfomsg *info;
	struct bridge *b = ret;

	if (answer->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(answer, sizeof(*info), attrs, IFLA_MAX, NULL) < 0)
		return -EBADMSG;
	info = nlmsg_data(answer);
	if ((uint32_t)info->ifi_index != b->pf || !attrs[IFLA_AF_SPEC])
		return 0;
	if (nla_parse_nested(bridge, IFLA_BRIDGE_MAX, attrs[IFLA_AF_SPEC], NULL) < 0)
		return -EBADMSG;
	/* A port of a software bridge tells of that as well, without a mode. */
	if (bridge[IFLA_BRIDGE_MODE] &&
	    nla_len(bridge[IFLA_BRIDGE_MODE]) >= (int)sizeof(uint16_t)) {
		b->found = true;
		b->veb = nla_get_u16(bridge[IFLA_BRIDGE_MODE]) == BRIDGE_MODE_VEB;
	}
	return 0;
}

/* The kernel tells it in a dump alone. */
int rtnl_vf_bridge(void *rtnl, uint32_t pf, bool *ret_veb)
{
	struct ifinfomsg info = { .ifi_family = PF_BRIDGE };
	UTIL_CLEANUP(rtnl_message_freep)
	struct nl_msg *message = rtnl_message_new(RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info));
	struct bridge b = { .pf = pf };
	struct rtnl_exchange x = { .parse = parse_bridge, .ret = &b };
	int r;

	if (!message)
		return -ENOMEM;
	r = rtnl_exchange(rtnl, message, &x);
	if (r < 0)
		return r;
	if (!b.found)
		return -ENOENT;
	*ret_veb = b.veb;
	return 0;
}
