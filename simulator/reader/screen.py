"""What a simulated reader shows, and in which of its few states it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ReaderState(StrEnum):
    """What a reader is doing, whatever its family calls it."""

    OFF = "off"
    IDLE = "idle"
    MESSAGE = "message"
    """It shows a text for a while and does nothing else."""
    WAITING_FOR_CARD = "waiting_for_card"
    WAITING_FOR_CUSTOMER = "waiting_for_customer"
    """For a tip, a PIN, a signature, a choice, a code: not for a card."""
    READING = "reading"
    AUTHORISING = "authorising"
    """A card was read; the reader waits for the issuer's answer."""
    UPDATING = "updating"
    """New firmware is loaded or written; nothing else is possible."""


@dataclass(frozen=True, slots=True)
class Screen:
    """A reader's display at one moment."""

    state: ReaderState
    lines: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    """What can be touched, as it reads."""
    picture: str = ""
    """What picture is shown, in words, such as `stored image 2`."""
    lights: tuple[str, ...] = ()
    """Those that the host has switched on, such as `green blinking`."""


DARK = Screen(ReaderState.OFF)
