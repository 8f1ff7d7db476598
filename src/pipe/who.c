/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/who.h"

#include "base/near.h"

void pipe_who_free(struct pipe_who *who)
{
	vec_foreach(&who->strings, text)
		free(*text);
	vec_free(&who->strings);
	vec_free(&who->all);
	vec_free(&who->nodes);
	vec_free(&who->of_id);
}

/* --- questions --------------------------------------------------------------------------------- */

const struct pipe_who_subscriber *pipe_who_of_id(const struct pipe_who *who, uint32_t id)
{
	int at = id < who->of_id.n ? who->of_id.at[id] : -1;

	return at < 0 ? NULL : &who->all.at[at];
}

static void suggest(const char *text, const char *const *words, size_t n, struct diag *d)
{
	const char *near = words ? near_word(text, words, n) : NULL;

	if (near)
		diag_hint(d, "did you mean '%s'?", near);
}

static int say_nobody(const struct pipe_who *who, const char *text, struct diag *d)
{
	_cleanup_free_ const char **words = calloc(who->all.n * 2 + 1, sizeof(*words));
	size_t n = 0;

	(void)diag_error(d, NULL, "there is no subscriber '%s'", text);
	for (size_t i = 0; words && i < who->all.n; i++) {
		words[n++] = who->all.at[i].subscriber;
		if (*who->all.at[i].name)
			words[n++] = who->all.at[i].name;
	}
	suggest(text, words, n, d);
	return -EINVAL;
}

int pipe_who_find(const struct pipe_who *who, const char *text, struct diag *d)
{
	int found = -1, n = 0;

	for (size_t i = 0; i < who->all.n; i++) {
		if (!strcmp(who->all.at[i].subscriber, text))
			return (int)i;
		if (strcmp(who->all.at[i].name, text) != 0)
			continue;
		found = (int)i;
		n++;
	}
	if (!n || !*text)
		return say_nobody(who, text, d);
	if (n == 1)
		return found;
	(void)diag_error(d, NULL, "%d subscribers have the name '%s'", n, text);
	diag_hint(d, "'%s' is the id of one of them", who->all.at[found].subscriber);
	return -EINVAL;
}

int pipe_who_find_node(const struct pipe_who *who, const char *name, struct diag *d)
{
	_cleanup_free_ const char **words = calloc(who->nodes.n + 1, sizeof(*words));

	for (size_t i = 0; i < who->nodes.n; i++) {
		if (!strcmp(who->nodes.at[i].name, name))
			return (int)i;
		if (words)
			words[i] = who->nodes.at[i].name;
	}
	(void)diag_error(d, NULL, "there is no node '%s'", name);
	suggest(name, words, who->nodes.n, d);
	return -EINVAL;
}

bool pipe_who_is_below(const struct pipe_who *who, int node, int top)
{
	while (node >= 0 && node != top)
		node = who->nodes.at[node].parent;
	return node == top;
}

json_t *pipe_who_class(const struct pipe_who_subscriber *s)
{
	return s->handle ? json_sprintf("%x:%x", s->handle >> 16, s->handle & 0xffff) :
			   json_string("");
}
