// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a provider says about its device, and what is said about a frame's offloads. */
#include <stdlib.h>

#include "vnet/mac.h"

#define MAC_HCK_FLAGS (HCK_PARTIALCKSUM | HCK_FULLCKSUM_OK)

mac_register_t *mac_alloc(uint_t version)
{
	mac_register_t *macp;

	if (version != MAC_VERSION)
		return NULL;
	macp = calloc(1, sizeof(*macp));
	if (!macp)
		return NULL;
	macp->m_version = version;
	macp->m_type_ident = MAC_PLUGIN_IDENT_ETHER;
	return macp;
}

void mac_free(mac_register_t *macp)
{
	free(macp);
}

static void give(uint32_t *ret, uint32_t value)
{
	if (ret)
		*ret = value;
}

void mac_hcksum_get(const mblk_t *mp, uint32_t *start, uint32_t *stuff, uint32_t *end,
		    uint32_t *value, uint32_t *flags)
{
	const dblk_t *d = mp->b_datap;

	give(start, d->db_cksumstart);
	give(stuff, d->db_cksumstuff);
	give(end, d->db_cksumend);
	give(value, d->db_cksum16);
	give(flags, d->db_cksumflags & MAC_HCK_FLAGS);
}

/* HW_LSO is among db_cksumflags as well, and lso_info_set()'s to change. */
void mac_hcksum_set(mblk_t *mp, uint32_t start, uint32_t stuff, uint32_t end, uint32_t value,
		    uint32_t flags)
{
	dblk_t *d = mp->b_datap;

	d->db_cksumstart = (uint16_t)start;
	d->db_cksumstuff = (uint16_t)stuff;
	d->db_cksumend = (uint16_t)end;
	d->db_cksum16 = (uint16_t)value;
	d->db_cksumflags = (d->db_cksumflags & ~MAC_HCK_FLAGS) | (flags & MAC_HCK_FLAGS);
}

void mac_lso_get(const mblk_t *mp, uint32_t *mss, uint32_t *flags)
{
	const dblk_t *d = mp->b_datap;

	give(mss, d->db_mss);
	give(flags, d->db_cksumflags & HW_LSO);
}

void lso_info_set(mblk_t *mp, uint32_t mss, uint32_t flags)
{
	dblk_t *d = mp->b_datap;

	d->db_mss = (uint16_t)mss;
	d->db_cksumflags = (d->db_cksumflags & ~HW_LSO) | (flags & HW_LSO);
}
