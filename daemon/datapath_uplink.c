// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows of uplinks, of their members, and of the addresses by which some of those are found. */
#include "datapath_internal.h"

#include <errno.h>

#include <bpf/bpf.h>

static int map_of(struct datapath *d, enum loader_map map)
{
	int r = datapath_open(d, NULL);

	return r < 0 ? r : d->set.maps[map];
}

/* --- uplinks --- */

static int slots_read(struct datapath *d, uint32_t uplink, uint32_t *ret)
{
	struct abi_uplink row;
	int r = datapath_uplink_read(d, uplink, &row);

	if (r == 0 || r == -ENOENT)
		*ret = r == 0 ? row.slots : 0;
	return r == -ENOENT ? 0 : r;
}

int datapath_uplink_write(void *datapath, uint32_t uplink, const struct abi_uplink *row)
{
	static const struct abi_uplink none;
	struct abi_uplink with_slots;
	struct datapath *d = datapath;
	int fd, r;

	if (!uplink || uplink >= ABI_UPLINKS_MAX)
		return -EINVAL;
	if (!row) {
		r = datapath_open_if_there(d);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
		return rows_write(d->set.maps[LOADER_UPLINKS], uplink, &none, sizeof(none));
	}
	fd = map_of(d, LOADER_UPLINKS);
	if (fd < 0)
		return fd;
	with_slots = *row;
	r = slots_read(d, uplink, &with_slots.slots);
	return r < 0 ? r : rows_write(fd, uplink, &with_slots, sizeof(with_slots));
}

int datapath_uplink_read(void *datapath, uint32_t uplink, struct abi_uplink *ret)
{
	struct datapath *d = datapath;
	struct abi_uplink row;
	int r = datapath_open_if_there(d);

	if (r == 0)
		r = bpf_map_lookup_elem(d->set.maps[LOADER_UPLINKS], &uplink, &row);
	if (r == 0 && !row.ifindex)
		return -ENOENT;
	if (r == 0)
		*ret = row;
	return r;
}

/* --- members --- */

#define NO_SLOT UINT32_MAX

struct slots {
	uint32_t of;   /* the slot that the member has, or NO_SLOT */
	uint32_t free; /* the first free one */
};

static int slot_read(int fd, uint32_t uplink, uint32_t slot, uint32_t *ret)
{
	const struct abi_member_key key = { uplink, slot };
	int r = bpf_map_lookup_elem(fd, &key, ret);

	if (r == -ENOENT)
		*ret = 0;
	return r == -ENOENT ? 0 : r;
}

static int slots_look(int fd, uint32_t uplink, uint32_t count, uint32_t resource, struct slots *ret)
{
	uint32_t found;
	int r = 0;

	*ret = (struct slots) { NO_SLOT, count };
	for (uint32_t i = 0; i < count && r == 0 && ret->of == NO_SLOT; i++) {
		r = slot_read(fd, uplink, i, &found);
		if (r == 0 && found == resource)
			ret->of = i;
		else if (r == 0 && !found && ret->free == count)
			ret->free = i;
	}
	return r;
}

static int slots_write(struct datapath *d, uint32_t uplink, uint32_t count)
{
	struct abi_uplink row;
	int r = datapath_uplink_read(d, uplink, &row);

	if (r < 0)
		return r;
	row.slots = count;
	return rows_write(d->set.maps[LOADER_UPLINKS], uplink, &row, sizeof(row));
}

static int member_add(struct datapath *d, int fd, uint32_t uplink, uint32_t resource)
{
	struct abi_member_key key = { .uplink = uplink };
	struct abi_uplink row;
	struct slots s = { 0 };
	int r = datapath_uplink_read(d, uplink, &row);

	if (r == 0)
		r = slots_look(fd, uplink, row.slots, resource, &s);
	if (r < 0 || s.of != NO_SLOT)
		return r;
	key.slot = s.free;
	r = rows_put(fd, &key, &resource, BPF_ANY);
	if (r < 0 || s.free < row.slots)
		return r;
	r = slots_write(d, uplink, row.slots + 1);
	if (r < 0)
		rows_delete(fd, &key);
	return r;
}

/* The empty slots at the end are no slots any more. */
static int slots_trim(struct datapath *d, int fd, uint32_t uplink, uint32_t count)
{
	uint32_t left = count, found = 0;
	int r = 0;

	while (left > 0 && r == 0 && !found) {
		r = slot_read(fd, uplink, left - 1, &found);
		if (r == 0 && !found)
			left--;
	}
	return r < 0 || left == count ? r : slots_write(d, uplink, left);
}

static int member_remove(struct datapath *d, int fd, uint32_t uplink, uint32_t resource)
{
	struct abi_member_key key = { .uplink = uplink };
	struct slots s = { 0 };
	uint32_t count = 0;
	int r = slots_read(d, uplink, &count);

	if (r == 0)
		r = slots_look(fd, uplink, count, resource, &s);
	if (r < 0 || s.of == NO_SLOT)
		return r;
	key.slot = s.of;
	r = rows_delete(fd, &key);
	return r < 0 ? r : slots_trim(d, fd, uplink, count);
}

int datapath_member_write(void *datapath, uint32_t uplink, uint32_t resource, bool there)
{
	struct datapath *d = datapath;
	int r = there ? datapath_open(d, NULL) : datapath_open_if_there(d);

	if (r < 0)
		return !there && r == -ENOENT ? 0 : r;
	if (!uplink || !resource)
		return -EINVAL;
	return (there ? member_add : member_remove)(d, d->set.maps[LOADER_MEMBERS], uplink,
						    resource);
}

/* --- addresses --- */

int datapath_address_write(void *datapath, const struct abi_address_key *key,
			   const struct abi_holder *holder)
{
	struct datapath *d = datapath;
	int fd, r;

	if (holder) {
		fd = map_of(d, LOADER_ADDRESSES);
		return fd < 0 ? fd : rows_put(fd, key, holder, BPF_ANY);
	}
	r = datapath_open_if_there(d);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return rows_delete(d->set.maps[LOADER_ADDRESSES], key);
}

int datapath_address_read(void *datapath, const struct abi_address_key *key, struct abi_holder *ret)
{
	struct datapath *d = datapath;
	int r = datapath_open_if_there(d);

	return r < 0 ? r : bpf_map_lookup_elem(d->set.maps[LOADER_ADDRESSES], key, ret);
}

struct addresses {
	int (*visit)(void *context, const struct abi_address_key *key,
		     const struct abi_holder *holder);
	void *context;
};

static int visit_address(void *context, const void *key, const void *value)
{
	const struct addresses *a = context;

	return a->visit(a->context, key, value);
}

int datapath_addresses_each(void *datapath,
			    int (*visit)(void *context, const struct abi_address_key *key,
					 const struct abi_holder *holder),
			    void *context)
{
	struct addresses a = { visit, context };
	struct datapath *d = datapath;
	int r = datapath_open_if_there(d);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return rows_each(d->set.maps[LOADER_ADDRESSES], sizeof(struct abi_address_key),
			 sizeof(struct abi_holder), visit_address, &a);
}

/* --- whose addresses are learned --- */

struct forget {
	struct datapath *d;
	uint32_t resource;
};

static int forget_address(void *context, const struct abi_address_key *key,
			  const struct abi_holder *holder)
{
	const struct forget *f = context;

	if (holder->resource != f->resource || !(holder->flags & ABI_HOLDER_LEARNED))
		return 0;
	return datapath_address_write(f->d, key, NULL);
}

static int learner_add(struct datapath *d, uint32_t resource)
{
	UTIL_FREE struct abi_learner *row = NULL;
	int fd = map_of(d, LOADER_LEARNERS), r;

	if (fd < 0)
		return fd;
	row = calloc(1, sizeof(*row));
	if (!row)
		return -ENOMEM;
	r = rows_put(fd, &resource, row, BPF_NOEXIST);
	return r == -EEXIST ? 0 : r;
}

int datapath_learner_write(void *datapath, uint32_t resource, bool there)
{
	struct datapath *d = datapath;
	struct forget f = { d, resource };
	int r;

	if (!resource)
		return -EINVAL;
	if (there)
		return learner_add(d, resource);
	r = datapath_open_if_there(d);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = rows_delete(d->set.maps[LOADER_LEARNERS], &resource);
	return r < 0 ? r : datapath_addresses_each(d, forget_address, &f);
}
