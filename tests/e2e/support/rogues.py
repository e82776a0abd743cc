# SPDX-License-Identifier: Apache-2.0
"""What servers do wrong, by name, and what is to be said of each.

The answers made by hand are in clear: all of TLS 1.2's before its Finished,
the first of TLS 1.3's. For the rest there are servers that really encrypt,
and spoil what they say (garbler) or have it spoilt on the way (meddler).
"""

import dataclasses
from collections.abc import Callable

from . import der, garbler, hostile, meddler, tlswire
from . import gallery as at
from .hostile import (answers, closes, drips, half_closes, in_turn,
                      never_reads, repeats, resets, says)
from .tlswire import alert, extension, handshake, record

#: What is said of a pair: (status, reason).
GOOD = ("valid", None)
SILENT = ("notfound", "handshake_timeout")
CLOSED = ("notfound", "handshake_closed")
BROKEN = ("notfound", "handshake_error")
REFUSED = ("notfound", "handshake_alert")
NOT_TLS = ("notfound", "not_tls")
NO_CERTIFICATE = ("notfound", "no_certificate")
BAD_CERTIFICATE = ("notfound", "bad_certificate")
#: Once the certificate has come it counts, whatever follows.
SILENT_LATER = ("valid", "handshake_timeout")
CLOSED_LATER = ("valid", "handshake_closed")
BROKEN_LATER = ("valid", "handshake_error")
REFUSED_LATER = ("valid", "handshake_alert")


@dataclasses.dataclass(frozen=True)
class Rogue:
    make: Callable      #: makes its behaviour, of the gallery of good servers
    status: str
    reason: str
    #: It refuses an offer, and gets another one.
    is_asked_again: bool = False
    #: What the reason says is known early, and yet nothing comes to an end.
    holds_on: bool = False

    @property
    def uses_up_its_time(self):
        return self.holds_on or self.reason == "handshake_timeout"


#: Name: Rogue
ROGUES = {}


def _add_made(name, expected, make, **more):
    assert name not in ROGUES, name
    ROGUES[name] = Rogue(make, *expected, **more)


def _add(name, expected, behave, **more):
    """The same behaviour for every server of this name."""
    _add_made(name, expected, lambda _gallery: behave, **more)


_LEAF = der.certificate(der.rsa_key(1 << 2047 | 1, 65537), at.VALID)
_GARBAGE = bytes(range(128, 256)) * 8
_HELLO = tlswire.server_hello(cipher=0xC02F)    # ECDHE_RSA, AES_128_GCM
_CERTIFICATE = tlswire.certificate_message(_LEAF)
_KEY = tlswire.server_key_exchange(b"\1" * 256)
_DONE = tlswire.server_hello_done()
_FLIGHT = _HELLO + _CERTIFICATE + _KEY + _DONE
_HELLO_REQUEST = handshake(tlswire.HELLO_REQUEST, b"")
_CCS = record(tlswire.CHANGE_CIPHER_SPEC, b"\1")


# --- Silence, and haste ------------------------------------------------------

_add("silent", SILENT, hostile.silent)
_add("silent after ServerHello", SILENT, says(_HELLO))
_add("silent after Certificate", SILENT_LATER, says(_HELLO + _CERTIFICATE))
_add("silent within a record", SILENT, says(_HELLO[:20]))
_add("silent within a header", SILENT, says(_HELLO[:3]))
_add("a byte a second", SILENT, drips(_FLIGHT, 1))
_add("a byte now and then", SILENT, drips(_FLIGHT, 0.05))
_add("an alert a byte a second", SILENT, drips(alert(40), 1))
_add("never reads", SILENT, never_reads())
_add("never reads a long cookie", SILENT, never_reads(
    lambda hello: tlswire.hello_retry_request(hello, extensions=extension(
        tlswire.COOKIE, b"\xea\x60" + bytes(60000)))))

for _how, _end in (("closes", closes), ("half-closes", half_closes),
                   ("resets", resets)):
    _add(f"{_how} at once", CLOSED, _end(after_hello=False))
    _add(f"{_how} after ClientHello", CLOSED, _end())
    _add(f"{_how} within a header", CLOSED, _end(_HELLO[:3]))
    _add(f"{_how} within ServerHello", CLOSED, _end(_HELLO[:20]))
    _add(f"{_how} after ServerHello", CLOSED, _end(_HELLO))
    _add(f"{_how} within Certificate", CLOSED,
         _end(_HELLO + _CERTIFICATE[:-9]))
    _add(f"{_how} after Certificate", CLOSED_LATER,
         _end(_HELLO + _CERTIFICATE))


# --- Other protocols, alerts -------------------------------------------------

_add("HTTP", NOT_TLS, says(
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"))
_add("SSH", NOT_TLS, says(b"SSH-2.0-OpenSSH_9.2\r\n", after_hello=False))
_add("SMTP", NOT_TLS, says(b"220 mail.example.com ESMTP\r\n",
                           after_hello=False))
_add("garbage", NOT_TLS, says(_GARBAGE))
_add("garbage after ServerHello", BROKEN, says(_HELLO + _GARBAGE))
_add("garbage after Certificate", BROKEN_LATER,
     says(_HELLO + _CERTIFICATE + _GARBAGE))
_add("alert internal_error", REFUSED, says(alert(80)))
_add("alert that nobody knows", REFUSED, says(alert(255)))
_add("alert of an odd level", SILENT, says(alert(80, level=9)))
_add("alert close_notify", CLOSED, says(alert(0, tlswire.WARNING)))
_add("alert of one byte", BROKEN, says(record(tlswire.ALERT, b"\2")))
_add("alert after ServerHello", REFUSED, says(_HELLO + alert(80)))
_add("alert after Certificate", REFUSED_LATER,
     says(_HELLO + _CERTIFICATE + alert(80)))
_add("warning and certificate", BROKEN_LATER,
     says(alert(112, tlswire.WARNING) + _FLIGHT))


# --- Offers that are refused, and asked again --------------------------------

for _number, _word in ((40, "handshake_failure"), (70, "protocol_version")):
    _no = alert(_number)
    _add(f"{_word} always", REFUSED, says(_no), is_asked_again=True)
    _add(f"{_word}, closed", REFUSED, closes(_no), is_asked_again=True)
    _add(f"{_word} a byte at a time", REFUSED, drips(_no, 0.01),
         is_asked_again=True)
    for _then, _behave in (("silence", hostile.silent),
                           ("the end", closes(after_hello=False)),
                           ("a reset", resets()),
                           ("garbage", says(_GARBAGE))):
        _add_made(f"{_word}, then {_then}", REFUSED,
                  lambda _gallery, first=says(_no), then=_behave:
                  in_turn(first, then), is_asked_again=True,
                  holds_on=_behave is hostile.silent)


# --- Without end -------------------------------------------------------------

_add("endless Certificate", BROKEN, hostile.endless)
for _name, _data in (("empty records", record(tlswire.HANDSHAKE, b"")),
                     ("warnings", alert(90, tlswire.WARNING)),
                     ("ChangeCipherSpec", _CCS),
                     ("data", record(tlswire.APPLICATION_DATA, b"x")),
                     ("empty data", record(tlswire.APPLICATION_DATA, b"")),
                     ("HelloRequest", _HELLO_REQUEST)):
    _add(f"endless {_name}", BROKEN, repeats(_data))
    _add(f"endless {_name} after ServerHello", BROKEN, repeats(_data, _HELLO))
    _add(f"endless {_name} after Certificate", BROKEN_LATER,
         repeats(_data, _HELLO + _CERTIFICATE))
_add("endless ServerHello", BROKEN, repeats(_HELLO))
_add("endless Certificates", BROKEN_LATER, repeats(_CERTIFICATE, _HELLO))
# A third of a megabyte, and yet more work than one of large records.
_BEGUN = _HELLO + record(tlswire.HANDSHAKE,
                         bytes([tlswire.CERTIFICATE]) + b"\7\0\0")
_SMALL = record(tlswire.HANDSHAKE, b"\0")
_add("endless small records", BROKEN, repeats(_SMALL, _BEGUN))
_add("60,000 small records, then silent", BROKEN, says(_BEGUN
                                                       + _SMALL * 60000))
_add("endless HTTP", NOT_TLS, repeats(b"HTTP/1.1 200 OK\r\n"))


# --- In clear, and wrong -----------------------------------------------------

_add("ServerHello twice", BROKEN, says(_HELLO * 2))
_add("ServerHello of SSL 3", BROKEN, says(
    tlswire.server_hello(version=0x0300)), is_asked_again=True)
_add("ServerHello of an unknown version", BROKEN, says(
    tlswire.server_hello(version=0x0399)), is_asked_again=True)
_add("ServerHello with an unknown cipher", BROKEN, says(
    tlswire.server_hello(cipher=0xFEFE)))
_add("ServerHello that is empty", BROKEN, says(
    handshake(tlswire.SERVER_HELLO, b"")))
_add("ServerHello of 60,000 bytes", BROKEN_LATER, says(
    tlswire.server_hello(cipher=0xC02F, extensions=extension(
        0xfefe, bytes(60000))) + _CERTIFICATE + _KEY + _DONE))
_add("ServerHello of 15,000 extensions", BROKEN_LATER, says(
    tlswire.server_hello(cipher=0xC02F, extensions=extension(0xfefe) * 15000)
    + _CERTIFICATE + _KEY + _DONE))
_add("ServerHello with a cut extension", BROKEN, says(
    tlswire.server_hello(cipher=0xC02F, extensions=b"\0\x17\0\x05")))
_add("Certificate first", BROKEN, says(_CERTIFICATE))
_add("Certificate twice", BROKEN_LATER, says(
    _HELLO + _CERTIFICATE * 2 + _KEY + _DONE))
_add("Certificate without any", NO_CERTIFICATE, says(
    _HELLO + tlswire.certificate_message() + _KEY + _DONE))
_add("Certificate with empty entries", BAD_CERTIFICATE, says(
    _HELLO + tlswire.certificate_message(_LEAF, *[b""] * 9) + _KEY + _DONE))
_add("Certificate of garbage", BAD_CERTIFICATE, says(
    _HELLO + tlswire.certificate_message(_GARBAGE) + _KEY + _DONE))
_add("Certificate with a wrong length", BAD_CERTIFICATE, says(
    _HELLO + handshake(tlswire.CERTIFICATE, b"\0\xff\xff" + _LEAF)))
_add("Certificate that is empty", BAD_CERTIFICATE, says(
    _HELLO + handshake(tlswire.CERTIFICATE, b"")))
_add("CertificateStatus of garbage", BROKEN_LATER, says(
    tlswire.server_hello(cipher=0xC02F, extensions=extension(
        tlswire.STATUS_REQUEST)) + _CERTIFICATE
    + handshake(tlswire.CERTIFICATE_STATUS, _GARBAGE) + _KEY + _DONE))
_add("CertificateStatus unasked", BROKEN_LATER, says(
    _HELLO + _CERTIFICATE
    + handshake(tlswire.CERTIFICATE_STATUS, b"\1\0\0\1\0") + _KEY + _DONE))
_add("ServerKeyExchange left out", BROKEN_LATER, says(
    _HELLO + _CERTIFICATE + _DONE))
_add("HelloRequest before ServerHello", BROKEN, says(_HELLO_REQUEST + _FLIGHT))
_add("HelloRequest after Certificate", BROKEN_LATER, says(
    _HELLO + _CERTIFICATE + _HELLO_REQUEST + _KEY + _DONE))
_add("Certificate of 16,000 entries", BROKEN_LATER, says(
    _HELLO + tlswire.certificate_message(_LEAF, *[b"\x30\0"] * 16000)))
_add("a message of an unknown type", BROKEN, says(handshake(99, _GARBAGE)))
_add("ServerHello in single bytes", BROKEN_LATER, says(
    tlswire.fragments(_HELLO[5:], 1) + _CERTIFICATE + _KEY + _DONE))


# --- TLS 1.3, in clear -------------------------------------------------------

def _hellos(first, second):
    """Answers two ClientHellos."""
    def behave(connection):
        connection.sendall(first(tlswire.read_record(connection)))
        connection.sendall(second(tlswire.read_record(connection)))
        hostile.silent(connection)
    return behave


def _looping(connection):
    while True:
        hello = tlswire.read_record(connection)
        if not hello:
            return
        connection.sendall(tlswire.hello_retry_request(hello))


_retry, _hello_13 = tlswire.hello_retry_request, tlswire.server_hello_13
_add("HelloRetryRequest for ever", BROKEN, _looping)
_add("HelloRetryRequest twice at once", BROKEN, answers(
    lambda hello: _retry(hello) * 2))
_add("HelloRetryRequest for what was sent", BROKEN, _hellos(
    lambda hello: _retry(hello, group=tlswire.X25519),
    lambda _hello: _GARBAGE))
_add("HelloRetryRequest for an unknown group", BROKEN, answers(
    lambda hello: _retry(hello, group=0xfefe)))
_add("HelloRetryRequest for nothing", BROKEN, answers(
    lambda hello: _retry(hello, group=None)))
_add("HelloRetryRequest and TLS 1.2", BROKEN, _hellos(
    _retry, lambda _hello: _FLIGHT))
_add("HelloRetryRequest and garbage", BROKEN, _hellos(
    _retry, lambda _hello: _GARBAGE))
_add("HelloRetryRequest, then silent", SILENT, answers(_retry))
_add("ServerHello 1.3 without a key", BROKEN, answers(_hello_13))
_add("ServerHello 1.3 with a key of zeros", BROKEN, answers(
    lambda hello: _hello_13(hello, share=bytes(32))))
_add("ServerHello 1.3 with a short key", BROKEN, answers(
    lambda hello: _hello_13(hello, share=b"\x09")))
_add("ServerHello 1.3 with a foreign key", BROKEN, answers(
    lambda hello: _hello_13(hello, share=b"\4" + bytes(64), group=23)))
_add("ServerHello of TLS 1.9", BROKEN, answers(
    lambda hello: _hello_13(hello, share=bytes(31) + b"\1", version=0x030a)),
    is_asked_again=True)
_GOOD_SHARE = b"\x09" + bytes(31)
_add("ServerHello 1.3, then clear text", BROKEN, answers(
    lambda hello: _hello_13(hello, share=_GOOD_SHARE) + handshake(
        tlswire.ENCRYPTED_EXTENSIONS, b"\0\0")))
_add("ServerHello 1.3, then garbage", BROKEN, answers(
    lambda hello: _hello_13(hello, share=_GOOD_SHARE) + record(
        tlswire.APPLICATION_DATA, _GARBAGE)))
_add("ServerHello 1.3, then silent", SILENT, answers(
    lambda hello: _hello_13(hello, share=_GOOD_SHARE)))


# --- Encrypted, and wrong ----------------------------------------------------

def _add_garbled(name, expected, *how, is_asked_again=False, **more):
    _add_made(name, expected, lambda gallery: garbler.garbles(
        gallery.certificates[at.VALID], *how, **more),
        is_asked_again=is_asked_again)


for _version, _early, _late in (
        ("1.2", ("ServerHello", "Certificate"),
         ("ServerKeyExchange", "CertificateRequest", "Finished")),
        ("1.3", ("ServerHello", "EncryptedExtensions", "CertificateRequest",
                 "Certificate"), ("CertificateVerify", "Finished"))):
    for _message in (*_early, *_late):
        _broken = BROKEN if _message in _early else BROKEN_LATER
        _bad = BAD_CERTIFICATE if _message == "Certificate" else _broken
        # Its version is nonsense as well, and that is asked again.
        _add_garbled(f"{_version} {_message} scrambled", _bad, _version,
                     _message, garbler.scrambled, asks=True,
                     is_asked_again=_message == "ServerHello")
        _add_garbled(f"{_version} {_message} cut", _bad, _version, _message,
                     garbler.cut, asks=True)
        _add_garbled(f"{_version} {_message} misplaced", _broken, _version,
                     _message, garbler.misplaced("KeyUpdate"), asks=True)
_add_garbled("1.3 Certificate stretched", BAD_CERTIFICATE, "1.3",
             "Certificate", garbler.stretched)
_add_garbled("1.3 EncryptedExtensions without end", SILENT, "1.3",
             "EncryptedExtensions", garbler.endless)
_add_garbled("1.3 Finished without end", SILENT_LATER, "1.3", "Finished",
             garbler.endless)
for _message in ("Certificate", "CertificateRequest", "Finished",
                 "EncryptedExtensions", "NewSessionTicket"):
    _add_garbled(f"1.3 {_message} after the handshake", GOOD, "1.3",
                 "KeyUpdate", garbler.misplaced(_message), asks=True,
                 then=garbler.Session.update_keys)

# Only a server that asked for a certificate is listened to once the handshake
# is through: the others hear close_notify.
for _asks in (True, False):
    _to = "to one who listens" if _asks else "to nobody"
    _add_garbled(f"1.3 endless KeyUpdate {_to}", GOOD, "1.3", asks=_asks,
                 then=garbler.endlessly(garbler.Session.update_keys))
    _add_garbled(f"1.3 endless data {_to}", GOOD, "1.3", asks=_asks,
                 then=garbler.endlessly(garbler.Session.say))
for _version in ("1.2", "1.3"):
    _add_garbled(f"{_version} half-closes after the handshake", GOOD, _version,
                 asks=True)
    _add_garbled(f"{_version} silent after the handshake", GOOD, _version,
                 asks=True, then=garbler.hold)
    _add_garbled(f"{_version} resets after the handshake", GOOD, _version,
                 asks=True, then=garbler.reset)
_add_garbled("1.2 endless HelloRequest", GOOD, "1.2", asks=True,
             then=garbler.endlessly(garbler.Session.ask_to_renegotiate))
_add_made("1.3 thousand tickets", GOOD, lambda gallery: hostile.gives_tickets(
    gallery.certificates[at.VALID], 1000))


# --- Spoilt on the way -------------------------------------------------------

def _add_relayed(version, expected, address, change):
    _add_made(f"{version} {change.__name__}", expected,
              lambda gallery: meddler.relays((address, gallery.port), change))


#: nginx's records: ServerHello, ChangeCipherSpec, EncryptedExtensions,
#: Certificate, CertificateVerify, Finished.
for _change, _expected in (
        (meddler.flips(2), BROKEN), (meddler.flips(3), BROKEN),
        (meddler.flips(4), BROKEN_LATER), (meddler.flips(5), BROKEN_LATER),
        (meddler.drops(0), BROKEN), (meddler.drops(3), BROKEN),
        (meddler.doubles(0), BROKEN), (meddler.doubles(3), BROKEN_LATER),
        (meddler.swaps(0), BROKEN), (meddler.swaps(2), BROKEN),
        (meddler.swaps(4), BROKEN_LATER), (meddler.cuts(2), CLOSED),
        (meddler.cuts(4), CLOSED_LATER), (meddler.stalls(3), SILENT),
        (meddler.stalls(5), SILENT_LATER), (meddler.drips(0.05), SILENT)):
    _add_relayed("1.3", _expected, at.TLS13, _change)
#: And ServerHello, Certificate, ServerKeyExchange, ServerHelloDone,
#: ChangeCipherSpec, Finished.
for _change, _expected in (
        (meddler.flips(2), BROKEN_LATER), (meddler.doubles(3), BROKEN_LATER),
        (meddler.flips(5), BROKEN_LATER), (meddler.drops(1), BROKEN),
        (meddler.drops(2), BROKEN_LATER), (meddler.drops(4), BROKEN_LATER),
        (meddler.swaps(1), BROKEN), (meddler.cuts(1), CLOSED),
        (meddler.cuts(5), CLOSED_LATER), (meddler.stalls(5), SILENT_LATER)):
    _add_relayed("1.2", _expected, at.TLS12, _change)
