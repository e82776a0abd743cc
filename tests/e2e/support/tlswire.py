# SPDX-License-Identifier: Apache-2.0
"""As much of TLS on the wire as a hostile server and a wiretap need.

Numbers are those of RFC 5246 and RFC 8446.
"""

import hashlib
import os
import struct
from dataclasses import dataclass

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
HELLO_REQUEST, SERVER_HELLO, ENCRYPTED_EXTENSIONS = 0, 2, 8
CERTIFICATE, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST = 11, 12, 13
SERVER_HELLO_DONE, FINISHED, CERTIFICATE_STATUS = 14, 20, 22
TLS10, TLS11, TLS12, TLS13 = 0x0301, 0x0302, 0x0303, 0x0304
#: Signature algorithms with SHA-1: RSA, DSA, ECDSA.
SHA1_SIGNATURES = {0x0201, 0x0202, 0x0203}
RECORD_BYTES = 16384
WARNING, FATAL = 1, 2
CLOSE_NOTIFY, HANDSHAKE_FAILURE, PROTOCOL_VERSION = 0, 40, 70
ACCESS_DENIED, INTERNAL_ERROR, UNRECOGNIZED_NAME = 49, 80, 112
#: Extensions.
STATUS_REQUEST, SUPPORTED_VERSIONS, COOKIE, KEY_SHARE = 5, 43, 44, 51
SECP256R1, X25519 = 23, 29
#: What makes a ServerHello a HelloRetryRequest (RFC 8446, 4.1.3).
_RETRY = hashlib.sha256(b"HelloRetryRequest").digest()


def record(kind, body):
    return struct.pack("!BHH", kind, 0x0303, len(body)) + body


def message(kind, body):
    return bytes([kind]) + struct.pack("!I", len(body))[1:] + body


def handshake(kind, body):
    """A message in as many records as it takes."""
    return fragments(message(kind, body), RECORD_BYTES)


def alert(description, level=FATAL):
    return record(ALERT, bytes([level, description]))


def extension(kind, body=b""):
    return struct.pack("!HH", kind, len(body)) + body


def server_hello(cipher=0xC02B, extensions=b"", version=0x0303):
    """TLS 1.2 with ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, which all offer."""
    renegotiation_info = b"\xff\x01\x00\x01\x00"
    return _hello(struct.pack("!H", version) + os.urandom(24) + b"no-1.3..",
                  b"", cipher, renegotiation_info + extensions)


def server_hello_13(hello, share=None, group=X25519, extensions=b"",
                    version=0x0304):
    """TLS 1.3 with AES_128_GCM_SHA256, in answer to this record. Without a
    share it has no key."""
    share = b"" if share is None else extension(
        KEY_SHARE, struct.pack("!HH", group, len(share)) + share)
    return _hello(b"\x03\x03" + os.urandom(32), session_id(hello), 0x1301,
                  _supported(version) + share + extensions)


def hello_retry_request(hello, group=SECP256R1, extensions=b""):
    """Asks for a share of another group; None for no such wish."""
    wish = b"" if group is None else extension(
        KEY_SHARE, struct.pack("!H", group))
    return _hello(b"\x03\x03" + _RETRY, session_id(hello), 0x1301,
                  _supported(0x0304) + wish + extensions)


def _supported(version):
    return extension(SUPPORTED_VERSIONS, struct.pack("!H", version))


def _hello(begin, session, cipher, extensions):
    return handshake(SERVER_HELLO, begin + bytes([len(session)]) + session
                     + struct.pack("!HBH", cipher, 0, len(extensions))
                     + extensions)


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


def fragments(data, size):
    """The same message or messages in records of so many bytes."""
    return b"".join(record(HANDSHAKE, data[at:at + size])
                    for at in range(0, len(data), size))


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


def session_id(hello):
    """What the client would have us repeat, of the record of a ClientHello."""
    at = 5 + 4 + 2 + 32                       # record, message, version, random
    return hello[at + 1:at + 1 + hello[at]]


@dataclass(frozen=True)
class ClientHello:
    version: int        #: legacy_version
    ciphers: tuple
    extensions: dict    #: type -> content

    def server_name(self):
        """None if it has no SNI."""
        content = self.extensions.get(0)
        return content[5:].decode("ascii") if content else None

    def versions(self):
        """Those that it names: before TLS 1.3 that is the highest alone."""
        content = self.extensions.get(43)
        return _numbers(content[1:]) if content else (self.version,)

    def signature_algorithms(self):
        return _numbers(self.extensions.get(13, b"  ")[2:])


def client_hello(hello):
    """Of the record that a client begins with."""
    at = 5 + 4                                # record, message
    version, = struct.unpack_from("!H", hello, at)
    at += 2 + 32                              # random
    at += 1 + hello[at]                       # session
    size, = struct.unpack_from("!H", hello, at)
    ciphers = _numbers(hello[at + 2:at + 2 + size])
    at += 2 + size
    at += 1 + hello[at]                       # compression
    at += 2
    extensions = {}
    while at + 4 <= len(hello):
        kind, size = struct.unpack_from("!HH", hello, at)
        extensions[kind] = hello[at + 4:at + 4 + size]
        at += 4 + size
    return ClientHello(version, ciphers, extensions)


def _numbers(content):
    return struct.unpack(f"!{len(content) // 2}H", content)


def server_name(hello):
    """The name that a ClientHello record asks for; None if it has no SNI."""
    return client_hello(hello).server_name()


def record_types(stream):
    """Of all the records that one side sent."""
    types, at = [], 0
    while at + 5 <= len(stream):
        kind, _, size = struct.unpack_from("!BHH", stream, at)
        types.append(kind)
        at += 5 + size
    return types
