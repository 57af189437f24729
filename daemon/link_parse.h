/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a message of rtnetlink says of a device, be it news or the answer to a request. */
#ifndef VNETD_LINK_PARSE_H
#define VNETD_LINK_PARSE_H

#include <linux/netlink.h>

#include "address.h"
#include "link.h"

/*
 * One RTM_NEWLINK message as a link; @message has to be readable for its whole nlmsg_len. -EBADMSG:
 * it is damaged. -ENODATA: it is sound, but does not describe a device (a bridge's news of a port,
 * a wireless event).
 */
int link_parse(const struct nlmsghdr *message, struct link *ret);

/* The ifindex in an RTM_DELLINK message, or in an RTM_GETLINK request. Errors as above: the news
 * that a port has left its bridge is an RTM_DELLINK as well, of the bridge's family. */
int link_parse_gone(const struct nlmsghdr *message, uint32_t *ret);

/*
 * One RTM_NEWADDR or RTM_DELADDR message as an address. @ret_usable: false while the kernel does
 * not use it yet, or no more, for another host may have it. Errors as above; -ENODATA: of another
 * family.
 */
int link_parse_address(const struct nlmsghdr *message, struct address *ret, bool *ret_usable);

#endif
