/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state machine of one probe.
 */
#include <config.h>

#include "probe/connection.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

/* TLS 1.2 and 1.3, one key share (X25519): the other would cost a fifth of
 * the handshake, and a server that wants it asks for it. */
#define PRIORITY                                                               \
	"NORMAL:-VERS-TLS1.1:-VERS-TLS1.0:-GROUP-ALL:"                         \
	"+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:"                     \
	"+GROUP-SECP521R1:+GROUP-X448:+GROUP-FFDHE2048:"                       \
	"+GROUP-FFDHE3072:+GROUP-FFDHE4096"

/* RFC 8446, 6.2; GnuTLS 3.7 has a name for it, older headers have not. */
#define ALERT_CERTIFICATE_REQUIRED 116

int tls_setup_init(struct tls_setup *setup, struct error *err)
{
	struct tls_setup made = { 0 };
	int r = gnutls_priority_init(&made.priority, PRIORITY, NULL);

	if (r >= 0)
		r = gnutls_certificate_allocate_credentials(&made.credentials);
	if (r < 0) {
		tls_setup_release(&made);
		return error_set(err, ERROR_SYSTEM, "GnuTLS: %s",
				 gnutls_strerror(r));
	}
	*setup = made;
	return 0;
}

void tls_setup_release(struct tls_setup *setup)
{
	if (setup->priority != NULL)
		gnutls_priority_deinit(setup->priority);
	if (setup->credentials != NULL)
		gnutls_certificate_free_credentials(setup->credentials);
	*setup = (struct tls_setup){ 0 };
}

/* Every transition is made, and can be seen, here. */
static void enter(struct connection *c, enum connection_state state)
{
	static const char *const names[] = {
		[CONNECTION_CONNECTING] = "connecting",
		[CONNECTION_HANDSHAKE] = "handshake",
		[CONNECTION_FAREWELL] = "farewell",
		[CONNECTION_AFTERWORD] = "afterword",
		[CONNECTION_CLOSED] = "closed",
	};

	log_debug("%s/%s %s: %s", c->pair->endpoint->pod->ns,
		  c->pair->endpoint->pod->name, c->pair->domain->name,
		  names[state]);
	c->state = state;
}

static enum connection_want fail(struct connection *c, enum probe_reason reason,
				 const char *detail)
{
	log_debug("%s/%s %s: %s: %s", c->pair->endpoint->pod->ns,
		  c->pair->endpoint->pod->name, c->pair->domain->name,
		  probe_reason_name(reason), detail);
	c->result.reason = reason;
	c->result.success = false;
	enter(c, CONNECTION_CLOSED);
	return CONNECTION_DONE;
}

/* --- TCP ----------------------------------------------------------------- */

static enum connection_want fail_connect(struct connection *c, int error)
{
	enum probe_reason reason = REASON_CONNECT_ERROR;

	if (error == ECONNREFUSED)
		reason = REASON_CONNECT_REFUSED;
	else if (error == ETIMEDOUT)
		reason = REASON_CONNECT_TIMEOUT;
	else if (error == EHOSTUNREACH || error == ENETUNREACH ||
		 error == EHOSTDOWN || error == ENETDOWN)
		reason = REASON_CONNECT_UNREACHABLE;
	return fail(c, reason, strerror(error));
}

int connection_open(struct connection *c, const struct pair *pair,
		    const struct tls_setup *setup,
		    struct certificate_cache *cache, struct error *err)
{
	const struct pod *pod = pair->endpoint->pod;
	struct sockaddr_storage address;
	socklen_t length =
		address_to_socket(&pod->address, pod->port, &address);
	int on = 1;
	int fd = socket(address.ss_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		       errno == ENOMEM))
		return error_set(err, ERROR_SYSTEM, "socket: %s",
				 strerror(errno));
	*c = (struct connection){
		.state = CONNECTION_CONNECTING,
		.fd = fd,
		.pair = pair,
		.setup = setup,
		.cache = cache,
	};
	if (fd < 0) {
		(void)fail_connect(c, errno);
		return 0;
	}
	/* Finished and close_notify go out at once; a failure costs time. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (const struct sockaddr *)&address, length) < 0 &&
	    errno != EINPROGRESS)
		(void)fail_connect(c, errno);
	return 0;
}

/* --- TLS ----------------------------------------------------------------- */

static ssize_t pull(gnutls_transport_ptr_t data, void *bytes, size_t size)
{
	struct connection *c = data;
	ssize_t got;

	if (c->received >= CONNECTION_RECEIVE_MAX) {
		c->system_error = EMSGSIZE;
		gnutls_transport_set_errno(c->session, EMSGSIZE);
		return -1;
	}
	do {
		got = recv(c->fd, bytes, size, 0);
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		if (errno != EAGAIN)
			c->system_error = errno;
		gnutls_transport_set_errno(c->session, errno);
	} else if (got == 0) {
		c->is_eof = true;
	} else {
		for (size_t i = 0; i < (size_t)got; i++) {
			if (c->received + i >= sizeof(c->first))
				break;
			c->first[c->received + i] = ((uint8_t *)bytes)[i];
		}
		c->received += (size_t)got;
	}
	return got;
}

/* Called with the body of each Certificate message, ours as well. */
static int on_certificate(gnutls_session_t session, unsigned int type,
			  unsigned int when, unsigned int incoming,
			  const gnutls_datum_t *body)
{
	struct connection *c = gnutls_session_get_ptr(session);
	enum chain_format format =
		gnutls_protocol_get_version(session) == GNUTLS_TLS1_3 ?
			CHAIN_TLS13 :
			CHAIN_TLS12;
	struct certificate_verdict verdict = { 0 };
	struct error err = { 0 };
	struct chain chain;

	(void)type;
	(void)when;
	if (incoming == 0 || c->got_message)
		return 0;
	c->got_message = true;
	if (!chain_parse(body->data, body->size, format, &chain)) {
		c->is_bad_message = true;
		return GNUTLS_E_UNEXPECTED_PACKET_LENGTH;
	}
	if (chain.count == 0)
		return 0;
	if (certificate_cache_look_up(c->cache, &chain, c->pair->domain,
				      &verdict, &err) < 0)
		return GNUTLS_E_MEMORY_ERROR;
	c->result.certificate = verdict.certificate;
	c->result.names_domain = verdict.names_domain;
	/* Nor may GnuTLS spend an hour on it: nothing could end that. */
	if (!verdict.certificate->is_readable ||
	    verdict.certificate->has_costly_key)
		return GNUTLS_E_CERTIFICATE_ERROR;
	return 0;
}

static int begin_session(struct connection *c)
{
	const struct domain *domain = c->pair->domain;
	int r = gnutls_init(&c->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK |
						 GNUTLS_NO_TICKETS |
						 GNUTLS_NO_SIGNAL |
						 GNUTLS_KEY_SHARE_TOP);

	if (r < 0) {
		c->session = NULL;
		return r;
	}
	gnutls_session_set_ptr(c->session, c);
	r = gnutls_priority_set(c->session, c->setup->priority);
	if (r >= 0)
		r = gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE,
					   c->setup->credentials);
	if (r >= 0 && !domain->is_address)
		r = gnutls_server_name_set(c->session, GNUTLS_NAME_DNS,
					   domain->probe_name,
					   strlen(domain->probe_name));
	/* The loop keeps the deadline. */
	gnutls_handshake_set_timeout(c->session, 0);
	gnutls_handshake_set_max_packet_length(c->session,
					       CONNECTION_MESSAGE_MAX);
	gnutls_handshake_set_hook_function(c->session,
					   GNUTLS_HANDSHAKE_CERTIFICATE_PKT,
					   GNUTLS_HOOK_POST, on_certificate);
	gnutls_transport_set_ptr2(c->session, c,
				  (gnutls_transport_ptr_t)(intptr_t)c->fd);
	gnutls_transport_set_pull_function(c->session, pull);
	return r;
}

static enum connection_want waits_for(const struct connection *c)
{
	return gnutls_record_get_direction(c->session) == 1 ?
		       CONNECTION_WANT_WRITE :
		       CONNECTION_WANT_READ;
}

/* The content type and major version of a TLS record (RFC 8446, 5.1). */
static bool looks_like_tls(const struct connection *c)
{
	if (c->received > 0 && (c->first[0] < 20 || c->first[0] > 23))
		return false;
	return c->received < 2 || c->first[1] == 3;
}

/* Whether the server's last alert says that it wants a client certificate.
 * The words differ: TLS 1.2 has no alert of its own for that. */
static bool wants_client_certificate(const struct connection *c)
{
	if (gnutls_certificate_client_get_request_status(c->session) == 0)
		return false;
	switch ((int)gnutls_alert_get(c->session)) {
	case ALERT_CERTIFICATE_REQUIRED:
	case GNUTLS_A_HANDSHAKE_FAILURE:
	case GNUTLS_A_BAD_CERTIFICATE:
	case GNUTLS_A_CERTIFICATE_UNKNOWN:
	case GNUTLS_A_SSL3_NO_CERTIFICATE:
	case GNUTLS_A_ACCESS_DENIED:
	case GNUTLS_A_UNKNOWN_CA:
	case GNUTLS_A_DECODE_ERROR: /* servers made with GnuTLS */
		return true;
	default:
		return false;
	}
}

static enum connection_want fail_alert(struct connection *c)
{
	const char *name = gnutls_alert_get_name(gnutls_alert_get(c->session));

	if (name == NULL)
		name = "unknown alert";
	if (wants_client_certificate(c))
		return fail(c, REASON_CLIENT_CERTIFICATE_REQUIRED, name);
	if (gnutls_alert_get(c->session) == GNUTLS_A_UNRECOGNIZED_NAME)
		return fail(c, REASON_NAME_REJECTED, name);
	return fail(c, REASON_HANDSHAKE_ALERT, name);
}

static enum connection_want fail_handshake(struct connection *c, int error)
{
	const char *detail = gnutls_strerror(error);

	if (!looks_like_tls(c))
		return fail(c, REASON_NOT_TLS, detail);
	if (error == GNUTLS_E_FATAL_ALERT_RECEIVED)
		return fail_alert(c);
	if (c->system_error == EMSGSIZE)
		return fail(c, REASON_HANDSHAKE_ERROR, "the server sends on");
	if (c->is_eof || c->system_error != 0 ||
	    error == GNUTLS_E_PREMATURE_TERMINATION ||
	    error == GNUTLS_E_SESSION_EOF || error == GNUTLS_E_PUSH_ERROR)
		return fail(c, REASON_HANDSHAKE_CLOSED, detail);
	if (c->is_bad_message)
		return fail(c, REASON_BAD_CERTIFICATE, detail);
	if (c->result.certificate == NULL &&
	    (c->got_message || error == GNUTLS_E_NO_CERTIFICATE_FOUND))
		return fail(c, REASON_NO_CERTIFICATE, detail);
	return fail(c, REASON_HANDSHAKE_ERROR, detail);
}

static enum connection_want step_connecting(struct connection *c)
{
	socklen_t length = sizeof(int);
	int error = 0;
	int r;

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	if (error != 0)
		return fail_connect(c, error);
	r = begin_session(c);
	if (r < 0)
		return fail(c, REASON_HANDSHAKE_ERROR, gnutls_strerror(r));
	enter(c, CONNECTION_HANDSHAKE);
	return connection_step(c);
}

static enum connection_want step_handshake(struct connection *c)
{
	int r;

	do {
		r = gnutls_handshake(c->session);
		if (r == GNUTLS_E_AGAIN)
			return waits_for(c);
	} while (r < 0 && gnutls_error_is_fatal(r) == 0);
	if (r < 0)
		return fail_handshake(c, r);
	if (c->result.certificate == NULL)
		return fail(c, REASON_NO_CERTIFICATE, "handshake without one");
	c->result.success = true;
	enter(c, CONNECTION_FAREWELL);
	return connection_step(c);
}

static enum connection_want step_farewell(struct connection *c)
{
	int r = gnutls_bye(c->session, GNUTLS_SHUT_WR);

	if (r == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED)
		return CONNECTION_WANT_WRITE;
	c->result.close_failed = r < 0;
	/* In TLS 1.2 the server has objected before, if it does. */
	if (gnutls_certificate_client_get_request_status(c->session) != 0 &&
	    gnutls_protocol_get_version(c->session) == GNUTLS_TLS1_3) {
		enter(c, CONNECTION_AFTERWORD);
		return connection_step(c);
	}
	enter(c, CONNECTION_CLOSED);
	return CONNECTION_DONE;
}

static enum connection_want step_afterword(struct connection *c)
{
	char ignored[1024];
	ssize_t r;

	do {
		r = gnutls_record_recv(c->session, ignored, sizeof(ignored));
		if (r == GNUTLS_E_AGAIN)
			return waits_for(c);
	} while (r > 0 || r == GNUTLS_E_INTERRUPTED);
	if ((r == GNUTLS_E_FATAL_ALERT_RECEIVED ||
	     r == GNUTLS_E_WARNING_ALERT_RECEIVED) &&
	    wants_client_certificate(c))
		return fail_alert(c);
	/* Anything else came after a good handshake. */
	enter(c, CONNECTION_CLOSED);
	return CONNECTION_DONE;
}

enum connection_want connection_step(struct connection *c)
{
	switch (c->state) {
	case CONNECTION_CONNECTING:
		return step_connecting(c);
	case CONNECTION_HANDSHAKE:
		return step_handshake(c);
	case CONNECTION_FAREWELL:
		return step_farewell(c);
	case CONNECTION_AFTERWORD:
		return step_afterword(c);
	case CONNECTION_CLOSED:
		return CONNECTION_DONE;
	}
	assert(false);
	return CONNECTION_DONE;
}

void connection_time_out(struct connection *c)
{
	switch (c->state) {
	case CONNECTION_CONNECTING:
		(void)fail_connect(c, ETIMEDOUT);
		break;
	case CONNECTION_HANDSHAKE:
		(void)fail(c, REASON_HANDSHAKE_TIMEOUT, "no time left");
		break;
	case CONNECTION_FAREWELL:
		/* The handshake was good, whatever happens to our farewell. */
		c->result.close_failed = true;
		enter(c, CONNECTION_CLOSED);
		break;
	case CONNECTION_AFTERWORD:
	case CONNECTION_CLOSED:
		enter(c, CONNECTION_CLOSED);
		break;
	}
}

void connection_cut_off(struct connection *c)
{
	if (c->state == CONNECTION_CONNECTING ||
	    c->state == CONNECTION_HANDSHAKE)
		(void)fail(c, REASON_DEADLINE, "the run's time is over");
	else
		connection_time_out(c);
}

bool connection_is_connected(const struct connection *c)
{
	return c->session != NULL;
}

void connection_close(struct connection *c)
{
	if (c->session != NULL)
		gnutls_deinit(c->session);
	c->session = NULL;
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
}
