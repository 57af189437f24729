/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "world_provide.h"

struct provider world_provider(enum settings_type type, const char *peer)
{
	struct provider p = {
		.ask = { .type = type, .tap = { .queues = 1 }, .privileged = true },
	};

	ck_assert_int_eq(mac_parse(WORLD_MAC, p.ask.local), 0);
	if (peer)
		ck_assert_int_eq(mac_parse(peer, p.ask.peer), 0);
	return p;
}

int world_try_provide(struct world *w, struct provider *p)
{
	struct resource *r = NULL;
	int fds[KERNEL_TAP_QUEUES_MAX];
	unsigned int count = UINT32_MAX;
	int err;

	w->e = (struct error) { 0 };
	memset(fds, 0xff, sizeof(fds));
	err = manager_provide(w->m, &p->ask, &r, fds, &count, &w->e);
	if (err) {
		/* What is returned is written on success alone. */
		ck_assert(!r && count == UINT32_MAX && fds[0] == -1);
		ck_assert_int_eq(w->e.number, -err);
		return err;
	}
	ck_assert_uint_le(count, KERNEL_TAP_QUEUES_MAX);
	for (unsigned int i = 0; i < count; i++)
		ck_assert_int_ge(fds[i], 0);
	p->r = r;
	if (count) {
		world_provider_close(p);
		memcpy(p->fds, fds, sizeof(fds));
		p->count = count;
	}
	util_copy(p->token, sizeof(p->token), r->provider.token);
	return 0;
}

void world_provide(struct world *w, struct provider *p)
{
	world_done(w, world_try_provide(w, p));
	ck_assert(p->r->present);
	ck_assert_uint_eq(strlen(p->token), DESIRED_TOKEN_SIZE - 1);
}

void world_provider_close(struct provider *p)
{
	for (unsigned int i = 0; i < p->count; i++)
		close(p->fds[i]);
	p->count = 0;
}

void world_provider_exit(struct world *w, struct provider *p)
{
	struct resource *r = UTIL_TAKE_PTR(p->r);

	if (r->provider.kind == DESIRED_PROVIDER_TAP && r->ifindex)
		world_delete(w, r->settings.device);
	manager_provider_leave(w->m, r);
	world_provider_close(p);
}
