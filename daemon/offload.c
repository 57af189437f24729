// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * By the ioctl and not by netlink: it tells what was asked for apart from what is in effect (a veth
 * with an XDP program has GRO in effect that nobody asked for), and only what was asked for can be
 * put back.
 */
#include "offload.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define OFFLOAD_WORDS_MAX 16 /* of 32 features each; the kernel has two or three */

/* Where the kernel keeps each feature: the same for all devices, but not for all kernels. */
struct offload_bits {
	uint32_t words;
	int bit[KERNEL_OFFLOAD_END]; /* -1: this kernel does not have it */
};

struct offload_features {
	struct ethtool_gfeatures head;
	struct ethtool_get_features_block words[OFFLOAD_WORDS_MAX];
};

struct offload_change {
	struct ethtool_sfeatures head;
	struct ethtool_set_features_block words[OFFLOAD_WORDS_MAX];
};

static int ask(int sock, const char *device, void *request)
{
	struct ifreq ifr = { .ifr_data = request };

	if (!util_copy(ifr.ifr_name, sizeof(ifr.ifr_name), device))
		return -ENODEV;
	return ioctl(sock, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
}

static int open_socket(void)
{
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return sock < 0 ? -errno : sock;
}

/* The number of features that the kernel has names for, or -errno. */
static int count_names(int sock, const char *device)
{
	struct {
		struct ethtool_sset_info head;
		uint32_t count;
	} request = {
		.head = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_FEATURES },
	};
	int r = ask(sock, device, &request);

	if (r < 0)
		return r;
	return request.count > 0 && request.count <= OFFLOAD_WORDS_MAX * 32 ? (int)request.count
									    : -EPROTO;
}

static int find_name(const uint8_t *names, uint32_t count, const char *name)
{
	for (uint32_t i = 0; i < count; i++)
		if (strncmp((const char *)names + i * ETH_GSTRING_LEN, name, ETH_GSTRING_LEN) == 0)
			return (int)i;
	return -1;
}

static int read_bits(int sock, const char *device, struct offload_bits *ret)
{
	UTIL_FREE struct ethtool_gstrings *names = NULL;
	int count = count_names(sock, device), r;

	if (count < 0)
		return count;
	names = calloc(1, sizeof(*names) + (size_t)count * ETH_GSTRING_LEN);
	if (!names)
		return -ENOMEM;
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_FEATURES;
	names->len = (uint32_t)count;
	r = ask(sock, device, names);
	if (r < 0)
		return r;
	ret->words = ((uint32_t)count + 31) / 32;
	for (int i = 0; i < KERNEL_OFFLOAD_END; i++)
		ret->bit[i] = find_name(names->data, (uint32_t)count,
					kernel_offload_name((enum kernel_offload)i));
	return 0;
}

static unsigned int has(uint32_t word, int bit, int offload)
{
	return (word >> bit % 32 & 1u) << offload;
}

int offload_get(void *rtnl, const char *device, struct kernel_offloads *ret)
{
	struct offload_features features = { .head.cmd = ETHTOOL_GFEATURES };
	struct kernel_offloads found = { 0 };
	UTIL_CLOSE int sock = open_socket();
	struct offload_bits bits;
	int r = sock < 0 ? sock : read_bits(sock, device, &bits);

	if (r < 0)
		return r;
	features.head.size = bits.words;
	r = ask(sock, device, &features);
	if (r < 0)
		return r;
	for (int i = 0; i < KERNEL_OFFLOAD_END; i++) {
		const struct ethtool_get_features_block *word = features.words + bits.bit[i] / 32;

		if (bits.bit[i] < 0)
			continue;
		found.can |= has(word->available & ~word->never_changed, bits.bit[i], i);
		found.on |= has(word->requested, bits.bit[i], i);
	}
	*ret = found;
	return 0;
}

int offload_set(void *rtnl, const char *device, unsigned int set, unsigned int on)
{
	struct offload_change change = { .head.cmd = ETHTOOL_SFEATURES };
	UTIL_CLOSE int sock = open_socket();
	struct offload_bits bits;
	int r = sock < 0 ? sock : read_bits(sock, device, &bits);

	if (r < 0)
		return r;
	change.head.size = bits.words;
	for (int i = 0; i < KERNEL_OFFLOAD_END; i++) {
		struct ethtool_set_features_block *word = change.words + bits.bit[i] / 32;

		if (bits.bit[i] < 0 || !(set >> i & 1))
			continue;
		word->valid |= 1u << bits.bit[i] % 32;
		word->requested |= (on >> i & 1u) << bits.bit[i] % 32;
	}
	return ask(sock, device, &change);
}
