"""What a NEO reader shows: its screen, where it has one, and its lights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from drivers.protocol.idtech_neo.basic import Glow, SetLight
from simulator.cards.card import Entry
from simulator.reader.alarm import Alarm
from simulator.reader.model import Bench
from simulator.reader.screen import DARK, ReaderState, Screen

WELCOME = "WELCOME"
PRESENT_CARD = "PRESENT CARD"
INSERT_CARD = "INSERT CARD"
SWIPE_CARD = "SWIPE CARD"
TAP_CARD = "TAP CARD"
PLEASE_WAIT = "PLEASE WAIT"
REMOVE_CARD = "REMOVE CARD"
APPROVED = "APPROVED"
DECLINED = "DECLINED"
ENTER_PIN = "ENTER PIN"
INCORRECT_PIN = "INCORRECT PIN"
ENTER_CARD_NUMBER = "ENTER CARD NUMBER"
ENTER_EXPIRY = "ENTER EXPIRY MMYY"

PROMPTS = {
    frozenset({Entry.CONTACT}): INSERT_CARD,
    frozenset({Entry.CONTACTLESS}): TAP_CARD,
    frozenset({Entry.SWIPE}): SWIPE_CARD,
}
"""What is asked of a cardholder who can come in one way only; else PRESENT_CARD."""


class Panel:
    """Without a display it shows its state and its lights alone."""

    def __init__(self, bench: Bench, *, has_display: bool) -> None:
        self._bench = bench
        self._has_display = has_display
        self._screen = DARK
        self._lights: tuple[str, ...] = ()
        self._lingering = Alarm(bench.later)

    @property
    def state(self) -> ReaderState:
        """What the reader is doing."""
        return self._screen.state

    def show(
        self,
        state: ReaderState,
        *lines: str,
        choices: Sequence[str] = (),
        picture: str = "",
    ) -> None:
        """Show this until something else is shown."""
        self._lingering.stop()
        shown = Screen(state, lights=self._lights)
        if self._has_display:
            shown = replace(shown, lines=lines, choices=tuple(choices), picture=picture)
        self._put(shown)

    def linger(self, state: ReaderState, text: str, *, seconds: float) -> None:
        """Show this for a while, unless something else is shown before."""
        self.show(state, text)
        self._lingering.set(seconds, self.welcome)

    def welcome(self) -> None:
        """Nothing to do."""
        self.show(ReaderState.IDLE, WELCOME)

    def light(self, light: SetLight) -> None:
        """Switch the front light."""
        colours = {"red": light.red, "green": light.green}
        self._lights = tuple(
            f"{colour} {glow.name.lower()}"
            for colour, glow in colours.items()
            if glow is not Glow.OFF
        )
        self._put(replace(self._screen, lights=self._lights))

    def go_dark(self) -> None:
        """The power is gone."""
        self._lingering.stop()
        self._lights = ()
        self._put(DARK)

    def _put(self, screen: Screen) -> None:
        self._screen = screen
        self._bench.show(screen)
