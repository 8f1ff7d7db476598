/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's netlink as one handle: ask, be answered, and hear the kernel's own words when it
 * refuses.  A handle belongs to the network namespace of the thread that opened it.
 */
#pragma once

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"

struct nl;

enum nl_bus { NL_ROUTE, NL_GENERIC };

/* Room for one request of ours; replies may be larger. */
#define NL_REQUEST_MAX 4096

int nl_open(struct nl **ret);
void nl_close(struct nl *nl);
DEFINE_CLEANUP(struct nl *, nl_close)
#define _cleanup_nl_ _cleanup_(nl_closep)

/* What the kernel (or nl_say) said about the last request; "" when it said nothing. */
const char *nl_words(const struct nl *nl);
/* "No such device: words of the kernel"; valid until the next call with this handle. */
const char *nl_error_text(struct nl *nl, int error);
/* For the modules of this folder: the reason of a refusal that the kernel did not put in words. */
void nl_say(struct nl *nl, const char *format, ...) _printf_(2, 3);

/* A negative return stops further calls; the rest of the answer is still read and thrown away. */
typedef int (*nl_message_fn)(const struct nlmsghdr *h, void *data);

/*
 * Sends the request and returns when the kernel has acknowledged it.  `fn` (may be NULL) sees every
 * reply; it must not use the handle.  -errno of the kernel, or what `fn` returned.
 */
int nl_ask(struct nl *nl, enum nl_bus bus, struct nlmsghdr *request, nl_message_fn fn, void *data);
/*
 * A dump, begun again when the kernel's list changed under it: *count is zeroed before each try,
 * so that a `fn` which pushes into a vec starts from an empty one.
 */
int nl_dump(struct nl *nl, enum nl_bus bus, struct nlmsghdr *request, nl_message_fn fn, void *data,
	    size_t *count);

/* The bus's socket, for an ioctl in the handle's namespace; -errno.  Not for reading. */
int nl_fd(struct nl *nl, enum nl_bus bus);

/* For the modules of this folder that hold conversations of their own: the first of n numbers. */
uint32_t nl_sequence(struct nl *nl, uint32_t n);
/* What an NLMSG_ERROR says: 0 or -errno, and the kernel's words, untouched where it has none. */
int nl_error_read(const struct nlmsghdr *h, char *words, size_t size);

/* Where a qdisc or a class stands. */
struct nl_tc_place {
	unsigned ifindex;
	uint32_t handle, parent;
};

/* Requests, laid into a buffer of NL_REQUEST_MAX bytes. */
struct nlmsghdr *nl_request(void *buffer, uint16_t type, uint16_t flags);
struct nlmsghdr *nl_request_link(void *buffer, uint16_t type, uint16_t flags, unsigned ifindex);
struct nlmsghdr *nl_request_tc(void *buffer, uint16_t type, uint16_t flags,
			       const struct nl_tc_place *at);
struct nlmsghdr *nl_request_generic(void *buffer, uint16_t family, uint8_t command, uint16_t flags);
/* -EOPNOTSUPP where this kernel has no such family. */
int nl_generic_family(struct nl *nl, const char *name, uint16_t *ret_id);

/* Fills table[0..max] with the attributes behind `offset` bytes of payload; the rest are NULL. */
void nl_attrs(const struct nlmsghdr *h, size_t offset, const struct nlattr **table, unsigned max);
void nl_attrs_nested(const struct nlattr *nest, const struct nlattr **table, unsigned max);

/* An absent or short attribute reads as zero: kernels differ in what they send. */
static inline uint64_t nl_attr_number(const struct nlattr *a)
{
	uint64_t value64;
	uint32_t value32;
	uint16_t value16;

	switch (a ? mnl_attr_get_payload_len(a) : 0) {
	case 8:
		memcpy(&value64, mnl_attr_get_payload(a), sizeof(value64));
		return value64;
	case 4:
		memcpy(&value32, mnl_attr_get_payload(a), sizeof(value32));
		return value32;
	case 2:
		memcpy(&value16, mnl_attr_get_payload(a), sizeof(value16));
		return value16;
	case 1:
		return *(const uint8_t *)mnl_attr_get_payload(a);
	default:
		return 0;
	}
}

void nl_attr_copy_text(const struct nlattr *a, char *to, size_t size);
