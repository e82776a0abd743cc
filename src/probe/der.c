/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags and lengths, before any library reads them.
 */
#include <config.h>

#include "probe/der.h"

#include <time.h>

/* Certificates nest 14 deep (a directoryName in nameConstraints), those in
 * OCSP responses 7 deeper. */
#define DEPTH_MAX 32
#define LONG_TAG_MIN 0x1f /* the least number of a tag of several bytes */
#define LONG_SET 0x3f	  /* begins such a tag: libtasn1 may find a SET */
/* Bytes. OCTET STRINGs up to this are hashes, and cost nothing to decode. */
#define SMALL_MAX 64

static bool read_byte(struct der *der, size_t *ret_byte)
{
	if (der->left == 0)
		return false;
	*ret_byte = *der->at++;
	der->left--;
	return true;
}

/* The rest of an identifier of several bytes (X.690, 8.1.2.4). Numbers that fit
 * into one byte, or begin with zeros, have no such form; libtasn1 reads them
 * all the same, and a SET would pass for none here. */
static bool skip_long_tag(struct der *der)
{
	size_t byte;

	if (!read_byte(der, &byte) || byte < LONG_TAG_MIN || byte == 0x80)
		return false;
	while ((byte & 0x80) != 0)
		if (!read_byte(der, &byte))
			return false;
	return true;
}

/* A length that `der` has room for. */
static bool read_length(struct der *der, size_t *ret_length)
{
	size_t length;
	size_t bytes;
	size_t byte;

	if (!read_byte(der, &length) || length == 0x80)
		return false;
	if (length > 0x80) {
		bytes = length & 0x7f;
		for (length = 0; bytes > 0; bytes--) {
			if (length > SIZE_MAX >> 8 || !read_byte(der, &byte))
				return false;
			length = length << 8 | byte;
		}
	}
	*ret_length = length;
	return length <= der->left;
}

bool der_next(struct der *der, struct der_element *ret_element)
{
	struct der rest = *der;
	size_t length;
	size_t tag;

	if (!read_byte(&rest, &tag) ||
	    ((tag & 0x1f) == 0x1f && !skip_long_tag(&rest)) ||
	    !read_length(&rest, &length))
		return false;
	*ret_element = (struct der_element){
		(uint8_t)tag,
		{ rest.at, length },
	};
	*der = (struct der){ rest.at + length, rest.left - length };
	return true;
}

bool der_enter(struct der *der, size_t index)
{
	struct der rest = *der;
	struct der_element element;

	do {
		if (!der_next(&rest, &element))
			return false;
	} while (index-- > 0);
	*der = element.content;
	return true;
}

static void add_counts(struct der_counts *sum, struct der_counts counts)
{
	sum->elements += counts.elements;
	sum->sets += counts.sets;
}

/* No element is shorter than two bytes, and no SET begins with another one than
 * these two. */
static struct der_counts most_in(struct der der)
{
	struct der_counts counts = { 0 };

	if (der.left <= SMALL_MAX)
		return counts;
	counts.elements = der.left / 2;
	for (size_t i = 0; i < der.left; i++)
		counts.sets += der.at[i] == DER_SET || der.at[i] == LONG_SET;
	return counts;
}

static bool count(struct der der, int depth, struct der_counts *counts)
{
	struct der_element element;

	while (der.left > 0) {
		if (depth == DEPTH_MAX || !der_next(&der, &element))
			return false;
		counts->elements++;
		counts->sets += element.tag == DER_SET;
		if ((element.tag & DER_CONSTRUCTED) != 0) {
			if (!count(element.content, depth + 1, counts))
				return false;
		} else if (element.tag == DER_OCTET_STRING) {
			struct der_counts inside = { 0 };

			if (!count(element.content, depth + 1, &inside))
				inside = most_in(element.content);
			add_counts(counts, inside);
		}
	}
	return true;
}

bool der_count(const uint8_t *bytes, size_t size, struct der_counts *ret_counts)
{
	struct der_counts counts = { 0 };

	if (!count((struct der){ bytes, size }, 0, &counts))
		return false;
	*ret_counts = counts;
	return true;
}

/* Extensions are the last element of the TBSCertificate. */
static bool has_many_extensions(struct der der)
{
	struct der_element element;
	size_t count = 0;

	if (!der_enter(&der, 0) || !der_enter(&der, 0))
		return false;
	do {
		if (!der_next(&der, &element))
			return false;
	} while (element.tag != DER_CONTEXT(3));
	if (!der_enter(&element.content, 0))
		return false;
	der = element.content;
	while (der_next(&der, &element))
		count++;
	return count > DER_EXTENSIONS_MAX;
}

bool der_is_costly(const uint8_t *bytes, size_t size)
{
	struct der_counts counts;

	return !der_count(bytes, size, &counts) || counts.sets > DER_SETS_MAX ||
	       counts.elements > DER_ELEMENTS_MAX ||
	       has_many_extensions((struct der){ bytes, size });
}

/* A number of `digits` decimal digits, -1 if they are none. */
static int read_digits(struct der *r, size_t digits)
{
	int number = 0;

	if (r->left < digits)
		return -1;
	for (; digits > 0; digits--, r->at++, r->left--) {
		if (*r->at < '0' || *r->at > '9')
			return -1;
		number = number * 10 + (*r->at - '0');
	}
	return number;
}

static bool is_between(int number, int minimum, int maximum)
{
	return number >= minimum && number <= maximum;
}

/* The next element as a time. */
static bool read_time(struct der *der, int64_t *ret_seconds)
{
	struct der_element element;
	struct der *text = &element.content;
	struct tm tm = { 0 };
	int year;

	if (!der_next(der, &element))
		return false;
	switch (element.tag) {
	case DER_UTC_TIME:
		year = read_digits(text, 2);
		year += year < 50 ? 2000 : 1900;
		break;
	case DER_GENERALIZED_TIME:
		year = read_digits(text, 4);
		break;
	default:
		return false;
	}
	tm.tm_year = year - 1900;
	tm.tm_mon = read_digits(text, 2) - 1;
	tm.tm_mday = read_digits(text, 2);
	tm.tm_hour = read_digits(text, 2);
	tm.tm_min = read_digits(text, 2);
	tm.tm_sec = read_digits(text, 2);
	/* A year that is none leaves more than the Z. */
	if (text->left != 1 || *text->at != 'Z' ||
	    !is_between(tm.tm_mon, 0, 11) || !is_between(tm.tm_mday, 1, 31) ||
	    !is_between(tm.tm_hour, 0, 23) || !is_between(tm.tm_min, 0, 59) ||
	    !is_between(tm.tm_sec, 0, 60))
		return false;
	*ret_seconds = timegm(&tm);
	return true;
}

bool der_validity(const uint8_t *bytes, size_t size, int64_t *ret_not_before,
		  int64_t *ret_not_after)
{
	struct der der = { bytes, size };
	int64_t not_before;
	int64_t not_after;

	/* Certificate, TBSCertificate; its version may be left out */
	if (!der_enter(&der, 0) || !der_enter(&der, 0) || der.left == 0)
		return false;
	/* serialNumber, signature, issuer, validity */
	if (!der_enter(&der, *der.at == DER_CONTEXT(0) ? 4 : 3) ||
	    !read_time(&der, &not_before) || !read_time(&der, &not_after))
		return false;
	*ret_not_before = not_before;
	*ret_not_after = not_after;
	return true;
}
