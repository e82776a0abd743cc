/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failed requests, classified and put into words.
 */
#include <config.h>

#include "kube/failure.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/x509.h"

/* What the server's certificate was checked against, in two parts. */
static const char *ca_words(const struct kube_access *access,
			    const char **ret_more)
{
	*ret_more = "";
	if (access->ca.path != NULL)
		return access->ca.path;
	if (access->ca.bytes.size == 0)
		return "the system's certificate authorities";
	*ret_more = access->source;
	return "the certificate-authority-data of ";
}

static int fail_certificate(CURL *curl, const char *words,
			    const struct kube_access *access, struct error *err)
{
	char why[X509_WORDS_MAX];
	const char *more;
	const char *ca = ca_words(access, &more);
	long status = 0;

	/* A wrong name is not in the status, and curl names both names. */
	(void)curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &status);
	if (status == 0)
		return error_set(err, ERROR_TLS,
				 "the certificate of %s is not accepted: %s",
				 access->server, words);
	x509_verify_words((unsigned int)status, why);
	return error_set(err, ERROR_TLS,
			 "the certificate of %s is not accepted: %s; it was "
			 "checked against %s%s",
			 access->server, why, ca, more);
}

static int fail_connect(CURL *curl, const char *words,
			const struct kube_access *access, struct error *err)
{
	long number = 0;

	(void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number);
	return error_set(err, ERROR_UNREACHABLE, "cannot connect to %s: %s",
			 access->server,
			 number == 0 ? words : strerror((int)number));
}

static int fail_timeout(CURL *curl, int64_t timeout_ms,
			const struct kube_access *access, struct error *err)
{
	const char *what = "does not answer in full";
	curl_off_t connected = 0;
	curl_off_t answered = 0;

	/* 0 until the request can be sent (the time of TLS stays 0 where a
	 * connection is used again), and until the first byte comes. */
	(void)curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &connected);
	(void)curl_easy_getinfo(curl, CURLINFO_STARTTRANSFER_TIME_T, &answered);
	if (connected == 0)
		what = "cannot be connected to";
	else if (answered == 0)
		what = "does not answer";
	return error_set(err, ERROR_TIMEOUT, "%s %s within %lld.%03lld s",
			 access->server, what, (long long)timeout_ms / 1000,
			 (long long)timeout_ms % 1000);
}

/* GnuTLS's words for a connection that ended or broke in the handshake, as
 * behind a load balancer with no server left; libcurl has no code for it. */
static bool is_hang_up(const char *words)
{
	return strstr(words, "non-properly terminated") != NULL ||
	       strstr(words, "pull function") != NULL ||
	       strstr(words, "push function") != NULL;
}

static int fail_broken(const char *words, const struct kube_access *access,
		       struct error *err)
{
	return error_set(err, ERROR_UNREACHABLE,
			 "the connection to %s broke: %s", access->server,
			 words);
}

static int fail_client_certificate(const char *words,
				   const struct kube_access *access,
				   struct error *err)
{
	return error_set(err, ERROR_INVALID,
			 "%s: the client certificate and its key cannot be "
			 "read or do not belong together: %s",
			 access->source, words);
}

static int fail_transfer(CURL *curl, CURLcode code, const char *words,
			 int64_t timeout_ms, const struct kube_access *access,
			 struct error *err)
{
	if (*words == '\0')
		words = curl_easy_strerror(code);
	/* What is not named here is a failure of the server's side. */
	switch ((int)code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		return error_set(err, ERROR_UNREACHABLE, "%s: %s",
				 access->server, words);
	case CURLE_COULDNT_CONNECT:
		return fail_connect(curl, words, access, err);
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return fail_broken(words, access, err);
	case CURLE_OPERATION_TIMEDOUT:
		return fail_timeout(curl, timeout_ms, access, err);
	case CURLE_ABORTED_BY_CALLBACK:
		return error_set(err, ERROR_INTERRUPTED, "interrupted");
	case CURLE_PEER_FAILED_VERIFICATION:
		return fail_certificate(curl, words, access, err);
	case CURLE_SSL_CONNECT_ERROR:
		/* libcurl has no code for it. */
		if (strstr(words, "X.509 key") != NULL)
			return fail_client_certificate(words, access, err);
		if (is_hang_up(words))
			return fail_broken(words, access, err);
		return error_set(err, ERROR_TLS, "TLS with %s failed: %s",
				 access->server, words);
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
		return error_set(err, ERROR_TLS, "TLS with %s failed: %s",
				 access->server, words);
	case CURLE_SSL_CACERT_BADFILE:
		return error_set(err, ERROR_INVALID,
				 "the certificate authority of %s cannot be "
				 "read: %s",
				 access->source, words);
	case CURLE_SSL_CERTPROBLEM:
		return fail_client_certificate(words, access, err);
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_HTTP2:
	case CURLE_BAD_CONTENT_ENCODING:
		return error_set(err, ERROR_INVALID, "%s: %s", access->server,
				 words);
	default:
		return error_set(err, ERROR_SERVER, "%s: %s", access->server,
				 words);
	}
}

int kube_failure_of_transfer(CURL *curl, CURLcode code, const char *words,
			     int64_t timeout_ms,
			     const struct kube_access *access,
			     struct error *err)
{
	int r = fail_transfer(curl, code, words, timeout_ms, access, err);

	if (access->proxy.url == NULL || r == -ERROR_INTERRUPTED)
		return r;
	return error_set(err, err->code, "%s (through the proxy %s)",
			 err->message, access->proxy.url);
}

static enum error_code code_of_status(long status)
{
	if (status == 401)
		return ERROR_UNAUTHORIZED;
	if (status == 403)
		return ERROR_FORBIDDEN;
	if (status == 404)
		return ERROR_NOT_FOUND;
	if (status == 408 || status == 504)
		return ERROR_TIMEOUT;
	/* An expired page or too many requests: not what was asked is at
	 * fault. */
	if (status >= 500 || status == 410 || status == 429)
		return ERROR_SERVER;
	return ERROR_INVALID;
}

static void cleanup_object(struct json_object **object)
{
	(void)json_object_put(*object);
}

static void cleanup_tokener(struct json_tokener **tokener)
{
	if (*tokener != NULL)
		json_tokener_free(*tokener);
}

/* The Status object in the body, NULL if there is none. */
static struct json_object *parse_status(const struct buffer *body)
{
	CLEANUP(cleanup_tokener)
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *status;
	struct json_object *kind = NULL;

	if (tokener == NULL || body->size == 0)
		return NULL;
	status = json_tokener_parse_ex(tokener, body->data, (int)body->size);
	if (json_object_object_get_ex(status, "kind", &kind) &&
	    json_object_get_type(kind) == json_type_string &&
	    strcmp(json_object_get_string(kind), "Status") == 0)
		return status;
	(void)json_object_put(status);
	return NULL;
}

/* A text of the object, NULL if it has none. Lives as long as the object. */
static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, key, &value) ||
	    json_object_get_type(value) != json_type_string ||
	    json_object_get_string_len(value) == 0)
		return NULL;
	return json_object_get_string(value);
}

int kube_failure_of_answer(long status, const struct buffer *body,
			   const struct kube_access *access, struct error *err)
{
	CLEANUP(cleanup_object)
	struct json_object *object = parse_status(body);
	const char *message = text_of(object, "message");
	const char *reason = text_of(object, "reason");
	enum error_code code = code_of_status(status);

	/* A list that took etcd too long is 500 with this reason. */
	if (reason != NULL && (strcmp(reason, "Timeout") == 0 ||
			       strcmp(reason, "ServerTimeout") == 0))
		code = ERROR_TIMEOUT;
	if (message != NULL)
		return error_set(err, code, "%s", message);
	if (status >= 300 && status < 400)
		return error_set(err, code,
				 "%s answers with a redirect (HTTP %ld): is it "
				 "a Kubernetes API server, or a login page?",
				 access->server, status);
	/* What is no API server may still say why, if it does so in text. */
	if (body->size > 0 && body->data[0] != '<' && body->data[0] != '{')
		return error_set(err, code,
				 "%s answers with HTTP status %ld: %.*s",
				 access->server, status,
				 (int)strcspn(body->data, "\r\n"), body->data);
	return error_set(err, code,
			 "%s answers with HTTP status %ld: is it a Kubernetes "
			 "API server?",
			 access->server, status);
}

int kube_failure_of_type(const char *content_type,
			 const struct kube_access *access, struct error *err)
{
	return error_set(err, ERROR_INVALID,
			 "%s answers with '%s' instead of JSON: is it a "
			 "Kubernetes API server, or a login page?",
			 access->server, content_type);
}
