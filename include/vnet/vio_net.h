/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The resources API of LDoms vnet, for providers: programs that supply a lower resource of a vnet,
 * and take it away again, while the IP stack above notices nothing.
 *
 * Source: VNet Dynamic Resources API, sections 1 (overview) and 2 (VNet Resources), whose names,
 * types and prototypes these are.
 *
 * There are two kinds of provider. A netdev provider gives the name of a kernel interface in
 * m_device: its frames never leave the kernel, and it only tells how the interface fares. A
 * user-space provider gives entry points: vnetd makes a tap for it, frames for the peer come to
 * mc_tx(), and those of the peer go into vio_net_rx_cb().
 *
 * Life: a registration lasts until vio_net_resource_unreg(), or until its process ends, in whatever
 * way; then the traffic takes the next path. When vnetd is restarted, the registration is found
 * again, or made anew, without the provider's doing anything; frames go on in the meantime. When an
 * administrator removes the resource, it is stopped and stays so until it is unregistered.
 *
 * Threads: every function may be called from any thread, also from inside an entry point, except
 * where it says otherwise. The library starts no thread, but one for each registration whose
 * m_loop is NULL; that one ends with it.
 *
 * Handles are not pointers: one that is wrong, or not registered any more, is told from a good one,
 * and then nothing happens but that a chain of frames is freed. To this end the library keeps one
 * table of handles for the process; it has no other state outside its objects.
 *
 * After fork() a child may use none of it.
 */
#ifndef VNET_VIO_NET_H
#define VNET_VIO_NET_H

#include <vnet/mac.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef ETHERADDRL
#define ETHERADDRL 6
#endif
typedef unsigned char ether_addr_t[ETHERADDRL];

/* --- resources (section 2) --- */

typedef enum {
	VIO_NET_RES_LDC_SERVICE, /* to the vswitch: all broadcast and multicast, and unicast to whom
				    nobody knows while there is no hybrid */
	VIO_NET_RES_LDC_GUEST,	 /* to one other guest: unicast to its MAC */
	VIO_NET_RES_HYBRID,	 /* a slice of a NIC: unicast alone */
} vio_net_res_type_t;

/* Of one registration; NULL is never one. */
typedef void *vio_net_handle_t;

/*
 * Hands in a chain of frames that the device has received, as mac_rx() does; the chain is the
 * library's from then on. A frame under 14 bytes, or longer than the vnet or m_max_sdu allows and
 * not marked by lso_info_set(), is freed and counted as `malformed` and in ierrors; one for which
 * the kernel has no room in norcvbuf; and one that comes while the resource is not started is
 * freed. Does not block.
 */
typedef void (*vio_net_rx_cb_t)(vio_net_handle_t, mblk_t *);

/*
 * Goes on sending after mc_tx() has returned frames, as mac_tx_update() does; it is never lost,
 * whatever mc_tx() is doing at the time, and may come without need. After
 * VIO_NET_RES_DOWN it also says that the resource is up again. Does not block.
 */
typedef void (*vio_net_tx_update_t)(vio_net_handle_t);

typedef enum {
	VIO_NET_RES_DOWN, /* the link is lost: traffic takes the next path until
			     vio_net_tx_update(), or until the kernel interface gets its carrier
			     back */
	VIO_VNET_RES_ERR, /* the device is broken: `failed` until it is registered anew, or an
			     administrator clears it (vnetctl resource clear) */
} vio_net_err_val_t;
#define VIO_NET_RES_ERR VIO_VNET_RES_ERR

/* Does not block; another value than the two above is ignored. */
typedef void (*vio_net_report_err_t)(vio_net_handle_t, uint64_t vio_net_err_val_t);

typedef struct vio_net_callbacks_s {
	vio_net_rx_cb_t vio_net_rx_cb;
	vio_net_tx_update_t vio_net_tx_update;
	vio_net_report_err_t vio_net_report_err;
} vio_net_callbacks_t;

/**
 * @brief Registers a resource with the vnet that has the MAC @p local_maddr.
 *
 * It waits for vnetd's answer, five seconds at most. From then on entry points may be called, even
 * before this returns: mc_start() once the vnet is up, after it mc_unicst(), mc_setpromisc() and,
 * of a service, mc_multicst() for each group. What mc_start() refuses makes the resource `failed`.
 *
 * @param macp borrowed for the time of the call, with all that it points to
 * @param type of resource
 * @param local_maddr the vnet's MAC; of several with that MAC the oldest
 * @param rem_maddr the peer's MAC; only for VIO_NET_RES_LDC_GUEST, else ignored and may be NULL
 * @param vhp receives the handle; written before the first entry point is called
 * @param vcb receives the functions for the provider to call
 * @return 0, or a positive errno, with nothing registered and @p vhp and @p vcb as they were:
 *	   ENXIO: no vnet has this MAC;
 *	   EEXIST: the vnet has a service already, a resource with this peer, or of this name;
 *	   EINVAL: a parameter is not of the right form, or m_max_sdu is less than the vnet's MTU;
 *	   ENODEV: there is no kernel interface m_device;
 *	   EBUSY: it is in use by another resource or program;
 *	   EPERM: the caller is neither root, nor in group vnet-admin, nor the owner of the vnet; or
 *	   only its owner, and m_device names an interface of the host;
 *	   ENOTCONN: vnetd does not run; ETIMEDOUT: it does not answer;
 *	   ENOSPC: there are as many resources or handles as there can be;
 *	   ENOMEM, EMFILE, ENFILE: no memory, or too many open files;
 *	   EPROTO: an answer that this library does not understand.
 *	   macp->m_error then has a sentence about it.
 */
VNET_API int vio_net_resource_reg(mac_register_t *macp, vio_net_res_type_t type,
				  ether_addr_t local_maddr, ether_addr_t rem_maddr,
				  vio_net_handle_t *vhp, vio_net_callbacks_t *vcb);

/**
 * @brief Unregisters a resource.
 *
 * Synchronous: when it returns, vnetd has let go of the resource (or is not running, or
 * has not answered for five seconds), no entry
 * point is being called, nor will one be; frames that mc_tx() had not taken are freed. It calls
 * mc_stop() itself if the resource was started.
 *
 * From inside an entry point, or from a free routine inside vio_net_rx_cb(), it waits for all but
 * the caller's own, which ends after it. Two threads that each unregister, from inside an entry
 * point, the resource of the other one wait for each other for ever.
 *
 * @param vhp a handle; a wrong one or one that is no longer registered is ignored. Of two threads
 *	  that unregister the same one, the second may return before the first has done it.
 */
VNET_API void vio_net_resource_unreg(vio_net_handle_t vhp);

/* --- what Linux adds --- */

/* Where a registration stands. */
enum vio_net_state {
	VIO_NET_STATE_REGISTERED, /* the vnet is not up: not started */
	VIO_NET_STATE_STARTED,	  /* frames may come and go */
	VIO_NET_STATE_AWAY,	  /* vnetd does not run; frames go on as they did */
	VIO_NET_STATE_REMOVED,	  /* by an administrator, or with its vnet */
};

struct vio_net_status {
	enum vio_net_state state;
	char vnet[16];		     /* name of the vnet */
	char name[16];		     /* name of the resource */
	char device[16];	     /* the tap, or m_device */
	uint8_t address[ETHERADDRL]; /* the vnet's MAC */
	uint32_t mtu;		     /* the vnet's, in bytes */
	/* counted by the library, of a user-space provider */
	uint64_t rx_frames; /* given to the vnet */
	uint64_t tx_frames; /* taken by mc_tx() */
	uint64_t malformed, norcvbuf;
	uint64_t tx_stops; /* how often mc_tx() returned frames */
	char error[256];   /* why vnetd, back again, refuses the registration; else empty */
};

/**
 * @brief Tells where a registration stands.
 * @return 0, or EINVAL: the handle is wrong or no longer registered
 */
VNET_API int vio_net_resource_status(vio_net_handle_t vhp, struct vio_net_status *ret);

/*
 * A loop drives registrations: it calls their entry points, and speaks with vnetd. It is driven by
 * any number of threads in vnet_run() or vnet_dispatch(), or by the caller's own loop: when
 * vnet_loop_fd() is readable, call vnet_dispatch() with a timeout of 0.
 */

/**
 * @brief Makes a loop.
 * @param socket_path where vnetd listens, copied; NULL: what the environment variable VNET_SOCKET
 *	  names, which counts for nothing in a program that runs with more rights than its caller's,
 *	  else /run/vnetd/vnetd.sock
 * @param ret receives it; to be freed with vnet_loop_free()
 * @return 0, or -ENOMEM, -EMFILE, -ENFILE, -ENAMETOOLONG; -EINVAL: @p ret is NULL
 */
VNET_API int vnet_loop_new(const char *socket_path, struct vnet_loop **ret);

/**
 * @brief Unregisters what is left, and frees the loop. No thread may be driving it any more, and it
 *	  must not be called from inside an entry point.
 * @param loop may be NULL
 */
VNET_API void vnet_loop_free(struct vnet_loop *loop);

/** @brief A descriptor that is readable when there is something to do; it belongs to the loop. */
VNET_API int vnet_loop_fd(const struct vnet_loop *loop);

/**
 * @brief Waits for something to do, and does it.
 * @param timeout_ms how long to wait, 0: not at all, negative: as long as it takes
 * @return how many things were done, 0: none in that time; or a negative errno: -EINTR: a signal
 *	   handler has run
 */
VNET_API int vnet_dispatch(struct vnet_loop *loop, int timeout_ms);

/**
 * @brief Drives the loop until vnet_stop().
 * @return 0 or a negative errno
 */
VNET_API int vnet_run(struct vnet_loop *loop);

/**
 * @brief Makes every vnet_run() of this loop return, now and from now on. May be called from a
 *	  signal handler.
 */
VNET_API void vnet_stop(struct vnet_loop *loop);

#ifdef __cplusplus
}
#endif

#endif
