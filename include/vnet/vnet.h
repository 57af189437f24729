/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvnet: a C API for vnetd, which gives a Linux host a stable virtual NIC whose lower resources
 * come and go beneath it.
 *
 * Threads: the library has no state outside its handles. One handle is for one thread at a time;
 * different handles can be used at the same time.
 *
 * Errors: functions that can fail return 0 or more when done and a negative errno when not, and
 * then leave their `ret` parameters as they were. vnet_client_error() tells the rest. Every call
 * that talks to vnetd can fail with
 *
 *	-ENOTCONN	vnetd closed the connection, or an earlier call left it unusable
 *	-ETIMEDOUT	vnetd did not answer within the handle's timeout
 *	-EPROTO		the answer is not what this library understands
 *	-EMSGSIZE	the answer is longer than 64 MiB
 *	-ENOMEM		no memory
 *	-EINVAL		a parameter is missing, or is not of the right form
 *
 * after the first four of which the handle is of no more use but to be closed; and with the errno
 * of the daemon's refusal, among them
 *
 *	-ENOENT		no such vnet or resource
 *	-EEXIST		there is one already
 *	-EINVAL		a setting does not have a possible value
 *	-EBUSY		it is in use
 *	-EPERM, -EACCES	the caller is not allowed to do this
 *
 * The library prints nothing, logs nothing, and never raises a signal.
 */
#ifndef VNET_VNET_H
#define VNET_VNET_H

#include <stddef.h>

#include <vnet/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where vnetd listens. */
#define VNET_SOCKET_PATH "/run/vnetd/vnetd.sock"

/* Timeouts are in milliseconds. */
#define VNET_TIMEOUT_DEFAULT 0 /* five seconds */
#define VNET_TIMEOUT_NONE    (-1)

/* A connection to vnetd. */
struct vnet_client;

enum vnet_error_kind {
	VNET_ERROR_NONE,      /* the last call succeeded */
	VNET_ERROR_NOT_FOUND, /* this and the next five: vnetd refused */
	VNET_ERROR_EXISTS,
	VNET_ERROR_INVALID,
	VNET_ERROR_BUSY,
	VNET_ERROR_PERMISSION,
	VNET_ERROR_FAILED,
	VNET_ERROR_CONNECTION, /* the connection is gone */
	VNET_ERROR_TIMEOUT,    /* no answer in time */
	VNET_ERROR_PROTOCOL,   /* an answer that the library does not understand */
	VNET_ERROR_LOCAL,      /* the library did not ask vnetd: a wrong parameter, no memory */
};

/* What went wrong. The strings are never NULL; an empty one does not apply. */
struct vnet_error {
	enum vnet_error_kind kind;
	int number;	     /* positive errno */
	const char *message; /* a full sentence, without a full stop */
	const char *object;  /* "vnet0" or "vnet0/g1" */
	const char *field;   /* the setting: "mtu" */
};

/**
 * @brief Connects to vnetd.
 * @param path the socket; NULL: what the environment variable VNET_SOCKET names, which counts for
 *	  nothing in a program that runs with more rights than its caller's, else VNET_SOCKET_PATH
 * @param timeout_ms milliseconds that connecting, and then each call on its own, may take;
 *	  VNET_TIMEOUT_DEFAULT or VNET_TIMEOUT_NONE
 * @param ret receives the handle, which the caller closes with vnet_client_close()
 * @return 0, or
 *	   -ENOENT: there is no such socket, -ECONNREFUSED: nobody listens on it (vnetd does not
 *	   run), -EACCES: the caller may not use it, -ETIMEDOUT, -ENAMETOOLONG: the path is too
 *	   long for a socket, -EMFILE, -ENFILE: too many open files, -ENOMEM, -EINVAL: @ret is NULL
 */
VNET_API int vnet_client_open(const char *path, int timeout_ms, struct vnet_client **ret);

/**
 * @brief Closes the connection and frees the handle.
 * @param client may be NULL
 */
VNET_API void vnet_client_close(struct vnet_client *client);

/**
 * @brief What the last call on this handle failed of.
 * @return never NULL; borrowed, and valid until the next call on the handle
 */
VNET_API const struct vnet_error *vnet_client_error(const struct vnet_client *client);

/**
 * @brief The connection's file descriptor, to wait in a loop of one's own for vnet_monitor_next().
 * @return a descriptor that belongs to the handle; only to be polled for reading
 */
VNET_API int vnet_client_fd(const struct vnet_client *client);

/**
 * @brief Frees a text that one of the functions below has returned.
 * @param text may be NULL
 */
VNET_API void vnet_free(char *text);

/**
 * @brief Calls any method of vnetd's Varlink service.
 * @param method full name, or for a method of io.vnetd.Control the last part of it: "ListVnets"
 * @param parameters a JSON object as text, NULL for none
 * @param ret receives the reply's parameters, a JSON object as text, to be freed with vnet_free();
 *	  NULL if they are of no interest
 * @return 0 or a negative errno; -EINVAL too if @parameters is not a JSON object
 */
VNET_API int vnet_client_call(struct vnet_client *client, const char *method,
			      const char *parameters, char **ret);

/* --- settings --- */

/*
 * One setting of a vnet or a resource, as text; the library gives it the right type. The keys:
 *
 *	of a vnet	address mtu upper netns mode guard pvid vlans promiscuous
 *			on_delete hybrid_needs_service monitor_interval hold_down tx_timeout
 *			announce_count announce_interval announce_addresses protection
 *			allowed_ips storm_limit owner address_prefix share addresses
 *			learn maxbw maxbw_in maxbw_out, and uplink of a new one alone
 *	of a resource	type device peer peer_vnet uplink priority pvid vlans admin
 *			storm_limit probe probe_interval probe_count maxbw maxbw_in
 *			maxbw_out
 *	of an uplink	device steer
 *	of a flow	rank dir local remote proto lport rport dsfield vlan maxbw
 *			maxbw_in maxbw_out priority to
 *
 * mtu is in bytes, monitor_interval in milliseconds, storm_limit in frames a second. A key that the
 * library does not know goes to vnetd as text.
 */
struct vnet_setting {
	const char *key;
	const char *value;
};

/**
 * @brief Can the value be given the type that the key has? What it means is for vnetd to judge.
 * @param ret_expected receives in the case of -EINVAL what was expected, "a whole number"; a
 *	  constant; may be NULL
 * @return 0, or -EINVAL
 */
VNET_API int vnet_setting_check(const struct vnet_setting *setting, const char **ret_expected);

/* --- changes --- */

/**
 * @brief Makes a vnet.
 * @param name of the vnet
 * @param settings @count of them; may be NULL if @count is 0
 * @return 0, or a negative errno: -EEXIST: there is a vnet or a device of this name
 */
VNET_API int vnet_add(struct vnet_client *client, const char *name,
		      const struct vnet_setting *settings, size_t count);

/**
 * @brief Changes settings of a vnet: all of them, or none if one is refused.
 * @return 0, or a negative errno: -ENOENT: no such vnet
 */
VNET_API int vnet_set(struct vnet_client *client, const char *name,
		      const struct vnet_setting *settings, size_t count);

/**
 * @brief Removes a vnet with its resources, and the devices that vnetd made for it.
 * @return 0, or a negative errno: -ENOENT: no such vnet
 */
VNET_API int vnet_delete(struct vnet_client *client, const char *name);

/**
 * @brief Takes the hybrids of a vnet out for a live migration of who is above it.
 *
 * Frames take the service at once, and the vnet announces itself there. What still comes over a
 * hybrid is received for a moment; then the devices are let go, and this returns. The hybrids stay
 * out until vnet_finish_migration(), across restarts of vnetd as well.
 * @return 0, also if that was done before; or a negative errno: -ENOENT: no such vnet
 */
VNET_API int vnet_prepare_migration(struct vnet_client *client, const char *name);

/**
 * @brief Takes the hybrids in again: those whose devices are there now, the others when they come.
 * @return 0, also if none was out; or a negative errno: -ENOENT: no such vnet
 */
VNET_API int vnet_finish_migration(struct vnet_client *client, const char *name);

/**
 * @brief Registers a lower device under a vnet.
 * @param settings "type" and "device" have to be among them, and "peer" for a guest; or, of a guest
 *	  that is another vnet of this vnetd, "type" and "peer_vnet"
 * @return 0, or a negative errno: -EEXIST: the name, the peer's MAC or the service is there
 *	   already. A device that does not exist yet is no error: the resource waits for it.
 */
VNET_API int vnet_resource_add(struct vnet_client *client, const char *vnet, const char *name,
			       const struct vnet_setting *settings, size_t count);

/**
 * @brief Changes settings of a resource: all of them, or none if one is refused.
 * @return 0, or a negative errno: -ENOENT: no such vnet or resource
 */
VNET_API int vnet_resource_set(struct vnet_client *client, const char *vnet, const char *name,
			       const struct vnet_setting *settings, size_t count);

/**
 * @brief Takes a lower device out of a vnet and gives it back as it was.
 * @return 0, or a negative errno: -ENOENT: no such vnet or resource
 */
VNET_API int vnet_resource_delete(struct vnet_client *client, const char *vnet, const char *name);

/**
 * @brief Makes an uplink: a device that vnets can share. A vnet is put on it by vnet_add() with the
 *	  setting "uplink", or by vnet_resource_add() with "type" service and "uplink".
 * @param name of the uplink, which no vnet may have
 * @param settings "device" has to be among them
 * @return 0, or a negative errno: -EEXIST: there is an uplink or a vnet of this name; -EBUSY: the
 *	   device is in use. A device that does not exist yet is no error: the uplink waits for it.
 */
VNET_API int vnet_uplink_add(struct vnet_client *client, const char *name,
			     const struct vnet_setting *settings, size_t count);

/**
 * @brief Changes settings of an uplink: all of them, or none if one is refused.
 * @return 0, or a negative errno: -ENOENT: no such uplink
 */
VNET_API int vnet_uplink_set(struct vnet_client *client, const char *name,
			     const struct vnet_setting *settings, size_t count);

/**
 * @brief Removes an uplink, and gives its device back as it was.
 * @return 0, or a negative errno: -ENOENT: no such uplink; -EBUSY: vnets are on it
 */
VNET_API int vnet_uplink_delete(struct vnet_client *client, const char *name);

/**
 * @brief Makes a flow: some of the frames of a vnet or an uplink, and what is done with them.
 * @param owner the vnet or uplink
 * @param settings @count of them; may be NULL if @count is 0: all frames
 * @return 0, or a negative errno: -ENOENT: no such vnet or uplink; -EEXIST: there is a flow of this
 *	   name; -EALREADY: another one takes the same frames at the same rank
 */
VNET_API int vnet_flow_add(struct vnet_client *client, const char *owner, const char *name,
			   const struct vnet_setting *settings, size_t count);

/**
 * @brief Changes settings of a flow: all of them, or none if one is refused.
 * @return 0, or a negative errno: -ENOENT: no such flow; -EALREADY
 */
VNET_API int vnet_flow_set(struct vnet_client *client, const char *owner, const char *name,
			   const struct vnet_setting *settings, size_t count);

/**
 * @brief Removes a flow: its frames pass as they would without it.
 * @return 0, or a negative errno: -ENOENT: no such flow
 */
VNET_API int vnet_flow_delete(struct vnet_client *client, const char *owner, const char *name);

/*
 * VNICs as a program makes and steers them: the entry points m_vnic_create, m_vnic_destroy and
 * m_vnic_steer that were asked of Crossbow's drivers (crossbow-discuss, 28 September 2006).
 */

/**
 * @brief Makes a vnet on an uplink: frames for its MAC that come over the uplink's device are its.
 * @param uplink where it is to be
 * @param name of the new vnet
 * @param mac its MAC, "02:00:00:00:00:01"; NULL: a random one, or on an uplink that steers by ip
 *	  the device's own, so that vnet_steer() or the setting "addresses" leads frames to it
 * @return 0, or a negative errno, and then nothing was made: -ENOENT: no such uplink;
 *	   -EEXIST: a vnet or a device has this name, or the MAC is in use;
 *	   -EINVAL: the MAC is the device's
 */
VNET_API int vnet_create(struct vnet_client *client, const char *uplink, const char *name,
			 const char *mac);

/**
 * @brief Removes a vnet and the flows that vnet_steer() made for it.
 * @return 0, or a negative errno: -ENOENT: no such vnet; of flows that were removed before a
 *	   failure the frames go where they would go without them
 */
VNET_API int vnet_destroy(struct vnet_client *client, const char *name);

/**
 * @brief Leads frames that come over the vnet's uplink to the vnet: those that fit a flow, whatever
 *	  their MAC; or those for another MAC than now.
 * @param name of the vnet, which is on one uplink
 * @param flow a name for the new flow of the uplink; NULL: the MAC of the vnet is changed
 * @param settings @count of them. With @flow the frames, by the keys rank local remote proto lport
 *	  rport dsfield vlan, and maxbw or priority if they are to have one;
 *	  without, "address" alone
 * @return 0, or a negative errno: -ENOENT: no such vnet; -EEXIST: the uplink has such a flow;
 *	   -EALREADY: one with the same frames and rank; -ENODEV: the vnet is on no uplink, or
 *	   on more than one; -EINVAL: "dir" or "to" is among the settings
 */
VNET_API int vnet_steer(struct vnet_client *client, const char *name, const char *flow,
			const struct vnet_setting *settings, size_t count);

/* --- the frames of a flow --- */

/* A flow that is open. */
struct vnet_flow;

/* One frame from its Ethernet header on, as it would be on a wire: whole, with checksums and tag.
 */
struct vnet_flow_frame {
	const unsigned char *data;
	size_t length; /* bytes */
};

struct vnet_flow_options {
	size_t size;	     /* of this struct, for versions to come */
	unsigned int frames; /* that wait at most; a power of two from 64 to 8192; 0: 2048 */
	int no_thread;	     /* not 0: the caller drives it by vnet_flow_dispatch() */
	/* vnetd has closed it, for @why: nothing comes any more, and vnet_flow_close() is due. In
	 * the thread that frames come in. May be NULL. */
	void (*on_closed)(void *context, const char *why);
};

/**
 * @brief Has the frames of a flow that is `to xsk` delivered to @on_frames, until
 *	  vnet_flow_close().
 *
 * They come over an AF_XDP socket that vnetd makes, so the caller needs no rights but those to the
 * flow: root, group vnet-admin and the owner of the vnet have them. Frames that have no room, for
 * @on_frames is slower than they come, are dropped and counted, and nobody else waits for them.
 * What is longer than 3,516 bytes is dropped as well.
 *
 * When vnetd stops or dies, frames go on to come; the library opens the flow again when vnetd is
 * back. What was delivered then has kept its order, but for frames that were under way just when
 * the sockets changed.
 * @param client the socket's path is taken from it, and vnet_client_error() tells of a failure; it
 *	  is not needed any more after this
 * @param owner the vnet or uplink of the flow
 * @param options NULL: all of them 0
 * @param on_frames gets @count of them at a time, borrowed for the time of the call. It runs in a
 *	  thread of the flow's own, or in vnet_flow_dispatch(), and may call vnet_flow_close().
 * @param context for the callbacks
 * @param ret receives the handle, which the caller closes
 * @return 0, or a negative errno: -ENOENT: no such owner or flow; -EINVAL: it is not to xsk;
 *	   -EBUSY: a program has opened it already; -EPERM; -EAFNOSUPPORT: the kernel has no AF_XDP
 */
VNET_API int vnet_flow_open(struct vnet_client *client, const char *owner, const char *name,
			    const struct vnet_flow_options *options,
			    void (*on_frames)(void *context, const struct vnet_flow_frame *frames,
					      size_t count),
			    void *context, struct vnet_flow **ret);

/**
 * @brief For a loop of one's own: readable when vnet_flow_dispatch() has something to do.
 * @return a descriptor that belongs to the handle; only to be polled for reading
 */
VNET_API int vnet_flow_fd(const struct vnet_flow *flow);

/**
 * @brief Does what there is to do, of a flow that was opened with no_thread.
 * @param timeout_ms how long to wait for something, in milliseconds; negative: until there is
 * @return 1: something was done, 0: there was nothing in that time, or a negative errno: -EINTR;
 *	   -EINVAL: it has a thread; -EBUSY: called from within a callback; -ESHUTDOWN: a callback
 *	   has closed it, and the handle is gone
 */
VNET_API int vnet_flow_dispatch(struct vnet_flow *flow, int timeout_ms);

/**
 * @brief Ends the delivery: the frames pass as if nobody had opened the flow. When it returns no
 *	  callback runs any more, but for the one that it was called from, after which none does.
 * @param flow may be NULL
 */
VNET_API void vnet_flow_close(struct vnet_flow *flow);

/**
 * @brief For many changes in a row: from now on this client's changes are done when they return,
 * but a vnetd that is restarted knows of them only after vnet_keep(), or a second later.
 *
 * To keep a change takes as long as there are objects to be kept.
 * @return 0 or a negative errno
 */
VNET_API int vnet_keep_later(struct vnet_client *client);

/**
 * @brief Returns when the changes since vnet_keep_later() are kept across restarts of vnetd.
 * @return 0, or a negative errno: the changes are made, and will be kept when that is possible
 */
VNET_API int vnet_keep(struct vnet_client *client);

/**
 * @brief Reads the configuration files again and applies what changed in them.
 * @return 0, or a negative errno: -EINVAL: a file has an error; it changed nothing
 */
VNET_API int vnet_reload(struct vnet_client *client);

/**
 * @brief Writes every vnet that differs from its configuration file, or has none, into a file.
 * @param ret receives {"files":[PATH,...]} as text, to be freed with vnet_free(); may be NULL
 * @return 0 or a negative errno
 */
VNET_API int vnet_save(struct vnet_client *client, char **ret);

/**
 * @brief Takes every vnet away, and everything that vnetd has put into the kernel.
 * @return 0 or a negative errno
 */
VNET_API int vnet_flush(struct vnet_client *client);

/* --- questions --- */

/*
 * Each gives a JSON text in @ret, which the caller frees with vnet_free(). vnetctl(8) describes the
 * fields.
 */

/**
 * @brief The vnets with their resources, as a JSON array.
 * @param name of one vnet, NULL for all
 * @return 0, or a negative errno: -ENOENT: no such vnet
 */
VNET_API int vnet_list(struct vnet_client *client, const char *name, char **ret);

/**
 * @brief The resources, as a JSON array.
 * @param vnet NULL for those of all vnets
 * @param name of one resource of @vnet, NULL for all
 * @return 0, or a negative errno: -ENOENT: no such vnet or resource
 */
VNET_API int vnet_resource_list(struct vnet_client *client, const char *vnet, const char *name,
				char **ret);

/**
 * @brief The uplinks, as a JSON array.
 * @param name of one uplink, NULL for all
 * @return 0, or a negative errno: -ENOENT: no such uplink
 */
VNET_API int vnet_uplink_list(struct vnet_client *client, const char *name, char **ret);

/**
 * @brief The flows with what they have counted, as a JSON array.
 * @param owner a vnet or an uplink, NULL for the flows of all
 * @param name of one flow of @owner, NULL for all
 * @return 0, or a negative errno: -ENOENT: no such owner or flow
 */
VNET_API int vnet_flow_list(struct vnet_client *client, const char *owner, const char *name,
			    char **ret);

/**
 * @brief The forwarding database, as a JSON array.
 * @param vnet NULL for all
 * @return 0, or a negative errno: -ENOENT: no such vnet
 */
VNET_API int vnet_fdb_list(struct vnet_client *client, const char *vnet, char **ret);

/**
 * @brief The way that a frame from the upper would go, and why, as a JSON object.
 * @param mac the frame's destination, "02:00:00:00:00:01"
 * @param vlan the frame's VLAN, negative for an untagged frame
 * @return 0, or a negative errno: -ENOENT: no such vnet
 */
VNET_API int vnet_path(struct vnet_client *client, const char *vnet, const char *mac, int vlan,
		       char **ret);

/**
 * @brief Counters of frames and bytes, as a JSON array with an object for each vnet.
 * @param vnet NULL for all
 * @param name of one resource of @vnet, NULL for all
 * @return 0, or a negative errno: -ENOENT: no such vnet or resource
 */
VNET_API int vnet_stats(struct vnet_client *client, const char *vnet, const char *name, char **ret);

/* Which samples are wanted; a member that is 0 wishes for nothing. */
struct vnet_history_query {
	unsigned int since_s;	 /* not older than so many seconds */
	unsigned int interval_s; /* so many seconds apart */
	unsigned int samples;	 /* the last so many of these */
};

/**
 * @brief What was counted, over time, as a JSON array with an object for each vnet and uplink; as
 *	  "dlstat" and "flowstat" of Solaris show it.
 * @param owner a vnet or an uplink, NULL for all of them
 * @param flow of @owner, in place of @owner itself; may be NULL
 * @param query which samples; NULL for all that there are
 * @return 0, or a negative errno: -ENOENT: no such vnet, uplink or flow
 */
VNET_API int vnet_history(struct vnet_client *client, const char *owner, const char *flow,
			  const struct vnet_history_query *query, char **ret);

/**
 * @brief Version, process, uptime in seconds, numbers of objects and features of vnetd, as a JSON
 *	  object.
 * @return 0 or a negative errno
 */
VNET_API int vnet_status(struct vnet_client *client, char **ret);

/* --- events --- */

/**
 * @brief Calls @on_event for every event, until it returns something else than 0.
 * @param on_event gets each event as a JSON object in text form, borrowed for the time of the call,
 *	  and first of all a NULL: from then on nothing is missed. It runs in the caller's thread,
 *	  and must not use @client but for vnet_client_error().
 * @param context for @on_event
 * @return what @on_event returned, or a negative errno: -ENOTCONN: vnetd has gone. The handle's
 *	   timeout is for the first answer alone. Afterwards the handle can only be closed.
 */
VNET_API int vnet_monitor(struct vnet_client *client,
			  int (*on_event)(void *context, const char *event), void *context);

/**
 * @brief Subscribes to events, for a loop of one's own: poll vnet_client_fd() for reading, then
 * call vnet_monitor_next() with a timeout of 0 until it returns 0.
 * @return 0: from now on nothing is missed, the handle is good for vnet_monitor_next() alone; or a
 *	   negative errno: -EBUSY: has been called before
 */
VNET_API int vnet_monitor_start(struct vnet_client *client);

/**
 * @brief Takes the next event.
 * @param timeout_ms how long to wait for one, in milliseconds; 0 for not at all, VNET_TIMEOUT_NONE
 *	  for as long as it takes
 * @param ret receives a JSON object as text, to be freed with vnet_free()
 * @return 1: an event, 0: none in that time, or a negative errno: -ENOTCONN: vnetd has gone;
 *	   -EINVAL: without vnet_monitor_start()
 */
VNET_API int vnet_monitor_next(struct vnet_client *client, int timeout_ms, char **ret);

#ifdef __cplusplus
}
#endif

#endif
