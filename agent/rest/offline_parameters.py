"""What a register may say of a PaymentIntent that is made without Stripe. Pure."""

from __future__ import annotations

import json
import re
from typing import Annotated, Literal
from urllib.parse import unquote_plus

from pydantic import BeforeValidator

from agent.errors import ParameterInvalid, ParameterUnknown
from agent.offline.errors import ParameterNotOffline
from agent.offline.intents import OfflineBehavior
from agent.rest.forms import Value, decode_body
from agent.rest.forwarding import JSON
from agent.rest.parameters import (
    Metadata,
    NotNegative,
    Parameters,
    Text,
    TextList,
    invalid,
    read,
)

BEHAVIOR = "offline_behavior"
"""The agent's own parameter; Stripe never sees it."""


def _currency(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{3}", value):
        raise invalid("Invalid currency: send a three-letter ISO code.")
    return value.lower()


class CreateLocally(Parameters):
    """`POST /v1/payment_intents` while Stripe cannot be reached."""

    amount: NotNegative
    currency: Annotated[str, BeforeValidator(_currency)]
    allowed_payment_method_types: TextList = ()
    payment_method_types: TextList = ()
    capture_method: Literal["automatic", "automatic_async", "manual"] | None = None
    description: Text | None = None
    metadata: Metadata | None = None
    receipt_email: Text | None = None
    statement_descriptor: Text | None = None
    statement_descriptor_suffix: Text | None = None
    offline_behavior: OfflineBehavior | None = None
    expand: TextList = ()

    def for_stripe(self) -> dict[str, object]:
        """What Stripe is to make the intent of."""
        sent = {
            "allowed_payment_method_types": ["card_present"],
            "capture_method": self.capture_method,
            "description": self.description,
            "receipt_email": self.receipt_email,
            "statement_descriptor": self.statement_descriptor,
            "statement_descriptor_suffix": self.statement_descriptor_suffix,
            "metadata": self.metadata or None,
        }
        return {name: value for name, value in sent.items() if value is not None}


def read_locally(body: bytes, content_type: str) -> CreateLocally:
    """The parameters; raises ParameterNotOffline for one that needs Stripe."""
    values = decode_body(body, content_type=content_type)
    try:
        asked = read(CreateLocally, values)
    except ParameterUnknown as unknown:
        raise ParameterNotOffline(
            f"{unknown.param} needs Stripe, which cannot be reached.",
            param=unknown.param,
        ) from None
    if not asked.amount:
        raise ParameterInvalid("The amount must be more than nothing.", param="amount")
    types = asked.allowed_payment_method_types or asked.payment_method_types
    if "card_present" not in types:
        raise ParameterNotOffline(
            "Offline, a PaymentIntent is paid with card_present.",
            param="allowed_payment_method_types",
        )
    return asked


def split_behavior(
    body: bytes, content_type: str
) -> tuple[OfflineBehavior | None, bytes]:
    """How the payment is to be taken, and the body without that, else byte for byte.

    Raises ParameterInvalid for a behaviour of another name.
    """
    if content_type.partition(";")[0].strip() == JSON:
        return _split_json(body)
    kept: list[bytes] = []
    values: dict[str, Value] = {}
    for pair in body.split(b"&"):
        name, _, value = pair.partition(b"=")
        if unquote_plus(name.decode("latin-1")) == BEHAVIOR:
            values[BEHAVIOR] = unquote_plus(value.decode("latin-1"))
        else:
            kept.append(pair)
    return read(Behavior, values).offline_behavior, b"&".join(kept)


def _split_json(body: bytes) -> tuple[OfflineBehavior | None, bytes]:
    """The same of JSON, of which the spelling does not count."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None, body  # Refused where it is read.
    if not isinstance(content, dict) or BEHAVIOR not in content:
        return None, body
    values = {BEHAVIOR: content.pop(BEHAVIOR)}
    return read(Behavior, values).offline_behavior, json.dumps(content).encode()


class Behavior(Parameters):
    """What the agent adds to `POST /v1/payment_intents`."""

    offline_behavior: OfflineBehavior | None = None
