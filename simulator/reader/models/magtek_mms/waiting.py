"""How long an issuer may take, and what the reader does when it takes longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator.reader.alarm import Alarm


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for the issuer's answer before the chip decides alone."""

    round_s: float
    """Until the question is repeated or given up; 0 is for ever."""
    repeats: int = 0


class IssuerWait:
    """Repeats the question after each round but the last, and then gives up."""

    def __init__(
        self,
        patience: Patience,
        alarm: Alarm,
        *,
        repeat: Callable[[], None],
        give_up: Callable[[], None],
    ) -> None:
        self._round_s = patience.round_s
        self._repeats_left = patience.repeats
        self._alarm = alarm
        self._repeat = repeat
        self._give_up = give_up

    def begin(self) -> None:
        """Wait for one round."""
        self._alarm.set_unless_zero(self._round_s, self._passed)

    def _passed(self) -> None:
        if not self._repeats_left:
            self._give_up()
            return
        self._repeats_left -= 1
        self._repeat()
        self.begin()
