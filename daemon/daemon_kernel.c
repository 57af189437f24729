/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon_kernel.h"

#include <time.h>

#include "cpus.h"
#include "datapath.h"
#include "offload.h"
#include "rtnl.h"
#include "rtnl_ntuple.h"
#include "tap.h"
#include "xsk.h"

static uint64_t now_us(void *rtnl)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int cpus_online(void *rtnl, char ret[KERNEL_CPUS_SIZE])
{
	return cpus_read("/sys/devices/system/cpu/online", ret, KERNEL_CPUS_SIZE);
}

const struct kernel_ops daemon_kernel_ops = {
	.now_us = now_us,
	.cpus_online = cpus_online,
	.veth_add = rtnl_veth_add,
	.veth_del = rtnl_veth_del,
	.link_get = rtnl_link_get,
	.link_set = rtnl_link_set,
	.link_del = rtnl_link_del,
	.has_fq = rtnl_has_fq,
	.tap_add = tap_add,
	.xsk_open = xsk_open,
	.xsk_missed = xsk_missed,
	.send_frame = rtnl_send_frame,
	.listen = rtnl_listen,
	.hear = rtnl_hear,
	.listen_end = rtnl_listen_end,
	.carries = rtnl_carries,
	.link_stats = rtnl_link_stats,
	.link_filter = rtnl_link_filter,
	.vf_look = rtnl_vf_look,
	.vf_get = rtnl_vf_get,
	.vf_set = rtnl_vf_set,
	.vf_bridge = rtnl_vf_bridge,
	.ntuple_room = rtnl_ntuple_room,
	.ntuple_get = rtnl_ntuple_get,
	.ntuple_add = rtnl_ntuple_add,
	.ntuple_del = rtnl_ntuple_del,
	.offloads_get = offload_get,
	.offloads_set = offload_set,
	.sees_devices = datapath_sees_devices,
	.attach = datapath_attach,
	.detach = datapath_detach,
	.detach_later = datapath_detach_later,
	.attached = datapath_attached,
	.port_write = datapath_port_write,
	.vnet_write = datapath_vnet_write,
	.resource_write = datapath_resource_write,
	.fdb_write = datapath_fdb_write,
	.vlans_write = datapath_vlans_write,
	.device_write = datapath_device_write,
	.storm_write = datapath_storm_write,
	.allowed_write = datapath_allowed_write,
	.uplink_write = datapath_uplink_write,
	.uplink_read = datapath_uplink_read,
	.member_write = datapath_member_write,
	.address_write = datapath_address_write,
	.address_read = datapath_address_read,
	.addresses_each = datapath_addresses_each,
	.learner_write = datapath_learner_write,
	.flow_write = datapath_flow_write,
	.flow_counters = datapath_flow_counters,
	.flow_read = datapath_flow_read,
	.xsk_write = datapath_xsk_write,
	.limit_write = datapath_limit_write,
	.cpu_write = datapath_cpu_write,
	.resource_read = datapath_resource_read,
	.fdb_read = datapath_fdb_read,
	.vlans_read = datapath_vlans_read,
	.vnet_read = datapath_vnet_read,
	.counters = datapath_counters,
	.drops = datapath_drops,
	.pair_mark = datapath_pair_mark,
	.pairs_each = datapath_pairs_each,
	.device_mark = datapath_device_mark,
	.device_marks_each = datapath_device_marks_each,
	.vf_mark = datapath_vf_mark,
	.vf_marks_each = datapath_vf_marks_each,
	.filter_mark = datapath_filter_mark,
	.filter_marks_each = datapath_filter_marks_each,
	.sweep = datapath_sweep,
	.flush = datapath_flush,
};
