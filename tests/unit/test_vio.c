// SPDX-License-Identifier: GPL-2.0-or-later
/* Providers: what a registration asks, and what it is answered.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "unit.h"
#include "vio_probe.h"
#include "vnet/vnet.h"

static struct probe_bed bed;

static void setup(void)
{
	probe_bed_make(&bed, 1);
}

static void teardown(void)
{
	probe_bed_clear(&bed);
}

/* --- what is asked --- */

static void expect_provision(const char *expected)
{
	char *text = vio_world_last(bed.world, SEEN_PROVIDE);

	ck_assert_str_eq(text, expected);
	free(text);
}

static void register_and_leave(vio_net_res_type_t type)
{
	ck_assert_int_eq(probe_register(&bed.probe, type), 0);
	vio_net_resource_unreg(bed.probe.handle);
}

#define TAP_PARTS(queues)                                                                          \
	"\"queues\":" queues ",\"checksums\":false,\"segments4\":false,\"segments6\":false"

START_TEST(a_service_is_asked_for)
{
	register_and_leave(VIO_NET_RES_LDC_SERVICE);
	expect_provision(
		"{\"provision\":{\"type\":\"service\",\"local\":\"02:00:00:00:00:01\"," TAP_PARTS(
			"1") ",\"report\":\"up\"}}");
}
END_TEST

START_TEST(a_guest_is_asked_for_with_its_peer)
{
	bed.probe.mac.m_name = "g1";
	bed.probe.mac.m_queues = 3;
	bed.probe.mac.m_max_sdu = 9000;
	register_and_leave(VIO_NET_RES_LDC_GUEST);
	expect_provision("{\"provision\":{\"type\":\"guest\",\"local\":\"02:00:00:00:00:01\","
			 "\"peer\":\"02:00:00:00:00:02\",\"name\":\"g1\"," TAP_PARTS(
				 "3") ",\"max_sdu\":9000,\"report\":\"up\"}}");
}
END_TEST

START_TEST(a_netdev_is_asked_for_by_its_name)
{
	bed.probe.mac.m_device = "eth7";
	bed.probe.mac.m_callbacks = NULL;
	bed.probe.mac.m_queues = 5;
	register_and_leave(VIO_NET_RES_HYBRID);
	expect_provision("{\"provision\":{\"type\":\"hybrid\",\"local\":\"02:00:00:00:00:01\","
			 "\"device\":\"eth7\",\"report\":\"up\"}}");
}
END_TEST

START_TEST(offloads_are_those_of_the_provider)
{
	bed.probe.checksums = HCKSUM_INET_PARTIAL;
	bed.probe.lso.lso_flags = LSO_TX_BASIC_TCP_IPV6;
	register_and_leave(VIO_NET_RES_HYBRID);
	vio_world_await_text(bed.world, SEEN_PROVIDE,
			     "\"checksums\":true,\"segments4\":false,\"segments6\":true");
}
END_TEST

START_TEST(segments_need_checksums)
{
	bed.probe.lso.lso_flags = LSO_TX_BASIC_TCP_IPV4 | LSO_TX_BASIC_TCP_IPV6;
	register_and_leave(VIO_NET_RES_HYBRID);
	vio_world_await_text(bed.world, SEEN_PROVIDE,
			     "\"checksums\":false,\"segments4\":false,\"segments6\":false");
}
END_TEST

START_TEST(segments_of_any_length_or_none)
{
	bed.probe.checksums = HCKSUM_INET_PARTIAL;
	bed.probe.lso = (mac_capab_lso_t) {
		.lso_flags = LSO_TX_BASIC_TCP_IPV4 | LSO_TX_BASIC_TCP_IPV6,
		.lso_basic_tcp_ipv4.lso_max = 65495,
		.lso_basic_tcp_ipv6.lso_max = 65494,
	};
	register_and_leave(VIO_NET_RES_HYBRID);
	vio_world_await_text(bed.world, SEEN_PROVIDE,
			     "\"checksums\":true,\"segments4\":true,\"segments6\":false");
}
END_TEST

START_TEST(capabilities_are_asked_for_by_the_flag_alone)
{
	bed.probe.checksums = HCKSUM_INET_PARTIAL;
	bed.probe.callbacks.mc_callbacks = 0;
	register_and_leave(VIO_NET_RES_HYBRID);
	vio_world_await_text(bed.world, SEEN_PROVIDE, "\"checksums\":false");
}
END_TEST

START_TEST(status_tells_what_was_answered)
{
	struct vio_net_status s;

	bed.probe.mac.m_queues = 64;
	ck_assert_int_eq(probe_register(&bed.probe, VIO_NET_RES_HYBRID), 0);
	s = probe_status(&bed.probe);
	ck_assert_int_eq(s.state, VIO_NET_STATE_REGISTERED);
	ck_assert_str_eq(s.vnet, "vnet0");
	ck_assert_str_eq(s.name, "p0");
	ck_assert_str_eq(s.device, "tap0");
	ck_assert_uint_eq(s.mtu, 1500);
	ck_assert_uint_eq(s.address[5], 1);
	ck_assert_str_eq(s.error, "");
	ck_assert_int_eq(vio_net_resource_status(bed.probe.handle, NULL), EINVAL);
	vio_net_resource_unreg(bed.probe.handle);
	ck_assert_int_eq(vio_net_resource_status(bed.probe.handle, &s), EINVAL);
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_WITHDRAW), 1);
}
END_TEST

/* --- what is wrong with it --- */

static ether_addr_t good = { 2, 0, 0, 0, 0, 1 }, group = { 1, 0, 0x5e, 0, 0, 1 }, none;

static void expect_refusal(int number, vio_net_res_type_t type, uint8_t *local, uint8_t *peer)
{
	vio_net_callbacks_t vcb, before;
	vio_net_handle_t handle = &handle;

	memset(&before, 0xa5, sizeof(before));
	vcb = before;
	bed.probe.mac.m_error[0] = '\0';
	ck_assert_int_eq(vio_net_resource_reg(&bed.probe.mac, type, local, peer, &handle, &vcb),
			 number);
	ck_assert_ptr_eq(handle, &handle);
	ck_assert_mem_eq(&vcb, &before, sizeof(vcb));
	ck_assert_str_ne(bed.probe.mac.m_error, "");
}

static void change_version(mac_register_t *m)
{
	m->m_version = 7;
}

static void change_ident(mac_register_t *m)
{
	m->m_type_ident = "mac_token_ring";
}

static void drop_ident(mac_register_t *m)
{
	m->m_type_ident = NULL;
}

static void empty_name(mac_register_t *m)
{
	m->m_name = "";
}

static void long_name(mac_register_t *m)
{
	m->m_name = "sixteen-letters-";
}

static void empty_device(mac_register_t *m)
{
	m->m_device = "";
}

static void long_device(mac_register_t *m)
{
	m->m_device = "sixteen-letters-";
}

static void many_queues(mac_register_t *m)
{
	m->m_queues = MAC_QUEUES_MAX + 1;
}

static void large_sdu(mac_register_t *m)
{
	m->m_max_sdu = MAC_SDU_MAX + 1;
}

static void crossed_sdu(mac_register_t *m)
{
	m->m_min_sdu = 100;
	m->m_max_sdu = 99;
}

static void large_min_sdu(mac_register_t *m)
{
	m->m_min_sdu = MAC_SDU_MAX + 1;
}

static void drop_callbacks(mac_register_t *m)
{
	m->m_callbacks = NULL;
}

static void drop_tx(mac_register_t *m)
{
	m->m_callbacks->mc_tx = NULL;
}

static void (*const wrongs[])(mac_register_t *m) = {
	change_version, change_ident,	drop_ident,  empty_name, long_name,
	empty_device,	long_device,	many_queues, large_sdu,	 crossed_sdu,
	large_min_sdu,	drop_callbacks, drop_tx,
};

START_TEST(what_is_wrong_is_einval)
{
	wrongs[_i](&bed.probe.mac);
	expect_refusal(EINVAL, VIO_NET_RES_HYBRID, good, NULL);
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_CONNECT), 0);
}
END_TEST

START_TEST(wrong_parameters_are_einval)
{
	expect_refusal(EINVAL, VIO_NET_RES_HYBRID + 1, good, good);
	expect_refusal(EINVAL, (vio_net_res_type_t)-1, good, good);
	expect_refusal(EINVAL, VIO_NET_RES_HYBRID, NULL, good);
	expect_refusal(EINVAL, VIO_NET_RES_HYBRID, group, good);
	expect_refusal(EINVAL, VIO_NET_RES_HYBRID, none, good);
	expect_refusal(EINVAL, VIO_NET_RES_LDC_GUEST, good, NULL);
	expect_refusal(EINVAL, VIO_NET_RES_LDC_GUEST, good, group);
	expect_refusal(EINVAL, VIO_NET_RES_LDC_GUEST, good, none);
	ck_assert_int_eq(vio_net_resource_reg(NULL, VIO_NET_RES_HYBRID, good, NULL,
					      &bed.probe.handle, &bed.probe.vnet),
			 EINVAL);
	ck_assert_int_eq(vio_net_resource_reg(&bed.probe.mac, VIO_NET_RES_HYBRID, good, NULL, NULL,
					      &bed.probe.vnet),
			 EINVAL);
	ck_assert_int_eq(vio_net_resource_reg(&bed.probe.mac, VIO_NET_RES_HYBRID, good, NULL,
					      &bed.probe.handle, NULL),
			 EINVAL);
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_CONNECT), 0);
}
END_TEST

START_TEST(a_peer_is_ignored_but_of_a_guest)
{
	ck_assert_int_eq(vio_net_resource_reg(&bed.probe.mac, VIO_NET_RES_LDC_SERVICE, good, group,
					      &bed.probe.handle, &bed.probe.vnet),
			 0);
}
END_TEST

/* --- what vnetd may say --- */

#define CONTROL	     "io.vnetd.Control."
#define TEXT(number) "\"errno\":" #number ",\"message\":\"because\""

static const struct {
	const char *raw;
	int number;
	const char *says;
} refusals[] = {
	{ "{\"error\":\"" CONTROL "NotFound\",\"parameters\":{" TEXT(6) "}}", ENXIO, "because" },
	{ "{\"error\":\"" CONTROL "Exists\",\"parameters\":{" TEXT(17) "}}", EEXIST, "because" },
	{ "{\"error\":\"" CONTROL "Invalid\",\"parameters\":{" TEXT(22) "}}", EINVAL, "because" },
	{ "{\"error\":\"" CONTROL "NotFound\",\"parameters\":{" TEXT(19) "}}", ENODEV, "because" },
	{ "{\"error\":\"" CONTROL "Busy\",\"parameters\":{" TEXT(16) "}}", EBUSY, "because" },
	{ "{\"error\":\"" CONTROL "Permission\",\"parameters\":{" TEXT(1) "}}", EPERM, "because" },
	{ "{\"error\":\"" CONTROL "Failed\",\"parameters\":{" TEXT(28) "}}", ENOSPC, "because" },
	{ "{\"error\":\"" CONTROL "Exists\"}", EEXIST, "Exists" },
	{ "nonsense", EPROTO, "not a Varlink reply" },
	{ "", EPROTO, "not a Varlink reply" },
	{ "{\"parameters\":[]}", EPROTO, "not a Varlink reply" },
	{ "{\"parameters\":{}}", EPROTO, "of no use" },
	{ "{\"parameters\":{\"registered\":null}}", EPROTO, "of no use" },
	{ "{\"parameters\":{\"registered\":7}}", EPROTO, "of no use" },
	{ "{\"parameters\":{\"removed\":\"gone\"}}", EPROTO, "of no use" },
};

START_TEST(a_refusal_is_an_errno_and_a_sentence)
{
	vio_world_answer(bed.world, (struct vio_answer) { .raw = refusals[_i].raw, .fds = _i % 3 });
	expect_refusal(refusals[_i].number, VIO_NET_RES_HYBRID, good, NULL);
	ck_assert_ptr_nonnull(strstr(bed.probe.mac.m_error, refusals[_i].says));
	vio_world_await(bed.world, SEEN_CLOSE, 1);
}
END_TEST

#define REGISTERED(parts) "{\"parameters\":{\"registered\":{" parts "}},\"continues\":true}"
#define NAMES		  "\"vnet\":\"vnet0\",\"name\":\"p0\",\"device\":\"tap0\""

static const char *const incomplete[] = {
	REGISTERED(NAMES ",\"token\":\"t\",\"queues\":1"),
	REGISTERED(NAMES ",\"token\":\"t\",\"queues\":1,\"mtu\":\"1500\""),
	REGISTERED(NAMES ",\"token\":\"t\",\"queues\":1,\"mtu\":67"),
	REGISTERED(NAMES ",\"token\":\"t\",\"queues\":1,\"mtu\":65522"),
	REGISTERED(NAMES ",\"token\":\"t\",\"queues\":1,\"mtu\":-1"),
	REGISTERED(NAMES ",\"queues\":1,\"mtu\":1500"),
	REGISTERED(NAMES
		   ",\"token\":\"0123456789012345678901234567890123456789012345678901234567890123\""
		   ",\"queues\":1,\"mtu\":1500"),
	REGISTERED("\"vnet\":\"vnet0\",\"name\":\"p0\",\"token\":\"t\",\"queues\":1,\"mtu\":1500"),
	REGISTERED("\"vnet\":\"vnet0\",\"device\":\"t\",\"token\":\"t\",\"queues\":1,\"mtu\":1500"),
	REGISTERED("\"name\":\"vnet0\",\"device\":\"t\",\"token\":\"t\",\"queues\":1,\"mtu\":1500"),
};

START_TEST(a_registration_that_lacks_something_is_eproto)
{
	vio_world_answer(bed.world, (struct vio_answer) { .raw = incomplete[_i], .fds = 1 });
	expect_refusal(EPROTO, VIO_NET_RES_HYBRID, good, NULL);
}
END_TEST

START_TEST(a_wrong_number_of_taps_is_eproto)
{
	static const int numbers[] = { 0, 1, 3, 64 };

	bed.probe.mac.m_queues = 2;
	vio_world_answer(bed.world, (struct vio_answer) { .fds = numbers[_i], .mtu = 1500 });
	expect_refusal(EPROTO, VIO_NET_RES_HYBRID, good, NULL);
}
END_TEST

START_TEST(a_tap_for_a_netdev_is_eproto)
{
	bed.probe.mac.m_device = "eth7";
	vio_world_answer(bed.world, (struct vio_answer) { .fds = 1, .mtu = 1500 });
	expect_refusal(EPROTO, VIO_NET_RES_HYBRID, good, NULL);
}
END_TEST

START_TEST(no_room_for_the_taps_is_emfile)
{
	struct vio_answer answer = vio_world_usual;
	struct rlimit before;

	must(!getrlimit(RLIMIT_NOFILE, &before));
	answer.few_fds = true;
	vio_world_answer(bed.world, answer);
	expect_refusal(EMFILE, VIO_NET_RES_HYBRID, good, NULL);
	must(!setrlimit(RLIMIT_NOFILE, &before));
}
END_TEST

START_TEST(vnetd_that_does_not_run_is_enotconn)
{
	vio_world_leave(bed.world);
	expect_refusal(ENOTCONN, VIO_NET_RES_HYBRID, good, NULL);
	ck_assert_ptr_nonnull(strstr(bed.probe.mac.m_error, "cannot be reached"));
}
END_TEST

START_TEST(vnetd_that_closes_is_enotconn)
{
	vio_world_answer(bed.world,
			 (struct vio_answer) { .silent = true, .hang_up = true, .mtu = 1500 });
	expect_refusal(ENOTCONN, VIO_NET_RES_HYBRID, good, NULL);
}
END_TEST

/* Half a message, and no more: whatever came with it is closed. */
START_TEST(a_message_that_breaks_off_is_enotconn)
{
	vio_world_answer(bed.world, (struct vio_answer) { .raw = "{\"parameters\":{}}",
							  .half = true,
							  .hang_up = true,
							  .fds = 1 });
	expect_refusal(ENOTCONN, VIO_NET_RES_HYBRID, good, NULL);
}
END_TEST

START_TEST(registering_twice_gives_two)
{
	struct probe second;

	probe_init(&second, bed.loop);
	ck_assert_int_eq(probe_register(&bed.probe, VIO_NET_RES_HYBRID), 0);
	ck_assert_int_eq(probe_register(&second, VIO_NET_RES_HYBRID), 0);
	ck_assert_ptr_ne(bed.probe.handle, second.handle);
	vio_world_state(bed.world, 1, (struct vio_state) { 0 });
	probe_await(&second, "start unicst:0201 ");
	probe_await(&bed.probe, "");
	vio_net_resource_unreg(second.handle);
	probe_await(&second, "start unicst:0201 stop ");
	vio_net_resource_unreg(bed.probe.handle);
	probe_done(&second);
}
END_TEST

/* --- which socket --- */

START_TEST(the_environment_names_the_socket)
{
	struct vnet_client *client;
	struct vnet_loop *other;
	struct probe p;

	ck_assert_int_eq(setenv("VNET_SOCKET", bed.world->path, 1), 0);
	ck_assert_int_eq(vnet_loop_new(NULL, &other), 0);
	probe_init(&p, other);
	ck_assert_int_eq(probe_register(&p, VIO_NET_RES_HYBRID), 0);
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_PROVIDE), 1);
	vnet_loop_free(other);
	ck_assert_int_eq(vnet_client_open(NULL, VNET_TIMEOUT_DEFAULT, &client), 0);
	vnet_client_close(client);
	vio_world_await(bed.world, SEEN_CLOSE, 2);
	/* What the program itself says counts more. */
	ck_assert_int_eq(setenv("VNET_SOCKET", "/nonexistent", 1), 0);
	ck_assert_int_eq(probe_register(&bed.probe, VIO_NET_RES_HYBRID), 0);
	probe_done(&p);
}
END_TEST

START_TEST(a_path_that_is_too_long_is_refused)
{
	char path[200];
	struct vnet_loop *other = bed.loop;

	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(vnet_loop_new(path, &other), -ENAMETOOLONG);
	ck_assert_int_eq(vnet_loop_new(bed.world->path, NULL), -EINVAL);
	ck_assert_ptr_eq(other, bed.loop);
	ck_assert_int_eq(setenv("VNET_SOCKET", path, 1), 0);
	bed.probe.mac.m_loop = NULL;
	expect_refusal(ENAMETOOLONG, VIO_NET_RES_HYBRID, good, NULL);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

static void add_registering(TCase *t)
{
	tcase_add_test(t, a_service_is_asked_for);
	tcase_add_test(t, a_guest_is_asked_for_with_its_peer);
	tcase_add_test(t, a_netdev_is_asked_for_by_its_name);
	tcase_add_test(t, offloads_are_those_of_the_provider);
	tcase_add_test(t, segments_need_checksums);
	tcase_add_test(t, segments_of_any_length_or_none);
	tcase_add_test(t, capabilities_are_asked_for_by_the_flag_alone);
	tcase_add_test(t, status_tells_what_was_answered);
	tcase_add_loop_test(t, what_is_wrong_is_einval, 0, COUNT(wrongs));
	tcase_add_test(t, wrong_parameters_are_einval);
	tcase_add_test(t, a_peer_is_ignored_but_of_a_guest);
	tcase_add_loop_test(t, a_refusal_is_an_errno_and_a_sentence, 0, COUNT(refusals));
	tcase_add_loop_test(t, a_registration_that_lacks_something_is_eproto, 0, COUNT(incomplete));
	tcase_add_loop_test(t, a_wrong_number_of_taps_is_eproto, 0, 4);
	tcase_add_test(t, a_tap_for_a_netdev_is_eproto);
	tcase_add_test(t, no_room_for_the_taps_is_emfile);
	tcase_add_test(t, vnetd_that_does_not_run_is_enotconn);
	tcase_add_test(t, vnetd_that_closes_is_enotconn);
	tcase_add_test(t, a_message_that_breaks_off_is_enotconn);
	tcase_add_test(t, registering_twice_gives_two);
	tcase_add_test(t, the_environment_names_the_socket);
	tcase_add_test(t, a_path_that_is_too_long_is_refused);
}

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("vio", &t);

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	add_registering(t);
	return unit_run(s);
}
