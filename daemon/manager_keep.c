/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the desired state is kept: at the end of every change, or, for many changes in a row, once
 * for all of them. It is as with write() and fsync(): who wants to be quick says later what has to
 * be safe.
 */
#include "log.h"
#include "manager_internal.h"

#define KEEP_LATEST_US 1000000

int manager_save(struct manager *m, struct error *e)
{
	uint64_t due_us = m->keep_due_us;
	int err;

	if (m->saves_held)
		return 0;
	m->unsaved = false;
	if (m->keep_later) {
		m->keep_due_us = due_us ?: manager_now_us(m) + KEEP_LATEST_US;
		return 0;
	}
	m->keep_due_us = 0;
	err = m->callbacks.on_save ? m->callbacks.on_save(m->context, m, e) : 0;
	if (err)
		m->keep_due_us = due_us; /* what was put off still has to be kept */
	return err;
}

void manager_keep_later(struct manager *m, bool later)
{
	m->keep_later = later;
}

int manager_keep(struct manager *m, struct error *e)
{
	return m->keep_due_us ? manager_save(m, e) : 0;
}

uint64_t manager_keep_due_us(const struct manager *m)
{
	return m->keep_due_us ?: UINT64_MAX;
}

void manager_keep_run(struct manager *m, uint64_t now_us)
{
	struct error e = { 0 };

	if (!manager_keep(m, &e))
		return;
	log_warning("%s; trying again in a second", e.message);
	m->keep_due_us = now_us + KEEP_LATEST_US;
}
