// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Uplinks among real stacks: a NIC with its own stack, vnets in other namespaces, and somebody
 * outside. What a test run cannot show: frames that meet our programs twice, copies, ARP and ND.
 *
 *	here: n0 10.1.0.1	on the wire: w0 10.1.0.9	vnets, each elsewhere:
 *u1.. 10.1.0.11..
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

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
	bool open;   /* the first one has no guard */
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
		.flags = (n->open && i == 1 ? 0 : ABI_VNET_GUARD) | ABI_VNET_PEER,
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

static struct net *net_new(bool shared, bool no_tcx, bool unguarded)
{
	struct net *n = calloc(1, sizeof(*n));

	ck_assert_ptr_nonnull(n);
	n->shared = shared;
	n->open = unguarded;
	n->d = sandbox_datapath(no_tcx);
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
	struct net *n = net_new(_i & 1, _i & 2, false);
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

/* --- frames for many --- */

#define ENDS	   (2 + VNETS) /* the host, the outside, the vnets */
#define ROUNDS	   3
#define TYPE	   0x88b5
#define FRAMES	   (ENDS * ROUNDS)
#define FRAME_SIZE 60
#define SEEN_MS	   5000

struct ends {
	int sockets[ENDS];
	unsigned int seen[ENDS][FRAMES]; /* how often each frame has come */
};

/* One that gets what the stack of that device gets. */
static int end_open(int netns, const char *device)
{
	const int one = 1;
	int home = here(), fd;
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(TYPE) };

	ck_assert_int_eq(setns(netns, CLONE_NEWNET), 0);
	at.sll_ifindex = (int)if_nametoindex(device);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)), 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(setns(home, CLONE_NEWNET), 0);
	close(home);
	return fd;
}

static void ends_open(const struct net *n, struct ends *e)
{
	char name[IF_NAMESIZE];
	int host = here();

	e->sockets[0] = end_open(host, "n0");
	e->sockets[1] = end_open(n->outside, "w0");
	for (uint32_t i = 1; i <= VNETS; i++) {
		snprintf(name, sizeof(name), "u%u", i);
		e->sockets[1 + i] = end_open(n->vnets[i], name);
	}
	close(host);
}

static void end_send(const struct net *n, const struct ends *e, uint32_t end, uint8_t number)
{
	uint8_t frame[FRAME_SIZE] = { 0xff,	   0xff,  0xff, 0xff, 0xff, 0xff, [12] = TYPE >> 8,
				      TYPE & 0xff, number };
	uint8_t outside[6] = { 2, 0, 0, 0, 0, 0x50 }, nic[6] = { 2, 0, 0, 0, 0, MAC_NIC }, mac[6];

	if (end > 1)
		mac_of(n, end - 1, mac);
	/* Who has no guard may be anybody. */
	memcpy(frame + 6, end == 0 ? nic : end == 1 ? outside : mac, 6);
	if (n->open && end == 2)
		frame[11] = 0xaa;
	ck_assert_int_eq(send(e->sockets[end], frame, sizeof(frame), 0), sizeof(frame));
}

static void end_read(struct ends *e, uint32_t end)
{
	uint8_t frame[FRAME_SIZE];

	while (recv(e->sockets[end], frame, sizeof(frame), 0) == sizeof(frame))
		e->seen[end][frame[14]]++;
}

/* Until each of @frames has come to everybody but who sent it. */
static bool all_seen(const struct ends *e, uint32_t frames)
{
	for (uint32_t end = 0; end < ENDS; end++)
		for (uint32_t i = 0; i < frames; i++)
			if (i % ENDS != end && !e->seen[end][i])
				return false;
	return true;
}

static void wait_for_all(struct ends *e, uint32_t frames)
{
	const uint64_t end_us = sandbox_now_us() + SEEN_MS * 1000;

	while (!all_seen(e, frames)) {
		ck_assert_msg(sandbox_now_us() < end_us, "a frame has not come to everybody");
		poll(NULL, 0, 1);
		for (uint32_t end = 0; end < ENDS; end++)
			end_read(e, end);
	}
}

/*
 * Everybody sends to all, in turns: each frame comes once to each other one, and never back. A
 * second copy of a frame would come before those of the next rounds. Guarded; by address; and from
 * a source that nobody knows.
 */
START_TEST(a_broadcast_comes_once)
{
	struct net *n = net_new(_i == 1, false, _i == 2);
	struct ends *e = calloc(1, sizeof(*e));

	ck_assert_ptr_nonnull(e);
	ends_open(n, e);
	for (uint32_t i = 0; i < FRAMES; i++) {
		end_send(n, e, i % ENDS, (uint8_t)i);
		wait_for_all(e, i + 1);
	}
	for (uint32_t end = 0; end < ENDS; end++)
		for (uint32_t i = 0; i < FRAMES - ENDS; i++)
			ck_assert_msg(e->seen[end][i] == (i % ENDS != end),
				      "frame %u of %u came to %u %u times", i, i % ENDS, end,
				      e->seen[end][i]);
	for (uint32_t end = 0; end < ENDS; end++)
		close(e->sockets[end]);
	free(e);
	net_free(n);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("uplink_net");
	TCase *t = sandbox_case(s, "net");

	tcase_add_loop_test(t, everybody_reaches_everybody, 0, 4);
	tcase_add_loop_test(t, a_broadcast_comes_once, 0, 3);
	return sandbox_main(s);
}
