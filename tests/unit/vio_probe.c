// SPDX-License-Identifier: GPL-2.0-or-later
#include "vio_probe.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

/* --- entry points --- */

static void __attribute__((format(printf, 2, 3))) note(struct probe *p, const char *format, ...)
{
	size_t used;
	va_list args;

	pthread_mutex_lock(&p->lock);
	used = strlen(p->log);
	va_start(args, format);
	vsnprintf(p->log + used, sizeof(p->log) - used, format, args);
	va_end(args);
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

static void enter(struct probe *p, enum probe_entry entry)
{
	must(!atomic_load(&p->over));
	atomic_fetch_add(&p->within, 1);
	if (p->inside)
		p->inside(p, entry);
}

/* The answer is as it was set when the entry point was called. */
static int leave(struct probe *p, enum probe_entry entry)
{
	int answer = atomic_load(&p->answers[entry]);

	atomic_fetch_add(&p->calls[entry], 1);
	atomic_fetch_sub(&p->within, 1);
	return answer;
}

static int on_start(void *driver)
{
	struct probe *p = driver;

	note(p, "start ");
	enter(p, PROBE_START);
	return leave(p, PROBE_START);
}

static void on_stop(void *driver)
{
	struct probe *p = driver;

	note(p, "stop ");
	enter(p, PROBE_STOP);
	leave(p, PROBE_STOP);
}

static int on_setpromisc(void *driver, boolean_t on)
{
	struct probe *p = driver;

	note(p, "promisc:%d ", on);
	enter(p, PROBE_SETPROMISC);
	return leave(p, PROBE_SETPROMISC);
}

static int on_multicst(void *driver, boolean_t add, const uint8_t *address)
{
	struct probe *p = driver;

	note(p, "%c%02x%02x ", add ? '+' : '-', address[0], address[5]);
	enter(p, PROBE_MULTICST);
	return leave(p, PROBE_MULTICST);
}

static int on_unicst(void *driver, const uint8_t *address)
{
	struct probe *p = driver;

	note(p, "unicst:%02x%02x ", address[0], address[5]);
	enter(p, PROBE_UNICST);
	return leave(p, PROBE_UNICST);
}

static mblk_t *on_tx(void *driver, mblk_t *chain)
{
	struct probe *p = driver;

	enter(p, PROBE_TX);
	if (p->tx) {
		chain = p->tx(p, chain);
	} else {
		freemsgchain(chain);
		chain = NULL;
	}
	leave(p, PROBE_TX);
	return chain;
}

static int on_getstat(void *driver, uint_t stat, uint64_t *val)
{
	struct probe *p = driver;

	enter(p, PROBE_GETSTAT);
	*val = p->stats + stat;
	return leave(p, PROBE_GETSTAT);
}

static boolean_t on_getcapab(void *driver, mac_capab_t capab, void *data)
{
	struct probe *p = driver;

	switch (capab) {
	case MAC_CAPAB_HCKSUM:
		*(uint32_t *)data = p->checksums;
		return p->checksums ? B_TRUE : B_FALSE;
	case MAC_CAPAB_LSO:
		*(mac_capab_lso_t *)data = p->lso;
		return p->lso.lso_flags ? B_TRUE : B_FALSE;
	}
	return B_FALSE;
}

/* --- life --- */

void probe_init(struct probe *p, struct vnet_loop *loop)
{
	*p = (struct probe) { .stats = 100 };
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	p->callbacks = (mac_callbacks_t) {
		.mc_callbacks = MC_GETCAPAB,
		.mc_getstat = on_getstat,
		.mc_start = on_start,
		.mc_stop = on_stop,
		.mc_setpromisc = on_setpromisc,
		.mc_multicst = on_multicst,
		.mc_unicst = on_unicst,
		.mc_tx = on_tx,
		.mc_getcapab = on_getcapab,
	};
	p->mac = (mac_register_t) {
		.m_version = MAC_VERSION,
		.m_type_ident = MAC_PLUGIN_IDENT_ETHER,
		.m_driver = p,
		.m_callbacks = &p->callbacks,
		.m_loop = loop,
	};
}

void probe_done(struct probe *p)
{
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
}

int probe_register(struct probe *p, vio_net_res_type_t type)
{
	ether_addr_t local = { 2, 0, 0, 0, 0, 1 }, peer = { 2, 0, 0, 0, 0, 2 };

	return vio_net_resource_reg(&p->mac, type, local, peer, &p->handle, &p->vnet);
}

/* --- what it was told --- */

void probe_await(struct probe *p, const char *text)
{
	struct timespec deadline;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += VIO_WORLD_DEADLINE_MS / 1000;
	pthread_mutex_lock(&p->lock);
	while (strcmp(p->log, text) != 0)
		if (pthread_cond_timedwait(&p->changed, &p->lock, &deadline) == ETIMEDOUT)
			ck_abort_msg("it was told '%s', not '%s'", p->log, text);
	pthread_mutex_unlock(&p->lock);
}

void probe_await_calls(struct probe *p, enum probe_entry entry, unsigned int count)
{
	probe_until(atomic_load(&p->calls[entry]) >= count);
}

void probe_clear(struct probe *p)
{
	pthread_mutex_lock(&p->lock);
	p->log[0] = '\0';
	pthread_mutex_unlock(&p->lock);
}

struct vio_net_status probe_status(const struct probe *p)
{
	struct vio_net_status s;

	must(vio_net_resource_status(p->handle, &s) == 0);
	return s;
}

void probe_await_state(const struct probe *p, enum vio_net_state state)
{
	probe_until(probe_status(p).state == state);
}

mblk_t *probe_frame(size_t n)
{
	static const uint8_t header[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };
	mblk_t *mp = allocb(n ? n : 1, BPRI_MED);

	must(mp);
	for (size_t i = 0; i < n; i++)
		*mp->b_wptr++ = i < sizeof(header) ? header[i] : (uint8_t)i;
	return mp;
}

/* --- threads --- */

static void *run(void *context)
{
	must(vnet_run(context) == 0);
	return NULL;
}

void probe_drive(struct probe_threads *t, struct vnet_loop *loop, unsigned int count)
{
	*t = (struct probe_threads) { .loop = loop, .count = count };
	for (unsigned int i = 0; i < count; i++)
		must(!pthread_create(&t->thread[i], NULL, run, loop));
}

void probe_halt(struct probe_threads *t)
{
	vnet_stop(t->loop);
	for (unsigned int i = 0; i < t->count; i++)
		pthread_join(t->thread[i], NULL);
}

/* --- a bed --- */

void probe_bed_make(struct probe_bed *bed, unsigned int count)
{
	bed->fds = vio_world_count_fds();
	bed->world = vio_world_new();
	must(vnet_loop_new(bed->world->path, &bed->loop) == 0);
	probe_init(&bed->probe, bed->loop);
	probe_drive(&bed->threads, bed->loop, count);
}

void probe_bed_clear(struct probe_bed *bed)
{
	probe_halt(&bed->threads);
	vnet_loop_free(bed->loop);
	vio_world_free(bed->world);
	probe_done(&bed->probe);
	probe_until(vio_world_count_fds() == bed->fds);
}
