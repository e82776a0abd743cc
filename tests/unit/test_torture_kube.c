/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failing allocations (torture.h): finding and getting a credential.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kube/client.h"
#include "kube/kubeconfig.h"
#include "support.h"
#include "torture.h"

static const char cluster_text[] =
	"current-context: x\n"
	"contexts: [{name: x, context: {cluster: c, user: u}}]\n"
	"clusters:\n"
	"- name: c\n"
	"  cluster:\n"
	"    server: https://127.0.0.1:1/\n"
	"    tls-server-name: kubernetes\n"
	"    proxy-url: http://joe:pw@127.0.0.1:1\n"
	"    certificate-authority: ca.crt\n"
	"    extensions:\n"
	"    - name: client.authentication.k8s.io/exec\n"
	"      extension: {a: [1, b, null]}\n";

static const char plugin_text[] =
	"users:\n"
	"- name: u\n"
	"  user:\n"
	"    exec:\n"
	"      apiVersion: client.authentication.k8s.io/v1\n"
	"      command: ./plugin\n"
	"      interactiveMode: Never\n"
	"      provideClusterInfo: true\n"
	"      installHint: get it\n"
	"      args: [a, b]\n"
	"      env: [{name: A, value: x}, {name: A, value: y}]\n";

static const char password_text[] =
	"users: [{name: u, user: {username: joe, password: pw}}]\n";

static const char token_text[] =
	"users: [{name: u, user: {tokenFile: token, "
	"client-certificate-data: Q0E=, client-key-data: Q0E=}}]\n";

static const char script[] =
	"#!/bin/sh\necho '{\"kind\":\"ExecCredential\",\"apiVersion\":"
	"\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"t\"}}'\n";

static int log_in(void *data, struct error *err)
{
	struct mono_time deadline = mono_after(mono_now(), 60000);
	struct kube_access access = { 0 };
	struct kube_client *client = NULL;
	bool is_new = false;
	int r = kubeconfig_read(data, NULL, &access, err);

	if (r == 0)
		r = kube_access_login(&access, deadline, NULL, err);
	if (r == 0)
		r = kube_access_renew(&access, deadline, NULL, &is_new, err);
	if (r == 0)
		r = kube_client_open(&access, NULL, &client, err);
	kube_client_close(client);
	kube_access_free(&access);
	return r;
}

static void test_log_in(void **state)
{
	static const char *const users[] = { plugin_text, password_text,
					     token_text };
	static const struct {
		const char *name, *text;
	} files[] = {
		{ "cluster", cluster_text },
		{ "plugin", script },
		{ "token", "t\n" },
		{ "ca.crt", "-----BEGIN CERTIFICATE-----\n" },
	};
	char *user = path_join(*state, "user");
	char *paths[] = { NULL, user };
	struct string_vector both = { paths, 2, 2 };

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		char *path = path_join(*state, files[i].name);

		write_file(path, files[i].text);
		assert_int_equal(chmod(path, 0700), 0);
		free(path);
	}
	paths[0] = path_join(*state, "cluster");
	for (size_t i = 0; i < COUNT_OF(users); i++) {
		write_file(user, users[i]);
		torture(log_in, &both);
	}
	free(paths[0]);
	free(user);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_log_in, temp_dir_setup,
						temp_dir_teardown),
	};

	return cmocka_run_group_tests_name("torture_kube", tests, NULL, NULL);
}
