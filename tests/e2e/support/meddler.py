# SPDX-License-Identifier: Apache-2.0
"""A man in the middle, between a client and a real server, who meddles with
the server's records: encrypted ones then no longer decrypt.

A change is a generator function: it is given the server's records, one after
the other, and yields what goes to the client.
"""

import contextlib
import itertools
import socket
import threading
import time

from . import tlswire


def relays(server, change):
    """A behaviour: connects to server (address and port) and lets the
    server's side through change(records). The connection is closed where that
    ends, and where the server closes it."""
    def behave(connection):
        with socket.create_connection(server) as upstream:
            pump = threading.Thread(target=_pump, daemon=True,
                                    args=[connection, upstream])
            pump.start()
            for data in change(_records(upstream)):
                connection.sendall(data)
            for each in (connection, upstream):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            pump.join()
    return behave


def _pump(source, sink):
    """What the client says goes through as it is."""
    with contextlib.suppress(OSError):
        while True:
            data = source.recv(65536)
            if not data:
                break
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _records(connection):
    while True:
        record = tlswire.read_record(connection)
        if not record:
            return
        yield record


def _named(make):
    """Changes say in their name what they are."""
    def named(argument):
        change = make(argument)
        change.__name__ = f"{make.__name__} {argument}"
        return change
    return named


# --- Changes; records are counted from 0 ------------------------------------

@_named
def flips(number):
    """The last byte of one record: of its seal, where it has one."""
    def change(records):
        for at, record in enumerate(records):
            if at == number:
                record = record[:-1] + bytes([record[-1] ^ 0xff])
            yield record
    return change


@_named
def drops(number):
    def change(records):
        return (record for at, record in enumerate(records) if at != number)
    return change


@_named
def doubles(number):
    def change(records):
        for at, record in enumerate(records):
            yield record * 2 if at == number else record
    return change


@_named
def swaps(number):
    """One record and the next."""
    def change(records):
        yield from itertools.islice(records, number)
        early = list(itertools.islice(records, 2))
        yield from reversed(early)
        yield from records
    return change


@_named
def cuts(number):
    """In the middle of one record the connection ends."""
    def change(records):
        yield from itertools.islice(records, number)
        for record in itertools.islice(records, 1):
            yield record[:len(record) // 2]
    return change


@_named
def stalls(number):
    """In the middle of one record nothing follows any more."""
    def change(records):
        yield from cuts(number)(records)
        for _ in records:
            pass
    return change


@_named
def drips(seconds):
    """A byte now and then."""
    def change(records):
        for record in records:
            for byte in record:
                yield bytes([byte])
                time.sleep(seconds)
    return change
