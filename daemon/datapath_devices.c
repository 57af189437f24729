// SPDX-License-Identifier: GPL-2.0-or-later
/* Notes of what devices were before they were changed, by ifindex. What is in them is not ours to
 * know. */
#include "datapath_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "pin.h"

#define NAME_SIZE 12

int datapath_device_mark(void *datapath, uint32_t ifindex, const char *text)
{
	struct datapath *d = datapath;
	char name[NAME_SIZE];
	int r;

	snprintf(name, sizeof(name), "%u", ifindex);
	if (!text)
		return pin_remove(d->folders[FOLDER_DEVICES], name);
	r = datapath_open(d, NULL);
	return r < 0 ? r : pin_note(d->folders[FOLDER_DEVICES], name, text);
}

struct walk {
	const char *folder;
	int (*visit)(void *context, uint32_t ifindex, const char *text);
	void *context;
};

static int visit(void *context, const char *name)
{
	const struct walk *w = context;
	char text[PATH_MAX], *end;
	unsigned long ifindex;
	int r;

	if (pin_is_new(name)) /* of one who died half-way: the old one counts */
		return pin_remove(w->folder, name);
	ifindex = strtoul(name, &end, 10);
	if (*end || !ifindex || ifindex > INT32_MAX)
		return 0; /* not ours */
	r = pin_note_read(w->folder, name, text);
	return r < 0 ? r : w->visit(w->context, (uint32_t)ifindex, text);
}

int datapath_device_marks_each(void *datapath,
			       int (*each)(void *context, uint32_t ifindex, const char *text),
			       void *context)
{
	struct datapath *d = datapath;
	struct walk w = { d->folders[FOLDER_DEVICES], each, context };

	return pin_each(w.folder, visit, &w);
}

static int forget(void *context, const char *name)
{
	return pin_remove(context, name);
}

int datapath_devices_forget(struct datapath *d)
{
	return pin_each(d->folders[FOLDER_DEVICES], forget, d->folders[FOLDER_DEVICES]);
}
