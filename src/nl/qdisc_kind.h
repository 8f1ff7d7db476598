/* SPDX-License-Identifier: GPL-2.0-only */
/* For the qdisc modules: what options each kind has, a row each. */
#pragma once

#include "nl/qdisc.h"

enum nl_option_type {
	NL_OPT_WORDS,  /* the words stand for 0, 1, ... */
	NL_OPT_COUNT,  /* a plain number */
	NL_OPT_SIGNED, /* with a sign */
	NL_OPT_HEX,    /* a number, written as such */
	NL_OPT_CLASS,  /* the minor number of a class, in hex without 0x */
	NL_OPT_SIZE,   /* "4Mb" */
	NL_OPT_TIME,   /* "20ms"; us in the struct */
	NL_OPT_RATE,   /* "20Mbit"; bits/s and 64 bits in the struct, bytes/s to the kernel */
};

#define NL_OPTION_WORDS 9

struct nl_option {
	const char *name;
	enum nl_option_type type;
	uint16_t attribute; /* TCA_*; 0 when it is no attribute of its own */
	uint16_t offset;    /* in nl_qdisc_spec */
	int64_t min, max;
	int64_t usual; /* the kernel's default; NL_OPTION_UNKNOWN when it depends */
	bool fixed;    /* cannot be changed in place */
	const char *words[NL_OPTION_WORDS];
};

#define NL_OPTION_UNKNOWN INT64_MIN

/* A word that stands for values of several options. */
#define NL_PRESET_SETS 3
struct nl_preset {
	const char *word;
	struct {
		const char *option;
		int64_t value;
		bool add; /* to what was given before */
	} set[NL_PRESET_SETS];
};

struct nl_kind {
	const char *name;
	const struct nl_option *options; /* up to one without a name */
	const struct nl_preset *presets; /* the same; may be NULL */
	void (*put)(struct nlmsghdr *h, const struct nl_qdisc_spec *spec, bool change);
	void (*take)(const struct nlattr *options, struct nl_qdisc_spec *spec);
};

const struct nl_kind *nl_kind_of(enum nl_qdisc_kind kind);
/* OTHER for what is not in the table. */
enum nl_qdisc_kind nl_kind_find(const char *name);
/* The row of that name and its number; NULL when there is none. */
const struct nl_option *nl_option_find(const struct nl_kind *kind, const char *name,
				       unsigned *ret_index);
int64_t nl_option_get(const struct nl_qdisc_spec *spec, const struct nl_option *option);
void nl_option_set(struct nl_qdisc_spec *spec, const struct nl_option *option, int64_t value);
/* Overhead and raw exclude each other; given one, the other's value is known too. */
void nl_cake_settle(struct nl_qdisc_spec *spec);
