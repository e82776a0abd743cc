# SPDX-License-Identifier: Apache-2.0
"""What Prometheus has of a world: node_exporters scraped at each step, and the
notation in which promtool takes it."""

from .textfile import Program

PREFIX = "certificate_expiry_monitor_"
FILE = "/var/lib/prometheus/node-exporter/certificate_expiry_monitor.prom"
OTHER_FILE = "/var/lib/prometheus/node-exporter/apt.prom"
SETTING = "certificate_expiry_monitor:threshold"
NOTHING, STALE = "_", "stale"


class Recorder:
    """Series of one target, by step. One that a scrape lacks is stale then,
    unless there was no Prometheus to notice."""

    def __init__(self, series, fixed, wanted):
        self.series = series
        self.fixed = fixed
        self.wanted = wanted
        self.last = set()
        self.ids = {}

    def scrape(self, step, samples):
        seen = set()
        for name, labels, value in samples:
            if not self.wanted(name):
                continue
            id = self._id(name, labels)
            assert id not in seen, f"twice: {id}"
            seen.add(id)
            self.series.setdefault(id, {})[step] = value
        for id in self.last - seen:
            self.series[id][step] = STALE
        self.last = seen

    def _id(self, name, labels):
        """Of the series. It is asked for at each step."""
        key = (name, *labels.items())
        if key not in self.ids:
            # An empty label is none.
            self.ids[key] = (name, tuple(sorted(
                (label, text) for label, text in (labels | self.fixed).items()
                if text)))
        return self.ids[key]


def series_of(world, layout, step, wanted=lambda name: True):
    """{(name, labels): {step's number: value}}"""
    series = {}
    for instance in layout.instances(world):
        fixed = {"job": "node", "instance": instance.name}
        if world.cluster:
            fixed["cluster"] = world.cluster
        _watch(world, instance, step, Recorder(series, fixed, wanted))
    return series


def _watch(world, instance, step, recorder):
    program, file, written = Program(world, instance), None, None
    for number in range(int(world.end / step) + 1):
        time = number * step
        now = world.conditions(instance, time)
        if not now["installed"]:
            file = None
        elif now["runs"]:
            file, written = program.run(time, now), time
        if not now["scraped"]:
            continue
        samples = [("up", {}, int(now["up"]))]
        if now["up"]:
            samples += _node_exporter(file, written, time, now)
        if now["other_settings"]:
            samples.append((SETTING, {"threshold": "named"}, 5))
        recorder.scrape(number, samples)


def _node_exporter(file, written, time, now):
    yield ("node_textfile_scrape_error", {},
           int(now["refused"] or now["other_refused"]))
    if not now["other_refused"]:
        yield "node_textfile_mtime_seconds", {"file": OTHER_FILE}, time
    if file is None or now["refused"]:
        return
    yield "node_textfile_mtime_seconds", {"file": FILE}, written
    for family, labels, value in file:
        if now["exported_pod"] and "pod" in labels:
            labels = labels | {"exported_pod": labels["pod"],
                               "pod": "node-exporter-x7k2p"}
        yield PREFIX + family, labels, value


def notation(values, count):
    """`1+0x5 _x3 stale`: as promtool wants it."""
    words, number = [], 0
    while number < count:
        value = values.get(number, NOTHING)
        if value is NOTHING or value is STALE:
            end = number + 1
            while end < count and values.get(end, NOTHING) is value \
                    and value is NOTHING:
                end += 1
            words.append(f"_x{end - number}" if value is NOTHING else STALE)
            number = end
            continue
        following = values.get(number + 1)
        is_number = isinstance(following, (int, float))
        delta = following - value if is_number else 0
        end = number + 1
        while end < count and values.get(end) == value + delta * (
                end - number) and isinstance(values.get(end), (int, float)):
            end += 1
        sign = "-" if delta < 0 else "+"
        words.append(f"{value}{sign}{abs(delta)}x{end - number - 1}"
                     if end > number + 1 else f"{value}")
        number = end
    return " ".join(words)


def selector(id):
    name, labels = id
    inside = ",".join(f'{key}="{value}"' for key, value in labels)
    return f"{name}{{{inside}}}"
