/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube/list when the API is in trouble: what is asked again, what is handed on
 * in the end, and what it is called if all is in vain. The server answers by a
 * script, over plain HTTP; nothing waits, as the pauses are only noted.
 */
#include <config.h>

#include "kube/list.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kube/memory.h"
#include "kube/retry.h"

#include "support.h"

#define REQUESTS_MAX 24 /* and pauses */
#define ITEMS_MAX 16
#define REQUEST_BYTES 4096

#define JSON "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
#define PAGE(next, items)                                                      \
	JSON "{\"kind\":\"PodList\",\"metadata\":{\"continue\":\"" next        \
	     "\"},\"items\":[" items "]}"
#define REFUSAL(line, message)                                                 \
	"HTTP/1.1 " line "\r\n\r\n{\"kind\":\"Status\",\"message\":\"" message \
	"\"}"
/* More was announced than comes. */
#define CUT(items)                                                             \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"                \
	"Content-Length: 900\r\n\r\n{\"kind\":\"PodList\",\"items\":[" items
#define EXPIRED REFUSAL("410 Gone", "too old")
#define BUSY REFUSAL("429 Too Many Requests\r\nRetry-After: 0", "slower")

static const struct {
	const char *name;
	/* To one request each, which ends with its connection; "" to hang up.
	 * The last one goes on and on. */
	const char *answers[8];
	int r;
	const char *items;    /* what the sink has in the end */
	const char *requests; /* by the token asked for, "." for the first */
	int pauses;
	const char *message;
} scripts[] = {
	{ "good", { PAGE("p", "1,2"), PAGE("", "3") }, 0, "0123", ".p", 0, "" },
	{ "a page that failed once",
	  { PAGE("p", "1,2"), REFUSAL("500 Broken", "etcd"), PAGE("", "3") },
	  0,
	  "0123",
	  ".pp",
	  1,
	  "" },
	{ "a page that broke off",
	  { PAGE("p", "1,2"), CUT("3,4"), PAGE("", "3,4") },
	  0,
	  "01234",
	  ".pp",
	  1,
	  "" },
	{ "a page that ended early",
	  { JSON "{\"kind\":\"PodList\",\"items\":[1,2,", PAGE("", "1,2") },
	  0,
	  "012",
	  "..",
	  1,
	  "" },
	{ "hung up thrice",
	  { "", "", "", PAGE("", "1") },
	  0,
	  "01",
	  "....",
	  3,
	  "" },
	{ "each page has its tries",
	  { "", "", PAGE("p", "1"), "", "", PAGE("", "2") },
	  0,
	  "012",
	  "...ppp",
	  4,
	  "" },
	{ "expired",
	  { PAGE("p", "1,2"), EXPIRED, PAGE("q", "5"), PAGE("", "6") },
	  0,
	  "056",
	  ".p.q",
	  0,
	  "" },
	{ "hangs up",
	  { PAGE("p", "1,2"), "" },
	  -ERROR_UNREACHABLE,
	  "0",
	  ".pppp",
	  3,
	  "tried 4 times: the connection to http://127.0.0.1:" },
	{ "busy for ever",
	  { BUSY },
	  -ERROR_SERVER,
	  "0",
	  "....",
	  3,
	  "tried 4 times: slower" },
	{ "refused after a while",
	  { BUSY, REFUSAL("403 Forbidden", "no") },
	  -ERROR_FORBIDDEN,
	  "0",
	  "..",
	  1,
	  "tried 2 times: no" },
	{ "refused",
	  { REFUSAL("401 Unauthorized", "who") },
	  -ERROR_UNAUTHORIZED,
	  "0",
	  ".",
	  0,
	  "who" },
	{ "not there",
	  { REFUSAL("404 Not Found", "what") },
	  -ERROR_NOT_FOUND,
	  "0",
	  ".",
	  0,
	  "what" },
	{ "asked to wait for ages",
	  { REFUSAL("429 Many\r\nRetry-After: 3600", "slower") },
	  -ERROR_SERVER,
	  "0",
	  ".",
	  0,
	  "the server asks to wait for 3600 s, and the deadline comes first: "
	  "slower" },
	{ "asked to wait for longer than there is time",
	  { REFUSAL("503 Down\r\nRetry-After: 9223372036854775807", "down") },
	  -ERROR_SERVER,
	  "0",
	  ".",
	  0,
	  "the server asks to wait for " },
	{ "asked to wait until a date",
	  { REFUSAL("429 Many\r\nRetry-After: Fri, 01 Jan 2100 00:00:00 GMT",
		    "slower") },
	  -ERROR_SERVER,
	  "0",
	  ".",
	  0,
	  "the server asks to wait for " },
	{ "asked to wait until a date that is past",
	  { REFUSAL("429 Many\r\nRetry-After: Thu, 01 Jan 2015 00:00:00 GMT",
		    "slower"),
	    PAGE("", "1") },
	  0,
	  "01",
	  "..",
	  1,
	  "" },
	{ "asked to wait, but not the second time",
	  { REFUSAL("429 Many\r\nRetry-After: 2", "slower"),
	    REFUSAL("500 Broken", "etcd") },
	  -ERROR_SERVER,
	  "0",
	  "....",
	  3,
	  "tried 4 times: etcd" },
	{ "gone from the first",
	  { EXPIRED },
	  -ERROR_SERVER,
	  "0",
	  ".",
	  0,
	  "too old" },
	{ "expires for ever",
	  { PAGE("p", "1"), EXPIRED, PAGE("p", "1"), EXPIRED, PAGE("p", "1"),
	    EXPIRED, PAGE("p", "1"), EXPIRED },
	  -ERROR_SERVER,
	  "0",
	  ".p.p.p.p",
	  0,
	  "the list expired 4 times: too old" },
	{ "garbage is not asked for again",
	  { JSON "{]" },
	  -ERROR_INVALID,
	  "0",
	  ".",
	  0,
	  "the answer: " },
	{ "an item too many",
	  { PAGE("p", "1,2"), PAGE("", "7,8,9") },
	  -ERROR_TOO_LARGE,
	  "0",
	  ".p",
	  0,
	  "enough" },
};

static struct {
	int listener;
	char url[64];
	pthread_t thread;
	const char *const *answers; /* NULL to end */
	char requests[REQUESTS_MAX + 1];
	size_t count;
} server;

static struct {
	int64_t waits_ms[REQUESTS_MAX];
	int count;
} pauses;

int __wrap_retry_pause(struct interrupt *interrupt, int64_t wait_ms,
		       struct error *err);

int __wrap_retry_pause(struct interrupt *interrupt, int64_t wait_ms,
		       struct error *err)
{
	assert_null(interrupt);
	(void)err;
	assert_true(pauses.count < REQUESTS_MAX);
	pauses.waits_ms[pauses.count++] = wait_ms;
	return 0;
}

static void answer(int connection)
{
	char request[REQUEST_BYTES] = "";
	const char *token;
	const char *text = *server.answers;
	size_t size = 0;
	ssize_t got;

	do {
		got = read(connection, request + size,
			   sizeof(request) - size - 1);
		size += got > 0 ? (size_t)got : 0;
		request[size] = '\0';
	} while (got > 0 && strstr(request, "\r\n\r\n") == NULL);
	token = strstr(request, "continue=");
	if (server.count < REQUESTS_MAX)
		server.requests[server.count++] =
			token == NULL ? '.' : token[strlen("continue=")];
	if (server.answers[1] != NULL)
		server.answers++;
	(void)!write(connection, text, strlen(text));
}

static void *serve(void *data)
{
	(void)data;
	for (;;) {
		int connection = accept(server.listener, NULL, NULL);

		if (connection < 0)
			return NULL;
		answer(connection);
		(void)close(connection);
	}
}

static int set_up(void **state)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(address);
	struct error err = { 0 };

	(void)state;
	server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server.listener, (struct sockaddr *)&address, size) < 0 ||
	    listen(server.listener, 16) < 0 ||
	    getsockname(server.listener, (struct sockaddr *)&address, &size) <
		    0 ||
	    pthread_create(&server.thread, NULL, serve, NULL) != 0)
		return -1;
	(void)snprintf(server.url, sizeof(server.url), "http://127.0.0.1:%d",
		       ntohs(address.sin_port));
	return kube_memory_init(&err);
}

static int tear_down(void **state)
{
	(void)state;
	kube_memory_release();
	(void)shutdown(server.listener, SHUT_RDWR);
	(void)pthread_join(server.thread, NULL);
	return close(server.listener);
}

/* The sink: items are digits, and a 9 is too much. */
struct digits {
	char text[ITEMS_MAX + 1];
	size_t count;
};

static int add_digit(void *data, struct json_object *item, struct error *err)
{
	struct digits *digits = data;
	int digit = json_object_get_int(item);

	if (digit == 9)
		return error_set(err, ERROR_TOO_LARGE, "enough");
	assert_true(digits->count < ITEMS_MAX);
	digits->text[digits->count++] = (char)('0' + digit);
	return 0;
}

static size_t mark_digits(void *data)
{
	return ((const struct digits *)data)->count;
}

static void rewind_digits(void *data, size_t mark)
{
	struct digits *digits = data;

	assert_true(mark <= digits->count);
	digits->count = mark;
	memset(digits->text + mark, '\0', sizeof(digits->text) - mark);
}

static int read_list(const char *const *answers, struct digits *digits,
		     struct error *err)
{
	struct kube_access access = { .source = (char[]){ "the test" },
				      .server = server.url };
	const struct kube_list list = {
		.api = "/api/v1",
		.resource = "pods",
		.kind = "Pod",
	};
	const struct list_sink sink = { add_digit, mark_digits, rewind_digits,
					digits };
	CLEANUP(cleanup_kube_client) struct kube_client *client = NULL;

	server.answers = answers;
	server.count = 0;
	memset(server.requests, '\0', sizeof(server.requests));
	pauses.count = 0;
	assert_ok(kube_client_open(&access, NULL, &client, err), err);
	return kube_list_each(client, &list, 20000,
			      mono_after(mono_now(), 60000), &sink, err);
}

static void test_scripts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(scripts); i++) {
		/* What was there before stays, whatever comes. */
		struct digits digits = { "0", 1 };
		struct error err = { 0 };
		int r = read_list(scripts[i].answers, &digits, &err);

		if (r != scripts[i].r ||
		    strcmp(digits.text, scripts[i].items) != 0 ||
		    strcmp(server.requests, scripts[i].requests) != 0 ||
		    pauses.count != scripts[i].pauses ||
		    strstr(err.message, scripts[i].message) == NULL)
			fail_msg("%s: %d, items %s, requests %s, %d pauses, %s",
				 scripts[i].name, r, digits.text,
				 server.requests, pauses.count, err.message);
		/* Nothing stays of an error that was overcome. */
		assert_row(r < 0 || err.code == ERROR_NONE, scripts[i].name);
	}
}

/* Of what the server asked for, and no longer once it asks no more. */
static void test_waits(void **state)
{
	static const char *const answers[] = {
		REFUSAL("429 Many\r\nRetry-After: 7", "slower"),
		REFUSAL("500 Broken", "etcd"),
		PAGE("", "1"),
		NULL,
	};
	struct digits digits = { "", 0 };
	struct error err = { 0 };

	(void)state;
	assert_ok(read_list(answers, &digits, &err), &err);
	assert_int_equal(pauses.count, 2);
	assert_true(pauses.waits_ms[0] >= 7000 && pauses.waits_ms[0] < 7250);
	assert_true(pauses.waits_ms[1] >= 375 && pauses.waits_ms[1] < 1125);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_waits),
	};

	return cmocka_run_group_tests_name("list", tests, set_up, tear_down);
}
