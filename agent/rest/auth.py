"""Local keys: how they are made, and who may do what with them.

A key is shown once, when it is made; only its SHA-256 is kept. No slow password hash
is needed: 40 random characters (238 bits) cannot be guessed from a stolen hash.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from agent.clock import Clock
from agent.errors import (
    JournalUnavailable,
    LocalKeyInvalid,
    LocalKeyMissing,
    LocalKeyScope,
)
from agent.ids import LocalKeyId, Random, new_id, random_text
from agent.journal.keys import LocalKey, LocalKeyStore

RANDOM_LENGTH = 40
LOOKED_UP_EVERY_S = 1.0
"""How often a key is looked up for an answer that goes on: listeners hear a lot."""


class KeyScope(StrEnum):
    """What a local key allows."""

    PAYMENTS = "payments"
    """Take payments: PaymentIntents and what belongs to them, actions on readers."""
    REFUNDS = "refunds"
    READERS = "readers"
    """See readers, Locations and what is plugged in."""
    MANAGE = "manage"
    """Register, change and delete readers, Locations and Configurations; the journal."""
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class NewLocalKey:
    """A key just made: `secret` goes to the caller, `record` to the journal."""

    secret: str = field(repr=False)
    record: LocalKey


def make_key(
    scopes: frozenset[KeyScope],
    *,
    label: str,
    livemode: bool,
    random: Random,
    at: datetime,
) -> NewLocalKey:
    """A fresh key, with a prefix by which every Stripe tool accepts it."""
    prefix = prefix_of(livemode=livemode)
    secret = prefix + random_text(random, length=RANDOM_LENGTH)
    record = LocalKey(
        key_id=LocalKeyId(new_id("lk", random)),
        hash=hash_of(secret),
        scopes=frozenset(scope.value for scope in scopes),
        label=label,
        prefix=prefix,
        last4=secret[-4:],
        created_at=at,
    )
    return NewLocalKey(secret, record)


def prefix_of(*, livemode: bool) -> str:
    """`rk_live_` or `rk_test_`: the mode of the agent's Stripe key."""
    return "rk_live_" if livemode else "rk_test_"


def hash_of(secret: str) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(secret.encode()).digest()


def is_known(keys: LocalKeyStore, authorization: str | None) -> bool:
    """Whether these keys have the caller's, good or revoked. Raises JournalUnavailable."""
    secret = _secret_in(authorization)
    return secret is not None and keys.find(hash_of(secret)) is not None


async def authenticate(
    keys: LocalKeyStore,
    authorization: str | None,
    *,
    any_of: frozenset[KeyScope],
    livemode: bool,
    clock: Clock,
) -> LocalKey:
    """The caller's key, if it has one of the scopes.

    Raises LocalKeyMissing, LocalKeyInvalid or LocalKeyScope.
    """
    secret = _secret_in(authorization)
    if secret is None:
        raise LocalKeyMissing("You did not provide a local API key.")
    hash_ = hash_of(secret)
    key = keys.find(hash_)
    if key is None or not hmac.compare_digest(key.hash, hash_):
        raise LocalKeyInvalid("This is not a key of this agent.")
    if key.revoked_at is not None:
        raise LocalKeyInvalid(f"Key {key.key_id} was revoked.")
    if key.prefix != prefix_of(livemode=livemode):
        mode = "live" if livemode else "test"
        raise LocalKeyInvalid(
            f"Key {key.key_id} is of the other mode: the agent is in {mode} mode."
        )
    if not any_of & key.scopes:
        wanted = " or ".join(sorted(any_of))
        raise LocalKeyScope(f"Key {key.key_id} lacks the scope {wanted}.")
    # A full disk stops new payments, but not looking at readers or cancelling.
    with suppress(JournalUnavailable):
        await keys.touch(key, clock.now())
    return key


def still_good(
    keys: LocalKeyStore, key_id: LocalKeyId, *, clock: Clock
) -> Callable[[], bool]:
    """Whether the key has not been revoked, for an answer that goes on and on."""
    is_good, looked_up_s = True, clock.monotonic()

    def look_up() -> bool:
        nonlocal is_good, looked_up_s
        now_s = clock.monotonic()
        if now_s - looked_up_s >= LOOKED_UP_EVERY_S:
            looked_up_s = now_s
            with suppress(JournalUnavailable):
                is_good = keys.is_good(key_id)
        return is_good

    return look_up


def _secret_in(authorization: str | None) -> str | None:
    """The key in `Bearer <key>`, or in `Basic` as user name, as Stripe takes it."""
    scheme, _, credentials = (authorization or "").strip().partition(" ")
    credentials = credentials.strip()
    match scheme.lower():
        case "bearer":
            return credentials or None
        case "basic":
            return _user_name_in(credentials)
        case _:
            return None


def _user_name_in(credentials: str) -> str | None:
    try:
        decoded = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return decoded.partition(":")[0] or None
