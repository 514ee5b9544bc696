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
    Gesture,
    Mishap,
    PlanUpdate,
    Plug,
    PresentCard,
    PresentTag,
    PressKey,
    RemoveCard,
    SetBattery,
    SetQuirks,
    ShowBarcode,
    Sign,
    Touch,
    Unplug,
)
from simulator.reader.model import Tag, UpdateEnd, UpdatePlan

Coordinate = Annotated[int, Field(ge=0, le=0xFFFE)]
Chance = Annotated[float, Field(ge=0, le=1)]


class PresentCardBody(Body):
    """Insert, tap or swipe a card."""

    do: Literal["present_card"] = "present_card"
    card: str
    entry: Entry = Field(strict=False)
    leave_in: bool = False
    stays_s: float = Field(default=0.0, ge=0, le=86400)


class RemoveCardBody(Body):
    """Pull the inserted card out."""

    do: Literal["remove_card"] = "remove_card"


class PressKeyBody(Body):
    """Press a key."""

    do: Literal["press_key"] = "press_key"
    key: str


class TouchBody(Body):
    """Touch one of the screen's choices."""

    do: Literal["touch"] = "touch"
    choice: str


class SignBody(Body):
    """Draw a signature, stroke by stroke, and confirm it."""

    do: Literal["sign"] = "sign"
    strokes: list[list[tuple[Coordinate, Coordinate]]] = Field(
        default=[[(20, 120), (160, 60), (300, 120)]], min_length=1, strict=False
    )


class ShowBarcodeBody(Body):
    """Hold a code to the scanner."""

    do: Literal["show_barcode"] = "show_barcode"
    text: str = Field(min_length=1, max_length=1024)


class PresentTagBody(Body):
    """Hold an NFC tag to the reader."""

    do: Literal["present_tag"] = "present_tag"
    uid: str = Field(pattern="^([0-9A-Fa-f]{2}){4,10}$")
    kind: str = "mifare_ultralight"


class SetBatteryBody(Body):
    """Charge or drain the battery."""

    do: Literal["set_battery"] = "set_battery"
    percent: int = Field(ge=0, le=100)


class SetQuirksBody(Body):
    """Make the reader do things wrong by itself; none of them without a body."""

    do: Literal["set_quirks"] = "set_quirks"
    chances: dict[str, Chance] = Field(default_factory=dict)


class PlanUpdateBody(Body):
    """Decide how the next firmware update ends."""

    do: Literal["plan_update"] = "plan_update"
    end: UpdateEnd = Field(strict=False)
    after_packets: int = Field(default=1, ge=1)


class UnplugBody(Body):
    """Pull the cable."""

    do: Literal["unplug"] = "unplug"


class PlugBody(Body):
    """Put the cable back."""

    do: Literal["plug"] = "plug"


GestureBody = TouchBody | SignBody | ShowBarcodeBody | PresentTagBody
MishapBody = SetBatteryBody | SetQuirksBody | PlanUpdateBody | UnplugBody | PlugBody
ActionBody = PresentCardBody | RemoveCardBody | PressKeyBody | GestureBody | MishapBody
AnyActionBody = Annotated[ActionBody, Field(discriminator="do")]

ACTION_BODIES: Mapping[str, type[ActionBody]] = {
    "present_card": PresentCardBody,
    "remove_card": RemoveCardBody,
    "press_key": PressKeyBody,
    "touch": TouchBody,
    "sign": SignBody,
    "show_barcode": ShowBarcodeBody,
    "present_tag": PresentTagBody,
    "set_battery": SetBatteryBody,
    "set_quirks": SetQuirksBody,
    "plan_update": PlanUpdateBody,
    "unplug": UnplugBody,
    "plug": PlugBody,
}


def action_of(body: ActionBody, cards: CardBook) -> Action:
    """What `body` asks for; raises CardUnknown."""
    match body:
        case PresentCardBody():
            stays_s = None if body.leave_in else body.stays_s
            return PresentCard(cards.named(body.card), body.entry, stays_s)
        case RemoveCardBody():
            return RemoveCard()
        case PressKeyBody():
            return PressKey(body.key)
        case TouchBody() | SignBody() | ShowBarcodeBody() | PresentTagBody():
            return _gesture_of(body)
        case _:
            return _mishap_of(body)


def body_of(action: Action) -> ActionBody:
    """The inverse of `action_of`, for showing a rule."""
    match action:
        case PresentCard(card, entry, stays_s):
            return PresentCardBody(
                card=card.name,
                entry=entry,
                leave_in=stays_s is None,
                stays_s=stays_s or 0.0,
            )
        case RemoveCard():
            return RemoveCardBody()
        case PressKey(key):
            # Digits may be a card's number or a PIN, which nobody is shown again.
            return PressKeyBody(key="*" if key.isdecimal() else key)
        case Touch() | Sign() | ShowBarcode() | PresentTag():
            return _body_of_gesture(action)
        case _:
            return _body_of_mishap(action)


def _gesture_of(body: GestureBody) -> Gesture:
    match body:
        case TouchBody():
            return Touch(body.choice)
        case SignBody():
            return Sign(tuple(map(tuple, body.strokes)))
        case ShowBarcodeBody():
            return ShowBarcode(body.text)
        case PresentTagBody():
            return PresentTag(Tag(bytes.fromhex(body.uid), body.kind))
        case _:
            assert_never(body)


def _body_of_gesture(gesture: Gesture) -> GestureBody:
    match gesture:
        case Touch(choice):
            return TouchBody(choice=choice)
        case Sign(strokes):
            return SignBody(strokes=[list(stroke) for stroke in strokes])
        case ShowBarcode(text):
            return ShowBarcodeBody(text=text)
        case PresentTag(tag):
            return PresentTagBody(uid=tag.uid.hex(), kind=tag.kind)
        case _:
            assert_never(gesture)


def _mishap_of(body: MishapBody) -> Mishap:
    match body:
        case SetBatteryBody():
            return SetBattery(body.percent)
        case SetQuirksBody():
            return SetQuirks(body.chances)
        case PlanUpdateBody():
            return PlanUpdate(UpdatePlan(body.end, body.after_packets))
        case UnplugBody():
            return Unplug()
        case PlugBody():
            return Plug()
        case _:
            assert_never(body)


def _body_of_mishap(mishap: Mishap) -> MishapBody:
    match mishap:
        case SetBattery(percent):
            return SetBatteryBody(percent=percent)
        case SetQuirks(chances):
            return SetQuirksBody(chances=dict(chances))
        case PlanUpdate(plan):
            return PlanUpdateBody(end=plan.end, after_packets=plan.after_packets)
        case Unplug():
            return UnplugBody()
        case Plug():
            return PlugBody()
        case _:
            assert_never(mishap)
