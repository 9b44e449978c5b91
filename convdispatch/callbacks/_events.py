"""Files of events, from which TensorBoard draws, written without it.

A file is a row of records. Each is one message of a number at a step, in the encoding of protocol
buffers, between its length and check sums.
"""

from __future__ import annotations

import itertools
import os
import socket
import struct
import time
from pathlib import Path

_POLYNOMIAL = 0x82F63B78  # of the check sum CRC-32C, its bits reversed
_MASK = 0xA282EAD8  # added to check sums, for data that hold check sums themselves
_numbers = itertools.count()


def _remainder(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(map(_remainder, range(256)))


def check_sum(data: bytes) -> int:
    """Return the CRC-32C of bytes.

    >>> hex(check_sum(b"123456789"))
    '0xe3069283'
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _masked(data: bytes) -> bytes:
    crc = check_sum(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF)


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _block(field: int, data: bytes) -> bytes:
    """Return a field of a message that is a text or a message itself."""
    return bytes([field << 3 | 2]) + _varint(len(data)) + data


def _event(content: bytes) -> bytes:
    return _record(b"\x09" + struct.pack("<d", time.time()) + content)


class EventFile:
    """A new file of events in a folder, which is made if it does not exist."""

    def __init__(self, folder: str) -> None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        number = f"{os.getpid()}.{next(_numbers)}"
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{number}"
        self._stream = open(Path(folder) / name, "wb")  # noqa: SIM115 - `close` closes it
        self._stream.write(_event(_block(3, b"brain.Event:2")))

    def add_scalar(self, name: str, value: float, step: int) -> None:
        """Add one number."""
        number = _block(1, name.encode("utf-8")) + b"\x15" + struct.pack("<f", value)
        self._stream.write(_event(b"\x10" + _varint(step) + _block(5, _block(1, number))))

    def flush(self) -> None:
        """Write what was added."""
        self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
