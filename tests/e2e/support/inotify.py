# SPDX-License-Identifier: Apache-2.0
"""What happens in a directory, told by the kernel: nothing is missed."""

import ctypes
import os
import struct

_CREATE, _MOVED_TO, _NONBLOCK = 0x100, 0x80, 0o4000
_HEAD = struct.Struct("iIII")


class Watch:
    """Names that come into being in a directory, as a context manager."""

    def __init__(self, directory):
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(_NONBLOCK)
        added = libc.inotify_add_watch(self._descriptor,
                                       os.fsencode(directory),
                                       _CREATE | _MOVED_TO)
        if added < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._descriptor)

    def events(self):
        """(created, moved there): the names of each, so far."""
        created, moved = [], []
        try:
            data = os.read(self._descriptor, 1 << 16)
        except BlockingIOError:
            data = b""
        while data:
            _, mask, _, size = _HEAD.unpack_from(data)
            name = data[_HEAD.size:_HEAD.size + size].rstrip(b"\0").decode()
            (moved if mask & _MOVED_TO else created).append(name)
            data = data[_HEAD.size + size:]
        return created, moved
