# SPDX-License-Identifier: Apache-2.0
"""Real databases and a directory: PostgreSQL, MariaDB, OpenLDAP.

They are empty: TLS comes before the first question. Without a certificate
none of them knows TLS.
"""

import shutil
import subprocess
from pathlib import Path

from .daemon import Daemon, as_root, require_user
from .ports import free_port
from .requirements import require, unavailable


class PostgreSQL(Daemon):
    def __init__(self, certificate=None):
        super().__init__("postgresql")
        self.port = free_port()
        self.ports = [self.port]
        self._certificate = certificate
        self._initdb = _of_postgresql("initdb")
        self._postgres = _of_postgresql("postgres")
        # It refuses to be root.
        self._user = require_user("postgres") if as_root() else None

    def set_up(self):
        data = self.folder("data", self._user)
        subprocess.run([*self._become(), self._initdb, "-D", data, "--no-sync",
                        "--no-locale", "--auth=trust", "--username=postgres"],
                       check=True, capture_output=True, cwd=self.directory)
        settings = {"listen_addresses": "127.0.0.1", "port": self.port,
                    "unix_socket_directories": "", "fsync": "off"}
        if self._certificate:
            settings.update(ssl="on",
                            ssl_cert_file=self._own(self._certificate.chain),
                            ssl_key_file=self._own(self._certificate.key))
        return [*self._become(), self._postgres, "-D", data,
                *(word for name, value in settings.items()
                  for word in ("-c", f"{name}={value}"))]

    def _become(self):
        if not self._user:
            return []
        # Whoever changes the user is no longer killed with its parent, unless
        # it asks for that again.
        return [require("setpriv"), f"--reuid={self._user}",
                f"--regid={self._user}", "--init-groups",
                "--pdeathsig", "KILL", "--"]

    def _own(self, path):
        """A copy that only the server's user can read, as it demands."""
        copy = self.directory / path.name
        shutil.copyfile(path, copy)
        copy.chmod(0o600)
        if self._user:
            shutil.chown(copy, self._user)
        return copy


def _of_postgresql(name):
    """Debian keeps each version's programs apart, outside of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if not found:
        unavailable(f"PostgreSQL's {name} is not installed")
    return found[-1]


class MariaDB(Daemon):
    """Without its tables of users, which take longer to make than all else."""

    def __init__(self, certificate=None):
        super().__init__("mariadb")
        self.port = free_port()
        self.ports = [self.port]
        self._certificate = certificate
        self._binary = require("mariadbd")

    def set_up(self):
        tls = ["--skip-ssl"]
        if self._certificate:
            tls = [f"--ssl-cert={self._certificate.chain}",
                   f"--ssl-key={self._certificate.key}"]
        return [self._binary, "--no-defaults",
                *(["--user=root"] if as_root() else []),
                f"--datadir={self.folder('data')}", "--skip-grant-tables",
                "--skip-innodb", "--default-storage-engine=Aria",
                "--skip-networking=0", "--bind-address=127.0.0.1",
                f"--port={self.port}", f"--socket={self.directory}/socket",
                f"--pid-file={self.directory}/pid", *tls]


class OpenLDAP(Daemon):
    def __init__(self, certificate=None):
        super().__init__("slapd")
        self.port = free_port()
        self.ports = [self.port]
        self._certificate = certificate
        self._binary = require("slapd")

    def set_up(self):
        text = ""
        if self._certificate:
            text = (f"TLSCertificateFile {self._certificate.chain}\n"
                    f"TLSCertificateKeyFile {self._certificate.key}\n")
        # A debug level, if only 0, keeps it in the foreground.
        return [self._binary, "-f", self.write("slapd.conf", text),
                "-h", f"ldap://127.0.0.1:{self.port}/", "-d", "0"]
