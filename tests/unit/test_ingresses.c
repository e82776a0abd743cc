/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ingresses of all sorts, and whose they are.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "discovery/ingresses.h"

#include "objects.h"
#include "support.h"

#define INGRESS(spec) "{'metadata':{'name':'a'},'spec':{" spec "}}"
#define RULES                                                                  \
	"'rules':[{'host':'r.example'},{},{'host':''},{'host':'s.example'}]"

static const struct {
	const char *name;
	const char *json;
	const char *tls; /* hosts: tls */
	const char *all; /* hosts: all */
} hosts[] = {
	{ "TLS and rules",
	  INGRESS("'tls':[{'hosts':['a.example','*.b.example']},"
		  "{'hosts':['c.example']}]," RULES),
	  "a.example, *.b.example, c.example",
	  "a.example, *.b.example, c.example, r.example, s.example" },
	{ "no TLS", INGRESS(RULES), "", "r.example, s.example" },
	{ "TLS for nobody", INGRESS("'tls':[]," RULES), "",
	  "r.example, s.example" },
	{ "TLS without hosts", INGRESS("'tls':[{'secretName':'x'}]," RULES),
	  "r.example, s.example", "r.example, s.example" },
	{ "TLS with no host",
	  INGRESS("'tls':[{'hosts':[]},{'hosts':['']},{'hosts':['a.example']}]"
		  "," RULES),
	  "a.example, r.example, s.example",
	  "a.example, r.example, s.example" },
	{ "TLS without hosts or rules", INGRESS("'tls':[{}]"), "", "" },
	{ "a NUL in a host", INGRESS("'tls':[{'hosts':['a\\u0000b','c']}]"),
	  "c", "c" },
	{ "entries that are none", INGRESS("'tls':[null,1,'x',[]]," RULES), "",
	  "r.example, s.example" },
	{ "hosts that are a text", INGRESS("'tls':[{'hosts':'a'}]," RULES),
	  "r.example, s.example", "r.example, s.example" },
	{ "no spec", "{}", "", "" },
	{ "of a List", "{'kind':'Ingress','spec':{'tls':[{'hosts':['a']}]}}",
	  "a", "a" },
};

static void test_hosts(void **state)
{
	const struct domain_objects tls = { .is_used = true };
	const struct domain_objects all = { .is_used = true,
					    .all_hosts = true };
	const struct objects_reader tls_reader = { ingress_read, &tls };
	const struct objects_reader all_reader = { ingress_read, &all };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(hosts); i++) {
		objects_assert(&tls_reader, hosts[i].name, hosts[i].json,
			       hosts[i].tls);
		objects_assert(&all_reader, hosts[i].name, hosts[i].json,
			       hosts[i].all);
	}
}

#define OF_CLASS(spec, annotations)                                            \
	"{'metadata':{'annotations':" annotations "},'spec':{" spec            \
	"'tls':[{'hosts':['a']}]}}"
#define ANNOTATION(class) "{'kubernetes.io/ingress.class':" class "}"

static const struct {
	const char *json;
	const char *found;
} classes[] = {
	{ OF_CLASS("'ingressClassName':'traefik',", "{}"), "a" },
	{ OF_CLASS("'ingressClassName':'nginx',", "{}"), "" },
	{ OF_CLASS("'ingressClassName':'Traefik',", "{}"), "" },
	{ OF_CLASS("'ingressClassName':'traefi',", "{}"), "" },
	{ OF_CLASS("", ANNOTATION("'traefik'")), "a" },
	{ OF_CLASS("", ANNOTATION("'nginx'")), "" },
	{ OF_CLASS("'ingressClassName':'traefik',", ANNOTATION("'nginx'")),
	  "a" },
	{ OF_CLASS("'ingressClassName':'nginx',", ANNOTATION("'traefik'")),
	  "" },
	{ OF_CLASS("'ingressClassName':null,", ANNOTATION("'traefik'")), "a" },
	{ OF_CLASS("", "{}"), "?a" },
	{ OF_CLASS("", "null"), "?a" },
	{ OF_CLASS("", "['x']"), "?a" },
	{ OF_CLASS("", ANNOTATION("''")), "?a" },
	{ OF_CLASS("", ANNOTATION("7")), "?a" },
	{ OF_CLASS("'ingressClassName':'',", "{}"), "?a" },
	{ OF_CLASS("'ingressClassName':[],", "{}"), "?a" },
	{ "{'spec':{'tls':[{}],'rules':[{'host':'r'}]}}", "?r" },
};

static void test_classes(void **state)
{
	const struct domain_objects wanted = { .is_used = true,
					       .class = (char[]){ "traefik" } };
	const struct domain_objects any = { .is_used = true };
	const struct objects_reader reader = { ingress_read, &wanted };
	const struct objects_reader any_reader = { ingress_read, &any };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(classes); i++) {
		objects_assert(&reader, classes[i].json, classes[i].json,
			       classes[i].found);
		objects_assert(&any_reader, classes[i].json, classes[i].json,
			       strstr(classes[i].json, "'r'") == NULL ? "a" :
									"r");
	}
}

/* What the mark makes too long is left out, not cut. */
static void test_longest(void **state)
{
	const struct domain_objects wanted = { .class = (char[]){ "x" } };
	const struct objects_reader reader = { ingress_read, &wanted };
	struct found found = { 0 };
	struct error err = { 0 };
	char json[FOUND_TEXT_MAX + 64];

	(void)state;
	for (int length = FOUND_TEXT_MAX - 1; length <= FOUND_TEXT_MAX + 1;
	     length++) {
		(void)snprintf(json, sizeof(json),
			       "{'spec':{'tls':[{'hosts':['%0*d']}]}}", length,
			       0);
		assert_ok(objects_read(&reader, json, &found, &err), &err);
		assert_int_equal(found.names.count, 1);
	}
	found_free(&found);
}

static void test_default(void **state)
{
	struct found listed = { 0 };
	struct found found = { 0 };
	struct error err = { 0 };
	char *text;

	(void)state;
	assert_ok(found_add_name(&listed, "a", NULL, 0, &err), &err);
	assert_false(ingresses_need_default(&listed));
	assert_ok(found_add_name(&listed, "?b", NULL, 0, &err), &err);
	assert_true(ingresses_need_default(&listed));
	assert_ok(found_add_name(&listed, "c", NULL, 0, &err), &err);
	assert_ok(ingresses_take(&listed, false, &found, &err), &err);
	text = objects_describe(&found);
	assert_string_equal(text, "a, c");
	free(text);
	found_free(&found);
	assert_ok(ingresses_take(&listed, true, &found, &err), &err);
	text = objects_describe(&found);
	assert_string_equal(text, "a, b, c");
	free(text);
	found_free(&found);
	found_free(&listed);
}

#define CLASS(value)                                                           \
	"{'metadata':{'name':'traefik','annotations':"                         \
	"{'ingressclass.kubernetes.io/is-default-class':" value "}}}"

static void test_ingress_class(void **state)
{
	const struct objects_reader reader = { ingress_class_read, NULL };
	struct found found = { 0 };
	struct error err = { 0 };

	(void)state;
	objects_assert(&reader, "default", CLASS("'true'"), "traefik");
	objects_assert(&reader, "not", CLASS("'false'"), "");
	objects_assert(&reader, "no text", CLASS("true"), "");
	objects_assert(&reader, "not said", "{'metadata':{'name':'x'}}", "");
	objects_assert(&reader, "no name",
		       "{'metadata':{'name':7,'annotations':{"
		       "'ingressclass.kubernetes.io/is-default-class':'true'}"
		       "}}",
		       "");
	assert_error(objects_read(&reader, "{'kind':'Ingress'}", &found, &err),
		     &err, ERROR_INVALID, "is not a IngressClass");
}

static void test_robust(void **state)
{
	static const char *const members[] = {
		"'spec':@",
		"'spec':{'tls':@}",
		"'spec':{'tls':[{'hosts':@}]}",
		"'spec':{'tls':[{}],'rules':@}",
		"'spec':{'tls':[{}],'rules':[{'host':@}]}",
		"'spec':{'ingressClassName':@}",
		NULL,
	};
	const struct domain_objects wanted = { .class = (char[]){ "x" },
					       .all_hosts = true };
	const struct objects_reader reader = { ingress_read, &wanted };

	(void)state;
	objects_assert_robust(&reader, "Ingress", members);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_ingress_class),
		cmocka_unit_test(test_robust),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
