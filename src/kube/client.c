/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl's easy interface, set up for one API server.
 */
#include <config.h>

#include "kube/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "kube/curl_set.h"
#include "kube/failure.h"
#include "kube/tls.h"

struct kube_client {
	struct kube_access *access;
	struct interrupt *interrupt;
	CURL *curl;
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	char *base; /* URL that paths are appended to */
	struct kube_tls_files files;
	struct kube_dates server_dates;
	char words[CURL_ERROR_SIZE];
	struct kube_answer answer; /* to the last request */
};

/* One request. */
struct transfer {
	struct kube_client *client;
	kube_body_function on_body;
	void *data;
	struct buffer refusal; /* the body, if the status is not 200 */
	bool is_long;	       /* what came of that is enough */
	bool is_typed;	       /* the content type was looked at */
	int r;		       /* of on_body() */
	struct error *err;
};

const char *kube_client_library_version(void)
{
	return curl_version_info(CURLVERSION_NOW)->version;
}

static int add_header(struct kube_client *client, const char *name,
		      const char *value, struct error *err)
{
	CLEANUP(buffer_free)
	struct buffer line = BUFFER_INIT(KUBE_TOKEN_MAX + 1024);
	struct curl_slist *longer;
	int r = buffer_append(&line, name, strlen(name), err);

	if (r == 0)
		r = buffer_append(&line, ": ", 2, err);
	if (r == 0)
		r = buffer_append(&line, value, strlen(value), err);
	if (r < 0)
		return r;
	longer = curl_slist_append(client->headers, line.data);
	if (longer == NULL)
		return error_memory(err);
	client->headers = longer;
	return 0;
}

/* RFC 6750, RFC 7617. */
static int add_authorization(struct kube_client *client, const char *scheme,
			     const struct buffer *credential, struct error *err)
{
	CLEANUP(buffer_free)
	struct buffer value = BUFFER_INIT(KUBE_TOKEN_MAX + 64);
	int r;

	if (credential->size == 0)
		return 0;
	r = buffer_append(&value, scheme, strlen(scheme), err);
	if (r == 0)
		r = buffer_append(&value, credential->data, credential->size,
				  err);
	if (r == 0)
		r = add_header(client, "Authorization", value.data, err);
	return r;
}

static int set_headers(struct kube_client *client, struct error *err)
{
	const struct kube_access *access = client->access;
	int r = add_header(client, "Accept", "application/json", err);

	if (r == 0)
		r = add_authorization(client, "Bearer ", &access->token, err);
	if (r == 0)
		r = add_authorization(client, "Basic ", &access->basic, err);
	if (r < 0)
		return r;
	SET(client->curl, CURLOPT_HTTPHEADER, client->headers);
	return 0;
}

/* The cluster's own proxy, else none: not even the one that the environment
 * may name. */
static int set_proxy(struct kube_client *client, struct error *err)
{
	const struct kube_proxy *proxy = &client->access->proxy;

	SET(client->curl, CURLOPT_PROXY, proxy->url == NULL ? "" : proxy->url);
	SET(client->curl, CURLOPT_NOPROXY, "");
	if (proxy->url == NULL)
		return 0;
	/* The proxy is not to see what is for the server. */
	SET(client->curl, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	SET(client->curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(client->curl, CURLOPT_PROXYUSERNAME, proxy->user);
	SET(client->curl, CURLOPT_PROXYPASSWORD, proxy->password);
	return 0;
}

static void cleanup_url(CURLU **url)
{
	curl_url_cleanup(*url);
}

static void cleanup_curl(char **text)
{
	curl_free(*text);
}

/* Asks for another name than the one connected to: the URL has the name that
 * the certificate must show, and a mapping has the true address. */
static int set_server_name(struct kube_client *client, const char *name,
			   struct error *err)
{
	CLEANUP(cleanup_url) CURLU *url = curl_url();
	CLEANUP(cleanup_curl) char *host = NULL;
	CLEANUP(cleanup_curl) char *port = NULL;
	CLEANUP(cleanup_curl) char *renamed = NULL;
	CLEANUP(cleanup_free) char *mapping = NULL;
	CLEANUP(cleanup_free) char *bracketed = NULL;
	CLEANUP(cleanup_free) char *authority = NULL;
	const char *is_ipv6 = strchr(name, ':');

	if (url == NULL || asprintf(&bracketed, "%s%s%s", is_ipv6 ? "[" : "",
				    name, is_ipv6 ? "]" : "") < 0)
		return error_memory(err);
	if (curl_url_set(url, CURLUPART_URL, client->base, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) !=
		    CURLUE_OK ||
	    curl_url_set(url, CURLUPART_HOST, bracketed, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_URL, &renamed, 0) != CURLUE_OK)
		return error_set(err, ERROR_INVALID,
				 "%s: server '%s' or tls-server-name '%s' is "
				 "malformed",
				 client->access->source, client->base, name);
	if (asprintf(&mapping, "%s:%s:%s:%s", bracketed, port, host, port) <
		    0 ||
	    asprintf(&authority, "%s:%s", host, port) < 0)
		return error_memory(err);
	/* An empty path was made "/", and paths begin with one. */
	if (renamed[strlen(renamed) - 1] == '/')
		renamed[strlen(renamed) - 1] = '\0';
	client->connect_to = curl_slist_append(NULL, mapping);
	free(client->base);
	client->base = strdup(renamed);
	if (client->connect_to == NULL || client->base == NULL)
		return error_memory(err);
	SET(client->curl, CURLOPT_CONNECT_TO, client->connect_to);
	return add_header(client, "Host", authority, err);
}

static int on_progress(void *data, curl_off_t download_total,
		       curl_off_t downloaded, curl_off_t upload_total,
		       curl_off_t uploaded)
{
	struct kube_client *client = data;

	(void)download_total, (void)downloaded;
	(void)upload_total, (void)uploaded;
	return client->interrupt != NULL && interrupt_seen(client->interrupt);
}

/* Whether the good answer claims to be JSON; said once. */
static bool is_json(struct transfer *t)
{
	const char *type = NULL;

	if (t->is_typed)
		return true;
	t->is_typed = true;
	(void)curl_easy_getinfo(t->client->curl, CURLINFO_CONTENT_TYPE, &type);
	if (type == NULL || strncasecmp(type, "application/json",
					strlen("application/json")) == 0)
		return true;
	t->r = kube_failure_of_type(type, t->client->access, t->err);
	return false;
}

static size_t on_bytes(char *bytes, size_t one, size_t size, void *data)
{
	struct transfer *t = data;
	struct error ignored = { 0 };
	long status = 0;

	(void)one; /* is always 1 */
	(void)curl_easy_getinfo(t->client->curl, CURLINFO_RESPONSE_CODE,
				&status);
	if (status != 200) {
		/* What is too long for a Status is none, and may never end. */
		t->is_long =
			buffer_append(&t->refusal, bytes, size, &ignored) < 0;
		return t->is_long ? CURL_WRITEFUNC_ERROR : size;
	}
	if (is_json(t))
		t->r = t->on_body(t->data, bytes, size, t->err);
	return t->r < 0 ? CURL_WRITEFUNC_ERROR : size;
}

static int set_manners(struct kube_client *client, struct error *err)
{
	SET(client->curl, CURLOPT_ERRORBUFFER, client->words);
	SET(client->curl, CURLOPT_NOSIGNAL, 1L);
	/* A resolver that is stuck must not hold the run up. */
	SET(client->curl, CURLOPT_QUICK_EXIT, 1L);
	SET(client->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(client->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(client->curl, CURLOPT_FOLLOWLOCATION, 0L);
	/* The paths are ours, and a namespace may be called "..". */
	SET(client->curl, CURLOPT_PATH_AS_IS, 1L);
	SET(client->curl, CURLOPT_ACCEPT_ENCODING, "gzip");
	/* Browsers and curl get indented JSON, twice the size. */
	SET(client->curl, CURLOPT_USERAGENT,
	    "certificate-expiry-monitor/" PACKAGE_VERSION);
	SET(client->curl, CURLOPT_WRITEFUNCTION, on_bytes);
	SET(client->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(client->curl, CURLOPT_XFERINFODATA, client);
	SET(client->curl, CURLOPT_NOPROGRESS, 0L);
	return 0;
}

static int client_set_up(struct kube_client *client, struct error *err)
{
	const struct kube_access *access = client->access;
	int r;

	client->curl = curl_easy_init();
	client->base = strdup(access->server);
	if (client->curl == NULL || client->base == NULL)
		return error_memory(err);
	r = set_manners(client, err);
	if (r == 0)
		r = set_proxy(client, err);
	if (r == 0)
		r = kube_tls_set(client->curl, access, &client->files, err);
	if (r == 0 && access->tls_server_name != NULL)
		r = set_server_name(client, access->tls_server_name, err);
	if (r == 0)
		r = set_headers(client, err);
	return r;
}

/* Closes the connection and forgets the credential. */
static void client_tear_down(struct kube_client *client)
{
	curl_easy_cleanup(client->curl);
	client->curl = NULL;
	curl_slist_free_all(client->headers);
	curl_slist_free_all(client->connect_to);
	client->headers = client->connect_to = NULL;
	kube_tls_files_close(&client->files);
	free(client->base);
	client->base = NULL;
}

int kube_client_open(struct kube_access *access, struct interrupt *interrupt,
		     struct kube_client **ret_client, struct error *err)
{
	CLEANUP(cleanup_kube_client)
	struct kube_client *client = calloc(1, sizeof(*client));
	int r;

	if (client == NULL)
		return error_memory(err);
	client->access = access;
	client->interrupt = interrupt;
	client->files = KUBE_TLS_FILES_NONE;
	r = client_set_up(client, err);
	if (r < 0)
		return r;
	*ret_client = TAKE(client);
	return 0;
}

void kube_client_close(struct kube_client *client)
{
	if (client == NULL)
		return;
	client_tear_down(client);
	free(client);
}

void cleanup_kube_client(struct kube_client **client)
{
	kube_client_close(*client);
}

static int set_request(struct transfer *t, const char *url, int64_t timeout_ms,
		       struct error *err)
{
	struct kube_client *client = t->client;

	SET(client->curl, CURLOPT_URL, url);
	SET(client->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
	SET(client->curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	SET(client->curl, CURLOPT_WRITEDATA, t);
	return 0;
}

const struct kube_answer *kube_client_answer(const struct kube_client *client)
{
	return &client->answer;
}

struct interrupt *kube_client_interrupt(const struct kube_client *client)
{
	return client->interrupt;
}

static void note_answer(struct kube_client *client, CURLcode code, long status)
{
	curl_off_t wait_s = 0; /* negative for a date that is past */

	(void)curl_easy_getinfo(client->curl, CURLINFO_RETRY_AFTER, &wait_s);
	if (wait_s > INT64_MAX / 1000)
		wait_s = INT64_MAX / 1000;
	client->answer = (struct kube_answer){
		.status = code == CURLE_OK ? status : 0,
		.retry_after_ms = wait_s > 0 ? wait_s * 1000 : 0,
	};
}

/* An https:// proxy shows a certificate first, which stays where the server's
 * would be if the connection ends there. */
static void note_dates(struct kube_client *client, CURLcode code)
{
	const char *proxy = client->access->proxy.url;

	if (code == CURLE_OK || proxy == NULL ||
	    strncmp(proxy, "https:", strlen("https:")) != 0)
		(void)kube_tls_server_dates(client->curl,
					    &client->server_dates);
}

/* Whether the handshake was over, now or in an earlier request. */
static bool is_connected(CURL *curl)
{
	curl_off_t begin_us = 0;

	(void)curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &begin_us);
	return begin_us > 0;
}

static int get(struct kube_client *client, const char *path, int64_t timeout_ms,
	       kube_body_function on_body, void *data, struct error *err)
{
	CLEANUP(cleanup_free) char *url = NULL;
	CLEANUP(buffer_free)
	struct buffer refusal = BUFFER_INIT(KUBE_STATUS_MAX);
	struct transfer t = { client, on_body, data, refusal, .err = err };
	curl_off_t bytes = 0;
	long status = 0;
	CURLcode code;
	int r;

	client->answer = (struct kube_answer){ 0 };
	if (asprintf(&url, "%s%s", client->base, path) < 0)
		return error_memory(err);
	r = set_request(&t, url, timeout_ms, err);
	if (r < 0)
		return r;
	client->words[0] = '\0';
	code = curl_easy_perform(client->curl);
	refusal = t.refusal;
	note_dates(client, code);
	(void)curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(client->curl, CURLINFO_SIZE_DOWNLOAD_T, &bytes);
	log_debug("GET %s%s: HTTP status %ld, %lld bytes",
		  client->access->server, path, status, (long long)bytes);
	if (t.is_long)
		code = CURLE_OK;
	note_answer(client, code, status);
	if (t.r < 0)
		return t.r;
	if (code != CURLE_OK) {
		r = kube_failure_of_transfer(client->curl, code, client->words,
					     timeout_ms, client->access, err);
		client->answer.is_broken = r == -ERROR_UNREACHABLE;
		client->answer.has_begun = status != 0;
		client->answer.is_connected = is_connected(client->curl);
		return r;
	}
	if (status != 200)
		return kube_failure_of_answer(status, &refusal, client->access,
					      err);
	/* Without a body nobody has looked at it yet. */
	if (!is_json(&t))
		return t.r;
	return 0;
}

/* The request was refused with `refused`. Gets the credential anew, and sets
 * the client up with it. *ret_is_new tells whether to ask once more. */
static int renew(struct kube_client *client, struct mono_time end,
		 const struct error *refused, bool *ret_is_new,
		 struct error *err)
{
	struct error why = { 0 };
	int r = kube_access_renew(client->access, end, client->interrupt,
				  ret_is_new, &why);

	if (r == -ERROR_MEMORY || r == -ERROR_INTERRUPTED) {
		*err = why;
		return r;
	}
	if (r < 0)
		return error_set(err, refused->code, "%s; asked again, %s",
				 refused->message, why.message);
	if (!*ret_is_new)
		return 0;
	client_tear_down(client);
	r = client_set_up(client, err);
	/* Nothing is asked by halves. */
	if (r < 0)
		client_tear_down(client);
	return r;
}

int kube_client_get(struct kube_client *client, const char *path,
		    int64_t timeout_ms, kube_body_function on_body, void *data,
		    struct error *err)
{
	struct mono_time end = mono_after(mono_now(), timeout_ms);
	struct error refused = { 0 };
	bool is_new = false;
	int64_t left_ms;
	int r;

	/* What an earlier renewal has left behind when it failed. */
	if (client->curl == NULL)
		return error_set(err, ERROR_UNAUTHORIZED,
				 "there is no credential any more");
	r = get(client, path, timeout_ms, on_body, data, &refused);
	if (r == -ERROR_UNAUTHORIZED) {
		r = renew(client, end, &refused, &is_new, err);
		left_ms = mono_until(end);
		if (r == 0 && is_new && left_ms > 0)
			return get(client, path, left_ms, on_body, data, err);
		if (r < 0)
			return r;
		r = -(int)refused.code;
	}
	if (r < 0)
		*err = refused;
	return r;
}

void kube_client_server_dates(const struct kube_client *client,
			      struct kube_dates *ret_dates)
{
	*ret_dates = client->server_dates;
}
