/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data path's half of the kernel in memory: maps and attachments. */
#include <errno.h>

#include "fake_kernel_internal.h"

/* --- maps --- */

static struct fake_row *row_find(struct fake_map *map, const void *key, size_t size)
{
	for (size_t i = 0; i < FAKE_MAX; i++)
		if (map->rows[i].used && memcmp(map->rows[i].key, key, size) == 0)
			return &map->rows[i];
	return NULL;
}

static bool row_same(struct fake_map *map, const void *key, size_t key_size, const void *value,
		     size_t value_size)
{
	const struct fake_row *row = row_find(map, key, key_size);

	return row && value ? memcmp(row->value, value, value_size) == 0 : !row && !value;
}

static int row_write(struct fake_map *map, const void *key, size_t key_size, const void *value,
		     size_t value_size)
{
	struct fake_row *row = row_find(map, key, key_size);

	if (!value) {
		if (row)
			row->used = false;
		return 0;
	}
	for (size_t i = 0; !row && i < FAKE_MAX; i++)
		if (!map->rows[i].used)
			row = &map->rows[i];
	if (!row)
		return -E2BIG;
	row->used = true;
	memcpy(row->key, key, key_size);
	memcpy(row->value, value, value_size);
	return 0;
}

static int row_read(struct fake_map *map, const void *key, size_t key_size, void *ret, size_t size)
{
	const struct fake_row *row = row_find(map, key, key_size);

	if (!row)
		return -ENOENT;
	memcpy(ret, row->value, size);
	return 0;
}

/* --- the functions --- */

static bool fake_sees_devices(void *datapath)
{
	const struct fake_kernel *k = datapath;

	return !k->blind;
}

static bool is_xdp(enum kernel_hook hook)
{
	return hook == KERNEL_HOOK_XDP_TX || hook == KERNEL_HOOK_XDP_RX ||
	       hook == KERNEL_HOOK_XDP_UPLINK || hook == KERNEL_HOOK_XDP_CPU ||
	       hook == KERNEL_HOOK_XDP_XSK;
}

static const char *const hook_names[KERNEL_HOOK_END] = { "tx-egress",	    "tx-ingress", "rx",
							 "xdp-tx",	    "xdp-rx",	  "uplink",
							 "uplink-tx",	    "xdp-uplink", "xdp-cpu",
							 "xdp-cpu-generic", "xdp-xsk" };

static int fake_attach(void *datapath, enum kernel_hook hook, uint32_t ifindex,
		       enum kernel_attach *ret)
{
	struct fake_kernel *k = datapath;

	if (fake_fails(k, "attach"))
		return -k->fail_error;
	if (!fake_link(k, ifindex))
		return -ENODEV;
	if (is_xdp(hook) && k->xdp_refusal[ifindex])
		return -k->xdp_refusal[ifindex];
	*ret = is_xdp(hook)			     ? KERNEL_ATTACH_XDP
	       : hook == KERNEL_HOOK_XDP_CPU_GENERIC ? KERNEL_ATTACH_XDP_GENERIC
						     : KERNEL_ATTACH_TCX;
	if (k->attached[hook][ifindex])
		return 0;
	k->attached[hook][ifindex] = true;
	fake_note(k, "attach %s %u\n", hook_names[hook], ifindex);
	return 0;
}

static bool fake_attached(void *datapath, enum kernel_hook hook, uint32_t ifindex)
{
	const struct fake_kernel *k = datapath;

	return k->attached[hook][ifindex];
}

static int fake_detach(void *datapath, enum kernel_hook hook, uint32_t ifindex)
{
	struct fake_kernel *k = datapath;

	if (fake_fails(k, "detach"))
		return -k->fail_error;
	if (!k->attached[hook][ifindex])
		return 0;
	k->attached[hook][ifindex] = false;
	fake_note(k, "detach %s %u\n", hook_names[hook], ifindex);
	return 0;
}

static int fake_port_write(void *datapath, uint32_t ifindex, const struct abi_port *port)
{
	struct fake_kernel *k = datapath;
	int err;

	if (fake_fails(k, "port_write"))
		return -k->fail_error;
	if (row_same(&k->ports, &ifindex, sizeof(ifindex), port, sizeof(*port)))
		return 0;
	err = row_write(&k->ports, &ifindex, sizeof(ifindex), port, sizeof(*port));
	if (!err)
		fake_note(k, "port %u %s\n", ifindex, port ? "" : "gone");
	return err;
}

static int fake_vnet_write(void *datapath, uint32_t number, const struct abi_vnet *row)
{
	struct fake_kernel *k = datapath;
	int err;

	if (fake_fails(k, "vnet_write"))
		return -k->fail_error;
	if (row_same(&k->vnets, &number, sizeof(number), row, sizeof(*row)))
		return 0;
	err = row_write(&k->vnets, &number, sizeof(number), row, sizeof(*row));
	if (!err && row)
		fake_note(k, "vnet %u service %u hybrid %u\n", number, row->service, row->hybrid);
	else if (!err)
		fake_note(k, "vnet %u gone\n", number);
	return err;
}

static int fake_resource_write(void *datapath, uint32_t number, const struct abi_resource *row)
{
	struct fake_kernel *k = datapath;
	int err;

	if (fake_fails(k, "resource_write"))
		return -k->fail_error;
	if (row_same(&k->resources, &number, sizeof(number), row, sizeof(*row)))
		return 0;
	err = row_write(&k->resources, &number, sizeof(number), row, sizeof(*row));
	if (!err && row)
		fake_note(k, "resource %u up %u fallback %u\n", number, row->up, row->fallback);
	else if (!err)
		fake_note(k, "resource %u gone\n", number);
	return err;
}

static int fake_fdb_write(void *datapath, const struct abi_fdb_key *key, uint32_t resource)
{
	struct fake_kernel *k = datapath;
	const uint32_t *value = resource ? &resource : NULL;
	int err;

	if (fake_fails(k, "fdb_write"))
		return -k->fail_error;
	if (row_same(&k->fdb, key, sizeof(*key), value, sizeof(*value)))
		return 0;
	err = row_write(&k->fdb, key, sizeof(*key), value, sizeof(*value));
	if (!err)
		fake_note(k, "fdb %u resource %u\n", key->vlan, resource);
	return err;
}

static int fake_vlans_write(void *datapath, const struct abi_vlans_key *key,
			    const struct abi_vlans *row)
{
	struct fake_kernel *k = datapath;
	int err;

	if (fake_fails(k, "vlans_write"))
		return -k->fail_error;
	if (row_same(&k->vlans, key, sizeof(*key), row, sizeof(*row)))
		return 0;
	err = row_write(&k->vlans, key, sizeof(*key), row, sizeof(*row));
	if (!err)
		fake_note(k, "vlans %u resource %u %s\n", key->vnet, key->resource,
			  row ? "" : "gone");
	return err;
}

static int fake_device_write(void *datapath, uint32_t ifindex, bool there)
{
	const struct abi_device row = { ifindex };
	struct fake_kernel *k = datapath;
	const void *value = there ? &row : NULL;
	int err;

	if (fake_fails(k, "device_write"))
		return -k->fail_error;
	if (there && !fake_link(k, ifindex))
		return -ENODEV;
	if (row_same(&k->devices, &ifindex, sizeof(ifindex), value, sizeof(row)))
		return 0;
	err = row_write(&k->devices, &ifindex, sizeof(ifindex), value, sizeof(row));
	if (!err)
		fake_note(k, "device %u %s\n", ifindex, there ? "" : "gone");
	return err;
}

static int fake_storm_write(void *datapath, const struct abi_storm_key *key,
			    const struct abi_storm *row)
{
	/* The rest of the row is the program's own. */
	const size_t given = offsetof(struct abi_storm, due_ns);
	struct fake_kernel *k = datapath;
	int err;

	if (fake_fails(k, "storm_write"))
		return -k->fail_error;
	if (row_same(&k->storms, key, sizeof(*key), row, given))
		return 0;
	err = row_write(&k->storms, key, sizeof(*key), row, sizeof(*row));
	if (!err)
		fake_note(k, "storm %u resource %u %s\n", key->vnet, key->resource,
			  row ? "" : "gone");
	return err;
}

static int fake_allowed_write(void *datapath, const struct abi_allowed_key *key, bool there)
{
	struct fake_kernel *k = datapath;
	const void *value = there ? "" : NULL;
	int err;

	if (fake_fails(k, "allowed_write"))
		return -k->fail_error;
	if (row_same(&k->allowed, key, sizeof(*key), value, 0))
		return 0;
	err = row_write(&k->allowed, key, sizeof(*key), value, 0);
	if (!err)
		fake_note(k, "allowed %u /%u %s\n", key->vnet, key->prefixlen, there ? "" : "gone");
	return err;
}

static int fake_uplink_write(void *datapath, uint32_t number, const struct abi_uplink *row)
{
	struct fake_kernel *k = datapath;
	int err;

	if (fake_fails(k, "uplink_write"))
		return -k->fail_error;
	if (row_same(&k->uplinks, &number, sizeof(number), row, sizeof(*row)))
		return 0;
	err = row_write(&k->uplinks, &number, sizeof(number), row, sizeof(*row));
	if (!err)
		fake_note(k, "uplink %u %s\n", number, row ? "" : "gone");
	return err;
}

static int fake_uplink_read(void *datapath, uint32_t number, struct abi_uplink *ret)
{
	struct fake_kernel *k = datapath;

	return row_read(&k->uplinks, &number, sizeof(number), ret, sizeof(*ret));
}

static int fake_member_write(void *datapath, uint32_t uplink, uint32_t resource, bool there)
{
	const struct fake_member key = { uplink, resource };
	struct fake_kernel *k = datapath;
	const void *value = there ? "" : NULL;
	int err;

	if (fake_fails(k, "member_write"))
		return -k->fail_error;
	if (row_same(&k->members, &key, sizeof(key), value, 0))
		return 0;
	if (there && !row_find(&k->uplinks, &uplink, sizeof(uplink)))
		return -ENOENT;
	err = row_write(&k->members, &key, sizeof(key), value, 0);
	if (!err)
		fake_note(k, "member %u %s\n", resource, there ? "" : "gone");
	return err;
}

static int fake_address_write(void *datapath, const struct abi_address_key *key,
			      const struct abi_holder *row)
{
	struct fake_kernel *k = datapath;
	int err;

	if (fake_fails(k, "address_write"))
		return -k->fail_error;
	if (row_same(&k->addresses, key, sizeof(*key), row, sizeof(*row)))
		return 0;
	err = row_write(&k->addresses, key, sizeof(*key), row, sizeof(*row));
	if (!err)
		fake_note(k, "address %u %s\n", row ? row->resource : 0, row ? "" : "gone");
	return err;
}

static int fake_learner_write(void *datapath, uint32_t resource, bool there)
{
	struct fake_kernel *k = datapath;
	const void *value = there ? "" : NULL;
	int err;

	if (fake_fails(k, "learner_write"))
		return -k->fail_error;
	if (row_same(&k->learners, &resource, sizeof(resource), value, 0))
		return 0;
	err = row_write(&k->learners, &resource, sizeof(resource), value, 0);
	if (!err)
		fake_note(k, "learner %u %s\n", resource, there ? "" : "gone");
	return err;
}

/* Of what is between the fields nothing is known. */
static bool rule_same(struct fake_map *map, uint32_t number, const struct flow_rule *rule)
{
	const struct fake_row *row = row_find(map, &number, sizeof(number));
	const struct flow_rule *was = row ? (const void *)row->value : NULL;

	if (!was || !rule)
		return !was && !rule;
	return was->owner == rule->owner && was->in == rule->in && was->out == rule->out &&
	       was->rank == rule->rank && flow_match_is_same(&was->match, &rule->match);
}

static int fake_flow_write(void *datapath, uint32_t number, const struct flow_rule *rule,
			   const struct abi_flow *row)
{
	struct fake_kernel *k = datapath;
	int err;

	if (fake_fails(k, "flow_write"))
		return -k->fail_error;
	if (row_same(&k->flows, &number, sizeof(number), row, sizeof(*row)) &&
	    rule_same(&k->flow_rules, number, rule))
		return 0;
	err = row_write(&k->flows, &number, sizeof(number), row, sizeof(*row));
	if (!err)
		err = row_write(&k->flow_rules, &number, sizeof(number), rule, sizeof(*rule));
	if (!err)
		fake_note(k, "flow %u %s\n", number, row ? "" : "gone");
	return err;
}

static int fake_flow_read(void *datapath, uint32_t number, struct abi_flow *ret)
{
	struct fake_kernel *k = datapath;
	const struct abi_flow *row = fake_kernel_flow(k, number);

	if (!row)
		return -ENOENT;
	*ret = *row;
	return 0;
}

static int fake_xsk_write(void *datapath, uint32_t place, int socket)
{
	struct fake_kernel *k = datapath;
	const uint32_t row = 1;

	if (fake_fails(k, "xsk_write"))
		return -k->fail_error;
	fake_note(k, "xsk %u %s\n", place, socket < 0 ? "gone" : "");
	return row_write(&k->xsks, &place, sizeof(place), socket < 0 ? NULL : &row, sizeof(row));
}

static int fake_flow_counters(void *datapath, uint32_t number, struct abi_flow_counters *ret)
{
	*ret = (struct abi_flow_counters) { .rx_packets = number, .tx_bytes = 1000 };
	return 0;
}

static int fake_limit_write(void *datapath, const struct abi_limit_key *key,
			    const struct abi_limit *row)
{
	struct fake_kernel *k = datapath;
	int err;

	if (fake_fails(k, "limit_write"))
		return -k->fail_error;
	if (row_same(&k->limits, key, sizeof(*key), row, sizeof(*row)))
		return 0;
	err = row_write(&k->limits, key, sizeof(*key), row, sizeof(*row));
	if (!err)
		fake_note(k, "limit %u %u %s\n", key->kind, key->number, row ? "" : "gone");
	return err;
}

static int fake_cpu_write(void *datapath, uint32_t cpu, bool there)
{
	struct fake_kernel *k = datapath;
	const void *value = there ? "" : NULL;
	int err;

	if (fake_fails(k, "cpu_write"))
		return -k->fail_error;
	if (row_same(&k->cpus, &cpu, sizeof(cpu), value, 0))
		return 0;
	err = row_write(&k->cpus, &cpu, sizeof(cpu), value, 0);
	if (!err)
		fake_note(k, "cpu %u %s\n", cpu, there ? "" : "gone");
	return err;
}

static int fake_vnet_read(void *datapath, uint32_t number, struct abi_vnet *ret)
{
	struct fake_kernel *k = datapath;

	return row_read(&k->vnets, &number, sizeof(number), ret, sizeof(*ret));
}

static int fake_resource_read(void *datapath, uint32_t number, struct abi_resource *ret)
{
	struct fake_kernel *k = datapath;

	return row_read(&k->resources, &number, sizeof(number), ret, sizeof(*ret));
}

static int fake_fdb_read(void *datapath, const struct abi_fdb_key *key, uint32_t *ret)
{
	struct fake_kernel *k = datapath;

	return row_read(&k->fdb, key, sizeof(*key), ret, sizeof(*ret));
}

static int fake_vlans_read(void *datapath, const struct abi_vlans_key *key, struct abi_vlans *ret)
{
	struct fake_kernel *k = datapath;

	return row_read(&k->vlans, key, sizeof(*key), ret, sizeof(*ret));
}

static int fake_counters(void *datapath, uint32_t resource, struct abi_counters *ret)
{
	*ret = ((struct fake_kernel *)datapath)->counters;
	return 0;
}

static int fake_drops(void *datapath, uint32_t vnet, struct abi_drops *ret)
{
	*ret = ((struct fake_kernel *)datapath)->drops;
	return 0;
}

static void sweep_numbers(struct fake_map *map, bool (*wanted)(void *, uint32_t), void *context)
{
	for (size_t i = 0; i < FAKE_MAX; i++) {
		uint32_t number;

		memcpy(&number, map->rows[i].key, sizeof(number));
		if (map->rows[i].used && !wanted(context, number))
			map->rows[i].used = false;
	}
}

static bool wanted_fdb(const struct kernel_wanted *w, const struct fake_row *row)
{
	struct abi_fdb_key key;
	uint32_t number;

	memcpy(&key, row->key, sizeof(key));
	memcpy(&number, row->value, sizeof(number));
	return w->fdb(w->context, &key, number);
}

static bool wanted_vlans(const struct kernel_wanted *w, const struct fake_row *row)
{
	struct abi_vlans_key key;

	memcpy(&key, row->key, sizeof(key));
	return w->vlans(w->context, &key);
}

static bool wanted_storm(const struct kernel_wanted *w, const struct fake_row *row)
{
	struct abi_storm_key key;

	memcpy(&key, row->key, sizeof(key));
	return w->storm(w->context, &key);
}

static bool wanted_allowed(const struct kernel_wanted *w, const struct fake_row *row)
{
	struct abi_allowed_key key;

	memcpy(&key, row->key, sizeof(key));
	return w->allowed(w->context, &key);
}

static void sweep_keys(struct fake_map *map, const struct kernel_wanted *w,
		       bool (*wanted)(const struct kernel_wanted *w, const struct fake_row *row))
{
	for (size_t i = 0; i < FAKE_MAX; i++)
		if (map->rows[i].used && !wanted(w, &map->rows[i]))
			map->rows[i].used = false;
}

static bool wanted_member(const struct kernel_wanted *w, const struct fake_row *row)
{
	struct fake_member key;

	memcpy(&key, row->key, sizeof(key));
	return w->member(w->context, key.uplink, key.resource);
}

static bool wanted_address(const struct kernel_wanted *w, const struct fake_row *row)
{
	struct abi_address_key key;
	struct abi_holder holder;

	memcpy(&key, row->key, sizeof(key));
	memcpy(&holder, row->value, sizeof(holder));
	return w->address(w->context, &key, &holder);
}

static bool wanted_limit(const struct kernel_wanted *w, const struct fake_row *row)
{
	struct abi_limit_key key;

	memcpy(&key, row->key, sizeof(key));
	return w->limit(w->context, &key);
}

static bool wants_no_cpu(void *context, uint32_t cpu)
{
	return false;
}

static int fake_sweep(void *datapath, const struct kernel_wanted *w)
{
	struct fake_kernel *k = datapath;

	if (fake_fails(k, "sweep"))
		return -k->fail_error;
	for (uint32_t hook = 0; hook < KERNEL_HOOK_END; hook++)
		for (uint32_t i = 0; i < FAKE_IFINDEX_MAX; i++)
			if (k->attached[hook][i] && !w->hook(w->context, hook, i))
				k->attached[hook][i] = false;
	sweep_numbers(&k->ports, w->port, w->context);
	sweep_numbers(&k->vnets, w->vnet, w->context);
	sweep_numbers(&k->resources, w->resource, w->context);
	sweep_numbers(&k->devices, w->device, w->context);
	sweep_keys(&k->fdb, w, wanted_fdb);
	sweep_keys(&k->vlans, w, wanted_vlans);
	sweep_keys(&k->storms, w, wanted_storm);
	sweep_keys(&k->allowed, w, wanted_allowed);
	sweep_keys(&k->members, w, wanted_member);
	sweep_keys(&k->limits, w, wanted_limit);
	sweep_numbers(&k->flows, w->flow, w->context);
	sweep_numbers(&k->flow_rules, w->flow, w->context);
	sweep_numbers(&k->cpus, w->cpu ? w->cpu : wants_no_cpu, w->context);
	sweep_keys(&k->addresses, w, wanted_address);
	sweep_numbers(&k->learners, w->learner, w->context);
	sweep_numbers(&k->uplinks, w->uplink, w->context);
	return 0;
}

static int fake_pair_mark(void *datapath, const char *name, bool ours)
{
	struct fake_kernel *k = datapath;
	char *free_mark = NULL;

	if (ours && fake_fails(k, "pair_mark"))
		return -k->fail_error;
	for (size_t i = 0; i < FAKE_MAX; i++) {
		if (!k->pairs[i][0])
			free_mark = free_mark ?: k->pairs[i];
		if (strcmp(k->pairs[i], name) != 0)
			continue;
		if (!ours)
			k->pairs[i][0] = '\0';
		return 0;
	}
	if (ours && free_mark)
		util_copy(free_mark, IFNAMSIZ, name);
	return 0;
}

static int fake_pairs_each(void *datapath, int (*visit)(void *context, const char *name),
			   void *context)
{
	struct fake_kernel *k = datapath;
	char name[IFNAMSIZ];
	int first = 0, err;

	for (size_t i = 0; i < FAKE_MAX; i++) {
		if (!k->pairs[i][0])
			continue;
		util_copy(name, sizeof(name), k->pairs[i]);
		err = visit(context, name);
		first = first ? first : err;
	}
	return first;
}

static int fake_device_mark(void *datapath, uint32_t ifindex, const char *text)
{
	struct fake_kernel *k = datapath;

	if (text && fake_fails(k, "device_mark"))
		return -k->fail_error;
	if (!util_copy(k->marks[ifindex], sizeof(k->marks[0]), text ?: ""))
		return -ENAMETOOLONG;
	fake_note(k, "device_mark %u %s\n", ifindex, text ?: "gone");
	return 0;
}

static int fake_device_marks_each(void *datapath,
				  int (*visit)(void *context, uint32_t ifindex, const char *text),
				  void *context)
{
	struct fake_kernel *k = datapath;
	char text[sizeof(k->marks[0])];
	int first = 0, err;

	for (uint32_t i = 0; i < FAKE_IFINDEX_MAX; i++) {
		if (!k->marks[i][0])
			continue;
		util_copy(text, sizeof(text), k->marks[i]);
		err = visit(context, i, text);
		first = first ? first : err;
	}
	return first;
}

static int fake_flush(void *datapath)
{
	struct fake_kernel *k = datapath;

	if (fake_fails(k, "flush"))
		return -k->fail_error;
	k->flushed = true;
	return 0;
}

void fake_datapath_gone(struct fake_kernel *k, uint32_t ifindex)
{
	for (size_t hook = 0; hook < KERNEL_HOOK_END; hook++)
		k->attached[hook][ifindex] = false;
	row_write(&k->devices, &ifindex, sizeof(ifindex), NULL, 0);
}

void fake_datapath_ops(struct kernel_ops *ops)
{
	ops->sees_devices = fake_sees_devices;
	ops->attach = fake_attach;
	ops->attached = fake_attached;
	ops->detach = fake_detach;
	ops->detach_later = fake_detach;
	ops->port_write = fake_port_write;
	ops->vnet_write = fake_vnet_write;
	ops->resource_write = fake_resource_write;
	ops->fdb_write = fake_fdb_write;
	ops->vlans_write = fake_vlans_write;
	ops->device_write = fake_device_write;
	ops->storm_write = fake_storm_write;
	ops->allowed_write = fake_allowed_write;
	ops->flow_write = fake_flow_write;
	ops->flow_counters = fake_flow_counters;
	ops->flow_read = fake_flow_read;
	ops->xsk_write = fake_xsk_write;
	fake_xsk_ops(ops);
	ops->limit_write = fake_limit_write;
	ops->cpu_write = fake_cpu_write;
	ops->uplink_write = fake_uplink_write;
	ops->uplink_read = fake_uplink_read;
	ops->member_write = fake_member_write;
	ops->address_write = fake_address_write;
	ops->learner_write = fake_learner_write;
	ops->resource_read = fake_resource_read;
	ops->fdb_read = fake_fdb_read;
	ops->vlans_read = fake_vlans_read;
	ops->vnet_read = fake_vnet_read;
	ops->counters = fake_counters;
	ops->drops = fake_drops;
	ops->pair_mark = fake_pair_mark;
	ops->pairs_each = fake_pairs_each;
	ops->device_mark = fake_device_mark;
	ops->device_marks_each = fake_device_marks_each;
	ops->sweep = fake_sweep;
	ops->flush = fake_flush;
}
