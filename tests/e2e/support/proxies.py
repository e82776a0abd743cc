# SPDX-License-Identifier: Apache-2.0
"""Proxies between the program and the API server: tinyproxy for HTTP, dante
for SOCKS, and for HTTPS a TLS terminator of ours in front of tinyproxy."""

import socket
import ssl
import threading

from .hostile import Listener
from .ports import free_port, is_listening
from .processes import Server
from .requirements import require, require_root


class Tinyproxy(Server):
    def __init__(self, directory, user=None):
        """user is "NAME PASSWORD" or nobody in particular."""
        self.port = free_port()
        config = directory / "tinyproxy.conf"
        log = directory / "tinyproxy.log"
        config.write_text(
            f"Port {self.port}\nListen 127.0.0.1\nTimeout 60\n"
            f'LogFile "{directory}/requests.log"\nLogLevel Connect\n'
            "Allow 127.0.0.1\n" + (f"BasicAuth {user}\n" if user else ""))
        self.requests = directory / "requests.log"
        super().__init__([require("tinyproxy"), "-d", "-c", config], log)

    def __enter__(self):
        super().__enter__()
        self.wait_until(lambda: is_listening(self.port), "tinyproxy")
        return self

    def connects(self):
        """How often it was asked for a tunnel."""
        return self.requests.read_text().count(": CONNECT ")


class Dante(Server):
    """Knows one name that nobody else does: in its mount namespace."""

    def __init__(self, directory, name):
        require_root()
        hosts = directory / "hosts"
        hosts.write_text(f"127.0.0.1 localhost {name}\n")
        self.port = free_port()
        config = directory / "danted.conf"
        config.write_text(
            f"logoutput: stderr\ninternal: 127.0.0.1 port = {self.port}\n"
            "external: 127.0.0.1\nsocksmethod: none\nclientmethod: none\n"
            "client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }\n"
            "socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 log: connect }\n")
        super().__init__(
            ["unshare", "-m", "sh", "-c",
             f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh",
             require("danted"), "-f", config], directory / "danted.log")

    def __enter__(self):
        super().__enter__()
        self.wait_until(lambda: is_listening(self.port), "danted")
        return self

    def connects(self):
        return self.log.read_text().count("pass(1): tcp/connect")


class TlsFront(Listener):
    """Speaks TLS with a certificate, and passes on what is in it."""

    def __init__(self, certificate, port):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate.pem)
        self._upstream = port
        self.heard = b""        #: from the client, of all connections
        super().__init__(self._serve)

    def _serve(self, connection):
        try:
            inner = self._context.wrap_socket(connection, server_side=True)
            with socket.create_connection(("127.0.0.1",
                                           self._upstream)) as upstream:
                back = threading.Thread(target=self._pump, daemon=True,
                                        args=[upstream, inner])
                back.start()
                while data := inner.recv(65536):
                    self.heard += data
                    upstream.sendall(data)
                upstream.shutdown(socket.SHUT_WR)
                back.join(10)
        except OSError:
            pass        # who does not trust us hangs up

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.unwrap()
        except OSError:
            pass
