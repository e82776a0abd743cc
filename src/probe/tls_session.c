/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions of GnuTLS, its hook, its alerts.
 */
#include <config.h>

#include "probe/tls_session.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* RFC 8446, 6.2; GnuTLS 3.7 has a name for it, older headers have not. */
#define ALERT_CERTIFICATE_REQUIRED 116

static ssize_t pull(gnutls_transport_ptr_t data, void *bytes, size_t size)
{
	struct tls_session *s = data;
	ssize_t got;

	if (s->received >= TLS_RECEIVE_MAX || s->reads >= TLS_READS_MAX) {
		s->system_error = EMSGSIZE;
		gnutls_transport_set_errno(s->gnutls, EMSGSIZE);
		return -1;
	}
	do {
		got = recv(s->fd, bytes, size, 0);
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		if (errno != EAGAIN)
			s->system_error = errno;
		gnutls_transport_set_errno(s->gnutls, errno);
	} else if (got == 0) {
		s->is_eof = true;
	} else {
		for (size_t i = 0; i < (size_t)got; i++) {
			if (s->received + i >= sizeof(s->first))
				break;
			s->first[s->received + i] = ((uint8_t *)bytes)[i];
		}
		s->received += (size_t)got;
		s->reads++;
	}
	return got;
}

/* Takes the leaf, if it is one of the type that was asked for. Returns 0, or
 * an error of GnuTLS's that ends the handshake. */
static int take_chain(struct tls_session *s, const struct chain *chain)
{
	struct certificate_verdict verdict = { 0 };
	struct error err = { 0 };

	if (certificate_cache_look_up(s->context->cache, chain,
				      s->context->setup->trust, s->pair->domain,
				      &verdict, &err) < 0)
		return GNUTLS_E_MEMORY_ERROR;
	if (verdict.certificate->is_readable &&
	    s->pair->key_type != KEY_TYPE_ANY &&
	    s->pair->key_type != verdict.certificate->key_type) {
		s->is_other_key = true;
		return GNUTLS_E_CERTIFICATE_ERROR;
	}
	s->found.certificate = verdict.certificate;
	s->found.chain = verdict.chain;
	s->found.names_domain = verdict.names_domain;
	/* Nor may GnuTLS spend an hour on it: nothing could end that. */
	if (!verdict.certificate->is_readable ||
	    verdict.certificate->has_costly_key)
		return GNUTLS_E_CERTIFICATE_ERROR;
	return 0;
}

/* Called with the body of each Certificate message, ours as well. */
static int on_certificate(gnutls_session_t session, unsigned int type,
			  unsigned int when, unsigned int incoming,
			  const gnutls_datum_t *body)
{
	struct tls_session *s = gnutls_session_get_ptr(session);
	enum chain_format format =
		gnutls_protocol_get_version(session) == GNUTLS_TLS1_3 ?
			CHAIN_TLS13 :
			CHAIN_TLS12;
	struct chain chain;
	int r;

	(void)type;
	(void)when;
	if (incoming == 0 || s->got_message)
		return 0;
	s->got_message = true;
	if (!chain_parse(body->data, body->size, format, &chain)) {
		s->is_bad_message = true;
		return GNUTLS_E_UNEXPECTED_PACKET_LENGTH;
	}
	if (chain.count == 0)
		return 0;
	r = take_chain(s, &chain);
	if (r == GNUTLS_E_MEMORY_ERROR)
		return r;
	if (s->pair->endpoint->job->handshake == HANDSHAKE_FULL) {
		/* GnuTLS is about to read them all, the issuers as well. */
		if (r == 0 && chain_is_costly(body->data, body->size, format))
			r = GNUTLS_E_CERTIFICATE_ERROR;
		return r;
	}
	s->is_enough = s->found.certificate != NULL &&
		       s->found.certificate->is_readable;
	return GNUTLS_E_CERTIFICATE_ERROR; /* hangs up */
}

int tls_session_begin(struct tls_session *s, int fd, const struct pair *pair,
		      const struct probe_context *context, enum tls_offer offer)
{
	const struct job_setup *setup = context->setup;
	const struct domain *domain = pair->domain;
	int r;

	*s = (struct tls_session){
		.fd = fd,
		.pair = pair,
		.context = context,
	};
	r = gnutls_init(&s->gnutls,
			GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS |
				GNUTLS_NO_SIGNAL | GNUTLS_KEY_SHARE_TOP);
	if (r < 0) {
		s->gnutls = NULL;
		return r;
	}
	gnutls_session_set_ptr(s->gnutls, s);
	r = gnutls_priority_set(
		s->gnutls, setup->offers->priorities[offer][pair->key_type]);
	if (r >= 0)
		r = gnutls_credentials_set(s->gnutls, GNUTLS_CRD_CERTIFICATE,
					   setup->credentials);
	if (r >= 0 && !domain->is_address)
		r = gnutls_server_name_set(s->gnutls, GNUTLS_NAME_DNS,
					   domain->probe_name,
					   strlen(domain->probe_name));
	/* The loop keeps the deadline. */
	gnutls_handshake_set_timeout(s->gnutls, 0);
	gnutls_handshake_set_max_packet_length(s->gnutls, TLS_MESSAGE_MAX);
	gnutls_dh_set_prime_bits(s->gnutls, TLS_DH_BITS_MIN);
	gnutls_handshake_set_hook_function(s->gnutls,
					   GNUTLS_HANDSHAKE_CERTIFICATE_PKT,
					   GNUTLS_HOOK_POST, on_certificate);
	gnutls_transport_set_ptr2(s->gnutls, s,
				  (gnutls_transport_ptr_t)(intptr_t)fd);
	gnutls_transport_set_pull_function(s->gnutls, pull);
	return r;
}

void tls_session_complete(struct tls_session *s)
{
	unsigned int count = 0;
	const gnutls_datum_t *presented =
		gnutls_certificate_get_peers(s->gnutls, &count);
	gnutls_datum_t staple = { NULL, 0 };
	struct error err = { 0 };

	s->found.session = session_facts_get(s->context->sessions, s->gnutls);
	s->found.asked_for_staple = true;
	if (gnutls_ocsp_status_request_get2(s->gnutls, 0, &staple) < 0 ||
	    staple.size == 0 || presented == NULL)
		return;
	/* For want of memory it says nothing, rather than that there is none.
	 */
	if (certificate_cache_look_up_staple(s->context->cache, s->found.chain,
					     presented, count, &staple,
					     &s->found.staple, &err) < 0)
		s->found.asked_for_staple = false;
}

/* --- Failures --------------------------------------------------------------
 */

bool tls_session_was_asked(const struct tls_session *s)
{
	return gnutls_certificate_client_get_request_status(s->gnutls) != 0;
}

/* The words differ: TLS 1.2 has no alert of its own for that. */
bool tls_session_wants_certificate(const struct tls_session *s)
{
	if (!tls_session_was_asked(s))
		return false;
	switch ((int)gnutls_alert_get(s->gnutls)) {
	case ALERT_CERTIFICATE_REQUIRED:
	case GNUTLS_A_HANDSHAKE_FAILURE:
	case GNUTLS_A_BAD_CERTIFICATE:
	case GNUTLS_A_CERTIFICATE_UNKNOWN:
	case GNUTLS_A_CERTIFICATE_EXPIRED:
	case GNUTLS_A_CERTIFICATE_REVOKED:
	case GNUTLS_A_UNSUPPORTED_CERTIFICATE:
	case GNUTLS_A_SSL3_NO_CERTIFICATE:
	case GNUTLS_A_ACCESS_DENIED:
	case GNUTLS_A_UNKNOWN_CA:
	case GNUTLS_A_DECODE_ERROR: /* servers made with GnuTLS */
		return true;
	default:
		return false;
	}
}

/* The content type and major version of a TLS record (RFC 8446, 5.1). */
static bool looks_like_tls(const struct tls_session *s)
{
	if (s->received > 0 && (s->first[0] < 20 || s->first[0] > 23))
		return false;
	return s->received < 2 || s->first[1] == 3;
}

static bool is_alert_about_offer(gnutls_alert_description_t alert)
{
	return alert == GNUTLS_A_HANDSHAKE_FAILURE ||
	       alert == GNUTLS_A_INSUFFICIENT_SECURITY;
}

bool tls_session_is_refused(const struct tls_session *s, int error,
			    bool *ret_is_version)
{
	gnutls_alert_description_t alert;

	*ret_is_version = true;
	/* A server that knows no other answers with an old version, and the
	 * alert is ours. */
	if (error == GNUTLS_E_UNSUPPORTED_VERSION_PACKET)
		return looks_like_tls(s);
	if (error != GNUTLS_E_FATAL_ALERT_RECEIVED || s->got_message)
		return false;
	alert = gnutls_alert_get(s->gnutls);
	*ret_is_version = alert == GNUTLS_A_PROTOCOL_VERSION;
	return *ret_is_version || is_alert_about_offer(alert);
}

static enum probe_reason alert_reason(const struct tls_session *s)
{
	gnutls_alert_description_t alert = gnutls_alert_get(s->gnutls);

	if (tls_session_wants_certificate(s))
		return REASON_CLIENT_CERTIFICATE_REQUIRED;
	if (alert == GNUTLS_A_UNRECOGNIZED_NAME)
		return REASON_NAME_REJECTED;
	if (s->pair->key_type != KEY_TYPE_ANY && !s->got_message &&
	    is_alert_about_offer(alert))
		return REASON_KEY_TYPE_MISSING;
	return REASON_HANDSHAKE_ALERT;
}

enum probe_reason tls_session_failure(const struct tls_session *s, int error,
				      const char **ret_detail)
{
	*ret_detail = gnutls_strerror(error);
	if (!looks_like_tls(s))
		return REASON_NOT_TLS;
	if (error == GNUTLS_E_FATAL_ALERT_RECEIVED ||
	    error == GNUTLS_E_WARNING_ALERT_RECEIVED) {
		*ret_detail =
			gnutls_alert_get_name(gnutls_alert_get(s->gnutls));
		if (*ret_detail == NULL)
			*ret_detail = "unknown alert";
		return alert_reason(s);
	}
	if (s->system_error == EMSGSIZE) {
		*ret_detail = "the server sends on";
		return REASON_HANDSHAKE_ERROR;
	}
	if (s->is_other_key)
		return REASON_KEY_TYPE_MISSING;
	if (error == GNUTLS_E_MEMORY_ERROR)
		return REASON_HANDSHAKE_ERROR;
	if (s->is_eof || s->system_error != 0 ||
	    error == GNUTLS_E_PREMATURE_TERMINATION ||
	    error == GNUTLS_E_SESSION_EOF || error == GNUTLS_E_PUSH_ERROR)
		return REASON_HANDSHAKE_CLOSED;
	if (s->is_bad_message)
		return REASON_BAD_CERTIFICATE;
	if (s->found.certificate == NULL &&
	    (s->got_message || error == GNUTLS_E_NO_CERTIFICATE_FOUND))
		return REASON_NO_CERTIFICATE;
	return REASON_HANDSHAKE_ERROR;
}

void tls_session_end(struct tls_session *s)
{
	if (s->gnutls != NULL)
		gnutls_deinit(s->gnutls);
	s->gnutls = NULL;
}
