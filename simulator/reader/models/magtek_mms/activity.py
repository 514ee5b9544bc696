"""What a MagTek reader can be busy with: one thing at a time, within reach of hands.

An activity is told of requests and deeds while it goes on, and says so when it is over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.interface_notices import DisplayRequest
from drivers.protocol.magtek_mms.notifications import Notice
from drivers.protocol.magtek_mms.status import (
    DONE,
    STARTED,
    Status,
    StatusDetail,
    refused,
)
from drivers.protocol.magtek_mms.strings import StringId, text_of
from drivers.protocol.tlv import Tlv
from simulator.cards.card import Card, Entry
from simulator.errors import ControlRefused
from simulator.reader.alarm import Alarm
from simulator.reader.model import Bench, Stroke, Tag
from simulator.reader.models.magtek_mms.description import Description
from simulator.reader.screen import ReaderState, Screen


@dataclass(frozen=True, slots=True)
class Answer:
    """How a request is answered, and what comes right after the answer."""

    status: Status
    parameters: tuple[Tlv, ...] | None = None
    """What the response's payload holds; None is no payload."""
    then: Callable[[], None] | None = None


def done(then: Callable[[], None] | None = None) -> Answer:
    """It is carried out."""
    return Answer(DONE, then=then)


def started(then: Callable[[], None]) -> Answer:
    """It begins now; a notification tells of its end."""
    return Answer(STARTED, then=then)


def refuse(detail: StatusDetail) -> Answer:
    """It is not carried out."""
    return Answer(refused(detail))


@dataclass(frozen=True, slots=True)
class Console:
    """What an activity may use of its reader."""

    bench: Bench
    description: Description
    notify: Callable[[Notice], None]
    """Tell the host."""
    display: Callable[[Screen], None]
    """Put this on the screen, or no screen into this state."""
    over: Callable[[StringId, StringId], None]
    """The activity is over, after its last notification.

    The first text stays for a while, then the second one.
    """
    mac: Callable[[], bytes]
    """The authentication code of a blob of card data; mostly empty."""

    def say(
        self,
        state: ReaderState,
        text: StringId,
        *,
        above: str | None = None,
        may_cancel: bool = False,
        choices: Sequence[str] = (),
    ) -> None:
        """Show a stored text, or have the host show it on its own screen."""
        lines = (above, text_of(text)) if above else (text_of(text),)
        if self.description.has_display:
            self.display(Screen(state, lines, choices=tuple(choices)))
        else:
            self.display(Screen(state))
            self.notify(DisplayRequest(lines, may_cancel=may_cancel))

    def ask(self, *lines: str, choices: Sequence[str] = ()) -> None:
        """A question to the cardholder."""
        self.display(
            Screen(ReaderState.WAITING_FOR_CUSTOMER, lines, choices=tuple(choices))
        )


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a step of the cardholder's calls when it ends without a result."""

    canceled: Callable[[], None]
    timed_out: Callable[[], None]


class Activity:
    """Something the reader is busy with; what a kind of it does not override, it
    refuses."""

    busy: ClassVar[StatusDetail] = StatusDetail.TRANSACTION_IN_PROGRESS
    """Why other requests have to wait."""
    gives_way = False
    """Whether they need not: then the next activity takes its place."""
    card_inside: Card | None = None
    """What is in the slot for it, and stays there when it is over."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.alarm = Alarm(console.bench.later)

    def begin(self) -> None:
        """Go on, right after the request for it was answered."""
        raise NotImplementedError

    def take(self, command: Command) -> Answer | None:
        """The answer to a request that concerns it; None for one that has to wait."""
        return None

    def cancel_by_host(self) -> Answer:
        """Command 1008, which is about transactions."""
        return refuse(StatusDetail.NO_TRANSACTION)

    def abandon(self) -> None:
        """Stop without a word: the power is gone."""
        self.alarm.stop()

    def present_card(self, card: Card, entry: Entry) -> None:
        """A card comes; raises ControlRefused unless one is awaited, in this way."""
        raise ControlRefused("the reader waits for no card")

    def remove_card(self) -> None:
        """The inserted card goes; raises ControlRefused where none is inserted."""
        raise ControlRefused("no card is in the reader")

    def press_key(self, key: str) -> None:
        """A key of the reader is pressed; raises ControlRefused where it does nothing."""
        raise ControlRefused(f"the key {key!r} does nothing now")

    def touch(self, choice: str) -> None:
        """A choice on the screen is touched; raises ControlRefused."""
        raise ControlRefused(f"there is nothing to touch that reads {choice!r}")

    def sign(self, strokes: Sequence[Stroke]) -> None:
        """The cardholder signs; raises ControlRefused unless a signature is awaited."""
        raise ControlRefused("the reader asks for no signature")

    def show_barcode(self, data: bytes) -> None:
        """A code is held to the scanner; raises ControlRefused unless it scans."""
        raise ControlRefused("the reader scans no code now")

    def present_tag(self, tag: Tag) -> None:
        """An NFC tag is held to the reader; raises ControlRefused unless it looks."""
        raise ControlRefused("the reader looks for no tag now")
