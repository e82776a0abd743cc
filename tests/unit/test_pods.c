/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods in every state, and objects that only pretend to be pods.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "discovery/pods.h"

#define META "\"metadata\":{\"namespace\":\"edge\",\"name\":\"a\"},"
#define READY "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]"
#define UP "\"phase\":\"Running\"," READY
#define STATUS                                                                 \
	"\"status\":{" UP ",\"podIP\":\"10.0.0.1\",\"hostIP\":\"192.0.2.7\"}"

static void cleanup_object(struct json_object **object)
{
	(void)json_object_put(*object);
}

static int read_text(const char *text, const struct job_config *job,
		     struct found *found, struct error *err)
{
	CLEANUP(cleanup_object)
	struct json_object *item = json_tokener_parse(text);

	*found = (struct found){ 0 };
	*err = (struct error){ 0 };
	return pod_read(item, job, found, err);
}

/* What pod_read() found, as "10.0.0.1 443" or the reason to skip it; joined by
 * ", ". Of one pod. */
static void describe(const struct found *found, char text[128])
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < found->pods.count; i++) {
		const struct pod_facts *facts = &found->pods.items[i];
		char address[ADDRESS_TEXT_MAX];

		assert_string_equal(facts->name, found->pods.items[0].name);
		assert_string_equal(facts->ns, found->pods.items[0].ns);
		used += (size_t)snprintf(text + used, 128 - used, "%s",
					 i == 0 ? "" : ", ");
		if (facts->is_skipped) {
			used += (size_t)snprintf(text + used, 128 - used, "%s",
						 pod_skip_name(facts->skip));
			continue;
		}
		address_format(&facts->address, address);
		used += (size_t)snprintf(text + used, 128 - used, "%s %d",
					 address, facts->port);
	}
}

static const struct {
	const char *name;
	const char *pod;
	const char *found;
	const char *unready_found; /* with job->unready; NULL: the same */
} states[] = {
	{ "ready", "{" META STATUS "}", "10.0.0.1 443", NULL },
	{ "IPv6", "{" META "\"status\":{" UP ",\"podIP\":\"2001:DB8::1\"}}",
	  "2001:db8::1 443", NULL },
	{ "dual-stack",
	  "{" META "\"status\":{" UP ",\"podIP\":\"10.0.0.1\",\"podIPs\":"
	  "[{\"ip\":\"10.0.0.1\"},{\"ip\":\"2001:db8::1\"}]}}",
	  "10.0.0.1 443", NULL },
	{ "podIPs only",
	  "{" META "\"status\":{" UP ",\"podIPs\":[{\"ip\":\"2001:db8::1\"}]}}",
	  "2001:db8::1 443", NULL },
	{ "empty podIP",
	  "{" META "\"status\":{" UP ",\"podIP\":\"\",\"podIPs\":"
	  "[{\"ip\":\"10.0.0.2\"}]}}",
	  "10.0.0.2 443", NULL },
	{ "no address", "{" META "\"status\":{" UP "}}", "no_address", NULL },
	{ "an address that is none",
	  "{" META "\"status\":{" UP ",\"podIP\":\"localhost\"}}", "no_address",
	  NULL },
	{ "an address with a zone",
	  "{" META "\"status\":{" UP ",\"podIP\":\"fe80::1%eth0\"}}",
	  "no_address", NULL },
	{ "pending", "{" META "\"status\":{\"phase\":\"Pending\"}}",
	  "not_running", NULL },
	{ "succeeded",
	  "{" META "\"status\":{\"phase\":\"Succeeded\"," READY
	  ",\"podIP\":\"10.0.0.1\"}}",
	  "not_running", NULL },
	{ "no phase", "{" META "\"status\":{\"podIP\":\"10.0.0.1\"}}",
	  "not_running", NULL },
	{ "no status", "{\"metadata\":{\"name\":\"a\"}}", "not_running", NULL },
	{ "terminating",
	  "{\"metadata\":{\"name\":\"a\",\"deletionTimestamp\":"
	  "\"2026-01-01T00:00:00Z\"}," STATUS "}",
	  "terminating", NULL },
	{ "not terminating",
	  "{\"metadata\":{\"name\":\"a\",\"deletionTimestamp\":null}," STATUS
	  "}",
	  "10.0.0.1 443", NULL },
	{ "terminating and not ready",
	  "{\"metadata\":{\"name\":\"a\",\"deletionTimestamp\":\"x\"},"
	  "\"status\":{\"phase\":\"Running\"}}",
	  "terminating", NULL },
	{ "not ready",
	  "{" META "\"status\":{\"phase\":\"Running\",\"podIP\":\"10.0.0.1\","
	  "\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"True\"},"
	  "{\"type\":\"Ready\",\"status\":\"False\"}]}}",
	  "not_ready", "10.0.0.1 443" },
	{ "no conditions",
	  "{" META "\"status\":{\"phase\":\"Running\",\"podIP\":\"10.0.0.1\"}}",
	  "not_ready", "10.0.0.1 443" },
	{ "not ready, no address",
	  "{" META "\"status\":{\"phase\":\"Running\"}}", "not_ready",
	  "no_address" },
	{ "numbers for texts",
	  "{" META "\"status\":{\"phase\":1,\"conditions\":2}}", "not_running",
	  NULL },
	{ "texts for arrays",
	  "{" META "\"status\":{\"phase\":\"Running\",\"conditions\":\"x\","
	  "\"podIPs\":\"y\"}}",
	  "not_ready", "no_address" },
	{ "arrays of all sorts",
	  "{" META "\"status\":{\"phase\":\"Running\",\"conditions\":[null,1,"
	  "\"x\",[],{},{\"type\":[]},{\"type\":\"Ready\",\"status\":true}],"
	  "\"podIP\":{},\"podIPs\":[7]}}",
	  "not_ready", "no_address" },
	{ "a status that is an array", "{" META "\"status\":[]}", "not_running",
	  NULL },
};

static void test_states(void **state)
{
	struct job_config job = { .port = (char[]){ "443" },
				  .port_number = 443 };

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		for (int unready = 0; unready <= 1; unready++) {
			const char *expected = states[i].found;
			CLEANUP(found_free) struct found facts = { 0 };
			struct error err;
			char found[128];

			if (unready && states[i].unready_found != NULL)
				expected = states[i].unready_found;
			job.unready = unready;
			if (read_text(states[i].pod, &job, &facts, &err) < 0)
				fail_msg("%s: %s", states[i].name, err.message);
			describe(&facts, found);
			if (strcmp(found, expected) != 0)
				fail_msg("%s: %s", states[i].name, found);
		}
	}
}

#define PORTS(ports) "{" META STATUS ",\"spec\":{\"containers\":[" ports "]}}"

static const struct {
	const char *name;
	const char *pod;
	const char *found;
	const char *host_found; /* with the node's address */
} ports[] = {
	{ "declared",
	  PORTS("{\"ports\":[{\"name\":\"http\",\"containerPort\":8080},"
		"{\"name\":\"websecure\",\"containerPort\":8443}]}"),
	  "10.0.0.1 8443", "192.0.2.7 8443" },
	{ "a host port",
	  PORTS("{\"ports\":[{\"name\":\"websecure\",\"containerPort\":8443,"
		"\"hostPort\":443,\"protocol\":\"TCP\"}]}"),
	  "10.0.0.1 8443", "192.0.2.7 443" },
	{ "in the second container",
	  PORTS("{},{\"ports\":[{\"name\":\"websecure\","
		"\"containerPort\":1}]}"),
	  "10.0.0.1 1", "192.0.2.7 1" },
	{ "UDP before TCP",
	  PORTS("{\"ports\":[{\"name\":\"websecure\",\"containerPort\":1,"
		"\"protocol\":\"UDP\"},{\"name\":\"websecure\","
		"\"containerPort\":2}]}"),
	  "10.0.0.1 2", "192.0.2.7 2" },
	{ "UDP only",
	  PORTS("{\"ports\":[{\"name\":\"websecure\",\"containerPort\":1,"
		"\"protocol\":\"UDP\"}]}"),
	  "no_such_port", NULL },
	{ "a sidecar",
	  "{" META STATUS ",\"spec\":{\"containers\":[{}],\"initContainers\":"
	  "[{\"restartPolicy\":\"Always\",\"ports\":[{\"name\":\"websecure\","
	  "\"containerPort\":9}]}]}}",
	  "10.0.0.1 9", "192.0.2.7 9" },
	{ "an init container",
	  "{" META STATUS ",\"spec\":{\"initContainers\":[{\"ports\":[{\"name\""
	  ":\"websecure\",\"containerPort\":9}]}]}}",
	  "no_such_port", NULL },
	{ "not declared", PORTS("{\"ports\":[{\"containerPort\":8443}]}"),
	  "no_such_port", NULL },
	{ "no spec", "{" META STATUS "}", "no_such_port", NULL },
	{ "numbers out of range",
	  PORTS("{\"ports\":[{\"name\":\"websecure\",\"containerPort\":0},"
		"{\"name\":\"websecure\",\"containerPort\":-1},"
		"{\"name\":\"websecure\",\"containerPort\":65536},"
		"{\"name\":\"websecure\",\"containerPort\":4295001739},"
		"{\"name\":\"websecure\",\"containerPort\":"
		"99999999999999999999999}]}"),
	  "no_such_port", NULL },
	{ "wrong types",
	  PORTS("null,1,[],\"x\",{\"ports\":7},{\"ports\":[null,\"x\","
		"{\"name\":7},{\"name\":\"websecure\",\"containerPort\":"
		"\"8443\"},{\"name\":\"websecure\",\"containerPort\":8443.0},"
		"{\"name\":\"websecure\",\"containerPort\":1,\"protocol\":6}]}"),
	  "no_such_port", NULL },
	{ "containers that are an object",
	  "{" META STATUS ",\"spec\":{\"containers\":{}}}", "no_such_port",
	  NULL },
};

static void test_ports(void **state)
{
	struct job_config job = { .port = (char[]){ "websecure" } };

	(void)state;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		for (int host = 0; host <= 1; host++) {
			const char *expected = ports[i].found;
			CLEANUP(found_free) struct found facts = { 0 };
			struct error err;
			char found[128];

			if (host && ports[i].host_found != NULL)
				expected = ports[i].host_found;
			job.address = host ? JOB_ADDRESS_HOST : JOB_ADDRESS_POD;
			assert_int_equal(
				read_text(ports[i].pod, &job, &facts, &err), 0);
			describe(&facts, found);
			if (strcmp(found, expected) != 0)
				fail_msg("%s: %s", ports[i].name, found);
		}
	}
}

#define NAME50 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
#define NAME253 NAME50 NAME50 NAME50 NAME50 NAME50 "123"

static const struct {
	const char *metadata;
	const char *ns; /* NULL: fails */
	const char *name;
} names[] = {
	{ "{\"namespace\":\"n\",\"name\":\"p\"}", "n", "p" },
	{ "{\"name\":\"p\"}", "default", "p" },
	{ "{\"namespace\":\"\",\"name\":\"p\"}", "default", "p" },
	{ "{\"name\":\"" NAME253 "\"}", "default", NAME253 },
	{ "{\"name\":\"" NAME253 "4\"}", NULL, NULL },
	{ "{\"namespace\":\"" NAME253 "4\",\"name\":\"p\"}", NULL, NULL },
	{ "{\"name\":\"\"}", NULL, NULL },
	{ "{\"name\":null}", NULL, NULL },
	{ "{\"name\":7}", NULL, NULL },
	{ "{\"name\":\"p\",\"namespace\":[\"n\"]}", NULL, NULL },
	{ "{}", NULL, NULL },
	{ "[]", NULL, NULL },
	{ "\"p\"", NULL, NULL },
	{ "{\"name\":\"a\\u0000b\"}", "default",
	  "a\xef\xbf\xbd"
	  "b" },
	{ "{\"name\":\"a\xff\xc0\x80z\"}", "default",
	  "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz" },
	{ "{\"name\":\"a\\\"\\\\\\n\"}", "default", "a\"\\\n" },
};

static void test_names(void **state)
{
	const struct job_config job = { .port_number = 443 };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CLEANUP(found_free) struct found facts = { 0 };
		struct error err;
		char text[1024];
		int r;

		(void)snprintf(text, sizeof(text), "{\"metadata\":%s}",
			       names[i].metadata);
		r = read_text(text, &job, &facts, &err);
		if (names[i].ns == NULL) {
			if (r != -ERROR_INVALID)
				fail_msg("%s", names[i].metadata);
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(facts.pods.count, 1);
		assert_string_equal(facts.pods.items[0].ns, names[i].ns);
		assert_string_equal(facts.pods.items[0].name, names[i].name);
	}
}

static void test_not_pods(void **state)
{
	static const char *const items[] = {
		"null",
		"1",
		"\"Pod\"",
		"[]",
		"{}",
		"{\"kind\":\"Service\",\"metadata\":{\"name\":\"a\"}}",
		"{\"kind\":\"\",\"metadata\":{\"name\":\"a\"}}",
		"{\"kind\":{\"Pod\":1},\"metadata\":{\"name\":\"a\"}}",
	};
	const struct job_config job = { .port_number = 443 };
	CLEANUP(found_free) struct found facts = { 0 };
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
		assert_int_equal(read_text(items[i], &job, &facts, &err),
				 -ERROR_INVALID);
	assert_int_equal(
		read_text("{\"kind\":\"Service\"}", &job, &facts, &err),
		-ERROR_INVALID);
	assert_string_equal(err.message, "is not a Pod: its kind is 'Service'");
	assert_int_equal(read_text("{\"kind\":\"Pod\",\"metadata\":{\"name\":"
				   "\"a\"}}",
				   &job, &facts, &err),
			 0);
	assert_int_equal(facts.pods.count, 1);
}

#define BOTH                                                                   \
	"\"podIP\":\"10.0.0.1\",\"podIPs\":[{\"ip\":\"10.0.0.1\"},"            \
	"{\"ip\":\"2001:db8::1\"}]"
#define HOST_BOTH                                                              \
	"\"hostIP\":\"2001:db8::7\",\"hostIPs\":[{\"ip\":\"2001:db8::7\"},"    \
	"{\"ip\":\"192.0.2.7\"}]"

static const struct {
	const char *name;
	const char *status; /* beside UP */
	const char *primary, *all, *host_all;
} families[] = {
	{ "dual-stack", BOTH "," HOST_BOTH, "10.0.0.1 443",
	  "10.0.0.1 443, 2001:db8::1 443", "2001:db8::7 443, 192.0.2.7 443" },
	{ "one family",
	  "\"podIP\":\"10.0.0.1\",\"podIPs\":[{\"ip\":\"10.0.0.1\"}],"
	  "\"hostIP\":\"192.0.2.7\"",
	  "10.0.0.1 443", "10.0.0.1 443", "192.0.2.7 443" },
	{ "no list", "\"podIP\":\"10.0.0.1\"", "10.0.0.1 443", "10.0.0.1 443",
	  "no_address" },
	{ "twice the same family",
	  "\"podIP\":\"10.0.0.1\",\"podIPs\":[{\"ip\":\"10.0.0.1\"},"
	  "{\"ip\":\"10.0.0.2\"},{\"ip\":\"::1\"},{\"ip\":\"::2\"}]",
	  "10.0.0.1 443", "10.0.0.1 443, ::1 443", "no_address" },
	{ "garbage between",
	  "\"podIP\":\"10.0.0.1\",\"podIPs\":[null,7,{},{\"ip\":\"x\"},"
	  "{\"ip\":\"::1\"}]",
	  "10.0.0.1 443", "::1 443", "no_address" },
	{ "none", "\"podIPs\":[]", "no_address", "no_address", "no_address" },
};

static void test_families(void **state)
{
	struct job_config job = { .port = (char[]){ "443" },
				  .port_number = 443 };

	(void)state;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const char *const expected[] = { families[i].primary,
						 families[i].all,
						 families[i].host_all };

		for (size_t j = 0; j < 3; j++) {
			CLEANUP(found_free) struct found facts = { 0 };
			struct error err;
			char pod[512];
			char found[128];

			job.families = j == 0 ? FAMILIES_PRIMARY : FAMILIES_ALL;
			job.address =
				j == 2 ? JOB_ADDRESS_HOST : JOB_ADDRESS_POD;
			(void)snprintf(pod, sizeof(pod),
				       "{" META "\"status\":{" UP ",%s}}",
				       families[i].status);
			assert_int_equal(read_text(pod, &job, &facts, &err), 0);
			describe(&facts, found);
			if (strcmp(found, expected[j]) != 0)
				fail_msg("%s: %s", families[i].name, found);
		}
	}
}

static void test_gateway(void **state)
{
	static const struct {
		const char *labels;
		const char *gateway;
	} rows[] = {
		{ "{\"gateway.networking.k8s.io/gateway-name\":\"web\"}",
		  "edge/web" },
		{ "{\"gateway.networking.k8s.io/gateway-name\":\"\"}", NULL },
		{ "{\"gateway.networking.k8s.io/gateway-name\":7}", NULL },
		{ "{\"app\":\"x\"}", NULL },
		{ "null", NULL },
		{ "[]", NULL },
	};
	const struct job_config job = { .port_number = 443,
					.families = FAMILIES_ALL };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CLEANUP(found_free) struct found facts = { 0 };
		struct error err;
		char pod[512];

		(void)snprintf(pod, sizeof(pod),
			       "{\"metadata\":{\"namespace\":\"edge\",\"name\":"
			       "\"a\",\"labels\":%s},\"status\":{" UP "," BOTH
			       "}}",
			       rows[i].labels);
		assert_int_equal(read_text(pod, &job, &facts, &err), 0);
		assert_int_equal(facts.pods.count, 2);
		for (size_t j = 0; j < 2; j++) {
			const char *gateway = facts.pods.items[j].gateway;

			if (rows[i].gateway == NULL)
				assert_null(gateway);
			else
				assert_string_equal(gateway, rows[i].gateway);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_not_pods),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_gateway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
