/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small networks and their trees, with the findings, in tests/golden/plan.  UPDATE_GOLDEN=1 writes
 * the files anew: read them before you keep them.
 */
#include "base/file.h"
#include "shaper/plan_fixture.h"

#define ROOT "tests/golden/plan/"

static void flat(struct network *net, struct shaper_settings *s)
{
	char id[16];

	for (unsigned i = 1; i <= 5; i++) {
		(void)snprintf(id, sizeof(id), "c%u", i);
		(void)fixture_circuit(net, id, NULL, i, 10 * (uint64_t)i);
	}
	s->queues = 3;
	s->generated = (struct rate_pair){ MBIT(300), MBIT(30) };
}

/* As the example of LibreQoS: sites with access points. */
static void two_levels(struct network *net, struct shaper_settings *s)
{
	int one = fixture_node(net, "Site_1", -1, 1000), two = fixture_node(net, "Site_2", -1, 500);

	(void)fixture_node(net, "AP_A", one, 500);
	(void)fixture_node(net, "AP_B", two, 200);
	for (int i = one; i <= two; i++) {
		free(net->nodes.at[i].type);
		net->nodes.at[i].type = strdup("site");
		net->nodes.at[i].max.up /= 4;
	}
	fixture_circuit(net, "1", "AP_A", 25, 100)->name = strdup("Alma Street 1");
	fixture_circuit(net, "2", "AP_A", 25, 100)->max.up = MBIT(15) / 10;
	fixture_circuit(net, "3", "AP_B", 10, 50)->leaf.up = strdup("fq_codel");
	(void)fixture_circuit(net, "4", "Site_2", 10, 50);
	(void)fixture_circuit(net, "5", NULL, 10, 50);
}

static void on_a_stick(struct network *net, struct shaper_settings *s)
{
	two_levels(net, s);
	s->up_offset = 2;
}

static void too_many_promises(struct network *net, struct shaper_settings *s)
{
	int site = fixture_node(net, "Site", -1, 100);

	(void)fixture_node(net, "AP", site, 60);
	(void)fixture_node(net, "Quiet", site, 60);
	(void)fixture_circuit(net, "a", "AP", 40, 50);
	(void)fixture_circuit(net, "b", "AP", 40, 50);
	(void)fixture_circuit(net, "c", "Site", 20, 50);
	(void)fixture_circuit(net, "d", "Quiet", 1, 80);
	fixture_circuit(net, "e", "Quiet", 1, 2000)->at = (struct mark){ "plans.csv", 7, 1 };
	s->queues = 1;
	net->nodes.at[site + 1].at = (struct mark){ "network.json", 3, 5 };
}

static void virtual_nodes(struct network *net, struct shaper_settings *s)
{
	int region = fixture_node(net, "Region", -1, 10),
	    site = fixture_node(net, "Site", region, 100);
	int floor = fixture_node(net, "Floor", site, 5);

	net->nodes.at[region].is_virtual = true;
	net->nodes.at[floor].is_virtual = true;
	(void)fixture_node(net, "AP", floor, 50);
	(void)fixture_node(net, "Site_2", region, 100);
	(void)fixture_circuit(net, "in-region", "Region", 1, 10);
	(void)fixture_circuit(net, "on-floor", "Floor", 1, 20);
	(void)fixture_circuit(net, "on-ap", "AP", 1, 20);
}

static void too_deep(struct network *net, struct shaper_settings *s)
{
	char name[16];

	for (int i = 0; i < 9; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i + 1);
		(void)fixture_node(net, name, i - 1, 90 - 10 * (uint64_t)i);
	}
	(void)fixture_circuit(net, "c6", "n6", 1, 100);
	(void)fixture_circuit(net, "c9", "n9", 1, 100);
	s->queues = 1;
}

static void one_queue(struct network *net, struct shaper_settings *s)
{
	two_levels(net, s);
	s->queues = 1;
}

static void one_queue_on_a_narrow_line(struct network *net, struct shaper_settings *s)
{
	one_queue(net, s);
	s->uplink = (struct rate_pair){ MBIT(80), MBIT(30) };
}

static void monitor_only(struct network *net, struct shaper_settings *s)
{
	two_levels(net, s);
	s->monitor_only = true;
}

static char *tree_of(void (*make)(struct network *, struct shaper_settings *))
{
	struct shaper_settings settings = FIXTURE_SETTINGS;
	_cleanup_(network_free) struct network net = { 0 };
	_cleanup_planned_ struct planned p = { 0 };
	struct strbuf out = { 0 };

	make(&net, &settings);
	p = plan_fresh(&net, &settings);
	assert_int_equal(p.r, 0);
	strbuf_add(&out, p.findings);
	shaper_plan_format(&p.plan, &net, &out);
	return strbuf_take(&out);
}

static bool check(const char *name, void (*make)(struct network *, struct shaper_settings *))
{
	_cleanup_free_ char *path = NULL, *want = NULL, *has = tree_of(make);
	size_t len = 0;

	assert_non_null(has);
	if (asprintf(&path, ROOT "%s.txt", name) < 0)
		return false;
	if (getenv("UPDATE_GOLDEN"))
		(void)file_write_atomic(path, has, strlen(has), 0644);
	if (!file_read(path, 1 << 20, &want, &len) && !strcmp(has, want))
		return true;
	print_error("%s: the tree is\n%sexpected:\n%s", path, has, want ?: "nothing: no such file\n");
	return false;
}

static void trees(void **state)
{
	static const struct {
		const char *name;
		void (*make)(struct network *, struct shaper_settings *);
	} cases[] = {
		{ "flat", flat },
		{ "two-levels", two_levels },
		{ "on-a-stick", on_a_stick },
		{ "too-many-promises", too_many_promises },
		{ "virtual-nodes", virtual_nodes },
		{ "too-deep", too_deep },
		{ "one-queue", one_queue },
		{ "narrow-line", one_queue_on_a_narrow_line },
		{ "monitor-only", monitor_only },
	};
	int wrong = 0;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		wrong += !check(cases[i].name, cases[i].make);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
