/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows for AF_XDP sockets. Each time a flow is opened it gets a veth and a socket of its own: the
 * pair's mark, the pair, the program at its far end, the socket, its place in the map, and last the
 * flow's row, which leads there; away in the opposite order. Who opens it again, after a restart of
 * vnetd, still has the socket from before, and what is on its way there is not lost: the old pair
 * goes a moment later.
 *
 * The pair is named by the flow's number and a letter, every other one of which belongs to the same
 * of the flow's two places. So what an earlier daemon left tells by itself whose it is.
 */
#include <errno.h>
#include <net/if.h>
#include <utlist.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

#define OLD_STAYS_US UINT64_C(200000)
#define PORT_SIZE    (IFNAMSIZ + 2)

/* Nothing that is sent there has anything to do with these. */
static const uint8_t far_address[MAC_LEN] = { 0x02, 0, 0, 0, 0, 0xfe };

/* --- names --- */

static void name_write(char ret[IFNAMSIZ], uint32_t number, int letter)
{
	snprintf(ret, IFNAMSIZ, "vx%u%c", number, letter);
}

static void port_of(const char *name, char ret[PORT_SIZE])
{
	snprintf(ret, PORT_SIZE, "%s-p", name);
}

/* The first free name for that turn: other instances have flows of the same number. */
static int name_choose(struct manager *m, const struct flow *f, uint8_t turn, char ret[IFNAMSIZ])
{
	char name[IFNAMSIZ], port[PORT_SIZE];
	struct link l;

	for (int letter = 'a' + turn; letter <= 'z'; letter += 2) {
		name_write(name, f->number, letter);
		port_of(name, port);
		if (manager_rtnl(m, link_get, name, &l) != -ENODEV ||
		    manager_rtnl(m, link_get, port, &l) != -ENODEV)
			continue;
		util_copy(ret, IFNAMSIZ, name);
		return 0;
	}
	return -EEXIST;
}

/* --- who has which --- */

static void list(struct flow *f)
{
	struct manager *m = flow_manager(f);

	if (!f->xsk.listed)
		DL_APPEND2(m->xsks, f, xsk.prev, xsk.next);
	f->xsk.listed = true;
}

static void unlist(struct flow *f)
{
	struct manager *m = flow_manager(f);

	if (f->xsk.listed && !f->xsk.now.name[0] && !f->xsk.old.name[0]) {
		DL_DELETE2(m->xsks, f, xsk.prev, xsk.next);
		f->xsk.listed = false;
	}
}

bool reconcile_xsk_has_far(const struct manager *m, uint32_t ifindex)
{
	const struct flow *f;

	DL_FOREACH2 (m->xsks, f, xsk.next)
		if (f->xsk.now.far == ifindex || f->xsk.old.far == ifindex)
			return true;
	return false;
}

static bool has(const struct flow_xsk_pair *p, uint32_t ifindex)
{
	return p->name[0] && (p->near == ifindex || p->far == ifindex);
}

const struct flow *reconcile_xsk_of(const struct manager *m, uint32_t ifindex)
{
	const struct flow *f;

	DL_FOREACH2 (m->xsks, f, xsk.next)
		if (has(&f->xsk.now, ifindex) || has(&f->xsk.old, ifindex))
			return f;
	return NULL;
}

bool reconcile_xsk_has_pair(const struct manager *m, const char *name)
{
	const struct flow *f;

	DL_FOREACH2 (m->xsks, f, xsk.next)
		if (util_same(f->xsk.now.name, name) || util_same(f->xsk.old.name, name))
			return true;
	return false;
}

/* --- the pair --- */

/* What is cut and summed before the near end is a frame as it would be on a wire. */
static int prepare(struct manager *m, const struct flow *f, const struct flow_xsk_pair *p,
		   const char *port)
{
	const unsigned int off = KERNEL_OFFLOAD_BIT(TX_CSUM) | KERNEL_OFFLOAD_BIT(TX_CSUM_SCTP) |
				 KERNEL_OFFLOAD_BIT(TX_VLAN) | KERNEL_OFFLOAD_BIT(TX_STAG);
	const struct kernel_link_change up = { .set = KERNEL_LINK_UP, .up = true };
	const struct abi_port row = {
		.resource = ABI_XSK_PLACE(f->number, p->turn),
		.flags = ABI_PORT_XSK,
	};
	enum kernel_attach attached;
	int err = manager_rtnl(m, offloads_set, port, off, 0);

	if (!err)
		err = manager_datapath(m, attach, KERNEL_HOOK_XDP_XSK, p->far, &attached);
	if (!err)
		err = manager_datapath(m, port_write, p->far, &row);
	if (!err)
		err = manager_rtnl(m, link_set, p->far, &up);
	return err ?: manager_rtnl(m, link_set, p->near, &up);
}

/* All of it, as far as it is there. */
static void unmake(struct manager *m, struct flow *f, struct flow_xsk_pair *p)
{
	char port[PORT_SIZE];
	int err;

	if (!p->name[0])
		return;
	manager_removed(m, manager_datapath(m, xsk_write, ABI_XSK_PLACE(f->number, p->turn), -1));
	if (p->far) {
		manager_removed(m, manager_datapath(m, port_write, p->far, NULL));
		manager_removed(m, manager_datapath(m, detach, KERNEL_HOOK_XDP_XSK, p->far));
	}
	port_of(p->name, port);
	err = manager_rtnl(m, veth_del, port);
	manager_removed(m, err == -ENODEV ? 0 : err);
	if (!err || err == -ENODEV)
		manager_removed(m, manager_datapath(m, pair_mark, p->name, false));
	*p = (struct flow_xsk_pair) { 0 };
}

static int make(struct manager *m, struct flow *f, uint8_t turn, struct flow_xsk_pair *ret)
{
	struct flow_xsk_pair p = { .turn = turn };
	char port[PORT_SIZE];
	const struct kernel_veth veth = {
		.name = p.name,
		.port = port,
		.address = far_address,
		.mtu = KERNEL_XSK_MTU,
		.netns_fd = -1,
		.idle = true,
	};
	struct link near = { 0 }, far = { 0 };
	int err = name_choose(m, f, turn, p.name);

	if (err)
		return err;
	port_of(p.name, port);
	err = manager_datapath(m, pair_mark, p.name, true);
	if (err)
		return err;
	err = manager_rtnl(m, veth_add, &veth);
	if (err) {
		manager_removed(m, manager_datapath(m, pair_mark, p.name, false));
		return err;
	}
	err = manager_rtnl(m, link_get, port, &near);
	if (!err)
		err = manager_rtnl(m, link_get, p.name, &far);
	if (!err) {
		p.near = near.ifindex;
		p.far = far.ifindex;
		err = prepare(m, f, &p, port);
	}
	if (err)
		unmake(m, f, &p);
	else
		*ret = p;
	return err;
}

/* --- opened and closed --- */

static void drop_old(struct flow *f)
{
	unmake(flow_manager(f), f, &f->xsk.old);
	f->xsk.old_due_us = 0;
}

static void drop_socket(struct flow *f)
{
	if (f->xsk.present)
		close(f->xsk.socket);
	f->xsk.socket = -1;
	f->xsk.present = false;
}

static int connect_socket(struct manager *m, const struct flow *f, const struct flow_xsk_pair *p,
			  uint32_t frames, struct kernel_xsk *ret)
{
	struct kernel_xsk x;
	int err = manager_rtnl(m, xsk_open, p->far, frames, &x);

	if (err)
		return err;
	err = manager_datapath(m, xsk_write, ABI_XSK_PLACE(f->number, p->turn), x.socket);
	if (err) {
		close(x.socket);
		close(x.memory);
		return err;
	}
	*ret = x;
	return 0;
}

static int lead_there(struct flow *f, const struct flow_xsk_pair *p, struct error *e)
{
	struct flow_xsk_pair before = f->xsk.now;
	int err;

	f->xsk.now = *p;
	list(f);
	err = reconcile_flow(f, e);
	if (!err) {
		f->xsk.old = before;
		f->xsk.old_due_us = manager_now_us(flow_manager(f)) + OLD_STAYS_US;
		return 0;
	}
	f->xsk.now = before;
	if (reconcile_flow(f, NULL))
		flow_manager(f)->unsettled = true;
	unlist(f);
	return err;
}

int reconcile_xsk_open(struct flow *f, uint32_t frames, int *ret_memory, struct error *e)
{
	struct manager *m = flow_manager(f);
	char label[FLOW_LABEL_SIZE];
	struct flow_xsk_pair p;
	struct kernel_xsk x;
	int err;

	drop_old(f);
	err = make(m, f, !f->xsk.now.turn, &p);
	if (!err) {
		err = connect_socket(m, f, &p, frames, &x);
		if (err)
			unmake(m, f, &p);
	}
	if (err)
		return error_set(e, ERROR_FAILED, -err, flow_label(f, label), NULL,
				 "%s: an AF_XDP socket for it cannot be made: %s", label,
				 err == -EAFNOSUPPORT ? "this kernel has none" : strerror(-err));
	err = lead_there(f, &p, e);
	if (err) {
		close(x.socket);
		close(x.memory);
		unmake(m, f, &p);
		return err;
	}
	f->xsk.socket = x.socket;
	f->xsk.zerocopy = x.zerocopy;
	f->xsk.present = true;
	f->xsk.lost = 0;
	f->xsk.opening = ++m->xsk_openings;
	*ret_memory = x.memory;
	return 0;
}

/* Nothing leads there any more. */
static void take_away(struct flow *f, struct flow_xsk_pair *was)
{
	drop_socket(f);
	unmake(flow_manager(f), f, was);
	drop_old(f);
	unlist(f);
}

void reconcile_xsk_close(struct flow *f)
{
	struct flow_xsk_pair was = f->xsk.now;

	if (!f->xsk.listed)
		return;
	f->xsk.now = (struct flow_xsk_pair) { .turn = was.turn };
	if (reconcile_flow(f, NULL))
		flow_manager(f)->unsettled = true;
	take_away(f, &was);
}

void reconcile_xsk_end(struct flow *f)
{
	struct flow_xsk_pair was = f->xsk.now;

	if (!f->xsk.listed)
		return;
	f->xsk.now = (struct flow_xsk_pair) { .turn = was.turn };
	take_away(f, &was);
}

void reconcile_xsk_free(struct flow *f)
{
	drop_socket(f);
	f->xsk.now.name[0] = f->xsk.old.name[0] = '\0';
	unlist(f);
}

/* Somebody has deleted it: the frames pass as if nobody had opened the flow. */
void reconcile_xsk_gone(struct manager *m, uint32_t ifindex)
{
	char label[FLOW_LABEL_SIZE];
	struct flow *f, *next;

	DL_FOREACH_SAFE2 (m->xsks, f, next, xsk.next) {
		if (f->xsk.now.far != ifindex && f->xsk.now.near != ifindex)
			continue;
		log_warning("%s: device %s was deleted, its program has to open the flow again",
			    flow_label(f, label), f->xsk.now.name);
		reconcile_xsk_close(f);
	}
}

/* --- taken away --- */

void reconcile_xsk_news(struct manager *m, uint32_t ifindex)
{
	struct flow *f;

	DL_FOREACH2 (m->xsks, f, xsk.next)
		if (f->xsk.now.near == ifindex || f->xsk.now.far == ifindex)
			f->xsk.unsure = m->xsks_unsure = true;
}

/* Deleted, and the news of that is on its way. */
static bool has_vanished(struct manager *m, const struct flow_xsk_pair *p)
{
	struct link now;
	int err = manager_rtnl(m, link_get, p->name, &now);

	return err == -ENODEV || (!err && now.ifindex != p->far);
}

/* Without it no frame comes. Another's in its place closes the flow, but where there is no news of
 * the veth it may be our own link still, which lives on for a moment without its pin. */
static void attach_again(struct flow *f, bool news)
{
	struct manager *m = flow_manager(f);
	enum kernel_attach attached;
	char label[FLOW_LABEL_SIZE];
	int err = manager_datapath(m, attach, KERNEL_HOOK_XDP_XSK, f->xsk.now.far, &attached);

	if (!err) {
		log_warning("%s: the program at device %s was taken away; it is attached again",
			    flow_label(f, label), f->xsk.now.name);
	} else if (news && (err == -EBUSY || err == -EEXIST)) {
		log_warning("%s: device %s has been given another program, the flow has to be "
			    "opened again",
			    flow_label(f, label), f->xsk.now.name);
		reconcile_xsk_close(f);
	}
}

size_t reconcile_xsk_check(struct manager *m, bool all)
{
	struct flow *f, *next;
	size_t lost = 0;

	m->xsks_unsure = false;
	DL_FOREACH_SAFE2 (m->xsks, f, next, xsk.next) {
		const struct flow_xsk_pair *p = &f->xsk.now;
		bool news = f->xsk.unsure, due = p->name[0] && (all || news);

		f->xsk.unsure = false;
		if (!due ||
		    m->kernel.ops->attached(m->kernel.datapath, KERNEL_HOOK_XDP_XSK, p->far) ||
		    has_vanished(m, p))
			continue;
		lost++;
		attach_again(f, news);
	}
	return lost;
}

/* --- after a restart --- */

/* It goes on until its program has come again, if there is one: who had it has the socket. */
void reconcile_xsk_restore(struct flow *f)
{
	struct manager *m = flow_manager(f);
	const struct link *near, *far;
	char port[PORT_SIZE], stem[IFNAMSIZ];
	struct abi_flow row;
	int length;

	f->xsk.socket = -1;
	if (f->settings.target.to != SETTINGS_TO_XSK ||
	    manager_datapath(m, flow_read, f->number, &row) || row.target_kind != ABI_TARGET_XSK ||
	    !row.target)
		return;
	near = link_find(m->links, row.target);
	far = near ? link_find(m->links, near->peer) : NULL;
	if (!far || !util_same(far->kind, "veth"))
		return;
	port_of(far->name, port);
	length = snprintf(stem, sizeof(stem), "vx%u", f->number);
	if (!util_same(near->name, port) || strncmp(far->name, stem, (size_t)length) != 0 ||
	    !far->name[length] || far->name[length + 1])
		return;
	util_copy(f->xsk.now.name, sizeof(f->xsk.now.name), far->name);
	f->xsk.now.near = near->ifindex;
	f->xsk.now.far = far->ifindex;
	f->xsk.now.turn = row.turn;
	list(f);
}

bool reconcile_xsks_missing(const struct manager *m)
{
	const struct flow *f;

	DL_FOREACH2 (m->xsks, f, xsk.next)
		if (f->xsk.now.name[0] && !f->xsk.present)
			return true;
	return false;
}

void reconcile_xsks_expire(struct manager *m)
{
	char label[FLOW_LABEL_SIZE];
	struct flow *f, *next;

	DL_FOREACH_SAFE2 (m->xsks, f, next, xsk.next) {
		if (!f->xsk.now.name[0] || f->xsk.present)
			continue;
		log_info("%s: the program that had opened it has not come back",
			 flow_label(f, label));
		reconcile_xsk_close(f);
	}
}

/* --- its clock --- */

uint64_t reconcile_xsk_due_us(const struct manager *m)
{
	uint64_t first_us = UINT64_MAX;
	const struct flow *f;

	DL_FOREACH2 (m->xsks, f, xsk.next)
		if (f->xsk.old_due_us && f->xsk.old_due_us < first_us)
			first_us = f->xsk.old_due_us;
	return first_us;
}

void reconcile_xsk_run(struct manager *m, uint64_t now_us)
{
	struct flow *f, *next;

	DL_FOREACH_SAFE2 (m->xsks, f, next, xsk.next)
		if (f->xsk.old_due_us && f->xsk.old_due_us <= now_us) {
			drop_old(f);
			unlist(f);
		}
}

int reconcile_xsk_missed(struct flow *f, uint64_t *ret)
{
	struct kernel_link_stats near = { .tx_dropped = f->xsk.lost };
	uint64_t missed = 0;
	int err = f->xsk.present ? manager_rtnl(flow_manager(f), xsk_missed, f->xsk.socket, &missed)
				 : -ENOTCONN;

	if (err)
		return err;
	/* What cannot be had at once is as it was. */
	manager_rtnl(flow_manager(f), link_stats, f->xsk.now.near, &near);
	f->xsk.lost = near.tx_dropped;
	*ret = missed + near.tx_dropped;
	return 0;
}
