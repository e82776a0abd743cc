/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl's easy interface, set up for one API server.
 */
#include <config.h>

#include "kube/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "kube/failure.h"

#define FD_PATH_MAX 32

struct kube_client {
	const struct kube_access *access;
	struct interrupt *interrupt;
	CURL *curl;
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	char *base; /* URL that paths are appended to */
	/* What a kubeconfig holds inline: libcurl wants files. */
	int ca;
	int client_certificate;
	int client_key;
	char words[CURL_ERROR_SIZE];
};

/* One request. */
struct transfer {
	struct kube_client *client;
	kube_body_function on_body;
	void *data;
	struct buffer refusal; /* the body, if the status is not 200 */
	bool is_typed;	       /* the content type was looked at */
	int r;		       /* of on_body() */
	struct error *err;
};

/* Sets an option that libcurl can refuse only for want of memory, or because
 * it was built without the feature. */
#define SET(client, option, value)                                             \
	do {                                                                   \
		CURLcode set_ =                                                \
			curl_easy_setopt((client)->curl, option, value);       \
                                                                               \
		if (set_ != CURLE_OK)                                          \
			return error_set(err, ERROR_SYSTEM, "libcurl: %s: %s", \
					 #option, curl_easy_strerror(set_));   \
	} while (0)

const char *kube_client_library_version(void)
{
	return curl_version_info(CURLVERSION_NOW)->version;
}

/* A memory file with these bytes, and its name as a path. */
static int make_file(const struct buffer *bytes, int *ret_fd,
		     char path[FD_PATH_MAX], struct error *err)
{
	*ret_fd = memfd_create("credential", MFD_CLOEXEC);
	if (*ret_fd < 0)
		return error_set(err, ERROR_SYSTEM, "memfd_create: %s",
				 strerror(errno));
	(void)snprintf(path, FD_PATH_MAX, "/proc/self/fd/%d", *ret_fd);
	return file_write(*ret_fd, bytes->data, bytes->size, err);
}

/* The path of a file of the access, whether it was given so or inline. libcurl
 * would only tell that some file cannot be read; this says which and why. */
static int path_of(const struct kube_client *client,
		   const struct kube_file *file, int *ret_fd,
		   char path[FD_PATH_MAX], const char **ret_path,
		   struct error *err)
{
	if (file->path == NULL) {
		*ret_path = path;
		return make_file(&file->bytes, ret_fd, path, err);
	}
	*ret_path = file->path;
	if (access(file->path, R_OK) < 0)
		return error_set(err, ERROR_INVALID, "%s: %s: %s",
				 client->access->source, file->path,
				 strerror(errno));
	return 0;
}

/* GnuTLS takes a file without a certificate for no authority at all, and would
 * then speak of an unknown issuer. */
static int check_ca(const struct kube_access *access, struct error *err)
{
	CLEANUP(buffer_free) struct buffer file = BUFFER_INIT(KUBE_PEM_MAX);
	const struct buffer *pem = &access->ca.bytes;
	const char *path = access->ca.path;
	int r = 0;

	if (path != NULL) {
		r = file_read(path, &file, err);
		pem = &file;
	}
	if (r == 0 && strstr(pem->data, "CERTIFICATE-----") == NULL)
		r = error_set(err, ERROR_INVALID, "%s has no PEM certificate",
			      path == NULL ? "certificate-authority-data" :
					     path);
	if (r < 0)
		return error_prefix(err, "%s", access->source);
	return 0;
}

static int set_tls(struct kube_client *client, struct error *err)
{
	const struct kube_access *access = client->access;
	char fd_path[FD_PATH_MAX];
	const char *path;
	int r = 0;

	SET(client, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (access->insecure_skip_tls_verify) {
		SET(client, CURLOPT_SSL_VERIFYPEER, 0L);
		SET(client, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	/* Without a CA of its own the server is verified against the system's,
	 * which libcurl knows. */
	if (kube_file_is_set(&access->ca)) {
		/* The system's directory would stand beside the CA file, and
		 * any public CA could vouch for the API server. */
		SET(client, CURLOPT_CAPATH, NULL);
		SET(client, CURLOPT_PROXY_CAPATH, NULL);
		r = check_ca(access, err);
		if (r == 0)
			r = path_of(client, &access->ca, &client->ca, fd_path,
				    &path, err);
		if (r < 0)
			return r;
		SET(client, CURLOPT_CAINFO, path);
	}
	if (!kube_file_is_set(&access->client_certificate))
		return 0;
	r = path_of(client, &access->client_certificate,
		    &client->client_certificate, fd_path, &path, err);
	if (r < 0)
		return r;
	SET(client, CURLOPT_SSLCERT, path);
	r = path_of(client, &access->client_key, &client->client_key, fd_path,
		    &path, err);
	if (r < 0)
		return r;
	SET(client, CURLOPT_SSLKEY, path);
	return 0;
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

static int set_headers(struct kube_client *client, struct error *err)
{
	CLEANUP(buffer_free)
	struct buffer bearer = BUFFER_INIT(KUBE_TOKEN_MAX + 64);
	const struct buffer *token = &client->access->token;
	int r = add_header(client, "Accept", "application/json", err);

	if (r == 0 && token->size > 0) {
		r = buffer_append(&bearer, "Bearer ", 7, err);
		if (r == 0)
			r = buffer_append(&bearer, token->data, token->size,
					  err);
		if (r == 0)
			r = add_header(client, "Authorization", bearer.data,
				       err);
	}
	if (r < 0)
		return r;
	SET(client, CURLOPT_HTTPHEADER, client->headers);
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
	SET(client, CURLOPT_CONNECT_TO, client->connect_to);
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
		/* What is too long for a Status is none. */
		(void)!buffer_append(&t->refusal, bytes, size, &ignored);
		return size;
	}
	if (is_json(t))
		t->r = t->on_body(t->data, bytes, size, t->err);
	return t->r < 0 ? CURL_WRITEFUNC_ERROR : size;
}

static int set_manners(struct kube_client *client, struct error *err)
{
	SET(client, CURLOPT_ERRORBUFFER, client->words);
	SET(client, CURLOPT_NOSIGNAL, 1L);
	/* A resolver that is stuck must not hold the run up. */
	SET(client, CURLOPT_QUICK_EXIT, 1L);
	SET(client, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(client, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* Not even the one that the environment may name. */
	SET(client, CURLOPT_PROXY, "");
	SET(client, CURLOPT_FOLLOWLOCATION, 0L);
	/* The paths are ours, and a namespace may be called "..". */
	SET(client, CURLOPT_PATH_AS_IS, 1L);
	SET(client, CURLOPT_ACCEPT_ENCODING, "gzip");
	/* Browsers and curl get indented JSON, twice the size. */
	SET(client, CURLOPT_USERAGENT,
	    "certificate-expiry-monitor/" PACKAGE_VERSION);
	SET(client, CURLOPT_WRITEFUNCTION, on_bytes);
	SET(client, CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(client, CURLOPT_XFERINFODATA, client);
	SET(client, CURLOPT_NOPROGRESS, 0L);
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
		r = set_tls(client, err);
	if (r == 0 && access->tls_server_name != NULL)
		r = set_server_name(client, access->tls_server_name, err);
	if (r == 0)
		r = set_headers(client, err);
	return r;
}

int kube_client_open(const struct kube_access *access,
		     struct interrupt *interrupt,
		     struct kube_client **ret_client, struct error *err)
{
	CLEANUP(cleanup_kube_client)
	struct kube_client *client = calloc(1, sizeof(*client));
	int r;

	if (client == NULL)
		return error_memory(err);
	client->access = access;
	client->interrupt = interrupt;
	client->ca = client->client_certificate = client->client_key = -1;
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
	curl_easy_cleanup(client->curl);
	curl_slist_free_all(client->headers);
	curl_slist_free_all(client->connect_to);
	cleanup_close(&client->ca);
	cleanup_close(&client->client_certificate);
	cleanup_close(&client->client_key);
	free(client->base);
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

	SET(client, CURLOPT_URL, url);
	SET(client, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
	SET(client, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	SET(client, CURLOPT_WRITEDATA, t);
	return 0;
}

int kube_client_get(struct kube_client *client, const char *path,
		    int64_t timeout_ms, kube_body_function on_body, void *data,
		    struct error *err)
{
	CLEANUP(cleanup_free) char *url = NULL;
	CLEANUP(buffer_free)
	struct buffer refusal = BUFFER_INIT(KUBE_STATUS_MAX);
	struct transfer t = { client, on_body, data, refusal, .err = err };
	curl_off_t bytes = 0;
	long status = 0;
	CURLcode code;
	int r;

	if (asprintf(&url, "%s%s", client->base, path) < 0)
		return error_memory(err);
	r = set_request(&t, url, timeout_ms, err);
	if (r < 0)
		return r;
	client->words[0] = '\0';
	code = curl_easy_perform(client->curl);
	refusal = t.refusal;
	(void)curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(client->curl, CURLINFO_SIZE_DOWNLOAD_T, &bytes);
	log_debug("GET %s%s: HTTP status %ld, %lld bytes",
		  client->access->server, path, status, (long long)bytes);
	if (t.r < 0)
		return t.r;
	if (code != CURLE_OK)
		return kube_failure_of_transfer(client->curl, code,
						client->words, timeout_ms,
						client->access, err);
	if (status != 200)
		return kube_failure_of_answer(status, &refusal, client->access,
					      err);
	/* Without a body nobody has looked at it yet. */
	if (!is_json(&t))
		return t.r;
	return 0;
}
