/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discovery/lister: lists that are read, fail, or are remembered. Lists and
 * memory are made by hand.
 */
#include <config.h>

#include "discovery/lister.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "config/value.h"
#include "support.h"

#define NOW INT64_C(1700000000000)
#define HOUR INT64_C(3600000)

struct fixture {
	struct config config;
	struct job_config job;
	struct job_discovery discovered;
	struct list_memory memory;
	struct lister lister;
	struct found found;
	/* What the next list says. */
	struct error answer;
	bool is_general; /* its failure is the API's */
	int reads;
	/* What the memory has. */
	bool has;
	size_t has_names; /* beside a pod */
	struct wall_time listed_at;
	int recall_failure;
	/* What it was told. */
	int64_t asked_ms; /* the age, of the last question */
	int keeps;
	struct wall_time kept_at;
	size_t kept_pods;
};

static void add_pod(struct found *found, const char *name)
{
	struct error err = { 0 };

	assert_ok(found_add_pod(found,
				(struct pod_facts){ .ns = strdup("edge"),
						    .name = strdup(name) },
				&err),
		  &err);
}

static int recall(void *data, const char *key, int64_t max_age_ms,
		  struct found *found, struct wall_time *ret_listed_at,
		  struct error *err)
{
	struct fixture *f = data;

	assert_string_equal(key, "key");
	f->asked_ms = max_age_ms;
	if (f->recall_failure != 0)
		return error_memory(err);
	if (!f->has || wall_now().ms - f->listed_at.ms > max_age_ms)
		return 0;
	add_pod(found, "old");
	for (size_t i = 0; i < f->has_names; i++)
		assert_ok(found_add_name(found, "a.example", NULL, 0, err),
			  err);
	*ret_listed_at = f->listed_at;
	return 1;
}

static void keep(void *data, const char *key, struct wall_time listed_at,
		 const struct found *found)
{
	struct fixture *f = data;

	assert_string_equal(key, "key");
	f->keeps++;
	f->kept_at = listed_at;
	f->kept_pods = found->pods.count;
}

static int read_list(void *data, struct found *found, struct error *err)
{
	struct fixture *f = data;

	f->reads++;
	assert_int_equal(found->pods.count, 0);
	/* Something, before it fails. */
	add_pod(found, "new");
	if (f->answer.code == ERROR_NONE)
		return 0;
	if (f->is_general)
		f->lister.api.failure = f->answer;
	*err = f->answer;
	return -(int)err->code;
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	struct error err = { 0 };

	wall_freeze((struct wall_time){ NOW });
	assert_ok(config_init(&f->config, &err), &err);
	f->config.discovery_max_age_ms = HOUR;
	assert_ok(job_config_init(&f->job, "edge", &err), &err);
	f->discovered.job = &f->job;
	f->memory = (struct list_memory){ recall, keep, f };
	f->lister.api.config = &f->config;
	f->lister.memory = &f->memory;
	*state = f;
	return 0;
}

static void forget(struct fixture *f)
{
	struct discovery d = {
		.jobs = calloc(1, sizeof(struct job_discovery)),
		.count = 1,
	};

	assert_non_null(d.jobs);
	d.jobs[0] = f->discovered;
	discovery_free(&d);
	f->discovered = (struct job_discovery){ .job = &f->job };
	found_free(&f->found);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	forget(f);
	job_config_free(&f->job);
	config_free(&f->config);
	test_free(f);
	return 0;
}

static struct list_part make_part(struct fixture *f)
{
	return (struct list_part){
		.source = SOURCE_INGRESSES,
		.ns = "edge",
		.what = "list ingresses in namespace 'edge'",
		.key = "key",
		.read = read_list,
		.data = f,
	};
}

/* Lists the part; whether it is known. */
static bool list(struct fixture *f, const struct list_part *part)
{
	struct error err = { 0 };
	bool is_known;

	assert_ok(lister_list(&f->lister, &f->discovered, part, &f->found,
			      &is_known, &err),
		  &err);
	return is_known;
}

static void fail_with(struct fixture *f, enum error_code code,
		      const char *message)
{
	f->answer = (struct error){ 0 };
	if (code != ERROR_NONE)
		(void)error_set(&f->answer, code, "%s", message);
}

static const struct source_discovery *source(const struct fixture *f)
{
	return &f->discovered.sources[SOURCE_INGRESSES];
}

static void test_read(void **state)
{
	struct fixture *f = *state;
	struct list_part part = make_part(f);
	struct error err = { 0 };

	f->has = true;
	f->listed_at = (struct wall_time){ NOW - 1 };
	add_pod(&f->found, "before");
	assert_true(list(f, &part));
	/* What is remembered is not even asked for. */
	assert_int_equal(f->asked_ms, 0);
	assert_int_equal(f->reads, 1);
	assert_int_equal(f->found.pods.count, 2);
	assert_string_equal(f->found.pods.items[1].name, "new");
	assert_false(f->found.pods.items[1].is_remembered);
	assert_int_equal(f->keeps, 1);
	assert_int_equal(f->kept_pods, 1);
	assert_int_equal(f->kept_at.ms, NOW);
	assert_int_equal(source(f)->listed_at.ms, NOW);
	assert_true(source(f)->is_used);
	assert_false(job_discovery_has_failed(&f->discovered));
	/* Without a key, or a memory, nothing is kept. */
	part.key = NULL;
	assert_true(list(f, &part));
	part.key = "key";
	f->lister.memory = NULL;
	assert_ok(lister_list(&f->lister, &f->discovered, &part, &f->found,
			      NULL, &err),
		  &err);
	assert_int_equal(f->keeps, 1);
	assert_int_equal(f->found.pods.count, 4);
}

static void test_fresh(void **state)
{
	struct fixture *f = *state;
	struct list_part part = make_part(f);

	part.fresh_ms = 1000;
	f->has = true;
	f->listed_at = (struct wall_time){ NOW - 1000 };
	assert_true(list(f, &part));
	assert_int_equal(f->reads, 0);
	assert_int_equal(f->keeps, 0);
	assert_int_equal(f->asked_ms, 1000);
	assert_string_equal(f->found.pods.items[0].name, "old");
	/* It is not a stand-in. */
	assert_false(f->found.pods.items[0].is_remembered);
	assert_int_equal(source(f)->listed_at.ms, NOW - 1000);
	/* Of several lists the oldest counts. */
	part.fresh_ms = 999;
	assert_true(list(f, &part));
	assert_int_equal(source(f)->listed_at.ms, NOW - 1000);
}

static void test_stand_in(void **state)
{
	static const struct {
		const char *name;
		int64_t age_ms;
		bool has, is_known;
		const char *said;
	} rows[] = {
		{ "of the last run", 60000, true, true,
		  "no; what was read 1m 0s ago is used" },
		{ "just not too old", HOUR, true, true,
		  "no; what was read 1h 0m ago is used" },
		{ "too old", HOUR + 1, true, false, "no" },
		{ "none", 0, false, false, "no" },
	};
	struct fixture *f = *state;
	struct list_part part = make_part(f);
	char said[256];

	/* Fresh enough for nothing, but for a stand-in. */
	part.fresh_ms = 1000;
	fail_with(f, ERROR_FORBIDDEN, "no");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		f->has = rows[i].has;
		f->listed_at = (struct wall_time){ NOW - rows[i].age_ms };
		assert_row(list(f, &part) == rows[i].is_known, rows[i].name);
		assert_row(f->asked_ms == HOUR, rows[i].name);
		assert_row(f->found.pods.count == rows[i].is_known,
			   rows[i].name);
		if (rows[i].is_known) {
			assert_string_equal(f->found.pods.items[0].name, "old");
			assert_true(f->found.pods.items[0].is_remembered);
		}
		assert_row(source(f)->listed_at.ms ==
				   (rows[i].is_known ? f->listed_at.ms : 0),
			   rows[i].name);
		assert_int_equal(source(f)->failures.count, 1);
		assert_int_equal(source(f)->failures.items[0].reason,
				 DISCOVERY_FORBIDDEN);
		assert_string_equal(source(f)->failures.items[0].ns, "edge");
		(void)snprintf(said, sizeof(said),
			       "job 'edge': cannot list ingresses in "
			       "namespace 'edge': %s",
			       rows[i].said);
		assert_string_equal(source(f)->failures.items[0].message, said);
		forget(f);
	}
	/* Nothing is to stand in. */
	f->has = true;
	f->listed_at = (struct wall_time){ NOW };
	f->config.discovery_max_age_ms = 0;
	part.fresh_ms = 0;
	assert_false(list(f, &part));
}

static void test_reasons(void **state)
{
	static const struct {
		enum error_code code;
		enum discovery_reason reason;
	} rows[] = {
		{ ERROR_UNREACHABLE, DISCOVERY_UNREACHABLE },
		{ ERROR_TIMEOUT, DISCOVERY_TIMEOUT },
		{ ERROR_TLS, DISCOVERY_TLS },
		{ ERROR_UNAUTHORIZED, DISCOVERY_UNAUTHORIZED },
		{ ERROR_FORBIDDEN, DISCOVERY_FORBIDDEN },
		{ ERROR_SERVER, DISCOVERY_SERVER_ERROR },
		{ ERROR_TOO_LARGE, DISCOVERY_TOO_LARGE },
		{ ERROR_INVALID, DISCOVERY_INVALID },
		{ ERROR_SYSTEM, DISCOVERY_INVALID },
	};
	struct fixture *f = *state;
	const struct list_part part = make_part(f);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		fail_with(f, rows[i].code, "no");
		assert_false(list(f, &part));
		assert_int_equal(source(f)->failures.items[0].reason,
				 rows[i].reason);
		assert_true(job_discovery_has_failed(&f->discovered));
		forget(f);
	}
}

/* A kind that the cluster does not have. */
static void test_not_found(void **state)
{
	struct fixture *f = *state;
	const struct list_part part = make_part(f);

	fail_with(f, ERROR_NOT_FOUND, "no such kind");
	f->has = true;
	f->listed_at = (struct wall_time){ NOW };
	assert_true(list(f, &part));
	assert_int_equal(f->found.pods.count, 0);
	assert_int_equal(source(f)->failures.count, 0);
	assert_int_equal(source(f)->listed_at.ms, NOW);
	assert_int_equal(f->keeps, 1);
	assert_int_equal(f->kept_pods, 0);
}

/* Every cluster has these: a failed list never looks like an empty pool. */
static void test_core_not_found(void **state)
{
	static const enum discovery_source sources[] = { SOURCE_PODS,
							 SOURCE_SERVICES };
	struct fixture *f = *state;
	struct list_part part = make_part(f);

	fail_with(f, ERROR_NOT_FOUND, "is it an API server?");
	for (size_t i = 0; i < COUNT_OF(sources); i++) {
		part.source = sources[i];
		assert_false(list(f, &part));
		assert_int_equal(f->discovered.sources[sources[i]]
					 .failures.items[0]
					 .reason,
				 DISCOVERY_INVALID);
	}
	assert_int_equal(f->keeps, 0);
}

/* What concerns the API as a whole is said once for each source. */
static void test_general(void **state)
{
	struct fixture *f = *state;
	struct list_part part = make_part(f);

	fail_with(f, ERROR_UNREACHABLE, "cannot connect");
	f->is_general = true;
	assert_false(list(f, &part));
	part.ns = "other";
	assert_false(list(f, &part));
	assert_int_equal(source(f)->failures.count, 1);
	assert_string_equal(source(f)->failures.items[0].ns, "");
	assert_null(strchr(source(f)->failures.items[0].message, ';'));
	part.source = SOURCE_CERTIFICATES;
	assert_false(list(f, &part));
	assert_false(list(f, &part));
	assert_int_equal(
		f->discovered.sources[SOURCE_CERTIFICATES].failures.count, 1);
	/* Another failure is said all the same: of a file, say. */
	f->is_general = false;
	fail_with(f, ERROR_INVALID, "not JSON");
	assert_false(list(f, &part));
	assert_int_equal(
		f->discovered.sources[SOURCE_CERTIFICATES].failures.count, 2);
	/* And what is remembered stands in for each. */
	fail_with(f, ERROR_UNREACHABLE, "cannot connect");
	f->is_general = true;
	f->has = true;
	f->listed_at = (struct wall_time){ NOW - 1 };
	assert_true(list(f, &part));
	assert_int_equal(f->found.pods.count, 1);
}

/* Of the same namespace and reason there is one series, so one failure. */
static void test_alike(void **state)
{
	struct fixture *f = *state;
	struct list_part part = make_part(f);

	f->job.name[0] = '\0';
	fail_with(f, ERROR_FORBIDDEN, "no");
	assert_false(list(f, &part));
	part.what = "list routes";
	assert_false(list(f, &part));
	assert_int_equal(source(f)->failures.count, 1);
	assert_string_equal(source(f)->failures.items[0].message,
			    "job '': cannot list ingresses in namespace "
			    "'edge': no; job '': cannot list routes: no");
	fail_with(f, ERROR_SERVER, "no");
	assert_false(list(f, &part));
	part.ns = "other";
	assert_false(list(f, &part));
	part.ns = NULL;
	assert_false(list(f, &part));
	assert_int_equal(source(f)->failures.count, 4);
}

static void test_cli_job(void **state)
{
	struct fixture *f = *state;
	const struct list_part part = make_part(f);
	struct error err = { 0 };

	assert_ok(value_set_string(&f->job.name, CONFIG_CLI_JOB, &err), &err);
	fail_with(f, ERROR_FORBIDDEN, "no");
	assert_false(list(f, &part));
	assert_string_equal(source(f)->failures.items[0].message,
			    "cannot list ingresses in namespace 'edge': no");
}

/* The end of the run is no failure of a list. */
static void test_fatal(void **state)
{
	static const enum error_code codes[] = { ERROR_INTERRUPTED,
						 ERROR_MEMORY };
	struct fixture *f = *state;
	struct list_part part = make_part(f);
	struct error err = { 0 };

	f->has = true;
	f->listed_at = (struct wall_time){ NOW };
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		fail_with(f, codes[i], "over");
		assert_error(lister_list(&f->lister, &f->discovered, &part,
					 &f->found, NULL, &err),
			     &err, codes[i], "over");
		assert_int_equal(source(f)->failures.count, 0);
		assert_int_equal(f->found.pods.count, 0);
	}
	f->recall_failure = 1;
	part.fresh_ms = 1;
	assert_error(lister_list(&f->lister, &f->discovered, &part, &f->found,
				 NULL, &err),
		     &err, ERROR_MEMORY, NULL);
}

/* One list too many for the job is a failure like any other, no end. */
static void test_no_room(void **state)
{
	struct fixture *f = *state;
	struct list_part part = make_part(f);

	f->found.pods.items = calloc(FOUND_PODS_MAX, sizeof(struct pod_facts));
	assert_non_null(f->found.pods.items);
	f->found.pods.count = f->found.pods.capacity = FOUND_PODS_MAX;
	f->has = true;
	f->listed_at = (struct wall_time){ NOW };
	part.fresh_ms = 1;
	assert_false(list(f, &part));
	assert_int_equal(f->keeps, 0);
	assert_int_equal(source(f)->failures.count, 1);
	assert_int_equal(source(f)->failures.items[0].reason,
			 DISCOVERY_TOO_LARGE);
	assert_int_equal(f->found.pods.count, FOUND_PODS_MAX);
	assert_int_equal(source(f)->listed_at.ms, 0);
}

/* --- Keys ----------------------------------------------------------------- */

#define CLUSTERS                                                               \
	"clusters:\n"                                                          \
	"- {name: a, cluster: {server: https://a.example:6443}}\n"             \
	"- {name: b, cluster: {server: https://b.example:6443}}\n"             \
	"contexts:\n"                                                          \
	"- {name: a, context: {cluster: a}}\n"                                 \
	"- {name: b, context: {cluster: b}}\n"

static int recall_known_server(void *data, const char *key, int64_t max_age_ms,
			       struct found *found,
			       struct wall_time *ret_listed_at,
			       struct error *err)
{
	struct fixture *f = data;

	assert_int_equal(max_age_ms, HOUR);
	assert_non_null(strstr(key, "server kubeconfig=/"));
	if (!f->has)
		return 0;
	assert_ok(found_add_name(found, "https://old.example", NULL, 0, err),
		  err);
	*ret_listed_at = f->listed_at;
	return 1;
}

static void keep_server(void *data, const char *key, struct wall_time listed_at,
			const struct found *found)
{
	struct fixture *f = data;

	assert_non_null(strstr(key, "server kubeconfig=/"));
	assert_int_equal(listed_at.ms, NOW);
	assert_int_equal(found->pods.count, 0);
	assert_int_equal(found->names.count, 1);
	f->keeps++;
}

/* The key of a list with this kubeconfig, NULL for one that is not there. */
static void assert_key(struct fixture *f, const char *kubeconfig,
		       const char *context, const char *expected)
{
	char path[] = "/tmp/cem-test-XXXXXX";
	CLEANUP(cleanup_free) char *key = NULL;
	struct error err = { 0 };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	if (kubeconfig != NULL)
		assert_int_equal(write(fd, kubeconfig, strlen(kubeconfig)),
				 strlen(kubeconfig));
	(void)close(fd);
	if (kubeconfig == NULL)
		(void)unlink(path);
	assert_ok(
		value_set_string(&f->config.kubernetes.kubeconfig, path, &err),
		&err);
	assert_ok(
		value_set_string(&f->config.kubernetes.context, context, &err),
		&err);
	f->memory = (struct list_memory){ recall_known_server, keep_server, f };
	assert_ok(lister_key(&f->lister, &key, &err, "pods ns=%s", "a"), &err);
	assert_string_equal(key, expected);
	free(f->lister.server);
	f->lister.server = NULL;
	api_close(&f->lister.api);
	(void)unlink(path);
}

/* Another cluster's list is none. */
static void test_key_names_the_server(void **state)
{
	struct fixture *f = *state;

	assert_key(f, CLUSTERS "current-context: a\n", "",
		   "pods ns=a server=https://a.example:6443");
	assert_key(f, CLUSTERS "current-context: b\n", "",
		   "pods ns=a server=https://b.example:6443");
	assert_key(f, CLUSTERS "current-context: b\n", "a",
		   "pods ns=a server=https://a.example:6443");
	assert_int_equal(f->keeps, 3);
}

/* What is known of the pods is not forgotten for it. */
static void test_key_without_kubeconfig(void **state)
{
	struct fixture *f = *state;

	assert_key(f, NULL, "", "pods ns=a server=");
	assert_key(f, "[", "", "pods ns=a server=");
	f->has = true;
	assert_key(f, NULL, "", "pods ns=a server=https://old.example");
	assert_key(f, "[", "", "pods ns=a server=https://old.example");
	assert_int_equal(f->keeps, 0);
	f->lister.memory = NULL;
	assert_key(f, NULL, "", "pods ns=a server=");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_read),
		TEST(test_fresh),
		TEST(test_stand_in),
		TEST(test_reasons),
		TEST(test_not_found),
		TEST(test_general),
		TEST(test_alike),
		TEST(test_cli_job),
		TEST(test_fatal),
		TEST(test_no_room),
		TEST(test_key_names_the_server),
		TEST(test_key_without_kubeconfig),
		TEST(test_core_not_found),
	};

	return cmocka_run_group_tests_name("lister", tests, NULL, NULL);
}
