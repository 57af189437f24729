// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From version 2 to version 3, which only added maps: those of version 2 are shared, but for
 * `meta`, which says what the version is.
 */
#include "migrate.h"

#include <errno.h>
#include <fcntl.h>

#include <bpf/bpf.h>

#include "../bpf/abi.h"
#include "util.h"

#define OLD_VERSION 2

_Static_assert(OLD_VERSION == ABI_VERSION - 1, "a new version needs a new way from the last one");

struct old_meta {
	uint32_t version;
	uint32_t fdb_generation;
};

static const enum loader_map shared[] = {
	LOADER_PORTS, LOADER_FAR_PORTS, LOADER_VNETS,	 LOADER_RESOURCES,
	LOADER_FDB,   LOADER_VLANS,	LOADER_COUNTERS, LOADER_FAR_COUNTERS,
	LOADER_DROPS, LOADER_DEVICES,	LOADER_STORMS,	 LOADER_ALLOWED,
};

bool migrate_is_due(int meta)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	struct old_meta row = {};
	const uint32_t zero = 0;

	return meta >= 0 && bpf_obj_get_info_by_fd(meta, &info, &len) == 0 &&
	       info.value_size == sizeof(row) && bpf_map_lookup_elem(meta, &zero, &row) == 0 &&
	       row.version == OLD_VERSION;
}

int migrate_share(const struct loader_set *old, struct loader_set *ret, const char *folder,
		  struct error *e)
{
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(shared); i++) {
		int *fd = &ret->maps[shared[i]];

		if (old->maps[shared[i]] < 0)
			continue;
		*fd = fcntl(old->maps[shared[i]], F_DUPFD_CLOEXEC, 0);
		if (*fd < 0)
			return error_set(e, ERROR_FAILED, errno, NULL, NULL,
					 "%s/%s cannot be used: %s", folder,
					 loader_map_name(shared[i]), strerror(errno));
	}
	return 0;
}
