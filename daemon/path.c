/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy's own lines (bpf/policy.h), compiled here over look-ups that read the maps in the
 * kernel: the answer is what the program would do now, not what we think that we told it.
 */
#include "path.h"

#include <errno.h>

#include "../bpf/policy.h"

/*
 * The policy keeps up to three rows at a time (the chosen one, a service, a fallback) and knows no
 * context, as in the kernel; so the question of one call lives here for its duration.
 */
struct path_question {
	const struct kernel *kernel;
	const struct link_table *links;
	struct abi_resource rows[ABI_HYBRIDS_MAX * 2 + 4];
	size_t used;
};

static _Thread_local struct path_question *question;

POLICY_INLINE const struct abi_resource *policy_resource(__u32 number)
{
	const struct kernel *k = question->kernel;
	struct abi_resource *row =
		&question->rows[question->used % UTIL_ARRAY_SIZE(question->rows)];

	if (k->ops->resource_read(k->datapath, number, row))
		return NULL;
	question->used++;
	return row;
}

POLICY_INLINE __u32 policy_fdb(__u32 vnet, __u16 vlan, __u64 mac)
{
	const struct kernel *k = question->kernel;
	struct abi_fdb_key key = { .vnet = vnet, .vlan = vlan };
	uint32_t number;

	policy_mac_put(key.mac, mac);
	return k->ops->fdb_read(k->datapath, &key, &number) ? 0 : number;
}

POLICY_INLINE bool policy_vlan_bit(__u32 vnet, __u32 resource, __u16 vlan)
{
	const struct kernel *k = question->kernel;
	struct abi_vlans_key key = { .vnet = vnet, .resource = resource };
	struct abi_vlans row;

	if (k->ops->vlans_read(k->datapath, &key, &row))
		return false;
	return row.bits[(vlan & (ABI_VLANS - 1)) / 64] >> (vlan % 64) & 1;
}

/* The device as it was last heard of; the program asks itself. */
POLICY_INLINE __u32 policy_device(__u32 ifindex)
{
	const struct link *l = link_find(question->links, ifindex);

	if (!l || !(l->flags & IFF_UP) || !l->carrier)
		return 0;
	return POLICY_DEVICE_USABLE | POLICY_DEVICE_XDP | POLICY_DEVICE_XDP_FRAGS;
}

POLICY_OUTLINE __u32 policy_twin(__u32 number)
{
	const struct kernel *k = question->kernel;
	const struct abi_resource *r = policy_resource(number);
	struct abi_vnet row;

	if (!r || k->ops->vnet_read(k->datapath, r->vnet, &row))
		return 0;
	return policy_device(row.port);
}

static const struct {
	const char *name;
	const char *why;
} drops[] = {
#define X(key, text, explanation) [ABI_DROP_##key] = { text, explanation },
	ABI_DROPS(X)
#undef X
}, reasons[] = {
#define X(key, text, explanation) [ABI_REASON_##key] = { text, explanation },
	ABI_REASONS(X)
#undef X
};

static const struct resource *find_number(const struct vnet *v, uint32_t number)
{
	for (const struct resource *r = v->resources; r; r = r->hh.next)
		if (r->number == number)
			return r;
	return NULL;
}

static void answer(const struct vnet *v, const struct policy_verdict *verdict, uint32_t drop,
		   struct path_answer *ret)
{
	if (drop) {
		*ret = (struct path_answer) { .reason = drops[drop].name, .why = drops[drop].why };
		return;
	}
	*ret = (struct path_answer) { .resource = find_number(v, verdict->number),
				      .reason = reasons[verdict->reason].name,
				      .why = reasons[verdict->reason].why };
}

int path_find(const struct vnet *v, const uint8_t mac[MAC_LEN], uint16_t vlan,
	      struct path_answer *ret)
{
	struct path_question q = { .kernel = manager_kernel(v->manager),
				   .links = manager_links(v->manager) };
	struct policy_verdict verdict = { 0 };
	struct policy_frame frame = { .dst = policy_mac(mac), .tagged = vlan };
	struct abi_vnet row;
	uint32_t drop;
	int err = q.kernel->ops->vnet_read(q.kernel->datapath, v->number, &row);

	if (err)
		return err;
	frame.src = policy_mac(row.mac);
	frame.vlan = vlan ?: row.pvid;
	question = &q;
	drop = policy_tx(&row, v->number, &frame, &verdict);
	question = NULL;
	answer(v, &verdict, drop, ret);
	return 0;
}
