/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "desired.h"

#include <errno.h>

const char *desired_provider_kind_name(enum desired_provider_kind kind)
{
	static const char *const names[] = {
		[DESIRED_PROVIDER_NONE] = "none",
		[DESIRED_PROVIDER_NETDEV] = "netdev",
		[DESIRED_PROVIDER_TAP] = "tap",
	};

	return names[kind];
}

const char *desired_report_name(enum desired_report report)
{
	static const char *const names[] = {
		[DESIRED_REPORT_UP] = "up",
		[DESIRED_REPORT_DOWN] = "down",
		[DESIRED_REPORT_FAILED] = "failed",
	};

	return names[report];
}

/*
 * Arrays grow to the next power of two, so that their room follows from their count and appending
 * tens of thousands of resources stays linear. It holds as long as nobody else grows them.
 */
static void *append(void *array, size_t count, size_t size)
{
	char *grown = array;

	if ((count & (count - 1)) == 0) {
		grown = reallocarray(array, count ? count * 2 : 1, size);
		if (!grown)
			return NULL;
	}
	memset(grown + count * size, 0, size);
	return grown;
}

struct desired_vnet *desired_add_vnet(struct desired *d)
{
	struct desired_vnet *grown = append(d->vnets, d->vnet_count, sizeof(*grown));

	if (!grown)
		return NULL;
	d->vnets = grown;
	return &d->vnets[d->vnet_count++];
}

struct desired_resource *desired_add_resource(struct desired_vnet *v)
{
	struct desired_resource *grown = append(v->resources, v->resource_count, sizeof(*grown));

	if (!grown)
		return NULL;
	v->resources = grown;
	return &v->resources[v->resource_count++];
}

struct desired_uplink *desired_add_uplink(struct desired *d)
{
	struct desired_uplink *grown = append(d->uplinks, d->uplink_count, sizeof(*grown));

	if (!grown)
		return NULL;
	d->uplinks = grown;
	return &d->uplinks[d->uplink_count++];
}

struct desired_flow *desired_add_flow(struct desired_flows *flows)
{
	struct desired_flow *grown = append(flows->flow, flows->count, sizeof(*grown));

	if (!grown)
		return NULL;
	flows->flow = grown;
	return &flows->flow[flows->count++];
}

const struct desired_flow *desired_find_flow(const struct desired_flows *flows, const char *name)
{
	for (size_t i = 0; i < flows->count; i++)
		if (util_same(flows->flow[i].name, name))
			return &flows->flow[i];
	return NULL;
}

void desired_flows_clear(struct desired_flows *flows)
{
	free(flows->flow);
	desired_names_clear(&flows->removed);
	*flows = (struct desired_flows) { 0 };
}

/* The room stays as it was, which is more than append() expects: it then makes it smaller. */
void desired_drop_provided(struct desired_vnet *v)
{
	size_t kept = 0;

	for (size_t i = 0; i < v->resource_count; i++)
		if (v->resources[i].provider.kind == DESIRED_PROVIDER_NONE)
			v->resources[kept++] = v->resources[i];
	v->resource_count = kept;
}

const struct desired_vnet *desired_find(const struct desired *d, const char *name)
{
	for (size_t i = 0; i < d->vnet_count; i++)
		if (util_same(d->vnets[i].name, name))
			return &d->vnets[i];
	return NULL;
}

const struct desired_uplink *desired_find_uplink(const struct desired *d, const char *name)
{
	for (size_t i = 0; i < d->uplink_count; i++)
		if (util_same(d->uplinks[i].name, name))
			return &d->uplinks[i];
	return NULL;
}

const struct desired_resource *desired_find_resource(const struct desired_vnet *v, const char *name)
{
	for (size_t i = 0; i < v->resource_count; i++)
		if (util_same(v->resources[i].name, name))
			return &v->resources[i];
	return NULL;
}

static size_t names_index(const struct desired_names *n, const char *name)
{
	size_t i = 0;

	while (i < n->count && !util_same(n->name[i], name))
		i++;
	return i;
}

int desired_names_add(struct desired_names *n, const char *name)
{
	void *grown;

	if (desired_names_has(n, name))
		return 0;
	grown = append(n->name, n->count, sizeof(*n->name));
	if (!grown)
		return -ENOMEM;
	n->name = grown;
	util_copy(n->name[n->count++], sizeof(*n->name), name);
	return 0;
}

bool desired_names_has(const struct desired_names *n, const char *name)
{
	return names_index(n, name) < n->count;
}

void desired_names_drop(struct desired_names *n, const char *name)
{
	size_t i = names_index(n, name);

	if (i == n->count)
		return;
	n->count--;
	memmove(n->name[i], n->name[i + 1], (n->count - i) * sizeof(*n->name));
}

int desired_names_copy(struct desired_names *n, const struct desired_names *from)
{
	for (size_t i = 0; i < from->count; i++)
		if (desired_names_add(n, from->name[i]))
			return -ENOMEM;
	return 0;
}

void desired_names_clear(struct desired_names *n)
{
	free(n->name);
	*n = (struct desired_names) { 0 };
}

bool desired_same(const struct setting *table, const void *a, const void *b)
{
	char text_a[SETTINGS_TEXT_SIZE], text_b[SETTINGS_TEXT_SIZE];

	for (const struct setting *s = table; s->key; s++) {
		s->format(a, text_a);
		s->format(b, text_b);
		if (!util_same(text_a, text_b))
			return false;
	}
	return true;
}

void desired_clear(struct desired *d)
{
	for (size_t i = 0; i < d->vnet_count; i++) {
		free(d->vnets[i].resources);
		desired_names_clear(&d->vnets[i].removed);
		desired_flows_clear(&d->vnets[i].flows);
	}
	for (size_t i = 0; i < d->uplink_count; i++)
		desired_flows_clear(&d->uplinks[i].flows);
	free(d->vnets);
	free(d->uplinks);
	desired_names_clear(&d->removed_uplinks);
	desired_names_clear(&d->removed);
	*d = (struct desired) { 0 };
}
