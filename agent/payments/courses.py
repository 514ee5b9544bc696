"""Whether an action asks Stripe or the store, decided before anything begins."""

from __future__ import annotations

import asyncio

from agent.errors import IntentInvalidState, StripeUnreachable
from agent.ids import PaymentIntentId
from agent.money import Amount
from agent.offline.errors import ForcedWithFeatureDisabled, NotConnectedToInternet
from agent.offline.intents import LocalIntent, OfflineBehavior
from agent.offline.states import OfflineState
from agent.offline.vault import Vault
from agent.payments.storing import Course
from agent.payments.wanted import CollectPaymentMethod, ProcessPaymentIntent
from agent.stripe_api import payment_intents
from agent.stripe_api.client import StripeClient

_LEAVES_THE_INTENT_OPEN = frozenset({OfflineState.VOIDED, OfflineState.DECLINED})


def local_intent(
    wanted: ProcessPaymentIntent, *, offline: Vault, location: str | None
) -> LocalIntent:
    """The intent of this machine, which may be paid offline at this Location.

    Raises ResourceMissing, IntentInvalidState, and the OfflineError that says why not.
    """
    intent = offline.intent(wanted.payment_intent)
    if (wanted.offline_behavior or intent.behavior) is OfflineBehavior.REQUIRE_ONLINE:
        raise NotConnectedToInternet(f"Stripe does not know {intent.id} yet.")
    states = offline.states_of(intent.id) - {OfflineState.VOIDED}
    if intent.is_canceled or states:
        status = "canceled" if intent.is_canceled else "stored already"
        raise IntentInvalidState(
            "Payment intent must be in the requires_payment_method state to be "
            f"processed by a reader; {intent.id} is {status}.",
            param="payment_intent",
        )
    offline.check(Amount(intent.amount, intent.currency), location)
    return intent


def course_of(
    wanted: ProcessPaymentIntent | CollectPaymentMethod,
    intent: payment_intents.PaymentIntent,
    *,
    offline: Vault | None,
    location: str | None,
) -> Course:
    """How this intent of Stripe's is to be paid; raises OfflineError where it cannot.

    A card that is looked at before it is charged is charged online.
    """
    if not isinstance(wanted, ProcessPaymentIntent):
        return Course.ONLINE
    behavior = wanted.offline_behavior or OfflineBehavior.PREFER_ONLINE
    if behavior is OfflineBehavior.FORCE_OFFLINE:
        if offline is None:
            raise ForcedWithFeatureDisabled("This agent takes no payments offline.")
        offline.check(Amount(intent.amount, intent.currency), location)
        return Course.OFFLINE
    is_possible = offline is not None and offline.is_enabled(location)
    if is_possible and behavior is OfflineBehavior.PREFER_ONLINE:
        return Course.ONLINE_FIRST
    return Course.ONLINE


async def retrieve_soon(
    stripe: StripeClient,
    intent_id: PaymentIntentId,
    *,
    offline: Vault | None,
    location: str | None,
) -> payment_intents.PaymentIntent:
    """The intent as Stripe has it; not waited for long where there is another way.

    Raises IntentInvalidState for one whose payment is stored here, and as `retrieve`.
    """
    if offline is None:
        return await payment_intents.retrieve(stripe, intent_id)
    if not offline.states_of(intent_id) <= _LEAVES_THE_INTENT_OPEN:
        raise IntentInvalidState(
            f"{intent_id} was paid offline; its payment is stored on this machine.",
            param="payment_intent",
        )
    if not offline.is_enabled(location):
        return await payment_intents.retrieve(stripe, intent_id)
    try:
        async with asyncio.timeout(offline.decide_within_s):
            return await payment_intents.retrieve(stripe, intent_id)
    except TimeoutError:
        raise StripeUnreachable("Stripe did not answer in time.") from None
