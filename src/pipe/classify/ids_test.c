/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers stay with their names, and come back to others only when nobody has them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "pipe/classify/ids.h"
#include "pipe/classify/layout.h"

static const struct classify_count ten = { { 10, 11 }, { 12, 13 } };

/* Marks, uses these, sweeps. */
static void keep_only(struct classify_ids *ids, const uint32_t *used, size_t n)
{
	classify_ids_mark(ids);
	for (size_t i = 0; i < n; i++)
		classify_ids_use(ids, used[i]);
	assert_int_equal(classify_ids_sweep(ids), 0);
}
#define KEEP(ids, ...)                                    \
	keep_only(ids, (const uint32_t[]){ __VA_ARGS__ }, \
		  sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static void numbers_are_dense_and_stay(void **state)
{
	struct classify_ids ids = { 0 };
	char name[16];

	assert_int_equal(classify_ids_find(&ids, "0"), 0);
	for (uint32_t i = 0; i < 5000; i++) {
		(void)snprintf(name, sizeof(name), "%u", i);
		assert_int_equal(classify_ids_give(&ids, name), CLASSIFY_ID_DEFAULT + 1 + i);
	}
	for (uint32_t i = 0; i < 5000; i++) {
		(void)snprintf(name, sizeof(name), "%u", i);
		assert_int_equal(classify_ids_give(&ids, name), CLASSIFY_ID_DEFAULT + 1 + i);
		assert_int_equal(classify_ids_find(&ids, name), CLASSIFY_ID_DEFAULT + 1 + i);
	}
	assert_int_equal(classify_ids_find(&ids, "5000"), 0);
	assert_int_equal(ids.all.n, 5000 + CLASSIFY_ID_DEFAULT + 1);
	classify_ids_free(&ids);
}

static void swept_numbers_are_given_again(void **state)
{
	struct classify_ids ids = { 0 };

	assert_int_equal(classify_ids_give(&ids, "a"), 2);
	assert_int_equal(classify_ids_give(&ids, "b"), 3);
	assert_int_equal(classify_ids_give(&ids, "c"), 4);
	KEEP(&ids, 4);
	assert_int_equal(classify_ids_find(&ids, "a"), 0);
	assert_int_equal(classify_ids_find(&ids, "b"), 0);
	assert_int_equal(classify_ids_find(&ids, "c"), 4);
	assert_int_equal(classify_ids_give(&ids, "d"), 2);
	assert_int_equal(classify_ids_give(&ids, "a"), 3);
	assert_int_equal(classify_ids_give(&ids, "e"), 5);
	KEEP(&ids, 2, 3, 4, 5); /* nothing to sweep */
	assert_int_equal(classify_ids_find(&ids, "d"), 2);
	classify_ids_free(&ids);
}

/* What is counted under a number from its end on belongs to whoever gets it: its zero stays. */
static void a_zero_stays_with_the_number(void **state)
{
	struct classify_ids ids = { 0 };

	assert_int_equal(classify_ids_give(&ids, "a"), 2);
	ids.all.at[2].zero = ten;
	KEEP(&ids, 0);
	assert_null(ids.all.at[2].name);
	assert_int_equal(classify_ids_give(&ids, "b"), 2);
	assert_memory_equal(&ids.all.at[2].zero, &ten, sizeof(ten));
	classify_ids_free(&ids);
}

static void nobody_and_the_default_plan_are_never_swept(void **state)
{
	struct classify_ids ids = { 0 };

	assert_int_equal(classify_ids_give(&ids, "a"), 2);
	KEEP(&ids, 7777); /* a number that is not there is no harm */
	assert_int_equal(ids.spare.n, 1);
	assert_int_equal(classify_ids_give(&ids, "b"), 2);
	assert_int_equal(classify_ids_give(&ids, "c"), 3);
	classify_ids_free(&ids);
}

static void restored_as_they_were(void **state)
{
	struct classify_ids ids = { 0 };

	assert_int_equal(classify_ids_restore(&ids, 5, "five", &ten), 0);
	assert_int_equal(classify_ids_restore(&ids, 3, "three", &ten), 0);
	assert_int_equal(classify_ids_restore(&ids, 4, NULL, &ten), 0);
	assert_int_equal(classify_ids_restore(&ids, CLASSIFY_ID_DEFAULT, NULL, &ten), 0);
	assert_int_equal(classify_ids_find_spare(&ids), 0);
	assert_int_equal(classify_ids_find(&ids, "five"), 5);
	assert_memory_equal(&ids.all.at[5].zero, &ten, sizeof(ten));
	assert_memory_equal(&ids.all.at[CLASSIFY_ID_DEFAULT].zero, &ten, sizeof(ten));
	/* Holes are filled, the least first; what was counted under them stays theirs. */
	assert_int_equal(classify_ids_give(&ids, "new"), 2);
	assert_int_equal(classify_ids_give(&ids, "newer"), 4);
	assert_memory_equal(&ids.all.at[4].zero, &ten, sizeof(ten));
	assert_int_equal(classify_ids_give(&ids, "newest"), 6);
	classify_ids_free(&ids);
}

static void what_cannot_be_restored(void **state)
{
	struct classify_ids ids = { 0 };

	assert_int_equal(classify_ids_restore(&ids, 3, "three", &ten), 0);
	assert_int_equal(classify_ids_restore(&ids, 3, "other", &ten), -EINVAL);
	assert_int_equal(classify_ids_restore(&ids, 3, NULL, &ten), -EINVAL);
	assert_int_equal(classify_ids_restore(&ids, 4, "three", &ten), -EINVAL);
	assert_int_equal(classify_ids_restore(&ids, 0, "nobody", &ten), -EINVAL);
	assert_int_equal(classify_ids_restore(&ids, 0, NULL, &ten), -EINVAL);
	assert_int_equal(classify_ids_restore(&ids, CLASSIFY_ID_DEFAULT, "default", &ten), -EINVAL);
	assert_int_equal(classify_ids_restore(&ids, CLASSIFY_IDS, "far", &ten), -EINVAL);
	assert_int_equal(classify_ids_restore(&ids, UINT32_MAX, "farther", &ten), -EINVAL);
	assert_int_equal(classify_ids_find(&ids, "three"), 3);
	assert_int_equal(classify_ids_find(&ids, "other"), 0);
	classify_ids_free(&ids);
}

/* The last number is given; the one after is not there. */
static void numbers_end(void **state)
{
	struct classify_ids ids = { 0 };

	assert_int_equal(classify_ids_restore(&ids, CLASSIFY_IDS - 1, "last", &ten), 0);
	assert_int_equal(classify_ids_give(&ids, "one more"), 0);
	assert_int_equal(classify_ids_give(&ids, "last"), CLASSIFY_IDS - 1);
	assert_int_equal(classify_ids_find_spare(&ids), 0);
	assert_int_equal(classify_ids_give(&ids, "one more"), 2);
	classify_ids_free(&ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_dense_and_stay),
		cmocka_unit_test(swept_numbers_are_given_again),
		cmocka_unit_test(a_zero_stays_with_the_number),
		cmocka_unit_test(nobody_and_the_default_plan_are_never_swept),
		cmocka_unit_test(restored_as_they_were),
		cmocka_unit_test(what_cannot_be_restored),
		cmocka_unit_test(numbers_end),
	};

	return cmocka_run_group_tests_name("classify ids", tests, NULL, NULL);
}
