"""What Stripe is asked to do with a card: once, under one key, until it is known.

The seam between how patiently is asked (confirm.py, settle.py, reverse.py) and what:
to charge, to keep or to refund the card.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agent.journal.entries import (
    AnswerLost,
    Confirmed,
    Declined,
    NotCharged,
    Performed,
)
from agent.payments.payment import Payment
from agent.stripe_api.cards import ConfirmCard
from agent.stripe_api.client import StripeClient

Ask = Callable[
    [StripeClient, Payment, ConfirmCard, str],
    Awaitable[Confirmed | Performed | Declined],
]
"""One request with the card, under this idempotency key; raises what Stripe's client
raises, each saying how much of it may have had an effect."""

LookUp = Callable[
    [StripeClient, Payment], Awaitable[Confirmed | Performed | NotCharged | AnswerLost]
]
"""What Stripe's own objects say, where the request cannot be repeated; never raises
AgentError: what cannot be looked up stays lost."""


@dataclass(frozen=True, slots=True)
class Undo:
    """How it is taken back where the card refuses after Stripe's yes."""

    kind: Callable[[Payment], str]
    """The reversal's name in the journal."""
    attempt: Callable[[StripeClient, Payment, str], Awaitable[None]]
    """One request, under this idempotency key; raises what Stripe's client raises."""
    is_done: Callable[[StripeClient, Payment], Awaitable[bool]]
    """Whether it is taken back, by whomever; raises what Stripe's client raises."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What one action has Stripe do."""

    ask: Ask
    look_up: LookUp
    undo: Undo | None
    """None where Stripe's yes stands, whatever the card says."""
