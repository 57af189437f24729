/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pinwatch.h"

#include <errno.h>
#include <sys/inotify.h>

#include "pin.h"

#define PINWATCH_FOLDERS     8
#define PINWATCH_WAIT_US     500000 /* between two looks: whoever removes thousands is not done yet */
#define PINWATCH_SOON_US     20000
#define PINWATCH_EVENTS	     (IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)
#define PINWATCH_ACCURACY_US 1000

struct pinwatch {
	sd_event_source *folders[PINWATCH_FOLDERS];
	size_t count;
	sd_event_source *timer;
	uint64_t made_us;
	void (*on_removed)(void *context);
	void *context;
};

/* Soon after some quiet: a folder is removed with all that is in it first. */
static int on_inotify(sd_event_source *source, const struct inotify_event *event, void *context)
{
	struct pinwatch *w = context;
	uint64_t at_us;

	/* We replace a pin of our own: nothing is gone. */
	if ((event->mask & IN_MOVED_FROM) && event->len && pin_is_new(event->name))
		return 0;
	sd_event_now(sd_event_source_get_event(source), CLOCK_MONOTONIC, &at_us);
	at_us += PINWATCH_SOON_US;
	if (at_us < w->made_us + PINWATCH_WAIT_US)
		at_us = w->made_us + PINWATCH_WAIT_US;
	sd_event_source_set_time(w->timer, at_us);
	return sd_event_source_set_enabled(w->timer, SD_EVENT_ONESHOT);
}

void pinwatch_again(struct pinwatch *w)
{
	sd_event_source_set_time(w->timer, w->made_us + PINWATCH_WAIT_US);
	sd_event_source_set_enabled(w->timer, SD_EVENT_ONESHOT);
}

static int on_time(sd_event_source *source, uint64_t usec, void *context)
{
	struct pinwatch *w = context;

	w->on_removed(w->context); /* frees @w */
	return 0;
}

static int watch(struct pinwatch *w, sd_event *loop, const char *const *folders, size_t count)
{
	int r;

	for (size_t i = 0; i < count; i++) {
		r = sd_event_add_inotify(loop, &w->folders[w->count], folders[i],
					 PINWATCH_EVENTS | IN_ONLYDIR, on_inotify, w);
		if (r < 0 && r != -ENOENT)
			return r;
		if (r >= 0)
			w->count++;
		else
			pinwatch_again(w);
	}
	return 0;
}

int pinwatch_new(sd_event *loop, const char *const *folders, size_t count,
		 void (*on_removed)(void *context), void *context, struct pinwatch **ret)
{
	struct pinwatch *w;
	int r;

	if (count > PINWATCH_FOLDERS)
		return -EINVAL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->on_removed = on_removed;
	w->context = context;
	sd_event_now(loop, CLOCK_MONOTONIC, &w->made_us);
	r = sd_event_add_time(loop, &w->timer, CLOCK_MONOTONIC, 0, PINWATCH_ACCURACY_US, on_time,
			      w);
	if (r >= 0)
		r = sd_event_source_set_enabled(w->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = watch(w, loop, folders, count);
	if (r < 0) {
		pinwatch_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void pinwatch_free(struct pinwatch *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->count; i++)
		sd_event_source_disable_unref(w->folders[i]);
	sd_event_source_disable_unref(w->timer);
	free(w);
}
