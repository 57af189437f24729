/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line a state change; a failure says what happens next. To the journal with fields when stderr
 * is the journal, else to stderr as text.
 */
#ifndef VNETD_LOG_H
#define VNETD_LOG_H

#include <syslog.h>

#include "util.h"

/* sd_id128 strings, fixed for ever: what an operator may match on (`journalctl MESSAGE_ID=...`). */
#define LOG_ID_PATH_SWITCHED  "5c3f2a0d8a3e4c7f9d3b6a1be7a4f0c1"
#define LOG_ID_RESOURCE_STATE "5c3f2a0d8a3e4c7f9d3b6a1be7a4f0c2"
#define LOG_ID_RESYNC	      "5c3f2a0d8a3e4c7f9d3b6a1be7a4f0c3"
#define LOG_ID_CHANGE	      "5c3f2a0d8a3e4c7f9d3b6a1be7a4f0c4"

/* @level: LOG_ERR .. LOG_DEBUG; what is less important than it is not logged. Called once, by main.
 */
void log_open(int level);

/* "err", "warning", "notice", "info", "debug" or a digit; -EINVAL for anything else. */
int log_level_parse(const char *text);

void log_line(int level, const char *format, ...) UTIL_PRINTF(2, 3);

/* With a MESSAGE_ID, and VNET= and RESOURCE= where not NULL. */
void log_event(int level, const char *message_id, const char *vnet, const char *resource,
	       const char *format, ...) UTIL_PRINTF(5, 6);

#define log_err(...)	 log_line(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)	 log_line(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)	 log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	 log_line(LOG_DEBUG, __VA_ARGS__)

#endif
