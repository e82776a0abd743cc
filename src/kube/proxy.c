/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taken to pieces by libcurl, so that it meets no surprise later.
 */
#include <config.h>

#include "kube/proxy.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/wipe.h"

static const struct {
	const char *scheme;
	const char *name; /* as libcurl calls it */
	const char *port;
} schemes[] = {
	{ "http", "http", "80" },
	{ "https", "https", "443" },
	{ "socks5", "socks5h", "1080" },
};

static void cleanup_url(CURLU **url)
{
	curl_url_cleanup(*url);
}

static void cleanup_part(char **part)
{
	curl_free(*part);
}

static int fail(struct error *err)
{
	return error_set(err, ERROR_INVALID,
			 "expected {http,https,socks5}://[USER:PASSWORD@]"
			 "HOST[:PORT]");
}

/* A part as a new string of our own; NULL if the URL has none. */
static int take_part(CURLU *url, CURLUPart which, char **ret_part,
		     struct error *err)
{
	CLEANUP(cleanup_part) char *part = NULL;
	CURLUcode code = curl_url_get(url, which, &part, CURLU_URLDECODE);

	if (code == CURLUE_OUT_OF_MEMORY)
		return error_memory(err);
	/* Control characters that were percent-encoded. */
	if (code == CURLUE_URLDECODE)
		return fail(err);
	if (code != CURLUE_OK)
		return 0;
	*ret_part = strdup(part);
	return *ret_part == NULL ? error_memory(err) : 0;
}

static bool is_any(CURLU *url, CURLUPart which)
{
	CLEANUP(cleanup_part) char *part = NULL;

	return curl_url_get(url, which, &part, 0) == CURLUE_OK;
}

/* The URL's authority behind a scheme of libcurl's. */
static int make_url(CURLU *url, char **ret_url, struct error *err)
{
	CLEANUP(cleanup_part) char *scheme = NULL;
	CLEANUP(cleanup_part) char *host = NULL;
	CLEANUP(cleanup_part) char *port = NULL;
	CLEANUP(cleanup_part) char *path = NULL;

	if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_PATH, &path, 0) != CURLUE_OK ||
	    strcmp(path, "/") != 0 || is_any(url, CURLUPART_QUERY) ||
	    is_any(url, CURLUPART_FRAGMENT) || *host == '\0')
		return fail(err);
	(void)curl_url_get(url, CURLUPART_PORT, &port, 0);
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strcasecmp(schemes[i].scheme, scheme) != 0)
			continue;
		if (asprintf(ret_url, "%s://%s:%s", schemes[i].name, host,
			     port != NULL ? port : schemes[i].port) >= 0)
			return 0;
		*ret_url = NULL;
		return error_memory(err);
	}
	return fail(err);
}

int kube_proxy_parse(const char *url, struct kube_proxy *ret_proxy,
		     struct error *err)
{
	CLEANUP(cleanup_url) CURLU *parts = curl_url();
	CLEANUP(kube_proxy_free) struct kube_proxy proxy = { 0 };
	const char *authority;
	int r;

	if (parts == NULL)
		return error_memory(err);
	/* libcurl would guess a scheme, and overlook a slash too many. */
	authority = strstr(url, "://");
	if (authority == NULL || authority[3] == '/' ||
	    curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) !=
		    CURLUE_OK)
		return fail(err);
	r = make_url(parts, &proxy.url, err);
	if (r == 0)
		r = take_part(parts, CURLUPART_USER, &proxy.user, err);
	if (r == 0)
		r = take_part(parts, CURLUPART_PASSWORD, &proxy.password, err);
	if (r < 0)
		return r;
	*ret_proxy = proxy;
	proxy = (struct kube_proxy){ 0 };
	return 0;
}

void kube_proxy_free(struct kube_proxy *proxy)
{
	free(proxy->url);
	free(proxy->user);
	wipe_free(proxy->password);
	*proxy = (struct kube_proxy){ 0 };
}
