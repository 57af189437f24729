/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a provider says about its device: the part of GLDv3's mac_register_t, and of the entry
 * points it leads to, that a provider of vnet's resources has a use for.
 *
 * Every entry point gets m_driver as its first argument, and any that is NULL is not called. They
 * are called from the threads that drive the registration's loop (see vio_net.h), never two of
 * start, stop, setpromisc, multicst and unicst at once for one registration; tx at most once at a
 * time for each queue; getstat at any time. They may call everything in vio_net.h.
 */
#ifndef VNET_MAC_H
#define VNET_MAC_H

#include <vnet/mblk.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vnet_loop;

#define MAC_VERSION	       1
#define MAC_PLUGIN_IDENT_ETHER "mac_ether"
#define MAC_NAME_SIZE	       16 /* of m_name and m_device, with the NUL */
#define MAC_QUEUES_MAX	       64
#define MAC_SDU_MIN	       68
#define MAC_SDU_MAX	       65521

/* What mc_getstat() is asked for; each is a count since the registration. */
typedef enum {
	MAC_STAT_IERRORS,  /* frames that came in with an error */
	MAC_STAT_OERRORS,  /* frames that could not be sent for an error */
	MAC_STAT_NORCVBUF, /* frames that came in and found no buffer */
	MAC_STAT_NOXMTBUF, /* frames to be sent that found no buffer */
} mac_stat_t;

typedef enum {
	MAC_CAPAB_HCKSUM, /* void *: uint32_t *, HCKSUM_* */
	MAC_CAPAB_LSO,	  /* void *: mac_capab_lso_t * */
} mac_capab_t;

/* The provider takes frames whose TCP and UDP checksums are still to be filled in, see
 * mac_hcksum_get(). */
#define HCKSUM_INET_PARTIAL 0x01

/* The provider takes TCP frames that are still to be cut into segments, see mac_lso_get(). This
 * needs HCKSUM_INET_PARTIAL as well. */
#define LSO_TX_BASIC_TCP_IPV4 0x01
#define LSO_TX_BASIC_TCP_IPV6 0x02

typedef struct {
	/* Bytes of the longest such frame, without its headers; 0: any. A provider that does not
	 * take all that IP allows (65495) gets none. */
	uint32_t lso_max;
} lso_basic_tcp_t;

typedef struct {
	uint32_t lso_flags;
	lso_basic_tcp_t lso_basic_tcp_ipv4;
	lso_basic_tcp_t lso_basic_tcp_ipv6;
} mac_capab_lso_t;

/* 0, or a positive errno: ENOTSUP for a statistic that the provider does not have. */
typedef int (*mac_getstat_t)(void *driver, uint_t stat, uint64_t *val);
/* The vnet is up, frames may come and go. 0, or a positive errno: the resource is `failed`. */
typedef int (*mac_start_t)(void *driver);
/* No frames any more. Not called but after a mc_start() that returned 0. */
typedef void (*mac_stop_t)(void *driver);
/* 0 or a positive errno, as of the next two: it is counted in the resource's ierrors, and told
 * again with the next change or start. */
typedef int (*mac_setpromisc_t)(void *driver, boolean_t on);
/* @add: frames for @address, a multicast group, are wanted; else not any more. Asked of the service
 * alone, for the others carry no multicast. */
typedef int (*mac_multicst_t)(void *driver, boolean_t add, const uint8_t *address);
/* The vnet's MAC is @address. */
typedef int (*mac_unicst_t)(void *driver, const uint8_t *address);
/*
 * Takes a chain of frames to be sent. What it returns (NULL: nothing) is the rest of the chain that
 * it could not take: those frames are kept and offered again, first and in their order, after
 * vio_net_tx_update(); until then the queue gives it nothing else.
 */
typedef mblk_t *(*mac_tx_t)(void *driver, mblk_t *chain);
/* Fills in *@data and returns B_TRUE, or returns B_FALSE: does not have it. */
typedef boolean_t (*mac_getcapab_t)(void *driver, mac_capab_t capab, void *data);

#define MC_GETCAPAB 0x1 /* mc_getcapab is there */

typedef struct mac_callbacks_s {
	uint_t mc_callbacks; /* MC_* */
	mac_getstat_t mc_getstat;
	mac_start_t mc_start;
	mac_stop_t mc_stop;
	mac_setpromisc_t mc_setpromisc;
	mac_multicst_t mc_multicst;
	mac_unicst_t mc_unicst;
	mac_tx_t mc_tx;
	mac_getcapab_t mc_getcapab;
} mac_callbacks_t;

typedef struct mac_register_s {
	uint_t m_version;	      /* MAC_VERSION */
	const char *m_type_ident;     /* MAC_PLUGIN_IDENT_ETHER */
	void *m_driver;		      /* the entry points' first argument */
	uint_t m_instance;	      /* the provider's own count; not used */
	uint8_t *m_src_addr;	      /* the device's MAC, 6 bytes, or NULL; not used */
	mac_callbacks_t *m_callbacks; /* needed, with mc_tx, unless m_device is given */
	uint_t m_min_sdu;	      /* bytes of payload, without Ethernet's header; 0: no limit */
	uint_t m_max_sdu;	      /* the same; 0: any. Less than the vnet's MTU is EINVAL. */

	/* Linux */
	const char *m_name;   /* of the resource, as vnetctl shows it; NULL: "p" and a number */
	const char *m_device; /* a kernel interface: a netdev provider. NULL: a user-space one. */
	uint_t m_queues;      /* of a user-space provider, each a tx of its own; 0: 1 */
	struct vnet_loop *m_loop; /* drives the registration; NULL: a thread of its own does */
	char m_error[256]; /* written when a registration is refused: a sentence that says why */
} mac_register_t;

/** @brief A cleared structure of this version, with m_type_ident set. @param version MAC_VERSION
 * @return to be freed with mac_free(), or NULL: another version, no memory */
VNET_API mac_register_t *mac_alloc(uint_t version) VNET_SYMBOL(mac_alloc);

/** @brief Frees the structure, none of what it points to. @param macp may be NULL */
VNET_API void mac_free(mac_register_t *macp) VNET_SYMBOL(mac_free);

/* Of mac_hcksum_get() and mac_hcksum_set(). Offsets are in bytes from the first one of the network
 * header, which is behind the Ethernet header and its VLAN tag. */
#define HCK_PARTIALCKSUM 0x02 /* from start to end, added to what is there, written at stuff */
#define HCK_FULLCKSUM_OK 0x08 /* received: the checksum has been found right */
#define HW_LSO		 0x10 /* see mac_lso_get() */

/**
 * @brief What is still to be done to the checksum of a frame. Any of the pointers may be NULL.
 * @param flags 0: nothing
 */
VNET_API void mac_hcksum_get(const mblk_t *mp, uint32_t *start, uint32_t *stuff, uint32_t *end,
			     uint32_t *value, uint32_t *flags) VNET_SYMBOL(mac_hcksum_get);
/**
 * @brief Says what is still to be done to the checksum of a frame, or has been.
 *
 * The frame's first block keeps it: everything that shares its data block has it as well.
 *
 * @param start offset of the first byte that is summed up, less than 65536 as the next two
 * @param stuff offset of the checksum
 * @param end offset behind the last byte that is summed up; 0: the end of the frame
 * @param value the sum so far, 16 bits
 * @param flags HCK_PARTIALCKSUM, HCK_FULLCKSUM_OK or 0
 */
VNET_API void mac_hcksum_set(mblk_t *mp, uint32_t start, uint32_t stuff, uint32_t end,
			     uint32_t value, uint32_t flags) VNET_SYMBOL(mac_hcksum_set);

/**
 * @brief Has this TCP frame still to be cut into segments?
 * @param mss bytes of payload of each, NULL: of no interest
 * @param flags HW_LSO or 0, NULL: of no interest
 */
VNET_API void mac_lso_get(const mblk_t *mp, uint32_t *mss, uint32_t *flags)
	VNET_SYMBOL(mac_lso_get);
/**
 * @brief Says that this TCP frame has still to be cut into segments; it needs HCK_PARTIALCKSUM too.
 * @param mss bytes of payload of each, less than 65536
 * @param flags HW_LSO or 0
 */
VNET_API void lso_info_set(mblk_t *mp, uint32_t mss, uint32_t flags) VNET_SYMBOL(lso_info_set);

#ifdef __cplusplus
}
#endif

#endif
