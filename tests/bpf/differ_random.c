// SPDX-License-Identifier: GPL-2.0-or-later
/* Random numbers that are the same everywhere: splitmix64. */
#include "differ.h"

uint64_t differ_next(struct differ_random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint32_t differ_below(struct differ_random *r, uint32_t end)
{
	return (uint32_t)((differ_next(r) >> 32) * end >> 32);
}

bool differ_chance(struct differ_random *r, uint32_t percent)
{
	return differ_below(r, 100) < percent;
}
