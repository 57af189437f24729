/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "descriptors.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "log.h"

void descriptors_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		log_debug("the descriptor limit stays as it is: %s", strerror(errno));
}
