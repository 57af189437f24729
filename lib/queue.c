// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Frames between the queues of a tap and the provider.
 *
 * To the provider: a source per queue reads a batch and offers it to mc_tx(). What that returns is
 * kept, and the queue rests: it is not read, so the kernel's ring fills, and what does not fit
 * there is counted by the kernel. vio_net_tx_update() may come at any time, even while mc_tx() is
 * about to return something, so a queue counts the updates: one since mc_tx() began means another
 * try.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "frame.h"
#include "vio.h"

#define QUEUE_BATCH	  64
#define QUEUE_BLOCK_BYTES 2048 /* of the first block of a frame that is read */
#define QUEUE_SPILL_BYTES (FRAME_BYTES_MAX - QUEUE_BLOCK_BYTES)
#define QUEUE_PARTS_MAX	  64 /* blocks of one frame; more are joined first */

/* --- reading --- */

/* @bytes were read, of which those beyond the first block are in the spill. NULL: no memory. */
static mblk_t *queue_join(struct vio_queue *q, size_t bytes)
{
	mblk_t *mp = q->spare, *rest;

	if (bytes <= QUEUE_BLOCK_BYTES) {
		mp->b_wptr += bytes;
	} else {
		rest = allocb(bytes - QUEUE_BLOCK_BYTES, BPRI_MED);
		if (!rest)
			return NULL;
		memcpy(rest->b_wptr, q->spill, bytes - QUEUE_BLOCK_BYTES);
		rest->b_wptr += bytes - QUEUE_BLOCK_BYTES;
		mp->b_wptr += QUEUE_BLOCK_BYTES;
		linkb(mp, rest);
	}
	q->spare = NULL;
	return mp;
}

/* The next frame; NULL: none now, with -EAGAIN in @ret, or -errno of a tap that is gone. */
static mblk_t *queue_read(struct vio_queue *q, int fd, int *ret)
{
	struct virtio_net_hdr h;
	struct iovec parts[3];
	mblk_t *mp;
	ssize_t n;

	if (!q->spare)
		q->spare = allocb(QUEUE_BLOCK_BYTES, BPRI_MED);
	*ret = -EAGAIN;
	if (!q->spare)
		return NULL;
	parts[0] = (struct iovec) { .iov_base = &h, .iov_len = sizeof(h) };
	parts[1] = (struct iovec) { .iov_base = q->spare->b_rptr, .iov_len = QUEUE_BLOCK_BYTES };
	parts[2] = (struct iovec) { .iov_base = q->spill, .iov_len = QUEUE_SPILL_BYTES };
	do {
		n = readv(fd, parts, 3);
	} while (n < 0 && errno == EINTR);
	if (n < (ssize_t)sizeof(h)) {
		*ret = n < 0 ? -errno : -EIO;
		return NULL;
	}
	mp = queue_join(q, (size_t)n - sizeof(h));
	if (mp)
		frame_mark(mp, &h);
	return mp;
}

static mblk_t *queue_read_batch(struct vio_queue *q, int fd, int *ret)
{
	mblk_t *chain = NULL, **end = &chain;

	*ret = 0;
	for (int i = 0; i < QUEUE_BATCH; i++) {
		mblk_t *mp = queue_read(q, fd, ret);

		if (!mp)
			break;
		*end = mp;
		end = &mp->b_next;
	}
	return chain;
}

/* --- offering --- */

static uint64_t queue_length(const mblk_t *chain)
{
	uint64_t n = 0;

	for (; chain; chain = chain->b_next)
		n++;
	return n;
}

/* Wakes queue_run_kick(). */
static void queue_kick(struct vio *v)
{
	uint64_t one = 1;
	ssize_t n = write(v->kick.fd, &one, sizeof(one)); /* fails only when it is ready already */

	(void)n;
}

/* What was not taken is kept; under the lock. True: the queue may go on. */
static bool queue_keep(struct vio *v, struct vio_queue *q, mblk_t *rest, uint64_t updates)
{
	v->counts.tx_frames -= queue_length(rest);
	if (!rest)
		return true;
	if (v->dead || !v->told.started) {
		freemsgchain(rest);
		return !v->dead;
	}
	v->counts.tx_stops++;
	q->kept = rest;
	q->stopped = true;
	if (q->updates != updates)
		queue_kick(v);
	return false;
}

/* Offers @chain, the queue being this thread's turn. True: the queue may go on. */
static bool queue_offer(struct vio *v, struct vio_queue *q, mblk_t *chain)
{
	uint64_t updates;
	bool may;

	pthread_mutex_lock(&v->lock);
	may = !v->dead && v->told.started;
	updates = q->updates;
	if (may)
		v->counts.tx_frames += queue_length(chain);
	pthread_mutex_unlock(&v->lock);
	if (!may) {
		freemsgchain(chain);
		return true;
	}
	chain = v->callbacks.mc_tx(v->driver, chain);
	pthread_mutex_lock(&v->lock);
	may = queue_keep(v, q, chain, updates);
	pthread_mutex_unlock(&v->lock);
	return may;
}

/* --- turns --- */

/*
 * False: unregistered meanwhile, or it is this thread's turn already: its mc_tx() drives the loop.
 * Then there is nothing to resume, for an update meanwhile is seen when mc_tx() returns.
 */
static bool queue_begin_turn(struct vio *v, struct vio_queue *q)
{
	bool mine;

	pthread_mutex_lock(&v->lock);
	while (q->busy && !pthread_equal(q->turn, pthread_self()) && !v->dead)
		pthread_cond_wait(&v->quiet, &v->lock);
	mine = !v->dead && !q->busy;
	if (mine) {
		q->busy = true;
		q->turn = pthread_self();
	}
	pthread_mutex_unlock(&v->lock);
	return mine;
}

static void queue_end_turn(struct vio *v, struct vio_queue *q)
{
	pthread_mutex_lock(&v->lock);
	q->busy = false;
	pthread_cond_broadcast(&v->quiet);
	pthread_mutex_unlock(&v->lock);
}

static bool queue_has_others(const struct vio *v)
{
	for (unsigned int i = 0; v->queues && i < v->queue_count; i++)
		if (v->queues[i].busy && !pthread_equal(v->queues[i].turn, pthread_self()))
			return true;
	return false;
}

bool queue_await_turns(struct vio *v)
{
	bool dead = v->dead; /* who unregisters has waited for all but its own */

	while (queue_has_others(v) && (dead || !v->dead))
		pthread_cond_wait(&v->quiet, &v->lock);
	return dead || !v->dead;
}

/*
 * The tap was deleted: vnetd makes another one when it is asked again. Each queue finds that out
 * for itself, maybe when there is another one already.
 */
static void queue_lost(struct vio *v, const struct vio_taps *taps)
{
	pthread_mutex_lock(&v->lock);
	if (!v->dead && v->taps == taps) {
		vio_drop_taps(v);
		if (!v->removed)
			session_renew(v);
	}
	pthread_mutex_unlock(&v->lock);
}

static bool queue_is_stopped(struct vio *v, const struct vio_queue *q)
{
	bool stopped;

	pthread_mutex_lock(&v->lock);
	stopped = q->stopped;
	pthread_mutex_unlock(&v->lock);
	return stopped;
}

/* Reads a batch and offers it. True: the queue may go on. */
static bool queue_turn(struct vio *v, struct vio_queue *q, const struct vio_taps *taps,
		       uint32_t events)
{
	mblk_t *chain;
	bool on = true;
	int r;

	if (queue_is_stopped(v, q)) {
		if (events & (EPOLLERR | EPOLLHUP))
			queue_lost(v, taps);
		return false;
	}
	chain = queue_read_batch(q, taps->fd[q->source.index], &r);
	if (chain)
		on = queue_offer(v, q, chain);
	if (r < 0 && r != -EAGAIN) {
		queue_lost(v, taps);
		on = false;
	}
	return on;
}

static struct vio_taps *queue_hold_taps(struct vio *v)
{
	struct vio_taps *taps;

	pthread_mutex_lock(&v->lock);
	taps = vio_taps_hold(v);
	pthread_mutex_unlock(&v->lock);
	return taps;
}

static uint32_t queue_run(struct loop_source *source, uint32_t events)
{
	struct vio_queue *q = (struct vio_queue *)source;
	struct vio *v = source->owner;
	struct vio_taps *taps;
	struct vio_call call;
	bool on = false;

	if (!vio_call_begin(v, &call))
		return 0;
	if (queue_begin_turn(v, q)) {
		taps = queue_hold_taps(v);
		if (taps) {
			on = queue_turn(v, q, taps, events);
			vio_taps_release(taps);
		}
		queue_end_turn(v, q);
	}
	vio_call_end(v, &call);
	/* One that rests is not read, but learns that its tap is gone. */
	return on ? EPOLLIN : EPOLLERR;
}

/* What was kept is offered again; then the queue goes on. */
static void queue_resume(struct vio *v, struct vio_queue *q)
{
	mblk_t *chain = NULL;
	bool stopped;

	if (!queue_begin_turn(v, q))
		return;
	pthread_mutex_lock(&v->lock);
	stopped = q->stopped && !v->dead;
	if (stopped) {
		chain = q->kept;
		q->kept = NULL;
		q->stopped = false;
	}
	pthread_mutex_unlock(&v->lock);
	if (stopped && queue_offer(v, q, chain))
		loop_arm(v->loop, &q->source, EPOLLIN);
	queue_end_turn(v, q);
}

static uint32_t queue_run_kick(struct loop_source *source, uint32_t events)
{
	struct vio *v = source->owner;
	struct vio_call call;
	uint64_t kicks;
	ssize_t n;

	if (!vio_call_begin(v, &call))
		return 0;
	n = read(source->fd, &kicks, sizeof(kicks));
	for (unsigned int i = 0; n > 0 && i < v->queue_count; i++)
		queue_resume(v, &v->queues[i]);
	vio_call_end(v, &call);
	return EPOLLIN;
}

void queue_update(struct vio *v)
{
	bool stopped = false;

	pthread_mutex_lock(&v->lock);
	for (unsigned int i = 0; i < v->queue_count; i++) {
		v->queues[i].updates++;
		stopped |= v->queues[i].stopped;
	}
	if (stopped)
		queue_kick(v);
	pthread_mutex_unlock(&v->lock);
}

/* --- receiving --- */

/* -1: more blocks than @max. */
static int queue_gather(const mblk_t *mp, struct iovec *parts, int max)
{
	int n = 0;

	for (; mp; mp = mp->b_cont) {
		if (MBLKL(mp) <= 0)
			continue;
		if (n == max)
			return -1;
		parts[n++] =
			(struct iovec) { .iov_base = mp->b_rptr, .iov_len = (size_t)MBLKL(mp) };
	}
	return n;
}

static bool queue_fits(const struct vio *v, const mblk_t *mp, uint32_t mtu)
{
	size_t length = msgdsize(mp), max = mtu;
	uint32_t lso;

	mac_lso_get(mp, NULL, &lso);
	if (lso & HW_LSO)
		return length >= FRAME_HEADER_BYTES && length <= FRAME_BYTES_MAX;
	if (v->max_sdu && v->max_sdu < max)
		max = v->max_sdu;
	return length >= FRAME_HEADER_BYTES + v->min_sdu &&
	       length <= FRAME_HEADER_BYTES + FRAME_TAG_BYTES + max;
}

/* Counts what became of it in @counts. */
static void queue_write(struct vio *v, int fd, mblk_t *mp, uint32_t mtu, struct vio_counts *counts)
{
	struct iovec parts[1 + QUEUE_PARTS_MAX];
	struct virtio_net_hdr h;
	ssize_t n;
	int count;

	if (!queue_fits(v, mp, mtu) || !frame_header(mp, &h)) {
		counts->malformed++;
		return;
	}
	count = queue_gather(mp, parts + 1, QUEUE_PARTS_MAX);
	if (count < 0 && pullupmsg(mp, -1))
		count = queue_gather(mp, parts + 1, QUEUE_PARTS_MAX);
	if (count < 0) {
		counts->norcvbuf++;
		return;
	}
	parts[0] = (struct iovec) { .iov_base = &h, .iov_len = sizeof(h) };
	do {
		n = writev(fd, parts, count + 1);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		counts->rx_frames++;
	else if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)
		counts->norcvbuf++;
	else if (errno == EINVAL)
		counts->malformed++;
	else
		counts->ierrors++;
}

static void queue_add_counts(struct vio_counts *to, const struct vio_counts *more)
{
	to->rx_frames += more->rx_frames;
	to->malformed += more->malformed;
	to->norcvbuf += more->norcvbuf;
	to->ierrors += more->ierrors;
}

void queue_receive(struct vio *v, mblk_t *chain)
{
	struct vio_counts counts = { 0 };
	struct vio_taps *taps = NULL;
	uint32_t mtu;
	int fd = -1;

	pthread_mutex_lock(&v->lock);
	if (v->told.started)
		taps = vio_taps_hold(v);
	mtu = v->says.mtu;
	pthread_mutex_unlock(&v->lock);
	/* The kernel sends a flow's answers to the queue that it came in by. */
	if (taps)
		fd = taps->fd[taps->count == 1 ? 0 : (unsigned int)sched_getcpu() % taps->count];
	while (chain) {
		mblk_t *next = chain->b_next;

		if (fd >= 0)
			queue_write(v, fd, chain, mtu, &counts);
		chain->b_next = NULL;
		freemsg(chain);
		chain = next;
	}
	pthread_mutex_lock(&v->lock);
	queue_add_counts(&v->counts, &counts);
	pthread_mutex_unlock(&v->lock);
	if (taps)
		vio_taps_release(taps);
}

/* --- life --- */

int queue_new(struct vio *v)
{
	int fd;

	if (!v->queue_count)
		return 0;
	v->queues = calloc(v->queue_count, sizeof(*v->queues));
	if (!v->queues)
		return -ENOMEM;
	for (unsigned int i = 0; i < v->queue_count; i++) {
		struct vio_queue *q = &v->queues[i];

		q->source = (struct loop_source) {
			.owner = v,
			.run = queue_run,
			.fd = -1,
			.index = (int)i,
		};
		q->spill = malloc(QUEUE_SPILL_BYTES);
		if (!q->spill)
			return -ENOMEM;
	}
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	v->kick_fd = fd;
	v->kick.run = queue_run_kick;
	return loop_add(v->loop, &v->kick, fd, EPOLLIN);
}

void queue_free(struct vio *v)
{
	for (unsigned int i = 0; v->queues && i < v->queue_count; i++) {
		struct vio_queue *q = &v->queues[i];

		freemsgchain(q->kept);
		if (q->spare)
			freemsg(q->spare);
		free(q->spill);
	}
	free(v->queues);
	if (v->kick_fd >= 0)
		close(v->kick_fd);
}

int queue_open(struct vio *v)
{
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < v->queue_count; i++)
		r = loop_add(v->loop, &v->queues[i].source, v->taps->fd[i], EPOLLIN);
	return r;
}

void queue_close(struct vio *v)
{
	for (unsigned int i = 0; v->queues && i < v->queue_count; i++)
		loop_remove(v->loop, &v->queues[i].source);
}
