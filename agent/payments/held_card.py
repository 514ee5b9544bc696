"""A collected card as bytes, to repeat its confirm to the letter after a crash. Pure.

Holds the reader's ciphertext, and what else the request is made of that no entry tells;
it is erased with the payment's outcome.
"""

from __future__ import annotations

import hashlib
import json

from agent.stripe_api.cards import ConfirmCard


def to_bytes(card: ConfirmCard) -> bytes:
    """The card as canonical JSON."""
    return json.dumps(
        {
            "ciphertext": card.ciphertext.hex(),
            "ksn": card.ksn.hex(),
            "read_method": card.read_method,
            "reader": card.reader,
            "tip": card.tip,
            "metadata": dict(card.metadata),
        },
        sort_keys=True,
        separators=(",", ":"),
    ).encode()


def from_bytes(held: bytes) -> ConfirmCard:
    """The card that `to_bytes` wrote; raises ValueError or KeyError for other bytes."""
    fields = json.loads(held)
    return ConfirmCard(
        read_method=fields["read_method"],
        ciphertext=bytes.fromhex(fields["ciphertext"]),
        ksn=bytes.fromhex(fields["ksn"]),
        reader=fields["reader"],
        tip=fields.get("tip"),
        metadata=fields.get("metadata", {}),
    )


def digest(card: ConfirmCard) -> str:
    """SHA-256 of the ciphertext as hex: names the read, reveals nothing of it."""
    return hashlib.sha256(card.ciphertext).hexdigest()
