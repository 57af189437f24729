/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows and uplinks as users write them: lines of "a" (add), "s" (set), "d" (del) or "u" (an
 * uplink), a byte for which flow, one for whose, and "KEY=VALUE;..." to the line's end. What is
 * taken is told as text that is taken for the same; a line that is refused has changed nothing; and
 * after each of them the rows that the programs look at give what a look at all flows, one by one,
 * gives.
 */
#include <errno.h>

#include "../../daemon/flow.h"
#include "../../daemon/settings.h"
#include "../unit/flow_maps.h"
#include "fuzz.h"

#define NUMBERS 24
#define OWNERS	3
#define FRAMES	24
#define LINES	200

struct world {
	struct flow_maps *maps;
	struct flow_table *table;
	struct flow_settings settings[NUMBERS + 1];
	uint64_t random;
};

/* --- words --- */

/* Sets what the line says, until something is refused. */
static int apply(const struct setting *table, void *settings, char *line)
{
	char *word, *value;
	struct error e = { 0 };

	while ((word = strsep(&line, ";"))) {
		value = strchr(word, '=');
		if (!value)
			continue;
		*value++ = '\0';
		if (settings_set(table, settings, "flow", word, value, &e)) {
			ck_assert_int_eq(e.kind, ERROR_INVALID);
			ck_assert_uint_gt(strlen(e.message), 10);
			return -EINVAL;
		}
	}
	return 0;
}

/* As text, and from the text: the same. @again has the defaults. */
static void check_text(const struct setting *table, const void *settings, void *again)
{
	char text[SETTINGS_TEXT_SIZE], other[SETTINGS_TEXT_SIZE];
	struct error e = { 0 };

	for (const struct setting *s = table; s->key; s++) {
		s->format(settings, text);
		ck_assert_uint_lt(strlen(text), sizeof(text));
		if (!text[0])
			continue;
		ck_assert_msg(!settings_set(table, again, "flow", s->key, text, &e), "%s",
			      e.message);
	}
	for (const struct setting *s = table; s->key; s++) {
		s->format(settings, text);
		s->format(again, other);
		ck_assert_msg(util_same(text, other), "%s: %s, then %s", s->key, text, other);
	}
}

static void do_uplink(char *line)
{
	struct uplink_settings settings, again;
	struct error e = { 0 };

	settings_uplink_default(&settings);
	settings_uplink_default(&again);
	apply(settings_uplink, &settings, line);
	check_text(settings_uplink, &settings, &again);
	if (settings_uplink_check(&settings, "up0", &e))
		ck_assert_uint_gt(strlen(e.message), 10);
}

/* --- frames --- */

static uint32_t below(struct world *w, uint32_t end)
{
	w->random = w->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)((w->random >> 33) % end);
}

static void some_bytes(struct world *w, void *ret, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)ret)[i] = (uint8_t)below(w, 256);
}

/* In the prefix, or a bit beside it. */
static void address_of(struct world *w, const struct flow_prefix *p, bool ipv4, uint8_t *ret)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };

	some_bytes(w, ret, FLOW_ADDRESS_LEN);
	for (size_t i = 0; i < p->length; i++) {
		uint8_t bit = (uint8_t)(0x80 >> (i % 8));

		ret[i / 8] = (uint8_t)((ret[i / 8] & ~bit) | (p->address[i / 8] & bit));
	}
	if (p->length && !below(w, 4)) {
		size_t i = below(w, p->length);

		ret[i / 8] ^= (uint8_t)(0x80 >> (i % 8));
	}
	if (ipv4)
		memcpy(ret, mapped, sizeof(mapped));
}

static uint16_t port_of(struct world *w, const struct flow_ports *p)
{
	const uint16_t ends[] = { p->first, p->last, (uint16_t)(p->first - 1),
				  (uint16_t)(p->last + 1) };

	return below(w, 3) ? ends[below(w, 4)] : (uint16_t)below(w, 65536);
}

/* One that the flow takes, or nearly. */
static struct abi_flow_key frame_of(struct world *w, const struct flow_rule *r)
{
	const struct flow_match *m = &r->match;
	bool ipv4 = m->local.length    ? m->local.ipv4
		    : m->remote.length ? m->remote.ipv4
				       : below(w, 2);
	struct abi_flow_key f = { .owner = r->owner,
				  .direction = r->in && (!r->out || below(w, 2)) ? ABI_RX : ABI_TX,
				  .vlan = m->vlan && below(w, 8) ? m->vlan
								 : (uint16_t)below(w, 4096) };
	unsigned int layers = below(w, 16);

	if (!layers)
		return f;
	f.known = ABI_FLOW_IP | (ipv4 ? ABI_FLOW_V4 : ABI_FLOW_V6);
	address_of(w, &m->local, ipv4, f.local);
	address_of(w, &m->remote, ipv4, f.remote);
	f.dsfield = (uint8_t)(below(w, 256) & ~(below(w, 8) ? m->dsfield_mask : 0)) | m->dsfield;
	if (layers == 1)
		return f;
	f.known |= ABI_FLOW_PROTO;
	f.proto = m->has_proto && below(w, 8) ? m->proto : (uint8_t)below(w, 256);
	if (layers == 2)
		return f;
	f.known |= ABI_FLOW_PORTS;
	f.lport = port_of(w, &m->lport);
	f.rport = port_of(w, &m->rport);
	return f;
}

static void check_frames(struct world *w)
{
	for (unsigned int i = 0; i < FRAMES; i++) {
		const struct flow_rule *r = flow_table_find(w->table, 1 + below(w, NUMBERS));
		struct abi_flow_key f;
		uint32_t want, got;

		if (!r)
			continue;
		f = frame_of(w, r);
		want = flow_maps_search(w->table, NUMBERS, &f);
		got = flow_maps_look(w->maps, &f);
		ck_assert_msg(want == got, "flow %u is found, not %u", got, want);
	}
}

/* --- flows --- */

static bool is_taken(const struct world *w, const struct flow_rule *rule)
{
	for (uint32_t number = 1; number <= NUMBERS; number++) {
		const struct flow_rule *r = flow_table_find(w->table, number);

		if (r && number != rule->number && r->owner == rule->owner &&
		    r->rank == rule->rank && ((r->in && rule->in) || (r->out && rule->out)) &&
		    flow_match_is_same(&r->match, &rule->match))
			return true;
	}
	return false;
}

static void do_set(struct world *w, const struct flow_settings *s, uint32_t number, uint32_t owner)
{
	const struct flow_rule rule = {
		.owner = owner ? owner : ABI_OF_UPLINK | 1,
		.number = number,
		.in = s->in,
		.out = s->out,
		.rank = s->rank,
		.match = s->match,
	};
	const struct flow_rule *old = flow_table_find(w->table, number);
	struct flow_rule before = old ? *old : (struct flow_rule) { 0 };
	size_t writes = w->maps->writes;
	int r;

	r = flow_table_set(w->table, &rule);
	ck_assert_int_eq(r == -EALREADY, is_taken(w, &rule));
	if (!r) {
		w->settings[number] = *s;
		ck_assert_ptr_nonnull(flow_table_find(w->table, number));
		return;
	}
	ck_assert(r == -EALREADY || r == -ENOSPC);
	old = flow_table_find(w->table, number);
	ck_assert(before.number ? old && !memcmp(old, &before, sizeof(before)) : !old);
	ck_assert(r == -ENOSPC || w->maps->writes == writes);
}

static void do_flow(struct world *w, bool add, uint32_t number, uint32_t owner, char *line)
{
	const struct flow_rule *old = flow_table_find(w->table, number);
	struct flow_settings s, again;
	struct error e = { 0 };

	settings_flow_default(&s);
	settings_flow_default(&again);
	if (!add && old)
		s = w->settings[number];
	if (!add && old)
		owner = old->owner & ABI_OF_UPLINK ? 0 : old->owner;
	if (apply(settings_flow, &s, line))
		return;
	check_text(settings_flow, &s, &again);
	if (settings_flow_check(&s, "flow", &e)) {
		ck_assert_uint_gt(strlen(e.message), 10);
		return;
	}
	ck_assert(flow_match_is_valid(&s.match));
	do_set(w, &s, number, owner);
}

static void do_line(struct world *w, struct fuzz *f)
{
	const uint8_t verb = fuzz_byte(f);
	const uint32_t number = 1 + fuzz_byte(f) % NUMBERS, owner = fuzz_byte(f) % OWNERS;
	char *line = fuzz_text(f, '\n');

	w->random ^= strlen(line) * 2654435761u + number;
	if (verb == 'u')
		do_uplink(line);
	else if (verb == 'd')
		ck_assert_int_eq(flow_table_remove(w->table, number), 0);
	else
		do_flow(w, verb == 'a', number, owner, line);
	check_frames(w);
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	struct world w = { .maps = flow_maps_new() };

	ck_assert_int_eq(flow_table_new(&flow_maps_ops, w.maps, &w.table), 0);
	for (unsigned int i = 0; f.size && i < LINES; i++)
		do_line(&w, &f);
	for (uint32_t number = 1; number <= NUMBERS; number++)
		ck_assert_int_eq(flow_table_remove(w.table, number), 0);
	flow_table_free(w.table);
	flow_maps_free(w.maps);
	return 0;
}
