// SPDX-License-Identifier: GPL-2.0-or-later
/* Notes of what devices and virtual functions were before they were changed, by ifindex. What is in
 * them is not ours to know. */
#include "datapath_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "pin.h"

#define NAME_SIZE   24
#define VF_SIGN	    "-"
#define FILTER_SIGN "+"

static int mark(struct datapath *d, const char *name, const char *text)
{
	int r;

	if (!text)
		return pin_remove(d->folders[FOLDER_DEVICES], name);
	r = datapath_open(d, NULL);
	return r < 0 ? r : pin_note(d->folders[FOLDER_DEVICES], name, text);
}

int datapath_device_mark(void *datapath, uint32_t ifindex, const char *text)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%u", ifindex);
	return mark(datapath, name, text);
}

int datapath_vf_mark(void *datapath, uint32_t pf, uint32_t index, const char *text)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%u" VF_SIGN "%u", pf, index);
	return mark(datapath, name, text);
}

int datapath_filter_mark(void *datapath, uint32_t ifindex, uint32_t place, const char *text)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%u" FILTER_SIGN "%u", ifindex, place);
	return mark(datapath, name, text);
}

/* Of devices, or of what a device has by numbers. */
struct walk {
	const char *folder;
	char sign; /* between device and number */
	int (*device)(void *context, uint32_t ifindex, const char *text);
	int (*part)(void *context, uint32_t ifindex, uint32_t number, const char *text);
	void *context;
};

/* What follows the number is in @ret_end; false: there is none. */
static bool read_number(const char *text, uint32_t *ret, const char **ret_end)
{
	unsigned long number;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	number = strtoul(text, &end, 10);
	*ret = (uint32_t)number;
	*ret_end = end;
	return number <= INT32_MAX;
}

static int visit(void *context, const char *name)
{
	const struct walk *w = context;
	uint32_t ifindex, index = 0;
	char text[PATH_MAX];
	const char *end;
	int r;

	if (pin_is_new(name)) /* of one who died half-way: the old one counts */
		return pin_remove(w->folder, name);
	if (!read_number(name, &ifindex, &end) || !ifindex)
		return 0; /* not ours */
	if (w->part && (*end != w->sign || !read_number(end + 1, &index, &end)))
		return 0;
	if (*end)
		return 0;
	r = pin_note_read(w->folder, name, text);
	if (r < 0)
		return r;
	return w->part ? w->part(w->context, ifindex, index, text)
		       : w->device(w->context, ifindex, text);
}

int datapath_device_marks_each(void *datapath,
			       int (*each)(void *context, uint32_t ifindex, const char *text),
			       void *context)
{
	struct datapath *d = datapath;
	struct walk w = { d->folders[FOLDER_DEVICES], 0, each, NULL, context };

	return pin_each(w.folder, visit, &w);
}

int datapath_vf_marks_each(void *datapath,
			   int (*each)(void *context, uint32_t pf, uint32_t index,
				       const char *text),
			   void *context)
{
	struct datapath *d = datapath;
	struct walk w = { d->folders[FOLDER_DEVICES], VF_SIGN[0], NULL, each, context };

	return pin_each(w.folder, visit, &w);
}

int datapath_filter_marks_each(void *datapath,
			       int (*each)(void *context, uint32_t ifindex, uint32_t place,
					   const char *text),
			       void *context)
{
	struct datapath *d = datapath;
	struct walk w = { d->folders[FOLDER_DEVICES], FILTER_SIGN[0], NULL, each, context };

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
