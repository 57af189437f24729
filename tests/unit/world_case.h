/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One world for each test case, with short words for what is looked at in it. */
#ifndef VNET_TESTS_UNIT_WORLD_CASE_H
#define VNET_TESTS_UNIT_WORLD_CASE_H

#include "world.h"

static struct world *w;

static inline void setup(void)
{
	w = world_new();
}

static inline void teardown(void)
{
	world_check(w);
	world_news(w);
	world_free(w);
}

static inline const struct link *device(const char *name)
{
	const struct link *l = fake_kernel_find(w->k, name);

	ck_assert_msg(l, "no device %s", name);
	return l;
}

static inline bool has_mac(const char *name, const char *mac)
{
	char text[MAC_TEXT_SIZE];

	return util_same(mac_format(device(name)->address, text), mac);
}

static inline bool filters(const char *name, const char *mac)
{
	char text[MAC_TEXT_SIZE];

	return util_same(mac_format(w->k->filter[device(name)->ifindex], text), mac);
}

static inline void state_is(const char *name, const char *state)
{
	ck_assert_str_eq(world_state(w, "vnet0", name), state);
}

static inline struct vnet *vnet0(void)
{
	return world_find(w, "vnet0");
}

#endif
