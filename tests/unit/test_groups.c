/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multicast groups of a device: out of any file, and out of the kernel's. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sys/socket.h>

#include "../../daemon/groups.h"
#include "../../daemon/util.h"
#include "unit.h"
#include "unit_net.h"

static char path[] = "/tmp/vnet-groups-XXXXXX";

/* The groups of device 2 in one line, "-" for none. */
static void expect_groups(const char *file, uint32_t ifindex, const char *expected)
{
	uint8_t(*groups)[MAC_LEN] = NULL;
	char text[1024] = "", mac[MAC_TEXT_SIZE];
	size_t count = 77;

	ck_assert_int_eq(groups_read(file, ifindex, &groups, &count), 0);
	ck_assert((groups != NULL) == (count > 0));
	for (size_t i = 0; i < count; i++) {
		strcat(text, i ? " " : "");
		strcat(text, mac_format(groups[i], mac));
	}
	ck_assert_str_eq(count ? text : "-", expected);
	free(groups);
}

static const char *const files[][2] = {
	{ "", "-" },
	{ "\n\n", "-" },
	{ "2    eth0            1     0     01005e000001\n", "01:00:5e:00:00:01" },
	{ "2    eth0            1     0     01005e000001", "01:00:5e:00:00:01" },
	{ "2 eth0 1 0 3333ff00AB01\n2 eth0 1 0 01005e000001\n2 eth0 2 0 3333ff00ab01\n",
	  "01:00:5e:00:00:01 33:33:ff:00:ab:01" },
	{ "1 lo 1 0 01005e000001\n22 eth2 1 0 01005e000001\n", "-" },
	/* of devices with other addresses, or cut */
	{ "2 ib0 1 0 00ffffffff12401bffff000000000000ffffffff\n", "-" },
	{ "2 eth0 1 0 01005e0000\n", "-" },
	{ "2 eth0 1 0\n", "-" },
	{ "two eth0 1 0 01005e000001\n", "-" },
	{ "2 eth0 1 0 01005e000001 more\n", "-" },
};

START_TEST(test_files)
{
	FILE *file = fopen(path, "we");

	ck_assert_ptr_nonnull(file);
	fputs(files[_i][0], file);
	fclose(file);
	expect_groups(path, 2, files[_i][1]);
}
END_TEST

START_TEST(test_many)
{
	enum { COUNT = 1000 };
	uint8_t(*groups)[MAC_LEN];
	FILE *file = fopen(path, "we");
	size_t count;

	for (unsigned int i = 0; i < COUNT; i++)
		fprintf(file, "7 eth0 1 0 01005e00%04x\n", COUNT - i);
	fclose(file);
	ck_assert_int_eq(groups_read(path, 7, &groups, &count), 0);
	ck_assert_uint_eq(count, COUNT);
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq(groups[i][4] << 8 | groups[i][5], i + 1);
	free(groups);
}
END_TEST

START_TEST(test_no_file)
{
	uint8_t(*groups)[MAC_LEN] = NULL;
	size_t count = 77;

	ck_assert_int_eq(groups_read("/nonexistent/file", 2, &groups, &count), -ENOENT);
	ck_assert_int_eq(groups_read("/", 2, &groups, &count), -EIO);
	ck_assert_ptr_null(groups);
	ck_assert_uint_eq(count, 77);
}
END_TEST

static bool is_member(uint32_t ifindex, const char *group)
{
	uint8_t(*groups)[MAC_LEN];
	uint8_t mac[MAC_LEN];
	bool found = false;
	size_t count;

	ck_assert_int_eq(mac_parse(group, mac), 0);
	ck_assert_int_eq(groups_read(GROUPS_PATH, ifindex, &groups, &count), 0);
	for (size_t i = 0; i < count; i++)
		found |= mac_same(groups[i], mac);
	free(groups);
	return found;
}

/* With an IP address and without. */
START_TEST(test_kernel)
{
	struct ip_mreqn ip = { .imr_multiaddr.s_addr = inet_addr("239.1.2.3") };
	struct packet_mreq packet = {
		.mr_type = PACKET_MR_MULTICAST,
		.mr_alen = MAC_LEN,
		.mr_address = { 0x03, 0, 0, 0, 0, 0x42 },
	};
	int ip_socket, packet_socket;
	uint32_t ifindex;

	ck_assert_int_eq(unit_net_enter(), 0);
	unit_net_run("ip link add veth-a type veth peer name veth-b");
	unit_net_run("ip link set veth-a up");
	ifindex = if_nametoindex("veth-a");
	ip.imr_ifindex = packet.mr_ifindex = (int)ifindex;
	ck_assert(is_member(ifindex, "01:00:5e:00:00:01"));
	ck_assert(!is_member(ifindex, "01:00:5e:01:02:03"));
	ip_socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(setsockopt(ip_socket, IPPROTO_IP, IP_ADD_MEMBERSHIP, &ip, sizeof(ip)), 0);
	packet_socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(setsockopt(packet_socket, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &packet,
				    sizeof(packet)),
			 0);
	ck_assert(is_member(ifindex, "01:00:5e:01:02:03"));
	ck_assert(is_member(ifindex, "03:00:00:00:00:42"));
	ck_assert(!is_member(if_nametoindex("veth-b"), "03:00:00:00:00:42"));
	close(packet_socket);
	close(ip_socket);
	ck_assert(!is_member(ifindex, "01:00:5e:01:02:03"));
	ck_assert(!is_member(ifindex, "03:00:00:00:00:42"));
}
END_TEST

int main(void)
{
	int fd = mkstemp(path), status;
	TCase *tc;
	Suite *s = unit_suite("groups", &tc);

	if (fd < 0)
		return EXIT_FAILURE;
	close(fd);
	tcase_add_loop_test(tc, test_files, 0, UTIL_ARRAY_SIZE(files));
	tcase_add_test(tc, test_many);
	tcase_add_test(tc, test_no_file);
	if (unit_net_refused())
		puts("no network namespace can be made: the kernel's file is left out");
	else
		tcase_add_test(tc, test_kernel);
	status = unit_run(s);
	remove(path);
	return status;
}
