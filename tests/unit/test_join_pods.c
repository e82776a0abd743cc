/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discovery/join: pods, their counts, and series that must not collide.
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

/* All that a job got, in lines. */
static void describe(const struct job_discovery *job, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < job->pods.count; i++) {
		const struct pod *pod = &job->pods.items[i];
		char address[ADDRESS_TEXT_MAX] = "-";

		if (pod->address.family != 0)
			address_format(&pod->address, address);
		used += (size_t)snprintf(
			text + used, size - used, "%s/%s %s %d %s%s\n", pod->ns,
			pod->name, address, pod->port, pod->port_label,
			pod->is_remembered ? " old" : "");
	}
	for (size_t i = 0; i < job->namespaces.count; i++) {
		const struct namespace_count *n = &job->namespaces.items[i];

		used += (size_t)snprintf(text + used, size - used, "'%s' %llu",
					 n->ns,
					 (unsigned long long)n->matching);
		for (int s = 0; s < POD_SKIP_COUNT; s++)
			if (n->skipped[s] > 0)
				used += (size_t)snprintf(
					text + used, size - used, " %s %llu",
					pod_skip_name((enum pod_skip)s),
					(unsigned long long)n->skipped[s]);
		used += (size_t)snprintf(text + used, size - used, "\n");
	}
}

#define POD(namespace_, name_) .ns = namespace_, .name = name_
#define AT(address_, port_) .address = address_, .port = port_
#define SKIPPED(reason) .is_skipped = true, .skip = (reason)
#define OLD .is_remembered = true

static const struct {
	const char *name;
	enum job_families families;
	struct entry entries[6];
	const char *listed[3];
	const char *expected;
} pods[] = {
	{ "sorted",
	  FAMILIES_PRIMARY,
	  { { POD("b", "x"), AT("10.0.0.1", 443) },
	    { POD("a", "y"), AT("10.0.0.2", 443) },
	    { POD("a", "x"), AT("10.0.0.3", 443) } },
	  { "a", "b" },
	  "a/x 10.0.0.3 443 https\na/y 10.0.0.2 443 https\n"
	  "b/x 10.0.0.1 443 https\n'a' 2\n'b' 1\n" },
	{ "primary",
	  FAMILIES_PRIMARY,
	  { { POD("a", "x"), AT("::1", 443) },
	    { POD("a", "x"), AT("10.0.0.1", 443) } },
	  { "a" },
	  "a/x 10.0.0.1 443 https\n'a' 1\n" },
	{ "all",
	  FAMILIES_ALL,
	  { { POD("a", "x"), AT("::1", 443) },
	    { POD("a", "y"), AT("10.0.0.2", 443) },
	    { POD("a", "x"), AT("10.0.0.1", 443) },
	    { POD("a", "x"), AT("::1", 443) } },
	  { "a" },
	  "a/x 10.0.0.1 443 https\na/x ::1 443 https\n"
	  "a/y 10.0.0.2 443 https\n'a' 2\n" },
	{ "one series, however many addresses and numbers",
	  FAMILIES_ALL,
	  { { POD("a", "x"), AT("10.0.0.2", 443) },
	    { POD("a", "x"), AT("10.0.0.1", 8443) },
	    { POD("a", "x"), AT("10.0.0.1", 443) },
	    { POD("a", "x"), AT("::1", 8443) },
	    { POD("a", "x"), AT("::1", 443) } },
	  { "a" },
	  "a/x 10.0.0.1 443 https\na/x ::1 443 https\n'a' 1\n" },
	{ "skipped in one list, not in the other",
	  FAMILIES_ALL,
	  { { POD("a", "x"), SKIPPED(POD_NO_SUCH_PORT) },
	    { POD("a", "x"), AT("10.0.0.1", 443) },
	    { POD("a", "x"), SKIPPED(POD_NOT_RUNNING) } },
	  { "a" },
	  "a/x 10.0.0.1 443 https\n'a' 1\n" },
	{ "skipped for the first reason",
	  FAMILIES_PRIMARY,
	  { { POD("a", "x"), SKIPPED(POD_NO_SUCH_PORT) },
	    { POD("a", "x"), SKIPPED(POD_NOT_READY) },
	    { POD("a", "x"), SKIPPED(POD_NO_ADDRESS) },
	    { POD("a", "y"), SKIPPED(POD_TERMINATING) } },
	  { "a" },
	  "'a' 2 terminating 1 not_ready 1\n" },
	{ "remembered",
	  FAMILIES_PRIMARY,
	  { { POD("a", "x"), AT("10.0.0.1", 443), OLD },
	    { POD("b", "x"), AT("10.0.0.2", 443) },
	    { POD("a", "y"), SKIPPED(POD_NOT_READY), OLD } },
	  { "a", "b" },
	  "a/x 10.0.0.1 443 https old\nb/x 10.0.0.2 443 https\n"
	  "'a' 2 not_ready 1\n'b' 1\n" },
	{ "what is listed now beats what is remembered",
	  FAMILIES_ALL,
	  { { POD("a", "x"), AT("10.0.0.1", 443), OLD },
	    { POD("a", "x"), AT("::1", 443), OLD },
	    { POD("a", "x"), AT("10.0.0.9", 443) },
	    { POD("a", "y"), AT("10.0.0.2", 443), OLD },
	    { POD("a", "y"), SKIPPED(POD_NOT_READY) } },
	  { "a" },
	  "a/x 10.0.0.9 443 https\n'a' 2 not_ready 1\n" },
	{ "namespaces without pods",
	  FAMILIES_PRIMARY,
	  { { POD("b", "x"), AT("10.0.0.1", 443) } },
	  { "c", "a", "b" },
	  "b/x 10.0.0.1 443 https\n'a' 0\n'b' 1\n'c' 0\n" },
	{ "all namespaces",
	  FAMILIES_PRIMARY,
	  { { POD("b", "x"), AT("10.0.0.1", 443) } },
	  { "" },
	  "b/x 10.0.0.1 443 https\n'b' 1\n" },
	{ "all namespaces, no pod",
	  FAMILIES_PRIMARY,
	  { { NULL } },
	  { "" },
	  "'' 0\n" },
	/* Neither listed nor remembered: nothing, not 0. */
	{ "nothing known", FAMILIES_PRIMARY, { { NULL } }, { NULL }, "" },
};

static void test_pods(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(pods); i++) {
		/* Whatever the order in which they come. */
		for (int backwards = 0; backwards <= 1; backwards++) {
			struct error err = { 0 };
			struct fixture f;
			char text[512];

			init(&f);
			f.job.families = pods[i].families;
			assert_ok(job_config_set_port(&f.job, "https", &err),
				  &err);
			for (size_t j = 0; j < 6; j++) {
				size_t k = backwards ? 5 - j : j;

				if (pods[i].entries[k].ns != NULL)
					add_entry(&f, &pods[i].entries[k]);
			}
			for (size_t j = 0; j < 3 && pods[i].listed[j] != NULL;
			     j++)
				assert_ok(string_vector_add(&f.listed,
							    pods[i].listed[j],
							    &err),
					  &err);
			join(&f);
			describe(&f.discovered, text, sizeof(text));
			if (strcmp(text, pods[i].expected) != 0)
				fail_msg("%s: %s", pods[i].name, text);
			release(&f);
		}
	}
}

/* Outside Kubernetes: no counts, and each port is a label of its own. */
static void test_endpoints(void **state)
{
	static const struct entry entries[] = {
		{ POD("", "192.0.2.1"), AT("192.0.2.1", 8443) },
		{ POD("", "192.0.2.1"), AT("192.0.2.1", 443) },
		{ POD("", "lost.example"), .port = 443 },
		/* Two names with the same address. */
		{ POD("", "192.0.2.1"), AT("192.0.2.1", 443) },
		{ POD("", "2001:db8::1"), AT("2001:db8::1", 443) },
		{ POD("", "lost.example"), .port = 443 },
		{ POD("", "lost.example"), .port = 25 },
	};
	struct error err = { 0 };
	struct fixture f;
	char text[512];

	(void)state;
	init(&f);
	assert_ok(job_config_add_endpoint(&f.job, "a.example", "443", &err),
		  &err);
	assert_ok(job_config_add_endpoint(&f.job, "a.example", "8443", &err),
		  &err);
	assert_ok(job_config_add_endpoint(&f.job, "a.example", "025", &err),
		  &err);
	for (size_t i = 0; i < COUNT_OF(entries); i++)
		add_entry(&f, &entries[i]);
	join(&f);
	describe(&f.discovered, text, sizeof(text));
	assert_string_equal(text, "/192.0.2.1 192.0.2.1 443 443\n"
				  "/192.0.2.1 192.0.2.1 8443 8443\n"
				  "/2001:db8::1 2001:db8::1 443 443\n"
				  "/lost.example - 25 25\n"
				  "/lost.example - 443 443\n");
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pods),
		cmocka_unit_test(test_endpoints),
	};

	return cmocka_run_group_tests_name("join_pods", tests, NULL, NULL);
}
