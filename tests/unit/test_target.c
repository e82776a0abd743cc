/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/target: pods times domains, in order, with a limit.
 */
#include <config.h>

#include "probe/target.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "world.h"

static void test_order(void **state)
{
	static const char *const expected[] = {
		"edge x p1 a.example",	"edge x p1 b.example",
		"edge y p1 a.example",	"edge y p1 b.example",
		"other x p1 c.example",
	};
	struct job_config *job;
	struct world w;

	(void)state;
	world_init(&w);
	job = world_add_job(&w, "edge");
	world_add_domain(job, "a.example");
	world_add_domain(job, "b.example");
	world_add_pod(&w, job, "x", "p1");
	world_add_pod(&w, job, "y", "p1");
	job = world_add_job(&w, "none");
	world_add_domain(job, "a.example");
	job = world_add_job(&w, "other");
	world_add_domain(job, "c.example");
	world_add_pod(&w, job, "x", "p1");
	world_build(&w);
	assert_int_equal(w.targets.endpoint_count, 3);
	assert_int_equal(w.targets.pair_count, COUNT_OF(expected));
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		const struct pair *p = &w.targets.pairs[i];
		char text[64];

		(void)snprintf(text, sizeof(text), "%s %s %s %s",
			       p->endpoint->job->name, p->endpoint->pod->ns,
			       p->endpoint->pod->name, p->domain->name);
		assert_string_equal(text, expected[i]);
		assert_int_equal(p->result.status, STATUS_NONE);
		assert_null(p->result.certificate);
	}
	/* The pairs of an endpoint share it. */
	assert_ptr_equal(w.targets.pairs[0].endpoint,
			 w.targets.pairs[1].endpoint);
	assert_ptr_equal(w.targets.pairs[2].endpoint, &w.targets.endpoints[1]);
	world_free(&w);
}

/* One pair for each type that is asked for, next to each other. */
static void test_key_types(void **state)
{
	static const struct {
		bool rsa, ecdsa;
		enum key_type expected[2];
		size_t count;
	} rows[] = {
		{ false, false, { KEY_TYPE_ANY }, 1 },
		{ true, false, { KEY_TYPE_RSA }, 1 },
		{ false, true, { KEY_TYPE_ECDSA }, 1 },
		{ true, true, { KEY_TYPE_RSA, KEY_TYPE_ECDSA }, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct job_config *job;
		struct world w;

		world_init(&w);
		job = world_add_job(&w, "edge");
		job->key_types[KEY_TYPE_RSA] = rows[i].rsa;
		job->key_types[KEY_TYPE_ECDSA] = rows[i].ecdsa;
		world_add_domain(job, "a.example");
		world_add_domain(job, "b.example");
		world_add_pod(&w, job, "x", "p1");
		world_add_pod(&w, job, "x", "p2");
		world_build(&w);
		assert_int_equal(w.targets.endpoint_count, 2);
		assert_int_equal(w.targets.pair_count, 4 * rows[i].count);
		for (size_t j = 0; j < w.targets.pair_count; j++) {
			const struct pair *p = &w.targets.pairs[j];
			size_t place = j / rows[i].count;

			assert_int_equal(p->key_type,
					 rows[i].expected[j % rows[i].count]);
			assert_ptr_equal(
				p->domain,
				&w.discovery.jobs[0].domains.items[place % 2]);
			assert_ptr_equal(p->endpoint,
					 &w.targets.endpoints[place / 2]);
		}
		world_free(&w);
	}
}

/* A pod of a Gateway is asked for the Gateway's domains alone. */
static void test_scopes(void **state)
{
	static const char *const expected[] = { "p1 a.example", "p1 c.example",
						"p3 a.example", "p3 b.example",
						"p3 c.example" };
	size_t places[] = { 0, 2 };
	const struct domain_scope some = { .domains = places, .count = 2 };
	const struct domain_scope none = { .domains = places, .count = 0 };
	struct pod_vector *pods;
	struct job_config *job;
	struct world w;

	(void)state;
	world_init(&w);
	job = world_add_job(&w, "edge");
	world_add_domain(job, "a.example");
	world_add_domain(job, "b.example");
	world_add_domain(job, "c.example");
	world_add_pod(&w, job, "x", "p1");
	world_add_pod(&w, job, "x", "p2");
	world_add_pod(&w, job, "x", "p3");
	pods = &w.discovery.jobs[0].pods;
	pods->items[0].scope = &some;
	pods->items[1].scope = &none;
	world_build(&w);
	assert_int_equal(w.targets.endpoint_count, 3);
	assert_int_equal(w.targets.pair_count, COUNT_OF(expected));
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		const struct pair *p = &w.targets.pairs[i];
		char text[64];

		(void)snprintf(text, sizeof(text), "%s %s",
			       p->endpoint->pod->name, p->domain->name);
		assert_string_equal(text, expected[i]);
	}
	world_free(&w);
}

/* Domains that discovery did not list are not taken for few. */
static void test_unlisted_scope(void **state)
{
	const struct domain_scope unlisted = { .domains = NULL, .count = 3 };
	struct error err = { 0 };
	struct target_set set;
	struct job_config *job;
	struct world w;

	(void)state;
	world_init(&w);
	job = world_add_job(&w, "edge");
	world_add_domain(job, "a.example");
	world_add_pod(&w, job, "x", "p1");
	w.discovery.jobs[0].pods.items[0].scope = &unlisted;
	assert_error(target_set_build(&w.discovery, &set, &err), &err,
		     ERROR_TOO_LARGE, "narrow --labels");
	world_free(&w);
}

static void test_families(void **state)
{
	static const struct {
		enum job_families families;
		const char *address;
		const char *family;
	} rows[] = {
		{ FAMILIES_PRIMARY, "192.0.2.1", "" },
		{ FAMILIES_PRIMARY, "2001:db8::1", "" },
		{ FAMILIES_ALL, "192.0.2.1", "ipv4" },
		{ FAMILIES_ALL, "2001:db8::1", "ipv6" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct job_config job = { .families = rows[i].families };
		struct pod pod = { .port = 443 };
		const struct endpoint endpoint = { .job = &job, .pod = &pod };

		assert_true(address_parse(rows[i].address, &pod.address));
		assert_string_equal(endpoint_family(&endpoint), rows[i].family);
	}
}

static void test_nothing(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_build(&w);
	assert_int_equal(w.targets.endpoint_count, 0);
	assert_int_equal(w.targets.pair_count, 0);
	world_free(&w);
}

static void test_limit(void **state)
{
	static const struct {
		size_t pods, domains;
		bool has_types; /* both */
		bool fits;
	} rows[] = {
		{ 1000, 1000, false, true },  { 1001, 1000, false, false },
		{ 1000001, 1, false, false }, { 500, 1000, true, true },
		{ 501, 1000, true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		/* Only counted, but for the set that fits. */
		struct pod *pods = calloc(rows[i].pods, sizeof(*pods));
		struct domain *domains =
			calloc(rows[i].domains, sizeof(*domains));
		struct job_config job = { 0 };
		struct job_discovery found = {
			.job = &job,
			.pods = { .items = pods, .count = rows[i].pods },
			.domains = { .items = domains,
				     .count = rows[i].domains },
		};
		struct discovery discovery = { .jobs = &found, .count = 1 };
		struct target_set set = { 0 };
		struct error err = { 0 };
		int r;

		assert_non_null(pods);
		assert_non_null(domains);
		job.key_types[KEY_TYPE_RSA] = rows[i].has_types;
		job.key_types[KEY_TYPE_ECDSA] = rows[i].has_types;
		r = target_set_build(&discovery, &set, &err);
		if (rows[i].fits) {
			assert_ok(r, &err);
			assert_int_equal(set.pair_count, TARGET_PAIRS_MAX);
		} else {
			assert_error(r, &err, ERROR_TOO_LARGE, "--node");
			assert_null(set.pairs);
		}
		target_set_free(&set);
		free(pods);
		free(domains);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_key_types),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_unlisted_scope),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
