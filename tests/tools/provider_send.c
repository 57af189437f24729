// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames into the vnet, as if the peer had sent them. */
#include "provider.h"

static void send_fill(struct provider *p, uint8_t *frame, const uint8_t *to)
{
	const struct stream_head head = { .magic = htobe32(STREAM_MAGIC),
					  .number = htobe64(p->sent++) };
	const uint16_t type = htons(STREAM_PROTO);

	memcpy(frame, to, ETH_ALEN);
	memcpy(frame + ETH_ALEN, p->options.peer, ETH_ALEN);
	memcpy(frame + 2 * ETH_ALEN, &type, sizeof(type));
	memcpy(frame + ETH_HLEN, &head, sizeof(head));
}

static mblk_t *send_chain(struct provider *p, uint64_t count, size_t size, const uint8_t *to)
{
	mblk_t *chain = NULL, **end = &chain;

	for (uint64_t i = 0; i < count; i++) {
		mblk_t *mp = allocb(size, BPRI_MED);

		if (!mp)
			err(COMMON_FAILED, "memory");
		memset(mp->b_wptr, 0, size);
		send_fill(p, mp->b_wptr, to);
		mp->b_wptr += size;
		*end = mp;
		end = &mp->b_next;
	}
	return chain;
}

static void send_pace(uint64_t begin_ns, uint64_t sent, uint64_t rate)
{
	uint64_t at_ns = begin_ns + (uint64_t)((__uint128_t)sent * 1000000000 / rate);
	const struct timespec at = { .tv_sec = (time_t)(at_ns / 1000000000),
				     .tv_nsec = (long)(at_ns % 1000000000) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

void send_numbered(struct provider *p, uint64_t count, size_t size, uint64_t rate)
{
	uint64_t begin_ns = common_now_ns();
	struct vio_net_status status;
	uint64_t done = 0;

	if (vio_net_resource_status(p->handle, &status))
		return;
	while (done < count) {
		uint64_t n = count - done < 32 ? count - done : 32;

		p->vnet.vio_net_rx_cb(p->handle, send_chain(p, n, size, status.address));
		done += n;
		if (rate)
			send_pace(begin_ns, done, rate);
	}
}

void send_raw(struct provider *p, const uint8_t *bytes, size_t length)
{
	mblk_t *mp = allocb(length, BPRI_MED);

	if (!mp)
		err(COMMON_FAILED, "memory");
	memcpy(mp->b_wptr, bytes, length);
	mp->b_wptr += length;
	p->vnet.vio_net_rx_cb(p->handle, mp);
}
