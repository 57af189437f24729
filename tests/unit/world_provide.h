/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Providers in a world: what a program asks for, and what it then holds. */
#ifndef VNET_TESTS_UNIT_WORLD_PROVIDE_H
#define VNET_TESTS_UNIT_WORLD_PROVIDE_H

#include "world.h"

/* One program's registration. */
struct provider {
	struct manager_provision ask;
	struct resource *r; /* borrowed; NULL: not registered */
	int fds[KERNEL_TAP_QUEUES_MAX];
	unsigned int count;
	char token[DESIRED_TOKEN_SIZE];
};

/* A tap for @type under the vnet with WORLD_MAC, asked for by root. @peer: NULL unless a guest. */
struct provider world_provider(enum settings_type type, const char *peer);

/* 0 or -errno with the error in w->e; then nothing of @p has changed. */
int world_try_provide(struct world *w, struct provider *p);
/* It has to succeed. */
void world_provide(struct world *w, struct provider *p);

/* The program ends: its tap goes, and then its connection. */
void world_provider_exit(struct world *w, struct provider *p);
/* Its descriptors are closed; vnetd is not there to see it. */
void world_provider_close(struct provider *p);

#endif
