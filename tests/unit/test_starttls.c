/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/starttls: dialogues as they are recorded, each in pieces of any size;
 * refusals, hostile replies, and noise.
 */
#include <config.h>

#include "probe/starttls.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "support.h"

enum side {
	NOBODY, /* the end */
	CLIENT,
	SERVER,
};

struct turn {
	enum side side;
	const char *bytes;
	size_t size;
};

#define B(literal) (literal), sizeof(literal) - 1
#define C(literal)                                                             \
	{                                                                      \
		CLIENT, B(literal)                                             \
	}
#define S(literal)                                                             \
	{                                                                      \
		SERVER, B(literal)                                             \
	}
#define TURNS_MAX 8

struct dialogue {
	const char *name;
	enum starttls_protocol protocol;
	struct turn turns[TURNS_MAX];
};

#define EHLO C("EHLO certificate-expiry-monitor.invalid\r\n")
#define LDAP_REQUEST                                                           \
	C("\x30\x1d\x02\x01\x01\x77\x18\x80\x16"                               \
	  "1.3.6.1.4.1.1466.20037")
#define SSL_REQUEST C("\0\0\0\x08\x04\xd2\x16\x2f")
#define MYSQL_REQUEST                                                          \
	C("\x20\0\0\x01\x01\x8a\0\0\0\0\0\x01\x21"                             \
	  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")

static const struct dialogue good[] = {
	{ "smtp",
	  STARTTLS_SMTP,
	  { S("220 mx.example.org ESMTP\r\n"), EHLO,
	    S("250 mx.example.org\r\n"), C("STARTTLS\r\n"),
	    S("220 2.0.0 Ready to start TLS\r\n") } },
	{ "smtp, several lines each",
	  STARTTLS_SMTP,
	  { S("220-mx.example.org ESMTP\r\n220-\r\n220 No spam\r\n"), EHLO,
	    S("250-mx.example.org\r\n250-PIPELINING\r\n250-SIZE 1000\r\n"
	      "250 SMTPUTF8\r\n"),
	    C("STARTTLS\r\n"), S("220-Ready\r\n220 Go ahead\r\n") } },
	{ "smtp, bare codes and line feeds",
	  STARTTLS_SMTP,
	  { S("220\n"), EHLO, S("250-a\r\n250\n"), C("STARTTLS\r\n"),
	    S("220\r\n") } },
	{ "imap",
	  STARTTLS_IMAP,
	  { S("* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"),
	    C("a STARTTLS\r\n"), S("a OK Begin TLS negotiation now\r\n") } },
	{ "imap, untagged lines",
	  STARTTLS_IMAP,
	  { S("* OK\n"), C("a STARTTLS\r\n"),
	    S("* CAPABILITY IMAP4rev1\r\n* OK a OK\r\na OK\n") } },
	{ "pop3",
	  STARTTLS_POP3,
	  { S("+OK POP3 <1.2@example.org>\r\n"), C("STLS\r\n"),
	    S("+OK Begin TLS\r\n") } },
	{ "pop3, no text",
	  STARTTLS_POP3,
	  { S("+OK\r\n"), C("STLS\r\n"), S("+OK\n") } },
	{ "ldap",
	  STARTTLS_LDAP,
	  { LDAP_REQUEST,
	    S("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\0\x04\0\x04\0") } },
	{ "ldap, lengths of four bytes and a name",
	  STARTTLS_LDAP,
	  { LDAP_REQUEST, S("\x30\x84\0\0\0\x28\x02\x01\x01\x78\x84\0\0\0\x1f"
			    "\x0a\x01\0\x04\0\x04\0\x8a\x16"
			    "1.3.6.1.4.1.1466.20037") } },
	{ "ldap, lengths of one to three bytes, controls",
	  STARTTLS_LDAP,
	  { LDAP_REQUEST, S("\x30\x81\x17\x02\x82\0\x01\x01\x78\x83\0\0\x0b"
			    "\x0a\x01\0\x04\x02xy\x04\x02ok\xa0\x00") } },
	{ "postgres", STARTTLS_POSTGRES, { SSL_REQUEST, S("S") } },
	{ "mysql 8",
	  STARTTLS_MYSQL,
	  { S("\x4a\0\0\0\x0a"
	      "8.0.36\0\x0b\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\x15"
	      "\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0caching_sha2_password\0"),
	    MYSQL_REQUEST } },
	{ "mysql, nothing after the capabilities",
	  STARTTLS_MYSQL,
	  { S("\x14\0\0\0\x0a"
	      "4.1\0\x01\0\0\0abcdefgh\0\0\x08"),
	    MYSQL_REQUEST } },
};

/* What the server says, with no regard for us, and what that comes to. */
static const struct refusal {
	const char *name;
	enum starttls_protocol protocol;
	const char *bytes;
	size_t size;
	const char *detail;
} refusals[] = {
	{ "no service", STARTTLS_SMTP,
	  B("554-No SMTP service here\r\n554 Bye\r\n"),
	  "the greeting is not \"220\": \"554-No SMTP service here\"" },
	{ "EHLO unknown", STARTTLS_SMTP, B("220 a\r\n502 What?\r\n"),
	  "the answer to \"EHLO certificate-expiry-monitor.invalid\" is not "
	  "\"250\": \"502 What?\"" },
	{ "no TLS now", STARTTLS_SMTP,
	  B("220 a\r\n250 a\r\n454 TLS not available\r\n"),
	  "the answer to \"STARTTLS\" is not \"220\": "
	  "\"454 TLS not available\"" },
	{ "another code in a continuation", STARTTLS_SMTP,
	  B("220-a\r\n250-b\r\n"), "the greeting is not \"220\": \"250-b\"" },
	{ "a code of four digits", STARTTLS_SMTP, B("2200 a\r\n"),
	  "the greeting is not \"220\": \"2200 a\"" },
	{ "a code cut short", STARTTLS_SMTP, B("22\n0 a\r\n"),
	  "the greeting is not \"220\": \"22\"" },
	{ "an empty line", STARTTLS_SMTP, B("\r\n"),
	  "the greeting is not \"220\"" },
	{ "a line feed", STARTTLS_SMTP, B("\n"),
	  "the greeting is not \"220\"" },
	{ "already authenticated", STARTTLS_IMAP, B("* PREAUTH hello\r\n"),
	  "the greeting is not \"* OK\": \"* PREAUTH hello\"" },
	{ "goodbye", STARTTLS_IMAP, B("* BYE Too many connections\r\n"),
	  "the greeting is not \"* OK\": \"* BYE Too many connections\"" },
	{ "NO", STARTTLS_IMAP, B("* OK\r\n* x\r\na NO not configured\r\n"),
	  "the answer to \"a STARTTLS\" is not \"a OK\": "
	  "\"a NO not configured\"" },
	{ "BAD", STARTTLS_IMAP, B("* OK\r\na BAD unknown command\r\n"),
	  "the answer to \"a STARTTLS\" is not \"a OK\": "
	  "\"a BAD unknown command\"" },
	{ "another tag", STARTTLS_IMAP, B("* OK\r\nb OK\r\n"),
	  "the answer to \"a STARTTLS\" is not \"a OK\": \"b OK\"" },
	{ "OKAY", STARTTLS_IMAP, B("* OK\r\na OKAY\r\n"),
	  "the answer to \"a STARTTLS\" is not \"a OK\": \"a OKAY\"" },
	{ "busy", STARTTLS_POP3, B("-ERR busy\r\n"),
	  "the greeting is not \"+OK\": \"-ERR busy\"" },
	{ "no STLS", STARTTLS_POP3, B("+OK\r\n-ERR no TLS\r\n"),
	  "the answer to \"STLS\" is not \"+OK\": \"-ERR no TLS\"" },

	{ "protocolError", STARTTLS_LDAP,
	  B("\x30\x20\x02\x01\x01\x78\x1b\x0a\x01\x02\x04\0\x04\x14"
	    "unsupported extended"),
	  "LDAP resultCode 2: \"unsupported extended\"" },
	{ "unavailable, as a Notice of Disconnection", STARTTLS_LDAP,
	  B("\x30\x28\x02\x01\0\x78\x23\x0a\x01\x34\x04\0\x04\x04"
	    "busy\x8a\x16"
	    "1.3.6.1.4.1.1466.20036"),
	  "LDAP resultCode 52: \"busy\"" },
	{ "a code of two bytes", STARTTLS_LDAP,
	  B("\x30\x0d\x02\x01\x01\x78\x08\x0a\x02\x10\0\x04\0\x04\0"),
	  "LDAP resultCode 4096" },
	{ "success for somebody else", STARTTLS_LDAP,
	  B("\x30\x0e\x02\x01\x02\x78\x09\x0a\x01\0\x04\0\x04\x02hm"),
	  "an LDAP answer to messageID 2: \"hm\"" },
	{ "a response to Bind", STARTTLS_LDAP,
	  B("\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\0\x04\0\x04\0"),
	  "not an ExtendedResponse of LDAP: \"0    a        \"" },
	{ "no messageID", STARTTLS_LDAP,
	  B("\x30\x0b\x02\0\x78\x07\x0a\x01\0\x04\0\x04\0"),
	  "not an ExtendedResponse of LDAP: \"0   x        \"" },
	{ "messageID of five bytes", STARTTLS_LDAP,
	  B("\x30\x10\x02\x05\0\0\0\0\x01\x78\x07\x0a\x01\0\x04\0\x04\0"),
	  "not an ExtendedResponse of LDAP: \"0        x        \"" },
	{ "no resultCode", STARTTLS_LDAP,
	  B("\x30\x0b\x02\x01\x01\x78\x06\x0a\0\x04\0\x04\0"),
	  "not an ExtendedResponse of LDAP: \"0    x       \"" },
	{ "resultCode of INTEGER", STARTTLS_LDAP,
	  B("\x30\x0c\x02\x01\x01\x78\x07\x02\x01\0\x04\0\x04\0"),
	  "not an ExtendedResponse of LDAP: \"0    x        \"" },
	{ "resultCode -128", STARTTLS_LDAP,
	  B("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x80\x04\0\x04\0"),
	  "not an ExtendedResponse of LDAP: \"0    x   ?    \"" },
	{ "no diagnosticMessage", STARTTLS_LDAP,
	  B("\x30\x0a\x02\x01\x01\x78\x05\x0a\x01\0\x04\0"),
	  "not an ExtendedResponse of LDAP: \"0    x      \"" },
	{ "indefinite length inside", STARTTLS_LDAP,
	  B("\x30\x0e\x02\x01\x01\x78\x80\x0a\x01\0\x04\0\x04\0\0\0"),
	  "not an ExtendedResponse of LDAP: \"0    x?         \"" },
	{ "an empty message", STARTTLS_LDAP, B("\x30\0"),
	  "not an ExtendedResponse of LDAP: \"0 \"" },
	{ "HTTP", STARTTLS_LDAP, B("HTTP/1.1 400 Bad Request\r\n"),
	  "not LDAP: \"H\"" },
	{ "indefinite length", STARTTLS_LDAP, B("\x30\x80\x02\x01\x01"),
	  "an LDAP message without a good length" },
	{ "a length of five bytes", STARTTLS_LDAP,
	  B("\x30\x85\0\0\0\0\x0c\x02\x01\x01"),
	  "an LDAP message without a good length" },
	{ "a byte past the limit", STARTTLS_LDAP, B("\x30\x82\x10\x01\x02"),
	  "an LDAP message without a good length" },
	{ "4 GiB", STARTTLS_LDAP, B("\x30\x84\xff\xff\xff\xff\x02"),
	  "an LDAP message without a good length" },

	{ "no", STARTTLS_POSTGRES, B("N"), "PostgreSQL offers no TLS: \"N\"" },
	{ "too many", STARTTLS_POSTGRES,
	  B("E\0\0\0\x29SFATAL\0C53300\0Mtoo many connections\0\0"),
	  "PostgreSQL error: \"too many connections\"" },
	{ "the message comes first", STARTTLS_POSTGRES,
	  B("E\0\0\0\x0bMno\0Mx\0"), "PostgreSQL error: \"no\"" },
	{ "no fields", STARTTLS_POSTGRES, B("E\0\0\0\x04"),
	  "PostgreSQL error" },
	{ "no message", STARTTLS_POSTGRES, B("E\0\0\0\x0cSFATAL\0\0"),
	  "PostgreSQL error" },
	{ "what follows the last field is not one", STARTTLS_POSTGRES,
	  B("E\0\0\0\x0c\0Mhello\0"), "PostgreSQL error" },
	{ "a field without an end", STARTTLS_POSTGRES, B("E\0\0\0\x08Mabc"),
	  "PostgreSQL error" },
	{ "a field that ends after the message", STARTTLS_POSTGRES,
	  B("E\0\0\0\x08Mabc\0"), "PostgreSQL error" },
	{ "a length that is less than its own", STARTTLS_POSTGRES,
	  B("E\0\0\0\x03Mx\0"), "PostgreSQL error" },
	{ "protocol 2.0", STARTTLS_POSTGRES,
	  B("Ecould not fork new process\n\0"),
	  "PostgreSQL error: \"could not fork new process \"" },
	{ "SMTP", STARTTLS_POSTGRES, B("220 a\r\n"), "not PostgreSQL: \"2\"" },

	{ "blocked", STARTTLS_MYSQL,
	  B("\x1e\0\0\0\xff\x69\x04Host '192.0.2.1' is blocked"),
	  "MySQL error 1129: \"Host '192.0.2.1' is blocked\"" },
	{ "too many, with an SQLSTATE", STARTTLS_MYSQL,
	  B("\x1d\0\0\0\xff\x10\x04#08004Too many connections"),
	  "MySQL error 1040: \"Too many connections\"" },
	{ "no message", STARTTLS_MYSQL, B("\x03\0\0\x05\xff\x69\x04"),
	  "MySQL error 1129" },
	{ "no TLS", STARTTLS_MYSQL,
	  B("\x18\0\0\0\x0a"
	    "8.0.36\0\x01\0\0\0abcdefgh\0\xff\xf7\xff"),
	  "MySQL offers no TLS: \"8.0.36\"" },
	{ "capabilities cut in half", STARTTLS_MYSQL,
	  B("\x16\0\0\0\x0a"
	    "8.0.36\0\x01\0\0\0abcdefgh\0\xff"),
	  "a MySQL handshake cut short: \"8.0.36\"" },
	{ "a version without an end", STARTTLS_MYSQL,
	  B("\x18\0\0\0\x0a"
	    "8.0.36-abcdefghijklmnop"),
	  "a MySQL handshake cut short: \"8.0.36-abcdefghijklmnop\"" },
	{ "nothing after the 10", STARTTLS_MYSQL, B("\x01\0\0\0\x0a"),
	  "a MySQL handshake cut short" },
	{ "version 9", STARTTLS_MYSQL,
	  B("\x05\0\0\0\x09"
	    "3.20"),
	  "not a MySQL handshake of version 10: \"3.20\"" },
	{ "not the first packet", STARTTLS_MYSQL,
	  B("\x17\0\0\x01\x0a"
	    "8.0.36\0\x01\0\0\0abcdefgh\0\xff\xff"),
	  "not a MySQL handshake of version 10: "
	  "\"8.0.36     abcdefgh ??\"" },
	{ "an empty packet", STARTTLS_MYSQL, B("\0\0\0\0"),
	  "not MySQL: \"    \"" },
	{ "a packet past the limit", STARTTLS_MYSQL, B("\xfd\x0f\0\0\x0a"),
	  "not MySQL: \"?   \"" },
	{ "a packet of 65537 bytes", STARTTLS_MYSQL, B("\x01\0\x01\0\x0a"),
	  "not MySQL: \"    \"" },
	{ "SMTP", STARTTLS_MYSQL, B("220 mx.example.org ESMTP\r\n"),
	  "not MySQL: \"220 \"" },
};

/* All at once, and ever smaller. */
static const size_t pieces[] = { SIZE_MAX, 7, 3, 2, 1 };

/* What lies behind the bytes that were received. */
static const int fills[] = { 0, '\n', 'S', 0xff };

static void begin(struct starttls *s, enum starttls_protocol protocol, int fill)
{
	starttls_begin(s, protocol);
	memset(s->reply, fill, sizeof(s->reply));
}

/* From memory that ends where the bytes do. */
static void receive(struct starttls *s, const char *bytes, size_t size,
		    size_t piece)
{
	while (size > 0) {
		size_t now = size < piece ? size : piece;
		uint8_t *copy = malloc(now);

		assert_non_null(copy);
		memcpy(copy, bytes, now);
		starttls_received(s, copy, now);
		free(copy);
		bytes += now;
		size -= now;
	}
}

/* Plays `d` until `budget` bytes of the server are used up. */
static void converse(struct starttls *s, const struct dialogue *d, size_t piece,
		     size_t budget)
{
	for (const struct turn *t = d->turns; t->side != NOBODY; t++) {
		size_t size = t->size;

		if (t->side == CLIENT) {
			const uint8_t *output;

			assert_row(starttls_next(s) == STARTTLS_SEND, d->name);
			output = starttls_output(s, &size);
			assert_row(size == t->size, d->name);
			assert_memory_equal(output, t->bytes, size);
			starttls_sent(s);
			continue;
		}
		assert_row(starttls_next(s) == STARTTLS_RECEIVE, d->name);
		if (size > budget)
			size = budget;
		receive(s, t->bytes, size, piece);
		if (size < t->size)
			return;
		budget -= size;
	}
}

/* All that the server says in `d`, in one piece. */
static size_t server_bytes(const struct dialogue *d, char *bytes, size_t max)
{
	size_t size = 0;

	for (const struct turn *t = d->turns; t->side != NOBODY; t++) {
		if (t->side != SERVER)
			continue;
		assert_true(t->size <= max - size);
		memcpy(bytes + size, t->bytes, t->size);
		size += t->size;
	}
	return size;
}

/* A server that does not wait for us: it has said `bytes` already. */
static void overhear(struct starttls *s, const char *bytes, size_t size,
		     size_t piece)
{
	for (;;) {
		size_t now = size < piece ? size : piece;

		if (starttls_next(s) == STARTTLS_SEND) {
			starttls_sent(s);
			continue;
		}
		if (starttls_next(s) != STARTTLS_RECEIVE || size == 0)
			return;
		receive(s, bytes, now, now);
		bytes += now;
		size -= now;
	}
}

/* A line of UTF-8 when it failed, else nothing. */
static void assert_detail_is_line(const struct starttls *s, const char *name)
{
	const char *detail = starttls_detail(s);

	if (starttls_next(s) != STARTTLS_FAILED) {
		assert_row(detail[0] == '\0', name);
		return;
	}
	assert_row(detail[0] != '\0', name);
	assert_row(memchr(detail, '\0', STARTTLS_DETAIL_MAX) != NULL, name);
	assert_row(text_is_utf8(detail), name);
	for (; *detail != '\0'; detail++)
		assert_row((unsigned char)*detail >= 0x20 && *detail != 0x7f,
			   name);
}

static void test_good_dialogues(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		for (size_t p = 0; p < COUNT_OF(pieces); p++) {
			for (size_t f = 0; f < COUNT_OF(fills); f++) {
				struct starttls s;

				begin(&s, good[i].protocol, fills[f]);
				converse(&s, &good[i], pieces[p], SIZE_MAX);
				assert_row(starttls_next(&s) == STARTTLS_READY,
					   good[i].name);
				assert_detail_is_line(&s, good[i].name);
			}
		}
	}
}

static void test_every_protocol_is_tried(void **state)
{
	bool tried[STARTTLS_COUNT] = { [STARTTLS_NONE] = true };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++)
		tried[good[i].protocol] = true;
	for (size_t i = 0; i < COUNT_OF(tried); i++)
		assert_true(tried[i]);
}

/* Cut off anywhere, it waits for more. */
static void test_every_truncation(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		char bytes[256];
		size_t size = server_bytes(&good[i], bytes, sizeof(bytes));

		for (size_t cut = 0; cut < size; cut++) {
			for (size_t f = 0; f < COUNT_OF(fills); f++) {
				struct starttls s;

				begin(&s, good[i].protocol, fills[f]);
				converse(&s, &good[i], SIZE_MAX, cut);
				assert_row(starttls_next(&s) ==
						   STARTTLS_RECEIVE,
					   good[i].name);
				assert_detail_is_line(&s, good[i].name);
				begin(&s, good[i].protocol, fills[f]);
				converse(&s, &good[i], 1, cut);
				assert_row(starttls_next(&s) ==
						   STARTTLS_RECEIVE,
					   good[i].name);
			}
		}
	}
}

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		for (size_t p = 0; p < COUNT_OF(pieces); p++) {
			struct starttls s;

			begin(&s, refusals[i].protocol, 0);
			overhear(&s, refusals[i].bytes, refusals[i].size,
				 pieces[p]);
			assert_row(starttls_next(&s) == STARTTLS_FAILED,
				   refusals[i].name);
			assert_string_equal(starttls_detail(&s),
					    refusals[i].detail);
			/* And so it stays. */
			receive(&s, "220 a\r\n", 7, 1);
			assert_row(starttls_next(&s) == STARTTLS_FAILED,
				   refusals[i].name);
			assert_string_equal(starttls_detail(&s),
					    refusals[i].detail);
		}
	}
}

/* Each length inside of a good LDAP answer, one less and one more. */
static void test_wrong_lengths_in_ldap(void **state)
{
	static const char answer[] =
		"\x30\x17\x02\x01\x01\x78\x0e\x0a\x01\0\x04\x01"
		"a\x04\x01"
		"b\x8a\x01"
		"c\x8b\0\xa0\x02\x05\0";
	static const size_t lengths[] = { 3, 6, 8, 11, 14, 17, 20, 22 };

	(void)state;
	for (size_t i = 0; i <= COUNT_OF(lengths); i++) {
		for (int by = -1; by <= 1; by += 2) {
			char bytes[sizeof(answer) - 1];
			struct starttls s;

			memcpy(bytes, answer, sizeof(bytes));
			if (i < COUNT_OF(lengths))
				bytes[lengths[i]] =
					(char)(bytes[lengths[i]] + by);
			begin(&s, STARTTLS_LDAP, 0);
			overhear(&s, bytes, sizeof(bytes), SIZE_MAX);
			assert_int_equal(starttls_next(&s),
					 i < COUNT_OF(lengths) ?
						 STARTTLS_FAILED :
						 STARTTLS_READY);
		}
	}
}

/* Somebody puts words into the server's mouth: in the same piece, or later. */
static void test_bytes_after_the_go_ahead(void **state)
{
	static const char *const injections[] = { "\x16", "\n", "a OK\r\n" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		for (size_t j = 0; j < COUNT_OF(injections); j++) {
			size_t length = strlen(injections[j]);
			char bytes[256];
			size_t size = server_bytes(&good[i], bytes,
						   sizeof(bytes) - length);
			struct starttls s;

			begin(&s, good[i].protocol, 0);
			converse(&s, &good[i], SIZE_MAX, SIZE_MAX);
			receive(&s, injections[j], length, 1);
			assert_row(starttls_next(&s) == STARTTLS_FAILED,
				   good[i].name);
			assert_non_null(strstr(starttls_detail(&s),
					       "bytes after the go-ahead"));
			memcpy(bytes + size, injections[j], length);
			begin(&s, good[i].protocol, 0);
			overhear(&s, bytes, size + length, SIZE_MAX);
			assert_row(starttls_next(&s) == STARTTLS_FAILED,
				   good[i].name);
			assert_non_null(strstr(starttls_detail(&s),
					       "bytes after the go-ahead"));
		}
	}
}

static void test_replies_without_an_end(void **state)
{
	static const struct {
		const char *name;
		enum starttls_protocol protocol;
		struct turn begins, goes_on;
		const char *quotes;
	} rows[] = {
		{ "smtp: continuations", STARTTLS_SMTP, S("220-a\r\n"),
		  S("220-b\r\n"), "\"220-a  220-b" },
		{ "smtp: a line", STARTTLS_SMTP, S("220 "), S("x"),
		  "\"220 xxx" },
		{ "smtp: line after line", STARTTLS_SMTP,
		  S("220 a\r\n250-b\r\n"), S("250-\n"),
		  "\"220 a  250-b  250- " },
		{ "imap: untagged lines", STARTTLS_IMAP, S("* OK\r\n"),
		  S("* 1\r\n"), "\"* OK  * 1" },
		{ "pop3: a line", STARTTLS_POP3, S("+OK\r\n"), S("+OK "),
		  "\"+OK  +OK " },
		{ "ldap: almost too long", STARTTLS_LDAP, S("\x30\x82\x10\0"),
		  S("x"), "\"0?  xxx" },
		{ "postgres: an error", STARTTLS_POSTGRES, S("E"), S("x"),
		  "\"Exxx" },
		{ "mysql: as long as may be", STARTTLS_MYSQL,
		  S("\xfc\x0f\0\0\x0a"), S("x"), NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t count = rows[i].begins.size;
		struct starttls s;

		begin(&s, rows[i].protocol, 0);
		overhear(&s, rows[i].begins.bytes, count, 1);
		while (starttls_next(&s) == STARTTLS_RECEIVE) {
			assert_row(count <= STARTTLS_REPLY_MAX, rows[i].name);
			overhear(&s, rows[i].goes_on.bytes,
				 rows[i].goes_on.size, 1);
			count += rows[i].goes_on.size;
		}
		assert_row(starttls_next(&s) == STARTTLS_FAILED, rows[i].name);
		assert_detail_is_line(&s, rows[i].name);
		assert_row(count >= STARTTLS_REPLY_MAX, rows[i].name);
		if (rows[i].quotes == NULL)
			continue;
		assert_non_null(strstr(starttls_detail(&s),
				       "more than 4096 bytes before TLS: "));
		assert_non_null(strstr(starttls_detail(&s), rows[i].quotes));
	}
}

/* A good dialogue of STARTTLS_REPLY_MAX bytes, and one more. */
static void test_as_long_as_may_be(void **state)
{
	static const char go_ahead[] = "\r\n250 a\r\n220 a\r\n";

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		for (size_t p = 0; p < COUNT_OF(pieces); p++) {
			char bytes[STARTTLS_REPLY_MAX + 1];
			size_t size = STARTTLS_REPLY_MAX + more;
			struct starttls s;

			memset(bytes, 'x', size);
			memcpy(bytes, "220 ", 4);
			memcpy(bytes + size - strlen(go_ahead), go_ahead,
			       strlen(go_ahead));
			begin(&s, STARTTLS_SMTP, 0);
			overhear(&s, bytes, size, pieces[p]);
			assert_int_equal(starttls_next(&s),
					 more == 0 ? STARTTLS_READY :
						     STARTTLS_FAILED);
			if (more == 0)
				receive(&s, "x", 1, 1);
			assert_int_equal(starttls_next(&s), STARTTLS_FAILED);
			assert_detail_is_line(&s, "limit");
		}
	}
}

/* What is refused has its reason, whatever follows it in the same piece. */
static void test_refused_at_length(void **state)
{
	char bytes[2 * STARTTLS_REPLY_MAX];
	struct starttls s;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, "-ERR no\n", 8);
	begin(&s, STARTTLS_POP3, 0);
	receive(&s, bytes, sizeof(bytes), SIZE_MAX);
	assert_int_equal(starttls_next(&s), STARTTLS_FAILED);
	assert_string_equal(starttls_detail(&s),
			    "the greeting is not \"+OK\": \"-ERR no\"");
}

static void test_quotes(void **state)
{
	static const struct {
		const char *name;
		struct turn said;
		const char *quoted;
	} rows[] = {
		{ "UTF-8", S("-ERR gr\xc3\xbc\xc3\x9f\n"),
		  "-ERR gr\xc3\xbc\xc3\x9f" },
		{ "controls", S("-ERR \x1b[31m\x07\tx\x7f\ry\n"),
		  "-ERR  [31m  x  y" },
		{ "C1 controls",
		  S("-ERR \xc2\x9b"
		    "31m\n"),
		  "-ERR   31m" },
		{ "NUL", S("-ERR a\0b\n"), "-ERR a b" },
		{ "no UTF-8", S("-ERR \xff\xc3x\xed\xa0\x80\n"),
		  "-ERR ??x???" },
		{ "a sequence cut by the end", S("-ERR \xe2\x82\r\n"),
		  "-ERR ??" },
		{ "one CR is of the end", S("-ERR a\r\r\n"), "-ERR a " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char expected[STARTTLS_DETAIL_MAX];
		struct starttls s;

		snprintf(expected, sizeof(expected),
			 "the greeting is not \"+OK\": \"%s\"", rows[i].quoted);
		begin(&s, STARTTLS_POP3, 0);
		receive(&s, rows[i].said.bytes, rows[i].said.size, SIZE_MAX);
		assert_string_equal(starttls_detail(&s), expected);
		assert_detail_is_line(&s, rows[i].name);
	}
}

/* Long replies are cut between characters, and the quote is closed. */
static void test_long_quotes(void **state)
{
	static const char *const characters[] = { "x", "\xc3\xbc",
						  "\xe2\x82\xac",
						  "\xf0\x9f\x98\x80" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(characters); i++) {
		size_t width = strlen(characters[i]);

		for (size_t before = 0; before < 4; before++) {
			struct starttls s;
			const char *detail;
			size_t length;

			begin(&s, STARTTLS_POP3, 0);
			receive(&s, "-ERR", 1 + before, 1);
			for (size_t n = 0; n < 300; n++)
				receive(&s, characters[i], width, SIZE_MAX);
			receive(&s, "\n", 1, 1);
			assert_detail_is_line(&s, characters[i]);
			detail = starttls_detail(&s);
			length = strlen(detail);
			assert_true(length + width >= STARTTLS_DETAIL_MAX);
			assert_int_equal(detail[length - 1], '"');
			assert_memory_equal(detail + length - 1 - width,
					    characters[i], width);
		}
	}
}

/* xorshift64 (Marsaglia): the same noise in every run. */
static uint64_t noise(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* However `bytes` are cut into pieces, they mean the same. But what follows the
 * go-ahead is seen only if it is in the same piece. */
static void assert_pieces_agree(enum starttls_protocol protocol,
				const char *bytes, size_t size)
{
	struct starttls whole;

	begin(&whole, protocol, 0);
	overhear(&whole, bytes, size, SIZE_MAX);
	assert_detail_is_line(&whole, "whole");
	for (size_t p = 1; p < COUNT_OF(pieces); p++) {
		struct starttls s;

		begin(&s, protocol, fills[p % COUNT_OF(fills)]);
		overhear(&s, bytes, size, pieces[p]);
		assert_detail_is_line(&s, "pieces");
		if (starttls_next(&s) == STARTTLS_READY &&
		    starttls_next(&whole) == STARTTLS_FAILED) {
			assert_non_null(strstr(starttls_detail(&whole),
					       "bytes after the go-ahead"));
			continue;
		}
		assert_int_equal(starttls_next(&s), starttls_next(&whole));
		if (strstr(starttls_detail(&whole), "after the go-ahead") ==
		    NULL)
			assert_string_equal(starttls_detail(&s),
					    starttls_detail(&whole));
	}
}

static void test_damaged_dialogues(void **state)
{
	uint64_t seed = 0x9e3779b97f4a7c15;

	(void)state;
	for (size_t round = 0; round < 4000; round++) {
		const struct dialogue *d = &good[round % COUNT_OF(good)];
		char bytes[256];
		size_t size = server_bytes(d, bytes, sizeof(bytes));
		size_t damages = 1 + noise(&seed) % 3;

		for (; damages > 0; damages--)
			bytes[noise(&seed) % size] = (char)noise(&seed);
		assert_pieces_agree(d->protocol, bytes, size);
	}
}

/* Of letters that the protocols know, so that some is nearly understood. */
static void test_noise(void **state)
{
	static const char letters[] = "220 250-\r\n* OKa+NSEM\0\x30\x04\x0a\xff"
				      "\x82\x01\x02\x78";
	uint64_t seed = 0x2545f4914f6cdd1d;

	(void)state;
	for (size_t round = 0; round < 3000; round++) {
		enum starttls_protocol protocol = (enum starttls_protocol)(
			1 + round % (STARTTLS_COUNT - 1));
		char bytes[STARTTLS_REPLY_MAX];
		size_t size = 1 + noise(&seed) % 64;

		if (round % 50 == 0)
			size = sizeof(bytes);
		for (size_t i = 0; i < size; i++) {
			uint64_t n = noise(&seed) >> 8;

			bytes[i] = round % 2 == 0 ?
					   (char)n :
					   letters[n % sizeof(letters)];
		}
		assert_pieces_agree(protocol, bytes, size);
	}
}

/* Whatever goes on and on ends. */
static void test_noise_ends(void **state)
{
	uint64_t seed = 0xd1342543de82ef95;

	(void)state;
	for (size_t round = 0; round < 300; round++) {
		enum starttls_protocol protocol = (enum starttls_protocol)(
			1 + round % (STARTTLS_COUNT - 1));
		size_t count = 0;
		struct starttls s;

		begin(&s, protocol, 0);
		while (starttls_next(&s) != STARTTLS_FAILED) {
			char bytes[64];
			size_t size = 1 + noise(&seed) % sizeof(bytes);

			for (size_t i = 0; i < size; i++)
				bytes[i] = (char)noise(&seed);
			if (starttls_next(&s) == STARTTLS_SEND)
				starttls_sent(&s);
			else
				receive(&s, bytes, size, SIZE_MAX);
			count += size;
			assert_true(count <= 2 * STARTTLS_REPLY_MAX);
		}
		assert_detail_is_line(&s, "noise");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_dialogues),
		cmocka_unit_test(test_every_protocol_is_tried),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_wrong_lengths_in_ldap),
		cmocka_unit_test(test_bytes_after_the_go_ahead),
		cmocka_unit_test(test_replies_without_an_end),
		cmocka_unit_test(test_as_long_as_may_be),
		cmocka_unit_test(test_refused_at_length),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_long_quotes),
		cmocka_unit_test(test_damaged_dialogues),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_noise_ends),
	};

	return cmocka_run_group_tests_name("starttls", tests, NULL, NULL);
}
