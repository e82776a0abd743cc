# SPDX-License-Identifier: Apache-2.0
"""A world over time: pods that serve certificates, and those who watch them.

Times are seconds since the world's beginning, which for promtool is 1970.
"""

import hashlib
from dataclasses import dataclass, field

from .layouts import ALL_LAYOUTS, IN_MUX

MINUTE, HOUR, DAY = 60, 3600, 86400

#: The reasons of probe_failure_info with which a pair is in no status.
UNDECIDED = ("deadline", "stale_target", "key_type_missing")


@dataclass(frozen=True)
class Certificate:
    name: str
    begin: float
    end: float
    chain_end: float = None

    @property
    def fingerprint(self):
        text = f"{self.name} {self.begin} {self.end}"
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Answer:
    """What a pod has to say to a probe."""

    certificate: Certificate = None
    reason: str = None          #: of probe_failure_info
    verify: str = None          #: reason of cert_verify_failure_info
    #: A certificate for other names is a self-made one, say.
    named: bool = True
    checked: bool = True

    @property
    def success(self):
        return self.reason is None or self.reason == "name_mismatch"

    @property
    def found(self):
        """The certificate that is received."""
        return None if self.reason in UNDECIDED else self.certificate

    def status(self, time):
        """None: in no status."""
        if self.reason in UNDECIDED:
            return None
        if self.certificate is None or not self.named:
            return "notfound"
        if time < self.certificate.begin:
            return "notyetvalid"
        return "expired" if time > self.certificate.end else "valid"

    def verdict(self, time):
        """The reason for which the chain is not good."""
        status = self.status(time)
        chain_end = self.certificate.chain_end
        if not self.named:
            return "name_mismatch"
        if status == "expired" or (chain_end and time > chain_end):
            return "expired"
        return "not_yet_valid" if status == "notyetvalid" else self.verify


def failing(reason):
    """No certificate, for this reason."""
    return Answer(reason=reason)


def default_certificate(begin):
    """A proxy's own, made at its start, for no name of ours."""
    return Answer(Certificate(f"default-{begin}", begin, begin + 365 * DAY),
                  reason="name_mismatch", named=False)


@dataclass(frozen=True)
class Skipped:
    """The pod is there, and not probed."""

    reason: str


#: The pod is not there.
AWAY = None


@dataclass
class Pod:
    pool: object
    name: str
    node: str
    family: str = None
    #: (since when, what), the newest last
    story: list = field(default_factory=list)

    def at(self, time, what):
        """From then on it is this: an Answer, a Certificate, Skipped, AWAY."""
        if isinstance(what, Certificate):
            what = Answer(what)
        self.story.append((time, what))
        self.story.sort(key=lambda entry: entry[0])
        return self

    def during(self, start, end, what):
        before = self.now(end)
        return self.at(start, what).at(end, before)

    def now(self, time):
        current = AWAY
        for since, what in self.story:
            if since <= time:
                current = what
        return current


@dataclass
class Pool:
    world: object
    domain: str
    job: str
    ns: str
    port: str
    key: str
    pods: list = field(default_factory=list)
    #: When the newest begins that cert-manager issued: (since when, begin)
    issued: list = field(default_factory=list)

    @property
    def labels(self):
        labels = {"job_name": self.job, "ns": self.ns, "domain": self.domain,
                  "port": self.port}
        return labels | ({"key": self.key} if self.key else {})

    def pod(self, name, what, node=None, family=None, since=0):
        nodes = self.world.nodes
        pod = Pod(self, name, node or nodes[len(self.pods) % len(nodes)],
                  family)
        self.pods.append(pod.at(since, what))
        return pod

    def some(self, count, what, prefix="web", since=0):
        return [self.pod(f"{prefix}-{number}", what, since=since)
                for number in range(count)]

    def expected(self, time):
        return max((begin for since, begin in self.issued if since <= time),
                   default=None)


#: Whom something happens to. ONE: the only instance, or where there is one on
#: each node, that of the first.
ONE, ALL = "one", "all"

#: What holds of an instance and its node_exporter unless something happens.
USUAL = {
    "scraped": True,        # by Prometheus, which is up itself
    "up": True,             # node_exporter
    "installed": True,
    "runs": True,           # the timer
    "succeeds": True,
    "api": True,            # the API server answers
    "in_time": True,        # before the deadline
    "limited": False,
    "state": True,          # False: it is lost
    "refused": False,       # our file, by node_exporter
    "other_refused": False, # another one in its directory
    "exported_pod": False,  # the scrape renames our label
    "other_settings": False, # of another rule file, from elsewhere
    "client": None,         # the certificate for logging in
    "server": None,         # the API server's
}


class World:
    def __init__(self, name, hours, nodes=3, cluster=True):
        self.name = name
        self.end = int(hours * HOUR)
        self.nodes = [f"node-{number}" for number in range(nodes)]
        self.pools = []
        self.events = []
        self.expectations = []
        #: Alerts that are looked at.
        self.concerns = ".+"
        #: Alone in its Prometheus if there is no such label.
        self.cluster = name if cluster is True else cluster or None

    def pool(self, domain="shop.example.com", job="edge", ns="edge",
             port="443", key=None):
        pool = Pool(self, domain, job, ns, port, key)
        self.pools.append(pool)
        return pool

    def happens(self, whom, start, end, **what):
        """To instances: keys of USUAL, or names of nodes for `whom`."""
        assert what.keys() <= USUAL.keys(), what
        self.events.append((whom, start, end, what))

    def conditions(self, instance, time):
        conditions = dict(USUAL)
        for whom, start, end, what in self.events:
            if start <= time < end and (whom == ALL or whom == ONE
                                        and instance.is_first
                                        or whom == instance.node):
                conditions |= what
        return conditions

    def expect(self, time, *alerts, layouts=ALL_LAYOUTS | IN_MUX):
        """These fire then, and no others."""
        assert time <= self.end, (self.name, time)
        self.expectations.append((time, alerts, layouts))

    def silent(self, *times):
        for time in times:
            self.expect(time)
