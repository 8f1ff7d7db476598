/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration keys as rows.  From a row come the parser's check, the struct's value, the default,
 * the JSON Schema for editors, the commented example and the manual.  A section is one top-level
 * key with a plain struct behind it; every value remembers where it was written.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/names.h"
#include "model/tree.h"

/* The values a struct holds.  `set` is false for a default. */
struct conf_string {
	char *text; /* NULL when absent and without default */
	bool set;
	struct mark at;
};
struct conf_int {
	int64_t value;
	bool set;
	struct mark at;
};
struct conf_bool {
	bool value, set;
	struct mark at;
};
struct conf_enum {
	unsigned value; /* index into the row's names */
	bool set;
	struct mark at;
};
struct conf_rate {
	uint64_t value; /* bits per second */
	bool set;
	struct mark at;
};
/* A list: n elements of the row's element size; each element starts with a conf_* value for
 * scalar lists, or is the element struct. */
struct conf_list {
	void *items;
	size_t n, item_size;
	bool set;
	struct mark at;
};

enum schema_kind {
	SCHEMA_STRING,
	SCHEMA_IFNAME, /* a string that is a valid interface name */
	SCHEMA_PATH,
	SCHEMA_INT,
	SCHEMA_BOOL,
	SCHEMA_ENUM,
	SCHEMA_RATE, /* 2.5 is Mbit/s; 500k, 2.5M and 1G are what they say */
	/* In a file, one entry without a list around it is a list of one. */
	SCHEMA_STRINGS, /* list of conf_string */
	SCHEMA_IFNAMES, /* the same, each a valid interface name */
	SCHEMA_PATHS,	/* the same, each a path */
	SCHEMA_LIST,	/* list of structs described by `rows` */
	SCHEMA_GROUP,	/* a nested map, stored in place at `offset` */
};

struct schema_row {
	const char *key;
	enum schema_kind kind;
	size_t offset;
	const char *help; /* one line for people */
	const char *def;  /* default as it would stand in a file, or NULL */
	/* Value for `config example`, or NULL for the default; of a LIST: more entries, a line each. */
	const char *example;
	bool required;
	int64_t min, max;	       /* INT; both 0 = any.  RATE, in bits/s; max 0 = 1 Tbit/s */
	const char *unit;	       /* INT */
	const char *const *names;      /* ENUM, NULL-terminated */
	const char *aliases;	       /* older spellings, space-separated */
	const struct schema_row *rows; /* LIST, GROUP; ends with a NULL key */
	size_t item_size;	       /* LIST */
	bool short_form; /* LIST: the value of the first row, one scalar, may stand for an entry */
	bool aside; /* `config example` shows it behind a '#', since not every machine has it */
};

/* What the reading of a configuration may use besides its files. */
struct schema_context {
	/*
	 * Directory of schema.keep(), or NULL: when a data file cannot be read or is wrong, the
	 * copy kept there is used, and what is wrong is a warning.
	 */
	const char *last_good;
	/* Something runs that such files made: that they are gone is an error. */
	bool strict;
};

struct schema {
	const char *name; /* top-level key */
	const char *help;
	const struct schema_row *rows;
	size_t size;
	/* The section is the value of its only row, a LIST with the section's name as key. */
	bool listed;
	/* The value of its only row, a scalar; other sections take its place before there is a model. */
	bool shorthand;

	/* The rest is for sections that name files of their own; each may be NULL. */

	/*
	 * The section is there and its values are right: reads the files that it names.  Reports
	 * all that is wrong with them; 0 or a negative errno.  `context` may be NULL.
	 */
	int (*complete)(void *data, const struct schema_context *context, struct diag *d);
	/* Frees what that made; also called when it was not, or failed. */
	void (*release)(void *data);
	/* Adds the names of those files; they are the data's. */
	int (*files)(const void *data, struct name_list *out);
	/*
	 * The section is in force: copies the files as they were read to a directory, for the day
	 * on which they are wrong.  An old copy is there until the new one is whole.
	 */
	int (*keep)(const void *data, const char *directory);
};

/* One section's struct at the start of which nothing special stands; `present` in struct section. */
struct section {
	const struct schema *schema;
	bool present; /* the key stands in some file */
	struct mark at;
	void *data; /* schema->size bytes, defaults filled in */
};

/* The whole configuration. */
struct model {
	struct section *sections; /* in the order of the schemas handed in */
	size_t n;
	char **files; /* owned; every mark.file points into these */
	size_t n_files;
};

/*
 * Fills a model from native trees (several files: lists append, a scalar given twice is an error
 * that names both places).  Collects every error; -EINVAL if there was one.  The trees stay the
 * caller's; `files` are copied, marks are re-pointed into the copies.  `context` may be NULL.
 */
int model_build(const struct schema *const *schemas, size_t n_schemas, struct tree *const *trees,
		size_t n_trees, const struct schema_context *context, struct model **ret,
		struct diag *d);
void model_free(struct model *m);
DEFINE_CLEANUP(struct model *, model_free)
const struct section *model_section(const struct model *m, const char *name);

/*
 * The same for one map and one struct, for dialects that have rows of their own.  `data` starts
 * zeroed and is to be freed also after a failure; marks stay those of the tree.  A list must be
 * written as one: the short forms are not those of other programs.
 */
int schema_fill(const struct schema_row *rows, const struct tree *map, void *data, struct diag *d);
/* Frees what the values own, not `data` itself. */
void schema_free(const struct schema_row *rows, void *data);
/* Writes the rows' defaults into a zeroed struct; only a wrong row can fail. */
int schema_defaults(const struct schema_row *rows, void *data, struct diag *d);

/* Same values (marks ignored)? */
bool schema_equal(const struct schema_row *rows, const void *a, const void *b);
/*
 * A section's values, defaults included; keys without any are left out.  NULL when a required key
 * has none: the section was not given, and its file form would be refused.  New reference.
 */
json_t *schema_values_to_json(const struct schema_row *rows, const void *data);
/* The values in force, defaults included; new reference. */
json_t *model_to_json(const struct model *m);
/* A JSON Schema (draft 2020-12) of the native language, with help texts, ranges and defaults. */
json_t *schema_to_json_schema(const struct schema *const *schemas, size_t n);
/* A commented YAML example of all sections, or of one. */
void schema_to_example(const struct schema *const *schemas, size_t n, const char *only,
		       struct strbuf *out);
