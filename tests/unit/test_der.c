/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/der: elements, counts, dates, and bytes that are none of them.
 */
#include <config.h>

#include "probe/der.h"

#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "support.h"

/* In memory of its own that begins and ends where the bytes do. */
static uint8_t *copy_of(const void *bytes, size_t size)
{
	uint8_t *copy = malloc(size == 0 ? 1 : size);

	assert_non_null(copy);
	if (size > 0)
		memcpy(copy, bytes, size);
	return copy;
}

/* --- Elements ------------------------------------------------------------- */

static void test_next(void **state)
{
	static const struct {
		const char *name;
		uint8_t bytes[16];
		size_t size;
		bool is_good;
		uint8_t tag;
		size_t begin, length;
	} rows[] = {
		{ "empty", { 0x05, 0x00 }, 2, true, 0x05, 2, 0 },
		{ "short", { 0x02, 0x01, 0x2a }, 3, true, 0x02, 2, 1 },
		{ "more behind it", { 4, 1, 0x2a, 5, 0 }, 5, true, 4, 2, 1 },
		{ "long form", { 4, 0x81, 1, 7 }, 4, true, 4, 3, 1 },
		{ "leading zeros",
		  { 4, 0x84, 0, 0, 0, 2, 7, 8 },
		  8,
		  true,
		  4,
		  6,
		  2 },
		{ "more leading zeros than a number holds",
		  { 4, 0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7 },
		  13,
		  true,
		  4,
		  12,
		  1 },
		{ "tag of two bytes", { 0x1f, 31, 1, 7 }, 4, true, 0x1f, 3, 1 },
		{ "tag of three bytes",
		  { 0xbf, 0x81, 1, 1, 7 },
		  5,
		  true,
		  0xbf,
		  4,
		  1 },
		{ "nothing", { 0 }, 0, false, 0, 0, 0 },
		{ "a tag alone", { 4 }, 1, false, 0, 0, 0 },
		{ "a long tag without end", { 0x1f, 0x81 }, 2, false, 0, 0, 0 },
		{ "a SET by two bytes", { 0x3f, 0x11, 0 }, 3, false, 0, 0, 0 },
		{ "30 by two bytes", { 0x1f, 30, 0 }, 3, false, 0, 0, 0 },
		{ "a SET by three bytes",
		  { 0x3f, 0x80, 0x11, 0 },
		  4,
		  false,
		  0,
		  0,
		  0 },
		{ "content that is cut off", { 4, 2, 7 }, 3, false, 0, 0, 0 },
		{ "a length that is cut off",
		  { 4, 0x82, 0 },
		  3,
		  false,
		  0,
		  0,
		  0 },
		{ "indefinite", { 0x30, 0x80, 0, 0 }, 4, false, 0, 0, 0 },
		{ "larger than any memory",
		  { 4, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		  10,
		  false,
		  0,
		  0,
		  0 },
		{ "larger than a number",
		  { 4, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0, 7 },
		  12,
		  false,
		  0,
		  0,
		  0 },
		{ "127 bytes of length", { 4, 0xff, 0, 1 }, 4, false, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t *bytes = copy_of(rows[i].bytes, rows[i].size);
		struct der der = { bytes, rows[i].size };
		struct der_element element = { .tag = 99 };
		size_t end = rows[i].begin + rows[i].length;

		assert_row(der_next(&der, &element) == rows[i].is_good,
			   rows[i].name);
		if (rows[i].is_good) {
			assert_row(element.tag == rows[i].tag, rows[i].name);
			assert_row(element.content.at == bytes + rows[i].begin,
				   rows[i].name);
			assert_row(element.content.left == rows[i].length,
				   rows[i].name);
			assert_row(der.at == bytes + end, rows[i].name);
			assert_row(der.left == rows[i].size - end,
				   rows[i].name);
		} else {
			/* Nothing has moved. */
			assert_row(element.tag == 99, rows[i].name);
			assert_row(der.at == bytes, rows[i].name);
			assert_row(der.left == rows[i].size, rows[i].name);
		}
		free(bytes);
	}
}

/* As a length of its own, 128, there would be enough. */
static void test_indefinite_length(void **state)
{
	uint8_t bytes[2 + 0x80 + 2] = { 0x30, 0x80 };
	struct der der = { bytes, sizeof(bytes) };
	struct der_element element;

	(void)state;
	assert_false(der_next(&der, &element));
	assert_int_equal(der.left, sizeof(bytes));
}

static void test_enter(void **state)
{
	/* 5, SEQUENCE of 1 and 2 */
	static const uint8_t bytes[] = { 2, 1, 5, 0x30, 6, 2, 1, 1, 2, 1, 2 };
	struct der der = { bytes, sizeof(bytes) };

	(void)state;
	assert_false(der_enter(&der, 2));
	assert_ptr_equal(der.at, bytes);
	assert_int_equal(der.left, sizeof(bytes));
	assert_true(der_enter(&der, 1));
	assert_ptr_equal(der.at, bytes + 5);
	assert_int_equal(der.left, 6);
	assert_true(der_enter(&der, 1));
	assert_int_equal(der.left, 1);
	assert_int_equal(*der.at, 2);
	der = (struct der){ bytes, sizeof(bytes) };
	assert_true(der_enter(&der, 0));
	assert_int_equal(*der.at, 5);
	der.left = 0;
	assert_false(der_enter(&der, 0));
}

/* --- Counts --------------------------------------------------------------- */

static void test_count(void **state)
{
	static const struct {
		const char *name;
		uint8_t bytes[16];
		size_t size;
		bool is_good;
		size_t elements, sets;
	} rows[] = {
		{ "nothing", { 0 }, 0, true, 0, 0 },
		{ "two", { 5, 0, 0x31, 0 }, 4, true, 2, 1 },
		{ "nested",
		  { 0x30, 6, 0x31, 4, 0x31, 0, 5, 0 },
		  8,
		  true,
		  4,
		  2 },
		{ "in an OCTET STRING",
		  { 4, 4, 0x31, 0, 5, 0 },
		  6,
		  true,
		  3,
		  1 },
		{ "in a BIT STRING, which nobody decodes",
		  { 3, 3, 0, 0x31, 0 },
		  5,
		  true,
		  1,
		  0 },
		{ "a primitive SET is none",
		  { 0x11, 2, 0x31, 0 },
		  4,
		  true,
		  1,
		  0 },
		{ "cut off", { 0x30, 3, 5, 0 }, 4, false, 0, 0 },
		{ "cut off inside",
		  { 0x30, 4, 0x31, 3, 5, 0 },
		  6,
		  false,
		  0,
		  0 },
		{ "past the one around it",
		  { 0x30, 2, 4, 1, 9 },
		  5,
		  false,
		  0,
		  0 },
		{ "a byte too many", { 5, 0, 5 }, 3, false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t *bytes = copy_of(rows[i].bytes, rows[i].size);
		struct der_counts counts = { 77, 77 };

		assert_row(der_count(bytes, rows[i].size, &counts) ==
				   rows[i].is_good,
			   rows[i].name);
		if (!rows[i].is_good)
			assert_row(counts.elements == 77 && counts.sets == 77,
				   rows[i].name);
		else {
			assert_row(counts.elements == rows[i].elements,
				   rows[i].name);
			assert_row(counts.sets == rows[i].sets, rows[i].name);
		}
		free(bytes);
	}
}

/* In an OCTET STRING: the most that could be there, but nothing in a hash. */
static void test_no_der_in_octets(void **state)
{
	static const struct {
		const char *name;
		uint8_t start[4];
		size_t size;
		size_t elements, sets;
	} rows[] = {
		{ "a hash", { 0x31, 0x31, 0x31, 0x31 }, 64, 1, 0 },
		{ "more", { 0x31, 0x31, 0x31, 0x31 }, 66, 34, 4 },
		{ "indefinite", { 0x30, 0x80, 0x31, 0 }, 66, 34, 1 },
		{ "SETs by two bytes", { 0x3f, 0x11, 0x3f, 0x11 }, 66, 34, 2 },
		{ "DER", { 0x31, 0, 5, 62 }, 66, 3, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t bytes[2 + 66] = { DER_OCTET_STRING,
					  (uint8_t)rows[i].size };
		struct der_counts counts = { 0 };

		memcpy(bytes + 2, rows[i].start, sizeof(rows[i].start));
		assert_row(der_count(bytes, 2 + rows[i].size, &counts),
			   rows[i].name);
		assert_row(counts.elements == rows[i].elements, rows[i].name);
		assert_row(counts.sets == rows[i].sets, rows[i].name);
	}
}

/* `depth` SEQUENCEs, one in the other; returns their size. */
static size_t nest(uint8_t *der, int depth)
{
	for (int i = 0; i < depth; i++) {
		der[2 * i] = 0x30;
		der[2 * i + 1] = (uint8_t)(2 * (depth - i - 1));
	}
	return (size_t)depth * 2;
}

/* What nests deeper than any certificate is no certificate: nor does it cost
 * us our stack. */
static void test_depth(void **state)
{
	uint8_t der[128];
	struct der_counts counts;

	(void)state;
	assert_true(der_count(der, nest(der, 32), &counts));
	assert_int_equal(counts.elements, 32);
	assert_false(der_is_costly(der, nest(der, 32)));
	assert_false(der_count(der, nest(der, 33), &counts));
	assert_true(der_is_costly(der, nest(der, 33)));
	/* In OCTET STRINGs it is guessed at. */
	(void)nest(der, 40);
	for (size_t i = 0; i < 80; i += 2)
		der[i] = DER_OCTET_STRING;
	assert_true(der_count(der, 80, &counts));
	assert_in_range(counts.elements, 32, 50);
}

/* Empty SETs in a SEQUENCE. */
static size_t make_sets(uint8_t *der, size_t count)
{
	size_t size = 4;

	der[0] = 0x30;
	der[1] = 0x82;
	der[2] = (uint8_t)(2 * count >> 8);
	der[3] = (uint8_t)(2 * count);
	for (size_t i = 0; i < count; i++) {
		der[size++] = DER_SET;
		der[size++] = 0;
	}
	return size;
}

static void test_costly(void **state)
{
	uint8_t der[4 + 2 * (DER_SETS_MAX + 1)] = { 0 };

	(void)state;
	assert_false(der_is_costly(der, 0));
	assert_false(der_is_costly(der, make_sets(der, DER_SETS_MAX)));
	assert_true(der_is_costly(der, make_sets(der, DER_SETS_MAX + 1)));
	/* An extension is an OCTET STRING with DER in it; */
	der[0] = DER_OCTET_STRING;
	assert_true(der_is_costly(der, sizeof(der)));
	/* or with what a decoder takes for such. */
	der[sizeof(der) - 1] = 1;
	assert_true(der_is_costly(der, sizeof(der)));
}

/* Nothing but a whole certificate is one. */
static void test_truncated_certificate(void **state)
{
	struct test_cert cert = test_cert_make(&(struct test_cert_spec){
		.cn = "a", .dns = { "a.example" }, .ip = "192.0.2.1" });
	struct der_counts counts;
	int64_t begin = 7;
	int64_t end = 7;
	size_t dates = 0;

	(void)state;
	for (size_t size = 1; size < cert.der.size; size++) {
		uint8_t *cut = copy_of(cert.der.data, size);

		assert_false(der_count(cut, size, &counts));
		assert_true(der_is_costly(cut, size));
		assert_false(der_validity(cut, size, &begin, &end));
		free(cut);
		/* Likewise where the length is right and the rest is not. */
		cut = copy_of(cert.der.data, cert.der.size);
		memset(cut + size, 0xff, cert.der.size - size);
		assert_int_equal(der_count(cut, cert.der.size, &counts),
				 !der_is_costly(cut, cert.der.size));
		dates += der_validity(cut, cert.der.size, &begin, &end);
		free(cut);
	}
	assert_true(begin == TEST_CERT_NOT_BEFORE);
	assert_true(end == TEST_CERT_NOT_AFTER);
	assert_true(dates > 0);
	assert_true(dates < cert.der.size);
	assert_true(der_count(cert.der.data, cert.der.size, &counts));
	assert_int_equal(counts.sets, 2);
	assert_false(der_is_costly(cert.der.data, cert.der.size));
	test_cert_free(&cert);
}

/* --- Dates ---------------------------------------------------------------- */

struct text {
	uint8_t tag;
	const char *digits;
};

static size_t put_time(uint8_t *at, const struct text *time)
{
	size_t size = strlen(time->digits);

	assert_true(size < 0x80);
	at[0] = time->tag;
	at[1] = (uint8_t)size;
	memcpy(at + 2, time->digits, size);
	return 2 + size;
}

/* The beginning of a certificate: all that stands before its validity is
 * empty. */
static size_t make_certificate(uint8_t *der, bool has_version,
			       const struct text *begin, const struct text *end)
{
	static const uint8_t first[] = { 2, 0, 0x30, 0, 0x30, 0 };
	size_t size = 4;

	if (has_version) {
		memcpy(der + size, "\xa0\x03\x02\x01\x02", 5);
		size += 5;
	}
	memcpy(der + size, first, sizeof(first));
	size += sizeof(first) + 2;
	der[size - 2] = 0x30;
	der[size - 1] = (uint8_t)put_time(der + size, begin);
	der[size - 1] += (uint8_t)put_time(der + size + der[size - 1], end);
	size += der[size - 1];
	assert_true(size < 0x80);
	der[0] = der[2] = 0x30;
	der[1] = (uint8_t)(size - 2);
	der[3] = (uint8_t)(size - 4);
	return size;
}

#define U DER_UTC_TIME
#define G DER_GENERALIZED_TIME

static void test_times(void **state)
{
	static const struct {
		struct text time;
		bool is_good;
		int64_t seconds;
	} rows[] = {
		{ { U, "231114221320Z" }, true, 1700000000 },
		{ { U, "700101000000Z" }, true, 0 },
		{ { U, "691231235959Z" }, true, -1 },
		{ { U, "500101000000Z" }, true, -631152000 },
		{ { U, "491231235959Z" }, true, 2524607999 },
		{ { U, "000229120000Z" }, true, 951825600 },
		{ { G, "20500101000000Z" }, true, 2524608000 },
		{ { G, "20231114221320Z" }, true, 1700000000 },
		{ { G, "19500101000000Z" }, true, -631152000 },
		{ { G, "99991231235959Z" }, true, 253402300799 },
		{ { G, "00000101000000Z" }, true, -62167219200 },
		{ { G, "20161231235960Z" }, true, 1483228800 },
		/* The wrong form for the tag, or for RFC 5280. */
		{ { U, "20231114221320Z" }, false, 0 },
		{ { G, "231114221320Z" }, false, 0 },
		{ { U, "2311142213Z" }, false, 0 },
		{ { U, "231114221320+0000" }, false, 0 },
		{ { U, "231114221320" }, false, 0 },
		{ { U, "231114221320z" }, false, 0 },
		{ { U, "231114221320ZZ" }, false, 0 },
		{ { G, "20231114221320.5Z" }, false, 0 },
		{ { U, "" }, false, 0 },
		{ { U, "Z" }, false, 0 },
		{ { G, "Z" }, false, 0 },
		{ { 0x0c, "231114221320Z" }, false, 0 },
		/* No such time. */
		{ { U, "230014221320Z" }, false, 0 },
		{ { U, "231314221320Z" }, false, 0 },
		{ { U, "231100221320Z" }, false, 0 },
		{ { U, "231132221320Z" }, false, 0 },
		{ { U, "231114241320Z" }, false, 0 },
		{ { U, "231114226020Z" }, false, 0 },
		{ { U, "231114221361Z" }, false, 0 },
		/* No digits. */
		{ { U, "x31114221320Z" }, false, 0 },
		{ { U, "2x1114221320Z" }, false, 0 },
		{ { U, "23:114221320Z" }, false, 0 },
		{ { U, "23111422132/Z" }, false, 0 },
		{ { U, "-11114221320Z" }, false, 0 },
		{ { G, "-0231114221320Z" }, false, 0 },
		{ { G, "2 231114221320Z" }, false, 0 },
	};
	static const struct text other = { U, "240101000000Z" };

	(void)state;
	/* As start and as end, with a version and without. */
	for (size_t i = 0; i < COUNT_OF(rows) * 4; i++) {
		size_t row = i / 4;
		bool is_end = i % 2 != 0;
		uint8_t der[128];
		int64_t begin = 7;
		int64_t end = 7;
		size_t size = make_certificate(
			der, i / 2 % 2 != 0, is_end ? &other : &rows[row].time,
			is_end ? &rows[row].time : &other);
		uint8_t *copy = copy_of(der, size);

		assert_row(der_validity(copy, size, &begin, &end) ==
				   rows[row].is_good,
			   rows[row].time.digits);
		if (rows[row].is_good) {
			assert_row((is_end ? end : begin) == rows[row].seconds,
				   rows[row].time.digits);
			assert_true((is_end ? begin : end) == 1704067200);
		} else
			assert_row(begin == 7 && end == 7,
				   rows[row].time.digits);
		free(copy);
	}
}

/* A certificate that ends early, at each byte. */
static void test_no_validity(void **state)
{
	static const struct text time = { U, "240101000000Z" };
	uint8_t der[128];
	size_t size = make_certificate(der, true, &time, &time);
	int64_t begin;
	int64_t end;

	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *copy = copy_of(der, cut);

		assert_false(der_validity(copy, cut, &begin, &end));
		/* With lengths that fit, too. */
		if (cut >= 4) {
			copy[1] = (uint8_t)(cut - 2);
			copy[3] = (uint8_t)(cut - 4);
			assert_false(der_validity(copy, cut, &begin, &end));
		}
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_indefinite_length),
		cmocka_unit_test(test_enter),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_no_der_in_octets),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_costly),
		cmocka_unit_test(test_truncated_certificate),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_no_validity),
	};

	return cmocka_run_group_tests_name("der", tests, NULL, NULL);
}
