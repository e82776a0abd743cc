/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report/rows: the order, what is one row, what is not.
 */
#include <config.h>

#include "report/rows.h"

#include "support.h"
#include "world.h"

static struct certificate fresh, other;

/* One pool of `pods` that all show the fresh certificate. */
static struct job_config *one_pool(struct world *w, size_t pods)
{
	struct job_config *job;

	fresh = world_certificate('a', -1, 89);
	other = world_certificate('b', -1, 89);
	world_init(w);
	job = world_add_job(w, "edge");
	world_add_domain(job, "a.example");
	for (size_t i = 0; i < pods; i++)
		world_add_pod(w, job, "ns", "p");
	world_build(w);
	for (size_t i = 0; i < pods; i++)
		world_show(w, i, &fresh);
	return job;
}

static struct rows finish(struct world *w)
{
	struct error err = { 0 };
	struct rows rows;

	world_finish(w);
	assert_ok(rows_build(&w->facts, &rows, &err), &err);
	assert_int_equal(rows.count, w->targets.pair_count);
	return rows;
}

static void assert_order(struct world *w, const size_t *expected)
{
	struct rows rows = finish(w);

	for (size_t i = 0; i < rows.count; i++)
		assert_int_equal(rows.pairs[i].pair - w->targets.pairs,
				 expected[i]);
	rows_free(&rows);
}

static size_t row_count(struct world *w)
{
	struct rows rows = finish(w);
	size_t count = 0;

	for (size_t first = 0; first < rows.count;
	     first += rows_length(&rows, first))
		count++;
	rows_free(&rows);
	return count;
}

static void test_worst_first(void **state)
{
	struct certificate lagging = world_certificate('b', -30, 60);
	struct certificate sooner = world_certificate('c', -1, 79);
	struct certificate warned = world_certificate('d', -75, 15);
	struct certificate expired = world_certificate('e', -91, -1);
	struct certificate longer = world_certificate('f', -99, -9);
	struct certificate future = world_certificate('9', 1, 91);
	static const size_t expected[] = { 5, 4, 6, 8, 3, 7, 1, 2, 0, 9 };
	struct world w;

	(void)state;
	one_pool(&w, COUNT_OF(expected));
	world_show(&w, 1, &lagging);
	world_show(&w, 2, &sooner);
	world_show(&w, 3, &warned);
	world_show(&w, 4, &expired);
	world_show(&w, 5, &longer);
	world_break(&w, 6, REASON_CONNECT_REFUSED);
	world_break(&w, 7, REASON_DEADLINE);
	world_show(&w, 8, &future);
	assert_order(&w, expected);
	world_free(&w);
}

/* Though all are good, and the odd one has the most time left. */
static void test_odd_ones_first(void **state)
{
	struct certificate newest = world_certificate('c', 0, 90);
	static const size_t expected[] = { 4, 1, 5, 0, 2, 3, 6 };
	struct world w;

	(void)state;
	one_pool(&w, COUNT_OF(expected));
	world_show(&w, 1, &other);
	world_show(&w, 4, &newest);
	world_show(&w, 5, &other);
	assert_order(&w, expected);
	world_free(&w);
}

/* Though it has more time left. */
static void test_lagging_before_short(void **state)
{
	struct certificate lagging = world_certificate('c', -30, 99);
	static const size_t expected[] = { 1, 0 };
	struct world w;

	(void)state;
	one_pool(&w, COUNT_OF(expected));
	world_show(&w, 1, &lagging);
	assert_order(&w, expected);
	world_free(&w);
}

/* Not where each pod has its own, nor among those that do not even name the
 * domain. Pools do not count for each other. */
static void test_no_odd_ones(void **state)
{
	static const size_t expected[] = { 3, 4, 5, 6, 7, 8, 0, 1, 2 };
	struct certificate own[] = { world_certificate('e', -1, 89),
				     world_certificate('d', -1, 89),
				     world_certificate('c', -1, 89) };
	struct certificate default_1 = world_certificate('1', -1, 89);
	struct certificate default_2 = world_certificate('2', -1, 89);
	struct certificate of_two = world_certificate('f', -1, 70);
	struct certificate of_one = world_certificate('f', -1, 80);
	struct world w;

	(void)state;
	one_pool(&w, COUNT_OF(expected));
	for (size_t i = 0; i < 3; i++) {
		world_show(&w, i, &own[i]);
		world_show(&w, 3 + i, i < 2 ? &default_1 : &default_2);
		w.targets.pairs[3 + i].result.names_domain = false;
	}
	world_show(&w, 6, &of_two);
	world_show(&w, 7, &of_two);
	world_show(&w, 8, &of_one);
	w.discovery.jobs[0].pods.items[6].ns[0] = 'x';
	w.discovery.jobs[0].pods.items[7].ns[0] = 'x';
	w.discovery.jobs[0].pods.items[8].ns[0] = 'y';
	assert_order(&w, expected);
	world_free(&w);
}

static struct pod *third_pod(struct world *w)
{
	return &w->discovery.jobs[0].pods.items[2];
}

static void show_other(struct world *w)
{
	world_show(w, 2, &other);
}

static void fail_otherwise(struct world *w)
{
	world_break(w, 0, REASON_CONNECT_REFUSED);
	world_break(w, 1, REASON_CONNECT_REFUSED);
	world_break(w, 2, REASON_CONNECT_TIMEOUT);
}

static void verify_otherwise(struct world *w)
{
	world_verify(w, 0, VERIFY_UNKNOWN_ISSUER);
	world_verify(w, 1, VERIFY_UNKNOWN_ISSUER);
	world_verify(w, 2, VERIFY_SELF_SIGNED);
}

static void move_namespace(struct world *w)
{
	third_pod(w)->ns[0] = 'x';
}

static void move_port(struct world *w)
{
	third_pod(w)->port_label = "websecure";
}

static void move_family(struct world *w)
{
	w->config.jobs.items[0].families = FAMILIES_ALL;
	third_pod(w)->address.family = AF_INET6;
}

static void move_domain(struct world *w)
{
	static struct domain b;

	w->targets.pairs[2].domain = &b;
}

static void move_key(struct world *w)
{
	w->targets.pairs[2].key_type = KEY_TYPE_RSA;
}

/* Two pods that are alike and a third one have a row each; three one. */
static void test_what_is_apart(void **state)
{
	static const struct {
		const char *name;
		void (*change)(struct world *w);
	} rows[] = {
		{ "certificate", show_other }, { "reason", fail_otherwise },
		{ "chain", verify_otherwise }, { "namespace", move_namespace },
		{ "port", move_port },	       { "family", move_family },
		{ "domain", move_domain },     { "key", move_key },
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		one_pool(&w, 3);
		assert_row(row_count(&w) == 1, rows[i].name);
		pool_set_free(&w.pools);
		rows[i].change(&w);
		assert_row(row_count(&w) == 3, rows[i].name);
		world_free(&w);
	}
	one_pool(&w, 2);
	assert_int_equal(row_count(&w), 2);
	world_free(&w);
}

/* The same leaf may come in different chains, and pods may fail in the same
 * way. Other pods between them do not part them. */
static void test_what_is_together(void **state)
{
	struct certificate copy;
	struct world w;

	(void)state;
	one_pool(&w, 9);
	copy = fresh;
	world_show(&w, 3, &copy);
	for (size_t i = 1; i < 9; i += 3) {
		world_break(&w, i, REASON_HANDSHAKE_CLOSED);
		world_show(&w, i + 1, &other);
	}
	assert_int_equal(row_count(&w), 3);
	world_free(&w);
}

static void test_nothing(void **state)
{
	struct world w;

	(void)state;
	one_pool(&w, 0);
	assert_int_equal(row_count(&w), 0);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worst_first),
		cmocka_unit_test(test_odd_ones_first),
		cmocka_unit_test(test_lagging_before_short),
		cmocka_unit_test(test_no_odd_ones),
		cmocka_unit_test(test_what_is_apart),
		cmocka_unit_test(test_what_is_together),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
