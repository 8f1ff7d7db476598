/* SPDX-License-Identifier: GPL-2.0-only */
/* A BPF object file of any origin, one of its programs loaded, its variables and maps filled. */
#pragma once

#include <stdint.h>

#include "base/diag.h"
#include "lib/pb_cfg.h"

struct bpf_object;

/* What is done to an object, in the order given: "VAR=INT", "MAP:N:KEY:VALUE" and so on. */
struct object_wish {
	enum object_kind {
		OBJECT_SET,	/* VAR=INT, a global variable */
		OBJECT_SET_HEX, /* VAR=HEX */
		OBJECT_ENTRIES, /* MAP=N, its size */
		OBJECT_FILL,	/* MAP:N:KEY:VALUE, N entries; see object_fill_words */
		OBJECT_FILE,	/* a file of lines "MAP KEYHEX VALUEHEX" */
	} kind;
	const char *text;
};

/* In KEY and VALUE: %a rotated address, %p its peer (4 bytes, network order), %i index,
 * %h 0x10000 + 16 + index (4 bytes, this machine's order); else hex. */
#define OBJECT_FILL_WORDS "%a %p %i %h"

/* `cfg` gives the addresses for %a and %p.  *ret_fd is borrowed from the object.  `program` may be
 * NULL: all of them, and *ret_fd is -1. */
int object_load(const char *path, const char *program, const struct object_wish *wishes, size_t n,
		const struct pb_cfg *cfg, struct bpf_object **ret, int *ret_fd, struct diag *d);
