"""What a simulated NEO reader can do wrong by itself, each with a chance of its own.

An error of a contactless card is a quirk too: `error_21` makes a tap fail with error
code 21 (hexadecimal).
"""

from __future__ import annotations

from collections.abc import Mapping

from drivers.protocol.idtech_neo.status import ErrorCode
from simulator.errors import ControlInvalid
from simulator.faults import Random

TAMPERED = "tampered"
"""Status 1D for every command but 18-01 and 29-00."""
WRONG_CRC = "wrong_crc"
"""A frame to the host has a CRC that is not its own."""
SILENT_ON_CRC_ERROR = "silent_on_crc_error"
"""A command with a wrong CRC is dropped; without the quirk status 04 answers it."""
STRAY_REPORT = "stray_report"
"""On USB HID a report 03 comes before the first one of a frame."""
STRAY_TEXT = "stray_text"
"""A 61-01 that nobody expects comes before an answer."""
ENCRYPTION_OFF = "encryption_off"
"""A card is read in the clear, and C7-37 says so."""
LATE_ANSWER_FIRST = "late_answer_first"
"""The answer of a canceled 02-40 comes before that of 05-01, not after it."""
NO_LATE_ANSWER = "no_late_answer"
"""The answer of a canceled 02-40 never comes."""
ASKS_FOR_APPLICATION = "asks_for_application"
"""A reader without a display has its host choose the application of a chip (61-01)."""
ASKS_FOR_PIN = "asks_for_pin"
"""A reader without a display has its host ask for a PIN that a chip wants (61-02)."""
PIN_PAD = "pin_pad"
"""A reader without a display has a PIN pad beside it: a chip's PIN is typed there, and
the host shows what is asked (61-01)."""
AES_KEYS = "aes_keys"
"""Cards and PINs are under AES DUKPT: key serial numbers have twelve bytes."""
KEY_EXHAUSTED = "key_exhausted"
"""The reader has used its keys up: no card is read and no PIN taken."""

_ERRORS = {f"error_{code:02x}": code for code in ErrorCode if code}
QUIRKS = frozenset(
    {
        TAMPERED,
        WRONG_CRC,
        SILENT_ON_CRC_ERROR,
        STRAY_REPORT,
        STRAY_TEXT,
        ENCRYPTION_OFF,
        LATE_ANSWER_FIRST,
        NO_LATE_ANSWER,
        ASKS_FOR_APPLICATION,
        ASKS_FOR_PIN,
        PIN_PAD,
        AES_KEYS,
        KEY_EXHAUSTED,
        *_ERRORS,
    }
)


class Quirks:
    """None of them, until told otherwise."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._chances: Mapping[str, float] = {}

    def set(self, chances: Mapping[str, float]) -> None:
        """From now on these strike; raises ControlInvalid for an unknown one."""
        unknown = sorted(chances.keys() - QUIRKS)
        if unknown:
            known = ", ".join(sorted(QUIRKS))
            raise ControlInvalid(f"no quirk {unknown[0]!r}, only {known}")
        self._chances = dict(chances)

    def has(self, quirk: str) -> bool:
        """Whether it may happen at all."""
        return self._chances.get(quirk, 0.0) > 0

    def strikes(self, quirk: str) -> bool:
        """Whether it happens this time."""
        chance = self._chances.get(quirk, 0.0)
        # No draw where nothing can go wrong, so that a run without quirks repeats.
        return chance > 0 and int.from_bytes(self._random(4), "big") < chance * 2**32

    def error(self) -> ErrorCode | None:
        """The error code with which this tap fails, or None."""
        for name, code in _ERRORS.items():
            if self.strikes(name):
                return code
        return None
