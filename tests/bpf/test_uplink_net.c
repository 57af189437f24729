// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Uplinks among real stacks: a NIC with its own stack, vnets in other namespaces, and somebody
 * outside. What a test run cannot show: frames that meet our programs twice, copies, ARP and ND.
 *
 *	here: n0 10.1.0.1	on the wire: w0 10.1.0.9	vnets, each elsewhere:
 *u1.. 10.1.0.11..
 */
#include <fcntl.h>
#include <net/if.h>

#include "sandbox.h"

#define UPLINK	1
#define VNETS	3
#define OUTSIDE 9
#define HERE	1
#define VNET(i) (10 + (i)) /* the last byte of an address */
#define PING_S	5	   /* that an answer may take */
#define TAGGED	7	   /* a VLAN */
#define MAC_NIC 0x99

struct net {
	struct datapath *d;
	uint32_t nic;
	uint32_t ports[VNETS + 1];
	int outside; /* namespaces */
	int vnets[VNETS + 1];
	bool shared; /* the vnets have the NIC's MAC */
};

static uint32_t index_of(char letter, uint32_t i)
{
	char name[IF_NAMESIZE];
	uint32_t ifindex;

	snprintf(name, sizeof(name), "%c%u", letter, i);
	ifindex = if_nametoindex(name);
	ck_assert_uint_ne(ifindex, 0);
	return ifindex;
}

static void mac_of(const struct net *n, uint32_t i, uint8_t ret[6])
{
	const uint8_t mac[6] = { 2, 0, 0, 0, 0, (uint8_t)(n->shared ? MAC_NIC : i) };

	memcpy(ret, mac, sizeof(mac));
}

/* Shell commands inherit it. */
static int here(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* --- devices --- */

#define AT "nsenter --net=/proc/self/fd/%d "

static void address(int netns, const char *device, uint32_t last)
{
	sandbox_run(AT "sh -ec 'sysctl -qw net.ipv6.conf.%s.accept_dad=0 "
		       "net.ipv6.conf.%s.addr_gen_mode=1; ip link set %s up; "
		       "ip address add 10.1.0.%u/24 dev %s; "
		       "ip address add fd01::%u/64 dev %s nodad'",
		    netns, device, device, device, last, device, last, device);
}

static void vnet_device(struct net *n, uint32_t i)
{
	uint8_t mac[6];

	mac_of(n, i, mac);
	n->vnets[i] = sandbox_other_netns();
	sandbox_run("ip link add p%u type veth peer name u%u address 02:00:00:00:00:%02x netns "
		    "/proc/self/fd/%d && ip link set p%u up",
		    i, i, mac[5], n->vnets[i], i);
	n->ports[i] = index_of('p', i);
	sandbox_run(AT "ip link set lo up", n->vnets[i]);
}

static void devices(struct net *n)
{
	char name[IF_NAMESIZE];
	int host = here();

	n->outside = sandbox_other_netns();
	sandbox_run("ip link add n0 address 02:00:00:00:00:%02x type veth peer name w0 netns "
		    "/proc/self/fd/%d",
		    MAC_NIC, n->outside);
	n->nic = index_of('n', 0);
	address(host, "n0", HERE);
	address(n->outside, "w0", OUTSIDE);
	for (uint32_t i = 1; i <= VNETS; i++) {
		vnet_device(n, i);
		snprintf(name, sizeof(name), "u%u", i);
		address(n->vnets[i], name, VNET(i));
	}
	close(host);
}

/* --- rows --- */

static void device_row(struct net *n, uint32_t ifindex)
{
	ck_assert_int_eq(datapath_device_write(n->d, ifindex, true), 0);
}

static void vnet_rows(struct net *n, uint32_t i)
{
	const struct abi_port port = { .vnet = (uint16_t)i };
	struct abi_resource resource = {
		.ifindex = n->nic,
		.pvid = 1,
		.type = ABI_SERVICE,
		.up = ABI_UP,
		.vnet = i,
		.uplink = UPLINK,
		.flags = n->shared ? ABI_RESOURCE_SHARED : 0,
	};
	struct abi_vnet vnet = {
		.pvid = 1,
		.port = n->ports[i],
		.flags = ABI_VNET_GUARD | ABI_VNET_PEER,
		.service = i,
	};
	struct abi_fdb_key key = { .vnet = ABI_OF_UPLINK | UPLINK };
	enum kernel_attach attach;

	mac_of(n, i, vnet.mac);
	memcpy(key.mac, vnet.mac, sizeof(key.mac));
	device_row(n, n->ports[i]);
	ck_assert_int_eq(datapath_resource_write(n->d, i, &resource), 0);
	ck_assert_int_eq(datapath_vnet_write(n->d, i, &vnet), 0);
	if (n->shared)
		ck_assert_int_eq(datapath_learner_write(n->d, i, true), 0);
	else
		ck_assert_int_eq(datapath_fdb_write(n->d, &key, i), 0);
	ck_assert_int_eq(datapath_member_write(n->d, UPLINK, i, true), 0);
	ck_assert_int_eq(datapath_port_write(n->d, n->ports[i], &port), 0);
	ck_assert_int_eq(datapath_attach(n->d, KERNEL_HOOK_TX_INGRESS, n->ports[i], &attach), 0);
}

static void uplink_rows(struct net *n)
{
	const struct abi_uplink uplink = {
		.mac = { 2, 0, 0, 0, 0, MAC_NIC },
		.flags = n->shared ? ABI_UPLINK_STEER_IP : 0,
		.ifindex = n->nic,
	};
	const struct abi_port port = { .resource = UPLINK, .flags = ABI_PORT_UPLINK };
	enum kernel_attach attach;

	device_row(n, n->nic);
	ck_assert_int_eq(datapath_uplink_write(n->d, UPLINK, &uplink), 0);
	ck_assert_int_eq(datapath_attach(n->d, KERNEL_HOOK_UPLINK, n->nic, &attach), 0);
	ck_assert_int_eq(datapath_attach(n->d, KERNEL_HOOK_UPLINK_TX, n->nic, &attach), 0);
	ck_assert_int_eq(datapath_port_write(n->d, n->nic, &port), 0);
}

static struct net *net_new(bool shared)
{
	struct net *n = calloc(1, sizeof(*n));

	ck_assert_ptr_nonnull(n);
	n->shared = shared;
	n->d = sandbox_datapath(false);
	devices(n);
	uplink_rows(n);
	for (uint32_t i = 1; i <= VNETS; i++)
		vnet_rows(n, i);
	return n;
}

static void net_free(struct net *n)
{
	for (uint32_t i = 1; i <= VNETS; i++)
		close(n->vnets[i]);
	close(n->outside);
	ck_assert_int_eq(datapath_flush(n->d), 0);
	datapath_free(n->d);
	free(n);
}

/* --- who reaches whom --- */

/* One question, one answer, none twice. */
static void ping(int netns, uint32_t last)
{
	sandbox_run(AT "ping -q -c 1 -W %u 10.1.0.%u | grep -q ' 1 received, 0%%'", netns, PING_S,
		    last);
	sandbox_run(AT "ping -q -c 1 -W %u fd01::%u | grep -q ' 1 received, 0%%'", netns, PING_S,
		    last);
}

START_TEST(everybody_reaches_everybody)
{
	struct net *n = net_new(_i);
	int host = here();

	for (uint32_t i = 1; i <= VNETS; i++) {
		for (uint32_t k = 1; k <= VNETS; k++)
			if (k != i)
				ping(n->vnets[i], VNET(k));
		ping(n->vnets[i], OUTSIDE);
		ping(n->vnets[i], HERE);
		ping(n->outside, VNET(i));
		ping(host, VNET(i));
	}
	ping(host, OUTSIDE);
	ping(n->outside, HERE);
	close(host);
	net_free(n);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("uplink_net");
	TCase *t = sandbox_case(s, "net");

	tcase_add_loop_test(t, everybody_reaches_everybody, 0, 2);
	return sandbox_main(s);
}
