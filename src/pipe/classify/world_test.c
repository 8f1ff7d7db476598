/* SPDX-License-Identifier: GPL-2.0-only */
/* All that follows from files, commands and interfaces, without a packet. */
#include "pipe/classify/classify_test_util.h"

#define MANY 3000

/* What the world before leaves to the next: numbers, room, sizes, seats. */
struct scene {
	struct bed bed; /* only its facts, model and findings */
	struct classify_ids ids;
	struct classify_changes changes;
	struct shaper_tree *tree;
	struct classify_world *world, *before;
	unsigned cpus;
	size_t stale;
};

/* Interfaces that are only told of: this needs no kernel. */
static void scene_open(struct scene *s, unsigned cpus)
{
	*s = (struct scene){ .cpus = cpus };
	for (int i = 0; i < BED_LINKS; i++) {
		struct pipe_link link = { .ifindex = 100 + i, .mtu = 1500, .mode = XDP_MODE_NATIVE };

		(void)snprintf(link.name, sizeof(link.name), "%s", bed_names[i]);
		assert_int_equal(vec_push(&s->bed.facts.links, link), 0);
	}
}

static void scene_close(struct scene *s)
{
	classify_world_free(s->world);
	classify_world_free(s->before);
	classify_ids_free(&s->ids);
	classify_changes_free(&s->changes);
	shaper_tree_free(s->tree);
	model_free(s->bed.model);
	model_free(s->bed.former);
	pipe_facts_free(&s->bed.facts);
	diag_free(&s->bed.d);
}

static int scene_try(struct scene *s, const char *yaml)
{
	static const struct classify_sizes no_size;
	_cleanup_shaper_past_ struct shaper_past past = { 0 };
	struct classify_surroundings around = {
		.facts = &s->bed.facts,
		.changes = &s->changes,
		.past = &past,
		.sizes = s->world ? &s->world->sizes : &no_size,
		.id_room = s->world ? s->world->id_room : 0,
		.tree = s->tree,
		.ids = &s->ids,
		.cpus = s->cpus,
		.check = true,
		.ret_stale = &s->stale,
	};
	struct classify_world *next = NULL;
	struct model *model = bed_parse(&s->bed, yaml);
	int r;

	if (s->world)
		assert_int_equal(shaper_past_of(&s->world->plan, &past), 0);
	r = classify_world_make(model_section(model, "shaper")->data, &around, &next, &s->bed.d);
	if (r) {
		assert_null(next);
		model_free(model);
		return r;
	}
	classify_world_free(s->before);
	model_free(s->bed.former);
	s->before = s->world;
	s->bed.former = s->bed.model;
	s->world = next;
	s->bed.model = model;
	return 0;
}

static void scene_make(struct scene *s, const char *yaml)
{
	int r = scene_try(s, yaml);

	if (r)
		bed_complain(&s->bed.d);
	assert_int_equal(r, 0);
}

static size_t at(const struct scene *s, const char *id)
{
	int i = classify_world_find(s->world, id);

	assert_true(i >= 0);
	return (size_t)i;
}

static uint64_t value_of(const struct scene *s, const char *address)
{
	struct net_prefix p;
	const char *wrong;
	uint64_t value = 0;
	unsigned n = 0;

	assert_int_equal(net_prefix_parse(address, &p, &wrong), 0);
	vec_foreach(&s->world->entries, e)
		if (!memcmp(&e->prefix, &p, sizeof(p))) {
			value = e->value;
			n++;
		}
	assert_true(n <= 1); /* a table takes each prefix once */
	return value;
}

/* --- who and where ----------------------------------------------------------------------------- */

static void everybody_has_a_number_a_class_and_a_cpu(void **state)
{
	struct scene s;
	const struct classify_world *w;

	scene_open(&s, 4);
	scene_make(&s, BED_TWO BED_PEOPLE);
	w = s.world;
	assert_int_equal(w->n_circuits, 5);
	assert_int_equal(w->network.circuits.n, 5);
	assert_int_equal(w->entries.n, 5);
	assert_int_equal(w->plan.queues, 4);
	assert_false(w->stick || w->away);
	assert_true(classify_world_shapes(w));
	for (size_t i = 0; i < w->n_circuits; i++) {
		const struct shaper_item *item = &w->plan.items.at[w->items[i]];
		uint64_t value = w->entries.at[i].value;

		assert_string_equal(item->name, w->network.circuits.at[i].id);
		assert_int_equal(w->ids[i], CLASSIFY_ID_DEFAULT + 1 + i);
		assert_int_equal(w->circuit_of.at[w->ids[i]], i);
		assert_int_equal(CLASSIFY_ID(value), w->ids[i]);
		assert_int_equal(CLASSIFY_HANDLE(value), shaper_handle_down(&w->plan, item));
		assert_int_equal(CLASSIFY_CPU(value), item->queue % 4);
	}
	assert_int_equal(classify_world_find(w, "nobody"), -1);
	scene_close(&s);
}

static void numbers_stay_over_a_reload(void **state)
{
	struct scene s;

	scene_open(&s, 2);
	scene_make(&s, BED_TWO BED_PEOPLE);
	scene_make(&s,
		   BED_TWO "  circuits:\n"
			   "  - { id: new, download: 9, upload: 9, addresses: [100.64.77.1] }\n"
			   "  - { id: net56, download: 9, upload: 9, addresses: [100.64.77.2] }\n"
			   "  - { id: host, download: 9, upload: 9, addresses: [100.64.77.3] }\n");
	assert_int_equal(s.world->ids[at(&s, "host")], 2);
	assert_int_equal(s.world->ids[at(&s, "net56")], 6);
	assert_int_equal(s.world->ids[at(&s, "new")], 7);
	assert_int_equal(CLASSIFY_ID(value_of(&s, "100.64.77.3")), 2);
	assert_int_equal(s.world->circuit_of.at[3], -1);
	scene_close(&s);
}

static char *people_of(unsigned n)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	strbuf_add(&text, BED_TWO "  circuits:\n");
	for (unsigned i = 0; i < n; i++)
		strbuf_addf(&text,
			    "  - { id: \"%u\", download: 2, upload: 1, addresses: [10.0.%u.%u] }\n",
			    i, i >> 8, i & 255);
	return strdup(strbuf_text(&text));
}

/* Programs have it as a constant: it grows by much at a time, and never shrinks. */
static void room_grows_and_stays(void **state)
{
	static const struct {
		unsigned people, room;
	} steps[] = { { 3, 256 },     { 254, 256 },   { 255, 1024 }, { 900, 1024 },
		      { 1100, 4096 }, { 3000, 4096 }, { 3, 4096 } };
	struct scene s;

	scene_open(&s, 2);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		_cleanup_free_ char *yaml = people_of(steps[i].people);

		scene_make(&s, yaml);
		assert_int_equal(s.world->n_circuits, steps[i].people);
		assert_int_equal(s.world->id_room, steps[i].room);
		for (size_t c = 0; c < s.world->n_circuits; c++)
			assert_true(s.world->ids[c] < s.world->id_room);
	}
	scene_close(&s);
}

/* At once, with nothing before: no more than is needed. */
static void first_room_is_just_enough(void **state)
{
	_cleanup_free_ char *yaml = people_of(MANY);
	struct scene s;

	scene_open(&s, 2);
	scene_make(&s, yaml);
	assert_int_equal(s.world->id_room, 4096);
	scene_close(&s);
}

/* --- the default plan -------------------------------------------------------------------------- */

#define DEFAULT_PLAN "  default_plan: { download: 5, upload: 2 }\n"

static void the_default_plan_is_behind_all(void **state)
{
	struct scene s;

	scene_open(&s, 2);
	scene_make(&s, BED_TWO DEFAULT_PLAN BED_PEOPLE);
	assert_int_equal(s.world->n_circuits, 5);
	assert_int_equal(s.world->network.circuits.n, 6);
	assert_int_equal(at(&s, CLASSIFY_DEFAULT_NAME), 5);
	assert_int_equal(s.world->ids[5], CLASSIFY_ID_DEFAULT);
	assert_int_equal(s.world->circuit_of.at[CLASSIFY_ID_DEFAULT], 5);
	assert_int_equal(CLASSIFY_ID(value_of(&s, "0.0.0.0/0")), CLASSIFY_ID_DEFAULT);
	assert_int_equal(CLASSIFY_ID(value_of(&s, "::/0")), CLASSIFY_ID_DEFAULT);
	assert_int_not_equal(CLASSIFY_HANDLE(value_of(&s, "::/0")), 0);
	scene_make(&s, BED_TWO BED_PEOPLE);
	assert_int_equal(s.world->network.circuits.n, 5);
	assert_int_equal(value_of(&s, "0.0.0.0/0"), 0);
	scene_close(&s);
}

/* Who has the whole of a family keeps it. */
static void somebodys_own_everything_goes_before(void **state)
{
	struct scene s;

	scene_open(&s, 2);
	scene_make(&s, BED_TWO DEFAULT_PLAN
		   "  circuits:\n"
		   "  - { id: all4, download: 9, upload: 9, addresses: [0.0.0.0/0] }\n");
	assert_int_equal(CLASSIFY_ID(value_of(&s, "0.0.0.0/0")), 2);
	assert_int_equal(CLASSIFY_ID(value_of(&s, "::/0")), CLASSIFY_ID_DEFAULT);
	scene_make(&s, BED_TWO DEFAULT_PLAN
		   "  circuits:\n  - { id: all, download: 9, upload: 9, addresses: [0.0.0.0/0, "
		   "\"::/0\"] }\n");
	assert_int_equal(CLASSIFY_ID(value_of(&s, "0.0.0.0/0")), CLASSIFY_ID(value_of(&s, "::/0")));
	assert_int_equal(s.world->entries.n, 2);
	scene_close(&s);
}

/* --- mappings ---------------------------------------------------------------------------------- */

static void map(struct scene *s, const char *address, uint32_t handle, uint32_t cpu)
{
	struct classify_mapping m = { .handle = handle, .cpu = cpu };
	const char *wrong;

	assert_int_equal(net_prefix_parse(address, &m.prefix, &wrong), 0);
	assert_int_equal(vec_push(&s->changes.mappings, m), 0);
}

static void mappings_go_before_circuits(void **state)
{
	struct scene s;
	uint64_t value;

	scene_open(&s, 2);
	map(&s, "100.64.0.5", 0x7001a, 1); /* host's own */
	map(&s, "100.64.9.0/24", 0x20020, 0);
	map(&s, "0.0.0.0/0", 0x10002, 0); /* the default plan's */
	scene_make(&s, BED_TWO DEFAULT_PLAN BED_PEOPLE);
	assert_int_equal(s.world->entries.n, 5 + 2 + 1);
	value = value_of(&s, "100.64.0.5");
	assert_int_equal(CLASSIFY_HANDLE(value), 0x7001a);
	assert_int_equal(CLASSIFY_CPU(value), 1);
	assert_int_equal(CLASSIFY_ID(value), s.world->maps[0]);
	assert_int_equal(CLASSIFY_HANDLE(value_of(&s, "0.0.0.0/0")), 0x10002);
	assert_int_equal(CLASSIFY_ID(value_of(&s, "::/0")), CLASSIFY_ID_DEFAULT);
	assert_int_equal(s.world->n_maps, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_true(s.world->maps[i] > CLASSIFY_ID_DEFAULT);
		assert_true(s.world->maps[i] >= s.world->circuit_of.n ||
			    s.world->circuit_of.at[s.world->maps[i]] == -1);
	}
	s.changes.mappings.n = 0;
	scene_make(&s, BED_TWO DEFAULT_PLAN BED_PEOPLE);
	assert_int_equal(CLASSIFY_ID(value_of(&s, "100.64.0.5")), 2);
	scene_close(&s);
}

/* --- commands against files -------------------------------------------------------------------- */

static struct classify_change *change(struct scene *s, const char *id)
{
	struct classify_change *c = classify_changes_at(&s->changes, id);

	assert_non_null(c);
	return c;
}

static void stale_changes_are_counted(void **state)
{
	struct scene s;

	scene_open(&s, 2);
	change(&s, "gone")->max.down = 5000000;
	change(&s, "host")->max.down = 5000000;
	scene_make(&s, BED_TWO BED_PEOPLE);
	assert_int_equal(s.stale, 1);
	assert_int_equal(s.world->network.circuits.at[at(&s, "host")].max.down, 5000000);
	scene_close(&s);
}

/* Somebody was added by command, and now a file gives his address to another. */
static void what_does_not_go_together_is_told(void **state)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct classify_change *c;
	struct net_address address = { 0 };
	const char *wrong;
	struct scene s;

	scene_open(&s, 2);
	c = change(&s, "added");
	c->added = c->has_addresses = true;
	c->max = (struct rate_pair){ 1000000, 1000000 };
	assert_int_equal(net_prefix_parse("100.64.0.5", &address.prefix, &wrong), 0);
	assert_int_equal(vec_push(&c->device.addresses, address), 0);
	assert_true(scene_try(&s, BED_TWO BED_PEOPLE) < 0);
	diag_format_all(&s.bed.d, &text);
	assert_non_null(strstr(strbuf_text(&text), "100.64.0.5"));
	scene_close(&s);
}

/* --- interfaces -------------------------------------------------------------------------------- */

static void one_interface_away(void **state)
{
	struct scene s;

	scene_open(&s, 2);
	bed_link(&s.bed, INTERNET)->ifindex = 0;
	scene_make(&s, BED_TWO BED_PEOPLE);
	assert_true(s.world->away);
	assert_int_equal(s.world->line.down_ifindex, 100);
	assert_int_equal(s.world->line.up_ifindex, 0);
	assert_string_equal(s.world->line.up_name, "net");
	assert_int_equal(s.world->entries.n, 5);
	bed_link(&s.bed, INTERNET)->ifindex = 105;
	scene_make(&s, BED_TWO BED_PEOPLE);
	assert_false(s.world->away);
	assert_int_equal(s.world->line.up_ifindex, 105);
	scene_close(&s);
}

static void no_tree_means_no_class(void **state)
{
	static const char *const modes[] = { BED_TWO "  mode: monitor\n" BED_PEOPLE,
					     BED_TWO "  tree: none\n" BED_PEOPLE };
	struct scene s;

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		scene_open(&s, 2);
		scene_make(&s, modes[i]);
		assert_int_equal(s.world->plan.queues, 0);
		assert_false(classify_world_shapes(s.world));
		assert_int_equal(s.world->entries.n, 5);
		vec_foreach(&s.world->entries, e) {
			assert_int_equal(CLASSIFY_HANDLE(e->value), 0);
			assert_true(CLASSIFY_ID(e->value) > CLASSIFY_ID_DEFAULT);
		}
		scene_close(&s);
	}
}

static void no_section_is_an_empty_world(void **state)
{
	static const struct classify_surroundings none;
	_cleanup_(classify_world_freep) struct classify_world *w = NULL;
	_cleanup_diag_ struct diag d = { 0 };

	assert_int_equal(classify_world_make(NULL, &none, &w, &d), 0);
	assert_null(w->conf);
	assert_false(classify_world_shapes(w));
	assert_int_equal(w->entries.n, 0);
	assert_int_equal(classify_world_find(w, "host"), -1);
	assert_int_equal(classify_world_cpu(w, 3), 0);
}

/* --- queues ------------------------------------------------------------------------------------ */

/* As many as the least of both devices and the CPUs; what is asked for instead of the CPUs. */
static void expect_queues(bool real, unsigned cpus, const char *more, unsigned queues)
{
	_cleanup_strbuf_ struct strbuf yaml = { 0 };
	struct scene s;

	strbuf_addf(&yaml, "%s%s%s", BED_TWO, more, BED_PEOPLE);
	scene_open(&s, cpus);
	if (real) {
		for (unsigned i = 0; i < BED_LINKS; i++)
			bed_link(&s.bed, i)->ifindex = nl_test_index(bed_nl, bed_names[i]);
		assert_int_equal(shaper_tree_new(bed_tell, &s.bed.told, &s.tree, &s.bed.d), 0);
	}
	scene_make(&s, strbuf_text(&yaml));
	assert_int_equal(s.world->plan.queues, queues);
	assert_int_equal(s.world->plan.up_offset, 0);
	for (unsigned q = 0; q < queues; q++)
		assert_int_equal(classify_world_cpu(s.world, q), q % cpus);
	scene_close(&s);
}

static void queues_are_the_least_of_all(void **state)
{
	expect_queues(false, 4, "", 4);
	expect_queues(false, 1, "", 1);
	expect_queues(false, 4, "  queues: 2\n", 2);
	expect_queues(false, 4, "  queues: 6\n", 6);
	expect_queues(false, 1000, "", 128);
	NL_TEST_NEEDS_NAMESPACE(bed_nl);
	expect_queues(true, 4, "", 4);
	expect_queues(true, 100, "", BED_QUEUES);
	expect_queues(true, 4, "  queues: 7\n", 7);
	expect_queues(true, 4, "  queues: 9\n", BED_QUEUES);
}

static void expect_stick_queues(bool real, unsigned cpus, const char *more, unsigned queues)
{
	_cleanup_strbuf_ struct strbuf yaml = { 0 };
	struct scene s;

	strbuf_addf(&yaml, "%s%s%s", BED_STICK, more, BED_PEOPLE);
	scene_open(&s, cpus);
	if (real) {
		bed_link(&s.bed, ACCESS)->ifindex = nl_test_index(bed_nl, "acc");
		assert_int_equal(shaper_tree_new(bed_tell, &s.bed.told, &s.tree, &s.bed.d), 0);
	}
	scene_make(&s, strbuf_text(&yaml));
	assert_true(s.world->stick);
	assert_int_equal(s.world->plan.queues, queues);
	assert_int_equal(s.world->plan.up_offset, queues);
	scene_close(&s);
}

/* Each direction has a half. */
static void a_stick_has_half_for_each(void **state)
{
	expect_stick_queues(false, 4, "", 4);
	expect_stick_queues(false, 1000, "", 128);
	NL_TEST_NEEDS_NAMESPACE(bed_nl);
	expect_stick_queues(true, 100, "", BED_QUEUES / 2);
	expect_stick_queues(true, 2, "", 2);
	expect_stick_queues(true, 2, "  queues: 8\n", BED_QUEUES / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_has_a_number_a_class_and_a_cpu),
		cmocka_unit_test(numbers_stay_over_a_reload),
		cmocka_unit_test(room_grows_and_stays),
		cmocka_unit_test(first_room_is_just_enough),
		cmocka_unit_test(the_default_plan_is_behind_all),
		cmocka_unit_test(somebodys_own_everything_goes_before),
		cmocka_unit_test(mappings_go_before_circuits),
		cmocka_unit_test(stale_changes_are_counted),
		cmocka_unit_test(what_does_not_go_together_is_told),
		cmocka_unit_test(one_interface_away),
		cmocka_unit_test(no_tree_means_no_class),
		cmocka_unit_test(no_section_is_an_empty_world),
		cmocka_unit_test(queues_are_the_least_of_all),
		cmocka_unit_test(a_stick_has_half_for_each),
	};

	return cmocka_run_group_tests_name("classify world", tests, bed_namespace, bed_leave);
}
