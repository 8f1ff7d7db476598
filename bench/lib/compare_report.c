/* SPDX-License-Identifier: GPL-2.0-only */
/* What was measured, as tables for people and as one object for programs. */
#include "lib/compare.h"

#include "lib/machine.h"

/* Of so few nanoseconds the ratios of single rounds say nothing. */
double compare_ratio_of_medians(const struct samples *a, const struct samples *b)
{
	double below = samples_median(b);

	return below > 0 ? samples_median(a) / below : 0;
}

double compare_way_ratio(const struct compare *c, const struct compare_results *results, size_t i)
{
	const struct samples *first = &results->ways[0].pps, *way = &results->ways[i].pps;

	return c->ways[i].aside ? compare_ratio_of_medians(way, first) :
				  samples_ratio(way, first).median;
}

static double lost(const struct veth_way *way)
{
	return way->sent ? 1 - (double)way->arrived / (double)way->sent : 0;
}

/* --- JSON -------------------------------------------------------------------------------------- */

static void put(json_t *o, const char *key, const char *suffix, double value)
{
	char name[96];

	(void)snprintf(name, sizeof(name), "%s_%s", key, suffix);
	(void)json_object_set_new(o, name, json_real(value));
}

static void put_case(json_t *o, const char *key, const struct pb_case *cases, size_t i)
{
	const struct samples *net = &cases[i].net, *first = &cases[0].net;
	struct stat_summary ns = samples_summary(net), over = samples_difference(net, first);

	put(o, key, "ns", ns.median);
	put(o, key, "ns_q1", ns.q1);
	put(o, key, "ns_q3", ns.q3);
	if (!i)
		return;
	put(o, key, "ns_over_bare", over.median);
	put(o, key, "ns_over_bare_q1", over.q1);
	put(o, key, "ns_over_bare_q3", over.q3);
	put(o, key, "ns_ratio", compare_ratio_of_medians(net, first));
}

static void put_way(json_t *o, const struct compare *c, const struct compare_results *results,
		    size_t i)
{
	const struct veth_way *way = &results->ways[i];
	const char *key = c->ways[i].key;

	put(o, key, "pps", samples_median(&way->pps));
	put(o, key, "pps_lost", lost(way));
	if (i)
		put(o, key, "pps_ratio", compare_way_ratio(c, results, i));
}

static const char *goal_key(const struct compare *c, const struct compare_goal *goal)
{
	return goal->kind == COMPARE_PPS_RATIO ? c->ways[goal->row].key : c->cases[goal->row].key;
}

static json_t *to_json(const struct compare *c, const struct compare_results *results,
		       const json_t *machine)
{
	json_t *o = json_object();

	for (size_t i = 0; i < c->n_cases; i++)
		put_case(o, c->cases[i].key, results->cases, i);
	for (size_t i = 0; i < c->n_ways && results->has_pps; i++)
		put_way(o, c, results, i);
	for (size_t i = 0; i < c->n_goals; i++)
		put(o, goal_key(c, &c->goals[i]),
		    c->goals[i].kind == COMPARE_PPS_RATIO ? "pps_ratio_goal" : "ns_over_bare_goal",
		    c->goals[i].limit);
	if (c->put_more)
		c->put_more(o, results);
	(void)json_object_set(o, "machine", (json_t *)machine);
	return o;
}

/* --- tables ------------------------------------------------------------------------------------ */

static void print_cases(const struct compare *c, const struct pb_case *cases)
{
	printf("\nNanoseconds per packet, one program, the driver's %.0f ns taken off\n",
	       samples_median(&cases[0].driver));
	printf("%-36s %8s %15s %11s %15s %7s\n", "", "median", "quartiles", "over bare",
	       "quartiles", "ratio");
	for (size_t i = 0; i < c->n_cases; i++) {
		const struct samples *net = &cases[i].net, *first = &cases[0].net;
		struct stat_summary ns = samples_summary(net), over = samples_difference(net, first);

		printf("%-36s %8.1f %7.1f..%6.1f", cases[i].label, ns.median, ns.q1, ns.q3);
		if (i)
			printf(" %+11.1f %+7.1f..%+6.1f %7.2f", over.median, over.q1, over.q3,
			       compare_ratio_of_medians(net, first));
		printf("\n");
	}
}

static void print_ways(const struct compare *c, const struct compare_results *results)
{
	printf("\nThrough veth, 64-byte frames, everything on one CPU\n");
	printf("%-36s %8s %15s %11s %15s %7s\n", "", "Mpps", "quartiles", "ratio", "quartiles",
	       "lost");
	for (size_t i = 0; i < c->n_ways; i++) {
		const struct veth_way *way = &results->ways[i];
		struct stat_summary pps = samples_summary(&way->pps);
		struct stat_summary rounds = samples_ratio(&way->pps, &results->ways[0].pps);

		printf("%-36s %8.3f %7.3f..%6.3f %11.3f", way->label, pps.median / 1e6,
		       pps.q1 / 1e6, pps.q3 / 1e6, compare_way_ratio(c, results, i));
		if (i && !c->ways[i].aside)
			printf(" %7.3f..%6.3f", rounds.q1, rounds.q3);
		else
			printf(" %15s", "");
		printf(" %6.2f%%\n", 100 * lost(way));
	}
}

static const char *met(bool yes)
{
	return yes ? "met" : "MISSED";
}

static void print_goal(const struct compare *c, const struct compare_results *results,
		       const struct compare_goal *goal)
{
	const struct pb_case *cases = results->cases;
	double value;

	if (goal->kind == COMPARE_NS_OVER_FIRST) {
		value = samples_difference(&cases[goal->row].net, &cases[0].net).median;
		printf("%s: %+.1f ns (goal: at most %.0f): %s\n", goal->text, value, goal->limit,
		       met(value <= goal->limit));
	} else if (results->has_pps) {
		value = compare_way_ratio(c, results, goal->row);
		printf("%s: %.3f of bare (goal: at least %.2f): %s\n", goal->text, value,
		       goal->limit, met(value >= goal->limit));
	}
}

static void print_tables(const struct compare *c, const struct compare_results *results,
			 const json_t *machine)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	machine_format(machine, &text);
	printf("machine\n%s", strbuf_text(&text));
	print_cases(c, results->cases);
	if (results->has_pps)
		print_ways(c, results);
	printf("\n");
	for (size_t i = 0; i < c->n_goals; i++)
		print_goal(c, results, &c->goals[i]);
	if (c->print_more)
		c->print_more(results);
}

void compare_report(const struct compare *c, const struct compare_results *results,
		    const json_t *machine, bool json)
{
	json_t *o;

	if (!json) {
		print_tables(c, results, machine);
		return;
	}
	o = to_json(c, results, machine);
	(void)json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(5));
	printf("\n");
	json_decref(o);
}
