/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uthash for who goes on without memory: by itself it ends the process. Like this an element is
 * found not to have been added, and whoever adds has to look.
 */
#ifndef VNETD_HASH_H
#define VNETD_HASH_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define HASH_ADDED(handle, element) ((element)->handle.tbl != NULL)

#endif
