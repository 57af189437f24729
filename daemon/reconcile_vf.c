/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hybrid that is a virtual function of a NIC. What the NIC keeps of it - MAC, VLAN, what it may
 * do - is set at the physical function (PF) as soon as that has it. Its network device is another
 * matter: it is there while a driver is bound, goes by whatever name, and comes back as a new one.
 * So it is looked for in sysfs at all news of devices, and each second while there is none.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <utlist.h>

#include "kernel_vf.h"
#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"
#include "reconcile_vf_mark.h"

#define LOOK_US 1000000

void reconcile_vf_begin(struct resource *r)
{
	if (resource_is_vf(r))
		DL_APPEND2(r->vnet->manager->vfs, r, vf_prev, vf_next);
}

void reconcile_vf_end(struct resource *r)
{
	if (resource_is_vf(r))
		DL_DELETE2(r->vnet->manager->vfs, r, vf_prev, vf_next);
}

void reconcile_vf_claim(struct resource *r)
{
	struct desired_vf *s = &r->vf_saved;
	uint32_t entry = s->entry;

	if (!resource_is_vf(r))
		return;
	if (s->pf)
		reconcile_vf_mark_claim(r->vnet->manager, s->pf, r->settings.vf, s);
	if (entry && entry != s->pf)
		reconcile_vf_mark_claim(r->vnet->manager, entry, r->settings.vf, s);
}

/* --- what the NIC keeps of it --- */

/*
 * The NIC itself then sees to it that nothing else is sent from there. Only who wants to receive
 * what is for others has to be trusted for that; all else about trust is the administrator's.
 */
static struct kernel_vf wanted_of(const struct resource *r)
{
	const struct kernel_vf *before = &r->vf_saved.before, *now = &r->vf.now;
	struct kernel_vf want = {
		.set = KERNEL_VF_ADDRESS | KERNEL_VF_VLAN | KERNEL_VF_SPOOF_CHECK |
		       KERNEL_VF_TRUST | KERNEL_VF_LINK_STATE,
		.vlan = r->settings.vf_vlan,
		.protocol = ETH_P_8021Q,
		.spoof_check = true,
		.trust = before->set & KERNEL_VF_TRUST ? before->trust : now->trust,
		.link_state = IFLA_VF_LINK_STATE_AUTO,
	};

	memcpy(want.address, r->vnet->settings.address, MAC_LEN);
	want.trust |= r->vnet->promiscuous;
	return want;
}

/* Does it have to be asked for? What it knows nothing of it cannot be asked for, and what it was
 * asked for and shows otherwise, it is not asked for over and over. */
static bool is_open(const struct resource *r, const struct kernel_vf *want,
		    enum kernel_vf_field field)
{
	const struct kernel_vf *now = &r->vf.now, *asked = &r->vf.asked;
	bool must = field == KERNEL_VF_ADDRESS || (field == KERNEL_VF_VLAN && want->vlan);

	if (!(now->set & field))
		return must && !((asked->set & field) && kernel_vf_same(want, asked, field));
	return !kernel_vf_same(want, now, field);
}

static int ask(struct resource *r, uint32_t pf, const struct kernel_vf *want,
	       enum kernel_vf_field field)
{
	struct manager *m = r->vnet->manager;
	struct kernel_vf change = *want;
	int err;

	change.set = field;
	err = manager_rtnl(m, vf_set, pf, r->settings.vf, &change);
	/* A NIC that has no spoof check, or the like, carries frames all the same. */
	if (err == -EOPNOTSUPP && field != KERNEL_VF_ADDRESS && field != KERNEL_VF_VLAN) {
		log_warning("%s/%s: %s has no %s for its virtual functions", r->vnet->name, r->name,
			    r->settings.pf, kernel_vf_text(field));
		return 0;
	}
	return err;
}

static bool has_settled(const struct resource *r, const struct kernel_vf *read_before,
			const struct kernel_vf *want, enum kernel_vf_field field)
{
	return (r->vf.asked.set & field) && kernel_vf_same(&r->vf.asked, want, field) &&
	       kernel_vf_same(read_before, &r->vf.now, field);
}

/* Before it is asked for: what it has now is given back by whoever comes after us. */
static int note(struct resource *r, uint32_t pf, const struct kernel_vf *want,
		const struct desired_vf *after, enum kernel_vf_field field)
{
	struct kernel_vf asked = { 0 };

	kernel_vf_copy(&asked, want, field);
	return reconcile_vf_mark(r->vnet->manager, pf, r->settings.vf, after, &asked);
}

/* @read_before: what the NIC said when it was last looked at. */
static int set_field(struct resource *r, uint32_t pf, const struct kernel_vf *read_before,
		     const struct kernel_vf *want, enum kernel_vf_field field)
{
	struct desired_vf after = r->vf_saved;
	int err;

	if (!is_open(r, want, field) || has_settled(r, read_before, want, field))
		return 0;
	if (!(after.before.set & field) && (r->vf.now.set & field))
		kernel_vf_copy(&after.before, &r->vf.now, field);
	err = note(r, pf, want, &after, field) ?: ask(r, pf, want, field);
	if (err)
		return err;
	r->vf_saved.before = after.before;
	kernel_vf_copy(&r->vf.asked, want, field);
	r->vnet->manager->unsaved = true;
	return 0;
}

/* What is wanted as it came, and is so, has not been changed: what becomes of it now is another's.
 */
static void forget_unchanged(struct resource *r, uint32_t pf, const struct kernel_vf *want)
{
	struct kernel_vf *before = &r->vf_saved.before, *now = &r->vf.now;
	unsigned int unchanged = 0;

	for (unsigned int i = 0; i < KERNEL_VF_FIELDS; i++) {
		enum kernel_vf_field field = kernel_vf_field(i);

		if ((before->set & now->set & field) && kernel_vf_same(before, want, field) &&
		    kernel_vf_same(before, now, field))
			unchanged |= field;
	}
	if (!unchanged)
		return;
	before->set &= ~unchanged;
	manager_removed(r->vnet->manager, reconcile_vf_mark(r->vnet->manager, pf, r->settings.vf,
							    &r->vf_saved, NULL));
	r->vnet->manager->unsaved = true;
}

static int set_fields(struct resource *r, uint32_t pf, const struct kernel_vf *read_before,
		      struct error *e)
{
	struct kernel_vf want = wanted_of(r);
	char label[RESOURCE_LABEL_SIZE];
	int err;

	for (unsigned int i = 0; i < KERNEL_VF_FIELDS; i++) {
		enum kernel_vf_field field = kernel_vf_field(i);

		err = set_field(r, pf, read_before, &want, field);
		if (err)
			r->vf.asked.set = 0; /* all of it is to be asked for again */
		if (err)
			return error_set(e, ERROR_FAILED, -err, resource_label(r, label), "vf",
					 "%s: the %s of VF %u cannot be set at %s: %s", label,
					 kernel_vf_text(field), r->settings.vf, r->settings.pf,
					 strerror(-err));
		if (field == KERNEL_VF_ADDRESS)
			memcpy(r->vf_saved.given, want.address, MAC_LEN);
	}
	err = manager_rtnl(r->vnet->manager, vf_get, pf, r->settings.vf, &r->vf.now);
	if (!err)
		forget_unchanged(r, pf, &want);
	return err == -ENOENT ? 0 : err; /* it has just gone; the next look finds out */
}

static void forget(struct resource *r)
{
	struct manager *m = r->vnet->manager;
	uint32_t pf = r->vf_saved.pf;

	if (pf) {
		r->vf_saved.pf = 0;
		r->vf_saved.before = (struct kernel_vf) { 0 };
		memset(r->vf_saved.given, 0, MAC_LEN);
		manager_removed(m, reconcile_vf_mark(m, pf, r->settings.vf, &r->vf_saved, NULL));
		m->unsaved = true;
	}
	r->vf.asked.set = 0;
}

/* A PF that was renamed meanwhile is known by its number. */
static const struct link *find_pf(struct resource *r)
{
	struct manager *m = r->vnet->manager;
	const struct link *pf = link_find(m->links, r->vf_saved.pf);

	if (!pf)
		return link_find_name(m->links, r->settings.pf);
	if (!util_same(pf->name, r->settings.pf)) {
		log_info("%s/%s: device %s is called %s now", r->vnet->name, r->name,
			 r->settings.pf, pf->name);
		util_copy(r->settings.pf, sizeof(r->settings.pf), pf->name);
		m->unsaved = true;
	}
	return pf;
}

/*
 * Without a device it may have been taken away and made anew, as all are when their number is
 * changed: then nothing of it is as we left it, and it is what it came with.
 */
static bool is_another(const struct resource *r)
{
	const struct kernel_vf *before = &r->vf_saved.before, *now = &r->vf.now;
	struct kernel_vf want = wanted_of(r);

	if (!r->vf_saved.pf || r->ifindex || mac_same(now->address, r->vf_saved.given) ||
	    reconcile_vf_mark_gave(r->vnet->manager, r->vf_saved.pf, r->settings.vf, now->address))
		return false;
	for (unsigned int i = 0; i < KERNEL_VF_FIELDS; i++) {
		enum kernel_vf_field field = kernel_vf_field(i);

		if ((before->set & field) && !kernel_vf_same(before, &want, field) &&
		    kernel_vf_same(now, &want, field))
			return false;
	}
	return true;
}

static int look_at_pf(struct resource *r, const struct link *pf, struct error *e)
{
	struct kernel_vf before = r->vf.now;
	char label[RESOURCE_LABEL_SIZE];
	int err;

	reconcile_vf_mark_claim(r->vnet->manager, pf->ifindex, r->settings.vf, &r->vf_saved);
	err = manager_rtnl(r->vnet->manager, vf_get, pf->ifindex, r->settings.vf, &r->vf.now);
	r->vf.there = !err;
	/* Some NICs keep what they were told of VFs that are away for a while. */
	if (err == -ENOENT) {
		r->vf.asked.set = 0;
		return 0;
	}
	if (err == -ENODEV) {
		r->vf.no_pf = true;
		forget(r);
		return 0;
	}
	if (err)
		return error_set(e, ERROR_FAILED, -err, resource_label(r, label), "vf",
				 "%s: reading what %s keeps of VF %u failed: %s", label, pf->name,
				 r->settings.vf, strerror(-err));
	if (is_another(r) || r->vf_saved.pf != pf->ifindex) {
		forget(r);
		r->vf_saved.pf = pf->ifindex;
		r->vnet->manager->unsaved = true;
	}
	err = set_fields(r, pf->ifindex, &before, e);
	if (err != -ENODEV)
		return err;
	r->vf.there = false;
	r->vf.no_pf = true; /* the news of that is on its way */
	return 0;
}

/* --- where it is --- */

static int look_for_device(struct resource *r, struct error *e)
{
	struct manager *m = r->vnet->manager;
	char label[RESOURCE_LABEL_SIZE];
	int err = manager_rtnl(m, vf_look, r->settings.pf, r->settings.vf, &r->vf.place);

	if (err)
		return error_set(e, ERROR_FAILED, -err, resource_label(r, label), "vf",
				 "%s: looking for VF %u of %s in sysfs failed: %s", label,
				 r->settings.vf, r->settings.pf, strerror(-err));
	/* Bound is bound, whatever becomes of it; its own news tells. */
	if (r->ifindex) {
		const struct link *l = link_find(m->links, r->ifindex);

		util_copy(r->vf.place.netdev, IFNAMSIZ, l ? l->name : "");
		return 0;
	}
	if (!link_find_name(m->links, r->vf.place.netdev) && !m->vfs_due_us)
		m->vfs_due_us = manager_now_us(m) + LOOK_US;
	return 0;
}

int reconcile_vf(struct resource *r, struct error *e)
{
	const struct link *pf;
	int err = 0;

	if (!resource_is_vf(r))
		return 0;
	pf = find_pf(r);
	r->vf.no_pf = !pf;
	r->vf.there = false;
	if (pf)
		err = look_at_pf(r, pf, e);
	else
		forget(r);
	return err ?: look_for_device(r, e);
}

void reconcile_vf_reason(const struct resource *r, char *buffer, size_t size)
{
	const struct kernel_vf_place *p = &r->vf.place;
	const char *pf = r->settings.pf;
	unsigned int index = r->settings.vf;

	if (r->vf.no_pf) {
		snprintf(buffer, size, "PF %s does not exist", pf);
		return;
	}
	if (!r->vf.there) {
		snprintf(buffer, size, "PF %s has no VF %u now; its sriov_numvfs says how many", pf,
			 index);
		return;
	}
	switch (p->missing) {
	case KERNEL_VF_NO_PF:
	case KERNEL_VF_NO_FUNCTION:
		snprintf(buffer, size, "VF %u of PF %s is not in sysfs: there is no virtfn%u",
			 index, pf, index);
		return;
	case KERNEL_VF_NO_DRIVER:
		snprintf(buffer, size, "VF %u of PF %s (%s) has no driver", index, pf, p->function);
		return;
	case KERNEL_VF_NO_NETDEV:
		snprintf(buffer, size,
			 "VF %u of PF %s (%s) has no network device; its driver is %s", index, pf,
			 p->function, p->driver);
		return;
	case KERNEL_VF_COMPLETE:
		snprintf(buffer, size, "device %s of VF %u of PF %s is not there yet", p->netdev,
			 index, pf);
		return;
	}
}

/* --- the switch in the NIC --- */

static void remove_entry(struct resource *r)
{
	struct manager *m = r->vnet->manager;
	struct desired_vf *s = &r->vf_saved;
	uint32_t pf;

	if (!s->entry)
		return;
	if (link_find(m->links, s->entry))
		manager_removed(m, manager_rtnl(m, link_filter, s->entry, s->entry_address, false));
	pf = s->entry;
	s->entry = 0;
	memset(s->entry_address, 0, MAC_LEN);
	manager_removed(m, reconcile_vf_mark(m, pf, r->settings.vf, s, NULL));
	m->unsaved = true;
}

static void add_entry(struct resource *r, uint32_t pf)
{
	struct manager *m = r->vnet->manager;
	struct desired_vf *s = &r->vf_saved, after;
	const uint8_t *address = r->vnet->settings.address;
	char mac[MAC_TEXT_SIZE];
	int err;

	if (s->entry == pf && mac_same(s->entry_address, address))
		return;
	remove_entry(r);
	after = *s;
	after.entry = pf;
	memcpy(after.entry_address, address, MAC_LEN);
	err = reconcile_vf_mark(m, pf, r->settings.vf, &after, NULL);
	if (!err)
		err = manager_rtnl(m, link_filter, pf, address, true);
	if (err)
		manager_removed(m, reconcile_vf_mark(m, pf, r->settings.vf, s, NULL));
	mac_format(address, mac);
	if (err) {
		log_warning("%s/%s: %s switches between its functions by itself and cannot be told "
			    "where %s is (%s): other functions of it do not reach the vnet now",
			    r->vnet->name, r->name, r->settings.pf, mac, strerror(-err));
		return;
	}
	log_warning("%s/%s: %s switches between its functions by itself; while VF %u receives "
		    "nothing, it has an entry for %s, as of `bridge fdb add %s dev %s self`",
		    r->vnet->name, r->name, r->settings.pf, r->settings.vf, mac, mac,
		    r->settings.pf);
	*s = after;
	m->unsaved = true;
}

/*
 * A NIC in VEB mode hands frames from one of its functions straight to the one whose MAC it is, or
 * else to the wire. While the VF receives nothing, the vnet is reached over its service, which may
 * lead over the PF: so the PF has to have the MAC as well. Not while the VF receives: some NICs
 * would hand the frames to both. @pf: 0: it is not there.
 */
static void tell_switch(struct resource *r, uint32_t pf, bool receives)
{
	struct manager *m = r->vnet->manager;

	if (receives || !pf || !r->vf.there) {
		r->vf.bridge_known = false;
		remove_entry(r);
		return;
	}
	if (!r->vf.bridge_known) {
		r->vf.bridge_known = true;
		if (manager_rtnl(m, vf_bridge, pf, &r->vf.veb))
			r->vf.veb = false;
	}
	if (r->vf.veb)
		add_entry(r, pf);
}

void reconcile_vf_bridge(struct resource *r, const struct link *l)
{
	if (resource_is_vf(r))
		tell_switch(r, r->vf_saved.pf, r->ifindex && l && link_is_up(l));
}

/* Who is being migrated is reached over the service until the end, whether its VF has been in use
 * before or comes only now. */
static void tell_switch_out(struct resource *r)
{
	const struct link *pf = find_pf(r);

	r->vf.there = pf && manager_rtnl(r->vnet->manager, vf_get, pf->ifindex, r->settings.vf,
					 &r->vf.now) == 0;
	tell_switch(r, pf ? pf->ifindex : 0, false);
}

/* --- letting go --- */

static void give_back_field(struct resource *r, const struct link *pf, enum kernel_vf_field field)
{
	int err = ask(r, pf->ifindex, &r->vf_saved.before, field);

	if (err)
		log_warning("%s/%s: VF %u of %s does not take back the %s that it had before: %s",
			    r->vnet->name, r->name, r->settings.vf, pf->name, kernel_vf_text(field),
			    strerror(-err));
}

/* Its device may be away for all that: it is the PF that is asked. */
static void give_back(struct resource *r)
{
	struct manager *m = r->vnet->manager;
	const struct kernel_vf *before = &r->vf_saved.before;
	const struct link *pf = link_find(m->links, r->vf_saved.pf);
	struct kernel_vf now;
	int err = pf ? manager_rtnl(m, vf_get, pf->ifindex, r->settings.vf, &now) : -ENODEV;

	for (unsigned int i = 0; i < KERNEL_VF_FIELDS && !err; i++) {
		enum kernel_vf_field field = kernel_vf_field(i);

		if ((before->set & field) && !kernel_vf_same(before, &now, field))
			give_back_field(r, pf, field);
	}
	if (err && before->set)
		log_warning("%s/%s: %s cannot be given back what it kept of VF %u before: %s",
			    r->vnet->name, r->name, pf ? pf->name : r->settings.pf, r->settings.vf,
			    err == -ENODEV   ? "the PF is not there"
			    : err == -ENOENT ? "the PF does not have this VF now"
					     : strerror(-err));
}

void reconcile_vf_give_back(struct resource *r)
{
	if (!resource_is_vf(r))
		return;
	if (r->leaving || !resource_is_out(r))
		remove_entry(r);
	else
		tell_switch_out(r);
	give_back(r);
	forget(r);
}

/* --- when they are looked at --- */

bool reconcile_vf_is_of(const struct resource *r, uint32_t pf, const char *name)
{
	return r->vf_saved.pf ? r->vf_saved.pf == pf : util_same(r->settings.pf, name);
}

void reconcile_vfs_of(struct vnet *v)
{
	struct resource *r, *next;

	DL_FOREACH_SAFE2 (v->manager->vfs, r, next, vf_next)
		if (r->vnet == v && !r->leaving && !v->settling)
			manager_reconcile_one(r);
}

uint64_t reconcile_vf_due_us(const struct manager *m)
{
	return m->vfs_due_us ?: UINT64_MAX;
}

/* Drivers are bound and unbound without a word to those who listen for devices. */
void reconcile_vf_run(struct manager *m, uint64_t now_us)
{
	struct resource *r, *next;

	m->vfs_due_us = 0;
	DL_FOREACH_SAFE2 (m->vfs, r, next, vf_next)
		if (!r->ifindex && !r->leaving && !resource_is_released(r))
			manager_reconcile_one(r);
}
