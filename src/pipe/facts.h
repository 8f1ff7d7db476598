/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel says about the interfaces we care for: the input of planning besides the wish. */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "nl/sock.h"

/* How a port's program runs.  TC = no XDP program at all. */
enum xdp_mode { XDP_MODE_NONE, XDP_MODE_TC, XDP_MODE_SKB, XDP_MODE_NATIVE };

const char *xdp_mode_name(enum xdp_mode mode);

struct pipe_link {
	char name[IF_NAMESIZE];		/* as configured */
	char present_name[IF_NAMESIZE]; /* as the kernel calls it now; differs after a rename */
	char kind[16];
	char driver[32];
	int ifindex; /* 0 = absent */
	unsigned mtu;
	uint8_t mac[6];
	bool up, carrier;
	bool xmit_known; /* the kernel tells what XDP the device can do (6.3+) */
	bool xmit, xmit_frags;
	bool no_redirect;   /* its own programs may not redirect */
	enum xdp_mode mode; /* what the hook gave; NONE = not tried yet */
	char reason[200];   /* why it is not native */
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
};

struct pipe_facts {
	VEC(struct pipe_link)
	links; /* every interface of the namespace, and absent ones we know of */
};

void pipe_facts_free(struct pipe_facts *facts);
const struct pipe_link *pipe_facts_find(const struct pipe_facts *facts, const char *name);
/* The name most like a mistyped one, or NULL. */
const char *pipe_facts_nearest(const struct pipe_facts *facts, const char *name);
const struct pipe_link *pipe_facts_find_index(const struct pipe_facts *facts, int ifindex);

/* Interfaces seen before: how one is found again after it was renamed or went away. */
struct pipe_memory {
	VEC(struct pipe_seen {
		char name[IF_NAMESIZE];
		int ifindex;
		uint8_t mac[6];
		bool refuses; /* it was seen to drop every frame redirected to it */
	})
	seen;
};

void pipe_memory_free(struct pipe_memory *memory);
/* Interfaces of these names will be known as "away" or "renamed" rather than as unknown. */
int pipe_memory_keep(struct pipe_memory *memory, const struct pipe_facts *facts,
		     const char *const *names, size_t n, bool *ret_news);

/* True when that is news. */
bool pipe_memory_refuses(struct pipe_memory *memory, int ifindex);
/* Asks again what decides over redirects; true when the answer differs from the facts. */
bool pipe_facts_outdated(struct nl *nl, const struct pipe_facts *facts, int ifindex);

/*
 * Reads the kernel: all links, and the driver and XDP powers of those in `names` (what takes two
 * questions per link is not asked of ten thousand of them).
 */
int pipe_facts_read(struct nl *nl, const struct pipe_memory *memory, const char *const *names,
		    size_t n_names, struct pipe_facts *ret);
