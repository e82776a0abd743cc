/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which lists are asked for, when, and what becomes of those that fail: with an
 * API and a memory that are tables.
 */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/domain_lists.h"

#include "objects.h"
#include "config/value.h"
#include "support.h"

#define MINUTE_MS INT64_C(60000)
#define MEMORIES_MAX 32

/* --- The API -------------------------------------------------------------- */

struct fake_list {
	const char *where; /* "ingresses@edge", "ingresses@*" */
	const char *items; /* NULL: fails */
	enum error_code code;
};

static struct {
	const struct fake_list *lists; /* up to one without `where` */
	char asked[1024];	       /* what for, a blank behind each */
	char labels[64];	       /* of the last one */
} api;

int __wrap_api_list(struct api *a, const struct kube_list *list,
		    const struct list_sink *sink, struct error *err);

int __wrap_api_list(struct api *a, const struct kube_list *list,
		    const struct list_sink *sink, struct error *err)
{
	const struct fake_list *fake = api.lists;
	struct json_object *items;
	char where[256];
	int r = 0;

	(void)a;
	(void)snprintf(where, sizeof(where), "%s%s@%s", list->resource,
		       strstr(list->api, "containo") == NULL ? "" : "-old",
		       list->ns == NULL ? "*" : list->ns);
	(void)snprintf(api.asked + strlen(api.asked),
		       sizeof(api.asked) - strlen(api.asked), "%s ", where);
	(void)snprintf(api.labels, sizeof(api.labels), "%s",
		       list->labels == NULL ? "" : list->labels);
	while (fake->where != NULL && strcmp(fake->where, where) != 0)
		fake++;
	if (fake->where == NULL)
		return error_set(err, ERROR_NOT_FOUND, "no such kind");
	if (fake->items == NULL)
		return error_set(err, fake->code, "it says no");
	items = objects_parse(fake->items);
	for (size_t i = 0; r == 0 && i < json_object_array_length(items); i++)
		r = sink->on_item(sink->data,
				  json_object_array_get_idx(items, i), err);
	/* A page that is asked for again. */
	if (r == 0) {
		size_t mark = sink->mark(sink->data);

		r = sink->on_item(sink->data,
				  json_object_array_get_idx(items, 0), err);
		sink->rewind(sink->data, mark);
	}
	(void)json_object_put(items);
	return r;
}

/* --- The host --------------------------------------------------------------
 */

static const char *host = "one";

int __wrap_gethostname(char *name, size_t size);

int __wrap_gethostname(char *name, size_t size)
{
	(void)snprintf(name, size, "%s", host);
	return 0;
}

/* --- The memory ----------------------------------------------------------- */

struct remembered {
	char *key;
	struct wall_time listed_at;
	struct found found;
};

static struct {
	struct remembered items[MEMORIES_MAX];
	size_t count;
} memory;

static void copy_names(const struct found *from, struct found *to)
{
	struct error err = { 0 };

	for (size_t i = 0; i < from->names.count; i++)
		assert_ok(found_add_name(to, from->names.items[i].text,
					 from->names.items[i].gateway,
					 from->names.items[i].not_before, &err),
			  &err);
}

static struct remembered *find_remembered(const char *key)
{
	for (size_t i = 0; i < memory.count; i++)
		if (strcmp(memory.items[i].key, key) == 0)
			return &memory.items[i];
	return NULL;
}

static int recall(void *data, const char *key, int64_t max_age_ms,
		  struct found *found, struct wall_time *ret_listed_at,
		  struct error *err)
{
	const struct remembered *r = find_remembered(key);

	(void)data, (void)err;
	if (r == NULL || wall_now().ms - r->listed_at.ms > max_age_ms)
		return 0;
	copy_names(&r->found, found);
	*ret_listed_at = r->listed_at;
	return 1;
}

static void keep(void *data, const char *key, struct wall_time listed_at,
		 const struct found *found)
{
	struct remembered *r = find_remembered(key);

	(void)data;
	if (r == NULL) {
		assert_true(memory.count < MEMORIES_MAX);
		r = &memory.items[memory.count++];
		r->key = strdup(key);
		assert_non_null(r->key);
	}
	r->listed_at = listed_at;
	found_free(&r->found);
	copy_names(found, &r->found);
}

/* --- A job ---------------------------------------------------------------- */

static struct {
	struct config config;
	struct job_config job;
	struct job_discovery discovery;
	struct found found;
} w;

static char server[] = "https://api.example";

static int set_up(void **state)
{
	struct error err = { 0 };

	(void)state;
	memset(&w, 0, sizeof(w));
	memset(&api, 0, sizeof(api));
	wall_freeze((struct wall_time){ INT64_C(1767225600000) });
	assert_ok(config_init(&w.config, &err), &err);
	w.config.refresh_ms = 15 * MINUTE_MS;
	w.config.discovery_max_age_ms = 60 * MINUTE_MS;
	assert_ok(job_config_init(&w.job, "edge", &err), &err);
	return 0;
}

static void forget_job(void)
{
	for (int s = 0; s < DISCOVERY_SOURCE_COUNT; s++) {
		struct source_discovery *source = &w.discovery.sources[s];

		for (size_t i = 0; i < source->failures.count; i++) {
			free(source->failures.items[i].ns);
			free(source->failures.items[i].message);
		}
		discovery_failure_vector_clear(&source->failures);
	}
	w.discovery = (struct job_discovery){ 0 };
	found_free(&w.found);
}

static int tear_down(void **state)
{
	(void)state;
	forget_job();
	for (size_t i = 0; i < memory.count; i++) {
		free(memory.items[i].key);
		found_free(&memory.items[i].found);
	}
	memset(&memory, 0, sizeof(memory));
	job_config_free(&w.job);
	config_free(&w.config);
	return 0;
}

static void use(struct domain_objects *objects, const char *ns)
{
	struct error err = { 0 };

	objects->is_used = true;
	assert_ok(domain_objects_add_namespace(objects, ns, &err), &err);
}

static void pass(int64_t ms)
{
	wall_freeze((struct wall_time){ wall_now().ms + ms });
}

/* One run. */
static void list_all(const struct fake_list *lists)
{
	const struct list_memory list_memory = { recall, keep, NULL };
	struct lister lister = {
		.server = server,
		.api.config = &w.config,
		.api.deadline = MONO_NEVER,
		.memory = &list_memory,
	};
	struct error err = { 0 };

	forget_job();
	w.discovery.job = &w.job;
	api.lists = lists;
	api.asked[0] = '\0';
	assert_ok(domain_lists_read(&lister, &w.discovery, &w.found, &err),
		  &err);
}

/* One run: what it asks for and finds, and the failures of `source` as
 * "NS REASON, ...". */
static void run(const struct fake_list *lists, enum discovery_source source,
		const char *asked, const char *found, const char *failures)
{
	const struct discovery_failure_vector *v =
		&w.discovery.sources[source].failures;
	char text[1024] = "";
	char *names;

	list_all(lists);
	assert_string_equal(api.asked, asked);
	names = objects_describe(&w.found);
	assert_string_equal(names, found);
	free(names);
	for (size_t i = 0; i < v->count; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
			       "%s%s %s", i > 0 ? ", " : "", v->items[i].ns,
			       discovery_reason_name(v->items[i].reason));
	assert_string_equal(text, failures);
}

static int64_t listed_at(enum discovery_source source)
{
	return w.discovery.sources[source].listed_at.ms;
}

static const char *first_message(enum discovery_source source)
{
	return w.discovery.sources[source].failures.items[0].message;
}

/* --- Tests ---------------------------------------------------------------- */

#define INGRESS(class, host)                                                   \
	"{'spec':{" class "'tls':[{'hosts':['" host "']}]}}"
#define CLASS(name) "'ingressClassName':'" name "',"
#define END                                                                    \
	{                                                                      \
		NULL, NULL, ERROR_NONE                                         \
	}
#define OK(where, items)                                                       \
	{                                                                      \
		where, "[" items "]", ERROR_NONE                               \
	}
#define FAILS(where, code)                                                     \
	{                                                                      \
		where, NULL, code                                              \
	}

static void test_nothing(void **state)
{
	static const struct fake_list lists[] = { END };

	(void)state;
	run(lists, SOURCE_INGRESSES, "", "", "");
	for (int s = 0; s < DISCOVERY_SOURCE_COUNT; s++)
		assert_false(w.discovery.sources[s].is_used);
}

static void test_one_fails(void **state)
{
	static const struct fake_list good[] = {
		OK("ingresses@edge", INGRESS("", "a")),
		OK("ingresses@shop", INGRESS("", "b")), END
	};
	static const struct fake_list bad[] = {
		OK("ingresses@edge", INGRESS("", "c")),
		FAILS("ingresses@shop", ERROR_FORBIDDEN), END
	};
	int64_t start = wall_now().ms;

	(void)state;
	use(&w.job.domains_from.ingresses, "edge");
	use(&w.job.domains_from.ingresses, "shop");
	run(bad, SOURCE_INGRESSES, "ingresses@edge ingresses@shop ", "c",
	    "shop forbidden");
	assert_string_equal(first_message(SOURCE_INGRESSES),
			    "job 'edge': cannot list ingresses in namespace "
			    "'shop': it says no");
	/* What failed is asked for again, what did not is not. */
	run(good, SOURCE_INGRESSES, "ingresses@shop ", "c, b", "");
	run(bad, SOURCE_INGRESSES, "", "c, b", "");
	assert_int_equal(listed_at(SOURCE_INGRESSES), start);
	pass(30 * MINUTE_MS);
	run(bad, SOURCE_INGRESSES, "ingresses@edge ingresses@shop ", "c, b",
	    "shop forbidden");
	assert_int_equal(listed_at(SOURCE_INGRESSES), start);
	pass(31 * MINUTE_MS);
	run(bad, SOURCE_INGRESSES, "ingresses@edge ingresses@shop ", "c",
	    "shop forbidden");
}

/* How long a list that is read now is not read again, to a second. */
static int64_t measure_fresh_ms(const struct fake_list *lists)
{
	int64_t age_ms = 0;

	pass(60 * MINUTE_MS);
	list_all(lists);
	assert_string_not_equal(api.asked, "");
	for (; age_ms < 60 * MINUTE_MS; age_ms += 1000, pass(1000)) {
		list_all(lists);
		if (api.asked[0] != '\0')
			break;
	}
	assert_in_range(age_ms, 15 * MINUTE_MS * 9 / 10,
			15 * MINUTE_MS * 11 / 10 + 1000);
	return age_ms;
}

/* A tenth earlier or later at most, always the same for a list and a host. */
static void test_refresh(void **state)
{
	static const struct fake_list lists[] = {
		OK("ingresses@*", INGRESS("", "a")), END
	};
	struct error err = { 0 };
	static const char *const hosts[] = { "one", "two", "three", "four" };
	int64_t lowest_ms = INT64_MAX;
	int64_t highest_ms = 0;
	int64_t last_ms = 0;

	(void)state;
	use(&w.job.domains_from.ingresses, "*");
	for (size_t i = 0; i < COUNT_OF(hosts); i++) {
		host = hosts[i];
		last_ms = measure_fresh_ms(lists);
		assert_int_equal(measure_fresh_ms(lists), last_ms);
		lowest_ms = last_ms < lowest_ms ? last_ms : lowest_ms;
		highest_ms = last_ms > highest_ms ? last_ms : highest_ms;
	}
	assert_true(lowest_ms < 15 * MINUTE_MS);
	assert_true(highest_ms > 15 * MINUTE_MS + 1000);
	assert_ok(domain_objects_set_class(&w.job.domains_from.ingresses, "x",
					   &err),
		  &err);
	assert_int_not_equal(measure_fresh_ms(lists), last_ms);
}

static void test_all_namespaces(void **state)
{
	static const struct fake_list lists[] = {
		OK("ingresses@*", INGRESS("", "a")), END
	};

	(void)state;
	w.config.refresh_ms = 0; /* always */
	use(&w.job.domains_from.ingresses, "edge");
	use(&w.job.domains_from.ingresses, "*");
	run(lists, SOURCE_INGRESSES, "ingresses@* ", "a", "");
	run(lists, SOURCE_INGRESSES, "ingresses@* ", "a", "");
}

static void test_classes(void **state)
{
	static const struct fake_list own[] = {
		OK("ingresses@edge",
		   INGRESS(CLASS("x"), "a") "," INGRESS(CLASS("y"), "b")),
		END
	};
	/* What only looks as if it had the mark of those without a class. */
	static const struct fake_list hostile[] = {
		OK("ingresses@edge", INGRESS(CLASS("x"), "?a")), END
	};
	static const struct fake_list classless[] = {
		OK("ingresses@edge",
		   INGRESS("", "a") "," INGRESS(CLASS("x"), "b")),
		OK("ingressclasses@*",
		   "{'metadata':{'name':'x','annotations':{"
		   "'ingressclass.kubernetes.io/is-default-class':'true'}}},"
		   "{'metadata':{'name':'y'}}"),
		END
	};
	static const struct fake_list forbidden[] = {
		OK("ingresses@edge",
		   INGRESS("", "a") "," INGRESS(CLASS("x"), "b")),
		FAILS("ingressclasses@*", ERROR_FORBIDDEN), END
	};
	struct domain_objects *objects = &w.job.domains_from.ingresses;
	struct error err = { 0 };

	(void)state;
	use(objects, "edge");
	run(hostile, SOURCE_INGRESSES, "ingresses@edge ", "", "");
	pass(30 * MINUTE_MS);
	run(own, SOURCE_INGRESSES, "ingresses@edge ", "a, b", "");
	/* Another class is another list. */
	assert_ok(domain_objects_set_class(objects, "x", &err), &err);
	run(own, SOURCE_INGRESSES, "ingresses@edge ", "a", "");
	w.config.refresh_ms = 0;
	run(forbidden, SOURCE_INGRESSES, "ingresses@edge ingressclasses@* ",
	    "b", " forbidden");
	assert_string_equal(first_message(SOURCE_INGRESSES),
			    "job 'edge': cannot list ingressclasses: it says "
			    "no");
	run(classless, SOURCE_INGRESSES, "ingresses@edge ingressclasses@* ",
	    "a, b", "");
	run(forbidden, SOURCE_INGRESSES, "ingresses@edge ingressclasses@* ",
	    "a, b", " forbidden");
	assert_ok(domain_objects_set_class(objects, "y", &err), &err);
	run(classless, SOURCE_INGRESSES, "ingresses@edge ingressclasses@* ", "",
	    "");
}

#define GATEWAY(ns)                                                            \
	"{'metadata':{'namespace':'" ns "','name':'g'},'spec':{'listeners':["  \
	"{'name':'w','protocol':'HTTPS','port':443,'allowedRoutes':{"          \
	"'namespaces':{'from':'All'}}}]}}"
#define ROUTE(ns, host)                                                        \
	"{'metadata':{'namespace':'" ns "','name':'r'},'spec':{'hostnames':["  \
	"'" host "'],'parentRefs':[{'namespace':'edge','name':'g'}]}}"
#define GATEWAY_LISTS                                                          \
	"gateways@edge gateways@shop httproutes@edge httproutes@shop "         \
	"grpcroutes@edge grpcroutes@shop "

/* A route's name stays while the list of its Gateway, elsewhere, fails. */
static void test_gateways(void **state)
{
	static const struct fake_list good[] = {
		OK("gateways@edge", GATEWAY("edge")),
		OK("gateways@shop", GATEWAY("shop")),
		OK("httproutes@edge", ROUTE("edge", "a")),
		OK("httproutes@shop", ROUTE("shop", "b")), END
	};
	static const struct fake_list bad[] = {
		FAILS("gateways@edge", ERROR_FORBIDDEN),
		OK("gateways@shop", GATEWAY("shop")),
		FAILS("httproutes@edge", ERROR_TIMEOUT),
		OK("httproutes@shop", ROUTE("shop", "c")),
		OK("grpcroutes@shop",
		   "{'metadata':{'namespace':'shop','name':'r'},'spec':{"
		   "'hostnames':['d'],'parentRefs':[{'name':'g'}]}}"),
		END
	};

	(void)state;
	w.config.refresh_ms = 0;
	use(&w.job.domains_from.gateways, "edge");
	use(&w.job.domains_from.gateways, "shop");
	run(bad, SOURCE_GATEWAYS, GATEWAY_LISTS, "shop/g: d",
	    "edge forbidden, edge timeout");
	run(good, SOURCE_GATEWAYS, GATEWAY_LISTS, "edge/g: a, edge/g: b", "");
	run(bad, SOURCE_GATEWAYS, GATEWAY_LISTS,
	    "edge/g: a, edge/g: c, shop/g: d", "edge forbidden, edge timeout");
	pass(61 * MINUTE_MS);
	run(bad, SOURCE_GATEWAYS, GATEWAY_LISTS, "shop/g: d",
	    "edge forbidden, edge timeout");
}

/* What is not known does not look like a list of now. */
static void test_nothing_known(void **state)
{
	static const struct fake_list lists[] = {
		FAILS("gateways@edge", ERROR_SERVER),
		FAILS("httproutes@edge", ERROR_SERVER),
		FAILS("grpcroutes@edge", ERROR_SERVER),
		FAILS("ingresses@edge", ERROR_SERVER), END
	};

	(void)state;
	use(&w.job.domains_from.gateways, "edge");
	use(&w.job.domains_from.ingresses, "edge");
	run(lists, SOURCE_GATEWAYS,
	    "ingresses@edge gateways@edge httproutes@edge grpcroutes@edge ", "",
	    "edge server_error");
	assert_int_equal(listed_at(SOURCE_GATEWAYS), 0);
	assert_int_equal(listed_at(SOURCE_INGRESSES), 0);
}

static void test_ingressroutes(void **state)
{
	static const struct fake_list lists[] = {
		OK("ingressroutes@edge",
		   "{'spec':{'tls':{},'routes':[{'match':'Host(`a`)'}]}}"),
		END
	};
	static const struct fake_list both[] = {
		OK("ingressroutes@edge",
		   "{'spec':{'tls':{},'routes':[{'match':'Host(`a`)'}]}}"),
		OK("ingressroutes-old@edge",
		   "{'spec':{'tls':{},'routes':[{'match':'Host(`b`)'}]}}"),
		END
	};
	static const struct fake_list none[] = { END };
	const char *const asked = "ingressroutes@edge ingressroutes-old@edge ";

	(void)state;
	w.config.refresh_ms = 0;
	use(&w.job.domains_from.ingressroutes, "edge");
	run(lists, SOURCE_INGRESSROUTES, asked, "a", "");
	run(both, SOURCE_INGRESSROUTES, asked, "a, b", "");
	/* A kind that is gone is an empty list, not one to remember. */
	run(none, SOURCE_INGRESSROUTES, asked, "", "");
	assert_true(w.discovery.sources[SOURCE_INGRESSROUTES].is_used);
	assert_int_equal(listed_at(SOURCE_INGRESSROUTES), wall_now().ms);
}

static void test_certificates(void **state)
{
	static const struct fake_list lists[] = {
		OK("certificates@edge",
		   "{'spec':{'dnsNames':['a']},'status':{'notBefore':"
		   "'2026-01-02T03:04:05Z'}}"),
		END
	};
	struct error err = { 0 };

	(void)state;
	use(&w.job.domains_from.certificates, "edge");
	run(lists, SOURCE_CERTIFICATES, "certificates@edge ", "a =1767323045",
	    "");
	assert_string_equal(api.labels, "");
	/* Another selector is another list. */
	assert_ok(domain_objects_set_labels(&w.job.domains_from.certificates,
					    "app=shop", &err),
		  &err);
	run(lists, SOURCE_CERTIFICATES, "certificates@edge ", "a =1767323045",
	    "");
	assert_string_equal(api.labels, "app=shop");
	run(lists, SOURCE_CERTIFICATES, "", "a =1767323045", "");
}

static void test_invalid_object(void **state)
{
	static const struct fake_list lists[] = {
		OK("certificates@edge", "{'spec':{'dnsNames':['a']}},7"), END
	};

	(void)state;
	use(&w.job.domains_from.certificates, "edge");
	run(lists, SOURCE_CERTIFICATES, "certificates@edge ", "",
	    "edge invalid");
}

/* The file is read in every run; the list of before stands in for a bad one. */
static void test_file(void **state)
{
	static const struct fake_list lists[] = { END };
	char *directory = temp_dir_make();
	char *path = path_join(directory, "domains");
	struct error err = { 0 };

	(void)state;
	assert_ok(value_set_string(&w.job.domains_from.file, path, &err), &err);
	run(lists, SOURCE_FILE, "", "", " invalid");
	write_file(path, "a\nb\n");
	run(lists, SOURCE_FILE, "", "a, b", "");
	write_file(path, "c\n");
	run(lists, SOURCE_FILE, "", "c", "");
	write_file(path, "d\n?\n");
	run(lists, SOURCE_FILE, "", "c", " invalid");
	assert_non_null(strstr(first_message(SOURCE_FILE), "/domains:2: '?'"));
	pass(61 * MINUTE_MS);
	run(lists, SOURCE_FILE, "", "", " invalid");
	write_file(path, "");
	run(lists, SOURCE_FILE, "", "", "");
	assert_int_equal(listed_at(SOURCE_FILE), wall_now().ms);
	free(path);
	temp_dir_remove(directory);
}

/* Without memory there is nothing to fall back on, and no harm. */
static void test_no_memory(void **state)
{
	static const struct fake_list lists[] = {
		OK("ingresses@edge", INGRESS("", "a")), END
	};
	struct lister lister = { .api.config = &w.config,
				 .server = server,
				 .api.deadline = MONO_NEVER };
	struct error err = { 0 };

	(void)state;
	use(&w.job.domains_from.ingresses, "edge");
	w.discovery.job = &w.job;
	api.lists = lists;
	assert_ok(domain_lists_read(&lister, &w.discovery, &w.found, &err),
		  &err);
	assert_int_equal(w.found.names.count, 1);
}

static void test_interrupted(void **state)
{
	static const struct fake_list lists[] = {
		FAILS("ingresses@edge", ERROR_INTERRUPTED), END
	};
	struct lister lister = { .api.config = &w.config,
				 .server = server,
				 .api.deadline = MONO_NEVER };
	struct error err = { 0 };

	(void)state;
	use(&w.job.domains_from.ingresses, "edge");
	w.discovery.job = &w.job;
	api.lists = lists;
	assert_error(domain_lists_read(&lister, &w.discovery, &w.found, &err),
		     &err, ERROR_INTERRUPTED, NULL);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing),	  TEST(test_one_fails),
		TEST(test_refresh),	  TEST(test_all_namespaces),
		TEST(test_classes),	  TEST(test_gateways),
		TEST(test_nothing_known), TEST(test_ingressroutes),
		TEST(test_certificates),  TEST(test_invalid_object),
		TEST(test_file),	  TEST(test_no_memory),
		TEST(test_interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
