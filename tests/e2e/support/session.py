# SPDX-License-Identifier: Apache-2.0
"""The program on a terminal, on a pool that has something to show: what README
shows, as text and as a picture."""

import re
import ssl
import threading

from .certs import DAY, Authority, now
from .hostile import Listener, silent
from .nginx import Nginx
from .pods import pod, pod_list
from .ports import free_port
from .processes import eventually
from .svg import draw
from .tmux import PROMPT, Terminal

DOMAIN = "shop.example.com"
PROGRESS = "probing: 14 of 15"
SUM = re.compile(r"15 pairs: .* s\)")
#: Columns and lines of the terminal on README's picture.
PICTURED = 100, 24


class Pool:
    """Fifteen pods: twelve with the same certificate, one that was renewed
    earlier, one that was not renewed, one where nobody listens. The twelfth
    answers when it may."""

    def __init__(self, directory):
        self.root = Authority(directory / "root")
        self.may_answer = threading.Event()
        self.nginx = Nginx(directory / "nginx")
        self._fresh = self._issue("fresh", -33, 57)
        self.slow = Listener(self._answer_late)
        self.pods = []
        #: what the row with this word in it is about
        self.shown = {"12 pods": self._fresh}
        for number in range(1, 12):
            self._show(number, self._fresh)
        self._add(12, self.slow.address, self.slow.port)
        for number, name, begin, end in ((13, "earlier", -63, 27),
                                         (14, "expired", -93, -3)):
            certificate = self._issue(name, begin, end)
            self.shown[f"traefik-{number}"] = certificate
            self._show(number, certificate)
        self._add(15, "127.83.0.15", free_port())

    def __enter__(self):
        self.nginx.__enter__()
        self.slow.__enter__()
        return self

    def __exit__(self, *_):
        self.may_answer.set()
        self.slow.__exit__()
        self.nginx.__exit__()

    def _issue(self, name, begin, end):
        # Not quite so long ago, for days that are still whole afterwards.
        later = DAY / 24 if end > 0 else DAY * 0
        return self.root.issue(name, domains=[DOMAIN],
                               begin=now() + begin * DAY + later,
                               end=now() + end * DAY + later)

    def _add(self, number, address, port):
        self.pods.append(pod(f"traefik-{number}", address, namespace="edge",
                             ports={"websecure": port}))

    def _show(self, number, certificate):
        address = f"127.83.0.{number}"
        self.nginx.add([address], certificate)
        self._add(number, address, self.nginx.port)

    def _answer_late(self, connection):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._fresh.pem)
        self.may_answer.wait()
        with context.wrap_socket(connection, server_side=True) as session:
            silent(session)


class Session(Terminal):
    """With the program at hand, and the pool's pods in a file."""

    def __init__(self, program, pool, directory, columns, rows):
        commands = directory / "bin"
        commands.mkdir()
        (commands / "certificate-expiry-monitor").symlink_to(program.path)
        (directory / "pods.json").write_text(pod_list(pool.pods))
        (directory / "ca.crt").symlink_to(pool.root.cert)
        super().__init__(directory, columns, rows, {
            **program.env, "PATH": f"{commands}:{program.env['PATH']}"})
        self._pool = pool
        self.recording = directory / "recording"

    def run(self, before="", after="", progress=PROGRESS):
        """The last line of the screen while there is one pod to wait for, and
        the lines that the program leaves on it."""
        pool = self._pool
        pool.may_answer.clear()
        connections = pool.slow.connections
        self.record(self.recording)
        self.type(f"{before} certificate-expiry-monitor --port=websecure"
                  f" --pods-file=pods.json --domains={DOMAIN}"
                  f" --ca-file=ca.crt --log-level=warning {after}")
        pool.slow.wait_for_connection(connections + 1)
        shown = self.wait_for(
            lambda screen: not progress or progress in screen, progress)
        pool.may_answer.set()
        self.wait_for(lambda screen: screen.endswith(f"\n{PROMPT.strip()}"),
                      "the prompt")
        eventually(lambda: SUM.search(self.recorded()), "the whole recording")
        lines = self.screen("-J").splitlines()
        return shown.splitlines()[-1], lines[1:-1]

    def recorded(self):
        return self.recording.read_text() if self.recording.exists() else ""


def picture(session):
    """Of the table that a run leaves on a session's screen."""
    session.run()
    lines = session.screen("-e", "-J").splitlines()
    return draw("\n".join(lines[1:-1]),
                "The table of a run: expired and missing certificates first")
