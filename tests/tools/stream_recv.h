/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The receiving half of stream.c. */
#ifndef TOOLS_STREAM_RECV_H
#define TOOLS_STREAM_RECV_H

#include <linux/sock_diag.h>
#include <poll.h>

#include "stream_count.h"

struct receiver {
	int fd;
	bool packet, ended;
	size_t head;
	uint16_t id;
	struct stream_count count;
	uint64_t other_host, foreign, bytes;
	uint64_t total; /* as the end mark says */
	uint64_t quiet_since_ns;
	uint8_t frames[STREAM_BATCH][128];
	uint8_t control[STREAM_BATCH][64];
	struct sockaddr_ll from[STREAM_BATCH];
	struct iovec iov[STREAM_BATCH];
	struct mmsghdr messages[STREAM_BATCH];
};

static inline uint32_t receiver_overflow(const struct receiver *r)
{
	uint32_t info[SK_MEMINFO_VARS] = {};
	socklen_t size = sizeof(info);

	if (getsockopt(r->fd, SOL_SOCKET, SO_MEMINFO, info, &size))
		err(COMMON_FAILED, "SO_MEMINFO");
	return info[SK_MEMINFO_DROPS];
}

static inline void receiver_print(void *context, FILE *f)
{
	const struct receiver *r = context;
	uint64_t expected = stream_count_expected(&r->count);

	if (r->ended && r->total > expected)
		expected = r->total;
	fputc('{', f);
	stream_count_print(&r->count, expected, f);
	fprintf(f,
		",\"bytes\":%" PRIu64 ",\"other_host\":%" PRIu64 ",\"foreign\":%" PRIu64
		",\"receiver_overflow\":%u,\"ended\":%s}\n",
		r->bytes, r->other_host, r->foreign, receiver_overflow(r),
		r->ended ? "true" : "false");
}

static inline int receiver_udp(uint16_t port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		err(COMMON_FAILED, "port %u", port);
	return fd;
}

static inline void receiver_promisc(int fd, const char *dev)
{
	const struct packet_mreq request = { .mr_ifindex = common_ifindex(dev),
					     .mr_type = PACKET_MR_PROMISC };

	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request)))
		err(COMMON_FAILED, "%s", dev);
}

static inline void receiver_open(struct receiver *r, const struct stream_options *o)
{
	int size = STREAM_RCVBUF, on = 1;

	r->id = o->id;
	r->packet = o->dev;
	r->fd = o->dev ? packet_socket(o->dev) : receiver_udp(o->port);
	if (o->dev) {
		r->head = ETH_HLEN;
		if (setsockopt(r->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)))
			err(COMMON_FAILED, "PACKET_IGNORE_OUTGOING");
		if (o->promisc)
			receiver_promisc(r->fd, o->dev);
	}
	if (setsockopt(r->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(r->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)))
		err(COMMON_FAILED, "socket options");
	stream_count_open(&r->count);
	for (int i = 0; i < STREAM_BATCH; i++) {
		struct msghdr *m = &r->messages[i].msg_hdr;

		r->iov[i].iov_base = r->frames[i];
		r->iov[i].iov_len = sizeof(r->frames[i]);
		m->msg_iov = &r->iov[i];
		m->msg_iovlen = 1;
		m->msg_control = r->control[i];
		m->msg_name = r->packet ? &r->from[i] : NULL;
	}
}

/* When the kernel got the frame: the receiver's own waiting is not in the gaps. */
static inline uint64_t message_time_ns(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct timespec t;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
	}
	return 0;
}

static inline void receiver_frame(struct receiver *r, unsigned int i)
{
	struct mmsghdr *m = &r->messages[i];
	struct stream_head head;
	uint64_t number;

	if (m->msg_len >= r->head + sizeof(head))
		memcpy(&head, r->frames[i] + r->head, sizeof(head));
	else
		memset(&head, 0, sizeof(head));
	number = be64toh(head.number);
	if (be32toh(head.magic) != STREAM_MAGIC || be16toh(head.id) != r->id ||
	    number >= STREAM_NUMBERS_MAX) {
		r->foreign++;
		return;
	}
	if (be16toh(head.flags) & STREAM_END) {
		r->ended = true;
		r->total = number;
		return;
	}
	r->bytes += m->msg_len;
	if (r->packet && r->from[i].sll_pkttype == PACKET_OTHERHOST)
		r->other_host++;
	stream_count_take(&r->count, number, message_time_ns(&m->msg_hdr));
}

/* Reads all that is there. Returns whether anything was. */
static inline bool receiver_read(struct receiver *r)
{
	int n;

	for (int i = 0; i < STREAM_BATCH; i++) {
		r->messages[i].msg_hdr.msg_controllen = sizeof(r->control[i]);
		r->messages[i].msg_hdr.msg_namelen = r->packet ? sizeof(r->from[i]) : 0;
	}
	/* MSG_TRUNC: msg_len is the frame's, however much of it was copied. */
	n = recvmmsg(r->fd, r->messages, STREAM_BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
	if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
		err(COMMON_FAILED, "recvmmsg");
	for (int i = 0; i < n; i++)
		receiver_frame(r, (unsigned int)i);
	return n > 0;
}

static inline int recv_run(struct stream_options *o)
{
	struct receiver *r = calloc(1, sizeof(*r));
	struct common_status status = { .path = o->status, .print = receiver_print, .context = r };
	uint64_t begin = common_now_ns(), now = begin;
	struct pollfd wait = { .events = POLLIN };

	if (!r)
		err(COMMON_FAILED, "memory");
	receiver_open(r, o);
	wait.fd = r->fd;
	common_ready();
	r->quiet_since_ns = begin;
	while (!common_stop) {
		bool any = receiver_read(r);

		now = common_now_ns();
		if (any)
			r->quiet_since_ns = now;
		common_status_tick(&status, now);
		if ((r->ended || (o->count && r->count.received >= o->count)) &&
		    now - r->quiet_since_ns >= STREAM_QUIET_NS)
			break;
		if (o->duration_ns && now - begin >= o->duration_ns)
			break;
		if (!any)
			poll(&wait, 1, 20);
	}
	while (receiver_read(r))
		;
	common_status_end(&status);
	close(r->fd);
	free(r->count.seen);
	free(r);
	return 0;
}

#endif
