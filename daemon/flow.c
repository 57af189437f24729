/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow.h"

#include "uplink.h"

const char *flow_label(const struct flow *f, char buffer[FLOW_LABEL_SIZE])
{
	snprintf(buffer, FLOW_LABEL_SIZE, "%s/%s", f->vnet ? f->vnet->name : f->uplink->name,
		 f->name);
	return buffer;
}
