/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>

#include "vlan.h"

/* While it is read, a set is one flag for each VLAN: order and overlaps then need no thought. */
struct members {
	bool has[VLAN_LAST + 2]; /* one more than the last, always false: ends the last range */
};

/* Reads one VLAN at @text. Returns what follows it, or NULL. */
static const char *read_vlan(const char *text, uint16_t *ret)
{
	unsigned int value = 0;

	if (!isdigit((unsigned char)*text))
		return NULL;
	for (; isdigit((unsigned char)*text); text++) {
		value = value * 10 + (unsigned int)(*text - '0');
		if (value > VLAN_LAST)
			return NULL;
	}
	if (value < VLAN_FIRST)
		return NULL;
	*ret = (uint16_t)value;
	return text;
}

/* Reads "10" or "10-20" into @members. Returns what follows it, or NULL. */
static const char *read_range(const char *text, struct members *members)
{
	uint16_t first, last;

	text = read_vlan(text, &first);
	if (!text)
		return NULL;
	last = first;
	if (*text == '-') {
		text = read_vlan(text + 1, &last);
		if (!text || last < first)
			return NULL;
	}
	memset(&members->has[first], true, (size_t)last - first + 1);
	return text;
}

static int collect(const struct members *members, struct vlan_set *ret)
{
	struct vlan_set set = { 0 };

	for (uint16_t vlan = VLAN_FIRST; vlan <= VLAN_LAST; vlan++) {
		uint16_t first = vlan;

		if (!members->has[vlan])
			continue;
		if (set.count == VLAN_RANGES_MAX)
			return -E2BIG;
		while (members->has[vlan + 1])
			vlan++;
		set.range[set.count++] = (struct vlan_range) { first, vlan };
	}
	*ret = set;
	return 0;
}

int vlan_parse(const char *text, struct vlan_set *ret)
{
	struct members members = { 0 };

	if (util_same(text, "none")) {
		*ret = (struct vlan_set) { 0 };
		return 0;
	}
	if (util_same(text, "all")) {
		*ret = (struct vlan_set) { .count = 1, .range = { { VLAN_FIRST, VLAN_LAST } } };
		return 0;
	}

	text = read_range(text, &members);
	while (text && *text == ',')
		text = read_range(text + 1, &members);
	if (!text || *text)
		return -EINVAL;
	return collect(&members, ret);
}

static bool is_all(const struct vlan_set *set)
{
	return set->count == 1 && set->range[0].first == VLAN_FIRST &&
	       set->range[0].last == VLAN_LAST;
}

const char *vlan_format(const struct vlan_set *set, char buffer[VLAN_TEXT_SIZE])
{
	size_t used = 0;

	if (!set->count || is_all(set)) {
		snprintf(buffer, VLAN_TEXT_SIZE, "%s", set->count ? "all" : "none");
		return buffer;
	}
	for (size_t i = 0; i < set->count; i++) {
		const struct vlan_range *r = &set->range[i];

		used += (size_t)snprintf(buffer + used, VLAN_TEXT_SIZE - used, "%s%u", i ? "," : "",
					 r->first);
		if (r->last > r->first)
			used += (size_t)snprintf(buffer + used, VLAN_TEXT_SIZE - used, "-%u",
						 r->last);
	}
	return buffer;
}

bool vlan_has(const struct vlan_set *set, uint16_t vlan)
{
	for (size_t i = 0; i < set->count; i++) {
		if (vlan >= set->range[i].first && vlan <= set->range[i].last)
			return true;
	}
	return false;
}

uint16_t vlan_next(const struct vlan_set *set, uint16_t vlan)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct vlan_range *r = &set->range[i];

		if (vlan < r->first)
			return r->first;
		if (vlan < r->last)
			return (uint16_t)(vlan + 1);
	}
	return 0;
}

bool vlan_same(const struct vlan_set *a, const struct vlan_set *b)
{
	return a->count == b->count &&
	       memcmp(a->range, b->range, a->count * sizeof(a->range[0])) == 0;
}
