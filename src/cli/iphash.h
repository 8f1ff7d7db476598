/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the files of xdp_iphash_to_cpu_cmdline. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

#define IPHASH_NAME "xdp_iphash_to_cpu_cmdline"

enum iphash_verb { VERB_NONE, VERB_ADD, VERB_DEL, VERB_LIST, VERB_CLEAR, VERB_HELP, VERB_VERSION };

/* Of the older words; the newer say 1 for each of them. */
enum iphash_status {
	IPHASH_FAILED = 1,
	IPHASH_USAGE = 2,
	IPHASH_NO_MAPPING = 21,
	IPHASH_NO_DAEMON = 22,
	IPHASH_ADDRESS = 30,
	IPHASH_CPU = 31,
};

/* A command line, understood; everything is borrowed from argv. */
struct iphash_request {
	enum iphash_verb verb;
	bool old; /* --add instead of add */
	const char *ip, *prefix, *class, *cpu, *upload, *bus;
};

/* iphash_args.c; 0, or an exit status after saying what is wrong */
int iphash_parse(int argc, char *const *argv, struct iphash_request *q);
/* The values of a call, checked. */
int iphash_add_address(const struct iphash_request *q, json_t *parameters);
int iphash_add_class(const struct iphash_request *q, json_t *parameters);
int iphash_add_cpu(const struct iphash_request *q, json_t *parameters);
int iphash_add_upload(const struct iphash_request *q, json_t *parameters);
/* "1:1a" or "0x1:0x1a", as tc writes it; -EINVAL. */
int iphash_class_parse(const char *text, uint16_t *ret_major, uint16_t *ret_minor);
/* `hex`: with or without 0x; else decimal unless there is one.  -EINVAL. */
int iphash_cpu_parse(const char *text, bool hex, unsigned *ret);
/* "NAME: subject: text" on stderr; the subject may be NULL. */
void iphash_say(const char *subject, const char *text);
/* The exit status: `old` where the older words were used. */
int iphash_failed(const struct iphash_request *q, enum iphash_status old);

/* iphash_list.c */
/* As LibreQoS lists, and as xdp-cpumap-tc does. */
void iphash_print_lines(const json_t *mappings);
void iphash_print_object(const json_t *mappings);
