# SPDX-License-Identifier: Apache-2.0
"""The program together with the textfile directory that it writes to."""

from .pods import pod, pod_list
from .program import OK


class Monitor:
    """Runs the program on a directory that a real node_exporter serves."""

    def __init__(self, program, exporter, directory):
        self.program = program
        self.exporter = exporter
        self.directory = directory
        self.textfiles = exporter.directory
        self.output = self.textfiles / "certificate_expiry_monitor.prom"
        for left in self.textfiles.iterdir():
            left.unlink()

    def run(self, *args, **how):
        return self.program.run("--output", self.output, *args, **how)

    def probe(self, pods, domains, *args, **how):
        """Run it on pods from a file: names mapped to addresses, or whole
        pod objects."""
        return self.run(*self.selection(pods, domains), *args, **how)

    def selection(self, pods, domains):
        """The options that select these pods and domains."""
        if isinstance(pods, dict):
            pods = [pod(name, address) for name, address in pods.items()]
        return ("--pods-file", self.write("pods.json", pod_list(pods)),
                "--domains", ",".join(domains))

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def metrics(self):
        """What node_exporter makes of the file; it must accept it whole."""
        metrics = self.exporter.scrape()
        assert metrics.value("node_textfile_scrape_error") == 0
        assert metrics.value("node_textfile_mtime_seconds",
                             file=str(self.output)) > 0
        return metrics

    def measure(self, pods, domains, *args, status=OK, **how):
        """Probe and read back in one go, for what is expected to work."""
        result = self.probe(pods, domains, *args, **how)
        assert result.status == status, result
        return self.metrics()
