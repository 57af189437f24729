/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz targets share. One target is one file fuzz_NAME.c with LLVMFuzzerTestOneInput():
 * the same bytes do the same every time. What may not be is a failed ck_assert*(), which ends the
 * program here, so that the unit tests' worlds and oracles serve as they are.
 */
#ifndef VNET_TESTS_FUZZ_H
#define VNET_TESTS_FUZZ_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>

#include "../../daemon/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

struct fuzz {
	const uint8_t *data;
	size_t size;
};

/* 0 when there is no more. */
uint8_t fuzz_byte(struct fuzz *f);
/* All up to the next byte @end, which is taken as well, or to the end; into memory of just this
 * size, so that each step over its end is seen. The caller frees it. */
char *fuzz_until(struct fuzz *f, char end, size_t *ret_size);
/* The same as text, up to a NUL in it. */
char *fuzz_text(struct fuzz *f, char end);
char *fuzz_string(const void *bytes, size_t size);

/* A folder in memory, where there is such a place. Made once, removed at the end of the program. */
const char *fuzz_folder(void);
/* Everything in it goes. */
void fuzz_folder_empty(void);
/* Writes FOLDER/NAME, making the folders that it is in; nothing where a file or a folder is in the
 * way of the other. */
void fuzz_file(const char *name, const void *data, size_t size);

/* A socket of somebody who has sent all of this and then went away, and what there is to be read of
 * ours, the other end. */
int fuzz_peer(const void *data, size_t size, int *ret_other);
/* Everything that can be read now, NUL-terminated. The caller frees it. */
char *fuzz_read(int fd, size_t *ret_size);

/* Each of the messages has an end, and is one JSON object in UTF-8. */
void fuzz_check_messages(const char *data, size_t size);

#endif
