/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rtnl_ntuple.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define PLACES_MAX 65536 /* no NIC has so many */

static int ask(const char *device, void *request)
{
	UTIL_CLOSE int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct ifreq ifr = { .ifr_data = request };

	if (sock < 0)
		return -errno;
	if (!util_copy(ifr.ifr_name, sizeof(ifr.ifr_name), device))
		return -ENODEV;
	return ioctl(sock, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
}

static int count_queues(const char *device, uint32_t *ret)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	int err = ask(device, &channels);

	if (!err)
		*ret = channels.rx_count + channels.combined_count;
	return err;
}

/* The last place that is free: of filters that both fit a frame the first has it, and others' come
 * before ours. */
static int find_place(const char *device, uint32_t count, uint32_t size, uint32_t *ret)
{
	UTIL_FREE struct ethtool_rxnfc *all = NULL;
	UTIL_FREE bool *used = NULL;
	int err;

	all = calloc(1, sizeof(*all) + count * sizeof(all->rule_locs[0]));
	used = calloc(size, sizeof(*used));
	if (!all || !used)
		return -ENOMEM;
	all->cmd = ETHTOOL_GRXCLSRLALL;
	all->rule_cnt = count;
	err = ask(device, all);
	if (err)
		return err;
	for (uint32_t i = 0; i < all->rule_cnt && i < count; i++)
		if (all->rule_locs[i] < size)
			used[all->rule_locs[i]] = true;
	for (uint32_t place = size; place-- > 0;) {
		if (used[place])
			continue;
		*ret = place;
		return 0;
	}
	return -ENOSPC;
}

int rtnl_ntuple_room(void *rtnl, const char *device, struct kernel_ntuple_room *ret)
{
	struct ethtool_rxnfc head = { .cmd = ETHTOOL_GRXCLSRLCNT };
	struct kernel_ntuple_room room = { 0 };
	int err = ask(device, &head);
	uint32_t size = (uint32_t)head.data & ~RX_CLS_LOC_SPECIAL;

	if (!err)
		err = count_queues(device, &room.queues);
	if (err)
		return err;
	/* Whose places the driver chooses could not be found again by who was killed. */
	if (!size || size > PLACES_MAX || head.rule_cnt > PLACES_MAX)
		return -EOPNOTSUPP;
	err = find_place(device, head.rule_cnt, size, &room.place);
	if (!err)
		*ret = room;
	return err;
}

int rtnl_ntuple_get(void *rtnl, const char *device, uint32_t place,
		    struct ethtool_rx_flow_spec *ret)
{
	struct ethtool_rxnfc request = { .cmd = ETHTOOL_GRXCLSRULE, .fs.location = place };
	int err = ask(device, &request);

	if (err)
		return err == -EINVAL ? -ENOENT : err; /* some drivers' word for it */
	*ret = request.fs;
	return 0;
}

int rtnl_ntuple_add(void *rtnl, const char *device, const struct ethtool_rx_flow_spec *spec)
{
	struct ethtool_rxnfc request = { .cmd = ETHTOOL_SRXCLSRLINS, .fs = *spec };

	return ask(device, &request);
}

int rtnl_ntuple_del(void *rtnl, const char *device, uint32_t place)
{
	struct ethtool_rxnfc request = { .cmd = ETHTOOL_SRXCLSRLDEL, .fs.location = place };

	return ask(device, &request);
}
