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

#include "base/clock.h"
#include "base/log.h"

/* For the debug log: which pair, what happened, and more of that ("" for
 * nothing). */
static void trace(const struct connection *c, const char *event,
		  const char *detail)
{
	const struct pod *pod = c->pair->endpoint->pod;
	const char *key = key_type_name(c->pair->key_type);

	log_debug("%s%s%s:%d %s%s%s: %s%s%s", pod->ns,
		  pod->ns[0] == '\0' ? "" : "/", pod->name, pod->port,
		  c->pair->domain->name, key[0] == '\0' ? "" : " ", key, event,
		  detail[0] == '\0' ? "" : ": ", detail);
}

/* Every transition is made, and can be seen, here. */
static void enter(struct connection *c, enum connection_state state)
{
	static const char *const names[] = {
		[CONNECTION_CONNECTING] = "connecting",
		[CONNECTION_PREFACE] = "preface",
		[CONNECTION_HANDSHAKE] = "handshake",
		[CONNECTION_FAREWELL] = "farewell",
		[CONNECTION_AFTERWORD] = "afterword",
		[CONNECTION_REFUSED] = "refused",
		[CONNECTION_CLOSED] = "closed",
	};

	trace(c, names[state], "");
	c->state = state;
}

static enum connection_want finish(struct connection *c)
{
	c->result.duration_us = mono_now_us() - c->started_us;
	enter(c, CONNECTION_CLOSED);
	return CONNECTION_DONE;
}

/* Whether a later offer that ended so says more than the first one did. */
static bool supersedes(enum probe_reason reason)
{
	return reason == REASON_HANDSHAKE_ALERT ||
	       reason == REASON_NAME_REJECTED ||
	       reason == REASON_CLIENT_CERTIFICATE_REQUIRED ||
	       reason == REASON_KEY_TYPE_MISSING || reason == REASON_DEADLINE;
}

static enum connection_want fail(struct connection *c, enum probe_reason reason,
				 const char *detail)
{
	trace(c, probe_reason_name(reason), detail);
	if (c->first_reason != REASON_NONE && c->result.certificate == NULL &&
	    !supersedes(reason))
		reason = c->first_reason;
	c->result.reason = reason;
	c->result.success = false;
	return finish(c);
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

/* Begins to connect to the pair's endpoint. */
static int open_socket(struct connection *c, struct error *err)
{
	const struct pod *pod = c->pair->endpoint->pod;
	struct sockaddr_storage address;
	socklen_t length =
		address_to_socket(&pod->address, pod->port, &address);
	int on = 1;

	c->fd = socket(address.ss_family,
		       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0 && (errno == EMFILE || errno == ENFILE ||
			  errno == ENOBUFS || errno == ENOMEM))
		return error_set(err, ERROR_SYSTEM, "socket: %s",
				 strerror(errno));
	if (c->fd < 0) {
		(void)fail_connect(c, errno);
		return 0;
	}
	/* Finished and close_notify go out at once; a failure costs time. */
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(c->fd, (const struct sockaddr *)&address, length) < 0 &&
	    errno != EINPROGRESS)
		(void)fail_connect(c, errno);
	return 0;
}

int connection_open(struct connection *c, const struct pair *pair,
		    const struct probe_context *context, enum tls_offer offer,
		    bool is_known_offer, struct error *err)
{
	*c = (struct connection){
		.state = CONNECTION_CONNECTING,
		.fd = -1,
		.pair = pair,
		.context = *context,
		.offer = offer,
		.is_known_offer = is_known_offer,
		.started_us = mono_now_us(),
	};
	return open_socket(c, err);
}

/* `header` is the reason if there is nothing but a PROXY header. */
static enum connection_want
fail_preface(struct connection *c, enum probe_reason header, const char *detail)
{
	return fail(c,
		    c->pair->endpoint->job->starttls == STARTTLS_NONE ?
			    header :
			    REASON_STARTTLS_FAILED,
		    detail);
}

static enum connection_want step_connecting(struct connection *c)
{
	socklen_t length = sizeof(int);
	struct error err = { 0 };
	int error = 0;

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	/* TCP was up, and is no more: whether we see it here or with the first
	 * read is a matter of time. */
	c->is_connected = error == 0 || error == ECONNRESET || error == EPIPE;
	if (!c->is_connected)
		return fail_connect(c, error);
	if (error != 0)
		return fail_preface(c, REASON_HANDSHAKE_CLOSED,
				    strerror(error));
	if (preface_new(c->pair->endpoint->job, &c->preface, &err) < 0)
		return fail(c, REASON_HANDSHAKE_ERROR, err.message);
	enter(c, CONNECTION_PREFACE);
	return connection_step(c);
}

/* --- Before TLS ---------------------------------------------------------- */

static enum connection_want begin_handshake(struct connection *c)
{
	int r;

	preface_free(c->preface);
	c->preface = NULL;
	r = tls_session_begin(&c->tls, c->fd, c->pair, &c->context, c->offer);
	if (r < 0)
		return fail(c, REASON_HANDSHAKE_ERROR, gnutls_strerror(r));
	enter(c, CONNECTION_HANDSHAKE);
	return connection_step(c);
}

static enum connection_want step_preface(struct connection *c)
{
	if (c->preface == NULL)
		return begin_handshake(c);
	switch (preface_step(c->preface, c->fd)) {
	case PREFACE_DONE:
		break;
	case PREFACE_READ:
		return CONNECTION_WANT_READ;
	case PREFACE_WRITE:
		return CONNECTION_WANT_WRITE;
	case PREFACE_FAILED:
		return fail_preface(c, REASON_HANDSHAKE_CLOSED,
				    preface_detail(c->preface));
	}
	return begin_handshake(c);
}

/* --- TLS ----------------------------------------------------------------- */

static enum connection_want waits_for(const struct connection *c)
{
	return gnutls_record_get_direction(c->tls.gnutls) == 1 ?
		       CONNECTION_WANT_WRITE :
		       CONNECTION_WANT_READ;
}

/* Takes over what the session has found so far. */
static void take_found(struct connection *c)
{
	c->result = c->tls.found;
}

/* Whether there is another offer for a server that refused this one. At an
 * endpoint that took it before, only the version makes another one worth a
 * connection. */
static bool has_next_offer(struct connection *c, int error)
{
	bool is_version;

	return tls_session_is_refused(&c->tls, error, &is_version) &&
	       (is_version || !c->is_known_offer) &&
	       offer_next(c->offer, &c->next_offer);
}

static enum connection_want fail_handshake(struct connection *c, int error)
{
	const char *detail;
	enum probe_reason reason = tls_session_failure(&c->tls, error, &detail);

	if (!has_next_offer(c, error))
		return fail(c, reason, detail);
	trace(c, "asked again with another offer", detail);
	if (c->first_reason == REASON_NONE)
		c->first_reason = reason;
	enter(c, CONNECTION_REFUSED);
	return CONNECTION_WANT_RETRY;
}

int connection_retry(struct connection *c, struct error *err)
{
	assert(c->state == CONNECTION_REFUSED);
	connection_close(c);
	c->offer = c->next_offer;
	c->is_known_offer = false;
	if (open_socket(c, err) < 0) {
		(void)fail(c, c->first_reason, err->message);
		return -(int)err->code;
	}
	if (c->state == CONNECTION_REFUSED)
		enter(c, CONNECTION_CONNECTING);
	return 0;
}

static enum connection_want step_handshake(struct connection *c)
{
	int r;

	do {
		r = gnutls_handshake(c->tls.gnutls);
		take_found(c);
		if (r == GNUTLS_E_AGAIN)
			return waits_for(c);
	} while (r < 0 && gnutls_error_is_fatal(r) == 0);
	if (c->tls.is_enough) {
		c->result.success = true;
		return finish(c);
	}
	if (r < 0)
		return fail_handshake(c, r);
	if (c->result.certificate == NULL)
		return fail(c, REASON_NO_CERTIFICATE, "handshake without one");
	tls_session_complete(&c->tls);
	take_found(c);
	c->result.success = true;
	enter(c, CONNECTION_FAREWELL);
	return connection_step(c);
}

static enum connection_want step_farewell(struct connection *c)
{
	int r = gnutls_bye(c->tls.gnutls, GNUTLS_SHUT_WR);

	if (r == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED)
		return CONNECTION_WANT_WRITE;
	c->result.close_failed = r < 0;
	/* In TLS 1.2 the server has objected before, if it does. */
	if (tls_session_was_asked(&c->tls) &&
	    gnutls_protocol_get_version(c->tls.gnutls) == GNUTLS_TLS1_3) {
		enter(c, CONNECTION_AFTERWORD);
		return connection_step(c);
	}
	return finish(c);
}

static enum connection_want step_afterword(struct connection *c)
{
	char ignored[1024];
	const char *detail;
	ssize_t r;

	do {
		r = gnutls_record_recv(c->tls.gnutls, ignored, sizeof(ignored));
		if (r == GNUTLS_E_AGAIN)
			return waits_for(c);
	} while (r > 0 || r == GNUTLS_E_INTERRUPTED);
	if ((r == GNUTLS_E_FATAL_ALERT_RECEIVED ||
	     r == GNUTLS_E_WARNING_ALERT_RECEIVED) &&
	    tls_session_wants_certificate(&c->tls)) {
		(void)tls_session_failure(&c->tls, (int)r, &detail);
		return fail(c, REASON_CLIENT_CERTIFICATE_REQUIRED, detail);
	}
	/* Anything else came after a good handshake. */
	return finish(c);
}

enum connection_want connection_step(struct connection *c)
{
	switch (c->state) {
	case CONNECTION_CONNECTING:
		return step_connecting(c);
	case CONNECTION_PREFACE:
		return step_preface(c);
	case CONNECTION_HANDSHAKE:
		return step_handshake(c);
	case CONNECTION_FAREWELL:
		return step_farewell(c);
	case CONNECTION_AFTERWORD:
		return step_afterword(c);
	case CONNECTION_REFUSED:
		return CONNECTION_WANT_RETRY;
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
	case CONNECTION_PREFACE:
		(void)fail_preface(c, REASON_HANDSHAKE_TIMEOUT, "no time left");
		break;
	case CONNECTION_REFUSED:
	case CONNECTION_HANDSHAKE:
		(void)fail(c, REASON_HANDSHAKE_TIMEOUT, "no time left");
		break;
	case CONNECTION_FAREWELL:
		/* The handshake was good, whatever happens to our farewell. */
		c->result.close_failed = true;
		(void)finish(c);
		break;
	case CONNECTION_AFTERWORD:
		(void)finish(c);
		break;
	case CONNECTION_CLOSED:
		break;
	}
}

void connection_cut_off(struct connection *c)
{
	if (c->state == CONNECTION_CONNECTING ||
	    c->state == CONNECTION_PREFACE || c->state == CONNECTION_REFUSED ||
	    c->state == CONNECTION_HANDSHAKE)
		(void)fail(c, REASON_DEADLINE, "the run's time is over");
	else
		connection_time_out(c);
}

void connection_close(struct connection *c)
{
	tls_session_end(&c->tls);
	preface_free(c->preface);
	c->preface = NULL;
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
}
