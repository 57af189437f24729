// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mc_tx(): takes the frames that it likes to take, counts the numbered ones, and passes them on.
 *
 * What was refused is asked for again by a thread of its own, after a random time, beside calls of
 * vio_net_tx_update() that nobody needs.
 */
#include <fcntl.h>
#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <sys/mman.h>

#include "provider.h"

#define TX_SPURIOUS_US 500

/* --- random numbers, from any thread (splitmix64) --- */

static uint64_t tx_random(struct provider *p)
{
	uint64_t z = atomic_fetch_add(&p->random, 0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static bool tx_refuses(struct provider *p)
{
	unsigned int permille = atomic_load(&p->refuse_permille);

	return atomic_load(&p->hold) || (permille && tx_random(p) % 1000 < permille);
}

/* --- counting --- */

static void tx_max(atomic_uint_fast64_t *max, uint64_t value)
{
	uint_fast64_t now = atomic_load(max);

	while (value > now && !atomic_compare_exchange_weak(max, &now, value))
		;
}

/* Where a numbered frame has its struct stream_head, 0: it cannot be one. */
static size_t tx_head_offset(const uint8_t *frame, size_t length)
{
	uint16_t type;

	if (length < ETH_HLEN)
		return 0;
	memcpy(&type, frame + 2 * ETH_ALEN, sizeof(type));
	if (ntohs(type) == STREAM_PROTO)
		return ETH_HLEN;
	if (ntohs(type) == ETH_P_IP && length > ETH_HLEN + 9 && frame[ETH_HLEN + 9] == IPPROTO_UDP)
		return STREAM_UDP_HEADERS;
	return 0;
}

static void tx_number(struct provider *p, unsigned int id, uint64_t number)
{
	struct provider_stream *s = &p->streams[id];

	pthread_mutex_lock(&s->lock);
	stream_count_take(&s->count, number, common_now_ns());
	/* One stream with a window, or several without. */
	if (p->progress)
		__atomic_store_n(p->progress, s->count.received, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&s->lock);
}

static void tx_count_number(struct provider *p, const uint8_t *frame, size_t length)
{
	size_t offset = tx_head_offset(frame, length);
	struct stream_head head;

	if (!offset || length < offset + sizeof(head))
		return;
	memcpy(&head, frame + offset, sizeof(head));
	if (be32toh(head.magic) != STREAM_MAGIC || be16toh(head.id) >= PROVIDER_IDS ||
	    be64toh(head.number) >= STREAM_NUMBERS_MAX || be16toh(head.flags) & STREAM_END)
		return;
	tx_number(p, be16toh(head.id), be64toh(head.number));
}

static void tx_count(struct provider *p, mblk_t *mp)
{
	size_t length = msgdsize(mp);
	uint32_t flags;

	if (!pullupmsg(mp, -1))
		err(COMMON_FAILED, "memory");
	if (!atomic_load(&p->may_run) || !atomic_load(&p->started))
		p->seen.unasked++;
	p->seen.frames++;
	p->seen.bytes += length;
	tx_max(&p->seen.longest, length);
	mac_lso_get(mp, NULL, &flags);
	p->seen.lso += flags & HW_LSO ? 1 : 0;
	mac_hcksum_get(mp, NULL, NULL, NULL, NULL, &flags);
	p->seen.partial += flags & HCK_PARTIALCKSUM ? 1 : 0;
	tx_count_number(p, mp->b_rptr, length);
}

/* --- taking --- */

/* The frame goes back where it came from, as if the peer had sent it. */
static void tx_echo(struct provider *p, mblk_t *mp)
{
	uint8_t mac[ETH_ALEN], *bytes = mp->b_rptr;

	if (MBLKL(mp) < 2 * ETH_ALEN) {
		freemsg(mp);
		return;
	}
	memcpy(mac, bytes, ETH_ALEN);
	memcpy(bytes, bytes + ETH_ALEN, ETH_ALEN);
	memcpy(bytes + ETH_ALEN, mac, ETH_ALEN);
	p->seen.echoed++;
	p->vnet.vio_net_rx_cb(p->handle, mp);
}

static void tx_take(struct provider *p, mblk_t *mp)
{
	tx_count(p, mp);
	if (atomic_load(&p->echo)) {
		tx_echo(p, mp);
		return;
	}
	if (p->far_fd >= 0)
		far_write(p, mp);
	freemsg(mp);
}

static void tx_refuse(struct provider *p)
{
	p->seen.refusals++;
	pthread_mutex_lock(&p->update_lock);
	p->update_due = true;
	pthread_cond_signal(&p->refused);
	pthread_mutex_unlock(&p->update_lock);
}

mblk_t *tx_frames(void *driver, mblk_t *chain)
{
	struct provider *p = driver;

	if (atomic_fetch_add(&p->in_tx, 1) && p->options.queues <= 1)
		p->seen.overlaps++;
	while (chain && !tx_refuses(p)) {
		mblk_t *next = chain->b_next;

		chain->b_next = NULL;
		tx_take(p, chain);
		chain = next;
	}
	if (chain)
		tx_refuse(p);
	atomic_fetch_sub(&p->in_tx, 1);
	return chain;
}

/* --- the updates --- */

/* Waits for a refusal, or for some time; the random times are what is tested. */
static void tx_await_refusal(struct provider *p)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += (long)(tx_random(p) % TX_SPURIOUS_US) * 1000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&p->update_lock);
	if (!p->update_due && atomic_load(&p->refuse_permille))
		pthread_cond_timedwait(&p->refused, &p->update_lock, &until);
	else if (!p->update_due)
		pthread_cond_wait(&p->refused, &p->update_lock);
	p->update_due = false;
	pthread_mutex_unlock(&p->update_lock);
}

static void *tx_updates(void *context)
{
	struct provider *p = context;

	while (!atomic_load(&p->ending)) {
		unsigned int max_us = atomic_load(&p->refuse_us);

		tx_await_refusal(p);
		if (max_us) {
			const struct timespec pause = { .tv_nsec = (long)(tx_random(p) % max_us) *
								   1000 };

			nanosleep(&pause, NULL);
		}
		if (!atomic_load(&p->hold) && p->vnet.vio_net_tx_update)
			p->vnet.vio_net_tx_update(p->handle);
	}
	return NULL;
}

/* --- the report --- */

void tx_print(void *context, FILE *f)
{
	struct provider *p = context;
	struct stream_count sum = { 0 };
	uint64_t expected = 0;

	for (unsigned int i = 0; i < PROVIDER_IDS; i++) {
		struct provider_stream *s = &p->streams[i];

		pthread_mutex_lock(&s->lock);
		sum.received += s->count.received;
		sum.duplicated += s->count.duplicated;
		sum.reordered += s->count.reordered;
		if (s->count.received && s->count.last >= sum.last)
			sum.last = s->count.last;
		if (s->count.max_gap_ns > sum.max_gap_ns)
			sum.max_gap_ns = s->count.max_gap_ns;
		expected += stream_count_expected(&s->count);
		pthread_mutex_unlock(&s->lock);
	}
	fputc('{', f);
	stream_count_print(&sum, expected, f);
	fprintf(f,
		",\"frames\":%" PRIuFAST64 ",\"bytes\":%" PRIuFAST64 ",\"refusals\":%" PRIuFAST64
		",\"echoed\":%" PRIuFAST64 ",\"lso\":%" PRIuFAST64 ",\"partial\":%" PRIuFAST64,
		p->seen.frames, p->seen.bytes, p->seen.refusals, p->seen.echoed, p->seen.lso,
		p->seen.partial);
	fprintf(f,
		",\"longest\":%" PRIuFAST64 ",\"unasked\":%" PRIuFAST64 ",\"overlaps\":%" PRIuFAST64
		",\"sent\":%" PRIu64 "}\n",
		p->seen.longest, p->seen.unasked, p->seen.overlaps, p->sent);
}

/* --- the beginning --- */

static uint64_t *tx_open_progress(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	void *number;

	if (fd < 0 || ftruncate(fd, sizeof(uint64_t)))
		err(COMMON_FAILED, "%s", path);
	number = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (number == MAP_FAILED)
		err(COMMON_FAILED, "%s", path);
	close(fd);
	return number;
}

void tx_open(struct provider *p)
{
	p->random = common_now_ns();
	pthread_mutex_init(&p->update_lock, NULL);
	pthread_cond_init(&p->refused, NULL);
	for (unsigned int i = 0; i < PROVIDER_IDS; i++) {
		pthread_mutex_init(&p->streams[i].lock, NULL);
		stream_count_open(&p->streams[i].count);
	}
	if (p->options.progress)
		p->progress = tx_open_progress(p->options.progress);
	if (pthread_create(&p->updater, NULL, tx_updates, p))
		errx(COMMON_FAILED, "no thread");
}
