// SPDX-License-Identifier: GPL-2.0-or-later
/* libvnet's mac_register_t, and what is said about a frame's offloads. */
#include <stdint.h>
#include <string.h>

#include "unit.h"
#include "vnet/vio_net.h"

#define UNTOUCHED 0x55aa55aaU

START_TEST(a_registration_is_cleared)
{
	mac_register_t empty, *macp = mac_alloc(MAC_VERSION);

	ck_assert_ptr_nonnull(macp);
	ck_assert_uint_eq(macp->m_version, MAC_VERSION);
	ck_assert_str_eq(macp->m_type_ident, "mac_ether");
	memset(&empty, 0, sizeof(empty));
	macp->m_version = 0;
	macp->m_type_ident = NULL;
	ck_assert_mem_eq(macp, &empty, sizeof(empty));
	mac_free(macp);
	mac_free(NULL);
}
END_TEST

START_TEST(another_version_is_refused)
{
	ck_assert_ptr_null(mac_alloc(0));
	ck_assert_ptr_null(mac_alloc(MAC_VERSION + 1));
	ck_assert_ptr_null(mac_alloc(UINT32_MAX));
}
END_TEST

/* The seed's numbers, and those that an original provider may have written down. */
START_TEST(values_are_the_original_ones)
{
	ck_assert_int_eq(VIO_NET_RES_LDC_SERVICE, 0);
	ck_assert_int_eq(VIO_NET_RES_LDC_GUEST, 1);
	ck_assert_int_eq(VIO_NET_RES_HYBRID, 2);
	ck_assert_int_eq(VIO_NET_RES_DOWN, 0);
	ck_assert_int_eq(VIO_VNET_RES_ERR, 1);
	ck_assert_int_eq(VIO_NET_RES_ERR, VIO_VNET_RES_ERR);
	ck_assert_int_eq(B_FALSE, 0);
	ck_assert_int_eq(B_TRUE, 1);
	ck_assert_uint_eq(sizeof(ether_addr_t), 6);
}
END_TEST

static void assert_checksum(const mblk_t *mp, uint32_t start, uint32_t stuff, uint32_t end,
			    uint32_t value, uint32_t flags)
{
	uint32_t got[5] = { UNTOUCHED, UNTOUCHED, UNTOUCHED, UNTOUCHED, UNTOUCHED };
	uint32_t want[5] = { start, stuff, end, value, flags };

	mac_hcksum_get(mp, &got[0], &got[1], &got[2], &got[3], &got[4]);
	ck_assert_mem_eq(got, want, sizeof(want));
}

static void assert_segments(const mblk_t *mp, uint32_t mss, uint32_t flags)
{
	uint32_t got_mss = UNTOUCHED, got_flags = UNTOUCHED;

	mac_lso_get(mp, &got_mss, &got_flags);
	ck_assert_uint_eq(got_mss, mss);
	ck_assert_uint_eq(got_flags, flags);
}

START_TEST(a_new_frame_has_nothing_to_be_done)
{
	mblk_t *mp = allocb(100, BPRI_MED);

	assert_checksum(mp, 0, 0, 0, 0, 0);
	assert_segments(mp, 0, 0);
	freemsg(mp);
}
END_TEST

START_TEST(a_checksum_is_remembered)
{
	mblk_t *mp = allocb(100, BPRI_MED);

	mac_hcksum_set(mp, 20, 36, 1480, 0x1234, HCK_PARTIALCKSUM);
	assert_checksum(mp, 20, 36, 1480, 0x1234, HCK_PARTIALCKSUM);
	mac_hcksum_set(mp, 0, 0, 65535, 0xffff, HCK_FULLCKSUM_OK);
	assert_checksum(mp, 0, 0, 65535, 0xffff, HCK_FULLCKSUM_OK);
	mac_hcksum_set(mp, 0, 0, 0, 0, 0);
	assert_checksum(mp, 0, 0, 0, 0, 0);
	freemsg(mp);
}
END_TEST

START_TEST(what_is_of_no_interest_may_be_null)
{
	mblk_t *mp = allocb(100, BPRI_MED);
	uint32_t got[5] = { 0 };
	size_t i;

	mac_hcksum_set(mp, 1, 2, 3, 4, HCK_PARTIALCKSUM);
	lso_info_set(mp, 1448, HW_LSO);
	for (i = 0; i < 5; i++)
		mac_hcksum_get(mp, i == 0 ? &got[0] : NULL, i == 1 ? &got[1] : NULL,
			       i == 2 ? &got[2] : NULL, i == 3 ? &got[3] : NULL,
			       i == 4 ? &got[4] : NULL);
	ck_assert_mem_eq(got, ((uint32_t[]) { 1, 2, 3, 4, HCK_PARTIALCKSUM }), sizeof(got));
	mac_lso_get(mp, &got[0], NULL);
	mac_lso_get(mp, NULL, &got[1]);
	mac_lso_get(mp, NULL, NULL);
	ck_assert_uint_eq(got[0], 1448);
	ck_assert_uint_eq(got[1], HW_LSO);
	freemsg(mp);
}
END_TEST

/* Both are kept in one word. */
START_TEST(checksum_and_segments_do_not_touch_each_other)
{
	mblk_t *mp = allocb(100, BPRI_MED);

	mac_hcksum_set(mp, 20, 36, 0, 0, HCK_PARTIALCKSUM | HW_LSO);
	assert_segments(mp, 0, 0);
	lso_info_set(mp, 1448, HW_LSO | HCK_FULLCKSUM_OK);
	assert_checksum(mp, 20, 36, 0, 0, HCK_PARTIALCKSUM);
	assert_segments(mp, 1448, HW_LSO);
	mac_hcksum_set(mp, 0, 0, 0, 0, 0);
	assert_segments(mp, 1448, HW_LSO);
	mac_hcksum_set(mp, 20, 36, 0, 0, HCK_PARTIALCKSUM);
	lso_info_set(mp, 0, 0);
	assert_checksum(mp, 20, 36, 0, 0, HCK_PARTIALCKSUM);
	assert_segments(mp, 0, 0);
	freemsg(mp);
}
END_TEST

/* They are of the data block: whoever shares the bytes shares them, a copy has its own. */
START_TEST(they_follow_the_bytes)
{
	mblk_t *mp = allocb(100, BPRI_MED), *second, *copy;

	mac_hcksum_set(mp, 20, 36, 0, 0, HCK_PARTIALCKSUM);
	lso_info_set(mp, 1448, HW_LSO);
	second = dupmsg(mp);
	copy = copymsg(mp);
	lso_info_set(mp, 100, HW_LSO);
	freemsg(mp);
	assert_segments(second, 100, HW_LSO);
	assert_segments(copy, 1448, HW_LSO);
	assert_checksum(copy, 20, 36, 0, 0, HCK_PARTIALCKSUM);
	freemsg(second);
	freemsg(copy);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("mac_register", &t);

	tcase_add_test(t, a_registration_is_cleared);
	tcase_add_test(t, another_version_is_refused);
	tcase_add_test(t, values_are_the_original_ones);
	tcase_add_test(t, a_new_frame_has_nothing_to_be_done);
	tcase_add_test(t, a_checksum_is_remembered);
	tcase_add_test(t, what_is_of_no_interest_may_be_null);
	tcase_add_test(t, checksum_and_segments_do_not_touch_each_other);
	tcase_add_test(t, they_follow_the_bytes);
	return unit_run(s);
}
