/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/preface: what goes over the wire before TLS, over one end of a pair of
 * sockets. Sending and receiving are watched by the linker's --wrap.
 */
#include <config.h>

#include "probe/preface.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "support.h"

#define EHLO "EHLO certificate-expiry-monitor.invalid\r\n"

static struct {
	size_t send_at_most; /* bytes at once; 0: no limit */
	int interruptions;   /* of the next calls */
	int send_error;	     /* errno; 0: none */
	int receive_error;
} kernel;

ssize_t __real_send(int fd, const void *bytes, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags);
ssize_t __real_recv(int fd, void *bytes, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags);

static bool is_interrupted(void)
{
	if (kernel.interruptions == 0)
		return false;
	kernel.interruptions--;
	errno = EINTR;
	return true;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags)
{
	if (is_interrupted())
		return -1;
	if (kernel.send_error != 0) {
		errno = kernel.send_error;
		return -1;
	}
	if (kernel.send_at_most > 0 && size > kernel.send_at_most)
		size = kernel.send_at_most;
	/* A server that has gone must not kill us. */
	assert_int_equal(flags, MSG_NOSIGNAL);
	return __real_send(fd, bytes, size, flags);
}

ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags)
{
	if (is_interrupted())
		return -1;
	if (kernel.receive_error != 0) {
		errno = kernel.receive_error;
		return -1;
	}
	return __real_recv(fd, bytes, size, flags);
}

struct fixture {
	int ours;
	int theirs;
	struct job_config job;
	struct preface *preface;
};

static void init(struct fixture *f)
{
	int fds[2];

	*f = (struct fixture){ .preface = NULL };
	memset(&kernel, 0, sizeof(kernel));
	assert_int_equal(socketpair(AF_UNIX,
				    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
				    0, fds),
			 0);
	f->ours = fds[0];
	f->theirs = fds[1];
}

static void release(struct fixture *f)
{
	preface_free(f->preface);
	(void)close(f->ours);
	if (f->theirs >= 0)
		(void)close(f->theirs);
}

static int setup(void **state)
{
	*state = test_malloc(sizeof(struct fixture));
	init(*state);
	return 0;
}

static int teardown(void **state)
{
	release(*state);
	test_free(*state);
	return 0;
}

static void begin(struct fixture *f)
{
	struct error err = { 0 };

	preface_free(f->preface);
	assert_ok(preface_new(&f->job, &f->preface, &err), &err);
	assert_non_null(f->preface);
}

static enum preface_want step(struct fixture *f)
{
	return preface_step(f->preface, f->ours);
}

/* The peer has received just these bytes. */
static void assert_received(struct fixture *f, const void *bytes, size_t size)
{
	uint8_t got[512];

	assert_true(size < sizeof(got));
	assert_int_equal(read(f->theirs, got, sizeof(got)), size);
	assert_memory_equal(got, bytes, size);
}

static void assert_received_text(struct fixture *f, const char *text)
{
	assert_received(f, text, strlen(text));
}

static void say(struct fixture *f, const char *text)
{
	assert_int_equal(write(f->theirs, text, strlen(text)), strlen(text));
}

static void test_nothing_to_say(void **state)
{
	struct fixture *f = *state;
	struct preface *preface = (struct preface *)f;
	struct error err = { 0 };

	assert_ok(preface_new(&f->job, &preface, &err), &err);
	assert_null(preface);
	preface_free(preface);
}

static void test_proxy_headers(void **state)
{
	/* haproxy's proxy-protocol.txt, 2.1 and 2.2, byte by byte. */
	static const char v1[] = "PROXY UNKNOWN\r\n";
	static const uint8_t v2[] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
				      0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
				      0x20, 0x00, 0x00, 0x00 };
	static const struct {
		enum proxy_protocol protocol;
		const void *bytes;
		size_t size;
	} rows[] = {
		{ PROXY_PROTOCOL_V1, v1, sizeof(v1) - 1 },
		{ PROXY_PROTOCOL_V2, v2, sizeof(v2) },
	};
	static const size_t at_once[] = { 0, 1, 7 };
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT_OF(rows) * COUNT_OF(at_once); i++) {
		size_t row = i / COUNT_OF(at_once);

		kernel.send_at_most = at_once[i % COUNT_OF(at_once)];
		kernel.interruptions = 1;
		f->job.proxy_protocol = rows[row].protocol;
		begin(f);
		assert_int_equal(step(f), PREFACE_DONE);
		assert_int_equal(kernel.interruptions, 0);
		assert_received(f, rows[row].bytes, rows[row].size);
		/* It is said once. */
		assert_int_equal(step(f), PREFACE_DONE);
		assert_int_equal(read(f->theirs, (char[1]){ 0 }, 1), -1);
	}
}

/* The peer reads nothing, and then it does. */
static void test_full_socket(void **state)
{
	struct fixture *f = *state;
	char fill[4096] = { 0 };
	char got[4096];
	ssize_t size;
	size_t used = 0;

	while (write(f->ours, fill, sizeof(fill)) > 0 ||
	       write(f->ours, fill, 1) > 0)
		continue;
	f->job.proxy_protocol = PROXY_PROTOCOL_V1;
	begin(f);
	assert_int_equal(step(f), PREFACE_WRITE);
	assert_int_equal(step(f), PREFACE_WRITE);
	while (read(f->theirs, fill, sizeof(fill)) > 0)
		continue;
	kernel.send_at_most = 4;
	assert_int_equal(step(f), PREFACE_DONE);
	while ((size = read(f->theirs, got + used, sizeof(got) - used)) > 0)
		used += (size_t)size;
	assert_int_equal(used, strlen("PROXY UNKNOWN\r\n"));
	assert_memory_equal(got, "PROXY UNKNOWN\r\n", used);
}

static void test_dialogue(void **state)
{
	struct fixture *f = *state;

	f->job.starttls = STARTTLS_SMTP;
	begin(f);
	assert_int_equal(step(f), PREFACE_READ);
	say(f, "220-a.exam");
	assert_int_equal(step(f), PREFACE_READ);
	say(f, "ple\r\n220 ready\r\n");
	kernel.interruptions = 2;
	kernel.send_at_most = 3;
	assert_int_equal(step(f), PREFACE_READ);
	assert_received_text(f, EHLO);
	say(f, "250 ok\r\n");
	assert_int_equal(step(f), PREFACE_READ);
	assert_received_text(f, "STARTTLS\r\n");
	say(f, "220 go\r\n");
	assert_int_equal(step(f), PREFACE_DONE);
}

/* An answer that goes out in two parts, with waiting in between, is sent once.
 */
static void test_answer_in_parts(void **state)
{
	struct fixture *f = *state;

	f->job.starttls = STARTTLS_IMAP;
	begin(f);
	say(f, "* OK ready\r\n");
	kernel.send_error = EAGAIN;
	assert_int_equal(step(f), PREFACE_WRITE);
	assert_int_equal(step(f), PREFACE_WRITE);
	kernel.send_error = 0;
	assert_int_equal(step(f), PREFACE_READ);
	assert_received_text(f, "a STARTTLS\r\n");
	say(f, "a OK\r\n");
	assert_int_equal(step(f), PREFACE_DONE);
}

/* The last thing said is ours: MySQL's server answers with TLS alone. */
static void test_last_word_is_ours(void **state)
{
	struct fixture *f = *state;
	uint8_t greeting[4 + 80] = { 80, 0, 0, 0, 10, '8', '.', '0', 0 };

	/* Behind version, thread, salt and filler: the capabilities, of which
	 * 0x0800 is TLS. */
	greeting[4 + 1 + 4 + 4 + 8 + 1 + 1] = 0x08;
	f->job.starttls = STARTTLS_MYSQL;
	begin(f);
	assert_int_equal(write(f->theirs, greeting, sizeof(greeting)),
			 sizeof(greeting));
	assert_int_equal(step(f), PREFACE_DONE);
	assert_int_equal(read(f->theirs, greeting, sizeof(greeting)), 36);
}

/* The header goes first, even where the server speaks first. */
static void test_header_before_the_dialogue(void **state)
{
	struct fixture *f = *state;

	f->job.proxy_protocol = PROXY_PROTOCOL_V1;
	f->job.starttls = STARTTLS_POP3;
	begin(f);
	assert_int_equal(step(f), PREFACE_READ);
	assert_received_text(f, "PROXY UNKNOWN\r\n");
	say(f, "+OK\r\n");
	assert_int_equal(step(f), PREFACE_READ);
	assert_received_text(f, "STLS\r\n");
	say(f, "+OK\r\n");
	assert_int_equal(step(f), PREFACE_DONE);
	assert_int_equal(step(f), PREFACE_DONE);
}

static void test_failures(void **state)
{
	static const struct {
		const char *name;
		enum proxy_protocol proxy;
		const char *says;
		bool closes;
		int send_error, receive_error;
		const char *detail;
	} rows[] = {
		{ "refused", PROXY_PROTOCOL_NONE, "554 go \x01 away\r\n", false,
		  0, 0, "away" },
		{ "closed", PROXY_PROTOCOL_NONE, "220 hello\r\n", true, 0, 0,
		  "" },
		{ "closed at once", PROXY_PROTOCOL_NONE, "", true, 0, 0,
		  "closed the connection" },
		{ "reset", PROXY_PROTOCOL_NONE, "", false, 0, ECONNRESET,
		  "reset" },
		{ "reset before the header", PROXY_PROTOCOL_V2, "", false,
		  ECONNRESET, 0, "reset" },
		{ "gone before the header", PROXY_PROTOCOL_V1, "", true, 0, 0,
		  "pipe" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture own;
		struct fixture *f = &own;
		enum preface_want want;

		init(f);
		f->job.proxy_protocol = rows[i].proxy;
		f->job.starttls = STARTTLS_SMTP;
		begin(f);
		assert_string_equal(preface_detail(f->preface), "no answer");
		kernel.send_error = rows[i].send_error;
		kernel.receive_error = rows[i].receive_error;
		say(f, rows[i].says);
		if (rows[i].closes) {
			(void)close(f->theirs);
			f->theirs = -1;
		}
		want = step(f);
		assert_row(want == PREFACE_FAILED, rows[i].name);
		assert_row(strstr(preface_detail(f->preface), rows[i].detail) !=
				   NULL,
			   rows[i].name);
		assert_row(text_is_utf8(preface_detail(f->preface)),
			   rows[i].name);
		assert_row(strpbrk(preface_detail(f->preface), "\n\x01") ==
				   NULL,
			   rows[i].name);
		release(f);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_to_say),
		TEST(test_proxy_headers),
		TEST(test_full_socket),
		TEST(test_dialogue),
		TEST(test_answer_in_parts),
		TEST(test_last_word_is_ours),
		TEST(test_header_before_the_dialogue),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests_name("preface", tests, NULL, NULL);
}
