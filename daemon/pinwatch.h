/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells when something was removed from folders of pins: by whom, the kernel does not say. */
#ifndef VNETD_PINWATCH_H
#define VNETD_PINWATCH_H

#include <systemd/sd-event.h>

#include "util.h"

struct pinwatch;

/*
 * Watches @folders; one that is not there counts as removed just now. @on_removed is called from
 * the loop, once for all that was removed in a row, at most twice a second; then the watch is used
 * up, and who wants to know more frees it and makes a new one. 0 or -errno.
 */
int pinwatch_new(sd_event *loop, const char *const *folders, size_t count,
		 void (*on_removed)(void *context), void *context, struct pinwatch **ret);

/* As if something had been removed just now. */
void pinwatch_again(struct pinwatch *w);

void pinwatch_free(struct pinwatch *w);

#endif
