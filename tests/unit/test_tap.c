/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/tap.c against the kernel, in namespaces of the test's own. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "../../daemon/rtnl.h"
#include "../../daemon/tap.h"
#include "unit.h"
#include "unit_net.h"

#define ANSWER_MS    5000
#define TYPE_OF_TEST 0x88b5 /* local experimental EtherType */
#define FRAME_BYTES  60

static struct rtnl *rtnl;

static void enter(void)
{
	ck_assert_int_eq(unit_net_enter(), 0);
	ck_assert_int_eq(rtnl_new(&rtnl), 0);
}

static void leave(void)
{
	rtnl_free(rtnl);
}

static struct link add(struct kernel_tap tap, int *fds)
{
	struct link l;
	int err = tap_add(rtnl, &tap, &l, fds);

	ck_assert_msg(!err, "%s", strerror(-err));
	return l;
}

static void close_all(const int *fds, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		ck_assert_int_eq(close(fds[i]), 0);
}

static bool exists(const char *name)
{
	struct link l;
	int err = rtnl_link_get(rtnl, name, &l);

	ck_assert(err == 0 || err == -ENODEV);
	return err == 0;
}

static void bring_up(const struct link *l)
{
	struct kernel_link_change up = { .set = KERNEL_LINK_UP, .up = true };

	ck_assert_int_eq(rtnl_link_set(rtnl, l->ifindex, &up), 0);
}

START_TEST(test_add)
{
	struct link a, b;
	int one[1], two[1];

	a = add((struct kernel_tap) { .queues = 1 }, one);
	ck_assert_str_eq(a.name, "vntap0");
	ck_assert_str_eq(a.kind, "tun");
	ck_assert_uint_eq(a.type, ARPHRD_ETHER);
	ck_assert_uint_eq(a.ifindex, if_nametoindex("vntap0"));
	ck_assert(a.vnet_hdr && !(a.flags & IFF_UP));
	ck_assert_uint_ge(a.max_mtu, 65521);
	b = add((struct kernel_tap) { .queues = 1 }, two);
	ck_assert_str_eq(b.name, "vntap1");
	ck_assert_int_eq(fcntl(one[0], F_GETFD), FD_CLOEXEC);
	ck_assert(fcntl(one[0], F_GETFL) & O_NONBLOCK);
	/* It ends with its descriptors, and the name is free. */
	close_all(one, 1);
	ck_assert(!exists("vntap0") && exists("vntap1"));
	a = add((struct kernel_tap) { .queues = 1 }, one);
	ck_assert_str_eq(a.name, "vntap0");
	close_all(one, 1);
	close_all(two, 1);
}
END_TEST

static unsigned int flags_of(int fd)
{
	struct ifreq request = { 0 };

	ck_assert_int_eq(ioctl(fd, TUNGETIFF, &request), 0);
	return (unsigned short)request.ifr_flags;
}

START_TEST(test_queues)
{
	static const unsigned int counts[] = { 1, 2, 5, KERNEL_TAP_QUEUES_MAX };
	const unsigned int count = counts[_i];
	int fds[KERNEL_TAP_QUEUES_MAX], bytes;
	struct link l = add((struct kernel_tap) { .queues = count }, fds);

	for (unsigned int i = 0; i < count; i++) {
		ck_assert_uint_eq(flags_of(fds[i]) & ~(unsigned int)IFF_MULTI_QUEUE,
				  IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
		ck_assert_int_eq(!!(flags_of(fds[i]) & IFF_MULTI_QUEUE), count > 1);
		ck_assert_int_eq(ioctl(fds[i], TUNGETVNETHDRSZ, &bytes), 0);
		ck_assert_int_eq(bytes, 10);
		ck_assert_int_eq(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
		ck_assert(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
	}
	/* One device, and the last descriptor counts. */
	close_all(fds, count - 1);
	ck_assert(exists(l.name));
	ck_assert(!exists("vntap1"));
	close_all(fds + count - 1, 1);
	ck_assert(!exists(l.name));
}
END_TEST

START_TEST(test_offloads)
{
	static const struct {
		struct kernel_tap tap;
		bool csum, tso4, tso6;
	} rows[] = {
		{ { 1, false, false, false }, false, false, false },
		{ { 2, true, false, false }, true, false, false },
		{ { 1, true, true, false }, true, true, false },
		{ { 1, true, true, true }, true, true, true },
		{ { 2, true, false, true }, true, false, true },
		/* no segments without checksums */
		{ { 1, false, true, true }, false, false, false },
	};
	static const char command[] = "ethtool -k vntap0";
	int fds[KERNEL_TAP_QUEUES_MAX];

	add(rows[_i].tap, fds);
	ck_assert_int_eq(unit_net_says(command, "tx-checksum-ip-generic: on"), rows[_i].csum);
	ck_assert_int_eq(unit_net_says(command, "tx-tcp-segmentation: on"), rows[_i].tso4);
	ck_assert_int_eq(unit_net_says(command, "tx-tcp6-segmentation: on"), rows[_i].tso6);
	close_all(fds, rows[_i].tap.queues);
}
END_TEST

/* A frame of the test's type, or -EAGAIN. Any other one is not to be there. */
static ssize_t read_frame(int fd, uint8_t *frame, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	ck_assert_int_eq(poll(&p, 1, ANSWER_MS), 1);
	return read(fd, frame, size);
}

static void fill(uint8_t frame[FRAME_BYTES])
{
	memset(frame, 0, FRAME_BYTES);
	memset(frame, 0xff, 6);
	frame[6] = 2;
	frame[12] = TYPE_OF_TEST >> 8;
	frame[13] = TYPE_OF_TEST & 0xff;
	memset(frame + 14, 0xa5, FRAME_BYTES - 14);
}

/* Both ways, each frame behind its header; and the kernel adds none of its own. */
START_TEST(test_frames)
{
	uint8_t frame[FRAME_BYTES], got[sizeof(struct virtio_net_hdr) + FRAME_BYTES + 1];
	uint8_t sent[sizeof(struct virtio_net_hdr) + FRAME_BYTES] = { 0 };
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	int fds[1], packet = socket(AF_PACKET, SOCK_RAW, htons(TYPE_OF_TEST));
	struct link l = add((struct kernel_tap) { .queues = 1 }, fds);

	ck_assert_int_ge(packet, 0);
	bring_up(&l);
	to.sll_protocol = htons(TYPE_OF_TEST);
	to.sll_ifindex = (int)l.ifindex;
	fill(frame);
	ck_assert_int_eq(
		sendto(packet, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)),
		sizeof(frame));
	ck_assert_int_eq(read_frame(fds[0], got, sizeof(got)), sizeof(got) - 1);
	ck_assert_mem_eq(got + sizeof(struct virtio_net_hdr), frame, sizeof(frame));
	memcpy(sent + sizeof(struct virtio_net_hdr), frame, sizeof(frame));
	ck_assert_int_eq(write(fds[0], sent, sizeof(sent)), sizeof(sent));
	/* What was sent is heard as well; what came in is the second. */
	ck_assert_int_eq(read_frame(packet, got, sizeof(got)), sizeof(frame));
	ck_assert_mem_eq(got, frame, sizeof(frame));
	ck_assert(!unit_net_says("ip -6 address show dev vntap0", "fe80:"));
	ck_assert_int_eq(read(fds[0], got, sizeof(got)), -1);
	ck_assert_int_eq(errno, EAGAIN);
	close(packet);
	close_all(fds, 1);
}
END_TEST

START_TEST(test_refused)
{
	int fds[KERNEL_TAP_QUEUES_MAX] = { -7 };
	struct kernel_tap tap = { .queues = 0 };
	struct rlimit limit;
	struct link l = { 0 };
	int next;

	ck_assert_int_eq(tap_add(rtnl, &tap, &l, fds), -EINVAL);
	tap.queues = KERNEL_TAP_QUEUES_MAX + 1;
	ck_assert_int_eq(tap_add(rtnl, &tap, &l, fds), -EINVAL);
	/* Half-way there are no descriptors left: then there is no tap, and all are closed. */
	next = dup(0);
	ck_assert_int_ge(next, 0);
	close(next);
	limit.rlim_cur = limit.rlim_max = (rlim_t)next + 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	tap.queues = 4;
	ck_assert_int_eq(tap_add(rtnl, &tap, &l, fds), -EMFILE);
	ck_assert(!exists("vntap0"));
	ck_assert_int_eq(dup(0), next);
	ck_assert_int_eq(fds[0], -7);
	ck_assert_uint_eq(l.ifindex, 0);
	close(next);
	tap.queues = 3;
	ck_assert_int_eq(tap_add(rtnl, &tap, &l, fds), 0);
	close_all(fds, 3);
}
END_TEST

/* Any user may open the device file; a queue of this tap is not theirs. */
START_TEST(test_owned)
{
	struct ifreq request = { 0 };
	int fds[2], fd;
	struct link l = add((struct kernel_tap) { .queues = 2 }, fds);

	unit_net_run("ip -d link show dev %s | grep -q 'user '", l.name);
	/* Where no other user can be had the kernel's rule is believed. */
	if (seteuid(65534) == 0) {
		fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
		if (fd >= 0) {
			request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE;
			util_copy(request.ifr_name, sizeof(request.ifr_name), l.name);
			ck_assert_int_eq(ioctl(fd, TUNSETIFF, &request), -1);
			ck_assert_int_eq(errno, EPERM);
			close(fd);
		}
		ck_assert_int_eq(seteuid(0), 0);
	}
	close_all(fds, 2);
}
END_TEST

/* A holder's descriptor does not keep alive what is deleted, nor does TUNSETPERSIST. */
START_TEST(test_deleted)
{
	int fds[2];
	struct link l = add((struct kernel_tap) { .queues = 2 }, fds);
	char byte;

	ck_assert_int_eq(ioctl(fds[0], TUNSETPERSIST, 1), 0);
	ck_assert_int_eq(rtnl_link_del(rtnl, l.ifindex), 0);
	ck_assert(!exists(l.name));
	ck_assert_int_eq(read(fds[0], &byte, 1), -1);
	ck_assert_int_eq(errno, EBADFD);
	close_all(fds, 2);
	ck_assert(!exists(l.name));
}
END_TEST

int main(void)
{
	int r = unit_net_refused();
	TCase *t;
	Suite *s;

	if (r < 0)
		return unit_skip("no user namespaces here: %s", strerror(-r));
	if (access("/dev/net/tun", R_OK | W_OK))
		return unit_skip("no /dev/net/tun here");
	s = unit_suite("tap", &t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, enter, leave);
	tcase_add_test(t, test_add);
	tcase_add_loop_test(t, test_queues, 0, 4);
	tcase_add_loop_test(t, test_offloads, 0, 6);
	tcase_add_test(t, test_frames);
	tcase_add_test(t, test_refused);
	tcase_add_test(t, test_owned);
	tcase_add_test(t, test_deleted);
	return unit_run(s);
}
