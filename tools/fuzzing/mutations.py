"""Ways to spoil a file: bytes, numbers, blocks, ends, parts of another, a member of an archive."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Sequence

_NUMBERS = (
    0,
    1,
    2,
    3,
    7,
    8,
    255,
    2**15,
    2**16 - 1,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**40,
    2**63,
    2**64 - 1,
)
_BYTES = (0, 1, 2, 3, 4, 8, 0x10, 0x20, 0x7F, 0x80, 0xFE, 0xFF)


def mutated(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Return the file with one or a few things wrong."""
    if data.startswith(b"PK") and chance.random() < 0.5:
        return _member_mutated(data, others, chance)
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        _one(found, others, chance)
    return bytes(found)


def _one(found: bytearray, others: Sequence[bytes], chance: random.Random) -> None:
    at = chance.randrange(len(found) + 1)
    kind = chance.randrange(10)
    if kind < 2:
        found[at : at + 1] = bytes([chance.choice(_BYTES)])
    elif kind < 4:
        found[at : at + 1] = bytes([chance.randrange(256)])
    elif kind < 7:
        width = chance.choice((1, 2, 4, 8))
        at -= at % chance.choice((1, width))
        value = (
            chance.choice(_NUMBERS) if chance.random() < 0.6 else chance.randrange(len(found) + 9)
        )
        found[at : at + width] = (value % 2 ** (8 * width)).to_bytes(width, "little")
    elif kind == 7:
        del found[at : at + chance.choice((1, 8, 64, len(found)))]
    elif kind == 8:
        start = chance.randrange(len(found) + 1)
        block = found[start : start + chance.choice((1, 8, 24, 512))]
        found[at : at + (len(block) if chance.random() < 0.7 else 0)] = block
    else:
        other = chance.choice(others)
        found[at:] = other[at:]


def _member_mutated(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Return the archive with a member spoiled, whose checksum is right again."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except Exception:  # noqa: BLE001 - it has been spoiled before
        return data[: chance.randrange(len(data) + 1)]
    if not members:
        return data
    chosen = chance.choice(sorted(members))
    packed = io.BytesIO()
    with zipfile.ZipFile(
        packed, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    ) as archive:
        for name, content in members.items():
            if name == chosen:
                spoiled = bytearray(content)
                for _ in range(chance.choice((1, 1, 2, 5))):
                    _one(spoiled, others, chance)
                content = bytes(spoiled)
            archive.writestr(name, content)
    return packed.getvalue()
