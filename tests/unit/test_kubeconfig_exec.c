/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube/kubeconfig_exec: what a kubeconfig says of a plugin, and what that is
 * told.
 */
#include <config.h>

#include "kube/kubeconfig_exec.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "kube/kubeconfig.h"

#include "support.h"

#define V1 "apiVersion: client.authentication.k8s.io/v1, "
#define BETA "apiVersion: client.authentication.k8s.io/v1beta1, "
#define NEVER "interactiveMode: Never, "

static char *directory;
static char *path;

static int set_up(void **state)
{
	(void)state;
	directory = temp_dir_make();
	path = path_join(directory, "config");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(path);
	temp_dir_remove(directory);
	return 0;
}

/* A kubeconfig of this plugin, and more of the cluster. */
static int read_plugin(const char *exec, const char *cluster,
		       struct kube_access *ret_access, struct error *err)
{
	struct string_vector paths = { &path, 1, 1 };
	char text[8192];

	(void)snprintf(text, sizeof(text),
		       "current-context: x\n"
		       "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
		       "users: [{name: u, user: {exec: {%s}}}]\n"
		       "clusters: [{name: c, cluster: {%s server: "
		       "'https://s:6443'}}]\n",
		       exec, cluster);
	write_file(path, text);
	*ret_access = (struct kube_access){ 0 };
	*err = (struct error){ 0 };
	return kubeconfig_read(&paths, NULL, ret_access, err);
}

/* The value of a variable, NULL if it is not set. */
static const char *variable(const struct kube_exec *exec, const char *name)
{
	for (size_t i = 0; i < exec->environment.count; i++) {
		const char *item = exec->environment.items[i];

		if (strncmp(item, name, strlen(name)) == 0 &&
		    item[strlen(name)] == '=')
			return item + strlen(name) + 1;
	}
	return NULL;
}

static void test_command(void **state)
{
	struct kube_access access;
	struct error err;

	(void)state;
	assert_ok(read_plugin(V1 NEVER
			      "command: aws, args: [eks, 'get token', '', 1], "
			      "env: [{name: A, value: x}, {name: B}, "
			      "{name: A, value: 'y=z'}], installHint: 'get it'",
			      "", &access, &err),
		  &err);
	assert_string_equal(access.exec->command, "aws");
	assert_string_equal(access.exec->api_version,
			    "client.authentication.k8s.io/v1");
	assert_string_equal(access.exec->install_hint, "get it");
	assert_int_equal(access.exec->arguments.count, 4);
	assert_string_equal(access.exec->arguments.items[1], "get token");
	assert_string_equal(access.exec->arguments.items[2], "");
	assert_string_equal(access.exec->arguments.items[3], "1");
	assert_int_equal(access.exec->environment.count, 3);
	assert_string_equal(variable(access.exec, "A"), "y=z");
	assert_string_equal(variable(access.exec, "B"), "");
	assert_string_equal(variable(access.exec, "KUBERNETES_EXEC_INFO"),
			    "{\"kind\":\"ExecCredential\",\"apiVersion\":"
			    "\"client.authentication.k8s.io/v1\",\"spec\":"
			    "{\"interactive\":false}}");
	kube_access_free(&access);
	assert_ok(read_plugin(BETA "command: /opt/login, args: null, env: [], "
				   "interactiveMode: IfAvailable",
			      "", &access, &err),
		  &err);
	assert_string_equal(access.exec->command, "/opt/login");
	assert_null(access.exec->install_hint);
	kube_access_free(&access);
}

static const struct {
	const char *exec, *message;
} bad[] = {
	{ V1 "command: a", ":3: exec: interactiveMode: expected Never or" },
	{ V1 "command: a, interactiveMode: Always",
	  ":3: exec: interactiveMode: 'Always' needs somebody at a terminal" },
	{ BETA "command: a, interactiveMode: Always",
	  ":3: exec: interactiveMode: 'Always' needs somebody at a terminal" },
	{ V1 "command: a, interactiveMode: never",
	  ":3: exec: interactiveMode: expected Never or IfAvailable" },
	{ "apiVersion: client.authentication.k8s.io/v1alpha1, command: a",
	  ":3: exec: apiVersion 'client.authentication.k8s.io/v1alpha1' is "
	  "not supported, only" },
	{ "apiVersion: [x], command: a", "apiVersion: expected a text" },
	{ "command: a", ":3: exec: apiVersion '' is not supported" },
	{ V1 NEVER, ":3: exec: has no command" },
	{ V1 NEVER "command: ''", ":3: exec: has no command" },
	{ V1 NEVER "command: a, args: x", ":3: exec: args: expected a list" },
	{ V1 NEVER "command: a, args: [{x: y}]",
	  ":3: exec: args: expected a text" },
	{ V1 NEVER "command: a, args: [\"s3cret\\0\"]",
	  ":3: exec: args: has a NUL in it" },
	{ V1 NEVER "command: a, env: {A: s3cret}",
	  ":3: exec: env: expected a list" },
	{ V1 NEVER "command: a, env: [A=s3cret]",
	  ":3: exec: env: expected 'name' and 'value'" },
	{ V1 NEVER "command: a, env: [{value: s3cret}]",
	  ":3: exec: env: expected the name of a variable" },
	{ V1 NEVER "command: a, env: [{name: 'A=B', value: s3cret}]",
	  ":3: exec: env: expected the name of a variable" },
	{ V1 NEVER "command: a, env: [{name: A, value: [s3cret]}]",
	  ":3: value: expected a text" },
	{ V1 NEVER "command: a, provideClusterInfo: x",
	  ":3: provideClusterInfo: expected true or false" },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct kube_access access;
		struct error err;
		int r = read_plugin(bad[i].exec, "", &access, &err);

		if (r != -ERROR_INVALID ||
		    strstr(err.message, bad[i].message) == NULL)
			fail_msg("%s: %d %s", bad[i].exec, r, err.message);
		assert_row(strstr(err.message, "s3cret") == NULL, bad[i].exec);
	}
}

/* What the plugin is told, parsed again. */
static void assert_cluster(const char *cluster, const char *expected)
{
	struct kube_access access;
	struct error err;
	struct json_object *info;
	struct json_object *wanted = json_tokener_parse(expected);
	struct json_object *spec;

	assert_ok(read_plugin(V1 NEVER "command: a, provideClusterInfo: true",
			      cluster, &access, &err),
		  &err);
	info = json_tokener_parse(
		variable(access.exec, "KUBERNETES_EXEC_INFO"));
	assert_non_null(info);
	assert_non_null(wanted);
	spec = json_object_object_get(info, "spec");
	assert_false(json_object_get_boolean(
		json_object_object_get(spec, "interactive")));
	if (!json_object_equal(json_object_object_get(spec, "cluster"), wanted))
		fail_msg("%s", json_object_to_json_string(info));
	(void)json_object_put(info);
	(void)json_object_put(wanted);
	kube_access_free(&access);
}

static void test_cluster_info(void **state)
{
	static const char *const rows[][2] = {
		{ "", "{\"server\":\"https://s:6443\"}" },
		{ "tls-server-name: t, insecure-skip-tls-verify: true,",
		  "{\"server\":\"https://s:6443\",\"tls-server-name\":\"t\","
		  "\"insecure-skip-tls-verify\":true}" },
		{ "certificate-authority-data: Q0E=,",
		  "{\"server\":\"https://s:6443\","
		  "\"certificate-authority-data\":\"Q0E=\"}" },
		/* Of a file, too. */
		{ "certificate-authority: ca.crt,",
		  "{\"server\":\"https://s:6443\","
		  "\"certificate-authority-data\":\"Q0E=\"}" },
		{ "proxy-url: 'socks5://j:p@proxy',",
		  "{\"server\":\"https://s:6443\","
		  "\"proxy-url\":\"socks5://j:p@proxy\"}" },
		{ "extensions: [{name: other, extension: {x: y}}, {name: "
		  "client.authentication.k8s.io/exec, extension: {audience: "
		  "\"a\\\"b\", n: 1, list: [true, null]}}],",
		  "{\"server\":\"https://s:6443\",\"config\":{\"audience\":"
		  "\"a\\\"b\",\"n\":1,\"list\":[true,null]}}" },
		{ "extensions: [1, {name: [x]}, {extension: 1}],",
		  "{\"server\":\"https://s:6443\"}" },
	};
	char *ca = path_join(directory, "ca.crt");

	(void)state;
	write_file(ca, "CA");
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_cluster(rows[i][0], rows[i][1]);
	free(ca);
}

static void test_cluster_info_limits(void **state)
{
	static const char exec[] =
		V1 NEVER "command: a, provideClusterInfo: true";
	char *ca = path_join(directory, "ca.crt");
	char *big = calloc(1, 100001);
	struct kube_access access;
	struct error err;

	(void)state;
	assert_non_null(big);
	memset(big, 'x', 100000);
	write_file(ca, big);
	/* More than fits one variable of the environment. */
	assert_error(read_plugin(exec, "certificate-authority: ca.crt,",
				 &access, &err),
		     &err, ERROR_TOO_LARGE, "config: provideClusterInfo");
	assert_error(read_plugin(exec, "certificate-authority: none.crt,",
				 &access, &err),
		     &err, ERROR_SYSTEM, "/none.crt: No such file");
	free(big);
	free(ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_cluster_info),
		cmocka_unit_test(test_cluster_info_limits),
	};

	return cmocka_run_group_tests_name("kubeconfig_exec", tests, set_up,
					   tear_down);
}
