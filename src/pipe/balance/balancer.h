/* SPDX-License-Identifier: GPL-2.0-only */
/* One balancer at work: its shared maps, who has which slot, and the change from one state to the next. */
#pragma once

#include "pipe/balance/changes.h"
#include "pipe/balance/spread.h"
#include "pipe/counters.h"
#include "pipe/plan.h"

enum balance_state {
	BALANCE_UP,
	BALANCE_DOWN,
	BALANCE_NO_CARRIER,
	BALANCE_AWAY,
	BALANCE_DRAINING,
	BALANCE_DRAINED
};

/* An interface that the balancer may send to. */
struct balance_member {
	struct balance_goal goal;
	uint8_t slot;
	bool backup;
	bool alive;  /* packets sent there now would arrive */
	bool direct; /* takes XDP redirects; else TC sends */
	enum balance_state state;
	uint32_t ifindex;
	struct pipe_count last; /* as counted at the last tick */
	double pps, bps;	/* over the second before it */
	unsigned flows;		/* known and alive, while draining */
};

struct balance_rules {
	enum balance_policy policy;
	enum balance_none none;
	int64_t learn, idle, max; /* of draining, seconds */
};

struct balance_members {
	VEC(struct balance_member) all;
};

struct balancer {
	char name[BALANCER_NAME];
	struct balance_rules rules, next_rules;		/* in force; prepared */
	int table_fd, ports_fd, fragments_fd, flows_fd; /* -1 = not there */
	struct balance_table *table;			/* mapped */
	struct balance_line *lines;		   /* of flows, mapped; NULL = nothing drains */
	uint32_t n_lines;			   /* a power of two */
	char *table_pin, *flows_pin;		   /* NULL = pin nothing */
	struct balance_members members, next, was; /* in force; prepared; before that */
	VEC(uint32_t) inputs, next_inputs;	   /* ifindex */
	struct spread_change change;		   /* of the last time anything moved */
	uint32_t moved;				   /* buckets, by the last settling */
	bool wanted;				   /* found in the configuration being prepared */
	bool fresh;				   /* never yet in force */
	bool continued;				   /* its table is an earlier run's, and in use */
	bool on_backup;
	bool draining; /* the packet path must ask for known flows */
	unsigned next_slot;
};

/* `pins` may be NULL.  What an earlier run pinned under that name is continued. */
int balancer_new(const char *name, const char *pins, struct balancer **ret, struct diag *d);
void balancer_free(struct balancer *b); /* what is pinned stays */
void balancer_unpin(struct balancer *b);
DEFINE_CLEANUP(struct balancer *, balancer_free)

/* Works out what is to be; nothing that runs is changed. */
int balancer_prepare(struct balancer *b, const struct balancer_conf *conf,
		     const struct balance_goals *goals, const struct pipe_facts *facts,
		     const struct pipe_plan *plan);
/* Before the first packet meets a new balancer: its table, or one that was continued, has somewhere
 * to send to. */
void balancer_make_ready(struct balancer *b);
/* Puts what was prepared in force; `was` then holds the members before. */
void balancer_settle(struct balancer *b, const struct counter_view *counters);
void balancer_revert(struct balancer *b);
/* Prepares nothing but how its targets fare; true when that differs from what is in force. */
bool balancer_look(struct balancer *b, const struct pipe_facts *facts);
/* Counted for that target since it joined. */
struct pipe_count balancer_count(const struct balancer *b, const struct balance_member *m,
				 const struct counter_view *counters);
/* Buckets of the table now owned by that slot. */
unsigned balancer_owned(const struct balancer *b, unsigned slot);
const struct balance_member *balancer_member(const struct balancer *b, const char *name);
/* Is there a target at all that packets may be sent to? */
bool balancer_is_served(const struct balancer *b);
/* Notes whose draining began so lately that flows are still being learned.  True: of some. */
bool balancer_learns(struct balancer *b, const struct balance_members *members);
const char *balance_state_name(enum balance_state state);
