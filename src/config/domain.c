/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Normalisation of domains, and the ignore filter.
 */
#include <config.h>

#include "config/domain.h"

#include <arpa/inet.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/x509.h"

#define RULE_MAX_BYTES 1024 /* of a regular expression */

struct domain_rule {
	bool is_regex;
	regex_t regex;
	char *name;
};

static void domain_free(struct domain *domain)
{
	free(domain->name);
	free(domain->probe_name);
}

/* Letters, digits, hyphens and (as some internal names have them)
 * underscores in labels of 1 to 63 bytes. */
static bool is_host_name(const char *name)
{
	if (strlen(name) > DOMAIN_MAX_BYTES)
		return false;
	for (;;) {
		size_t length = strcspn(name, ".");

		if (length == 0 || length > 63 || name[0] == '-' ||
		    name[length - 1] == '-' ||
		    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") <
			    length)
			return false;
		if (name[length] == '\0')
			return true;
		name += length + 1;
	}
}

/* Whether `text` is an IPv4 or IPv6 address (brackets allowed), and its
 * canonical text. */
static bool canonical_address(const char *text,
			      char canonical[INET6_ADDRSTRLEN])
{
	char plain[INET6_ADDRSTRLEN + 2];
	unsigned char bytes[16];
	size_t length = strlen(text);

	if (length >= sizeof(plain))
		return false;
	if (length > 2 && text[0] == '[' && text[length - 1] == ']')
		(void)snprintf(plain, sizeof(plain), "%.*s", (int)length - 2,
			       text + 1);
	else
		(void)snprintf(plain, sizeof(plain), "%s", text);
	if (inet_pton(AF_INET, plain, bytes) == 1)
		return inet_ntop(AF_INET, bytes, canonical, INET6_ADDRSTRLEN) !=
		       NULL;
	return inet_pton(AF_INET6, plain, bytes) == 1 &&
	       inet_ntop(AF_INET6, bytes, canonical, INET6_ADDRSTRLEN) != NULL;
}

static int invalid(const char *text, struct error *err)
{
	return error_set(err, ERROR_INVALID,
			 "'%s' is not a domain (expected a name such as "
			 "www.example.com, *.example.com or an IP address)",
			 text);
}

/* The mapping to A-labels would leave them out silently. */
static bool has_controls(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return true;
	return false;
}

/* `canonical` as a domain. */
static int make_address(const char *canonical, struct domain *ret_domain,
			struct error *err)
{
	struct domain domain = {
		.is_address = true,
		.name = strdup(canonical),
		.probe_name = strdup(canonical),
	};

	if (domain.name == NULL || domain.probe_name == NULL) {
		domain_free(&domain);
		return error_memory(err);
	}
	*ret_domain = domain;
	return 0;
}

static int domain_parse(const char *text, struct domain *ret_domain,
			struct error *err)
{
	CLEANUP(cleanup_free) char *rest = NULL;
	CLEANUP(cleanup_free) char *ascii = NULL;
	bool is_wildcard = strncmp(text, "*.", 2) == 0;
	struct domain domain = { 0 };
	char canonical[INET6_ADDRSTRLEN];
	int length;

	if (canonical_address(text, canonical))
		return make_address(canonical, ret_domain, err);
	/* The shortest text past the limit is longer in A-labels, too. */
	if (strlen(text) > 4 * DOMAIN_MAX_BYTES)
		return error_set(err, ERROR_INVALID,
				 "'%.32s...' is too long for a domain", text);
	if (has_controls(text))
		return invalid(text, err);
	rest = strdup(text + (is_wildcard ? 2 : 0));
	if (rest == NULL)
		return error_memory(err);
	length = (int)strlen(rest);
	if (length > 1 && rest[length - 1] == '.')
		rest[length - 1] = '\0';
	if (x509_to_ascii(rest, &ascii, err) < 0)
		return err->code == ERROR_MEMORY ? -ERROR_MEMORY :
						   invalid(text, err);
	/* "192.0.2.1.", or one in digits of another script. */
	if (!is_wildcard && canonical_address(ascii, canonical))
		return make_address(canonical, ret_domain, err);
	if (!is_host_name(ascii) ||
	    (is_wildcard &&
	     strlen(ascii) + sizeof(DOMAIN_WILDCARD_LABEL) > DOMAIN_MAX_BYTES))
		return invalid(text, err);
	if (asprintf(&domain.name, "%s%s", is_wildcard ? "*." : "", ascii) < 0)
		domain.name = NULL;
	if (asprintf(&domain.probe_name, "%s%s",
		     is_wildcard ? DOMAIN_WILDCARD_LABEL "." : "", ascii) < 0)
		domain.probe_name = NULL;
	if (domain.name == NULL || domain.probe_name == NULL) {
		domain_free(&domain);
		return error_memory(err);
	}
	*ret_domain = domain;
	return 0;
}

int domain_vector_add(struct domain_vector *v, const char *text,
		      struct error *err)
{
	struct domain domain;
	int r = domain_parse(text, &domain, err);

	if (r < 0)
		return r;
	r = domain_vector_append(v, domain, err);
	if (r < 0)
		domain_free(&domain);
	return r;
}

static int by_name(const void *a, const void *b)
{
	const struct domain *x = a;
	const struct domain *y = b;

	return strcmp(x->name, y->name);
}

void domain_vector_normalise(struct domain_vector *v)
{
	size_t kept = 0;

	if (v->count > 1)
		qsort(v->items, v->count, sizeof(v->items[0]), by_name);
	for (size_t i = 0; i < v->count; i++) {
		if (kept > 0 &&
		    strcmp(v->items[kept - 1].name, v->items[i].name) == 0)
			domain_free(&v->items[i]);
		else
			v->items[kept++] = v->items[i];
	}
	v->count = kept;
}

void domain_vector_filter(struct domain_vector *v,
			  const struct domain_filter *filter)
{
	size_t kept = 0;

	for (size_t i = 0; i < v->count; i++) {
		if (domain_filter_ignores(filter, &v->items[i]))
			domain_free(&v->items[i]);
		else
			v->items[kept++] = v->items[i];
	}
	v->count = kept;
}

void domain_vector_free(struct domain_vector *v)
{
	for (size_t i = 0; i < v->count; i++)
		domain_free(&v->items[i]);
	domain_vector_clear(v);
}

static int rule_parse(const char *text, struct domain_rule *ret_rule,
		      struct error *err)
{
	CLEANUP(cleanup_free) char *pattern = NULL;
	struct domain_rule rule = { 0 };
	struct domain domain;
	size_t length = strlen(text);
	int r;

	if (text[0] != '/') {
		r = domain_parse(text, &domain, err);
		if (r < 0)
			return r;
		rule.name = TAKE(domain.name);
		domain_free(&domain);
		*ret_rule = rule;
		return 0;
	}
	if (length < 3 || text[length - 1] != '/')
		return error_set(err, ERROR_INVALID,
				 "'%s' is not a regular expression between "
				 "slashes",
				 text);
	if (length > RULE_MAX_BYTES)
		return error_set(err, ERROR_INVALID,
				 "'%.32s...' is longer than %d bytes", text,
				 RULE_MAX_BYTES);
	pattern = strndup(text + 1, length - 2);
	if (pattern == NULL)
		return error_memory(err);
	r = regcomp(&rule.regex, pattern, REG_EXTENDED | REG_NOSUB | REG_ICASE);
	if (r != 0) {
		char reason[128];

		(void)regerror(r, &rule.regex, reason, sizeof(reason));
		return error_set(err, ERROR_INVALID,
				 "'%s' is not a regular expression: %s", text,
				 reason);
	}
	rule.is_regex = true;
	*ret_rule = rule;
	return 0;
}

static void rule_free(struct domain_rule *rule)
{
	if (rule->is_regex)
		regfree(&rule->regex);
	free(rule->name);
}

int domain_filter_add(struct domain_filter *filter, const char *text,
		      struct error *err)
{
	struct domain_rule rule;
	void *rules = filter->rules;
	int r = rule_parse(text, &rule, err);

	if (r < 0)
		return r;
	r = vector_reserve(&rules, &filter->capacity, filter->count + 1,
			   sizeof(rule), err);
	filter->rules = rules;
	if (r < 0) {
		rule_free(&rule);
		return r;
	}
	filter->rules[filter->count++] = rule;
	return 0;
}

bool domain_filter_ignores(const struct domain_filter *filter,
			   const struct domain *domain)
{
	for (size_t i = 0; i < filter->count; i++) {
		const struct domain_rule *rule = &filter->rules[i];

		if (rule->is_regex ? regexec(&rule->regex, domain->name, 0,
					     NULL, 0) == 0 :
				     strcmp(rule->name, domain->name) == 0)
			return true;
	}
	return false;
}

void domain_filter_free(struct domain_filter *filter)
{
	for (size_t i = 0; i < filter->count; i++)
		rule_free(&filter->rules[i]);
	free(filter->rules);
	*filter = (struct domain_filter){ 0 };
}
