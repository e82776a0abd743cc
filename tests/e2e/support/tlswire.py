# SPDX-License-Identifier: Apache-2.0
"""As much of TLS on the wire as a hostile server and a wiretap need.

Numbers are those of RFC 5246 and RFC 8446.
"""

import os
import struct

ALERT, HANDSHAKE = 21, 22
SERVER_HELLO, CERTIFICATE, SERVER_KEY_EXCHANGE, SERVER_HELLO_DONE = 2, 11, 12, 14
RECORD_BYTES = 16384
HANDSHAKE_FAILURE, PROTOCOL_VERSION, UNRECOGNIZED_NAME = 40, 70, 112


def record(kind, body):
    return struct.pack("!BHH", kind, 0x0303, len(body)) + body


def message(kind, body):
    return bytes([kind]) + struct.pack("!I", len(body))[1:] + body


def handshake(kind, body):
    """A message in as many records as it takes."""
    whole = message(kind, body)
    return b"".join(record(HANDSHAKE, whole[at:at + RECORD_BYTES])
                    for at in range(0, len(whole), RECORD_BYTES))


def alert(description):
    return record(ALERT, bytes([2, description]))


def server_hello(cipher=0xC02B):
    """TLS 1.2 with ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, which all offer."""
    renegotiation_info = b"\xff\x01\x00\x01\x00"
    body = (b"\x03\x03" + os.urandom(24) + b"no-1.3.." + b"\x00"
            + struct.pack("!HB", cipher, 0)
            + struct.pack("!H", len(renegotiation_info)) + renegotiation_info)
    return record(HANDSHAKE, message(SERVER_HELLO, body))


def certificate_message(*ders):
    entries = b"".join(struct.pack("!I", len(der))[1:] + der for der in ders)
    return handshake(CERTIFICATE,
                     struct.pack("!I", len(entries))[1:] + entries)


def server_key_exchange(signature):
    """An X25519 key, signed by nobody (RSA PKCS #1 with SHA-256)."""
    key = bytes([9]) + bytes(31)
    return handshake(SERVER_KEY_EXCHANGE, b"\x03\x00\x1d\x20" + key
                     + struct.pack("!HH", 0x0401, len(signature)) + signature)


def server_hello_done():
    return record(HANDSHAKE, message(SERVER_HELLO_DONE, b""))


def read_record(connection):
    """One whole record; what there was of it if the peer hangs up."""
    header = _read(connection, 5)
    if len(header) < 5:
        return header
    return header + _read(connection, struct.unpack("!H", header[3:])[0])


def _read(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            break
        data += more
    return data


def server_name(hello):
    """The name that a ClientHello record asks for; None if it has no SNI."""
    at = 5 + 4 + 2 + 32                       # record, message, version, random
    at += 1 + hello[at]                       # session
    at += 2 + struct.unpack_from("!H", hello, at)[0]    # cipher suites
    at += 1 + hello[at]                       # compression
    at += 2
    while at + 4 <= len(hello):
        kind, size = struct.unpack_from("!HH", hello, at)
        if kind == 0:
            return hello[at + 9:at + 4 + size].decode("ascii")
        at += 4 + size
    return None
