/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run as JSON. Pairs are built and printed one at a time: a tree of all
 * would take more memory than the run.
 */
#include <config.h>

#include "report/report.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "probe/certificate.h"
#include "probe/session_facts.h"
#include "probe/verify.h"
#include "report/verdict.h"

static void cleanup_object(struct json_object **object)
{
	(void)json_object_put(*object);
}

/* Takes `value`, which may be NULL for want of memory. */
static bool add(struct json_object *object, const char *key,
		struct json_object *value)
{
	if (value != NULL && json_object_object_add(object, key, value) == 0)
		return true;
	(void)json_object_put(value);
	return false;
}

static bool add_text(struct json_object *object, const char *key,
		     const char *text)
{
	return add(object, key, json_object_new_string(text));
}

/* Microseconds as seconds. */
static bool add_seconds(struct json_object *object, const char *key,
			int64_t microseconds)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRId64 ".%06" PRId64,
		       microseconds / 1000000, microseconds % 1000000);
	return add(object, key,
		   json_object_new_double_s((double)microseconds / 1e6, text));
}

/* RFC 3339, UTC. */
static bool add_time(struct json_object *object, const char *key,
		     int64_t seconds)
{
	time_t when = (time_t)seconds;
	char text[64];
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return true; /* no such date: left out */
	return add_text(object, key, text);
}

static bool add_certificate(struct json_object *object,
			    const struct certificate *c)
{
	if (!add_text(object, "fingerprint_sha256", c->fingerprint))
		return false;
	return !c->is_readable ||
	       (add_text(object, "subject_cn", c->subject_cn) &&
		add_text(object, "issuer_cn", c->issuer_cn) &&
		add_text(object, "serial_number", c->serial_number) &&
		add_text(object, "key_algorithm", c->key_algorithm) &&
		add_text(object, "signature_algorithm",
			 c->signature_algorithm) &&
		add_time(object, "not_before", c->not_before) &&
		add_time(object, "not_after", c->not_after));
}

/* What is known of chain, staple and session. */
static bool add_session(struct json_object *o,
			const struct probe_result *result)
{
	const struct session_facts *s = result->session;
	bool ok = true;

	if (probe_result_has_dates(result))
		ok = add_time(o, "chain_not_after",
			      result->chain->presented_not_after);
	if (ok && probe_result_is_checked(result)) {
		ok = add(o, "cert_verified",
			 json_object_new_boolean(result->verify == VERIFY_OK));
		if (ok && result->verify != VERIFY_OK)
			ok = add_text(o, "verify_reason",
				      verify_reason_name(result->verify));
	}
	if (ok && s != NULL)
		ok = add_text(o, "tls_version", s->version) &&
		     add_text(o, "tls_cipher", s->cipher) &&
		     add_text(o, "tls_group", s->group) &&
		     add_text(o, "tls_signature", s->signature);
	if (ok && result->ocsp != OCSP_NOT_ASKED)
		ok = add_text(o, "ocsp_status", ocsp_status_name(result->ocsp));
	if (ok && result->staple != NULL && result->staple->has_next_update)
		ok = add_time(o, "ocsp_next_update",
			      result->staple->next_update);
	return ok;
}

static struct json_object *pair_object(const struct run_facts *facts,
				       const struct pair *pair)
{
	const struct probe_result *result = &pair->result;
	const struct pod *pod = pair->endpoint->pod;
	struct json_object *o = json_object_new_object();
	int64_t lag = pool_set_lag(facts->pools, pair);
	char address[ADDRESS_TEXT_MAX];
	bool ok;

	ok = o != NULL && add_text(o, "job_name", pair->endpoint->job->name) &&
	     add_text(o, "ns", pod->ns) && add_text(o, "pod", pod->name) &&
	     add_text(o, "domain", pair->domain->name) &&
	     add_text(o, "port", pod->port_label) &&
	     add(o, "address_port", json_object_new_int(pod->port)) &&
	     add_text(o, "status", pair_status_name(result->status)) &&
	     add(o, "probe_success", json_object_new_boolean(result->success));
	if (ok && pod->address.family != 0) {
		address_format(&pod->address, address);
		ok = add_text(o, "address", address);
	}
	if (ok && pod->is_remembered)
		ok = add(o, "is_remembered", json_object_new_boolean(true));
	if (ok && *endpoint_family(pair->endpoint) != '\0')
		ok = add_text(o, "family", endpoint_family(pair->endpoint));
	if (ok && pair->key_type != KEY_TYPE_ANY)
		ok = add_text(o, "key", key_type_name(pair->key_type));
	if (ok && result->duration_us != DURATION_NONE)
		ok = add_seconds(o, "probe_duration_seconds",
				 result->duration_us);
	if (ok && result->reason != REASON_NONE)
		ok = add_text(o, "reason", probe_reason_name(result->reason));
	if (ok && result->certificate != NULL)
		ok = add_certificate(o, result->certificate);
	if (ok)
		ok = add_session(o, result);
	if (ok && probe_result_has_dates(result))
		ok = add(
			o, "seconds_until_cert_expires",
			json_object_new_int64(result->certificate->not_after -
					      wall_seconds(facts->settled_at)));
	if (ok && lag != LAG_NONE)
		ok = add(o, "cert_renewal_lag_seconds",
			 json_object_new_int64(lag));
	if (ok)
		return o;
	(void)json_object_put(o);
	return NULL;
}

static struct json_object *namespaces_array(const struct job_discovery *job)
{
	struct json_object *array = json_object_new_array();
	bool ok = array != NULL;

	for (size_t i = 0; ok && i < job->namespaces.count; i++) {
		const struct namespace_count *ns = &job->namespaces.items[i];
		struct json_object *o = json_object_new_object();
		struct json_object *skipped = json_object_new_object();

		ok = o != NULL && skipped != NULL;
		for (int s = 0; ok && s < POD_SKIP_COUNT; s++)
			ok = add(
				skipped, pod_skip_name((enum pod_skip)s),
				json_object_new_int64((int64_t)ns->skipped[s]));
		ok = ok && add_text(o, "ns", ns->ns) &&
		     add(o, "matching_pods",
			 json_object_new_int64((int64_t)ns->matching));
		if (ok)
			ok = add(o, "skipped_pods", skipped);
		else
			(void)json_object_put(skipped);
		if (ok && json_object_array_add(array, o) == 0)
			continue;
		(void)json_object_put(o);
		ok = false;
	}
	if (ok)
		return array;
	(void)json_object_put(array);
	return NULL;
}

/* Appends the failures of one source. */
static bool add_failures(struct json_object *array,
			 const struct source_discovery *source,
			 const char *source_name)
{
	bool ok = true;

	for (size_t i = 0; ok && i < source->failures.count; i++) {
		const struct discovery_failure *f = &source->failures.items[i];
		struct json_object *o = json_object_new_object();

		ok = o != NULL && add_text(o, "source", source_name) &&
		     add_text(o, "ns", f->ns) &&
		     add_text(o, "reason", discovery_reason_name(f->reason)) &&
		     add_text(o, "message", f->message) &&
		     json_object_array_add(array, o) == 0;
		if (!ok)
			(void)json_object_put(o);
	}
	return ok;
}

static struct json_object *failures_array(const struct job_discovery *job)
{
	struct json_object *array = json_object_new_array();
	bool ok = array != NULL;

	for (int s = 0; ok && s < DISCOVERY_SOURCE_COUNT; s++)
		ok = add_failures(
			array, &job->sources[s],
			discovery_source_name((enum discovery_source)s));
	if (ok)
		return array;
	(void)json_object_put(array);
	return NULL;
}

static struct json_object *run_object(const struct run_facts *facts)
{
	struct json_object *o = json_object_new_object();
	bool ok = o != NULL && add_text(o, "version", PACKAGE_VERSION) &&
		  add_time(o, "started_at", wall_seconds(facts->started_at)) &&
		  add(o, "duration_ms",
		      json_object_new_int64(facts->duration_ms)) &&
		  add(o, "success", json_object_new_boolean(facts->success)) &&
		  add(o, "deadline_exceeded",
		      json_object_new_boolean(facts->cut_off));

	if (ok)
		return o;
	(void)json_object_put(o);
	return NULL;
}

static struct json_object *job_object(const struct job_discovery *job)
{
	struct json_object *o = json_object_new_object();
	bool ok =
		o != NULL && add_text(o, "job_name", job->job->name) &&
		add(o, "discovery_success",
		    json_object_new_boolean(!job_discovery_has_failed(job))) &&
		add(o, "discovery_failures", failures_array(job)) &&
		add(o, "namespaces", namespaces_array(job));

	if (ok)
		return o;
	(void)json_object_put(o);
	return NULL;
}

/* Prints and releases `object`; false if it is NULL or cannot be printed. */
static bool print(FILE *out, const char *before, struct json_object *object)
{
	CLEANUP(cleanup_object) struct json_object *o = object;
	const char *text;

	if (o == NULL)
		return false;
	text = json_object_to_json_string_ext(o,
					      JSON_C_TO_STRING_NOSLASHESCAPE);
	return text != NULL && fprintf(out, "%s%s", before, text) >= 0;
}

int report_json(FILE *out, const struct run_facts *facts, struct error *err)
{
	const struct discovery *d = facts->discovery;
	bool ok = print(out, "{\"run\":", run_object(facts)) &&
		  fputs(",\n\"jobs\":[", out) >= 0;

	for (size_t i = 0; ok && i < d->count; i++)
		ok = print(out, i == 0 ? "\n" : ",\n", job_object(&d->jobs[i]));
	ok = ok && fputs("],\n\"pairs\":[", out) >= 0;
	for (size_t i = 0; ok && i < facts->targets->pair_count; i++)
		ok = print(out, i == 0 ? "\n" : ",\n",
			   pair_object(facts, &facts->targets->pairs[i]));
	ok = ok && fputs("]}\n", out) >= 0;
	if (ok && fflush(out) == 0)
		return 0;
	return error_set(err, ERROR_SYSTEM, "the report cannot be written");
}

const char *report_json_library_version(void)
{
	return json_c_version();
}
