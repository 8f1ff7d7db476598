/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/near.h"
#include "nl/qdisc_unit.h"

#define WORD_MAX 64
/* More than any kind has words of its own. */
#define WORDS_MAX 96

struct reader {
	const char *at; /* what follows */
	char word[WORD_MAX];
	const struct mark *mark;
	struct diag *d;
	const struct nl_kind *kind;
	struct nl_qdisc_spec spec;
};

/* 1: `word` holds the next one; 0: there is none. */
static int next_word(struct reader *r)
{
	size_t len;

	r->at += strspn(r->at, " \t");
	len = strcspn(r->at, " \t");
	if (len >= sizeof(r->word))
		return diag_error(r->d, r->mark, "'%.20s...' is too long for a word", r->at);
	memcpy(r->word, r->at, len);
	r->word[len] = 0;
	r->at += len;
	return len > 0;
}

struct vocabulary {
	const char *words[WORDS_MAX];
	size_t n;
};

static void vocabulary_add(struct vocabulary *v, const char *word)
{
	if (*word && v->n < WORDS_MAX)
		v->words[v->n++] = word;
}

static void vocabulary_of(const struct nl_kind *kind, struct vocabulary *v)
{
	for (const struct nl_option *o = kind->options; o->name; o++) {
		if (o->type != NL_OPT_WORDS)
			vocabulary_add(v, o->name);
		for (size_t i = 0; i < NL_OPTION_WORDS && o->words[i]; i++)
			vocabulary_add(v, o->words[i]);
	}
	for (const struct nl_preset *p = kind->presets; p && p->word; p++)
		vocabulary_add(v, p->word);
}

static void hint(struct reader *r, const struct vocabulary *v)
{
	const char *near = near_word(r->word, v->words, v->n);
	_cleanup_strbuf_ struct strbuf all = { 0 };

	for (size_t i = 0; i < v->n; i++)
		strbuf_addf(&all, "%s%s", i ? ", " : "", v->words[i]);
	if (near)
		diag_hint(r->d, "did you mean `%s`?", near);
	else if (v->n)
		diag_hint(r->d, "known words are %s", strbuf_text(&all));
}

static int read_kind(struct reader *r)
{
	static const struct vocabulary kinds = {
		{ "cake", "fq_codel", "fifo", "pfifo", "bfifo", "htb", "mq" }, 7
	};
	int n = next_word(r);

	if (n < 0)
		return n;
	if (!n) {
		(void)diag_error(r->d, r->mark, "no queueing discipline is named");
		hint(r, &kinds);
		return -EINVAL;
	}
	r->spec.kind = nl_kind_find(strcmp(r->word, "fifo") ? r->word : "pfifo");
	if (r->spec.kind == NL_QDISC_OTHER) {
		(void)diag_error(r->d, r->mark, "there is no queueing discipline '%s'", r->word);
		hint(r, &kinds);
		return -EINVAL;
	}
	r->kind = nl_kind_of(r->spec.kind);
	return 0;
}

static int refuse_value(struct reader *r, const struct nl_option *o, bool found)
{
	const char *wants = nl_unit_wants(o->type);
	_cleanup_strbuf_ struct strbuf text = { 0 };

	strbuf_addf(&text, "`%s` of %s wants %s", o->name, r->kind->name, wants);
	if (o->type != NL_OPT_RATE) {
		strbuf_add(&text, " from ");
		nl_unit_format(o->type, o->min, &text);
		strbuf_add(&text, " to ");
		nl_unit_format(o->type, o->max, &text);
	}
	if (found)
		strbuf_addf(&text, ", not '%s'", r->word);
	return diag_error(r->d, r->mark, "%s", strbuf_text(&text));
}

static int read_value(struct reader *r, const struct nl_option *o, unsigned index)
{
	int n = next_word(r);
	int64_t value;

	if (n < 0)
		return n;
	if (!n)
		return refuse_value(r, o, false);
	if (nl_unit_parse(o->type, r->word, &value) || value < o->min || value > o->max)
		return refuse_value(r, o, true);
	nl_option_set(&r->spec, o, value);
	r->spec.given |= 1u << index;
	return 0;
}

static int apply_preset(struct reader *r, const struct nl_preset *p)
{
	for (size_t i = 0; i < NL_PRESET_SETS && p->set[i].option; i++) {
		unsigned index = 0;
		const struct nl_option *o = nl_option_find(r->kind, p->set[i].option, &index);
		int64_t value = p->set[i].value;

		if (p->set[i].add)
			value += nl_option_get(&r->spec, o);
		if (o->type != NL_OPT_WORDS && value > o->max)
			return diag_error(r->d, r->mark,
					  "with '%s' the %s of %s is %" PRId64
					  ", above the most of %" PRId64,
					  p->word, o->name, r->kind->name, value, o->max);
		nl_option_set(&r->spec, o, value);
		r->spec.given |= 1u << index;
	}
	return 0;
}

/* Does the word stand for a value of this option?  Its number, or -1. */
static int word_of(const struct nl_option *o, const char *word)
{
	for (int i = 0; i < NL_OPTION_WORDS && o->words[i]; i++)
		if (*word && !strcmp(o->words[i], word))
			return i;
	return -1;
}

static int read_option(struct reader *r)
{
	struct vocabulary v = { 0 };
	int value;

	for (unsigned i = 0; r->kind->options[i].name; i++) {
		const struct nl_option *o = &r->kind->options[i];

		if (o->type != NL_OPT_WORDS && !strcmp(o->name, r->word))
			return read_value(r, o, i);
		value = word_of(o, r->word);
		if (value < 0)
			continue;
		nl_option_set(&r->spec, o, value);
		r->spec.given |= 1u << i;
		return 0;
	}
	for (const struct nl_preset *p = r->kind->presets; p && p->word; p++)
		if (!strcmp(p->word, r->word))
			return apply_preset(r, p);
	(void)diag_error(r->d, r->mark, "%s has no option '%s'", r->kind->name, r->word);
	vocabulary_of(r->kind, &v);
	hint(r, &v);
	return -EINVAL;
}

int nl_qdisc_parse(const char *text, const struct mark *at, struct nl_qdisc_spec *ret, struct diag *d)
{
	struct reader r = { .at = text, .mark = at, .d = d };
	int n = read_kind(&r);

	if (n)
		return n;
	while ((n = next_word(&r)) > 0) {
		n = read_option(&r);
		if (n)
			break;
	}
	if (n < 0)
		return n;
	if (r.spec.kind == NL_QDISC_CAKE)
		nl_cake_settle(&r.spec);
	*ret = r.spec;
	return 0;
}

static void format_option(const struct nl_option *o, int64_t value, struct strbuf *out)
{
	if (o->type == NL_OPT_WORDS) {
		if (value >= 0 && value < NL_OPTION_WORDS && o->words[value] && *o->words[value])
			strbuf_addf(out, " %s", o->words[value]);
		return;
	}
	/* A bandwidth of 0 has a word of its own, and is refused as a number by tc. */
	if (o->type == NL_OPT_RATE && !value) {
		strbuf_add(out, " unlimited");
		return;
	}
	strbuf_addf(out, " %s ", o->name);
	nl_unit_format(o->type, value, out);
}

void nl_qdisc_format(const struct nl_qdisc_spec *spec, struct strbuf *out)
{
	const struct nl_kind *kind = nl_kind_of(spec->kind);

	strbuf_add(out, kind->name);
	for (unsigned i = 0; kind->options[i].name; i++)
		if (spec->given & 1u << i)
			format_option(&kind->options[i], nl_option_get(spec, &kind->options[i]), out);
}
