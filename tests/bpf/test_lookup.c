// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A look-up whose map is known when the program is loaded is written out by the kernel, for an
 * array in a few instructions. Of two that differ in the map alone the compiler likes to make one,
 * whose map is chosen at run time: that is a call, for each frame.
 */
#include <stdio.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../../bpf/trace.h"
#include "../unit/unit.h"
#include "bpf/vnet.skel.h"

struct program {
	const struct bpf_insn *insns;
	size_t count;
	bool *reached; /* by a jump */
};

static bool is_jump(const struct bpf_insn *i)
{
	const int class = BPF_CLASS(i->code), op = BPF_OP(i->code);

	return (class == BPF_JMP || class == BPF_JMP32) && op != BPF_CALL && op != BPF_EXIT;
}

static bool is_lookup(const struct bpf_insn *i)
{
	return i->code == (BPF_JMP | BPF_CALL) && i->src_reg == 0 &&
	       i->imm == BPF_FUNC_map_lookup_elem;
}

static bool is_map(const struct bpf_insn *i)
{
	return i->code == (BPF_LD | BPF_IMM | BPF_DW) && i->dst_reg == BPF_REG_1;
}

static bool writes_map(const struct bpf_insn *i)
{
	const int class = BPF_CLASS(i->code);

	return i->dst_reg == BPF_REG_1 &&
	       (class == BPF_ALU64 || class == BPF_ALU || class == BPF_LDX || class == BPF_LD);
}

static void program_init(struct program *p, const struct bpf_program *from)
{
	*p = (struct program) { bpf_program__insns(from), bpf_program__insn_cnt(from), NULL };
	p->reached = calloc(p->count, sizeof(*p->reached));
	ck_assert_ptr_nonnull(p->reached);
	for (size_t i = 0; i < p->count; i++) {
		const long to = (long)i + 1 + p->insns[i].off;

		if (is_jump(&p->insns[i]) && to >= 0 && (size_t)to < p->count)
			p->reached[to] = true;
	}
}

/* Is there but one way to the look-up at @at from where its map is named? */
static bool is_known(const struct program *p, size_t at)
{
	for (size_t i = at; i > 0; i--) {
		if (p->reached[i])
			return false;
		if (is_map(&p->insns[i - 1]))
			return true;
		/* the second half of an instruction of two has a code of zero, as BPF_LD has */
		if (p->insns[i - 1].code && writes_map(&p->insns[i - 1]))
			return false;
	}
	return false;
}

START_TEST(test_maps_are_known)
{
	struct vnet_bpf *skel = vnet_bpf__open_and_load();
	size_t lookups = 0, unknown = 0;
	struct bpf_program *each;
	struct program p;

	ck_assert_ptr_nonnull(skel);
	bpf_object__for_each_program(each, skel->obj)
	{
		program_init(&p, each);
		for (size_t i = 0; i < p.count; i++) {
			if (!is_lookup(&p.insns[i]))
				continue;
			lookups++;
			if (is_known(&p, i))
				continue;
			unknown++;
			printf("# %s: the map of instruction %zu is chosen at run time\n",
			       bpf_program__name(each), i);
		}
		free(p.reached);
	}
	fflush(stdout); /* the assertion ends the child */
	ck_assert_uint_gt(lookups, 0);
	ck_assert_uint_eq(unknown, 0);
	vnet_bpf__destroy(skel);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lookup");
	TCase *t = tcase_create("lookup");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_maps_are_known);
	suite_add_tcase(s, t);
	return unit_run(s);
}
