// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long one program takes for a frame: BPF_PROG_TEST_RUN, by the kernel's own clock.
 *
 * The same frame again and again shows the program with everything in the first cache. To vary the
 * destination, a program of ours writes it and goes on with the one that is measured by a tail
 * call; what that costs by itself is measured in the same way, with `nothing_tc` or `nothing_xdp`.
 */
#include <linux/pkt_cls.h>

#include "frames_tool.h"

#define TIME_RUNS     12 /* the middle half of them counts, so an interruption does not */
#define TIME_DEVICES  4096
#define TIME_LINE_MAX 256

struct target {
	char dev[IF_NAMESIZE];
	uint32_t ifindex;
	uint8_t frame[FRAMES_LEN];
};

struct timing {
	int program; /* what is run: the one that is measured, or who varies frames for it */
	enum bpf_prog_type type;
	bool verdict_matters;
	struct target *targets;
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
static int program_get(const struct frames_options *o, struct frames_bpf **ret_keep)
{
	struct frames_options with = *o;
	int fd;

	if (strchr(o->program, '/')) {
		fd = bpf_obj_get(o->program);
		if (fd < 0)
			err(COMMON_FAILED, "%s", o->program);
		return fd;
	}
	if (o->to)
		with.config.out = (uint32_t)common_ifindex(o->to);
	*ret_keep = frames_load(&with, o->program, false);
	if (o->to)
		frames_set_out(*ret_keep, o->to);
	return bpf_program__fd(frames_program(*ret_keep, o->program));
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
	errx(COMMON_FAILED, "%s cannot be called from %s", o->program, name);
}

/* Returns nanoseconds a frame. */
static double run(const struct timing *t, const struct target *target)
{
	struct __sk_buff skb = { .ifindex = target->ifindex };
	struct xdp_md xdp = {
		.data_end = FRAMES_LEN,
		.ingress_ifindex = target->ifindex,
	};
	bool is_xdp = t->type == BPF_PROG_TYPE_XDP;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = target->frame, .data_size_in = FRAMES_LEN,
		    .repeat = (int)t->repeat, .ctx_in = is_xdp ? (void *)&xdp : (void *)&skb,
		    .ctx_size_in = is_xdp ? sizeof(xdp) : sizeof(skb));
	int r = bpf_prog_test_run_opts(t->program, &opts);

	if (r)
		errx(COMMON_FAILED, "%s: the program cannot be run: %s", target->dev, strerror(-r));
	if (t->verdict_matters && opts.retval != (is_xdp ? XDP_REDIRECT : TC_ACT_REDIRECT))
		errx(COMMON_FAILED, "%s: the program's verdict is %u, expected a redirect",
		     target->dev, opts.retval);
	return opts.duration;
}

static double run_all(const struct timing *t)
{
	double sum = 0;

	for (size_t i = 0; i < t->count; i++)
		sum += run(t, &t->targets[i]);
	return sum / (double)t->count;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double middle(const struct timing *t)
{
	double runs[TIME_RUNS], sum = 0;

	run_all(t); /* warms up */
	for (int i = 0; i < TIME_RUNS; i++)
		runs[i] = run_all(t);
	qsort(runs, TIME_RUNS, sizeof(runs[0]), by_value);
	for (int i = TIME_RUNS / 4; i < TIME_RUNS * 3 / 4; i++)
		sum += runs[i];
	return sum * 2 / TIME_RUNS;
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
	struct target *targets = calloc(TIME_DEVICES, sizeof(*targets));
	struct frames_bpf *program = NULL, *varied = NULL;
	struct timing t = { .targets = targets, .count = 1, .repeat = o->repeat };

	if (!targets)
		err(COMMON_FAILED, "memory");
	t.program = program_get(o, &program);
	t.type = program_type(t.program);
	t.verdict_matters = strncmp(o->program, "nothing", strlen("nothing")) != 0;
	if (o->targets)
		t.count = targets_read(o->targets, targets);
	else
		target_set(targets, o->dev, o->dst, o->src);
	if (!t.count)
		errx(COMMON_USAGE, "%s: no target", o->targets);
	if (o->config.choice != FRAMES_SAME) {
		bool xdp = t.type == BPF_PROG_TYPE_XDP;

		varied = vary(o, t.program, xdp);
		t.program = bpf_program__fd(xdp ? varied->progs.vary_xdp : varied->progs.vary_tc);
	}
	printf("{\"ns\":%.2f}\n", middle(&t));
	frames_bpf__destroy(varied);
	frames_bpf__destroy(program);
	free(targets);
	return 0;
}
