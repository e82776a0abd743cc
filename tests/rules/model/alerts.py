# SPDX-License-Identifier: Apache-2.0
"""Alerts that are expected, and in which layouts."""

from dataclasses import dataclass, field

from .layouts import ALL_LAYOUTS, IN_MUX
from .world import ONE

CRITICAL, WARNING, INFO = "critical", "warning", "info"

#: What tells one alert from another. Others of its labels are our own affair.
IDENTITY = ("alertname", "severity", "cluster", "job_name", "ns", "pod",
            "domain", "port", "key", "family", "job", "instance", "server",
            "source", "reason")

SEVERITY = {
    "CertificateExpired": CRITICAL,
    "CertificateNotYetValid": CRITICAL,
    "CertificateNotFound": CRITICAL,
    "CertificateMonitorRunTooOld": CRITICAL,
    "CertificateMonitorNoSuccess": CRITICAL,
    "CertificateMonitorAbsent": CRITICAL,
    "CertificateMonitorSettingsLost": CRITICAL,
    "CertificateMonitorSeriesLimited": INFO,
}


@dataclass(frozen=True)
class Alert:
    name: str
    severity: str = None
    labels: dict = field(default_factory=dict, hash=False)
    pool: object = field(default=None, hash=False)
    #: A name, or a pod. It is left out for a whole pool.
    pod: object = None
    #: ONE, or the name of a node.
    instance: str = None
    #: Where it fires, and where it says which pod.
    layouts: frozenset = ALL_LAYOUTS | IN_MUX
    names_pod: frozenset = ALL_LAYOUTS | IN_MUX

    def in_layout(self, layout, world):
        """Its labels, or None where it does not fire."""
        if layout.name not in self.layouts:
            return None
        labels = {"alertname": self.name,
                  "severity": self.severity or SEVERITY.get(self.name,
                                                            WARNING)}
        if world.cluster:
            labels["cluster"] = world.cluster
        if self.pool:
            labels |= self.pool.labels
            if layout.metrics == "mux":
                labels = {name: value for name, value in labels.items()
                          if name not in ("job_name", "port", "key")}
        if self.pod and layout.name in self.names_pod:
            labels["pod"] = getattr(self.pod, "name", self.pod)
            if getattr(self.pod, "family", None):
                labels["family"] = self.pod.family
        if self.instance:
            labels["job"] = "node"
            labels["instance"] = _instance(self.instance, layout, world)
        # An empty label is none.
        return {name: value for name, value in (labels | self.labels).items()
                if value}


def _instance(whom, layout, world):
    if whom == ONE:
        return next(instance.name for instance in layout.instances(world)
                    if instance.is_first)
    return f"{whom}:9100"


def of_pool(name, pool, severity=None, **how):
    return Alert(name, severity, pool=pool, **how)


def of_pod(name, pod, severity=None, **how):
    return Alert(name, severity, pool=pod.pool, pod=pod, **how)


def of_run(name, severity=None, instance=ONE, **how):
    return Alert(name, severity, instance=instance, **how)


def of_job(name, job="edge", severity=None, layouts=ALL_LAYOUTS, **labels):
    return Alert(name, severity, {"job_name": job} | labels, layouts=layouts)
