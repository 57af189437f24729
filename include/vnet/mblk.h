/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Message blocks: how the providers' interface passes frames.
 *
 * A frame is one message: one or more blocks joined by b_cont, whose bytes from b_rptr to b_wptr
 * follow each other. A chain is any number of messages joined by b_next. Several blocks can share
 * one data block, which is freed with the last of them.
 *
 * Ownership: who is given a message owns it, and passes it on or frees it; what a function hands
 * back is the caller's again.
 *
 * b_rptr, b_wptr, b_next, b_prev and b_cont are the provider's to set; b_datap, and the data block
 * that it leads to, are to be read. What is to be done to a frame is set with
 * mac_hcksum_set() and lso_info_set().
 *
 * Threads: any thread may allocate, free and duplicate at any time; the count of references to a
 * data block is atomic. One message is for one thread at a time.
 *
 * The names are those of STREAMS, so that a provider's code is the same here; the symbols of the
 * library begin with vnet_.
 */
#ifndef VNET_MBLK_H
#define VNET_MBLK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <vnet/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The routine that takes back memory which was not allocated by allocb(). */
typedef struct free_rtn {
	void (*free_func)(char *arg); /* runs in the thread that frees the last reference */
	char *free_arg;
} frtn_t;

typedef struct datab {
	unsigned char *db_base; /* first byte of the buffer */
	unsigned char *db_lim;	/* the byte behind its last */
	unsigned int db_ref;	/* blocks that refer to it; atomic: read it with DB_REF() */
	unsigned char db_type;	/* M_DATA */
	frtn_t *db_frtnp;	/* borrowed; NULL: the library's own memory */
	/* What is to be done to the frame, see mac_hcksum_set() and lso_info_set(). */
	uint16_t db_cksumstart, db_cksumstuff, db_cksumend, db_cksum16;
	uint32_t db_cksumflags;
	uint16_t db_mss;
} dblk_t;

typedef struct msgb {
	struct msgb *b_next;   /* next message of the chain */
	struct msgb *b_prev;   /* the provider's to use */
	struct msgb *b_cont;   /* next block of the message */
	unsigned char *b_rptr; /* first byte that is not read yet */
	unsigned char *b_wptr; /* the byte behind the last one written */
	struct datab *b_datap;
	unsigned char b_band;
	unsigned short b_flag;
} mblk_t;

#define M_DATA 0x00

/* Priorities of an allocation: all the same here. */
#define BPRI_LO	 1
#define BPRI_MED 2
#define BPRI_HI	 3

#define MBLKL(mp)    ((mp)->b_wptr - (mp)->b_rptr)	     /* bytes in the block */
#define MBLKHEAD(mp) ((mp)->b_rptr - (mp)->b_datap->db_base) /* room before them */
#define MBLKTAIL(mp) ((mp)->b_datap->db_lim - (mp)->b_wptr)  /* room behind them */
#define MBLKSIZE(mp) ((mp)->b_datap->db_lim - (mp)->b_datap->db_base)
#define DB_BASE(mp)  ((mp)->b_datap->db_base)
#define DB_LIM(mp)   ((mp)->b_datap->db_lim)
#define DB_REF(mp)   __atomic_load_n(&(mp)->b_datap->db_ref, __ATOMIC_ACQUIRE)
#define DB_TYPE(mp)  ((mp)->b_datap->db_type)

/**
 * @brief Makes a block with a buffer of its own, empty: b_rptr and b_wptr at its beginning.
 * @param size bytes, 0 is allowed
 * @param pri ignored
 * @return the block, which freeb() or freemsg() frees, with a buffer aligned to 16 bytes; or NULL:
 *	   no memory
 */
VNET_API mblk_t *allocb(size_t size, uint_t pri) VNET_SYMBOL(allocb);

/**
 * @brief Makes an empty block over the caller's own buffer.
 * @param base first byte of the buffer, which need not be aligned
 * @param size bytes of it
 * @param pri ignored
 * @param frp borrowed: it and the buffer stay as they are until frp->free_func is called with
 *	  frp->free_arg, once, when the last reference is freed; it may free them both
 * @return the block, or NULL, and frp->free_func is not called: no memory, or @p base, @p frp or
 *	   frp->free_func is NULL
 */
VNET_API mblk_t *desballoc(unsigned char *base, size_t size, uint_t pri, frtn_t *frp)
	VNET_SYMBOL(desballoc);

/** @brief The same as desballoc(). */
VNET_API mblk_t *esballoc(unsigned char *base, size_t size, uint_t pri, frtn_t *frp)
	VNET_SYMBOL(esballoc);

/** @brief Frees one block, without those it is joined to. @param mp not NULL */
VNET_API void freeb(mblk_t *mp) VNET_SYMBOL(freeb);

/** @brief Frees a message: the block and all behind it by b_cont. @param mp may be NULL */
VNET_API void freemsg(mblk_t *mp) VNET_SYMBOL(freemsg);

/** @brief Frees a chain: every message by b_next. @param mp may be NULL */
VNET_API void freemsgchain(mblk_t *mp) VNET_SYMBOL(freemsgchain);

/**
 * @brief A second block over the same data block, with the same b_rptr and b_wptr, joined to none.
 * @return the new block, or NULL: no memory
 */
VNET_API mblk_t *dupb(mblk_t *mp) VNET_SYMBOL(dupb);

/**
 * @brief A second message over the same data blocks, which shares the bytes, and what is to be
 *	  done to the frame.
 * @param mp may be NULL: NULL
 * @return the new one, which is in no chain; or NULL: no memory
 */
VNET_API mblk_t *dupmsg(mblk_t *mp) VNET_SYMBOL(dupmsg);

/**
 * @brief Copies one block with its bytes and what is to be done to the frame.
 * @return the copy, with the same room before and behind its bytes, joined to none; or NULL: no
 *	   memory
 */
VNET_API mblk_t *copyb(const mblk_t *mp) VNET_SYMBOL(copyb);

/**
 * @brief Copies a message block by block.
 * @param mp may be NULL: NULL
 * @return the copy, which is in no chain; or NULL: no memory
 */
VNET_API mblk_t *copymsg(const mblk_t *mp) VNET_SYMBOL(copymsg);

/** @brief Joins @p bp, a message, to the end of @p mp by b_cont. @param bp may be NULL */
VNET_API void linkb(mblk_t *mp, mblk_t *bp) VNET_SYMBOL(linkb);

/** @brief Takes the first block off a message. @return the rest of the message, NULL: none */
VNET_API mblk_t *unlinkb(mblk_t *mp) VNET_SYMBOL(unlinkb);

/** @brief Bytes of a message. @param mp may be NULL: 0 */
VNET_API size_t msgdsize(const mblk_t *mp) VNET_SYMBOL(msgdsize);

/**
 * @brief Makes the first @p len bytes of a message one block, in place. Blocks that are empty then
 *	  are freed; the first one stays where it is, with another data block.
 * @param len bytes, or -1 for all of them
 * @return 1, or 0 with the message as it was: it is shorter than @p len, or there is no memory
 */
VNET_API int pullupmsg(mblk_t *mp, ssize_t len) VNET_SYMBOL(pullupmsg);

/**
 * @brief A new message with the bytes of @p mp, the first @p len of which are one block.
 * @return the new message, which may share the data blocks of @p mp; NULL as with pullupmsg(). The
 *	   message @p mp is as before, and still the caller's.
 */
VNET_API mblk_t *msgpullup(mblk_t *mp, ssize_t len) VNET_SYMBOL(msgpullup);

/**
 * @brief Takes bytes off a message by moving b_rptr and b_wptr; blocks that are empty then stay.
 * @param len bytes from the beginning; negative: from the end
 * @return 1, or 0 with the message as it was: it is shorter
 */
VNET_API int adjmsg(mblk_t *mp, ssize_t len) VNET_SYMBOL(adjmsg);

#ifdef __cplusplus
}
#endif

#endif
