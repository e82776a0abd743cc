# SPDX-License-Identifier: Apache-2.0
"""The dialogues that lead to TLS, said by servers that no package has.

Numbers are those of RFC 4511 and of the manuals of PostgreSQL and MariaDB.
"""

import struct

from . import hostile

#: What a client has said before it asks for TLS, and the answers. A protocol
#: that is not a text asks at once.
_GREETINGS = {
    "smtp": (b"220 mail.example.com ESMTP\r\n", {
        b"EHLO": b"250-mail.example.com\r\n250 STARTTLS\r\n"}),
    "imap": (b"* OK ready\r\n", {
        b"CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS\r\nTAG OK done\r\n"}),
    "pop3": (b"+OK ready\r\n", {b"CAPA": b"+OK\r\nSTLS\r\n.\r\n"}),
}
_MYSQL_SSL = 0x0800
_MYSQL_SSL_REQUEST_BYTES = 4 + 32


def ldap_response(code, text=b"", message=1, operation=0x78):
    """An ExtendedResponse, or what is to look like one."""
    result = (b"\x0a\x01" + bytes([code]) + b"\x04\x00"
              + b"\x04" + bytes([len(text)]) + text)
    body = (b"\x02\x01" + bytes([message])
            + bytes([operation, len(result)]) + result)
    return b"\x30" + bytes([len(body)]) + body


def mysql_packet(payload):
    return struct.pack("<I", len(payload))[:3] + b"\x00" + payload


def mysql_greeting(tls=True, protocol=10):
    abilities = 0x8200 | (_MYSQL_SSL if tls else 0)
    return mysql_packet(
        bytes([protocol]) + b"8.0.0-test\0" + bytes(4) + b"saltsalt" + b"\0"
        + struct.pack("<HBHHB", abilities, 45, 2, 0x0008, 21) + bytes(10)
        + b"saltsaltsalt\0" + b"mysql_native_password\0")


def mysql_error(text):
    return mysql_packet(b"\xff" + struct.pack("<H", 1130) + text)


def postgres_error(text):
    fields = b"SFATAL\0C08P01\0M" + text + b"\0\0"
    return b"E" + struct.pack("!I", 4 + len(fields)) + fields


#: The word that TLS may begin. TAG is what an IMAP client called its request.
GO_AHEAD = {"smtp": b"220 go ahead\r\n", "imap": b"TAG OK begin\r\n",
            "pop3": b"+OK begin\r\n", "ldap": ldap_response(0),
            "postgres": b"S", "mysql": b""}


def answers(protocol, last, then=hostile.silent):
    """A good server until it is asked for TLS: then says last, and goes on
    as another behaviour."""
    greeting, replies = _GREETINGS.get(protocol, (b"", {}))

    def behave(connection):
        connection.sendall(greeting)
        while heard := connection.recv(4096):
            words = heard.upper()
            reply = next((replies[word] for word in replies if word in words),
                         last)
            connection.sendall(reply.replace(b"TAG", heard.split()[0]))
            if reply is last:
                return then(connection)
        return None

    def behave_as_mysql(connection):
        # Of what comes after the request not one byte is for this dialogue.
        connection.sendall(mysql_greeting() + last)
        connection.recv(_MYSQL_SSL_REQUEST_BYTES, hostile.socket.MSG_WAITALL)
        return then(connection)

    return behave_as_mysql if protocol == "mysql" else behave


def refusals(text):
    """Each protocol's way to decline, in the server's own words."""
    return {"smtp": answers("smtp", b"454 " + text + b"\r\n"),
            "imap": answers("imap", b"TAG NO " + text + b"\r\n"),
            "pop3": answers("pop3", b"-ERR " + text + b"\r\n"),
            "ldap": answers("ldap", ldap_response(52, text)),
            "postgres": answers("postgres", postgres_error(text)),
            "mysql": hostile.says(mysql_error(text), after_hello=False)}
