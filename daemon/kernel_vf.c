/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_vf.h"

#include <string.h>

bool kernel_vf_same(const struct kernel_vf *a, const struct kernel_vf *b,
		    enum kernel_vf_field field)
{
	switch (field) {
	case KERNEL_VF_ADDRESS:
		return mac_same(a->address, b->address);
	case KERNEL_VF_VLAN:
		return a->vlan == b->vlan && a->qos == b->qos &&
		       (!a->vlan || a->protocol == b->protocol);
	case KERNEL_VF_SPOOF_CHECK:
		return a->spoof_check == b->spoof_check;
	case KERNEL_VF_TRUST:
		return a->trust == b->trust;
	case KERNEL_VF_LINK_STATE:
		return a->link_state == b->link_state;
	}
	return true;
}

void kernel_vf_copy(struct kernel_vf *to, const struct kernel_vf *from, enum kernel_vf_field field)
{
	to->set |= field;
	switch (field) {
	case KERNEL_VF_ADDRESS:
		memcpy(to->address, from->address, MAC_LEN);
		return;
	case KERNEL_VF_VLAN:
		to->vlan = from->vlan;
		to->qos = from->qos;
		to->protocol = from->protocol;
		return;
	case KERNEL_VF_SPOOF_CHECK:
		to->spoof_check = from->spoof_check;
		return;
	case KERNEL_VF_TRUST:
		to->trust = from->trust;
		return;
	case KERNEL_VF_LINK_STATE:
		to->link_state = from->link_state;
		return;
	}
}

const char *kernel_vf_text(enum kernel_vf_field field)
{
	switch (field) {
	case KERNEL_VF_ADDRESS:
		return "MAC";
	case KERNEL_VF_VLAN:
		return "VLAN";
	case KERNEL_VF_SPOOF_CHECK:
		return "spoof check";
	case KERNEL_VF_TRUST:
		return "trust";
	case KERNEL_VF_LINK_STATE:
		return "link state";
	}
	return "?";
}
