# SPDX-License-Identifier: Apache-2.0
"""A proxy before a real API server that lets most things through and, by a
script, spoils some: it ends TLS with the server's own certificate, so a
client's bearer token goes through, a client certificate does not.

    with FaultProxy(kube, [passes, answers(429, headers={"Retry-After": "1"}),
                           resets(100)]) as proxy:
        kube.kubeconfig(path, cluster={"server": proxy.url})

The first request gets the first fault of the script, and so on; all that come
after the last one pass. `always(fault)` as the last goes on for ever. Paths
that do not contain `only` take no part. `page_items` makes pages small, so
that a few pods are a list of several pages, with the server's own tokens.

A fault is a function of an Exchange; those below make the usual ones. Where a
fault takes `then`, that is the fault that goes on with the exchange.
"""

import contextlib
import http.client
import http.server
import itertools
import json
import os
import re
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass

from .ports import free_port

_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "date"}


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes


class Exchange:
    """One request, and the means to answer it in whatever way."""

    def __init__(self, proxy, handler):
        self.path = handler.path        #: as the client asked
        self.headers = handler.headers
        self._proxy = proxy
        self._handler = handler

    def forward(self, plain=False):
        """The real server's Answer; plain is without compression."""
        return self._proxy.ask(self.path, self.headers, plain)

    def send(self, answer, length=None):
        """The whole answer, or what there is of it if length, which is told
        to the client, is more."""
        self.send_head(answer, len(answer.body) if length is None else length)
        self.send_bytes(answer.body)

    def send_head(self, answer, length):
        """length is for Content-Length; None says none."""
        self._handler.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in _HOP_BY_HOP:
                self._handler.send_header(name, value)
        if length is None:
            self._handler.send_header("Connection", "close")
            self._handler.close_connection = True
        else:
            self._handler.send_header("Content-Length", str(length))
        self._handler.end_headers()

    def send_bytes(self, data):
        self._handler.wfile.write(data)

    def close(self):
        """Ends the connection once the fault returns, without a farewell."""
        self._handler.close_connection = True

    def say_goodbye(self):
        """Ends it in order: with close_notify, as the end of an answer whose
        length is not told needs it."""
        self.close()
        with contextlib.suppress(OSError):
            self._handler.connection.unwrap()

    def reset(self):
        """Breaks the connection at once (RST)."""
        self.close()
        connection = self._handler.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              struct.pack("ii", 1, 0))
        os.close(connection.detach())

    def wait_for_hang_up(self):
        """Until the client gives up."""
        with contextlib.suppress(OSError):
            self._handler.connection.recv(1)
        self.close()


class FaultProxy:
    """`requests` are the paths that took part, in the order they came;
    `statuses` what the real server answered, where it was asked;
    `connections` counts. The first `refuse` connections are closed before
    TLS."""

    def __init__(self, server, script=(), only="", page_items=None, refuse=0):
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.requests = []
        self.statuses = []
        self.connections = 0
        self._server = server
        self._script = iter([*script])
        self._only = only
        self._page_items = page_items
        self._refuse = refuse
        self._lock = threading.Lock()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                proxy._serve(self)

            def log_message(self, *_):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            def verify_request(self, request, _):
                with proxy._lock:
                    proxy.connections += 1
                    return proxy.connections > proxy._refuse

            def handle_error(self, *_):
                pass        # a client that has gone away, say

        self._listener = Listener(("127.0.0.1", self.port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.server.pem)
        # The handshake is made by the thread of the connection.
        self._listener.socket = context.wrap_socket(
            self._listener.socket, server_side=True,
            do_handshake_on_connect=False)
        self._thread = threading.Thread(
            target=lambda: self._listener.serve_forever(poll_interval=0.05),
            daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown()
        self._listener.server_close()

    def ask(self, path, headers, plain):
        """The real server's answer to a GET. A connection each: one that is
        kept would hide that the server was started anew."""
        sent = {name: value for name, value in headers.items()
                if name.lower() in ("authorization", "accept", "user-agent")
                or (name.lower() == "accept-encoding" and not plain)}
        if self._page_items:
            path = re.sub(r"\blimit=\d+", f"limit={self._page_items}", path)
        context = ssl.create_default_context(cafile=self._server.ca.cert)
        with contextlib.closing(http.client.HTTPSConnection(
                "127.0.0.1", self._server.port, context=context,
                timeout=30)) as upstream:
            upstream.request("GET", path, headers=sent)
            answer = upstream.getresponse()
            self.statuses.append(answer.status)
            return Answer(answer.status, dict(answer.getheaders()),
                          answer.read())

    def _next_fault(self, path):
        if self._only not in path:
            return passes
        with self._lock:
            self.requests.append(path)
            fault = next(self._script, passes)
            if isinstance(fault, _Always):
                self._script = itertools.repeat(fault.fault)
                fault = fault.fault
            return fault

    def _serve(self, handler):
        self._next_fault(handler.path)(Exchange(self, handler))


@dataclass(frozen=True)
class _Always:
    fault: object


def always(fault):
    """From here on every request gets this fault."""
    return _Always(fault)


def status_object(code, reason, message):
    """The body of a refusal, as the API server writes it."""
    return json.dumps({"kind": "Status", "apiVersion": "v1", "metadata": {},
                       "status": "Failure", "message": message,
                       "reason": reason, "code": code}).encode()


# --- Faults ------------------------------------------------------------------

def passes(exchange):
    """None: what the real server says. If that cannot be had, a reset, as of a
    load balancer that passes connections on."""
    try:
        answer = exchange.forward()
    except OSError:
        exchange.reset()
    else:
        exchange.send(answer)


def answers(code, reason="", message="the server's own words", body=None,
            headers=None):
    """A refusal, a Status object unless the body is given."""
    if body is None:
        body = status_object(code, reason, message)
    headers = {"Content-Type": "application/json", **(headers or {})}

    def fault(exchange):
        exchange.send(Answer(code, headers, body))
    return fault


def on_later_pages(fault):
    """Only where the client asks for a page after the first."""
    def choose(exchange):
        (fault if "continue=" in exchange.path else passes)(exchange)
    return choose


def does(action, then=passes):
    """Calls action() while the client waits; on a thread that ends with the
    connection, and so would a server that action() starts."""
    def fault(exchange):
        action()
        then(exchange)
    return fault


def delays(seconds, then=passes):
    return does(lambda: time.sleep(seconds), then)


def never(exchange):
    """Says nothing, for as long as the client waits."""
    exchange.wait_for_hang_up()


def hangs_up(exchange):
    """Closes the connection without a word."""
    exchange.close()


def cuts(size, says_length=True):
    """The connection ends after size bytes of the body. Unless says_length,
    it does so in good order, and only the body tells that it is not whole."""
    def fault(exchange):
        answer = exchange.forward()
        exchange.send_head(answer, len(answer.body) if says_length else None)
        exchange.send_bytes(answer.body[:size])
        if says_length:
            exchange.close()
        else:
            exchange.say_goodbye()
    return fault


def resets(size=0):
    """The connection breaks after size bytes of the body (0: no head
    either)."""
    def fault(exchange):
        if size:
            answer = exchange.forward()
            exchange.send(Answer(answer.status, answer.headers,
                                 answer.body[:size]), len(answer.body))
        exchange.reset()
    return fault


def drips(seconds):
    """One byte of the body at a time, with a pause after each."""
    def fault(exchange):
        answer = exchange.forward()
        exchange.send_head(answer, len(answer.body))
        for byte in answer.body:
            exchange.send_bytes(bytes([byte]))
            time.sleep(seconds)
    return fault


def stalls(code=200):
    """The head of an answer, and then nothing, for as long as the client waits.
    """
    def fault(exchange):
        exchange.send_head(
            Answer(code, {"Content-Type": "application/json"}, b""), 100)
        exchange.wait_for_hang_up()
    return fault


def floods(block, head=b"", code=200):
    """The block again and again, for as long as it is taken."""
    def fault(exchange):
        exchange.send_head(
            Answer(code, {"Content-Type": "application/json"}, b""), None)
        exchange.send_bytes(head)
        while True:
            exchange.send_bytes(block)
    return fault


def changes(change):
    """The body is change(body), of the real server's."""
    def fault(exchange):
        answer = exchange.forward(plain=True)
        exchange.send(Answer(answer.status, answer.headers,
                             change(answer.body)))
    return fault
