/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sending half of stream.c. */
#ifndef TOOLS_STREAM_SEND_H
#define TOOLS_STREAM_SEND_H

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "stream.h"

struct sender {
	int fd;
	size_t head; /* where in the frame struct stream_head is */
	size_t size; /* of what is handed to the socket */
	uint64_t sent, errors;
	uint64_t begin_ns, end_ns;
	uint16_t id;
	const uint64_t *progress; /* NULL: no window */
	uint8_t frames[STREAM_BATCH][STREAM_SIZE_MAX];
	struct iovec iov[STREAM_BATCH];
	struct mmsghdr messages[STREAM_BATCH];
};

static inline void sender_print(void *context, FILE *f)
{
	const struct sender *s = context;
	uint64_t end = s->end_ns ?: common_now_ns();

	fprintf(f, "{\"sent\":%" PRIu64 ",\"send_errors\":%" PRIu64 ",\"seconds\":%.3f}\n", s->sent,
		s->errors, (double)(end - s->begin_ns) / 1e9);
}

/* ADDRESS:PORT of IPv4 into a connected socket. */
static inline int sender_udp(const char *to)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	const char *colon = strrchr(to, ':');
	char host[INET_ADDRSTRLEN] = "";
	int fd;

	if (colon && (size_t)(colon - to) < sizeof(host))
		memcpy(host, to, (size_t)(colon - to));
	if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
		errx(COMMON_USAGE, "--to %s is not ADDRESS:PORT", to);
	address.sin_port = htons((uint16_t)common_number("--to's port", colon + 1, 1, 65535));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		err(COMMON_FAILED, "%s", to);
	return fd;
}

static inline void device_mac(int fd, const char *dev, uint8_t ret[COMMON_MAC_LEN])
{
	struct ifreq request = {};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", dev);
	if (ioctl(fd, SIOCGIFHWADDR, &request))
		err(COMMON_FAILED, "%s", dev);
	memcpy(ret, request.ifr_hwaddr.sa_data, COMMON_MAC_LEN);
}

/* Writes the Ethernet header; returns its length. */
static inline size_t sender_ethernet(struct sender *s, struct stream_options *o, uint8_t *frame)
{
	static const uint8_t tag_proto[] = { ETH_P_8021Q >> 8, ETH_P_8021Q & 0xff };
	static const uint8_t proto[] = { STREAM_PROTO >> 8, STREAM_PROTO & 0xff };
	const uint8_t tci[] = { (uint8_t)(o->vlan >> 8), (uint8_t)o->vlan };
	uint8_t *p = frame;

	if (!o->has_src)
		device_mac(s->fd, o->dev, o->src);
	memcpy(p, o->dst, COMMON_MAC_LEN);
	memcpy(p + COMMON_MAC_LEN, o->src, COMMON_MAC_LEN);
	p += 2 * COMMON_MAC_LEN;
	if (o->vlan) {
		memcpy(p, tag_proto, sizeof(tag_proto));
		memcpy(p + 2, tci, sizeof(tci));
		p += 4;
	}
	memcpy(p, proto, sizeof(proto));
	return (size_t)(p + 2 - frame);
}

static inline void sender_open(struct sender *s, struct stream_options *o)
{
	int size = 4 << 20;

	s->id = o->id;
	if (o->to) {
		s->fd = sender_udp(o->to);
		s->size = o->size - STREAM_UDP_HEADERS;
	} else {
		s->fd = packet_socket(o->dev);
		s->size = o->size;
	}
	setsockopt(s->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	for (int i = 0; i < STREAM_BATCH; i++) {
		if (o->dev)
			s->head = sender_ethernet(s, o, s->frames[i]);
		s->iov[i].iov_base = s->frames[i];
		s->iov[i].iov_len = s->size;
		s->messages[i].msg_hdr.msg_iov = &s->iov[i];
		s->messages[i].msg_hdr.msg_iovlen = 1;
	}
}

static inline void sender_number(struct sender *s, unsigned int i, uint64_t number, uint16_t flags)
{
	const struct stream_head head = { .magic = htobe32(STREAM_MAGIC),
					  .id = htobe16(s->id),
					  .flags = htobe16(flags),
					  .number = htobe64(number) };

	memcpy(s->frames[i] + s->head, &head, sizeof(head));
}

/* The number that the receiver keeps in FILE. */
static inline const uint64_t *sender_progress(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *number;

	if (fd < 0)
		err(COMMON_FAILED, "%s", path);
	number = mmap(NULL, sizeof(uint64_t), PROT_READ, MAP_SHARED, fd, 0);
	if (number == MAP_FAILED)
		err(COMMON_FAILED, "%s", path);
	close(fd);
	return number;
}

/* How many of @n the window leaves room for. */
static inline unsigned int sender_room(const struct sender *s, const struct stream_options *o,
				       unsigned int n)
{
	uint64_t ahead;

	if (!s->progress)
		return n;
	ahead = s->sent - __atomic_load_n(s->progress, __ATOMIC_ACQUIRE);
	if (ahead >= o->window)
		return 0;
	return o->window - ahead < n ? (unsigned int)(o->window - ahead) : n;
}

/*
 * Sends the next @n frames. A frame that the kernel refuses has had its number: it is an error here
 * and lost at the receiver.
 */
static inline void sender_batch(struct sender *s, unsigned int n)
{
	unsigned int done = 0;

	for (unsigned int i = 0; i < n; i++)
		sender_number(s, i, s->sent + i, 0);
	while (done < n) {
		int k = sendmmsg(s->fd, s->messages + done, n - done, 0);

		if (k > 0) {
			done += (unsigned int)k;
		} else if (errno != EINTR) {
			s->errors++;
			done++;
		}
	}
	s->sent += n;
}

/* Number of frames that should have been sent by now and were not. */
static inline uint64_t sender_due(const struct sender *s, const struct stream_options *o,
				  uint64_t now_ns)
{
	uint64_t elapsed = now_ns - s->begin_ns, target;

	if (o->duration_ns && elapsed > o->duration_ns)
		elapsed = o->duration_ns;
	target = (uint64_t)((__uint128_t)elapsed * o->rate / 1000000000);
	if (o->count && target > o->count)
		target = o->count;
	return target > s->sent ? target - s->sent : 0;
}

static inline void sender_end_marks(struct sender *s, unsigned int ends)
{
	const struct timespec pause = { .tv_nsec = 20000000 };

	for (unsigned int i = 0; i < ends; i++) {
		sender_number(s, 0, s->sent, STREAM_END);
		/* One that is refused is why there are several. */
		if (sendmmsg(s->fd, s->messages, 1, 0) != 1)
			warn("end mark");
		if (i + 1 < ends)
			nanosleep(&pause, NULL);
	}
}

static inline int send_run(struct stream_options *o)
{
	struct sender *s = calloc(1, sizeof(*s));
	struct common_status status = { .path = o->status, .print = sender_print, .context = s };
	uint64_t due, now, next;

	if (!s)
		err(COMMON_FAILED, "memory");
	sender_open(s, o);
	if (o->progress)
		s->progress = sender_progress(o->progress);
	s->begin_ns = common_now_ns();
	next = s->begin_ns;
	while (!common_stop) {
		now = common_now_ns();
		for (due = sender_due(s, o, now); due && !common_stop;) {
			unsigned int n = due > STREAM_BATCH ? STREAM_BATCH : (unsigned int)due;

			n = sender_room(s, o, n);
			if (!n)
				break;
			sender_batch(s, n);
			due -= n;
		}
		common_status_tick(&status, now);
		if ((o->count && s->sent >= o->count) ||
		    (o->duration_ns && now - s->begin_ns >= o->duration_ns))
			break;
		next += STREAM_SLICE_NS;
		if (next < now)
			next = now;
		const struct timespec at = { .tv_sec = (time_t)(next / 1000000000),
					     .tv_nsec = (long)(next % 1000000000) };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
	}
	s->end_ns = common_now_ns();
	sender_end_marks(s, o->ends);
	common_status_end(&status);
	close(s->fd);
	free(s);
	return 0;
}

#endif
