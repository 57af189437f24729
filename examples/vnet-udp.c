// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A channel to a vnet on another host, in UDP: each side registers the other one's vnet as a guest,
 * and sends its frames, each in a datagram behind a header of 8 bytes.
 *
 * Each second both say that they are there, and whether they hear the other one. The channel is up
 * while both hear each other; else the resource is down, and its traffic takes the vnet's next
 * path. The datagrams are neither secret nor authenticated, apart from where they come from.
 */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

#define UDP_MAGIC	 0x766e /* "vn" */
#define UDP_VERSION	 1
#define UDP_HEARD	 0x01 /* the sender hears who it sends to */
#define UDP_FRAME	 0x02 /* a frame follows; else it only says that it is there */
#define UDP_INTERVAL_NS	 COMMON_SECOND_NS
#define UDP_SILENCE_NS	 (3 * COMMON_SECOND_NS)
#define UDP_ETHERNET	 18	   /* bytes of the header with a VLAN tag */
#define UDP_BUFFER_BYTES (4 << 20) /* of what has come and is not read yet */
#define UDP_MTU_MAX	 (65507 - 8 - UDP_ETHERNET)

/* In network byte order. */
struct udp_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t channel;
};

_Static_assert(sizeof(struct udp_header) == 8, "as the description says");

struct udp {
	struct common common;
	vio_net_callbacks_t vnet;
	const char *listen, *remote;
	uint64_t channel, mtu;
	int socket;
	bool heard, up, full; /* the other side is heard, and hears us; the socket is full */
	int64_t heard_ns,
		told_ns; /* when something came last, and when we said that we are there */
	uint64_t ierrors, oerrors;
	struct common_totals sent, received;
	mblk_t *buffers[COMMON_BATCH]; /* for what comes next */
};

/* --- the link --- */

static struct udp_header udp_header(const struct udp *u, uint8_t flags)
{
	return (struct udp_header) {
		.magic = htons(UDP_MAGIC),
		.version = UDP_VERSION,
		.flags = flags | (u->heard ? UDP_HEARD : 0),
		.channel = htonl((uint32_t)u->channel),
	};
}

static void udp_say_hello(struct udp *u)
{
	const struct udp_header header = udp_header(u, 0);

	u->told_ns = common_now_ns();
	send(u->socket, &header, sizeof(header), MSG_DONTWAIT); /* the next one will do as well */
}

/* What is known of the link now; the other side is told of a change at once. */
static void udp_link(struct udp *u, bool heard, bool hears_us)
{
	bool up = heard && hears_us, changed = heard != u->heard || up != u->up;

	u->heard = heard;
	if (up != u->up) {
		warnx("the channel is %s", up ? "up" : "down");
		u->up = up;
		if (up)
			u->vnet.vio_net_tx_update(u->common.handle);
		else
			u->vnet.vio_net_report_err(u->common.handle, VIO_NET_RES_DOWN);
	}
	if (changed)
		udp_say_hello(u);
}

static void udp_tick(struct udp *u)
{
	int64_t now_ns = common_now_ns();

	if (u->heard && now_ns - u->heard_ns >= UDP_SILENCE_NS)
		udp_link(u, false, false);
	if (now_ns - u->told_ns >= UDP_INTERVAL_NS)
		udp_say_hello(u);
}

/* --- receiving --- */

/* True: it is from a vnet-udp of this channel. */
static bool udp_good(const struct udp *u, const struct udp_header *header, const struct mmsghdr *m)
{
	return m->msg_len >= sizeof(*header) && header->magic == htons(UDP_MAGIC) &&
	       header->version == UDP_VERSION && header->channel == htonl((uint32_t)u->channel) &&
	       !(m->msg_hdr.msg_flags & MSG_TRUNC);
}

/* What has come, at most a batch of it. */
static void udp_receive(struct udp *u)
{
	struct udp_header headers[COMMON_BATCH];
	struct iovec parts[COMMON_BATCH][2];
	struct mmsghdr messages[COMMON_BATCH] = {};
	mblk_t *chain = NULL, **end = &chain;
	int n;

	for (int i = 0; i < COMMON_BATCH; i++) {
		if (!u->buffers[i])
			u->buffers[i] = common_alloc(u->mtu + UDP_ETHERNET);
		parts[i][0] = (struct iovec) { &headers[i], sizeof(headers[i]) };
		parts[i][1] = (struct iovec) { u->buffers[i]->b_wptr, u->mtu + UDP_ETHERNET };
		messages[i].msg_hdr.msg_iov = parts[i];
		messages[i].msg_hdr.msg_iovlen = 2;
	}
	/* An error is news of an earlier datagram's fate; silence says the same. */
	n = recvmmsg(u->socket, messages, COMMON_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		if (!udp_good(u, &headers[i], &messages[i])) {
			u->ierrors++;
			continue;
		}
		u->heard_ns = common_now_ns();
		udp_link(u, true, headers[i].flags & UDP_HEARD);
		if (!(headers[i].flags & UDP_FRAME))
			continue;
		*end = u->buffers[i];
		(*end)->b_wptr += messages[i].msg_len - sizeof(headers[i]);
		common_count(&u->received, msgdsize(*end));
		end = &(*end)->b_next;
		u->buffers[i] = NULL;
	}
	if (chain)
		u->vnet.vio_net_rx_cb(u->common.handle, chain);
}

/* --- the provider's entry points --- */

/* Sends a batch off the chain. Returns how many frames went, or -errno of the first. */
static int tx_batch(struct udp *u, mblk_t *chain)
{
	struct udp_header header = udp_header(u, UDP_FRAME);
	struct iovec parts[COMMON_BATCH][2];
	struct mmsghdr messages[COMMON_BATCH] = {};
	unsigned int count = 0;
	int n;

	for (mblk_t *mp = chain; mp && count < COMMON_BATCH; mp = mp->b_next, count++) {
		if (!pullupmsg(mp, -1))
			break;
		parts[count][0] = (struct iovec) { &header, sizeof(header) };
		parts[count][1] = (struct iovec) { mp->b_rptr, (size_t)MBLKL(mp) };
		messages[count].msg_hdr.msg_iov = parts[count];
		messages[count].msg_hdr.msg_iovlen = 2;
	}
	if (!count)
		return -ENOMEM;
	n = sendmmsg(u->socket, messages, count, MSG_DONTWAIT);
	return n < 0 ? -errno : n;
}

/* What the socket does not take comes again after vio_net_tx_update(). */
static mblk_t *provider_tx(void *driver, mblk_t *chain)
{
	struct udp *u = driver;

	while (chain) {
		int n = u->up ? tx_batch(u, chain) : -ENOTCONN;

		if (n == -EAGAIN) {
			u->full = true;
			break;
		}
		if (n < 0) { /* that frame has no way: it is lost, as on any wire */
			u->oerrors++;
			freemsg(common_take(&chain));
		}
		for (; n > 0; n--) {
			common_count(&u->sent, msgdsize(chain));
			freemsg(common_take(&chain));
		}
	}
	return chain;
}

static int provider_getstat(void *driver, uint_t stat, uint64_t *val)
{
	const struct udp *u = driver;

	if (stat != MAC_STAT_IERRORS && stat != MAC_STAT_OERRORS)
		return ENOTSUP;
	*val = stat == MAC_STAT_IERRORS ? u->ierrors : u->oerrors;
	return 0;
}

static mac_callbacks_t provider_callbacks = {
	.mc_getstat = provider_getstat,
	.mc_tx = provider_tx,
};

/* --- the socket --- */

/* Connected: what comes from anywhere else is not for us. */
static int socket_open(const struct udp *u)
{
	struct addrinfo *to = options_address("--remote", u->remote, AF_UNSPEC);
	struct addrinfo *at = options_address("--listen", u->listen, to->ai_family);
	int fd = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = UDP_BUFFER_BYTES;

	if (fd < 0 || bind(fd, at->ai_addr, at->ai_addrlen))
		err(OPTIONS_FAILED, "cannot listen at %s", u->listen);
	if (connect(fd, to->ai_addr, to->ai_addrlen))
		err(OPTIONS_FAILED, "cannot send to %s", u->remote);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)); /* as much as we may */
	freeaddrinfo(at);
	freeaddrinfo(to);
	return fd;
}

/* --- the program --- */

static void udp_begin(struct udp *u, int argc, char **argv)
{
	const struct option_row rows[] = {
		{ "listen", "[ADDRESS]:PORT", OPTION_TEXT, &u->listen, "where datagrams come to" },
		{ "remote", "HOST:PORT", OPTION_TEXT, &u->remote, "the other side" },
		{ "channel", "N", OPTION_NUMBER, &u->channel,
		  "the same on both sides, 0 if not given", 0, UINT32_MAX },
		{ "mtu", "BYTES", OPTION_NUMBER, &u->mtu, "the longest payload of a frame (1400)",
		  MAC_SDU_MIN, UDP_MTU_MAX },
	};
	int i = common_options(&u->common,
			       "vnet-udp OPTION...\n"
			       "A channel to a vnet on another host, in UDP.",
			       rows, sizeof(rows) / sizeof(*rows), argc, argv);

	if (i != argc)
		errx(OPTIONS_USAGE, "%s is a word too many, see --help", argv[i]);
	if (!u->listen || !u->remote)
		errx(OPTIONS_USAGE, "expected --listen and --remote, see --help");
	u->socket = socket_open(u);
	common_open(&u->common);
}

static void udp_turn(struct udp *u, short revents)
{
	if (revents & ~POLLOUT)
		udp_receive(u);
	if (u->full && (revents & POLLOUT)) {
		u->full = false;
		u->vnet.vio_net_tx_update(u->common.handle);
	}
	udp_tick(u);
}

int main(int argc, char **argv)
{
	struct udp u = { .mtu = 1400 };
	mac_register_t mac = {
		.m_version = MAC_VERSION,
		.m_type_ident = MAC_PLUGIN_IDENT_ETHER,
		.m_driver = &u,
		.m_callbacks = &provider_callbacks,
	};
	struct pollfd fds[COMMON_FDS + 1] = {};

	udp_begin(&u, argc, argv);
	mac.m_max_sdu = (uint_t)u.mtu;
	common_register(&u.common, &mac, VIO_NET_RES_LDC_GUEST, &u.vnet);
	u.vnet.vio_net_report_err(u.common.handle, VIO_NET_RES_DOWN); /* until both are heard */
	do {
		udp_turn(&u, fds[COMMON_FDS].revents);
		fds[COMMON_FDS].fd = u.socket;
		fds[COMMON_FDS].events = (short)(POLLIN | (u.full ? POLLOUT : 0));
	} while (common_wait(&u.common, fds, COMMON_FDS + 1, UDP_INTERVAL_NS / 4));
	common_close(&u.common);
	for (int i = 0; i < COMMON_BATCH; i++)
		freemsg(u.buffers[i]);
	close(u.socket);
	common_print("sent", &u.sent);
	common_print("received", &u.received);
	return fflush(stdout) ? OPTIONS_FAILED : 0;
}
