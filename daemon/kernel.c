/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel.h"

const char *kernel_attach_name(enum kernel_attach attach)
{
	switch (attach) {
	case KERNEL_ATTACH_TCX:
		return "tcx";
	case KERNEL_ATTACH_CLSACT:
		return "clsact";
	case KERNEL_ATTACH_XDP:
		return "xdp";
	case KERNEL_ATTACH_XDP_GENERIC:
		return "xdp-generic";
	case KERNEL_ATTACH_NONE:
		break;
	}
	return "none";
}

const char *kernel_offload_name(enum kernel_offload offload)
{
	static const char *const names[] = {
#define X(enumerator, name) [KERNEL_OFFLOAD_##enumerator] = name,
		KERNEL_OFFLOADS(X)
#undef X
	};

	return names[offload];
}
