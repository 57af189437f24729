// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rows straight into the pinned FDB of vnetd, as many as its own ways could not add in a bench's
 * time. Each is a copy of the one row that is there, of destination 0, under the MAC of another
 * destination: what a row holds is not our business.
 */
#include "../../bpf/abi.h"
#include "frames_tool.h"

#define FILL_BATCH 4096

static uint32_t value_size(int map)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(map, &info, &size))
		err(COMMON_FAILED, "map");
	if (info.key_size != sizeof(struct abi_fdb_key))
		errx(COMMON_FAILED, "the map is no FDB: its keys have %u bytes", info.key_size);
	return info.value_size;
}

static void set_mac(struct abi_fdb_key *key, uint32_t i)
{
	key->mac[0] = FRAMES_MAC_0;
	key->mac[1] = FRAMES_MAC_1;
	key->mac[2] = (uint8_t)(i >> 24);
	key->mac[3] = (uint8_t)(i >> 16);
	key->mac[4] = (uint8_t)(i >> 8);
	key->mac[5] = (uint8_t)i;
}

static void find_first(int map, struct abi_fdb_key *ret, void *value)
{
	struct abi_fdb_key want, key, *before = NULL;

	while (!bpf_map_get_next_key(map, before, &key)) {
		want = key;
		set_mac(&want, 0);
		if (!memcmp(&key, &want, sizeof(key)) && !bpf_map_lookup_elem(map, &key, value)) {
			*ret = key;
			return;
		}
		*ret = key;
		before = ret;
	}
	errx(COMMON_FAILED, "the FDB has no row of destination 0");
}

int frames_fill(const struct frames_options *o)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts, .elem_flags = BPF_ANY);
	struct abi_fdb_key *keys = calloc(FILL_BATCH, sizeof(*keys)), first;
	int map = bpf_obj_get(o->map);
	uint32_t size, count;
	uint8_t *values;

	if (map < 0)
		err(COMMON_FAILED, "%s", o->map);
	size = value_size(map);
	values = calloc(FILL_BATCH, size);
	if (!keys || !values)
		err(COMMON_FAILED, "memory");
	find_first(map, &first, values);
	for (int i = 1; i < FILL_BATCH; i++)
		memcpy(values + (size_t)i * size, values, size);
	for (uint32_t done = 0; done < o->config.count && !common_stop; done += count) {
		count = o->config.count - done < FILL_BATCH ? o->config.count - done : FILL_BATCH;
		for (uint32_t i = 0; i < count; i++) {
			keys[i] = first;
			set_mac(&keys[i], done + i);
		}
		if (bpf_map_update_batch(map, keys, values, &count, &opts))
			err(COMMON_FAILED, "%s: row %u", o->map, done);
	}
	close(map);
	free(values);
	free(keys);
	return 0;
}
