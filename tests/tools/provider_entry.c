// SPDX-License-Identifier: GPL-2.0-or-later
/* Each entry point is a line on stdout, in the order in which they are called. */
#include "provider.h"

/* A line that a test can look for: an entry point was called when none may be. */
static void entry_judge(struct provider *p, const char *name)
{
	if (!atomic_load(&p->may_run))
		printf("unasked %s\n", name);
}

static const char *entry_mac(const uint8_t *mac, char text[18])
{
	snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
	return text;
}

static int entry_getstat(void *driver, uint_t stat, uint64_t *value)
{
	struct provider *p = driver;

	if (stat >= PROVIDER_STATS)
		return ENOTSUP;
	*value = atomic_load(&p->stats[stat]);
	return 0;
}

static int entry_start(void *driver)
{
	struct provider *p = driver;
	int refused = atomic_load(&p->start_error);

	entry_judge(p, "start");
	if (refused) {
		printf("start refused\n");
		return refused;
	}
	atomic_store(&p->started, true);
	printf("started\n");
	return 0;
}

static void entry_stop(void *driver)
{
	struct provider *p = driver;

	entry_judge(p, "stop");
	atomic_store(&p->started, false);
	printf("stopped\n");
}

static int entry_setpromisc(void *driver, boolean_t on)
{
	struct provider *p = driver;

	entry_judge(p, "setpromisc");
	printf("promisc %s\n", on ? "on" : "off");
	return atomic_load(&p->entry_error);
}

static int entry_multicst(void *driver, boolean_t add, const uint8_t *address)
{
	struct provider *p = driver;
	char text[18];

	entry_judge(p, "multicst");
	printf("multicst %s %s\n", add ? "add" : "del", entry_mac(address, text));
	return atomic_load(&p->entry_error);
}

static int entry_unicst(void *driver, const uint8_t *address)
{
	struct provider *p = driver;
	char text[18];

	entry_judge(p, "unicst");
	printf("unicst %s\n", entry_mac(address, text));
	return atomic_load(&p->entry_error);
}

static boolean_t entry_getcapab(void *driver, mac_capab_t capability, void *data)
{
	struct provider *p = driver;

	if (!p->options.offload)
		return B_FALSE;
	switch (capability) {
	case MAC_CAPAB_HCKSUM:
		*(uint32_t *)data = HCKSUM_INET_PARTIAL;
		return B_TRUE;
	case MAC_CAPAB_LSO:
		*(mac_capab_lso_t *)data = (mac_capab_lso_t) {
			.lso_flags = LSO_TX_BASIC_TCP_IPV4 | LSO_TX_BASIC_TCP_IPV6,
		};
		return B_TRUE;
	}
	return B_FALSE;
}

const mac_callbacks_t entry_callbacks = {
	.mc_callbacks = MC_GETCAPAB,
	.mc_getstat = entry_getstat,
	.mc_start = entry_start,
	.mc_stop = entry_stop,
	.mc_setpromisc = entry_setpromisc,
	.mc_multicst = entry_multicst,
	.mc_unicst = entry_unicst,
	.mc_tx = tx_frames,
	.mc_getcapab = entry_getcapab,
};
