/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of apply share: classes by handle, the devices they stand on, jobs for the kernel. */
#pragma once

#include <linux/pkt_sched.h>
#include <time.h>

#include "nl/batch.h"
#include "nl/qdisc_dump.h"
#include "shaper/apply.h"

#define SHAPER_MQ_HANDLE 0x7fff0000u /* as LibreQoS has it, whose tree is taken over, too */
#define SHAPER_MAJORS (2 * SHAPER_QUEUES + 1)
#define SHAPER_CLASS_DEPTH 9 /* q:1 has 0 */
#define SHAPER_QUIET_TICKS 2
#define SHAPER_PRIO_ITEM 3

/* Words of a leaf, each once. */
struct shaper_words {
	char *text;
	struct nl_qdisc_spec spec;
};

struct shaper_wish {
	struct nl_htb_class htb;
	const struct shaper_words *leaf; /* NULL = it has classes below */
};

enum shaper_state {
	SHAPER_FOUND, /* stands in the kernel; nobody has said yet whether it is wanted */
	SHAPER_NEW,   /* made by a prepare that is not settled yet */
	SHAPER_LIVE,
	SHAPER_DOOMED,
};

struct shaper_class {
	uint32_t handle, parent;
	enum shaper_state state;
	bool inner;		 /* can have no leaf */
	bool found;		 /* `has` is from a dump, where bursts are rounded */
	struct nl_htb_class has; /* in the kernel */
	struct shaper_wish wants;
	uint32_t leaf; /* handle of the qdisc, 0 = none of ours */
	bool leaf_found;
	struct nl_qdisc_spec leaf_has;
	struct shaper_class *heir; /* doomed: the class that has its subscriber now */
	unsigned parts, parts_had; /* classes that share the wish, itself among them */
	unsigned quiet;		   /* ticks */
	bool busy;		   /* packets wait in it or below */
	bool kill;		   /* stands where another is wanted */
	unsigned claim;		   /* the prepare that last wanted it */
	uint64_t share;		   /* of q:1: its part of the line, bits/s; 0 = all of it */
	uint64_t seen;		   /* of q:1: bytes it had sent at the last tick */
	bool watched;		   /* `seen` says so */
	struct shaper_class *next; /* in its bucket */
	size_t at;		   /* in the list */
};

struct shaper_device {
	unsigned ifindex, mtu, queues;
	char name[IF_NAMESIZE];
	bool mq;    /* an mq is the root; else, of a single queue, htb 1: itself */
	bool known; /* what stands on it has been read */
	bool gone;  /* there is no such device any more */
	bool root, root_made;
	bool htb[SHAPER_MAJORS], htb_made[SHAPER_MAJORS];
	uint32_t root_handle;
	bool misfit; /* there is a root of ours, of another shape */
	VEC(struct shaper_class *) list;
	struct shaper_class **buckets;
	size_t n_buckets;
	size_t loose;	/* not live */
	bool sharing;	/* some have a part of their wish only */
	uint8_t *taken; /* qdisc handles, a bit per major */
	unsigned next_leaf;
	bool crowded;  /* no number outside of the shunned lists is left */
	uint16_t shun; /* the kernel's lists that have an htb of ours */
};

/* What a prepare wants of a class; `cls` once it is in the table. */
struct shaper_want {
	struct shaper_device *dev;
	uint32_t handle, parent;
	struct shaper_wish wish;
	struct shaper_class *cls;
};

/* A class that is not in the new plan; `heir`: the one that its subscriber has now, or 0. */
struct shaper_gone {
	struct shaper_device *dev;
	uint32_t handle, heir;
};

enum shaper_side { SHAPER_DOWN, SHAPER_UP, SHAPER_SIDES };

enum shaper_have { SHAPER_UNTRIED, SHAPER_HAVE, SHAPER_LACK };

struct shaper_tree {
	struct nl *nl;
	shaper_tell tell;
	void *data;
	struct shaper_device *dev[SHAPER_SIDES]; /* NULL = not there; the same on a stick */
	const struct shaper_plan *plan;		 /* in force: `own`, or NULL */
	struct shaper_plan own;			 /* what is in it is the caller's */
	char *rest_leaf;
	struct shaper_line line; /* its `leaf` is not used */
	VEC(struct shaper_words *) words;
	enum shaper_have kinds[NL_QDISC_BFIFO + 1];
	bool retry;		/* something was refused */
	bool rebuild;		/* what stands is not what was settled */
	bool told;		/* that it cannot be made anew now */
	struct timespec shared; /* when the line was shared out last */
	/* Between prepare and settle. */
	struct shaper_pending {
		struct shaper_plan to;
		struct shaper_device *dev[SHAPER_SIDES];
		char *rest_leaf;
		struct shaper_line line;
		bool all; /* whatever is not wanted is to go */
		VEC(struct shaper_want) wants;
		VEC(struct shaper_gone) gone;
	} next;
	bool pending;
	unsigned serial;
};

void shaper_say(struct shaper_tree *t, const char *subject, const char *event, const char *format,
		...) _printf_(4, 5);

/* apply_device.c: the table of classes, and numbers for leaves. */
struct shaper_device *shaper_device_new(unsigned ifindex, const char *name);
void shaper_device_free(struct shaper_device *dev);
/* What stands there is not known any more. */
void shaper_device_forget(struct shaper_device *dev);
struct shaper_class *shaper_class_find(const struct shaper_device *dev, uint32_t handle);
/* NULL: no memory. */
struct shaper_class *shaper_class_add(struct shaper_device *dev, uint32_t handle, uint32_t parent,
				      enum shaper_state state);
void shaper_class_remove(struct shaper_device *dev, struct shaper_class *cls);
void shaper_class_set_state(struct shaper_device *dev, struct shaper_class *cls,
			    enum shaper_state state);
/* How many are above it in the table, at most SHAPER_CLASS_DEPTH. */
unsigned shaper_class_depth(const struct shaper_device *dev, const struct shaper_class *cls);
void shaper_leaf_take(struct shaper_device *dev, uint32_t handle);
void shaper_leaf_give_back(struct shaper_device *dev, uint32_t handle);
/* 0: there is none left. */
uint32_t shaper_leaf_number(struct shaper_device *dev);

/* apply_rates.c: what HTB is told.  Pure. */
struct nl_htb_class shaper_htb(uint64_t rate, uint64_t ceil, unsigned prio, unsigned mtu);
struct nl_htb_class shaper_htb_line(uint64_t line, unsigned mtu);
struct nl_htb_class shaper_htb_rest(uint64_t line, unsigned mtu);
struct nl_htb_class shaper_htb_control(uint64_t line, unsigned mtu);
/* One of `parts` classes that together are as fast as one. */
struct nl_htb_class shaper_htb_part(struct nl_htb_class whole, unsigned parts, unsigned mtu);
/* Buckets of one frame. */
void shaper_htb_empty(struct nl_htb_class *htb, unsigned mtu);
/* Does a dump say what was asked for, but for the kernel's rounding? */
bool shaper_htb_same(const struct nl_htb_class *dumped, const struct nl_htb_class *asked);
bool shaper_htb_equal(const struct nl_htb_class *a, const struct nl_htb_class *b);

/* apply_leaf.c: what is to be under a class. */
int shaper_words_get(struct shaper_tree *t, const char *text, const struct shaper_words **ret,
		     struct diag *d);
/* By what this kernel is known to have. */
struct nl_qdisc_spec shaper_leaf_spec(const struct shaper_tree *t, const struct shaper_words *words,
				      uint64_t ceil);
const char *shaper_leaf_words(const struct shaper_words *words, const struct nl_qdisc_spec *spec);
/* Notes that a kind is missing, and tells it. */
void shaper_leaf_lacks(struct shaper_tree *t, const char *subject, enum nl_qdisc_kind kind);
/* Is a dump what is got by asking for `asked`? */
bool shaper_leaf_same(const struct nl_qdisc_spec *dumped, const struct nl_qdisc_spec *asked);
/* nl_qdisc_in_place(), for a `from` of a dump as well. */
bool shaper_leaf_in_place(const struct nl_qdisc_spec *from, const struct nl_qdisc_spec *to,
			  struct nl_qdisc_spec *ret);

/* apply_read.c: what stands there, into an empty table. */
int shaper_device_read(struct shaper_tree *t, struct shaper_device *dev, bool want_tree,
		       struct diag *d);
int shaper_device_queues(struct nl *nl, unsigned ifindex, unsigned *ret);
/* Is what we made still there?  0, -ENODEV, or -ENOENT. */
int shaper_device_check(struct shaper_tree *t, struct shaper_device *dev);

/* apply_jobs.c: requests by the batch; what was done is noted in the classes. */
enum shaper_do { SHAPER_DO_ADD, SHAPER_DO_CHANGE, SHAPER_DO_DELETE, SHAPER_DO_LEAF };
struct shaper_job {
	enum shaper_do what;
	struct shaper_device *dev;
	struct shaper_class *cls;
	struct nl_htb_class htb;
	uint32_t leaf;
	struct nl_qdisc_spec spec;
};
struct shaper_jobs {
	struct shaper_tree *t;
	struct nl_batch *batch;
	VEC(struct shaper_job) list;
	size_t begun; /* number of the first of the list in the batch */
	size_t refused;
	size_t seen;	/* refusals that were looked at */
	int error;	/* of the first one that was refused */
	char text[256]; /* and what it was: "eth1: class 1:1a: Invalid argument" */
};
int shaper_jobs_begin(struct shaper_tree *t, struct shaper_jobs *ret);
void shaper_jobs_end(struct shaper_jobs *jobs);
#define _cleanup_shaper_jobs_ _cleanup_(shaper_jobs_end)
int shaper_job_add(struct shaper_jobs *jobs, struct shaper_device *dev, struct shaper_class *cls);
/* Both do nothing where there is nothing to do. */
int shaper_job_change(struct shaper_jobs *jobs, struct shaper_device *dev, struct shaper_class *cls);
int shaper_job_leaf(struct shaper_jobs *jobs, struct shaper_device *dev, struct shaper_class *cls);
/* Once it is done, the class is no more. */
int shaper_job_delete(struct shaper_jobs *jobs, struct shaper_device *dev, struct shaper_class *cls);
int shaper_jobs_flush(struct shaper_jobs *jobs);

/* apply_wants.c: from plans to what is wanted of classes, and what is not wanted any more. */
int shaper_wants_collect(struct shaper_tree *t, struct diag *d);

/* apply_build.c: what does not stand is made. */
int shaper_build(struct shaper_tree *t, struct diag *d);
void shaper_build_take_back(struct shaper_tree *t);
void shaper_device_stop(struct shaper_tree *t, struct shaper_device *dev);
/* An htb whose queue is not used any more. */
void shaper_device_retire(struct shaper_tree *t, struct shaper_device *dev, unsigned major);

/* apply_drain.c: classes that nobody sends to, and what changes with them. */
int shaper_drain_begin(struct shaper_tree *t, struct shaper_jobs *jobs);
/* True while there are any. */
bool shaper_drain_tick(struct shaper_tree *t);
/* What a class is to have now: its wish, or its part of it. */
struct nl_htb_class shaper_class_due(const struct shaper_device *dev, const struct shaper_class *cls);

/* Each device once. */
static inline unsigned shaper_devices(struct shaper_device *const *side,
				      struct shaper_device *ret[SHAPER_SIDES])
{
	unsigned n = 0;

	for (int i = 0; i < SHAPER_SIDES; i++)
		if (side[i] && (!n || ret[0] != side[i]))
			ret[n++] = side[i];
	return n;
}

/* apply_share.c: one line over many queues, once a second. */
void shaper_share_tick(struct shaper_tree *t);
