# SPDX-License-Identifier: Apache-2.0
"""Real mail servers: Postfix, and Dovecot for IMAP and POP3."""

import os
import subprocess
from pathlib import Path

from .daemon import Daemon, as_root, guarded, myself, require_user
from .ports import free_port
from .requirements import require, unavailable

# What is left empty would be looked up in files and sockets of the system.
_POSTFIX = """\
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = {directory}/log
maillog_file_prefixes = {directory}
myhostname = mail.example.com
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
smtpd_peername_lookup = no
smtpd_tls_security_level = may
"""

_POSTFIX_SERVICES = """\
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""

_DOVECOT = """\
base_dir = {directory}/run
state_dir = {directory}/state
log_path = /dev/stderr
listen = 127.0.0.1
protocols = imap pop3
haproxy_trusted_networks = 127.0.0.0/8
passdb {{
  driver = static
}}
userdb {{
  driver = static
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
  inet_listener imap_behind_proxy {{
    port = {behind_proxy}
    haproxy = yes
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
"""

_DOVECOT_TLS = """\
ssl = yes
ssl_cert = <{chain}
ssl_key = <{key}
"""

# Only root can become the users that Dovecot separates its services by.
_DOVECOT_USER = """\
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
}}
service pop3-login {{
  chroot =
}}
"""


class Postfix(Daemon):
    """Add services, then enter the context."""

    def __init__(self):
        super().__init__("postfix")
        require("postfix")
        if not as_root():
            unavailable("postfix needs root")
        self._owner = require_user("postfix")
        self._services = ""

    def add(self, certificate, *options):
        """An smtpd of its own; returns the port it listens on."""
        port = free_port()
        self.ports.append(port)
        self._services += f"127.0.0.1:{port} inet n - n - - smtpd\n" + "".join(
            f"    -o {option}\n" for option in (
                f"smtpd_tls_chain_files={certificate.key},{certificate.chain}",
                *options))
        return port

    def set_up(self):
        self.folder("data", self._owner)
        for name in ("pid", "private", "public"):
            self.folder(f"queue/{name}", name != "pid" and self._owner)
        self.write("master.cf", self._services + _POSTFIX_SERVICES)
        main = self.write("main.cf", _POSTFIX.format(directory=self.directory))
        # Of a new file it waits to see whether somebody is still writing it.
        os.utime(main, (0, 0))
        # -d: it stays in the foreground, and in our session.
        return guarded("/usr/lib/postfix/sbin/master", "-c", self.directory,
                       "-d")


class Dovecot(Daemon):
    """IMAP and POP3; without a certificate neither knows TLS."""

    def __init__(self, certificate=None):
        super().__init__("dovecot")
        self.imap, self.pop3 = free_port(), free_port()
        self.imaps, self.behind_proxy = free_port(), free_port()
        self.ports = [self.imap, self.pop3, self.imaps, self.behind_proxy]
        self._binary = require("dovecot")
        self._certificate = certificate
        version = subprocess.run([self._binary, "--version"], check=True,
                                 capture_output=True, text=True).stdout
        if not version.startswith("2.3."):
            unavailable("the configuration here is that of dovecot 2.3")
        for helper in ("imap-login", "pop3-login"):
            if not Path("/usr/lib/dovecot", helper).exists():
                unavailable(f"dovecot has no {helper}")

    def set_up(self):
        text = _DOVECOT.format(
            directory=self.directory, imap=self.imap, pop3=self.pop3,
            imaps=self.imaps, behind_proxy=self.behind_proxy)
        if self._certificate:
            text += _DOVECOT_TLS.format(chain=self._certificate.chain,
                                        key=self._certificate.key)
        else:
            self.ports.remove(self.imaps)
            text += "ssl = no\n"
        if not as_root():
            user, group = myself()
            text += _DOVECOT_USER.format(user=user, group=group)
        return [self._binary, "-F", "-c", self.write("dovecot.conf", text)]
