/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Desired state as JSON, for the state file alone: settings as the texts of their tables. */
#ifndef VNETD_STATE_JSON_H
#define VNETD_STATE_JSON_H

#include <json-c/json.h>

#include "desired.h"
#include "error.h"

/* The caller puts it; NULL: no memory. */
struct json_object *state_json_new(const struct desired *d);

/* -EBADMSG with what is wrong in @e, or -ENOMEM; @ret then holds a part, for desired_clear(). */
int state_json_read(struct json_object *state, struct desired *ret, struct error *e);

#endif
