/* SPDX-License-Identifier: Apache-2.0 */
/*
 * analysis/pool: lag, distinct certificates, what is kept apart.
 */
#include <config.h>

#include "analysis/pool.h"

#include "support.h"
#include "world.h"

/* One job, one domain, `pods` pods in "ns". */
static struct job_config *one_pool(struct world *w, size_t pods)
{
	struct job_config *job;

	world_init(w);
	job = world_add_job(w, "edge");
	world_add_domain(job, "a.example");
	for (size_t i = 0; i < pods; i++)
		world_add_pod(w, job, "ns", "pod");
	world_build(w);
	return job;
}

static int64_t lag_of(const struct world *w, size_t pair)
{
	return pool_set_lag(&w->pools, &w->targets.pairs[pair]);
}

/* The incident: two of three renewed, all still valid. */
static void test_lag(void **state)
{
	struct certificate fresh = world_certificate('a', -1, 89);
	struct certificate old = world_certificate('b', -61, 29);
	struct world w;

	(void)state;
	one_pool(&w, 3);
	world_show(&w, 0, &fresh);
	world_show(&w, 1, &old);
	world_show(&w, 2, &fresh);
	world_finish(&w);
	assert_int_equal(w.pools.count, 1);
	assert_true(lag_of(&w, 0) == 0);
	assert_true(lag_of(&w, 1) == 60 * WORLD_DAY);
	assert_true(lag_of(&w, 2) == 0);
	assert_int_equal(w.pools.pools[0].certificate_count, 2);
	assert_ptr_equal(w.pools.pools[0].certificates[0], &fresh);
	assert_ptr_equal(w.pools.pools[0].certificates[1], &old);
	assert_int_equal(w.pools.pools[0].pairs[STATUS_VALID], 3);
	assert_true(w.pools.pools[0].has_dates);
	assert_true(w.pools.pools[0].newest_not_before == fresh.not_before);
	assert_true(w.pools.pools[0].oldest_not_before == old.not_before);
	assert_true(w.pools.pools[0].earliest_not_after == old.not_after);
	world_free(&w);
}

static void test_what_does_not_count(void **state)
{
	struct certificate good = world_certificate('a', -10, 80);
	struct certificate expired = world_certificate('b', -100, -1);
	struct certificate future = world_certificate('c', 1, 91);
	struct certificate other = world_certificate('d', 0, 365);
	struct world w;

	(void)state;
	one_pool(&w, 6);
	world_show(&w, 0, &good);
	world_show(&w, 1, &expired);
	world_show(&w, 2, &future);
	/* A proxy's self-made default, newer than all. */
	world_show(&w, 3, &other);
	w.targets.pairs[3].result.names_domain = false;
	world_break(&w, 4, REASON_CONNECT_REFUSED);
	world_break(&w, 5, REASON_DEADLINE);
	world_finish(&w);
	assert_true(lag_of(&w, 0) == 0);
	assert_true(lag_of(&w, 1) == 90 * WORLD_DAY);
	assert_true(lag_of(&w, 2) == LAG_NONE);
	assert_true(lag_of(&w, 3) == LAG_NONE);
	assert_true(lag_of(&w, 4) == LAG_NONE);
	assert_true(lag_of(&w, 5) == LAG_NONE);
	assert_int_equal(w.pools.pools[0].certificate_count, 3);
	assert_true(w.pools.pools[0].newest_not_before == good.not_before);
	assert_true(w.pools.pools[0].earliest_not_after == expired.not_after);
	assert_int_equal(w.pools.pools[0].pairs[STATUS_VALID], 1);
	assert_int_equal(w.pools.pools[0].pairs[STATUS_EXPIRED], 1);
	assert_int_equal(w.pools.pools[0].pairs[STATUS_NOT_YET_VALID], 1);
	assert_int_equal(w.pools.pools[0].pairs[STATUS_NOT_FOUND], 2);
	assert_int_equal(w.pools.pools[0].pairs[STATUS_NONE], 1);
	world_free(&w);
}

static void test_without_dates(void **state)
{
	struct world w;

	(void)state;
	one_pool(&w, 1);
	world_break(&w, 0, REASON_NOT_TLS);
	world_finish(&w);
	assert_false(w.pools.pools[0].has_dates);
	assert_int_equal(w.pools.pools[0].certificate_count, 0);
	world_free(&w);
}

/* The same leaf may come in two chains: facts at two addresses. */
static void test_same_leaf_twice(void **state)
{
	struct certificate one = world_certificate('a', -1, 89);
	struct certificate same = world_certificate('a', -1, 89);
	struct world w;

	(void)state;
	one_pool(&w, 2);
	world_show(&w, 0, &one);
	world_show(&w, 1, &same);
	world_finish(&w);
	assert_int_equal(w.pools.pools[0].certificate_count, 1);
	world_free(&w);
}

static void test_kept_apart(void **state)
{
	struct certificate fresh = world_certificate('a', -1, 89);
	struct certificate old = world_certificate('b', -61, 29);
	struct job_config *job;
	struct world w;

	(void)state;
	world_init(&w);
	for (int i = 0; i < 2; i++) {
		job = world_add_job(&w, i == 0 ? "one" : "two");
		world_add_domain(job, "a.example");
		world_add_domain(job, "b.example");
		world_add_pod(&w, job, "x", "p");
		world_add_pod(&w, job, "y", "p");
	}
	world_build(&w);
	assert_int_equal(w.targets.pair_count, 8);
	/* A different age for each neighbour: none may be compared. */
	for (size_t i = 0; i < 8; i++)
		world_show(&w, i, i % 2 == 0 ? &fresh : &old);
	world_finish(&w);
	assert_int_equal(w.pools.count, 8);
	for (size_t i = 0; i < 8; i++) {
		assert_true(lag_of(&w, i) == 0);
		assert_int_equal(w.pools.pools[i].certificate_count, 1);
		/* Sorted by job, namespace and domain. */
		assert_string_equal(w.pools.pools[i].job->name,
				    i < 4 ? "one" : "two");
		assert_string_equal(w.pools.pools[i].ns, i % 4 < 2 ? "x" : "y");
		assert_string_equal(w.pools.pools[i].domain->name,
				    i % 2 == 0 ? "a.example" : "b.example");
	}
	world_free(&w);
}

/* A server renews its RSA and its ECDSA certificate apart. */
static void test_key_types_are_kept_apart(void **state)
{
	struct certificate fresh = world_certificate('a', -1, 89);
	struct certificate old = world_certificate('b', -61, 29);
	struct job_config *job;
	struct world w;

	(void)state;
	world_init(&w);
	job = world_add_job(&w, "edge");
	job->key_types[KEY_TYPE_RSA] = true;
	job->key_types[KEY_TYPE_ECDSA] = true;
	world_add_domain(job, "a.example");
	world_add_pod(&w, job, "ns", "p1");
	world_add_pod(&w, job, "ns", "p2");
	world_build(&w);
	assert_int_equal(w.targets.pair_count, 4);
	world_show(&w, 0, &old); /* RSA */
	world_show(&w, 1, &fresh);
	world_show(&w, 2, &old);
	world_break(&w, 3, REASON_KEY_TYPE_MISSING);
	world_finish(&w);
	assert_int_equal(w.pools.count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(w.pools.pools[i].key_type,
				 i == 0 ? KEY_TYPE_RSA : KEY_TYPE_ECDSA);
		assert_int_equal(w.pools.pools[i].certificate_count, 1);
		assert_int_equal(w.pools.pools[i].pairs[STATUS_VALID], 2 - i);
		assert_int_equal(w.pools.pools[i].pairs[STATUS_NONE], i);
	}
	for (size_t i = 0; i < 3; i++)
		assert_true(lag_of(&w, i) == 0);
	assert_true(lag_of(&w, 3) == LAG_NONE);
	world_free(&w);
}

/* With --node a run sees a part of the pool. */
static void test_on_one_node(void **state)
{
	struct certificate fresh = world_certificate('a', -1, 89);
	struct certificate lagging = world_certificate('b', -31, 59);
	struct job_config *job;
	struct error err = { 0 };
	struct world w;

	(void)state;
	job = one_pool(&w, 2);
	assert_true(pool_is_whole(job));
	assert_ok(job_config_set_node(job, "node-1", &err), &err);
	assert_false(pool_is_whole(job));
	world_show(&w, 0, &fresh);
	world_show(&w, 1, &lagging);
	world_finish(&w);
	assert_true(lag_of(&w, 0) == LAG_NONE);
	assert_true(lag_of(&w, 1) == LAG_NONE);
	world_free(&w);
}

static void test_nothing(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_build(&w);
	world_finish(&w);
	assert_int_equal(w.pools.count, 0);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lag),
		cmocka_unit_test(test_what_does_not_count),
		cmocka_unit_test(test_without_dates),
		cmocka_unit_test(test_same_leaf_twice),
		cmocka_unit_test(test_kept_apart),
		cmocka_unit_test(test_key_types_are_kept_apart),
		cmocka_unit_test(test_on_one_node),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
