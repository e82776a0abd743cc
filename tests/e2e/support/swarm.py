# SPDX-License-Identifier: Apache-2.0
"""Many misbehaving servers at once: an address each, one port for all."""

import collections
import contextlib
import selectors
import socket
import threading

from .ports import free_port

# Of a listener whose clients are to meet a closed window, in bytes; the kernel
# makes it what it allows at least.
_SMALLEST_BUFFER = 1


class Swarm:
    """behaviours maps addresses to behave(connection). One thread accepts for
    all; a connection has one of its own while it lasts.

    connections counts, by address.
    """

    def __init__(self, behaviours, port=None):
        self.port = port or free_port()
        self.connections = collections.Counter()
        self._behaviours = behaviours
        self._selector = selectors.DefaultSelector()
        self._open = set()
        self._lock = threading.Lock()
        self._waker, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._selector.register(self._woken, selectors.EVENT_READ)
        for address, behave in self._behaviours.items():
            listener = socket.create_server((address, self.port), backlog=512)
            if getattr(behave, "takes_nothing", False):
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                    _SMALLEST_BUFFER)
            self._selector.register(listener, selectors.EVENT_READ, address)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._waker.close()
        self._thread.join(10)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()
        with self._lock:
            for connection in self._open:
                # Closing alone would not wake a thread that waits in recv.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._woken:
                    return
                connection, _ = key.fileobj.accept()
                self.connections[key.data] += 1
                self._start(connection, self._behaviours[key.data])

    def _start(self, connection, behave):
        with self._lock:
            self._open.add(connection)
        if getattr(behave, "is_instant", False):
            self._serve(connection, behave)
        else:
            threading.Thread(target=self._serve, daemon=True,
                             args=[connection, behave]).start()

    def _serve(self, connection, behave):
        with contextlib.suppress(OSError), connection:
            behave(connection)
        with self._lock:
            self._open.discard(connection)
