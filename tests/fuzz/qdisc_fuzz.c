/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words of a queueing discipline: what is understood is written and must be understood as the same; what
 * is not is said once.  What is understood also becomes a request, whose options are read back.
 */
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nl/qdisc_kind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void stop_if(bool wrong, const char *what, const char *text)
{
	if (!wrong)
		return;
	fprintf(stderr, "%s: '%s'\n", what, text);
	abort();
}

static void check_again(const char *text, const struct nl_qdisc_spec *spec)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };
	_cleanup_diag_ struct diag d = { 0 };
	struct nl_qdisc_spec again = { 0 }, sent;

	nl_qdisc_format(spec, &out);
	stop_if(nl_qdisc_parse(strbuf_text(&out), NULL, &again, &d), "not understood again", text);
	stop_if(!nl_qdisc_equal(spec, &again), "understood otherwise", text);
	stop_if(nl_qdisc_in_place(spec, &again, &sent) && !nl_qdisc_equal(&sent, spec),
		"a change to itself changes it", text);
}

/* What is not sent, because it is no option of its own or excluded by another, does not come back. */
static void check_request(const char *text, const struct nl_qdisc_spec *spec)
{
	const struct nl_tc_place at = { 1, 0x10000, 0xffffffff };
	const struct nl_kind *kind = nl_kind_of(spec->kind);
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h = nl_qdisc_request(buffer, NL_TC_ADD, &at, spec);
	const struct nlattr *t[TCA_MAX + 1];
	struct nl_qdisc_spec back = { .kind = spec->kind };

	nl_attrs(h, sizeof(struct tcmsg), t, TCA_MAX);
	kind->take(t[TCA_OPTIONS], &back);
	for (unsigned i = 0; kind->options[i].name; i++) {
		const struct nl_option *o = &kind->options[i];
		int64_t value = nl_option_get(spec, o);

		/* Bytes go to the kernel, bits are what is written. */
		if (o->type == NL_OPT_RATE)
			value -= value % 8;
		if (spec->given & 1u << i)
			stop_if(nl_option_get(&back, o) != value, o->name, text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	struct nl_qdisc_spec spec = { 0 };
	_cleanup_diag_ struct diag d = { 0 };

	if (!text)
		return 0;
	if (nl_qdisc_parse(text, NULL, &spec, &d)) {
		stop_if(d.errors != 1, "wrong, and not said once", text);
		return 0;
	}
	stop_if(d.errors != 0, "right, but something is said", text);
	check_again(text, &spec);
	check_request(text, &spec);
	return 0;
}
