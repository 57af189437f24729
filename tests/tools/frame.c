// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Single frames, in and out of a device, bytes as they are.
 *
 *	frame send --dev DEVICE --hex BYTES [--pad N] [--count N]
 *	frame expect --dev DEVICE --hex PREFIX [--timeout S] [--promisc]
 *	frame capture --dev DEVICE --until PREFIX [--hex PREFIX] [--timeout S] [--promisc]
 *
 * send pads with zeros up to N bytes. expect waits for a frame that begins with PREFIX and prints
 *it;
 * ".." in a PREFIX is any byte. capture prints every frame (that begins with --hex) up to one that
 * begins with --until, which is not printed: to see that a frame does not come, send it and then
 *one that does. Both say "ready" on stderr when they listen and exit with 1 when their time (5 s)
 *is over. Frames are shown with their VLAN tag, whether the kernel keeps it in or beside the frame.
 *They are what the stack gets: not those that a program at the device's ingress has taken away, nor
 *what is sent on the device.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>

#include "common.h"

#define FRAME_TAG_AT  12
#define FRAME_TAG_LEN 4

volatile sig_atomic_t common_stop;

struct pattern {
	uint8_t bytes[256];
	uint8_t mask[256];
	size_t length;
	bool given;
};

static void pattern_parse(struct pattern *p, const char *text)
{
	p->length = common_hex(text, p->bytes, p->mask, sizeof(p->bytes));
	p->given = true;
}

static bool pattern_fits(const struct pattern *p, const uint8_t *frame, size_t n)
{
	if (n < p->length)
		return false;
	for (size_t i = 0; i < p->length; i++) {
		if ((frame[i] ^ p->bytes[i]) & p->mask[i])
			return false;
	}
	return true;
}

static int frame_send(const char *dev, const char *hex, size_t pad, uint64_t count)
{
	const struct sockaddr_ll to = { .sll_family = AF_PACKET,
					.sll_ifindex = common_ifindex(dev) };
	static uint8_t bytes[COMMON_FRAME_MAX];
	size_t n = common_hex(hex, bytes, NULL, sizeof(bytes));
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(COMMON_FAILED, "packet socket");
	if (n < pad)
		n = pad;
	while (count--) {
		/* ENOBUFS: a program at the device's egress has dropped it, which may be the point.
		 */
		if (sendto(fd, bytes, n, 0, (const struct sockaddr *)&to, sizeof(to)) < 0 &&
		    errno != ENOBUFS)
			err(COMMON_FAILED, "%s", dev);
	}
	close(fd);
	return 0;
}

static int listen_open(const char *dev, bool promisc)
{
	const struct packet_mreq request = { .mr_ifindex = common_ifindex(dev),
					     .mr_type = PACKET_MR_PROMISC };
	const struct sockaddr_ll at = { .sll_family = AF_PACKET,
					.sll_protocol = htons(ETH_P_ALL),
					.sll_ifindex = request.mr_ifindex };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1, size = 8 << 20;

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)))
		err(COMMON_FAILED, "%s", dev);
	if (promisc && setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request)))
		err(COMMON_FAILED, "%s", dev);
	return fd;
}

/* Puts a tag that the kernel keeps beside the frame back into it. */
static size_t tag_restore(struct msghdr *m, uint8_t *frame, size_t n)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct tpacket_auxdata aux;
		uint16_t tag[2];

		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (!(aux.tp_status & TP_STATUS_VLAN_VALID) || n < FRAME_TAG_AT)
			continue;
		tag[0] = htons(aux.tp_status & TP_STATUS_VLAN_TPID_VALID ? aux.tp_vlan_tpid
									 : ETH_P_8021Q);
		tag[1] = htons(aux.tp_vlan_tci);
		memmove(frame + FRAME_TAG_AT + FRAME_TAG_LEN, frame + FRAME_TAG_AT,
			n - FRAME_TAG_AT);
		memcpy(frame + FRAME_TAG_AT, tag, sizeof(tag));
		return n + FRAME_TAG_LEN;
	}
	return n;
}

/* Returns the length of the next frame, 0 if there was none in time. */
static size_t listen_next(int fd, uint8_t *frame, size_t max, uint64_t deadline_ns)
{
	uint8_t control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct iovec iov = { .iov_base = frame, .iov_len = max - FRAME_TAG_LEN };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	while (!common_stop) {
		uint64_t now = common_now_ns();

		if (now >= deadline_ns)
			return 0;
		if (poll(&p, 1, (int)((deadline_ns - now) / 1000000) + 1) <= 0)
			continue;
		m.msg_controllen = sizeof(control);
		n = recvmsg(fd, &m, MSG_DONTWAIT);
		if (n > 0)
			return tag_restore(&m, frame, (size_t)n);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			err(COMMON_FAILED, "recvmsg");
	}
	return 0;
}

/* With @until: prints what fits @shown until one fits @until. Without: until one fits @shown. */
static int frame_listen(int fd, const struct pattern *shown, const struct pattern *until,
			uint64_t timeout_ns)
{
	static uint8_t frame[COMMON_FRAME_MAX];
	uint64_t deadline = common_now_ns() + timeout_ns;
	size_t n;

	common_ready();
	while ((n = listen_next(fd, frame, sizeof(frame), deadline)) > 0) {
		if (until->given && pattern_fits(until, frame, n))
			return 0;
		if (!pattern_fits(shown, frame, n))
			continue;
		common_print_hex(frame, n);
		if (!until->given)
			return 0;
	}
	return COMMON_FAILED;
}

static int usage(void)
{
	fputs("usage: frame send --dev DEVICE --hex BYTES [--pad N] [--count N]\n"
	      "       frame expect --dev DEVICE --hex PREFIX [--timeout S] [--promisc]\n"
	      "       frame capture --dev DEVICE --until PREFIX [--hex PREFIX] [--timeout S] "
	      "[--promisc]\n",
	      stderr);
	return COMMON_USAGE;
}

struct frame_options {
	const char *dev, *hex, *until;
	uint64_t pad, count, timeout_ns;
	bool promisc;
};

static bool options_parse(struct frame_options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "dev", required_argument, NULL, 'd' },
		{ "hex", required_argument, NULL, 'h' },
		{ "hex-prefix", required_argument, NULL, 'h' },
		{ "until", required_argument, NULL, 'u' },
		{ "pad", required_argument, NULL, 'p' },
		{ "count", required_argument, NULL, 'c' },
		{ "timeout", required_argument, NULL, 't' },
		{ "promisc", no_argument, NULL, 'x' },
		{},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 'd')
			o->dev = optarg;
		else if (option == 'h')
			o->hex = optarg;
		else if (option == 'u')
			o->until = optarg;
		else if (option == 'p')
			o->pad = common_number("--pad", optarg, 0, 65549);
		else if (option == 'c')
			o->count = common_number("--count", optarg, 1, 1000000);
		else if (option == 't')
			o->timeout_ns = common_number("--timeout", optarg, 1, 3600) * 1000000000;
		else if (option == 'x')
			o->promisc = true;
		else
			return false;
	}
	return optind == argc && o->dev;
}

int main(int argc, char **argv)
{
	struct frame_options o = { .count = 1, .timeout_ns = 5000000000 };
	struct pattern shown = {}, until = {};

	if (argc < 2 || !options_parse(&o, argc - 1, argv + 1))
		return usage();
	common_catch_stop();
	if (!strcmp(argv[1], "send") && o.hex)
		return frame_send(o.dev, o.hex, o.pad, o.count);
	if (!strcmp(argv[1], "expect") && o.hex && !o.until)
		pattern_parse(&shown, o.hex);
	else if (!strcmp(argv[1], "capture") && o.until)
		pattern_parse(&until, o.until);
	else
		return usage();
	if (until.given && o.hex)
		pattern_parse(&shown, o.hex);
	return frame_listen(listen_open(o.dev, o.promisc), &shown, &until, o.timeout_ns);
}
