/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from others: made valid, compared, classified.
 */
#include <config.h>

#include "base/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NEAREST_WORD_MAX 64 /* bytes; a longer word is like none of ours */

size_t text_utf8_length(const char *text, size_t size)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t length;
	unsigned int c;

	if (size == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		length = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		length = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		length = 4;
	else
		return 0;
	if (size < length)
		return 0;
	c = s[0] & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fU);
	}
	if ((length == 3 && c < 0x800) || (length == 4 && c < 0x10000) ||
	    (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		return 0;
	return length;
}

bool text_is_utf8(const char *text)
{
	size_t left = strlen(text);
	size_t length = 0;

	for (; left > 0; text += length, left -= length) {
		length = text_utf8_length(text, left);
		if (length == 0)
			return false;
	}
	return true;
}

char *text_clean(const char *text, size_t size, size_t max_bytes)
{
	static const char replacement[] = "\xef\xbf\xbd";
	size_t capacity = max_bytes;
	size_t used = 0;
	char *clean;

	/* A bad byte becomes three. */
	if (size < max_bytes / 3)
		capacity = 3 * size;
	clean = malloc(capacity + 1);
	if (clean == NULL)
		return NULL;
	for (size_t i = 0; i < size;) {
		size_t length = text_utf8_length(text + i, size - i);
		const char *from = text + i;
		size_t step = length;

		if (length == 0 || *from == '\0') {
			from = replacement;
			length = strlen(replacement);
			step = 1;
		}
		if (length > max_bytes - used)
			break;
		memcpy(clean + used, from, length);
		used += length;
		i += step;
	}
	clean[used] = '\0';
	return clean;
}

void text_make_line(char *text)
{
	size_t size = strlen(text);

	for (size_t i = 0; i < size;) {
		size_t length = text_utf8_length(text + i, size - i);
		unsigned char c = (unsigned char)text[i];

		if (length == 0)
			text[i] = '?';
		else if (c < 0x20 || c == 0x7f)
			text[i] = ' ';
		/* C1 controls (U+0080 to U+009F) steer terminals as well. */
		else if (c == 0xc2 && (unsigned char)text[i + 1] < 0xa0)
			text[i] = text[i + 1] = ' ';
		i += length == 0 ? 1 : length;
	}
}

/* Optimal string alignment distance; both at most NEAREST_WORD_MAX long. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][NEAREST_WORD_MAX + 1];
	size_t m = strlen(a);
	size_t n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= m; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *before = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);

			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[m % 3][n];
}

/* The only name that begins with `word`. */
static const char *only_longer(const char *word, const char *const *names,
			       size_t count)
{
	const char *longer = NULL;

	for (size_t i = 0; i < count; i++) {
		if (strncmp(names[i], word, strlen(word)) != 0)
			continue;
		if (longer != NULL)
			return NULL;
		longer = names[i];
	}
	return longer;
}

const char *text_nearest(const char *word, const char *const *names,
			 size_t count)
{
	const char *nearest = NULL;
	size_t length = strlen(word);
	size_t best;

	if (length == 0 || length > NEAREST_WORD_MAX)
		return NULL;
	best = (length < 3 ? 1 : length / 3) + 1;
	for (size_t i = 0; i < count; i++) {
		size_t d;

		if (strlen(names[i]) > NEAREST_WORD_MAX)
			continue;
		d = distance(word, names[i]);
		if (d < best) {
			best = d;
			nearest = names[i];
		}
	}
	return nearest != NULL ? nearest : only_longer(word, names, count);
}

static bool is_label(const char *text, size_t length)
{
	if (length == 0 || length > 63 || text[0] == '-' ||
	    text[length - 1] == '-')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!((text[i] >= 'a' && text[i] <= 'z') ||
		      (text[i] >= '0' && text[i] <= '9') || text[i] == '-'))
			return false;
	return true;
}

bool text_is_dns_label(const char *text)
{
	return is_label(text, strlen(text));
}

bool text_is_dns_subdomain(const char *text)
{
	if (strlen(text) > 253)
		return false;
	for (;;) {
		size_t length = strcspn(text, ".");

		if (!is_label(text, length))
			return false;
		if (text[length] == '\0')
			return true;
		text += length + 1;
	}
}

bool text_to_number(const char *text, unsigned long long minimum,
		    unsigned long long maximum, unsigned long long *ret_number)
{
	unsigned long long number;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0' || number < minimum || number > maximum)
		return false;
	*ret_number = number;
	return true;
}
