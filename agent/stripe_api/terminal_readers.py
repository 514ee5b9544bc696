"""Stripe's own readers: what they do, and how they are told to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from agent.ids import ReaderId
from agent.stripe_api.client import StripeClient
from agent.stripe_api.errors import StripeUnreachable
from agent.stripe_api.objects import Json, JsonObject, object_at, text_at

_READERS = "/v1/terminal/readers"
LONGEST_LIST = 100
"""Readers in one page."""

_RESULTS = {
    "collect_payment_method": "payment_method",
    "process_setup_intent": "generated_card",
    "refund_payment": "refund",
}
"""Where an action's object names what came of it."""


@dataclass(frozen=True, slots=True)
class ReaderAction:
    """A reader's `action`, as far as an outcome depends on it."""

    type: str
    status: str
    """`in_progress`, `succeeded` or `failed`."""
    failure_code: str | None = None
    failure_message: str | None = None
    decline_code: str | None = None
    is_card_error: bool = False
    """Whether the issuer or Stripe refused the card; newer readers tell."""
    subjects: frozenset[str] = frozenset()
    """`pi_…`, `seti_…` or `ch_…`: what it is about."""
    result: str | None = None
    """`pm_…` or `re_…`: what came of it, once there is something."""


@dataclass(frozen=True, slots=True)
class StripesReader:
    """One of Stripe's readers at one moment."""

    reader_id: ReaderId
    status: str | None
    """`online` or `offline`; None where Stripe does not know."""
    action: ReaderAction | None
    shown: JsonObject = field(repr=False)
    """The whole object, as Stripe shows it."""


def reader_of(shown: JsonObject) -> StripesReader:
    """The reader of Stripe's object, a deleted one's too."""
    action = object_at(shown, "action")
    return StripesReader(
        reader_id=ReaderId(text_at(shown, "id") or ""),
        status=text_at(shown, "status"),
        action=_action(action) if action else None,
        shown=shown,
    )


def _action(action: JsonObject) -> ReaderAction:
    type_ = text_at(action, "type") or ""
    about = object_at(action, type_)
    subjects = (_id_at(about, name) for name in _SUBJECTS)
    return ReaderAction(
        type=type_,
        status=text_at(action, "status") or "",
        failure_code=text_at(action, "failure_code"),
        failure_message=text_at(action, "failure_message"),
        decline_code=text_at(action, "api_error", "decline_code"),
        is_card_error=text_at(action, "api_error", "type") == "card_error",
        subjects=frozenset(subject for subject in subjects if subject),
        result=_id_at(about, _RESULTS.get(type_, "")),
    )


_SUBJECTS = ("payment_intent", "setup_intent", "charge")


def _id_at(node: JsonObject, name: str) -> str | None:
    """An object's id, expanded or not."""
    found: Json = node.get(name)
    return found if isinstance(found, str) else text_at(node, name, "id")


async def retrieve(client: StripeClient, reader_id: ReaderId) -> StripesReader:
    """Raises StripeRefused (`resource_missing`) or StripeUnreachable."""
    return reader_of(await client.request("GET", _path(reader_id)))


async def retrieve_once(client: StripeClient, reader_id: ReaderId) -> StripesReader:
    """As `retrieve`, without a second attempt: for who asks again anyway."""
    return reader_of(await client.ask(_path(reader_id)))


async def listed(client: StripeClient) -> tuple[list[StripesReader], bool]:
    """The newest readers, asked for once, and whether there are more.

    Raises StripeUnreachable.
    """
    answer = await client.ask(_READERS, params={"limit": LONGEST_LIST})
    data = answer.get("data")
    if not isinstance(data, list):
        raise StripeUnreachable("Stripe's list of readers is none.")
    return [reader_of(shown) for shown in data], answer.get("has_more") is True


async def order(
    client: StripeClient,
    reader_id: ReaderId,
    action: str,
    form: Mapping[str, Any],
    *,
    idempotency_key: str,
) -> StripesReader:
    """Tell a reader to act; under one key it is told once.

    Raises StripeRefused, ReaderNotReady among them, StripeUnreachable where it was
    told nothing, AnswerLost where that is not known.
    """
    answer = await client.request(
        "POST",
        _path(reader_id, action),
        params=form,
        idempotency_key=idempotency_key,
    )
    return reader_of(answer)


async def cancel_action(client: StripeClient, reader_id: ReaderId) -> StripesReader:
    """Have a reader forget what it does. Raises as `order`; harmless to repeat."""
    return reader_of(await client.request("POST", _path(reader_id, "cancel_action")))


def _path(reader_id: ReaderId, verb: str = "") -> str:
    # The id may come from a register app: it must not reach another route.
    path = f"{_READERS}/{quote(reader_id, safe='')}"
    return f"{path}/{verb}" if verb else path
