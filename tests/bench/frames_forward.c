// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames through real devices: BPF_PROG_TEST_RUN makes them in the kernel and the generator's
 * program redirects them into a veth, whose other end is the input of what is measured.
 *
 * Nothing is lost as long as all of it is on one CPU: the kernel makes a batch of 64 frames with
 * softirqs off, so the ring of the veth (256) takes all of them; when they are on again the poll of
 * the other end runs at once, and after it that of the sink's, before the next batch is made. So
 * what is measured is the whole cost of a frame, generator and sink (the same for all) included.
 *
 * The time is the kernel's own, of the batches alone: to get ready for a test run, it waits for
 * tens of milliseconds. What is still under way when it returns is waited for, and that time added.
 *
 * What forwards in a process of its own (Open vSwitch) has to have another CPU. It gets more than
 * it can take, and what counts is what has arrived; no frame that is lost ever counts.
 */
#include "frames_tool.h"

#define FORWARD_CALL 262144 /* frames in one system call */
#define LOST_NS	     20000000

struct forward {
	const struct frames_bpf *b;
	uint8_t frame[FRAMES_LEN];
	uint64_t before, offered, lost, time_ns;
	uint32_t batch;
};

/* Returns how long making them and what was done with them at once took. */
static uint64_t offer(struct forward *f, uint32_t count)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->frame, .data_size_in = FRAMES_LEN,
		    .repeat = (int)count, .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		    .batch_size = f->batch < count ? f->batch : count);
	int r = bpf_prog_test_run_opts(bpf_program__fd(f->b->progs.generate), &opts);

	if (r)
		errx(COMMON_FAILED, "frames cannot be made: %s", strerror(-r));
	f->offered += count;
	return (uint64_t)opts.duration * count + count / 2; /* it is a whole number, rounded down */
}

static uint64_t delivered(const struct forward *f)
{
	return frames_arrived(f->b) - f->before;
}

/*
 * Waits until all that were offered have arrived, or nothing has for a while: the rest is lost.
 * Returns how long it was until the last one came.
 */
static uint64_t settle(struct forward *f)
{
	uint64_t begin = common_now_ns(), progress = begin, last = delivered(f), now;

	while (last + f->lost < f->offered) {
		now = delivered(f);
		if (now != last)
			progress = common_now_ns();
		else if (common_now_ns() - progress > LOST_NS)
			f->lost = f->offered - now;
		last = now;
	}
	return progress - begin;
}

int frames_forward(const struct frames_options *o)
{
	struct frames_bpf *b = frames_load(o, "generate", false);
	struct forward f = { .b = b, .batch = o->batch };
	uint64_t begin;

	frames_set_out(b, o->dev);
	frames_build(o->dst, o->src, f.frame);
	offer(&f, FORWARD_CALL); /* warms up: caches, learned addresses */
	settle(&f);
	f = (struct forward) { .b = b, .batch = o->batch, .before = frames_arrived(b) };
	frames_build(o->dst, o->src, f.frame);

	begin = common_now_ns();
	do {
		f.time_ns += offer(&f, FORWARD_CALL);
		f.time_ns += settle(&f);
	} while (!common_stop && common_now_ns() - begin < o->duration_ns);
	printf("{\"offered\":%" PRIu64 ",\"delivered\":%" PRIu64 ",\"seconds\":%.9f}\n", f.offered,
	       delivered(&f), (double)f.time_ns / 1e9);
	frames_bpf__destroy(b);
	return f.offered > f.lost ? 0 : COMMON_FAILED;
}
