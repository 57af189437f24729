// SPDX-License-Identifier: GPL-2.0-or-later
/* The programs of frames.bpf.c into the kernel, and to a device. */
#include <arpa/inet.h>
#include <linux/if_link.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

#include "frames_tool.h"

struct bpf_program *frames_program(const struct frames_bpf *b, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(b->obj, name);

	if (!program)
		errx(COMMON_USAGE, "%s is not one of the programs", name);
	return program;
}

static void pin_arrived(struct frames_bpf *b, const char *folder)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/arrived", folder) >= (int)sizeof(path))
		errx(COMMON_USAGE, "%s: too long", folder);
	if (bpf_map__set_pin_path(b->maps.arrived, path))
		err(COMMON_FAILED, "%s", path);
}

struct frames_bpf *frames_load(const struct frames_options *o, const char *name, bool frags)
{
	struct frames_bpf *b = frames_bpf__open();
	struct bpf_program *program;

	if (!b)
		err(COMMON_FAILED, "the programs");
	bpf_object__for_each_program(program, b->obj) bpf_program__set_autoload(program, false);
	program = frames_program(b, name);
	bpf_program__set_autoload(program, true);
	if (frags)
		bpf_program__set_flags(program, BPF_F_XDP_HAS_FRAGS);
	memcpy((void *)&b->rodata->config, &o->config, sizeof(o->config));
	if (o->pin)
		pin_arrived(b, o->pin);
	if (frames_bpf__load(b))
		err(COMMON_FAILED, "program %s cannot be loaded", name);
	return b;
}

void frames_set_out(const struct frames_bpf *b, const char *dev)
{
	uint32_t key = 0, ifindex = (uint32_t)common_ifindex(dev);

	if (bpf_map_update_elem(bpf_map__fd(b->maps.out), &key, &ifindex, BPF_ANY))
		err(COMMON_FAILED, "redirect to %s", dev);
}

uint64_t frames_arrived(const struct frames_bpf *b)
{
	int count = libbpf_num_possible_cpus();
	uint64_t *cpus, sum = 0;
	uint32_t key = 0;

	if (count <= 0)
		errx(COMMON_FAILED, "number of processors");
	cpus = calloc((size_t)count, sizeof(*cpus));
	if (!cpus)
		err(COMMON_FAILED, "memory");
	if (bpf_map_lookup_elem(bpf_map__fd(b->maps.arrived), &key, cpus))
		err(COMMON_FAILED, "frames that arrived");
	for (int i = 0; i < count; i++)
		sum += cpus[i];
	free(cpus);
	return sum;
}

static uint16_t checksum(const void *data, size_t words)
{
	const uint16_t *p = data;
	uint32_t sum = 0;

	while (words--)
		sum += *p++;
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	return (uint16_t)~sum;
}

void frames_build(const uint8_t *dst, const uint8_t *src, uint8_t ret[FRAMES_LEN])
{
	const size_t ip_len = FRAMES_LEN - FRAMES_ETH_HLEN;
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons((uint16_t)ip_len),
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.saddr = htonl(0x0a000001),
		.daddr = htonl(0x0a000002),
	};
	const struct udphdr udp = {
		.source = htons(1000),
		.dest = htons(2000),
		.len = htons((uint16_t)(ip_len - sizeof(ip))),
	};

	memset(ret, 0, FRAMES_LEN);
	memcpy(ret, dst, COMMON_MAC_LEN);
	memcpy(ret + COMMON_MAC_LEN, src, COMMON_MAC_LEN);
	ret[12] = 0x08; /* IPv4 */
	ip.check = checksum(&ip, sizeof(ip) / 2);
	memcpy(ret + FRAMES_ETH_HLEN, &ip, sizeof(ip));
	memcpy(ret + FRAMES_ETH_HLEN + sizeof(ip), &udp, sizeof(udp));
}

/* At the ingress of @ifindex, for as long as the device lives. */
static void attach_tc(int program, int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program);
	int r = bpf_tc_hook_create(&hook);

	r = r && r != -EEXIST ? r : bpf_tc_attach(&hook, &opts);
	if (r)
		errx(COMMON_FAILED, "attach: %s", strerror(-r));
}

int frames_attach(const struct frames_options *o)
{
	struct frames_options with = *o;
	struct bpf_program *program;
	struct frames_bpf *b;
	int ifindex = common_ifindex(o->dev), r;

	if (o->to)
		with.config.out = (uint32_t)common_ifindex(o->to);
	b = frames_load(&with, o->program, false);
	program = frames_program(b, o->program);
	if (o->to)
		frames_set_out(b, o->to);
	if (bpf_program__type(program) == BPF_PROG_TYPE_SCHED_CLS) {
		attach_tc(bpf_program__fd(program), ifindex);
	} else {
		r = bpf_xdp_attach(ifindex, bpf_program__fd(program), XDP_FLAGS_DRV_MODE, NULL);
		if (r)
			errx(COMMON_FAILED, "attach to %s: %s", o->dev, strerror(-r));
	}
	frames_bpf__destroy(b);
	return 0;
}
