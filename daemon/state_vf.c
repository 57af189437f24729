/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a NIC kept of a virtual function before it was ours. */
#include "state_json_internal.h"

/* The names are those of `show`. */
static bool put_vf_fields(struct json_object *o, const struct kernel_vf *b)
{
	if ((b->set & KERNEL_VF_ADDRESS) && !put(o, "address", mac_text(b->address)))
		return false;
	if ((b->set & KERNEL_VF_VLAN) &&
	    (!put(o, "vlan", number(b->vlan)) || !put(o, "protocol", number(b->protocol)) ||
	     !put(o, "qos", number(b->qos))))
		return false;
	if ((b->set & KERNEL_VF_SPOOF_CHECK) && !put(o, "spoof_check", boolean(b->spoof_check)))
		return false;
	if ((b->set & KERNEL_VF_TRUST) && !put(o, "trust", boolean(b->trust)))
		return false;
	return !(b->set & KERNEL_VF_LINK_STATE) || put(o, "link_state", number(b->link_state));
}

struct json_object *state_vf_new(const struct desired_vf *vf)
{
	UTIL_CLEANUP(put_json) struct json_object *o = json_object_new_object();

	if (!o || !put(o, "pf", number(vf->pf)) || !put(o, "given", mac_text(vf->given)) ||
	    !put_vf_fields(o, &vf->before))
		return NULL;
	if (vf->entry && (!put(o, "entry", number(vf->entry)) ||
			  !put(o, "entry_address", mac_text(vf->entry_address))))
		return NULL;
	return UTIL_TAKE_PTR(o);
}

static int read_limited(struct json_object *o, const char *key, uint32_t max, uint32_t *ret,
			struct error *e)
{
	int r = read_number(o, key, ret, e);

	return r == 0 && *ret > max ? wrong(e, key, "a number that fits") : r;
}

static int read_vf_vlan(struct json_object *o, struct kernel_vf *b, struct error *e)
{
	uint32_t vlan = 0, protocol = 0, qos = 0;
	int r = read_limited(o, "vlan", UINT16_MAX, &vlan, e);

	if (r == 0)
		r = read_limited(o, "protocol", UINT16_MAX, &protocol, e);
	if (r == 0)
		r = read_limited(o, "qos", UINT8_MAX, &qos, e);
	b->vlan = (uint16_t)vlan;
	b->protocol = (uint16_t)protocol;
	b->qos = (uint8_t)qos;
	return r;
}

static int read_vf_field(struct json_object *o, enum kernel_vf_field field, struct kernel_vf *b,
			 struct error *e)
{
	switch (field) {
	case KERNEL_VF_ADDRESS:
		return read_mac(o, "address", b->address, e);
	case KERNEL_VF_VLAN:
		return read_vf_vlan(o, b, e);
	case KERNEL_VF_SPOOF_CHECK:
		return read_bool(o, "spoof_check", &b->spoof_check, e);
	case KERNEL_VF_TRUST:
		return read_bool(o, "trust", &b->trust, e);
	case KERNEL_VF_LINK_STATE:
		return read_number(o, "link_state", &b->link_state, e);
	}
	return -EBADMSG;
}

/* As with read_saved(): a key that is there is a field that was changed. */
int state_vf_read(struct json_object *resource, struct desired_vf *ret, struct error *e)
{
	static const char *const keys[KERNEL_VF_FIELDS] = { "address", "vlan", "spoof_check",
							    "trust", "link_state" };
	struct json_object *o = member(resource, "vf", json_type_object);
	int r;

	if (!has(resource, "vf"))
		return 0;
	if (!o)
		return wrong(e, "vf", "an object");
	r = read_number(o, "pf", &ret->pf, e);
	if (r == 0)
		r = read_mac(o, "given", ret->given, e);
	for (unsigned int i = 0; i < KERNEL_VF_FIELDS && r == 0; i++) {
		if (!has(o, keys[i]))
			continue;
		ret->before.set |= 1u << i;
		r = read_vf_field(o, (enum kernel_vf_field)(1u << i), &ret->before, e);
	}
	if (r < 0 || !has(o, "entry"))
		return r;
	r = read_number(o, "entry", &ret->entry, e);
	return r < 0 ? r : read_mac(o, "entry_address", ret->entry_address, e);
}
