/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traefik's rules. They have the syntax of Go expressions: matchers with
 * string literals as arguments, joined by || and &&, negated by !, grouped by
 * parentheses. Which of || and && binds closer makes no difference here.
 *
 * HostRegexp() names no host, HostSNI() is of IngressRouteTCP.
 */
#include <config.h>

#include "discovery/ingressroutes.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "discovery/names.h"
#include "discovery/object.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

struct rule {
	const char *text;
	const char *at; /* what is not read yet */
	struct found *found;
	struct error *err;
};

static int fail(const struct rule *rule, const char *expected)
{
	return error_set(rule->err, ERROR_INVALID, "expected %s at byte %zu",
			 expected, (size_t)(rule->at - rule->text) + 1);
}

static void skip_blanks(struct rule *rule)
{
	rule->at += strspn(rule->at, " \t\r\n");
}

/* Whether `token` comes next, behind blanks; then it is read. */
static bool take(struct rule *rule, const char *token)
{
	size_t length = strlen(token);

	skip_blanks(rule);
	if (strncmp(rule->at, token, length) != 0)
		return false;
	rule->at += length;
	return true;
}

/* A raw `literal`, or an interpreted "literal". No host needs an escape. */
static int read_literal(struct rule *rule, bool is_host)
{
	char quote[] = { *rule->at, '\\', '\0' };
	bool has_escape = false;
	const char *start;
	size_t length;

	if (quote[0] != '`' && quote[0] != '"')
		return fail(rule, "a literal");
	if (quote[0] == '`')
		quote[1] = '\0';
	start = ++rule->at;
	for (;;) {
		rule->at += strcspn(rule->at, quote);
		if (*rule->at == '\0')
			return fail(rule, "the end of a literal");
		if (*rule->at == quote[0])
			break;
		has_escape = true;
		rule->at += rule->at[1] == '\0' ? 1 : 2;
	}
	length = (size_t)(rule->at++ - start);
	if (is_host && !has_escape && length > 0 && length <= FOUND_TEXT_MAX) {
		CLEANUP(cleanup_free) char *host = strndup(start, length);

		if (host == NULL)
			return error_memory(rule->err);
		return found_add_name(rule->found, host, NULL, 0, rule->err);
	}
	return 0;
}

/* Traefik knows each matcher under these three spellings. */
static bool is_host_matcher(const char *name, size_t length)
{
	return length == 4 && (strncmp(name, "Host", length) == 0 ||
			       strncmp(name, "host", length) == 0 ||
			       strncmp(name, "HOST", length) == 0);
}

/* A matcher with its arguments. */
static int read_matcher(struct rule *rule, bool is_negated)
{
	size_t length = strspn(rule->at, LETTERS);
	bool is_host = is_host_matcher(rule->at, length) && !is_negated;

	if (length == 0)
		return fail(rule, "a matcher");
	rule->at += length;
	if (!take(rule, "("))
		return fail(rule, "'('");
	do {
		int r;

		/* Go takes a comma behind the last one, too. */
		if (take(rule, ")"))
			return 0;
		r = read_literal(rule, is_host);
		if (r < 0)
			return r;
	} while (take(rule, ","));
	return take(rule, ")") ? 0 : fail(rule, "')'");
}

static int read_expression(struct rule *rule, bool is_negated, int depth)
{
	do {
		bool is_not = is_negated;
		int r;

		while (take(rule, "!"))
			is_not = !is_not;
		if (!take(rule, "(")) {
			r = read_matcher(rule, is_not);
		} else if (depth == RULE_DEPTH_MAX) {
			r = fail(rule, "fewer parentheses");
		} else {
			r = read_expression(rule, is_not, depth + 1);
			if (r == 0 && !take(rule, ")"))
				r = fail(rule, "')'");
		}
		if (r < 0)
			return r;
	} while (take(rule, "&&") || take(rule, "||"));
	return 0;
}

int ingressroute_read_rule(const char *text, struct found *found,
			   struct error *err)
{
	struct rule rule = { text, text, found, err };
	size_t mark = found->names.count;
	int r = read_expression(&rule, false, 0);

	skip_blanks(&rule);
	if (r == 0 && *rule.at != '\0')
		r = fail(&rule, "the end");
	if (r < 0)
		found_truncate(found, found->pods.count, mark);
	return r;
}

static int add_rules(struct json_object *spec, struct found *found,
		     struct error *err)
{
	struct json_object *routes = object_member(spec, "routes");
	int r = 0;

	for (size_t i = 0; r == 0 && i < object_count(routes); i++) {
		const char *match = name_text(
			object_member(object_item(routes, i), "match"));
		struct error reason = { 0 };

		if (match == NULL)
			continue;
		r = ingressroute_read_rule(match, found, &reason);
		/* Traefik serves no route whose rule it cannot read. */
		if (r == -ERROR_INVALID)
			r = 0;
		else if (r < 0)
			*err = reason;
	}
	return r;
}

/* The names of the certificates that a resolver is to obtain. Without one
 * Traefik does not look at them. */
static int add_domains(struct json_object *tls, struct found *found,
		       struct error *err)
{
	struct json_object *domains = object_member(tls, "domains");
	int r = 0;

	if (name_text(object_member(tls, "certResolver")) == NULL)
		return 0;
	for (size_t i = 0; r == 0 && i < object_count(domains); i++) {
		struct json_object *domain = object_item(domains, i);
		const char *main = name_text(object_member(domain, "main"));

		if (main != NULL)
			r = found_add_name(found, main, NULL, 0, err);
		if (r == 0)
			r = names_add_all(object_member(domain, "sans"), 0,
					  found, NULL, err);
	}
	return r;
}

int ingressroute_read(struct json_object *item,
		      const struct domain_objects *objects, struct found *found,
		      struct error *err)
{
	struct json_object *spec = object_member(item, "spec");
	struct json_object *tls = object_member(spec, "tls");
	int r = object_check_kind(item, "IngressRoute", err);

	(void)objects;
	if (r < 0 || json_object_get_type(tls) != json_type_object)
		return r;
	r = add_rules(spec, found, err);
	return r == 0 ? add_domains(tls, found, err) : r;
}
