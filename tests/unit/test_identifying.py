"""A reader shows itself in all the ways it has, and says so."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from agent_clock import StillClock
from scripted_reader import ScriptedReader

from agent.errors import (
    ReaderFault,
    ReaderFeatureUnsupported,
    ReaderOffline,
    ReaderTimedOut,
)
from agent.readers.failures import reader_failures
from agent.readers.identifying import LIGHT_S, MESSAGE_S, identify
from drivers.errors import (
    Disconnected,
    DriverError,
    FeatureUnsupported,
    FrameError,
    ReaderRefused,
    ReaderTimeout,
)
from drivers.features import Features, Tone
from drivers.reader import DisplayMessage


class Showing(ScriptedReader):
    """Keeps what it was asked to show."""

    def __init__(self, *, has_display: bool, has_more: bool) -> None:
        super().__init__()
        self.shown: list[str] = []
        self._has_display = has_display
        if has_more:
            self.features = Features(buzzer=self, lights=self)

    async def play(self, tones: Sequence[Tone]) -> None:
        self.shown.append(f"{len(tones)} tones")

    async def set_light(self, number: int, *, is_on: bool) -> None:
        self.shown.append(f"light {number} {'on' if is_on else 'off'}")

    async def display(self, message: DisplayMessage, *, seconds: int) -> None:
        if not self._has_display:
            raise FeatureUnsupported("no display")
        self.shown.append(f"{message} {seconds}")


async def test_a_reader_with_everything_beeps_greets_and_blinks() -> None:
    reader, clock = Showing(has_display=True, has_more=True), StillClock()

    signs = await identify(reader, clock=clock)

    assert signs == ["buzzer", "display", "lights"]
    assert reader.shown == [
        "3 tones",
        f"welcome {MESSAGE_S}",
        "light 0 on",
        "light 0 off",
    ]
    assert clock.monotonic() == LIGHT_S


async def test_a_reader_shows_itself_by_what_it_has() -> None:
    reader = Showing(has_display=True, has_more=False)

    assert await identify(reader, clock=StillClock()) == ["display"]


async def test_a_reader_that_can_show_nothing_is_told() -> None:
    reader = Showing(has_display=False, has_more=False)

    with pytest.raises(FeatureUnsupported):
        await identify(reader, clock=StillClock())


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (FeatureUnsupported("no"), ReaderFeatureUnsupported),
        (ReaderTimeout("silent"), ReaderTimedOut),
        (Disconnected("serial:x", "gone"), ReaderOffline),
        (ReaderRefused("Reset", detail="0F"), ReaderFault),
        (FrameError("noise"), ReaderFault),
    ],
)
def test_a_drivers_failure_is_the_agents_error(
    error: DriverError, kind: type[Exception]
) -> None:
    with pytest.raises(kind), reader_failures():
        raise error
