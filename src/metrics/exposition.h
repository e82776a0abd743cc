/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prometheus' text exposition format 0.0.4, and nothing else: families,
 * samples, labels, values. Written through a small buffer straight to a
 * descriptor, or only counted.
 *
 *	struct exposition x;
 *	exposition_init(&x, fd);          EXPOSITION_COUNT: only counts
 *	exposition_family(&x, "name", "gauge", "What it means");
 *	exposition_sample(&x, labels, label_count, value);
 *	r = exposition_finish(&x, err);
 *
 * Errors are kept and reported at the end. A family without a sample is not
 * written. No output depends on the locale.
 */
#ifndef CEM_METRICS_EXPOSITION_H
#define CEM_METRICS_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define EXPOSITION_COUNT (-1)
#define EXPOSITION_BUFFER_BYTES 16384
#define EXPOSITION_PREFIX "certificate_expiry_monitor_"

struct label {
	const char *name;  /* [a-z_]+; not written if NULL */
	const char *value; /* valid UTF-8; escaped here */
};

struct exposition {
	int fd;
	const char *name; /* of the current family, without the prefix */
	const char *type;
	const char *help;
	bool has_header;  /* of the current family */
	uint64_t samples; /* of all families */
	struct error error;
	size_t used;
	char buffer[EXPOSITION_BUFFER_BYTES];
};

void exposition_init(struct exposition *x, int fd);

/* Begins a family. `name` is without the prefix, `type` one of gauge, counter
 * and untyped, `help` a line without backslash or newline. All borrowed until
 * the next family. */
void exposition_family(struct exposition *x, const char *name, const char *type,
		       const char *help);

void exposition_sample(struct exposition *x, const struct label *labels,
		       size_t label_count, int64_t value);

/* A value in thousandths: milliseconds as seconds. */
void exposition_sample_milli(struct exposition *x, const struct label *labels,
			     size_t label_count, int64_t thousandths);

/* A value in millionths: microseconds as seconds. */
void exposition_sample_micro(struct exposition *x, const struct label *labels,
			     size_t label_count, int64_t millionths);

/* Writes what is left in the buffer. Returns 0 or the first error. */
int exposition_finish(struct exposition *x, struct error *err)
	__attribute__((warn_unused_result));

#endif
