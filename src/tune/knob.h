/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every setting of the machine that was changed, and what it was before: put back at the end, and
 * by the next start after a crash, since the record is on disk before the knob is turned.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "nl/sock.h"

/* What a knob belongs to: an interface, or a file such as one of /proc/sys. */
struct knob_subject {
	unsigned ifindex;
	const char *path;
};
#define KNOB_LINK(index) ((struct knob_subject){ .ifindex = (index) })
#define KNOB_FILE(file) ((struct knob_subject){ .path = (file) })

/*
 * One way of reading and writing settings; a new one is one of these and a row in knob_kind.c.
 * Values are text; `name` says which setting of the subject ("" for a file).  On failure the
 * functions return -errno and put the reason into `why`, as far as they know more than errno.
 */
struct knob_kind {
	const char *name; /* in the state file */
	int (*read)(struct nl *nl, struct knob_subject s, const char *name, char **ret_value,
		    struct strbuf *why);
	int (*write)(struct nl *nl, struct knob_subject s, const char *name, const char *value,
		     struct strbuf *why);
	/* May be NULL.  -errno when the value written is not in force. */
	int (*verify)(struct nl *nl, struct knob_subject s, const char *name, const char *value,
		      struct strbuf *why);
};

extern const struct knob_kind knob_flag;    /* of a link: "promisc", "allmulti"; "on", "off" */
extern const struct knob_kind knob_feature; /* of a link: ethtool's "rx-gro", ...; "on", "off" */
extern const struct knob_kind knob_file;    /* the text of a file; runs of blanks count as one */
extern const struct knob_kind knob_xps; /* of a link: "tx-0"; CPUs as the kernel has them, "0" = none */

const struct knob_kind *knob_kind_find(const char *name);

struct knob {
	const struct knob_kind *kind;
	unsigned ifindex;
	char ifname[IF_NAMESIZE];
	uint8_t mac[6];
	char *path;
	char *name;
	char *before;  /* to be put back */
	char *set;     /* what it was set to */
	char *earlier; /* what it was set to before that; NULL */
	bool wanted;   /* set since knobs_mark() */
};

struct knobs {
	struct nl *nl;
	char *state; /* the file, or NULL: nothing survives a crash */
	struct knob *at;
	size_t n, cap;
};

/* `nl` is borrowed; state_path may be NULL. */
int knobs_init(struct knobs *k, struct nl *nl, const char *state_path);
/* Forgets the list; puts nothing back, and leaves the file. */
void knobs_free(struct knobs *k);
#define _cleanup_knobs_ _cleanup_(knobs_free)

/*
 * Adds what an earlier run recorded.  No file: nothing.  A damaged one is moved to FILE.corrupt
 * with a warning.  A negative return is an error of reading, and leaves the file where it is.
 */
int knobs_load(struct knobs *k, struct diag *d);
int knobs_save(const struct knobs *k);

/*
 * Does nothing when the value is already so.  Otherwise the value found is recorded, if none was
 * recorded yet, the record is saved, and the knob turned.  When that fails all is as before.
 */
int knobs_set(struct knobs *k, const struct knob_kind *kind, struct knob_subject subject,
	      const char *name, const char *value, struct diag *d);

/*
 * Put back what still has the value it was set to; what somebody else changed since is left
 * alone, what has vanished is dropped, and `d` has a note of either.  What cannot be put back now
 * stays in the record; the return is the first such failure.
 */
int knobs_restore_all(struct knobs *k, struct diag *d);
int knobs_restore_subject(struct knobs *k, struct knob_subject subject, struct diag *d);

/* A reload: mark, set what is wanted now, restore the rest. */
void knobs_mark(struct knobs *k);
int knobs_restore_unwanted(struct knobs *k, struct diag *d);

/* "eth0: rx-gro", "/proc/sys/net/ipv4/ip_forward" */
void knob_describe(const struct knob *knob, struct strbuf *out);
void knob_free(struct knob *knob);
