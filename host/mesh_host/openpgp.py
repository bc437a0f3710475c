"""Fingerprint of an OpenPGP public key, so that a fetched signing key can be compared with the one that was pinned.

Only what RFC 4880 needs for it: packet headers and version 4 keys. Subkeys need no look: gpgv accepts one only with a
binding signature of the primary key.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

PUBLIC_KEY = 6


def primary_fingerprint(data: bytes) -> str:
    """Upper-case hex. Raises ValueError unless there is exactly one primary key, of version 4."""
    keys = [body for tag, body in packets(dearmored(data)) if tag == PUBLIC_KEY]
    if len(keys) != 1:
        raise ValueError(f"holds {len(keys)} primary keys instead of one")
    if keys[0][:1] != b"\x04":
        raise ValueError("holds a key that is not of version 4")
    return hashlib.sha1(b"\x99" + len(keys[0]).to_bytes(2, "big") + keys[0]).hexdigest().upper()


def dearmored(data: bytes) -> bytes:
    if not data.lstrip().startswith(b"-----BEGIN PGP"):
        return data
    body = data.decode("ascii").strip().split("-----")[2].replace("\r", "").partition("\n\n")[2]
    return base64.b64decode("".join(line for line in body.split("\n") if not line.startswith("=")))


def packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, body) of each packet. Raises ValueError for what is no packet, partial bodies included."""
    at = 0
    while at < len(data):
        head = data[at]
        if not head & 0x80:
            raise ValueError("is no OpenPGP data")
        if head & 0x40:
            tag, size, at = head & 0x3F, *_new_length(data, at + 1)
        else:
            tag, size, at = (head >> 2) & 0x0F, *_old_length(data, at + 1, head & 0x03)
        if at + size > len(data):
            raise ValueError("ends in the middle of a packet")
        yield tag, data[at : at + size]
        at += size


def _new_length(data: bytes, at: int) -> tuple[int, int]:
    first = _number(data, at, 1)
    if first < 192:
        return first, at + 1
    if first < 224:
        return ((first - 192) << 8) + _number(data, at + 1, 1) + 192, at + 2
    if first == 255:
        return _number(data, at + 1, 4), at + 5
    raise ValueError("has a packet in parts")


def _old_length(data: bytes, at: int, kind: int) -> tuple[int, int]:
    if kind == 3:
        raise ValueError("has a packet without a length")
    width = 1 << kind
    return _number(data, at, width), at + width


def _number(data: bytes, at: int, width: int) -> int:
    if at + width > len(data):
        raise ValueError("ends in the middle of a length")
    return int.from_bytes(data[at : at + width], "big")
