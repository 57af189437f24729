/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both ends of a stream agree on. */
#ifndef TOOLS_STREAM_H
#define TOOLS_STREAM_H

#include <arpa/inet.h>
#include <endian.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include "common.h"

#define STREAM_MAGIC	   0x766e6574 /* "vnet" */
#define STREAM_END	   1
#define STREAM_PROTO	   0x88b5 /* IEEE: local experiments */
#define STREAM_NUMBERS_MAX 100000000
#define STREAM_BATCH	   64
#define STREAM_UDP_HEADERS 42 /* Ethernet, IPv4, UDP */
#define STREAM_SIZE_MIN	   60
#define STREAM_SIZE_MAX	   9018
#define STREAM_RCVBUF	   (64 << 20)
#define STREAM_SLICE_NS	   1000000
#define STREAM_QUIET_NS	   200000000

/* What a frame carries, in network order. */
struct stream_head {
	uint32_t magic;
	uint16_t id;
	uint16_t flags;
	uint64_t number; /* of an end mark: how many were sent */
} __attribute__((packed));

struct stream_options {
	const char *to;
	const char *dev;
	const char *status;
	const char *progress; /* where the receiver counts, see --window */
	uint8_t dst[COMMON_MAC_LEN];
	uint8_t src[COMMON_MAC_LEN];
	bool has_dst, has_src, promisc;
	uint16_t port, vlan, id;
	uint64_t rate, count, size, window;
	uint64_t duration_ns; /* of sending, or until the receiver gives up; 0: no limit */
	unsigned int ends;
};

static inline int packet_socket(const char *dev)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(STREAM_PROTO),
				       .sll_ifindex = common_ifindex(dev) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		err(COMMON_FAILED, "%s", dev);
	return fd;
}

#endif
