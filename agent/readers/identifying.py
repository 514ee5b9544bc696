"""Has a reader show itself, so that a person sees which one it is."""

from __future__ import annotations

from enum import StrEnum

from agent.clock import Clock
from drivers.errors import FeatureUnsupported
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

    Raises FeatureUnsupported where it has none, and what the features raise.
    """
    signs: list[Sign] = []
    if reader.features.buzzer is not None:
        await reader.features.buzzer.play(TONES)
        signs.append(Sign.BUZZER)
    try:
        await reader.display(DisplayMessage.WELCOME, seconds=MESSAGE_S)
        signs.append(Sign.DISPLAY)
    except FeatureUnsupported:
        pass
    if reader.features.lights is not None:
        await reader.features.lights.set_light(0, is_on=True)
        await clock.sleep(LIGHT_S)
        await reader.features.lights.set_light(0, is_on=False)
        signs.append(Sign.LIGHTS)
    if not signs:
        raise FeatureUnsupported("the reader has no sound, no light and no display")
    return signs
