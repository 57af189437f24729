/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration files: NAME.vnet and the *.conf in NAME.vnet.d, from several directories, INI like
 * systemd.network. A file name in an earlier directory hides the same name in a later one.
 */
#ifndef VNETD_CONFIG_H
#define VNETD_CONFIG_H

#include "desired.h"

/* One complaint: "FILE:LINE: what is wrong, what was expected". @line is 0 where there is none. */
typedef void (*config_complain)(void *context, const char *file, unsigned int line,
				const char *message);

/*
 * Which vnets come from files that were refused, so that what runs of them is left alone. A name
 * that a good file has as well is not among them.
 */
struct config_refused {
	size_t count;
	char (*names)[SETTINGS_NAME_SIZE]; /* owned */
	/*
	 * Of some refused file the name could not be made out: every running vnet that is in no
	 * file may be its, and is to be left alone until the file is right again.
	 */
	bool nameless;
};

/*
 * Reads everything under the directories @dirs (NULL-terminated, the first ranks highest; one that
 * does not exist is empty). A vnet any of whose files has an error is left out whole and named in
 * @refused. Every vnet in @ret has from_config set and base equal to settings; the same for its
 * resources. Returns the number of complaints, or -errno when reading itself failed.
 */
int config_load(const char *const *dirs, struct desired *ret, struct config_refused *refused,
		config_complain complain, void *context);
void config_refused_clear(struct config_refused *r);

/*
 * Writes one vnet as DIR/NAME.vnet, atomically; settings at their default are left out. @e names
 * the file. 0 or -errno with the old file untouched. -EEXIST: another file in DIR, or a drop-in of
 * this one, would contradict what is written.
 */
int config_save(const char *dir, const struct desired_vnet *v, struct error *e);
/* The same as DIR/NAME.uplink; a drop-in that would contradict is found by reading all again. */
int config_save_uplink(const char *dir, const struct desired_uplink *u, struct error *e);

#endif
