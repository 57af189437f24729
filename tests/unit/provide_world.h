/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The API with a real manager and a kernel in memory, for the tests of providers. */
#ifndef VNET_TESTS_PROVIDE_WORLD_H
#define VNET_TESTS_PROVIDE_WORLD_H

#include <check.h>

#include "../../daemon/api_internal.h"
#include "fake_kernel.h"
#include "idl.h"
#include "talk.h"

#define CONTROL "io.vnetd.Control."

#define MAC1 "02:00:00:00:00:01" /* of vnet0 */
#define MAC2 "02:00:00:00:00:02"

/* Of the test that runs: each has a process of its own. */
struct provide_world {
	sd_event *loop;
	struct fake_kernel *fake;
	struct manager *manager;
	struct api *api;
	struct talk admin; /* a client that is root, or the one who runs the test */
	struct idl idl;
	char path[64];	 /* of the socket */
	char groups[64]; /* the file that stands for /proc/net/dev_mcast */
};

extern struct provide_world pw;

void provide_folder_make(void); /* unchecked fixture */
void provide_folder_remove(void);
void provide_setup(void); /* checked fixture: vnet0 is there */
void provide_teardown(void);

/* vnetd stops, and another one is started with the state that it has left. */
void provide_restart(void);

/* A client that provides. */
struct provided {
	struct talk talk;
	int fds[KERNEL_TAP_QUEUES_MAX];
	unsigned int fd_count;
	char name[16], device[16], token[64];
	int64_t queues, mtu;
};

/* Asks for @provision, a JSON object, as the provider on a connection of its own. */
void provide_ask(struct provided *p, const char *provision);
/* The same on a connection that is there. */
void provide_send(struct provided *p, const char *provision);
/* The reply "registered", with which descriptors come; and then the first state, for the caller. */
struct json_object *provide_registered(struct provided *p);
/* All of it, without the state. */
void provide(struct provided *p, const char *provision);
void provide_close(struct provided *p);

/* The next reply of the stream, which has to have the member @key alone: that member's value, of
 * which the caller puts @ret. */
struct json_object *provide_next(struct provided *p, const char *key, struct json_object **ret);
/* A state comes next and says this in one line: "started 02:00:00:00:00:01 1500 promisc [mac mac]"
 */
void provide_expect_state(struct provided *p, const char *expected);
/* Nothing comes, and the loop is at rest. */
void provide_expect_silence(struct provided *p);
/* The stream ends with this; the connection stays. */
void provide_expect_removed(struct provided *p, const char *why);
/* A oneway call on the provider's connection. */
void provide_say(struct provided *p, const char *method, const char *parameters);

/* Calls of the administrator. */
struct json_object *admin_done(const char *method, const char *parameters);
void admin_do(const char *method, const char *parameters);
/* Everything that there is, as text; the caller frees it. */
char *admin_world(void);

struct vnet *provide_vnet0(void);
/* Of vnet0; NULL: none. */
struct resource *provide_resource(const char *name);
/* Writes the groups of device @ifindex, MACs as 12 hexadecimal digits with blanks between. */
void provide_set_groups(uint32_t ifindex, const char *macs);
/* A device that vnetd knows. */
void provide_add_device(const char *name);

#endif
