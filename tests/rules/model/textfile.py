# SPDX-License-Identifier: Apache-2.0
"""What the program writes: doc/metrics.md once more, in Python.

tests/e2e/test_rules_model.py compares it with what the program itself writes.
Names of families are without their prefix.
"""

from .world import AWAY, Answer, Skipped

STATUSES = ("valid", "expired", "notyetvalid", "notfound")
SKIPS = ("not_running", "terminating", "not_ready", "no_address",
         "no_such_port")
SUMMARY_PAIRS_MAX = 1000
SUMMARY_FINGERPRINTS_MAX = 100
DISCOVERY_MAX_AGE = 3600


class Pair:
    """A pod of a pool, as a run finds it."""

    def __init__(self, pod, answer, time):
        self.pod = pod
        self.answer = answer
        self.status = answer.status(time)
        self.certificate = answer.found
        self.has_dates = self.status in ("valid", "expired", "notyetvalid")
        self.is_current = self.status in ("valid", "expired")
        self.is_checked = self.certificate is not None and answer.checked
        self.verdict = answer.verdict(time) if self.is_checked else None
        self.lag = None
        self.labels = pod.pool.labels | {"pod": pod.name}
        if pod.family:
            self.labels["family"] = pod.family
        self.id = (pod.pool.job, pod.pool.ns, pod.name, pod.pool.domain,
                   pod.pool.port, pod.family, pod.pool.key)

    @property
    def failed(self):
        """As the counter of errors has it."""
        return not self.answer.success and self.status is not None

    @property
    def badness(self):
        """0 for those that the summary leaves out."""
        if self.status == "valid":
            if self.lag:
                return self.lag + 2
            return 2 if not self.answer.success or self.verdict else 0
        return 1 if self.answer.reason == "key_type_missing" else 1e18


class Program:
    """One instance from run to run."""

    def __init__(self, world, instance):
        self.world = world
        self.instance = instance
        self.is_whole = instance.node is None
        self.forget()
        #: What an API server said last, and when.
        self.listed = None
        self.listed_at = None

    def forget(self):
        """The state file is lost."""
        self.runs = self.failures = 0
        self.last_success = None
        self.open_errors = {}

    def run(self, time, conditions):
        """The file after a run: [(family, labels, value)]."""
        if not conditions["state"]:
            self.forget()
        self._discover(time, conditions)
        success = conditions["succeeds"] and conditions["api"] \
            and conditions["in_time"]
        self.runs += 1
        if success:
            self.last_success = time
        else:
            self.failures += 1
        pools = self._probe(time, conditions)
        samples = list(self._of_run(time, conditions, success))
        samples += self._of_discovery(pools)
        metrics = "summary" if conditions["limited"] else self.instance.metrics
        if metrics == "mux":
            return samples + list(self._mux(time, pools))
        samples += self._of_pools(time, pools)
        pairs = [pair for _, pairs in pools for pair in pairs]
        if metrics == "summary":
            samples += self._summary(time, pools)
            pairs = sorted((pair for pair in pairs if pair.badness),
                           key=lambda pair: -pair.badness)[:SUMMARY_PAIRS_MAX]
        for pair in pairs:
            samples += self._of_pair(pair, time)
        return samples + list(self._certificates(pairs, pools, metrics))

    # What there is

    def _discover(self, time, conditions):
        if conditions["api"]:
            self.listed, self.listed_at = time, time
        elif self.listed_at is not None and \
                time - self.listed_at > DISCOVERY_MAX_AGE:
            self.listed = None
        self.api = conditions["api"]

    def _pods(self, pool):
        """Of this pool, those that were there when they were listed, which is
        now unless the API server is away."""
        if self.listed is None:
            return
        for pod in pool.pods:
            what = pod.now(self.listed)
            if what is not AWAY and self.instance.node in (None, pod.node):
                yield pod, what

    def _probe(self, time, conditions):
        """[(pool, its pairs)]"""
        pools = []
        for pool in self.world.pools:
            pairs = []
            for pod, what in self._pods(pool):
                if isinstance(what, Skipped):
                    continue
                now = pod.now(time)
                if not isinstance(now, Answer):
                    now = Answer(reason="stale_target")
                if not conditions["in_time"]:
                    now = Answer(reason="deadline")
                pairs.append(Pair(pod, now, time))
            if pairs:
                pools.append((pool, pairs))
        for _, pairs in pools:
            self._compare(pairs)
            for pair in pairs:
                self.open_errors[pair.id] = (
                    self.open_errors.get(pair.id, 0) + pair.failed)
        return pools

    def _compare(self, pairs):
        newest = max((pair.certificate.begin for pair in pairs
                      if pair.is_current), default=None)
        for pair in pairs:
            if self.is_whole and pair.is_current:
                pair.lag = newest - pair.certificate.begin

    # What is written of it

    def _of_run(self, time, conditions, success):
        yield "run_timestamp_seconds", {}, time
        yield "run_duration_seconds", {}, 1.5
        yield "run_success", {}, int(success)
        if self.last_success is not None:
            yield "last_success_timestamp_seconds", {}, self.last_success
        yield "run_deadline_exceeded", {}, int(not conditions["in_time"])
        yield "series_limited", {}, int(conditions["limited"])
        yield "runs_total", {}, self.runs
        yield "run_failures_total", {}, self.failures
        yield "build_info", {"version": "1", "gnutls": "3.7.9",
                             "libcurl": "7.88.1", "json_c": "0.16"}, 1
        server = {"server": "https://api.example.com:6443"}
        for family, certificate in (("client_cert", conditions["client"]),
                                    ("api_server_cert",
                                     conditions["server"])):
            if certificate:
                yield (f"{family}_not_after_timestamp_seconds", server,
                       certificate.end)
                yield (f"{family}_not_before_timestamp_seconds", server,
                       certificate.begin)

    def _of_discovery(self, pools):
        for job in dict.fromkeys(pool.job for pool in self.world.pools):
            source = {"job_name": job, "source": "pods"}
            yield "discovery_success", source, int(self.api)
            if not self.api:
                yield ("discovery_failure_info",
                       source | {"ns": "", "reason": "unreachable"}, 1)
            if self.listed_at is not None:
                yield "discovery_timestamp_seconds", source, self.listed_at
            if self.listed is not None:
                yield from self._counts(job)
            counts = dict.fromkeys(("none", *STATUSES), 0)
            for pool, pairs in pools:
                for pair in pairs if pool.job == job else ():
                    counts[pair.status or "none"] += 1
            for status, count in counts.items():
                yield "pairs", {"job_name": job, "status": status}, count

    def _counts(self, job):
        matching = {}
        for pool in self.world.pools:
            if pool.job == job:
                pods = matching.setdefault(pool.ns, {})
                pods |= {pod.name: what for pod, what in self._pods(pool)}
        mux = self.instance.metrics == "mux"
        for ns, pods in matching.items():
            labels = {"ns": ns} if mux else {"job_name": job, "ns": ns}
            yield "matching_pods", labels, len(pods)
            for reason in SKIPS:
                count = sum(isinstance(what, Skipped)
                            and what.reason == reason
                            for what in pods.values())
                yield ("skipped_pods",
                       {"job_name": job, "ns": ns, "reason": reason}, count)

    def _of_pools(self, time, pools):
        said = set()
        for pool, pairs in pools:
            if self.is_whole:
                yield "distinct_certs", pool.labels, len(_fingerprints(pairs))
            labels = {"job_name": pool.job, "ns": pool.ns,
                      "domain": pool.domain}
            expected = pool.expected(time)
            if expected is not None and tuple(labels.values()) not in said:
                said.add(tuple(labels.values()))
                yield ("expected_cert_not_before_timestamp_seconds", labels,
                       expected)

    def _summary(self, time, pools):
        for pool, pairs in pools:
            labels = pool.labels
            for status in (None, *STATUSES):
                yield ("domain_pairs", labels | {"status": status or "none"},
                       sum(pair.status == status for pair in pairs))
            current = [pair.certificate for pair in pairs if pair.is_current]
            if current:
                begins = [certificate.begin for certificate in current]
                yield ("domain_cert_not_after_timestamp_seconds", labels,
                       min(certificate.end for certificate in current))
                for bound, begin in (("oldest", min(begins)),
                                     ("newest", max(begins))):
                    yield ("domain_cert_not_before_timestamp_seconds",
                           labels | {"bound": bound}, begin)
            found = _fingerprints(pairs)
            for fingerprint in sorted(found)[:SUMMARY_FINGERPRINTS_MAX]:
                if found[fingerprint].begin <= time:
                    yield ("domain_cert_fingerprint_info",
                           labels | {"fingerprint_sha256": fingerprint}, 1)

    def _of_pair(self, pair, time):
        labels, certificate = pair.labels, pair.certificate
        for status in STATUSES:
            yield ("certificate", labels | {"status": status},
                   int(pair.status == status))
        if pair.has_dates:
            begin, end = certificate.begin, certificate.end
            yield "seconds_until_cert_expires", labels, end - time
            yield "seconds_since_cert_issued", labels, time - begin
            yield "cert_not_after_timestamp_seconds", labels, end
            yield "cert_not_before_timestamp_seconds", labels, begin
            yield ("cert_chain_not_after_timestamp_seconds", labels,
                   min(end, certificate.chain_end or end))
        if pair.lag is not None:
            yield "cert_renewal_lag_seconds", labels, pair.lag
        if certificate:
            yield ("cert_fingerprint_info", labels
                   | {"fingerprint_sha256": certificate.fingerprint}, 1)
        if pair.is_checked:
            yield "cert_verified", labels, int(pair.verdict is None)
            if pair.verdict:
                yield ("cert_verify_failure_info",
                       labels | {"reason": pair.verdict}, 1)
        yield "probe_success", labels, int(pair.answer.success)
        if pair.answer.reason:
            yield ("probe_failure_info",
                   labels | {"reason": pair.answer.reason}, 1)
        yield ("tls_open_connection_errors_total", labels,
               self.open_errors[pair.id])
        yield "tls_close_connection_errors_total", labels, 0

    def _certificates(self, pairs, pools, metrics):
        found = {pair.certificate.fingerprint for pair in pairs
                 if pair.certificate}
        if metrics == "summary":
            for _, of_pool in pools:
                found |= set(sorted(_fingerprints(of_pool))
                             [:SUMMARY_FINGERPRINTS_MAX])
        for fingerprint in sorted(found):
            yield ("cert_info",
                   {"fingerprint_sha256": fingerprint,
                    "subject_cn": "shop.example.com",
                    "issuer_cn": "Example CA", "serial_number": "01",
                    "key_algorithm": "ecdsa-p256",
                    "signature_algorithm": "ecdsa-with-SHA256"}, 1)

    def _mux(self, time, pools):
        """Of one job, port and type of key: what happens where they collide
        is not told here."""
        for pool, pairs in pools:
            for pair in pairs:
                labels = {"ns": pool.ns, "pod": pair.pod.name,
                          "domain": pool.domain}
                for status in STATUSES:
                    word = "soon" if status == "notyetvalid" else status
                    yield ("certificate", labels | {"status": word},
                           int(pair.status == status))
                if pair.has_dates:
                    yield ("seconds_until_cert_expires", labels,
                           pair.certificate.end - time)
                    yield ("seconds_since_cert_issued", labels,
                           time - pair.certificate.begin)
                yield ("tls_open_connection_error", labels,
                       self.open_errors[pair.id])
                yield "tls_close_connection_error", labels, 0


def _fingerprints(pairs):
    return {pair.certificate.fingerprint: pair.certificate for pair in pairs
            if pair.has_dates}
