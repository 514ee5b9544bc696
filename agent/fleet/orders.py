"""Orders to a machine: signed, for it alone, once, and only for a while. Pure.

An order is a JSON object, signed with Ed25519 (RFC 8032) over the very bytes that are
sent. The broker is not trusted: whoever owns it can hold orders back, not make them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from agent.fleet.topics import EVERY_MACHINE

LONGEST_LIFE = timedelta(days=7)
"""An order that lives longer is refused: it would have to be remembered as long."""
CLOCKS_APART = timedelta(minutes=2)
LARGEST_BYTES = 16 * 1024


class Command(StrEnum):
    """What a machine can be told to do; API."""

    IDENTIFY = "identify"
    REBOOT = "reboot"
    UPDATE = "update"
    APPLY_CONFIGURATION = "apply_configuration"
    COLLECT_DIAGNOSTICS = "collect_diagnostics"


class OrderRefused(Exception):
    """The order is not carried out; `code` is API and goes into the answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Order:
    """One order, as somebody has signed it."""

    order_id: str
    machine: str
    """A machine's name, or `all`."""
    command: Command
    issued_at: datetime
    expires_at: datetime
    reader: str | None = None
    image: str | None = None
    """For `update`: the image's name in the catalogue; None for the newest."""
    percent: int = 100
    """Of the machines: a staged roll-out. The same machines at every larger percentage."""
    seed: str = ""
    """Which machines come first; the same for all stages of one roll-out."""


def sign(order: Order, key: Ed25519PrivateKey, *, key_name: str) -> bytes:
    """The order as it is sent."""
    signed = json.dumps(
        {
            "id": order.order_id,
            "machine": order.machine,
            "command": order.command,
            "issued_at": int(order.issued_at.timestamp()),
            "expires_at": int(order.expires_at.timestamp()),
            "reader": order.reader,
            "image": order.image,
            "percent": order.percent,
            "seed": order.seed,
        },
        sort_keys=True,
        separators=(",", ":"),
    ).encode()
    return json.dumps(
        {
            "key": key_name,
            "signed": base64.b64encode(signed).decode(),
            "signature": base64.b64encode(key.sign(signed)).decode(),
        }
    ).encode()


def verify(payload: bytes, keys: Mapping[str, Ed25519PublicKey]) -> tuple[Order, str]:
    """The order, and the name of the key that signed it.

    Raises OrderRefused: `order_unreadable` or `order_not_signed`.
    """
    if len(payload) > LARGEST_BYTES:
        raise OrderRefused("order_unreadable", "The order is too long.")
    try:
        outer = json.loads(payload)
        key_name, signed = str(outer["key"]), _bytes(outer["signed"])
        signature = _bytes(outer["signature"])
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise OrderRefused("order_unreadable", "That is no order.") from error
    key = keys.get(key_name)
    if key is None:
        raise OrderRefused("order_not_signed", "No key of that name is trusted here.")
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        raise OrderRefused("order_not_signed", "The signature is not true.") from None
    return _order(signed), key_name


def check(
    order: Order, *, machine: str, now: datetime, allowed: frozenset[Command]
) -> None:
    """Whether this machine carries the order out now.

    Raises OrderRefused: `order_not_for_this_machine`, `order_expired`,
    `order_not_allowed` or `not_selected`.
    """
    if order.machine not in {machine, EVERY_MACHINE}:
        raise OrderRefused("order_not_for_this_machine", "It names another machine.")
    if order.expires_at - order.issued_at > LONGEST_LIFE:
        raise OrderRefused("order_expired", "It would live longer than 7 days.")
    if not order.issued_at - CLOCKS_APART <= now < order.expires_at:
        raise OrderRefused("order_expired", "It is not of this time.")
    if order.command not in allowed:
        raise OrderRefused(
            "order_not_allowed", f"{order.command} is not in fleet.orders here."
        )
    if not is_selected(machine, percent=order.percent, seed=order.seed):
        raise OrderRefused("not_selected", "Not in this stage of the roll-out.")


def is_selected(machine: str, *, percent: int, seed: str) -> bool:
    """Whether the machine is among the first `percent` of this roll-out."""
    digest = hashlib.sha256(f"{seed}\0{machine}".encode()).digest()
    return int.from_bytes(digest[:4]) % 100 < percent


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _order(signed: bytes) -> Order:
    try:
        fields = json.loads(signed)
        percent = fields["percent"]
        if type(percent) is not int or not 0 <= percent <= 100:
            raise ValueError("percent")
        return Order(
            order_id=_text(fields["id"]),
            machine=_text(fields["machine"]),
            command=Command(fields["command"]),
            issued_at=_time(fields["issued_at"]),
            expires_at=_time(fields["expires_at"]),
            reader=_optional(fields["reader"]),
            image=_optional(fields["image"]),
            percent=percent,
            seed=str(fields["seed"]),
        )
    except (ValueError, LookupError, TypeError, OverflowError, binascii.Error) as error:
        raise OrderRefused("order_unreadable", "The order is incomplete.") from error


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 100:
        raise ValueError("a text")
    return value


def _optional(value: object) -> str | None:
    return None if value is None else _text(value)


def _time(value: object) -> datetime:
    if type(value) is not int:
        raise ValueError("a time")
    return datetime.fromtimestamp(value, UTC)
