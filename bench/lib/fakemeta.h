/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test run cannot hand metadata to a TC program.  So, in the copies that are loaded while this is
 * on, the two places that look for it look at the packet's first bytes instead: the loads of "where
 * metadata begin" and "where they end" name the packet's begin and end.  All else is as it is, and
 * costs the same.
 */
#pragma once

#include <stdbool.h>

extern bool fake_metadata;
