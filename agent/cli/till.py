"""One payment driven from a till: create, process, watch, and tell how it ended.

Reads the outcome from the agent; where the agent falls silent the outcome is unknown,
never a decline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from agent.cli.failures import CommandFailed, ExitCode
from agent.cli.local_api import LocalApi, ServerEvent
from agent.cli.prompts import prompt
from agent.money import Amount
from agent.stripe_api.objects import JsonObject, object_at, text_at

POLL_S = 0.5
PATIENCE_S = 30.0
"""How long an unknown outcome, or an agent that is gone, is waited for by default."""

FINAL_PHASES = frozenset({"succeeded", "declined", "canceled", "failed"})
READERS = "/v1/terminal/readers"


class Result(StrEnum):
    """How a payment ended, seen from the till."""

    APPROVED = "approved"
    DECLINED = "declined"
    CANCELED = "canceled"
    FAILED = "failed"
    """Not charged, but not for the issuer's will."""
    UNKNOWN = "unknown"


EXIT_CODES = {
    Result.APPROVED: ExitCode.DONE,
    Result.DECLINED: ExitCode.NEGATIVE,
    Result.CANCELED: ExitCode.CANCELED,
    Result.FAILED: ExitCode.NOT_CHARGED,
    Result.UNKNOWN: ExitCode.OUTCOME_UNKNOWN,
}


_BY_NEXT_STEP = {
    "done": Result.APPROVED,
    "capture": Result.APPROVED,
    "may_try_again": Result.CANCELED,
}
"""What the agent's `next_step` says of a payment that the reader has forgotten."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to charge, and where."""

    amount: Amount
    reader_id: str
    capture_method: str
    """Stripe's: `automatic` or `manual`."""
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How the payment ended."""

    result: Result
    intent: JsonObject
    """The PaymentIntent; with its charge where it was approved."""
    failure_code: str | None = None
    failure_message: str | None = None


@dataclass(frozen=True, slots=True)
class Till:
    """The agent, and whoever stands before it."""

    api: LocalApi
    show: Callable[[str], None]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    patience_s: float = PATIENCE_S
    """How long an unknown outcome is waited for."""


def take_payment(till: Till, order: Order) -> Ending:
    """Create a PaymentIntent, take it on the reader, and see it through.

    Ctrl-C cancels on the reader. A PaymentIntent that was not charged is canceled.
    Raises CommandFailed where nothing had begun.
    """
    with till.api.events() as events:
        intent = _create_intent(till, order)
        try:
            _process(till, order, intent)
            _watch(till, order, events)
        except KeyboardInterrupt:
            _cancel(till, order)
    ending = _outcome(till, order, intent)
    if ending.result in {Result.DECLINED, Result.CANCELED, Result.FAILED}:
        _abandon(till, intent)
    return ending


def choose_reader(
    api: LocalApi, *, remedy: str = "Name one as an argument of the command."
) -> str:
    """The reader that is online, where it is the only one. Raises CommandFailed.

    `remedy` says how the command is told which one.
    """
    data = api.get(READERS, {"status": "online", "limit": "100"}).get("data")
    ids = (
        [text_at(reader, "id") or "" for reader in data]
        if isinstance(data, list)
        else []
    )
    if len(ids) == 1:
        return ids[0]
    if ids:
        raise CommandFailed(
            f"several readers are online: {', '.join(ids)}",
            code="reader_ambiguous",
            remedy=remedy,
            exit_code=ExitCode.USAGE,
        )
    raise CommandFailed(
        "no reader is online",
        code="terminal_reader_offline",
        remedy="Plug one in; `cardlane readers list` shows those registered, "
        "`cardlane readers discover` those plugged in.",
    )


def _create_intent(till: Till, order: Order) -> JsonObject:
    return till.api.post(
        "/v1/payment_intents",
        {
            "amount": str(order.amount.minor),
            "currency": order.amount.currency,
            "capture_method": order.capture_method,
            "allowed_payment_method_types[]": "card_present",
        },
        idempotency_key=f"{order.idempotency_key}-create",
    )


def _process(till: Till, order: Order, intent: JsonObject) -> None:
    try:
        till.api.post(
            f"{READERS}/{order.reader_id}/process_payment_intent",
            {"payment_intent": text_at(intent, "id") or ""},
            idempotency_key=f"{order.idempotency_key}-process",
        )
    except CommandFailed as failure:
        # Unreachable is not refused: the agent may have begun, which the reader tells.
        if failure.exit_code is not ExitCode.UNREACHABLE:
            _abandon(till, intent)
            raise


def _watch(till: Till, order: Order, events: Iterator[ServerEvent | None]) -> None:
    """Show the reader's prompts until the payment has ended or the stream has.

    Our payment is the first that begins on the reader after we began to listen.
    """
    payment_id: str | None = None
    for event in events:
        if event is None or text_at(event.content, "reader_id") != order.reader_id:
            continue
        phase = text_at(event.content, "phase")
        if payment_id is None and phase == "requested":
            payment_id = text_at(event.content, "payment_id")
        if payment_id is None or text_at(event.content, "payment_id") != payment_id:
            continue
        line = prompt(event.name, event.content)
        if line is not None:
            till.show(line)
        if phase in FINAL_PHASES or phase == "unknown":
            return


def _cancel(till: Till, order: Order) -> None:
    till.show("Canceling …")
    try:
        till.api.post(f"{READERS}/{order.reader_id}/cancel_action")
    except CommandFailed as failure:
        till.show(f"Too late to cancel: {failure.message}")
    except KeyboardInterrupt:
        till.show("Already canceling …")


def _outcome(till: Till, order: Order, intent: JsonObject) -> Ending:
    """Ask the agent until it knows, but not for ever; Ctrl-C ends the asking.

    Whoever waits is told for how long, and why, once for each cause.
    """
    deadline = till.monotonic() + till.patience_s
    ending = Ending(Result.UNKNOWN, intent)
    told = set[str | None]()
    try:
        while True:
            ending = _ending_now(till, order, intent)
            if ending.result is not Result.UNKNOWN or till.monotonic() > deadline:
                break
            if not told:
                till.show(f"Waiting up to {till.patience_s:g} s for the outcome …")
            if ending.failure_code is not None and ending.failure_code not in told:
                till.show(f"Still waiting: {_cause(ending)}")
            told.add(ending.failure_code)
            till.sleep(POLL_S)
    except KeyboardInterrupt:
        till.show("The payment goes on without being watched.")
    return ending


def _cause(ending: Ending) -> str:
    return f"{ending.failure_message or 'no reason given'} ({ending.failure_code})"


def _ending_now(till: Till, order: Order, intent: JsonObject) -> Ending:
    """What the agent knows of the payment; UNKNOWN while it goes on.

    The agent's word is enough: Stripe may be out of reach.
    """
    try:
        reader = till.api.get(f"{READERS}/{order.reader_id}")
        action = object_at(reader, "action")
        processed = object_at(action, "process_payment_intent")
        if processed.get("payment_intent") != intent.get("id"):
            return _forgotten(till, intent)
    except CommandFailed as failure:
        return Ending(Result.UNKNOWN, intent, failure.code, failure.message)
    result = _result_of_action(action)
    if result is Result.APPROVED:
        with suppress(CommandFailed):
            return Ending(result, _with_charge(till, intent))
    code, message = text_at(action, "failure_code"), text_at(action, "failure_message")
    return Ending(result, intent, code, message)


def _forgotten(till: Till, intent: JsonObject) -> Ending:
    """The reader shows another payment, or none: what Stripe or the journal says."""
    try:
        current = _with_charge(till, intent)
    except CommandFailed:
        found = till.api.get(
            "/agent/payments", {"payment_intent": text_at(intent, "id") or ""}
        )
        step = text_at(found, "next_step") or ""
        return Ending(_BY_NEXT_STEP.get(step, Result.UNKNOWN), intent)
    return Ending(_result_of_intent(current), current)


def _result_of_action(action: JsonObject) -> Result:
    match action.get("status"):
        case "succeeded":
            return Result.APPROVED
        case "failed" if object_at(action, "api_error"):
            return Result.DECLINED
        case "failed" if action.get("failure_code") == "customer_canceled":
            return Result.CANCELED
        case "failed":
            return Result.FAILED
        case _:
            return Result.UNKNOWN


def _result_of_intent(intent: JsonObject) -> Result:
    """The reader has forgotten the payment: canceled, or replaced by another till's."""
    match intent.get("status"):
        case "succeeded" | "requires_capture":
            return Result.APPROVED
        case "requires_payment_method" | "canceled":
            return Result.CANCELED
        case _:
            return Result.UNKNOWN


def _with_charge(till: Till, intent: JsonObject) -> JsonObject:
    path = f"/v1/payment_intents/{text_at(intent, 'id')}"
    return till.api.get(path, {"expand[]": "latest_charge"})


def _abandon(till: Till, intent: JsonObject) -> None:
    """Cancel a PaymentIntent that nobody will pay; it does no harm if it stays."""
    with suppress(CommandFailed, KeyboardInterrupt):
        till.api.post(f"/v1/payment_intents/{text_at(intent, 'id')}/cancel")
