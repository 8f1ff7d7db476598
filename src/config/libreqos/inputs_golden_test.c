/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NAME.csv, NAME.json and NAME.py of tests/golden/libreqos are read, the network of the first two
 * is checked, and findings and what was understood are exactly NAME.expect.  Those of bad/ have
 * errors, those of good/ none.  UPDATE_GOLDEN=1 writes the .expect files anew: read them before you
 * keep them.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "config/golden_folder.h"
#include "config/libreqos/inputs_fixture.h"

#define ROOT "tests/golden/libreqos"

struct golden {
	struct diag d;
	struct network network;
	struct strbuf out;
	int r;
};

static void golden_free(struct golden *g)
{
	diag_free(&g->d);
	network_free(&g->network);
	strbuf_free(&g->out);
}

static int read_isp(const char *name, const char *text, size_t len, struct golden *g)
{
	_cleanup_isp_config_ struct isp_config config = { 0 };
	int r = isp_config_read(name, text, len, &config, &g->d);

	if (!r)
		dump_isp(&g->out, &config);
	return r;
}

/* True when there is such a file. */
static bool read_part(struct golden *g, const char *name)
{
	_cleanup_free_ char *text = NULL;
	const char *end = strrchr(name, '.');
	size_t len = 0;
	int r;

	if (file_read(name, 1 << 20, &text, &len))
		return false;
	if (!strcmp(end, ".py"))
		r = read_isp(name, text, len, g);
	else
		r = (!strcmp(end, ".csv") ? shaped_devices_read :
					    network_json_read)(name, text, len, &g->network, &g->d);
	g->r = g->r ?: r;
	return true;
}

static bool check_case(const char *base, bool bad)
{
	static const char *const ends[] = { "json", "csv", "py" };
	_cleanup_(golden_free) struct golden g = { 0 };
	_cleanup_strbuf_ struct strbuf all = { 0 };
	_cleanup_free_ char *want = NULL;
	char name[3][300], expect[300];
	bool network = false;
	size_t len;

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		(void)snprintf(name[i], sizeof(name[i]), "%s.%s", base, ends[i]);
		network |= read_part(&g, name[i]) && i < 2;
	}
	if (network)
		g.r = network_check(&g.network, &g.d) ?: g.r;
	diag_format_all(&g.d, &all);
	strbuf_add(&all, "--\n");
	dump_network(&all, &g.network);
	strbuf_add(&all, strbuf_text(&g.out));
	(void)snprintf(expect, sizeof(expect), "%s.expect", base);
	if (getenv("UPDATE_GOLDEN"))
		(void)file_write_atomic(expect, all.text, all.len, 0644);
	(void)file_read(expect, 1 << 20, &want, &len);
	if (want && !strcmp(want, strbuf_text(&all)) && (bad ? g.r < 0 && g.d.errors : !g.r))
		return true;
	print_error("%s: result %d:\n%sexpected:\n%s", base, g.r, strbuf_text(&all), want ?: "");
	return false;
}

static int is_input(const struct dirent *e)
{
	const char *end = strrchr(e->d_name, '.');

	return *e->d_name != '.' && end && strcmp(end, ".expect");
}

static bool check_input(const char *name, bool bad)
{
	_cleanup_free_ char *base = strdup(name);

	assert_non_null(base);
	*strrchr(base, '.') = 0;
	return check_case(base, bad);
}

static void test_bad(void **state)
{
	golden_folder(ROOT "/bad", is_input, check_input, true, 20);
}

static void test_good(void **state)
{
	golden_folder(ROOT "/good", is_input, check_input, false, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
