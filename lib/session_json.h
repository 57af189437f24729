/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a registration and vnetd tell each other, as JSON. The caller puts what is returned; NULL:
 * no memory. */
#ifndef LIBVNET_SESSION_JSON_H
#define LIBVNET_SESSION_JSON_H

#include <json-c/json.h>

struct vio;
struct entry_counts;

struct json_object *session_json_provision(const struct vio *v);       /* of Provide */
struct json_object *session_json_report(const struct vio *v);	       /* of Report */
struct json_object *session_json_counts(const struct entry_counts *c); /* of Count */

/* Read what came into @v, under its lock. 0, or -EPROTO or -ENOMEM with nothing changed. */
int session_json_registered(struct vio *v, struct json_object *registered);
int session_json_state(struct vio *v, struct json_object *state);

#endif
