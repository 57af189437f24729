// SPDX-License-Identifier: GPL-2.0-or-later
#include "tcx.h"

#include <errno.h>

#include <bpf/bpf.h>

#include "hooklink.h"

/*
 * What the kernel has since 6.6 and the headers of Debian 12 (6.1) do not name. Kernel ABI, so
 * these never change.
 */
enum {
	TCX_INGRESS = 46, /* BPF_TCX_INGRESS */
	TCX_EGRESS = 47,  /* BPF_TCX_EGRESS */
	TCX_LINK = 11,	  /* BPF_LINK_TYPE_TCX */
	TCX_LO = 1,	  /* every namespace's loopback device */
};

bool tcx_is_supported(void)
{
	LIBBPF_OPTS(bpf_prog_query_opts, opts);
	int r = bpf_prog_query_opts(TCX_LO, (enum bpf_attach_type)TCX_INGRESS, &opts);

	return r == 0 || r == -ENODEV;
}

static size_t query(uint32_t ifindex, uint32_t attach, uint32_t ret[TCX_PROGRAMS])
{
	LIBBPF_OPTS(bpf_prog_query_opts, opts, .prog_ids = ret, .prog_cnt = TCX_PROGRAMS);

	return bpf_prog_query_opts((int)ifindex, (enum bpf_attach_type)attach, &opts) < 0
		       ? 0
		       : opts.prog_cnt;
}

size_t tcx_programs(uint32_t ifindex, bool egress, uint32_t ret[TCX_PROGRAMS])
{
	return query(ifindex, egress ? TCX_EGRESS : TCX_INGRESS, ret);
}

static bool runs(const struct hooklink *h, uint32_t program)
{
	uint32_t ids[TCX_PROGRAMS];
	size_t count = query(h->ifindex, h->attach, ids);

	for (size_t i = 0; i < count; i++)
		if (ids[i] == program)
			return true;
	return false;
}

static struct hooklink link_of(const struct tcx_place *place)
{
	const uint32_t attach = place->egress ? TCX_EGRESS : TCX_INGRESS;

	return (struct hooklink) {
		.folder = place->folder,
		.name = place->name,
		.ifindex = place->ifindex,
		.type = TCX_LINK,
		.attach = attach,
		.side = attach,
		.runs = runs,
	};
}

int tcx_attach(const struct tcx_place *place, int program, int old_program)
{
	const struct hooklink h = link_of(place);

	return hooklink_attach(&h, program, old_program);
}

bool tcx_is_there(const struct tcx_place *place)
{
	const struct hooklink h = link_of(place);

	return hooklink_is_there(&h);
}

int tcx_detach(const struct tcx_place *place)
{
	const struct hooklink h = link_of(place);

	return hooklink_detach(&h);
}
