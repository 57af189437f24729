/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include "util.h"

#define TAG_VLAN_MASK	    0x0fff
#define LISTEN_BUFFER_BYTES 65536
/* Of each match: loads of four bytes and a comparison for each; at the end yes and no. */
#define FILTER_SIZE (KERNEL_MATCHES_MAX * KERNEL_MATCH_LENGTH_MAX / 2 + 2)

int frame_open(void)
{
	/* Protocol 0: nothing that any device receives is for this socket. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

int frame_send(int fd, uint32_t ifindex, const void *frame, size_t length)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)ifindex };

	if (sendto(fd, frame, length, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return 0;
}

/* --- what is received --- */

struct filter_code {
	struct sock_filter code[FILTER_SIZE];
	unsigned short length;
};

static void add_code(struct filter_code *f, unsigned short code, uint32_t k)
{
	f->code[f->length++] = (struct sock_filter) { .code = code, .k = k };
}

/* The kernel compares words, half-words and bytes in host order, read big-endian. */
static void add_match(struct filter_code *f, const struct kernel_match *m)
{
	for (uint16_t at = 0, n; at < m->length; at += n) {
		uint32_t value = 0;

		n = m->length - at >= 4 ? 4 : m->length - at >= 2 ? 2 : 1;
		for (uint16_t i = 0; i < n; i++)
			value = value << 8 | m->bytes[at + i];
		add_code(f,
			 BPF_LD | BPF_ABS |
				 (n == 4   ? BPF_W
				  : n == 2 ? BPF_H
					   : BPF_B),
			 m->offset + at);
		add_code(f, BPF_JMP | BPF_JEQ | BPF_K, value);
	}
}

static void make_code(const struct kernel_filter *filter, struct filter_code *ret)
{
	*ret = (struct filter_code) { .length = 0 };
	for (size_t i = 0; i < filter->count; i++)
		add_match(ret, &filter->match[i]);
	add_code(ret, BPF_RET | BPF_K, KERNEL_FRAME_SIZE);
	add_code(ret, BPF_RET | BPF_K, 0);
	/* What differs goes to the end. */
	for (unsigned short i = 0; i < ret->length; i++)
		if (BPF_CLASS(ret->code[i].code) == BPF_JMP)
			ret->code[i].jf = (uint8_t)(ret->length - i - 2);
}

/* What is sent would have to be copied for us, frame by frame, before the filter could refuse it.
 */
static int set_up(int fd, const struct filter_code *code)
{
	const struct sock_fprog program = { code->length, (struct sock_filter *)code->code };
	const int on = 1, size = LISTEN_BUFFER_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)))
		return -errno;
	return 0;
}

int frame_listen(uint32_t ifindex, const struct kernel_filter *filter)
{
	const struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL), /* a single protocol comes behind TC */
		.sll_ifindex = (int)ifindex,
	};
	UTIL_CLOSE int fd = frame_open();
	struct filter_code code;
	int err;

	if (fd < 0)
		return fd;
	make_code(filter, &code);
	err = set_up(fd, &code);
	if (!err && bind(fd, (const struct sockaddr *)&to, sizeof(to)))
		err = -errno;
	return err ? err : UTIL_TAKE_FD(fd);
}

static uint16_t find_tag(struct msghdr *message)
{
	struct tpacket_auxdata aux;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (aux.tp_status & TP_STATUS_VLAN_VALID)
			return aux.tp_vlan_tci & TAG_VLAN_MASK;
	}
	return 0;
}

int frame_hear(int fd, struct kernel_frame *ret)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct kernel_frame f;
	struct iovec part = { f.bytes, sizeof(f.bytes) };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	f.length = (size_t)n;
	f.vlan = find_tag(&message);
	*ret = f;
	return 0;
}
