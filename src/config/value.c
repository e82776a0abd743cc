/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of single values.
 */
#include <config.h>

#include "config/value.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/text.h"

int value_set_string(char **member, const char *text, struct error *err)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return error_memory(err);
	free(*member);
	*member = copy;
	return 0;
}

int value_set_duration(int64_t *member, const char *text, int64_t max_ms,
		       struct error *err)
{
	char longest[DURATION_WORDS_MAX];
	int64_t ms;
	int r = duration_parse(text, &ms, err);

	if (r < 0)
		return r;
	if (ms < 1 || ms > max_ms) {
		duration_words(max_ms / 1000, longest);
		return error_set(err, ERROR_INVALID,
				 "'%s' is not between 1ms and %s", text,
				 longest);
	}
	*member = ms;
	return 0;
}

int value_set_number(unsigned long long minimum, unsigned long long maximum,
		     const char *text, unsigned long long *ret_number,
		     struct error *err)
{
	if (!text_to_number(text, minimum, maximum, ret_number))
		return error_set(err, ERROR_INVALID,
				 "'%s' is not a whole number from %llu to %llu",
				 text, minimum, maximum);
	return 0;
}

int value_set_choice(const char *text, const char *const *names, size_t count,
		     int *ret_choice, struct error *err)
{
	char list[128] = "";
	const char *nearest;
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret_choice = (int)i;
			return 0;
		}
		used += (size_t)snprintf(list + used, sizeof(list) - used,
					 "%s%s", i == 0 ? "" : ", ", names[i]);
		assert(used < sizeof(list));
	}
	nearest = text_nearest(text, names, count);
	if (nearest != NULL)
		return error_set(err, ERROR_INVALID,
				 "'%s' is none of: %s; did you mean '%s'?",
				 text, list, nearest);
	return error_set(err, ERROR_INVALID, "'%s' is none of: %s", text, list);
}

int value_set_optional_choice(const char *text, const char *const *names,
			      size_t count, int *ret_choice, struct error *err)
{
	int choice = -1;
	int r = 0;

	if (text[0] != '\0')
		r = value_set_choice(text, names + 1, count - 1, &choice, err);
	if (r == 0)
		*ret_choice = choice + 1;
	return r;
}
