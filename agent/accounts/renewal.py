"""A Stripe key in place of the one in use: believed once Stripe knows the account by it."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from agent.errors import StripeKeyNotRenewed
from agent.ids import PaymentIntentId
from agent.journal.journal import Journal
from agent.log import get_logger
from agent.offline.intents import is_local
from agent.settings import StripeKey
from agent.settings.guarded_file import write_secret
from agent.stripe_api.client import StripeClient
from agent.stripe_api.errors import StripeRefused, StripeUnreachable

log = get_logger(__name__)

PAYMENT_INTENTS = "/v1/payment_intents"
LOOKED_AT = 20
"""How many of the newest payments are searched for one with a PaymentIntent."""
NOT_FOUND = 404
KEY_SEEN = "stripe_key_seen"
"""In an account's state folder: the SHA-256 of the key that it was last at work with."""


async def renew(
    stripe: StripeClient, key: StripeKey | None, *, livemode: bool, journal: Journal
) -> bool:
    """Use `key` from now on; whether it is another than before.

    The newest payment in the journal must be found with it: that only the account's own
    keys can. Raises StripeKeyNotRenewed, having changed nothing.
    """
    if key == stripe.key:
        return False
    if key is None:
        raise StripeKeyNotRenewed("The Stripe key in use is gone from its place.")
    if key.livemode != livemode:
        raise StripeKeyNotRenewed(
            f"The new Stripe key is of {key.mode} mode, which this account is not."
        )
    await _check(stripe.holding(key), journal)
    stripe.renew(key)
    log.info("stripe_key.renewed")
    return True


async def recognise(stripe: StripeClient, *, journal: Journal, folder: Path) -> None:
    """Ask about a key that the account in `folder` was never at work with.

    Another account's key in an old journal would look for its payments in vain, and
    take them for not charged. Raises StripeKeyNotRenewed.
    """
    key = stripe.key
    if key is None or _seen(folder) == _digest(key):
        return
    if _newest_intent(journal) is not None:
        await _check(stripe, journal)
    note_seen(key, folder=folder)


def note_seen(key: StripeKey, *, folder: Path) -> None:
    """The account in `folder` is at work with this key."""
    write_secret(folder / KEY_SEEN, _digest(key))


def _digest(key: StripeKey) -> str:
    return sha256(key.reveal().encode()).hexdigest()


def _seen(folder: Path) -> str | None:
    try:
        return (folder / KEY_SEEN).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None


async def _check(stripe: StripeClient, journal: Journal) -> None:
    intent = _newest_intent(journal)
    path = f"{PAYMENT_INTENTS}/{intent}" if intent else f"{PAYMENT_INTENTS}?limit=1"
    try:
        await stripe.ask(path)
    except StripeRefused as error:
        if intent is not None and error.error.status == NOT_FOUND:
            message = "The new Stripe key is another account's: it does not know the "
            raise StripeKeyNotRenewed(message + "last payment.") from error
        raise StripeKeyNotRenewed(
            f"Stripe refuses the new key: {error.message}"
        ) from error
    except StripeUnreachable as error:
        raise StripeKeyNotRenewed(
            "Stripe could not be asked about the new key.",
            remedy="Reload again once Stripe can be reached.",
        ) from error


def _newest_intent(journal: Journal) -> PaymentIntentId | None:
    for payment_id in journal.newest_payments(before=None, limit=LOOKED_AT):
        requested = journal.entries_of(payment_id)[0].entry
        intent = getattr(requested, "payment_intent", None)
        if intent is not None and not is_local(intent):
            return PaymentIntentId(intent)
    return None
