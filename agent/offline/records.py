"""One stored payment as it is sealed, and as it is opened again. Pure.

Sealed are the reader's ciphertext and what the register said of the payment; what the
entry itself tells in the clear is bound to them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from agent.journal.codec import canonical, encode
from agent.journal.offline import SealedPayment
from agent.journal.offline_entries import OfflinePaymentStored
from agent.offline.sealing import SealBroken, digest, seal, unseal
from agent.settings import OfflineKey
from agent.stripe_api.cards import ConfirmCard


@dataclass(frozen=True, slots=True)
class StoredContent:
    """What Stripe will be sent."""

    card: ConfirmCard
    stored_at: int
    """Unix time."""
    create: dict[str, object] | None = field(default=None, repr=False)
    """Parameters of the PaymentIntent to make; None where Stripe has it already."""


def sealed_payment(
    entry: OfflinePaymentStored,
    content: StoredContent,
    *,
    key: OfflineKey,
    nonce: bytes,
) -> SealedPayment:
    """The entry, completed, and the sealed content that belongs to it alone."""
    named = replace(entry, key_id=key.key_id, sealed_digest="")
    sealed = seal(key, _to_bytes(content), bound=_bound(named), nonce=nonce)
    return replace(named, sealed_digest=digest(sealed)), sealed


def opened_payment(
    entry: OfflinePaymentStored, sealed: bytes, *, key: OfflineKey
) -> StoredContent:
    """The content that was sealed with this very entry; raises SealBroken."""
    if digest(sealed) != entry.sealed_digest:
        raise SealBroken("these are not the bytes that were stored")
    opened = unseal(key, sealed, bound=_bound(replace(entry, sealed_digest="")))
    return _from_bytes(opened)


def _bound(entry: OfflinePaymentStored) -> bytes:
    """Every field of the entry: its payment, number, intent, amount, reader, mode."""
    return b"cardlane offline payment\0" + encode(entry).encode()


def _to_bytes(content: StoredContent) -> bytes:
    card = content.card
    return canonical(
        {
            "ciphertext": card.ciphertext.hex(),
            "create": content.create,
            "ksn": card.ksn.hex(),
            "read_method": card.read_method,
            "reader": card.reader,
            "stored_at": content.stored_at,
            "tip": card.tip,
        }
    ).encode()


def _from_bytes(opened: bytes) -> StoredContent:
    fields = json.loads(opened)
    card = ConfirmCard(
        read_method=fields["read_method"],
        ciphertext=bytes.fromhex(fields["ciphertext"]),
        ksn=bytes.fromhex(fields["ksn"]),
        reader=fields["reader"],
        tip=fields["tip"],
    )
    return StoredContent(card, stored_at=fields["stored_at"], create=fields["create"])
