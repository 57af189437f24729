/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings given as text, with the types that they have in JSON. */
#ifndef LIBVNET_TYPED_H
#define LIBVNET_TYPED_H

#include "client.h"

/*
 * Makes the JSON object of @settings. 0, -ENOMEM, or -EINVAL with the error set for @object.
 */
int typed_settings(struct vnet_client *c, const char *object, const struct vnet_setting *settings,
		   size_t count, struct json_object **ret);

#endif
