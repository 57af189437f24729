/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vnetctl from its options to its exit status. */
#ifndef VNETCTL_RUN_H
#define VNETCTL_RUN_H

#include "ctl.h"

enum ctl_status run_main(int argc, char **argv, FILE *out, FILE *err);

#endif
