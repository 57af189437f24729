// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The devices of the world: mostly taps, because their other end is a file that frames come out of.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "world_internal.h"

#define RUNNING_TIMEOUT_MS 10000

struct world_device *world_device_find(const struct world *w, uint32_t ifindex)
{
	for (size_t i = 0; i < w->shared->device_count; i++)
		if (w->shared->devices[i].ifindex == ifindex)
			return &w->shared->devices[i];
	return NULL;
}

void world_devices_free(struct world *w)
{
	for (size_t i = 0; i < w->shared->device_count; i++)
		if (w->shared->devices[i].fd >= 0)
			close(w->shared->devices[i].fd);
	w->shared->device_count = 0;
}

static void name_of(uint32_t ifindex, char letter, char ret[IFNAMSIZ])
{
	snprintf(ret, IFNAMSIZ, "%c%u", letter, ifindex);
}

/* --- requests --- */

static int request(unsigned long what, struct ifreq *r)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, what, r))
		err = -errno;
	close(fd);
	return err;
}

static int set_up(const char *name, bool up)
{
	struct ifreq r = { .ifr_flags = (short)(up ? IFF_UP : 0) };

	memcpy(r.ifr_name, name, IFNAMSIZ);
	return request(SIOCSIFFLAGS, &r);
}

/* A veth whose peer polls takes what XDP redirects. */
static int set_gro(const char *name)
{
	struct ethtool_value on = { .cmd = ETHTOOL_SGRO, .data = 1 };
	struct ifreq r = { .ifr_data = (char *)&on };

	memcpy(r.ifr_name, name, IFNAMSIZ);
	return request(SIOCETHTOOL, &r);
}

/* ip(8) knows how to make devices. */
static int run_ip(const char *const *args)
{
	pid_t pid;
	int status, err = posix_spawnp(&pid, "ip", NULL, NULL, (char *const *)args, environ);

	if (err)
		return -err;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

/* --- the kinds --- */

/* Returns the descriptor of a new tap with this index, or -errno. */
static int open_tap(uint32_t ifindex, const char *name)
{
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	unsigned int index = ifindex;
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	memcpy(r.ifr_name, name, IFNAMSIZ);
	if (ioctl(fd, TUNSETIFINDEX, &index) || ioctl(fd, TUNSETIFF, &r)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int make_veth(const char *name, const char *peer, const char *index)
{
	const char *const args[] = { "ip",   "link", "add",  "name", name, "index", index,
				     "type", "veth", "peer", "name", peer, NULL };
	int err = run_ip(args);

	if (!err)
		err = set_gro(peer);
	return err ? err : set_up(peer, true);
}

static int make_ifb(const char *name, const char *index)
{
	const char *const args[] = { "ip",    "link", "add",  "name", name,
				     "index", index,  "type", "ifb",  NULL };

	return run_ip(args);
}

static int add_hook(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);

	return bpf_tc_hook_create(&hook);
}

static int make_kind(struct world_device *d, const char *name)
{
	char peer[IFNAMSIZ], index[16];

	name_of(d->ifindex, 'p', peer);
	snprintf(index, sizeof(index), "%u", d->ifindex);
	switch (d->kind) {
	case WORLD_TAP:
		d->fd = open_tap(d->ifindex, name);
		return d->fd < 0 ? d->fd : 0;
	case WORLD_VETH:
		return make_veth(name, peer, index);
	case WORLD_IFB:
		return make_ifb(name, index);
	}
	return -EINVAL;
}

static int make(struct world *w, uint32_t ifindex, enum world_kind kind)
{
	struct world_device d = { ifindex, kind, .fd = -1, .up = true, .carrier = true };
	char name[IFNAMSIZ] = "";
	int err;

	if (w->shared->device_count == WORLD_DEVICES_MAX)
		return -E2BIG;
	name_of(ifindex, 't', name);
	err = make_kind(&d, name);
	if (!err)
		err = set_up(name, true);
	if (!err)
		err = add_hook(ifindex);
	if (err) {
		if (d.fd >= 0)
			close(d.fd);
		return err;
	}
	w->shared->devices[w->shared->device_count++] = d;
	return 0;
}

/* --- the state --- */

static int set_carrier(const struct world_device *d, bool on)
{
	char peer[IFNAMSIZ] = "";
	int carrier = on;

	switch (d->kind) {
	case WORLD_TAP:
		return ioctl(d->fd, TUNSETCARRIER, &carrier) ? -errno : 0;
	case WORLD_VETH:
		name_of(d->ifindex, 'p', peer);
		return set_up(peer, on);
	case WORLD_IFB:
		return -EINVAL;
	}
	return -EINVAL;
}

/*
 * A device that is up with a carrier again is of use only once the kernel has given its queue back,
 * which it does some time later, before it takes the lock again that every change needs.
 */
static int wait_until_running(const char *name)
{
	struct ifreq r = { .ifr_flags = 0 };
	int err = 0;

	memcpy(r.ifr_name, name, IFNAMSIZ);
	for (int i = 0; !err && !(r.ifr_flags & IFF_RUNNING); i++) {
		if (i == RUNNING_TIMEOUT_MS)
			return -ETIMEDOUT;
		poll(NULL, 0, 1);
		err = request(SIOCGIFFLAGS, &r);
	}
	return err ? err : set_up(name, true);
}

static enum world_kind kind_of(const struct model_device *d)
{
	if (!d->takes_xdp)
		return WORLD_IFB;
	return d->takes_fragments ? WORLD_VETH : WORLD_TAP;
}

int world_device_set(struct world *w, const struct model_device *wanted)
{
	struct world_device *d = world_device_find(w, wanted->ifindex);
	char name[IFNAMSIZ] = "";
	int err = 0;

	if (!d)
		err = make(w, wanted->ifindex, kind_of(wanted));
	if (err)
		return err;
	d = world_device_find(w, wanted->ifindex);
	if (d->kind != kind_of(wanted))
		return -EEXIST;
	if (d->up == wanted->up && d->carrier == wanted->carrier)
		return 0;
	name_of(d->ifindex, 't', name);
	if (d->up != wanted->up)
		err = set_up(name, wanted->up);
	if (err)
		return err;
	d->up = wanted->up;
	if (d->carrier != wanted->carrier)
		err = set_carrier(d, wanted->carrier);
	if (err)
		return err;
	d->carrier = wanted->carrier;
	return d->up && d->carrier ? wait_until_running(name) : 0;
}

int world_device(struct world *w, uint32_t ifindex)
{
	return world_device_find(w, ifindex) ? 0 : make(w, ifindex, WORLD_TAP);
}

/* A tap goes with its last descriptor, so whoever forked since it was made has to have none. */
int world_device_delete(struct world *w, uint32_t ifindex)
{
	struct world_device *d = world_device_find(w, ifindex);

	if (!d || d->fd < 0)
		return -ENODEV;
	if (close(d->fd))
		return -errno;
	*d = w->shared->devices[--w->shared->device_count];
	return 0;
}
