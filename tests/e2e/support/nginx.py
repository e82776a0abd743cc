# SPDX-License-Identifier: Apache-2.0
"""A real nginx that serves many certificates on many addresses of loopback."""

from .ports import free_port, is_listening
from .processes import Server
from .requirements import require

# One process, not a master and workers: a killed master leaves its workers
# behind. Each listening socket takes one of the connections.
_HEAD = """\
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/error.log info;
events {{ worker_connections 8192; }}
http {{
access_log off;
ssl_protocols TLSv1.2 TLSv1.3;
server_names_hash_bucket_size 256;
keepalive_timeout 60s;
client_body_temp_path {directory}/temp;
proxy_temp_path {directory}/temp;
fastcgi_temp_path {directory}/temp;
uwsgi_temp_path {directory}/temp;
scgi_temp_path {directory}/temp;
"""


class Nginx(Server):
    """Add sites, then enter the context."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.error_log = directory / "error.log"
        self._sites = []
        super().__init__(
            [require("nginx"), "-e", self.error_log, "-p", directory, "-c",
             directory / "nginx.conf"], directory / "nginx.out")

    def add(self, addresses, certificate=None, name=None, *options, port=None,
            listen=""):
        """A server block. Without a name it is what an unknown name gets.
        listen is for more words of its directives of that name."""
        port = port or self.port
        # An nginx process opens the same address once per port, with one
        # default server; naming it twice for one block would be an error.
        listens = [f"listen {address}:{port} ssl {listen}"
                   f"{'' if name else ' default_server'};"
                   for address in addresses]
        if name:
            listens.append(f"server_name {name};")
        if certificate:
            listens += [f'ssl_certificate "{certificate.chain}";',
                        f'ssl_certificate_key "{certificate.key}";']
        self._sites.append("\n".join(
            ["server {", *listens, *(f"{option};" for option in options),
             "return 200;", "}"]))

    def __enter__(self):
        head = _HEAD.format(directory=self.directory)
        (self.directory / "nginx.conf").write_text(
            head + "\n".join(self._sites) + "\n}\n")
        super().__enter__()
        self.wait_until(lambda: is_listening(self.port, self.process.pid),
                        "nginx")
        return self

    def tail(self, characters=4000):
        return super().tail(characters) + (
            self.error_log.read_text()[-characters:]
            if self.error_log.exists() else "")
