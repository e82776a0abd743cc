/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discovery/slices: EndpointSlices in every state, and what comes of several
 * of them once they are joined. The API is the test's (the linker's --wrap).
 */
#include <config.h>

#include "discovery/slices.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "discovery/join.h"
#include "support.h"

#define SLICE(type, ports, endpoints)                                          \
	"{\"metadata\":{\"name\":\"s\",\"namespace\":\"edge\"},"               \
	"\"addressType\":\"" type "\",\"ports\":[" ports                       \
	"],\"endpoints\":[" endpoints "]}"
#define PORT(name, number)                                                     \
	"{\"name\":\"" name "\",\"port\":" number ",\"protocol\":\"TCP\"}"
#define WEB PORT("websecure", "8443")
#define AT(address, more) "{\"addresses\":[\"" address "\"]" more "}"
#define POD(name)                                                              \
	",\"targetRef\":{\"kind\":\"Pod\",\"namespace\":\"edge\",\"name\":"    \
	"\"" name "\"}"
#define IS(condition) ",\"conditions\":{" condition "}"

static const char *answer; /* the items of the list, an array */
static struct error answer_error;

int __wrap_api_list(struct api *api, const struct kube_list *list,
		    const struct list_sink *sink, struct error *err);

int __wrap_api_list(struct api *api, const struct kube_list *list,
		    const struct list_sink *sink, struct error *err)
{
	struct json_object *items = json_tokener_parse(answer);
	size_t before = sink->mark(sink->data);
	int r = 0;

	(void)api;
	assert_string_equal(list->api, "/apis/discovery.k8s.io/v1");
	assert_string_equal(list->resource, "endpointslices");
	assert_string_equal(list->kind, "EndpointSlice");
	assert_string_equal(list->ns, "edge");
	assert_string_equal(list->labels, "kubernetes.io/service-name=traefik");
	assert_null(list->node);
	/* A page that breaks off and is read again leaves nothing. */
	for (int attempt = 0; r == 0 && attempt < 2; attempt++) {
		sink->rewind(sink->data, before);
		for (size_t i = 0;
		     r == 0 && i < json_object_array_length(items); i++)
			r = sink->on_item(sink->data,
					  json_object_array_get_idx(items, i),
					  err);
	}
	(void)json_object_put(items);
	if (r == 0 && answer_error.code != ERROR_NONE) {
		*err = answer_error;
		r = -(int)err->code;
	}
	return r;
}

/* A job over the service edge/traefik, and what it finds. */
struct fixture {
	struct config config;
	struct job_config job;
	struct job_discovery discovered;
	struct lister lister;
	struct found found;
	struct string_vector listed;
};

static char server[] = "https://api.example";

static void init(struct fixture *f, const char *port)
{
	struct error err = { 0 };

	*f = (struct fixture){ 0 };
	answer_error = (struct error){ 0 };
	assert_ok(config_init(&f->config, &err), &err);
	assert_ok(job_config_init(&f->job, "edge", &err), &err);
	assert_ok(job_config_set_service(&f->job, "edge/traefik", &err), &err);
	assert_ok(job_config_set_port(&f->job, port, &err), &err);
	f->discovered.job = &f->job;
	f->lister.api.config = &f->config;
	f->lister.server = server;
}

static void read_answer(struct fixture *f, const char *text)
{
	struct error err = { 0 };

	answer = text;
	assert_ok(slices_read(&f->lister, &f->discovered, &f->found, &f->listed,
			      &err),
		  &err);
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
	config_free(&f->config);
}

/* "edge/a 10.0.0.1 443", or with the reason to skip it; joined by "; ". */
static void describe(const struct found *found, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < found->pods.count; i++) {
		const struct pod_facts *facts = &found->pods.items[i];
		char address[ADDRESS_TEXT_MAX] = "";

		if (!facts->is_skipped)
			address_format(&facts->address, address);
		used += (size_t)snprintf(
			text + used, size - used, "%s%s/%s %s",
			i == 0 ? "" : "; ", facts->ns, facts->name,
			facts->is_skipped ? pod_skip_name(facts->skip) :
					    address);
		if (!facts->is_skipped)
			used += (size_t)snprintf(text + used, size - used,
						 " %d", facts->port);
	}
}

static const struct {
	const char *name;
	const char *slice;
	const char *found;
	const char *unready_found; /* NULL: the same */
} slices[] = {
	{ "ready",
	  SLICE("IPv4", WEB, AT("10.0.0.1", POD("a") IS("\"ready\":true"))),
	  "edge/a 10.0.0.1 8443", NULL },
	{ "unknown is ready", SLICE("IPv4", WEB, AT("10.0.0.1", POD("a"))),
	  "edge/a 10.0.0.1 8443", NULL },
	{ "null is ready",
	  SLICE("IPv4", WEB,
		AT("10.0.0.1",
		   POD("a") IS("\"ready\":null,\"terminating\":null"))),
	  "edge/a 10.0.0.1 8443", NULL },
	{ "not ready",
	  SLICE("IPv4", WEB,
		AT("10.0.0.1",
		   POD("a") IS("\"ready\":false,\"serving\":false"))),
	  "edge/a not_ready", "edge/a 10.0.0.1 8443" },
	{ "terminating, and serving",
	  SLICE("IPv4", WEB,
		AT("10.0.0.1", POD("a") IS("\"ready\":false,\"serving\":true,"
					   "\"terminating\":true"))),
	  "edge/a terminating", NULL },
	/* With publishNotReadyAddresses. */
	{ "terminating, and ready",
	  SLICE("IPv4", WEB,
		AT("10.0.0.1",
		   POD("a") IS("\"ready\":true,\"terminating\":true"))),
	  "edge/a terminating", NULL },
	{ "IPv6", SLICE("IPv6", WEB, AT("2001:DB8::1", POD("a"))),
	  "edge/a 2001:db8::1 8443", NULL },
	{ "FQDN", SLICE("FQDN", WEB, AT("a.example", "")), "", NULL },
	{ "only the first address",
	  SLICE("IPv4", WEB,
		"{\"addresses\":[\"10.0.0.1\",\"10.0.0.2\"]" POD("a") "}"),
	  "edge/a 10.0.0.1 8443", NULL },
	{ "no pod", SLICE("IPv4", WEB, AT("10.0.0.1", "")),
	  "edge/10.0.0.1 10.0.0.1 8443", NULL },
	{ "no pod, IPv6", SLICE("IPv6", WEB, AT("2001:DB8:0::1", "")),
	  "edge/2001:db8::1 2001:db8::1 8443", NULL },
	{ "another kind",
	  SLICE("IPv4", WEB,
		AT("10.0.0.1", ",\"targetRef\":{\"kind\":\"Node\","
			       "\"namespace\":\"x\",\"name\":\"n\"}")),
	  "edge/10.0.0.1 10.0.0.1 8443", NULL },
	{ "a pod without a name",
	  SLICE("IPv4", WEB,
		AT("10.0.0.1", ",\"targetRef\":{\"kind\":\"Pod\","
			       "\"namespace\":\"x\"}")),
	  "edge/10.0.0.1 10.0.0.1 8443", NULL },
	{ "a pod without a namespace",
	  SLICE("IPv4", WEB,
		AT("10.0.0.1", ",\"targetRef\":{\"kind\":\"Pod\","
			       "\"name\":\"a\"}")),
	  "edge/a 10.0.0.1 8443", NULL },
	{ "a name of another type",
	  SLICE("IPv4", WEB,
		AT("10.0.0.1", ",\"targetRef\":{\"kind\":\"Pod\",\"name\":7,"
			       "\"namespace\":[]}")),
	  "edge/10.0.0.1 10.0.0.1 8443", NULL },
	{ "an odd name", SLICE("IPv4", WEB, AT("10.0.0.1", POD("a\xff"))),
	  "edge/a\xef\xbf\xbd 10.0.0.1 8443", NULL },
	{ "an address that is none",
	  SLICE("IPv4", WEB, AT("localhost", POD("a"))), "edge/a no_address",
	  NULL },
	{ "no address", SLICE("IPv4", WEB, "{\"addresses\":[]" POD("a") "}"),
	  "edge/a no_address", NULL },
	{ "no such port",
	  SLICE("IPv4", PORT("web", "8080"), AT("10.0.0.1", POD("a"))),
	  "edge/a no_such_port", NULL },
	{ "no ports", SLICE("IPv4", "", AT("10.0.0.1", POD("a"))),
	  "edge/a no_such_port", NULL },
	{ "all ports",
	  SLICE("IPv4", "{\"name\":\"websecure\"}", AT("10.0.0.1", POD("a"))),
	  "edge/a no_such_port", NULL },
	{ "UDP before TCP",
	  SLICE("IPv4",
		"{\"name\":\"websecure\",\"port\":1,\"protocol\":\"UDP\"}," WEB,
		AT("10.0.0.1", POD("a"))),
	  "edge/a 10.0.0.1 8443", NULL },
	{ "no protocol",
	  SLICE("IPv4", "{\"name\":\"websecure\",\"port\":1}",
		AT("10.0.0.1", POD("a"))),
	  "edge/a 10.0.0.1 1", NULL },
	{ "garbage",
	  SLICE("IPv4", "null,7,[],\"x\",{}," WEB,
		"null,7,\"x\"," AT("10.0.0.1", POD("a"))),
	  "edge/ no_address; edge/ no_address; edge/ no_address; "
	  "edge/a 10.0.0.1 8443",
	  NULL },
	{ "no endpoints",
	  "{\"addressType\":\"IPv4\",\"endpoints\":null,\"ports\":null}", "",
	  NULL },
};

static void test_slices(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(slices); i++) {
		for (int unready = 0; unready <= 1; unready++) {
			const char *expected = slices[i].found;
			struct fixture f;
			char items[2048];
			char text[1024];

			if (unready && slices[i].unready_found != NULL)
				expected = slices[i].unready_found;
			init(&f, "websecure");
			f.job.unready = unready;
			(void)snprintf(items, sizeof(items), "[%s]",
				       slices[i].slice);
			read_answer(&f, items);
			describe(&f.found, text, sizeof(text));
			if (strcmp(text, expected) != 0)
				fail_msg("%s: %s", slices[i].name, text);
			release(&f);
		}
	}
}

static void test_port_numbers(void **state)
{
	static const struct {
		const char *ports;
		const char *found;
	} rows[] = {
		{ WEB, "edge/a 10.0.0.1 8443" },
		{ PORT("", "8443"), "edge/a 10.0.0.1 8443" },
		{ PORT("web", "80") "," WEB, "edge/a 10.0.0.1 8443" },
		{ PORT("websecure", "443"), "edge/a no_such_port" },
		{ PORT("8443", "443"), "edge/a no_such_port" },
		{ "{\"port\":8443,\"protocol\":\"UDP\"}",
		  "edge/a no_such_port" },
		{ "{\"port\":\"8443\"}", "edge/a no_such_port" },
		{ "", "edge/a no_such_port" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture f;
		char items[512];
		char text[256];

		init(&f, "8443");
		(void)snprintf(items, sizeof(items),
			       "[{\"addressType\":\"IPv4\",\"ports\":[%s],"
			       "\"endpoints\":[" AT("10.0.0.1", POD("a")) "]}]",
			       rows[i].ports);
		read_answer(&f, items);
		describe(&f.found, text, sizeof(text));
		assert_row(strcmp(text, rows[i].found) == 0, text);
		release(&f);
	}
}

/* What one slice says of the pod a. */
#define OVER_IPV4 SLICE("IPv4", WEB, AT("10.0.0.1", POD("a")))
#define OVER_IPV6 SLICE("IPv6", WEB, AT("::1", POD("a")))
#define NOT_READY                                                              \
	SLICE("IPv4", WEB, AT("10.0.0.1", POD("a") IS("\"ready\":false")))
#define OTHER_PORT SLICE("IPv4", PORT("web", "80"), AT("10.0.0.1", POD("a")))
#define OTHER_NUMBER                                                           \
	SLICE("IPv4", PORT("websecure", "9443"), AT("10.0.0.1", POD("a")))
#define OF_B SLICE("IPv4", WEB, AT("10.0.0.2", POD("b")))

/* A pod is counted once and, for each family that is asked for, probed once. */
static void test_joined(void **state)
{
	static const struct {
		const char *name;
		const char *items;
		enum job_families families;
		const char *pods;
		uint64_t matching;
		uint64_t not_ready, no_such_port;
	} rows[] = {
		{ "primary", "[" OVER_IPV6 "," OVER_IPV4 "," OF_B "]",
		  FAMILIES_PRIMARY, "a 10.0.0.1 8443; b 10.0.0.2 8443; ", 2, 0,
		  0 },
		{ "all", "[" OVER_IPV6 "," OVER_IPV4 "," OF_B "]", FAMILIES_ALL,
		  "a 10.0.0.1 8443; a ::1 8443; b 10.0.0.2 8443; ", 2, 0, 0 },
		{ "the port is in one of two slices",
		  "[" OTHER_PORT "," OVER_IPV4 "]", FAMILIES_ALL,
		  "a 10.0.0.1 8443; ", 1, 0, 0 },
		{ "two numbers behind one name",
		  "[" OTHER_NUMBER "," OVER_IPV4 "]", FAMILIES_ALL,
		  "a 10.0.0.1 8443; ", 1, 0, 0 },
		{ "ready in one of two slices", "[" NOT_READY "," OVER_IPV6 "]",
		  FAMILIES_PRIMARY, "a ::1 8443; ", 1, 0, 0 },
		{ "skipped for two reasons", "[" OTHER_PORT "," NOT_READY "]",
		  FAMILIES_PRIMARY, "", 1, 1, 0 },
		{ "no slices", "[]", FAMILIES_PRIMARY, "", 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error err = { 0 };
		const struct namespace_count *count;
		struct fixture f;
		char text[512] = "";
		size_t used = 0;

		init(&f, "websecure");
		f.job.families = rows[i].families;
		read_answer(&f, rows[i].items);
		assert_ok(join_domains(&f.discovered, &f.found, &err), &err);
		assert_ok(join_pods(&f.discovered, &f.found, &f.listed, &err),
			  &err);
		for (size_t j = 0; j < f.discovered.pods.count; j++) {
			const struct pod *pod = &f.discovered.pods.items[j];
			char address[ADDRESS_TEXT_MAX];

			address_format(&pod->address, address);
			assert_string_equal(pod->port_label, "websecure");
			used += (size_t)snprintf(
				text + used, sizeof(text) - used, "%s %s %d; ",
				pod->name, address, pod->port);
		}
		if (strcmp(text, rows[i].pods) != 0)
			fail_msg("%s: %s", rows[i].name, text);
		assert_int_equal(f.discovered.namespaces.count, 1);
		count = &f.discovered.namespaces.items[0];
		assert_string_equal(count->ns, "edge");
		assert_row(count->matching == rows[i].matching, rows[i].name);
		assert_row(count->skipped[POD_NOT_READY] == rows[i].not_ready,
			   rows[i].name);
		assert_row(count->skipped[POD_NO_SUCH_PORT] ==
				   rows[i].no_such_port,
			   rows[i].name);
		release(&f);
	}
}

static void test_gateway(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, "websecure");
	read_answer(&f, "[{\"metadata\":{\"labels\":{"
			"\"gateway.networking.k8s.io/gateway-name\":\"web\"}},"
			"\"addressType\":\"IPv4\",\"ports\":[" WEB "],"
			"\"endpoints\":[" AT("10.0.0.1", POD("a")) "]}," SLICE(
				"IPv4", WEB, AT("10.0.0.2", POD("b"))) "]");
	assert_int_equal(f.found.pods.count, 2);
	assert_string_equal(f.found.pods.items[0].gateway, "edge/web");
	assert_null(f.found.pods.items[1].gateway);
	release(&f);
}

/* A failed list is no empty pool. */
static void test_failures(void **state)
{
	const struct source_discovery *source;
	struct fixture f;

	(void)state;
	init(&f, "websecure");
	answer_error = (struct error){ ERROR_FORBIDDEN, "no" };
	read_answer(&f, "[" SLICE("IPv4", WEB, AT("10.0.0.1", "")) "]");
	source = &f.discovered.sources[SOURCE_SERVICES];
	assert_true(source->is_used);
	assert_int_equal(source->failures.count, 1);
	assert_string_equal(source->failures.items[0].ns, "edge");
	assert_int_equal(source->failures.items[0].reason, DISCOVERY_FORBIDDEN);
	assert_string_equal(source->failures.items[0].message,
			    "job 'edge': cannot list the endpoints of service "
			    "'edge/traefik': no");
	assert_int_equal(f.found.pods.count, 0);
	assert_int_equal(f.listed.count, 0);
	release(&f);
	init(&f, "websecure");
	read_answer(&f, "[{\"kind\":\"Pod\"}]");
	assert_int_equal(
		f.discovered.sources[SOURCE_SERVICES].failures.items[0].reason,
		DISCOVERY_INVALID);
	release(&f);
}

/* --- What is remembered --------------------------------------------------- */

static char kept[2][256];
static int keeps;

static int recall(void *data, const char *key, int64_t max_age_ms,
		  struct found *found, struct wall_time *ret_listed_at,
		  struct error *err)
{
	(void)data, (void)max_age_ms, (void)ret_listed_at, (void)err;
	/* In place of a list that fails. */
	assert_string_equal(key, kept[0]);
	return found->pods.count == 0;
}

static void keep(void *data, const char *key, struct wall_time listed_at,
		 const struct found *found)
{
	(void)data, (void)listed_at;
	assert_int_equal(found->pods.count, 1);
	(void)snprintf(kept[keeps++ % 2], sizeof(kept[0]), "%s", key);
}

/* All that the result depends on is in the key, and nothing else. */
static void test_key(void **state)
{
	const struct list_memory memory = { recall, keep, NULL };

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct fixture f;

		keeps = 0;
		for (int j = 0; j < 2; j++) {
			init(&f, j == 1 && i == 1 ? "8443" : "websecure");
			f.lister.memory = &memory;
			f.job.unready = j == 1 && i == 2;
			f.job.timeout_ms += j;
			if (j == 1 && i == 3)
				f.job.families = FAMILIES_ALL;
			read_answer(&f, "[" SLICE("IPv4", WEB,
						  AT("10.0.0.1", "")) "]");
			release(&f);
		}
		assert_int_equal(keeps, 2);
		assert_int_equal(strcmp(kept[0], kept[1]) == 0,
				 i == 0 || i == 3);
	}
}

static void test_remembered(void **state)
{
	const struct list_memory memory = { recall, keep, NULL };
	struct fixture f;

	(void)state;
	keeps = 0;
	init(&f, "websecure");
	f.lister.memory = &memory;
	read_answer(&f, "[" OVER_IPV4 "]");
	assert_int_equal(f.listed.count, 1);
	answer_error = (struct error){ ERROR_SERVER, "no" };
	read_answer(&f, "[]");
	assert_int_equal(f.listed.count, 2);
	assert_string_equal(f.listed.items[1], "edge");
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_port_numbers),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_gateway),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_remembered),
	};

	return cmocka_run_group_tests_name("slices", tests, NULL, NULL);
}
