"""A register's own name for a sale, as the journal remembers it: a digest. Pure.

The words are the register's and may hold anything, so they are not kept.
"""

from __future__ import annotations

from hashlib import sha256


def reference_digest(reference: str | None) -> str | None:
    """SHA-256 of the reference's UTF-8, hex; None for none."""
    if not reference:
        return None
    return sha256(reference.encode("utf-8", "surrogatepass")).hexdigest()
