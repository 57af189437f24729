// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach.h"

#include <errno.h>

#include "clsact.h"
#include "pin.h"
#include "tcx.h"
#include "xdp.h"

#define ATTACH_NAME_SIZE 32

static const struct {
	const char *name;
	bool egress;
	uint32_t handle; /* of the clsact filter: apart, so that two hooks of a device never mix */
	bool xdp;	 /* neither tcx nor clsact */
	bool generic;	 /* the stack runs it, and not the driver */
} hooks[KERNEL_HOOK_END] = {
	[KERNEL_HOOK_TX_EGRESS] = { .name = "tx-egress", .egress = true, .handle = 1 },
	[KERNEL_HOOK_TX_INGRESS] = { .name = "tx-ingress", .handle = 2 },
	[KERNEL_HOOK_RX] = { .name = "rx", .handle = 3 },
	[KERNEL_HOOK_XDP_TX] = { .name = "xdp-tx", .xdp = true },
	[KERNEL_HOOK_XDP_RX] = { .name = "xdp-rx", .xdp = true },
	[KERNEL_HOOK_UPLINK] = { .name = "uplink", .handle = 4 },
	[KERNEL_HOOK_UPLINK_TX] = { .name = "uplink-tx", .egress = true, .handle = 5 },
	[KERNEL_HOOK_XDP_UPLINK] = { .name = "xdp-uplink", .xdp = true },
	[KERNEL_HOOK_XDP_CPU] = { .name = "xdp-cpu", .xdp = true },
	[KERNEL_HOOK_XDP_CPU_GENERIC] = { .name = "xdp-cpu-generic", .xdp = true, .generic = true },
	[KERNEL_HOOK_XDP_XSK] = { .name = "xdp-xsk", .xdp = true },
};

static const char qdisc_name[] = "qdisc";

static void name_write(char ret[ATTACH_NAME_SIZE], const char *what, uint32_t ifindex)
{
	snprintf(ret, ATTACH_NAME_SIZE, "%s-%u", what, ifindex);
}

/* True, and the number in @ret_ifindex, if @name is "@what-NUMBER". */
static bool name_matches(const char *name, const char *what, uint32_t *ret_ifindex)
{
	size_t len = strlen(what);
	unsigned long number;
	char *end;

	if (strncmp(name, what, len) != 0 || name[len] != '-' || name[len + 1] < '1' ||
	    name[len + 1] > '9')
		return false;
	errno = 0;
	number = strtoul(name + len + 1, &end, 10);
	if (errno || *end || number > INT32_MAX)
		return false;
	*ret_ifindex = (uint32_t)number;
	return true;
}

static bool name_parse(const char *name, enum kernel_hook *ret_hook, uint32_t *ret_ifindex)
{
	for (int hook = 0; hook < KERNEL_HOOK_END; hook++)
		if (name_matches(name, hooks[hook].name, ret_ifindex)) {
			*ret_hook = (enum kernel_hook)hook;
			return true;
		}
	return false;
}

/* --- links, which are pinned --- */

static struct tcx_place tcx_place(const struct attach_place *place, enum kernel_hook hook,
				  uint32_t ifindex, const char *name)
{
	return (struct tcx_place) {
		.folder = place->links,
		.name = name,
		.ifindex = ifindex,
		.egress = hooks[hook].egress,
	};
}

static struct xdp_place xdp_place(const struct attach_place *place, enum kernel_hook hook,
				  uint32_t ifindex, const char *name)
{
	return (struct xdp_place) { place->links, name, ifindex, hooks[hook].generic };
}

static int pinned_add(const struct attach_place *place, enum kernel_hook hook, uint32_t ifindex,
		      const char *name, int program, int old_program)
{
	const struct xdp_place xdp = xdp_place(place, hook, ifindex, name);
	const struct tcx_place tcx = tcx_place(place, hook, ifindex, name);

	return hooks[hook].xdp ? xdp_attach(&xdp, program, old_program)
			       : tcx_attach(&tcx, program, old_program);
}

static bool pinned_is_there(const struct attach_place *place, enum kernel_hook hook,
			    uint32_t ifindex, const char *name)
{
	const struct xdp_place xdp = xdp_place(place, hook, ifindex, name);
	const struct tcx_place tcx = tcx_place(place, hook, ifindex, name);

	return hooks[hook].xdp ? xdp_is_there(&xdp) : tcx_is_there(&tcx);
}

static int pinned_remove(const struct attach_place *place, enum kernel_hook hook, uint32_t ifindex,
			 const char *name)
{
	const struct xdp_place xdp = xdp_place(place, hook, ifindex, name);
	const struct tcx_place tcx = tcx_place(place, hook, ifindex, name);

	return hooks[hook].xdp ? xdp_detach(&xdp) : tcx_detach(&tcx);
}

/* --- filters, which are marked --- */

/* The mark stays while the qdisc does, for whoever removes the last filter of ours. */
static int qdisc_release(const struct attach_place *place, uint32_t ifindex)
{
	char name[ATTACH_NAME_SIZE];
	int r;

	name_write(name, qdisc_name, ifindex);
	if (!pin_is_there(place->filters, name))
		return 0;
	r = clsact_remove_unused(ifindex);
	return r == 1 ? pin_unmark(place->filters, name) : r;
}

static int filter_remove(const struct attach_place *place, enum kernel_hook hook, uint32_t ifindex,
			 const char *name)
{
	int r;

	if (!pin_is_there(place->filters, name))
		return 0;
	r = clsact_detach(
		&(struct clsact_place) { ifindex, hooks[hook].egress, hooks[hook].handle });
	if (r == 0)
		r = qdisc_release(place, ifindex);
	return r == 0 ? pin_unmark(place->filters, name) : r;
}

/* A qdisc that was there before has no mark and is not ours to remove. */
static int qdisc_make(const struct attach_place *place, uint32_t ifindex)
{
	char name[ATTACH_NAME_SIZE];
	bool marked;
	int r;

	name_write(name, qdisc_name, ifindex);
	r = pin_mark(place->filters, name);
	if (r < 0 && r != -EEXIST)
		return r;
	marked = r == 0;
	r = clsact_make(ifindex);
	if (r < 0 && marked)
		pin_unmark(place->filters, name);
	return r == -EEXIST ? 0 : r;
}

static int filter_add(const struct attach_place *place, enum kernel_hook hook, uint32_t ifindex,
		      const char *name, int program)
{
	const struct clsact_place filter = { ifindex, hooks[hook].egress, hooks[hook].handle };
	bool marked;
	int r;

	r = pin_mark(place->filters, name);
	if (r < 0 && r != -EEXIST)
		return r;
	marked = r == 0;
	/* One that is there is most likely whole. */
	if (!marked && clsact_attach(&filter, program) == 0)
		return 0;
	r = qdisc_make(place, ifindex);
	if (r == 0)
		r = clsact_attach(&filter, program);
	if (r < 0 && marked)
		filter_remove(place, hook, ifindex, name);
	return r;
}

/* --- either --- */

int attach_add(const struct attach_place *place, enum kernel_hook hook, uint32_t ifindex, bool tcx,
	       int program, int old_program)
{
	char name[ATTACH_NAME_SIZE];
	int r;

	name_write(name, hooks[hook].name, ifindex);
	if (tcx || hooks[hook].xdp) {
		r = pinned_add(place, hook, ifindex, name, program, old_program);
		return r < 0 ? r : filter_remove(place, hook, ifindex, name);
	}
	r = filter_add(place, hook, ifindex, name, program);
	return r < 0 ? r : pinned_remove(place, hook, ifindex, name);
}

bool attach_has_link(const struct attach_place *place, enum kernel_hook hook, uint32_t ifindex)
{
	char name[ATTACH_NAME_SIZE];

	name_write(name, hooks[hook].name, ifindex);
	return pin_is_there(place->links, name);
}

bool attach_has_filter(const struct attach_place *place, enum kernel_hook hook, uint32_t ifindex)
{
	char name[ATTACH_NAME_SIZE];

	name_write(name, hooks[hook].name, ifindex);
	return pin_is_there(place->filters, name);
}

bool attach_is_there(const struct attach_place *place, enum kernel_hook hook, uint32_t ifindex)
{
	const struct clsact_place filter = { ifindex, hooks[hook].egress, hooks[hook].handle };
	char name[ATTACH_NAME_SIZE];

	name_write(name, hooks[hook].name, ifindex);
	return pinned_is_there(place, hook, ifindex, name) ||
	       (pin_is_there(place->filters, name) && clsact_is_there(&filter));
}

size_t attach_filter_programs(uint32_t ifindex, uint32_t ret[KERNEL_HOOK_END])
{
	size_t count = 0;

	for (int i = 0; i < KERNEL_HOOK_END; i++) {
		const struct clsact_place filter = { ifindex, hooks[i].egress, hooks[i].handle };

		if (hooks[i].xdp)
			continue;
		ret[count] = clsact_program(&filter);
		count += ret[count] != 0;
	}
	return count;
}

int attach_remove(const struct attach_place *place, enum kernel_hook hook, uint32_t ifindex)
{
	char name[ATTACH_NAME_SIZE];
	int link, filter;

	name_write(name, hooks[hook].name, ifindex);
	link = pinned_remove(place, hook, ifindex, name);
	filter = filter_remove(place, hook, ifindex, name);
	return link < 0 ? link : filter;
}

struct sweep {
	const struct attach_place *place;
	bool (*keep)(void *context, enum kernel_hook hook, uint32_t ifindex);
	void *context;
};

static int sweep_hook(void *context, const char *name)
{
	const struct sweep *s = context;
	enum kernel_hook hook;
	uint32_t ifindex;

	if (!name_parse(name, &hook, &ifindex) || (s->keep && s->keep(s->context, hook, ifindex)))
		return 0;
	return attach_remove(s->place, hook, ifindex);
}

/* What died between removing its filter and its qdisc left a qdisc without a filter's mark. */
static int sweep_qdisc(void *context, const char *name)
{
	const struct sweep *s = context;
	uint32_t ifindex;

	if (!name_matches(name, qdisc_name, &ifindex))
		return 0;
	return qdisc_release(s->place, ifindex);
}

int attach_sweep(const struct attach_place *place,
		 bool (*keep)(void *context, enum kernel_hook hook, uint32_t ifindex),
		 void *context)
{
	struct sweep s = { place, keep, context };
	const int results[] = {
		pin_each(place->links, sweep_hook, &s),
		pin_each(place->filters, sweep_hook, &s),
		pin_each(place->filters, sweep_qdisc, &s),
	};

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(results); i++)
		if (results[i] < 0)
			return results[i];
	return 0;
}
