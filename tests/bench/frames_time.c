// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long one program takes for a frame: BPF_PROG_TEST_RUN, by the kernel's own clock. It runs in
 * turns, a millisecond or two each, with another one that it is set against; the difference is
 * taken turn by turn, so that a processor that is slower for a while is so for both.
 *
 * The same frame again and again shows the program with everything in the first cache. To vary the
 * destination, a program of ours writes it and goes on with the one that is measured by a tail
 * call; what that costs by itself cancels out if the other one is called in the same way.
 */

#include <linux/pkt_cls.h>

#include "frames_tool.h"

#define TIME_TURNS    25
#define TIME_DEVICES  4096
#define TIME_LINE_MAX 256

struct target {
	char dev[IF_NAMESIZE];
	uint32_t ifindex;
	uint8_t frame[FRAMES_LEN];
};

struct timing {
	const char *name;
	int program; /* what is run: the one that is measured, or who varies frames for it */
	enum bpf_prog_type type;
	struct frames_bpf *own, *varied; /* what `program` belongs to; NULL: not ours, not varied */
	double ns[TIME_TURNS];
};

struct targets {
	struct target *all;
	size_t count;
	uint32_t repeat;
};

static enum bpf_prog_type program_type(int fd)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		err(COMMON_FAILED, "program");
	return (enum bpf_prog_type)info.type;
}

/* A program of vnetd's by the path of its pin, or one of ours by name. */
static int program_get(const struct frames_options *o, const char *name,
		       struct frames_bpf **ret_own)
{
	struct frames_options with = *o;
	int fd;

	if (strchr(name, '/')) {
		fd = bpf_obj_get(name);
		if (fd < 0)
			err(COMMON_FAILED, "%s", name);
		return fd;
	}
	if (o->to)
		with.config.out = (uint32_t)common_ifindex(o->to);
	*ret_own = frames_load(&with, name, false);
	if (o->to)
		frames_set_out(*ret_own, o->to);
	return bpf_program__fd(frames_program(*ret_own, name));
}

/* Who varies frames for @program. */
static struct frames_bpf *vary(const struct frames_options *o, int program, bool xdp)
{
	const char *name = xdp ? "vary_xdp" : "vary_tc";
	struct frames_bpf *b;
	uint32_t key = 0;

	for (int frags = 0; frags <= xdp; frags++) {
		b = frames_load(o, name, frags);
		if (!bpf_map_update_elem(bpf_map__fd(xdp ? b->maps.next_xdp : b->maps.next_tc),
					 &key, &program, BPF_ANY))
			return b;
		frames_bpf__destroy(b);
	}
	errx(COMMON_FAILED, "%s cannot be called from %s", "the program", name);
}

static void timing_init(struct timing *t, const struct frames_options *o, const char *name)
{
	bool xdp;

	*t = (struct timing) { .name = name };
	t->program = program_get(o, name, &t->own);
	t->type = program_type(t->program);
	if (o->config.choice == FRAMES_SAME)
		return;
	xdp = t->type == BPF_PROG_TYPE_XDP;
	t->varied = vary(o, t->program, xdp);
	t->program = bpf_program__fd(xdp ? t->varied->progs.vary_xdp : t->varied->progs.vary_tc);
}

static void timing_done(struct timing *t)
{
	frames_bpf__destroy(t->varied);
	frames_bpf__destroy(t->own);
}

/* Returns nanoseconds a frame. */
static double run(const struct timing *t, const struct target *target, uint32_t repeat)
{
	struct __sk_buff skb = { .ifindex = target->ifindex };
	struct xdp_md xdp = { .data_end = FRAMES_LEN, .ingress_ifindex = target->ifindex };
	bool is_xdp = t->type == BPF_PROG_TYPE_XDP;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = target->frame, .data_size_in = FRAMES_LEN,
		    .repeat = (int)repeat, .ctx_in = is_xdp ? (void *)&xdp : (void *)&skb,
		    .ctx_size_in = is_xdp ? sizeof(xdp) : sizeof(skb));
	int r = bpf_prog_test_run_opts(t->program, &opts);

	if (r)
		errx(COMMON_FAILED, "%s: %s cannot be run: %s", target->dev, t->name, strerror(-r));
	if (strncmp(t->name, "nothing", strlen("nothing")) != 0 &&
	    opts.retval != (is_xdp ? XDP_REDIRECT : TC_ACT_REDIRECT))
		errx(COMMON_FAILED, "%s: the verdict of %s is %u, expected a redirect", target->dev,
		     t->name, opts.retval);
	return opts.duration;
}

static double run_all(const struct timing *t, const struct targets *targets)
{
	double sum = 0;

	for (size_t i = 0; i < targets->count; i++)
		sum += run(t, &targets->all[i], targets->repeat);
	return sum / (double)targets->count;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The kernel tells whole nanoseconds: the mean of the middle half is finer than the median. */
static double middle(double *values)
{
	const int from = TIME_TURNS / 4, to = TIME_TURNS - from;
	double sum = 0;

	qsort(values, TIME_TURNS, sizeof(*values), by_value);
	for (int i = from; i < to; i++)
		sum += values[i];
	return sum / (to - from);
}

static void in_turns(struct timing *t, struct timing *against, const struct targets *targets)
{
	double over[TIME_TURNS];

	run_all(t, targets); /* warms up */
	run_all(against, targets);
	for (int i = 0; i < TIME_TURNS; i++) {
		t->ns[i] = run_all(t, targets);
		against->ns[i] = run_all(against, targets);
		over[i] = t->ns[i] - against->ns[i];
	}
	printf("{\"ns\":%.2f,\"against\":%.2f,\"over\":%.2f}\n", middle(t->ns), middle(against->ns),
	       middle(over));
}

static void target_set(struct target *t, const char *dev, const uint8_t *dst, const uint8_t *src)
{
	if (snprintf(t->dev, sizeof(t->dev), "%s", dev) >= (int)sizeof(t->dev))
		errx(COMMON_USAGE, "%s: too long", dev);
	t->ifindex = (uint32_t)common_ifindex(dev);
	frames_build(dst, src, t->frame);
}

/* A file of lines "DEV DST SRC". */
static size_t targets_read(const char *path, struct target *targets)
{
	char line[TIME_LINE_MAX], dev[IF_NAMESIZE], dst[32], src[32];
	uint8_t d[COMMON_MAC_LEN], s[COMMON_MAC_LEN];
	FILE *f = fopen(path, "re");
	size_t count = 0;

	if (!f)
		err(COMMON_FAILED, "%s", path);
	while (fgets(line, sizeof(line), f)) {
		if (count == TIME_DEVICES || sscanf(line, "%15s %31s %31s", dev, dst, src) != 3)
			errx(COMMON_USAGE, "%s:%zu: expected DEV DST SRC, at most %d lines", path,
			     count + 1, TIME_DEVICES);
		common_mac("destination", dst, d);
		common_mac("source", src, s);
		target_set(&targets[count++], dev, d, s);
	}
	fclose(f);
	return count;
}

int frames_time(const struct frames_options *o)
{
	struct targets targets = { .count = 1, .repeat = o->repeat };
	struct timing t, against;

	targets.all = calloc(TIME_DEVICES, sizeof(*targets.all));
	if (!targets.all)
		err(COMMON_FAILED, "memory");
	if (o->targets)
		targets.count = targets_read(o->targets, targets.all);
	else
		target_set(targets.all, o->dev, o->dst, o->src);
	if (!targets.count)
		errx(COMMON_USAGE, "%s: no target", o->targets);
	timing_init(&t, o, o->program);
	timing_init(&against, o, o->against);
	in_turns(&t, &against, &targets);
	timing_done(&against);
	timing_done(&t);
	free(targets.all);
	return 0;
}
