/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The API's fields, for the files that are the API:
 *
 *	api.c		the table of methods; their common way from parameters to reply
 *	api_arguments.c	reads and checks parameters and settings
 *	api_owner.c	what the owner of a vnet may do
 *	api_change.c	methods that change something
 *	api_uplink.c	methods of uplinks
 *	api_flow.c	methods of flows
 *	api_xsk.c	flows that programs open
 *	api_provide.c	methods of providers
 *	api_provider.c	what providers are told
 *	api_stats.c	statistics, for which providers are asked
 *	api_history.c	samples of the past
 *	api_read.c	methods that tell something
 *	api_monitor.c	the stream of events
 */
#ifndef VNETD_API_INTERNAL_H
#define VNETD_API_INTERNAL_H

#include "api.h"

#define API_INTERFACE	 "io.vnetd.Control"
#define API_CHANGE_GROUP "vnet-admin"

/* Parameters of a request; what was not given is NULL or 0. */
struct api_arguments {
	const char *name;
	const char *vnet;
	const char *mac;
	const char *uplink;
	const char *owner;
	const char *state;
	const char *reason;
	int64_t vlan;
	int64_t frames;
	bool later;
	int64_t since, interval, samples;
	int64_t ierrors, oerrors, norcvbuf, noxmtbuf, malformed;
	struct json_object *settings;
	struct json_object *provision;
	unsigned int given; /* enum api_argument */
};

/* Which of them a method takes. */
enum api_argument {
	API_NAME = 1 << 0,
	API_VNET = 1 << 1,
	API_MAC = 1 << 2,
	API_VLAN = 1 << 3,
	API_SETTINGS = 1 << 4,
	API_PROVISION = 1 << 5,
	API_STATE = 1 << 6,
	API_REASON = 1 << 7,
	API_IERRORS = 1 << 8,
	API_OERRORS = 1 << 9,
	API_NORCVBUF = 1 << 10,
	API_NOXMTBUF = 1 << 11,
	API_MALFORMED = 1 << 12,
	API_LATER = 1 << 13,
	API_UPLINK = 1 << 14,
	API_OWNER = 1 << 15,
	API_SINCE = 1 << 16,
	API_INTERVAL = 1 << 17,
	API_SAMPLES = 1 << 18,
	API_FRAMES = 1 << 19,
	API_COUNTS = API_IERRORS | API_OERRORS | API_NORCVBUF | API_NOXMTBUF | API_MALFORMED,
};

/* A member of a JSON object, and where it goes. */
struct api_field {
	unsigned int bit;
	const char *key;
	enum json_type type; /* string, int, boolean or object */
	/* in a struct: of a const char *, int64_t, bool or struct json_object *, which are borrowed
	 */
	size_t offset;
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
	/* Instead of run: replies or keeps the call, or fails it with -errno and a sentence in @e.
	 */
	int (*start)(struct api *a, struct server_call *call, const struct api_arguments *args,
		     struct error *e);
	/*
	 * The owner of the vnet that the call is about may call it, too: what of its settings they
	 * may give, as words. NULL: not for them.
	 */
	const char *owner_keys;
};

extern const struct api_method api_methods[]; /* ends with a NULL name */
/* Borrowed; @name has to be there. */
const struct api_method *api_method_find(const char *name);

struct api_subscriber {
	struct api *api; /* the owner */
	struct server_call *call;
	uint64_t dropped; /* events since the last one that was sent */
	struct api_subscriber *prev, *next;
};

/* What a provider is told of its vnet, but for the multicast groups. */
struct api_provider_state {
	bool started;
	bool promiscuous;
	bool knows_groups;
	uint8_t address[MAC_LEN];
	uint32_t mtu;
	enum desired_report report; /* that counts now: it may have been cleared */
};

/* An open registration. */
struct api_provider {
	struct api *api;	  /* the owner */
	struct server_call *call; /* NULL: parted */
	/* The resource is looked up each time: it may be gone, or another one of that name. */
	char vnet[SETTINGS_NAME_SIZE];
	char name[DESIRED_RESOURCE_NAME_SIZE];
	char token[DESIRED_TOKEN_SIZE];

	bool told; /* `sent` was sent, and `groups` unless they have changed */
	struct api_provider_state sent;
	uint32_t groups_ifindex;    /* where they were read, 0: nowhere */
	uint8_t (*groups)[MAC_LEN]; /* owned */
	size_t group_count;
	bool groups_unread;  /* they are to be read, and could not be */
	bool groups_changed; /* since they were sent */

	bool leaving;	  /* it is the provider that takes the resource back */
	bool parted;	  /* it has heard that the resource is removed, and `call` has ended */
	bool asked;	  /* for its counters, which have not come */
	uint64_t reports; /* that were heard: which of the two sides knows better, tells this */
	struct api_provider *prev, *next;
};

/* A GetStats that waits for providers. */
struct api_question {
	struct api *api; /* the owner */
	struct server_call *call;
	char *vnet, *name; /* owned; as asked for */
	size_t count;
	struct api_provider **asked; /* owned; those that have not answered */
	sd_event_source *deadline;
	struct api_question *prev, *next;
};

/* A PrepareMigration whose vnet still receives over its hybrids. */
struct api_migration {
	struct api *api; /* the owner */
	struct server_call *call;
	char *vnet; /* owned */
	struct api_migration *prev, *next;
};

/* A flow that a program has opened. */
struct api_opening {
	struct api *api; /* the owner */
	struct server_call *call;
	/* The flow is looked up each time: it may be gone, or opened anew. */
	char owner[SETTINGS_NAME_SIZE];
	char name[DESIRED_RESOURCE_NAME_SIZE];
	uint64_t opening;
	struct api_opening *prev, *next;
};

struct api {
	sd_event *loop; /* borrowed */
	struct manager *manager;
	struct api_host host;
	struct server *server;
	struct server_method *methods;	    /* owned; the table as the server wants it */
	char *path;			    /* owned */
	struct api_subscriber *subscribers; /* owned list */
	struct api_provider *providers;	    /* owned list */
	struct api_question *questions;	    /* owned list */
	struct api_migration *migrations;   /* owned list */
	struct api_opening *openings;	    /* owned list */
	sd_event_source *look;		    /* for groups that nothing tells of */
	bool looks;			    /* it is on */
	bool groups_stale;		    /* they have to be read again */
	bool stopping;			    /* clients that are closed have not gone */
	uint64_t started_us;		    /* CLOCK_BOOTTIME */
};

/*
 * Reads the members of @object, of which there may be those of @fields (ends with a NULL key) in
 * @required and @optional, into @ret. @what is what has them, for messages. Refuses what is
 * unknown, missing or of another type; on failure @ret is partly written.
 */
int api_fields_read(struct json_object *object, const char *what, const struct api_field *fields,
		    unsigned int required, unsigned int optional, void *ret,
		    unsigned int *ret_given, struct error *e);

/* The same for the parameters of a method. */
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
int api_add_uplink(struct api *a, const struct api_arguments *args, struct json_object *reply,
		   struct error *e);
int api_set_uplink(struct api *a, const struct api_arguments *args, struct json_object *reply,
		   struct error *e);
int api_delete_uplink(struct api *a, const struct api_arguments *args, struct json_object *reply,
		      struct error *e);
int api_list_uplinks(struct api *a, const struct api_arguments *args, struct json_object *reply,
		     struct error *e);
int api_add_flow(struct api *a, const struct api_arguments *args, struct json_object *reply,
		 struct error *e);
int api_set_flow(struct api *a, const struct api_arguments *args, struct json_object *reply,
		 struct error *e);
int api_delete_flow(struct api *a, const struct api_arguments *args, struct json_object *reply,
		    struct error *e);
int api_list_flows(struct api *a, const struct api_arguments *args, struct json_object *reply,
		   struct error *e);
int api_get_history(struct api *a, const struct api_arguments *args, struct json_object *reply,
		    struct error *e);
int api_open_flow(struct api *a, struct server_call *call, const struct api_arguments *args,
		  struct error *e);
int api_clear_resource(struct api *a, const struct api_arguments *args, struct json_object *reply,
		       struct error *e);
int api_reload(struct api *a, const struct api_arguments *args, struct json_object *reply,
	       struct error *e);
int api_save(struct api *a, const struct api_arguments *args, struct json_object *reply,
	     struct error *e);
int api_keep(struct api *a, const struct api_arguments *args, struct json_object *reply,
	     struct error *e);
int api_flush(struct api *a, const struct api_arguments *args, struct json_object *reply,
	      struct error *e);

int api_finish_migration(struct api *a, const struct api_arguments *args, struct json_object *reply,
			 struct error *e);

int api_list_vnets(struct api *a, const struct api_arguments *args, struct json_object *reply,
		   struct error *e);
int api_list_resources(struct api *a, const struct api_arguments *args, struct json_object *reply,
		       struct error *e);
int api_list_fdb(struct api *a, const struct api_arguments *args, struct json_object *reply,
		 struct error *e);
int api_get_path(struct api *a, const struct api_arguments *args, struct json_object *reply,
		 struct error *e);
int api_get_status(struct api *a, const struct api_arguments *args, struct json_object *reply,
		   struct error *e);

int api_get_stats(struct api *a, struct server_call *call, const struct api_arguments *args,
		  struct error *e);
int api_prepare_migration(struct api *a, struct server_call *call, const struct api_arguments *args,
			  struct error *e);
int api_monitor(struct api *a, struct server_call *call, const struct api_arguments *args,
		struct error *e);
int api_provide(struct api *a, struct server_call *call, const struct api_arguments *args,
		struct error *e);
int api_report(struct api *a, struct server_call *call, const struct api_arguments *args,
	       struct error *e);
int api_count(struct api *a, struct server_call *call, const struct api_arguments *args,
	      struct error *e);
int api_withdraw(struct api *a, struct server_call *call, const struct api_arguments *args,
		 struct error *e);

/* Calls @each for the vnet @name, or for all without one. 0, or -errno: there is no such vnet. */
int api_each_vnet(struct api *a, const char *name, struct json_object *array,
		  void (*each)(const struct vnet *v, struct json_object *array), struct error *e);
/* 0, with the resource that vnet and name tell in @ret, NULL if no name was given. */
int api_one_resource(struct api *a, const char *vnet, const char *name, const struct resource **ret,
		     struct error *e);

/* Is the caller the owner of the vnet in question? For the server. */
bool api_owner_may_call(void *context, const struct server_call *call,
			struct json_object *parameters);
/* May @uid, which owns the vnet and is nothing else, change that? 0, or -EACCES with a sentence. */
int api_owner_check(struct api *a, const struct api_method *method,
		    const struct api_arguments *args, uid_t uid, struct error *e);

/* Who changed what, for whoever has to find out later; @method without the interface. */
void api_audit(const char *method, const char *vnet, const char *resource,
	       const struct server_peer *peer);

/* The stream of an open registration. Usable from now on; NULL: no memory. */
struct api_provider *api_provider_new(struct api *a, struct server_call *call,
				      const struct resource *r);
/* The call has ended, or is about to. */
void api_provider_free(struct api_provider *p);
/* Borrowed; NULL: it is gone. */
struct resource *api_provider_resource(const struct api_provider *p);
/* Sends the state if it has changed and the provider reads what it is sent. */
void api_provider_tell(struct api_provider *p, const struct resource *r);
/* The last reply, after which @p is gone. */
void api_provider_end(struct api_provider *p, const char *why);

/* @p has counted, or counts no more. */
void api_questions_settle(struct api *a, const struct api_provider *p);

/* CLOCK_BOOTTIME */
uint64_t api_now_us(void);

#endif
