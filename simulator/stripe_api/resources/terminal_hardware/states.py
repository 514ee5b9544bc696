"""Every status of a hardware order and every legal step between them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Status(StrEnum):
    """Stripe's words."""

    PENDING = "pending"
    READY_TO_SHIP = "ready_to_ship"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    UNDELIVERABLE = "undeliverable"
    CANCELED = "canceled"


class Step(StrEnum):
    """What can happen to an order, as the operations call it."""

    CANCEL = "cancel"
    MARK_READY_TO_SHIP = "mark_ready_to_ship"
    SHIP = "ship"
    DELIVER = "deliver"
    MARK_UNDELIVERABLE = "mark_undeliverable"


TRANSITIONS: Mapping[tuple[Status, Step], Status] = {
    (Status.PENDING, Step.CANCEL): Status.CANCELED,
    (Status.PENDING, Step.MARK_READY_TO_SHIP): Status.READY_TO_SHIP,
    (Status.READY_TO_SHIP, Step.SHIP): Status.SHIPPED,
    (Status.SHIPPED, Step.DELIVER): Status.DELIVERED,
    (Status.SHIPPED, Step.MARK_UNDELIVERABLE): Status.UNDELIVERABLE,
}
"""A missing key is the error: the step is not legal in that status."""
