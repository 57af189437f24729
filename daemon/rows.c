// SPDX-License-Identifier: GPL-2.0-or-later
#include "rows.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define ROWS_BATCH_BYTES    65536
#define ROWS_STOCK_WAIT_MS  100
#define ROWS_WORKER_WAIT_MS 2000
#define ROWS_IN_VAIN_MS	    10000
#define ROWS_KEY_MAX	    64

struct rows_cpus {
	size_t count; /* CPUs that could ever be there: the kernel has a value for each */
	uint64_t *values;
	uint64_t in_vain_ms; /* when it was waited for memory that did not come; 0: never */
};

int rows_write(int map, uint32_t number, const void *row, size_t size)
{
	uint8_t old[ROWS_ARRAY_ROW_MAX];

	if (size > sizeof(old))
		return -EINVAL;
	if (bpf_map_lookup_elem(map, &number, old) == 0 && memcmp(old, row, size) == 0)
		return 0;
	return bpf_map_update_elem(map, &number, row, BPF_ANY);
}

/*
 * The kernel takes the memory of new rows from a small stock, which it fills again a moment later:
 * many in a row empty it, with plenty of memory left. So -ENOMEM is believed only when it had its
 * time.
 */
static int put_within(uint32_t wait_ms, int map, const void *key, const void *row, uint64_t flags)
{
	int r;

	for (uint32_t waited_ms = 0;; waited_ms++) {
		r = bpf_map_update_elem(map, key, row, flags);
		if (r != -ENOMEM || waited_ms >= wait_ms)
			return r;
		poll(NULL, 0, 1);
	}
}

int rows_put(int map, const void *key, const void *row, uint64_t flags)
{
	return put_within(ROWS_STOCK_WAIT_MS, map, key, row, flags);
}

int rows_delete(int map, const void *key)
{
	int r = bpf_map_delete_elem(map, key);

	return r == -ENOENT ? 0 : r;
}

int rows_each(int map, size_t key_size, size_t value_size,
	      int (*visit)(void *context, const void *key, const void *value), void *context)
{
	const uint32_t batch = ROWS_BATCH_BYTES / (key_size + value_size);
	UTIL_FREE uint8_t *keys = calloc(batch, key_size);
	UTIL_FREE uint8_t *values = calloc(batch, value_size);
	/* Where the walk stands: an array's last key, or a hash's next bucket. */
	uint8_t position[ROWS_KEY_MAX];
	bool started = false;
	int first = 0, r, visited;

	if (!keys || !values)
		return -ENOMEM;
	do {
		uint32_t count = batch;

		r = bpf_map_lookup_batch(map, started ? position : NULL, position, keys, values,
					 &count, NULL);
		if (r < 0 && r != -ENOENT)
			return r;
		for (uint32_t i = 0; i < count; i++) {
			visited = visit(context, keys + i * key_size, values + i * value_size);
			if (visited < 0 && first == 0)
				first = visited;
		}
		started = true;
	} while (r == 0);
	return first;
}

int rows_each_key(int map, size_t key_size, int (*visit)(void *context, const void *key),
		  void *context)
{
	uint8_t key[ROWS_KEY_MAX], next[ROWS_KEY_MAX];
	int first = 0, r, visited;

	if (key_size > sizeof(key))
		return -EINVAL;
	for (r = bpf_map_get_next_key(map, NULL, next); r == 0;) {
		memcpy(key, next, key_size);
		/* Before the visit: after a key that is gone, the walk would begin again. */
		r = bpf_map_get_next_key(map, key, next);
		visited = visit(context, key);
		if (visited < 0 && first == 0)
			first = visited;
	}
	return first ? first : r == -ENOENT ? 0 : r;
}

int rows_cpus_new(struct rows_cpus **ret)
{
	struct rows_cpus *c;
	int count = libbpf_num_possible_cpus();

	if (count < 0)
		return count;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->count = (size_t)count;
	c->values = calloc(c->count, ROWS_WORDS_MAX * sizeof(*c->values));
	if (!c->values) {
		free(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

void rows_cpus_free(struct rows_cpus *c)
{
	if (!c)
		return;
	free(c->values);
	free(c);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/*
 * Memory for each CPU is brought by one of the kernel's workers, which on a machine with more to do
 * than processors may take seconds. Where it did not come at all, the next ones do not wait.
 */
int rows_cpus_make(struct rows_cpus *c, int map, uint32_t key)
{
	const bool in_vain = c->in_vain_ms && now_ms() - c->in_vain_ms < ROWS_IN_VAIN_MS;
	int r;

	memset(c->values, 0, c->count * ROWS_WORDS_MAX * sizeof(*c->values));
	r = put_within(in_vain ? 0 : ROWS_WORKER_WAIT_MS, map, &key, c->values, BPF_NOEXIST);
	if (r == -ENOMEM && !in_vain)
		c->in_vain_ms = now_ms();
	if (r == -EEXIST)
		return 0;
	return r < 0 ? r : 1;
}

int rows_cpus_zero(struct rows_cpus *c, int map, uint32_t key)
{
	memset(c->values, 0, c->count * ROWS_WORDS_MAX * sizeof(*c->values));
	return bpf_map_update_elem(map, &key, c->values, BPF_EXIST);
}

int rows_cpus_sum(struct rows_cpus *c, int map, uint32_t key, size_t words, uint64_t *ret)
{
	int r;

	if (words > ROWS_WORDS_MAX)
		return -EINVAL;
	r = bpf_map_lookup_elem(map, &key, c->values);
	if (r < 0)
		return r;
	memset(ret, 0, words * sizeof(*ret));
	for (size_t cpu = 0; cpu < c->count; cpu++)
		for (size_t i = 0; i < words; i++)
			ret[i] += c->values[cpu * words + i];
	return 0;
}
