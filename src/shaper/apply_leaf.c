/* SPDX-License-Identifier: GPL-2.0-only */
/* Leaves: from words to what the kernel is asked for, and what takes its place where it lacks it. */
#include <errno.h>

#include "nl/qdisc_kind.h"
#include "shaper/apply_private.h"

#define FIFO_USUAL 1000
#define FIFO_LEAST 20
#define FRAME 1514
/* codel keeps its times in units of 1024 ns. */
#define TIME_ROUNDING_US 2

/* A rate of its own would shape twice: the class above does it. */
static int complete(struct nl_qdisc_spec *spec, const char *text, struct diag *d)
{
	switch (spec->kind) {
	case NL_QDISC_CAKE:
		(void)nl_qdisc_give(spec, "bandwidth", 0);
		if (nl_qdisc_given(spec, "autorate"))
			(void)nl_qdisc_give(spec, "autorate", 0);
		return 0;
	case NL_QDISC_PFIFO:
		if (!nl_qdisc_given(spec, "limit"))
			(void)nl_qdisc_give(spec, "limit", FIFO_USUAL);
		return 0;
	case NL_QDISC_BFIFO:
		if (!nl_qdisc_given(spec, "limit"))
			(void)nl_qdisc_give(spec, "limit", FIFO_USUAL * FRAME);
		return 0;
	case NL_QDISC_FQ_CODEL:
		return 0;
	default:
		(void)diag_error(d, NULL, "leaf \"%s\": not a queue for a subscriber", text);
		diag_hint(d, "cake, fq_codel and fifo are");
		return -EINVAL;
	}
}

static void words_free(struct shaper_words *words)
{
	if (words)
		free(words->text);
	free(words);
}
DEFINE_CLEANUP(struct shaper_words *, words_free)

static int words_new(struct shaper_tree *t, const char *text, const struct shaper_words **ret,
		     struct diag *d)
{
	_cleanup_(words_freep) struct shaper_words *words = calloc(1, sizeof(*words));
	int r;

	if (!words || !(words->text = strdup(text)))
		return -ENOMEM;
	r = nl_qdisc_parse(text, NULL, &words->spec, d);
	if (!r)
		r = complete(&words->spec, text, d);
	if (!r)
		r = vec_push(&t->words, words);
	if (!r)
		*ret = TAKE_PTR(words);
	return r;
}

int shaper_words_get(struct shaper_tree *t, const char *text, const struct shaper_words **ret,
		     struct diag *d)
{
	vec_foreach(&t->words, words) {
		if (!strcmp((*words)->text, text)) {
			*ret = *words;
			return 0;
		}
	}
	return words_new(t, text, ret, d);
}

/* --- what takes the place --------------------------------------------------------------------- */

static const enum nl_qdisc_kind next_best[] = {
	[NL_QDISC_CAKE] = NL_QDISC_FQ_CODEL,
	[NL_QDISC_FQ_CODEL] = NL_QDISC_PFIFO,
};

static bool lacks(const struct shaper_tree *t, enum nl_qdisc_kind kind)
{
	return kind < ARRAY_LEN(next_best) && next_best[kind] && t->kinds[kind] == SHAPER_LACK;
}

/* 100 ms: a fifo has nothing else against a standing queue. */
static uint32_t short_queue(uint64_t ceil)
{
	uint64_t packets = ceil / 8 / 10 / FRAME;

	return (uint32_t)MAX(MIN(packets, FIFO_USUAL), FIFO_LEAST);
}

/*
 * Below a class a queue does not know its rate, and takes the time that a frame needs on a slow one
 * for a queue that stands.  The steps of cake's rtt are LibreQoS'.
 */
static uint32_t slow_rtt_us(uint64_t ceil)
{
	static const struct {
		uint64_t below;
		uint32_t ms;
	} steps[] = { { 1500000, 300 }, { 2500000, 180 }, { 3500000, 140 }, { 4500000, 120 } };

	if (ceil < 1000000)
		return (uint32_t)MIN(300000 * UINT64_C(1000000) / MAX(ceil, 1), 1000000);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (ceil < steps[i].below)
			return steps[i].ms * 1000;
	return 0;
}

#define CODEL_TARGET_US 5000

/* One and a half frames. */
static uint32_t slow_target_us(uint64_t ceil)
{
	uint64_t us = UINT64_C(1500000) * FRAME * 8 / MAX(ceil, 1);

	return us > CODEL_TARGET_US ? (uint32_t)MIN(us, 1000000) : 0;
}

static void suit_rate(struct nl_qdisc_spec *spec, uint64_t ceil)
{
	const char *option = spec->kind == NL_QDISC_CAKE ? "rtt" : "target";
	uint32_t us = 0;

	if (spec->kind == NL_QDISC_CAKE)
		us = slow_rtt_us(ceil);
	else if (spec->kind == NL_QDISC_FQ_CODEL)
		us = slow_target_us(ceil);
	if (us && !nl_qdisc_given(spec, option))
		(void)nl_qdisc_give(spec, option, us);
}

struct nl_qdisc_spec shaper_leaf_spec(const struct shaper_tree *t, const struct shaper_words *words,
				      uint64_t ceil)
{
	struct nl_qdisc_spec spec = { .kind = words->spec.kind };

	if (!lacks(t, spec.kind))
		spec = words->spec;
	while (lacks(t, spec.kind))
		spec.kind = next_best[spec.kind];
	if (spec.kind == NL_QDISC_PFIFO && words->spec.kind != NL_QDISC_PFIFO)
		(void)nl_qdisc_give(&spec, "limit", short_queue(ceil));
	suit_rate(&spec, ceil);
	return spec;
}

const char *shaper_leaf_words(const struct shaper_words *words, const struct nl_qdisc_spec *spec)
{
	return spec->kind == words->spec.kind ? words->text : nl_qdisc_kind_name(spec->kind);
}

void shaper_leaf_lacks(struct shaper_tree *t, const char *subject, enum nl_qdisc_kind kind)
{
	t->kinds[kind] = SHAPER_LACK;
	shaper_say(t, subject, "leaf", "%s is not available in this kernel: %s is used instead",
		   nl_qdisc_kind_name(kind), nl_qdisc_kind_name(next_best[kind]));
}

/* --- what stands against what is asked for ---------------------------------------------------- */

static bool same_value(const struct nl_option *o, int64_t has, int64_t wants)
{
	int64_t off = has < wants ? wants - has : has - wants;

	return off <= (o->type == NL_OPT_TIME ? TIME_ROUNDING_US : 0);
}

bool shaper_leaf_same(const struct nl_qdisc_spec *dumped, const struct nl_qdisc_spec *asked)
{
	const struct nl_kind *kind = nl_kind_of(asked->kind);

	if (dumped->kind != asked->kind)
		return false;
	for (unsigned i = 0; kind->options[i].name; i++) {
		const struct nl_option *o = &kind->options[i];
		bool given = asked->given & 1u << i;
		int64_t wants = given ? nl_option_get(asked, o) : o->usual;

		/* What neither the asker said nor the kernel always does can be anything. */
		if (wants == NL_OPTION_UNKNOWN || (!given && !(dumped->given & 1u << i)))
			continue;
		if (!same_value(o, nl_option_get(dumped, o), wants))
			return false;
	}
	return true;
}

bool shaper_leaf_in_place(const struct nl_qdisc_spec *from, const struct nl_qdisc_spec *to,
			  struct nl_qdisc_spec *ret)
{
	const struct nl_kind *kind = nl_kind_of(to->kind);
	struct nl_qdisc_spec known = *from;

	for (unsigned i = 0; from->kind == to->kind && kind->options[i].name; i++)
		if (kind->options[i].usual == NL_OPTION_UNKNOWN && !(to->given & 1u << i))
			known.given &= ~(1u << i);
	return nl_qdisc_in_place(&known, to, ret);
}
