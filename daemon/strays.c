// SPDX-License-Identifier: GPL-2.0-or-later
#include "strays.h"

#include "attach.h"
#include "tcx.h"
#include "xdp.h"

static bool has(const uint32_t *ids, size_t count, uint32_t id)
{
	for (size_t i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static bool has_any(const uint32_t *ids, size_t count, const uint32_t *there, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (has(ids, count, there[i]))
			return true;
	return false;
}

static bool is_at(uint32_t ifindex, const uint32_t *ids, size_t count)
{
	_Static_assert(TCX_PROGRAMS >= KERNEL_HOOK_END, "as many filters are at a device");
	uint32_t there[TCX_PROGRAMS];

	return has_any(ids, count, there, tcx_programs(ifindex, false, there)) ||
	       has_any(ids, count, there, tcx_programs(ifindex, true, there)) ||
	       has_any(ids, count, there, attach_filter_programs(ifindex, there)) ||
	       has(ids, count, xdp_program(ifindex));
}

bool strays_find(const uint32_t *ids, size_t count, char ret_device[IF_NAMESIZE])
{
	struct if_nameindex *all = count ? if_nameindex() : NULL;
	bool found = false;

	for (const struct if_nameindex *i = all; i && i->if_index && !found; i++) {
		found = is_at(i->if_index, ids, count);
		if (found)
			util_copy(ret_device, IF_NAMESIZE, i->if_name);
	}
	if (all)
		if_freenameindex(all);
	return found;
}
