# SPDX-License-Identifier: Apache-2.0
"""An API server that says what a test wants, for what a real one never says."""

import http.server
import socket
import ssl
import threading

from .ports import free_port


class FakeApi:
    """answer(request) returns (status, body) or (status, body, headers), or
    None to hang up without a word. Requests are kept."""

    def __init__(self, certificate, answer, address="127.0.0.1"):
        self.port = free_port()
        six = ":" in address
        self.url = f"https://{f'[{address}]' if six else address}:{self.port}"
        self.requests = []
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                fake.requests.append(self)
                reply = answer(self)
                if reply is None:
                    self.close_connection = True
                    return
                status, body, *headers = reply
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                for name, value in (headers[0] if headers else {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6 if six else socket.AF_INET

            def handle_error(self, *_):
                pass        # a client that refuses our certificate, say

        self._server = Server((address, self.port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.pem)
        # The handshake is made by the thread of the connection.
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True,
            do_handshake_on_connect=False)
        self._thread = threading.Thread(
            target=lambda: self._server.serve_forever(poll_interval=0.05),
            daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
