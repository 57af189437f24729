// SPDX-License-Identifier: GPL-2.0-or-later
/* By the wire: into one tap, through the programs at its ingress, and out of another. */
#include <errno.h>
#include <linux/if_link.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "world_internal.h"

#define WIRE_TIMEOUT_MS 5000 /* below the limit of a test, so that the sentence is seen */

static int attach_tc(const struct world *w, enum model_program program, uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = world_program(w, program), .handle = 1,
		    .priority = 1, .flags = BPF_TC_F_REPLACE);

	return bpf_tc_attach(&hook, &opts);
}

/* The TC program that stands behind @program at the same ingress, or is it. */
static enum model_program behind(enum model_program program)
{
	if (program == MODEL_UPLINK || program == MODEL_XDP_UPLINK)
		return MODEL_UPLINK;
	return program == MODEL_TX || program == MODEL_XDP_TX ? MODEL_TX : MODEL_RX;
}

static int attach(const struct world *w, enum model_program program, uint32_t ifindex)
{
	int fd = model_is_xdp(program) ? world_program(w, program) : -1; /* -1: none */
	int err = attach_tc(w, behind(program), ifindex);

	return err ? err : bpf_xdp_attach((int)ifindex, fd, XDP_FLAGS_DRV_MODE, NULL);
}

/* The frame that is waiting at @d. Returns its length, 0: none. */
static ssize_t take(const struct world_device *d, struct model_frame *ret)
{
	ssize_t len;

	if (d->fd < 0)
		return 0;
	len = read(d->fd, ret->bytes, sizeof(ret->bytes));
	if (len < 0) /* EIO: the device is down */
		return errno == EAGAIN || errno == EIO ? 0 : -errno;
	ret->len = (size_t)len;
	ret->tag = (struct model_tag) { 0 };
	ret->segments = 0;
	ret->linear = 0;
	return len;
}

int world_take(struct world *w, uint32_t ifindex, struct model_frame *ret)
{
	const struct world_device *d = world_device_find(w, ifindex);
	ssize_t len;

	if (!d || d->fd < 0)
		return -ENODEV;
	len = take(d, ret);
	return len > 0 ? 0 : len < 0 ? (int)len : -EAGAIN;
}

/* Whatever is still waiting belongs to no one. */
static int drain(struct world *w)
{
	ssize_t len;

	for (size_t i = 0; i < w->shared->device_count; i++)
		while ((len = take(&w->shared->devices[i], &w->scratch)))
			if (len < 0)
				return (int)len;
	return 0;
}

/* Takes what came out of the devices into @ret; -EPROTO if it is more than one frame. */
static int collect(struct world *w, struct world_seen *ret)
{
	ssize_t len;

	for (size_t i = 0; i < w->shared->device_count; i++) {
		struct model_frame *to = ret->egress ? &w->scratch : &ret->frame;

		while ((len = take(&w->shared->devices[i], to))) {
			if (len < 0)
				return (int)len;
			if (ret->egress)
				return -EPROTO;
			ret->egress = w->shared->devices[i].ifindex;
			to = &w->scratch;
		}
	}
	return 0;
}

static bool any_dropped(const struct world_counts *counted)
{
	for (size_t i = 0; i < MODEL_VNETS_MAX; i++)
		for (size_t why = 0; why < ABI_DROP_END; why++)
			if (counted->vnets[i].count[why])
				return true;
	return false;
}

/* A frame between direct peers is carried by the one and may be dropped by the other. */
static bool comes_out(const struct world_counts *counted)
{
	if (any_dropped(counted))
		return false;
	for (size_t i = 0; i < MODEL_RESOURCES_MAX; i++)
		if (counted->resources[i].tx_packets || counted->resources[i].rx_packets)
			return true;
	return false;
}

/* A frame that was counted as carried may still be on its way through the queues. */
static int wait_for_frame(const struct world *w)
{
	struct pollfd fds[WORLD_DEVICES_MAX];
	nfds_t count = 0;
	int ready;

	for (size_t i = 0; i < w->shared->device_count; i++) {
		const struct world_device *d = &w->shared->devices[i];

		if (d->fd >= 0 && d->up) /* a tap that is down reports an error at once */
			fds[count++] = (struct pollfd) { .fd = d->fd, .events = POLLIN };
	}
	do {
		ready = poll(fds, count, WIRE_TIMEOUT_MS);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return -errno;
	return ready ? 0 : -ETIMEDOUT;
}

int world_wire_run(struct world *w, enum model_program program, uint32_t ifindex,
		   const struct model_frame *in, struct world_seen *ret)
{
	const struct world_device *d = world_device_find(w, ifindex);
	struct world_counts start;
	int err;

	if (!d || d->fd < 0)
		return -ENODEV;
	err = attach(w, program, ifindex);
	if (!err)
		err = drain(w);
	if (!err)
		err = world_count(w, &start);
	if (err)
		return err;

	/* The hooks run within this call. */
	if (write(d->fd, in->bytes, in->len) != (ssize_t)in->len)
		return -errno;
	err = world_counted_since(w, &start, &ret->counted);
	if (!err && comes_out(&ret->counted))
		err = wait_for_frame(w);
	ret->egress = 0;
	if (!err)
		err = collect(w, ret);
	if (err)
		return err;
	ret->verdict = MODEL_PASS;
	if (ret->egress)
		ret->verdict = MODEL_REDIRECT;
	else if (any_dropped(&ret->counted))
		ret->verdict = MODEL_DROP;
	return 0;
}
