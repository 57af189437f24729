/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Observed state: the network devices of our namespace, as the kernel last told. */
#ifndef VNETD_LINK_H
#define VNETD_LINK_H

#include <net/if.h>

#include "mac.h"

struct link {
	uint32_t ifindex;
	char name[IFNAMSIZ];
	uint16_t type; /* ARPHRD_* */
	uint8_t address[MAC_LEN];
	uint32_t mtu;
	uint32_t min_mtu;	/* 0: not told */
	uint32_t max_mtu;	/* 0: not told */
	uint32_t flags;		/* IFF_* */
	bool carrier;		/* IFF_LOWER_UP */
	uint32_t carrier_downs; /* how often it has lost it */
	uint32_t master;	/* ifindex of a bridge or bond it is a port of, 0: none */
	uint32_t peer;		/* IFLA_LINK: of a veth, its other end; 0: none */
	bool peer_elsewhere;	/* the peer lives in another network namespace */
	uint32_t promiscuity;
	char kind[16];	  /* "veth", "tun"; empty: not told, as of a real NIC */
	char qdisc[16];	  /* where its frames queue, "noqueue"; empty: not told */
	bool vnet_hdr;	  /* of a tap: its frames may wait for checksums and segmentation */
	bool ipv6_router; /* it forwards, and says so to its neighbours */
	uint32_t xdp;	  /* the id of its XDP program, 0: none, or more than one */
};

static inline bool link_is_up(const struct link *l)
{
	return (l->flags & IFF_UP) && l->carrier;
}

/* The table of all links. It owns its entries; what it returns is borrowed until the next change.
 */
struct link_table;

struct link_table *link_table_new(void);
void link_table_free(struct link_table *t);

const struct link *link_find(const struct link_table *t, uint32_t ifindex);
const struct link *link_find_name(const struct link_table *t, const char *name);

/* Adds or replaces by ifindex; a name that moved to another device moves here as well. 0 or
 * -ENOMEM. */
int link_put(struct link_table *t, const struct link *l);

/* Returns false if it was not there. */
bool link_remove(struct link_table *t, uint32_t ifindex);

size_t link_count(const struct link_table *t);

/*
 * For a full dump: link_mark() before it, link_put() clears an entry's mark, and link_sweep()
 * removes what is still marked, calling @gone for each before it goes.
 */
void link_mark(struct link_table *t);
void link_sweep(struct link_table *t, void (*gone)(void *context, const struct link *l),
		void *context);

#endif
