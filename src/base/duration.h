/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durations as Prometheus writes them (Prometheus documentation,
 * "Configuration", `<duration>`): `500ms`, `1m30s`, `7d`.
 */
#ifndef CEM_BASE_DURATION_H
#define CEM_BASE_DURATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Parses a duration into milliseconds: whole numbers with the units y, w, d,
 * h, m, s, ms, each at most once and in this order; "0" alone needs no unit.
 * Fails with ERROR_INVALID for anything else, and for more than 100 years. */
int duration_parse(const char *text, int64_t *ret_ms, struct error *err);

#define DURATION_WORDS_MAX 32 /* bytes, with the NUL */

/* Writes a duration for a person, the two largest units that matter: "89d",
 * "2d 4h", "5m 10s", "3s"; with '-' in front if negative. */
void duration_words(int64_t seconds, char words[DURATION_WORDS_MAX]);

#endif
