"""What people and mishaps can do to a smart reader, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from simulator.cards.card import Card, Entry
from simulator.errors import ControlRefused
from simulator.stripe_api.resources.terminal_reader_actions import (
    collect_inputs,
    customer_cancellation,
    presence,
    presenting,
    software_update,
    tip_screen,
)
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.forms import Reply
from simulator.stripe_api.smart_readers.phases import Phase, Step


@dataclass(frozen=True, slots=True)
class PresentCard:
    """Insert, tap or swipe a card."""

    card: Card
    entry: Entry
    leave_in: bool = False
    """Whether it stays in the slot when all is done."""


@dataclass(frozen=True, slots=True)
class RemoveCard:
    """Pull the forgotten card out."""


@dataclass(frozen=True, slots=True)
class ChooseTip:
    """Touch one of the proposed tips, or type an amount; 0 is none."""

    amount: int | None = None
    suggestion: int | None = None
    """The position of the proposal, from 0; exactly one of the two is given."""


@dataclass(frozen=True, slots=True)
class EnterPin:
    """Type the PIN; any is right."""


@dataclass(frozen=True, slots=True)
class AnswerInput:
    """Answer the input on the screen; without a value it is skipped."""

    value: str | None = None
    toggles: Mapping[int, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PressCancel:
    """Touch the X."""


@dataclass(frozen=True, slots=True)
class SetNetwork:
    """Cut the reader off, or connect it again."""

    is_up: bool


@dataclass(frozen=True, slots=True)
class CutPower:
    """Pull the plug; the reader is silent until the network is set up again."""


@dataclass(frozen=True, slots=True)
class UpdateSoftware:
    """Install software, during which the reader is busy."""

    version: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SetAuthorizationTime:
    """From now on the issuer takes so long."""

    seconds: float


Deed = (
    PresentCard
    | RemoveCard
    | ChooseTip
    | EnterPin
    | AnswerInput
    | PressCancel
    | SetNetwork
    | CutPower
    | UpdateSoftware
    | SetAuthorizationTime
)


def perform(turn: Turn, deed: Deed) -> None:
    """Do it now; raises ControlRefused or ControlInvalid, and then did nothing."""
    match deed:
        case PresentCard():
            _present(turn, deed)
        case RemoveCard():
            _remove_card(turn)
        case ChooseTip():
            _choose_tip(turn, deed)
        case EnterPin():
            presenting.enter_pin(turn)
        case AnswerInput(value, toggles):
            collect_inputs.answer(turn, Reply(value, toggles))
        case PressCancel():
            customer_cancellation.press(turn)
        case SetNetwork() | CutPower():
            _connect(turn, deed)
        case UpdateSoftware(version, seconds):
            software_update.install(turn, version, seconds=seconds)
        case SetAuthorizationTime(seconds):
            turn.change(authorization_s=seconds)
        case _:
            assert_never(deed)


def _present(turn: Turn, deed: PresentCard) -> None:
    presenting.check(turn, deed.card, deed.entry)
    turn.change(leaves_card_in=deed.leave_in and deed.entry is Entry.CONTACT)
    presenting.present(turn, deed.card, deed.entry)


def _remove_card(turn: Turn) -> None:
    if turn.phase is not Phase.CARD_LEFT_IN:
        raise ControlRefused("there is no card in the slot")
    turn.step(Step.RELEASE_CARD)


def _connect(turn: Turn, deed: SetNetwork | CutPower) -> None:
    match deed:
        case CutPower():
            presence.lose_power(turn)
        case SetNetwork(is_up=True):
            presence.be_heard(turn)
        case _:
            presence.fall_silent(turn)


def _choose_tip(turn: Turn, deed: ChooseTip) -> None:
    if turn.phase is not Phase.TIPPING:
        raise ControlRefused("the reader asks for no tip")
    amount = deed.amount
    if deed.suggestion is not None:
        proposed = tip_screen.offered(turn)
        if not 0 <= deed.suggestion < len(proposed):
            raise ControlRefused(f"the screen proposes {len(proposed)} tips")
        amount = proposed[deed.suggestion].amount
    tip_screen.choose_tip(turn, amount or 0)
