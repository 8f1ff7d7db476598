/* SPDX-License-Identifier: GPL-2.0-only */
/* The kinds of knobs there are: interface flags, ethtool features, files holding one value. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/near.h"
#include "nl/ethtool.h"
#include "nl/link.h"
#include "tune/knob.h"

#define VALUE_MAX 65536

static int give(const char *value, char **ret)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

static int switch_from_text(const char *value, bool *ret, struct strbuf *why)
{
	if (strcmp(value, "on") && strcmp(value, "off")) {
		strbuf_addf(why, "\"%s\" is neither \"on\" nor \"off\"", value);
		return -EINVAL;
	}
	*ret = !strcmp(value, "on");
	return 0;
}

static int explain(struct nl *nl, int r, struct strbuf *why)
{
	if (r)
		strbuf_add(why, nl_words(nl));
	return r;
}

static int flag_from_name(const char *name, unsigned *ret, struct strbuf *why)
{
	if (strcmp(name, "promisc") && strcmp(name, "allmulti")) {
		strbuf_addf(why, "no flag \"%s\"; there are promisc and allmulti", name);
		return -EINVAL;
	}
	*ret = strcmp(name, "promisc") ? IFF_ALLMULTI : IFF_PROMISC;
	return 0;
}

static int flag_read(struct nl *nl, struct knob_subject s, const char *name, char **ret_value,
		     struct strbuf *why)
{
	struct nl_link link;
	unsigned flag;
	int r = flag_from_name(name, &flag, why);

	if (r)
		return r;
	r = nl_link_get_by_index(nl, s.ifindex, &link);
	return r ? explain(nl, r, why) : give(link.flags & flag ? "on" : "off", ret_value);
}

static int flag_write(struct nl *nl, struct knob_subject s, const char *name, const char *value,
		      struct strbuf *why)
{
	unsigned flag;
	bool on;
	int r = flag_from_name(name, &flag, why);

	if (!r)
		r = switch_from_text(value, &on, why);
	return r ? r : explain(nl, nl_link_set_flag(nl, s.ifindex, flag, on), why);
}

const struct knob_kind knob_flag = { .name = "flag", .read = flag_read, .write = flag_write };

static void suggest(struct nl *nl, unsigned ifindex, const char *name, struct strbuf *why)
{
	_cleanup_nl_features_ struct nl_features all = { 0 };
	const char *names[256], *near;
	size_t n = 0;

	if (nl_ethtool_features(nl, ifindex, &all))
		return;
	vec_foreach(&all, f)
		if (n < ARRAY_LEN(names) && f->name[0])
			names[n++] = f->name;
	near = near_word(name, names, n);
	if (near)
		strbuf_addf(why, "; did you mean \"%s\"?", near);
}

static int feature_get(struct nl *nl, unsigned ifindex, const char *name, struct nl_feature *ret,
		       struct strbuf *why)
{
	int r = explain(nl, nl_ethtool_feature_get(nl, ifindex, name, ret), why);

	if (r == -ENOENT)
		suggest(nl, ifindex, name, why);
	return r;
}

/*
 * The wish is the setting.  What is in force may differ for as long as something forbids it
 * (segmentation without checksums), and that is nothing to record.
 */
static int feature_read(struct nl *nl, struct knob_subject s, const char *name, char **ret_value,
			struct strbuf *why)
{
	struct nl_feature f;
	int r = feature_get(nl, s.ifindex, name, &f, why);

	return r ? r : give(f.wanted ? "on" : "off", ret_value);
}

static int feature_write(struct nl *nl, struct knob_subject s, const char *name, const char *value,
			 struct strbuf *why)
{
	bool on;
	int r = switch_from_text(value, &on, why);

	return r ? r : explain(nl, nl_ethtool_feature_set(nl, s.ifindex, name, on), why);
}

static int feature_verify(struct nl *nl, struct knob_subject s, const char *name, const char *value,
			  struct strbuf *why)
{
	struct nl_feature f;
	bool on;
	int r = switch_from_text(value, &on, why);

	if (!r)
		r = feature_get(nl, s.ifindex, name, &f, why);
	if (r || f.on == on)
		return r;
	strbuf_addf(why, "it stays %s: the driver, another feature or an XDP program forbids it",
		    f.on ? "on" : "off");
	return -EOPNOTSUPP;
}

const struct knob_kind knob_feature = {
	.name = "feature",
	.read = feature_read,
	.write = feature_write,
	.verify = feature_verify,
};

/* The kernel answers "4096\t131072\t6291456\n" to what was written with blanks and no end. */
static void squeeze(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (!isspace((unsigned char)*from))
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > text && to[-1] == ' ')
		to--;
	*to = 0;
}

static int file_knob_read(struct nl *nl _unused_, struct knob_subject s, const char *name _unused_,
			  char **ret_value, struct strbuf *why _unused_)
{
	size_t len;
	int r = file_read(s.path, VALUE_MAX, ret_value, &len);

	if (!r)
		squeeze(*ret_value);
	return r;
}

static int file_knob_write(struct nl *nl _unused_, struct knob_subject s, const char *name _unused_,
			   const char *value, struct strbuf *why _unused_)
{
	return file_write_value(s.path, value);
}

const struct knob_kind knob_file = {
	.name = "file",
	.read = file_knob_read,
	.write = file_knob_write,
};

static const struct knob_kind *const kinds[] = { &knob_flag, &knob_feature, &knob_file, &knob_xps };

const struct knob_kind *knob_kind_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strcmp(kinds[i]->name, name))
			return kinds[i];
	return NULL;
}
