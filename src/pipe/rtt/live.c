/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Samples come as words in a ring per CPU, and are gathered once a second and before each answer.
 * What is measured is nobody's but this run's: maps and histograms begin empty, and go with it.
 */
#include "pipe/rtt/live.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "pipe/instance.h"

#define NS 1000000000ULL
#define INITIAL_SECONDS 300 /* before the kernel's 32-bit count of jiffies wraps, at boot */

/* --- time -------------------------------------------------------------------------------------- */

static uint64_t read_jiffy(void)
{
	struct timespec t;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &t) || t.tv_sec || t.tv_nsec <= 0)
		return 4000000;
	return (uint64_t)t.tv_nsec;
}

static unsigned find_age_shift(uint64_t jiffy_ns)
{
	unsigned shift = 0;

	while (jiffy_ns << (shift + 1) < NS * 3 / 2)
		shift++;
	return shift;
}

uint32_t rtt_live_age_now(const struct rtt_live *live)
{
	const uint64_t hz = NS / live->jiffy_ns;
	uint64_t jiffies = (UINT64_C(1) << 32) - INITIAL_SECONDS * hz;

	if (live->test_clock && live->maps)
		return (uint32_t)(live->maps->clock->jiffies >> live->age_shift);
	jiffies += clock_now_ns(CLOCK_MONOTONIC) / live->jiffy_ns;
	return (uint32_t)(jiffies >> live->age_shift);
}

double rtt_live_age_seconds(const struct rtt_live *live, uint32_t units)
{
	return (double)units * (double)(live->jiffy_ns << live->age_shift) / (double)NS;
}

unsigned rtt_live_intervals(const struct rtt_live *live, int64_t seconds, int64_t *ret_seconds)
{
	const int64_t length = live->conf->interval.value;
	const unsigned most = rtt_conf_intervals(live->conf);
	int64_t n = seconds > 0 ? (seconds + length - 1) / length : 1;

	if (n > most)
		n = most;
	*ret_seconds = n * length;
	return (unsigned)n;
}

/* --- samples ----------------------------------------------------------------------------------- */

static void drain_cpu(struct rtt_live *live, unsigned cpu)
{
	volatile __u64 *ring = live->maps->samples + (size_t)cpu * RTT_SAMPLES;

	for (unsigned n = 0; n < RTT_SAMPLES; n++) {
		const uint32_t at = live->tails[cpu] & (RTT_SAMPLES - 1);
		const uint64_t sample = ring[at];

		if (!sample)
			return;
		ring[at] = 0;
		live->tails[cpu]++;
		if (RTT_SAMPLE_KIND(sample) < RTT_KINDS)
			rtt_store_add(live->store, RTT_SAMPLE_ID(sample),
				      (unsigned)RTT_SAMPLE_SIDE(sample),
				      (unsigned)RTT_SAMPLE_KIND(sample), RTT_SAMPLE_UNITS(sample));
	}
}

void rtt_live_drain(struct rtt_live *live)
{
	if (!live->maps || !live->store)
		return;
	for (unsigned cpu = 0; cpu < live->maps->n_cpus; cpu++)
		drain_cpu(live, cpu);
}

struct rtt_cpu rtt_live_sums(const struct rtt_live *live)
{
	struct rtt_cpu sums = { 0 };

	for (unsigned cpu = 0; live->maps && cpu < live->maps->n_cpus; cpu++) {
		const volatile struct rtt_cpu *c = &live->maps->cpus[cpu];

		sums.head += c->head;
		sums.lost += c->lost;
		sums.full += c->full;
	}
	return sums;
}

/* --- whose they are ---------------------------------------------------------------------------- */

/* A number that was given to another begins anew. */
static void follow_ids(struct rtt_live *live)
{
	uint32_t given;

	for (uint32_t id = 0; live->lives && lives_given(live->lives, id, &given); id++) {
		if (id >= live->given.n && vec_push(&live->given, given))
			return;
		if (live->given.at[id] == given)
			continue;
		rtt_store_clear(live->store, id);
		live->given.at[id] = given;
	}
}

/* --- life -------------------------------------------------------------------------------------- */

static void live_close(void *data)
{
	struct rtt_live *live = data;

	if (!live)
		return;
	rtt_maps_free(live->next_maps);
	rtt_maps_free(live->maps);
	rtt_store_free(live->next_store);
	rtt_store_free(live->store);
	vec_free(&live->given);
	free(live->tails);
	free(live);
}

static int live_open(const struct stage_host *host, void **ret, struct diag *d)
{
	struct rtt_live *live = calloc(1, sizeof(*live));

	if (!live)
		return -ENOMEM;
	live->lives = host->lives;
	live->tell = host->tell;
	live->tell_data = host->data;
	live->n_cpus = host->kernel ? host->kernel->n_cpus : 1;
	live->jiffy_ns = read_jiffy();
	live->age_shift = find_age_shift(live->jiffy_ns);
	live->tails = calloc(live->n_cpus, sizeof(*live->tails));
	if (!live->tails || getrandom(&live->seed, sizeof(live->seed), 0) < 0) {
		live_close(live);
		return -ENOMEM;
	}
	*ret = live;
	return 0;
}

/* Nothing is pinned. */
static void live_stop(void *data)
{
}

static int live_interfaces(const void *data, struct name_list *out)
{
	return 0;
}

static void live_look(void *data, const struct pipe_facts *facts, const struct counter_view *counters)
{
}

/* --- news -------------------------------------------------------------------------------------- */

static void _printf_(3, 4) say(struct rtt_live *live, const char *event, const char *format, ...)
{
	char text[256];
	va_list args;

	if (!live->tell)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	live->tell("rtt", event, text, live->tell_data);
}

/* One line of the histograms' memory for each series in use: both sides, by two kinds. */
static void tell_memory(struct rtt_live *live)
{
	const size_t series = (size_t)live->given.n * RTT_SIDES * 2;
	const size_t want = (series * 64 * (rtt_conf_intervals(live->conf) + 1) * 2 >> 20) + 1;

	if (want > (size_t)live->conf->memory.value && want != live->memory_told)
		say(live, "memory",
		    "%zu subscribers may need %zu MiB for histograms, `memory` is %lld: "
		    "percentiles "
		    "become coarser",
		    (size_t)live->given.n, want, (long long)live->conf->memory.value);
	live->memory_told = want;
}

/* --- a sync ------------------------------------------------------------------------------------ */

static void live_revert(void *data)
{
	struct rtt_live *live = data;

	rtt_maps_free(live->next_maps);
	rtt_store_free(live->next_store);
	live->next_maps = NULL;
	live->next_store = NULL;
	live->wished = false;
}

static int live_wish(void *data, const void *conf, const struct pipe_facts *facts, struct diag *d)
{
	struct rtt_live *live = data;

	live_revert(live);
	if (conf)
		live->wish = *(const struct rtt_conf *)conf;
	live->wished = conf;
	return 0;
}

static bool same_maps(const struct rtt_live *live, size_t sets)
{
	return live->maps && live->maps->n_sets == sets &&
	       live->maps->details == live->wish.details.value;
}

static bool same_store(const struct rtt_live *live)
{
	return live->store && live->own.interval.value == live->wish.interval.value &&
	       live->own.keep.value == live->wish.keep.value &&
	       live->own.memory.value == live->wish.memory.value;
}

static int live_prepare(void *data, const void *conf, const struct pipe_facts *facts,
			const struct pipe_plan *plan, struct diag *d)
{
	struct rtt_live *live = data;
	const size_t sets = rtt_maps_sets((size_t)live->wish.flows.value);
	int r = 0;

	if (!conf)
		return 0;
	if (!same_maps(live, sets))
		r = rtt_maps_new(sets, live->wish.details.value, live->n_cpus, &live->next_maps);
	if (!r && !same_store(live))
		r = rtt_store_new((size_t)live->wish.memory.value << 20,
				  rtt_conf_intervals(&live->wish), &live->next_store);
	return r ? diag_error(d, NULL, "rtt: %s", strerror(-r)) : 0;
}

static void forget(struct rtt_live *live)
{
	rtt_maps_free(live->maps);
	rtt_store_free(live->store);
	live->maps = NULL;
	live->store = NULL;
	live->conf = NULL;
	live->given.n = 0;
}

static void settle_maps(struct rtt_live *live)
{
	if (!live->next_maps)
		return;
	rtt_maps_free(live->maps);
	live->maps = TAKE_PTR(live->next_maps);
	memset(live->tails, 0, live->n_cpus * sizeof(*live->tails));
}

static void settle_store(struct rtt_live *live)
{
	if (!live->next_store)
		return;
	rtt_store_free(live->store);
	live->store = TAKE_PTR(live->next_store);
	live->given.n = 0;
	live->turned = clock_now_ns(CLOCK_MONOTONIC);
	live->since = (int64_t)time(NULL);
}

static void live_settle(void *data, const struct counter_view *counters)
{
	struct rtt_live *live = data;

	if (!live->wished) {
		forget(live);
		return;
	}
	rtt_live_drain(live); /* of the maps that were, for whoever had the numbers */
	settle_maps(live);
	settle_store(live);
	live->own = live->wish;
	live->conf = &live->own;
	follow_ids(live);
	tell_memory(live);
}

/* --- every second ------------------------------------------------------------------------------ */

static void tell_lost(struct rtt_live *live)
{
	const uint64_t lost = rtt_live_sums(live).lost;

	if (lost > live->lost_told)
		say(live, "lost", "%llu samples found no place: a longer `rest` makes them fewer",
		    (unsigned long long)(lost - live->lost_told));
	live->lost_told = lost; /* other maps count from 0 */
}

static bool live_tick(void *data, const struct counter_view *counters)
{
	struct rtt_live *live = data;
	uint64_t now, length;

	if (!live->conf)
		return false;
	rtt_live_drain(live);
	tell_lost(live);
	now = clock_now_ns(CLOCK_MONOTONIC);
	length = (uint64_t)live->conf->interval.value * NS;
	for (unsigned n = 0; now - live->turned >= length && n <= rtt_conf_intervals(live->conf);
	     n++) {
		rtt_store_turn(live->store);
		live->turned += length;
	}
	if (now - live->turned >= length) /* asleep for longer than is kept */
		live->turned = now;
	return false;
}

static void live_notes(void *data, json_t *notes)
{
	const struct rtt_live *live = data;
	const struct rtt_cpu sums = rtt_live_sums(live);
	struct rtt_store_state state;

	if (!live->conf)
		return;
	rtt_store_look(live->store, &state);
	(void)json_array_append_new(
		notes, json_sprintf("%llu samples taken, %llu lost for want of a "
				    "place",
				    (unsigned long long)sums.head, (unsigned long long)sums.lost));
	if (sums.full)
		(void)json_array_append_new(
			notes, json_sprintf("%llu times a new flow found no place in the table",
					    (unsigned long long)sums.full));
	(void)json_array_append_new(notes, json_sprintf("histograms fill %zu of %lld MiB",
							(state.used * 64 >> 20) + 1,
							(long long)live->conf->memory.value));
	if (state.coarse)
		(void)json_array_append_new(
			notes,
			json_sprintf("%llu samples made a percentile coarser: more `memory` helps",
				     (unsigned long long)state.coarse));
	if (state.dropped)
		(void)json_array_append_new(
			notes,
			json_sprintf("%llu samples are only in the totals: `memory` is used up",
				     (unsigned long long)state.dropped));
}

const struct stage_live_ops rtt_live_ops = {
	.open = live_open,
	.close = live_close,
	.stop = live_stop,
	.interfaces = live_interfaces,
	.look = live_look,
	.wish = live_wish,
	.prepare = live_prepare,
	.settle = live_settle,
	.revert = live_revert,
	.tick = live_tick,
	.queries = rtt_queries,
	.notes = live_notes,
};
