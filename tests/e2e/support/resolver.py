# SPDX-License-Identifier: Apache-2.0
"""A name server that knows what a test tells it, and counts who asks."""

import ipaddress
import struct
import threading

_A, _AAAA, _IN = 1, 28, 1
_ANSWER, _NO_SUCH_NAME = 0x8580, 0x8583     # authoritative
_TTL_SECONDS = 0


class Resolver:
    """On a UDP socket; names are mapped to addresses of both families. What
    is not known does not exist."""

    def __init__(self, listener, names, is_dead=False):
        self.names = names
        self.is_dead = is_dead          #: hears, and says nothing
        self.asked = []
        self._socket = listener
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while True:
            query, client = self._socket.recvfrom(4096)
            if not query:
                return
            name, kind, end = _question(query)
            self.asked.append(name)
            if not self.is_dead:
                self._socket.sendto(self._answer(query, name, kind, end),
                                    client)

    def _answer(self, query, name, kind, end):
        known = self.names.get(name)
        records = [_record(address) for address in known or []
                   if _kind(address) == kind]
        return (query[:2] + struct.pack(
            ">5H", _NO_SUCH_NAME if known is None else _ANSWER, 1,
            len(records), 0, 0) + query[12:end] + b"".join(records))


def _kind(address):
    return _A if ipaddress.ip_address(address).version == 4 else _AAAA


def _record(address):
    packed = ipaddress.ip_address(address).packed
    # The name is the question's.
    return struct.pack(">HHHLH", 0xC00C, _kind(address), _IN, _TTL_SECONDS,
                       len(packed)) + packed


def _question(query):
    """(name, type, where it ends)."""
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1:at + 1 + length].decode().lower())
        at += 1 + length
    return ".".join(labels), struct.unpack_from(">H", query, at + 1)[0], at + 5
