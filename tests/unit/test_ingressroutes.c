/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of Traefik, and what is like one.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "discovery/ingressroutes.h"

#include "objects.h"
#include "support.h"

static const struct {
	const char *rule;
	const char *found; /* NULL: is no rule */
} rules[] = {
	{ "Host(`a.example`)", "a.example" },
	{ "Host(\"a.example\")", "a.example" },
	{ "Host(`a`, \"b\",`c`)", "a, b, c" },
	{ "Host(`a`,)", "a" },
	{ "Host()", "" },
	{ "Host(``)", "" },
	{ " \t\n Host ( `a` ) \n ", "a" },
	{ "host(`a`) || HOST(`b`)", "a, b" },
	{ "hOST(`a`)", "" },
	{ "Host(`a`) && PathPrefix(`/api`)", "a" },
	{ "Host(`a`)&&(Path(`/`)||Path(`/x`))||Host(`b`)", "a, b" },
	{ "(Host(`a`) || Host(`b`)) && Header(`X-Y`, `Host(\"z\")`)", "a, b" },
	{ "PathPrefix(`/Host(\\`)", "" },
	{ "Path(`Host(\"x\")`) || Path(\"Host(`y`)\")", "" },
	{ "!Host(`a`) && Host(`b`)", "b" },
	{ "!(Host(`a`) || Host(`b`)) && Host(`c`)", "c" },
	{ "!(Host(`a`) || !Host(`b`))", "b" },
	{ "!!Host(`a`)", "a" },
	{ "! ! ! Host(`a`)", "" },
	{ "!(!(!(Host(`a`))))", "" },
	{ "((((Host(`a`)))))", "a" },
	{ "HostRegexp(`^.+\\.example$`)", "" },
	{ "HostRegexp(`{sub:[a-z]+}.a`) || Host(`b`)", "b" },
	{ "HostSNI(`*`)", "" },
	{ "HostHeader(`a`)", "" },
	{ "NotHost(`a`)", "" },
	{ "ClientIP(`10.0.0.0/8`, `::1`) && Method(`GET`)", "" },
	/* An escape is read over, and gives no host. */
	{ "Host(\"a\\\"b\") || Host(`c`)", "c" },
	{ "Path(\"\\\\\") || Host(`c`)", "c" },
	{ "Host(`a\\`)", "a\\" },
	{ "", NULL },
	{ " ", NULL },
	{ "a.example", NULL },
	{ "Host", NULL },
	{ "Host(", NULL },
	{ "Host(`a", NULL },
	{ "Host(`a`", NULL },
	{ "Host(\"a", NULL },
	{ "Host(\"a\\", NULL },
	{ "Host(\"a\\\"", NULL },
	{ "Host(\"a`)", NULL },
	{ "Host('a')", NULL },
	{ "Host(a)", NULL },
	{ "Host(`a` `b`)", NULL },
	{ "Host(,`a`)", NULL },
	{ "Host(`a`,,`b`)", NULL },
	{ "Host(Host(`a`))", NULL },
	{ "Host(!`a`)", NULL },
	{ "Host`a`", NULL },
	{ "Host:a.example", NULL },
	{ "Host(`a`) Host(`b`)", NULL },
	{ "Host(`a`) ||", NULL },
	{ "|| Host(`a`)", NULL },
	{ "Host(`a`) | Host(`b`)", NULL },
	{ "Host(`a`) ||| Host(`b`)", NULL },
	{ "Host(`a`) or Host(`b`)", NULL },
	{ "Host(`a`))", NULL },
	{ "(Host(`a`)", NULL },
	{ "()", NULL },
	{ "!", NULL },
	{ "Host(`a`)!", NULL },
	{ "Host(`a`) // x", NULL },
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		struct found found = { 0 };
		struct error err = { 0 };
		int r = ingressroute_read_rule(rules[i].rule, &found, &err);
		char *text = objects_describe(&found);

		if (rules[i].found == NULL)
			assert_row(r == -ERROR_INVALID && *text == '\0',
				   rules[i].rule);
		else if (r < 0 || strcmp(text, rules[i].found) != 0)
			fail_msg("%s: '%s' %s", rules[i].rule, text,
				 err.message);
		free(text);
		found_free(&found);
	}
}

static void test_message(void **state)
{
	struct found found = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_error(ingressroute_read_rule("Host(a)", &found, &err), &err,
		     ERROR_INVALID, "expected a literal at byte 6");
}

/* `count` times `part`, and `rest` behind. */
static char *repeat(const char *part, size_t count, const char *rest)
{
	size_t length = strlen(part);
	char *text = malloc(length * count + strlen(rest) + 1);

	assert_non_null(text);
	for (size_t i = 0; i < count; i++)
		memcpy(text + i * length, part, length);
	strcpy(text + count * length, rest);
	return text;
}

static void test_limits(void **state)
{
	static const struct {
		const char *part;
		size_t count;
		const char *rest;
		int code;
		size_t names;
	} rows[] = {
		{ "(", RULE_DEPTH_MAX, "Host(`a`)", ERROR_INVALID, 0 },
		{ "(", 1000000, "Host(`a`)", ERROR_INVALID, 0 },
		{ "!(", 1000000, "", ERROR_INVALID, 0 },
		{ "!", 1000000, "Host(`a`)", 0, 1 },
		{ " ", 1000000, "Host(`a`)", 0, 1 },
		{ "Host(`a`)||", 1000, "Host(`b`)", 0, 1001 },
		{ "Host(`a`)||", FOUND_NAMES_MAX + 1, "Host(`b`)",
		  ERROR_TOO_LARGE, 0 },
		{ "Host(`a`)||", 1000, "", ERROR_INVALID, 0 },
	};
	char *longest = repeat("a", FOUND_TEXT_MAX, "");
	char *rule;
	struct found found = { 0 };
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *text = repeat(rows[i].part, rows[i].count, rows[i].rest);

		assert_int_equal(ingressroute_read_rule(text, &found, &err),
				 -rows[i].code);
		assert_int_equal(found.names.count, rows[i].names);
		found_free(&found);
		free(text);
	}
	/* As deep as may be. */
	rule = malloc(2 * RULE_DEPTH_MAX + 16);
	assert_non_null(rule);
	memset(rule, '(', RULE_DEPTH_MAX);
	strcpy(rule + RULE_DEPTH_MAX, "Host(`a`)");
	memset(rule + RULE_DEPTH_MAX + 9, ')', RULE_DEPTH_MAX);
	rule[2 * RULE_DEPTH_MAX + 9] = '\0';
	assert_ok(ingressroute_read_rule(rule, &found, &err), &err);
	assert_int_equal(found.names.count, 1);
	found_free(&found);
	free(rule);
	/* A host that is too long for one is none. */
	rule = malloc(FOUND_TEXT_MAX + 16);
	assert_non_null(rule);
	(void)sprintf(rule, "Host(`%s`)", longest);
	assert_ok(ingressroute_read_rule(rule, &found, &err), &err);
	assert_int_equal(found.names.count, 1);
	(void)sprintf(rule, "Host(`%sa`)", longest);
	assert_ok(ingressroute_read_rule(rule, &found, &err), &err);
	assert_int_equal(found.names.count, 1);
	found_free(&found);
	free(rule);
	free(longest);
}

#define ROUTE(match) "{'kind':'Rule','match':'" match "'}"
#define DOMAINS "'domains':[{'main':'m','sans':['s','*.t']},{'sans':['u']}]"

static const struct {
	const char *name;
	const char *spec;
	const char *found;
} objects[] = {
	{ "several routes",
	  "{'routes':[" ROUTE("Host(`a`)") "," ROUTE(
		  "Host(`b`) && Path(`/`)") "],'tls':{'secretName':'x'}}",
	  "a, b" },
	{ "TLS without more", "{'routes':[" ROUTE("Host(`a`)") "],'tls':{}}",
	  "a" },
	{ "no TLS", "{'routes':[" ROUTE("Host(`a`)") "]}", "" },
	{ "TLS is null", "{'routes':[" ROUTE("Host(`a`)") "],'tls':null}", "" },
	{ "TLS is a text", "{'routes':[" ROUTE("Host(`a`)") "],'tls':'x'}",
	  "" },
	{ "a rule that is none",
	  "{'routes':[" ROUTE("Host(`a`) ||") "," ROUTE(
		  "Host(`b`)") "],'tls':{}}",
	  "b" },
	{ "routes that are none",
	  "{'routes':[null,1,'x',{},{'match':1},{'match':"
	  "'Host(`a`)\\u0000'}],'tls':{}}",
	  "" },
	{ "domains of a resolver",
	  "{'routes':[" ROUTE(
		  "Host(`a`)") "],'tls':{'certResolver':'le'," DOMAINS "}}",
	  "a, m, s, *.t, u" },
	{ "domains of nobody",
	  "{'routes':[" ROUTE("Host(`a`)") "],'tls':{" DOMAINS "}}", "a" },
};

static void test_objects(void **state)
{
	const struct objects_reader reader = { ingressroute_read, NULL };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(objects); i++) {
		char json[1024];

		(void)snprintf(json, sizeof(json), "{'spec':%s}",
			       objects[i].spec);
		objects_assert(&reader, objects[i].name, json,
			       objects[i].found);
	}
}

/* That there are too many is no matter of one rule. */
static void test_too_many(void **state)
{
	const struct objects_reader reader = { ingressroute_read, NULL };
	struct found found = { 0 };
	struct error err = { 0 };

	(void)state;
	for (int i = 0; i < FOUND_NAMES_MAX; i++)
		assert_ok(found_add_name(&found, "a", NULL, 0, &err), &err);
	assert_error(objects_read(&reader,
				  "{'spec':{'routes':[" ROUTE(
					  "Host(`a`)") "],'tls':{}}}",
				  &found, &err),
		     &err, ERROR_TOO_LARGE, "more than");
	found_free(&found);
}

static void test_robust(void **state)
{
	static const char *const members[] = {
		"'spec':@",
		"'spec':{'tls':@}",
		"'spec':{'tls':{},'routes':@}",
		"'spec':{'tls':{},'routes':[{'match':@}]}",
		"'spec':{'tls':{'certResolver':@,'domains':[{'main':'m'}]}}",
		"'spec':{'tls':{'certResolver':'x','domains':@}}",
		"'spec':{'tls':{'certResolver':'x','domains':[{'main':@}]}}",
		"'spec':{'tls':{'certResolver':'x','domains':[{'sans':@}]}}",
		NULL,
	};
	const struct objects_reader reader = { ingressroute_read, NULL };

	(void)state;
	objects_assert_robust(&reader, "IngressRoute", members);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),	 cmocka_unit_test(test_message),
		cmocka_unit_test(test_limits),	 cmocka_unit_test(test_objects),
		cmocka_unit_test(test_too_many), cmocka_unit_test(test_robust),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
