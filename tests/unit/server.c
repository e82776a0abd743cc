/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers in threads. Within the thread nothing is asserted: what it saw is
 * looked at afterwards.
 */
#include <config.h>

#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support.h"

#define PATIENCE_S 10	    /* for a client that says nothing */
#define NO_MORE_COME_MS 100 /* of SERVER_COUNTS */
#define CONNECTIONS_MAX 64  /* of SERVER_COUNTS */

static int on_hello(gnutls_session_t session)
{
	struct server *s = gnutls_session_get_ptr(session);
	size_t size = sizeof(s->sni);
	unsigned int type;

	if (gnutls_server_name_get(session, s->sni, &size, &type, 0) < 0)
		s->sni[0] = '\0';
	s->version = gnutls_protocol_get_version(session);
	if (s->spec.kind == SERVER_NO_NAME)
		return GNUTLS_E_UNRECOGNIZED_NAME;
	return s->spec.kind == SERVER_ALERT ? GNUTLS_E_NO_CIPHER_SUITES : 0;
}

/* An orderly end: the client reads what was sent. */
static void read_to_the_end(int fd)
{
	char ignored[4096];

	(void)shutdown(fd, SHUT_WR);
	while (read(fd, ignored, sizeof(ignored)) > 0)
		continue;
}

static void shake_hands(struct server *s, int fd)
{
	gnutls_session_t session;
	char ignored[256];
	ssize_t r;

	if (gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL) < 0)
		return;
	gnutls_session_set_ptr(session, s);
	(void)gnutls_priority_set_direct(
		session, s->spec.priority == NULL ? "NORMAL" : s->spec.priority,
		NULL);
	(void)gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
				     s->credentials);
	if (s->spec.kind == SERVER_ASKS)
		gnutls_certificate_server_set_request(session,
						      GNUTLS_CERT_REQUEST);
	if (s->spec.kind == SERVER_DEMANDS)
		gnutls_certificate_server_set_request(session,
						      GNUTLS_CERT_REQUIRE);
	gnutls_handshake_set_post_client_hello_function(session, on_hello);
	gnutls_transport_set_int(session, fd);
	do {
		r = gnutls_handshake(session);
	} while (r < 0 && gnutls_error_is_fatal((int)r) == 0);
	if (r < 0) {
		(void)gnutls_alert_send_appropriate(session, (int)r);
	} else if (s->spec.lingers) {
		while (read(fd, ignored, sizeof(ignored)) > 0)
			continue;
	} else {
		do {
			r = gnutls_record_recv(session, ignored,
					       sizeof(ignored));
		} while (r > 0 || r == GNUTLS_E_INTERRUPTED);
		if (r == 0)
			atomic_fetch_add(&s->farewells, 1);
	}
	gnutls_deinit(session);
	read_to_the_end(fd);
}

static bool send_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		bytes += sent;
		size -= (size_t)sent;
	}
	return true;
}

/* Awaits something, says this, and goes. */
static void say(int fd, const void *bytes, size_t size)
{
	char ignored[4096];

	if (read(fd, ignored, sizeof(ignored)) > 0)
		(void)send_all(fd, bytes, size);
	read_to_the_end(fd);
}

static void say_alert(struct server *s, int fd)
{
	const uint8_t record[] = { 21, 3, 3, 0, 2, 2, s->spec.alert };

	(void)poll(NULL, 0, s->spec.alert_delay_ms);
	say(fd, record, sizeof(record));
}

/* False if the client does not play along. */
static bool exchange_preface(struct server *s, int fd)
{
	const struct server_line *line = s->spec.preface;
	uint8_t bytes[256];

	for (; line != NULL && line->awaits_size + line->says_size > 0;
	     line++) {
		if (line->awaits_size > sizeof(bytes) ||
		    (line->awaits_size > 0 &&
		     (recv(fd, bytes, line->awaits_size, MSG_WAITALL) !=
			      (ssize_t)line->awaits_size ||
		      memcmp(bytes, line->awaits, line->awaits_size) != 0)) ||
		    !send_all(fd, line->says, line->says_size))
			return false;
	}
	atomic_fetch_add(&s->prefaces, 1);
	return true;
}

static void answer(struct server *s, int fd)
{
	static const char text[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	char ignored[4096];

	switch (s->spec.kind) {
	case SERVER_TLS:
	case SERVER_ASKS:
	case SERVER_DEMANDS:
	case SERVER_NO_NAME:
	case SERVER_ALERT:
		shake_hands(s, fd);
		break;
	case SERVER_PLAIN_TEXT:
		say(fd, text, sizeof(text) - 1);
		break;
	case SERVER_SAYS:
		say(fd, s->spec.says, s->spec.says_size);
		break;
	case SERVER_CLOSES:
		/* Read what came, or the kernel would reset. */
		(void)!read(fd, ignored, sizeof(ignored));
		break;
	case SERVER_HANGS:
		while (read(fd, ignored, sizeof(ignored)) > 0)
			continue;
		break;
	case SERVER_COUNTS:
	case SERVER_SILENT:
	case SERVER_REFUSES:
	case SERVER_FULL:
		break;
	}
}

static void attend(struct server *s, int fd)
{
	if (exchange_preface(s, fd)) {
		if (atomic_load(&s->accepted) <= s->spec.alert_count)
			say_alert(s, fd);
		else
			answer(s, fd);
	}
	(void)close(fd);
}

static void close_all(int *fds, int *count)
{
	while (*count > 0)
		(void)close(fds[--*count]);
}

static void *serve(void *data)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct server *s = data;
	struct pollfd polled[2] = {
		{ .fd = s->fd, .events = POLLIN },
		{ .fd = s->stop[0], .events = POLLIN },
	};
	int open_fds[CONNECTIONS_MAX];
	int open_count = 0;

	for (;;) {
		int r = poll(polled, 2, open_count > 0 ? NO_MORE_COME_MS : -1);
		int fd;

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0 || polled[1].revents != 0)
			break;
		if (r == 0) {
			close_all(open_fds, &open_count);
			continue;
		}
		fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		atomic_fetch_add(&s->accepted, 1);
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
				 sizeof(patience));
		if (s->spec.kind != SERVER_COUNTS) {
			attend(s, fd);
			continue;
		}
		if (open_count == CONNECTIONS_MAX)
			close_all(open_fds, &open_count);
		open_fds[open_count++] = fd;
		if (open_count > atomic_load(&s->most_open))
			atomic_store(&s->most_open, open_count);
	}
	close_all(open_fds, &open_count);
	return NULL;
}

static bool bind_free_port(struct server *s, bool is_ipv6,
			   struct sockaddr_storage *address, socklen_t *length)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	*length = is_ipv6 ? sizeof(in6) : sizeof(in);
	memcpy(address, is_ipv6 ? (void *)&in6 : (void *)&in, *length);
	s->fd = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC,
		       0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)address, *length) < 0 ||
	    getsockname(s->fd, (struct sockaddr *)address, length) < 0)
		return false;
	memcpy(&in, address, sizeof(in));
	/* The port is at the same place in both. */
	s->port = ntohs(in.sin_port);
	return true;
}

/* Connections that nobody accepts, until the kernel takes no more. */
static void fill(struct server *s, const struct sockaddr_storage *address,
		 socklen_t length)
{
	for (size_t i = 0; i < COUNT_OF(s->fillers); i++) {
		s->fillers[i] =
			socket(address->ss_family,
			       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		assert_true(s->fillers[i] >= 0);
		(void)connect(s->fillers[i], (const struct sockaddr *)address,
			      length);
	}
}

static void add_certificate(struct server *s, const struct test_cert *cert)
{
	gnutls_x509_crt_t crt;

	if (cert == NULL)
		return;
	crt = cert->crt;
	assert_int_equal(gnutls_certificate_set_x509_key(s->credentials, &crt,
							 1, cert->key),
			 0);
}

bool server_start_as(struct server *s, const struct server_spec *spec)
{
	struct sockaddr_storage address;
	socklen_t length;

	*s = (struct server){ .spec = *spec, .stop = { -1, -1 } };
	if (!bind_free_port(s, spec->is_ipv6, &address, &length)) {
		(void)close(s->fd);
		return false;
	}
	if (spec->kind == SERVER_REFUSES)
		return true;
	assert_int_equal(listen(s->fd, spec->kind == SERVER_FULL ? 0 : 128), 0);
	if (spec->kind == SERVER_FULL)
		fill(s, &address, length);
	if (spec->kind == SERVER_SILENT || spec->kind == SERVER_FULL)
		return true;
	assert_int_equal(
		gnutls_certificate_allocate_credentials(&s->credentials), 0);
	add_certificate(s, spec->cert);
	add_certificate(s, spec->second_cert);
	assert_int_equal(pipe2(s->stop, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
	s->has_thread = true;
	return true;
}

bool server_start(struct server *s, enum server_kind kind, bool is_ipv6,
		  const struct test_cert *cert, const char *priority)
{
	return server_start_as(s,
			       &(struct server_spec){ .kind = kind,
						      .is_ipv6 = is_ipv6,
						      .cert = cert,
						      .priority = priority });
}

void server_stop(struct server *s)
{
	if (s->has_thread) {
		(void)close(s->stop[1]);
		assert_int_equal(pthread_join(s->thread, NULL), 0);
		(void)close(s->stop[0]);
		gnutls_certificate_free_credentials(s->credentials);
	}
	for (size_t i = 0; i < COUNT_OF(s->fillers); i++)
		if (s->fillers[i] > 0)
			(void)close(s->fillers[i]);
	(void)close(s->fd);
}
