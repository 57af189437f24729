/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two orders of arrival make this more than "read and believe":
 *
 * A socket that has lost one message loses all that follow, in silence, until it has been read
 * empty; and it takes no second dump while one is under way. So a socket with a hole is thrown away
 * and a new one asked for everything: no backlog from before the hole, no half-done dump.
 *
 * The kernel makes a piece of a dump under its lock and queues it after letting go. An event that
 * is newer may get ahead of it. So a device that had an event while a dump runs is known from that
 * event, and what the dump says of it is passed over.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <poll.h>

#include "asker.h"
#include "link_parse.h"
#include "monitor.h"
#include "monitor_ask.h"
#include "monitor_touched.h"
#include "netlink.h"

#define MONITOR_BUFFER_BYTES	8388608 /* some thousand events */
#define MONITOR_DATAGRAM_BYTES	65536	/* the kernel's pieces of a dump have at most 32 KiB */
#define MONITOR_GROUPS		(RTMGRP_LINK | RTMGRP_TC)
#define MONITOR_ADDRESS_GROUPS	(RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR)
#define MONITOR_READS_PER_TURN	4096 /* some 10 ms: what is left then has to wait for one turn */
#define MONITOR_READS_PER_DRAIN 65536
#define MONITOR_FIRST_TRIES	64    /* dumps interrupted by others' changes before we give up */
#define MONITOR_AGAIN_US	10000 /* from a dump that failed to the next one */
#define MONITOR_ANSWER_MS	1000
#define MONITOR_POLL_US		100000 /* usually some ten */

/* Of Linux 6.14; numbers of an ABI, which older headers do not have. */
#define MONITOR_GROUP_IPV4_MCADDR 37
#define MONITOR_GROUP_IPV6_MCADDR 38
#define MONITOR_RTM_NEWMULTICAST  56
#define MONITOR_RTM_DELMULTICAST  57

struct monitor {
	struct monitor_callbacks callbacks;
	void *context;
	struct mnl_socket *socket;
	struct asker *asker;
	sd_event_source *io;
	sd_event_source *again; /* a timer, on while a dump is owed and cannot be had at once */
	int buffer_bytes;
	uint32_t sequence; /* of the last request */
	uint32_t dump;	   /* the request whose dump is under way, 0: none */
	bool addresses;	   /* the second half of a dump is under way, that of addresses */
	int dump_result;   /* of the dump under way, or of the last one; 0 or -errno */
	bool stale;	   /* no whole dump since the last loss */
	bool reading;
	void *touched; /* what had an event during the dump: a set of touched_*() */
	uint64_t overruns;
	char datagram[MONITOR_DATAGRAM_BYTES] __attribute__((aligned(8)));
};

static void touch(struct monitor *m, uintptr_t number)
{
	if (m->dump && touched_add(&m->touched, number))
		m->dump_result = -ENOMEM;
}

/* --- requests --- */

static uint32_t next_sequence(struct monitor *m)
{
	m->sequence = m->sequence == UINT32_MAX ? 1 : m->sequence + 1;
	return m->sequence;
}

static int request(struct monitor *m, const struct nlmsghdr *message)
{
	return mnl_socket_sendto(m->socket, message, message->nlmsg_len) < 0 ? -errno : 0;
}

/* Whoever has changed what we ask about has let go of the lock. */
static void request_link(struct monitor *m, uint32_t ifindex)
{
	char buffer[MONITOR_ASK_BYTES] __attribute__((aligned(8)));

	if (ifindex != 0 && ifindex <= INT32_MAX)
		request(m, monitor_ask_link(buffer, next_sequence(m), ifindex));
}

static int dump_start(struct monitor *m)
{
	char buffer[MONITOR_ASK_BYTES] __attribute__((aligned(8)));
	int r;

	touched_clear(&m->touched);
	m->addresses = false;
	m->dump = 0;
	m->dump_result = 0;
	m->callbacks.on_dump_begin(m->context);
	r = request(m, monitor_ask_link(buffer, next_sequence(m), 0));
	if (r < 0)
		return r;
	m->dump = m->sequence;
	return 0;
}

/* One dump at a time: the addresses come after the devices. */
static bool dump_goes_on(struct monitor *m, int *result)
{
	char buffer[MONITOR_ASK_BYTES] __attribute__((aligned(8)));

	if (!m->callbacks.on_address || m->addresses || *result < 0 || m->dump_result < 0)
		return false;
	*result = request(m, monitor_ask_addresses(buffer, next_sequence(m)));
	if (*result < 0)
		return false;
	m->addresses = true;
	m->dump = m->sequence;
	return true;
}

static void dump_end(struct monitor *m, int result)
{
	if (dump_goes_on(m, &result))
		return;
	m->dump = 0;
	touched_clear(&m->touched);
	if (result < 0)
		m->dump_result = result;
	if (m->dump_result < 0)
		return;
	m->stale = false;
	m->callbacks.on_dump_end(m->context);
}

/* --- the socket --- */

static int socket_size(const struct mnl_socket *s, int bytes)
{
	int fd = mnl_socket_get_fd(s);

	/* The first one passes net.core.rmem_max, but needs a privilege. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) < 0)
		return -errno;
	return 0;
}

static void socket_closep(struct mnl_socket **s)
{
	if (*s)
		mnl_socket_close(*s);
}

/* An older kernel may refuse: then the groups are not told of, as with memberships without IP. */
static void socket_join(const struct mnl_socket *s, int group)
{
	mnl_socket_setsockopt(s, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group));
}

static int socket_open(int bytes, unsigned int groups, struct mnl_socket **ret)
{
	UTIL_CLEANUP(socket_closep)
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int r;

	if (!s)
		return -errno;
	r = socket_size(s, bytes);
	if (r < 0)
		return r;
	if (mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	r = netlink_connect_kernel(mnl_socket_get_fd(s));
	if (r < 0)
		return r;
	socket_join(s, MONITOR_GROUP_IPV4_MCADDR);
	socket_join(s, MONITOR_GROUP_IPV6_MCADDR);
	socket_join(s, RTNLGRP_IPV6_NETCONF);
	*ret = UTIL_TAKE_PTR(s);
	return 0;
}

/* The one recovery path, and the beginning: a new socket, and a dump from it. */
static int resync(struct monitor *m)
{
	UTIL_CLEANUP(socket_closep) struct mnl_socket *s = NULL;
	unsigned int groups = MONITOR_GROUPS;
	struct mnl_socket *old;
	int r;

	m->stale = true;
	m->dump = 0;
	if (m->callbacks.on_address)
		groups |= MONITOR_ADDRESS_GROUPS;
	r = socket_open(m->buffer_bytes, groups, &s);
	if (r < 0)
		return r;
	if (m->io) {
		r = sd_event_source_set_io_fd(m->io, mnl_socket_get_fd(s));
		if (r < 0)
			return r;
	}
	old = m->socket;
	m->socket = s;
	s = old;
	return dump_start(m);
}

/* --- what arrives --- */

/* Others' requests may bear our numbers into an event, but an event is never one of several. */
static bool is_dump_answer(const struct monitor *m, const struct nlmsghdr *message)
{
	return m->dump && (message->nlmsg_flags & NLM_F_MULTI) && message->nlmsg_seq == m->dump &&
	       message->nlmsg_pid == mnl_socket_get_portid(m->socket);
}

static void handle_new(struct monitor *m, const struct nlmsghdr *message)
{
	struct link l;

	if (link_parse(message, &l) < 0)
		return;
	if (!is_dump_answer(m, message))
		touch(m, l.ifindex);
	else if (touched_has(&m->touched, l.ifindex))
		return;
	m->callbacks.on_link(m->context, &l);
}

static void handle_gone(struct monitor *m, uint32_t ifindex)
{
	touch(m, ifindex);
	m->callbacks.on_gone(m->context, ifindex);
}

static void handle_del(struct monitor *m, const struct nlmsghdr *message)
{
	uint32_t ifindex;

	if (link_parse_gone(message, &ifindex) == 0)
		handle_gone(m, ifindex);
}

/* One that is not used (yet) is not there. */
static void handle_address(struct monitor *m, const struct nlmsghdr *message)
{
	struct address a;
	bool usable;

	if (!m->callbacks.on_address || link_parse_address(message, &a, &usable) < 0)
		return;
	if (!is_dump_answer(m, message))
		touch(m, touched_address(&a));
	else if (touched_has(&m->touched, touched_address(&a)))
		return;
	m->callbacks.on_address(m->context, &a, message->nlmsg_type == RTM_NEWADDR && usable);
}

static void handle_done(struct monitor *m, const struct nlmsghdr *message)
{
	int result = 0;

	if (!is_dump_answer(m, message))
		return;
	if (mnl_nlmsg_get_payload_len(message) >= sizeof(result))
		memcpy(&result, mnl_nlmsg_get_payload(message), sizeof(result));
	dump_end(m, result);
}

/* The kernel sends our request back behind the error; it tells which device is not there. */
static void handle_error(struct monitor *m, const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
	size_t size = mnl_nlmsg_get_payload_len(message);
	uint32_t ifindex;

	if (size < sizeof(*error))
		return;
	if (m->dump && message->nlmsg_seq == m->dump) {
		dump_end(m, error->error < 0 ? error->error : -EPROTO);
		return;
	}
	if (error->error != -ENODEV || error->msg.nlmsg_type != RTM_GETLINK ||
	    error->msg.nlmsg_len > size - offsetof(struct nlmsgerr, msg))
		return;
	if (link_parse_gone(&error->msg, &ifindex) == 0)
		handle_gone(m, ifindex);
}

static void handle_unhooked(struct monitor *m, const struct nlmsghdr *message)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(message);
	const bool del =
		message->nlmsg_type == RTM_DELQDISC || message->nlmsg_type == RTM_DELTFILTER;

	if (del && m->callbacks.on_unhooked && mnl_nlmsg_get_payload_len(message) >= sizeof(*tc) &&
	    tc->tcm_ifindex > 0)
		m->callbacks.on_unhooked(m->context, (uint32_t)tc->tcm_ifindex);
}

/* Which queue a device has is part of what is known of it, and no news of the device itself. */
static void handle_queue(struct monitor *m, const struct nlmsghdr *message)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*tc))
		return;
	if (tc->tcm_parent == TC_H_ROOT)
		request_link(m, (uint32_t)tc->tcm_ifindex);
	else if (tc->tcm_parent == TC_H_CLSACT)
		handle_unhooked(m, message);
}

/* The same of whether it forwards: there is no other news of that. */
static void handle_conf(struct monitor *m, const struct nlmsghdr *message)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, message,
			  sizeof(struct netconfmsg)) if (mnl_attr_get_type(a) == NETCONFA_IFINDEX &&
							 mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
		request_link(m, mnl_attr_get_u32(a)); /* "all" and "default" are no devices */
}

static void handle(struct monitor *m, const struct nlmsghdr *message)
{
	if ((message->nlmsg_flags & NLM_F_DUMP_INTR) && is_dump_answer(m, message))
		m->dump_result = -EINTR;
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
		handle_new(m, message);
		break;
	case RTM_DELLINK:
		handle_del(m, message);
		break;
	case RTM_NEWNETCONF:
		handle_conf(m, message);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		handle_address(m, message);
		break;
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
		handle_queue(m, message);
		break;
	case RTM_DELTFILTER:
		handle_unhooked(m, message);
		break;
	case MONITOR_RTM_NEWMULTICAST:
	case MONITOR_RTM_DELMULTICAST:
		if (m->callbacks.on_groups)
			m->callbacks.on_groups(m->context);
		break;
	case NLMSG_DONE:
		handle_done(m, message);
		break;
	case NLMSG_ERROR:
		handle_error(m, message);
		break;
	}
}

/* mnl_nlmsg_ok() alone takes a length of more than INT_MAX for a negative one, which fits. */
static bool message_fits(const struct nlmsghdr *message, int left)
{
	return mnl_nlmsg_ok(message, left) && message->nlmsg_len <= (unsigned int)left;
}

/* 1: a datagram was read; 0: there is none; -errno: news was lost. */
static int read_datagram(struct monitor *m)
{
	struct sockaddr_nl from = { 0 };
	struct iovec part = { m->datagram, sizeof(m->datagram) };
	struct msghdr header = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &part,
		.msg_iovlen = 1,
	};
	const struct nlmsghdr *message = (const struct nlmsghdr *)m->datagram;
	/* Not mnl_socket_recvfrom(): it keeps the sender to itself. */
	ssize_t n = recvmsg(mnl_socket_get_fd(m->socket), &header, 0);
	int left = n;

	if (n < 0 && errno == EINTR)
		return 1;
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (header.msg_namelen != sizeof(from) || from.nl_pid != 0)
		return 1; /* another process has sent it to the group */
	if (header.msg_flags & MSG_TRUNC)
		return -ENOBUFS;
	for (; message_fits(message, left); message = mnl_nlmsg_next(message, &left))
		handle(m, message);
	return 1;
}

/* After a failure the loop tries again, but not in a spin. */
static void dump_again_later(struct monitor *m)
{
	int on = SD_EVENT_OFF;

	if (!m->stale || m->dump || !m->again)
		return;
	if (sd_event_source_get_enabled(m->again, &on) >= 0 && on != SD_EVENT_OFF)
		return;
	sd_event_source_set_time_relative(m->again, MONITOR_AGAIN_US);
	sd_event_source_set_enabled(m->again, SD_EVENT_ONESHOT);
}

static int on_lost(struct monitor *m)
{
	m->overruns++;
	m->callbacks.on_overrun(m->context);
	return resync(m);
}

/* Reads at most @max datagrams. 0, or -errno if a lost piece could not be asked for at once. */
static int read_some(struct monitor *m, unsigned int max)
{
	int r = 1;

	if (m->reading) /* called by a callback; the outer call goes on */
		return 0;
	m->reading = true;
	if (m->callbacks.on_batch_begin)
		m->callbacks.on_batch_begin(m->context);
	for (unsigned int i = 0; i < max && r > 0; i++) {
		r = read_datagram(m);
		if (r < 0) {
			r = on_lost(m);
			r = r < 0 ? r : 1;
		}
	}
	if (m->callbacks.on_batch_end)
		m->callbacks.on_batch_end(m->context);
	m->reading = false;
	dump_again_later(m);
	return r < 0 ? r : 0;
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *context)
{
	read_some(context, MONITOR_READS_PER_TURN); /* a failure has set the timer */
	return 0;
}

static int on_again(sd_event_source *source, uint64_t usec, void *context)
{
	struct monitor *m = context;

	if (m->stale && !m->dump)
		resync(m);
	dump_again_later(m);
	return 0;
}

/* --- the outside --- */

/* The kernel answers within our own calls; the deadline is for the day on which it does not. */
static int dump_wait(struct monitor *m)
{
	while (m->dump) {
		struct pollfd p = { mnl_socket_get_fd(m->socket), POLLIN };
		int r = poll(&p, 1, MONITOR_ANSWER_MS);

		if (r < 0 && errno != EINTR)
			return -errno;
		if (r == 0)
			return -ETIMEDOUT;
		r = read_some(m, MONITOR_READS_PER_DRAIN);
		if (r < 0)
			return r;
	}
	return 0;
}

static int first_dump(struct monitor *m)
{
	for (int i = 0; i < MONITOR_FIRST_TRIES; i++) {
		int r = resync(m);

		if (r == 0)
			r = dump_wait(m);
		if (r < 0)
			return r;
		if (!m->stale)
			return 0;
	}
	return m->dump_result;
}

static int sources_add(struct monitor *m, sd_event *loop)
{
	int r = sd_event_add_io(loop, &m->io, mnl_socket_get_fd(m->socket), EPOLLIN, on_readable,
				m);

	if (r >= 0)
		r = sd_event_source_set_priority(m->io, SD_EVENT_PRIORITY_IMPORTANT);
	if (r >= 0)
		r = sd_event_add_time_relative(loop, &m->again, CLOCK_MONOTONIC, 0, 1000, on_again,
					       m);
	if (r >= 0)
		r = sd_event_source_set_enabled(m->again, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_source_set_priority(m->again, SD_EVENT_PRIORITY_IMPORTANT);
	return r < 0 ? r : 0;
}

static void monitor_freep(struct monitor **m)
{
	monitor_free(*m);
}

int monitor_new(sd_event *loop, const struct monitor_callbacks *callbacks, void *context,
		struct monitor **ret)
{
	UTIL_CLEANUP(monitor_freep) struct monitor *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->callbacks = *callbacks;
	m->context = context;
	m->buffer_bytes = MONITOR_BUFFER_BYTES;
	r = asker_new(&m->asker);
	if (r == 0)
		r = first_dump(m);
	if (r < 0)
		return r;
	r = sources_add(m, loop);
	if (r < 0)
		return r;
	*ret = UTIL_TAKE_PTR(m);
	return 0;
}

void monitor_free(struct monitor *m)
{
	if (!m)
		return;
	sd_event_source_disable_unref(m->again);
	sd_event_source_disable_unref(m->io);
	asker_free(m->asker);
	socket_closep(&m->socket);
	touched_clear(&m->touched);
	free(m);
}

/* Who cannot be asked now is asked again soon. */
int monitor_poll(struct monitor *m, uint32_t ifindex)
{
	char buffer[MONITOR_ASK_BYTES] __attribute__((aligned(8)));
	const struct nlmsghdr *message;
	ssize_t n;

	if (ifindex == 0 || ifindex > INT32_MAX)
		return -EINVAL;
	message = monitor_ask_link(buffer, next_sequence(m), ifindex);
	n = asker_ask(m->asker, mnl_socket_get_fd(m->socket), message, message->nlmsg_len, NULL, 0,
		      MONITOR_POLL_US);
	return n < 0 && n != -EAGAIN ? (int)n : 0;
}

int monitor_drain(struct monitor *m)
{
	return read_some(m, MONITOR_READS_PER_DRAIN);
}

int monitor_buffer_bytes(const struct monitor *m)
{
	int bytes = 0;
	socklen_t size = sizeof(bytes);

	if (getsockopt(mnl_socket_get_fd(m->socket), SOL_SOCKET, SO_RCVBUF, &bytes, &size) < 0)
		return -errno;
	return bytes;
}

uint64_t monitor_overruns(const struct monitor *m)
{
	return m->overruns;
}

int monitor_set_buffer_bytes(struct monitor *m, int bytes)
{
	int r = socket_size(m->socket, bytes);

	if (r < 0)
		return r;
	m->buffer_bytes = bytes;
	return 0;
}
