"""The actions on a reader as JSON: bodies of requests, and parts of rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, assert_never

from pydantic import Field

from simulator.cards.book import CardBook
from simulator.cards.card import Entry
from simulator.control.json_api import Body
from simulator.reader.actions import (
    Action,
    Plug,
    PresentCard,
    PressKey,
    RemoveCard,
    SetBattery,
    Unplug,
)


class PresentCardBody(Body):
    """Insert, tap or swipe a card."""

    do: Literal["present_card"] = "present_card"
    card: str
    entry: Entry = Field(strict=False)


class RemoveCardBody(Body):
    """Pull the inserted card out."""

    do: Literal["remove_card"] = "remove_card"


class PressKeyBody(Body):
    """Press a key."""

    do: Literal["press_key"] = "press_key"
    key: str


class SetBatteryBody(Body):
    """Charge or drain the battery."""

    do: Literal["set_battery"] = "set_battery"
    percent: int = Field(ge=0, le=100)


class UnplugBody(Body):
    """Pull the cable."""

    do: Literal["unplug"] = "unplug"


class PlugBody(Body):
    """Put the cable back."""

    do: Literal["plug"] = "plug"


ActionBody = (
    PresentCardBody
    | RemoveCardBody
    | PressKeyBody
    | SetBatteryBody
    | UnplugBody
    | PlugBody
)
AnyActionBody = Annotated[ActionBody, Field(discriminator="do")]

ACTION_BODIES: Mapping[str, type[ActionBody]] = {
    "present_card": PresentCardBody,
    "remove_card": RemoveCardBody,
    "press_key": PressKeyBody,
    "set_battery": SetBatteryBody,
    "unplug": UnplugBody,
    "plug": PlugBody,
}


def action_of(body: ActionBody, cards: CardBook) -> Action:
    """What `body` asks for; raises CardUnknown."""
    match body:
        case PresentCardBody():
            return PresentCard(cards.named(body.card), body.entry)
        case RemoveCardBody():
            return RemoveCard()
        case PressKeyBody():
            return PressKey(body.key)
        case SetBatteryBody():
            return SetBattery(body.percent)
        case UnplugBody():
            return Unplug()
        case PlugBody():
            return Plug()
        case _:
            assert_never(body)


def body_of(action: Action) -> ActionBody:
    """The inverse of `action_of`, for showing a rule."""
    match action:
        case PresentCard(card, entry):
            return PresentCardBody(card=card.name, entry=entry)
        case RemoveCard():
            return RemoveCardBody()
        case PressKey(key):
            return PressKeyBody(key=key)
        case SetBattery(percent):
            return SetBatteryBody(percent=percent)
        case Unplug():
            return UnplugBody()
        case Plug():
            return PlugBody()
        case _:
            assert_never(action)
