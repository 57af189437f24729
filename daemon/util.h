/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small helpers without state: scope-bound clean-up, ownership hand-over, bounded strings. */
#ifndef VNETD_UTIL_H
#define VNETD_UTIL_H

#include <malloc.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UTIL_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define UTIL_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* The variable's destructor runs when it goes out of scope. */
#define UTIL_CLEANUP(f) __attribute__((cleanup(f)))

/* Hands a pointer or descriptor over: the old owner is left with nothing. */
#define UTIL_TAKE(p, nothing)                                                                      \
	({                                                                                         \
		__typeof__(p) *taken_ = &(p);                                                      \
		__typeof__(p) value_ = *taken_;                                                    \
		*taken_ = (nothing);                                                               \
		value_;                                                                            \
	})
#define UTIL_TAKE_PTR(p) UTIL_TAKE(p, NULL)
#define UTIL_TAKE_FD(fd) UTIL_TAKE(fd, -1)

static inline void util_freep(void *p)
{
	free(*(void **)p);
}

static inline void util_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void util_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define UTIL_FREE  UTIL_CLEANUP(util_freep)
#define UTIL_CLOSE UTIL_CLEANUP(util_closep)

/*
 * Copies @src into the array @dst of @size bytes and fills the rest with zeroes, so that structs
 * which hold such arrays can be compared byte by byte. Returns false, and an empty @dst, if it does
 * not fit.
 */
static inline bool util_copy(char *dst, size_t size, const char *src)
{
	size_t len = strlen(src);

	memset(dst, 0, size);
	if (len >= size)
		return false;
	memcpy(dst, src, len);
	return true;
}

#define UTIL_MUCH_BYTES 262144

/*
 * JSON of so much text was several times as large while it was a tree: that goes back to the system
 * and does not stay ours for ever.
 */
static inline void util_give_back(size_t text_bytes)
{
	if (text_bytes >= UTIL_MUCH_BYTES)
		malloc_trim(0);
}

static inline bool util_same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

#endif
