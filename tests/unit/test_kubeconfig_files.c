/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube/kubeconfig_files: several files as one. How kubectl merges them is the
 * end-to-end tests' oracle.
 */
#include <config.h>

#include "kube/kubeconfig_files.h"

#include <stdlib.h>
#include <string.h>

#include "kube/kubeconfig.h"

#include "support.h"

#define FILES_MAX 3

static char *directory;

static int set_up(void **state)
{
	(void)state;
	directory = temp_dir_make();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	temp_dir_remove(directory);
	return 0;
}

/* Writes the texts to "0", "1"... and names those. */
static struct string_vector write_files(const char *const texts[FILES_MAX])
{
	struct string_vector paths = { 0 };
	struct error err = { 0 };

	for (size_t i = 0; i < FILES_MAX && texts[i] != NULL; i++) {
		char name[2] = { (char)('0' + i), '\0' };
		char *path = path_join(directory, name);

		write_file(path, texts[i]);
		assert_ok(string_vector_append(&paths, path, &err), &err);
	}
	return paths;
}

#define CONTEXT(name, cluster, user)                                           \
	"contexts: [{name: " name ", context: {cluster: " cluster              \
	", user: " user "}}]\n"
#define CLUSTER(name, server)                                                  \
	"clusters: [{name: " name ", cluster: {server: 'https://" server       \
	"'}}]\n"
#define USER(name, fields) "users: [{name: " name ", user: {" fields "}}]\n"

static const struct {
	const char *name;
	const char *texts[FILES_MAX];
	const char *context;
	const char *server; /* or a part of the message, '@' the directory */
	const char *token;
} merged[] = {
	{ "a part in each file",
	  { CONTEXT("x", "c", "u") "current-context: x\n", CLUSTER("c", "one"),
	    USER("u", "token: a") },
	  NULL,
	  "https://one",
	  "a" },
	{ "the first current-context",
	  { CONTEXT("x", "c", "u") "current-context: ''\n",
	    CONTEXT("y", "d", "u") "current-context: y\n" CLUSTER("d", "y"),
	    "current-context: x\n" CLUSTER("c", "x") USER("u", "token: a") },
	  NULL,
	  "https://y",
	  "a" },
	{ "the first of a name, wholly",
	  { CONTEXT("x", "c", "u") "current-context: x\n" CLUSTER("c", "one"),
	    CONTEXT("x", "d", "v") CLUSTER("c", "two") USER("u", "token: b"),
	    CLUSTER("d", "three") USER("u", "token: c, as: root") },
	  NULL,
	  "https://one",
	  "b" },
	{ "nothing within is merged",
	  { CONTEXT("x", "c", "u") "current-context: x\nclusters: [{name: c, "
				   "cluster: {tls-server-name: x}}]\n",
	    CLUSTER("c", "two") USER("u", "token: b"), NULL },
	  NULL,
	  "@/0:3: cluster 'c' has no server",
	  NULL },
	{ "an empty file among them",
	  { "", "# nothing\n",
	    CONTEXT("x", "c", "u") "current-context: x\n" CLUSTER("c", "one")
		    USER("u", "token: a") },
	  NULL,
	  "https://one",
	  "a" },
	{ "a context by name",
	  { CONTEXT("x", "c", "u") "current-context: x\n",
	    CONTEXT("y", "c", "u") CLUSTER("c", "one"), USER("u", "token: a") },
	  "y",
	  "https://one",
	  "a" },
	{ "a name that is near one of another file",
	  { CONTEXT("production", "c", "u"), CONTEXT("staging", "c", "u"),
	    NULL },
	  "stagin",
	  "@/0, @/1: has no context 'stagin'; did you mean 'staging'?",
	  NULL },
	{ "no current-context",
	  { CONTEXT("x", "c", "u"), CLUSTER("c", "one"), NULL },
	  NULL,
	  "@/0, @/1: has no current-context",
	  NULL },
	{ "a user that no file has",
	  { CLUSTER("c", "one"), CONTEXT("x", "c", "u") "current-context: x\n",
	    NULL },
	  NULL,
	  "@/1:1: context 'x': there is no user 'u'",
	  NULL },
	{ "a malformed file, though all is found before",
	  { CONTEXT("x", "c", "u") "current-context: x\n" CLUSTER("c", "one")
		    USER("u", "token: a"),
	    "users: {u: {}}\n", NULL },
	  NULL,
	  "@/1:1: users: expected a list",
	  NULL },
	{ "one that is no kubeconfig",
	  { CONTEXT("x", "c", "u"), "- a\n", NULL },
	  NULL,
	  "@/1: is not a kubeconfig",
	  NULL },
};

/* `pattern` with the directory in place of each '@'. */
static bool has_part(const char *text, const char *pattern)
{
	char part[1024];
	char *end = part;

	for (; *pattern != '\0'; pattern++)
		if (*pattern == '@')
			end += snprintf(end, 256, "%s", directory);
		else
			*end++ = *pattern;
	*end = '\0';
	return strstr(text, part) != NULL;
}

static void test_merged(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(merged); i++) {
		struct string_vector paths = write_files(merged[i].texts);
		struct kube_access access = { 0 };
		struct error err = { 0 };
		int r = kubeconfig_read(&paths, merged[i].context, &access,
					&err);

		if (merged[i].token == NULL) {
			if (r != -ERROR_INVALID ||
			    !has_part(err.message, merged[i].server))
				fail_msg("%s: %d %s", merged[i].name, r,
					 err.message);
		} else {
			if (r < 0)
				fail_msg("%s: %s", merged[i].name, err.message);
			assert_string_equal(access.server, merged[i].server);
			assert_string_equal(access.token.data, merged[i].token);
			assert_true(has_part(access.source, "@/0, @/1"));
			if (merged[i].context != NULL)
				assert_string_equal(access.context,
						    merged[i].context);
			else
				assert_non_null(access.context);
		}
		kube_access_free(&access);
		string_vector_free(&paths);
	}
}

/* Each path is relative to the file that has it. */
static void test_relative_paths(void **state)
{
	struct string_vector paths = { 0 };
	struct kube_access access = { 0 };
	struct error err = { 0 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		char *sub = path_join(directory, i == 0 ? "a" : "b");
		char command[512];
		char *path = path_join(sub, "config");

		(void)snprintf(command, sizeof(command), "mkdir %s", sub);
		assert_int_equal(system(command), 0);
		write_file(
			path,
			i == 0 ?
				CONTEXT("x", "c",
					"u") "current-context: x\n"
					     "clusters: [{name: c, cluster: {server: "
					     "'https://s', certificate-authority: "
					     "ca.crt}}]\n" :
				USER("u", "client-certificate: u.crt, "
					  "client-key: ./u.key"));
		assert_ok(string_vector_append(&paths, path, &err), &err);
		free(sub);
	}
	assert_ok(kubeconfig_read(&paths, NULL, &access, &err), &err);
	assert_true(has_part(access.ca.path, "@/a/ca.crt"));
	assert_true(has_part(access.client_certificate.path, "@/b/u.crt"));
	assert_true(has_part(access.client_key.path, "@/b/./u.key"));
	kube_access_free(&access);
	string_vector_free(&paths);
}

static void test_limits(void **state)
{
	struct string_vector paths = { 0 };
	struct kubeconfig_files files = { 0 };
	struct error err = { 0 };

	(void)state;
	for (int i = 0; i <= KUBECONFIG_FILES_MAX; i++)
		assert_ok(string_vector_add(&paths, "/nowhere", &err), &err);
	assert_error(kubeconfig_files_read(&paths, &files, &err), &err,
		     ERROR_TOO_LARGE, "more than 64 kubeconfig files");
	free(paths.items[--paths.count]);
	assert_error(kubeconfig_files_read(&paths, &files, &err), &err,
		     ERROR_SYSTEM, "/nowhere: No such file");
	string_vector_free(&paths);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merged),
		cmocka_unit_test(test_relative_paths),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests_name("kubeconfig_files", tests, set_up,
					   tear_down);
}
