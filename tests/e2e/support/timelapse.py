# SPDX-License-Identifier: Apache-2.0
"""The files of prometheus/ for people who cannot wait for a quarter of an hour.

How long Prometheus and Alertmanager let pass is shortened, all by the same
factor, and nothing else: expressions, thresholds and labels are those that are
shipped, and what is compared with the dates of certificates stays as it is.
"""

import re

_KEYS = ("scrape_interval", "evaluation_interval", "interval", "for",
         "keep_firing_for", "group_wait", "group_interval", "repeat_interval")
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000,
                 "d": 86_400_000}
_SETTING = re.compile(
    rf"^([ -]*(?:{'|'.join(_KEYS)}): *)((?:\d+(?:ms|[smhd]))+)$", re.M)
_PART = re.compile(r"(\d+)(ms|[smhd])")


def faster(text, factor):
    """The YAML with the durations of these keys divided by the factor."""
    def shortened(setting):
        total = sum(int(number) * _MILLISECONDS[unit] for number, unit
                    in _PART.findall(setting.group(2)))
        return f"{setting.group(1)}{round(total / factor)}ms"
    return _SETTING.sub(shortened, text)


def with_replaced(text, old, new):
    """The text with something in it that stands there once."""
    assert text.count(old) == 1, f"{text.count(old)} times {old!r}"
    return text.replace(old, new)
