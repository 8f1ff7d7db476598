/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/target.h"

#include <stdio.h>
#include <string.h>

/* Kernels before 6.3 tell nothing of a device; this driver ran XDP for years before it redirected. */
#define KNOWN_WITHOUT "hv_netvsc"

/* A kernel too old to tell about the device is also one that cannot redirect large frames. */
bool target_takes_redirects(const struct pipe_link *target, bool frags)
{
	if (!target->xmit_known)
		return !frags && strcmp(target->driver, KNOWN_WITHOUT);
	return target->xmit && (!frags || target->xmit_frags);
}

bool target_may_redirect(const struct pipe_link *from)
{
	if (!from->xmit_known)
		return strcmp(from->driver, KNOWN_WITHOUT);
	return !from->no_redirect;
}

static const char *remedy(const struct pipe_link *target)
{
	return strcmp(target->kind, "veth") ? "another NIC or driver can" :
					      "remedy: ethtool -K PEER gro on";
}

static const char *reason(const struct pipe_link *target)
{
	return strcmp(target->kind, "veth") ? target->driver : "a veth whose other end has no NAPI";
}

void target_note(struct port_plan *port, const struct pipe_link *target, const char *done)
{
	if (!target->xmit_known && strcmp(target->driver, KNOWN_WITHOUT))
		(void)snprintf(port->note, sizeof(port->note),
			       "this kernel redirects no frames larger than a page (6.3 does): "
			       "%s through TC, which is slower",
			       done);
	else
		(void)snprintf(
			port->note, sizeof(port->note),
			"%s takes no XDP redirects%s (%s): %s through TC, which is slower; %s",
			target->present_name, target->xmit ? " of large frames" : "",
			reason(target), done, remedy(target));
}

bool target_check_name(const struct conf_string *name, const struct pipe_facts *facts,
		       const char *then, struct diag *d)
{
	const struct pipe_link *link = pipe_facts_find(facts, name->text);
	const char *nearest;

	if (link && !strcmp(link->kind, "vlan")) {
		(void)diag_error(d, &name->at, "'%s' is a VLAN of another interface", name->text);
		return false;
	}
	if (link && !link->ifindex)
		(void)diag_warning(d, &name->at, "interface '%s' is away; %s when it comes back",
				   name->text, then);
	if (link)
		return true;
	nearest = pipe_facts_nearest(facts, name->text);
	(void)diag_error(d, &name->at, "there is no interface '%s'", name->text);
	if (nearest)
		diag_hint(d, "did you mean '%s'?", nearest);
	return false;
}

static bool find_both(const struct conf_string *from, const struct conf_string *to,
		      const struct pipe_facts *facts, const struct pipe_link **ret_from,
		      const struct pipe_link **ret_to)
{
	*ret_from = pipe_facts_find(facts, from->text);
	*ret_to = pipe_facts_find(facts, to->text);
	return *ret_from && *ret_to && (*ret_from)->ifindex && (*ret_to)->ifindex;
}

void target_check_mtu(const struct conf_string *from, const struct conf_string *to,
		      const struct pipe_facts *facts, struct diag *d)
{
	const struct pipe_link *a, *b;

	if (!find_both(from, to, facts, &a, &b) || a->mtu <= b->mtu)
		return;
	(void)diag_warning(d, &to->at,
			   "'%s' has MTU %u but '%s' only %u: larger frames are lost on the way",
			   a->name, a->mtu, b->name, b->mtu);
	diag_hint(d, "give both the same MTU");
}

void target_check_source(const struct conf_string *from, const struct pipe_facts *facts,
			 struct diag *d)
{
	const struct pipe_link *link = pipe_facts_find(facts, from->text);

	if (!link || !link->ifindex || target_may_redirect(link))
		return;
	(void)diag_warning(d, &from->at,
			   "the driver of '%s' (%s) runs XDP but does not redirect: its packets go "
			   "through TC, which is slower",
			   link->name, link->driver);
	diag_hint(d, "another NIC or driver can; see 'ethtool -i %s'", link->name);
}

void target_check_fit(const struct conf_string *from, const struct conf_string *to,
		      const struct pipe_facts *facts, struct diag *d)
{
	const struct pipe_link *a, *b;

	target_check_mtu(from, to, facts, d);
	if (!find_both(from, to, facts, &a, &b) || target_takes_redirects(b, false))
		return;
	(void)diag_warning(d, &to->at,
			   "'%s' takes no XDP redirects (%s): sent to through TC, which is slower",
			   b->name, reason(b));
	diag_hint(d, "%s", remedy(b));
}
