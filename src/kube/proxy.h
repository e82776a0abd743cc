/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `proxy-url` of a kubeconfig's cluster, in libcurl's terms.
 */
#ifndef CEM_KUBE_PROXY_H
#define CEM_KUBE_PROXY_H

#include "base/error.h"

/* Zeroed is none. */
struct kube_proxy {
	char *url;  /* SCHEME://HOST:PORT; may be shown */
	char *user; /* NULL: the proxy asks for none */
	char *password;
};

/* Takes http://, https:// and socks5:// URLs with the ports that Go gives
 * them. With SOCKS the server's name is the proxy's to look up, as for
 * kubectl. ERROR_INVALID does not quote the URL: there may be a password in
 * it. */
int kube_proxy_parse(const char *url, struct kube_proxy *ret_proxy,
		     struct error *err) __attribute__((warn_unused_result));

/* Wipes and frees; zeroed afterwards. */
void kube_proxy_free(struct kube_proxy *proxy);

#endif
