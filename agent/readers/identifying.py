"""Has a reader show itself, so that a person sees which one it is."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from functools import partial

from agent.clock import Clock
from drivers.errors import FeatureUnsupported, ReaderRefused
from drivers.features import Tone
from drivers.reader import DisplayMessage, Reader

MESSAGE_S = 5
TONES = (Tone(2000, 150), Tone(2500, 150), Tone(2000, 150))
LIGHT_S = 0.5


class Sign(StrEnum):
    """How a reader shows itself."""

    BUZZER = "buzzer"
    DISPLAY = "display"
    LIGHTS = "lights"


async def identify(reader: Reader, *, clock: Clock) -> list[Sign]:
    """Sound, message and light, as far as the reader has them; which it had.

    Raises FeatureUnsupported where it has none, ReaderTimeout and TransportError.
    """
    ways = {
        Sign.BUZZER: partial(_beep, reader),
        Sign.DISPLAY: partial(
            reader.display, DisplayMessage.WELCOME, seconds=MESSAGE_S
        ),
        Sign.LIGHTS: partial(_blink, reader, clock),
    }
    signs: list[Sign] = []
    for sign, show in ways.items():
        # Models of a family differ in what they have, and some only say so when asked.
        with suppress(FeatureUnsupported, ReaderRefused):
            await show()
            signs.append(sign)
    if not signs:
        raise FeatureUnsupported("the reader has no sound, no light and no display")
    return signs


async def _beep(reader: Reader) -> None:
    if reader.features.buzzer is None:
        raise FeatureUnsupported("no buzzer")
    await reader.features.buzzer.play(TONES)


async def _blink(reader: Reader, clock: Clock) -> None:
    if reader.features.lights is None:
        raise FeatureUnsupported("no lights")
    await reader.features.lights.set_light(0, is_on=True)
    await clock.sleep(LIGHT_S)
    await reader.features.lights.set_light(0, is_on=False)
