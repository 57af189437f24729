/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages are built attribute by attribute: libnl-route's objects know neither all attributes
 * nor which flags to leave alone, and libnl's own errors blur the kernel's (EEXIST, ENODEV, EPERM),
 * so the kernel's answer is taken from the acknowledgement itself.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h> /* has to come before <linux/if.h>, which knows of it */
#include <linux/if.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include "asker.h"
#include "frame.h"
#include "link_parse.h"
#include "netlink.h"
#include "rtnl_internal.h"

#define RTNL_QUEUES_MAX	       4096 /* the kernel refuses more */
#define RTNL_LINK_MODE_DEFAULT 0    /* of IFLA_LINKMODE */
#define RTNL_LINK_MODE_DORMANT 1
#define RTNL_ALIAS	       "vnetd"

/* --- one request and its answer --- */

/* For failures of libnl and of the socket itself. */
static int error_from_nl(int nl_error)
{
	static const struct {
		int nl;
		int number;
	} rows[] = {
		{ NLE_NOMEM, ENOMEM },		{ NLE_PERM, EPERM },
		{ NLE_NOACCESS, EACCES },	{ NLE_AF_NOSUPPORT, EAFNOSUPPORT },
		{ NLE_PROTO_MISMATCH, EPROTO }, { NLE_MSG_TRUNC, EMSGSIZE },
		{ NLE_MSG_TOOSHORT, EBADMSG },	{ NLE_MSG_OVERFLOW, ENOBUFS },
		{ NLE_EXIST, EADDRINUSE },	{ NLE_BAD_SOCK, EBADF },
		{ NLE_MISSING_ATTR, EBADMSG },	{ NLE_ATTRSIZE, EMSGSIZE },
		{ NLE_RANGE, ERANGE },		{ NLE_INVAL, EINVAL },
	};
	int code = nl_error < 0 ? -nl_error : nl_error;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(rows); i++)
		if (rows[i].nl == code)
			return -rows[i].number;
	return -EIO;
}

/* Passes over what is not the kernel's, and what a request that failed half-way left behind. */
static int on_sequence(struct nl_msg *message, void *context)
{
	const struct rtnl_exchange *x = context;

	if (nlmsg_get_src(message)->nl_pid != 0)
		return NL_SKIP;
	return nlmsg_hdr(message)->nlmsg_seq == x->sequence ? NL_OK : NL_SKIP;
}

static int on_answer(struct nl_msg *message, void *context)
{
	struct rtnl_exchange *x = context;

	if (x->parse && x->error == 0)
		x->error = x->parse(nlmsg_hdr(message), x->ret);
	return NL_OK;
}

static int on_ack(struct nl_msg *message, void *context)
{
	struct rtnl_exchange *x = context;

	x->done = true;
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *context)
{
	struct rtnl_exchange *x = context;

	x->done = true;
	x->error = error->error;
	return NL_STOP;
}

static void cb_putp(struct nl_cb **cb)
{
	if (*cb)
		nl_cb_put(*cb);
}

/* Every request asks for an acknowledgement, so that each has exactly one end. */
int rtnl_exchange(struct rtnl *r, struct nl_msg *request, struct rtnl_exchange *x)
{
	UTIL_CLEANUP(cb_putp) struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int n;

	if (!cb)
		return -ENOMEM;
	nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_sequence, x);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_answer, x);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, x);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_ack, x); /* of a dump */
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, x);

	n = nl_send_auto(r->socket, request);
	if (n < 0)
		return error_from_nl(n);
	x->sequence = nlmsg_hdr(request)->nlmsg_seq;
	/* The kernel has it: who does not wait for its answer does not know what has been done. */
	do {
		n = nl_recvmsgs(r->socket, cb);
	} while ((n >= 0 || n == -NLE_AGAIN) && !x->done);
	return x->done ? x->error : error_from_nl(n);
}

int rtnl_exchange_plain(struct rtnl *r, struct nl_msg *request)
{
	struct rtnl_exchange x = { 0 };

	return rtnl_exchange(r, request, &x);
}

/* --- messages --- */

void rtnl_message_freep(struct nl_msg **message)
{
	nlmsg_free(*message);
}

/* A message whose header is followed by @body; NULL: no memory. */
struct nl_msg *rtnl_message_new(int type, int flags, void *body, size_t size)
{
	struct nl_msg *message = nlmsg_alloc_simple(type, flags);

	if (message && nlmsg_append(message, body, size, NLMSG_ALIGNTO) < 0) {
		nlmsg_free(message);
		return NULL;
	}
	return message;
}

struct nl_msg *rtnl_message_link(int type, int flags, uint32_t ifindex, uint32_t set,
				 uint32_t change)
{
	struct ifinfomsg info = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = ifindex,
		.ifi_flags = set,
		.ifi_change = change,
	};

	return rtnl_message_new(type, flags, &info, sizeof(info));
}

/* --- the veth pair --- */

static uint32_t queues(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > RTNL_QUEUES_MAX ? RTNL_QUEUES_MAX : n;
}

/* What both ends have. libnl returns 0 or an NLE_*, which can only be a lack of memory. */
static int put_end(struct nl_msg *message, const char *name, const struct kernel_veth *veth)
{
	uint32_t count = veth->idle ? 1 : queues();
	int failed = nla_put_string(message, IFLA_IFNAME, name);

	failed |= nla_put_u32(message, IFLA_MTU, veth->mtu);
	failed |= nla_put_u32(message, IFLA_NUM_TX_QUEUES, count);
	failed |= nla_put_u32(message, IFLA_NUM_RX_QUEUES, count);
	return failed ? -ENOMEM : 0;
}

/* The port end cannot be born up: the kernel joins the two only after it has set the flags. */
static int put_peer(struct nl_msg *message, const struct kernel_veth *veth)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nlattr *peer = nla_nest_start(message, VETH_INFO_PEER);

	if (!peer || nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
	    put_end(message, veth->port, veth) < 0)
		return -ENOMEM;
	nla_nest_end(message, peer);
	return 0;
}

static int put_veth(struct nl_msg *message, const struct kernel_veth *veth)
{
	struct nlattr *info = nla_nest_start(message, IFLA_LINKINFO);
	struct nlattr *data;

	if (!info || nla_put_string(message, IFLA_INFO_KIND, "veth") < 0)
		return -ENOMEM;
	data = nla_nest_start(message, IFLA_INFO_DATA);
	if (!data || put_peer(message, veth) < 0)
		return -ENOMEM;
	nla_nest_end(message, data);
	nla_nest_end(message, info);
	return 0;
}

static int port_up(struct rtnl *r, const char *port, unsigned int up)
{
	UTIL_CLEANUP(rtnl_message_freep)
	struct nl_msg *message = rtnl_message_link(RTM_NEWLINK, 0, 0, up, up);

	if (!message || nla_put_string(message, IFLA_IFNAME, port) < 0 ||
	    nla_put(message, IFLA_IFALIAS, strlen(RTNL_ALIAS), RTNL_ALIAS) < 0)
		return -ENOMEM;
	return rtnl_exchange_plain(r, message);
}

int rtnl_veth_del(void *rtnl, const char *port)
{
	UTIL_CLEANUP(rtnl_message_freep)
	struct nl_msg *message = rtnl_message_link(RTM_DELLINK, 0, 0, 0, 0);

	if (!message || nla_put_string(message, IFLA_IFNAME, port) < 0)
		return -ENOMEM;
	return rtnl_exchange_plain(rtnl, message);
}

/* A kernel without IPv6 adds none anyway. */
static int no_addresses(struct rtnl *r, const struct kernel_veth *veth)
{
	const char *const names[] = { veth->name, veth->port };
	struct link l;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(names); i++) {
		int err = rtnl_link_get(r, names[i], &l);

		if (err)
			return err;
		rtnl_link_no_ipv6_address(r, l.ifindex);
	}
	return 0;
}

/*
 * The stack's end is born in its namespace, with everything it is to have: once it is there we do
 * not reach it any more. Older kernels look for its name here as well, and say -EEXIST to
 * one that is taken in our namespace alone.
 */
int rtnl_veth_add(void *rtnl, const struct kernel_veth *veth)
{
	unsigned int up = veth->idle ? 0 : IFF_UP;
	UTIL_CLEANUP(rtnl_message_freep)
	struct nl_msg *message =
		rtnl_message_link(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, up, up);
	int r;

	if (!message || put_end(message, veth->name, veth) < 0 ||
	    nla_put(message, IFLA_ADDRESS, MAC_LEN, veth->address) < 0 ||
	    (veth->netns_fd >= 0 && nla_put_u32(message, IFLA_NET_NS_FD, veth->netns_fd) < 0) ||
	    put_veth(message, veth) < 0)
		return -ENOMEM;
	r = rtnl_exchange_plain(rtnl, message);
	if (r < 0)
		return r;
	r = port_up(rtnl, veth->port, up);
	if (r == 0 && veth->idle)
		r = no_addresses(rtnl, veth);
	if (r < 0)
		rtnl_veth_del(rtnl, veth->port);
	return r;
}

/* --- reading --- */

static int parse_link(struct nlmsghdr *answer, void *ret)
{
	if (answer->nlmsg_type != RTM_NEWLINK || link_parse(answer, ret) < 0)
		return -EBADMSG;
	return 0;
}

int rtnl_link_get(void *rtnl, const char *name, struct link *ret)
{
	UTIL_CLEANUP(rtnl_message_freep)
	struct nl_msg *message = rtnl_message_link(RTM_GETLINK, 0, 0, 0, 0);
	struct link l = { 0 };
	struct rtnl_exchange x = { .parse = parse_link, .ret = &l };
	int r;

	if (!name[0] || strlen(name) >= IFNAMSIZ)
		return -ENODEV;
	if (!message || nla_put_string(message, IFLA_IFNAME, name) < 0 ||
	    nla_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0)
		return -ENOMEM;
	r = rtnl_exchange(rtnl, message, &x);
	if (r < 0)
		return r;
	/* The kernel knows a device by its alternative names as well; a vnet's names are the
	 * others. */
	if (!util_same(l.name, name))
		return -ENODEV;
	*ret = l;
	return 0;
}

/* --- changing --- */

static uint32_t flag(const struct kernel_link_change *c, enum kernel_link_field field,
		     uint32_t value)
{
	return (c->set & field) ? value : 0;
}

/* A device stays usable while dormant; only those who ask for its operational state are told. */
static int put_dormant(struct nl_msg *message, bool dormant)
{
	int failed = nla_put_u8(message, IFLA_OPERSTATE, dormant ? IF_OPER_DORMANT : IF_OPER_UP);

	failed |= nla_put_u8(message, IFLA_LINKMODE,
			     dormant ? RTNL_LINK_MODE_DORMANT : RTNL_LINK_MODE_DEFAULT);
	return failed;
}

static int set_fields(struct rtnl *r, uint32_t ifindex, const struct kernel_link_change *change)
{
	uint32_t mask = flag(change, KERNEL_LINK_UP, IFF_UP) |
			flag(change, KERNEL_LINK_ALLMULTI, IFF_ALLMULTI) |
			flag(change, KERNEL_LINK_PROMISC, IFF_PROMISC);
	uint32_t set = (change->up ? IFF_UP : 0) | (change->allmulti ? IFF_ALLMULTI : 0) |
		       (change->promisc ? IFF_PROMISC : 0);
	UTIL_CLEANUP(rtnl_message_freep)
	struct nl_msg *message = rtnl_message_link(RTM_NEWLINK, 0, ifindex, set & mask, mask);
	int failed = 0;

	if (!message)
		return -ENOMEM;
	if (change->set & KERNEL_LINK_MTU)
		failed |= nla_put_u32(message, IFLA_MTU, change->mtu);
	if (change->set & KERNEL_LINK_ADDRESS)
		failed |= nla_put(message, IFLA_ADDRESS, MAC_LEN, change->address);
	if (change->set & KERNEL_LINK_DORMANT)
		failed |= put_dormant(message, change->dormant);
	return failed ? -ENOMEM : rtnl_exchange_plain(r, message);
}

int rtnl_link_set(void *rtnl, uint32_t ifindex, const struct kernel_link_change *change)
{
	unsigned int fields = change->set & ~(unsigned int)KERNEL_LINK_FQ;
	int err = fields ? set_fields(rtnl, ifindex, change) : 0;

	if (err || !(change->set & KERNEL_LINK_FQ))
		return err;
	return rtnl_queue_set(rtnl, ifindex, change->fq);
}

int rtnl_link_del(void *rtnl, uint32_t ifindex)
{
	UTIL_CLEANUP(rtnl_message_freep)
	struct nl_msg *message = rtnl_message_link(RTM_DELLINK, 0, ifindex, 0, 0);

	return message ? rtnl_exchange_plain(rtnl, message) : -ENOMEM;
}

int rtnl_link_no_ipv6_address(void *rtnl, uint32_t ifindex)
{
	UTIL_CLEANUP(rtnl_message_freep)
	struct nl_msg *message = rtnl_message_link(RTM_NEWLINK, 0, ifindex, 0, 0);
	struct nlattr *families = message ? nla_nest_start(message, IFLA_AF_SPEC) : NULL;
	struct nlattr *family = families ? nla_nest_start(message, AF_INET6) : NULL;

	if (!family || nla_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE) < 0)
		return -ENOMEM;
	nla_nest_end(message, family);
	nla_nest_end(message, families);
	return rtnl_exchange_plain(rtnl, message);
}

int rtnl_link_filter(void *rtnl, uint32_t ifindex, const uint8_t address[MAC_LEN], bool add)
{
	struct ndmsg neighbour = {
		.ndm_family = PF_BRIDGE,
		.ndm_ifindex = ifindex,
		.ndm_state = NUD_PERMANENT,
		.ndm_flags = NTF_SELF,
	};
	UTIL_CLEANUP(rtnl_message_freep)
	struct nl_msg *message = rtnl_message_new(add ? RTM_NEWNEIGH : RTM_DELNEIGH,
						  add ? NLM_F_CREATE | NLM_F_EXCL : 0, &neighbour,
						  sizeof(neighbour));
	int r;

	if (!message || nla_put(message, NDA_LLADDR, MAC_LEN, address) < 0)
		return -ENOMEM;
	r = rtnl_exchange_plain(rtnl, message);
	return r == (add ? -EEXIST : -ENOENT) ? 0 : r;
}

/* --- the socket --- */

static void rtnl_freep(struct rtnl **r)
{
	rtnl_free(*r);
}

int rtnl_send_frame(void *rtnl, uint32_t ifindex, const void *frame, size_t length)
{
	struct rtnl *r = rtnl;
	int fd;

	if (r->frames < 0) {
		fd = frame_open();
		if (fd < 0)
			return fd;
		r->frames = fd;
	}
	return frame_send(r->frames, ifindex, frame, length);
}

int rtnl_listen(void *rtnl, uint32_t ifindex, const struct kernel_filter *filter, int *ret)
{
	int fd = frame_listen(ifindex, filter);

	if (fd < 0)
		return fd;
	*ret = fd;
	return 0;
}

int rtnl_hear(void *rtnl, int listener, struct kernel_frame *ret)
{
	return frame_hear(listener, ret);
}

void rtnl_listen_end(void *rtnl, int listener)
{
	close(listener);
}

void rtnl_set_sysfs(struct rtnl *r, const char *path)
{
	r->sysfs = path;
}

static int socket_open(struct rtnl *r)
{
	int n;

	r->frames = r->questions = -1;
	r->sysfs = "/sys";
	r->socket = nl_socket_alloc();
	if (!r->socket)
		return -ENOMEM;
	n = nl_connect(r->socket, NETLINK_ROUTE);
	if (n < 0)
		return error_from_nl(n);
	/* An answer may be longer than libnl's first guess. */
	nl_socket_enable_msg_peek(r->socket);
	r->questions = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (r->questions < 0)
		return -errno;
	n = netlink_connect_kernel(r->questions);
	return n < 0 ? n : netlink_connect_kernel(nl_socket_get_fd(r->socket));
}

int rtnl_new(struct rtnl **ret)
{
	UTIL_CLEANUP(rtnl_freep) struct rtnl *r = calloc(1, sizeof(*r));
	int n = r ? socket_open(r) : -ENOMEM;

	if (n < 0)
		return n;
	*ret = UTIL_TAKE_PTR(r);
	return 0;
}

void rtnl_free(struct rtnl *r)
{
	if (!r)
		return;
	asker_free(r->asker);
	util_closep(&r->questions);
	nl_socket_free(r->socket);
	if (r->frames >= 0)
		close(r->frames);
	free(r);
}
