/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watching the data files that the configuration names, such as ShapedDevices.csv: a saved change
 * is told once, when it is quiet.  Their directories are watched, since most programs save a file
 * by putting a new one in its place; where a file is a link, that of what it leads to as well.  A
 * directory that goes is looked for until it is back.
 */
#pragma once

#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/names.h"

struct file_watch;

int file_watch_new(sd_event *loop, void (*changed)(void *data), void *data, struct file_watch **ret);
void file_watch_free(struct file_watch *watch);
DEFINE_CLEANUP(struct file_watch *, file_watch_free)
/* These from now on; names are copied. */
int file_watch_set(struct file_watch *watch, const struct name_list *files);
/* A directory that cannot be watched, NULL = none. */
const char *file_watch_blind(const struct file_watch *watch);
