/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the programs do not see devices, vnetd looks for them, and waits for nobody meanwhile. */
#include "manager_internal.h"

bool manager_look(struct manager *m, uint32_t ifindex)
{
	const struct link *known = link_find(m->links, ifindex);
	struct link lost;
	bool carries;

	if (!known || manager_rtnl(m, carries, known, &carries))
		return false;
	if (carries == link_is_up(known))
		return true;
	if (carries)
		return false;
	/* The kernel's own news of it follows. */
	lost = *known;
	lost.carrier = false;
	manager_on_link(m, &lost);
	return true;
}
