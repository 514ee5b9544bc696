"""The hash chain over the entries: a change to any of them shows in all after it.

Pure. It does not show that the newest entries were cut off: keep the head elsewhere.
"""

from __future__ import annotations

from hashlib import sha256

GENESIS = "0" * 64
"""Stands before the first entry."""


def link(previous: str, *, seq: int, at: str, kind: str, body: str) -> str:
    """The entry's hash, hex.

    SHA-256 over the previous hash (32 bytes), the sequence number (8 bytes, big
    endian) and the texts of time, kind and body, each ended by a zero byte, which none
    of them can hold: two different entries never hash the same bytes.
    """
    digest = sha256(bytes.fromhex(previous))
    digest.update(seq.to_bytes(8))
    for text in (at, kind, body):
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()
