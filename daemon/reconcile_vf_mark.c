/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Without memory uthash would end the process; like this an entry is found not to be added. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "reconcile_vf_mark.h"

#include <errno.h>

#include "kernel_vf.h"
#include "log.h"
#include "manager_internal.h"

/* What is noted of a virtual function. */
struct note {
	char name[IFNAMSIZ];	   /* the PF's, by which it is known again; */
	uint8_t came[MAC_LEN];	   /* or by its MAC */
	struct kernel_vf before;   /* to be given back */
	struct kernel_vf asked;	   /* of that, what it was asked to be */
	uint8_t previous[MAC_LEN]; /* the MAC that it was asked for before the last one */
	uint8_t entry[MAC_LEN];	   /* in the PF's switch; all zero: none */
};

struct key {
	uint32_t pf, index;
};

struct manager_vf_mark {
	struct key key;
	struct note note;
	bool left; /* an earlier daemon's, and nobody's yet */
	UT_hash_handle hh;
};

static struct manager_vf_mark *find(const struct manager *m, uint32_t pf, uint32_t index)
{
	struct key key = { pf, index };
	struct manager_vf_mark *mark;

	/* NOLINTNEXTLINE(clang-analyzer-*): it does not see that all of the key is set */
	HASH_FIND(hh, m->vf_marks, &key, sizeof(key), mark);
	return mark;
}

static struct manager_vf_mark *add(struct manager *m, uint32_t pf, uint32_t index)
{
	struct manager_vf_mark *mark = calloc(1, sizeof(*mark));

	if (!mark)
		return NULL;
	mark->key = (struct key) { pf, index };
	HASH_ADD(hh, m->vf_marks, key, sizeof(mark->key), mark);
	if (mark->hh.tbl)
		return mark;
	free(mark);
	return NULL;
}

static void drop(struct manager *m, struct manager_vf_mark *mark)
{
	HASH_DEL(m->vf_marks, mark);
	free(mark);
}

static bool same_vf(const struct kernel_vf *a, const struct kernel_vf *b)
{
	for (unsigned int i = 0; i < KERNEL_VF_FIELDS; i++)
		if ((a->set & kernel_vf_field(i)) && !kernel_vf_same(a, b, kernel_vf_field(i)))
			return false;
	return a->set == b->set;
}

static bool same(const struct note *a, const struct note *b)
{
	return util_same(a->name, b->name) && mac_same(a->came, b->came) &&
	       same_vf(&a->before, &b->before) && same_vf(&a->asked, &b->asked) &&
	       mac_same(a->previous, b->previous) && mac_same(a->entry, b->entry);
}

static bool has_entry(const struct note *n)
{
	return !mac_same(n->entry, (uint8_t[MAC_LEN]) { 0 });
}

static bool says_nothing(const struct note *n)
{
	return !n->before.set && !has_entry(n);
}

/* --- as text --- */

#define NOTE_TEXT_SIZE 256
#define VF_TEXT_SIZE   80
#define VF_FORMAT      "%x %s vlan %u %x %u spoof %d trust %d link %u"
#define VF_SCAN	       "%x %17s vlan %hu %hx %hhu spoof %d trust %d link %u"
#define VF_FIELDS      8
#define NOTE_FORMAT    "1 pf %s came %s previous %s entry %s set %s asked %s"
#define NOTE_SCAN      "1 pf %15s came %17s previous %17s entry %17s set %n"
#define NOTE_FIELDS    4
#define ASKED	       " asked "

static void vf_format(const struct kernel_vf *vf, char ret[VF_TEXT_SIZE])
{
	char mac[MAC_TEXT_SIZE];

	snprintf(ret, VF_TEXT_SIZE, VF_FORMAT, vf->set, mac_format(vf->address, mac), vf->vlan,
		 vf->protocol, vf->qos, vf->spoof_check, vf->trust, vf->link_state);
}

static int vf_parse(const char *text, struct kernel_vf *ret)
{
	char mac[MAC_TEXT_SIZE];
	int spoof_check, trust;

	if (sscanf(text, VF_SCAN, &ret->set, mac, &ret->vlan, &ret->protocol, &ret->qos,
		   &spoof_check, &trust, &ret->link_state) != VF_FIELDS)
		return -EINVAL;
	ret->set &= (1u << KERNEL_VF_FIELDS) - 1;
	ret->spoof_check = spoof_check;
	ret->trust = trust;
	return mac_parse(mac, ret->address);
}

static void note_format(const struct note *n, char ret[NOTE_TEXT_SIZE])
{
	char before[VF_TEXT_SIZE], asked[VF_TEXT_SIZE], came[MAC_TEXT_SIZE],
		previous[MAC_TEXT_SIZE], entry[MAC_TEXT_SIZE];

	vf_format(&n->before, before);
	vf_format(&n->asked, asked);
	snprintf(ret, NOTE_TEXT_SIZE, NOTE_FORMAT, n->name, mac_format(n->came, came),
		 mac_format(n->previous, previous), mac_format(n->entry, entry), before, asked);
}

static int note_parse(const char *text, struct note *ret)
{
	char came[MAC_TEXT_SIZE], previous[MAC_TEXT_SIZE], entry[MAC_TEXT_SIZE];
	const char *asked = strstr(text, ASKED);
	int at = 0;

	*ret = (struct note) { 0 };
	if (!asked || sscanf(text, NOTE_SCAN, ret->name, came, previous, entry, &at) != NOTE_FIELDS)
		return -EINVAL;
	if (mac_parse(came, ret->came) || mac_parse(previous, ret->previous) ||
	    mac_parse(entry, ret->entry) || vf_parse(text + at, &ret->before))
		return -EINVAL;
	return vf_parse(asked + strlen(ASKED), &ret->asked);
}

/* --- written --- */

static int forget(struct manager *m, struct manager_vf_mark *mark)
{
	int err = manager_datapath(m, vf_mark, mark->key.pf, mark->key.index, NULL);

	drop(m, mark);
	return err;
}

static int write_note(struct manager *m, uint32_t pf, uint32_t index, const struct note *n)
{
	struct manager_vf_mark *mark = find(m, pf, index);
	char text[NOTE_TEXT_SIZE];
	int err;

	if (mark && same(&mark->note, n))
		return 0;
	if (says_nothing(n))
		return mark ? forget(m, mark) : 0;
	if (!mark)
		mark = add(m, pf, index);
	if (!mark)
		return -ENOMEM;
	note_format(n, text);
	err = manager_datapath(m, vf_mark, pf, index, text);
	if (!err)
		mark->note = *n;
	else if (says_nothing(&mark->note))
		drop(m, mark);
	return err;
}

static void note_asked(struct note *n, const struct kernel_vf *asked)
{
	if ((asked->set & KERNEL_VF_ADDRESS) && !mac_same(asked->address, n->asked.address))
		memcpy(n->previous, n->asked.address, MAC_LEN);
	for (unsigned int i = 0; i < KERNEL_VF_FIELDS; i++)
		if (asked->set & kernel_vf_field(i))
			kernel_vf_copy(&n->asked, asked, kernel_vf_field(i));
}

int reconcile_vf_mark(struct manager *m, uint32_t pf, uint32_t index,
		      const struct desired_vf *saved, const struct kernel_vf *asked)
{
	const struct manager_vf_mark *mark = find(m, pf, index);
	const struct link *l = link_find(m->links, pf);
	struct note n = { 0 };

	if (mark)
		n = mark->note;
	if (l) {
		util_copy(n.name, sizeof(n.name), l->name);
		memcpy(n.came, l->address, MAC_LEN);
	}
	n.before = saved->pf == pf ? saved->before : (struct kernel_vf) { 0 };
	memset(n.entry, 0, MAC_LEN);
	if (saved->entry == pf)
		memcpy(n.entry, saved->entry_address, MAC_LEN);
	if (asked)
		note_asked(&n, asked);
	return write_note(m, pf, index, &n);
}

bool reconcile_vf_mark_gave(const struct manager *m, uint32_t pf, uint32_t index,
			    const uint8_t *address)
{
	const struct manager_vf_mark *mark = find(m, pf, index);

	return mark && (mark->note.asked.set & KERNEL_VF_ADDRESS) &&
	       (mac_same(mark->note.asked.address, address) ||
		mac_same(mark->note.previous, address));
}

/* --- found --- */

static int load_one(void *context, uint32_t pf, uint32_t index, const char *text)
{
	struct manager *m = context;
	const struct link *l = link_find(m->links, pf);
	struct manager_vf_mark *mark;
	struct note n;

	if (note_parse(text, &n))
		return 0; /* a later version's, who knows better */
	if (!l || (!util_same(l->name, n.name) && !mac_same(l->address, n.came)))
		return manager_datapath(m, vf_mark, pf, index, NULL);
	mark = add(m, pf, index);
	if (!mark)
		return -ENOMEM;
	mark->note = n;
	mark->left = true;
	return 0;
}

int reconcile_vf_mark_load(struct manager *m)
{
	return manager_datapath(m, vf_marks_each, load_one, m);
}

static void remove_entry(struct manager *m, const struct manager_vf_mark *mark)
{
	/* It may not have come to that. */
	if (has_entry(&mark->note))
		manager_rtnl(m, link_filter, mark->key.pf, mark->note.entry, false);
}

bool reconcile_vf_mark_claim(struct manager *m, uint32_t pf, uint32_t index, struct desired_vf *vf)
{
	struct manager_vf_mark *mark = find(m, pf, index);
	struct note *n = mark ? &mark->note : NULL;
	bool known;

	if (!mark || !mark->left)
		return false;
	mark->left = false;
	known = has_entry(n) && vf->entry == pf && mac_same(vf->entry_address, n->entry);
	/* It may just have been taken away; what is there already is no error. */
	if (known)
		known = manager_rtnl(m, link_filter, pf, n->entry, true) == 0;
	if (!known)
		remove_entry(m, mark);
	if (!known && (vf->entry == pf || !vf->entry)) {
		vf->entry = 0;
		memset(vf->entry_address, 0, MAC_LEN);
	}
	if (!n->before.set)
		return true;
	vf->pf = pf;
	vf->before = n->before;
	memcpy(vf->given, n->asked.address, MAC_LEN);
	return true;
}

/* --- given back --- */

/* What it has otherwise than it was asked for is another's, or it never came to that. */
static int give_back(struct manager *m, const struct manager_vf_mark *mark)
{
	const struct note *n = &mark->note;
	struct kernel_vf now, change;
	int first = 0, err = manager_rtnl(m, vf_get, mark->key.pf, mark->key.index, &now);

	for (unsigned int i = 0; i < KERNEL_VF_FIELDS && !err; i++) {
		enum kernel_vf_field field = kernel_vf_field(i);
		int r;

		if (!(n->before.set & n->asked.set & field) ||
		    !kernel_vf_same(&now, &n->asked, field))
			continue;
		change = n->before;
		change.set = field;
		r = manager_rtnl(m, vf_set, mark->key.pf, mark->key.index, &change);
		first = first ?: r;
	}
	return err ?: first;
}

void reconcile_vf_mark_sweep(struct manager *m)
{
	struct manager_vf_mark *mark, *next;
	int err;

	HASH_ITER (hh, m->vf_marks, mark, next) {
		if (!mark->left)
			continue;
		remove_entry(m, mark);
		err = give_back(m, mark);
		if (err && err != -ENODEV)
			log_warning(
				"VF %u of %s, left by an earlier vnetd, does not take back what it "
				"had before: %s",
				mark->key.index, mark->note.name, strerror(-err));
		manager_removed(m, forget(m, mark));
	}
}

void reconcile_vf_mark_gone(struct manager *m, uint32_t pf)
{
	struct manager_vf_mark *mark, *next;

	HASH_ITER (hh, m->vf_marks, mark, next)
		if (mark->key.pf == pf)
			manager_removed(m, forget(m, mark));
}

void reconcile_vf_mark_free(struct manager *m)
{
	struct manager_vf_mark *mark, *next;

	HASH_ITER (hh, m->vf_marks, mark, next)
		drop(m, mark);
}
