// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One allocation holds a data block, the first block over it and the buffer, so that a frame costs
 * one malloc() and one free(). This memory lives as long as either of the two is in use:
 *
 *	the data block	while db_ref is not 0
 *	its own block	while it has not been freed; as long as it refers to the data block beside
 *			it, db_ref says so. Only pullupmsg(), which gives a block another data
 *			block, makes the two part, and only then `holds` is more than 1.
 *
 * Blocks that dupb() makes are allocations of their own.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vnet/mblk.h"

#define MBLK_ALIGN 16

struct pack;

struct block {
	mblk_t m;
	struct pack *home; /* it lies in there; NULL: in an allocation of its own */
};

struct pack {
	dblk_t data;
	unsigned int holds; /* atomic */
	struct block own;
	unsigned char buffer[] __attribute__((aligned(MBLK_ALIGN)));
};

_Static_assert(offsetof(struct block, m) == 0, "a block is found by its mblk_t");
_Static_assert(offsetof(struct pack, data) == 0, "a pack is found by its dblk_t");
_Static_assert(_Alignof(max_align_t) >= MBLK_ALIGN, "malloc() aligns the buffer");

/* Bytes of a block, none if a provider has set its pointers the wrong way round. */
static size_t length_of(const mblk_t *mp)
{
	return mp->b_wptr > mp->b_rptr ? (size_t)(mp->b_wptr - mp->b_rptr) : 0;
}

/* A data block with one reference, which its own block, not set up, does not have yet. */
static struct pack *pack_new(size_t size)
{
	struct pack *p;

	if (size > PTRDIFF_MAX - sizeof(*p))
		return NULL;
	p = malloc(sizeof(*p) + size);
	if (!p)
		return NULL;
	p->data = (dblk_t) {
		.db_base = p->buffer,
		.db_lim = p->buffer + size,
		.db_ref = 1,
		.db_type = M_DATA,
	};
	p->holds = 1;
	return p;
}

/* Who finds itself alone needs no atomic operation: nobody is left who could take another hold. */
static void pack_let_go(struct pack *p)
{
	if (__atomic_load_n(&p->holds, __ATOMIC_ACQUIRE) == 1 ||
	    __atomic_sub_fetch(&p->holds, 1, __ATOMIC_ACQ_REL) == 0)
		free(p);
}

static void data_let_go(dblk_t *d)
{
	/* Its memory may be part of what it frees, so nothing of it is read afterwards. */
	const frtn_t *frp = d->db_frtnp;

	if (__atomic_load_n(&d->db_ref, __ATOMIC_ACQUIRE) != 1 &&
	    __atomic_sub_fetch(&d->db_ref, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	if (frp)
		frp->free_func(frp->free_arg);
	pack_let_go((struct pack *)d);
}

static void block_init(struct block *b, struct pack *home, dblk_t *data)
{
	b->m = (mblk_t) {
		.b_rptr = data->db_base,
		.b_wptr = data->db_base,
		.b_datap = data,
	};
	b->home = home;
}

static mblk_t *pack_block(struct pack *p)
{
	block_init(&p->own, p, &p->data);
	return &p->own.m;
}

/* What is said of a frame beside its bytes. */
static void data_describe(dblk_t *to, const dblk_t *from)
{
	to->db_type = from->db_type;
	to->db_cksumstart = from->db_cksumstart;
	to->db_cksumstuff = from->db_cksumstuff;
	to->db_cksumend = from->db_cksumend;
	to->db_cksum16 = from->db_cksum16;
	to->db_cksumflags = from->db_cksumflags;
	to->db_mss = from->db_mss;
}

mblk_t *allocb(size_t size, uint_t pri)
{
	struct pack *p = pack_new(size);

	return p ? pack_block(p) : NULL;
}

mblk_t *desballoc(unsigned char *base, size_t size, uint_t pri, frtn_t *frp)
{
	struct pack *p;

	if (!base || !frp || !frp->free_func)
		return NULL;
	p = pack_new(0);
	if (!p)
		return NULL;
	p->data.db_base = base;
	p->data.db_lim = base + size;
	p->data.db_frtnp = frp;
	return pack_block(p);
}

mblk_t *esballoc(unsigned char *base, size_t size, uint_t pri, frtn_t *frp)
{
	return desballoc(base, size, pri, frp);
}

void freeb(mblk_t *mp)
{
	struct block *b = (struct block *)mp;
	struct pack *home = b->home;
	dblk_t *d = mp->b_datap;

	if (!home)
		free(b);
	data_let_go(d);
	if (home && &home->data != d)
		pack_let_go(home);
}

void freemsg(mblk_t *mp)
{
	mblk_t *rest;

	for (; mp; mp = rest) {
		rest = mp->b_cont;
		freeb(mp);
	}
}

void freemsgchain(mblk_t *mp)
{
	mblk_t *rest;

	for (; mp; mp = rest) {
		rest = mp->b_next;
		freemsg(mp);
	}
}

mblk_t *dupb(mblk_t *mp)
{
	struct block *b = malloc(sizeof(*b));

	if (!b)
		return NULL;
	block_init(b, NULL, mp->b_datap);
	b->m.b_rptr = mp->b_rptr;
	b->m.b_wptr = mp->b_wptr;
	b->m.b_band = mp->b_band;
	b->m.b_flag = mp->b_flag;
	/* The caller's own reference keeps it alive meanwhile. */
	__atomic_add_fetch(&mp->b_datap->db_ref, 1, __ATOMIC_RELAXED);
	return &b->m;
}

mblk_t *dupmsg(mblk_t *mp)
{
	mblk_t *head = NULL, **end = &head;

	for (; mp; mp = mp->b_cont) {
		*end = dupb(mp);
		if (!*end) {
			freemsg(head);
			return NULL;
		}
		end = &(*end)->b_cont;
	}
	return head;
}

mblk_t *copyb(const mblk_t *mp)
{
	const dblk_t *from = mp->b_datap;
	mblk_t *copy = allocb((size_t)(from->db_lim - from->db_base), BPRI_MED);

	if (!copy)
		return NULL;
	copy->b_rptr += mp->b_rptr - from->db_base;
	copy->b_wptr = copy->b_rptr + length_of(mp);
	copy->b_band = mp->b_band;
	copy->b_flag = mp->b_flag;
	data_describe(copy->b_datap, from);
	memcpy(copy->b_rptr, mp->b_rptr, length_of(mp));
	return copy;
}

mblk_t *copymsg(const mblk_t *mp)
{
	mblk_t *head = NULL, **end = &head;

	for (; mp; mp = mp->b_cont) {
		*end = copyb(mp);
		if (!*end) {
			freemsg(head);
			return NULL;
		}
		end = &(*end)->b_cont;
	}
	return head;
}

void linkb(mblk_t *mp, mblk_t *bp)
{
	while (mp->b_cont)
		mp = mp->b_cont;
	mp->b_cont = bp;
}

mblk_t *unlinkb(mblk_t *mp)
{
	mblk_t *rest = mp->b_cont;

	mp->b_cont = NULL;
	return rest;
}

size_t msgdsize(const mblk_t *mp)
{
	size_t size = 0;

	for (; mp; mp = mp->b_cont)
		size += length_of(mp);
	return size;
}

/* How many bytes @len, of pullupmsg(), asks for. False if the message has fewer. */
static bool wanted(const mblk_t *mp, ssize_t len, size_t *ret)
{
	size_t size = msgdsize(mp);

	if (len < -1 || (len >= 0 && (size_t)len > size))
		return false;
	*ret = len < 0 ? size : (size_t)len;
	return true;
}

/* Copies the first @size bytes of a message that has them. */
static void gather(const mblk_t *mp, size_t size, unsigned char *to)
{
	for (; size > 0; mp = mp->b_cont) {
		size_t n = length_of(mp);

		if (n > size)
			n = size;
		memcpy(to, mp->b_rptr, n);
		to += n;
		size -= n;
	}
}

/* Gives @mp the data block of @p, whose own block is not in use, with its first @size bytes. */
static void block_move(mblk_t *mp, struct pack *p, size_t size)
{
	struct pack *home = ((struct block *)mp)->home;
	dblk_t *before = mp->b_datap;

	data_describe(&p->data, before);
	mp->b_datap = &p->data;
	mp->b_rptr = p->buffer;
	mp->b_wptr = p->buffer + size;
	if (home && &home->data == before)
		__atomic_add_fetch(&home->holds, 1, __ATOMIC_RELAXED);
	data_let_go(before);
}

/* Takes @size bytes off the blocks behind @mp, and frees those that are empty then. */
static void consume_behind(mblk_t *mp, size_t size)
{
	mblk_t *next;

	while ((next = mp->b_cont) && size >= length_of(next)) {
		size -= length_of(next);
		mp->b_cont = next->b_cont;
		freeb(next);
	}
	if (next)
		next->b_rptr += size;
}

int pullupmsg(mblk_t *mp, ssize_t len)
{
	size_t size, first = length_of(mp);
	struct pack *p;

	if (!wanted(mp, len, &size))
		return 0;
	if (first >= size && (len >= 0 || !mp->b_cont))
		return 1;
	p = pack_new(size);
	if (!p)
		return 0;
	gather(mp, size, p->buffer);
	consume_behind(mp, size - first);
	block_move(mp, p, size);
	return 1;
}

/* A second message over what is behind the first @size bytes. */
static mblk_t *dup_behind(mblk_t *mp, size_t size)
{
	mblk_t *rest;

	for (; size >= length_of(mp); mp = mp->b_cont)
		size -= length_of(mp);
	rest = dupmsg(mp);
	if (rest)
		rest->b_rptr += size;
	return rest;
}

mblk_t *msgpullup(mblk_t *mp, ssize_t len)
{
	mblk_t *copy;
	size_t size;

	if (!wanted(mp, len, &size))
		return NULL;
	copy = allocb(size, BPRI_MED);
	if (!copy)
		return NULL;
	copy->b_wptr += size;
	copy->b_band = mp->b_band;
	copy->b_flag = mp->b_flag;
	data_describe(copy->b_datap, mp->b_datap);
	gather(mp, size, copy->b_rptr);
	if (size == msgdsize(mp))
		return copy;
	copy->b_cont = dup_behind(mp, size);
	if (!copy->b_cont) {
		freeb(copy);
		return NULL;
	}
	return copy;
}

int adjmsg(mblk_t *mp, ssize_t len)
{
	size_t size = msgdsize(mp), n = len < 0 ? 0 - (size_t)len : (size_t)len, keep;

	if (n > size)
		return 0;
	for (; len > 0 && n > 0; mp = mp->b_cont) {
		size_t here = length_of(mp) < n ? length_of(mp) : n;

		mp->b_rptr += here;
		n -= here;
	}
	for (keep = size - n; len < 0 && mp; mp = mp->b_cont) {
		if (length_of(mp) > keep)
			mp->b_wptr = mp->b_rptr + keep;
		keep -= length_of(mp);
	}
	return 1;
}
