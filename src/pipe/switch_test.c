/* SPDX-License-Identifier: GPL-2.0-only */
/* What is off is not in the program. */
#include "pipe/pipe_test_util.h"

/* The saved context, the opaque zero, the verdict, and exit: no stage has a part in it. */
#define EMPTY_PROGRAM 4

static struct port_plan *empty_port(void)
{
	static const struct pipe_link link = { .name = "test", .ifindex = 1, .mtu = 1500 };
	struct pipe_plan plan = { 0 };
	struct port_plan *port = pipe_plan_port(&plan, &link);

	assert_non_null(port);
	vec_free(&plan.ports);
	port->mode = XDP_MODE_NATIVE;
	port->xdp = port->tc = true;
	return port;
}

static void all_off_leaves_nothing(void **state)
{
	struct port_plan *port = empty_port();
	struct instance *instance;

	need_root();
	instance = test_load(port);
	assert_int_equal(translated_size(instance->xdp_fd), EMPTY_PROGRAM);
	assert_int_equal(translated_size(instance->tc_fd), EMPTY_PROGRAM);
	instance_free(instance);
	port_plan_free(port);
}

/* Large frames cost a helper call only where something counts them. */
static void frags_alone_leave_nothing(void **state)
{
	struct port_plan *port = empty_port();
	struct instance *instance;

	need_root();
	port->frags = true;
	instance = test_load(port);
	assert_int_equal(translated_size(instance->xdp_fd), EMPTY_PROGRAM);
	instance_free(instance);
	port_plan_free(port);
}

static void off_passes_everything(void **state)
{
	struct port_plan *port = empty_port();
	struct instance *instance;
	struct outcome out;
	struct frame f;

	need_root();
	instance = test_load(port);
	put_ethernet(&f, 64);
	run_xdp(instance, &f, &out);
	assert_int_equal(out.verdict, XDP_PASS);
	assert_memory_equal(out.frame.bytes, f.bytes, f.len);
	instance_free(instance);
	port_plan_free(port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_off_leaves_nothing),
		cmocka_unit_test(frags_alone_leave_nothing),
		cmocka_unit_test(off_passes_everything),
	};

	return cmocka_run_group_tests_name("switch", tests, NULL, NULL);
}
