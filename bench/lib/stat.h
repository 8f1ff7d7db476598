/* SPDX-License-Identifier: GPL-2.0-only */
/* Samples of a noisy machine: medians and quartiles, never means. */
#pragma once

#include <stddef.h>

#include "base/vec.h"

struct samples {
	VEC(double) v;
};

struct stat_summary {
	double min, q1, median, q3;
};

int samples_add(struct samples *s, double value);
void samples_free(struct samples *s);
/* All 0 for no samples. */
struct stat_summary samples_summary(const struct samples *s);
double samples_median(const struct samples *s);
/* Median of a[i] - b[i] and of a[i] / b[i]: sample i of both was taken in the same round. */
struct stat_summary samples_difference(const struct samples *a, const struct samples *b);
struct stat_summary samples_ratio(const struct samples *a, const struct samples *b);
