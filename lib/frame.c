// SPDX-License-Identifier: LGPL-2.1-or-later
#include "frame.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <string.h>

#define FRAME_TCP_HEADER_BYTES 20
#define FRAME_CHECKSUM_BYTES   2

/* The EtherType at @offset of the message; 0: it is too short. */
static uint16_t frame_type_at(const mblk_t *mp, size_t offset)
{
	unsigned char bytes[2] = { 0, 0 };
	size_t at = 0;

	for (; mp; mp = mp->b_cont) {
		for (const unsigned char *p = mp->b_rptr; p < mp->b_wptr; p++, at++) {
			if (at == offset)
				bytes[0] = *p;
			if (at == offset + 1) {
				bytes[1] = *p;
				return (uint16_t)(bytes[0] << 8 | bytes[1]);
			}
		}
	}
	return 0;
}

/* Bytes before the network header, and the EtherType of what follows. */
static size_t frame_network_offset(const mblk_t *mp, uint16_t *ret_type)
{
	size_t offset = FRAME_HEADER_BYTES;
	uint16_t type = frame_type_at(mp, offset - 2);

	if (type == ETH_P_8021Q || type == ETH_P_8021AD) {
		offset += FRAME_TAG_BYTES;
		type = frame_type_at(mp, offset - 2);
	}
	*ret_type = type;
	return offset;
}

void frame_mark(mblk_t *mp, const struct virtio_net_hdr *h)
{
	size_t offset;
	uint16_t type;

	if (h->flags & VIRTIO_NET_HDR_F_DATA_VALID)
		mac_hcksum_set(mp, 0, 0, 0, 0, HCK_FULLCKSUM_OK);
	if (!(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return;
	offset = frame_network_offset(mp, &type);
	if (h->csum_start < offset)
		return;
	mac_hcksum_set(mp, h->csum_start - offset, h->csum_start - offset + h->csum_offset,
		       msgdsize(mp) - offset, 0, HCK_PARTIALCKSUM);
	if (h->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		lso_info_set(mp, h->gso_size, HW_LSO);
}

static bool frame_segments(uint32_t mss, uint16_t type, struct virtio_net_hdr *ret)
{
	if (!mss || mss > UINT16_MAX || !(ret->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return false;
	switch (type) {
	case ETH_P_IP:
		ret->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		break;
	case ETH_P_IPV6:
		ret->gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
		break;
	default:
		return false;
	}
	ret->gso_size = (uint16_t)mss;
	/* The kernel looks for the end of the headers itself; this is what it copies at first. */
	ret->hdr_len = (uint16_t)(ret->csum_start + FRAME_TCP_HEADER_BYTES);
	return true;
}

bool frame_header(const mblk_t *mp, struct virtio_net_hdr *ret)
{
	uint32_t start, stuff, flags, mss, lso;
	struct virtio_net_hdr h = { 0 };
	size_t offset, length;
	uint16_t type;

	mac_hcksum_get(mp, &start, &stuff, NULL, NULL, &flags);
	mac_lso_get(mp, &mss, &lso);
	if (flags & HCK_FULLCKSUM_OK)
		h.flags |= VIRTIO_NET_HDR_F_DATA_VALID;
	if (flags & HCK_PARTIALCKSUM) {
		offset = frame_network_offset(mp, &type);
		length = msgdsize(mp);
		if (stuff < start || start > length || stuff > length ||
		    offset + stuff + FRAME_CHECKSUM_BYTES > length)
			return false;
		h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h.csum_start = (uint16_t)(offset + start);
		h.csum_offset = (uint16_t)(stuff - start);
		if ((lso & HW_LSO) && !frame_segments(mss, type, &h))
			return false;
	} else if (lso & HW_LSO) {
		return false;
	}
	*ret = h;
	return true;
}
