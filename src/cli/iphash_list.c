/* SPDX-License-Identifier: GPL-2.0-only */
/* What is mapped, in the two ways in which it was always printed. */
#include <stdio.h>
#include <string.h>

#include "cli/format.h"
#include "cli/iphash.h"
#include "cli/view.h"

/* "10.0.0.1/32", whether the daemon says the length behind the address or apart. */
static void add_prefix(struct strbuf *out, const json_t *mapping)
{
	_cleanup_free_ char *address = format_clean(view_text(mapping, "address"));

	strbuf_addf(out, "%.*s/%d", (int)strcspn(address ? address : "", "/"),
		    address ? address : "", (int)view_number(mapping, "prefix"));
}

static void print_line(const json_t *mapping)
{
	_cleanup_strbuf_ struct strbuf address = { 0 };
	_cleanup_free_ char *class = format_clean(view_text(mapping, "class"));

	add_prefix(&address, mapping);
	(void)printf("%-45s CPU: %-4d TC: %s\n", strbuf_text(&address),
		     (int)view_number(mapping, "cpu"), class ? class : "");
}

void iphash_print_lines(const json_t *mappings)
{
	(void)puts("\nMapped IP Addresses:");
	(void)puts("--------------------------------------------------------------------");
	for (size_t i = 0; i < json_array_size(mappings); i++)
		print_line(json_array_get(mappings, i));
	(void)putchar('\n');
}

void iphash_print_object(const json_t *mappings)
{
	bool first = true;

	(void)puts("{");
	for (size_t i = 0; i < json_array_size(mappings); i++) {
		const json_t *m = json_array_get(mappings, i);
		_cleanup_strbuf_ struct strbuf address = { 0 };
		uint16_t major = 0, minor = 0;

		if (json_is_true(view_at(m, "upload")))
			continue;
		add_prefix(&address, m);
		(void)iphash_class_parse(view_text(m, "class"), &major, &minor);
		(void)printf(
			"%s\"%s\" : { \"cpu\" : %d, \"tc_maj\" : \"%X\" , \"tc_min\" : \"%X\" }",
			first ? "" : ",\n", strbuf_text(&address), (int)view_number(m, "cpu"),
			major, minor);
		first = false;
	}
	(void)puts("}");
}
