// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules, their claims, and the rows that come of them. */
#include "flow_table_internal.h"

#include <errno.h>

#include <utlist.h>

/* --- rows --- */

static struct flow_entry *row_find(const struct flow_table *t, const struct abi_flow_key *key)
{
	struct flow_entry *found;

	HASH_FIND(hh, t->rows, key, sizeof(*key), found);
	return found;
}

/* Makes the programs' row the best claim's. */
static int row_write(struct flow_table *t, struct flow_entry *row)
{
	struct abi_flow_hit hit = { 0 };
	int r;

	if (row->claims) {
		hit.order = row->claims->order;
		hit.flow = row->claims->flow->number;
	}
	if (t->held || memcmp(&hit, &row->written, sizeof(hit)) == 0)
		return 0;
	r = t->ops->row(t->context, &row->key, hit.flow ? &hit : NULL);
	if (r == 0)
		row->written = hit;
	return r;
}

/* Without claims it goes: out of the table, the list, the shapes. Returns the first failure. */
static int row_put(struct flow_table *t, struct flow_entry *row)
{
	struct flow_shape *s = row->shape;
	struct flow_list *l = row->list;
	int first, r;

	if (row->claims)
		return row_write(t, row);
	first = row_write(t, row);
	r = flow_list_leave(t, l, s);
	first = first ? first : r;
	r = flow_shape_put(t, s);
	flow_list_put(t, l);
	HASH_DEL(t->rows, row);
	free(row);
	return first ? first : r;
}

/* The row's place in its list, of which it is the newest. */
static int row_join(struct flow_table *t, struct flow_entry *row, const struct abi_flow_shape *mask)
{
	const struct abi_flow_list_key key = { row->key.owner, row->key.direction };
	int r = flow_shape_get(t, mask, &row->shape);

	if (r < 0)
		return r;
	r = flow_list_get(t, &key, &row->list);
	if (r == 0) {
		r = flow_list_use(t, row->list, row->shape);
		if (r < 0)
			flow_list_put(t, row->list);
	}
	if (r < 0)
		flow_shape_put(t, row->shape);
	return r;
}

static int row_add(struct flow_table *t, const struct abi_flow_key *key,
		   const struct abi_flow_shape *mask, struct flow_entry **ret)
{
	struct flow_entry *row = calloc(1, sizeof(*row));
	int r;

	if (!row)
		return -ENOMEM;
	row->key = *key;
	r = row_join(t, row, mask);
	if (r < 0) {
		free(row);
		return r;
	}
	row->key.shape = row->shape->number;
	HASH_ADD(hh, t->rows, key, sizeof(row->key), row);
	if (!row_find(t, &row->key)) {
		flow_list_leave(t, row->list, row->shape);
		flow_list_put(t, row->list);
		flow_shape_put(t, row->shape);
		free(row);
		return -ENOMEM;
	}
	*ret = row;
	return 0;
}

static struct flow_entry *row_look(const struct flow_table *t, struct abi_flow_key key,
				   const struct abi_flow_shape *mask)
{
	const struct flow_shape *s = flow_shape_find(t, mask);

	key.shape = s ? s->number : 0;
	return s ? row_find(t, &key) : NULL;
}

/* --- claims --- */

static int by_order(const struct flow_claim *a, const struct flow_claim *b)
{
	return (a->order > b->order) - (a->order < b->order);
}

/* Takes the claims of a list away. Returns the first failure; all are gone in any case. */
static int claims_remove(struct flow_table *t, struct flow_claim *claims)
{
	int first = 0, r;

	while (claims) {
		struct flow_claim *c = claims;

		claims = c->more;
		DL_DELETE(c->row->claims, c);
		r = row_put(t, c->row);
		first = first ? first : r;
		free(c);
	}
	return first;
}

static int claim_add(struct flow_table *t, struct flow *flow, uint64_t order,
		     const struct flow_row *wanted, struct flow_claim **claims)
{
	struct flow_entry *row = row_look(t, wanted->key, &wanted->shape);
	struct flow_claim *c = calloc(1, sizeof(*c));
	int r = c ? 0 : -ENOMEM;

	if (r == 0 && !row)
		r = row_add(t, &wanted->key, &wanted->shape, &row);
	if (r < 0) {
		free(c);
		return r;
	}
	*c = (struct flow_claim) { .order = order, .flow = flow, .row = row, .more = *claims };
	DL_INSERT_INORDER(row->claims, c, by_order);
	*claims = c;
	return row_write(t, row);
}

static int claim_direction(struct flow_table *t, struct flow *flow, const struct flow_rule *rule,
			   enum abi_direction direction, struct flow_claim **claims)
{
	uint64_t order = flow_match_order(&rule->match, rule->rank, rule->number);
	UTIL_FREE struct flow_row *rows = NULL;
	size_t count = 0;
	int r = flow_match_rows(&rule->match, &rows, &count);

	for (size_t i = 0; r == 0 && i < count; i++) {
		rows[i].key.owner = rule->owner;
		rows[i].key.direction = (uint8_t)direction;
		r = claim_add(t, flow, order, &rows[i], claims);
	}
	return r;
}

/* All of the rule's rows. On failure none. */
static int claims_add(struct flow_table *t, struct flow *flow, const struct flow_rule *rule,
		      struct flow_claim **ret)
{
	struct flow_claim *claims = NULL;
	int r = 0;

	if (rule->in)
		r = claim_direction(t, flow, rule, ABI_RX, &claims);
	if (r == 0 && rule->out)
		r = claim_direction(t, flow, rule, ABI_TX, &claims);
	if (r < 0)
		claims_remove(t, claims);
	else
		*ret = claims;
	return r;
}

/* --- flows --- */

static struct flow *flow_find(const struct flow_table *t, uint32_t number)
{
	struct flow *found;

	HASH_FIND(hh, t->flows, &number, sizeof(number), found);
	return found;
}

const struct flow_rule *flow_table_find(const struct flow_table *t, uint32_t number)
{
	const struct flow *f = flow_find(t, number);

	return f ? &f->rule : NULL;
}

static bool conflict(const struct flow_rule *a, const struct flow_rule *b)
{
	return a->number != b->number && a->owner == b->owner && a->rank == b->rank &&
	       ((a->in && b->in) || (a->out && b->out)) && flow_match_is_same(&a->match, &b->match);
}

/*
 * Two with the same match want the same rows, so it is enough to look at who wants the first one.
 */
static bool is_taken(const struct flow_table *t, const struct flow_rule *rule,
		     const struct flow_row *first, enum abi_direction direction)
{
	struct abi_flow_key key = first->key;
	const struct flow_entry *row;
	const struct flow_claim *c;

	key.owner = rule->owner;
	key.direction = (uint8_t)direction;
	row = row_look(t, key, &first->shape);
	if (!row)
		return false;
	DL_FOREACH(row->claims, c)
	{
		if (conflict(&c->flow->rule, rule))
			return true;
	}
	return false;
}

int flow_table_check(const struct flow_table *t, const struct flow_rule *rule)
{
	UTIL_FREE struct flow_row *rows = NULL;
	size_t count;
	int r;

	if (!rule->number || rule->number >= ABI_FLOWS_MAX || !(rule->in || rule->out) ||
	    !flow_match_is_valid(&rule->match))
		return -EINVAL;
	r = flow_match_rows(&rule->match, &rows, &count);
	if (r < 0)
		return r;
	if ((rule->in && is_taken(t, rule, &rows[0], ABI_RX)) ||
	    (rule->out && is_taken(t, rule, &rows[0], ABI_TX)))
		return -EALREADY;
	return 0;
}

static int flow_get(struct flow_table *t, uint32_t number, struct flow **ret)
{
	struct flow *f = flow_find(t, number);

	if (!f) {
		f = calloc(1, sizeof(*f));
		if (!f)
			return -ENOMEM;
		f->number = number;
		HASH_ADD(hh, t->flows, number, sizeof(f->number), f);
		if (!flow_find(t, number)) {
			free(f);
			return -ENOMEM;
		}
	}
	*ret = f;
	return 0;
}

static void flow_put(struct flow_table *t, struct flow *f)
{
	if (f->claims)
		return;
	HASH_DEL(t->flows, f);
	free(f);
}

static bool rule_is_same(const struct flow_rule *a, const struct flow_rule *b)
{
	return a->owner == b->owner && a->in == b->in && a->out == b->out && a->rank == b->rank &&
	       flow_match_is_same(&a->match, &b->match);
}

int flow_table_set(struct flow_table *t, const struct flow_rule *rule)
{
	struct flow_claim *claims = NULL, *old;
	struct flow *f = NULL;
	int r = flow_table_check(t, rule);

	if (r == 0)
		r = flow_get(t, rule->number, &f);
	if (r < 0)
		return r;
	if (f->claims && rule_is_same(&f->rule, rule))
		return 0;
	r = claims_add(t, f, rule, &claims);
	if (r < 0) {
		flow_put(t, f);
		return r;
	}
	old = f->claims;
	f->claims = claims;
	f->rule = *rule;
	return claims_remove(t, old);
}

int flow_table_remove(struct flow_table *t, uint32_t number)
{
	struct flow *f = flow_find(t, number);
	int r;

	if (!f)
		return 0;
	r = claims_remove(t, UTIL_TAKE_PTR(f->claims));
	flow_put(t, f);
	return r;
}

/* --- all of it --- */

int flow_table_new(const struct flow_table_ops *ops, void *context, struct flow_table **ret)
{
	struct flow_table *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->ops = ops;
	t->context = context;
	*ret = t;
	return 0;
}

void flow_table_free(struct flow_table *t)
{
	struct flow_shape *s, *next_shape;
	struct flow *f, *next;

	if (!t)
		return;
	t->held = true; /* so nothing is written */
	HASH_ITER (hh, t->flows, f, next)
		flow_table_remove(t, f->number);
	HASH_ITER (hh, t->shapes, s, next_shape) /* adopted, and never used */
		flow_shape_forget(t, s);
	free(t);
}

void flow_table_hold(struct flow_table *t)
{
	t->held = true;
}

/* What is referred to first; of adopted shapes those that nobody uses go at the end. */
int flow_table_release(struct flow_table *t)
{
	struct flow_shape *s, *next_shape = NULL;
	struct flow_entry *row, *next_row;
	struct flow_list *l, *next_list;
	int first = 0, r;

	t->held = false;
	HASH_ITER (hh, t->shapes, s, next_shape) {
		r = s->entries ? flow_shape_write(t, s, true) : 0;
		first = first ? first : r;
	}
	HASH_ITER (hh, t->rows, row, next_row) {
		r = row_write(t, row);
		first = first ? first : r;
	}
	HASH_ITER (hh, t->lists, l, next_list) {
		r = flow_list_write(t, l);
		first = first ? first : r;
	}
	HASH_ITER (hh, t->shapes, s, next_shape) {
		r = flow_shape_put(t, s);
		first = first ? first : r;
	}
	return first;
}

bool flow_table_has_row(const struct flow_table *t, const struct abi_flow_key *key)
{
	return row_find(t, key);
}

bool flow_table_has_list(const struct flow_table *t, const struct abi_flow_list_key *key)
{
	return flow_list_find(t, key);
}

bool flow_table_has_shape(const struct flow_table *t, uint16_t number)
{
	return number < ABI_FLOW_SHAPES_MAX && t->numbers[number];
}
