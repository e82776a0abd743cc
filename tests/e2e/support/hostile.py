# SPDX-License-Identifier: Apache-2.0
"""Servers that misbehave, and servers that watch how a client behaves."""

import contextlib
import socket
import ssl
import struct
import threading

from . import tlswire
from .ports import free_port
from .processes import eventually


class Listener:
    """Accepts on a thread and hands each connection to behave(connection).

    received collects what the behaviours return, connections counts.
    """

    def __init__(self, behave, address="127.0.0.1", port=None):
        self.address = address
        self.port = port or free_port()
        self.received = []
        self.connections = 0
        self._behave = behave
        self._open = []
        self._closing = False
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, self.port),
                                              family=family, backlog=512)
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._closing = True
        # Closing alone would not wake a thread that waits in accept or recv.
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._thread.join(10)

    def wait_for_connection(self, count=1):
        eventually(lambda: self.connections >= count, "a connection")

    def wait_for_received(self, count=1):
        eventually(lambda: len(self.received) >= count, "what a client sends")
        return self.received

    def _accept(self):
        while not self._closing:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            self.connections += 1
            threading.Thread(target=self._serve, args=[connection],
                             daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection:
            result = self._behave(connection)
            if result is not None:
                self.received.append(result)


def silent(connection):
    """Take everything, say nothing."""
    while connection.recv(65536):
        pass


def close_at_once(_connection):
    pass


def close_after_hello(connection):
    tlswire.read_record(connection)


def reset_after_hello(connection):
    tlswire.read_record(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))


def close_after_server_hello(connection):
    tlswire.read_record(connection)
    connection.sendall(tlswire.server_hello())


def silent_after_server_hello(connection):
    tlswire.read_record(connection)
    connection.sendall(tlswire.server_hello())
    silent(connection)


def trickle(connection):
    """A byte at a time for ever: no single read ever times out."""
    tlswire.read_record(connection)
    waiting = threading.Event()
    for byte in tlswire.server_hello() + tlswire.certificate_message(
            bytes(16000)):
        connection.sendall(bytes([byte]))
        waiting.wait(0.1)


def endless(connection):
    """A certificate message of 16 MB, and never the end of it."""
    tlswire.read_record(connection)
    connection.sendall(tlswire.server_hello())
    head = bytes([tlswire.CERTIFICATE]) + b"\xff\xff\xff" + b"\xff\xff\xfc"
    connection.sendall(tlswire.record(tlswire.HANDSHAKE, head))
    while True:
        connection.sendall(tlswire.record(tlswire.HANDSHAKE, bytes(16000)))


def says(data, after_hello=True):
    """A behaviour that says something and hangs up when the client does."""
    def behave(connection):
        if after_hello:
            tlswire.read_record(connection)
        connection.sendall(data)
        silent(connection)
    return behave


def tells_server_name(connection):
    """Hangs up, and tells the server name that was asked for ("" if none)."""
    return tlswire.server_name(tlswire.read_record(connection)) or ""


def tells_how_it_ends(certificate, version=None):
    """A good TLS server that tells whether the session was closed properly:
    "close_notify" or "cut off"."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.pem)
    # By default Python takes the end of the stream for a close_notify.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    if version:
        context.minimum_version = context.maximum_version = version

    def behave(connection):
        with context.wrap_socket(connection, server_side=True,
                                 suppress_ragged_eofs=False) as session:
            try:
                while session.recv(4096):
                    pass
            except (ssl.SSLError, ConnectionError):
                return "cut off"
            return "close_notify"
    return behave


class FullBacklog:
    """An address where SYNs are dropped, as on a node that is down."""

    def __init__(self, address="127.0.0.1"):
        self.address = address
        self.port = free_port()
        self._listener = socket.socket()
        self._filler = socket.socket()

    def __enter__(self):
        self._listener.bind((self.address, self.port))
        # A backlog of none still holds one connection, that nobody accepts.
        self._listener.listen(0)
        self._filler.connect((self.address, self.port))
        return self

    def __exit__(self, *_):
        self._filler.close()
        self._listener.close()
