/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor's questions, as messages. */
#ifndef VNETD_MONITOR_ASK_H
#define VNETD_MONITOR_ASK_H

#include <linux/netlink.h>
#include <stdint.h>

#define MONITOR_ASK_BYTES 128

/* Written to @buffer of MONITOR_ASK_BYTES, aligned as the message. @ifindex 0: all devices. */
const struct nlmsghdr *monitor_ask_link(void *buffer, uint32_t sequence, uint32_t ifindex);
const struct nlmsghdr *monitor_ask_addresses(void *buffer, uint32_t sequence); /* all of them */

#endif
