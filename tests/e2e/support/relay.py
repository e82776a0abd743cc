# SPDX-License-Identifier: Apache-2.0
"""A wiretap: it stands before a real server, and notes what a client sends."""

import socket
import threading
from dataclasses import dataclass, field

from . import tlswire
from .hostile import Listener


@dataclass
class Talk:
    hello: tlswire.ClientHello
    sent: bytes = b""           #: all that the client sent
    ended: threading.Event = field(default_factory=threading.Event)

    def record_types(self):
        """Of the client's records, once the connection is over."""
        assert self.ended.wait(10)
        return tlswire.record_types(self.sent)


class Relay(Listener):
    """`talks` are the connections, in the order of their ClientHello."""

    def __init__(self, address, port):
        self.talks = []
        self._upstream = address, port
        super().__init__(self._relay)

    def _relay(self, client):
        first = tlswire.read_record(client)
        talk = Talk(tlswire.client_hello(first), first)
        self.talks.append(talk)
        try:
            with socket.create_connection(self._upstream) as server:
                server.sendall(first)
                back = threading.Thread(target=_pump, args=[server, client],
                                        daemon=True)
                back.start()
                while data := client.recv(65536):
                    talk.sent += data
                    server.sendall(data)
                server.shutdown(socket.SHUT_WR)
                back.join(10)
        finally:
            talk.ended.set()


def _pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
