/* SPDX-License-Identifier: GPL-2.0-only */
/* Which addresses are there twice: sorted once, told in the order of the network. */
#include <errno.h>

#include "model/network_private.h"
#include "model/show.h"

struct seat {
	const struct net_address *address;
	const struct net_circuit *circuit;
	size_t order, first; /* order of the first seat with the same address */
};

struct seats {
	const struct network *network;
	struct diag *d;
	VEC(struct seat) list; /* in the order of the network */
};

static void seats_free(struct seats *s)
{
	vec_free(&s->list);
}

struct net_place net_place(const struct mark *at)
{
	struct net_place p = { "added by a command" };

	if (at->file && at->line)
		(void)snprintf(p.text, sizeof(p.text), "at %.128s:%u:%u", at->file, at->line,
			       at->column);
	else if (at->file)
		(void)snprintf(p.text, sizeof(p.text), "in %.128s", at->file);
	return p;
}

static void check_prefix(struct diag *d, const struct net_address *address)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct net_prefix cut = address->prefix;

	if ((cut.family != 4 && cut.family != 6) || cut.length > (cut.family == 4 ? 32 : 128)) {
		(void)diag_error(d, &address->at, "not an address");
	} else if (net_prefix_cut(&cut)) {
		net_prefix_format(&cut, &text);
		(void)diag_error(d, &address->at, "bits behind the length of the prefix are set");
		diag_hint(d, "the prefix is %s", strbuf_text(&text));
	}
}

static int gather_seats(struct seats *s)
{
	vec_foreach(&s->network->circuits, circuit)
		vec_foreach(&circuit->devices, device)
			vec_foreach(&device->addresses, address) {
				size_t n = s->list.n;

				check_prefix(s->d, address);
				if (vec_push(&s->list, { address, circuit, n, n }))
					return -ENOMEM;
			}
	return 0;
}

static int prefix_compare(const struct net_prefix *a, const struct net_prefix *b)
{
	int r = memcmp(a->address, b->address, sizeof(a->address));

	return r ? r : (a->family - b->family) ?: (a->length - b->length);
}

static int seat_compare(const void *a, const void *b)
{
	const struct seat *x = a, *y = b;
	int r = prefix_compare(&x->address->prefix, &y->address->prefix);

	return r ? r : (x->order > y->order) - (x->order < y->order);
}

/* A host within another circuit's prefix is no twin: the longer match wins. */
static int find_twins(struct seats *s)
{
	size_t n = s->list.n;
	_cleanup_free_ struct seat *sorted = calloc(n + 1, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	if (n)
		memcpy(sorted, s->list.at, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), seat_compare);
	for (size_t i = 1; i < n; i++)
		if (!prefix_compare(&sorted[i].address->prefix, &sorted[i - 1].address->prefix)) {
			sorted[i].first = sorted[i - 1].first;
			s->list.at[sorted[i].order].first = sorted[i].first;
		}
	return 0;
}

static void report_twins(struct seats *s, bool of_one_circuit)
{
	vec_foreach(&s->list, seat) {
		const struct seat *first = &s->list.at[seat->first];
		_cleanup_strbuf_ struct strbuf text = { 0 };

		if (first == seat || (first->circuit == seat->circuit) != of_one_circuit)
			continue;
		net_prefix_format(&seat->address->prefix, &text);
		if (of_one_circuit)
			(void)diag_warning(s->d, &seat->address->at,
					   "circuit `%s` has %s twice, first %s",
					   text_shown(seat->circuit->id).text, strbuf_text(&text),
					   net_place(&first->address->at).text);
		else
			(void)diag_error(s->d, &seat->address->at,
					 "%s is of circuit `%s`, but also of `%s`, %s",
					 strbuf_text(&text), text_shown(seat->circuit->id).text,
					 text_shown(first->circuit->id).text,
					 net_place(&first->address->at).text);
	}
}

int net_addresses_check(const struct network *network, struct diag *d)
{
	_cleanup_(seats_free) struct seats s = { .network = network, .d = d };

	if (gather_seats(&s) || find_twins(&s))
		return -ENOMEM;
	report_twins(&s, false);
	report_twins(&s, true);
	return 0;
}
