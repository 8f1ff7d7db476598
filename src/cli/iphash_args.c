/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of xdp_iphash_to_cpu_cmdline, in the newer and in the older words. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "base/strbuf.h"
#include "cli/iphash.h"
#include "model/network.h"

void iphash_say(const char *subject, const char *text)
{
	_cleanup_strbuf_ struct strbuf all = { 0 };

	strbuf_addf(&all, "%s%s%s", subject ? subject : "", subject ? ": " : "", text);
	(void)fflush(stdout);
	(void)fprintf(stderr, IPHASH_NAME ": %s\n", strbuf_text(&all));
}

static int wrong_usage(const char *subject, const char *text)
{
	iphash_say(subject, text);
	(void)fputs(IPHASH_NAME ": see " IPHASH_NAME " --help\n", stderr);
	return IPHASH_USAGE;
}

int iphash_failed(const struct iphash_request *q, enum iphash_status old)
{
	return q->old ? (int)old : IPHASH_FAILED;
}

/* --- the command line --------------------------------------------------------------------------- */

static const struct {
	const char *word; /* without dashes */
	char letter;
	enum iphash_verb verb;
} verbs[] = {
	{ "add", 'a', VERB_ADD },     { "del", 'x', VERB_DEL },	  { "list", 'l', VERB_LIST },
	{ "clear", 'e', VERB_CLEAR }, { "help", 'h', VERB_HELP }, { "version", 0, VERB_VERSION },
};

static const struct {
	const char *word;
	char letter;
	size_t at;
} values[] = {
	{ "ip", 'i', offsetof(struct iphash_request, ip) },
	{ "prefix", 'p', offsetof(struct iphash_request, prefix) },
	{ "classid", 't', offsetof(struct iphash_request, class) },
	{ "cpu", 'c', offsetof(struct iphash_request, cpu) },
	{ "upload", 0, offsetof(struct iphash_request, upload) },
	{ "bus", 0, offsetof(struct iphash_request, bus) },
};

static enum iphash_verb find_verb(const char *word, size_t len, bool letter)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (letter ? verbs[i].letter == *word :
			     strlen(verbs[i].word) == len && !memcmp(verbs[i].word, word, len))
			return verbs[i].verb;
	return VERB_NONE;
}

static const char **find_value(struct iphash_request *q, const char *word, size_t len, bool letter)
{
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (letter ? values[i].letter == *word :
			     strlen(values[i].word) == len && !memcmp(values[i].word, word, len))
			return (const char **)((char *)q + values[i].at);
	return NULL;
}

/* Help is given wherever it is asked for. */
static int take_verb(struct iphash_request *q, enum iphash_verb verb, bool old)
{
	if (q->verb == VERB_HELP || verb == q->verb)
		return 0;
	if (q->verb != VERB_NONE && verb != VERB_HELP)
		return wrong_usage(NULL, "only one of add, del, list and clear at a time");
	q->verb = verb;
	q->old = old;
	return 0;
}

static int unknown_option(const char *arg, const char *word)
{
	const char *names[ARRAY_LEN(verbs) + ARRAY_LEN(values)], *near;
	_cleanup_strbuf_ struct strbuf text = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		names[n++] = verbs[i].word;
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		names[n++] = values[i].word;
	near = near_word(word, names, n);
	strbuf_add(&text, "unknown option");
	if (near)
		strbuf_addf(&text, ", did you mean '--%s'?", near);
	return wrong_usage(arg, strbuf_text(&text));
}

/* One option; *i is moved on over a value that stands in the next word. */
static int take_option(struct iphash_request *q, int argc, char *const *argv, int *i)
{
	const char *arg = argv[*i], *word = arg + (arg[1] == '-' ? 2 : 1);
	bool letter = arg[1] != '-';
	size_t len = strcspn(word, "=");
	enum iphash_verb verb = find_verb(word, len, letter);
	const char **value = find_value(q, word, len, letter), *given;

	if (verb && !word[letter ? 1 : len])
		return take_verb(q, verb, true);
	if (!value)
		return unknown_option(arg, word);
	given = letter ? word + 1 : word[len] ? word + len + 1 : NULL;
	if (letter && !*given)
		given = NULL;
	if (!given && *i + 1 < argc)
		given = argv[++*i];
	if (!given || !*given)
		return wrong_usage(arg, "needs a value");
	*value = given;
	return 0;
}

static int take_word(struct iphash_request *q, const char *word)
{
	enum iphash_verb verb = find_verb(word, strlen(word), false);

	if (verb && verb != VERB_VERSION && !q->ip)
		return take_verb(q, verb, false);
	if (q->verb != VERB_DEL || q->ip)
		return wrong_usage(word, "not understood");
	q->ip = word;
	return 0;
}

int iphash_parse(int argc, char *const *argv, struct iphash_request *q)
{
	int r = 0;

	for (int i = 1; !r && i < argc; i++)
		r = argv[i][0] == '-' && argv[i][1] ? take_option(q, argc, argv, &i) :
						      take_word(q, argv[i]);
	if (!r && q->verb == VERB_NONE)
		return wrong_usage(NULL, "one of add, del, list and clear is needed");
	return r;
}

/* --- values ------------------------------------------------------------------------------------- */

static int parse_number(const char *text, int base, unsigned long most, unsigned long *ret)
{
	bool prefixed = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = prefixed ? text + 2 : text;
	const char *allowed = prefixed || base == 16 ? "0123456789abcdefABCDEF" : "0123456789";
	size_t len = strlen(digits);
	unsigned long v;

	if (!len || len > 8 || strspn(digits, allowed) != len)
		return -EINVAL;
	v = strtoul(digits, NULL, prefixed ? 16 : base);
	if (v > most)
		return -EINVAL;
	*ret = v;
	return 0;
}

int iphash_class_parse(const char *text, uint16_t *ret_major, uint16_t *ret_minor)
{
	const char *colon = strchr(text, ':');
	unsigned long major, minor;
	char left[16];

	if (!colon || (size_t)(colon - text) >= sizeof(left))
		return -EINVAL;
	memcpy(left, text, (size_t)(colon - text));
	left[colon - text] = 0;
	if (parse_number(left, 16, UINT16_MAX, &major) ||
	    parse_number(colon + 1, 16, UINT16_MAX, &minor) || !major)
		return -EINVAL;
	*ret_major = (uint16_t)major;
	*ret_minor = (uint16_t)minor;
	return 0;
}

int iphash_cpu_parse(const char *text, bool hex, unsigned *ret)
{
	unsigned long v;

	if (parse_number(text, hex ? 16 : 10, UINT16_MAX, &v))
		return -EINVAL;
	*ret = (unsigned)v;
	return 0;
}

int iphash_add_address(const struct iphash_request *q, json_t *parameters)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct net_prefix prefix;
	const char *wrong = NULL;

	if (!q->ip)
		return wrong_usage(NULL, "--ip is needed");
	strbuf_add(&text, q->ip);
	if (q->prefix && !strchr(q->ip, '/'))
		strbuf_addf(&text, "/%s", q->prefix);
	if (net_prefix_parse(strbuf_text(&text), &prefix, &wrong)) {
		iphash_say(strbuf_text(&text), wrong);
		return iphash_failed(q, IPHASH_ADDRESS);
	}
	(void)json_object_set_new(parameters, "address", json_string(strbuf_text(&text)));
	return 0;
}

int iphash_add_class(const struct iphash_request *q, json_t *parameters)
{
	uint16_t major, minor;
	char text[16];

	if (!q->class)
		return wrong_usage(NULL, "--classid is needed");
	if (iphash_class_parse(q->class, &major, &minor)) {
		iphash_say(q->class, "no class: expected MAJOR:MINOR in hexadecimal, like 1:1a");
		return iphash_failed(q, IPHASH_USAGE);
	}
	(void)snprintf(text, sizeof(text), "%x:%x", major, minor);
	(void)json_object_set_new(parameters, "class", json_string(text));
	return 0;
}

int iphash_add_cpu(const struct iphash_request *q, json_t *parameters)
{
	unsigned cpu;

	if (!q->cpu)
		return wrong_usage(NULL, "--cpu is needed");
	if (iphash_cpu_parse(q->cpu, !q->old, &cpu)) {
		iphash_say(q->cpu, q->old ? "no CPU: expected a number" :
					    "no CPU: expected a hexadecimal number");
		return iphash_failed(q, IPHASH_CPU);
	}
	(void)json_object_set_new(parameters, "cpu", json_integer(cpu));
	return 0;
}

int iphash_add_upload(const struct iphash_request *q, json_t *parameters)
{
	if (!q->upload || !strcmp(q->upload, "0"))
		return 0;
	if (strcmp(q->upload, "1"))
		return wrong_usage("--upload", "expected 1 or 0");
	(void)json_object_set_new(parameters, "upload", json_true());
	return 0;
}
