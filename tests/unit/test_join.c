/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discovery/join: the domains of a job, and which are whose. Pods are
 * test_join_pods.c's.
 */
#include <config.h>

#include "discovery/join.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "support.h"

/* A job and what was found for it. */
struct fixture {
	struct job_config job;
	struct job_discovery discovered;
	struct found found;
	struct string_vector listed;
};

static void init(struct fixture *f)
{
	struct error err = { 0 };

	*f = (struct fixture){ 0 };
	assert_ok(job_config_init(&f->job, "edge", &err), &err);
	f->discovered.job = &f->job;
}

static void release(struct fixture *f)
{
	struct discovery d = {
		.jobs = calloc(1, sizeof(struct job_discovery)),
		.count = 1,
	};

	assert_non_null(d.jobs);
	d.jobs[0] = f->discovered;
	discovery_free(&d);
	found_free(&f->found);
	string_vector_free(&f->listed);
	job_config_free(&f->job);
}

static void configure(struct fixture *f, const char *domain)
{
	struct error err = { 0 };

	assert_ok(domain_vector_add(&f->job.domains, domain, &err), &err);
}

static void add_name(struct fixture *f, const char *text, const char *gateway,
		     int64_t not_before)
{
	struct error err = { 0 };

	assert_ok(found_add_name(&f->found, text, gateway, not_before, &err),
		  &err);
}

/* One for each entry; what is zero is left out. */
struct entry {
	const char *ns, *name;
	const char *address; /* NULL: skipped, or not resolved */
	uint16_t port;
	bool is_skipped;
	enum pod_skip skip;
	bool is_remembered;
	const char *gateway;
};

static void add_entry(struct fixture *f, const struct entry *e)
{
	struct pod_facts facts = {
		.ns = strdup(e->ns),
		.name = strdup(e->name),
		.gateway = e->gateway == NULL ? NULL : strdup(e->gateway),
		.is_skipped = e->is_skipped,
		.skip = e->skip,
		.port = e->port,
		.is_remembered = e->is_remembered,
	};
	struct error err = { 0 };

	if (e->address != NULL)
		assert_true(address_parse(e->address, &facts.address));
	assert_ok(found_add_pod(&f->found, facts, &err), &err);
}

static void join(struct fixture *f)
{
	struct error err = { 0 };

	assert_ok(join_domains(&f->discovered, &f->found, &err), &err);
	assert_ok(join_pods(&f->discovered, &f->found, &f->listed, &err), &err);
}

/* The domains, joined by blanks; of a scope, or all. */
static void list_domains(const struct job_discovery *job,
			 const struct domain_scope *scope, char *text,
			 size_t size)
{
	size_t count = scope == NULL ? job->domains.count : scope->count;
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		size_t place = scope == NULL ? i : scope->domains[i];

		used += (size_t)snprintf(text + used, size - used, "%s%s",
					 i == 0 ? "" : " ",
					 job->domains.items[place].name);
	}
}

static void test_domains(void **state)
{
	static const struct {
		const char *name;
		const char *configured[3];
		const char *found[8];
		const char *ignored;
		const char *expected;
	} rows[] = {
		{ "none", { NULL }, { NULL }, NULL, "" },
		{ "configured alone",
		  { "b.example", "a.example" },
		  { NULL },
		  NULL,
		  "a.example b.example" },
		{ "joined, not one instead of the other",
		  { "b.example" },
		  { "c.example", "a.example" },
		  NULL,
		  "a.example b.example c.example" },
		{ "each once",
		  { "a.example" },
		  { "A.Example.", "a.example", "b.example", "b.example" },
		  NULL,
		  "a.example b.example" },
		{ "wildcards",
		  { "*.b.example" },
		  { "*.a.example", "*.b.example" },
		  NULL,
		  "*.a.example *.b.example" },
		{ "addresses",
		  { NULL },
		  { "192.0.2.1", "2001:DB8::1" },
		  NULL,
		  "192.0.2.1 2001:db8::1" },
		{ "what names none is left out",
		  { "a.example" },
		  { "", "*", "*.", "a b", "x..example", "a/b", "\x01" },
		  NULL,
		  "a.example" },
		{ "A-labels",
		  { NULL },
		  { "b\xc3\xbc"
		    "cher.example" },
		  NULL,
		  "xn--bcher-kva.example" },
		{ "ignored",
		  { "a.example", "b.test" },
		  { "c.test", "d.example" },
		  "/\\.test$/",
		  "a.example d.example" },
		{ "all ignored", { "b.test" }, { "c.test" }, "/test/", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error err = { 0 };
		struct fixture f;
		char text[256];

		init(&f);
		for (size_t j = 0; j < 3 && rows[i].configured[j] != NULL; j++)
			configure(&f, rows[i].configured[j]);
		for (size_t j = 0; j < 8 && rows[i].found[j] != NULL; j++)
			add_name(&f, rows[i].found[j], NULL, 0);
		if (rows[i].ignored != NULL)
			assert_ok(domain_filter_add(&f.job.ignored,
						    rows[i].ignored, &err),
				  &err);
		join(&f);
		list_domains(&f.discovered, NULL, text, sizeof(text));
		if (strcmp(text, rows[i].expected) != 0)
			fail_msg("%s: %s", rows[i].name, text);
		assert_null(f.discovered.expected_not_before);
		assert_int_equal(f.discovered.scopes.count, 0);
		release(&f);
	}
}

static const struct pod *find_pod(const struct fixture *f, const char *name)
{
	for (size_t i = 0; i < f->discovered.pods.count; i++)
		if (strcmp(f->discovered.pods.items[i].name, name) == 0)
			return &f->discovered.pods.items[i];
	fail_msg("no pod %s", name);
	return NULL;
}

static void make_gateways(struct fixture *f)
{
	struct error err = { 0 };

	init(f);
	configure(f, "x.example");
	assert_ok(domain_filter_add(&f->job.ignored, "ignored.example", &err),
		  &err);
	add_name(f, "b.example", "edge/one", 0);
	add_name(f, "shared.example", "edge/two", 0);
	add_name(f, "a.example", "edge/one", 0);
	add_name(f, "b.example", "edge/one", 0);
	add_name(f, "shared.example", "edge/one", 0);
	add_name(f, "ignored.example", "edge/one", 0);
	add_name(f, "*", "edge/one", 0);
	add_name(f, "x.example", "edge/one", 0);
	/* Between those that have pods, and behind them. */
	add_name(f, "podless.example", "edge/pod-less", 0);
	add_name(f, "z.example", "other/one", 0);
	/* Of an Ingress. */
	add_name(f, "everybody.example", NULL, 0);
	add_entry(f, &(struct entry){ .ns = "edge",
				      .name = "p1",
				      .address = "10.0.0.1",
				      .port = 443,
				      .gateway = "edge/one" });
	add_entry(f, &(struct entry){ .ns = "edge",
				      .name = "p2",
				      .address = "10.0.0.2",
				      .port = 443,
				      .gateway = "edge/two" });
	add_entry(f, &(struct entry){ .ns = "edge",
				      .name = "p3",
				      .address = "10.0.0.3",
				      .port = 443,
				      .gateway = "edge/one" });
	add_entry(f, &(struct entry){ .ns = "edge",
				      .name = "routeless",
				      .address = "10.0.0.4",
				      .port = 443,
				      .gateway = "edge/none" });
	add_entry(f, &(struct entry){ .ns = "edge",
				      .name = "any",
				      .address = "10.0.0.5",
				      .port = 443 });
	add_entry(f, &(struct entry){ .ns = "edge",
				      .name = "skipped",
				      .is_skipped = true,
				      .gateway = "edge/skipped" });
}

static void test_scopes(void **state)
{
	static const struct {
		const char *pod;
		const char *domains;
	} rows[] = {
		{ "p1", "a.example b.example everybody.example shared.example "
			"x.example" },
		{ "p2", "everybody.example shared.example x.example" },
		{ "p3", "a.example b.example everybody.example shared.example "
			"x.example" },
		{ "routeless", "everybody.example x.example" },
	};
	struct fixture f;
	char text[256];

	(void)state;
	make_gateways(&f);
	f.discovered.sources[SOURCE_GATEWAYS].is_used = true;
	join(&f);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct pod *pod = find_pod(&f, rows[i].pod);

		assert_non_null(pod->scope);
		list_domains(&f.discovered, pod->scope, text, sizeof(text));
		if (strcmp(text, rows[i].domains) != 0)
			fail_msg("%s: %s", rows[i].pod, text);
	}
	assert_ptr_equal(find_pod(&f, "p1")->scope, find_pod(&f, "p3")->scope);
	assert_null(find_pod(&f, "any")->scope);
	/* Only of Gateways with a pod to probe. */
	assert_int_equal(f.discovered.scopes.count, 3);
	list_domains(&f.discovered, NULL, text, sizeof(text));
	assert_string_equal(text, "a.example b.example everybody.example "
				  "podless.example shared.example x.example "
				  "z.example");
	release(&f);
	/* Where no Gateways are read the label says nothing. */
	make_gateways(&f);
	join(&f);
	assert_null(find_pod(&f, "p1")->scope);
	assert_int_equal(f.discovered.scopes.count, 0);
	release(&f);
}

static void test_expected(void **state)
{
	static const int64_t expected[] = { 30, 0, 7 };
	struct fixture f;

	(void)state;
	init(&f);
	configure(&f, "b.example");
	f.discovered.sources[SOURCE_CERTIFICATES].is_used = true;
	add_name(&f, "a.example", NULL, 10);
	add_name(&f, "A.example", NULL, 30);
	add_name(&f, "a.example", NULL, 20);
	add_name(&f, "a.example", NULL, 0);
	add_name(&f, "c.example", NULL, 7);
	add_name(&f, "not a name", NULL, 99);
	join(&f);
	assert_int_equal(f.discovered.domains.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(f.discovered.expected_not_before[i],
				 expected[i]);
	release(&f);
}

/* Gateways and domains by the thousand take no thousandfold memory or time. */
static void test_many_gateways(void **state)
{
	struct fixture f;
	char text[32];

	(void)state;
	init(&f);
	f.discovered.sources[SOURCE_GATEWAYS].is_used = true;
	for (int i = 0; i < 5000; i++) {
		char gateway[32];

		(void)snprintf(gateway, sizeof(gateway), "edge/g%d", i);
		(void)snprintf(text, sizeof(text), "d%d.example", i);
		add_name(&f, text, gateway, 0);
		add_entry(&f, &(struct entry){ .ns = "edge",
					       .name = gateway + 5,
					       .address = "10.0.0.1",
					       .port = 443,
					       .gateway = gateway });
	}
	join(&f);
	assert_int_equal(f.discovered.pods.count, 5000);
	for (size_t i = 0; i < 5000; i++) {
		const struct pod *pod = &f.discovered.pods.items[i];

		(void)snprintf(text, sizeof(text), "d%s.example",
			       pod->name + 1);
		assert_int_equal(pod->scope->count, 1);
		assert_string_equal(
			f.discovered.domains.items[pod->scope->domains[0]].name,
			text);
	}
	release(&f);
}

/* As many names as Gateways, each of everybody: past the limit they are
 * counted and no more. */
static void test_too_many_scoped(void **state)
{
	const size_t count = 1001;
	size_t listed = 0;
	struct fixture f;

	(void)state;
	init(&f);
	f.discovered.sources[SOURCE_GATEWAYS].is_used = true;
	add_name(&f, "own.example", "edge/g0", 0);
	add_name(&f, "d0.example", "edge/g0", 0);
	for (size_t i = 0; i < count; i++) {
		char gateway[32];
		char domain[32];

		(void)snprintf(gateway, sizeof(gateway), "edge/g%zu", i);
		(void)snprintf(domain, sizeof(domain), "d%zu.example", i);
		add_name(&f, domain, NULL, 0);
		add_entry(&f, &(struct entry){ .ns = "edge",
					       .name = gateway + 5,
					       .address = "10.0.0.1",
					       .port = 443,
					       .gateway = gateway });
	}
	join(&f);
	for (size_t i = 0; i < count; i++) {
		const struct domain_scope *scope =
			&f.discovered.scopes.items[i];

		assert_int_equal(scope->count, i == 0 ? count + 1 : count);
		if (scope->domains != NULL)
			listed += scope->count;
	}
	assert_true(listed <= DISCOVERY_SCOPED_MAX);
	assert_true(listed > DISCOVERY_SCOPED_MAX - count);
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_expected),
		cmocka_unit_test(test_many_gateways),
		cmocka_unit_test(test_too_many_scoped),
	};

	return cmocka_run_group_tests_name("join", tests, NULL, NULL);
}
