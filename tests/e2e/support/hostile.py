# SPDX-License-Identifier: Apache-2.0
"""Servers that misbehave, and servers that watch how a client behaves."""

import contextlib
import itertools
import select
import socket
import ssl
import struct
import threading
import time

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
    drips_for_ever(tlswire.server_hello()
                   + tlswire.certificate_message(bytes(16000)))(
        connection)


def endless(connection):
    """A certificate message of 16 MB, and never the end of it."""
    tlswire.read_record(connection)
    connection.sendall(tlswire.server_hello())
    head = bytes([tlswire.CERTIFICATE]) + b"\xff\xff\xff" + b"\xff\xff\xfc"
    connection.sendall(tlswire.record(tlswire.HANDSHAKE, head))
    while True:
        connection.sendall(tlswire.record(tlswire.HANDSHAKE, bytes(16000)))


def says(data, after_hello=True, then=silent):
    """A behaviour that says something and hangs up when the client does."""
    def behave(connection):
        if after_hello:
            tlswire.read_record(connection)
        connection.sendall(data)
        then(connection)
    return behave


def drips_for_ever(data, pause=0.1):
    """A byte at a time: no single read ever times out."""
    def behave(connection):
        waiting = threading.Event()
        for byte in itertools.cycle(data):
            connection.sendall(bytes([byte]))
            waiting.wait(pause)
    return behave


def floods(data, head=b""):
    """The same for ever, as fast as it is taken."""
    def behave(connection):
        connection.sendall(head)
        while True:
            connection.sendall(data)
    return behave


def hears(size, then=close_at_once):
    """Tells the first bytes that a client sends; those after are then's."""
    def behave(connection):
        heard = connection.recv(size, socket.MSG_WAITALL)
        then(connection)
        return heard
    return behave


def answers(make):
    """The same, with what make(hello) makes of the record that came."""
    def behave(connection):
        connection.sendall(make(tlswire.read_record(connection)))
        silent(connection)
    return behave


def repeats(data, first=b""):
    """Says it again and again, for as long as somebody listens."""
    block = data * (65536 // len(data) + 1)

    def behave(connection):
        tlswire.read_record(connection)
        connection.sendall(first)
        while True:
            connection.sendall(block)
    return behave


def drips(data, seconds, after_hello=True):
    """A byte now and then."""
    def behave(connection):
        if after_hello:
            tlswire.read_record(connection)
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(seconds)
        silent(connection)
    return behave


def closes(data=b"", after_hello=True):
    """Says something and closes the connection."""
    def behave(connection):
        if after_hello:
            tlswire.read_record(connection)
        connection.sendall(data)
    return behave


def resets(data=b"", after_hello=True):
    """Says something, and breaks the connection off."""
    def behave(connection):
        if after_hello:
            tlswire.read_record(connection)
        connection.sendall(data)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              struct.pack("ii", 1, 0))
    # Before the client has had time to look: it may not even know yet that
    # it was connected.
    behave.is_instant = not after_hello and not data
    return behave


def half_closes(data=b"", after_hello=True):
    """Says something, then nothing more, and goes on listening."""
    def behave(connection):
        if after_hello:
            tlswire.read_record(connection)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        silent(connection)
    return behave


def never_reads(data=None):
    """Lets its window fill up, after an answer made of the client's hello."""
    def behave(connection):
        if data:
            connection.sendall(data(tlswire.read_record(connection)))
        watcher = select.poll()
        watcher.register(connection, select.POLLRDHUP)
        watcher.poll()
    behave.takes_nothing = True
    return behave


def in_turn(*behaviours):
    """The first for the first connection; the last also for all that follow.
    """
    left = list(behaviours)

    def behave(connection):
        (left.pop(0) if len(left) > 1 else left[0])(connection)
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


def gives_tickets(certificate, count):
    """A good server of TLS 1.3 that gives so many tickets for later sessions.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.pem)
    context.num_tickets = count
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # Asks, so that somebody listens to what comes after the handshake.
    context.load_verify_locations(certificate.chain)
    context.verify_mode = ssl.CERT_OPTIONAL

    def behave(connection):
        with context.wrap_socket(connection, server_side=True) as session:
            silent(session)
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
