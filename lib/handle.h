/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The handles that providers get. A handle is a number, not a pointer: one that was made up, that
 * is not registered any more, or that has come through a wild pointer finds nothing, and does no
 * harm. Any thread may call any of these at any time.
 */
#ifndef LIBVNET_HANDLE_H
#define LIBVNET_HANDLE_H

#include "vnet/vio_net.h"

#define HANDLE_MAX 65536

/* A handle for @object, which is borrowed. 0, -ENOSPC: there are HANDLE_MAX already, or -ENOMEM. */
int handle_new(void *object, vio_net_handle_t *ret);

/*
 * The object of a handle, or NULL. @hold is called with it first, while it cannot be taken: so that
 * it can count a reference. @hold must not call anything of this file.
 */
void *handle_get(vio_net_handle_t handle, void (*hold)(void *object));

/* Ends a handle. Its object, or NULL if it has none any more: of two callers one gets it. */
void *handle_take(vio_net_handle_t handle);

#endif
