# SPDX-License-Identifier: Apache-2.0
"""Which names and addresses a certificate stands for (RFC 6125).

Compared with OpenSSL, which agrees but for the common name, that it still
takes where there is no dNSName.
"""

import pytest
from support.fleet import Fleet
from support.openssl import names

#: What a certificate holds: (dNSNames, iPAddresses, common name)
CERTIFICATES = {
    "plain": (["www.example.org"], [], None),
    "upper": (["WWW.Example.ORG"], [], None),
    "wildcard": (["*.example.org"], [], None),
    "wildcard and bare": (["example.org", "*.example.org"], [], None),
    "deeper wildcard": (["*.a.example.org"], [], None),
    "two wildcards": (["*.*.example.org"], [], None),
    "inner wildcard": (["a.*.example.org"], [], None),
    "last wildcard": (["www.example.*"], [], None),
    "wildcard of all": (["*"], [], None),
    "wildcard of a top level": (["*.org"], [], None),
    "A-label wildcard": (["*.xn--bcher-kva.example"], [], None),
    "suffix": (["example.org"], [], None),
    "longer": (["wwww.example.org", "www.example.org.example.com"], [], None),
    "many": ([f"tenant{number}.example.org" for number in range(60)]
             + ["www.example.org"], [], None),
    "common name alone": ([], [], "www.example.org"),
    "common name too": (["other.example.com"], [], "www.example.org"),
    "address": ([], ["192.0.2.7", "2001:db8::7"], None),
    "address as a name": (["192.0.2.7", "2001:db8::7"], [], None),
    "address as common name": (["www.example.org"], [], "192.0.2.7"),
    "wildcard for an address": (["*.0.2.7"], [], None),
    "name and address": (["www.example.org"], ["192.0.2.7"], None),
}

#: Domain as it is asked for: the certificates that name it. A wildcard is
#: asked for as cem-probe.
DOMAINS = {
    "www.example.org": {"plain", "upper", "wildcard", "wildcard and bare",
                        "many", "name and address",
                        "address as common name"},
    "example.org": {"wildcard and bare", "suffix"},
    "a.example.org": {"wildcard", "wildcard and bare"},
    "*.example.org": {"wildcard", "wildcard and bare"},
    "a.b.example.org": set(),
    "b.a.example.org": {"deeper wildcard"},
    "*.a.example.org": {"deeper wildcard"},
    "www.xn--bcher-kva.example": {"A-label wildcard"},
    "www.bücher.example": {"A-label wildcard"},
    "tenant59.example.org": {"wildcard", "wildcard and bare", "many"},
    "xwww.example.org": {"wildcard", "wildcard and bare"},
    "192.0.2.7": {"address", "name and address"},
    "2001:db8::7": {"address"},
    "192.0.2.8": set(),
    "2001:db8:0:0::8": set(),
}
_AS_LABELLED = {"www.bücher.example": "www.xn--bcher-kva.example",
                "2001:db8:0:0::8": "2001:db8::8"}

PAIRS = [(certificate, domain) for certificate in CERTIFICATES
         for domain in DOMAINS]


@pytest.fixture(scope="module")
def certificates(gallery):
    return {name: gallery.authority.issue(
        f"names {name}", domains=domains, addresses=addresses,
        cn=common_name or "no name")
        for name, (domains, addresses, common_name) in CERTIFICATES.items()}


@pytest.fixture(scope="module")
def world(module_monitor, gallery, certificates, tmp_path_factory):
    fleet = Fleet(tmp_path_factory.mktemp("names"), "127.82")
    for name, certificate in certificates.items():
        fleet.show(name, certificate)
    with fleet:
        return module_monitor().measure(fleet.pods, DOMAINS, "--port", "tls",
                                        "--ca-file", gallery.root.cert)


@pytest.mark.parametrize("certificate, domain", PAIRS)
def test_names(world, certificate, domain):
    pair = {"pod": certificate, "domain": _AS_LABELLED.get(domain, domain)}
    good = certificate in DOMAINS[domain]
    assert world.status(**pair) == ("valid" if good else "notfound")
    assert world.reason(**pair) == (None if good else "name_mismatch")
    assert world.value("cert_verified", **pair) == good
    assert world.words("cert_verify_failure_info", "reason", **pair) == (
        [] if good else ["name_mismatch"])


@pytest.mark.parametrize("certificate", [
    name for name in CERTIFICATES if name != "common name alone"])
def test_openssl_is_of_the_same_opinion(certificates, certificate):
    # Each costs a process: those that tell the certificates apart.
    for domain in ("www.example.org", "example.org", "a.b.example.org",
                   "b.a.example.org", "192.0.2.7"):
        assert names(certificates[certificate].cert, domain) == (
            certificate in DOMAINS[domain]), domain
