/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that comes from others: UTF-8 validity, control characters, lengths,
 * and how near two words are.
 */
#ifndef CEM_BASE_TEXT_H
#define CEM_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The length in bytes (1 to 4) of the UTF-8 sequence at the start of `text`
 * of `size` bytes, 0 if there is none (RFC 3629: no overlong forms, no
 * surrogates, nothing past U+10FFFF). */
size_t text_utf8_length(const char *text, size_t size);

/* Whether `text` is valid UTF-8 to its end. */
bool text_is_utf8(const char *text);

/* A new string: the `size` bytes at `text` as valid UTF-8 without NUL, each
 * bad byte replaced by U+FFFD, cut at a character boundary to at most
 * `max_bytes`. NULL if out of memory; the caller frees. */
char *text_clean(const char *text, size_t size, size_t max_bytes);

/* In place, no longer than before: one line of valid UTF-8. Control
 * characters become spaces, bytes that are not UTF-8 become '?'. */
void text_make_line(char *text);

/* The nearest of the `count` names to `word` (Damerau-Levenshtein, at most a
 * third of its length away, and 1 at least); else the only one that begins with
 * it, NULL if there is none. For "did you mean". */
const char *text_nearest(const char *word, const char *const *names,
			 size_t count);

/* Whether `text` is a DNS label as Kubernetes wants names (RFC 1123: 1 to 63
 * of a-z, 0-9 and '-', no '-' at the ends). */
bool text_is_dns_label(const char *text);

/* Whether `text` is a DNS subdomain (RFC 1123: labels joined by '.', 253
 * bytes at most in all). */
bool text_is_dns_subdomain(const char *text);

/* Whether `text` is a decimal number without sign or leading blanks in
 * [minimum, maximum]; stores it in *ret_number if so. */
bool text_to_number(const char *text, unsigned long long minimum,
		    unsigned long long maximum, unsigned long long *ret_number);

#endif
