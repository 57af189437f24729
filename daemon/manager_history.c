/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Now and then what vnets, uplinks and flows have counted is written down, so that one can see
 * later how it came about. Each counter is a question to the kernel, so where there are thousands
 * they are asked for in slices, and others have their turn in between.
 */
#include "history.h"
#include "manager_internal.h"

#define SLICE_QUESTIONS 1024

void manager_history_set(struct manager *m, uint32_t interval_s, uint32_t samples)
{
	m->history.interval_us = (uint64_t)interval_s * 1000000;
	m->history.samples = samples;
	m->history.slice = SLICE_QUESTIONS;
}

uint32_t manager_history_interval_s(const struct manager *m)
{
	return (uint32_t)(m->history.interval_us / 1000000);
}

/* --- what has been counted --- */

static void add_resource(const struct resource *r, struct history_counts *to)
{
	const struct kernel *k = &r->vnet->manager->kernel;
	struct abi_counters c;

	/* Nothing is counted before the programs are there. */
	if (k->ops->counters(k->datapath, r->number, &c))
		return;
	to->rx_packets += c.rx_packets;
	to->rx_bytes += c.rx_bytes;
	to->tx_packets += c.tx_packets;
	to->tx_bytes += c.tx_bytes;
}

static size_t count_vnet(const struct vnet *v, struct history_counts *ret)
{
	const struct kernel *k = &v->manager->kernel;
	struct abi_drops drops;

	*ret = v->gone;
	for (const struct resource *r = v->resources; r; r = r->hh.next)
		add_resource(r, ret);
	ret->drops = v->malformed;
	if (!k->ops->drops(k->datapath, v->number, &drops))
		for (unsigned int i = 1; i < ABI_DROP_END; i++)
			ret->drops += drops.count[i];
	return HASH_COUNT(v->resources) + 1;
}

/* What its members have carried: which of their vnets' drops were there is not known. */
static size_t count_uplink(const struct uplink *u, struct history_counts *ret)
{
	*ret = u->gone;
	for (uint32_t i = 0; i < u->slot_count; i++)
		if (u->slots[i])
			add_resource(u->slots[i], ret);
	return u->member_count + 1;
}

static size_t count_flow(const struct manager *m, const struct flow *f, struct history_counts *ret)
{
	struct abi_flow_counters c = { 0 };

	if (manager_datapath(m, flow_counters, f->number, &c))
		c = (struct abi_flow_counters) { 0 };
	*ret = (struct history_counts) {
		.rx_packets = c.rx_packets,
		.rx_bytes = c.rx_bytes,
		.tx_packets = c.tx_packets,
		.tx_bytes = c.tx_bytes,
		.drops = c.rx_dropped + c.tx_dropped,
	};
	return 1;
}

/* The sums of those it belongs to are never less than they were. */
void manager_history_resource_gone(const struct resource *r)
{
	if (!r->vnet->manager->history.interval_us)
		return;
	add_resource(r, &r->vnet->gone);
	if (r->uplink)
		add_resource(r, &r->uplink->gone);
}

/* --- a round --- */

/* Its sample of this round is taken; without memory it is missing, and the next one may be there.
 */
static void take(struct manager *m, struct history *h, const struct history_counts *counts,
		 uint64_t now_us)
{
	const struct history_sample s = { .time_us = now_us, .counts = *counts };

	h->round = m->history.round;
	history_add(h, &s, m->history.keep);
}

static void sample_flows(struct manager *m, struct flow *flows, uint64_t now_us, size_t *asked)
{
	struct history_counts counts;

	for (struct flow *f = flows; f && *asked < m->history.slice; f = f->hh.next) {
		if (f->history.round == m->history.round)
			continue;
		*asked += count_flow(m, f, &counts);
		take(m, &f->history, &counts, now_us);
	}
}

/* How much was asked for: as much as may be in one go, or all that was left. */
static size_t sample_slice(struct manager *m, uint64_t now_us)
{
	struct history_counts counts;
	size_t asked = 0;

	for (struct vnet *v = m->vnets; v && asked < m->history.slice; v = v->hh.next) {
		if (v->history.round != m->history.round) {
			asked += count_vnet(v, &counts);
			take(m, &v->history, &counts, now_us);
		}
		sample_flows(m, v->flows, now_us, &asked);
	}
	for (struct uplink *u = m->uplinks; u && asked < m->history.slice; u = u->hh.next) {
		if (u->history.round != m->history.round) {
			asked += count_uplink(u, &counts);
			take(m, &u->history, &counts, now_us);
		}
		sample_flows(m, u->flows, now_us, &asked);
	}
	return asked;
}

static size_t count_objects(const struct manager *m)
{
	size_t n = HASH_COUNT(m->vnets) + HASH_COUNT(m->uplinks);

	for (const struct vnet *v = m->vnets; v; v = v->hh.next)
		n += HASH_COUNT(v->flows);
	for (const struct uplink *u = m->uplinks; u; u = u->hh.next)
		n += HASH_COUNT(u->flows);
	return n;
}

/* Without anything to count nobody is woken up. */
uint64_t manager_history_due_us(const struct manager *m)
{
	if (!m->history.interval_us || !(m->vnets || m->uplinks))
		return UINT64_MAX;
	return m->history.due_us;
}

void manager_history_run(struct manager *m, uint64_t now_us)
{
	struct manager_history *h = &m->history;

	if (!h->begun) {
		h->begun = true;
		h->round++;
		h->begun_us = now_us;
		h->keep = history_keep(count_objects(m), h->samples);
	}
	if (sample_slice(m, now_us) >= m->history.slice) {
		h->due_us = now_us + 1; /* after whatever else there is */
		return;
	}
	h->begun = false;
	h->due_us = h->begun_us + h->interval_us;
	if (h->due_us <= now_us)
		h->due_us = now_us + h->interval_us;
}
