/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vnetd's command line. */
#ifndef VNETD_OPTIONS_H
#define VNETD_OPTIONS_H

#include "util.h"

#define OPTIONS_CONFIG_MAX	       16
#define OPTIONS_HISTORY_INTERVAL_S_MAX 86400
#define OPTIONS_HISTORY_SAMPLES_MAX    100000

enum options_action { OPTIONS_RUN, OPTIONS_CHECK, OPTIONS_HELP, OPTIONS_VERSION };

struct options {
	const char *config[OPTIONS_CONFIG_MAX + 1]; /* NULL-terminated, the first ranks highest */
	const char *socket;
	const char *state;
	const char *bpffs;
	const char *instance;
	int log_level;
	bool no_tcx;
	bool no_carrier_check;
	bool no_xdp;
	const char *sysfs;	     /* where it is mounted */
	uint32_t history_interval_s; /* 0: none is kept */
	uint32_t history_samples;
	enum options_action action;
};

/* Borrows from @argv. 0, or -EINVAL with the complaint already on stderr. */
int options_parse(int argc, char *argv[], struct options *ret);

void options_help(FILE *out);

#endif
