/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube/exec: plugins are scripts that the test writes.
 */
#include <config.h>

#include "kube/exec.h"

#include <gnutls/gnutls.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certs.h"
#include "support.h"

#define V1 "client.authentication.k8s.io/v1"
#define NOW_MS ((int64_t)1795485989000) /* 2026-11-24T02:06:29Z */

static char *directory;

static int set_up(void **state)
{
	(void)state;
	directory = temp_dir_make();
	wall_freeze((struct wall_time){ NOW_MS });
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	temp_dir_remove(directory);
	return 0;
}

/* A plugin that is this script. */
static struct kube_exec plugin(const char *script)
{
	struct kube_exec exec = {
		.api_version = strdup(V1),
		.command = path_join(directory, "plugin"),
	};
	char text[8192];

	(void)snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", script);
	write_file(exec.command, text);
	assert_int_equal(chmod(exec.command, 0700), 0);
	return exec;
}

static int run(struct kube_exec *exec, struct kube_exec_credential *ret,
	       struct error *err)
{
	*ret = (struct kube_exec_credential){ 0 };
	*err = (struct error){ 0 };
	return kube_exec_run(exec, mono_after(mono_now(), 60000), NULL, ret,
			     err);
}

/* `cat` of an ExecCredential with this status. */
#define CREDENTIAL(status)                                                     \
	"cat <<'END'\n{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1       \
	"\",\"spec\":{},\"status\":" status "}\nEND"

static void test_tokens(void **state)
{
	static const char *const scripts[] = {
		CREDENTIAL("{\"token\":\"s3cret-token\"}"),
		CREDENTIAL("{\"token\":\"s3cret\\u002dtoken\","
			   "\"expirationTimestamp\":\"2026-11-24T02:06:30Z\"}"),
		CREDENTIAL("{\"token\":\"s3cret-token\","
			   "\"expirationTimestamp\":null,"
			   "\"clientKeyData\":\"\",\"other\":[1]}"),
		/* Indented by tabs, as Go and JavaScript may do. */
		"printf '{\\n\\t\"kind\": \"ExecCredential\",\\n"
		"\\t\"apiVersion\": \"" V1 "\",\\n\\t\"status\": {\\n"
		"\\t\\t\"token\": \"s3cret-token\"\\n\\t}\\n}\\n'",
		/* Success is what it says it is. */
		"echo warning >&2\n" CREDENTIAL("{\"token\":\"s3cret-token\"}"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(scripts); i++) {
		struct kube_exec exec = plugin(scripts[i]);
		struct kube_exec_credential credential;
		struct error err;

		assert_ok(run(&exec, &credential, &err), &err);
		assert_string_equal(credential.token.data, "s3cret-token");
		assert_int_equal(credential.certificate.size, 0);
		assert_int_equal(credential.key.size, 0);
		kube_exec_credential_free(&credential);
		kube_exec_free(&exec);
	}
}

/* PEM within JSON. */
static void test_certificate(void **state)
{
	struct test_cert cert =
		test_cert_make(&(struct test_cert_spec){ .cn = "joe" });
	struct kube_exec_credential credential;
	struct kube_exec exec;
	struct error err;
	gnutls_datum_t pem;
	char script[8192];
	char *at = script;

	(void)state;
	assert_int_equal(
		gnutls_pem_base64_encode2("CERTIFICATE", &cert.der, &pem), 0);
	at += snprintf(at, 1024, "cat <<'END'\n%s",
		       "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
		       "\",\"status\":{\"clientKeyData\":\"the\\nkey\\n\","
		       "\"clientCertificateData\":\"");
	for (unsigned int i = 0; i < pem.size; i++)
		if (pem.data[i] == '\n')
			at += snprintf(at, 3, "\\n");
		else
			*at++ = (char)pem.data[i];
	(void)snprintf(at, 32, "\"}}\nEND");
	exec = plugin(script);
	assert_ok(run(&exec, &credential, &err), &err);
	assert_int_equal(credential.token.size, 0);
	assert_int_equal(credential.certificate.size, pem.size);
	assert_memory_equal(credential.certificate.data, pem.data, pem.size);
	assert_string_equal(credential.key.data, "the\nkey\n");
	kube_exec_credential_free(&credential);
	kube_exec_free(&exec);
	gnutls_free(pem.data);
	test_cert_free(&cert);
}

static void test_environment(void **state)
{
	struct kube_exec exec = plugin(
		"test \"$#\" = 2 && test \"$1\" = 'a b' && test -z \"$2\" &&\n"
		"test \"$MINE\" = 'x=y' && test \"$OVER\" = new &&\n"
		"test \"$INHERITED\" = yes &&\n"
		"test \"$(tr '\\0' '\\n' </proc/$$/environ | grep -c "
		"^OVER=)\" = 1 &&\n" CREDENTIAL("{\"token\":\"t\"}"));
	struct kube_exec_credential credential;
	struct error err = { 0 };

	(void)state;
	(void)setenv("OVER", "old", 1);
	(void)setenv("INHERITED", "yes", 1);
	assert_ok(string_vector_add(&exec.arguments, "a b", &err), &err);
	assert_ok(string_vector_add(&exec.arguments, "", &err), &err);
	assert_ok(string_vector_add(&exec.environment, "MINE=x=y", &err), &err);
	assert_ok(string_vector_add(&exec.environment, "OVER=new", &err), &err);
	assert_ok(run(&exec, &credential, &err), &err);
	kube_exec_credential_free(&credential);
	kube_exec_free(&exec);
}

static const struct {
	const char *name;
	const char *script;
	enum error_code code;
	const char *message; /* part of it, behind the plugin's name */
} bad[] = {
	{ "nothing", "exit 0", ERROR_INVALID, "prints nothing" },
	{ "silence", "exit 7", ERROR_UNAUTHORIZED,
	  "failed with exit status 7 and says nothing" },
	{ "complaints",
	  "printf '\\n Error: log in first\\nthen retry\\n\\n' "
	  ">&2; exit 255",
	  ERROR_UNAUTHORIZED,
	  "failed with exit status 255: Error: log in first then retry" },
	{ "a signal", "echo oh >&2; kill -KILL $$", ERROR_UNAUTHORIZED,
	  "was ended by signal 9: oh" },
	{ "a credential and a failure",
	  "echo 'denied for s3cret-token, \"s3cret-token\".' >&2\n" CREDENTIAL(
		  "{\"token\":\"s3cret-token\"}") "\nexit 1",
	  ERROR_UNAUTHORIZED,
	  "exit status 1: denied for ************, \"************\"." },
	{ "long complaints",
	  "i=0; while [ $i -lt 999 ]; do echo line $i; i=$((i+1)); done >&2; "
	  "exit 1",
	  ERROR_UNAUTHORIZED, "line 998" },
	{ "no text", "head -c 3000 /dev/zero >&2; echo end >&2; exit 1",
	  ERROR_UNAUTHORIZED, "end" },
	{ "what is no JSON", "echo 's3cret: [1'", ERROR_INVALID,
	  "its output is not JSON" },
	{ "text", "echo s3cret-token", ERROR_INVALID,
	  "its output is not JSON" },
	{ "a list", "echo '[]'", ERROR_INVALID, "its output is not JSON" },
	{ "an empty object", "echo '{}'", ERROR_INVALID,
	  "its output is not an ExecCredential" },
	{ "another kind", "echo '{\"kind\":\"Status\"}'", ERROR_INVALID,
	  "its output is not an ExecCredential" },
	{ "no version", "echo '{\"kind\":\"ExecCredential\"}'", ERROR_INVALID,
	  "its output is not of apiVersion '" V1 "'" },
	{ "another version",
	  "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
	  "beta1\",\"status\":{\"token\":\"s3cret\"}}'",
	  ERROR_INVALID, "its output is not of apiVersion '" V1 "'" },
	{ "no status", CREDENTIAL("null"), ERROR_INVALID,
	  "gives neither a token nor a certificate" },
	{ "an empty token", CREDENTIAL("{\"token\":\"\"}"), ERROR_INVALID,
	  "gives neither a token nor a certificate" },
	{ "a token that is a list", CREDENTIAL("{\"token\":[\"s3cret\"]}"),
	  ERROR_INVALID, "token: expected a text" },
	{ "a token of two lines",
	  CREDENTIAL("{\"token\":\"s3cret\\r\\nX-Evil: 1\"}"), ERROR_INVALID,
	  "status.token: is not a bearer token" },
	{ "a key alone", CREDENTIAL("{\"clientKeyData\":\"s3cret\"}"),
	  ERROR_INVALID, "gives a key without a certificate" },
	{ "a certificate alone",
	  CREDENTIAL("{\"clientCertificateData\":\"s3cret\"}"), ERROR_INVALID,
	  "gives a certificate without a key" },
	{ "a certificate that is none",
	  CREDENTIAL("{\"clientCertificateData\":\"s3cret\","
		     "\"clientKeyData\":\"s3cret\"}"),
	  ERROR_INVALID,
	  "status.clientCertificateData: is not a PEM certificate" },
	{ "an expired one",
	  CREDENTIAL("{\"token\":\"s3cret\","
		     "\"expirationTimestamp\":\"2026-11-24T02:06:29Z\"}"),
	  ERROR_UNAUTHORIZED,
	  "gives a credential that is over already, since "
	  "2026-11-24T02:06:29Z" },
	{ "a time that is none",
	  CREDENTIAL("{\"token\":\"s3cret\","
		     "\"expirationTimestamp\":\"tomorrow\"}"),
	  ERROR_INVALID, "expirationTimestamp: is not a time" },
	{ "far too much", "cat /dev/zero", ERROR_TOO_LARGE,
	  "prints more than 1048576 bytes" },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct kube_exec exec = plugin(bad[i].script);
		struct kube_exec_credential credential;
		struct error err;
		int r = run(&exec, &credential, &err);

		if (r != -(int)bad[i].code ||
		    strstr(err.message, bad[i].message) == NULL)
			fail_msg("%s: %d %s", bad[i].name, r, err.message);
		assert_row(strstr(err.message, "s3cret") == NULL, bad[i].name);
		assert_row(strlen(err.message) < 700, bad[i].name);
		assert_true(strncmp(err.message, "credential plugin '",
				    strlen("credential plugin '")) == 0);
		assert_true(strstr(err.message, "/plugin': ") != NULL);
		kube_exec_free(&exec);
	}
}

/* A limit in the middle of a character, and what is not UTF-8. */
static void test_quoted_characters(void **state)
{
	struct kube_exec exec =
		plugin("i=0; while [ $i -lt 999 ]; do printf '\\303\\244'; "
		       "i=$((i+1)); done >&2; printf '.' >&2; exit 1");
	struct kube_exec_credential credential;
	struct error err;

	(void)state;
	assert_int_equal(run(&exec, &credential, &err), -ERROR_UNAUTHORIZED);
	assert_true(strstr(err.message, ": ... \303\244") != NULL);
	assert_null(strchr(err.message, '?'));
	kube_exec_free(&exec);
}

static void test_missing(void **state)
{
	struct kube_exec exec = {
		.api_version = strdup(V1),
		.command = strdup("no-such-plugin"),
		.install_hint = strdup("apt install it"),
	};
	struct kube_exec_credential credential;
	struct error err;

	(void)state;
	(void)setenv("PATH", "/usr/bin:/bin", 1);
	assert_error(run(&exec, &credential, &err), &err, ERROR_INVALID, NULL);
	assert_string_equal(err.message,
			    "credential plugin 'no-such-plugin': is not in "
			    "$PATH (/usr/bin:/bin): apt install it");
	free(exec.command);
	free(exec.install_hint);
	exec.install_hint = NULL;
	exec.command = strdup("/nowhere/plugin");
	assert_error(run(&exec, &credential, &err), &err, ERROR_INVALID, NULL);
	assert_string_equal(err.message,
			    "credential plugin '/nowhere/plugin': cannot be "
			    "started: No such file or directory");
	kube_exec_free(&exec);
	exec = plugin("exit 0");
	assert_int_equal(chmod(exec.command, 0600), 0);
	assert_error(run(&exec, &credential, &err), &err, ERROR_INVALID,
		     "cannot be started: Permission denied");
	kube_exec_free(&exec);
}

static void test_end(void **state)
{
	struct kube_exec exec = plugin("sleep 1000");
	struct interrupt interrupt = { .fd = -1, .signal = SIGTERM };
	struct kube_exec_credential credential;
	struct error err = { 0 };

	(void)state;
	assert_error(kube_exec_run(&exec, mono_after(mono_now(), 200), NULL,
				   &credential, &err),
		     &err, ERROR_TIMEOUT, "/plugin': is not done after 0.");
	assert_error(
		kube_exec_run(&exec, MONO_NEVER, &interrupt, &credential, &err),
		&err, ERROR_INTERRUPTED, "interrupted");
	kube_exec_free(&exec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_quoted_characters),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests_name("exec", tests, set_up, tear_down);
}
