/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One vnet, or one uplink, as its files have it: NAME.vnet, then its drop-ins. config.c finds the
 * files, config_unit.c reads them, config_check.c looks whether the whole holds.
 */
#ifndef VNETD_CONFIG_UNIT_H
#define VNETD_CONFIG_UNIT_H

#include <limits.h>
#include <uthash.h>

#include "config.h"

/* A place in a file. @file is borrowed. */
struct config_place {
	const char *file;
	unsigned int line;
};

/* What a file describes, by how its name ends: "NAME.vnet" or "NAME.uplink". */
enum config_kind { CONFIG_VNET, CONFIG_UPLINK, CONFIG_KINDS };

const char *config_kind_suffix(enum config_kind kind); /* ".vnet" */
const char *config_kind_name(enum config_kind kind);   /* "vnet" */

/* One [Resource NAME], over all files. */
struct config_section {
	char name[DESIRED_RESOURCE_NAME_SIZE];
	struct config_place place; /* of its first header */
	size_t index;		   /* in vnet.resources */
	unsigned int in_file;	   /* number of the last file that has it */
	bool bad;		   /* some value of it is wrong */
	/* given, or in its place a PeerVNet= or PF=, be it with a wrong value */
	bool has_type, has_device;
	UT_hash_handle hh;
};

struct config_unit {
	config_complain complain;
	void *context;
	unsigned int complaints;

	enum config_kind kind;
	char stem[NAME_MAX + 1];  /* the file name without ".vnet" */
	struct desired_vnet vnet; /* of an uplink: its name alone */
	struct desired_uplink uplink;
	struct config_place place;	 /* of the first [VNet], or the main file */
	struct config_place name_place;	 /* of Name=, or the main file */
	struct config_section *sections; /* hash by name: resources; owned */
	struct config_section *flows;	 /* the same of flows */
	bool named;			 /* Name= is given and right */
	bool name_doubt;		 /* what was wrong could have been Name= */
	bool bad;			 /* some value of [VNet] is wrong */
	int failed;			 /* -ENOMEM: reading cannot go on */

	/* the file and section being read */
	const char *file;
	unsigned int files;
	unsigned int main_in_file; /* line of [VNet], [Uplink] */
	bool any_section;
	bool in_section;
	const struct setting *table;	/* NULL: the section's values are passed over */
	void *settings;			/* what @table's functions work on */
	struct config_section *section; /* NULL: it is [VNet], or a refused one */
	struct resource_settings spare; /* takes the values of a refused section */
	struct flow_settings spare_flow;
	unsigned int *key_lines; /* by row of @table, Name= last: where it was set; owned */
	size_t key_lines_count;
};

/* 0 or -ENOMEM. */
int config_unit_new(enum config_kind kind, const char *stem, config_complain complain,
		    void *context, struct config_unit **ret);
void config_unit_free(struct config_unit *u);

/*
 * Reads one file; the main one first. @path is borrowed until the unit is freed. Returns 1 if there
 * is something in it, 0 if it is empty (which masks), -ENOMEM; everything else is a complaint.
 */
int config_unit_read(struct config_unit *u, const char *path);

/* The same with text that is already in memory. */
int config_unit_parse(struct config_unit *u, const char *path, const char *text, size_t len_bytes);

/* After the last file: is it whole, and does it hold? */
int config_unit_check(struct config_unit *u);

/* Those that the files describe. */
struct desired_flows *config_unit_flows(struct config_unit *u);

void config_unit_complain(struct config_unit *u, const struct config_place *place,
			  const char *format, ...) UTIL_PRINTF(3, 4);

#endif
