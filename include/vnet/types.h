/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the headers of libvnet have in common. */
#ifndef VNET_TYPES_H
#define VNET_TYPES_H

#ifndef VNET_API
#define VNET_API __attribute__((visibility("default")))
#endif

/*
 * The original's short names are for source code; what the linker sees has the library's prefix, so
 * that a program may have an allocb() of its own.
 */
#define VNET_SYMBOL(name) __asm__("vnet_" #name)

typedef unsigned int uint_t;
typedef enum { B_FALSE, B_TRUE } boolean_t;

#endif
