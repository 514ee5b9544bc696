"""PaymentIntents made on this machine while Stripe could not be reached.

Kept sealed, since a register may write anything into one; made at Stripe when the
payment is forwarded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from enum import StrEnum

from agent.ids import PaymentIntentId
from agent.journal.codec import canonical
from agent.offline.sealing import seal, unseal
from agent.settings import OfflineKey

PREFIX = "pi_offline_"


class OfflineBehavior(StrEnum):
    """How a register wants a payment taken; the Terminal SDKs' words. API."""

    PREFER_ONLINE = "prefer_online"
    REQUIRE_ONLINE = "require_online"
    FORCE_OFFLINE = "force_offline"


@dataclass(frozen=True, slots=True)
class LocalIntent:
    """A PaymentIntent that Stripe does not know."""

    id: PaymentIntentId
    amount: int
    """Minor units of `currency`."""
    currency: str
    created: int
    """Unix time."""
    behavior: OfflineBehavior
    params: dict[str, object] = field(repr=False)
    """What Stripe is to make it of: a register's own parameters, checked."""
    is_canceled: bool = False

    @property
    def reference(self) -> str | None:
        """The register's own name for the sale, from `metadata`."""
        metadata = self.params.get("metadata")
        found = metadata.get("reference") if isinstance(metadata, dict) else None
        return found if isinstance(found, str) else None


def is_local(payment_intent: str) -> bool:
    """Whether the id is one of this machine's."""
    return payment_intent.startswith(PREFIX)


def sealed_intent(intent: LocalIntent, *, key: OfflineKey, nonce: bytes) -> bytes:
    """The intent as it is kept."""
    fields = {
        "amount": intent.amount,
        "behavior": intent.behavior,
        "created": intent.created,
        "currency": intent.currency,
        "is_canceled": intent.is_canceled,
        "params": intent.params,
    }
    plaintext = canonical(fields).encode()
    return seal(key, plaintext, bound=_bound(intent.id), nonce=nonce)


def opened_intent(
    intent_id: PaymentIntentId, sealed: bytes, *, key: OfflineKey
) -> LocalIntent:
    """The intent of that id; raises SealBroken."""
    fields = json.loads(unseal(key, sealed, bound=_bound(intent_id)))
    fields["behavior"] = OfflineBehavior(fields["behavior"])
    return LocalIntent(id=intent_id, **fields)


def canceled(intent: LocalIntent) -> LocalIntent:
    """The intent, never to be paid."""
    return replace(intent, is_canceled=True)


def _bound(intent_id: PaymentIntentId) -> bytes:
    return b"cardlane offline intent\0" + intent_id.encode()
