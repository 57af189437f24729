// SPDX-License-Identifier: GPL-2.0-or-later
/* Providers: frames from the peer to the vnet, and what they report and count. */
#include <errno.h>
#include <string.h>

#include "unit.h"
#include "vio_probe.h"

#define MTU	  1500
#define FRAME_MAX (14 + 4 + 65535)

static struct probe_bed bed;
static int tap;
static uint8_t got[FRAME_MAX + 1];

static void begin(void)
{
	must(probe_register(&bed.probe, VIO_NET_RES_HYBRID) == 0);
	vio_world_state(bed.world, 0, (struct vio_state) { .report = "up" });
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
	tap = vio_world_tap(bed.world, 0, 0);
}

static void setup_unregistered(void)
{
	probe_bed_make(&bed, 1);
}

static void setup(void)
{
	setup_unregistered();
	begin();
}

static void teardown(void)
{
	probe_bed_clear(&bed);
}

static void give(mblk_t *chain)
{
	bed.probe.vnet.vio_net_rx_cb(bed.probe.handle, chain);
}

/* vnetd asks, and is told exactly this. */
static void expect_counts(const char *expected)
{
	unsigned int before = vio_world_seen(bed.world, SEEN_COUNT);
	char *text;

	vio_world_send(bed.world, 0, "\"count\":true");
	vio_world_await(bed.world, SEEN_COUNT, before + 1);
	text = vio_world_last(bed.world, SEEN_COUNT);
	ck_assert_str_eq(text, expected);
	free(text);
}

/* --- frames as they are --- */

START_TEST(a_frame_arrives_as_it_is)
{
	const struct virtio_net_hdr none = { 0 };
	struct virtio_net_hdr h;
	mblk_t *mp, *copy;

	for (size_t n = 14; n <= 14 + MTU; n += 10) {
		mp = probe_frame(n);
		copy = copymsg(mp);
		give(mp);
		must(vio_world_read(tap, &h, got, sizeof(got)) == n);
		must(!memcmp(got, copy->b_rptr, n) && !memcmp(&h, &none, sizeof(h)));
		freemsg(copy);
	}
	ck_assert_uint_eq(probe_status(&bed.probe).rx_frames, 151);
}
END_TEST

START_TEST(a_chain_arrives_in_order)
{
	mblk_t *chain = NULL, **end = &chain;

	for (size_t i = 0; i < 100; i++) {
		*end = probe_frame(100 + i);
		end = &(*end)->b_next;
	}
	give(chain);
	for (size_t i = 0; i < 100; i++)
		must(vio_world_read(tap, NULL, got, sizeof(got)) == 100 + i);
	ck_assert(!vio_world_has_frame(tap));
}
END_TEST

/* One byte in each block, and empty ones between them. */
START_TEST(a_frame_of_many_blocks_arrives)
{
	static const int counts[] = { 14, 63, 64, 65, 500 };
	mblk_t *whole = probe_frame(counts[_i]), *mp = allocb(0, BPRI_MED);

	for (int i = 0; i < counts[_i]; i++) {
		mblk_t *part = allocb(1, BPRI_MED);

		*part->b_wptr++ = whole->b_rptr[i];
		linkb(mp, part);
		linkb(mp, allocb(3, BPRI_MED));
	}
	give(mp);
	ck_assert_uint_eq(vio_world_read(tap, NULL, got, sizeof(got)), counts[_i]);
	ck_assert_mem_eq(got, whole->b_rptr, counts[_i]);
	freemsg(whole);
}
END_TEST

/* --- what is to be done to it --- */

struct offload {
	uint16_t type, inner; /* EtherTypes */
	uint32_t start, stuff, flags, mss, lso;
	bool malformed;
	struct virtio_net_hdr h;
};

#define CSUM  VIRTIO_NET_HDR_F_NEEDS_CSUM
#define PART  HCK_PARTIALCKSUM
#define GSO4  VIRTIO_NET_HDR_GSO_TCPV4
#define GSO6  VIRTIO_NET_HDR_GSO_TCPV6
#define BYTES 1000

static const struct offload offloads[] = {
	{ 0x0800, 0, 0, 0, HCK_FULLCKSUM_OK, 0, 0, false, { .flags = 2 } },
	{ 0x0800, 0, 20, 36, PART, 0, 0, false, { CSUM, 0, 0, 0, 34, 16 } },
	{ 0x8100, 0x0800, 20, 26, PART, 0, 0, false, { CSUM, 0, 0, 0, 38, 6 } },
	{ 0x0800, 0, 20, 36, PART, 400, HW_LSO, false, { CSUM, GSO4, 54, 400, 34, 16 } },
	{ 0x86dd, 0, 40, 56, PART, 400, HW_LSO, false, { CSUM, GSO6, 74, 400, 54, 16 } },
	{ 0x88a8, 0x86dd, 40, 56, PART, 400, HW_LSO, false, { CSUM, GSO6, 78, 400, 58, 16 } },
	/* Checksums behind the frame's end, or before their own beginning. */
	{ 0x0800, 0, 20, BYTES - 14 - 2, PART, 0, 0, false, { CSUM, 0, 0, 0, 34, 964 } },
	{ 0x0800, 0, 20, BYTES - 14 - 1, PART, 0, 0, true, { 0 } },
	{ 0x0800, 0, 20, 65535, PART, 0, 0, true, { 0 } },
	{ 0x0800, 0, 65535, 65535, PART, 0, 0, true, { 0 } },
	{ 0x0800, 0, 36, 20, PART, 0, 0, true, { 0 } },
	/* Segments without a checksum, of no bytes, of what is not IP. */
	{ 0x0800, 0, 0, 0, 0, 400, HW_LSO, true, { 0 } },
	{ 0x0800, 0, 0, 0, HCK_FULLCKSUM_OK, 400, HW_LSO, true, { 0 } },
	{ 0x0800, 0, 20, 36, PART, 0, HW_LSO, true, { 0 } },
	{ 0x0806, 0, 20, 36, PART, 400, HW_LSO, true, { 0 } },
	{ 0x8100, 0x0806, 20, 36, PART, 400, HW_LSO, true, { 0 } },
	/* A size of segments alone means nothing. */
	{ 0x0800, 0, 0, 0, 0, 400, 0, false, { 0 } },
};

START_TEST(an_offload_is_passed_on)
{
	const struct offload *o = &offloads[_i];
	mblk_t *mp = probe_frame(BYTES);
	struct virtio_net_hdr h;

	mp->b_rptr[12] = o->type >> 8;
	mp->b_rptr[13] = o->type & 0xff;
	mp->b_rptr[16] = o->inner >> 8;
	mp->b_rptr[17] = o->inner & 0xff;
	mac_hcksum_set(mp, o->start, o->stuff, 0, 0, o->flags);
	lso_info_set(mp, o->mss, o->lso);
	give(mp);
	ck_assert_uint_eq(probe_status(&bed.probe).malformed, o->malformed);
	ck_assert_uint_eq(vio_world_has_frame(tap), !o->malformed);
	if (o->malformed)
		return;
	ck_assert_uint_eq(vio_world_read(tap, &h, got, sizeof(got)), BYTES);
	ck_assert_mem_eq(&h, &o->h, sizeof(h));
}
END_TEST

/* --- lengths --- */

static bool passes(size_t n, bool tagged)
{
	mblk_t *mp = probe_frame(n);

	if (tagged)
		mp->b_rptr[12] = 0x81;
	give(mp);
	if (!vio_world_has_frame(tap))
		return false;
	must(vio_world_read(tap, NULL, got, sizeof(got)) == n);
	return true;
}

START_TEST(lengths_are_those_of_the_vnet)
{
	ck_assert(!passes(0, false));
	ck_assert(!passes(13, false));
	ck_assert(passes(14, false));
	ck_assert(passes(14 + MTU, false));
	ck_assert(passes(18 + MTU, true));
	ck_assert(!passes(19 + MTU, true));
	ck_assert(!passes(9000, false));
	expect_counts("{\"ierrors\":104,\"oerrors\":101,\"norcvbuf\":102,\"noxmtbuf\":103,"
		      "\"malformed\":4}");
	vio_world_state(bed.world, 0, (struct vio_state) { .mtu = 9000 });
	probe_until(probe_status(&bed.probe).mtu == 9000);
	ck_assert(passes(14 + 9000, false));
	ck_assert(!passes(19 + 9000, true));
}
END_TEST

START_TEST(lengths_are_those_of_the_provider_too)
{
	bed.probe.mac.m_min_sdu = 46;
	bed.probe.mac.m_max_sdu = 2000;
	begin();
	ck_assert(!passes(14 + 45, false));
	ck_assert(passes(14 + 46, false));
	ck_assert(!passes(19 + MTU, true));
	vio_world_state(bed.world, 0, (struct vio_state) { .mtu = 9000 });
	probe_until(probe_status(&bed.probe).mtu == 9000);
	ck_assert(passes(14 + 2000, false));
	ck_assert(passes(18 + 2000, true));
	ck_assert(!passes(19 + 2000, true));
	ck_assert_uint_eq(probe_status(&bed.probe).malformed, 3);
}
END_TEST

static mblk_t *segments(size_t n)
{
	mblk_t *mp = probe_frame(n);

	mac_hcksum_set(mp, 20, 36, (uint32_t)n - 14, 0, HCK_PARTIALCKSUM);
	lso_info_set(mp, 1448, HW_LSO);
	return mp;
}

START_TEST(segments_may_be_longer)
{
	give(segments(FRAME_MAX));
	ck_assert_uint_eq(vio_world_read(tap, NULL, got, sizeof(got)), FRAME_MAX);
	give(segments(FRAME_MAX + 1));
	ck_assert(!vio_world_has_frame(tap));
	ck_assert_uint_eq(probe_status(&bed.probe).malformed, 1);
}
END_TEST

/* --- what is freed --- */

static void count_free(char *arg)
{
	atomic_fetch_add((atomic_uint *)arg, 1);
}

static atomic_uint freed;
static frtn_t counted = { count_free, (char *)&freed };
static unsigned char memory[4096];

static mblk_t *counted_frame(size_t n)
{
	mblk_t *mp = desballoc(memory, sizeof(memory), BPRI_MED, &counted);

	must(mp);
	mp->b_wptr += n;
	return mp;
}

START_TEST(every_frame_is_freed_once)
{
	mblk_t *chain = counted_frame(100);

	linkb(chain, counted_frame(50));
	chain->b_next = counted_frame(5); /* malformed */
	chain->b_next->b_next = counted_frame(4000);
	give(chain);
	ck_assert_uint_eq(atomic_load(&freed), 4);
	ck_assert_uint_eq(vio_world_read(tap, NULL, got, sizeof(got)), 150);
	give(NULL);
	/* One that the provider still refers to is its own to free. */
	chain = counted_frame(100);
	give(dupmsg(chain));
	ck_assert_uint_eq(atomic_load(&freed), 4);
	freemsg(chain);
	ck_assert_uint_eq(atomic_load(&freed), 5);
}
END_TEST

START_TEST(a_frame_is_freed_when_not_started)
{
	vio_world_state(bed.world, 0, (struct vio_state) { .stopped = true });
	probe_await_state(&bed.probe, VIO_NET_STATE_REGISTERED);
	give(counted_frame(100));
	ck_assert_uint_eq(atomic_load(&freed), 1);
	ck_assert(!vio_world_has_frame(tap));
	ck_assert_uint_eq(probe_status(&bed.probe).rx_frames, 0);
	vio_net_resource_unreg(bed.probe.handle);
	give(counted_frame(100));
	bed.probe.vnet.vio_net_rx_cb(NULL, counted_frame(100));
	bed.probe.vnet.vio_net_rx_cb(&tap, counted_frame(100));
	ck_assert_uint_eq(atomic_load(&freed), 4);
}
END_TEST

START_TEST(a_netdev_brings_no_frames)
{
	bed.probe.mac.m_device = "eth7";
	must(probe_register(&bed.probe, VIO_NET_RES_HYBRID) == 0);
	vio_world_state(bed.world, 0, (struct vio_state) { 0 });
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
	give(counted_frame(100));
	bed.probe.vnet.vio_net_tx_update(bed.probe.handle);
	ck_assert_uint_eq(atomic_load(&freed), 1);
	ck_assert_uint_eq(probe_status(&bed.probe).rx_frames, 0);
}
END_TEST

START_TEST(what_the_kernel_has_no_room_for_is_counted)
{
	unsigned int given = 0, arrived = 0;
	struct vio_net_status s;

	do {
		give(counted_frame(1000));
		given++;
		s = probe_status(&bed.probe);
	} while (s.norcvbuf < 10);
	ck_assert_uint_eq(s.rx_frames + 10, given);
	ck_assert_uint_eq(atomic_load(&freed), given);
	while (vio_world_has_frame(tap)) {
		must(vio_world_read(tap, NULL, got, sizeof(got)) == 1000);
		arrived++;
	}
	ck_assert_uint_eq(arrived, s.rx_frames);
	expect_counts("{\"ierrors\":100,\"oerrors\":101,\"norcvbuf\":112,\"noxmtbuf\":103,"
		      "\"malformed\":0}");
}
END_TEST

/* --- reports and counts --- */

static void report(uint64_t value)
{
	bed.probe.vnet.vio_net_report_err(bed.probe.handle, value);
}

static void update(void)
{
	bed.probe.vnet.vio_net_tx_update(bed.probe.handle);
}

START_TEST(a_lost_link_is_told_and_comes_back)
{
	report(VIO_NET_RES_DOWN);
	vio_world_await_text(bed.world, SEEN_REPORT,
			     "{\"state\":\"down\",\"reason\":\"the link is lost\"}");
	update();
	vio_world_await_text(bed.world, SEEN_REPORT, "{\"state\":\"up\"}");
	update();
	update();
	report(2);
	report(UINT64_MAX);
	report(VIO_VNET_RES_ERR);
	vio_world_await_text(bed.world, SEEN_REPORT,
			     "{\"state\":\"failed\",\"reason\":\"the device has an error\"}");
	update();
	report(VIO_NET_RES_DOWN);
	expect_counts("{\"ierrors\":100,\"oerrors\":101,\"norcvbuf\":102,\"noxmtbuf\":103,"
		      "\"malformed\":0}");
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_REPORT), 3);
}
END_TEST

START_TEST(statistics_that_it_does_not_have_are_none)
{
	atomic_store(&bed.probe.answers[PROBE_GETSTAT], ENOTSUP);
	expect_counts("{\"ierrors\":0,\"oerrors\":0,\"norcvbuf\":0,\"noxmtbuf\":0,"
		      "\"malformed\":0}");
	ck_assert_uint_eq(atomic_load(&bed.probe.calls[PROBE_GETSTAT]), 4);
}
END_TEST

/* More than its socket holds; were one of them to wait, this would never end. */
START_TEST(vnetd_that_does_not_read_keeps_nobody_waiting)
{
	unsigned int tries = 20000;

	vio_world_set_deaf(bed.world, true);
	for (unsigned int i = 0; i < tries; i++) {
		report(VIO_NET_RES_DOWN);
		update();
	}
	report(VIO_NET_RES_DOWN);
	vio_world_send(bed.world, 0, "\"count\":true");
	probe_await_calls(&bed.probe, PROBE_GETSTAT, 4);
	vio_world_set_deaf(bed.world, false);
	/* What was left out in between is of no interest; the newest comes, as the last one. */
	vio_world_await_text(bed.world, SEEN_REPORT, "down");
	report(VIO_VNET_RES_ERR);
	vio_world_await_text(bed.world, SEEN_REPORT, "failed");
	ck_assert_uint_lt(vio_world_seen(bed.world, SEEN_REPORT), tries);
}
END_TEST

START_TEST(the_newest_report_comes_when_vnetd_reads_again)
{
	vio_world_set_deaf(bed.world, true);
	for (unsigned int i = 0; i < 20000; i++) {
		update();
		report(VIO_NET_RES_DOWN);
	}
	report(VIO_VNET_RES_ERR);
	vio_world_set_deaf(bed.world, false);
	vio_world_await_text(bed.world, SEEN_REPORT, "failed");
	/* Nothing follows it. */
	expect_counts("{\"ierrors\":100,\"oerrors\":101,\"norcvbuf\":102,\"noxmtbuf\":103,"
		      "\"malformed\":0}");
	vio_world_await_text(bed.world, SEEN_REPORT, "failed");
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

static void add_started(TCase *t)
{
	tcase_add_test(t, a_frame_arrives_as_it_is);
	tcase_add_test(t, a_chain_arrives_in_order);
	tcase_add_loop_test(t, a_frame_of_many_blocks_arrives, 0, 5);
	tcase_add_loop_test(t, an_offload_is_passed_on, 0, COUNT(offloads));
	tcase_add_test(t, lengths_are_those_of_the_vnet);
	tcase_add_test(t, segments_may_be_longer);
	tcase_add_test(t, every_frame_is_freed_once);
	tcase_add_test(t, a_frame_is_freed_when_not_started);
	tcase_add_test(t, what_the_kernel_has_no_room_for_is_counted);
	tcase_add_test(t, a_lost_link_is_told_and_comes_back);
	tcase_add_test(t, statistics_that_it_does_not_have_are_none);
	tcase_add_test(t, vnetd_that_does_not_read_keeps_nobody_waiting);
	tcase_add_test(t, the_newest_report_comes_when_vnetd_reads_again);
}

int main(void)
{
	TCase *started, *unregistered = tcase_create("unregistered");
	Suite *s = unit_suite("vio_rx", &started);

	suite_add_tcase(s, unregistered);
	tcase_set_timeout(started, 60);
	tcase_set_timeout(unregistered, 60);
	tcase_add_checked_fixture(started, setup, teardown);
	tcase_add_checked_fixture(unregistered, setup_unregistered, teardown);
	add_started(started);
	tcase_add_test(unregistered, lengths_are_those_of_the_provider_too);
	tcase_add_test(unregistered, a_netdev_brings_no_frames);
	return unit_run(s);
}
