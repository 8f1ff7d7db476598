/* SPDX-License-Identifier: GPL-2.0-only */
#include "lib/pipeline_ways.h"

#include <linux/pkt_cls.h>

const struct part parts[N_PARTS] = {
	[OURS_XDP] = { "XDP", WHOLE, XDP_REDIRECT, false },
	[OURS_TC] = { "TC in", MARKED, TC_ACT_REDIRECT, true },
	[OURS_OUT] = { "TC out", CLASSED, PB_VERDICTS - 1, false },
	[KERNEL_XDP] = { "XDP", WHOLE, XDP_REDIRECT, false },
	[KERNEL_OUT] = { "TC out", MARKED_ON, PB_VERDICTS - 1, true },
	[RTT_XDP] = { "XDP", WHOLE, XDP_REDIRECT, false },
	[RTT_TC] = { "TC in", MARKED, TC_ACT_REDIRECT, true },
	[RTT_OUT] = { "TC out", CLASSED, PB_VERDICTS - 1, false },
	[ALL_XDP] = { "XDP", WHOLE, XDP_REDIRECT, false },
	[ALL_TC] = { "TC in", MARKED, TC_ACT_REDIRECT, true },
	[ALL_OUT] = { "TC out", CLASSED, PB_VERDICTS - 1, false },
	[STUDY_XDP] = { "XDP", WHOLE, XDP_REDIRECT, false },
	[STUDY_TC] = { "TC", MARKED, TC_ACT_REDIRECT, true },
	[STUDY_RTT_XDP] = { "XDP", WHOLE, XDP_REDIRECT, false },
	[CLASSIC_XDP] = { "XDP", WHOLE, XDP_REDIRECT, false },
	[CLASSIC_TC] = { "TC with RTT", WHOLE, TC_ACT_OK, true },
	[CLASSIC_TC_LOOKUP] = { "TC", WHOLE, TC_ACT_OK, true },
};

const struct way ways[N_WAYS] = {
	[OURS] = { "ours", "weir, bridging", { OURS_XDP, OURS_TC, OURS_OUT }, 3 },
	[OURS_RTT] = { "ours_rtt", "weir, bridging, rtt", { RTT_XDP, RTT_TC, RTT_OUT }, 3 },
	[OURS_ALL] = { "ours_all", "weir, everything", { ALL_XDP, ALL_TC, ALL_OUT }, 3 },
	[KERNEL] = { "ours_kernel", "weir, the kernel forwards", { KERNEL_XDP, KERNEL_OUT }, 2 },
	[STUDY] = { "study", "the study", { STUDY_XDP, STUDY_TC }, 2 },
	[STUDY_RTT] = { "study_rtt", "the study with RTT", { STUDY_RTT_XDP, STUDY_TC }, 2 },
	[CLASSIC] = { "classic", "classic, lookup and RTT", { CLASSIC_XDP, CLASSIC_TC }, 2 },
	[CLASSIC_LOOKUP] = { "classic_lookup",
			     "classic, lookup alone",
			     { CLASSIC_XDP, CLASSIC_TC_LOOKUP },
			     2 },
};

/* Two places for each flow, and at least what the study had. */
const struct size sizes[N_SIZES] = {
	[ONE] = { "1", "1", 1, 20000, 60, 30, 131072 },
	[K1] = { "1k", "1,000", 1000, 20000, 60, 30, 131072 },
	[K10] = { "10k", "10,000", 10000, 60000, 20, 10, 131072 },
	[K100] = { "100k", "100,000", 100000, 250000, 8, 5, 262144 },
};

/* Sums of the same round: what disturbed the machine disturbed all parts of it. */
int results_sum(struct results *results, enum size_id size)
{
	const struct pb_case *cases = results->parts[size];
	int r = 0;

	for (unsigned w = 0; w < N_WAYS; w++) {
		struct samples *sums = &results->ways[size][w];

		for (size_t i = sums->v.n; i < cases->net.v.n && !r; i++) {
			double sum = 0;

			for (unsigned k = 0; k < ways[w].n; k++)
				sum += cases[ways[w].part[k]].net.v.at[i];
			r = samples_add(sums, sum);
		}
	}
	return r;
}

static int check_verdicts(const struct pb_case *cases, struct diag *d)
{
	int r = 0;

	for (unsigned i = 0; i < N_PARTS; i++)
		if (cases[i].verdicts[parts[i].verdict] != cases[i].net.v.n)
			r = diag_error(d, NULL, "part %u (%s): not every verdict was %s", i,
				       cases[i].label,
				       pb_verdict_name(cases[i].kind, parts[i].verdict));
	return r;
}

int results_check(const struct results *results, struct diag *d)
{
	int r = 0;

	for (enum size_id size = ONE; size < N_SIZES && !r; size++)
		r = check_verdicts(results->parts[size], d);
	return r;
}

void results_free(struct results *r)
{
	for (enum size_id size = ONE; size < N_SIZES; size++) {
		for (unsigned i = 0; i < N_PARTS; i++)
			pb_case_free(&r->parts[size][i]);
		for (unsigned w = 0; w < N_WAYS; w++)
			samples_free(&r->ways[size][w]);
	}
}
