/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DER (ITU-T X.690) that nobody has checked: element by element, and how much
 * of it a decoder would meet. Nothing is allocated, and any bytes will do.
 */
#ifndef CEM_PROBE_DER_H
#define CEM_PROBE_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that are left to read; borrowed. */
struct der {
	const uint8_t *at;
	size_t left;
};

struct der_element {
	uint8_t tag; /* the identifier's first byte: class, form, number */
	struct der content;
};

#define DER_OCTET_STRING 0x04
#define DER_UTC_TIME 0x17
#define DER_GENERALIZED_TIME 0x18
#define DER_SET 0x31
#define DER_DNS_NAME 0x82    /* in GeneralNames (RFC 5280, 4.2.1.6) */
#define DER_CONSTRUCTED 0x20 /* a bit of any tag */
#define DER_CONTEXT(number) (0xa0 + (number)) /* constructed */

/* Relative distinguished names (SETs) of all names in a certificate: libtasn1
 * takes quadratic time over them, seconds for 20,000. */
#define DER_SETS_MAX 256
/* Elements of a certificate: a SAN list of 15,000 names. */
#define DER_ELEMENTS_MAX 20000
/* Extensions of a certificate: GnuTLS takes quadratic time over them, too, 0.2
 * seconds for 32,000, and that each time. Usual ones have ten. */
#define DER_EXTENSIONS_MAX 128

/* Reads the next element and moves past it. False if none is left, or if it
 * does not end within `der`. Lengths with leading zeros pass, as libtasn1 lets
 * them pass; indefinite ones do not, nor do tags of several bytes whose number
 * fits into one. */
bool der_next(struct der *der, struct der_element *ret_element);

/* Moves into the content of the element `index` (from 0) of `der`. False if
 * there is none. */
bool der_enter(struct der *der, size_t index);

struct der_counts {
	size_t elements;
	size_t sets;
};

/* Counts the elements at all levels, those inside of OCTET STRINGs too
 * (extensions are such). Of OCTET STRINGs that hold anything else, and more
 * than a hash, what a decoder could find there at most is counted. False if
 * `bytes` are no whole elements, each within the one around it. O(size). */
bool der_count(const uint8_t *bytes, size_t size,
	       struct der_counts *ret_counts);

/* Whether the certificate in `bytes` has more SETs than DER_SETS_MAX, more
 * elements than DER_ELEMENTS_MAX, more extensions than DER_EXTENSIONS_MAX, or
 * is no DER, in which a decoder may meet them all the same. O(size). */
bool der_is_costly(const uint8_t *bytes, size_t size);

/* The validity of the certificate in `bytes` (RFC 5280, 4.1.2.5), in seconds
 * since the epoch: GnuTLS knows no time before that. False if there is none
 * that can be read: times are YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ. */
bool der_validity(const uint8_t *bytes, size_t size, int64_t *ret_not_before,
		  int64_t *ret_not_after);

#endif
