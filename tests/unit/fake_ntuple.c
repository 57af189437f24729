/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NICs with n-tuple filters. */
#include <errno.h>
#include <linux/ethtool.h>

#include "../../daemon/ntuple.h"
#include "fake_kernel_internal.h"

static struct fake_ntuple *find(struct fake_kernel *k, uint32_t ifindex, uint32_t place)
{
	for (size_t i = 0; i < FAKE_NTUPLES; i++)
		if (k->ntuples[i].ifindex == ifindex && k->ntuples[i].spec.location == place)
			return &k->ntuples[i];
	return NULL;
}

static int ntuple_room(void *rtnl, const char *device, struct kernel_ntuple_room *ret)
{
	struct fake_kernel *k = rtnl;
	const struct link *l = fake_kernel_find(k, device);

	if (fake_fails(k, "ntuple_room"))
		return -k->fail_error;
	if (!l)
		return -ENODEV;
	if (!k->ntuple_size[l->ifindex])
		return -EOPNOTSUPP;
	for (uint32_t place = k->ntuple_size[l->ifindex]; place-- > 0;) {
		if (find(k, l->ifindex, place))
			continue;
		*ret = (struct kernel_ntuple_room) { k->queues, place };
		return 0;
	}
	return -ENOSPC;
}

static int ntuple_get(void *rtnl, const char *device, uint32_t place,
		      struct ethtool_rx_flow_spec *ret)
{
	struct fake_kernel *k = rtnl;
	const struct link *l = fake_kernel_find(k, device);
	const struct fake_ntuple *n = l ? find(k, l->ifindex, place) : NULL;

	if (fake_fails(k, "ntuple_get"))
		return -k->fail_error;
	if (!n)
		return l ? -ENOENT : -ENODEV;
	*ret = n->spec;
	return 0;
}

static int ntuple_add(void *rtnl, const char *device, const struct ethtool_rx_flow_spec *spec)
{
	struct fake_kernel *k = rtnl;
	const struct link *l = fake_kernel_find(k, device);
	struct fake_ntuple *n = k->ntuples;

	if (fake_fails(k, "ntuple_add"))
		return -k->fail_error;
	if (!l || find(k, l->ifindex, spec->location))
		return l ? -EEXIST : -ENODEV;
	while (n->ifindex)
		if (++n == k->ntuples + FAKE_NTUPLES)
			abort();
	*n = (struct fake_ntuple) { l->ifindex, *spec };
	fake_note(k, "ntuple %s %u to %llu\n", device, spec->location,
		  (unsigned long long)spec->ring_cookie);
	return 0;
}

static int ntuple_del(void *rtnl, const char *device, uint32_t place)
{
	struct fake_kernel *k = rtnl;
	const struct link *l = fake_kernel_find(k, device);
	struct fake_ntuple *n = l ? find(k, l->ifindex, place) : NULL;

	if (fake_fails(k, "ntuple_del"))
		return -k->fail_error;
	if (!n)
		return l ? -ENOENT : -ENODEV;
	*n = (struct fake_ntuple) { 0 };
	fake_note(k, "ntuple %s %u gone\n", device, place);
	return 0;
}

static int filter_mark(void *datapath, uint32_t ifindex, uint32_t place, const char *text)
{
	struct fake_kernel *k = datapath;
	struct fake_vf_mark *mark = k->filter_marks, *end = mark + FAKE_NTUPLES;

	if (text && fake_fails(k, "filter_mark"))
		return -k->fail_error;
	while (mark < end && !(mark->text[0] && mark->pf == ifindex && mark->index == place))
		mark++;
	if (mark == end && !text)
		return 0;
	for (mark = mark == end ? k->filter_marks : mark; text && mark->text[0] && mark < end;)
		mark++;
	if (mark == end)
		abort();
	mark->pf = ifindex;
	mark->index = place;
	util_copy(mark->text, sizeof(mark->text), text ?: "");
	fake_note(k, "filter_mark %u %u %s\n", ifindex, place, text ?: "gone");
	return 0;
}

static int filter_marks_each(void *datapath,
			     int (*visit)(void *context, uint32_t ifindex, uint32_t place,
					  const char *text),
			     void *context)
{
	struct fake_kernel *k = datapath;
	int first = 0, err;

	for (size_t i = 0; i < FAKE_NTUPLES; i++) {
		struct fake_vf_mark mark = k->filter_marks[i];

		err = mark.text[0] ? visit(context, mark.pf, mark.index, mark.text) : 0;
		first = first ?: err;
	}
	return first;
}

void fake_ntuple_ops(struct kernel_ops *ops)
{
	ops->ntuple_room = ntuple_room;
	ops->ntuple_get = ntuple_get;
	ops->ntuple_add = ntuple_add;
	ops->ntuple_del = ntuple_del;
	ops->filter_mark = filter_mark;
	ops->filter_marks_each = filter_marks_each;
}

void fake_ntuple_gone(struct fake_kernel *k, uint32_t ifindex)
{
	for (size_t i = 0; i < FAKE_NTUPLES; i++)
		if (k->ntuples[i].ifindex == ifindex)
			k->ntuples[i] = (struct fake_ntuple) { 0 };
}

void fake_ntuple_text(const struct fake_kernel *k, FILE *out)
{
	for (size_t i = 0; i < FAKE_NTUPLES; i++)
		if (k->ntuples[i].ifindex)
			fprintf(out, "ntuple %u %u says %x\n", k->ntuples[i].ifindex,
				k->ntuples[i].spec.location, ntuple_hash(&k->ntuples[i].spec));
}
