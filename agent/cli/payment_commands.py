"""`cardlane payments capture`, `cancel`, `refund`: what may follow a payment.

Each is asked of Stripe under one idempotency key until there is an answer, and done
once at most. Where no answer comes the outcome is unknown, never a failure.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.failures import CommandFailed, ExitCode, usage_error
from agent.cli.options import AgentAddress, Config, Json, KeyFile, Url, open_local_api
from agent.cli.payment_search import Name, intent_meant
from agent.cli.payment_texts import amount_text
from agent.stripe_api.objects import JsonObject, number_at, text_at

if TYPE_CHECKING:
    from agent.cli.local_api import LocalApi

ATTEMPTS = 4
PAUSE_S = 1.0
STRIPE_UNREACHABLE = "stripe_unreachable"
_MAY_BE_DONE = frozenset({"stripe_answer_lost", "idempotency_key_in_use"})

AmountArgument = Annotated[
    str | None, typer.Argument(help="Such as 12.34; all of it without.")
]
Key = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key", help="Of an earlier attempt whose outcome is unknown."
    ),
]


class Reason(StrEnum):
    """Why money is given back, in Stripe's words."""

    DUPLICATE = "duplicate"
    FRAUDULENT = "fraudulent"
    REQUESTED_BY_CUSTOMER = "requested_by_customer"


def capture(
    payment: Name,
    amount: AmountArgument = None,
    idempotency_key: Key = None,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Take money that is held: all of it, less, or more with a tip on the receipt."""
    api = open_local_api(AgentAddress(config, url, key_file))
    intent = intent_meant(api, payment)
    form = _amount_form(api, intent, amount, name="amount_to_capture")
    path = f"/v1/payment_intents/{intent}/capture"
    captured = post_until_answered(api, path, form, key=idempotency_key)
    taken = _amount_of(captured, "amount_received")
    typer.echo(json.dumps(captured) if as_json else f"Captured {taken} of {intent}.")


def cancel(
    payment: Name,
    idempotency_key: Key = None,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Release money that is held, or give up a PaymentIntent that nobody has paid."""
    api = open_local_api(AgentAddress(config, url, key_file))
    intent = intent_meant(api, payment)
    path = f"/v1/payment_intents/{intent}/cancel"
    canceled = post_until_answered(api, path, {}, key=idempotency_key)
    told = f"Canceled {intent}: the customer pays nothing."
    typer.echo(json.dumps(canceled) if as_json else told)


def refund(
    payment: Name,
    amount: AmountArgument = None,
    reason: Annotated[Reason | None, typer.Option(help="Why.")] = None,
    idempotency_key: Key = None,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Give money that was taken back: what is left of it, or less."""
    api = open_local_api(AgentAddress(config, url, key_file))
    intent = intent_meant(api, payment)
    form = {"payment_intent": intent}
    form |= _amount_form(api, intent, amount, name="amount")
    form |= {} if reason is None else {"reason": reason.value}
    made = post_until_answered(api, "/v1/refunds", form, key=idempotency_key)
    told = (
        f"Refund {text_at(made, 'id')} of {_amount_of(made, 'amount')} for {intent}: "
        f"{text_at(made, 'status')}."
    )
    typer.echo(json.dumps(made) if as_json else told)


def post_until_answered(
    api: LocalApi,
    path: str,
    form: Mapping[str, str],
    *,
    key: str | None,
    sleep: Callable[[float], None] = time.sleep,
) -> JsonObject:
    """Stripe's answer; asked a few times under one key. Raises CommandFailed.

    OUTCOME_UNKNOWN and the key to go on with, where it may have been done unanswered.
    """
    key, attempts, may_be_done = key or secrets.token_hex(16), 0, False
    while True:
        attempts += 1
        try:
            return api.post(path, form, idempotency_key=key)
        except CommandFailed as failure:
            is_lost = _is_lost(failure)
            may_be_done |= is_lost
            if not is_lost and not _had_no_effect(failure):
                raise
            if attempts == ATTEMPTS:
                if may_be_done:
                    raise _unknown(failure, key) from failure
                raise
        sleep(PAUSE_S)


def _is_lost(failure: CommandFailed) -> bool:
    is_refused = isinstance(failure.__cause__, ConnectionRefusedError)
    is_unreachable = failure.exit_code is ExitCode.UNREACHABLE and not is_refused
    return is_unreachable or failure.code in _MAY_BE_DONE


def _had_no_effect(failure: CommandFailed) -> bool:
    return (
        failure.exit_code is ExitCode.UNREACHABLE or failure.code == STRIPE_UNREACHABLE
    )


def _unknown(failure: CommandFailed, key: str) -> CommandFailed:
    return CommandFailed(
        f"done or not, no answer came: {failure.message}",
        code=failure.code,
        remedy=f"{failure.remedy}\nThen run the command again with "
        f"--idempotency-key {key}: it is done once at most.",
        exit_code=ExitCode.OUTCOME_UNKNOWN,
    )


def _amount_form(
    api: LocalApi, intent: str, amount: str | None, *, name: str
) -> dict[str, str]:
    """The parameter for `amount`, in minor units of the intent's currency."""
    if amount is None:
        return {}
    from agent.money import Amount, AmountInvalid

    currency = text_at(api.get(f"/v1/payment_intents/{intent}"), "currency") or ""
    try:
        return {name: str(Amount.parse(f"{amount} {currency}").minor)}
    except AmountInvalid as error:
        raise usage_error(str(error), remedy="Such as 12.34.") from None


def _amount_of(content: JsonObject, name: str) -> str:
    return amount_text(number_at(content, name), text_at(content, "currency"))
