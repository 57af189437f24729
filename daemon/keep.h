/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is kept across a restart, in two places: the state file, which is what counts, and a copy of
 * it beside the pins for when the file is damaged. The copy lives as long as what it describes.
 */
#ifndef VNETD_KEEP_H
#define VNETD_KEEP_H

#include "manager.h"

struct datapath;

struct keep {
	char path[4096];	   /* of the file */
	struct datapath *datapath; /* borrowed: its pins are where the copy is */
	bool rebuilt;		   /* from the copy: the file is to be written again */
	bool lost;		   /* both are: what is in the kernel may be more than we know */
};

/* At a start, with the data path open. @ret is empty where nothing is kept; what is wrong is said
 * in the log. */
void keep_load(struct keep *k, struct desired *ret);

/* When what was loaded has been taken in: both places are made good. */
void keep_settle(struct keep *k, const struct manager *m);

/* Is the copy still there? Else it is written again. */
void keep_check(struct keep *k, const struct manager *m);

/* 0, or -errno with the old file untouched and a sentence in @e. */
int keep_save(struct keep *k, const struct manager *m, struct error *e);

#endif
