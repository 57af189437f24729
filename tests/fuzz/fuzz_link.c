/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says: datagrams of rtnetlink, to the monitor, which tells a manager. The
 * monitor's socket is real, but what it would send or receive is the target's. A datagram is two
 * bytes that say how long it is, and itself; 0xffff is a loss. Sequence numbers of 0 stand for that
 * of the dump under way, so that its answers can be made up.
 */
/* wraps: recvmsg poll mnl_socket_sendto */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <poll.h>

#include "../../daemon/link_parse.h"
#include "../../daemon/log.h"
#include "../../daemon/monitor.h"
#include "../unit/world.h"
#include "fuzz.h"

ssize_t __wrap_recvmsg(int fd, struct msghdr *m, int flags);
int __wrap_poll(struct pollfd *p, nfds_t count, int timeout_ms);
ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *s, const void *data, size_t size);

static struct fuzz f;
static struct nlmsghdr asked; /* the last request */
static uint32_t port;
static bool answered; /* the first dump, at once */
static bool started;

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *s, const void *data, size_t size)
{
	memcpy(&asked, data, sizeof(asked));
	port = mnl_socket_get_portid(s);
	return (ssize_t)size;
}

int __wrap_poll(struct pollfd *p, nfds_t count, int timeout_ms)
{
	p->revents = POLLIN;
	return !answered;
}

/* Numbers of the dump where there are none; messages stay where they are. */
static void number(char *data, size_t size)
{
	struct nlmsghdr m;

	for (size_t at = 0; at + sizeof(m) <= size; at += NLMSG_ALIGN(m.nlmsg_len)) {
		memcpy(&m, data + at, sizeof(m));
		if (m.nlmsg_len < sizeof(m) || m.nlmsg_len > size - at)
			return;
		if (!m.nlmsg_seq) {
			m.nlmsg_seq = asked.nlmsg_seq;
			m.nlmsg_pid = port;
		}
		memcpy(data + at, &m, sizeof(m));
	}
}

static size_t make_done(char *data)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(data);

	m->nlmsg_type = NLMSG_DONE;
	m->nlmsg_flags = NLM_F_MULTI;
	mnl_nlmsg_put_extra_header(m, sizeof(int));
	return m->nlmsg_len;
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *m, int flags)
{
	char *data = m->msg_iov->iov_base;
	size_t size;

	((struct sockaddr_nl *)m->msg_name)->nl_pid = 0;
	m->msg_namelen = sizeof(struct sockaddr_nl);
	m->msg_flags = 0;
	if (!answered) {
		answered = true;
		size = make_done(data);
	} else {
		if (f.size < 2 || !started) {
			errno = EAGAIN;
			return -1;
		}
		size = fuzz_byte(&f);
		size |= (size_t)fuzz_byte(&f) << 8;
		if (size == 0xffff) {
			errno = ENOBUFS;
			return -1;
		}
		if (size > f.size)
			size = f.size;
		memcpy(data, f.data, size);
		f.data += size;
		f.size -= size;
	}
	number(data, size);
	return (ssize_t)size;
}

static void on_link(void *context, const struct link *l)
{
	ck_assert(l->ifindex > 0 && l->ifindex <= INT32_MAX && l->name[0]);
	ck_assert_uint_lt(strnlen(l->name, sizeof(l->name)), sizeof(l->name));
	ck_assert_uint_lt(strnlen(l->kind, sizeof(l->kind)), sizeof(l->kind));
	ck_assert_uint_lt(strnlen(l->qdisc, sizeof(l->qdisc)), sizeof(l->qdisc));
	if (l->ifindex < FAKE_IFINDEX_MAX)
		manager_on_link(context, l);
}

static void on_gone(void *context, uint32_t ifindex)
{
	ck_assert_uint_gt(ifindex, 0);
	manager_on_gone(context, ifindex);
}

static void on_dump_begin(void *context)
{
	manager_on_dump_begin(context);
}

static void on_dump_end(void *context)
{
	manager_on_dump_end(context);
}

static void on_overrun(void *context)
{
	manager_on_overrun(context);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct monitor_callbacks callbacks = { on_link, on_gone, on_dump_begin,
							    on_dump_end, on_overrun };
	struct world *w = world_new();
	struct monitor *m;
	sd_event *loop;

	f = (struct fuzz) { data, size };
	answered = started = false;
	world_usual(w);
	ck_assert_int_ge(sd_event_new(&loop), 0);
	ck_assert_int_eq(monitor_new(loop, &callbacks, w->m, &m), 0);
	started = true;
	while (f.size >= 2) {
		monitor_drain(m);
		manager_settle(w->m);
		world_forget_journal(w);
		world_forget_events(w);
	}
	monitor_free(m);
	sd_event_unref(loop);
	world_free(w);
	return 0;
}
