/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Varlink's replies: {"parameters": {...}, "continues": true} or {"error": "...", ...}. */
#ifndef LIBVNET_REPLY_H
#define LIBVNET_REPLY_H

#include "client.h"

/* A whole JSON text in UTF-8 and nothing behind it; NULL if it is not, or is null. */
struct json_object *reply_parse(const char *text, size_t length);

/* 0, or the refusal that the reply is, or -EPROTO; the error is set. */
int reply_read(struct vnet_client *c, const char *text, size_t length,
	       struct json_object **ret_parameters, bool *ret_continues);

#endif
