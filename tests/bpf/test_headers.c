// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reader of headers, by TC and by XDP, in one buffer and in several: packets written as bytes,
 * and what is to be found in them.
 */
#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "tests/bpf/headers.skel.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define EXIT_SKIPPED  77
#define ETHERNET      14
#define FRAME_MAX     512
#define LINEAR	      14 /* bytes in the first buffer of several */

/* As in bpf/headers.h, which a test of ours cannot include: written down a second time. */
enum kind { OTHER, IPV4, IPV6, ARP };
enum flag { PORTS = 1, FRAGMENT = 2, LATER = 4, BAD = 8, TARGET = 16 };

struct found {
	uint8_t src[16], dst[16], target[16];
	uint32_t id;
	uint16_t sport, dport;
	uint8_t kind, flags, proto, ds, nd, pad[3];
};

_Static_assert(sizeof(struct found) == sizeof(((struct headers_bpf__bss *)NULL)->found), "found");

#define V4(last)                                                                                   \
	{                                                                                          \
		[10] = 0xff, [11] = 0xff, 10, 0, 0, (last)                                         \
	}
#define V6(last)                                                                                   \
	{                                                                                          \
		0xfd, [15] = (last)                                                                \
	}
#define V4_FROM_TO .src = V4(1), .dst = V4(2)
#define V6_FROM_TO .src = V6(1), .dst = V6(2)

/* Pieces of packets: an IPv4 header from its third word on, an IPv6 header's addresses. */
#define A4 "0a000001 0a000002 "
#define A6 "fd000000 00000000 00000000 00000001 fd000000 00000000 00000000 00000002 "
#define T6 "fd000000 00000000 00000000 00000009 "

static const struct packet {
	const char *name;
	uint16_t type;
	const char *bytes; /* of the network header and what follows */
	struct found want;
} packets[] = {
	{ "IPv4, TCP",
	  0x0800,
	  "45b8001c 00010000 40060000 " A4 "00500400 00000000",
	  { V4_FROM_TO, .sport = 80, .dport = 1024, .kind = IPV4, .flags = PORTS, .proto = 6,
	    .ds = 0xb8 } },
	{ "IPv4, UDP",
	  0x0800,
	  "4500001c 00010000 40110000 " A4 "ffff0001 00080000",
	  { V4_FROM_TO, .sport = 65535, .dport = 1, .kind = IPV4, .flags = PORTS, .proto = 17 } },
	{ "IPv4, SCTP",
	  0x0800,
	  "4500001c 00010000 40840000 " A4 "00010002 00000000",
	  { V4_FROM_TO, .sport = 1, .dport = 2, .kind = IPV4, .flags = PORTS, .proto = 132 } },
	{ "IPv4, DCCP",
	  0x0800,
	  "4500001c 00010000 40210000 " A4 "00010002 00000000",
	  { V4_FROM_TO, .sport = 1, .dport = 2, .kind = IPV4, .flags = PORTS, .proto = 33 } },
	{ "IPv4, UDP-Lite",
	  0x0800,
	  "4500001c 00010000 40880000 " A4 "00010002 00000000",
	  { V4_FROM_TO, .sport = 1, .dport = 2, .kind = IPV4, .flags = PORTS, .proto = 136 } },
	{ "IPv4, ICMP has no ports",
	  0x0800,
	  "4500001c 00010000 40010000 " A4 "08000000 00000000",
	  { V4_FROM_TO, .kind = IPV4, .proto = 1 } },
	{ "IPv4, ICMPv6 in it is nobody's neighbour",
	  0x0800,
	  "45000034 00010000 403a0000 " A4 "87000000 00000000 " T6,
	  { V4_FROM_TO, .kind = IPV4, .proto = 58 } },
	{ "IPv4 with options",
	  0x0800,
	  "46000020 00010000 40060000 " A4 "01010101 00500400 00000000",
	  { V4_FROM_TO, .sport = 80, .dport = 1024, .kind = IPV4, .flags = PORTS, .proto = 6 } },
	{ "IPv4, not to be cut",
	  0x0800,
	  "4500001c 00014000 40060000 " A4 "00500400 00000000",
	  { V4_FROM_TO, .sport = 80, .dport = 1024, .kind = IPV4, .flags = PORTS, .proto = 6 } },
	{ "IPv4, first fragment",
	  0x0800,
	  "4500001c 12342000 40110000 " A4 "00500400 00000000",
	  { V4_FROM_TO, .id = 0x1234, .sport = 80, .dport = 1024, .kind = IPV4,
	    .flags = PORTS | FRAGMENT, .proto = 17 } },
	{ "IPv4, later fragment",
	  0x0800,
	  "4500001c 12342001 40110000 " A4 "00500400 00000000",
	  { V4_FROM_TO, .id = 0x1234, .kind = IPV4, .flags = FRAGMENT | LATER, .proto = 17 } },
	{ "IPv4, last fragment",
	  0x0800,
	  "4500001c 12340001 40110000 " A4 "00500400 00000000",
	  { V4_FROM_TO, .id = 0x1234, .kind = IPV4, .flags = FRAGMENT | LATER, .proto = 17 } },
	{ "IPv4, padding is no port",
	  0x0800,
	  "45000014 00010000 40060000 " A4 "00500400 00000000",
	  { V4_FROM_TO, .kind = IPV4, .flags = BAD, .proto = 6 } },
	{ "IPv4, half of the ports",
	  0x0800,
	  "45000016 00010000 40060000 " A4 "0050",
	  { V4_FROM_TO, .kind = IPV4, .flags = BAD, .proto = 6 } },
	{ "IPv4, longer than its length can say",
	  0x0800,
	  "45000000 00010000 40060000 " A4 "00500400 00000000",
	  { V4_FROM_TO, .sport = 80, .dport = 1024, .kind = IPV4, .flags = PORTS, .proto = 6 } },
	{ "IPv4, too short", 0x0800, "4500001c 00010000 40060000 0a000001", { .flags = BAD } },
	{ "IPv4 that says 5",
	  0x0800,
	  "5500001c 00010000 40060000 " A4 "00500400 00000000",
	  { .flags = BAD } },
	{ "IPv4, header of 16 bytes",
	  0x0800,
	  "4400001c 00010000 40060000 " A4 "00500400 00000000",
	  { .flags = BAD } },
	{ "IPv6, TCP",
	  0x86dd,
	  "6b800000 00080640 " A6 "00500400 00000000",
	  { V6_FROM_TO, .sport = 80, .dport = 1024, .kind = IPV6, .flags = PORTS, .proto = 6,
	    .ds = 0xb8 } },
	{ "IPv6, no length",
	  0x86dd,
	  "60000000 00000640 " A6 "00500400 00000000",
	  { V6_FROM_TO, .sport = 80, .dport = 1024, .kind = IPV6, .flags = PORTS, .proto = 6 } },
	{ "IPv6, padding is no port",
	  0x86dd,
	  "60000000 00030640 " A6 "00500400 00000000",
	  { V6_FROM_TO, .kind = IPV6, .flags = BAD, .proto = 6 } },
	{ "IPv6, ESP has no ports",
	  0x86dd,
	  "60000000 00083240 " A6 "00500400 00000000",
	  { V6_FROM_TO, .kind = IPV6, .proto = 50 } },
	{ "IPv6, nothing in it",
	  0x86dd,
	  "60000000 00003b40 " A6,
	  { V6_FROM_TO, .kind = IPV6, .proto = 59 } },
	{ "IPv6, too short", 0x86dd, "60000000 00080640 fd000000", { .flags = BAD } },
	{ "IPv6 that says 4",
	  0x86dd,
	  "40000000 00080640 " A6 "00500400 00000000",
	  { .flags = BAD } },
	{ "IPv6, all extensions",
	  0x86dd,
	  "60000000 00500040 " A6
	  "3c000000 00000000 2b010000 00000000 00000000 00000000 33000000 00000000 "
	  "87010000 00000000 00000000 8b000000 00000000 8c000000 00000000 2c000000 00000000 "
	  "06000000 00000000 00500400 00000000",
	  { V6_FROM_TO, .sport = 80, .dport = 1024, .kind = IPV6, .flags = PORTS, .proto = 6 } },
	{ "IPv6, eight extensions",
	  0x86dd,
	  "60000000 00483c40 " A6
	  "3c000000 00000000 3c000000 00000000 3c000000 00000000 3c000000 00000000 "
	  "3c000000 00000000 3c000000 00000000 3c000000 00000000 11000000 00000000 00500400 "
	  "00000000",
	  { V6_FROM_TO, .sport = 80, .dport = 1024, .kind = IPV6, .flags = PORTS, .proto = 17 } },
	{ "IPv6, nine extensions",
	  0x86dd,
	  "60000000 00503c40 " A6
	  "3c000000 00000000 3c000000 00000000 3c000000 00000000 3c000000 00000000 "
	  "3c000000 00000000 3c000000 00000000 3c000000 00000000 3c000000 00000000 11000000 "
	  "00000000 00500400 00000000",
	  { V6_FROM_TO, .kind = IPV6, .flags = BAD, .proto = 60 } },
	{ "IPv6, an extension that ends too early",
	  0x86dd,
	  "60000000 00043c40 " A6 "06000000 00000000 00500400",
	  { V6_FROM_TO, .kind = IPV6, .flags = BAD, .proto = 60 } },
	{ "IPv6, an extension beyond the end",
	  0x86dd,
	  "60000000 00103c40 " A6 "06ff0000 00000000 00500400 00000000",
	  { V6_FROM_TO, .kind = IPV6, .flags = BAD, .proto = 6 } },
	{ "IPv6, first fragment",
	  0x86dd,
	  "60000000 00102c40 " A6 "11000001 12345678 00500400 00000000",
	  { V6_FROM_TO, .id = 0x12345678, .sport = 80, .dport = 1024, .kind = IPV6,
	    .flags = PORTS | FRAGMENT, .proto = 17 } },
	{ "IPv6, later fragment",
	  0x86dd,
	  "60000000 00102c40 " A6 "11000009 12345678 00500400 00000000",
	  { V6_FROM_TO, .id = 0x12345678, .kind = IPV6, .flags = FRAGMENT | LATER, .proto = 17 } },
	{ "IPv6, later fragment of an extension",
	  0x86dd,
	  "60000000 00102c40 " A6 "3c000008 12345678 11000000 00000000",
	  { V6_FROM_TO, .id = 0x12345678, .kind = IPV6, .flags = FRAGMENT | LATER, .proto = 60 } },
	{ "IPv6, the only fragment",
	  0x86dd,
	  "60000000 00102c40 " A6 "11000006 12345678 00500400 00000000",
	  { V6_FROM_TO, .sport = 80, .dport = 1024, .kind = IPV6, .flags = PORTS, .proto = 17 } },
	{ "IPv6, a fragment in a fragment",
	  0x86dd,
	  "60000000 00182c40 " A6 "2c000001 12345678 11000001 00000007 00500400 00000000",
	  { V6_FROM_TO, .id = 7, .kind = IPV6, .flags = FRAGMENT | BAD, .proto = 17 } },
	{ "ND solicitation",
	  0x86dd,
	  "60000000 00183aff " A6 "87000000 00000000 " T6,
	  { V6_FROM_TO, .target = V6(9), .kind = IPV6, .flags = TARGET, .proto = 58, .nd = 135 } },
	{ "ND advertisement",
	  0x86dd,
	  "60000000 00183aff " A6 "88000000 00000000 " T6,
	  { V6_FROM_TO, .target = V6(9), .kind = IPV6, .flags = TARGET, .proto = 58, .nd = 136 } },
	{ "ND without its target",
	  0x86dd,
	  "60000000 00083aff " A6 "87000000 00000000",
	  { V6_FROM_TO, .kind = IPV6, .proto = 58 } },
	{ "ND in fragments",
	  0x86dd,
	  "60000000 00202c40 " A6 "3a000001 12345678 87000000 00000000 " T6,
	  { V6_FROM_TO, .id = 0x12345678, .kind = IPV6, .flags = FRAGMENT, .proto = 58 } },
	{ "a router's solicitation names nobody",
	  0x86dd,
	  "60000000 00183aff " A6 "85000000 00000000 " T6,
	  { V6_FROM_TO, .kind = IPV6, .proto = 58 } },
	{ "ARP",
	  0x0806,
	  "00010800 06040001 02000000 00110a00 00010000 00000000 0a000002",
	  { V4_FROM_TO, .kind = ARP } },
	{ "ARP of another hardware",
	  0x0806,
	  "00060800 06040001 02000000 00110a00 00010000 00000000 0a000002",
	  { .kind = OTHER } },
	{ "ARP for another protocol",
	  0x0806,
	  "000186dd 06040001 02000000 00110a00 00010000 00000000 0a000002",
	  { .kind = OTHER } },
	{ "ARP, long addresses",
	  0x0806,
	  "00010800 08040001 02000000 00110a00 00010000 00000000 0a000002",
	  { .kind = OTHER } },
	{ "ARP, too short",
	  0x0806,
	  "00010800 06040001 02000000 00110a00 00010000 00000000 0a00",
	  { .kind = OTHER } },
	{ "something else",
	  0x88b5,
	  "4500001c 00010000 40060000 " A4 "00500400 00000000",
	  { .kind = OTHER } },
};

static struct headers_bpf *skel;

static size_t read_hex(const char *text, uint8_t *to)
{
	unsigned int byte;
	size_t count = 0;

	while (*text) {
		if (*text == ' ') {
			text++;
			continue;
		}
		ck_assert_int_eq(sscanf(text, "%2x", &byte), 1);
		to[count++] = (uint8_t)byte;
		text += 2;
	}
	return count;
}

static size_t build(const struct packet *p, size_t at, uint8_t *frame)
{
	memset(frame, 0, at);
	frame[at - 2] = (uint8_t)(p->type >> 8);
	frame[at - 1] = (uint8_t)p->type;
	return at + read_hex(p->bytes, frame + at);
}

static void compare(const struct packet *p, const char *who)
{
	struct found got;

	memcpy(&got, &skel->bss->found, sizeof(got));
	ck_assert_msg(memcmp(&got, &p->want, sizeof(got)) == 0,
		      "%s, %s: kind %u flags %#x proto %u ds %#x id %#x ports %u %u nd %u", p->name,
		      who, got.kind, got.flags, got.proto, got.ds, got.id, got.sport, got.dport,
		      got.nd);
}

/* @linear: bytes in the first buffer; 0: there is but one. False: the kernel takes no such frame.
 */
static bool run(struct bpf_program *program, uint8_t *frame, size_t len, size_t linear)
{
	struct xdp_md context = { .data_end = (uint32_t)linear };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (uint32_t)len);
	int err;

	if (linear) {
		opts.ctx_in = &context;
		opts.ctx_size_in = sizeof(context);
	}
	memset(&skel->bss->found, 0x55, sizeof(skel->bss->found));
	err = bpf_prog_test_run_opts(bpf_program__fd(program), &opts);
	ck_assert_msg(!err || err == -EINVAL, "the test run failed: %s", strerror(-err));
	return !err;
}

/* A short IP packet is taken in no skb; XDP has to show it. */
static void check_packet(const struct packet *p, size_t at)
{
	uint8_t frame[FRAME_MAX];
	size_t len = build(p, at, frame);

	skel->bss->proto_at = (uint32_t)at << 16 | p->type;
	if (run(skel->progs.read_tc, frame, len, 0))
		compare(p, "TC");
	ck_assert(run(skel->progs.read_xdp, frame, len, 0));
	compare(p, "XDP");
	if (run(skel->progs.read_xdp, frame, len, LINEAR))
		compare(p, "XDP in several buffers");
}

START_TEST(behind_the_ethernet_header)
{
	check_packet(&packets[_i], ETHERNET);
}
END_TEST

START_TEST(behind_a_tag)
{
	check_packet(&packets[_i], ETHERNET + 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("headers");
	TCase *tc = tcase_create("packets");
	SRunner *runner;
	int failed;

	skel = headers_bpf__open_and_load();
	if (!skel && errno == EPERM) {
		printf("skipped: loading programs needs root\n");
		return EXIT_SKIPPED;
	}
	if (!skel)
		return EXIT_FAILURE;
	tcase_add_loop_test(tc, behind_the_ethernet_header, 0, ARRAY_SIZE(packets));
	tcase_add_loop_test(tc, behind_a_tag, 0, ARRAY_SIZE(packets));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	headers_bpf__destroy(skel);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
