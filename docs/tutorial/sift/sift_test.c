/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames of every size around the limit, and the size of the program when the stage is off. */
#include "pipe/pipe_test_util.h"

static struct port_plan *make_port(struct pipe_plan *plan, uint32_t limit)
{
	static const struct pipe_link link = {
		.name = "test", .ifindex = 1, .mtu = 1500, .mode = XDP_MODE_NATIVE
	};
	struct port_plan *port = pipe_plan_port(plan, &link);

	assert_non_null(port);
	port->xdp = true;
	if (limit)
		memcpy(port_plan_data(port, STAGE_sift), &limit, sizeof(limit));
	return port;
}

static void the_limit_holds(void **state)
{
	struct pipe_plan plan = { 0 };
	struct instance *instance;
	struct outcome out;
	struct frame f;

	need_root();
	instance = test_load(make_port(&plan, 100));
	for (unsigned size = 60; size <= 140; size++) {
		put_ethernet(&f, size);
		run_xdp(instance, &f, &out);
		assert_int_equal(out.verdict, size > 100 ? XDP_DROP : XDP_PASS);
	}
	assert_int_equal(test_count(instance, COUNT_sift_dropped).packets, 40);
	instance_free(instance);
	pipe_plan_free(&plan);
}

static void off_it_leaves_no_instruction(void **state)
{
	struct pipe_plan plan = { 0 };
	struct instance *instance;

	need_root();
	instance = test_load(make_port(&plan, 0));
	print_message("translated size with the stage off: %u\n", translated_size(instance->xdp_fd));
	assert_int_equal(translated_size(instance->xdp_fd), 4);
	instance_free(instance);
	pipe_plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_limit_holds),
		cmocka_unit_test(off_it_leaves_no_instruction),
	};

	return cmocka_run_group_tests_name("sift", tests, NULL, NULL);
}
