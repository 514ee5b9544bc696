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
    from agent.money import Amount

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
    tip: Annotated[
        str | None, typer.Option(help="On top, as written on the receipt: 3.00.")
    ] = None,
    idempotency_key: Key = None,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Take money that is held: all of it, less, or more with a tip on the receipt."""
    api = open_local_api(AgentAddress(config, url, key_file))
    intent = intent_meant(api, payment)
    total = _to_capture(api, intent, amount, tip)
    form = {} if total is None else {"amount_to_capture": str(total.minor)}
    path = f"/v1/payment_intents/{intent}/capture"
    # By then less may be held, so the sum is named.
    again = f"capture {intent}" if total is None else f"capture {intent} {_bare(total)}"
    captured = post_until_answered(api, path, form, key=idempotency_key, again=again)
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
    canceled = post_until_answered(
        api, path, {}, key=idempotency_key, again=f"cancel {intent}"
    )
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
    if amount is not None:
        form["amount"] = str(_parsed(amount, _retrieved(api, intent)).minor)
    form |= {} if reason is None else {"reason": reason.value}
    again = " ".join(["refund", intent, *([amount] if amount else [])])
    again += f" --reason {reason.value}" if reason else ""
    made = post_until_answered(
        api, "/v1/refunds", form, key=idempotency_key, again=again
    )
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
    again: str,
    sleep: Callable[[float], None] = time.sleep,
) -> JsonObject:
    """Stripe's answer; asked a few times under one key. Raises CommandFailed.

    OUTCOME_UNKNOWN where it may have been done unanswered; `again` is the command that
    then goes on under the same key.
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
                    raise _unknown(
                        failure, f"{again} --idempotency-key {key}"
                    ) from failure
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


def _unknown(failure: CommandFailed, again: str) -> CommandFailed:
    return CommandFailed(
        f"done or not, no answer came: {failure.message}",
        code=failure.code,
        remedy=f"Go on with: cardlane payments {again}\nIt is done once at most.",
        exit_code=ExitCode.OUTCOME_UNKNOWN,
    )


def _to_capture(
    api: LocalApi, intent: str, amount: str | None, tip: str | None
) -> Amount | None:
    """What to capture; None for all that is held."""
    if amount is None and tip is None:
        return None
    from agent.money import Amount

    held = _retrieved(api, intent)
    if amount is None:
        minor = number_at(held, "amount_capturable") or 0
    else:
        minor = _parsed(amount, held).minor
    minor += 0 if tip is None else _parsed(tip, held).minor
    return Amount(minor, text_at(held, "currency") or "")


def _retrieved(api: LocalApi, intent: str) -> JsonObject:
    return api.get(f"/v1/payment_intents/{intent}")


def _bare(amount: Amount) -> str:
    """Without its currency, as the command line takes it."""
    return str(amount).rpartition(" ")[0]


def _parsed(amount: str, intent: JsonObject) -> Amount:
    """`amount` in the intent's currency."""
    from agent.money import Amount, AmountInvalid

    try:
        return Amount.parse(f"{amount} {text_at(intent, 'currency')}")
    except AmountInvalid as error:
        raise usage_error(str(error), remedy="Such as 12.34.") from None


def _amount_of(content: JsonObject, name: str) -> str:
    return amount_text(number_at(content, name), text_at(content, "currency"))
