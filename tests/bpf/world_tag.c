// SPDX-License-Identifier: GPL-2.0-or-later
/* A tag beside the frame, before a test run: by the program of tag.bpf.c. */
#include <errno.h>

#include "tests/bpf/tag.skel.h"
#include "world_internal.h"

int world_tag_load(struct world *w)
{
	int err;

	w->tag = tag_bpf__open_and_load();
	err = w->tag ? 0 : -errno;
	for (uint32_t i = MODEL_TX; !err && i <= MODEL_UPLINK_TX; i++) {
		int fd = world_program(w, (enum model_program)i);

		err = bpf_map_update_elem(bpf_map__fd(w->tag->maps.programs), &i, &fd, BPF_ANY);
	}
	return err;
}

void world_tag_unload(struct world *w)
{
	tag_bpf__destroy(w->tag);
}

int world_tag_put(struct world *w, enum model_program program, const struct model_tag *tag)
{
	w->tag->bss->program = program;
	w->tag->bss->tag_proto = tag->proto;
	w->tag->bss->tag_tci = tag->tci;
	return bpf_program__fd(w->tag->progs.put_tag);
}
