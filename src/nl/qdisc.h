/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queueing disciplines and HTB classes: as words (those of tc(8)), as plain data, as requests to the
 * kernel.  Requests go to nl_ask() or, by the thousand, to nl_batch_add(); dumps are in qdisc_dump.h.
 */
#pragma once

#include "base/diag.h"
#include "base/strbuf.h"
#include "nl/sock.h"

enum nl_qdisc_kind {
	NL_QDISC_OTHER, /* seen in a dump only */
	NL_QDISC_MQ,
	NL_QDISC_HTB,
	NL_QDISC_FQ_CODEL,
	NL_QDISC_CAKE,
	NL_QDISC_PFIFO,
	NL_QDISC_BFIFO,
};

struct nl_htb {
	uint32_t default_class; /* its minor number; 0: what has no class goes unshaped */
	uint32_t r2q;
	uint32_t direct_qlen;
};

struct nl_fq_codel {
	uint32_t limit; /* packets */
	uint32_t flows; /* fixed when it is made */
	uint32_t target_us, interval_us;
	uint32_t quantum;
	uint32_t ecn;
	uint32_t ce_threshold_us;
	uint32_t memory_limit;
	uint32_t drop_batch;
};

enum nl_cake_diffserv {
	NL_CAKE_DIFFSERV3,
	NL_CAKE_DIFFSERV4,
	NL_CAKE_DIFFSERV8,
	NL_CAKE_BESTEFFORT,
	NL_CAKE_PRECEDENCE,
};

/* The small numbers are the kernel's, in the order of their words. */
struct nl_cake {
	uint64_t bandwidth; /* bits/s; 0 = unlimited */
	uint32_t autorate;
	uint32_t rtt_us;
	uint32_t diffserv;  /* enum nl_cake_diffserv */
	uint32_t isolation; /* flowblind, srchost, dsthost, hosts, flows, dual-srchost, ... */
	uint32_t nat, wash, split_gso;
	uint32_t ack_filter; /* 2 = aggressive */
	uint32_t memlimit;   /* bytes; 0 = as the rate demands */
	uint32_t fwmark;
	uint32_t framing; /* 0 none, 1 ATM cells, 2 PTM */
	uint32_t raw;	  /* lengths as the kernel has them: overhead does not count */
	int32_t overhead;
	uint32_t mpu;
	uint32_t ingress;
};

struct nl_fifo {
	uint32_t limit; /* packets or bytes */
};

/*
 * What is not given is the kernel's choice and not sent.  A dump gives whatever the kernel tells;
 * there a field that is not given is 0.
 */
struct nl_qdisc_spec {
	enum nl_qdisc_kind kind;
	uint32_t given; /* a bit per row of the kind: nl_qdisc_given() */
	union {
		struct nl_htb htb;
		struct nl_fq_codel fq_codel;
		struct nl_cake cake;
		struct nl_fifo fifo;
	};
};

/* "htb", "fq_codel", ...; "?" for OTHER. */
const char *nl_qdisc_kind_name(enum nl_qdisc_kind kind);
/* Is the option of that name ("limit", "rtt", "diffserv") given? */
bool nl_qdisc_given(const struct nl_qdisc_spec *spec, const char *option);
/* The same kind, and the same given? */
bool nl_qdisc_equal(const struct nl_qdisc_spec *a, const struct nl_qdisc_spec *b);
/* Sets an option by name, for code; -ENOENT: the kind has none of that name. */
int nl_qdisc_give(struct nl_qdisc_spec *spec, const char *option, int64_t value);

/*
 * "cake diffserv4 rtt 20ms", "fq_codel limit 1000", "fifo" (= pfifo).  As with tc(8) the last of
 * two words for the same thing counts.  -EINVAL with what is wrong, at `at` (may be NULL).
 */
int nl_qdisc_parse(const char *text, const struct mark *at, struct nl_qdisc_spec *ret,
		   struct diag *d);
/* And back: kind and what is given, in words that parse to the same. */
void nl_qdisc_format(const struct nl_qdisc_spec *spec, struct strbuf *out);

/*
 * Can `from` become `to` and keep what it holds and has counted?  Then *ret is what to send with
 * NL_TC_CHANGE: `to`, and the kernel's default for what only `from` gave.
 */
bool nl_qdisc_in_place(const struct nl_qdisc_spec *from, const struct nl_qdisc_spec *to,
		       struct nl_qdisc_spec *ret);

enum nl_tc_verb {
	NL_TC_ADD,     /* -EEXIST where there is one */
	NL_TC_REPLACE, /* add, or change one of the same kind and handle, or take its place */
	NL_TC_CHANGE,  /* in place, -ENOENT where there is none */
	NL_TC_DELETE,  /* and all below it */
};

/* `buffer` of NL_REQUEST_MAX.  To delete, `spec` may be NULL; else one of another kind is refused. */
struct nlmsghdr *nl_qdisc_request(void *buffer, enum nl_tc_verb verb, const struct nl_tc_place *at,
				  const struct nl_qdisc_spec *spec);

struct nl_htb_class {
	uint64_t rate, ceil;	/* bits/s; the kernel counts bytes */
	uint64_t burst, cburst; /* bytes, to the next 64 ns of the rate; 0 = 1600 */
	uint32_t quantum; /* bytes; 0 = rate / r2q, which the kernel may find odd, in its log */
	uint32_t prio;	  /* 0 (first) .. 7 */
	uint16_t overhead, mpu; /* bytes that each packet takes beside its own, and at least */
};

/* `class` is not needed to delete (NULL). */
struct nlmsghdr *nl_class_request(void *buffer, enum nl_tc_verb verb, const struct nl_tc_place *at,
				  const struct nl_htb_class *class);

/*
 * The kernel finds a qdisc by its handle in one of 16 lists of its device, the newest first.  Where
 * thousands of leaves share a list with an htb, each request for one of its classes walks over
 * them: handles of leaves that lie in other lists make a change of rate 15 times as fast.
 */
static inline unsigned nl_qdisc_bucket(uint32_t handle)
{
	return ((handle & 0xffff0000u) * UINT32_C(0x61c88647)) >> 28;
}
