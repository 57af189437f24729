/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow.h"

#include "uplink.h"

struct manager *flow_manager(const struct flow *f)
{
	return f->vnet ? f->vnet->manager : f->uplink->manager;
}

const char *flow_label(const struct flow *f, char buffer[FLOW_LABEL_SIZE])
{
	snprintf(buffer, FLOW_LABEL_SIZE, "%s/%s", f->vnet ? f->vnet->name : f->uplink->name,
		 f->name);
	return buffer;
}
