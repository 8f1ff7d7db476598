/* SPDX-License-Identifier: GPL-2.0-only */
/* One value of ispConfig.py against its row. */
#include <inttypes.h>

#include "config/libreqos/isp_rows.h"
#include "model/value.h"

void isp_value_clear(struct isp_config *config, const struct isp_row *row)
{
	void *value = (char *)config + row->offset;

	if (row->kind == ISP_TEXT || row->kind == ISP_IFNAME) {
		free(((struct conf_string *)value)->text);
		*(struct conf_string *)value = (struct conf_string){ 0 };
	} else if (row->kind == ISP_PREFIXES) {
		vec_free(&((struct isp_prefixes *)value)->list);
	}
}

void isp_value_wants(const struct isp_row *row, struct strbuf *out)
{
	static const char *const words[] = {
		[ISP_TEXT] = "text between quotes",
		[ISP_IFNAME] = "an interface name between quotes",
		[ISP_BOOL] = "True or False",
		[ISP_INT] = "a whole number",
		[ISP_RATE] = "a number of Mbit/s above 0",
		[ISP_PREFIXES] = "a list of prefixes between quotes",
	};

	strbuf_add(out, words[row->kind]);
	if (row->kind == ISP_INT)
		strbuf_addf(out, " from %" PRId64 " to %" PRId64, row->min, row->max);
}

/* As Python writes it. */
static struct shown python_shown(const struct tree *t)
{
	if (t->kind == TREE_NULL)
		return text_shown("None");
	if (t->kind != TREE_SCALAR || t->quoted)
		return tree_shown(t);
	if (!strcmp(t->text, "true") || !strcmp(t->text, "false"))
		return text_shown(*t->text == 't' ? "True" : "False");
	return text_shown(t->text);
}

static int refuse(const struct isp_row *row, const struct tree *found, struct diag *d)
{
	_cleanup_strbuf_ struct strbuf wants = { 0 };

	isp_value_wants(row, &wants);
	return diag_error(d, &found->at, "`%s` wants %s, not %s", row->key, strbuf_text(&wants),
			  python_shown(found).text);
}

static int read_text(const struct isp_row *row, const struct tree *t, struct conf_string *ret,
		     struct diag *d)
{
	const char *problem;

	if (t->kind != TREE_SCALAR || !t->quoted)
		return refuse(row, t, d);
	problem = row->kind == ISP_IFNAME ? ifname_problem(t->text) : NULL;
	if (problem)
		return diag_error(d, &t->at, "`%s`: %s %s", row->key, text_quoted(t->text).text,
				  problem);
	*ret = (struct conf_string){ strdup(t->text), true, t->at };
	return ret->text ? 0 : -ENOMEM;
}

static int read_bool(const struct isp_row *row, const struct tree *t, struct conf_bool *ret,
		     struct diag *d)
{
	bool plain = t->kind == TREE_SCALAR && !t->quoted, yes;

	yes = t->kind == TREE_SCALAR && (!strcasecmp(t->text, "true") || !strcmp(t->text, "1"));
	if (plain && (!strcmp(t->text, "true") || !strcmp(t->text, "false"))) {
		*ret = (struct conf_bool){ yes, true, t->at };
		return 0;
	}
	(void)refuse(row, t, d);
	if (yes)
		diag_hint(d, "write True");
	else if (t->kind == TREE_SCALAR && (!strcasecmp(t->text, "false") || !strcmp(t->text, "0")))
		diag_hint(d, "write False");
	return -EINVAL;
}

static bool is_whole(const char *text)
{
	text += *text == '-';
	return *text && !text[strspn(text, "0123456789")];
}

static int read_int(const struct isp_row *row, const struct tree *t, struct conf_int *ret,
		    struct diag *d)
{
	bool plain = t->kind == TREE_SCALAR && !t->quoted && is_whole(t->text);
	long long v = plain ? strtoll(t->text, NULL, 10) : 0;

	if (plain && v >= row->min && v <= row->max) {
		*ret = (struct conf_int){ v, true, t->at };
		return 0;
	}
	(void)refuse(row, t, d);
	if (t->kind == TREE_SCALAR && t->quoted && is_whole(t->text))
		diag_hint(d, "remove the quotes");
	return -EINVAL;
}

static int read_rate(const struct isp_row *row, const struct tree *t, struct isp_rate *ret,
		     struct diag *d)
{
	uint64_t rate = 0;
	int e = t->kind == TREE_SCALAR ? net_rate_parse_mbps(t->text, &rate) : -EINVAL;

	if (!e && rate && !t->quoted) {
		*ret = (struct isp_rate){ rate, true, t->at };
		return 0;
	}
	if (e == -ERANGE)
		return diag_error(d, &t->at, "`%s`: %s Mbit/s is more than 1 Tbit/s", row->key,
				  text_shown(t->text).text);
	(void)refuse(row, t, d);
	if (!e && rate)
		diag_hint(d, "remove the quotes");
	return -EINVAL;
}

static int read_prefixes(const struct isp_row *row, const struct tree *t, struct isp_prefixes *ret,
			 struct diag *d)
{
	int worst = 0, e = 0;

	if (t->kind != TREE_LIST)
		return refuse(row, t, d);
	for (size_t i = 0; i < t->n && e != -ENOMEM; i++) {
		const struct tree *item = t->children[i];
		struct net_address address = { 0 };

		if (item->kind != TREE_SCALAR || !item->quoted)
			e = refuse(row, item, d);
		else
			e = net_address_read(item->text, &item->at, &address, d);
		if (!e)
			e = vec_push(&ret->list, address);
		worst = e ?: worst;
	}
	ret->set = true;
	ret->at = t->at;
	return worst;
}

int isp_value_read(const struct isp_row *row, const struct tree *t, struct isp_config *config,
		   struct diag *d)
{
	void *value = (char *)config + row->offset;

	switch (row->kind) {
	case ISP_TEXT:
	case ISP_IFNAME:
		return read_text(row, t, value, d);
	case ISP_BOOL:
		return read_bool(row, t, value, d);
	case ISP_INT:
		return read_int(row, t, value, d);
	case ISP_RATE:
		return read_rate(row, t, value, d);
	default:
		return read_prefixes(row, t, value, d);
	}
}
