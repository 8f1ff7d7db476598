/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/balance/classic/targets.h"

#include <errno.h>
#include <string.h>

#include "base/near.h"
#include "base/names.h"
#include "nl/netdev.h"

/* --- names ----------------------------------------------------------------------------------- */

static void unknown(const char *name, const struct classic_facts *facts, struct diag *d)
{
	_cleanup_name_list_ struct name_list list = { 0 };
	const char *near;

	vec_foreach(&facts->links, l)
		(void)vec_push(&list.names, l->name);
	near = near_word(name, list.names.at, list.names.n);
	(void)diag_error(d, NULL, "%s: there is no such interface here", name);
	if (near)
		diag_hint(d, "did you mean `%s`?", near);
}

int classic_targets_find(const char *const *names, size_t n, const struct classic_facts *facts,
			 struct classic_targets *ret, struct diag *d)
{
	struct classic_targets targets = { 0 };
	unsigned errors = d->errors;

	if (!n)
		return diag_error(d, NULL, "no target was given: name the interfaces to send to");
	if (n > CLASSIC_TARGETS_MAX)
		return diag_error(d, NULL, "%zu targets, at most %d are possible", n,
				  CLASSIC_TARGETS_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct nl_link *l = classic_facts_find(facts, names[i]);

		if (l)
			targets.at[targets.n++] = l;
		else
			unknown(names[i], facts, d);
	}
	if (d->errors > errors)
		return -EINVAL;
	*ret = targets;
	return 0;
}

/* --- what stands against it ------------------------------------------------------------------ */

static unsigned times(const struct classic_targets *targets, const struct nl_link *l, unsigned until)
{
	unsigned n = 0;

	for (unsigned i = 0; i < until; i++)
		n += targets->at[i] == l;
	return n;
}

/* On kernels that do not tell, one driver is known to run XDP and take no redirects. */
static bool can(const struct classic_power *p, uint64_t feature)
{
	if (!p)
		return true;
	return p->known ? p->features & feature : strcmp(p->driver, "hv_netvsc") != 0;
}

static void check_redirects(const struct nl_link *l, const struct classic_power *p, struct diag *d)
{
	if (can(p, NL_XDP_NDO_XMIT))
		return;
	(void)diag_warning(d, NULL, "%s takes no XDP redirects%s%s: frames sent to it are lost",
			   l->name, p->driver[0] ? ", its driver is " : "", p->driver);
	if (!strcmp(l->kind, "veth"))
		diag_hint(d, "ethtool -K PEER gro on, PEER being its other end");
	else
		diag_hint(d, "load the program with `xdpgeneric` in place of `xdp`");
}

static void check_state(const struct nl_link *l, struct diag *d)
{
	if (!l->admin_up) {
		(void)diag_warning(d, NULL, "%s is down: frames sent to it are lost", l->name);
		diag_hint(d, "ip link set dev %s up", l->name);
	} else if (!l->carrier) {
		(void)diag_warning(d, NULL, "%s has no carrier: frames sent to it are lost", l->name);
	}
}

/* Of one input and one target. */
static void check_pair(const struct classic_input *in, const struct nl_link *l, struct diag *d)
{
	if (in->link->ifindex == l->ifindex) {
		(void)diag_error(
			d, NULL,
			"%s runs the program itself: frames would go back where they came from",
			l->name);
		diag_hint(d, "name another interface, or `ip link set dev %s xdp off`", l->name);
	} else if (l->mtu < in->link->mtu) {
		(void)diag_warning(d, NULL, "%s has MTU %u, %s has %u: larger frames are lost",
				   l->name, l->mtu, in->link->name, in->link->mtu);
	}
}

static void check_target(const struct nl_link *l, const struct classic_facts *facts,
			 uint32_t map_id, struct diag *d)
{
	bool inputs = false, native = false;

	vec_foreach(&facts->inputs, in) {
		if (in->map_id != map_id)
			continue;
		inputs = true;
		native |= in->native;
		check_pair(in, l, d);
	}
	check_state(l, d);
	if (native || !inputs) /* a generic program sends as the kernel does */
		check_redirects(l, classic_facts_power(facts, l->ifindex), d);
}

static void check_input(const struct classic_input *in, const struct classic_power *p, struct diag *d)
{
	if (in->native && !can(p, NL_XDP_REDIRECT)) {
		(void)diag_warning(d, NULL, "%s: its driver %s does not redirect from XDP",
				   in->link->name, p->driver);
		diag_hint(d, "load the program with `xdpgeneric` in place of `xdp`");
	}
	if (p && p->strips_tags) {
		(void)diag_warning(
			d, NULL,
			"%s takes VLAN tags off before the program sees them: tagged IPv4 is "
			"balanced too",
			in->link->name);
		diag_hint(d, "ethtool -K %s rxvlan off", in->link->name);
	}
}

static void check_shares(const struct classic_targets *targets, struct diag *d)
{
	for (unsigned i = 0; i < targets->n; i++) {
		const struct nl_link *l = targets->at[i];
		unsigned share = times(targets, l, targets->n);

		if (share > 1 && !times(targets, l, i))
			(void)diag_note(d, NULL,
					"%s is named %u times: it gets %u of every %u frames",
					l->name, share, share, targets->n);
	}
}

int classic_targets_check(const struct classic_targets *targets, const struct classic_facts *facts,
			  uint32_t map_id, struct diag *d)
{
	unsigned errors = d->errors, inputs = 0;

	vec_foreach(&facts->inputs, in) {
		if (in->map_id != map_id)
			continue;
		inputs++;
		check_input(in, classic_facts_power(facts, in->link->ifindex), d);
	}
	for (unsigned i = 0; i < targets->n; i++)
		if (!times(targets, targets->at[i], i))
			check_target(targets->at[i], facts, map_id, d);
	check_shares(targets, d);
	if (!inputs) {
		(void)diag_warning(d, NULL, "no interface here runs the program yet");
		diag_hint(d, CLASSIC_LOAD);
	}
	return d->errors > errors ? -EINVAL : 0;
}
