# SPDX-License-Identifier: Apache-2.0
"""Chains as servers present them, good ones and each kind of bad one.

Every chain is shown by a pod of its own, and its leaf names SITE.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from .certs import DAY, Authority, now, replace_bytes
from .fleet import WEAK

SITE = "site.example.com"

_AIA = 'ca_issuers_uri = "http://192.0.2.1/issuer.crt"'
_RESPONDER = 'ocsp_uri = "http://192.0.2.1/ocsp"'
_CLIENT, _SERVER = "tls_www_client", "tls_www_server"
_UNKNOWN = 'add_critical_extension = "1.2.3.4.5 0x0500"'
_SHA1, _MD5 = ["--hash", "SHA1"], ["--hash", "MD5"]


@dataclass(frozen=True)
class Chain:
    leaf: Path
    presented: Path
    reason: str         #: None if it verifies
    ends: list          #: files of the certificates whose earliest end counts
    status: str         #: of the leaf


class Chains:
    """`rows` are the chains by name. Stores are files of trust anchors."""

    def __init__(self, directory, fleet):
        self.directory = directory
        self.fleet = fleet
        self.rows = {}
        self.root = self._root("root")
        self.other_root = self._root("other root")
        self.old_root = self._root("old root")
        self.dead_root = self._root("dead root", end=now() - DAY)
        self.brief_root = self._root("brief root", end=now() + 5 * DAY)
        self.sha1_root = self._root("SHA-1 root", sign=_SHA1)
        # Itself, that is, and nothing else.
        self.sha1_root.sign = ()
        self.issuing = self._under(self.root, "issuing")
        self.trusted_leaf = self._add_good()
        self.cross_signed = self._add_cross_signed()
        self._add_missing()
        self._add_dates()
        self._add_signatures()
        self._add_purposes_and_constraints()
        self._add_precedence()
        self.store = self.write_store(
            "store", self.root.cert, self.dead_root.cert, self.sha1_root.cert,
            self.brief_root.cert, self.trusted_leaf)

    def write_store(self, name, *certificates):
        path = self.directory / f"{name}.pem"
        path.write_text("".join(map(Path.read_text, certificates)))
        return path

    def _root(self, name, **how):
        return Authority(self.directory / name, name, **how)

    def _under(self, issuer, name, **how):
        return Authority(self.directory / name, f"Test {name}", issuer=issuer,
                         **how)

    def _show(self, name, issuer, above, reason=None, path=None,
              status="valid", certificate=None, **leaf):
        """A leaf of the issuer and what the server sends above it:
        authorities or files. path is what of them leads on, all by default."""
        certificate = certificate or issuer.issue(
            f"row {len(self.rows)}", domains=[SITE], **leaf)
        presented = self.directory / f"{len(self.rows)}.presented.crt"
        above = [_file(each) for each in above]
        presented.write_text("".join(map(Path.read_text,
                                         [certificate.cert, *above])))
        path = above if path is None else [_file(each) for each in path]
        self.rows[name] = Chain(certificate.cert, presented, reason,
                                [certificate.cert, *path], status)
        self.fleet.show(name, replace(certificate, chain=presented), WEAK)
        return certificate

    def _add_good(self):
        root, issuing = self.root, self.issuing
        upper = self._under(root, "upper")
        lower = self._under(upper, "lower")
        self._show("intermediate", issuing, [issuing])
        self._show("no intermediate", root, [])
        self._show("root sent too", issuing, [issuing, root], path=[issuing])
        self._show("two intermediates", lower, [lower, upper])
        self._show("wrong order", lower, [upper, lower])
        self._show("wrong order, root first", lower, [root, upper, lower],
                   path=[upper, lower])
        stranger = self._under(self.other_root, "stranger",
                               end=now() + 5 * DAY)
        weak = self._under(self._under(root, "hashes", sign=_SHA1), "hashed")
        another = issuing.issue("another", domains=["other.example.com"],
                                end=now() + DAY)
        self._show("superfluous", issuing, [
            stranger, another.cert, upper, weak, issuing], path=[issuing])
        namesake = Authority(self.directory / "namesake", issuing.name,
                             issuer=root, serial=7)
        self._show("namesake of the intermediate", issuing, [
            namesake, issuing], path=[issuing])
        leaf = issuing.issue("twice", domains=[SITE])
        self._show("duplicates", issuing, [leaf.cert, issuing, issuing],
                   certificate=leaf, path=[issuing])
        self._show("intermediate ends first", *self._pair(
            root, "brief", end=now() + 20 * DAY))
        self._show("no purpose named", issuing, [issuing], purposes=[])
        self._show("both purposes", issuing, [issuing],
                   purposes=[_CLIENT, _SERVER])
        self._show("intermediate for servers", *self._pair(
            root, "servers only", extra=[_SERVER]))
        lower = self._under(self.brief_root, "of brief root")
        self._show("root ends first", lower, [lower])
        self._show("root ends first, and is sent", lower, [
            lower, self.brief_root], path=[lower])
        self._show("leaf of its issuer's name", issuing, [issuing],
                   cn=issuing.name)
        self._show("SHA-1 root", *self._pair(self.sha1_root, "of SHA-1 root"))
        self._show("name permitted", *self._pair(
            root, "permits", extra=['nc_permit_dns = "example.com"']))
        self._show("path length kept", *self._pair(root, "length 0",
                                                   extra=["path_len = 0"]))
        twin = self._under(root, "twin", extra=[_CLIENT])
        better = Authority(self.directory / "better twin", twin.name,
                           key=twin, issuer=root, serial=2)
        self._show("twin for clients, first", twin, [twin, better],
                   path=[better])
        self._show("twin for clients, last", twin, [better, twin],
                   path=[better])
        deep = root
        links = []
        for number in range(8):
            deep = self._under(deep, f"link {number}")
            links.insert(0, deep)
        self._show("eight intermediates", deep, links)
        return self._show("trusted leaf", issuing, [], cn="trusted leaf",
                          self_signed=True).cert

    def _pair(self, issuer, name, **how):
        """A new intermediate as _show() takes it: to issue, and to be sent."""
        authority = self._under(issuer, name, **how)
        return authority, [authority]

    def _add_cross_signed(self):
        """The root's key and name, by an old root that nobody needs now."""
        issuing = self.issuing
        expired = Authority(self.directory / "cross expired", self.root.name,
                            key=self.root, issuer=self.old_root,
                            end=now() - DAY)
        self._show("expired cross-signed root", issuing, [issuing, expired],
                   path=[issuing])
        younger = self._root("younger root")
        valid = Authority(self.directory / "cross valid", younger.name,
                          key=younger, issuer=self.old_root,
                          end=now() + 30 * DAY)
        lower = self._under(younger, "of younger root")
        self._show("cross-signed root is needed", lower, [lower, valid],
                   "unknown_issuer")
        stale = Authority(self.directory / "root before", self.root.name,
                          key=self.root, serial=3, end=now() - DAY)
        self._show("root as it was before", issuing, [issuing, stale],
                   path=[issuing])
        here = self._under(self.root, "of two roots")
        there = Authority(self.directory / "there", here.name, key=here,
                          issuer=self.other_root, end=now() + 3 * DAY)
        self._show("of two roots, ours first", here, [here, there],
                   path=[here])
        self._show("of two roots, ours last", here, [there, here],
                   path=[here])
        old = self._under(self.root, "renewed", end=now() - DAY)
        new = Authority(self.directory / "renewal", old.name, key=old,
                        issuer=self.root, end=now() + 50 * DAY, serial=2)
        brief = self._under(self.root, "renewed early", end=now() + 5 * DAY)
        longer = Authority(self.directory / "longer", brief.name, key=brief,
                           issuer=self.root, end=now() + 55 * DAY, serial=2)
        self._show("renewed early, old first", brief, [brief, longer],
                   path=[longer])
        self._show("renewed early, new first", brief, [longer, brief],
                   path=[longer])
        self._show("renewed intermediate last", old, [old, new], path=[new])
        self._show("renewed intermediate first", old, [new, old], path=[new])
        return valid

    def _add_missing(self):
        root = self.root
        self._show("issuer to be fetched", self._under(root, "fetched"), [],
                   "incomplete_chain", extra=[_AIA])
        self._show("issuer to be fetched, responder named", self._under(
            root, "fetched too"), [], "incomplete_chain",
            extra=[_RESPONDER, _AIA])
        self._show("issuer missing, responder named", self._under(
            root, "not fetched"), [], "unknown_issuer", extra=[_RESPONDER])
        self._show("issuer presented elsewhere", self.issuing, [],
                   "incomplete_chain")
        lower = self._under(self._under(root, "absent"), "fetches",
                            extra=[_AIA])
        self._show("upper issuer to be fetched", lower, [lower],
                   "incomplete_chain")
        self._show("issuer missing", self._under(root, "missing"), [],
                   "unknown_issuer")
        self._show("another root", *self._pair(
            self.other_root, "of other root"), "unknown_issuer")
        third = self._root("third root")
        lower = self._under(third, "of third root")
        self._show("another root sent too", lower, [lower, third],
                   "unknown_issuer")
        # A root that was made anew under its old name. The old one is sent by
        # a server, or by none: it is not what is missing.
        for name, root in (("namesake of a root", self.sha1_root),
                           ("namesake of a root sent", self.root)):
            namesake = Authority(self.directory / name, root.name)
            self._show(name, *self._pair(namesake, f"of {name}"),
                       "unknown_issuer")
        self._show("self-signed", root, [], "self_signed",
                   cn="self-signed leaf", self_signed=True)

    def _add_dates(self):
        root, issuing = self.root, self.issuing
        past, future = now() - DAY, now() + DAY
        self._show("expired leaf", issuing, [issuing], "expired", end=past,
                   status="expired")
        self._show("leaf not yet valid", issuing, [issuing], "not_yet_valid",
                   begin=future, status="notyetvalid")
        self._show("expired intermediate", *self._pair(
            root, "gone", end=past), "expired")
        self._show("intermediate not yet valid", *self._pair(
            root, "to come", begin=future), "not_yet_valid")
        self._show("expired root", *self._pair(self.dead_root, "of dead root"),
                   "expired")

    def _add_signatures(self):
        root, issuing = self.root, self.issuing
        leaf = issuing.issue("tampered", domains=[SITE], cn="honest")
        replace_bytes(leaf.cert, b"honest", b"forged")
        self._show("tampered leaf", issuing, [issuing], "bad_signature",
                   certificate=leaf)
        forged = self._under(root, "forged", serial=0x7a7a7a7a)
        replace_bytes(forged.cert, b"\x7a" * 4, b"\x7b" * 4)
        self._show("tampered intermediate", forged, [forged], "bad_signature")
        for name, sign in ("SHA-1", _SHA1), ("MD5", _MD5):
            self._show(f"{name} leaf", *self._pair(
                root, f"signs {name}", key="rsa-2048", sign=sign),
                "insecure_algorithm")
        weak = self._under(root, "signs another's SHA-1", sign=_SHA1)
        lower = self._under(weak, "by SHA-1")
        self._show("SHA-1 intermediate", lower, [lower, weak],
                   "insecure_algorithm")
        self._show("RSA-1024 leaf", issuing, [issuing], "insecure_algorithm",
                   key="rsa-1024")
        self._show("RSA-1024 intermediate", *self._pair(
            root, "weak", key="rsa-1024"), "insecure_algorithm")

    def _add_purposes_and_constraints(self):
        root, issuing = self.root, self.issuing
        self._show("for clients only", issuing, [issuing], "wrong_purpose",
                   purposes=[_CLIENT])
        self._show("intermediate for clients", *self._pair(
            root, "clients only", extra=[_CLIENT]), "wrong_purpose")
        self._show("intermediate is no CA", *self._pair(
            root, "no CA", is_ca=False), "other")
        self._show("name not permitted", *self._pair(
            root, "permits elsewhere", extra=['nc_permit_dns = "example.net"']),
            "other")
        self._show("name excluded", *self._pair(
            root, "excludes", extra=['nc_exclude_dns = "example.com"']),
            "other")
        self._show("unknown critical extension", issuing, [issuing], "other",
                   extra=[_UNKNOWN])
        short = self._under(root, "short path", extra=["path_len = 0"])
        lower = self._under(short, "too deep")
        self._show("path too long", lower, [lower, short], "other")

    def _add_precedence(self):
        """Of two reasons that apply, the first of the list."""
        root, issuing = self.root, self.issuing
        past, future = now() - DAY, now() + DAY
        missing = self._under(root, "missing too")
        weak = self._under(root, "missing SHA-1", sign=_SHA1)
        self._show("expired, issuer missing", missing, [], "expired", end=past,
                   status="expired")
        self._show("not yet valid, issuer missing", missing, [],
                   "not_yet_valid", begin=future, status="notyetvalid")
        self._show("expired, self-signed", root, [], "expired", end=past,
                   cn="expired leaf", self_signed=True, status="expired")
        self._show("expired, tampered", issuing, [issuing], "expired",
                   certificate=self._tampered(end=past), status="expired")
        self._show("expired, intermediate not yet valid", *self._pair(
            root, "to come too", begin=future), "expired", end=past,
            status="expired")
        self._show("self-signed for clients", root, [], "self_signed",
                   cn="for clients", self_signed=True, purposes=[_CLIENT])
        self._show("self-signed with SHA-1", weak, [], "self_signed",
                   cn="by SHA-1", self_signed=True)
        self._show("tampered, for clients", issuing, [issuing],
                   "bad_signature", certificate=self._tampered(
                       purposes=[_CLIENT]))
        self._show("RSA-1024, for clients", issuing, [issuing],
                   "insecure_algorithm", key="rsa-1024", purposes=[_CLIENT])
        self._show("SHA-1, issuer missing", weak, [], "insecure_algorithm")
        self._show("for clients, issuer missing", missing, [],
                   "wrong_purpose", purposes=[_CLIENT])
        self._show("for clients, issuer to be fetched", missing, [],
                   "wrong_purpose", purposes=[_CLIENT], extra=[_AIA])

    def _tampered(self, **how):
        leaf = self.issuing.issue(f"tampered {len(self.rows)}", domains=[SITE],
                                  cn="honest", **how)
        replace_bytes(leaf.cert, b"honest", b"forged")
        return leaf


def _file(certificate):
    return getattr(certificate, "cert", certificate)
