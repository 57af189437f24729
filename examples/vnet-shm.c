// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A channel between the vnets of two processes, in memory that they share, as a hypervisor's
 * logical domain channel is one: each side registers the other one's vnet as a guest.
 *
 * Who comes first listens at a Unix socket; who comes second connects, and gets the memory. From
 * then on the socket only wakes: a byte says "look into the rings", and its end says that the other
 * side has gone. (An eventfd would be shared with a side that is not trusted, which could make it
 * block.) While nobody is at the other end the resource is down, and its traffic takes the vnet's
 * next path.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"
#include "meet.h"
#include "ring.h"

#define SHM_RETRY_NS (COMMON_SECOND_NS / 10)

struct shm {
	struct common common;
	vio_net_callbacks_t vnet;
	struct sockaddr_un address;
	uint64_t size;	       /* of a ring of ours */
	int listener, peer;    /* sockets; -1: is not the one that listens, nobody is there */
	unsigned char *memory; /* NULL: the channel is down */
	struct ring in, out;
	bool full, more, broken; /* frames wait for room; more may be in the ring; it is corrupt */
	uint64_t lost;		 /* frames that came while the channel was down */
	struct common_totals sent, received;
};

/* --- up and down --- */

/* A ring for each direction is in the memory, first the one that is written by who listens. */
static void shm_up(struct shm *s, void *memory, uint32_t size)
{
	struct ring first = { .shared = memory, .size = size };
	struct ring second = { .shared = (void *)((char *)memory + ring_memory(size)),
			       .size = size };

	s->memory = memory;
	s->out = s->listener >= 0 ? first : second;
	s->in = s->listener >= 0 ? second : first;
	s->more = true;
	warnx("the other side is there");
	s->vnet.vio_net_tx_update(s->common.handle); /* the link is up, and there is room */
}

static void shm_down(struct shm *s, const char *why)
{
	warnx("the channel is down: %s", why);
	close(s->peer);
	s->peer = -1;
	if (!s->memory)
		return;
	s->vnet.vio_net_report_err(s->common.handle, VIO_NET_RES_DOWN);
	s->more = s->full = s->broken = false;
	munmap(s->memory, 2 * ring_memory(s->in.size));
	s->memory = NULL;
}

static void shm_ring_bell(struct shm *s)
{
	/* If it is full of bells the other side has not looked yet; an end is seen when we wait. */
	send(s->peer, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Somebody connects to us. */
static void shm_accept(struct shm *s)
{
	void *memory;
	int r;

	s->peer = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	if (s->peer < 0)
		return;
	r = meet_give(s->peer, 2 * ring_memory((uint32_t)s->size), &memory);
	if (r < 0)
		shm_down(s, strerror(-r));
	else
		shm_up(s, memory, (uint32_t)s->size);
}

/* We have connected to somebody who sends the memory now. */
static void shm_greeted(struct shm *s)
{
	size_t bytes, size;
	void *memory;
	int r = meet_take(s->peer, &bytes, &memory);

	if (r < 0) {
		shm_down(s, "the other side gives no memory");
		return;
	}
	size = bytes / 2 - ring_memory(0);
	if (size >= RING_SIZE_MIN && size <= RING_SIZE_MAX && !(size & (size - 1))) {
		shm_up(s, memory, (uint32_t)size);
		return;
	}
	munmap(memory, bytes);
	shm_down(s, "the other side gives memory of another size");
}

/* --- frames --- */

/* What does not fit comes again after vio_net_tx_update(). */
static mblk_t *provider_tx(void *driver, mblk_t *chain)
{
	struct shm *s = driver;

	while (chain) {
		int r = s->memory && !s->broken ? ring_put(&s->out, chain) : -ENOTCONN;

		if (r == 0) {
			s->full = true;
			break;
		}
		s->broken |= r == -EPROTO;
		if (r < 0)
			s->lost++;
		else
			common_count(&s->sent, msgdsize(chain));
		freemsg(common_take(&chain));
	}
	if (s->memory && ring_wakes_reader(&s->out))
		shm_ring_bell(s);
	return chain;
}

static void shm_receive(struct shm *s)
{
	mblk_t *chain = NULL, **end = &chain;
	int r = 1;

	for (int i = 0; i < COMMON_BATCH && (r = ring_get(&s->in, end)) == 1; i++) {
		common_count(&s->received, msgdsize(*end));
		end = &(*end)->b_next;
	}
	s->more = r == 1 || r == -ENOMEM;
	s->broken |= r == -EPROTO;
	if (chain && ring_wakes_writer(&s->in))
		shm_ring_bell(s);
	if (chain)
		s->vnet.vio_net_rx_cb(s->common.handle, chain);
}

static int provider_getstat(void *driver, uint_t stat, uint64_t *val)
{
	if (stat != MAC_STAT_OERRORS)
		return ENOTSUP;
	*val = ((struct shm *)driver)->lost;
	return 0;
}

/* Frames pass whole: the checksums and segments are left to the device that needs them. */
static boolean_t provider_getcapab(void *driver, mac_capab_t capab, void *data)
{
	switch (capab) {
	case MAC_CAPAB_HCKSUM:
		*(uint32_t *)data = HCKSUM_INET_PARTIAL;
		return B_TRUE;
	case MAC_CAPAB_LSO:
		*(mac_capab_lso_t *)data = (mac_capab_lso_t) {
			.lso_flags = LSO_TX_BASIC_TCP_IPV4 | LSO_TX_BASIC_TCP_IPV6,
		};
		return B_TRUE;
	}
	return B_FALSE;
}

static mac_callbacks_t provider_callbacks = {
	.mc_callbacks = MC_GETCAPAB,
	.mc_getstat = provider_getstat,
	.mc_tx = provider_tx,
	.mc_getcapab = provider_getcapab,
};

/* --- the program --- */

static void shm_rung(struct shm *s)
{
	char bells[256];
	ssize_t n = recv(s->peer, bells, sizeof(bells), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		shm_down(s, "the other side has gone");
		return;
	}
	s->more = true;
	if (s->full) {
		s->full = false;
		s->vnet.vio_net_tx_update(s->common.handle);
	}
}

/* What has happened at the socket, and what is in the ring. */
static void shm_turn(struct shm *s, bool ready)
{
	int r;

	if (ready && s->peer < 0)
		shm_accept(s);
	else if (ready && !s->memory)
		shm_greeted(s);
	else if (ready)
		shm_rung(s);
	if (s->more)
		shm_receive(s);
	if (s->broken)
		shm_down(s, "the other side has written nonsense");
	if (s->peer >= 0 || s->listener >= 0)
		return;
	r = meet_at(&s->address, &s->peer, &s->listener);
	if (r < 0 && r != -EAGAIN)
		errx(OPTIONS_FAILED, "cannot use %s: %s", s->address.sun_path, strerror(-r));
}

static int64_t shm_wait_ns(const struct shm *s)
{
	if (s->more)
		return 0;
	return s->peer < 0 && s->listener < 0 ? SHM_RETRY_NS : -1;
}

static void shm_begin(struct shm *s, int argc, char **argv)
{
	const struct option_row rows[] = {
		{ "size", "BYTES", OPTION_NUMBER, &s->size, "of the memory in each direction",
		  RING_SIZE_MIN, RING_SIZE_MAX },
	};
	int i = common_options(
		&s->common,
		"vnet-shm OPTION... PATH\n"
		"A channel to the vnet of another process, which uses the same PATH.",
		rows, 1, argc, argv);

	if (i != argc - 1)
		errx(OPTIONS_USAGE, "expected one PATH, see --help");
	if (s->size & (s->size - 1))
		errx(OPTIONS_USAGE, "--size %ju is not a power of two", (uintmax_t)s->size);
	if (strlen(argv[i]) >= sizeof(s->address.sun_path))
		errx(OPTIONS_USAGE, "%s is too long for a socket", argv[i]);
	memcpy(s->address.sun_path, argv[i], strlen(argv[i]) + 1);
	common_open(&s->common);
	umask(0177);
}

int main(int argc, char **argv)
{
	struct shm s = {
		.size = 1 << 22, .listener = -1, .peer = -1, .address = { .sun_family = AF_UNIX }
	};
	mac_register_t mac = {
		.m_version = MAC_VERSION,
		.m_type_ident = MAC_PLUGIN_IDENT_ETHER,
		.m_driver = &s,
		.m_callbacks = &provider_callbacks,
	};
	struct pollfd fds[COMMON_FDS + 1] = {};

	shm_begin(&s, argc, argv);
	common_register(&s.common, &mac, VIO_NET_RES_LDC_GUEST, &s.vnet);
	s.vnet.vio_net_report_err(s.common.handle, VIO_NET_RES_DOWN); /* until somebody is there */
	do {
		shm_turn(&s, fds[COMMON_FDS].revents);
		fds[COMMON_FDS].fd = s.peer >= 0 ? s.peer : s.listener;
		fds[COMMON_FDS].events = POLLIN;
	} while (common_wait(&s.common, fds, COMMON_FDS + 1, shm_wait_ns(&s)));
	common_close(&s.common);
	if (s.listener >= 0)
		unlink(s.address.sun_path);
	common_print("sent", &s.sent);
	common_print("received", &s.received);
	return fflush(stdout) ? OPTIONS_FAILED : 0;
}
