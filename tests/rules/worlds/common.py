# SPDX-License-Identifier: Apache-2.0
"""What most worlds are made of."""

from model.world import DAY, HOUR, MINUTE, Certificate

#: Seconds between scrapes, runs and evaluations: nearly as long as Prometheus
#: takes a sample for the present one, and where it matters half of that.
STEP, SHORT_STEP = 4 * MINUTE, 2 * MINUTE
#: By then what has been true for so long is an alert, and what is no longer
#: is none, in whatever order groups of rules are evaluated.
SETTLED = 14 * MINUTE

#: A third of its lifetime used.
FINE = Certificate("fine", -30 * DAY, 60 * DAY)
#: Renewed at the world's beginning.
NEW = Certificate("new", -1 * HOUR, 90 * DAY - 1 * HOUR)


def ending_in(left, lifetime=90 * DAY, name="ending", at=0, **how):
    """A certificate of which so much is left then."""
    return Certificate(f"{name}-{left:.0f}-{lifetime:.0f}",
                       at + left - lifetime, at + left, **how)


def times(start, end, step=10 * MINUTE):
    return range(int(start), int(end) + 1, int(step))
