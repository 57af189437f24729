// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hands small frames to a vnet as fast as one thread can, from a ring of frames in memory.
 *
 *	supply libvnet --socket PATH --to MAC --name NAME ...	as a provider: vio_net_rx_cb()
 *	supply write --device TAP --to MAC ...			what there is without it: write()
 *
 *	--seconds S, --size BYTES (without the checksum), --batch FRAMES in a chain
 *
 * The frames are of an EtherType that nobody listens to, so what is measured ends where the vnet
 * does. Writes {"frames":N,"seconds":S} as JSON; whether they arrived is for the counters to tell.
 */
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "bench.h"
#include "vnet/vio_net.h"

#define SUPPLY_RING	4096
#define SUPPLY_TYPE	0x88b5 /* for experiments */
#define SUPPLY_SIZE_MAX 1514
#define SUPPLY_START_NS UINT64_C(5000000000)
#define SUPPLY_NS_PER_S UINT64_C(1000000000)

volatile sig_atomic_t common_stop;

static struct supply {
	const char *socket, *name, *device;
	ether_addr_t to;
	uint64_t duration_ns;
	size_t size;
	unsigned int batch;
	unsigned char *ring; /* SUPPLY_RING frames of SUPPLY_SIZE_MAX bytes each */
} supply = { .duration_ns = SUPPLY_NS_PER_S, .size = 60, .batch = 64, .name = "supply" };

static const ether_addr_t supply_from = { 0x02, 0, 0, 0, 0xbe, 0xef };

static unsigned char *supply_frame(uint64_t number)
{
	return supply.ring + number % SUPPLY_RING * SUPPLY_SIZE_MAX;
}

static void supply_fill(void)
{
	supply.ring = calloc(SUPPLY_RING, SUPPLY_SIZE_MAX);
	if (!supply.ring)
		err(COMMON_FAILED, "memory");
	for (uint64_t i = 0; i < SUPPLY_RING; i++) {
		unsigned char *frame = supply_frame(i);

		memcpy(frame, supply.to, ETHERADDRL);
		memcpy(frame + ETHERADDRL, supply_from, ETHERADDRL);
		frame[12] = SUPPLY_TYPE >> 8;
		frame[13] = SUPPLY_TYPE & 0xff;
		memcpy(frame + 14, &i, sizeof(i));
	}
}

static void supply_say(uint64_t frames, uint64_t took_ns)
{
	printf("{\"frames\":%" PRIu64 ",\"seconds\":%.6f}\n", frames, (double)took_ns / 1e9);
}

/* --- by write() --- */

static int supply_open_tap(void)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", supply.device);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		err(COMMON_FAILED, "%s", supply.device);
	return fd;
}

static void supply_write(void)
{
	const struct virtio_net_hdr header = { 0 };
	uint64_t begin, now, frames = 0;
	int fd = supply_open_tap();

	begin = now = common_now_ns();
	while (!common_stop && now - begin < supply.duration_ns) {
		for (unsigned int i = 0; i < supply.batch; i++) {
			struct iovec parts[] = {
				{ .iov_base = (void *)&header, .iov_len = sizeof(header) },
				{ .iov_base = supply_frame(frames), .iov_len = supply.size },
			};

			if (writev(fd, parts, 2) < 0)
				err(COMMON_FAILED, "%s", supply.device);
			frames++;
		}
		now = common_now_ns();
	}
	supply_say(frames, now - begin);
	close(fd);
}

/* --- as a provider --- */

static vio_net_handle_t supply_handle;
static vio_net_callbacks_t supply_vnet;
static bool supply_started;

static int supply_on_start(void *driver)
{
	supply_started = true;
	return 0;
}

static mblk_t *supply_on_tx(void *driver, mblk_t *chain)
{
	freemsgchain(chain);
	return NULL;
}

static void supply_register(struct vnet_loop *loop)
{
	mac_callbacks_t callbacks = { .mc_start = supply_on_start, .mc_tx = supply_on_tx };
	mac_register_t *m = mac_alloc(MAC_VERSION);
	uint64_t deadline = common_now_ns() + SUPPLY_START_NS;

	if (!m)
		err(COMMON_FAILED, "memory");
	m->m_callbacks = &callbacks;
	m->m_name = supply.name;
	m->m_loop = loop;
	if (vio_net_resource_reg(m, VIO_NET_RES_LDC_SERVICE, supply.to, NULL, &supply_handle,
				 &supply_vnet))
		errx(COMMON_FAILED, "%s", m->m_error);
	mac_free(m);
	while (!supply_started && common_now_ns() < deadline)
		vnet_dispatch(loop, 100);
	if (!supply_started)
		errx(COMMON_FAILED, "the resource was not started in time");
}

/* The frames stay where they are. */
static void supply_keep(char *arg)
{
}

static frtn_t supply_free_rtn = { .free_func = supply_keep };

static mblk_t *supply_chain(uint64_t first)
{
	mblk_t *chain = NULL, **end = &chain;

	for (unsigned int i = 0; i < supply.batch; i++) {
		mblk_t *mp = desballoc(supply_frame(first + i), SUPPLY_SIZE_MAX, BPRI_MED,
				       &supply_free_rtn);

		if (!mp)
			err(COMMON_FAILED, "memory");
		mp->b_wptr += supply.size;
		*end = mp;
		end = &mp->b_next;
	}
	return chain;
}

static void supply_libvnet(void)
{
	uint64_t begin, now, frames = 0;
	struct vnet_loop *loop;

	if (vnet_loop_new(supply.socket, &loop) < 0)
		errx(COMMON_FAILED, "no loop can be made");
	supply_register(loop);
	begin = now = common_now_ns();
	while (!common_stop && now - begin < supply.duration_ns) {
		supply_vnet.vio_net_rx_cb(supply_handle, supply_chain(frames));
		frames += supply.batch;
		now = common_now_ns();
	}
	supply_say(frames, now - begin);
	fflush(stdout);
	/* Its counters go with it: whoever wants them reads them first. */
	while (!common_stop && getchar() != EOF)
		;
	vnet_loop_free(loop);
}

/* --- main --- */

static void supply_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "to", required_argument, NULL, 't' },
		{ "name", required_argument, NULL, 'n' },
		{ "device", required_argument, NULL, 'd' },
		{ "seconds", required_argument, NULL, 'S' },
		{ "size", required_argument, NULL, 'b' },
		{ "batch", required_argument, NULL, 'B' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			supply.socket = optarg;
		else if (c == 'n')
			supply.name = optarg;
		else if (c == 'd')
			supply.device = optarg;
		else if (c == 't')
			common_mac("--to", optarg, supply.to);
		else if (c == 'S')
			supply.duration_ns =
				common_number("--seconds", optarg, 1, 3600) * SUPPLY_NS_PER_S;
		else if (c == 'b')
			supply.size = common_number("--size", optarg, 22, SUPPLY_SIZE_MAX);
		else if (c == 'B')
			supply.batch =
				(unsigned int)common_number("--batch", optarg, 1, SUPPLY_RING);
		else
			exit(COMMON_USAGE);
	}
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	supply_options(argc - 1, argv + 1);
	supply_fill();
	if (!strcmp(way, "libvnet"))
		supply_libvnet();
	else if (!strcmp(way, "write") && supply.device)
		supply_write();
	else
		errx(COMMON_USAGE, "the way is neither libvnet nor write with --device");
	free(supply.ring);
	return 0;
}
