/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What flows that programs have opened have in the kernel, and nothing else has. */
#include "world.h"

static size_t check_pair(struct world *w, const struct flow *f, const struct flow_xsk_pair *p,
			 struct world_sums *sums)
{
	char port[IFNAMSIZ + 2];
	const struct link *far, *near;

	if (!p->name[0])
		return 0;
	snprintf(port, sizeof(port), "%s-p", p->name);
	far = fake_kernel_find(w->k, p->name);
	near = fake_kernel_find(w->k, port);
	ck_assert_ptr_nonnull(far);
	ck_assert_ptr_nonnull(near);
	ck_assert_uint_eq(far->ifindex, p->far);
	ck_assert_uint_eq(near->ifindex, p->near);
	ck_assert(w->k->attached[KERNEL_HOOK_XDP_XSK][p->far]);
	ck_assert(fake_kernel_has_xsk(w->k, ABI_XSK_PLACE(f->number, p->turn)));
	sums->ports++;
	sums->hooks++;
	return 1;
}

static size_t check_flows(struct world *w, const struct flow *flows, struct world_sums *sums)
{
	size_t places = 0;

	for (const struct flow *f = flows; f; f = f->hh.next) {
		const struct abi_flow *row = fake_kernel_flow(w->k, f->number);
		bool opened = f->xsk.now.name[0];

		ck_assert(!opened || f->settings.target.to == SETTINGS_TO_XSK);
		ck_assert(!f->xsk.present || opened);
		ck_assert_uint_eq(row->target_kind == ABI_TARGET_XSK, opened);
		if (opened) {
			ck_assert_uint_eq(row->target, f->xsk.now.near);
			ck_assert_uint_eq(row->turn, f->xsk.now.turn);
		}
		places += check_pair(w, f, &f->xsk.now, sums);
		places += check_pair(w, f, &f->xsk.old, sums);
	}
	return places;
}

void world_check_xsks(struct world *w, struct world_sums *sums)
{
	size_t places = 0;

	for (const struct vnet *v = manager_vnets(w->m); v; v = v->hh.next)
		places += check_flows(w, v->flows, sums);
	for (const struct uplink *u = manager_uplinks(w->m); u; u = u->hh.next)
		places += check_flows(w, u->flows, sums);
	ck_assert_uint_eq(fake_kernel_count(&w->k->xsks), places);
}
