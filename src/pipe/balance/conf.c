/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/balance/conf.h"

#include <errno.h>
#include <string.h>

#include "pipe/target.h"

#define AT(type, member) offsetof(struct type, member)

const char *const balance_policy_names[] = { "flow", "flow-symmetric", "round-robin", NULL };
static const char *const none_names[] = { "pass", "drop", "backup", NULL };

static const struct schema_row target_rows[] = {
	{ .key = "name",
	  .kind = SCHEMA_IFNAME,
	  .offset = AT(balance_target_conf, name),
	  .required = true,
	  .help = "Interface that packets leave by.",
	  .example = "eth2" },
	{ .key = "weight",
	  .kind = SCHEMA_INT,
	  .offset = AT(balance_target_conf, weight),
	  .def = "1",
	  .min = 1,
	  .max = BALANCE_WEIGHT_MAX,
	  .help = "Its share, against the weights of the others." },
	{ .key = NULL },
};

static const struct schema_row drain_rows[] = {
	{ .key = "learn",
	  .kind = SCHEMA_INT,
	  .offset = AT(balance_drain_conf, learn),
	  .def = "30",
	  .min = 1,
	  .max = 3600,
	  .unit = "seconds",
	  .help = "A flow seen so soon after the start of draining is known to the target, unless "
		  "it begins with a SYN." },
	{ .key = "idle",
	  .kind = SCHEMA_INT,
	  .offset = AT(balance_drain_conf, idle),
	  .def = "60",
	  .min = 1,
	  .max = 36000,
	  .unit = "seconds",
	  .help = "A known flow that was silent for so long has ended." },
	{ .key = "max",
	  .kind = SCHEMA_INT,
	  .offset = AT(balance_drain_conf, max),
	  .def = "3600",
	  .min = 1,
	  .max = 604800,
	  .unit = "seconds",
	  .help = "Draining ends after so long, whatever still flows." },
	{ .key = "flows",
	  .kind = SCHEMA_INT,
	  .offset = AT(balance_drain_conf, flows),
	  .def = "262144",
	  .min = 1024,
	  .max = 16777216,
	  .help = "Flows that can be remembered while a target drains (32 bytes each, only "
		  "then)." },
	{ .key = NULL },
};

static const struct schema_row balancer_rows[] = {
	{ .key = "name",
	  .kind = SCHEMA_STRING,
	  .offset = AT(balancer_conf, name),
	  .help = "What commands call it; else the name of its first input.",
	  .example = "sensors" },
	{ .key = "in",
	  .kind = SCHEMA_IFNAMES,
	  .offset = AT(balancer_conf, in),
	  .required = true,
	  .help = "Interfaces on which packets arrive; a flow that enters by any of them leaves by "
		  "the same target.",
	  .example = "eth1" },
	{ .key = "out",
	  .kind = SCHEMA_LIST,
	  .offset = AT(balancer_conf, out),
	  .rows = target_rows,
	  .item_size = sizeof(struct balance_target_conf),
	  .short_form = true,
	  .required = true,
	  .example = "- { name: eth3, weight: 2 }",
	  .help = "Targets: 1 to 64 interfaces that packets leave by." },
	{ .key = "policy",
	  .kind = SCHEMA_ENUM,
	  .offset = AT(balancer_conf, policy),
	  .names = balance_policy_names,
	  .def = "flow",
	  .help = "flow: packets of a flow stay together, IPv4 and IPv6; flow-symmetric: both "
		  "directions of a connection too; round-robin: IPv4 packets by turns, which tears "
		  "connections apart." },
	{ .key = "none_left",
	  .kind = SCHEMA_ENUM,
	  .offset = AT(balancer_conf, none_left),
	  .names = none_names,
	  .def = "pass",
	  .example = "backup",
	  .help = "When no target is up: pass the packets on (to the bridge or the kernel), drop "
		  "them, or send them to `backup`." },
	{ .key = "backup",
	  .kind = SCHEMA_IFNAME,
	  .offset = AT(balancer_conf, backup),
	  .help = "Interface for when no target is up; naming one sets none_left: backup.",
	  .example = "eth4" },
	{ .key = "seed",
	  .kind = SCHEMA_INT,
	  .offset = AT(balancer_conf, seed),
	  .def = "0",
	  .min = 0,
	  .max = INT64_MAX,
	  .help = "Changes which flow goes where. The same number spreads alike on two boxes; a "
		  "secret one keeps strangers from aiming at a target." },
	{ .key = "drain",
	  .kind = SCHEMA_GROUP,
	  .offset = AT(balancer_conf, drain),
	  .rows = drain_rows,
	  .help = "How `weir balance drain` empties a target." },
	{ .key = NULL },
};

static const struct schema_row rows[] = {
	{ .key = "balance",
	  .kind = SCHEMA_LIST,
	  .offset = AT(balance_conf, balancers),
	  .rows = balancer_rows,
	  .item_size = sizeof(struct balancer_conf),
	  .help = "A balancer, or a list of them." },
	{ .key = NULL },
};

const struct schema balance_schema = {
	.name = "balance",
	.help = "Link balancers: what arrives on one interface leaves over many.",
	.rows = rows,
	.size = sizeof(struct balance_conf),
	.listed = true,
};

const char *balancer_conf_name(const struct balancer_conf *b)
{
	return b->name.text ? b->name.text : b->in.n ? INPUTS(b)[0].text : "";
}

enum balance_none balancer_conf_none(const struct balancer_conf *b)
{
	return b->backup.text && !b->none_left.set ? NONE_BACKUP : b->none_left.value;
}

/* --- check ------------------------------------------------------------------------------------- */

static void say_where(struct diag *d, const struct mark *at)
{
	if (at->line)
		diag_hint(d, "the other is at %s:%u:%u", at->file, at->line, at->column);
}

/* A name that was not given is that of the first input, and stands there. */
static const struct mark *name_mark(const struct balancer_conf *b)
{
	return b->name.text || !b->in.n ? &b->name.at : &INPUTS(b)[0].at;
}

static void check_name(const struct balance_conf *conf, size_t i, struct diag *d)
{
	const struct balancer_conf *b = &BALANCERS(conf)[i];
	const char *name = balancer_conf_name(b);

	if (b->name.text && (!*name || strlen(name) > 63 || strpbrk(name, " \t\n'\"")))
		(void)diag_error(
			d, &b->name.at,
			"'%s' is no name: expected 1 to 63 characters without spaces and quotes",
			name);
	for (size_t k = 0; k < i; k++) {
		const struct balancer_conf *other = &BALANCERS(conf)[k];

		/* With neither given it is one input, and that is said of the input. */
		if (strcmp(balancer_conf_name(other), name) || (!b->name.text && !other->name.text))
			continue;
		(void)diag_error(d, name_mark(b), "there are two balancers called '%s'", name);
		say_where(d, name_mark(other));
		return;
	}
}

static const struct conf_string *find_input(const struct balancer_conf *b, const char *name)
{
	for (size_t i = 0; i < b->in.n; i++)
		if (!strcmp(INPUTS(b)[i].text, name))
			return &INPUTS(b)[i];
	return NULL;
}

/* Each packet has one balancer to go to. */
static void check_taken(const struct balance_conf *conf, size_t i, size_t input, struct diag *d)
{
	const struct conf_string *name = &INPUTS(&BALANCERS(conf)[i])[input], *other = NULL;

	for (size_t k = 0; k <= i && !other; k++)
		other = find_input(&BALANCERS(conf)[k], name->text);
	if (!other || other == name)
		return;
	(void)diag_error(d, &name->at, "'%s' is the input of a balancer already", name->text);
	say_where(d, &other->at);
}

static void check_inputs(const struct balance_conf *conf, size_t i, const struct pipe_facts *facts,
			 struct diag *d)
{
	const struct balancer_conf *b = &BALANCERS(conf)[i];

	if (!b->in.n)
		(void)diag_error(d, &b->in.at, "'in' is empty: expected at least one interface");
	if (b->in.n > BALANCE_INPUTS)
		(void)diag_error(d, &INPUTS(b)[BALANCE_INPUTS].at,
				 "%zu inputs: a balancer takes at most %d", b->in.n, BALANCE_INPUTS);
	for (size_t k = 0; k < b->in.n; k++) {
		(void)target_check_name(&INPUTS(b)[k], facts, "what it receives is balanced", d);
		check_taken(conf, i, k, d);
		target_check_source(&INPUTS(b)[k], facts, d);
	}
}

static void check_is_input(const struct balancer_conf *b, const struct conf_string *name,
			   const char *what, struct diag *d)
{
	const struct conf_string *input = find_input(b, name->text);

	if (!input)
		return;
	(void)diag_error(d, &name->at,
			 "'%s' is %s and an input of the same balancer: its packets would go "
			 "straight back",
			 name->text, what);
	diag_hint(d, "name another interface in 'in' or here");
}

/* What cannot be sent to fast, or not at all just now, is worth a word but no refusal. */
static void check_condition(const struct balancer_conf *b, const struct conf_string *name,
			    const struct pipe_facts *facts, struct diag *d)
{
	const struct pipe_link *link = pipe_facts_find(facts, name->text);

	if (!link || !link->ifindex)
		return;
	if (!link->up || !link->carrier) {
		(void)diag_warning(d, &name->at, "'%s' %s: nothing is sent there until it is up",
				   name->text, link->up ? "has no carrier" : "is set down");
		diag_hint(d, link->up ? "look at the cable and the other end" : "ip link set %s up",
			  name->text);
	}
	for (size_t i = 0; i < b->in.n; i++)
		target_check_fit(&INPUTS(b)[i], name, facts, d);
}

static void check_targets(const struct balancer_conf *b, const struct pipe_facts *facts,
			  struct diag *d)
{
	if (!b->out.n) {
		(void)diag_error(d, &b->out.at, "'out' is empty: expected at least one target");
		diag_hint(d, "for example out: [eth2, eth3]");
	}
	if (b->out.n > BALANCE_TARGETS)
		(void)diag_error(d, &TARGETS(b)[BALANCE_TARGETS].name.at,
				 "%zu targets: a balancer has at most %d", b->out.n, BALANCE_TARGETS);
	for (size_t i = 0; i < b->out.n; i++) {
		const struct conf_string *name = &TARGETS(b)[i].name;
		size_t first = 0;

		while (strcmp(TARGETS(b)[first].name.text, name->text))
			first++;
		if (first < i) {
			(void)diag_error(d, &name->at, "'%s' is a target twice", name->text);
			diag_hint(d, "for a larger share give it a weight; the other is at %s:%u:%u",
				  TARGETS(b)[first].name.at.file, TARGETS(b)[first].name.at.line,
				  TARGETS(b)[first].name.at.column);
			continue;
		}
		(void)target_check_name(name, facts, "it gets its share", d);
		check_is_input(b, name, "a target", d);
		check_condition(b, name, facts, d);
	}
}

static void check_backup(const struct balancer_conf *b, const struct pipe_facts *facts,
			 struct diag *d)
{
	if (!b->backup.text) {
		if (b->none_left.value == NONE_BACKUP)
			(void)diag_error(d, &b->none_left.at,
					 "none_left is 'backup', but no backup is named");
		return;
	}
	if (b->none_left.set && b->none_left.value != NONE_BACKUP)
		(void)diag_warning(d, &b->backup.at, "'%s' is never used: none_left is '%s'",
				   b->backup.text, none_names[b->none_left.value]);
	(void)target_check_name(&b->backup, facts, "it can be used", d);
	check_is_input(b, &b->backup, "the backup", d);
	check_condition(b, &b->backup, facts, d);
	for (size_t i = 0; i < b->out.n; i++)
		if (!strcmp(TARGETS(b)[i].name.text, b->backup.text))
			(void)diag_error(d, &b->backup.at, "'%s' is a target and the backup",
					 b->backup.text);
}

static void check_policy(const struct balancer_conf *b, struct diag *d)
{
	if (b->policy.value == POLICY_ROUND_ROBIN && b->drain.learn.set)
		(void)diag_warning(d, &b->drain.learn.at,
				   "round-robin knows no flows: draining ends at once");
}

int balance_conf_check(const void *data, const struct pipe_facts *facts, struct diag *d)
{
	const struct balance_conf *conf = data;
	unsigned before = d->errors;

	for (size_t i = 0; i < conf->balancers.n; i++) {
		check_name(conf, i, d);
		check_inputs(conf, i, facts, d);
		check_targets(&BALANCERS(conf)[i], facts, d);
		check_backup(&BALANCERS(conf)[i], facts, d);
		check_policy(&BALANCERS(conf)[i], d);
	}
	return d->errors > before ? -EINVAL : 0;
}
