/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a credential plugin, and reads the ExecCredential that it prints.
 */
#include <config.h>

#include "kube/exec.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/wipe.h"
#include "base/x509.h"
#include "kube/access.h"
#include "kube/document.h"

/* Of what a plugin complains only the end is shown: that is where programs
 * say what went wrong. */
#define QUOTED_MAX ((size_t)500) /* bytes */
/* What is shorter is no credential. */
#define SECRET_MIN ((size_t)12) /* bytes */

VECTOR_DEFINE(word_vector, char *);

/* --- What it is started with ------------------------------------------- */

/* The arguments, with the name first and NULL at the end. All borrowed. */
static int make_arguments(const struct kube_exec *exec,
			  struct word_vector *arguments, struct error *err)
{
	int r = word_vector_append(arguments, exec->command, err);

	for (size_t i = 0; r == 0 && i < exec->arguments.count; i++)
		r = word_vector_append(arguments, exec->arguments.items[i],
				       err);
	if (r == 0)
		r = word_vector_append(arguments, NULL, err);
	return r;
}

/* Whether the plugin's own environment sets the variable. */
static bool is_overridden(const struct kube_exec *exec, const char *variable)
{
	size_t length = strcspn(variable, "=") + 1;

	for (size_t i = 0; i < exec->environment.count; i++)
		if (strncmp(exec->environment.items[i], variable, length) == 0)
			return true;
	return false;
}

static int make_environment(const struct kube_exec *exec,
			    struct word_vector *environment, struct error *err)
{
	int r = 0;

	for (char **own = environ; r == 0 && *own != NULL; own++)
		if (!is_overridden(exec, *own))
			r = word_vector_append(environment, *own, err);
	for (size_t i = 0; r == 0 && i < exec->environment.count; i++)
		r = word_vector_append(environment, exec->environment.items[i],
				       err);
	if (r == 0)
		r = word_vector_append(environment, NULL, err);
	return r;
}

/* --- How it failed ------------------------------------------------------ */

/* Blanks each word of `text` that is in the output as well, which is where
 * the credential is. */
static void blank_secrets(char *text, const struct buffer *output)
{
	static const char ends[] = " \t\r\n\"'=:,;(){}[]<>";
	char *word = text;

	while (*word != '\0') {
		size_t length = strcspn(word, ends);

		if (length >= SECRET_MIN && output->size > 0 &&
		    memmem(output->data, output->size, word, length) != NULL)
			memset(word, '*', length);
		word += length + strspn(word + length, ends);
	}
}

/* What the plugin complained of, in place: trimmed, without secrets, and no
 * more of it than fits a message. "" for nothing. */
static const char *quote(struct child_result *result, bool *ret_is_cut)
{
	static const char blanks[] = " \t\r\n";
	struct buffer *text = &result->err;
	char *begin;

	*ret_is_cut = false;
	if (text->size == 0)
		return "";
	/* A NUL would hide what is behind it. */
	for (size_t i = 0; i < text->size; i++)
		if (text->data[i] == '\0')
			text->data[i] = ' ';
	while (text->size > 0 && strchr(blanks, text->data[text->size - 1]))
		text->data[--text->size] = '\0';
	begin = text->data + strspn(text->data, blanks);
	blank_secrets(begin, &result->out);
	if (strlen(begin) <= QUOTED_MAX)
		return begin;
	*ret_is_cut = true;
	begin += strlen(begin) - QUOTED_MAX;
	/* Not from the middle of a character. */
	while ((*begin & 0xc0) == 0x80)
		begin++;
	return begin;
}

static int fail_start(const struct kube_exec *exec, int number,
		      struct error *err)
{
	const char *path = getenv("PATH");
	const char *hint = exec->install_hint;

	if (number == ENOENT && strchr(exec->command, '/') == NULL)
		error_set(err, ERROR_INVALID, "is not in $PATH (%s)",
			  path == NULL ? "" : path);
	else
		error_set(err, ERROR_INVALID, "cannot be started: %s",
			  strerror(number));
	if (number == ENOENT && hint != NULL)
		return error_set(err, ERROR_INVALID, "%s: %s", err->message,
				 hint);
	return -ERROR_INVALID;
}

static int fail_status(struct child_result *result, struct error *err)
{
	char end[64];
	bool is_cut;
	const char *said = quote(result, &is_cut);
	int status = result->status;

	if (WIFSIGNALED(status))
		(void)snprintf(end, sizeof(end), "was ended by signal %d",
			       WTERMSIG(status));
	else
		(void)snprintf(end, sizeof(end), "failed with exit status %d",
			       WEXITSTATUS(status));
	return error_set(err, ERROR_UNAUTHORIZED, "%s%s%s%s", end,
			 *said == '\0' ? " and says nothing" : ": ",
			 is_cut ? "... " : "", said);
}

/* --- What it prints ----------------------------------------------------- */

/* Whether the text at `key` is this one. */
static int check_text(const struct document *d, const char *key,
		      const char *expected, bool *ret_is_it, struct error *err)
{
	CLEANUP(cleanup_free) char *text = NULL;
	struct error odd = { 0 };
	int r = document_text(d, yaml_root(d->yaml), key, &text, &odd);

	if (r == -ERROR_MEMORY)
		return error_memory(err);
	*ret_is_it = r == 0 && text != NULL && strcmp(text, expected) == 0;
	return 0;
}

static int check_header(const struct kube_exec *exec, const struct document *d,
			struct error *err)
{
	bool is_kind = false;
	bool is_version = false;
	int r = check_text(d, "kind", "ExecCredential", &is_kind, err);

	if (r == 0)
		r = check_text(d, "apiVersion", exec->api_version, &is_version,
			       err);
	if (r < 0)
		return r;
	if (!is_kind)
		return error_set(err, ERROR_INVALID,
				 "its output is not an ExecCredential");
	if (!is_version)
		return error_set(err, ERROR_INVALID,
				 "its output is not of apiVersion '%s', as "
				 "the kubeconfig says",
				 exec->api_version);
	return 0;
}

static int check_expiry(const struct document *d,
			const struct yaml_node *status, struct error *err)
{
	static const char key[] = "expirationTimestamp";
	CLEANUP(cleanup_free) char *text = NULL;
	struct wall_time end;
	int r = document_text(d, status, key, &text, err);

	if (r < 0 || text == NULL)
		return r;
	if (!wall_parse(text, &end))
		return error_set(err, ERROR_INVALID,
				 "%s: is not a time as RFC 3339 has it", key);
	if (end.ms <= wall_now().ms)
		return error_set(err, ERROR_UNAUTHORIZED,
				 "gives a credential that is over already, "
				 "since %s",
				 text);
	return 0;
}

static int check_credential(const struct kube_exec_credential *c,
			    struct error *err)
{
	int64_t not_before;
	int64_t not_after;

	if ((c->certificate.size > 0) != (c->key.size > 0))
		return error_set(err, ERROR_INVALID, "gives a %s without a %s",
				 c->key.size > 0 ? "key" : "certificate",
				 c->key.size > 0 ? "certificate" : "key");
	if (c->token.size == 0 && c->key.size == 0)
		return error_set(err, ERROR_INVALID,
				 "gives neither a token nor a certificate");
	if (c->token.size > 0 && !kube_access_is_token(&c->token))
		return error_set(err, ERROR_INVALID,
				 "status.token: is not a bearer token");
	if (c->certificate.size > 0 &&
	    x509_dates(c->certificate.data, c->certificate.size, &not_before,
		       &not_after, err) < 0)
		return error_prefix(err, "status.clientCertificateData");
	return 0;
}

static int read_status(const struct document *d, struct kube_exec_credential *c,
		       struct error *err)
{
	const struct yaml_node *status =
		yaml_lookup(yaml_root(d->yaml), "status");
	int r = document_secret(d, status, "token", &c->token, err);

	if (r == 0)
		r = document_secret(d, status, "clientCertificateData",
				    &c->certificate, err);
	if (r == 0)
		r = document_secret(d, status, "clientKeyData", &c->key, err);
	if (r == 0)
		r = check_expiry(d, status, err);
	if (r == 0)
		r = check_credential(c, err);
	return r;
}

/* A parser's own words might quote what is secret: it is not asked. */
static int read_output(const struct kube_exec *exec, struct buffer *output,
		       struct kube_exec_credential *ret, struct error *err)
{
	CLEANUP(kube_exec_credential_free)
	struct kube_exec_credential c = {
		.token = BUFFER_INIT(KUBE_TOKEN_MAX),
		.certificate = BUFFER_INIT(KUBE_PEM_MAX),
		.key = BUFFER_INIT(KUBE_PEM_MAX),
	};
	CLEANUP(document_free) struct document d = { 0 };
	struct error unread = { 0 };
	int r;

	if (output->size == 0)
		return error_set(err, ERROR_INVALID, "prints nothing");
	r = document_parse("its output", output, &d, &unread);
	explicit_bzero(&unread, sizeof(unread));
	if (r == -ERROR_MEMORY)
		return error_memory(err);
	if (r < 0 || yaml_kind(yaml_root(d.yaml)) != YAML_MAPPING)
		r = error_set(err, ERROR_INVALID, "its output is not JSON");
	if (r == 0)
		r = check_header(exec, &d, err);
	if (r == 0)
		r = read_status(&d, &c, err);
	if (r < 0)
		return r;
	*ret = c;
	c = (struct kube_exec_credential){ 0 };
	return 0;
}

/* --- All of it ---------------------------------------------------------- */

static int run(const struct kube_exec *exec, struct child *child,
	       struct kube_exec_credential *ret, struct error *err)
{
	CLEANUP(child_result_free)
	struct child_result result = {
		.out = BUFFER_INIT(KUBE_EXEC_OUTPUT_MAX),
	};
	int r = child_run(child, &result, err);

	if (r < 0)
		return r;
	if (result.start_error != 0)
		return fail_start(exec, result.start_error, err);
	if (result.status != 0)
		return fail_status(&result, err);
	return read_output(exec, &result.out, ret, err);
}

int kube_exec_run(const struct kube_exec *exec, struct mono_time deadline,
		  struct interrupt *interrupt,
		  struct kube_exec_credential *ret_credential,
		  struct error *err)
{
	struct word_vector arguments = { 0 };
	struct word_vector environment = { 0 };
	int r = make_arguments(exec, &arguments, err);

	if (r == 0)
		r = make_environment(exec, &environment, err);
	if (r == 0) {
		struct child child = {
			.program = exec->command,
			.arguments = arguments.items,
			.environment = environment.items,
			.deadline = deadline,
			.interrupt = interrupt,
		};

		r = run(exec, &child, ret_credential, err);
	}
	word_vector_clear(&arguments);
	word_vector_clear(&environment);
	if (r < 0 && r != -ERROR_INTERRUPTED)
		return error_prefix(err, "credential plugin '%s'",
				    exec->command);
	return r;
}

/* Arguments and variables may be secrets, too. */
static void wipe_strings(struct string_vector *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		wipe_free(strings->items[i]);
	string_vector_clear(strings);
}

void kube_exec_free(struct kube_exec *exec)
{
	free(exec->api_version);
	free(exec->command);
	wipe_strings(&exec->arguments);
	wipe_strings(&exec->environment);
	free(exec->install_hint);
	*exec = (struct kube_exec){ 0 };
}

void kube_exec_credential_free(struct kube_exec_credential *credential)
{
	buffer_free(&credential->token);
	buffer_free(&credential->certificate);
	buffer_free(&credential->key);
}
