/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "groups.h"
#include "util.h"

#define GROUPS_FIRST	 16
#define GROUPS_LINE_SIZE 256

struct groups {
	uint8_t (*mac)[MAC_LEN];
	size_t count;
	size_t size;
};

static int groups_add(struct groups *g, const uint8_t mac[MAC_LEN])
{
	size_t size = g->size ? 2 * g->size : GROUPS_FIRST;
	void *more;

	if (g->count == g->size) {
		more = realloc(g->mac, size * MAC_LEN);
		if (!more)
			return -ENOMEM;
		g->mac = more;
		g->size = size;
	}
	memcpy(g->mac[g->count++], mac, MAC_LEN);
	return 0;
}

static int groups_compare(const void *a, const void *b)
{
	return memcmp(a, b, MAC_LEN);
}

static void groups_sort(struct groups *g)
{
	size_t kept = 0;

	if (g->count)
		qsort(g->mac, g->count, MAC_LEN, groups_compare);
	for (size_t i = 0; i < g->count; i++) {
		if (!kept || memcmp(g->mac[kept - 1], g->mac[i], MAC_LEN) != 0)
			memmove(g->mac[kept++], g->mac[i], MAC_LEN);
	}
	g->count = kept;
}

/* "2    eth0            1     0     01005e000001"; other kinds of devices have longer addresses. */
static bool groups_parse(const char *line, uint32_t ifindex, uint8_t ret[MAC_LEN])
{
	unsigned int index, byte[MAC_LEN];
	int end = 0;

	if (sscanf(line, "%u %*s %*u %*u %2x%2x%2x%2x%2x%2x%n", &index, &byte[0], &byte[1],
		   &byte[2], &byte[3], &byte[4], &byte[5], &end) != 1 + MAC_LEN)
		return false;
	if (index != ifindex || (line[end] && line[end] != '\n'))
		return false;
	for (int i = 0; i < MAC_LEN; i++)
		ret[i] = (uint8_t)byte[i];
	return true;
}

static int groups_read_lines(FILE *file, uint32_t ifindex, struct groups *g)
{
	char line[GROUPS_LINE_SIZE];
	uint8_t mac[MAC_LEN];

	while (fgets(line, sizeof(line), file)) {
		int err = groups_parse(line, ifindex, mac) ? groups_add(g, mac) : 0;

		if (err)
			return err;
	}
	return ferror(file) ? -EIO : 0;
}

int groups_read(const char *path, uint32_t ifindex, uint8_t (**ret)[MAC_LEN], size_t *ret_count)
{
	UTIL_CLEANUP(util_fclosep) FILE *file = fopen(path, "re");
	struct groups g = { 0 };
	int err;

	if (!file)
		return -errno;
	err = groups_read_lines(file, ifindex, &g);
	if (err) {
		free(g.mac);
		return err;
	}
	groups_sort(&g);
	*ret = g.mac;
	*ret_count = g.count;
	return 0;
}
