/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client, its paging and what it makes of a refusal (kube/failure) against
 * a server that answers by a table, over plain HTTP. TLS and the real API are
 * the end-to-end tests'.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kube/client.h"
#include "kube/list.h"
#include "kube/memory.h"

#define REQUEST_MAX 65536

#define JSON "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
#define STATUS(line, json)                                                     \
	"HTTP/1.1 " line "\r\nContent-Type: application/json\r\n"              \
	"\r\n{\"kind\":\"Status\"," json "}"

/* Answers end with the connection. */
static const struct {
	const char *target;
	const char *answer; /* "" to hang up, NULL never to answer */
} routes[] = {
	{ "/ok", JSON "{}" },
	{ "/no-type", "HTTP/1.1 200 OK\r\n\r\n{}" },
	{ "/unauthorized",
	  STATUS("401 Unauthorized", "\"message\":\"Unauthorized\"") },
	{ "/forbidden",
	  STATUS("403 Forbidden",
		 "\"reason\":\"Forbidden\",\"message\":\"pods is forbidden\"") },
	{ "/selector", STATUS("400 Bad Request", "\"message\":\"bad\\nit\"") },
	{ "/gone", STATUS("410 Gone", "\"message\":\"too old\"") },
	{ "/many", STATUS("429 Too Many Requests", "\"message\":\"slower\"") },
	{ "/broken",
	  STATUS("500 Internal Server Error", "\"message\":\"etcd is gone\"") },
	{ "/slow",
	  STATUS("500 Internal Server Error",
		 "\"reason\":\"ServerTimeout\",\"message\":\"try again\"") },
	{ "/gateway", "HTTP/1.1 504 Gateway Timeout\r\n\r\n<html>late</html>" },
	{ "/down", "HTTP/1.1 503 Service Unavailable\r\n\r\nno backend\r\nx" },
	{ "/missing", "HTTP/1.1 404 Not Found\r\n\r\n" },
	{ "/odd", "HTTP/1.1 400 Bad Request\r\n\r\n{\"kind\":{\"a\":[\"" },
	{ "/odder", "HTTP/1.1 400 Bad Request\r\n\r\n{\"kind\":\"Status\","
		    "\"message\":7,\"reason\":[]}" },
	{ "/login", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
		    "\r\n" },
	{ "/html", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
		   "<html>" },
	{ "/html-empty", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
			 "Content-Length: 0\r\n\r\n" },
	{ "/hang-up", "" },
	{ "/not-http", "SSH-2.0-OpenSSH_9.2\r\n" },
	{ "/cut", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		  "Content-Length: 100\r\n\r\n{" },
	{ "/not-gzip", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		       "Content-Encoding: gzip\r\n\r\n{\"kind\":\"List\"}" },
	{ "/never", NULL },
	{ "/api/v1/namespaces/a%2Fb/pods?labelSelector=x%20in%20%28y%2Cz%29&"
	  "limit=500",
	  JSON "{\"kind\":\"PodList\",\"metadata\":{\"continue\":\"n/1+=\"},"
	       "\"items\":[{},{}]}" },
	{ "/api/v1/namespaces/a%2Fb/pods?labelSelector=x%20in%20%28y%2Cz%29&"
	  "limit=500&continue=n%2F1%2B%3D",
	  JSON "{\"kind\":\"PodList\",\"metadata\":{},\"items\":[{}]}" },
	{ "/api/v1/pods?fieldSelector=spec.nodeName%3Dn-1&resourceVersion=0",
	  JSON "{\"kind\":\"PodList\",\"metadata\":{},\"items\":[{}]}" },
	{ "/api/v1/again?limit=500",
	  JSON "{\"kind\":\"PodList\",\"metadata\":{\"continue\":\"x\"},"
	       "\"items\":[{}]}" },
	{ "/api/v1/again?limit=500&continue=x",
	  JSON "{\"kind\":\"PodList\",\"metadata\":{\"continue\":\"x\"},"
	       "\"items\":[{}]}" },
	{ "/api/v1/half?limit=500",
	  JSON "{\"kind\":\"PodList\",\"metadata\":{\"continue\":\"y\"},"
	       "\"items\":[{}]}" },
	{ "/api/v1/half?limit=500&continue=y",
	  JSON "{\"kind\":\"PodList\",\"metadata\":{},\"items\":[{}" },
	{ "/api/v1/services?limit=500",
	  JSON "{\"kind\":\"ServiceList\",\"items\":[{}]}" },
};

static struct {
	pid_t pid;
	char url[64];
	char authority[32];
} server;

static void answer(int connection, const char *request)
{
	const char *text = "HTTP/1.1 418 No Route\r\n\r\n";
	char target[1024] = "";

	(void)sscanf(request, "GET %1023s HTTP/1.1", target);
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(routes[i].target, target) == 0)
			text = routes[i].answer;
	if (strcmp(target, "/secret") == 0)
		text = strstr(request, "Authorization: Bearer good") != NULL ?
			       JSON "{}" :
			       STATUS("401 Unauthorized", "\"message\":\"no\"");
	/* The request itself, as the message of a refusal. */
	if (strcmp(target, "/echo") == 0) {
		static char echo[REQUEST_MAX];
		char *end =
			echo + snprintf(echo, sizeof(echo),
					"HTTP/1.1 400 Bad\r\n\r\n%s", request);

		for (char *c = echo + strlen("HTTP/1.1 400 Bad\r\n\r\n");
		     c < end; c++)
			if (*c == '\r' || *c == '\n')
				*c = ' ';
		text = echo;
	}
	if (text == NULL)
		(void)pause();
	else
		(void)!write(connection, text, strlen(text));
}

static void serve(int listener)
{
	static char request[REQUEST_MAX];

	for (;;) {
		int connection = accept(listener, NULL, NULL);
		size_t size = 0;
		ssize_t got;

		if (connection < 0)
			continue;
		/* One process each: one of them never answers. */
		if (fork() != 0) {
			(void)close(connection);
			continue;
		}
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		do {
			got = read(connection, request + size,
				   sizeof(request) - size - 1);
			size += got > 0 ? (size_t)got : 0;
			request[size] = '\0';
		} while (got > 0 && strstr(request, "\r\n\r\n") == NULL);
		answer(connection, request);
		_exit(0);
	}
}

static int set_up(void **state)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct error err = { 0 };

	(void)state;
	if (listener < 0 ||
	    bind(listener, (struct sockaddr *)&address, size) < 0 ||
	    listen(listener, 16) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0)
		return -1;
	(void)snprintf(server.authority, sizeof(server.authority),
		       "127.0.0.1:%d", ntohs(address.sin_port));
	(void)snprintf(server.url, sizeof(server.url), "http://%s",
		       server.authority);
	server.pid = fork();
	if (server.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)signal(SIGCHLD, SIG_IGN);
		serve(listener);
	}
	(void)close(listener);
	return kube_memory_init(&err);
}

static int tear_down(void **state)
{
	(void)state;
	kube_memory_release();
	(void)kill(server.pid, SIGKILL);
	(void)waitpid(server.pid, NULL, 0);
	return 0;
}

static int count_bytes(void *data, const char *bytes, size_t size,
		       struct error *err)
{
	size_t *total = data;

	(void)bytes;
	(void)err;
	*total += size;
	return 0;
}

static int refuse_bytes(void *data, const char *bytes, size_t size,
			struct error *err)
{
	(void)data;
	(void)bytes;
	(void)size;
	return error_set(err, ERROR_TOO_LARGE, "enough");
}

static const struct {
	const char *target;
	int r;
	const char *message; /* part of it; @ for the server's URL */
} requests[] = {
	{ "/ok", 0, "" },
	{ "/no-type", 0, "" },
	{ "/unauthorized", -ERROR_UNAUTHORIZED, "Unauthorized" },
	{ "/forbidden", -ERROR_FORBIDDEN, "pods is forbidden" },
	{ "/selector", -ERROR_INVALID, "bad it" },
	{ "/gone", -ERROR_SERVER, "too old" },
	{ "/many", -ERROR_SERVER, "slower" },
	{ "/broken", -ERROR_SERVER, "etcd is gone" },
	{ "/slow", -ERROR_TIMEOUT, "try again" },
	{ "/gateway", -ERROR_TIMEOUT,
	  "@ answers with HTTP status 504: is it "
	  "a Kubernetes API server?" },
	{ "/down", -ERROR_SERVER,
	  "@ answers with HTTP status 503: no backend" },
	{ "/missing", -ERROR_NOT_FOUND,
	  "@ answers with HTTP status 404: is it" },
	{ "/odd", -ERROR_INVALID, "HTTP status 400: is it" },
	{ "/odder", -ERROR_INVALID, "HTTP status 400: is it" },
	{ "/login", -ERROR_INVALID,
	  "@ answers with a redirect (HTTP 302): is it a Kubernetes API "
	  "server, or a login page?" },
	{ "/html", -ERROR_INVALID, "@ answers with 'text/html'" },
	{ "/html-empty", -ERROR_INVALID, "@ answers with 'text/html'" },
	{ "/hang-up", -ERROR_UNREACHABLE, "the connection to @ broke" },
	{ "/not-http", -ERROR_INVALID, "@" },
	{ "/cut", -ERROR_UNREACHABLE, "the connection to @ broke" },
	{ "/not-gzip", -ERROR_INVALID, "@" },
};

/* Whether `pattern` is in the text, its '@' standing for the URL. */
static int has_part(const char *text, const char *pattern)
{
	const char *at = strchr(pattern, '@');
	char part[512];

	if (at == NULL)
		return strstr(text, pattern) != NULL;
	(void)snprintf(part, sizeof(part), "%.*s%s%s", (int)(at - pattern),
		       pattern, server.url, at + 1);
	return strstr(text, part) != NULL;
}

static void test_answers(void **state)
{
	struct kube_access access = { .source = (char[]){ "the test" },
				      .server = server.url };
	CLEANUP(cleanup_kube_client) struct kube_client *client = NULL;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(kube_client_open(&access, NULL, &client, &err), 0);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		size_t bytes = 0;
		int r = kube_client_get(client, requests[i].target, 20000,
					count_bytes, &bytes, &err);

		if (r != requests[i].r ||
		    (r < 0 && !has_part(err.message, requests[i].message)))
			fail_msg("%s: %d %s", requests[i].target, r,
				 err.message);
		assert_true(r < 0 || bytes == 2);
	}
	/* What takes the body may end it. */
	assert_int_equal(
		kube_client_get(client, "/ok", 20000, refuse_bytes, NULL, &err),
		-ERROR_TOO_LARGE);
	assert_string_equal(err.message, "enough");
}

static void test_timeout(void **state)
{
	struct kube_access access = { .server = server.url };
	CLEANUP(cleanup_kube_client) struct kube_client *client = NULL;
	struct interrupt interrupt = { .fd = -1, .signal = SIGTERM };
	struct error err = { 0 };
	size_t bytes = 0;

	(void)state;
	assert_int_equal(kube_client_open(&access, NULL, &client, &err), 0);
	assert_int_equal(kube_client_get(client, "/never", 100, count_bytes,
					 &bytes, &err),
			 -ERROR_TIMEOUT);
	assert_true(has_part(err.message, "@"));
	kube_client_close(client);
	assert_int_equal(kube_client_open(&access, &interrupt, &client, &err),
			 0);
	assert_int_equal(kube_client_get(client, "/never", 60000, count_bytes,
					 &bytes, &err),
			 -ERROR_INTERRUPTED);
}

static void test_unreachable(void **state)
{
	struct kube_access access = { .server = (char[]){
					      "http://127.0.0.1:1" } };
	CLEANUP(cleanup_kube_client) struct kube_client *client = NULL;
	struct error err = { 0 };
	size_t bytes = 0;

	(void)state;
	/* Not asked about the server, as kubectl would. */
	(void)setenv("http_proxy", server.url, 1);
	(void)setenv("all_proxy", server.url, 1);
	assert_int_equal(kube_client_open(&access, NULL, &client, &err), 0);
	assert_int_equal(kube_client_get(client, "/ok", 20000, count_bytes,
					 &bytes, &err),
			 -ERROR_UNREACHABLE);
	assert_string_equal(err.message, "cannot connect to "
					 "http://127.0.0.1:1: Connection "
					 "refused");
	(void)unsetenv("http_proxy");
	(void)unsetenv("all_proxy");
}

static void test_headers(void **state)
{
	struct kube_access access = {
		.server = server.url,
		.tls_server_name = (char[]){ "kubernetes.default" },
		.token = BUFFER_INIT(64),
	};
	CLEANUP(cleanup_kube_client) struct kube_client *client = NULL;
	struct error err = { 0 };
	size_t bytes = 0;

	(void)state;
	assert_int_equal(buffer_append(&access.token, "abc", 3, &err), 0);
	assert_int_equal(kube_client_open(&access, NULL, &client, &err), 0);
	assert_int_equal(kube_client_get(client, "/echo", 20000, count_bytes,
					 &bytes, &err),
			 -ERROR_INVALID);
	assert_true(has_part(err.message, "GET /echo HTTP/1.1  "));
	assert_true(has_part(err.message,
			     "User-Agent: certificate-expiry-monitor/"));
	assert_true(has_part(err.message, "Accept-Encoding: gzip  "));
	assert_true(has_part(err.message, "Accept: application/json  "));
	assert_true(has_part(err.message, "Authorization: Bearer abc  "));
	/* Connected to the address, and asked for by its name. */
	assert_true(has_part(err.message, server.authority));
	buffer_free(&access.token);
}

/* Asked for once more with what the token file holds by then, and only if that
 * is another token. */
static void test_renewal(void **state)
{
	static const struct {
		const char *content;
		int r;
		const char *sent; /* in the end */
	} rows[] = {
		{ "old", -ERROR_UNAUTHORIZED, "old" },
		{ "bad", -ERROR_UNAUTHORIZED, "bad" },
		{ "good", 0, "good" },
		{ "newer", 0, "good" }, /* what works is not looked at */
	};
	char path[] = "/tmp/test_kube_client.XXXXXX";
	struct kube_access access = { .server = server.url,
				      .token_path = path };
	CLEANUP(cleanup_kube_client) struct kube_client *client = NULL;
	struct error err = { 0 };
	size_t bytes = 0;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	access.token = (struct buffer)BUFFER_INIT(64);
	assert_int_equal(buffer_append(&access.token, "old", 3, &err), 0);
	assert_int_equal(kube_client_open(&access, NULL, &client, &err), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(
			pwrite(fd, rows[i].content, strlen(rows[i].content), 0),
			strlen(rows[i].content));
		bytes = 0;
		assert_int_equal(kube_client_get(client, "/secret", 20000,
						 count_bytes, &bytes, &err),
				 rows[i].r);
		assert_int_equal(bytes, rows[i].r == 0 ? 2 : 0);
		assert_string_equal(access.token.data, rows[i].sent);
	}
	(void)close(fd);
	(void)remove(path);
	buffer_free(&access.token);
}

/* A plugin that fails the second time does not hide what the server said. */
static void test_failed_renewal(void **state)
{
	struct kube_exec exec = {
		.api_version = (char[]){ "client.authentication.k8s.io/v1" },
		.command = (char[]){ "/nowhere/plugin" },
	};
	struct kube_access access = { .source = (char[]){ "the test" },
				      .server = server.url,
				      .exec = &exec };
	CLEANUP(cleanup_kube_client) struct kube_client *client = NULL;
	struct error err = { 0 };
	size_t bytes = 0;

	(void)state;
	assert_int_equal(kube_client_open(&access, NULL, &client, &err), 0);
	assert_int_equal(kube_client_get(client, "/secret", 20000, count_bytes,
					 &bytes, &err),
			 -ERROR_UNAUTHORIZED);
	assert_string_equal(err.message,
			    "no; asked again, the test: credential plugin "
			    "'/nowhere/plugin': cannot be started: No such "
			    "file or directory");
}

static void test_basic(void **state)
{
	struct kube_access access = { .server = server.url,
				      .basic = BUFFER_INIT(64) };
	CLEANUP(cleanup_kube_client) struct kube_client *client = NULL;
	struct kube_dates dates = { .is_known = true };
	struct error err = { 0 };
	size_t bytes = 0;

	(void)state;
	assert_int_equal(buffer_append(&access.basic, "am9lOng=", 8, &err), 0);
	assert_int_equal(kube_client_open(&access, NULL, &client, &err), 0);
	assert_int_equal(kube_client_get(client, "/echo", 20000, count_bytes,
					 &bytes, &err),
			 -ERROR_INVALID);
	assert_true(has_part(err.message, "Authorization: Basic am9lOng=  "));
	/* No TLS, no certificate. */
	kube_client_server_dates(client, &dates);
	assert_false(dates.is_known);
	buffer_free(&access.basic);
}

/* The proxy is asked instead, whom the environment would leave out. */
static void test_proxy(void **state)
{
	struct kube_access access = {
		.server = (char[]){ "http://api.example" },
		.proxy = { .url = server.url,
			   .user = (char[]){ "joe" },
			   .password = (char[]){ "x" } }
	};
	CLEANUP(cleanup_kube_client) struct kube_client *client = NULL;
	struct error err = { 0 };
	size_t bytes = 0;

	(void)state;
	(void)setenv("no_proxy", "*", 1);
	assert_int_equal(kube_client_open(&access, NULL, &client, &err), 0);
	assert_int_equal(kube_client_get(client, "/ok", 20000, count_bytes,
					 &bytes, &err),
			 -ERROR_INVALID);
	/* The whole URL is no route of this server's. */
	assert_true(has_part(err.message, "HTTP status 418"));
	kube_client_close(client);
	access.proxy.url = (char[]){ "http://127.0.0.1:1" };
	assert_int_equal(kube_client_open(&access, NULL, &client, &err), 0);
	assert_int_equal(kube_client_get(client, "/ok", 20000, count_bytes,
					 &bytes, &err),
			 -ERROR_UNREACHABLE);
	assert_string_equal(err.message,
			    "cannot connect to http://api.example: Connection "
			    "refused (through the proxy http://127.0.0.1:1)");
	(void)unsetenv("no_proxy");
}

static void test_bad_files(void **state)
{
	struct kube_access access = {
		.source = (char[]){ "the test" },
		.server = server.url,
		.ca.path = (char[]){ "/nowhere/ca.crt" },
	};
	struct kube_client *client = NULL;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(kube_client_open(&access, NULL, &client, &err),
			 -ERROR_SYSTEM);
	assert_string_equal(err.message, "the test: /nowhere/ca.crt: No such "
					 "file or directory");
	access.ca.path = (char[]){ "/etc/passwd" };
	assert_int_equal(kube_client_open(&access, NULL, &client, &err),
			 -ERROR_INVALID);
	assert_string_equal(err.message, "the test: /etc/passwd has no PEM "
					 "certificate");
	access.ca.path = NULL;
	access.client_certificate.path = (char[]){ "/nowhere/a.crt" };
	access.client_key.path = (char[]){ "/nowhere/a.key" };
	assert_int_equal(kube_client_open(&access, NULL, &client, &err),
			 -ERROR_INVALID);
	assert_string_equal(err.message, "the test: /nowhere/a.crt: No such "
					 "file or directory");
	assert_null(client);
}

static int count_item(void *data, struct json_object *item, struct error *err)
{
	int *count = data;

	(void)item;
	(void)err;
	(*count)++;
	return 0;
}

static size_t mark_items(void *data)
{
	return (size_t) * (const int *)data;
}

static void rewind_items(void *data, size_t mark)
{
	*(int *)data = (int)mark;
}

static const struct {
	const char *name;
	struct kube_list list;
	int r;
	int count;
	const char *message;
} lists[] = {
	{ "two pages",
	  { .resource = "pods",
	    .ns = "a/b",
	    .labels = "x in (y,z)",
	    .node = "" },
	  0,
	  3,
	  NULL },
	{ "a node",
	  { .resource = "pods", .labels = "", .node = "n-1" },
	  0,
	  1,
	  NULL },
	{ "no end",
	  { .resource = "again", .labels = "", .node = "" },
	  -ERROR_SERVER,
	  0,
	  "the same page again" },
	{ "cut on the second page",
	  { .resource = "half", .labels = "", .node = "" },
	  -ERROR_INVALID,
	  0,
	  "the answer: byte 43: ends in the middle" },
	{ "another kind",
	  { .resource = "services", .labels = "", .node = "" },
	  -ERROR_INVALID,
	  0,
	  "the answer: its kind is 'ServiceList'" },
};

static void test_lists(void **state)
{
	struct kube_access access = { .server = server.url };
	CLEANUP(cleanup_kube_client) struct kube_client *client = NULL;
	struct error err = { 0 };
	int count = 0;
	const struct list_sink sink = { count_item, mark_items, rewind_items,
					&count };

	(void)state;
	assert_int_equal(kube_client_open(&access, NULL, &client, &err), 0);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct kube_list list = lists[i].list;
		int r;

		list.api = "/api/v1";
		list.kind = "Pod";
		count = 0;
		r = kube_list_each(client, &list, 20000, MONO_NEVER, &sink,
				   &err);
		if (r != lists[i].r || count != lists[i].count ||
		    (r < 0 && strstr(err.message, lists[i].message) == NULL))
			fail_msg("%s: %d, %d items, %s", lists[i].name, r,
				 count, err.message);
	}
	/* The deadline has come. */
	assert_int_equal(kube_list_each(client, &lists[0].list, 20000,
					mono_now(), &sink, &err),
			 -ERROR_TIMEOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_renewal),
		cmocka_unit_test(test_failed_renewal),
		cmocka_unit_test(test_basic),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
