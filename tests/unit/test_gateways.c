/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gateways, routes, and what comes of the two (discovery/gateways_join).
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "discovery/gateways.h"

#include "objects.h"
#include "support.h"

static const struct objects_reader gateways = { gateway_read, NULL };
static const struct objects_reader http_routes = { http_route_read, NULL };
static const struct objects_reader grpc_routes = { grpc_route_read, NULL };

#define GATEWAY(ns, name, listeners)                                           \
	"{'metadata':{'namespace':'" ns "','name':'" name "'},"                \
	"'spec':{'listeners':[" listeners "]}}"
#define LISTENER(rest) "{'name':'web','port':443,'protocol':'HTTPS'" rest "}"
#define EDGE(rest) GATEWAY("edge", "g", LISTENER(rest))

static const struct {
	const char *listener;
	const char *found;
} listeners[] = {
	{ LISTENER(""), "listener HTTPS 443 Same HTTP,GRPC web -" },
	{ LISTENER(",'hostname':'a.example'"),
	  "listener HTTPS 443 Same HTTP,GRPC web a.example" },
	{ LISTENER(",'hostname':'*.a.example','tls':{'mode':'Terminate'}"),
	  "listener HTTPS 443 Same HTTP,GRPC web *.a.example" },
	{ LISTENER(",'tls':{'certificateRefs':[]}"),
	  "listener HTTPS 443 Same HTTP,GRPC web -" },
	{ LISTENER(",'tls':{'mode':'Passthrough'}"), NULL },
	{ LISTENER(",'tls':{'mode':'terminate'}"), NULL },
	{ LISTENER(",'tls':{'mode':7}"), NULL },
	{ "{'name':'x','protocol':'TLS','hostname':'a'}",
	  "listener TLS 0 Same HTTP,GRPC x a" },
	{ "{'name':'x','protocol':'TLS','tls':{'mode':'Passthrough'}}", NULL },
	{ "{'name':'x','protocol':'HTTP','hostname':'a'}", NULL },
	{ "{'name':'x','protocol':'https','hostname':'a'}", NULL },
	{ "{'name':'x','hostname':'a'}", NULL },
	{ LISTENER(",'hostname':'a b'"), NULL },
	{ LISTENER(",'hostname':''"), NULL },
	{ LISTENER(",'hostname':'*'"), NULL },
	{ LISTENER(",'hostname':'a.*.b'"), NULL },
	{ LISTENER(",'hostname':7"), NULL },
	{ LISTENER(",'hostname':null"),
	  "listener HTTPS 443 Same HTTP,GRPC web -" },
	{ "{'protocol':'HTTPS'}", "listener HTTPS 0 Same HTTP,GRPC - -" },
	{ "{'protocol':'HTTPS','name':'a b'}", NULL },
	{ LISTENER(",'allowedRoutes':{'namespaces':{'from':'All'}}"),
	  "listener HTTPS 443 All HTTP,GRPC web -" },
	{ LISTENER(",'allowedRoutes':{'namespaces':{'from':'None'}}"),
	  "listener HTTPS 443 None HTTP,GRPC web -" },
	{ LISTENER(",'allowedRoutes':{'namespaces':{'from':'Selector'}}"),
	  "listener HTTPS 443 Selector HTTP,GRPC web -" },
	{ LISTENER(",'allowedRoutes':{'namespaces':{'from':'All x'}}"),
	  "listener HTTPS 443 Selector HTTP,GRPC web -" },
	{ LISTENER(",'allowedRoutes':{'namespaces':{'from':[]}}"),
	  "listener HTTPS 443 Selector HTTP,GRPC web -" },
	{ LISTENER(",'allowedRoutes':{'kinds':[{'kind':'GRPCRoute'}]}"),
	  "listener HTTPS 443 Same GRPC web -" },
	{ LISTENER(",'allowedRoutes':{'kinds':[{'kind':'HTTPRoute','group':"
		   "'gateway.networking.k8s.io'},{'kind':'GRPCRoute'}]}"),
	  "listener HTTPS 443 Same HTTP,GRPC web -" },
	{ LISTENER(",'allowedRoutes':{'kinds':[{'kind':'HTTPRoute','group':"
		   "'x'},{'kind':'TLSRoute'}]}"),
	  "listener HTTPS 443 Same - web -" },
	{ "null", NULL },
	{ "'x'", NULL },
};

static void test_listeners(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(listeners); i++) {
		char json[1024];
		char expected[256] = "";

		(void)snprintf(json, sizeof(json), GATEWAY("edge", "g", "%s"),
			       listeners[i].listener);
		if (listeners[i].found != NULL)
			(void)snprintf(expected, sizeof(expected), "edge/g: %s",
				       listeners[i].found);
		objects_assert(&gateways, listeners[i].listener, json,
			       expected);
	}
}

#define ROUTE_OF(ns, parents, hostnames, status)                               \
	"{'metadata':{'namespace':'" ns "','name':'r'},'spec':{"               \
	"'parentRefs':[" parents "],'hostnames':[" hostnames "]},"             \
	"'status':{'parents':[" status "]}}"
#define ROUTE(parents, hostnames) ROUTE_OF("edge", parents, hostnames, "")
#define PARENT(rest) "{'name':'g'" rest "}"
#define STATUS(rest, type, value)                                              \
	"{'parentRef':{'name':'g'" rest                                        \
	"},'conditions':[{'type':'ResolvedRefs',"                              \
	"'status':'False'},{'type':'" type "','status':'" value "'}]}"
#define JUDGED(status) ROUTE_OF("edge", PARENT(""), "'a'", status)

static const struct {
	const char *route;
	const char *found;
} routes[] = {
	{ ROUTE(PARENT(""), "'a','*.b'"),
	  "edge/g: route HTTP - edge - - a, edge/g: route HTTP - edge - - *.b" },
	{ ROUTE(PARENT(",'namespace':'x','sectionName':'s','port':8443"),
		"'a'"),
	  "x/g: route HTTP 8443 edge - s a" },
	{ ROUTE(PARENT(",'group':'gateway.networking.k8s.io','kind':'Gateway'"),
		"'a'"),
	  "edge/g: route HTTP - edge - - a" },
	{ ROUTE(PARENT("") "," PARENT(",'namespace':'x'"), "'a'"),
	  "edge/g: route HTTP - edge - - a, x/g: route HTTP - edge - - a" },
	{ ROUTE(PARENT(",'group':'','kind':'Service'"), "'a'"), "" },
	{ ROUTE(PARENT(",'group':''"), "'a'"), "" },
	{ ROUTE(PARENT(",'kind':'ListenerSet'"), "'a'"), "" },
	{ ROUTE(PARENT(",'namespace':'a b'"), "'a'"), "" },
	{ ROUTE(PARENT(",'namespace':7"), "'a'"), "" },
	{ ROUTE(PARENT(",'sectionName':'a b'"), "'a'"), "" },
	{ ROUTE(PARENT(",'port':0"), "'a'"), "" },
	{ ROUTE(PARENT(",'port':'443'"), "'a'"), "" },
	{ ROUTE("{}", "'a'"), "" },
	{ ROUTE("{'name':'a/b'}", "'a'"), "" },
	{ ROUTE("", "'a'"), "" },
	{ ROUTE(PARENT(""), ""), "" },
	{ ROUTE(PARENT(""), "'','-','*','a b',7,null,'*.*.a','A','a'"),
	  "edge/g: route HTTP - edge - - a" },
	{ JUDGED(STATUS("", "Accepted", "True")),
	  "edge/g: route HTTP - edge accepted - a" },
	{ JUDGED(STATUS("", "Accepted", "False")), "" },
	{ JUDGED(STATUS("", "Accepted", "Unknown")),
	  "edge/g: route HTTP - edge - - a" },
	{ JUDGED(STATUS("", "Programmed", "False")),
	  "edge/g: route HTTP - edge - - a" },
	{ JUDGED(STATUS("", "Accepted", "False") "," STATUS("", "Accepted",
							    "True")),
	  "edge/g: route HTTP - edge accepted - a" },
	{ JUDGED(STATUS(",'namespace':'edge'", "Accepted", "False")), "" },
	{ JUDGED(STATUS(",'namespace':'x'", "Accepted", "False")),
	  "edge/g: route HTTP - edge - - a" },
	{ JUDGED(STATUS(",'sectionName':'x'", "Accepted", "False")),
	  "edge/g: route HTTP - edge - - a" },
	{ JUDGED(STATUS(",'port':1", "Accepted", "False")),
	  "edge/g: route HTTP - edge - - a" },
	{ JUDGED(STATUS(",'kind':'Service'", "Accepted", "False")),
	  "edge/g: route HTTP - edge - - a" },
	{ ROUTE_OF("edge", PARENT("") "," PARENT(",'sectionName':'s'"), "'a'",
		   STATUS(",'sectionName':'s'", "Accepted", "False")),
	  "edge/g: route HTTP - edge - - a" },
};

static void test_routes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(routes); i++)
		objects_assert(&http_routes, routes[i].route, routes[i].route,
			       routes[i].found);
	objects_assert(&grpc_routes, "gRPC", ROUTE(PARENT(""), "'a'"),
		       "edge/g: route GRPC - edge - - a");
}

static void test_identity(void **state)
{
	static const char *const items[] = {
		"{'metadata':{'name':'a'}}",
		"{'metadata':{'namespace':'a'}}",
		"{'metadata':{'name':'a','namespace':'b/c'}}",
		"{'metadata':{'name':'a/b','namespace':'c'}}",
		"{'metadata':{'name':'','namespace':'c'}}",
		"{'metadata':{'name':1,'namespace':'c'}}",
		"{'metadata':{'name':'a b','namespace':'c'}}",
		"{'metadata':[]}",
		"{}",
	};
	struct found found = { 0 };
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(items); i++) {
		assert_error(objects_read(&gateways, items[i], &found, &err),
			     &err, ERROR_INVALID, "has no metadata.");
		assert_error(objects_read(&http_routes, items[i], &found, &err),
			     &err, ERROR_INVALID, "has no metadata.");
	}
	assert_error(objects_read(&grpc_routes, "{'kind':'HTTPRoute'}", &found,
				  &err),
		     &err, ERROR_INVALID, "is not a GRPCRoute");
}

/* Of more items than the API allows the first are taken. */
static void test_many(void **state)
{
	struct json_object *item = objects_parse(EDGE(""));
	struct json_object *one;
	struct json_object *all;
	struct found found = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(json_pointer_get(item, "/spec/listeners", &all), 0);
	one = json_object_array_get_idx(all, 0);
	while (json_object_array_length(all) <= GATEWAY_ITEMS_MAX)
		assert_int_equal(
			json_object_array_add(all, json_object_get(one)), 0);
	assert_ok(gateway_read(item, NULL, &found, &err), &err);
	assert_int_equal(found.names.count, GATEWAY_ITEMS_MAX);
	found_free(&found);
	(void)json_object_put(item);
}

#define LABEL63                                                                \
	"aaaaaaaaabbbbbbbbbcccccccccdddddddddeeeeeeeeefffffffffggggggggg"

/* Gateways and HTTPRoutes, and what they come to. */
static const struct {
	const char *name;
	const char *gateways[3];
	const char *routes[3];
	const char *found;
} worlds[] = {
	{ "a listener alone",
	  { EDGE(",'hostname':'a.x'") },
	  { NULL },
	  "edge/g: a.x" },
	{ "a listener for all", { EDGE("") }, { NULL }, "" },
	{ "routes alone", { NULL }, { ROUTE(PARENT(""), "'a'") }, "" },
	{ "a listener for all, and a route",
	  { EDGE("") },
	  { ROUTE(PARENT(""), "'a.x','*.y'") },
	  "edge/g: a.x, edge/g: *.y" },
	{ "the same host",
	  { EDGE(",'hostname':'a.x'") },
	  { ROUTE(PARENT(""), "'a.x','b.x'") },
	  "edge/g: a.x, edge/g: a.x" },
	{ "below a wildcard",
	  { EDGE(",'hostname':'*.x'") },
	  { ROUTE(PARENT(""), "'a.x','b.a.x','*.a.x','x','ax','a.xx'") },
	  "edge/g: *.x, edge/g: a.x, edge/g: b.a.x, edge/g: *.a.x" },
	{ "a wildcard longer than what it is compared with",
	  { EDGE(",'hostname':'*." LABEL63 "." LABEL63 "." LABEL63 ".x'") },
	  { ROUTE(PARENT(""), "'x'") },
	  "edge/g: *." LABEL63 "." LABEL63 "." LABEL63 ".x" },
	{ "the same wildcard, and a wider one",
	  { EDGE(",'hostname':'*.a.x'") },
	  { ROUTE(PARENT(""), "'*.a.x','*.x'") },
	  "edge/g: *.a.x, edge/g: *.a.x" },
	{ "a route wider than the listener",
	  { EDGE(",'hostname':'a.x'") },
	  { ROUTE(PARENT(""), "'*.x'") },
	  "edge/g: a.x" },
	{ "a route without hostnames",
	  { EDGE(",'hostname':'a.x'") },
	  { ROUTE(PARENT(""), "") },
	  "edge/g: a.x" },
	{ "another Gateway",
	  { EDGE(""), GATEWAY("edge", "h", LISTENER("")) },
	  { ROUTE("{'name':'h'}", "'a'") },
	  "edge/h: a" },
	{ "a Gateway that is not there",
	  { EDGE("") },
	  { ROUTE("{'name':'h'}", "'a'") },
	  "" },
	{ "by section",
	  { GATEWAY("edge", "g",
		    LISTENER("") ",{'name':'b','protocol':'HTTPS','port':1,"
				 "'hostname':'*.b'}") },
	  { ROUTE(PARENT(",'sectionName':'b'"), "'a','x.b'"),
	    ROUTE(PARENT(",'sectionName':'c'"), "'c'"),
	    ROUTE(PARENT(",'sectionName':'web'"), "'d'") },
	  "edge/g: *.b, edge/g: x.b, edge/g: d" },
	{ "by port",
	  { EDGE("") },
	  { ROUTE(PARENT(",'port':443"), "'a'"),
	    ROUTE(PARENT(",'port':44"), "'b'"),
	    ROUTE(PARENT(",'port':443,'sectionName':'x'"), "'c'") },
	  "edge/g: a" },
	{ "no HTTPS",
	  { GATEWAY("edge", "g",
		    "{'name':'x','protocol':'HTTP','hostname':'h'},"
		    "{'name':'y','protocol':'TLS','hostname':'*.t'}") },
	  { ROUTE(PARENT(""), "'a','x.t'") },
	  "edge/g: *.t" },
	{ "other kinds only",
	  { EDGE(",'allowedRoutes':{'kinds':[{'kind':'GRPCRoute'}]}") },
	  { ROUTE(PARENT(""), "'a'") },
	  "" },
	{ "its kind",
	  { EDGE(",'allowedRoutes':{'kinds':[{'kind':'HTTPRoute'}]}") },
	  { ROUTE(PARENT(""), "'a'") },
	  "edge/g: a" },
	{ "another namespace, not allowed",
	  { EDGE("") },
	  { ROUTE_OF("shop", PARENT(",'namespace':'edge'"), "'a'",
		     STATUS(",'namespace':'edge'", "Accepted", "True")) },
	  "" },
	{ "a namespace that begins alike",
	  { EDGE("") },
	  { ROUTE_OF("edg", PARENT(",'namespace':'edge'"), "'a'", "") },
	  "" },
	{ "another namespace, all allowed",
	  { EDGE(",'allowedRoutes':{'namespaces':{'from':'All'}}") },
	  { ROUTE_OF("shop", PARENT(",'namespace':'edge'"), "'a'", ""),
	    ROUTE_OF("shop", PARENT(""), "'b'", "") },
	  "edge/g: a" },
	{ "a selector",
	  { EDGE(",'allowedRoutes':{'namespaces':{'from':'Selector'}}") },
	  { ROUTE_OF("shop", PARENT(",'namespace':'edge'"), "'a'",
		     STATUS(",'namespace':'edge'", "Accepted", "True")),
	    ROUTE_OF("shop", PARENT(",'namespace':'edge'"), "'b'", ""),
	    ROUTE_OF("shop", PARENT(",'namespace':'edge'"), "'c'",
		     STATUS(",'namespace':'edge'", "Accepted", "False")) },
	  "edge/g: a" },
	{ "no namespace",
	  { EDGE(",'allowedRoutes':{'namespaces':{'from':'None'}}") },
	  { ROUTE(PARENT(""), "'a'") },
	  "" },
};

static void join_world(const struct found *facts, const char *name,
		       const char *expected)
{
	struct found found = { 0 };
	struct error err = { 0 };
	char *text;

	assert_ok(gateways_join(facts, &found, &err), &err);
	text = objects_describe(&found);
	if (strcmp(text, expected) != 0)
		fail_msg("%s: found '%s'", name, text);
	free(text);
	found_free(&found);
}

static void test_join(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(worlds); i++) {
		struct found facts = { 0 };
		struct error err = { 0 };

		for (int g = 0; g < 3 && worlds[i].gateways[g] != NULL; g++)
			assert_ok(objects_read(&gateways, worlds[i].gateways[g],
					       &facts, &err),
				  &err);
		for (int r = 0; r < 3 && worlds[i].routes[r] != NULL; r++)
			assert_ok(objects_read(&http_routes,
					       worlds[i].routes[r], &facts,
					       &err),
				  &err);
		join_world(&facts, worlds[i].name, worlds[i].found);
		found_free(&facts);
	}
}

/* What is remembered may be damaged. */
static void test_damaged(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"listener",
		"a.example",
		"listener HTTPS 443 All HTTP,GRPC web",
		"listener HTTPS 443 All HTTP,GRPC web ",
		"listener HTTPS 443 All HTTP,GRPC web a b",
		"listener  443 All HTTP,GRPC web a",
		"listeners HTTPS 443 All HTTP,GRPC web a",
		"listener HTTPS 443 All HTTP,GRPC web - ",
		"route HTTP - edge - - -",
		"route X - edge - - x",
		"route HTTP - e - - x",
		" route HTTP - edge - - x",
	};
	struct found facts = { 0 };
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		assert_ok(found_add_name(&facts, texts[i], "edge/g", 0, &err),
			  &err);
	assert_ok(found_add_name(&facts, "route HTTP - edge - - x", NULL, 0,
				 &err),
		  &err);
	join_world(&facts, "damaged", "");
	assert_ok(found_add_name(&facts,
				 "listener HTTPS 443 Same HTTP,GRPC web -",
				 "edge/g", 0, &err),
		  &err);
	join_world(&facts, "damaged, with a listener", "");
	found_free(&facts);
}

/* A Gateway that is listed again and again must not cost each route the time
 * for each of its listeners. */
static void test_many_listeners(void **state)
{
	struct found facts = { 0 };
	struct found names = { 0 };
	struct error err = { 0 };

	(void)state;
	for (int i = 0; i < 2 * GATEWAY_ITEMS_MAX; i++) {
		char text[100];

		(void)snprintf(text, sizeof(text),
			       "listener HTTPS 443 All HTTP s%d -", i);
		assert_ok(found_add_name(&facts, text, "edge/g", 0, &err),
			  &err);
		(void)snprintf(text, sizeof(text), "route HTTP - edge - s%d x",
			       i);
		assert_ok(found_add_name(&facts, text, "edge/g", 0, &err),
			  &err);
	}
	assert_ok(gateways_join(&facts, &names, &err), &err);
	assert_int_equal(names.names.count, GATEWAY_ITEMS_MAX);
	found_free(&names);
	found_free(&facts);
}

static void test_robust(void **state)
{
	static const char *const gateway_members[] = {
		"'spec':@",
		"'spec':{'listeners':@}",
		"'spec':{'listeners':[{'protocol':@}]}",
		"'spec':{'listeners':[{'protocol':'TLS','hostname':@}]}",
		"'spec':{'listeners':[{'protocol':'TLS','tls':@}]}",
		"'spec':{'listeners':[{'protocol':'TLS','port':@}]}",
		"'spec':{'listeners':[{'protocol':'TLS','allowedRoutes':@}]}",
		"'spec':{'listeners':[{'protocol':'TLS','allowedRoutes':"
		"{'kinds':@}}]}",
		"'spec':{'listeners':[{'protocol':'TLS','allowedRoutes':"
		"{'namespaces':@}}]}",
		NULL,
	};
	static const char *const route_members[] = {
		"'spec':@",
		"'spec':{'hostnames':['a'],'parentRefs':@}",
		"'spec':{'hostnames':['a'],'parentRefs':[{'name':@}]}",
		"'spec':{'hostnames':['a'],'parentRefs':[{'name':'g','port':@}]"
		"}",
		"'spec':{'hostnames':@,'parentRefs':[{'name':'g'}]}",
		"'spec':{'hostnames':['a'],'parentRefs':[{'name':'g'}]},"
		"'status':@",
		"'spec':{'hostnames':['a'],'parentRefs':[{'name':'g'}]},"
		"'status':{'parents':@}",
		"'spec':{'hostnames':['a'],'parentRefs':[{'name':'g'}]},"
		"'status':{'parents':[{'parentRef':@}]}",
		"'spec':{'hostnames':['a'],'parentRefs':[{'name':'g'}]},"
		"'status':{'parents':[{'parentRef':{'name':'g'},"
		"'conditions':@}]}",
		NULL,
	};

	(void)state;
	objects_assert_robust(&gateways, "Gateway", gateway_members);
	objects_assert_robust(&http_routes, "HTTPRoute", route_members);
	objects_assert_robust(&grpc_routes, "GRPCRoute", route_members);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listeners),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_many_listeners),
		cmocka_unit_test(test_robust),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
