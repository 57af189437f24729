/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux 6.1 adds up the stack of all functions in a chain of calls, each rounded up to 32 bytes,
 * and refuses more than 512. Later ones are more generous, so it is looked at here.
 */
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../../bpf/trace.h"
#include "../unit/unit.h"
#include "bpf/vnet.skel.h"

#define STACK_MAX   512
#define STACK_ROUND 32
#define CALLS_MAX   8 /* a chain may be no longer */

struct program {
	const struct bpf_insn *insns;
	size_t count;
};

/* A function that is handed to bpf_loop() is called as well. */
static bool is_call(const struct bpf_insn *i)
{
	return (i->code == (BPF_JMP | BPF_CALL) && i->src_reg == BPF_PSEUDO_CALL) ||
	       (i->code == (BPF_LD | BPF_IMM | BPF_DW) && i->src_reg == BPF_PSEUDO_FUNC);
}

static bool is_start(const struct program *p, size_t at)
{
	for (size_t i = 0; i < p->count; i++)
		if (is_call(&p->insns[i]) && (size_t)((long)i + 1 + p->insns[i].imm) == at)
			return true;
	return false;
}

static size_t end_of(const struct program *p, size_t start)
{
	size_t end = start + 1;

	while (end < p->count && !is_start(p, end))
		end++;
	return end;
}

/* By loads and stores, and by addresses: "r2 = r10; r2 += -24". */
static int own_stack(const struct program *p, size_t start, size_t end)
{
	bool frame[16] = { [BPF_REG_10] = true };
	int least = -1;

	for (size_t i = start; i < end; i++) {
		const struct bpf_insn *n = &p->insns[i];
		int class = BPF_CLASS(n->code), at = 0;

		if (class == BPF_LDX && n->src_reg == BPF_REG_10)
			at = n->off;
		else if ((class == BPF_STX || class == BPF_ST) && n->dst_reg == BPF_REG_10)
			at = n->off;
		else if (n->code == (BPF_ALU64 | BPF_ADD | BPF_K) && frame[n->dst_reg])
			at = n->imm;
		if (at < least)
			least = at;
		if (class == BPF_ALU64 || class == BPF_ALU || class == BPF_LDX || class == BPF_LD)
			frame[n->dst_reg] = n->code == (BPF_ALU64 | BPF_MOV | BPF_X) &&
					    n->src_reg == BPF_REG_10;
	}
	return (-least + STACK_ROUND - 1) / STACK_ROUND * STACK_ROUND;
}

static int deepest(const struct program *p, size_t start, int calls)
{
	size_t end = end_of(p, start);
	int most = 0;

	ck_assert_int_le(calls, CALLS_MAX);
	for (size_t i = start; i < end; i++) {
		int below = is_call(&p->insns[i])
				    ? deepest(p, (size_t)((long)i + 1 + p->insns[i].imm), calls + 1)
				    : 0;

		if (below > most)
			most = below;
	}
	return own_stack(p, start, end) + most;
}

START_TEST(test_fits)
{
	struct vnet_bpf *skel = vnet_bpf__open_and_load();
	struct bpf_program *each;

	ck_assert_ptr_nonnull(skel);
	bpf_object__for_each_program(each, skel->obj)
	{
		const struct program p = { bpf_program__insns(each), bpf_program__insn_cnt(each) };
		int bytes = deepest(&p, 0, 1);

		printf("%s: %d bytes of stack\n", bpf_program__name(each), bytes);
		ck_assert_int_gt(bytes, 0);
		ck_assert_int_le(bytes, STACK_MAX);
	}
	vnet_bpf__destroy(skel);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stack");
	TCase *t = tcase_create("stack");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_fits);
	suite_add_tcase(s, t);
	return unit_run(s);
}
