/* SPDX-License-Identifier: GPL-2.0-only */
#include "lib/pipeline_report.h"

#include <stdio.h>

#include "lib/machine.h"

/* "classic" is what measures round-trip times as well. */
static const struct goal {
	enum size_id from, to;
	enum way_id way, against;
	enum { RATIO, NANOSECONDS } of;
	double limit;
	enum { ANY, TIMED, NOT_TCP } packet; /* which it is a goal for */
} goals[] = {
	{ ONE, K100, OURS, STUDY, RATIO, 1.2, ANY },
	{ K1, K1, OURS, CLASSIC, RATIO, 0.4, ANY },
	{ K100, K100, OURS, CLASSIC, RATIO, 0.25, ANY },
	{ ONE, ONE, OURS_RTT, OURS, NANOSECONDS, 6, TIMED },
	{ K10, K10, OURS_RTT, OURS, NANOSECONDS, 20, TIMED },
	{ ONE, ONE, OURS_RTT, OURS, NANOSECONDS, 1, NOT_TCP },
	{ ONE, K100, OURS_ALL, STUDY_RTT, RATIO, 1.2, TIMED },
};

/* What measuring adds, in the same round. */
static const struct {
	const char *key, *label;
	enum way_id with, without;
} additions[] = {
	{ "ours_rtt", "weir, rtt", OURS_RTT, OURS },
	{ "ours_all", "weir, rtt with details", OURS_ALL, OURS },
	{ "study_rtt", "the study", STUDY_RTT, STUDY },
};

static struct stat_summary ratio(const struct results *r, enum size_id size, enum way_id way,
				 enum way_id against)
{
	return samples_ratio(&r->ways[size][way], &r->ways[size][against]);
}

static struct stat_summary difference(const struct results *r, enum size_id size, enum way_id way,
				      enum way_id against)
{
	return samples_difference(&r->ways[size][way], &r->ways[size][against]);
}

/* --- every number by name ---------------------------------------------------------------------- */

static void put(json_t *o, const char *way, const char *size, const char *what, double value)
{
	char name[96];

	(void)snprintf(name, sizeof(name), "%s_%s_%s", way, size, what);
	(void)json_object_set_new(o, name, json_real(value));
}

static void put_quartiles(json_t *o, const char *way, const char *size, const char *what,
			  struct stat_summary value)
{
	char name[64];

	put(o, way, size, what, value.median);
	(void)snprintf(name, sizeof(name), "%s_q1", what);
	put(o, way, size, name, value.q1);
	(void)snprintf(name, sizeof(name), "%s_q3", what);
	put(o, way, size, name, value.q3);
}

static void put_size(json_t *o, const struct results *r, enum size_id size)
{
	const char *key = sizes[size].key;

	for (unsigned w = 0; w < N_WAYS; w++) {
		put_quartiles(o, ways[w].key, key, "ns", samples_summary(&r->ways[size][w]));
		put(o, ways[w].key, key, "over_study", ratio(r, size, w, STUDY).median);
		put(o, ways[w].key, key, "over_study_rtt", ratio(r, size, w, STUDY_RTT).median);
		put(o, ways[w].key, key, "over_classic", ratio(r, size, w, CLASSIC).median);
		put(o, ways[w].key, key, "over_classic_lookup",
		    ratio(r, size, w, CLASSIC_LOOKUP).median);
	}
	for (size_t i = 0; i < ARRAY_LEN(additions); i++) {
		put_quartiles(o, additions[i].key, key, "adds_ns",
			      difference(r, size, additions[i].with, additions[i].without));
		put(o, additions[i].key, key, "flows_measured", r->measured[size][additions[i].with]);
	}
}

static void put_worst(json_t *o, const struct worst_results *r, enum worst_size size)
{
	for (unsigned i = WORST_FIRST; i < N_WORST; i++) {
		put_quartiles(o, worst_ways[i].key, worst_sizes[size].key, "worst_ns",
			      worst_summary(r, size, i));
		put(o, worst_ways[i].key, worst_sizes[size].key, "worst_samples",
		    r->samples[size][i]);
	}
}

void report_json(const struct report *r)
{
	json_t *out = json_object();

	for (enum size_id size = ONE; r->results && size < N_SIZES; size++)
		put_size(out, r->results, size);
	for (enum worst_size size = 0; r->worst && size < N_WORST_SIZES; size++)
		put_worst(out, r->worst, size);
	(void)json_object_set_new(out, "packet", json_string(r->packet));
	(void)json_object_set(out, "machine", r->machine);
	(void)json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(5));
	printf("\n");
	json_decref(out);
}

/* --- for people -------------------------------------------------------------------------------- */

static void print_way(const struct results *r, enum size_id size, enum way_id w)
{
	struct stat_summary ns = samples_summary(&r->ways[size][w]);

	printf("  %-28s %7.1f %7.1f..%7.1f %7.2f %7.2f %9.2f %9.2f  ", ways[w].label, ns.median,
	       ns.q1, ns.q3, ratio(r, size, w, STUDY).median, ratio(r, size, w, STUDY_RTT).median,
	       ratio(r, size, w, CLASSIC).median, ratio(r, size, w, CLASSIC_LOOKUP).median);
	for (unsigned k = 0; k < ways[w].n; k++)
		printf("%s%s %.1f", k ? ", " : "", parts[ways[w].part[k]].label,
		       samples_median(&r->parts[size][ways[w].part[k]].net));
	printf("\n");
}

static void print_ways(const struct report *r)
{
	printf("\nNanoseconds per packet (%s), all programs on its way summed, the driver's %.0f "
	       "ns taken off\n",
	       r->packet, samples_median(&r->results->parts[ONE][OURS_XDP].driver));
	for (enum size_id size = ONE; size < N_SIZES; size++) {
		printf("\n%-30s %7s %16s %7s %7s %9s %9s\n", sizes[size].label, "median",
		       "quartiles", "/study", "/st.RTT", "/classic", "/lookup");
		for (unsigned w = 0; w < N_WAYS; w++)
			print_way(r->results, size, w);
	}
}

static void print_additions(const struct report *r)
{
	printf("\n%-30s %7s %7s %16s  %s\n", "What round-trip times add, ns", "of", "median",
	       "quartiles", r->timed ? "flows in the table" : "");
	for (size_t i = 0; i < ARRAY_LEN(additions); i++)
		for (enum size_id size = ONE; size < N_SIZES; size++) {
			struct stat_summary ns = difference(r->results, size, additions[i].with,
							    additions[i].without);

			printf("  %-28s %7s %7.1f %7.1f..%7.1f  ", additions[i].label,
			       sizes[size].label, ns.median, ns.q1, ns.q3);
			if (r->timed)
				printf("%.1f %%",
				       100 * r->results->measured[size][additions[i].with]);
			printf("\n");
		}
}

static double reached(const struct results *r, enum size_id size, const struct goal *g)
{
	if (g->of == RATIO)
		return ratio(r, size, g->way, g->against).median;
	return difference(r, size, g->way, g->against).median;
}

static void print_goal(const struct results *r, const struct goal *g)
{
	double worst = reached(r, g->from, g);

	for (enum size_id size = g->from; size <= g->to; size++)
		worst = MAX(worst, reached(r, size, g));
	printf("%s, %s%s %s: ", ways[g->way].label, g->from == g->to ? "" : "at worst of 1 to ",
	       sizes[g->to].label, g->to == ONE ? "subscriber" : "subscribers");
	if (g->of == RATIO)
		printf("%.2f of %s (goal: at most %.2f)", worst, ways[g->against].label, g->limit);
	else
		printf("%.1f ns more than %s (goal: at most %.0f)", worst, ways[g->against].label,
		       g->limit);
	printf(": %s\n", worst <= g->limit ? "met" : "MISSED");
}

static void print_goals(const struct report *r)
{
	printf("\n");
	for (size_t i = 0; i < ARRAY_LEN(goals); i++) {
		if (goals[i].packet == TIMED && !r->timed)
			continue;
		if (goals[i].packet == NOT_TCP && r->tcp)
			continue;
		print_goal(r->results, &goals[i]);
	}
}

static void print_worst(const struct worst_results *r)
{
	printf("\nThe worst case, ns per packet of XDP: packets and their replies in turn, each "
	       "with a new TSval\nand the echo of the one before, each from the side it comes "
	       "from\n");
	for (enum worst_size size = 0; size < N_WORST_SIZES; size++) {
		printf("\n%-30s %7s %16s %9s\n", worst_sizes[size].label, "median", "quartiles",
		       "samples");
		for (unsigned i = WORST_FIRST; i < N_WORST; i++) {
			struct stat_summary ns = worst_summary(r, size, i);

			printf("  %-28s %7.1f %7.1f..%7.1f %9.3f\n", worst_ways[i].label, ns.median,
			       ns.q1, ns.q3, r->samples[size][i]);
		}
	}
	printf("\nsamples: per packet. Among 10,000 a packet echoes what another's flow said last, "
	       "so "
	       "only replies match.\n");
}

void report_tables(const struct report *r)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	machine_format(r->machine, &text);
	printf("machine\n%s", strbuf_text(&text));
	if (r->results) {
		print_ways(r);
		print_additions(r);
	}
	if (r->worst)
		print_worst(r->worst);
	if (r->results)
		print_goals(r);
}
