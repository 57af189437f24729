// SPDX-License-Identifier: GPL-2.0-or-later
/* Shapes, and each owner's list of them. */
#include "flow_table_internal.h"

#include <errno.h>

/* --- shapes --- */

int flow_shape_write(struct flow_table *t, const struct flow_shape *s, bool there)
{
	return t->held ? 0 : t->ops->shape(t->context, s->number, there ? &s->mask : NULL);
}

struct flow_shape *flow_shape_find(const struct flow_table *t, const struct abi_flow_shape *mask)
{
	struct flow_shape *found;

	HASH_FIND(hh, t->shapes, mask, sizeof(*mask), found);
	return found;
}

/* One that has been free for long, so that no program still reads it as another one. 0: none. */
static uint16_t shape_number(struct flow_table *t)
{
	for (int i = 1; i < ABI_FLOW_SHAPES_MAX; i++) {
		t->last_number = (uint16_t)(t->last_number % (ABI_FLOW_SHAPES_MAX - 1) + 1);
		if (!t->numbers[t->last_number])
			return t->last_number;
	}
	return 0;
}

static int shape_add(struct flow_table *t, const struct abi_flow_shape *mask, uint16_t number,
		     struct flow_shape **ret)
{
	struct flow_shape *s;

	if (!number)
		return -ENOSPC;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->mask = *mask;
	s->number = number;
	HASH_ADD(hh, t->shapes, mask, sizeof(s->mask), s);
	if (!flow_shape_find(t, mask)) {
		free(s);
		return -ENOMEM;
	}
	t->numbers[number] = s;
	*ret = s;
	return 0;
}

void flow_shape_forget(struct flow_table *t, struct flow_shape *s)
{
	t->numbers[s->number] = NULL;
	HASH_DEL(t->shapes, s);
	free(s);
}

int flow_shape_put(struct flow_table *t, struct flow_shape *s)
{
	int r;

	if (s->entries || t->held)
		return 0;
	r = flow_shape_write(t, s, false);
	flow_shape_forget(t, s);
	return r;
}

int flow_shape_get(struct flow_table *t, const struct abi_flow_shape *mask, struct flow_shape **ret)
{
	struct flow_shape *s = flow_shape_find(t, mask);
	int r = s ? 0 : shape_add(t, mask, shape_number(t), &s);

	if (r < 0)
		return r;
	r = s->entries ? 0 : flow_shape_write(t, s, true);
	if (r < 0)
		flow_shape_put(t, s);
	else
		*ret = s;
	return r;
}

int flow_table_adopt(struct flow_table *t, uint16_t number, const struct abi_flow_shape *shape)
{
	struct flow_shape *s;

	if (!number || number >= ABI_FLOW_SHAPES_MAX || t->numbers[number] ||
	    flow_shape_find(t, shape))
		return -EINVAL;
	return shape_add(t, shape, number, &s);
}

/* --- lists --- */

struct flow_list *flow_list_find(const struct flow_table *t, const struct abi_flow_list_key *key)
{
	struct flow_list *found;

	HASH_FIND(hh, t->lists, key, sizeof(*key), found);
	return found;
}

int flow_list_get(struct flow_table *t, const struct abi_flow_list_key *key, struct flow_list **ret)
{
	struct flow_list *l = flow_list_find(t, key);

	if (!l) {
		l = calloc(1, sizeof(*l));
		if (!l)
			return -ENOMEM;
		l->key = *key;
		HASH_ADD(hh, t->lists, key, sizeof(l->key), l);
		if (!flow_list_find(t, key)) {
			free(l);
			return -ENOMEM;
		}
	}
	*ret = l;
	return 0;
}

void flow_list_put(struct flow_table *t, struct flow_list *l)
{
	if (l->list.count)
		return;
	HASH_DEL(t->lists, l);
	free(l);
}

int flow_list_write(struct flow_table *t, const struct flow_list *l)
{
	return t->held ? 0 : t->ops->list(t->context, &l->key, l->list.count ? &l->list : NULL);
}

/* Where the shape is in the list; its count: it is not. */
static size_t list_place(const struct flow_list *l, const struct flow_shape *s)
{
	size_t i = 0;

	while (i < l->list.count && l->list.shapes[i] != s->number)
		i++;
	return i;
}

/* One row more in this shape of the list. */
int flow_list_use(struct flow_table *t, struct flow_list *l, struct flow_shape *s)
{
	size_t i = list_place(l, s);
	int r;

	if (i < l->list.count) {
		l->rows[i]++;
		return 0;
	}
	if (i == ABI_FLOW_LIST_MAX)
		return -ENOSPC;
	l->list.shapes[i] = s->number;
	l->list.count++;
	r = flow_list_write(t, l);
	if (r < 0) {
		l->list.shapes[--l->list.count] = 0;
		return r;
	}
	l->rows[i] = 1;
	s->entries++;
	return 0;
}

/* One row less. */
int flow_list_leave(struct flow_table *t, struct flow_list *l, struct flow_shape *s)
{
	size_t i = list_place(l, s), last = l->list.count - 1u;

	if (--l->rows[i])
		return 0;
	l->list.shapes[i] = l->list.shapes[last];
	l->rows[i] = l->rows[last];
	l->list.shapes[last] = 0;
	l->rows[last] = 0;
	l->list.count--;
	s->entries--;
	return flow_list_write(t, l);
}
