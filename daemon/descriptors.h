/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VNETD_DESCRIPTORS_H
#define VNETD_DESCRIPTORS_H

/* A client is a descriptor, and the usual soft limit is for programs that use select(). */
void descriptors_raise_limit(void);

#endif
