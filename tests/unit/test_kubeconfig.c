/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubeconfig files, good and malformed, and the places where one is found.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kube/access.h"
#include "kube/kubeconfig.h"
#include "kube/kubeconfig_files.h"

#include "support.h"

#define PATH_BYTES 256

/* CN=system:node:node-1.example and CN=admin; only the names are looked at. */
static const char node_certificate[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBzTCCAXOgAwIBAgIULqIyedcYI4/kSbKde/C7oMmTDBMwCgYIKoZIzj0EAwIw\n"
	"PDEVMBMGA1UECgwMc3lzdGVtOm5vZGVzMSMwIQYDVQQDDBpzeXN0ZW06bm9kZTpu\n"
	"b2RlLTEuZXhhbXBsZTAeFw0yNjExMjMyMDQ1MjBaFw0yNjExMjQyMDQ1MjBaMDwx\n"
	"FTATBgNVBAoMDHN5c3RlbTpub2RlczEjMCEGA1UEAwwac3lzdGVtOm5vZGU6bm9k\n"
	"ZS0xLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARH6i9UTSJl4DzN\n"
	"w/xkiuQKoW81ytDE9Aoij9Drgxiu1Nwu+E44+Mi0uOX/8CFyiGW2CiK9E7/fZI0M\n"
	"mtLqCpHao1MwUTAdBgNVHQ4EFgQU243PXD5Wg1kxj6a22m730HaKudMwHwYDVR0j\n"
	"BBgwFoAU243PXD5Wg1kxj6a22m730HaKudMwDwYDVR0TAQH/BAUwAwEB/zAKBggq\n"
	"hkjOPQQDAgNIADBFAiEAs1NfZVDaMqf+R3Jf9ptz51BRrQrseS7MgoEl+h+MOnkC\n"
	"IFa7KSnChukQ/UuH65WtNu45YiOBOJvjU6i4V4JiAozA\n"
	"-----END CERTIFICATE-----\n";
static const char admin_certificate[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBdDCCARugAwIBAgIUAn504warzTU3hqYSSh9LIUuf4nUwCgYIKoZIzj0EAwIw\n"
	"EDEOMAwGA1UEAwwFYWRtaW4wHhcNMjYxMTIzMjA0NTIwWhcNMjYxMTI0MjA0NTIw\n"
	"WjAQMQ4wDAYDVQQDDAVhZG1pbjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEfq\n"
	"L1RNImXgPM3D/GSK5AqhbzXK0MT0CiKP0OuDGK7U3C74Tjj4yLS45f/wIXKIZbYK\n"
	"Ir0Tv99kjQya0uoKkdqjUzBRMB0GA1UdDgQWBBTbjc9cPlaDWTGPprbabvfQdoq5\n"
	"0zAfBgNVHSMEGDAWgBTbjc9cPlaDWTGPprbabvfQdoq50zAPBgNVHRMBAf8EBTAD\n"
	"AQH/MAoGCCqGSM49BAMCA0cAMEQCICIRrHiSKV6Vaqvq6qUvIDnKi+RNOOQ2qLbH\n"
	"HdMLrT+XAiA0Xp6hOUWjWKS/3Cu5RbiQ/f8CfELep2WG7x6wrHJutQ==\n"
	"-----END CERTIFICATE-----\n";

static char directory[] = "/tmp/test_kubeconfig.XXXXXX";

static int set_up(void **state)
{
	(void)state;
	(void)unsetenv("KUBECONFIG");
	(void)unsetenv("KUBERNETES_SERVICE_HOST");
	(void)unsetenv("KUBERNETES_SERVICE_PORT");
	return mkdtemp(directory) == NULL || setenv("HOME", directory, 1) < 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = {
		"config",   "other",	    "token", "ca.crt",
		"node.crt", ".kube/config", ".kube", "",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[PATH_BYTES];

		(void)snprintf(path, sizeof(path), "%s/%s", directory,
			       names[i]);
		(void)remove(path);
	}
	return 0;
}

/* Writes a file into the directory; `path` gets its path. */
static void make_file(const char *name, const char *text, char path[PATH_BYTES])
{
	(void)snprintf(path, PATH_BYTES, "%s/%s", directory, name);
	write_file(path, text);
}

static int read_access(const char *text, const char *context,
		       struct kube_access *ret_access, struct error *err)
{
	char path[PATH_BYTES];
	char *paths[] = { path };
	struct string_vector one = { paths, 1, 1 };

	make_file("config", text, path);
	*ret_access = (struct kube_access){ 0 };
	*err = (struct error){ 0 };
	return kubeconfig_read(&one, context, ret_access, err);
}

/* A kubeconfig of one context; the lines of cluster and user are indented by
 * four. */
#define CONFIG(cluster, user)                                                  \
	"apiVersion: v1\nkind: Config\nclusters:\n- name: c\n"                 \
	"  cluster:\n" cluster "users:\n- name: u\n  user:\n" user             \
	"contexts:\n- name: main\n  context: {cluster: c, user: u}\n"          \
	"current-context: main\n"
#define SERVER "    server: https://127.0.0.1:6443\n"
#define TOKEN "    token: s3cret\n"

static void test_inline(void **state)
{
	struct kube_access access;
	struct error err;

	(void)state;
	assert_int_equal(
		read_access(
			CONFIG(SERVER "    certificate-authority-data: Q0E=\n"
				      "    certificate-authority: /not/this\n"
				      "    tls-server-name: kubernetes\n"
				      "    disable-compression: true\n",
			       "    client-certificate-data: Q0VSVA==\n"
			       "    client-key-data: >-\n      S0\n      VZ\n"
			       "    token: 's3cret'\n"),
			NULL, &access, &err),
		0);
	assert_string_equal(access.server, "https://127.0.0.1:6443");
	assert_string_equal(access.tls_server_name, "kubernetes");
	assert_false(access.insecure_skip_tls_verify);
	assert_null(access.ca.path);
	assert_string_equal(access.ca.bytes.data, "CA");
	assert_string_equal(access.client_certificate.bytes.data, "CERT");
	assert_string_equal(access.client_key.bytes.data, "KEY");
	assert_string_equal(access.token.data, "s3cret");
	assert_true(strstr(access.source, "/config") != NULL);
	kube_access_free(&access);
	assert_null(access.token.data);
}

static void test_paths(void **state)
{
	char expected[PATH_BYTES];
	struct kube_access access;
	struct error err;

	(void)state;
	(void)snprintf(expected, sizeof(expected), "%s/pki/a.crt", directory);
	assert_int_equal(
		read_access(CONFIG("    server: HTTPS://[::1]:6443/k8s/c-1//\n"
				   "    certificate-authority: /etc/ca.crt\n",
				   "    client-certificate: pki/a.crt\n"
				   "    client-key: ./a.key\n"),
			    "", &access, &err),
		0);
	assert_string_equal(access.server, "HTTPS://[::1]:6443/k8s/c-1");
	assert_string_equal(access.ca.path, "/etc/ca.crt");
	assert_string_equal(access.client_certificate.path, expected);
	assert_int_equal(access.token.size, 0);
	assert_true(kube_access_has_credential(&access));
	kube_access_free(&access);
}

static void test_json(void **state)
{
	struct kube_access access;
	struct error err;

	(void)state;
	assert_int_equal(
		read_access(
			"{\"clusters\":[{\"name\":\"c\",\"cluster\":"
			"{\"server\":\"https:\\/\\/h\","
			"\"insecure-skip-tls-verify\":true}}],\"users\":null,"
			"\"contexts\":[{\"name\":\"a\",\"context\":"
			"{\"cluster\":\"c\"}}],\"current-context\":\"a\"}",
			NULL, &access, &err),
		0);
	assert_string_equal(access.server, "https://h");
	assert_true(access.insecure_skip_tls_verify);
	assert_false(kube_access_has_credential(&access));
	kube_access_free(&access);
}

/* As client-go: what tokenFile holds wins if it can be read. */
static void test_token_file(void **state)
{
	char path[PATH_BYTES];
	struct kube_access access;
	struct error err;

	(void)state;
	make_file("token", "\n from-file\t\n\n", path);
	assert_int_equal(
		read_access(CONFIG(SERVER, TOKEN "    tokenFile: token\n"),
			    NULL, &access, &err),
		0);
	assert_string_equal(access.token.data, "from-file");
	kube_access_free(&access);
	assert_int_equal(
		read_access(CONFIG(SERVER, TOKEN "    tokenFile: none\n"), NULL,
			    &access, &err),
		0);
	assert_string_equal(access.token.data, "s3cret");
	kube_access_free(&access);
	assert_int_equal(read_access(CONFIG(SERVER, "    tokenFile: none\n"),
				     NULL, &access, &err),
			 -ERROR_SYSTEM);
	assert_true(strstr(err.message, "/none: No such file") != NULL);
	make_file("token", " \n", path);
	assert_int_equal(read_access(CONFIG(SERVER, "    tokenFile: token\n"),
				     NULL, &access, &err),
			 -ERROR_INVALID);
	assert_true(strstr(err.message, "token: is empty") != NULL);
	make_file("token", "two\nlines\n", path);
	assert_int_equal(read_access(CONFIG(SERVER, "    tokenFile: token\n"),
				     NULL, &access, &err),
			 -ERROR_INVALID);
	assert_true(strstr(err.message, "is not a bearer token") != NULL);
	assert_null(strstr(err.message, "lines"));
}

static void test_contexts(void **state)
{
	static const char text[] =
		"contexts:\n"
		"- {name: staging, context: {cluster: b}}\n"
		"- {name: production, context: {cluster: a}}\n"
		"- {name: lost, context: {cluster: d}}\n"
		"- {name: stray, context: {cluster: a, user: nobody}}\n"
		"- {name: bare, context: {user: u}}\n"
		"- {name: none}\n"
		"clusters:\n"
		"- {name: a, cluster: {server: 'https://a'}}\n"
		"- {name: b, cluster: {server: 'https://b'}}\n"
		"- {name: a, cluster: {server: 'https://second'}}\n";
	static const struct {
		const char *context;
		const char *result; /* server, or a part of the message */
	} cases[] = {
		{ "staging", "https://b" },
		{ "production", "https://a" },
		{ "prodution", "has no context 'prodution'; did you mean "
			       "'production'?" },
		{ "something-else", "has no context 'something-else'" },
		{ "", "has no current-context" },
		{ "lost", ":4: context 'lost': there is no cluster 'd'" },
		{ "stray", ":5: context 'stray': there is no user 'nobody'" },
		{ "bare", "context 'bare' names no cluster" },
		{ "none", "context 'none' names no cluster" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kube_access access;
		struct error err;
		int r = read_access(text, cases[i].context, &access, &err);

		if (r == 0) {
			assert_string_equal(access.server, cases[i].result);
			kube_access_free(&access);
			continue;
		}
		assert_int_equal(r, -ERROR_INVALID);
		if (strstr(err.message, cases[i].result) == NULL)
			fail_msg("%s: %s", cases[i].context, err.message);
	}
}

static const struct {
	const char *name;
	const char *text;
	const char *message; /* part of it */
} bad[] = {
	{ "empty", "", "is not" },
	{ "a list", "- a\n", "is not a kubeconfig" },
	{ "text", "hello\n", "is not a kubeconfig" },
	{ "an empty mapping", "{}", "has no current-context" },
	{ "not YAML", "a: [1,\nb: }\n", "/config:2: " },
	{ "no contexts", "current-context: x\n", "has no contexts" },
	{ "contexts that are a mapping",
	  "current-context: x\ncontexts: {x: {}}\n",
	  ":2: contexts: expected a list" },
	{ "a context that is a text", "current-context: x\ncontexts: [x]\n",
	  ":2: contexts: expected 'name' and 'context'" },
	{ "a context whose mapping is a list",
	  "current-context: x\ncontexts:\n- name: x\n  context: []\n",
	  ":3: contexts: expected 'name' and 'context'" },
	{ "a current-context that is a list", "current-context: [x]\n",
	  ":1: current-context: expected a text" },
	{ "no server", CONFIG("    certificate-authority: x\n", TOKEN),
	  ":6: cluster 'c' has no server" },
	{ "an empty server", CONFIG("    server: ''\n", TOKEN),
	  "cluster 'c' has no server" },
	{ "a server that is a list", CONFIG("    server: [x]\n", TOKEN),
	  ":6: server: expected a text" },
	{ "a server without scheme", CONFIG("    server: a:6443\n", TOKEN),
	  ":6: server: expected https://HOST[:PORT]" },
	{ "a server without host", CONFIG("    server: https://\n", TOKEN),
	  "is not the URL of an API server" },
	{ "a server with a query", CONFIG("    server: https://a/?b\n", TOKEN),
	  "'https://a/?b' is not the URL of an API server" },
	{ "a server with a blank", CONFIG("    server: https://a b\n", TOKEN),
	  "is not the URL of an API server" },
	{ "a password in the URL",
	  CONFIG("    server: https://joe:s3cret@a/\n", TOKEN),
	  ":6: server: a user in the URL is not supported" },
	{ "http with a token", CONFIG("    server: http://a\n", TOKEN),
	  ":6: server: the credential of user 'u' goes over https:// only" },
	{ "a CA that is not base64",
	  CONFIG(SERVER "    certificate-authority-data: '%%%'\n", TOKEN),
	  ":7: certificate-authority-data: is not base64" },
	{ "a key that is not base64",
	  CONFIG(SERVER, "    client-certificate: x\n"
			 "    client-key-data: s3cret=s3cret\n"),
	  ":11: client-key-data: is not base64" },
	{ "a certificate without key",
	  CONFIG(SERVER, "    client-certificate: x\n"),
	  "user 'u' has a client-certificate without a client-key" },
	{ "a key without certificate", CONFIG(SERVER, "    client-key: x\n"),
	  "user 'u' has a client-key without a client-certificate" },
	{ "a CA and no verification",
	  CONFIG(SERVER "    certificate-authority: x\n"
			"    insecure-skip-tls-verify: true\n",
		 TOKEN),
	  ":8: insecure-skip-tls-verify: there is a certificate-authority" },
	{ "a switch that is a text",
	  CONFIG(SERVER "    insecure-skip-tls-verify: 'true'\n", TOKEN),
	  ":7: insecure-skip-tls-verify: expected true or false" },
	{ "a token that is a mapping",
	  CONFIG(SERVER, "    token: {s3cret: 1}\n"),
	  ":10: token: expected a text" },
	{ "a token of two lines",
	  CONFIG(SERVER, "    token: \"s3cret\\r\\nX-Evil: 1\"\n"),
	  ":10: token: is not a bearer token" },
	{ "a proxy without a scheme",
	  CONFIG(SERVER "    proxy-url: joe:s3cret@p:1\n", TOKEN),
	  ":7: proxy-url: expected {http,https,socks5}://" },
	{ "a proxy that is a list",
	  CONFIG(SERVER "    proxy-url: [x]\n", TOKEN),
	  ":7: proxy-url: expected a text" },
	{ "a plugin", CONFIG(SERVER, "    exec: {command: aws}\n"),
	  ":10: exec: apiVersion '' is not supported" },
	{ "http with a plugin",
	  CONFIG("    server: http://a\n",
		 "    exec:\n      command: aws\n      apiVersion: "
		 "client.authentication.k8s.io/v1beta1\n"),
	  ":6: server: the credential of user 'u' goes over https:// only" },
	{ "http with a password",
	  CONFIG("    server: http://a\n",
		 "    username: joe\n    password: s3cret\n"),
	  ":6: server: the credential of user 'u' goes over https:// only" },
	{ "a provider", CONFIG(SERVER, "    auth-provider: {name: gcp}\n"),
	  "auth-provider: authentication providers are not supported yet" },
	{ "a user name alone", CONFIG(SERVER, "    username: joe\n"),
	  ":10: username: there is no password" },
	{ "a password alone", CONFIG(SERVER, "    password: s3cret\n"),
	  ":10: password: there is no username" },
	{ "a user name with a colon",
	  CONFIG(SERVER, "    username: 'j:s3cret'\n    password: s3cret\n"),
	  ":10: username: has a colon" },
	{ "a user name of two lines",
	  CONFIG(SERVER, "    username: \"j\\ns3cret\"\n    password: x\n"),
	  ":10: username: has control characters" },
	{ "a password of two lines",
	  CONFIG(SERVER, "    username: j\n    password: \"s3cret\\n\"\n"),
	  ":11: password: has control characters" },
	{ "a user name and a token",
	  CONFIG(SERVER, TOKEN "    username: j\n    password: s3cret\n"),
	  ":11: username: there is a token as well" },
	{ "groups to impersonate",
	  CONFIG(SERVER, TOKEN "    as-groups: [root]\n"),
	  "as-groups: impersonation is not supported yet" },
	{ "impersonation", CONFIG(SERVER, TOKEN "    as: root\n"),
	  "as: impersonation is not supported yet" },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kube_access access;
		struct error err;

		if (read_access(bad[i].text, NULL, &access, &err) !=
		    -ERROR_INVALID)
			fail_msg("%s: is taken", bad[i].name);
		if (strstr(err.message, bad[i].message) == NULL)
			fail_msg("%s: %s", bad[i].name, err.message);
		if (strstr(err.message, "s3cret") != NULL)
			fail_msg("%s: tells a secret", bad[i].name);
		assert_true(strncmp(err.message, directory,
				    strlen(directory)) == 0);
	}
}

static void test_basic(void **state)
{
	struct kube_access access;
	struct error err;

	(void)state;
	assert_int_equal(
		read_access(CONFIG(SERVER, "    username: joe\n"
					   "    password: 'a:b c\xc3\xa4'\n"),
			    NULL, &access, &err),
		0);
	/* echo -n 'joe:a:b cä' | base64 */
	assert_string_equal(access.basic.data, "am9lOmE6YiBjw6Q=");
	assert_true(kube_access_has_credential(&access));
	kube_access_free(&access);
	assert_null(access.basic.data);
}

static void test_proxy(void **state)
{
	struct kube_access access;
	struct error err;

	(void)state;
	assert_int_equal(
		read_access(CONFIG(SERVER "    proxy-url: socks5://j:pw@p\n",
				   TOKEN),
			    NULL, &access, &err),
		0);
	assert_string_equal(access.proxy.url, "socks5h://p:1080");
	assert_string_equal(access.proxy.password, "pw");
	kube_access_free(&access);
	assert_null(access.proxy.url);
}

#define PLUGIN                                                                 \
	"    exec:\n      command: ./login\n"                                  \
	"      apiVersion: client.authentication.k8s.io/v1beta1\n"

/* As for client-go: a plugin is asked only if there is nothing else. */
static void test_plugin(void **state)
{
	static const struct {
		const char *user;
		bool has_plugin;
	} rows[] = {
		{ PLUGIN, true },
		{ PLUGIN TOKEN, false },
		{ PLUGIN "    username: j\n    password: p\n", false },
		{ PLUGIN "    client-certificate: c\n    client-key: k\n",
		  false },
	};
	char expected[PATH_BYTES];
	char text[1024];

	(void)state;
	(void)snprintf(expected, sizeof(expected), "%s/./login", directory);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct kube_access access;
		struct error err;

		(void)snprintf(text, sizeof(text), CONFIG(SERVER, "%s"),
			       rows[i].user);
		assert_ok(read_access(text, NULL, &access, &err), &err);
		assert_true(kube_access_has_credential(&access));
		assert_int_equal(access.exec != NULL, rows[i].has_plugin);
		if (access.exec != NULL)
			assert_string_equal(access.exec->command, expected);
		kube_access_free(&access);
	}
}

/* What kubectl does not look at, and what is there but empty. */
static void test_ignored(void **state)
{
	struct kube_access access;
	struct error err;

	(void)state;
	assert_int_equal(
		read_access("x: {y: [1]}\npreferences: {}\n" CONFIG(
				    SERVER
				    "    proxy-url: ''\n    z: 1\n"
				    "    certificate-authority-data: ''\n",
				    TOKEN "    username: ''\n    exec: null\n"
					  "    as-groups: []\n"
					  "    as-user-extra: {}\n"
					  "    client-key-data:\n"),
			    NULL, &access, &err),
		0);
	assert_false(kube_file_is_set(&access.ca));
	assert_false(kube_file_is_set(&access.client_key));
	assert_string_equal(access.token.data, "s3cret");
	kube_access_free(&access);
}

static void test_limits(void **state)
{
	char path[PATH_BYTES];
	char *big = malloc(KUBECONFIG_MAX + 2);
	struct kube_access access;
	struct error err;

	(void)state;
	assert_non_null(big);
	memset(big, ' ', KUBECONFIG_MAX + 1);
	big[KUBECONFIG_MAX + 1] = '\0';
	assert_int_equal(read_access(big, NULL, &access, &err),
			 -ERROR_TOO_LARGE);
	memset(big, 'x', KUBE_TOKEN_MAX + 1);
	big[KUBE_TOKEN_MAX + 1] = '\0';
	make_file("token", big, path);
	assert_int_equal(read_access(CONFIG(SERVER, "    tokenFile: token\n"),
				     NULL, &access, &err),
			 -ERROR_TOO_LARGE);
	free(big);
}

static void test_in_cluster(void **state)
{
	char path[PATH_BYTES];
	struct kube_access access = { 0 };
	struct error err = { 0 };

	(void)state;
	make_file("token", "abc\n", path);
	assert_int_equal(kube_access_in_cluster(directory, "10.96.0.1", "443",
						&access, &err),
			 0);
	assert_string_equal(access.server, "https://10.96.0.1:443");
	assert_string_equal(access.token.data, "abc");
	assert_true(strstr(access.ca.path, "/ca.crt") != NULL);
	kube_access_free(&access);
	assert_int_equal(kube_access_in_cluster(directory, "fd00::1", "6443",
						&access, &err),
			 0);
	assert_string_equal(access.server, "https://[fd00::1]:6443");
	kube_access_free(&access);
	assert_int_equal(
		kube_access_in_cluster("/nowhere", "a", "1", &access, &err),
		-ERROR_SYSTEM);
}

#define NAMED(name)                                                            \
	"contexts: [{name: a, context: {cluster: c}}]\n"                       \
	"clusters: [{name: c, cluster: {server: 'https://" name                \
	"'}}]\ncurrent-context: a\n"

static void assert_found(const char *kubeconfig, const char *server)
{
	struct kube_access access = { 0 };
	struct error err = { 0 };
	int r = kube_access_find(kubeconfig, NULL, &access, &err);

	if (server == NULL) {
		assert_true(r == -ERROR_INVALID || r == -ERROR_SYSTEM);
		return;
	}
	if (r < 0)
		fail_msg("%s", err.message);
	assert_string_equal(access.server, server);
	kube_access_free(&access);
}

static void test_find(void **state)
{
	char config[PATH_BYTES];
	char other[PATH_BYTES];
	char home[PATH_BYTES];
	char list[2 * PATH_BYTES + 4];

	(void)state;
	make_file("config", NAMED("explicit"), config);
	make_file("other", NAMED("environment"), other);
	assert_found(NULL, NULL);
	(void)snprintf(home, sizeof(home), "%s/.kube", directory);
	assert_int_equal(mkdir(home, 0700), 0);
	make_file(".kube/config", NAMED("home"), home);
	assert_found(NULL, "https://home");
	assert_int_equal(setenv("KUBECONFIG", "", 1), 0);
	assert_found(NULL, "https://home");
	(void)snprintf(list, sizeof(list), ":%s:", other);
	assert_int_equal(setenv("KUBECONFIG", list, 1), 0);
	assert_found(NULL, "https://environment");
	assert_found(config, "https://explicit");
	(void)snprintf(list, sizeof(list), "%s:%s", other, config);
	assert_int_equal(setenv("KUBECONFIG", list, 1), 0);
	assert_found(NULL, "https://environment");
	assert_found(config, "https://explicit");
	/* What is not there is passed over, unless nothing is. */
	(void)snprintf(list, sizeof(list), "/nowhere/k:%s", config);
	assert_int_equal(setenv("KUBECONFIG", list, 1), 0);
	assert_found(NULL, "https://explicit");
	assert_int_equal(setenv("KUBECONFIG", "/nowhere/k:/nowhere/l", 1), 0);
	assert_found(NULL, NULL);
	assert_found("/nowhere/k", NULL);
	(void)unsetenv("KUBECONFIG");
	/* Not in a pod, whatever the environment says. */
	(void)setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
	(void)setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	assert_found(NULL, "https://home");
	(void)unsetenv("KUBERNETES_SERVICE_HOST");
	(void)unsetenv("KUBERNETES_SERVICE_PORT");
}

static void assert_node(struct kube_access *access, const char *expected)
{
	struct error err = { 0 };
	char *node;

	assert_int_equal(kube_access_node(access, &node, &err), 0);
	if (expected == NULL)
		assert_null(node);
	else
		assert_string_equal(node, expected);
	free(node);
}

static void test_node(void **state)
{
	char path[PATH_BYTES];
	struct kube_access access = { 0 };
	struct buffer *bytes = &access.client_certificate.bytes;
	struct error err = { 0 };
	char *node = NULL;

	(void)state;
	assert_node(&access, NULL);
	make_file("node.crt", node_certificate, path);
	access.client_certificate.path = strdup(path);
	assert_node(&access, "node-1.example");
	make_file("node.crt", admin_certificate, path);
	assert_node(&access, NULL);
	make_file("node.crt", "rubbish", path);
	access.source = strdup("the test");
	assert_int_equal(kube_access_node(&access, &node, &err),
			 -ERROR_INVALID);
	assert_string_equal(err.message, "the client certificate of the test: "
					 "is not a PEM certificate");
	kube_access_free(&access);
	*bytes = (struct buffer)BUFFER_INIT(KUBE_PEM_MAX);
	assert_int_equal(buffer_append(bytes, node_certificate,
				       strlen(node_certificate), &err),
			 0);
	assert_node(&access, "node-1.example");
	kube_access_free(&access);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inline),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_token_file),
		cmocka_unit_test(test_contexts),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_basic),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_plugin),
		cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_in_cluster),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_node),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
