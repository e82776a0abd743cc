# SPDX-License-Identifier: Apache-2.0
"""Protocols that begin without TLS, on the servers that people run."""

import contextlib

import pytest
from support import dialogues, hostile, tlswire
from support.certs import DAY, Authority, now
from support.databases import MariaDB, OpenLDAP, PostgreSQL
from support.dialogues import GO_AHEAD, answers, mysql_greeting
from support.hostile import Listener, drips_for_ever, floods, says
from support.mail import Dovecot, Postfix
from support.openssl import assert_facts, facts
from support.pods import named_port

DOMAIN = "mail.example.com"
GOOD = ("valid", 1, None)
FAILED = ("notfound", 0, "starttls_failed")

#: protocol: (fixture, its port)
SERVERS = {"smtp": ("postfix", "smtp"), "imap": ("dovecot", "imap"),
           "pop3": ("dovecot", "pop3"), "ldap": ("openldap", "port"),
           "postgres": ("postgresql", "port"), "mysql": ("mariadb", "port")}
#: Ports where TLS does not wait to be asked for.
TLS_SERVERS = {"smtps": ("postfix", "smtps"), "imaps": ("dovecot", "imaps")}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("starttls"))


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.issue("valid", domains=[DOMAIN])


@pytest.fixture(scope="module")
def postfix(authority, certificate):
    server = Postfix()
    server.smtp = server.add(certificate)
    server.smtps = server.add(certificate, "smtpd_tls_wrappermode=yes")
    server.expired = server.add(authority.issue(
        "expired", domains=[DOMAIN], begin=now() - 90 * DAY,
        end=now() - 1 * DAY))
    with server:
        yield server


@pytest.fixture(scope="module")
def plain_postfix(certificate):
    server = Postfix()
    server.smtp = server.add(certificate, "smtpd_tls_security_level=none")
    with server:
        yield server


def _fixtures(kind):
    """A server with the certificate, and one without any."""
    @pytest.fixture(scope="module")
    def with_tls(certificate):
        with kind(certificate) as server:
            yield server

    @pytest.fixture(scope="module")
    def without_tls():
        with kind() as server:
            yield server

    return with_tls, without_tls


dovecot, plain_dovecot = _fixtures(Dovecot)
openldap, plain_openldap = _fixtures(OpenLDAP)
postgresql, plain_postgresql = _fixtures(PostgreSQL)
mariadb, plain_mariadb = _fixtures(MariaDB)


@pytest.fixture
def port_of(request):
    """The port of a server; none is started that no test asks for."""
    def port_of(name, kind=""):
        fixture, attribute = {**SERVERS, **TLS_SERVERS}[name]
        return getattr(request.getfixturevalue(kind + fixture), attribute)
    return port_of


@pytest.fixture
def measure(monitor):
    """Probe a port of loopback."""
    def measure(port, *args):
        return monitor.measure({"pod": "127.0.0.1"}, [DOMAIN], "--port",
                               str(port), *args)
    return measure


@pytest.mark.parametrize("protocol", SERVERS)
def test_facts_are_those_that_openssl_sees(measure, port_of, protocol):
    port = port_of(protocol)
    metrics = measure(port, "--starttls", protocol)
    assert metrics.verdict(pod="pod") == GOOD
    assert_facts(metrics, facts("127.0.0.1", port, DOMAIN,
                                starttls=protocol),
                 pod="pod")


def test_expired_certificate(measure, postfix):
    metrics = measure(postfix.expired, "--starttls", "smtp")
    assert metrics.verdict(pod="pod") == ("expired", 1, None)


def test_postfix_has_nothing_to_complain_of(measure, certificate):
    """Control first: a client that is too quick, and then speaks no TLS, is
    in that log."""
    server = Postfix()
    port = server.add(certificate)

    def log_of_session(number):
        def ended():
            return server.log.read_text().count("disconnect from") == number
        server.wait_until(ended, "a session's end")
        return server.log.read_text().split("disconnect from")[number - 1]

    with server:
        with hostile.socket.create_connection(("127.0.0.1", port)) as early:
            early.sendall(b"EHLO early\r\nSTARTTLS\r\n")
            answer = b""
            while b"Ready to start TLS" not in answer:
                answer += early.recv(4096)
            early.sendall(b"EHLO early\r\n")
        log = log_of_session(1)
        assert "improper command pipelining" in log
        assert "SSL_accept error" in log

        metrics = measure(port, "--starttls", "smtp")
        assert metrics.verdict(pod="pod") == GOOD
        log = log_of_session(2)
        for complaint in ("pipelining", "SSL_accept", "warning", "error"):
            assert complaint not in log


@pytest.mark.parametrize("protocol", SERVERS)
def test_server_without_tls(measure, port_of, protocol):
    metrics = measure(port_of(protocol, "plain_"), "--starttls", protocol)
    assert metrics.verdict(pod="pod") == FAILED


@pytest.mark.parametrize("name, reason", {
    "smtp": "not_tls", "imap": "not_tls", "pop3": "not_tls",
    "mysql": "not_tls", "ldap": "handshake_closed",
    "postgres": "handshake_closed"}.items())
def test_server_that_is_not_asked_for_tls(measure, port_of, name, reason):
    metrics = measure(port_of(name))
    assert metrics.verdict(pod="pod") == ("notfound", 0, reason)


def check_log(stderr):
    """Whatever a server says, it does not write our log."""
    lines = stderr.split("\n")
    assert lines.pop() == ""
    for line in lines:
        assert line.isprintable(), repr(line)
        assert line.startswith("certificate-expiry-monitor: "), repr(line)


#: (protocol asked for, server there, what it says; "" where that is no text)
WRONG = [
    ("imap", "smtp", f"220 {DOMAIN} ESMTP"), ("pop3", "smtp", f"220 {DOMAIN}"),
    ("smtp", "imap", "* OK"), ("smtp", "pop3", "+OK"), ("pop3", "imap", "* OK"),
    ("imap", "pop3", "+OK"), ("mysql", "smtp", ""), ("ldap", "imap", ""),
    ("postgres", "smtp", ""), ("smtp", "mysql", ""), ("postgres", "mysql", ""),
    ("ldap", "postgres", ""), ("postgres", "ldap", ""), ("ldap", "imaps", ""),
    ("postgres", "imaps", ""),
]
#: Each side waits for the other one's first word.
MUTE = [("smtp", "postgres"), ("imap", "ldap"), ("mysql", "postgres"),
        ("smtp", "smtps"), ("imap", "imaps"), ("mysql", "imaps")]


@pytest.mark.parametrize("asked, there, said", WRONG)
def test_other_protocol_than_the_servers(monitor, port_of, asked, there, said):
    result = monitor.probe({"pod": "127.0.0.1"}, [DOMAIN],
                           "--port", str(port_of(there)), "--starttls", asked,
                           "--log-level", "debug")
    assert monitor.metrics().verdict(pod="pod") == FAILED
    check_log(result.stderr)
    assert said in result.stderr


@pytest.mark.parametrize("asked, there", MUTE)
def test_both_sides_wait(measure, port_of, asked, there):
    metrics = measure(port_of(there), "--starttls", asked, "--timeout", "1s")
    assert metrics.verdict(pod="pod") == FAILED


@contextlib.contextmanager
def listening(behaviours):
    """A Listener for each; yields pods named as the behaviours are."""
    with contextlib.ExitStack() as stack:
        yield [named_port(name, stack.enter_context(Listener(behave)).port)
               for name, behave in behaviours.items()]


@pytest.mark.parametrize("protocol", SERVERS)
def test_dialogues_of_our_own_lead_to_tls(measure, certificate, protocol):
    """Control for the tests below; and the session ends as any other."""
    ends = hostile.tells_how_it_ends(certificate)
    with Listener(answers(protocol, GO_AHEAD[protocol], ends)) as listener:
        metrics = measure(listener.port, "--starttls", protocol)
        assert metrics.verdict(pod="pod") == GOOD
        assert listener.wait_for_received() == ["close_notify"]


#: The beginning of something long.
_DRIPS = {"smtp": b"220-a\r\n", "imap": b"* OK a\r\n", "pop3": b"+OK a",
          "ldap": b"\x30\x82\x0f\xff", "postgres": b"E\x00\x00\x0f\xff",
          "mysql": b"\x00\x0f\x00\x00\x0a"}
#: What only the clock can end. MySQL's last word is the client's.
SILENT = {protocol: {
    "silent": hostile.silent,
    "dripping": drips_for_ever(_DRIPS[protocol]),
    **({} if protocol == "mysql" else {
        "silent-later": answers(protocol, b"")}),
} for protocol in SERVERS}
SILENT["ldap"]["half"] = answers("ldap", GO_AHEAD["ldap"][:5])
SILENT["smtp"]["half"] = says(b"220 mail.exam", after_hello=False)


@pytest.mark.parametrize("protocol", SERVERS)
def test_silence_ends_by_the_timeout(monitor, protocol):
    with listening(SILENT[protocol]) as pods:
        result = monitor.probe(pods, [DOMAIN], "--port", "tls", "--starttls",
                               protocol, "--timeout", "1s")
    metrics = monitor.metrics()
    verdicts = {name: metrics.verdict(pod=name) for name in SILENT[protocol]}
    assert verdicts == dict.fromkeys(SILENT[protocol], FAILED)
    assert result.seconds < 10


A_LOT = b"a" * 16000
_COMMON = {
    "closes": hostile.close_at_once,
    "nonsense": says(bytes(range(256)), after_hello=False),
    "is a TLS server": says(tlswire.alert(tlswire.PROTOCOL_VERSION),
                            after_hello=False, then=hostile.close_at_once),
}


def _injects(protocol):
    """What follows the go-ahead would be taken for part of the session."""
    return answers(protocol, GO_AHEAD[protocol] + b"220 more\r\n")


def _closes_later(protocol):
    return answers(protocol, b"", then=hostile.close_at_once)


def _of_lines(protocol, good, again):
    return {"endless line": floods(A_LOT, good),
            "endless lines": floods(again),
            "endless answer": answers(protocol, b"", floods(again)),
            "closes in a line": answers(protocol, good,
                                        hostile.close_at_once),
            "closes later": _closes_later(protocol),
            "injects": _injects(protocol)}


#: What is known to be wrong before the time is up.
MISBEHAVED = {
    "smtp": {
        **_of_lines("smtp", b"220 a", b"220-a\r\n"),
        "unfriendly": says(b"554 not you\r\n", after_hello=False),
        "refuses": answers("smtp", b"454 not now\r\n"),
    },
    "imap": {
        **_of_lines("imap", b"* OK a", b"* OK a\r\n"),
        "unfriendly": says(b"* BYE not you\r\n", after_hello=False),
        "refuses": answers("imap", b"TAG NO not now\r\n"),
        "does not know it": answers("imap", b"TAG BAD what?\r\n"),
    },
    "pop3": {
        # An answer is one line.
        **_of_lines("pop3", b"+OK a", b"+OK a"),
        "unfriendly": says(b"-ERR not you\r\n", after_hello=False),
        "refuses": answers("pop3", b"-ERR not now\r\n"),
    },
    "ldap": {
        "endless": floods(A_LOT, b"\x30\x84\x7f\xff\xff\xff"),
        "endless length": answers("ldap", b"\x30\xff" + b"\xff" * 200),
        "refuses": answers("ldap", dialogues.ldap_response(52)),
        "answers something else": answers(
            "ldap", dialogues.ldap_response(0, operation=0x61)),
        "answers somebody else": answers(
            "ldap", dialogues.ldap_response(0, message=9)),
        "says good-bye": answers(
            "ldap", dialogues.ldap_response(52, b"bye", message=0)),
        "closes later": _closes_later("ldap"),
        "injects": _injects("ldap"),
    },
    "postgres": {
        "endless": floods(A_LOT, b"E\x7f\xff\xff\xff"),
        "refuses": answers("postgres", b"N"),
        "complains": answers("postgres", dialogues.postgres_error(b"no")),
        "complains as of old": answers("postgres", b"Eno more processes\0"),
        "closes later": _closes_later("postgres"),
        "injects": _injects("postgres"),
    },
    "mysql": {
        "endless": floods(A_LOT, b"\xff\xff\xff\x00\x0a"),
        "endless version": floods(A_LOT, mysql_greeting()[:5]),
        "complains": says(dialogues.mysql_error(b"not you"),
                          after_hello=False),
        "has no tls": says(mysql_greeting(tls=False), after_hello=False),
        "is too old": says(mysql_greeting(protocol=9), after_hello=False),
        "is cut": says(dialogues.mysql_packet(b"\x0a8.0\0"),
                       after_hello=False),
        "closes in it": says(mysql_greeting()[:20], after_hello=False,
                             then=hostile.close_at_once),
        "injects": answers("mysql", b"more"),
    },
}


@pytest.mark.parametrize("protocol", SERVERS)
def test_misbehaviour_does_not_wait_for_the_timeout(monitor, protocol):
    behaviours = {**_COMMON, **MISBEHAVED[protocol]}
    with listening(behaviours) as pods:
        result = monitor.probe(pods, [DOMAIN], "--port", "tls", "--starttls",
                               protocol, "--timeout", "20s")
    metrics = monitor.metrics()
    verdicts = {name: metrics.verdict(pod=name) for name in behaviours}
    assert verdicts == dict.fromkeys(behaviours, FAILED)
    assert result.seconds < 20


@pytest.mark.parametrize("protocol", SERVERS)
def test_server_that_closes_after_the_go_ahead(measure, protocol):
    """The dialogue was good: it is the handshake that failed."""
    behave = answers(protocol, GO_AHEAD[protocol], hostile.close_after_hello)
    with Listener(behave) as listener:
        metrics = measure(listener.port, "--starttls", protocol)
    assert metrics.verdict(pod="pod") == ("notfound", 0, "handshake_closed")


#: A terminal's escape sequence, a line end, a C1 control, and no UTF-8.
_SPITEFUL = (b"so there \x1b]0;owned\x07 \x7f \xc2\x9b31m \xff\xfe \x00 "
             b"\rcertificate-expiry-monitor: error: forged")


@pytest.mark.parametrize("protocol", SERVERS)
def test_what_a_server_says_is_logged_as_text(monitor, protocol):
    text = _SPITEFUL
    if protocol in ("ldap", "mysql"):       # a line end does not end these
        text = text.replace(b"\r", b"\n")
    if protocol == "postgres":
        text = text.replace(b"\0", b"\n")
    with Listener(dialogues.refusals(text)[protocol]) as listener:
        result = monitor.probe({"pod": listener.address}, [DOMAIN],
                               "--port", str(listener.port), "--starttls",
                               protocol, "--log-level", "debug")
    assert monitor.metrics().verdict(pod="pod") == FAILED
    check_log(result.stderr)
    assert "so there" in result.stderr
