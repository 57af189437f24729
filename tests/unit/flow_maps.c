/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow_maps.h"

#include <errno.h>

static const struct abi_flow_shape no_shape;

static bool fails(struct flow_maps *m)
{
	if (m->fail_after < 0)
		return false;
	return m->fail_after-- == 0;
}

static int write_shape(void *context, uint16_t number, const struct abi_flow_shape *shape)
{
	struct flow_maps *m = context;
	const struct abi_flow_shape *row = shape ? shape : &no_shape;

	if (shape && fails(m))
		return -EIO;
	ck_assert(number > 0 && number < ABI_FLOW_SHAPES_MAX);
	m->writes += memcmp(&m->shapes[number], row, sizeof(*row)) != 0;
	m->shapes[number] = *row;
	return 0;
}

static int write_row(void *context, const struct abi_flow_key *key, const struct abi_flow_hit *hit)
{
	struct flow_maps *m = context;
	struct flow_maps_row *row;

	if (hit && hit->flow == m->added && fails(m))
		return -EIO;
	HASH_FIND(hh, m->rows, key, sizeof(*key), row);
	m->writes += hit ? !row || memcmp(&row->hit, hit, sizeof(*hit)) != 0 : row != NULL;
	if (!hit && row) {
		HASH_DEL(m->rows, row);
		free(row);
	}
	if (!hit)
		return 0;
	if (!row) {
		row = calloc(1, sizeof(*row));
		ck_assert_ptr_nonnull(row);
		row->key = *key;
		HASH_ADD(hh, m->rows, key, sizeof(row->key), row);
	}
	row->hit = *hit;
	return 0;
}

static int write_list(void *context, const struct abi_flow_list_key *key,
		      const struct abi_flow_list *list)
{
	struct flow_maps *m = context;
	struct flow_maps_list *l;

	HASH_FIND(hh, m->lists, key, sizeof(*key), l);
	if (list && list->count > (l ? l->list.count : 0) && fails(m))
		return -EIO;
	m->writes += list ? !l || memcmp(&l->list, list, sizeof(*list)) != 0 : l != NULL;
	if (!list && l) {
		HASH_DEL(m->lists, l);
		free(l);
	}
	if (!list)
		return 0;
	if (!l) {
		l = calloc(1, sizeof(*l));
		ck_assert_ptr_nonnull(l);
		l->key = *key;
		HASH_ADD(hh, m->lists, key, sizeof(l->key), l);
	}
	l->list = *list;
	return 0;
}

const struct flow_table_ops flow_maps_ops = { write_shape, write_row, write_list };

uint32_t flow_maps_look(const struct flow_maps *m, const struct abi_flow_key *frame)
{
	const struct abi_flow_list_key key = { frame->owner, frame->direction };
	uint64_t best = UINT64_MAX, words[ABI_FLOW_KEY_WORDS];
	struct abi_flow_key masked;
	uint32_t found = 0;
	struct flow_maps_list *l;
	struct flow_maps_row *row;

	HASH_FIND(hh, m->lists, &key, sizeof(key), l);
	for (size_t i = 0; l && i < l->list.count; i++) {
		memcpy(words, frame, sizeof(words));
		for (size_t k = 0; k < ABI_FLOW_KEY_WORDS; k++)
			words[k] &= m->shapes[l->list.shapes[i]].mask[k];
		memcpy(&masked, words, sizeof(masked));
		masked.shape = l->list.shapes[i];
		HASH_FIND(hh, m->rows, &masked, sizeof(masked), row);
		if (row && row->hit.order < best) {
			best = row->hit.order;
			found = row->hit.flow;
		}
	}
	return found;
}

struct flow_maps *flow_maps_new(void)
{
	struct flow_maps *m = calloc(1, sizeof(*m));

	ck_assert_ptr_nonnull(m);
	m->fail_after = -1;
	return m;
}

void flow_maps_free(struct flow_maps *m)
{
	ck_assert(flow_maps_are_empty(m));
	free(m);
}

bool flow_maps_are_empty(const struct flow_maps *m)
{
	for (size_t i = 0; i < ABI_FLOW_SHAPES_MAX; i++)
		if (memcmp(&m->shapes[i], &no_shape, sizeof(no_shape)) != 0)
			return false;
	return !m->rows && !m->lists;
}

/* --- by one look at each --- */

static bool prefix_fits(const struct flow_prefix *p, const struct abi_flow_key *f,
			const uint8_t *address)
{
	if (!p->length)
		return true;
	if (!(f->known & (p->ipv4 ? ABI_FLOW_V4 : ABI_FLOW_V6)))
		return false;
	for (size_t i = 0; i < p->length; i++)
		if ((p->address[i / 8] ^ address[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

static bool ports_fit(const struct flow_ports *p, const struct abi_flow_key *f, uint16_t port)
{
	return !p->set || ((f->known & ABI_FLOW_PORTS) && port >= p->first && port <= p->last);
}

bool flow_maps_fits(const struct flow_rule *r, const struct abi_flow_key *f)
{
	const struct flow_match *m = &r->match;

	if (r->owner != f->owner || !(f->direction == ABI_RX ? r->in : r->out))
		return false;
	if (!prefix_fits(&m->local, f, f->local) || !prefix_fits(&m->remote, f, f->remote) ||
	    !ports_fit(&m->lport, f, f->lport) || !ports_fit(&m->rport, f, f->rport))
		return false;
	if (m->has_proto && (!(f->known & ABI_FLOW_PROTO) || f->proto != m->proto))
		return false;
	if (m->dsfield_mask &&
	    (!(f->known & ABI_FLOW_IP) || (f->dsfield & m->dsfield_mask) != m->dsfield))
		return false;
	return !m->vlan || m->vlan == f->vlan;
}

static bool wins(const struct flow_rule *a, const struct flow_rule *b)
{
	uint32_t bits_a = flow_match_bits(&a->match), bits_b = flow_match_bits(&b->match);

	if (a->rank != b->rank)
		return a->rank < b->rank;
	return bits_a != bits_b ? bits_a > bits_b : a->number < b->number;
}

uint32_t flow_maps_search(const struct flow_table *t, uint32_t numbers,
			  const struct abi_flow_key *frame)
{
	const struct flow_rule *best = NULL, *r;

	for (uint32_t number = 1; number <= numbers; number++) {
		r = flow_table_find(t, number);
		if (r && flow_maps_fits(r, frame) && (!best || wins(r, best)))
			best = r;
	}
	return best ? best->number : 0;
}
