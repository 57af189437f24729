/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A place for one test of the data path: a network and a mount namespace of its own, with a bpffs
 * mounted. Everything in it ends with the test's process. Failures end the test.
 */
#ifndef VNET_TESTS_SANDBOX_H
#define VNET_TESTS_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include <check.h>

#include "../../daemon/datapath.h"

/* Each test of the case has a sandbox: sandbox_folder() is a bpffs of its own. */
TCase *sandbox_case(Suite *suite, const char *name);

/* Runs the suite. Returns main()'s exit status. */
int sandbox_main(Suite *suite);

const char *sandbox_folder(void);

/* "FOLDER/" and the formatted rest, in one of a few static buffers. */
const char *sandbox_path(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Runs a shell command, which must succeed. */
void sandbox_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A pair of veth devices, @name up. Returns its ifindex. */
uint32_t sandbox_veth(const char *name, const char *peer);

/* A network namespace that lives as long as the descriptor, which shell commands inherit. */
int sandbox_other_netns(void);

/* A datapath on the sandbox's bpffs, instance "t". */
struct datapath *sandbox_datapath(bool no_tcx);

bool sandbox_exists(const char *path);

/* The kernel's id of what is pinned at @path; it must be there. */
uint32_t sandbox_map_id(const char *path);
uint32_t sandbox_program_id(const char *path);
uint32_t sandbox_link_id(const char *path);
uint32_t sandbox_link_program_id(const char *path);

/* Programs at a tcx hook of a device. */
uint32_t sandbox_tcx_count(uint32_t ifindex, bool egress);

/* A classifier that lets everything pass to the next: someone else's. */
int sandbox_foreign_program(void);

/* Has the kernel a function of that name? Told by other means than the daemon's. */
bool sandbox_kernel_has(const char *name);

/* Open descriptors of this process. */
int sandbox_fd_count(void);

/* Waits until the kernel has freed the object: it does so some time after the last user went. */
enum sandbox_kind { SANDBOX_MAP, SANDBOX_PROGRAM, SANDBOX_LINK };
void sandbox_wait_gone(enum sandbox_kind kind, uint32_t id);

/* The same for the programs at a tcx hook, after the last name of a link was removed. */
void sandbox_wait_tcx(uint32_t ifindex, bool egress, uint32_t count);

uint64_t sandbox_now_us(void);

/* What may take so long on an ordinary machine; the environment says how much slower this one is.
 */
uint64_t sandbox_limit_us(uint64_t ordinary_us);

#endif
