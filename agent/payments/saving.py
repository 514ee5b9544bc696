"""Keeping a card for later: a SetupIntent is confirmed, and nobody is charged."""

from __future__ import annotations

from agent.errors import AgentError
from agent.ids import SetupIntentId
from agent.journal.entries import AnswerLost, Declined, NotCharged, Performed
from agent.payments.effect import Effect, Undo
from agent.payments.failures import CARD_NOT_SAVED, MESSAGES
from agent.payments.payment import Payment
from agent.stripe_api import payment_methods, setup_intents
from agent.stripe_api.cards import ConfirmCard, Refused
from agent.stripe_api.client import StripeClient
from agent.stripe_api.setup_intents import SetupIntent


async def _confirm(
    stripe: StripeClient, payment: Payment, card: ConfirmCard, key: str
) -> Performed | Declined:
    answer = await setup_intents.confirm(
        stripe,
        _intent_of(payment),
        card=card,
        allow_redisplay=str(payment.parameters["allow_redisplay"]),
        idempotency_key=key,
    )
    if isinstance(answer, Refused):
        return Declined(
            payment.payment_id,
            answer.code,
            answer.decline_code,
            answer.message,
            charge=None,
        )
    return _kept(payment, answer)


async def _look_up(
    stripe: StripeClient, payment: Payment
) -> Performed | NotCharged | AnswerLost:
    try:
        intent = await setup_intents.retrieve(stripe, _intent_of(payment))
    except AgentError as error:
        return AnswerLost(payment.payment_id, reason=error.message)
    match intent.status:
        case "succeeded":
            return _kept(payment, intent)
        case "requires_payment_method" | "requires_confirmation" | "canceled":
            return NotCharged(
                payment.payment_id, CARD_NOT_SAVED, MESSAGES[CARD_NOT_SAVED]
            )
        case _:
            return AnswerLost(
                payment.payment_id, reason=f"the intent is {intent.status}"
            )


async def _let_go(stripe: StripeClient, payment: Payment, key: str) -> None:
    """A card that refused must not be charged later: its customer loses it."""
    if payment.result is not None:
        await payment_methods.detach(stripe, payment.result, idempotency_key=key)


async def _is_gone(stripe: StripeClient, payment: Payment) -> bool:
    """Whether no customer has the card, as where there was none from the start."""
    if payment.result is None:
        return True
    customer = await payment_methods.customer_of(stripe, payment.result)
    return customer is None


def _kept(payment: Payment, intent: SetupIntent) -> Performed:
    return Performed(
        payment.payment_id,
        result=intent.generated_card,
        emv_auth_data=intent.emv_auth_data,
    )


def _intent_of(payment: Payment) -> SetupIntentId:
    if payment.setup_intent is None:
        raise ValueError(f"{payment.action} has no SetupIntent")
    return payment.setup_intent


SAVE = Effect(_confirm, _look_up, Undo(lambda _: "detach", _let_go, _is_gone))
