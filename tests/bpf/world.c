// SPDX-License-Identifier: GPL-2.0-or-later
/* The namespace, the programs, and the two ways through them. Rows are written in world_maps.c. */
#include <errno.h>
#include <fcntl.h>
#include <linux/pkt_cls.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "world_internal.h"

#define WIRE_TIMEOUT_MS 5000 /* below the limit of a test, so that the sentence is seen */

static int no_ipv6(const char *file)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno; /* a kernel without IPv6 */
	if (write(fd, "1", 1) != 1)
		err = -errno;
	close(fd);
	return err;
}

int world_enter(void)
{
	int err;

	if (unshare(CLONE_NEWNET))
		return -errno;
	err = no_ipv6("/proc/sys/net/ipv6/conf/default/disable_ipv6");
	return err ? err : no_ipv6("/proc/sys/net/ipv6/conf/all/disable_ipv6");
}

int world_new(struct world **ret)
{
	struct world *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->skel = vnet_bpf__open_and_load();
	if (!w->skel) {
		err = -errno;
		free(w);
		return err;
	}
	*ret = w;
	return 0;
}

void world_free(struct world *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->device_count; i++)
		close(w->devices[i].fd);
	vnet_bpf__destroy(w->skel);
	free(w);
}

int world_program(const struct world *w, enum model_program program)
{
	switch (program) {
	case MODEL_TX:
		return bpf_program__fd(w->skel->progs.vnet_tx);
	case MODEL_RX:
		return bpf_program__fd(w->skel->progs.vnet_rx);
	}
	return -EINVAL;
}

/* --- BPF_PROG_TEST_RUN --- */

static int verdict_of(uint32_t retval, enum model_verdict *ret)
{
	switch ((int)retval) {
	case TC_ACT_UNSPEC:
		*ret = MODEL_PASS;
		return 0;
	case TC_ACT_SHOT:
		*ret = MODEL_DROP;
		return 0;
	case TC_ACT_REDIRECT:
		*ret = MODEL_REDIRECT;
		return 0;
	}
	return -EPROTO;
}

int world_test_run(struct world *w, enum model_program program, uint32_t ifindex,
		   const struct model_frame *in, struct world_seen *ret)
{
	struct __sk_buff before = { .ifindex = ifindex,
				    .gso_segs = in->segments,
				    .gso_size = in->segments ? 1448 : 0 };
	struct __sk_buff after = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in->bytes, .data_size_in = (uint32_t)in->len,
		    .data_out = ret->frame.bytes, .data_size_out = sizeof(ret->frame.bytes),
		    .ctx_in = &before, .ctx_size_in = sizeof(before), .ctx_out = &after,
		    .ctx_size_out = sizeof(after));
	struct world_counts start;
	int err = world_count(w, &start);

	if (err)
		return err;
	err = bpf_prog_test_run_opts(world_program(w, program), &run);
	if (err)
		return err;
	err = verdict_of(run.retval, &ret->verdict);
	if (err)
		return err;
	ret->egress = ret->verdict == MODEL_REDIRECT ? after.cb[0] : 0;
	ret->frame.len = run.data_size_out;
	ret->frame.tag = (struct model_tag) { 0 };
	ret->frame.segments = after.gso_segs;
	return world_counted_since(w, &start, &ret->counted);
}

/* --- the wire --- */

static int attach(const struct world *w, enum model_program program, uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = world_program(w, program), .handle = 1,
		    .priority = 1, .flags = BPF_TC_F_REPLACE);

	return bpf_tc_attach(&hook, &opts);
}

/* The frame that is waiting at @d. Returns its length, 0: none. */
static ssize_t take(const struct world_device *d, struct model_frame *ret)
{
	ssize_t len = read(d->fd, ret->bytes, sizeof(ret->bytes));

	if (len < 0)
		return errno == EAGAIN ? 0 : -errno;
	ret->len = (size_t)len;
	ret->tag = (struct model_tag) { 0 };
	ret->segments = 0;
	return len;
}

/* Whatever is still waiting belongs to no one. */
static int drain(struct world *w)
{
	ssize_t len;

	for (size_t i = 0; i < w->device_count; i++)
		while ((len = take(&w->devices[i], &w->scratch)))
			if (len < 0)
				return (int)len;
	return 0;
}

/* Takes what came out of the devices into @ret; -EPROTO if it is more than one frame. */
static int collect(struct world *w, struct world_seen *ret)
{
	ssize_t len;

	for (size_t i = 0; i < w->device_count; i++) {
		struct model_frame *to = ret->egress ? &w->scratch : &ret->frame;

		while ((len = take(&w->devices[i], to))) {
			if (len < 0)
				return (int)len;
			if (ret->egress)
				return -EPROTO;
			ret->egress = w->devices[i].ifindex;
			to = &w->scratch;
		}
	}
	return 0;
}

static bool any_carried(const struct world_counts *counted)
{
	for (size_t i = 0; i < MODEL_RESOURCES_MAX; i++)
		if (counted->resources[i].tx_packets || counted->resources[i].rx_packets)
			return true;
	return false;
}

static bool any_dropped(const struct world_counts *counted)
{
	for (size_t i = 0; i < MODEL_VNETS_MAX; i++)
		for (size_t why = 0; why < ABI_DROP_END; why++)
			if (counted->vnets[i].count[why])
				return true;
	return false;
}

/* A frame that was counted as carried may still be on its way through the queues. */
static int wait_for_frame(const struct world *w)
{
	struct pollfd fds[WORLD_DEVICES_MAX];
	int ready;

	for (size_t i = 0; i < w->device_count; i++)
		fds[i] = (struct pollfd) { .fd = w->devices[i].fd, .events = POLLIN };
	do {
		ready = poll(fds, w->device_count, WIRE_TIMEOUT_MS);
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

	if (!d)
		return -ENODEV;
	err = attach(w, program, ifindex);
	if (!err)
		err = drain(w);
	if (!err)
		err = world_count(w, &start);
	if (err)
		return err;

	/* The hook runs within this call. */
	if (write(d->fd, in->bytes, in->len) != (ssize_t)in->len)
		return -errno;
	err = world_counted_since(w, &start, &ret->counted);
	if (!err && any_carried(&ret->counted))
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
