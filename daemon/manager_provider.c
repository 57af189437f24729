/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resources that programs supply. One lives as long as the connection of its provider; over a
 * restart of the daemon it is kept for as long as a program needs to come back, with the token that
 * it alone knows.
 */
#include <errno.h>
#include <sys/random.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

/* Stands for the tap's name while there is no tap yet. */
#define UNNAMED_TAP "tap"

/* A tap that was made for a provider, until it is a resource's. */
struct provider_tap {
	struct link link;
	int fds[KERNEL_TAP_QUEUES_MAX];
	unsigned int count; /* 0: there is none */
};

/* --- a tap --- */

static void close_tap(const struct provider_tap *tap)
{
	for (unsigned int i = 0; i < tap->count; i++)
		close(tap->fds[i]);
}

static void unmake_tap(struct manager *m, const struct provider_tap *tap)
{
	if (!tap->count)
		return;
	manager_rtnl(m, link_del, tap->link.ifindex);
	link_remove(m->links, tap->link.ifindex);
	close_tap(tap);
}

static int make_tap(struct manager *m, const struct kernel_tap *wanted, const char *label,
		    struct provider_tap *ret, struct error *e)
{
	struct provider_tap tap = { .count = wanted->queues };
	int err = manager_rtnl(m, tap_add, wanted, &tap.link, tap.fds);

	if (err)
		return error_set(e, ERROR_FAILED, -err, label, NULL,
				 "%s: a tap for its provider cannot be made: %s", label,
				 strerror(-err));
	err = link_put(m->links, &tap.link);
	if (err) {
		unmake_tap(m, &tap);
		return error_set(e, ERROR_FAILED, -err, label, NULL, "%s: no memory", label);
	}
	*ret = tap;
	return 0;
}

/* --- what is asked for --- */

static int invalid(const char *label, const char *field, const char *expected, struct error *e)
{
	return error_set(e, ERROR_INVALID, EINVAL, label, field, "%s: %s is not %s", label, field,
			 expected);
}

static int fill_settings(const struct manager_provision *p, const char *label,
			 struct resource_settings *ret, struct error *e)
{
	settings_resource_default(ret);
	if (p->type >= SETTINGS_TYPE_NONE)
		return invalid(label, "type", "service, guest or hybrid", e);
	ret->type = p->type;
	if (p->type == SETTINGS_GUEST && !mac_is_unicast(p->peer))
		return invalid(label, "peer", "the unicast MAC of a guest", e);
	if (p->type == SETTINGS_GUEST)
		memcpy(ret->peer, p->peer, MAC_LEN);
	if (p->device)
		return settings_set(settings_resource, ret, label, "device", p->device, e);
	util_copy(ret->device, sizeof(ret->device), UNNAMED_TAP);
	if (!p->tap.queues || p->tap.queues > KERNEL_TAP_QUEUES_MAX)
		return invalid(label, "queues", "a number from 1 to 64", e);
	return 0;
}

/* It goes into log lines and to terminals. */
static void copy_reason(char ret[DESIRED_REASON_SIZE], enum desired_report report,
			const char *reason)
{
	static const char *const usual[] = {
		[DESIRED_REPORT_UP] = "",
		[DESIRED_REPORT_DOWN] = "the link is lost",
		[DESIRED_REPORT_FAILED] = "the device is broken",
	};
	size_t n = 0;

	if (!reason || !reason[0] || report == DESIRED_REPORT_UP)
		reason = usual[report];
	memset(ret, 0, DESIRED_REASON_SIZE);
	for (; n < DESIRED_REASON_SIZE - 1 && reason[n]; n++)
		ret[n] = reason[n] >= ' ' && reason[n] <= '~' ? reason[n] : '?';
}

static int make_token(char ret[DESIRED_TOKEN_SIZE], const char *label, struct error *e)
{
	uint8_t random[(DESIRED_TOKEN_SIZE - 1) / 2];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return error_set(e, ERROR_FAILED, EIO, label, NULL,
				 "%s: no random number can be had for its token", label);
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(ret + 2 * i, 3, "%02x", random[i]);
	return 0;
}

static int fill_provider(const struct manager_provision *p, const char *label,
			 struct desired_provider *ret, struct error *e)
{
	*ret = (struct desired_provider) {
		.kind = p->device ? DESIRED_PROVIDER_NETDEV : DESIRED_PROVIDER_TAP,
		.uid = p->uid,
		.max_sdu = p->max_sdu,
		.report = p->report,
	};
	copy_reason(ret->reason, p->report, p->reason);
	return make_token(ret->token, label, e);
}

/* --- who asks --- */

/* The oldest, should several have it. */
static struct vnet *find_local(const struct manager *m, const uint8_t local[MAC_LEN],
			       struct error *e)
{
	char mac[MAC_TEXT_SIZE];

	for (struct vnet *v = m->vnets; v; v = v->hh.next)
		if (mac_same(v->settings.address, local))
			return v;
	error_set(e, ERROR_NOT_FOUND, ENXIO, NULL, "local", "no vnet has the address %s",
		  mac_format(local, mac));
	return NULL;
}

/* A vnet's owner may bring frames of its own, and not take devices that are others'. */
static int check_caller(const struct vnet *v, const struct manager_provision *p, struct error *e)
{
	if (p->privileged)
		return 0;
	if (!settings_owner_is(&v->settings, p->uid))
		return error_set(e, ERROR_PERMISSION, EPERM, v->name, NULL,
				 "%s: user %u may not register resources of it, only root, group "
				 "vnet-admin and its owner may",
				 v->name, p->uid);
	if (p->device)
		return error_set(e, ERROR_PERMISSION, EPERM, v->name, "device",
				 "%s: user %u may not register device %s, only root and group "
				 "vnet-admin may name devices",
				 v->name, p->uid, p->device);
	return 0;
}

/* --- what a program has left behind --- */

static bool is_orphan(const struct resource *r)
{
	return resource_is_provided(r) && !r->present;
}

static bool is_in_the_way(const struct resource *r, const struct vnet *v, const char *name,
			  const struct resource_settings *s,
			  const struct desired_provider *provider)
{
	if (provider->kind == DESIRED_PROVIDER_NETDEV && util_same(r->settings.device, s->device))
		return true;
	if (r->vnet != v)
		return false;
	if (util_same(r->name, name))
		return true;
	if (r->settings.type != s->type || s->type == SETTINGS_HYBRID)
		return false;
	return s->type == SETTINGS_SERVICE || mac_same(r->settings.peer, s->peer);
}

/*
 * A program that was started anew does not know the token, and is not to wait for its own ghost.
 * Returns whether there was one.
 */
static bool remove_orphans(const struct vnet *v, const char *name,
			   const struct resource_settings *s,
			   const struct desired_provider *provider)
{
	struct manager *m = v->manager;
	struct resource *r, *next;
	bool any = false;

	for (struct vnet *other = m->vnets; other; other = other->hh.next)
		HASH_ITER (hh, other->resources, r, next) {
			if (!is_orphan(r) || !is_in_the_way(r, v, name, s, provider) ||
			    (r->provider.uid != provider->uid && r->ifindex))
				continue;
			log_info("%s/%s: gives way to a new registration", r->vnet->name, r->name);
			manager_remove_resource(r);
			any = m->unsaved = true;
		}
	return any;
}

static int check_new(struct vnet *v, const char *name, const struct resource_settings *s,
		     const struct desired_provider *provider, struct error *e)
{
	int err = validate_provide(v, name, s, provider, e);

	if ((err == -EEXIST || err == -EBUSY) && remove_orphans(v, name, s, provider))
		err = validate_provide(v, name, s, provider, e);
	return err;
}

/* --- a registration --- */

/* Hands out what was asked for. */
static void hand_over(struct resource *r, const struct provider_tap *tap, struct resource **ret,
		      int *fds, unsigned int *ret_fds)
{
	memcpy(fds, tap->fds, tap->count * sizeof(*fds));
	*ret_fds = tap->count;
	*ret = r;
}

/* The resource is told of, and up if nothing is against it, before its provider hears of it. */
static int bring_in(struct vnet *v, const char *name, const struct resource_settings *s,
		    const struct desired_provider *provider, const struct provider_tap *tap,
		    struct resource **ret, struct error *e)
{
	struct resource *r;
	int err = object_resource_new(v, name, 0, s, provider, &r, e);

	if (err)
		return err;
	r->present = true;
	r->tap_ifindex = tap->link.ifindex;
	manager_emit_resource(r, MANAGER_RESOURCE_ADDED);
	err = reconcile_resource(r, e);
	if (!err)
		err = manager_save(v->manager, e);
	if (err)
		manager_remove_resource(r);
	else
		*ret = r;
	return err;
}

static int join(struct manager *m, const struct manager_provision *p, struct provider_tap *tap,
		struct resource **ret, struct error *e)
{
	struct vnet *v = find_local(m, p->local, e);
	char name[DESIRED_RESOURCE_NAME_SIZE], label[RESOURCE_LABEL_SIZE];
	struct resource_settings settings;
	struct desired_provider provider;
	int err;

	if (!v)
		return -ENXIO;
	err = check_caller(v, p, e);
	if (!err && p->name)
		err = settings_check_name("resource", p->name, sizeof(name), e);
	if (err)
		return err;
	object_resource_name(v, name);
	if (p->name)
		util_copy(name, sizeof(name), p->name);
	snprintf(label, sizeof(label), "%s/%s", v->name, name);
	err = fill_settings(p, label, &settings, e);
	if (!err)
		err = fill_provider(p, label, &provider, e);
	if (!err)
		err = check_new(v, name, &settings, &provider, e);
	if (!err && !p->device) {
		err = make_tap(m, &p->tap, label, tap, e);
		if (!err)
			util_copy(settings.device, sizeof(settings.device), tap->link.name);
	}
	if (err)
		return err;
	err = bring_in(v, name, &settings, &provider, tap, ret, e);
	if (err)
		unmake_tap(m, tap);
	return err;
}

/* --- a registration of before a restart --- */

static struct resource *find_token(const struct manager *m, const struct manager_provision *p)
{
	enum desired_provider_kind kind =
		p->device ? DESIRED_PROVIDER_NETDEV : DESIRED_PROVIDER_TAP;

	if (!p->token || strlen(p->token) != DESIRED_TOKEN_SIZE - 1)
		return NULL;
	for (struct vnet *v = m->vnets; v; v = v->hh.next)
		for (struct resource *r = v->resources; r; r = r->hh.next)
			if (r->provider.kind == kind && r->settings.type == p->type &&
			    util_same(r->provider.token, p->token))
				return r;
	return NULL;
}

static int check_back(const struct resource *r, const struct manager_provision *p,
		      const char *label, struct error *e)
{
	if (r->present)
		return error_set(e, ERROR_EXISTS, EEXIST, label, "token",
				 "%s: its provider is connected already", label);
	if (!p->privileged && p->uid != r->provider.uid)
		return error_set(e, ERROR_PERMISSION, EPERM, label, "token",
				 "%s: it was registered by another user than %u", label, p->uid);
	return validate_max_sdu(r->vnet, p->max_sdu, label, e);
}

static void take_tap(struct resource *r, const struct link *tap)
{
	r->tap_ifindex = tap->ifindex;
	util_copy(r->settings.device, sizeof(r->settings.device), tap->name);
}

/* As it was left, before it is tried again. */
static void leave_as_it_was(struct resource *r, const struct desired_provider *provider,
			    const struct link *tap)
{
	struct error e = { 0 };

	r->present = false;
	r->provider = *provider;
	if (tap)
		take_tap(r, tap);
	if (reconcile_resource(r, &e)) {
		log_err("%s; after a refused change, trying again", e.message);
		r->vnet->manager->unsettled = true;
	}
}

static int come_back(struct resource *r, const struct manager_provision *p,
		     struct provider_tap *tap, struct error *e)
{
	struct manager *m = r->vnet->manager;
	struct desired_provider before = r->provider;
	struct link old = { .ifindex = r->tap_ifindex };
	char label[RESOURCE_LABEL_SIZE];
	int err = check_back(r, p, resource_label(r, label), e);

	util_copy(old.name, sizeof(old.name), r->settings.device);
	if (!err && resource_is_tap(r) && !link_find(m->links, r->tap_ifindex))
		err = make_tap(m, &p->tap, label, tap, e);
	if (err)
		return err;
	if (tap->count) {
		take_tap(r, &tap->link);
		reconcile_hold_forget(r); /* it is another one, that was never lost */
	}
	r->present = true;
	r->provider.uid = p->uid;
	r->provider.max_sdu = p->max_sdu;
	r->provider.report = p->report;
	copy_reason(r->provider.reason, p->report, p->reason);
	err = reconcile_resource(r, e);
	if (!err)
		err = manager_save(m, e);
	if (!err)
		return 0;
	if (tap->count)
		r->tap_ifindex = 0;
	if (tap->count && r->ifindex)
		reconcile_resource_gone(r);
	unmake_tap(m, tap);
	leave_as_it_was(r, &before, tap->count ? &old : NULL);
	return err;
}

int manager_provide(struct manager *m, const struct manager_provision *p, struct resource **ret,
		    int fds[KERNEL_TAP_QUEUES_MAX], unsigned int *ret_fds, struct error *e)
{
	struct resource *r = find_token(m, p);
	struct provider_tap tap = { .count = 0 };
	int err = r ? come_back(r, p, &tap, e) : join(m, p, &tap, &r, e);

	if (err)
		return err;
	/* Who waits for a device that has this name by chance learns whose it is. */
	if (tap.count)
		manager_device_free(m, tap.link.name);
	hand_over(r, &tap, ret, fds, ret_fds);
	return 0;
}

/* --- its life --- */

void manager_provider_leave(struct manager *m, struct resource *r)
{
	log_info("%s/%s: its provider has left", r->vnet->name, r->name);
	manager_remove_resource(r);
	m->unsaved = true;
}

void manager_provider_report(struct manager *m, struct resource *r, enum desired_report report,
			     const char *reason)
{
	char text[DESIRED_REASON_SIZE];
	struct error e = { 0 };

	copy_reason(text, report, reason);
	/* A broken device is not mended by saying so. */
	if (r->provider.report == DESIRED_REPORT_FAILED && report != DESIRED_REPORT_FAILED)
		return;
	if (r->provider.report == report && util_same(r->provider.reason, text))
		return;
	reconcile_resource_report(r, report, text);
	if (reconcile_resource(r, &e) && !resource_has_failed(r))
		log_warning("%s; trying again when something changes", e.message);
}

void manager_provider_count(struct resource *r, const struct provider_counts *now)
{
	if (now->malformed > r->counts.malformed)
		r->vnet->malformed += now->malformed - r->counts.malformed;
	r->counts = *now;
}

bool manager_vnet_started(const struct vnet *v)
{
	const struct link_table *links = v->manager->links;
	const struct link *upper = link_find(links, v->upper_ifindex), *port;

	if (upper)
		return upper->flags & IFF_UP;
	port = link_find(links, v->port_ifindex);
	return port && link_is_up(port);
}

static int refuse_clear(const struct resource *r, struct error *e)
{
	char label[RESOURCE_LABEL_SIZE];

	resource_label(r, label);
	if (r->state == RESOURCE_FAILED)
		return error_set(e, ERROR_INVALID, EINVAL, label, NULL,
				 "%s: is failed, but not by a provider's report, its frames or its "
				 "probe, there is nothing to clear",
				 label);
	return error_set(e, ERROR_INVALID, EINVAL, label, NULL,
			 "%s: is %s, there is nothing to clear", label,
			 resource_state_name(r->state));
}

int manager_resource_clear(struct manager *m, const char *vnet, const char *name, struct error *e)
{
	struct vnet *v = manager_find_vnet(m, vnet, e);
	struct resource *r = v ? manager_find_resource(v, name, e) : NULL;
	char reason[DESIRED_REASON_SIZE];
	bool reported;
	int err;

	if (!r)
		return -ENOENT;
	reported = r->provider.report == DESIRED_REPORT_FAILED;
	reconcile_past_note(v, r);
	if (!reported && !resource_is_unwell(r))
		return refuse_clear(r, e);
	util_copy(reason, sizeof(reason), r->provider.reason);
	if (reported)
		reconcile_resource_report(r, DESIRED_REPORT_UP, "");
	reconcile_past_forget(r);
	err = reconcile_resource(r, e);
	if (!err)
		err = manager_save(m, e);
	if (!err)
		return 0;
	if (reported)
		reconcile_resource_report(r, DESIRED_REPORT_FAILED, reason);
	reconcile_past_put_back(v);
	if (reconcile_resource(r, NULL))
		m->unsettled = true;
	reconcile_past_return(v);
	return err;
}

/* --- after a restart --- */

bool manager_providers_missing(const struct manager *m)
{
	for (const struct vnet *v = m->vnets; v; v = v->hh.next)
		for (const struct resource *r = v->resources; r; r = r->hh.next)
			if (is_orphan(r))
				return true;
	return reconcile_xsks_missing(m);
}

void manager_providers_expire(struct manager *m)
{
	struct resource *r, *next;

	for (struct vnet *v = m->vnets; v; v = v->hh.next)
		HASH_ITER (hh, v->resources, r, next) {
			if (!is_orphan(r))
				continue;
			log_info("%s/%s: its provider has not come back", v->name, r->name);
			manager_remove_resource(r);
			m->unsaved = true;
		}
	reconcile_xsks_expire(m);
}
