# SPDX-License-Identifier: Apache-2.0
"""A way to a server of this machine that can be shut: it is then as if the
server were gone, and comes back where it was."""

import contextlib
import socket
import threading


class Gate:
    """Passes on what comes to its port, open from the start of the context.
    `listen` makes the listening socket: a namespace's has another."""

    def __init__(self, port, upstream, listen=socket.create_server,
                 address="127.0.0.1"):
        self.port = port
        self._upstream = upstream
        self._listen = listen
        self._address = address
        self._listener = None
        self._passing = []

    @property
    def url(self):
        return f"https://{self._address}:{self.port}"

    def __enter__(self):
        self.open()
        return self

    def __exit__(self, *_):
        self.shut()

    def open(self):
        self._listener = self._listen((self._address, self.port))
        threading.Thread(target=self._accept, args=[self._listener],
                         daemon=True).start()

    def shut(self):
        """Ends what is under way; whoever comes is refused."""
        if self._listener:
            # A close alone does not wake the accept, which holds the port.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        while self._passing:
            with contextlib.suppress(OSError):
                self._passing.pop().shutdown(socket.SHUT_RDWR)

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1",
                                                   self._upstream))
            except OSError:
                return
            self._passing += [client, server]
            for ends in ((client, server), (server, client)):
                threading.Thread(target=_pass_on, args=ends,
                                 daemon=True).start()


def _pass_on(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
