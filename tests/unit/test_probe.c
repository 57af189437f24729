/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes byte by byte, what is an answer to them and what is not, and both over a real socket. */
#include "../../daemon/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../daemon/frame.h"
#include "unit.h"

static const uint8_t own[MAC_LEN] = { 2, 0, 0, 0, 0, 1 };

/* By enum settings_probe_kind. */
static const struct settings_probe targets[] = {
	[SETTINGS_PROBE_IPV4] = { SETTINGS_PROBE_IPV4, { 192, 0, 2, 1 } },
	[SETTINGS_PROBE_IPV6] = { SETTINGS_PROBE_IPV6, { 0x20, 1, 0xd, 0xb8, [15] = 7 } },
	[SETTINGS_PROBE_MAC] = { SETTINGS_PROBE_MAC, { 2, 0, 0, 0, 0, 9 } },
};

static struct probe_ask ask_of(int kind)
{
	return (struct probe_ask) {
		.target = &targets[kind],
		.mac = own,
		.session = 0x0102030405060708,
		.number = 3,
		.interval_ms = 100,
		.heard_session = 5,
		.heard_number = 6,
	};
}

/* --- asked --- */

static void is_hex(const uint8_t *bytes, size_t length, const char *hex)
{
	char text[2 * PROBE_FRAME_SIZE + 1] = "";

	for (size_t i = 0; i < length; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	ck_assert_str_eq(text, hex);
}

static const char *const asked[] = {
	/* a request from nobody, filled up to 60 bytes */
	[SETTINGS_PROBE_IPV4] = "ffffffffffff0200000000010806"
				"0001080006040001020000000001000000000000000000"
				"00c0000201"
				"000000000000000000000000000000000000",
	/* from the link-local address to the group of the one that is asked for */
	[SETTINGS_PROBE_IPV6] = "3333ff00000702000000000186dd"
				"6000000000203aff"
				"fe800000000000000000"
				"00fffe000001"
				"ff0200000000000000000001ff000007"
				"87004c5500000000"
				"20010db8000000000000000000000007"
				"0101020000000001",
	[SETTINGS_PROBE_MAC] = "02000000000902000000000188b6"
			       "766e657401000000"
			       "00000064"
			       "01020304050607080000000000000003"
			       "000000000000000500000000000000060000",
};

START_TEST(asks)
{
	struct probe_ask ask = ask_of(_i);
	struct probe_frame f, tagged;

	probe_make(&ask, &f);
	is_hex(f.bytes, f.length, asked[_i]);
	ask.vlan = 10;
	probe_make(&ask, &tagged);
	is_hex(tagged.bytes + 2 * MAC_LEN, 4, "8100000a");
	ck_assert_int_eq(memcmp(tagged.bytes, f.bytes, 2 * MAC_LEN), 0);
	ck_assert_int_eq(memcmp(tagged.bytes + 16, f.bytes + 12, 40), 0);
}
END_TEST

START_TEST(asks_nobody)
{
	const struct settings_probe none = { .kind = SETTINGS_PROBE_NONE };
	const struct probe_ask ask = { .target = &none, .mac = own };
	struct kernel_frame answer = { .length = 60 };
	struct probe_answer said;
	struct kernel_filter filter;
	struct probe_frame f;

	probe_make(&ask, &f);
	ck_assert_uint_eq(f.length, 0);
	probe_filter(&ask, &filter);
	ck_assert_uint_eq(filter.count, 0);
	memcpy(answer.bytes, own, MAC_LEN);
	ck_assert(!probe_read(&ask, &answer, &said));
}
END_TEST

/* --- answered --- */

static const char *const answers[] = {
	[SETTINGS_PROBE_IPV4] = "0200000000010200000000090806"
				"0001080006040002020000000009c0000201"
				"02000000000100000000",
	[SETTINGS_PROBE_IPV6] = "02000000000102000000000986dd"
				"6000000000183aff"
				"20010db8000000000000000000000007"
				"fe8000000000000000"
				"00"
				"00fffe000001"
				"8800000060000000"
				"20010db8000000000000000000000007",
	[SETTINGS_PROBE_MAC] = "02000000000102000000000988b6"
			       "766e657401000000"
			       "000000c8"
			       "000000000000000b000000000000000c"
			       "01020304050607080000000000000003",
};

static void add_up(struct kernel_frame *f)
{
	uint32_t total = IPPROTO_ICMPV6 + 24;

	for (size_t i = 14 + 8; i < f->length; i += 2)
		total += (uint32_t)f->bytes[i] << 8 | f->bytes[i + 1];
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	f->bytes[14 + 42] = (uint8_t)(~total >> 8);
	f->bytes[14 + 43] = (uint8_t)~total;
}

static struct kernel_frame answer_of(int kind)
{
	struct kernel_frame f = { .length = strlen(answers[kind]) / 2 };
	unsigned int byte;

	for (size_t i = 0; i < f.length; i++) {
		ck_assert_int_eq(sscanf(answers[kind] + 2 * i, "%2x", &byte), 1);
		f.bytes[i] = (uint8_t)byte;
	}
	if (kind == SETTINGS_PROBE_IPV6)
		add_up(&f);
	return f;
}

START_TEST(reads_answers)
{
	struct kernel_frame f = answer_of(_i);
	struct probe_ask ask = ask_of(_i);
	struct probe_answer said = { .session = 99 };

	ck_assert(probe_read(&ask, &f, &said));
	if (_i != SETTINGS_PROBE_MAC) {
		ck_assert(!said.session && !said.number && !said.interval_ms);
	} else {
		ck_assert_uint_eq(said.session, 11);
		ck_assert_uint_eq(said.number, 12);
		ck_assert_uint_eq(said.interval_ms, 200);
		ck_assert_uint_eq(said.echo_session, ask.session);
		ck_assert_uint_eq(said.echo_number, ask.number);
	}
	/* With its tag, and with that alone. */
	f.vlan = 10;
	ck_assert(!probe_read(&ask, &f, &said));
	ask.vlan = 10;
	ck_assert(probe_read(&ask, &f, &said));
	f.vlan = 0;
	ck_assert(!probe_read(&ask, &f, &said));
}
END_TEST

/* An answer that is cut off anywhere is none, and leaves what was known as it was. */
START_TEST(reads_no_part)
{
	const struct kernel_frame whole = answer_of(_i);
	const struct probe_ask ask = ask_of(_i);
	struct probe_answer said = { .session = 99 };
	struct kernel_frame f = whole;

	for (f.length = 0; f.length < whole.length; f.length++)
		ck_assert_msg(!probe_read(&ask, &f, &said), "%zu bytes", f.length);
	ck_assert_uint_eq(said.session, 99);
}
END_TEST

/* Bytes of which each has to be as it is; the others are the neighbour's to choose. */
static bool counts(int kind, size_t at)
{
	switch (kind) {
	case SETTINGS_PROBE_IPV4:
		return !(at >= 6 && at < 12) && !(at >= 22 && at < 28) && at < 38;
	case SETTINGS_PROBE_IPV6: /* its checksum covers all behind the hop limit */
		return !(at >= 6 && at < 12) && !(at >= 14 && at < 18);
	default:
		return at < 19;
	}
}

START_TEST(reads_nothing_else)
{
	const struct kernel_frame good = answer_of(_i);
	const struct probe_ask ask = ask_of(_i);
	struct probe_answer said;

	for (size_t i = 0; i < good.length; i++) {
		struct kernel_frame f = good;

		f.bytes[i] ^= 0x82;
		ck_assert_msg(!counts(_i, i) || !probe_read(&ask, &f, &said), "byte %zu", i);
	}
}
END_TEST

/* An unasked advertisement, and one of another address, with checksums that are right. */
START_TEST(reads_no_other_advertisement)
{
	static const struct {
		size_t at;
		uint8_t is;
	} others[] = { { 14 + 44, 0x20 }, { 14 + 40, 135 }, { 14 + 41, 1 }, { 14 + 63, 8 } };
	const struct probe_ask ask = ask_of(SETTINGS_PROBE_IPV6);
	struct kernel_frame f = answer_of(SETTINGS_PROBE_IPV6);
	struct probe_answer said;

	f.bytes[others[_i].at] = others[_i].is;
	f.bytes[14 + 42] = f.bytes[14 + 43] = 0;
	add_up(&f);
	ck_assert(!probe_read(&ask, &f, &said));
}
END_TEST

/* --- over a socket --- */

static bool passes(const struct kernel_filter *filter, const struct kernel_frame *f)
{
	for (size_t i = 0; i < filter->count; i++)
		if (memcmp(f->bytes + filter->match[i].offset, filter->match[i].bytes,
			   filter->match[i].length) != 0)
			return false;
	return filter->count;
}

START_TEST(filters_as_it_reads)
{
	const struct kernel_frame f = answer_of(_i);
	const struct probe_ask ask = ask_of(_i);
	struct kernel_filter filter;

	probe_filter(&ask, &filter);
	ck_assert_uint_le(filter.count, KERNEL_MATCHES_MAX);
	ck_assert(passes(&filter, &f));
	for (int other = SETTINGS_PROBE_IPV4; other <= SETTINGS_PROBE_MAC; other++) {
		const struct kernel_frame g = answer_of(other);

		ck_assert_int_eq(passes(&filter, &g), other == _i);
	}
}
END_TEST

static int enter_namespace(void)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) && unshare(CLONE_NEWNET) ? -errno : 0;
}

/* The kernel may refuse that to a user. */
static bool may_enter_namespace(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(enter_namespace() != 0);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

/* A network namespace in which nothing but its loopback is, which brings what is sent back. */
static uint32_t loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	ck_assert_int_eq(enter_namespace(), 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
	return if_nametoindex("lo");
}

START_TEST(hears_what_the_filter_lets_pass)
{
	const uint32_t lo = loopback();
	const struct kernel_frame good = answer_of(_i);
	const struct probe_ask ask = ask_of(_i);
	struct kernel_filter filter;
	struct probe_answer said;
	struct kernel_frame got;
	int out = frame_open(), in;

	probe_filter(&ask, &filter);
	in = frame_listen(lo, &filter);
	ck_assert_int_ge(out, 0);
	ck_assert_int_ge(in, 0);
	ck_assert_int_eq(frame_hear(in, &got), -EAGAIN);
	for (int kind = SETTINGS_PROBE_IPV4; kind <= SETTINGS_PROBE_MAC; kind++) {
		const struct kernel_frame f = answer_of(kind);

		ck_assert_int_eq(frame_send(out, lo, f.bytes, f.length), 0);
	}
	ck_assert_int_eq(frame_hear(in, &got), 0);
	ck_assert_uint_eq(got.length, good.length);
	ck_assert_int_eq(memcmp(got.bytes, good.bytes, good.length), 0);
	ck_assert(probe_read(&ask, &got, &said));
	ck_assert_int_eq(frame_hear(in, &got), -EAGAIN);
	close(in);
	close(out);
}
END_TEST

/* fault 42: the kernel takes nothing from us that is shorter than a header. */
START_TEST(sends_whole_frames_alone)
{
	const uint32_t lo = loopback();
	const uint8_t bytes[14] = { 2 };
	int out = frame_open();

	ck_assert_int_ge(out, 0);
	for (size_t n = 0; n < sizeof(bytes); n++)
		ck_assert_int_eq(frame_send(out, lo, bytes, n), -EINVAL);
	ck_assert_int_eq(frame_send(out, lo, bytes, sizeof(bytes)), 0);
	ck_assert_int_eq(frame_send(out, lo + 1, bytes, sizeof(bytes)), -ENXIO);
	close(out);
}
END_TEST

int main(void)
{
	const int first = SETTINGS_PROBE_IPV4, end = SETTINGS_PROBE_MAC + 1;
	TCase *c;
	Suite *s = unit_suite("probe", &c);

	tcase_add_loop_test(c, asks, first, end);
	tcase_add_test(c, asks_nobody);
	tcase_add_loop_test(c, reads_answers, first, end);
	tcase_add_loop_test(c, reads_no_part, first, end);
	tcase_add_loop_test(c, reads_nothing_else, first, end);
	tcase_add_loop_test(c, reads_no_other_advertisement, 0, 4);
	tcase_add_loop_test(c, filters_as_it_reads, first, end);
	if (may_enter_namespace()) {
		tcase_add_loop_test(c, hears_what_the_filter_lets_pass, first, end);
		tcase_add_test(c, sends_whole_frames_alone);
	} else {
		printf("# left out: frames over a socket, for there may be no namespace of our "
		       "own\n");
	}
	return unit_run(s);
}
