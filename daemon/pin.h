/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folders and pins on a BPF file system. Folders are 0700 and pins 0600, whatever the umask.
 * Functions return 0 (or a descriptor) or -errno. A name has no dots: the kernel reserves them.
 */
#ifndef VNETD_PIN_H
#define VNETD_PIN_H

#include "error.h"

/*
 * Is @path, or its parent if @path does not exist yet, on a BPF file system? If not, the sentence
 * in @e says how to mount one, and the result is -EINVAL (or -ENOENT: not even the parent exists).
 */
int pin_check_bpffs(const char *path, struct error *e);

/* Makes the folder if it is missing. One that belongs to another user than us or root: -EPERM. */
int pin_folder(const char *path);

/* "FOLDER/NAME" in @ret, of PATH_MAX bytes. */
int pin_path(char *ret, const char *folder, const char *name);

/* A new descriptor of what is pinned as FOLDER/NAME; -ENOENT: nothing is. */
int pin_get(const char *folder, const char *name);

/* Pins @fd; -EEXIST if the name is taken. */
int pin_put(int fd, const char *folder, const char *name);

/* Has a pin or a mark that name? */
bool pin_is_there(const char *folder, const char *name);

/* Is this a name that pin_replace() gives for a moment? */
bool pin_is_new(const char *name);

/* Pins @fd; what had the name before lets go of it in the same instant. */
int pin_replace(int fd, const char *folder, const char *name);

/* Nothing there is fine. */
int pin_remove(const char *folder, const char *name);

/* A mark: an empty folder, which says a thing by its name alone. -EEXIST: it is there already. */
int pin_mark(const char *folder, const char *name);
int pin_unmark(const char *folder, const char *name);
/*
 * A note: a link that leads nowhere, whose target is the text. It replaces one of that name in one
 * instant. pin_note_read(): @ret of PATH_MAX bytes. pin_remove() removes it.
 */
int pin_note(const char *folder, const char *name, const char *text);
int pin_note_read(const char *folder, const char *name, char *ret);

/*
 * Calls @visit for every name in @folder; it may remove that name. All are visited; the first
 * failure is returned. A folder that does not exist has no names.
 */
int pin_each(const char *folder, int (*visit)(void *context, const char *name), void *context);

/* Two folders take each other's name, in one instant. */
int pin_exchange(const char *one, const char *other);

/* The folder, and all that is pinned in it. No folder is fine. */
int pin_remove_folder(const char *folder);

#endif
