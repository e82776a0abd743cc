# SPDX-License-Identifier: Apache-2.0
"""A TLS server that spoils one of its own handshake messages.

Nearly all that a server of TLS 1.3 says is encrypted, so nobody in between can
put nonsense into it that still decrypts. Here GnuTLS does the encrypting, and
its hook hands us each message just before it is hashed and sent, at the place
where it lies: its header and its body can be changed there.
"""

import contextlib
import ctypes
import functools
import socket
import struct

from .requirements import unavailable

#: Handshake messages, by the names and numbers of RFC 8446 and RFC 5246.
MESSAGES = {"ServerHello": 2, "NewSessionTicket": 4, "EncryptedExtensions": 8,
            "Certificate": 11, "ServerKeyExchange": 12,
            "CertificateRequest": 13, "ServerHelloDone": 14,
            "CertificateVerify": 15, "Finished": 20, "KeyUpdate": 24}

# Values of gnutls.h.
_SERVER, _CRD_CERTIFICATE, _FMT_PEM, _CERT_REQUEST = 1, 1, 1, 1
_HANDSHAKE_ANY, _HOOK_PRE = 2 ** 32 - 1, 0
_E_AGAIN, _E_INTERRUPTED = -28, -52

_HEADER_BYTES = 4
_PRIORITIES = {version: f"NORMAL:-VERS-ALL:+VERS-TLS{version}".encode()
               for version in ("1.2", "1.3")}


class _Datum(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_uint)]


_Hook = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_uint,
                         ctypes.c_uint, ctypes.c_uint, ctypes.POINTER(_Datum))


@functools.cache
def _library():
    try:
        return ctypes.CDLL("libgnutls.so.30")
    except OSError as error:
        return unavailable(str(error))


def _call(name, *arguments):
    while True:
        result = getattr(_library(), name)(*arguments)
        if result not in (_E_AGAIN, _E_INTERRUPTED):
            break
    if result < 0:
        raise ConnectionError(f"{name}: {result}")
    return result


class Session:
    """The server's side of one connection."""

    def __init__(self, connection, credentials, version, asks):
        self.connection = connection
        self._hook = None
        self._session = ctypes.c_void_p()
        _call("gnutls_init", ctypes.byref(self._session), _SERVER)
        _call("gnutls_priority_set_direct", self._session,
              _PRIORITIES[version], None)
        _call("gnutls_credentials_set", self._session, _CRD_CERTIFICATE,
              credentials)
        _library().gnutls_transport_set_int2(
            self._session, connection.fileno(), connection.fileno())
        if asks:
            _library().gnutls_certificate_server_set_request(
                self._session, _CERT_REQUEST)

    def spoil(self, kind, spoil):
        """From now on each message of this kind goes through spoil(buffer),
        which changes it in place: four bytes of header, and the body."""
        def hook(_session, message, _when, incoming, data):
            if message == kind and not incoming and data.contents.size:
                start = data.contents.data - _HEADER_BYTES
                size = data.contents.size + _HEADER_BYTES
                spoil((ctypes.c_ubyte * size).from_address(start))
            return 0

        self._hook = _Hook(hook)
        _library().gnutls_handshake_set_hook_function(
            self._session, ctypes.c_uint(_HANDSHAKE_ANY), _HOOK_PRE,
            self._hook)

    def handshake(self):
        _call("gnutls_handshake", self._session)

    def update_keys(self):
        _call("gnutls_session_key_update", self._session, 0)

    def say(self, data=b"x"):
        _call("gnutls_record_send", self._session, data,
              ctypes.c_size_t(len(data)))

    def ask_to_renegotiate(self):
        """HelloRequest, in TLS 1.2."""
        _call("gnutls_rehandshake", self._session)

    def release(self):
        _library().gnutls_deinit(self._session)


@functools.cache
def _credentials(certificate):
    """Made once for each certificate, and shared; for as long as we live."""
    credentials = ctypes.c_void_p()
    _call("gnutls_certificate_allocate_credentials", ctypes.byref(credentials))
    _call("gnutls_certificate_set_x509_key_file", credentials,
          str(certificate.chain).encode(), str(certificate.key).encode(),
          _FMT_PEM)
    return credentials


def garbles(certificate, version, message=None, spoil=None, asks=False,
            then=None):
    """A behaviour: a good server of TLS `version` but for one message, which
    goes through spoil(). It may ask for a client certificate, and calls
    then(session) once the handshake is through."""
    _library()      # Where it is missing, that is said here, on no thread.

    def behave(connection):
        session = Session(connection, _credentials(certificate), version, asks)
        try:
            if message:
                session.spoil(MESSAGES[message], spoil)
            session.handshake()
            if then:
                then(session)
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        finally:
            session.release()
    return behave


def endlessly(act):
    """For `then`: again and again, until the client is gone."""
    def then(session):
        with contextlib.suppress(OSError):
            while True:
                act(session)
    return then


def hold(session):
    """For `then`: listens, and leaves it to the client to end it."""
    while session.connection.recv(65536):
        pass


def reset(session):
    """For `then`: breaks the connection off."""
    session.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                  struct.pack("ii", 1, 0))
    session.connection.close()


# --- Ways to spoil a message ------------------------------------------------

def scrambled(message):
    """As long as it was, and nonsense."""
    for at in range(_HEADER_BYTES, len(message)):
        message[at] ^= 0xff


def cut(message):
    """It says that it ends in the middle; the rest looks like the next."""
    _set_length(message, (len(message) - _HEADER_BYTES) // 2)


def stretched(message):
    """It says that it is longer: what follows is taken for its end."""
    _set_length(message, len(message) - _HEADER_BYTES + 40)


def endless(message):
    _set_length(message, 0xffffff)


def misplaced(kind):
    """Another message than the one whose turn it is."""
    def spoil(message):
        message[0] = MESSAGES[kind]
    return spoil


def _set_length(message, size):
    message[1:_HEADER_BYTES] = size.to_bytes(3, "big")
