/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of CPUs, as the kernel writes them: "0-3,6". */
#ifndef VNETD_CPUS_H
#define VNETD_CPUS_H

#include <stddef.h>
#include <stdint.h>

#include "util.h"

/* The list in the file @path, without its newline. 0; -EFBIG: no room; or what file_read() says. */
int cpus_read(const char *path, char *ret, size_t size);

/* Is it in the list? */
bool cpus_have(const char *list, uint32_t cpu);

#endif
