# SPDX-License-Identifier: Apache-2.0
"""Whether a chain verifies, why not, and when its earliest part ends.

The verdicts are compared with `openssl verify`, the ends with `openssl x509`.
"""

from pathlib import Path

import pytest
from support import jobs
from support.certs import Authority
from support.chains import SITE, Chains
from support.exporter import promtool_findings
from support.fleet import Fleet
from support.openssl import end_of, verdict
from support.program import OK, USAGE
from support.requirements import require_root, unavailable

OTHER_NAME = "unnamed.example.com"

#: The rows by their reason: what the table in support/chains.py must hold.
GOOD = [
    "intermediate", "no intermediate", "root sent too", "two intermediates",
    "wrong order", "wrong order, root first", "superfluous", "duplicates",
    "intermediate ends first", "no purpose named", "both purposes",
    "intermediate for servers", "SHA-1 root", "name permitted",
    "path length kept", "trusted leaf", "expired cross-signed root",
    "namesake of the intermediate", "eight intermediates", "root ends first",
    "root ends first, and is sent", "leaf of its issuer's name",
    "root as it was before", "of two roots, ours first",
    "of two roots, ours last", "renewed early, old first",
    "renewed early, new first", "renewed intermediate last",
    "renewed intermediate first", "twin for clients, first",
    "twin for clients, last"]
BAD = {
    "expired": [
        "expired leaf", "expired intermediate", "expired root",
        "expired, issuer missing", "expired, self-signed", "expired, tampered",
        "expired, intermediate not yet valid"],
    "not_yet_valid": [
        "leaf not yet valid", "intermediate not yet valid",
        "not yet valid, issuer missing"],
    "self_signed": [
        "self-signed", "self-signed for clients", "self-signed with SHA-1"],
    "bad_signature": [
        "tampered leaf", "tampered intermediate", "tampered, for clients"],
    "insecure_algorithm": [
        "SHA-1 leaf", "MD5 leaf", "SHA-1 intermediate", "RSA-1024 leaf",
        "RSA-1024 intermediate", "RSA-1024, for clients",
        "SHA-1, issuer missing"],
    "wrong_purpose": [
        "for clients only", "intermediate for clients",
        "for clients, issuer missing", "for clients, issuer to be fetched"],
    "incomplete_chain": [
        "issuer to be fetched", "issuer to be fetched, responder named",
        "issuer presented elsewhere",
        "upper issuer to be fetched"],
    "unknown_issuer": [
        "cross-signed root is needed", "issuer missing",
        "issuer missing, responder named", "another root",
        "another root sent too", "namesake of a root",
        "namesake of a root sent"],
    "other": [
        "intermediate is no CA", "name not permitted", "name excluded",
        "path too long", "unknown critical extension"],
}
REASONS = {**dict.fromkeys(GOOD), **{name: reason for reason, names
                                     in BAD.items() for name in names}}


@pytest.fixture(scope="module")
def chains(tmp_path_factory):
    directory = tmp_path_factory.mktemp("chains")
    chains = Chains(directory, Fleet(directory / "nginx", "127.82"))
    with chains.fleet:
        yield chains


@pytest.fixture
def probe(monitor, chains):
    """Run it on some of the pods, all by default."""
    def probe(*args, names=None, **how):
        pods = [pod for pod in chains.fleet.pods
                if names is None or pod["metadata"]["name"] in names]
        return monitor.measure(pods, [SITE, OTHER_NAME], "--port", "tls",
                               *args, **how)
    return probe


@pytest.fixture(scope="module")
def world(chains, module_monitor):
    """One run over all chains."""
    monitor = module_monitor()
    metrics = monitor.measure(chains.fleet.pods, [SITE, OTHER_NAME], "--port",
                              "tls", "--ca-file", chains.store)
    metrics.text = monitor.output.read_text()
    return metrics


def reason(metrics, name, domain=SITE, **labels):
    """None if it is verified; what is written must agree with itself."""
    pair = {"pod": name, "domain": domain, **labels}
    found = metrics.words("cert_verify_failure_info", "reason", **pair)
    assert len(metrics.select("cert_verify_failure_info", **pair)) == len(found)
    assert metrics.value("cert_verified", **pair) == (not found)
    assert len(found) <= 1, found
    return found[0] if found else None


def chain_end(metrics, name, **labels):
    return metrics.value("cert_chain_not_after_timestamp_seconds", pod=name,
                         domain=SITE, **labels)


def test_the_table_is_whole(chains):
    assert {name: row.reason for name, row in chains.rows.items()} == REASONS


@pytest.mark.parametrize("name", REASONS)
def test_reason(world, name):
    assert reason(world, name) == REASONS[name]


#: OpenSSL takes the first certificate of an issuer's name that it is shown and
#: never looks back; browsers do.
AS_BROWSERS = {"of two roots, ours last", "twin for clients, first"}


@pytest.mark.parametrize("name", [
    name for name in REASONS if name not in AS_BROWSERS])
def test_verdict_is_that_of_openssl(world, chains, name):
    row = chains.rows[name]
    said = verdict(row.leaf, row.presented, chains.store)
    assert (said == "") == (reason(world, name) is None), said


@pytest.mark.parametrize("name", REASONS)
def test_chain_end_is_the_earliest_of_its_path(world, chains, name):
    row = chains.rows[name]
    assert chain_end(world, name) == min(map(end_of, row.ends))


@pytest.mark.parametrize("name", REASONS)
def test_chain_does_not_change_the_status_of_the_leaf(world, chains, name):
    pair = {"pod": name, "domain": SITE}
    row = chains.rows[name]
    assert world.status(**pair) == row.status
    assert world.reason(**pair) is None
    assert world.value("probe_success", **pair) == 1
    assert world.value("cert_not_after_timestamp_seconds",
                       **pair) == end_of(row.leaf)


@pytest.mark.parametrize("name", REASONS)
def test_name_mismatch_comes_before_all_else(world, name):
    pair = {"pod": name, "domain": OTHER_NAME}
    assert world.status(**pair) == "notfound"
    assert reason(world, name, OTHER_NAME) == "name_mismatch"
    assert not world.select("cert_chain_not_after_timestamp_seconds", **pair)


def test_promtool_is_content(world):
    assert promtool_findings(world.text) == ""


# Other stores

def test_intermediate_as_anchor(probe, chains):
    """Nothing above it is needed, and its own end does not count."""
    short = chains.rows["intermediate ends first"]
    store = chains.write_store("partial", chains.issuing.cert,
                               short.ends[1])
    metrics = probe("--ca-file", store)
    for name in ("intermediate", "root sent too", "duplicates",
                 "intermediate ends first", "issuer presented elsewhere"):
        row = chains.rows[name]
        assert verdict(row.leaf, row.presented, store, "-partial_chain") == ""
        assert reason(metrics, name) is None, name
        assert chain_end(metrics, name) == end_of(row.leaf), name
    for name in ("two intermediates", "no intermediate"):
        row = chains.rows[name]
        assert verdict(row.leaf, row.presented, store, "-partial_chain")
        assert reason(metrics, name), name


def test_self_signed_leaf_as_anchor(probe, chains):
    names = ["self-signed", "expired, self-signed"]
    good, bad = (chains.rows[name] for name in names)
    store = chains.write_store("itself", good.leaf, bad.leaf)
    assert verdict(good.leaf, good.presented, store) == ""
    assert verdict(bad.leaf, bad.presented, store)
    metrics = probe("--ca-file", store, names=[*names, "trusted leaf"])
    assert reason(metrics, names[0]) is None
    assert reason(metrics, names[1]) == "expired"
    assert reason(metrics, "trusted leaf") == "self_signed"


def test_authority_that_is_its_own_leaf(monitor, tmp_path):
    """What `openssl req -x509` makes of people who want no more."""
    authority = Authority(tmp_path / "own", "own", extra=[
        f'dns_name = "{SITE}"', "signing_key"])
    certificate = authority.bundle("own", authority.cert, authority.key,
                                   authority.not_before, authority.not_after,
                                   above="")
    assert verdict(certificate.cert, certificate.chain, certificate.cert) == ""
    fleet = Fleet(tmp_path / "nginx", "127.82")
    fleet.show("own", certificate)
    with fleet:
        metrics = monitor.measure(fleet.pods, [SITE], "--port", "tls",
                                  "--ca-file", certificate.cert)
        assert reason(metrics, "own") is None
        assert chain_end(metrics, "own") == end_of(certificate.cert)
        metrics = monitor.measure(fleet.pods, [SITE], "--port", "tls")
        assert reason(metrics, "own") == "self_signed"


def test_authorities_that_certify_each_other(monitor, chains, tmp_path):
    """There is an end to it, and no anchor there."""
    one, two = (Authority(tmp_path / name, name) for name in ("one", "two"))
    leaf = one.issue("leaf", domains=[SITE])
    leaf.chain.write_text("".join(path.read_text() for path in (leaf.cert, *(
        Authority(tmp_path / f"{subject.name} by {issuer.name}", subject.name,
                  key=subject, issuer=issuer).cert
        for subject, issuer in ((one, two), (two, one))))))
    fleet = Fleet(tmp_path / "nginx", "127.82")
    fleet.show("loop", leaf)
    with fleet:
        metrics = monitor.measure(fleet.pods, [SITE], "--port", "tls",
                                  "--ca-file", chains.store)
    assert metrics.status(pod="loop") == "valid"
    assert reason(metrics, "loop") in ("unknown_issuer", "incomplete_chain")


def test_cross_signed_root_where_only_the_old_root_is_known(probe, chains):
    """The path then leads through it, and ends with it."""
    name = "cross-signed root is needed"
    row = chains.rows[name]
    store = chains.write_store("old", chains.old_root.cert)
    assert verdict(row.leaf, row.presented, store) == ""
    metrics = probe("--ca-file", store, names=[
        name, "expired cross-signed root"])
    assert reason(metrics, name) is None
    assert chain_end(metrics, name) == end_of(chains.cross_signed.cert)
    assert end_of(chains.cross_signed.cert) < end_of(row.leaf)
    assert reason(metrics, "expired cross-signed root") == "expired"


def test_expired_old_root_in_the_store_does_no_harm(probe, chains, tmp_path):
    """As in the autumn of 2021: the new root is there, and so is the old one,
    expired, that the server's last certificate leads to."""
    name = "expired cross-signed root"
    gone = Authority(tmp_path / "gone", chains.old_root.name,
                     key=chains.old_root,
                     end=chains.dead_root.not_after)
    store = chains.write_store("autumn", gone.cert, chains.root.cert)
    row = chains.rows[name]
    assert verdict(row.leaf, row.presented, store) == ""
    metrics = probe("--ca-file", store, names=[name])
    assert reason(metrics, name) is None
    assert chain_end(metrics, name) == min(map(end_of, row.ends))


def test_system_store(probe, chains):
    """In a mount namespace, where the system's file is ours."""
    system = Path("/etc/ssl/certs/ca-certificates.crt")
    require_root()
    if not system.is_file():
        unavailable("the system has no file of trusted certificates")
    metrics = probe(names=GOOD[:4], wrapper=[
        "unshare", "-m", "sh", "-c", f'mount --bind "$0" {system} && exec "$@"',
        chains.store])
    for name in GOOD[:4]:
        assert reason(metrics, name) is None
    metrics = probe(names=GOOD[:1])
    # The intermediate is presented, its issuer is not known here.
    assert reason(metrics, GOOD[0]) == "unknown_issuer"


def test_system_without_a_store(monitor, chains):
    """As in a container without ca-certificates: said, not fatal."""
    require_root()
    result = monitor.probe(chains.fleet.pods[:1], [SITE], "--port", "tls",
                           wrapper=["unshare", "-m", "sh", "-c",
                                    'mount -t tmpfs none /etc/ssl/certs && '
                                    'exec "$@"', "sh"])
    assert result.status == OK
    assert "ca-certificates" in result.error
    assert reason(monitor.metrics(), GOOD[0]) == "unknown_issuer"


@pytest.mark.parametrize("write", [
    lambda pem: "# Root of our own\n=================\n" + pem,
    lambda pem: pem.replace("\n", "\r\n"),
    lambda pem: pem + pem], ids=["comments", "CRLF", "twice"])
def test_ways_to_write_a_store(probe, chains, write):
    store = chains.directory / "written.pem"
    store.write_bytes(write(chains.root.cert.read_text()).encode())
    metrics = probe("--ca-file", store, names=GOOD[:1])
    assert reason(metrics, GOOD[0]) is None


def test_nothing_is_verified(probe, chains):
    metrics = probe("--ca-file", "none")
    assert not metrics.select("cert_verified")
    assert not metrics.select("cert_verify_failure_info")
    for name in ("intermediate", "intermediate ends first", "wrong order",
                 "expired intermediate", "another root", "self-signed"):
        ends = min(map(end_of, chains.rows[name].ends))
        assert chain_end(metrics, name) == ends, name


def test_jobs_with_stores_of_their_own(monitor, gallery, chains):
    """The verdict is the job's, though both see the same chain."""
    store = chains.write_store("other", chains.other_root.cert)
    common = {"domains": [SITE], "port": "tls"}
    verdicts = {"intermediate": (None, "unknown_issuer"),
                "another root": ("unknown_issuer", None),
                "self-signed": ("self_signed", "self_signed"),
                "intermediate ends first": (None, "unknown_issuer")}
    pods = [pod for pod in chains.fleet.pods
            if pod["metadata"]["name"] in verdicts]
    result = jobs.run(monitor, gallery, pods, {
        "main": {**common, "ca_file": chains.store},
        "other": {**common, "ca_file": store},
        "off": {**common, "verify": False},
    })
    assert result.status == OK, result
    metrics = monitor.metrics()
    for name, (main, other) in verdicts.items():
        assert reason(metrics, name, job_name="main") == main
        assert reason(metrics, name, job_name="other") == other
    assert metrics.select("certificate", job_name="off")
    assert not metrics.select("cert_verified", job_name="off")
    assert not metrics.select("cert_verify_failure_info", job_name="off")
    end = min(map(end_of, chains.rows["intermediate ends first"].ends))
    for job in ("main", "other", "off"):
        assert chain_end(metrics, "intermediate ends first",
                         job_name=job) == end


# Stores that cannot be used

def _missing(path, chains):
    pass


def _empty(path, chains):
    path.write_text("")


def _text(path, chains):
    path.write_text("Trust me.\n")


def _broken(path, chains):
    lines = chains.root.cert.read_text().splitlines()
    path.write_text("\n".join(lines[:3] + lines[-1:]) + "\n")


def _directory(path, chains):
    path.mkdir()


def _key(path, chains):
    path.write_text(chains.root.key.read_text())


def _unreadable(path, chains):
    path.write_text(chains.root.cert.read_text())
    path.chmod(0)


@pytest.mark.parametrize("by", ["option", "file"])
@pytest.mark.parametrize("make", [_missing, _empty, _text, _broken, _directory,
                                  _key, _unreadable])
def test_store_that_cannot_be_used(monitor, gallery, chains, tmp_path, make,
                                   by):
    """It is said before anything is probed, and nothing is replaced."""
    path = tmp_path / "anchors.pem"
    make(path, chains)
    old = "# HELP old x\n# TYPE old gauge\nold 1\n"
    monitor.output.write_text(old)
    # Root may read whatever it likes, unless it has no capabilities.
    how = {"wrapper": ["setpriv", "--bounding-set=-all", "--inh-caps=-all",
                       "--"]} if make is _unreadable else {}
    if make is _unreadable:
        require_root()
    if by == "option":
        result = monitor.probe(chains.fleet.pods[:1], [SITE], "--port", "tls",
                               "--ca-file", path, **how)
    else:
        result = jobs.run(monitor, gallery, chains.fleet.pods[:1], {
            "edge": {"domains": [SITE], "port": "tls", "ca_file": path}},
            **how)
    assert result.status == USAGE, result
    assert str(path) in result.error
    assert monitor.output.read_text() == old
    assert "PRIVATE" not in result.stderr
