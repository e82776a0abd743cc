/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report/report: the run as JSON.
 */
#include <config.h>

#include "report/report.h"

#include <json-c/json.h>

#include "probe/session_facts.h"
#include "support.h"
#include "world.h"

static struct certificate fresh, lagging;

static void fill(struct world *w)
{
	struct job_config *job;

	fresh = world_certificate('a', -1, 89);
	lagging = world_certificate('b', -61, 29);
	world_init(w);
	job = world_add_job(w, "edge");
	world_add_domain(job, "a.example");
	world_add_pod(w, job, "shop", "proxy-0");
	world_add_pod(w, job, "shop", "proxy-1");
	world_add_pod(w, job, "shop", "proxy-2");
	world_build(w);
	world_show(w, 0, &fresh);
	world_show(w, 1, &lagging);
	world_break(w, 2, REASON_CONNECT_REFUSED);
	world_finish(w);
}

static struct json_object *member(struct json_object *o, const char *name)
{
	struct json_object *value = NULL;

	assert_true(json_object_object_get_ex(o, name, &value));
	return value;
}

static const char *text_of(struct json_object *o, const char *name)
{
	return json_object_get_string(member(o, name));
}

static void test_json(void **state)
{
	struct error err = { 0 };
	struct json_object *root;
	struct json_object *pairs;
	struct json_object *pair;
	struct json_object *job;
	struct output o;
	struct world w;

	(void)state;
	fill(&w);
	world_fail(&w, w.discovery.jobs[0].job, "a\"b\\c\n",
		   DISCOVERY_FORBIDDEN);
	output_open(&o);
	assert_ok(report_json(o.file, &w.facts, &err), &err);
	root = json_tokener_parse(output_read(&o));
	assert_non_null(root);
	assert_string_equal(text_of(member(root, "run"), "version"),
			    PACKAGE_VERSION);
	assert_string_equal(text_of(member(root, "run"), "started_at"),
			    "2023-11-14T22:13:17Z");
	assert_string_equal(text_of(member(root, "run"), "success"), "true");
	job = json_object_array_get_idx(member(root, "jobs"), 0);
	assert_string_equal(text_of(job, "job_name"), "edge");
	assert_string_equal(text_of(job, "discovery_success"), "false");
	assert_string_equal(
		text_of(json_object_array_get_idx(
				member(job, "discovery_failures"), 0),
			"ns"),
		"a\"b\\c\n");
	pairs = member(root, "pairs");
	assert_int_equal(json_object_array_length(pairs), 3);
	pair = json_object_array_get_idx(pairs, 1);
	assert_string_equal(text_of(pair, "pod"), "proxy-1");
	assert_string_equal(text_of(pair, "address"), "192.0.2.1");
	assert_string_equal(text_of(pair, "status"), "valid");
	assert_string_equal(text_of(pair, "not_after"), "2023-12-13T22:13:20Z");
	assert_int_equal(
		json_object_get_int64(member(pair, "cert_renewal_lag_seconds")),
		60 * WORLD_DAY);
	assert_int_equal(json_object_get_int64(
				 member(pair, "seconds_until_cert_expires")),
			 29 * WORLD_DAY);
	assert_false(json_object_object_get_ex(pair, "reason", NULL));
	assert_string_equal(text_of(pair, "probe_duration_seconds"),
			    "0.001500");
	assert_string_equal(text_of(pair, "chain_not_after"),
			    "2023-12-13T22:13:20Z");
	/* Neither asked for nor known. */
	assert_false(json_object_object_get_ex(pair, "key", NULL));
	assert_false(json_object_object_get_ex(pair, "cert_verified", NULL));
	assert_false(json_object_object_get_ex(pair, "verify_reason", NULL));
	assert_false(json_object_object_get_ex(pair, "tls_version", NULL));
	assert_false(json_object_object_get_ex(pair, "ocsp_status", NULL));
	assert_false(json_object_object_get_ex(pair, "ocsp_next_update", NULL));
	pair = json_object_array_get_idx(pairs, 2);
	assert_string_equal(text_of(pair, "reason"), "connect_refused");
	assert_string_equal(text_of(pair, "probe_success"), "false");
	assert_false(json_object_object_get_ex(pair, "not_after", NULL));
	assert_false(json_object_object_get_ex(pair, "chain_not_after", NULL));
	assert_false(json_object_object_get_ex(pair, "probe_duration_seconds",
					       NULL));
	assert_false(
		json_object_object_get_ex(pair, "fingerprint_sha256", NULL));
	assert_false(json_object_object_get_ex(pair, "cert_renewal_lag_seconds",
					       NULL));
	(void)json_object_put(root);
	output_close(&o);
	world_free(&w);
}

/* All that a complete handshake tells. */
static void test_json_of_a_session(void **state)
{
	static const struct session_facts session = {
		.version = "TLS1.3",
		.cipher = "TLS_AES_256_GCM_SHA384",
		.group = "x25519",
		.signature = "ecdsa_secp256r1_sha256",
	};
	static const struct ocsp_facts staple = {
		.status = OCSP_REVOKED,
		.this_update = WORLD_NOW - 100,
		.next_update = WORLD_NOW + WORLD_DAY,
		.has_next_update = true,
	};
	static const struct {
		const char *name, *value;
	} first[] = {
		{ "key", "rsa" },
		{ "cert_verified", "false" },
		{ "verify_reason", "revoked" },
		{ "chain_not_after", "2023-11-16T22:13:20Z" },
		{ "tls_version", "TLS1.3" },
		{ "tls_cipher", "TLS_AES_256_GCM_SHA384" },
		{ "tls_group", "x25519" },
		{ "tls_signature", "ecdsa_secp256r1_sha256" },
		{ "ocsp_status", "revoked" },
		{ "ocsp_next_update", "2023-11-15T22:13:20Z" },
		{ "probe_duration_seconds", "12.345678" },
	};
	struct error err = { 0 };
	struct json_object *root;
	struct json_object *pair;
	struct job_config *job;
	struct output o;
	struct world w;

	(void)state;
	fresh = world_certificate('a', -1, 89);
	world_init(&w);
	job = world_add_job(&w, "edge");
	job->key_types[KEY_TYPE_RSA] = true;
	world_add_domain(job, "a.example");
	world_add_pod(&w, job, "shop", "proxy-0");
	world_add_pod(&w, job, "shop", "proxy-1");
	world_build(&w);
	for (size_t i = 0; i < 2; i++) {
		world_show(&w, i, &fresh);
		world_verify(&w, i, VERIFY_OK);
		w.targets.pairs[i].result.asked_for_staple = true;
	}
	w.targets.pairs[0].result.session = &session;
	w.targets.pairs[0].result.staple = &staple;
	w.targets.pairs[0].result.duration_us = 12345678;
	w.chains[0].presented_not_after = WORLD_NOW + 2 * WORLD_DAY;
	/* Of another name: the chain is that of another domain. */
	w.targets.pairs[1].result.names_domain = false;
	world_finish(&w);
	output_open(&o);
	assert_ok(report_json(o.file, &w.facts, &err), &err);
	root = json_tokener_parse(output_read(&o));
	assert_non_null(root);
	pair = json_object_array_get_idx(member(root, "pairs"), 0);
	for (size_t i = 0; i < COUNT_OF(first); i++)
		assert_string_equal(text_of(pair, first[i].name),
				    first[i].value);
	pair = json_object_array_get_idx(member(root, "pairs"), 1);
	assert_string_equal(text_of(pair, "verify_reason"), "name_mismatch");
	assert_string_equal(text_of(pair, "ocsp_status"), "none");
	assert_false(json_object_object_get_ex(pair, "chain_not_after", NULL));
	assert_false(json_object_object_get_ex(pair, "ocsp_next_update", NULL));
	(void)json_object_put(root);
	output_close(&o);
	/* A good one needs no reason. */
	w.targets.pairs[0].result.staple = NULL;
	probe_result_settle(&w.targets.pairs[0].result, wall_now());
	output_open(&o);
	assert_ok(report_json(o.file, &w.facts, &err), &err);
	root = json_tokener_parse(output_read(&o));
	pair = json_object_array_get_idx(member(root, "pairs"), 0);
	assert_string_equal(text_of(pair, "cert_verified"), "true");
	assert_false(json_object_object_get_ex(pair, "verify_reason", NULL));
	(void)json_object_put(root);
	output_close(&o);
	world_free(&w);
}

static void test_json_of_nothing(void **state)
{
	struct error err = { 0 };
	struct json_object *root;
	struct output o;
	struct world w;

	(void)state;
	world_init(&w);
	world_build(&w);
	world_finish(&w);
	output_open(&o);
	assert_ok(report_json(o.file, &w.facts, &err), &err);
	root = json_tokener_parse(output_read(&o));
	assert_non_null(root);
	assert_int_equal(json_object_array_length(member(root, "pairs")), 0);
	assert_int_equal(json_object_array_length(member(root, "jobs")), 0);
	(void)json_object_put(root);
	output_close(&o);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_of_a_session),
		cmocka_unit_test(test_json_of_nothing),
	};

	return cmocka_run_group_tests_name("report_json", tests, NULL, NULL);
}
