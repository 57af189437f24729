// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel has for the programs' carrier check. Its own description of its types tells, and
 * not its version: distributions take features back to older ones.
 */
#include "loader.h"

#include <bpf/btf.h>

#include "log.h"

struct member {
	const char *type;
	const char *name;
};

/* What the programs read on their way from the map `devices` to the state of a device. */
static const struct member state_members[] = {
	{ "bpf_dtab", "dev_index_head" }, { "hlist_head", "first" },
	{ "hlist_node", "next" },	  { "bpf_dtab_netdev", "index_hlist" },
	{ "bpf_dtab_netdev", "dev" },	  { "bpf_dtab_netdev", "idx" },
	{ "net_device", "state" },
};

static const struct member xdp_member = { "net_device", "xdp_features" };

/* Members of a union or struct without a name count as its own. */
static bool type_has(const struct btf *btf, const struct btf_type *type, const char *name)
{
	const struct btf_member *members;
	const char *found;

	if (!type || !btf_is_composite(type))
		return false;
	members = btf_members(type);
	for (__u16 i = 0; i < btf_vlen(type); i++) {
		found = btf__name_by_offset(btf, members[i].name_off);
		if (found && strcmp(found, name) == 0)
			return true;
		if ((!found || !*found) &&
		    type_has(btf, btf__type_by_id(btf, members[i].type), name))
			return true;
	}
	return false;
}

static bool has_member(const struct btf *btf, const struct member *m)
{
	__s32 id = btf__find_by_name_kind(btf, m->type, BTF_KIND_STRUCT);

	return id > 0 && type_has(btf, btf__type_by_id(btf, (__u32)id), m->name);
}

/* What is missing for the carrier check, NULL: nothing. */
static const char *missing(const struct btf *btf, char *buffer, size_t size)
{
	static const char cast[] = "bpf_rdonly_cast";

	if (!btf)
		return "a description of its types";
	if (btf__find_by_name_kind(btf, cast, BTF_KIND_FUNC) < 0)
		return cast;
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(state_members); i++) {
		if (has_member(btf, &state_members[i]))
			continue;
		snprintf(buffer, size, "%s.%s", state_members[i].type, state_members[i].name);
		return buffer;
	}
	return NULL;
}

void loader_probe(struct loader_options *ret)
{
	struct btf *btf = btf__load_vmlinux_btf();
	char buffer[64];
	const char *what = missing(btf, buffer, sizeof(buffer));

	if (what)
		log_info("this kernel has no %s: the programs do not look at the state of the "
			 "devices, vnetd alone watches them",
			 what);
	*ret = (struct loader_options) {
		.device_state = !what,
		.xdp_features = btf && has_member(btf, &xdp_member),
		.xdp = true,
	};
	btf__free(btf);
}
