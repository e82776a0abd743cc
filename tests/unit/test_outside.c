/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discovery/outside: addresses, names of /etc/hosts, names that nobody has. A
 * name with very many addresses is the test's (the linker's --wrap).
 */
#include <config.h>

#include "discovery/outside.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "discovery/join.h"
#include "discovery/resolver.h"
#include "support.h"

#define MANY "many.invalid"
#define MANY_COUNT (OUTSIDE_ADDRESSES_MAX + 6)

int __real_resolver_wait(struct resolver *resolver, const char *name,
			 struct interrupt *interrupt,
			 struct address_vector *addresses, struct error *err);
int __wrap_resolver_wait(struct resolver *resolver, const char *name,
			 struct interrupt *interrupt,
			 struct address_vector *addresses, struct error *err);

int __wrap_resolver_wait(struct resolver *resolver, const char *name,
			 struct interrupt *interrupt,
			 struct address_vector *addresses, struct error *err)
{
	if (strcmp(name, MANY) != 0)
		return __real_resolver_wait(resolver, name, interrupt,
					    addresses, err);
	for (int i = 0; i < MANY_COUNT; i++) {
		struct address address = { .family = AF_INET,
					   .bytes = { 192, 0, 2, (uint8_t)i } };

		assert_ok(address_vector_append(addresses, address, err), err);
	}
	return 0;
}

struct fixture {
	struct config config;
	struct interrupt interrupt;
	struct job_discovery discovered;
	struct lister lister;
	struct found found;
};

static void init(struct fixture *f)
{
	struct job_config job;
	struct error err = { 0 };

	*f = (struct fixture){ .interrupt.fd = -1 };
	assert_ok(config_init(&f->config, &err), &err);
	assert_ok(job_config_init(&job, "front", &err), &err);
	assert_ok(job_vector_append(&f->config.jobs, job, &err), &err);
	f->discovered.job = &f->config.jobs.items[0];
	f->lister.api.config = &f->config;
	f->lister.api.interrupt = &f->interrupt;
}

static void add(struct fixture *f, const char *address, const char *port)
{
	struct error err = { 0 };

	assert_ok(job_config_add_endpoint(&f->config.jobs.items[0], address,
					  port, &err),
		  &err);
}

static int run(struct fixture *f, int64_t deadline_ms, struct error *err)
{
	f->lister.api.deadline = mono_after(mono_now(), deadline_ms);
	assert_ok(resolver_open(&f->config, f->lister.api.deadline,
				&f->lister.resolver, err),
		  err);
	return outside_read(&f->lister, &f->discovered, &f->found, err);
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
	resolver_close(f->lister.resolver);
	found_free(&f->found);
	config_free(&f->config);
}

/* "192.0.2.1 443" or "name - 443"; each with a blank behind it. */
static void describe(const struct found *found, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < found->pods.count; i++) {
		const struct pod_facts *facts = &found->pods.items[i];
		char address[ADDRESS_TEXT_MAX];

		assert_string_equal(facts->ns, "");
		assert_false(facts->is_skipped);
		assert_null(facts->gateway);
		if (facts->address.family != 0) {
			address_format(&facts->address, address);
			assert_string_equal(facts->name, address);
		}
		used += (size_t)snprintf(
			text + used, size - used, "%s %s%d ", facts->name,
			facts->address.family == 0 ? "- " : "", facts->port);
	}
}

static void test_addresses(void **state)
{
	struct error err = { 0 };
	struct fixture f;
	char text[256];

	(void)state;
	init(&f);
	add(&f, "192.0.2.1", NULL);
	add(&f, "2001:DB8:0::1", "8443");
	add(&f, "192.0.2.1", "25");
	/* They need no time. */
	assert_ok(run(&f, 0, &err), &err);
	describe(&f.found, text, sizeof(text));
	assert_string_equal(text, "192.0.2.1 443 2001:db8::1 8443 "
				  "192.0.2.1 25 ");
	release(&f);
}

/* /etc/hosts may have it for one family or both. */
static void test_hosts(void **state)
{
	struct error err = { 0 };
	struct fixture f;

	(void)state;
	init(&f);
	add(&f, "localhost", NULL);
	add(&f, "localhost", "8443");
	add(&f, "127.0.0.1", NULL);
	assert_ok(run(&f, 60000, &err), &err);
	assert_true(f.found.pods.count >= 3);
	assert_ok(join_domains(&f.discovered, &f.found, &err), &err);
	assert_ok(join_pods(&f.discovered, &f.found,
			    &(struct string_vector){ 0 }, &err),
		  &err);
	/* The name and the address are one endpoint. */
	assert_true(f.discovered.pods.count >= 2);
	assert_string_equal(f.discovered.pods.items[0].name, "127.0.0.1");
	assert_string_equal(f.discovered.pods.items[0].port_label, "443");
	assert_string_equal(f.discovered.pods.items[1].name, "127.0.0.1");
	assert_string_equal(f.discovered.pods.items[1].port_label, "8443");
	for (size_t i = 2; i < f.discovered.pods.count; i++)
		assert_string_equal(f.discovered.pods.items[i].name, "::1");
	assert_int_equal(f.discovered.namespaces.count, 0);
	release(&f);
}

/* However long the resolver takes to say so (RFC 6761: it can at once). */
static void test_nobodys(void **state)
{
	static const int64_t deadlines[] = { 0, 300 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(deadlines); i++) {
		struct mono_time begin = mono_now();
		struct error err = { 0 };
		struct fixture f;
		char text[256];

		init(&f);
		add(&f, "x.invalid", NULL);
		add(&f, "192.0.2.1", NULL);
		add(&f, "y.invalid", "8443");
		assert_ok(run(&f, deadlines[i], &err), &err);
		describe(&f.found, text, sizeof(text));
		assert_string_equal(text, "x.invalid - 443 192.0.2.1 443 "
					  "y.invalid - 8443 ");
		assert_true(mono_now().ms - begin.ms < 2000);
		release(&f);
		/* Nor does the end wait for what is still looked up. */
		assert_true(mono_now().ms - begin.ms < 2000);
	}
}

static void test_signal(void **state)
{
	struct mono_time begin = mono_now();
	struct error err = { 0 };
	struct fixture f;

	(void)state;
	init(&f);
	/* It may be over before the signal is looked for. */
	for (int i = 0; i < 100; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "x%d.invalid", i);
		add(&f, name, NULL);
	}
	f.interrupt.signal = 15;
	if (run(&f, 60000, &err) < 0)
		assert_int_equal(err.code, ERROR_INTERRUPTED);
	assert_true(mono_now().ms - begin.ms < 5000);
	release(&f);
}

static void test_many(void **state)
{
	struct error err = { 0 };
	struct fixture f;

	(void)state;
	init(&f);
	add(&f, MANY, NULL);
	add(&f, "198.51.100.1", NULL);
	assert_ok(run(&f, 0, &err), &err);
	assert_int_equal(f.found.pods.count, OUTSIDE_ADDRESSES_MAX + 1);
	assert_string_equal(f.found.pods.items[0].name, "192.0.2.0");
	assert_string_equal(f.found.pods.items[OUTSIDE_ADDRESSES_MAX].name,
			    "198.51.100.1");
	release(&f);
}

/* Each endpoint is there, whatever the others have. */
static void test_very_many(void **state)
{
	struct error err = { 0 };
	struct fixture f;
	size_t count;

	(void)state;
	init(&f);
	for (int i = 0; i < CONFIG_ENDPOINTS_MAX - 1; i++)
		add(&f, MANY, NULL);
	add(&f, "198.51.100.1", NULL);
	assert_ok(run(&f, 0, &err), &err);
	count = f.found.pods.count;
	assert_int_equal(count, FOUND_PODS_MAX);
	assert_string_equal(f.found.pods.items[count - 1].name, "198.51.100.1");
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_nobodys),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_very_many),
	};

	return cmocka_run_group_tests_name("outside", tests, NULL, NULL);
}
