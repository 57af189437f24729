/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The API's fields, for the files that are the API:
 *
 *	api.c		the table of methods; their common way from parameters to reply
 *	api_arguments.c	reads and checks parameters and settings
 *	api_change.c	methods that change something
 *	api_read.c	methods that tell something
 *	api_monitor.c	the stream of events
 */
#ifndef VNETD_API_INTERNAL_H
#define VNETD_API_INTERNAL_H

#include "api.h"

#define API_INTERFACE "io.vnetd.Control"

/* Parameters of a request; what was not given is NULL or 0. */
struct api_arguments {
	const char *name;
	const char *vnet;
	const char *mac;
	int64_t vlan;
	bool has_vlan;
	struct json_object *settings;
};

/* Which of them a method takes. */
enum api_argument {
	API_NAME = 1 << 0,
	API_VNET = 1 << 1,
	API_MAC = 1 << 2,
	API_VLAN = 1 << 3,
	API_SETTINGS = 1 << 4,
};

struct api_method {
	const char *name; /* "io.vnetd.Control.AddVnet" */
	enum server_access access;
	unsigned int required; /* enum api_argument */
	unsigned int optional; /* enum api_argument */
	/*
	 * Does it. 0, with the reply's parameters in @reply (an object to add to), or -errno with a
	 * sentence in @e.
	 */
	int (*run)(struct api *a, const struct api_arguments *args, struct json_object *reply,
		   struct error *e);
	/* Instead of run: keeps the call, or fails it with -errno and a sentence in @e. */
	int (*start)(struct api *a, struct server_call *call, struct error *e);
};

extern const struct api_method api_methods[]; /* ends with a NULL name */

struct api_subscriber {
	struct api *api; /* the owner */
	struct server_call *call;
	uint64_t dropped; /* events since the last one that was sent */
	struct api_subscriber *prev, *next;
};

struct api {
	struct manager *manager;
	struct api_host host;
	struct server *server;
	struct server_method *methods;	    /* owned; the table as the server wants it */
	char *path;			    /* owned */
	struct api_subscriber *subscribers; /* owned list */
	uint64_t started_us;		    /* CLOCK_BOOTTIME */
};

/* Refuses what is unknown, missing or of another type. @method is its last part, for messages. */
int api_arguments_read(struct json_object *parameters, const struct api_method *method,
		       struct api_arguments *ret, struct error *e);

/*
 * Sets what @given (NULL: nothing) has in @settings, which is @present or a new object's defaults.
 * What is fixed may differ from @present (NULL: a new object) in nothing. On failure @settings is
 * partly changed.
 */
int api_settings_apply(const struct setting *table, void *settings, const void *present,
		       const char *object, struct json_object *given, struct error *e);

int api_add_vnet(struct api *a, const struct api_arguments *args, struct json_object *reply,
		 struct error *e);
int api_set_vnet(struct api *a, const struct api_arguments *args, struct json_object *reply,
		 struct error *e);
int api_delete_vnet(struct api *a, const struct api_arguments *args, struct json_object *reply,
		    struct error *e);
int api_add_resource(struct api *a, const struct api_arguments *args, struct json_object *reply,
		     struct error *e);
int api_set_resource(struct api *a, const struct api_arguments *args, struct json_object *reply,
		     struct error *e);
int api_delete_resource(struct api *a, const struct api_arguments *args, struct json_object *reply,
			struct error *e);
int api_reload(struct api *a, const struct api_arguments *args, struct json_object *reply,
	       struct error *e);
int api_save(struct api *a, const struct api_arguments *args, struct json_object *reply,
	     struct error *e);
int api_flush(struct api *a, const struct api_arguments *args, struct json_object *reply,
	      struct error *e);

int api_list_vnets(struct api *a, const struct api_arguments *args, struct json_object *reply,
		   struct error *e);
int api_list_resources(struct api *a, const struct api_arguments *args, struct json_object *reply,
		       struct error *e);
int api_list_fdb(struct api *a, const struct api_arguments *args, struct json_object *reply,
		 struct error *e);
int api_get_path(struct api *a, const struct api_arguments *args, struct json_object *reply,
		 struct error *e);
int api_get_stats(struct api *a, const struct api_arguments *args, struct json_object *reply,
		  struct error *e);
int api_get_status(struct api *a, const struct api_arguments *args, struct json_object *reply,
		   struct error *e);

int api_monitor(struct api *a, struct server_call *call, struct error *e);

/* CLOCK_BOOTTIME */
uint64_t api_now_us(void);

#endif
