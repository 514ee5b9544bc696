"""The deeds at a smart reader as JSON: bodies of requests, and parts of rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, assert_never

from pydantic import Field, model_validator

from simulator.cards.book import CardBook
from simulator.cards.card import Entry
from simulator.control.json_api import Body
from simulator.stripe_api.at_the_reader.deeds import (
    AnswerInput,
    ChooseTip,
    CutPower,
    Deed,
    EnterPin,
    PresentCard,
    PressCancel,
    RemoveCard,
    SetAuthorizationTime,
    SetNetwork,
    UpdateSoftware,
)


class PresentCardBody(Body):
    """Insert, tap or swipe a card."""

    do: Literal["present_card"] = "present_card"
    card: str
    entry: Entry = Field(default=Entry.CONTACT, strict=False)
    leave_in: bool = False


class RemoveCardBody(Body):
    """Pull the forgotten card out."""

    do: Literal["remove_card"] = "remove_card"


class ChooseTipBody(Body):
    """Touch a proposed tip by its position, or type an amount; 0 is none."""

    do: Literal["choose_tip"] = "choose_tip"
    amount: int | None = Field(default=None, ge=0, le=99_999_999)
    suggestion: int | None = Field(default=None, ge=0, le=2)

    @model_validator(mode="after")
    def _is_one_of_two(self) -> ChooseTipBody:
        if (self.amount is None) == (self.suggestion is None):
            raise ValueError("give either an amount or a suggestion")
        return self


class EnterPinBody(Body):
    """Type the PIN; any is right."""

    do: Literal["enter_pin"] = "enter_pin"


class AnswerInputBody(Body):
    """Answer the input on the screen; without a value it is skipped."""

    do: Literal["answer_input"] = "answer_input"
    value: str | None = Field(default=None, max_length=500)
    toggles: dict[int, bool] = Field(default_factory=dict, strict=False)


class PressCancelBody(Body):
    """Touch the X."""

    do: Literal["press_cancel"] = "press_cancel"


class SetNetworkBody(Body):
    """Cut the reader off, or connect it again."""

    do: Literal["set_network"] = "set_network"
    connected: bool


class CutPowerBody(Body):
    """Pull the plug."""

    do: Literal["cut_power"] = "cut_power"


class UpdateSoftwareBody(Body):
    """Install software, during which the reader is busy."""

    do: Literal["update_software"] = "update_software"
    version: str = Field(pattern=r"^\d+(\.\d+){1,3}$")
    seconds: float = Field(default=0.0, ge=0, le=3600)


class SetAuthorizationTimeBody(Body):
    """From now on the issuer takes so long."""

    do: Literal["set_authorization_time"] = "set_authorization_time"
    seconds: float = Field(ge=0, le=600)


DeedBody = (
    PresentCardBody
    | RemoveCardBody
    | ChooseTipBody
    | EnterPinBody
    | AnswerInputBody
    | PressCancelBody
    | SetNetworkBody
    | CutPowerBody
    | UpdateSoftwareBody
    | SetAuthorizationTimeBody
)
AnyDeedBody = Annotated[DeedBody, Field(discriminator="do")]

DEED_BODIES: Mapping[str, type[DeedBody]] = {
    "present_card": PresentCardBody,
    "remove_card": RemoveCardBody,
    "choose_tip": ChooseTipBody,
    "enter_pin": EnterPinBody,
    "answer_input": AnswerInputBody,
    "press_cancel": PressCancelBody,
    "set_network": SetNetworkBody,
    "cut_power": CutPowerBody,
    "update_software": UpdateSoftwareBody,
    "set_authorization_time": SetAuthorizationTimeBody,
}


def deed_of(body: DeedBody, cards: CardBook) -> Deed:
    """What `body` asks for; raises CardUnknown."""
    match body:
        case PresentCardBody():
            card = cards.named(body.card)
            return PresentCard(card, body.entry, leave_in=body.leave_in)
        case ChooseTipBody():
            return ChooseTip(body.amount, body.suggestion)
        case AnswerInputBody():
            return AnswerInput(body.value, body.toggles)
        case SetNetworkBody():
            return SetNetwork(body.connected)
        case UpdateSoftwareBody():
            return UpdateSoftware(body.version, body.seconds)
        case SetAuthorizationTimeBody():
            return SetAuthorizationTime(body.seconds)
        case RemoveCardBody() | EnterPinBody() | PressCancelBody() | CutPowerBody():
            return _BARE[type(body)]
        case _:
            assert_never(body)


_BARE: Mapping[type[Body], Deed] = {
    RemoveCardBody: RemoveCard(),
    EnterPinBody: EnterPin(),
    PressCancelBody: PressCancel(),
    CutPowerBody: CutPower(),
}
