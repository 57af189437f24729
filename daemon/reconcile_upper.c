/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The upper: made or found, its MAC and MTU, where vnet_tx is attached. */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"
#include "reconcile_mark.h"

#define NETNS_FOLDER "/run/netns/"

/* --- the pair --- */

static int open_netns(const struct vnet *v, int *ret, struct error *e)
{
	const char *name = v->settings.netns;
	char path[sizeof(NETNS_FOLDER) + SETTINGS_NETNS_SIZE];
	int fd;

	*ret = -1;
	if (!name[0])
		return 0;
	snprintf(path, sizeof(path), "%s%s", name[0] == '/' ? "" : NETNS_FOLDER, name);
	/* Whatever it may be: opening it must neither wait nor do anything. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_set(e, ERROR_NOT_FOUND, errno, v->name, "netns",
				 "%s: network namespace %s cannot be opened (%s): %s", v->name,
				 name, path, strerror(errno));
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
		close(fd);
		return error_set(e, ERROR_INVALID, EINVAL, v->name, "netns",
				 "%s: netns %s (%s) is not a network namespace", v->name, name,
				 path);
	}
	*ret = fd;
	return 0;
}

/* Reads a device that was made a moment ago, before the monitor tells of it. */
static int learn(struct manager *m, const char *name)
{
	struct link l;
	int err = manager_rtnl(m, link_get, name, &l);

	return err ? err : link_put(m->links, &l);
}

static void unmake_pair(struct vnet *v)
{
	struct manager *m = v->manager;
	const struct link *port = link_find_name(m->links, v->port);

	if (manager_rtnl(m, veth_del, v->port))
		return; /* the mark stays, for who comes after */
	if (port)
		link_remove(m->links, port->ifindex);
	manager_removed(m, manager_datapath(m, pair_mark, v->name, false));
}

static int make_pair(struct vnet *v, struct error *e)
{
	struct manager *m = v->manager;
	UTIL_CLOSE int netns = -1;
	struct kernel_veth veth = {
		.name = v->name,
		.port = v->port,
		.address = v->settings.address,
		.mtu = v->settings.mtu,
	};
	int err = open_netns(v, &netns, e);

	if (err)
		return err;
	veth.netns_fd = netns;
	err = manager_datapath(m, pair_mark, v->name, true);
	if (!err)
		err = manager_rtnl(m, veth_add, &veth);
	if (err) {
		manager_removed(m, manager_datapath(m, pair_mark, v->name, false));
	} else {
		err = learn(m, v->port);
		if (!err && netns < 0)
			err = learn(m, v->name);
		if (err)
			unmake_pair(v);
	}
	v->name_taken = err == -EEXIST;
	if (err)
		return error_set(
			e, err == -EEXIST ? ERROR_EXISTS : ERROR_FAILED, -err, v->name, NULL,
			"%s: the devices %s and %s cannot be made: %s", v->name, v->name, v->port,
			err == -EEXIST ? "there is a device of that name" : strerror(-err));
	return 0;
}

/*
 * The pair may be there already, of an earlier vnetd; since then either end may have another name,
 * or the upper another namespace.
 */
static const struct link *find_port(const struct vnet *v)
{
	const struct link_table *links = v->manager->links;
	const struct link *port = link_find_name(links, v->port);
	const struct link *upper = link_find_name(links, v->name);

	if (!port && upper && v->row.port && v->row.port == upper->peer)
		port = link_find(links, upper->peer);
	return port;
}

/* @upper NULL: it is not in this namespace. A pair may be that of another instance as well. */
static bool is_pair(const struct vnet *v, const struct link *port, const struct link *upper)
{
	bool elsewhere = v->settings.netns[0], was_ours = v->row.port == port->ifindex;
	struct manager *m = v->manager;

	if (owner_find(m, port->ifindex))
		return false;
	if (!v->has_pair && !manager_datapath(m, attached, KERNEL_HOOK_TX_INGRESS, port->ifindex))
		return false;
	if (!upper)
		return port->peer_elsewhere && (elsewhere || was_ours);
	return upper->peer == port->ifindex && !owner_find(m, upper->ifindex) &&
	       (was_ours || (!elsewhere && util_same(upper->name, v->name)));
}

static int find_pair(struct vnet *v, const struct link **ret_port, const struct link **ret_upper,
		     struct error *e)
{
	const struct link_table *links = v->manager->links;
	const struct link *port = find_port(v), *upper = NULL, *taken = port;

	*ret_port = *ret_upper = NULL;
	if (port && !port->peer_elsewhere)
		upper = link_find(links, port->peer);
	if (port && is_pair(v, port, upper)) {
		*ret_port = port;
		*ret_upper = upper;
		return 0;
	}
	if (!taken && !v->settings.netns[0])
		taken = link_find_name(links, v->name);
	if (!taken)
		return 0;
	v->name_taken = true;
	return error_set(e, ERROR_EXISTS, EEXIST, v->name, "name",
			 "%s: there is a device %s that vnetd did not make; choose another name, "
			 "or use it with \"upper %s\"",
			 v->name, taken->name, taken->name);
}

static int have_pair(struct vnet *v, const struct link **ret_port, const struct link **ret_upper,
		     struct error *e)
{
	int err;

	if (v->port_ifindex) {
		*ret_port = link_find(v->manager->links, v->port_ifindex);
		*ret_upper = link_find(v->manager->links, v->upper_ifindex);
		return 0;
	}
	snprintf(v->port, sizeof(v->port), "%s-p", v->name);
	err = find_pair(v, ret_port, ret_upper, e);
	if (*ret_port) /* of an older release it may have no mark */
		manager_removed(v->manager, manager_datapath(v->manager, pair_mark, v->name, true));
	if (err || *ret_port)
		return err;
	err = make_pair(v, e);
	if (err)
		return err;
	v->has_pair = true;
	return find_pair(v, ret_port, ret_upper, e);
}

/* --- MAC and MTU --- */

static int set_one(struct vnet *v, const struct link *l, unsigned int fields, struct error *e)
{
	struct kernel_link_change change = { .mtu = v->settings.mtu }, undo = { .mtu = l->mtu };
	struct link now = *l;
	int err;

	memcpy(change.address, v->settings.address, MAC_LEN);
	memcpy(undo.address, l->address, MAC_LEN);
	if ((fields & KERNEL_LINK_MTU) && l->mtu != change.mtu)
		change.set |= KERNEL_LINK_MTU;
	if ((fields & KERNEL_LINK_ADDRESS) && !mac_same(l->address, change.address))
		change.set |= KERNEL_LINK_ADDRESS;
	if (!change.set)
		return 0;
	err = manager_rtnl(v->manager, link_set, l->ifindex, &change);
	if (err) {
		/* the kernel may have taken the first of the two */
		undo.set = change.set;
		manager_rtnl(v->manager, link_set, l->ifindex, &undo);
		return error_set(e, ERROR_FAILED, -err, v->name,
				 change.set & KERNEL_LINK_MTU ? "mtu" : "address",
				 "%s: device %s does not take MTU %u and the vnet's MAC: %s",
				 v->name, l->name, change.mtu, strerror(-err));
	}
	now.mtu = change.mtu;
	if (change.set & KERNEL_LINK_ADDRESS)
		memcpy(now.address, change.address, MAC_LEN);
	link_put(v->manager->links, &now);
	return 0;
}

/* An existing upper belongs to somebody else, who gives it what it needs. */
static int set_both(struct vnet *v, struct error *e)
{
	const struct link *port = link_find(v->manager->links, v->port_ifindex);
	const struct link *upper = link_find(v->manager->links, v->upper_ifindex);
	int err = 0;

	if (!vnet_owns_upper(v))
		return 0;
	if (port)
		err = set_one(v, port, KERNEL_LINK_MTU, e);
	if (!err && upper)
		err = set_one(v, upper, KERNEL_LINK_MTU | KERNEL_LINK_ADDRESS, e);
	return err;
}

/* --- the programs --- */

/*
 * While somebody captures on the upper, frames have to pass through it: then the port end alone
 * decides; and so they have to where XDP waits for them. The program stays attached and, without a
 * row of its device, lets every frame pass: one map write, where a clsact that comes and goes would
 * stop the device and lose frames. The shortcut needs the upper in this namespace.
 */
static int set_shortcut(struct vnet *v)
{
	struct manager *m = v->manager;
	const struct link *upper = link_find(m->links, v->upper_ifindex);
	struct abi_port port = { .vnet = v->number, .flags = ABI_PORT_EGRESS | ABI_PORT_VETH };
	enum kernel_attach attached;
	bool wanted;
	int err;

	if (!vnet_owns_upper(v) || !upper)
		return 0;
	wanted = !upper->promiscuity && !v->xdp.attached;
	err = manager_datapath(m, port_write, upper->ifindex, wanted ? &port : NULL);
	if (!err)
		err = manager_datapath(m, attach, KERNEL_HOOK_TX_EGRESS, upper->ifindex, &attached);
	if (!err)
		v->shortcut = wanted;
	return err;
}

static int attach(struct vnet *v, struct error *e)
{
	struct manager *m = v->manager;
	struct abi_port port = {
		.vnet = v->number,
		.flags = reconcile_xdp_veth(v, v->port_ifindex) ? ABI_PORT_VETH : 0,
	};
	int err;

	/* The kernel takes this row away with the device, and never gives it back. */
	err = manager_datapath(m, device_write, v->port_ifindex, true);
	if (!err)
		err = manager_datapath(m, port_write, v->port_ifindex, &port);
	if (!err)
		err = manager_datapath(m, attach, KERNEL_HOOK_TX_INGRESS, v->port_ifindex,
				       &v->attached);
	if (!err) {
		reconcile_xdp_upper(v);
		err = set_shortcut(v);
	}
	if (err == -ENODEV)
		return 0; /* somebody has deleted it, and the news of that is on its way */
	if (err)
		return error_set(e, ERROR_FAILED, -err, v->name, NULL,
				 "%s: attaching the data path to device %s failed: %s", v->name,
				 v->port, reconcile_attach_error(err));
	return 0;
}

static void note_promiscuous(struct vnet *v)
{
	const struct link *l = link_find(v->manager->links, v->upper_ifindex);

	switch (v->settings.promiscuous) {
	case SETTINGS_PROMISC_ON:
		v->promiscuous = true;
		break;
	case SETTINGS_PROMISC_OFF:
		v->promiscuous = false;
		break;
	case SETTINGS_PROMISC_AUTO:
		v->promiscuous = l && l->promiscuity;
		break;
	}
}

/* --- together --- */

/* Even if it fails they are its own from now on, so that they go with it. */
static int own(struct vnet *v, const struct link *port, const struct link *upper)
{
	struct manager *m = v->manager;
	int err;

	if (!v->port_ifindex) {
		m->uppers_missing--;
		/* left dormant by an earlier daemon? */
		v->dormant = upper && (upper->flags & IFF_UP) && upper->carrier &&
			     !(upper->flags & IFF_RUNNING);
	}
	v->port_ifindex = port->ifindex;
	v->upper_ifindex = upper ? upper->ifindex : 0;
	util_copy(v->port, sizeof(v->port), port->name);
	util_copy(v->upper, sizeof(v->upper), upper ? upper->name : v->name);
	err = owner_set(m, port->ifindex, v, NULL);
	if (!err && upper)
		err = owner_set(m, upper->ifindex, v, NULL);
	return err;
}

static int find_upper(struct vnet *v, const struct link **ret_port, const struct link **ret_upper,
		      struct error *e)
{
	const struct link_table *links = v->manager->links;

	if (vnet_owns_upper(v))
		return have_pair(v, ret_port, ret_upper, e);
	*ret_port = v->port_ifindex ? link_find(links, v->port_ifindex)
				    : link_find_name(links, v->settings.upper);
	*ret_upper = *ret_port;
	util_copy(v->upper, sizeof(v->upper), v->settings.upper);
	if (*ret_port && !v->port_ifindex)
		return validate_upper(v, *ret_port, e);
	return 0;
}

/* The rows of an earlier daemon are taken as they are: frames are passing by them. */
static void adopt_row(struct vnet *v)
{
	struct abi_vnet row;

	if (v->adopted)
		return;
	v->adopted = true;
	if (manager_datapath(v->manager, vnet_read, v->number, &row))
		return;
	v->row = row;
	v->upper_lost = row.port && !link_find(v->manager->links, row.port);
}

static int take_upper(struct vnet *v, struct error *e)
{
	const struct link *port = NULL, *upper = NULL;
	int err;

	adopt_row(v);
	err = find_upper(v, &port, &upper, e);
	if (err || !port)
		return err;
	err = own(v, port, upper);
	if (err)
		return error_set(e, ERROR_FAILED, -err, v->name, NULL, "%s: no memory", v->name);
	err = set_both(v, e);
	return err ? err : attach(v, e);
}

/* In mode auto it is the upper that tells whether XDP is used at all. */
static void follow_upper(struct vnet *v)
{
	for (struct resource *r = v->resources; r; r = r->hh.next) {
		if (!r->ifindex)
			continue;
		if (resource_is_member(r))
			reconcile_xdp_member(r);
		else
			reconcile_xdp_resource(r);
		manager_removed(v->manager, reconcile_resource_row(r));
	}
}

int reconcile_upper(struct vnet *v, struct error *e)
{
	bool xdp = v->xdp.wanted;
	int err = take_upper(v, e);

	if (v->xdp.wanted != xdp && !v->settling)
		follow_upper(v);
	note_promiscuous(v);
	v->upper_failed = err;
	return err;
}

static void let_go(struct vnet *v, uint32_t ifindex, enum kernel_hook hook)
{
	struct manager *m = v->manager;

	if (!ifindex)
		return;
	manager_removed(m, manager_datapath(m, detach, hook, ifindex));
	manager_removed(m, manager_datapath(m, port_write, ifindex, NULL));
	owner_clear(m, ifindex);
}

static void forget(struct vnet *v)
{
	reconcile_xdp_upper_release(v);
	let_go(v, v->upper_ifindex != v->port_ifindex ? v->upper_ifindex : 0,
	       KERNEL_HOOK_TX_EGRESS);
	let_go(v, v->port_ifindex, KERNEL_HOOK_TX_INGRESS);
	if (v->port_ifindex)
		v->manager->uppers_missing++;
	if (v->saved.ifindex && !vnet_owns_upper(v))
		reconcile_device_return(v->manager, &v->saved, v->saved.ifindex, v->name);
	v->saved = (struct desired_saved) { 0 };
	v->queue = (struct queue_use) { 0 };
	v->port_ifindex = v->upper_ifindex = 0;
	v->attached = KERNEL_ATTACH_NONE;
	v->shortcut = v->dormant = false;
}

static void remove_pair(struct vnet *v, uint32_t port, uint32_t upper)
{
	struct manager *m = v->manager;
	int err = port ? manager_rtnl(m, link_del, port) : 0;

	if (err && err != -ENODEV) {
		manager_removed(m, err);
		return;
	}
	/* The news takes its time, and the next vnet may want the names at once. */
	link_remove(m->links, port);
	link_remove(m->links, upper);
	reconcile_mark_gone(m, port);
	reconcile_mark_gone(m, upper);
	manager_removed(m, manager_datapath(m, pair_mark, v->name, false));
}

void reconcile_upper_remove(struct vnet *v)
{
	struct manager *m = v->manager;
	struct abi_vlans_key key = { .vnet = v->number };
	uint32_t port = v->port_ifindex, upper = v->upper_ifindex;

	forget(v);
	if (vnet_owns_upper(v))
		remove_pair(v, port, upper);
	if (v->vlans_written)
		manager_removed(m, manager_datapath(m, vlans_write, &key, NULL));
	manager_removed(m, manager_datapath(m, vnet_write, v->number, NULL));
	if (port)
		manager_removed(m, manager_datapath(m, device_write, port, false));
	reconcile_protect_remove(v);
	manager_removed(m, reconcile_limit_end(m, ABI_LIMIT_VNET, v->number, NULL, &v->limited));
}

/*
 * Both ends of a pair are deleted together, and one of them is heard of first; so the kernel is
 * asked for the other one.
 */
static bool other_end_lives(const struct vnet *v, uint32_t gone)
{
	struct manager *m = v->manager;
	bool is_port = gone == v->port_ifindex;
	uint32_t other = is_port ? v->upper_ifindex : v->port_ifindex;
	struct link l;

	if (!vnet_owns_upper(v) || !other)
		return false;
	if (manager_rtnl(m, link_get, is_port ? v->upper : v->port, &l) == 0 && l.ifindex == other)
		return true;
	link_remove(m->links, other);
	reconcile_mark_gone(m, other);
	return false;
}

/* What follows when somebody deletes the upper, in words. */
static const char *next_of(const struct vnet *v)
{
	if (v->settings.on_delete == SETTINGS_ON_DELETE_REMOVE)
		return "removing the vnet, as its on_delete says";
	return vnet_owns_upper(v) ? "making it again" : "waiting until it is back";
}

bool reconcile_upper_gone(struct vnet *v, uint32_t ifindex)
{
	struct error e = { 0 };

	if (other_end_lives(v, ifindex) && ifindex == v->upper_ifindex) {
		log_warning("%s: device %s has left this network namespace; frames go on through "
			    "its other end %s",
			    v->name, v->upper, v->port);
		let_go(v, ifindex, KERNEL_HOOK_TX_EGRESS);
		v->upper_ifindex = 0;
		v->shortcut = v->dormant = false;
	} else {
		log_warning("%s: device %s was deleted by somebody else; %s", v->name,
			    ifindex == v->port_ifindex ? v->port : v->upper, next_of(v));
		forget(v);
		if (v->settings.on_delete == SETTINGS_ON_DELETE_REMOVE)
			return true;
	}
	if (reconcile_vnet(v, &e))
		log_err("%s; trying again at the next change", e.message);
	return false;
}

void reconcile_upper_follow_name(struct vnet *v)
{
	struct manager *m = v->manager;
	const struct link *l = link_find(m->links, v->port_ifindex);

	if (vnet_owns_upper(v) || !l || util_same(v->settings.upper, l->name))
		return;
	log_info("%s: upper %s is called %s now", v->name, v->settings.upper, l->name);
	util_copy(v->settings.upper, sizeof(v->settings.upper), l->name);
	m->unsaved = true;
}
