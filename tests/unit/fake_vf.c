/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NICs with virtual functions: what their PFs keep, and what sysfs shows of them. */
#include <errno.h>
#include <linux/if_ether.h>

#include "fake_kernel_internal.h"

struct fake_vf *fake_kernel_vf(struct fake_kernel *k, const char *pf, uint32_t index)
{
	struct fake_vf *vf = k->vfs;

	while (vf->pf[0] && !(util_same(vf->pf, pf) && vf->index == index))
		if (++vf == k->vfs + UTIL_ARRAY_SIZE(k->vfs))
			abort();
	if (vf->pf[0])
		return vf;
	*vf = (struct fake_vf) {
		.index = index,
		.there = true,
		.vf = { .set = (1u << KERNEL_VF_FIELDS) - 1,
			.address = { 0x02, 0xaf, 0, 0, 0, (uint8_t)index },
			.protocol = ETH_P_8021Q,
			.link_state = 1 },
		.place = { .missing = KERNEL_VF_NO_FUNCTION, .capable = true, .total = 8 },
	};
	util_copy(vf->pf, sizeof(vf->pf), pf);
	return vf;
}

void fake_vf_netdev(struct fake_vf *vf, const char *name)
{
	snprintf(vf->place.function, sizeof(vf->place.function), "0000:01:10.%u", vf->index);
	util_copy(vf->place.driver, sizeof(vf->place.driver), name ? "fakevf" : "");
	util_copy(vf->place.netdev, sizeof(vf->place.netdev), name ?: "");
	vf->place.missing = name ? KERNEL_VF_COMPLETE : KERNEL_VF_NO_DRIVER;
}

static struct fake_vf *find(struct fake_kernel *k, const char *pf, uint32_t index)
{
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(k->vfs); i++)
		if (util_same(k->vfs[i].pf, pf) && k->vfs[i].index == index)
			return &k->vfs[i];
	return NULL;
}

static int vf_look(void *rtnl, const char *pf, uint32_t index, struct kernel_vf_place *ret)
{
	struct fake_kernel *k = rtnl;
	const struct fake_vf *vf = find(k, pf, index);

	if (fake_fails(k, "vf_look"))
		return -k->fail_error;
	*ret = (struct kernel_vf_place) { .missing = KERNEL_VF_NO_PF };
	if (!vf || !fake_kernel_find(k, pf))
		return 0;
	*ret = vf->place;
	if (!vf->there)
		ret->missing = KERNEL_VF_NO_FUNCTION;
	return 0;
}

static int find_of(struct fake_kernel *k, uint32_t pf, uint32_t index, struct fake_vf **ret)
{
	const struct link *l = fake_link(k, pf);
	struct fake_vf *vf = l ? find(k, l->name, index) : NULL;

	if (!l)
		return -ENODEV;
	if (!vf || !vf->there)
		return -ENOENT;
	*ret = vf;
	return 0;
}

static int vf_get(void *rtnl, uint32_t pf, uint32_t index, struct kernel_vf *ret)
{
	struct fake_kernel *k = rtnl;
	struct fake_vf *vf;
	int err = find_of(k, pf, index, &vf);

	if (fake_fails(k, "vf_get"))
		return -k->fail_error;
	if (!err)
		*ret = vf->vf;
	return err;
}

static void apply(struct kernel_vf *vf, const struct kernel_vf *change)
{
	if (change->set & KERNEL_VF_ADDRESS)
		memcpy(vf->address, change->address, MAC_LEN);
	if (change->set & KERNEL_VF_VLAN) {
		vf->vlan = change->vlan;
		vf->qos = change->qos;
		vf->protocol = change->protocol;
	}
	if (change->set & KERNEL_VF_SPOOF_CHECK)
		vf->spoof_check = change->spoof_check;
	if (change->set & KERNEL_VF_TRUST)
		vf->trust = change->trust;
	if (change->set & KERNEL_VF_LINK_STATE)
		vf->link_state = change->link_state;
}

static int vf_set(void *rtnl, uint32_t pf, uint32_t index, const struct kernel_vf *change)
{
	struct fake_kernel *k = rtnl;
	struct fake_vf *vf;
	int err = find_of(k, pf, index, &vf);

	if (fake_fails(k, "vf_set"))
		return -k->fail_error;
	if (err)
		return err;
	if (change->set & ~vf->vf.set)
		return -EOPNOTSUPP;
	if (!vf->obstinate)
		apply(&vf->vf, change);
	fake_note(k, "vf_set %s %u %x\n", vf->pf, index, change->set);
	return 0;
}

static int vf_bridge(void *rtnl, uint32_t pf, bool *ret_veb)
{
	struct fake_kernel *k = rtnl;

	if (fake_fails(k, "vf_bridge"))
		return -k->fail_error;
	if (k->bridge == FAKE_BRIDGE_NONE)
		return -ENOENT;
	*ret_veb = k->bridge == FAKE_BRIDGE_VEB;
	return 0;
}

static struct fake_vf_mark *find_mark(struct fake_kernel *k, uint32_t pf, uint32_t index)
{
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(k->vf_marks); i++)
		if (k->vf_marks[i].text[0] && k->vf_marks[i].pf == pf &&
		    k->vf_marks[i].index == index)
			return &k->vf_marks[i];
	return NULL;
}

static struct fake_vf_mark *free_mark(struct fake_kernel *k)
{
	struct fake_vf_mark *mark = k->vf_marks;

	while (mark->text[0])
		if (++mark == k->vf_marks + UTIL_ARRAY_SIZE(k->vf_marks))
			abort();
	return mark;
}

static int vf_mark(void *datapath, uint32_t pf, uint32_t index, const char *text)
{
	struct fake_kernel *k = datapath;
	struct fake_vf_mark *mark = find_mark(k, pf, index);

	if (text && fake_fails(k, "vf_mark"))
		return -k->fail_error;
	if (!mark && !text)
		return 0;
	mark = mark ?: free_mark(k);
	mark->pf = pf;
	mark->index = index;
	if (!util_copy(mark->text, sizeof(mark->text), text ?: ""))
		return -ENAMETOOLONG;
	fake_note(k, "vf_mark %u-%u %s\n", pf, index, text ?: "gone");
	return 0;
}

static int vf_marks_each(void *datapath,
			 int (*visit)(void *context, uint32_t pf, uint32_t index, const char *text),
			 void *context)
{
	struct fake_kernel *k = datapath;
	int first = 0, err;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(k->vf_marks); i++) {
		struct fake_vf_mark mark = k->vf_marks[i];

		err = mark.text[0] ? visit(context, mark.pf, mark.index, mark.text) : 0;
		first = first ?: err;
	}
	return first;
}

void fake_vf_ops(struct kernel_ops *ops)
{
	ops->vf_look = vf_look;
	ops->vf_get = vf_get;
	ops->vf_set = vf_set;
	ops->vf_bridge = vf_bridge;
	ops->vf_mark = vf_mark;
	ops->vf_marks_each = vf_marks_each;
}

void fake_vf_text(const struct fake_kernel *k, FILE *out)
{
	char mac[MAC_TEXT_SIZE];

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(k->vfs); i++) {
		const struct kernel_vf *vf = &k->vfs[i].vf;

		if (k->vfs[i].pf[0])
			fprintf(out, "vf %u of %s: %s vlan %u,%x,%u spoof %d trust %d link %u\n",
				k->vfs[i].index, k->vfs[i].pf, mac_format(vf->address, mac),
				vf->vlan, vf->protocol, vf->qos, vf->spoof_check, vf->trust,
				vf->link_state);
	}
}
