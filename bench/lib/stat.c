/* SPDX-License-Identifier: GPL-2.0-only */
#include "lib/stat.h"

#include "base/cleanup.h"

int samples_add(struct samples *s, double value)
{
	return vec_push(&s->v, value);
}

void samples_free(struct samples *s)
{
	vec_free(&s->v);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t n, double q)
{
	double at = q * (double)(n - 1);
	size_t i = (size_t)at;

	if (i + 1 >= n)
		return sorted[n - 1];
	return sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]);
}

struct stat_summary samples_summary(const struct samples *s)
{
	_cleanup_free_ double *sorted = s->v.n ? malloc(s->v.n * sizeof(*sorted)) : NULL;
	size_t n = s->v.n;

	if (!sorted)
		return (struct stat_summary){ 0 };
	memcpy(sorted, s->v.at, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare);
	return (struct stat_summary){
		.min = sorted[0],
		.q1 = quantile(sorted, n, 0.25),
		.median = quantile(sorted, n, 0.5),
		.q3 = quantile(sorted, n, 0.75),
	};
}

double samples_median(const struct samples *s)
{
	return samples_summary(s).median;
}

static double minus(double a, double b)
{
	return a - b;
}

static double over(double a, double b)
{
	return b > 0 ? a / b : 0;
}

static struct stat_summary pairwise(const struct samples *a, const struct samples *b,
				    double (*op)(double, double))
{
	struct samples paired = { 0 };
	struct stat_summary summary;
	size_t n = MIN(a->v.n, b->v.n);
	int r = 0;

	for (size_t i = 0; i < n && !r; i++)
		r = samples_add(&paired, op(a->v.at[i], b->v.at[i]));
	summary = samples_summary(&paired);
	samples_free(&paired);
	return summary;
}

struct stat_summary samples_difference(const struct samples *a, const struct samples *b)
{
	return pairwise(a, b, minus);
}

struct stat_summary samples_ratio(const struct samples *a, const struct samples *b)
{
	return pairwise(a, b, over);
}
