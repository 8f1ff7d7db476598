/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One line per event, subject first: "eth1: attached in native mode".  To the journal with fields
 * when the service manager started us, to stderr otherwise.  Only programs log; libraries do not.
 */
#pragma once

#include "base/cleanup.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_open(const char *program);
void log_set_level(enum log_level level);
/* "error", "warning", "info", "debug"; -EINVAL otherwise. */
int log_level_from_name(const char *name, enum log_level *ret_level);
void log_write(enum log_level level, const char *subject, const char *format, ...) _printf_(3, 4);

#define log_error(subject, ...) log_write(LOG_LEVEL_ERROR, subject, __VA_ARGS__)
#define log_warning(subject, ...) log_write(LOG_LEVEL_WARNING, subject, __VA_ARGS__)
#define log_info(subject, ...) log_write(LOG_LEVEL_INFO, subject, __VA_ARGS__)
#define log_debug(subject, ...) log_write(LOG_LEVEL_DEBUG, subject, __VA_ARGS__)
