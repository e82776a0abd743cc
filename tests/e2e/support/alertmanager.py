# SPDX-License-Identifier: Apache-2.0
"""A real Alertmanager, and the pager that it calls."""

import http.server
import json
import threading
from dataclasses import dataclass

from .ports import free_port
from .processes import Server
from .prometheus import get
from .requirements import require


@dataclass(frozen=True)
class Notification:
    status: str         #: "firing" or "resolved"
    labels: dict
    annotations: dict

    @property
    def name(self):
        return self.labels["alertname"]


class Pager:
    """A webhook receiver that keeps what it is told."""

    def __init__(self):
        pager = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                size = int(self.headers["Content-Length"])
                pager._told(json.loads(self.rfile.read(size)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._lock = threading.Lock()
        self._notifications = []
        self._server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever,
                         daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def _told(self, message):
        with self._lock:
            self._notifications += [
                Notification(alert["status"], alert["labels"],
                             alert["annotations"])
                for alert in message["alerts"]]

    def told(self, status=None, **labels):
        """Notifications with this status and these labels, oldest first."""
        with self._lock:
            return [told for told in self._notifications
                    if status in (None, told.status)
                    and labels.items() <= told.labels.items()]

    def unresolved(self):
        """Labels of what it was told to be firing, and not that it is over."""
        state = {}
        for told in self.told():
            state[json.dumps(told.labels, sort_keys=True)] = told.status
        return [json.loads(labels) for labels, status in state.items()
                if status == "firing"]


class Alertmanager(Server):
    def __init__(self, directory, config):
        directory.mkdir(parents=True)
        path = directory / "alertmanager.yml"
        path.write_text(config)
        self.url = f"http://127.0.0.1:{free_port()}"
        super().__init__(
            [require("prometheus-alertmanager"), f"--config.file={path}",
             f"--storage.path={directory}/data",
             f"--web.listen-address={self.url.removeprefix('http://')}",
             # Alone, with no port for others of its kind.
             "--cluster.listen-address=", "--log.level=warn"],
            directory / "alertmanager.log")

    def __enter__(self):
        super().__enter__()
        self.wait_until(lambda: get(f"{self.url}/api/v2/status"),
                        "Alertmanager")
        return self

    def alerts(self):
        """All that it has, whether it tells of them or not."""
        alerts = get(f"{self.url}/api/v2/alerts")
        assert alerts is not None, self.tail()
        return alerts
