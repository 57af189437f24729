// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The copy of the state file that lies beside the pins. An array of chunks, which is made anew for
 * each text and takes the old one's name when it is whole: so it is always one text or another.
 */
#include "datapath_internal.h"

#include <errno.h>

#include <bpf/bpf.h>

#include "pin.h"

#define MEMORY_NAME	 "state"
#define MEMORY_CHUNK_MAX 65536u
#define MEMORY_MAX	 (256u << 20) /* as the file */

static int chunks_write(int fd, const char *text, size_t len, uint32_t size, uint32_t count)
{
	UTIL_FREE char *chunk = malloc(size);
	size_t part;
	int r = 0;

	if (!chunk)
		return -ENOMEM;
	for (uint32_t i = 0; i < count && r == 0; i++) {
		part = len < size ? len : size;
		memcpy(chunk, text, part);
		memset(chunk + part, 0, size - part);
		r = bpf_map_update_elem(fd, &i, chunk, BPF_ANY);
		text += part;
		len -= part;
	}
	return r;
}

int datapath_memory_write(struct datapath *d, const char *text, size_t len_bytes)
{
	const uint32_t size =
		len_bytes < MEMORY_CHUNK_MAX ? (uint32_t)(len_bytes / 8 + 1) * 8 : MEMORY_CHUNK_MAX;
	const uint32_t count = (uint32_t)(len_bytes / size) + 1;
	UTIL_CLOSE int fd = -1;
	int r;

	if (!d->open)
		return 0;
	if (len_bytes > MEMORY_MAX)
		return -EFBIG;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "vnet_state", sizeof(uint32_t), size, count, NULL);
	if (fd < 0)
		return fd;
	r = chunks_write(fd, text, len_bytes, size, count);
	return r < 0 ? r : pin_replace(fd, d->root, MEMORY_NAME);
}

static int chunks_read(int fd, char *text, const struct bpf_map_info *info)
{
	int r = 0;

	for (uint32_t i = 0; i < info->max_entries && r == 0; i++)
		r = bpf_map_lookup_elem(fd, &i, text + (size_t)i * info->value_size);
	return r;
}

int datapath_memory_read(struct datapath *d, char **ret, size_t *ret_len_bytes)
{
	UTIL_CLOSE int fd = pin_get(d->root, MEMORY_NAME);
	struct bpf_map_info info = {};
	__u32 info_len = sizeof(info);
	UTIL_FREE char *text = NULL;
	size_t size;
	int r;

	if (fd < 0)
		return fd;
	r = bpf_obj_get_info_by_fd(fd, &info, &info_len);
	if (r < 0)
		return r;
	size = (size_t)info.value_size * info.max_entries;
	if (info.type != BPF_MAP_TYPE_ARRAY || info.key_size != sizeof(uint32_t) ||
	    size > MEMORY_MAX + MEMORY_CHUNK_MAX)
		return -EINVAL;
	text = calloc(1, size + 1 + sizeof(uint64_t)); /* the kernel copies words */
	if (!text)
		return -ENOMEM;
	r = chunks_read(fd, text, &info);
	if (r < 0)
		return r;
	*ret_len_bytes = strlen(text); /* JSON has no NUL */
	*ret = UTIL_TAKE_PTR(text);
	return 0;
}

const char *datapath_memory_path(const struct datapath *d, char *ret)
{
	return pin_path(ret, d->root, MEMORY_NAME) == 0 ? ret : MEMORY_NAME;
}

int datapath_memory_remove(struct datapath *d)
{
	int r = pin_remove(d->root, MEMORY_NAME);

	if (r == 0)
		r = pin_remove(d->root, MEMORY_NAME "_new"); /* of one who died half-way */
	return r;
}
