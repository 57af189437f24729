/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Without memory uthash would end the process; like this an entry is found not to be added. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "reconcile_mark.h"

#include <errno.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

/* What is noted of a device. */
struct note {
	uint8_t came[MAC_LEN];	   /* the device's own MAC, by which it is known again */
	uint8_t address[MAC_LEN];  /* the vnet's, */
	uint8_t previous[MAC_LEN]; /* and before its last change */
	struct desired_saved saved;
	struct desired_offloads offloads;
};

struct manager_mark {
	uint32_t ifindex;
	struct note note;
	bool saved_left, offloads_left; /* an earlier daemon's, and nobody's yet */
	bool claimed;			/* of what it left, not all is as it should be yet */
	UT_hash_handle hh;
};

static struct manager_mark *find(const struct manager *m, uint32_t ifindex)
{
	struct manager_mark *mark;

	HASH_FIND(hh, m->marks, &ifindex, sizeof(ifindex), mark);
	return mark;
}

static struct manager_mark *add(struct manager *m, uint32_t ifindex)
{
	struct manager_mark *mark = calloc(1, sizeof(*mark));

	if (!mark)
		return NULL;
	mark->ifindex = ifindex;
	HASH_ADD(hh, m->marks, ifindex, sizeof(mark->ifindex), mark);
	if (mark->hh.tbl)
		return mark;
	free(mark);
	return NULL;
}

static void drop(struct manager *m, struct manager_mark *mark)
{
	HASH_DEL(m->marks, mark);
	free(mark);
}

static bool same_saved(const struct desired_saved *a, const struct desired_saved *b)
{
	const struct kernel_link_change *x = &a->before, *y = &b->before;

	return x->set == y->set && x->mtu == y->mtu && x->up == y->up &&
	       x->allmulti == y->allmulti && x->promisc == y->promisc &&
	       mac_same(x->address, y->address) && a->filtered == b->filtered;
}

static bool same(const struct note *a, const struct note *b)
{
	return mac_same(a->came, b->came) && mac_same(a->address, b->address) &&
	       mac_same(a->previous, b->previous) && same_saved(&a->saved, &b->saved) &&
	       a->offloads.set == b->offloads.set && a->offloads.on == b->offloads.on;
}

static bool says_nothing(const struct note *n)
{
	return !n->saved.before.set && !n->saved.filtered && !n->offloads.set;
}

/* --- as text --- */

#define NOTE_TEXT_SIZE 256
#define NOTE_FORMAT                                                                                \
	"1 set %x mtu %u mac %s up %d allmulti %d filtered %d offloads %x on %x came %s vnet %s "  \
	"before %s"
#define NOTE_SCAN                                                                                  \
	"1 set %x mtu %u mac %17s up %d allmulti %d filtered %d offloads %x on %x came %17s vnet " \
	"%17s before %17s"
#define NOTE_FIELDS 11

static void note_format(const struct note *n, char ret[NOTE_TEXT_SIZE])
{
	const struct kernel_link_change *before = &n->saved.before;
	char mac[MAC_TEXT_SIZE], came[MAC_TEXT_SIZE], address[MAC_TEXT_SIZE],
		previous[MAC_TEXT_SIZE];

	snprintf(ret, NOTE_TEXT_SIZE, NOTE_FORMAT, before->set, before->mtu,
		 mac_format(before->address, mac), before->up, before->allmulti, n->saved.filtered,
		 n->offloads.set, n->offloads.on, mac_format(n->came, came),
		 mac_format(n->address, address), mac_format(n->previous, previous));
}

static int note_parse(const char *text, uint32_t ifindex, struct note *ret)
{
	char mac[MAC_TEXT_SIZE], came[MAC_TEXT_SIZE], address[MAC_TEXT_SIZE],
		previous[MAC_TEXT_SIZE];
	struct kernel_link_change *before = &ret->saved.before;
	int up, allmulti, filtered;

	*ret = (struct note) { 0 };
	if (sscanf(text, NOTE_SCAN, &before->set, &before->mtu, mac, &up, &allmulti, &filtered,
		   &ret->offloads.set, &ret->offloads.on, came, address, previous) != NOTE_FIELDS)
		return -EINVAL;
	if (mac_parse(mac, before->address) || mac_parse(came, ret->came) ||
	    mac_parse(address, ret->address) || mac_parse(previous, ret->previous))
		return -EINVAL;
	before->up = up;
	before->allmulti = allmulti;
	ret->saved.filtered = filtered;
	memcpy(ret->saved.filter, ret->address, MAC_LEN);
	ret->saved.ifindex = before->set || filtered ? ifindex : 0;
	ret->offloads.ifindex = ret->offloads.set ? ifindex : 0;
	return 0;
}

/* --- written --- */

static int forget(struct manager *m, struct manager_mark *mark)
{
	int err = manager_datapath(m, device_mark, mark->ifindex, NULL);

	drop(m, mark);
	return err;
}

static int write_note(struct manager *m, uint32_t ifindex, const struct note *n)
{
	struct manager_mark *mark = find(m, ifindex);
	char text[NOTE_TEXT_SIZE];
	int err;

	if (mark && same(&mark->note, n))
		return 0;
	if (says_nothing(n))
		return mark ? forget(m, mark) : 0;
	if (!mark)
		mark = add(m, ifindex);
	if (!mark)
		return -ENOMEM;
	note_format(n, text);
	err = manager_datapath(m, device_mark, ifindex, text);
	if (!err)
		mark->note = *n;
	else if (says_nothing(&mark->note))
		drop(m, mark);
	return err;
}

static struct note note_of(const struct manager *m, const struct link *l)
{
	const struct manager_mark *mark = find(m, l->ifindex);
	struct note n = { 0 };

	if (mark)
		return mark->note;
	memcpy(n.came, l->address, MAC_LEN);
	return n;
}

static void note_saved(struct note *n, const struct desired_saved *s)
{
	bool filtered = n->saved.filtered || s->filtered;

	n->saved = (struct desired_saved) { 0 };
	if (!s->before.set && !s->filtered)
		return;
	n->saved.ifindex = s->ifindex;
	n->saved.before.set = s->before.set;
	if (s->before.set & KERNEL_LINK_MTU)
		n->saved.before.mtu = s->before.mtu;
	if (s->before.set & KERNEL_LINK_ADDRESS)
		memcpy(n->saved.before.address, s->before.address, MAC_LEN);
	if (s->before.set & KERNEL_LINK_UP)
		n->saved.before.up = s->before.up;
	if (s->before.set & KERNEL_LINK_ALLMULTI)
		n->saved.before.allmulti = s->before.allmulti;
	/* Only a device that was not is made so: that it is noted says all. */
	n->saved.before.promisc = false;
	/* A device that has refused the filter may be asked again at any time. */
	n->saved.filtered = filtered;
	memcpy(n->saved.filter, n->address, MAC_LEN);
}

int reconcile_mark_saved(struct manager *m, const struct link *l, const struct desired_saved *saved,
			 const uint8_t *address)
{
	struct note n = note_of(m, l);

	if (!mac_same(n.address, address)) {
		memcpy(n.previous, n.address, MAC_LEN);
		memcpy(n.address, address, MAC_LEN);
	}
	if (saved->before.set & KERNEL_LINK_ADDRESS)
		memcpy(n.came, saved->before.address, MAC_LEN);
	note_saved(&n, saved);
	return write_note(m, l->ifindex, &n);
}

/* Of two addresses that the filter may have, the vnet's stays. */
static void drop_previous(struct manager *m, const struct manager_mark *mark)
{
	const struct note *n = &mark->note;

	if (n->saved.filtered && mac_is_unicast(n->previous) && !mac_same(n->previous, n->address))
		manager_rtnl(m, link_filter, mark->ifindex, n->previous, false);
}

int reconcile_mark_done(struct manager *m, const struct link *l, const struct desired_saved *saved)
{
	struct note n = note_of(m, l);
	struct manager_mark *mark = find(m, l->ifindex);

	/* The filter may have what the earlier daemon was about to give the vnet. */
	if (mark && mark->claimed)
		drop_previous(m, mark);
	if (mark)
		mark->claimed = false;
	memset(n.previous, 0, MAC_LEN);
	note_saved(&n, saved);
	return write_note(m, l->ifindex, &n);
}

int reconcile_mark_offloads(struct manager *m, const struct link *l,
			    const struct desired_offloads *offloads)
{
	struct note n = note_of(m, l);

	n.offloads = *offloads;
	return write_note(m, l->ifindex, &n);
}

/* --- found --- */

/* Numbers of devices are given again; a MAC is seldom. */
static bool is_same_device(const struct link *l, const struct note *n)
{
	return mac_same(l->address, n->came) || mac_same(l->address, n->address) ||
	       mac_same(l->address, n->previous);
}

static int load_one(void *context, uint32_t ifindex, const char *text)
{
	struct manager *m = context;
	const struct link *l = link_find(m->links, ifindex);
	struct manager_mark *mark;
	struct note n;

	if (note_parse(text, ifindex, &n))
		return 0; /* a later version's, who knows better */
	if (!l || !is_same_device(l, &n))
		return manager_datapath(m, device_mark, ifindex, NULL);
	mark = add(m, ifindex);
	if (!mark)
		return -ENOMEM;
	mark->note = n;
	mark->saved_left = n.saved.ifindex;
	mark->offloads_left = n.offloads.ifindex;
	return 0;
}

int reconcile_mark_load(struct manager *m)
{
	return manager_datapath(m, device_marks_each, load_one, m);
}

bool reconcile_mark_claim_saved(struct manager *m, uint32_t ifindex, struct desired_saved *ret)
{
	struct manager_mark *mark = find(m, ifindex);

	if (!mark || !mark->saved_left)
		return false;
	mark->saved_left = false;
	mark->claimed = true;
	drop_previous(m, mark);
	*ret = mark->note.saved;
	/* It may not have come to that: it is set again. */
	ret->filtered = false;
	return true;
}

bool reconcile_mark_claim_offloads(struct manager *m, uint32_t ifindex,
				   struct desired_offloads *ret)
{
	struct manager_mark *mark = find(m, ifindex);

	if (!mark || !mark->offloads_left)
		return false;
	mark->offloads_left = false;
	*ret = mark->note.offloads;
	return true;
}

/* --- given back --- */

static int give_back(struct manager *m, struct manager_mark *mark, const struct link *l)
{
	const struct note *n = &mark->note;
	int err = 0, next;

	if (mark->saved_left) {
		drop_previous(m, mark);
		if (n->saved.filtered)
			manager_rtnl(m, link_filter, l->ifindex, n->address, false);
		err = reconcile_device_restore(m, l, &n->saved.before);
	}
	if (mark->offloads_left) {
		next = manager_rtnl(m, offloads_set, l->name, n->offloads.set, n->offloads.on);
		err = err ?: next;
	}
	return err;
}

/* The parts that somebody has claimed stay. */
static void forget_left(struct manager *m, struct manager_mark *mark)
{
	struct note n = mark->note;

	if (mark->saved_left)
		n.saved = (struct desired_saved) { 0 };
	if (mark->offloads_left)
		n.offloads = (struct desired_offloads) { 0 };
	mark->saved_left = mark->offloads_left = false;
	manager_removed(m, write_note(m, mark->ifindex, &n));
}

void reconcile_mark_sweep(struct manager *m)
{
	struct manager_mark *mark, *next;
	const struct link *l;
	int err;

	HASH_ITER (hh, m->marks, mark, next) {
		if (!mark->saved_left && !mark->offloads_left)
			continue;
		l = link_find(m->links, mark->ifindex);
		err = l ? give_back(m, mark, l) : 0;
		if (err && err != -ENODEV)
			log_warning("device %s, left by an earlier vnetd, does not take back what "
				    "it had before: %s",
				    l->name, strerror(-err));
		forget_left(m, mark);
	}
}

void reconcile_mark_follow(struct manager *m, const struct link *l)
{
	const struct manager_mark *mark = find(m, l->ifindex);
	struct note n;

	if (!mark || is_same_device(l, &mark->note))
		return;
	n = mark->note;
	memcpy(n.came, l->address, MAC_LEN);
	manager_removed(m, write_note(m, l->ifindex, &n));
}

void reconcile_mark_gone(struct manager *m, uint32_t ifindex)
{
	struct manager_mark *mark = find(m, ifindex);

	if (mark)
		manager_removed(m, forget(m, mark));
}

void reconcile_mark_free(struct manager *m)
{
	struct manager_mark *mark, *next;

	HASH_ITER (hh, m->marks, mark, next)
		drop(m, mark);
}
