/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon put together: who owns what, in which order it starts and stops. */
#ifndef VNETD_DAEMON_H
#define VNETD_DAEMON_H

#include "error.h"
#include "options.h"

struct daemon;

/*
 * Starts everything: when it returns 0 the configuration is applied and the socket listens. -errno
 * with one sentence in @e that says why and what to do.
 */
int daemon_new(const struct options *o, struct daemon **ret, struct error *e);

/* Runs until SIGTERM or SIGINT. 0 or -errno. */
int daemon_run(struct daemon *d);

/* Stops; the data path goes on forwarding. */
void daemon_free(struct daemon *d);

/* Checks the configuration files, complaints on stderr. The number of them, or -errno. */
int daemon_check(const struct options *o);

#endif
