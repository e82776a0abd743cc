/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said before TLS: one table has the steps of all protocols, a reader
 * each understands the replies. Sockets and timeouts are the caller's.
 */
#include <config.h>

#include "probe/starttls.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "probe/reader.h"

#define STEPS_MAX 4

static const struct reader nothing = { NULL, 0 };

/* One thing said by us, and the reply. */
struct step {
	const void *sends; /* NULL: the server speaks first */
	size_t sends_size;
	/* Whether the reply is there and good; if so it is understood. NULL:
	 * there is none. Called again when more has been received, unless it
	 * called fail(). */
	bool (*read)(struct starttls *s, const struct step *step);
	/* Of read_line(): the word that the reply begins with, and how lines
	 * begin that come before it and say nothing (NULL: none do). */
	const char *expects;
	const char *skips;
};

static bool read_line(struct starttls *s, const struct step *step);
static bool read_ldap(struct starttls *s, const struct step *step);
static bool read_postgres(struct starttls *s, const struct step *step);
static bool read_mysql(struct starttls *s, const struct step *step);

/* LDAPMessage 1, ExtendedRequest of StartTLS (RFC 4511, 4.12 and 4.14.1). */
static const char ldap_request[] = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
				   "1.3.6.1.4.1.1466.20037";

static const char postgres_request[] = "\x00\x00\x00\x08\x04\xd2\x16\x2f";

#define MYSQL_CLIENT_SSL 0x0800

/* Protocol::SSLRequest: 32 bytes, packet 1. The capabilities are LONG_PASSWORD,
 * PROTOCOL_41, SSL and SECURE_CONNECTION, packets have 16 MiB, text is UTF-8;
 * the rest is reserved. */
static const uint8_t mysql_request[4 + 32] = {
	32, 0, 0, 1, 0x01, 0x8a, 0, 0, 0, 0, 0, 1, 33,
};

#define BYTES(literal) (literal), sizeof(literal) - 1

/* Whether a server advertises STARTTLS is not asked: its answer decides. */
static const struct step dialogues[][STEPS_MAX] = {
	[STARTTLS_SMTP] = {
		{ NULL, 0, read_line, "220", "220-" },
		{ BYTES("EHLO certificate-expiry-monitor.invalid\r\n"),
		  read_line, "250", "250-" },
		{ BYTES("STARTTLS\r\n"), read_line, "220", "220-" },
	},
	[STARTTLS_IMAP] = {
		{ NULL, 0, read_line, "* OK", NULL },
		{ BYTES("a STARTTLS\r\n"), read_line, "a OK", "* " },
	},
	[STARTTLS_POP3] = {
		{ NULL, 0, read_line, "+OK", NULL },
		{ BYTES("STLS\r\n"), read_line, "+OK", NULL },
	},
	[STARTTLS_LDAP] = {
		{ BYTES(ldap_request), read_ldap, NULL, NULL },
	},
	[STARTTLS_POSTGRES] = {
		{ BYTES(postgres_request), read_postgres, NULL, NULL },
	},
	[STARTTLS_MYSQL] = {
		{ NULL, 0, read_mysql, NULL, NULL },
		{ mysql_request, sizeof(mysql_request), NULL, NULL, NULL },
	},
};
static_assert(sizeof(dialogues) / sizeof(dialogues[0]) == STARTTLS_COUNT,
	      "each protocol has a dialogue");

/* --- Failures ------------------------------------------------------------- */

/* Appends `said` in quotes to the detail, cut between characters to fit. */
static void quote(struct starttls *s, struct reader said)
{
	static const char open[] = ": \"";
	size_t used = strlen(s->detail);
	size_t end = sizeof(s->detail) - sizeof("\"");
	size_t length = strlen(open);

	if (said.left == 0 || used + length > end)
		return;
	memcpy(s->detail + used, open, length);
	used += length;
	for (; said.left > 0; said.at += length, said.left -= length) {
		length = text_utf8_length((const char *)said.at, said.left);
		if (length == 0)
			length = 1; /* left to text_make_line() */
		if (used + length > end)
			break;
		memcpy(s->detail + used, said.at, length);
		if (*said.at == '\0')
			s->detail[used] = ' ';
		used += length;
	}
	memcpy(s->detail + used, "\"", sizeof("\""));
}

/* The detail is the message and what the server said. False, for readers. */
__attribute__((format(printf, 3, 4))) static bool
fail(struct starttls *s, struct reader said, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(s->detail, sizeof(s->detail), format, args);
	va_end(args);
	quote(s, said);
	text_make_line(s->detail);
	s->want = STARTTLS_FAILED;
	return false;
}

/* --- Bytes ---------------------------------------------------------------- */

static struct reader unread(const struct starttls *s)
{
	return (struct reader){ s->reply + s->understood,
				s->received - s->understood };
}

/* --- Lines ---------------------------------------------------------------- */

/* A line without its end, which is CRLF or LF; false if it is not all there. */
static bool take_line(struct starttls *s, struct reader *ret_line)
{
	struct reader line = unread(s);
	const uint8_t *end = memchr(line.at, '\n', line.left);

	if (end == NULL)
		return false;
	line.left = (size_t)(end - line.at);
	s->understood += line.left + 1;
	if (line.left > 0 && end[-1] == '\r')
		line.left--;
	*ret_line = line;
	return true;
}

static bool begins_with(struct reader line, const char *prefix)
{
	size_t length = strlen(prefix);

	return line.left >= length && memcmp(line.at, prefix, length) == 0;
}

static bool begins_with_word(struct reader line, const char *word)
{
	size_t length = strlen(word);

	return begins_with(line, word) &&
	       (line.left == length || line.at[length] == ' ');
}

static bool read_line(struct starttls *s, const struct step *step)
{
	struct reader line;

	do {
		if (!take_line(s, &line))
			return false;
	} while (step->skips != NULL && begins_with(line, step->skips));

	if (begins_with_word(line, step->expects))
		return true;
	if (step->sends == NULL)
		return fail(s, line, "the greeting is not \"%s\"",
			    step->expects);
	return fail(s, line, "the answer to \"%.*s\" is not \"%s\"",
		    (int)(step->sends_size - strlen("\r\n")),
		    (const char *)step->sends, step->expects);
}

/* --- LDAP ----------------------------------------------------------------- */

/* Tag and length of a BER element; false if they are not all there. Lengths
 * are definite (RFC 4511, 5.1), and may have more bytes than they need: those
 * of Active Directory always have four. Others are SIZE_MAX: past any limit. */
static bool read_header(struct reader *r, size_t *ret_tag, size_t *ret_length)
{
	size_t length;

	if (!reader_number(r, 1, ret_tag) || !reader_number(r, 1, &length))
		return false;
	if (length > 0x80 && length <= 0x84)
		return reader_number(r, length & 0x7f, ret_length);
	*ret_length = length < 0x80 ? length : SIZE_MAX;
	return true;
}

static bool read_element(struct reader *r, size_t *ret_tag,
			 struct reader *ret_value)
{
	size_t length;

	return read_header(r, ret_tag, &length) &&
	       reader_bytes(r, length, ret_value);
}

static bool read_tagged(struct reader *r, size_t tag, struct reader *ret_value)
{
	size_t found;

	return read_element(r, &found, ret_value) && found == tag;
}

/* INTEGER or ENUMERATED, not negative. */
static bool read_integer(struct reader *r, size_t tag, size_t *ret_number)
{
	struct reader value;

	return read_tagged(r, tag, &value) && value.left >= 1 &&
	       value.left <= 4 && value.at[0] < 0x80 &&
	       reader_number(&value, value.left, ret_number);
}

/* Whether what is left is elements to the end: those that we do not need. */
static bool are_elements(struct reader r)
{
	struct reader value;
	size_t tag;

	while (r.left > 0)
		if (!read_element(&r, &tag, &value))
			return false;
	return true;
}

/* The content of an LDAPMessage with an ExtendedResponse (RFC 4511, 4.1.1,
 * 4.1.9 and 4.12). */
static bool parse_ldap(struct reader message, size_t *ret_id, size_t *ret_code,
		       struct reader *ret_diagnostic)
{
	struct reader response;
	struct reader matched_dn;

	return read_integer(&message, 0x02, ret_id) &&
	       read_tagged(&message, 0x78, &response) &&
	       are_elements(message) && /* controls */
	       read_integer(&response, 0x0a, ret_code) &&
	       read_tagged(&response, 0x04, &matched_dn) &&
	       read_tagged(&response, 0x04, ret_diagnostic) &&
	       are_elements(response); /* referral, name, value */
}

static bool read_ldap(struct starttls *s, const struct step *step)
{
	struct reader all = unread(s);
	struct reader rest = all;
	struct reader diagnostic;
	size_t tag, length, id, code;

	(void)step;
	if (all.left > 0 && all.at[0] != 0x30)
		return fail(s, (struct reader){ all.at, 1 }, "not LDAP");
	if (!read_header(&rest, &tag, &length))
		return false;
	if (length > STARTTLS_REPLY_MAX)
		return fail(s, nothing,
			    "an LDAP message without a good length");
	if (length > rest.left)
		return false;
	all.left -= rest.left - length;
	rest.left = length;
	s->understood += all.left;
	if (!parse_ldap(rest, &id, &code, &diagnostic))
		return fail(s, all, "not an ExtendedResponse of LDAP");
	/* A Notice of Disconnection is no answer (its messageID is 0), but
	 * tells why there is none (RFC 4511, 4.4.1). */
	if (code != 0)
		return fail(s, diagnostic, "LDAP resultCode %zu", code);
	if (id != 1)
		return fail(s, diagnostic, "an LDAP answer to messageID %zu",
			    id);
	return true;
}

/* --- PostgreSQL ----------------------------------------------------------- */

/* The field M of an ErrorResponse, else nothing. */
static struct reader postgres_message(struct reader fields)
{
	while (fields.left > 0 && *fields.at != '\0') {
		const uint8_t *end = memchr(fields.at, '\0', fields.left);

		if (end == NULL)
			break;
		if (*fields.at == 'M')
			return (struct reader){ fields.at + 1,
						(size_t)(end - fields.at) - 1 };
		fields.left -= (size_t)(end - fields.at) + 1;
		fields.at = end + 1;
	}
	return nothing;
}

/* `error` follows the 'E': a length, which counts itself, and fields; or, when
 * the server could not even start a process, text up to a NUL as in protocol
 * 2.0, whose letters are no length that is possible. */
static bool read_postgres_error(struct starttls *s, struct reader error)
{
	struct reader rest = error;
	const uint8_t *end;
	size_t length;

	if (!reader_number(&rest, 4, &length))
		return false;
	if (length >= 4 && length < STARTTLS_REPLY_MAX) {
		if (length > error.left)
			return false;
		rest.left = length - 4;
		return fail(s, postgres_message(rest), "PostgreSQL error");
	}
	end = memchr(error.at, '\0', error.left);
	if (end == NULL)
		return false;
	error.left = (size_t)(end - error.at);
	return fail(s, error, "PostgreSQL error");
}

static bool read_postgres(struct starttls *s, const struct step *step)
{
	struct reader answer = unread(s);
	struct reader rest = answer;
	size_t letter;

	(void)step;
	if (!reader_number(&rest, 1, &letter))
		return false;
	if (letter == 'E')
		return read_postgres_error(s, rest);
	answer.left = 1;
	if (letter == 'N')
		return fail(s, answer, "PostgreSQL offers no TLS");
	if (letter != 'S')
		return fail(s, answer, "not PostgreSQL");
	s->understood++;
	return true;
}

/* --- MySQL ---------------------------------------------------------------- */

/* ERR_Packet after its 0xff: a code, and the message. There may be a '#' and
 * an SQLSTATE of five letters between the two. */
static bool fail_by_mysql_error(struct starttls *s, struct reader error)
{
	size_t low = 0;
	size_t high = 0;

	(void)reader_number(&error, 1, &low);
	(void)reader_number(&error, 1, &high);
	if (error.left >= 6 && error.at[0] == '#') {
		error.at += 6;
		error.left -= 6;
	}
	return fail(s, error, "MySQL error %zu", high << 8 | low);
}

/* Protocol::HandshakeV10 after its 10: a version that ends in NUL, 13 bytes
 * about the connection, and the lower half of the capabilities. */
static bool check_mysql_handshake(struct starttls *s, struct reader handshake)
{
	const uint8_t *end = memchr(handshake.at, '\0', handshake.left);
	struct reader version = handshake;
	size_t capabilities;

	if (end != NULL)
		version.left = (size_t)(end - handshake.at);
	if (handshake.left - version.left < 1 + 13 + 2)
		return fail(s, version, "a MySQL handshake cut short");
	capabilities = (size_t)end[1 + 13] | (size_t)end[1 + 13 + 1] << 8;
	if ((capabilities & MYSQL_CLIENT_SSL) == 0)
		return fail(s, version, "MySQL offers no TLS");
	return true;
}

static bool read_mysql(struct starttls *s, const struct step *step)
{
	struct reader packet = unread(s);
	struct reader header = { packet.at, 4 };
	size_t type = 0;
	size_t length;

	(void)step;
	if (packet.left < header.left)
		return false;
	length = (size_t)header.at[0] | (size_t)header.at[1] << 8 |
		 (size_t)header.at[2] << 16;
	if (length == 0 || length > STARTTLS_REPLY_MAX - header.left)
		return fail(s, header, "not MySQL");
	if (length > packet.left - header.left)
		return false;
	s->understood += header.left + length;
	packet = (struct reader){ header.at + header.left, length };
	(void)reader_number(&packet, 1, &type);
	if (type == 0xff)
		return fail_by_mysql_error(s, packet);
	/* Packets are counted from 0; mysql_request is the one after. */
	if (type != 10 || header.at[3] != 0)
		return fail(s, packet, "not a MySQL handshake of version 10");
	return check_mysql_handshake(s, packet);
}

/* --- The machine ---------------------------------------------------------- */

static const struct step *current_step(const struct starttls *s)
{
	assert(s->step < STEPS_MAX);
	return &dialogues[s->protocol][s->step];
}

static void enter_step(struct starttls *s, size_t step)
{
	s->step = step;
	if (step == STEPS_MAX ||
	    (current_step(s)->sends == NULL && current_step(s)->read == NULL))
		s->want = STARTTLS_READY;
	else if (current_step(s)->sends != NULL)
		s->want = STARTTLS_SEND;
	else
		s->want = STARTTLS_RECEIVE;
}

/* As many steps as have their reply. */
static void understand(struct starttls *s)
{
	while (s->want == STARTTLS_RECEIVE &&
	       current_step(s)->read(s, current_step(s)))
		enter_step(s, s->step + 1);
	if (s->want == STARTTLS_READY && s->understood < s->received)
		fail(s, unread(s), "bytes after the go-ahead");
}

void starttls_begin(struct starttls *s, enum starttls_protocol protocol)
{
	assert(protocol > STARTTLS_NONE && protocol < STARTTLS_COUNT);
	*s = (struct starttls){ .protocol = protocol };
	enter_step(s, 0);
	assert(s->want != STARTTLS_READY);
}

enum starttls_want starttls_next(const struct starttls *s)
{
	return s->want;
}

const uint8_t *starttls_output(const struct starttls *s, size_t *ret_size)
{
	assert(s->want == STARTTLS_SEND);
	*ret_size = current_step(s)->sends_size;
	return current_step(s)->sends;
}

void starttls_sent(struct starttls *s)
{
	assert(s->want == STARTTLS_SEND);
	if (current_step(s)->read == NULL)
		enter_step(s, s->step + 1);
	else
		s->want = STARTTLS_RECEIVE;
	understand(s);
}

void starttls_received(struct starttls *s, const uint8_t *bytes, size_t size)
{
	size_t room = STARTTLS_REPLY_MAX - s->received;
	size_t taken = size < room ? size : room;

	memcpy(s->reply + s->received, bytes, taken);
	s->received += taken;
	understand(s);
	if (s->want != STARTTLS_FAILED && taken < size)
		fail(s, (struct reader){ s->reply, s->received },
		     "more than %d bytes before TLS", STARTTLS_REPLY_MAX);
}

const char *starttls_detail(const struct starttls *s)
{
	return s->detail;
}
