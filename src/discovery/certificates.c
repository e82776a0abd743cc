/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and dates of Certificates.
 *
 * spec.commonName is not taken: cert-manager does not copy it into the names
 * of the certificate, and no client looks at it.
 */
#include <config.h>

#include "discovery/certificates.h"

#include <string.h>
#include <time.h>

#include "discovery/names.h"
#include "discovery/object.h"

/* `count` digits at *at, which moves behind them; -1 if they are none. */
static int read_number(const char **at, int count)
{
	int number = 0;

	for (; count > 0; count--) {
		if (**at < '0' || **at > '9')
			return -1;
		number = number * 10 + *(*at)++ - '0';
	}
	return number;
}

static bool take(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

/* "Z", "+01:00" to the end of the text. */
static bool read_offset(const char *at, int64_t *ret_seconds)
{
	bool is_west = *at == '-';
	int hours;
	int minutes;

	*ret_seconds = 0;
	if (*at == 'Z')
		return at[1] == '\0';
	if (*at != '+' && *at != '-')
		return false;
	at++;
	hours = read_number(&at, 2);
	if (hours < 0 || hours > 23 || !take(&at, ':'))
		return false;
	minutes = read_number(&at, 2);
	if (minutes < 0 || minutes > 59 || *at != '\0')
		return false;
	*ret_seconds = (is_west ? -1 : 1) * (hours * 60 + minutes) * 60;
	return true;
}

/* "2026-01-02"; what is no day is found by its becoming another. */
static bool read_date(const char **at, int64_t *ret_seconds)
{
	struct tm tm = { 0 };
	int day;

	tm.tm_year = read_number(at, 4) - 1900;
	if (tm.tm_year < 0 || !take(at, '-'))
		return false;
	tm.tm_mon = read_number(at, 2) - 1;
	if (tm.tm_mon < 0 || tm.tm_mon > 11 || !take(at, '-'))
		return false;
	tm.tm_mday = day = read_number(at, 2);
	*ret_seconds = timegm(&tm);
	return day > 0 && tm.tm_mday == day;
}

/* "15:04:05", and a fraction that does not count. */
static bool read_time(const char **at, int64_t *ret_seconds)
{
	int hour = read_number(at, 2);
	int minute;
	int second;

	if (hour < 0 || hour > 23 || !take(at, ':'))
		return false;
	minute = read_number(at, 2);
	if (minute < 0 || minute > 59 || !take(at, ':'))
		return false;
	second = read_number(at, 2);
	if (second < 0 || second > 60)
		return false;
	*ret_seconds = hour * 3600 + minute * 60 + second;
	if (take(at, '.')) {
		size_t digits = strspn(*at, "0123456789");

		*at += digits;
		return digits > 0;
	}
	return true;
}

bool certificate_object_time(const char *text, int64_t *ret_seconds)
{
	int64_t date;
	int64_t time;
	int64_t offset;

	if (!read_date(&text, &date) || !take(&text, 'T') ||
	    !read_time(&text, &time) || !read_offset(text, &offset))
		return false;
	*ret_seconds = date + time - offset;
	return true;
}

int certificate_object_read(struct json_object *item,
			    const struct domain_objects *objects,
			    struct found *found, struct error *err)
{
	struct json_object *spec = object_member(item, "spec");
	const char *text = name_text(
		object_member(object_member(item, "status"), "notBefore"));
	int64_t not_before = 0;
	int r = object_check_kind(item, "Certificate", err);

	(void)objects;
	if (r < 0)
		return r;
	if (text == NULL || !certificate_object_time(text, &not_before) ||
	    not_before < 0)
		not_before = 0;
	r = names_add_all(object_member(spec, "dnsNames"), not_before, found,
			  NULL, err);
	if (r < 0)
		return r;
	return names_add_all(object_member(spec, "ipAddresses"), not_before,
			     found, NULL, err);
}
