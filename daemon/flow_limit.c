// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow_limit.h"

#define BITS_OF_BYTES_NS 8000000000ULL /* a second, for bits that are told in bytes */
#define MS_NS		 1000000ULL

/*
 * What may wait in a queue: enough for TCP to keep going, which needs some packets on their way,
 * and so little that a new rate is felt soon, and that of small packets, too, no more wait than the
 * queue has room for: what it dropped would have used up the limit for nothing.
 */
#define HORIZON_BYTES	  65536
#define HORIZON_BYTES_MAX 4000000
#define HORIZON_NS	  (100 * MS_NS)
#define HORIZON_MIN_NS	  (5 * MS_NS)
#define HORIZON_MAX_NS	  (2000 * MS_NS)

/*
 * What may pass at once where nothing can wait. TCP that has lost the last of what it sent waits
 * for its timer, 200 ms: what was not used meanwhile has to be there when it goes on, or it stays
 * far below its limit. At the lowest rates it is two frames.
 */
#define BURST_BYTES  3000
#define BURST_MIN_NS (205 * MS_NS)

static uint64_t bytes_ns(uint64_t bytes, uint64_t byte_ns)
{
	return bytes * byte_ns >> ABI_LIMIT_SHIFT;
}

static uint64_t horizon_ns(uint64_t byte_ns)
{
	uint64_t some = bytes_ns(HORIZON_BYTES, byte_ns),
		 most = bytes_ns(HORIZON_BYTES_MAX, byte_ns);

	if (some > HORIZON_MAX_NS)
		return HORIZON_MAX_NS;
	if (some > HORIZON_NS)
		return some;
	if (most > HORIZON_NS)
		return HORIZON_NS;
	return most > HORIZON_MIN_NS ? most : HORIZON_MIN_NS;
}

static void fill(struct abi_limit *ret, enum abi_direction direction, uint64_t bits)
{
	uint64_t byte_ns, burst;

	if (!bits)
		return;
	byte_ns = (BITS_OF_BYTES_NS << ABI_LIMIT_SHIFT) / bits;
	burst = bytes_ns(BURST_BYTES, byte_ns);
	ret->byte_ns[direction] = byte_ns;
	ret->horizon_ns[direction] = horizon_ns(byte_ns);
	ret->burst_ns[direction] = burst < BURST_MIN_NS ? BURST_MIN_NS : burst;
}

void flow_limit_row(uint64_t in_bits, uint64_t out_bits, struct abi_limit *ret)
{
	*ret = (struct abi_limit) { 0 };
	fill(ret, ABI_RX, in_bits);
	fill(ret, ABI_TX, out_bits);
}
