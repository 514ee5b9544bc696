"""What a reader without display or keypad has its host ask the cardholder: 61-xx."""

from __future__ import annotations

from collections.abc import Callable

from drivers.protocol.idtech_neo.display import (
    AnswerDisplay,
    DisplayMode,
    DisplayText,
    Line,
    RefusePin,
)
from drivers.protocol.idtech_neo.events import DisplayRequested, Event
from drivers.protocol.idtech_neo.status import StatusCode
from simulator.reader.alarm import Alarm
from simulator.reader.models.idtech_neo.console import Console

QUESTION_S = 30
"""How long a host may take to ask the cardholder."""

Reply = AnswerDisplay | RefusePin


class HostQuestions:
    """One at a time."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._alarm = Alarm(console.bench.later)
        self._hear: Callable[[Reply], None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the host's answer is awaited."""
        return self._hear is not None

    def are_asked(self, quirk: str) -> bool:
        """Whether this reader asks its host that, this time."""
        has_display = self._console.description.has_display
        return not has_display and self._console.quirks.strikes(quirk)

    def ask(
        self,
        event: Event,
        hear: Callable[[Reply], None],
        *,
        timed_out: Callable[[], None],
    ) -> None:
        """Have the host ask the cardholder, and wait a while for what it says."""
        self._hear = hear
        self._console.line.tell(event)
        self._alarm.set(QUESTION_S, timed_out)

    def take(self, reply: Reply) -> None:
        """The host has answered."""
        hear = self._hear
        self.close()
        self._console.line.answer(reply.CODE[0], StatusCode.OK)
        if hear is not None:
            hear(reply)

    def show(self, text: str) -> None:
        """Have the host show this, where there is no display."""
        if not self._console.description.has_display:
            shown = DisplayText(DisplayMode.TEXT, (Line(1, text),))
            self._console.line.tell(DisplayRequested(shown))

    def close(self) -> None:
        """Nobody waits for an answer any more."""
        self._hear = None
        self._alarm.stop()


def menu(*choices: str) -> DisplayRequested:
    """Which of these?"""
    lines = tuple(Line(number, text) for number, text in enumerate(choices, start=1))
    return DisplayRequested(DisplayText(DisplayMode.MENU, lines, timeout_s=QUESTION_S))
