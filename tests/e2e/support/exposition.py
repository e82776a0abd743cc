# SPDX-License-Identifier: Apache-2.0
"""A reader of Prometheus' text format, for asking questions of metrics.

Names are given without the program's prefix, as in doc/metrics.md.
"""

import re
from dataclasses import dataclass

PREFIX = "certificate_expiry_monitor_"

_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')
_ESCAPES = {"\\\\": "\\", "\\n": "\n", '\\"': '"'}


@dataclass(frozen=True)
class Sample:
    name: str
    labels: dict
    value: float
    own: bool       #: one of the program's

    def has(self, labels):
        return all(self.labels.get(key) == value
                   for key, value in labels.items())


class Exposition:
    """All of a file, or of a server's answer."""

    def __init__(self, text):
        self.types = {}
        self.helps = {}
        self.samples = []
        # Not splitlines(): label values may hold what that takes for an end.
        for line in text.split("\n"):
            self._read(line)

    def _read(self, line):
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ", 3)
            self.types[_short(name)] = kind
        elif line.startswith("# HELP "):
            _, _, name, words = line.split(" ", 3)
            self.helps[_short(name)] = words
        elif line and not line.startswith("#"):
            name, labels, value = _SAMPLE.fullmatch(line).groups()
            self.samples.append(Sample(_short(name), _labels(labels or ""),
                                       float(value), name.startswith(PREFIX)))

    def families(self):
        """Names of the program's own families, in the order of the text."""
        return list(dict.fromkeys(
            sample.name for sample in self.samples if sample.own))

    def select(self, name, **labels):
        return [sample for sample in self.samples
                if sample.name == name and sample.has(labels)]

    def value(self, name, **labels):
        """The value of exactly one sample; the failure shows the others."""
        found = self.select(name, **labels)
        assert len(found) == 1, (
            f"{len(found)} samples of {name}{labels}, among "
            f"{self.select(name)}")
        return found[0].value

    def words(self, name, label, **labels):
        """The values that one label takes among the samples that are 1."""
        return sorted(sample.labels[label]
                      for sample in self.select(name, **labels)
                      if sample.value == 1)

    def status(self, **labels):
        """The status a pair is in; None if it is in none."""
        found = self.select("certificate", **labels)
        assert {sample.labels["status"] for sample in found} == {
            "valid", "expired", "notyetvalid", "notfound"}, found
        assert len(found) == 4, found
        words = self.words("certificate", "status", **labels)
        assert len(words) <= 1, found
        return words[0] if words else None

    def reason(self, **labels):
        """Why a probe failed; None if it did not."""
        found = self.words("probe_failure_info", "reason", **labels)
        assert len(found) <= 1, found
        return found[0] if found else None

    def verdict(self, **labels):
        """What a probe decided: (status, probe_success, reason)."""
        return (self.status(**labels), self.value("probe_success", **labels),
                self.reason(**labels))

    def probed(self):
        """Names of the pods that have pairs."""
        return {sample.labels["pod"] for sample in self.select("certificate")}

    def domains(self, **labels):
        """What these pods, or all, are probed for."""
        return {sample.labels["domain"] for sample
                in self.select("certificate", **labels)}


def _short(name):
    return name.removeprefix(PREFIX)


def _labels(text):
    labels, end = {}, 0
    while end < len(text):
        match = _LABEL.match(text, end)
        assert match, f"labels cannot be read from {text[end:]!r}"
        labels[match.group(1)] = re.sub(
            r"\\.", lambda escape: _ESCAPES[escape.group()], match.group(2))
        end = match.end()
    return labels
