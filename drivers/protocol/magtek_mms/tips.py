"""Parameter A4 of command 1001: which tips the screen offers, and the tax on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from drivers.errors import FrameError, LocalError
from drivers.protocol import emv, tlv
from drivers.protocol.magtek_mms.fields import Parameters, required
from drivers.protocol.tlv import Tlv

TIP_BUTTONS = 6
MOST_PERCENT = 100
MOST_PRESET_AMOUNT = 999_999
"""Six digits fit a button."""


class TipMode(IntEnum):
    """When the cardholder is asked, and in what the buttons count."""

    OFF = 0x00
    PERCENT = 0x01
    AMOUNT = 0x02
    PERCENT_ON_REQUEST = 0x11
    """Only who touches `+Tip` beside the prompt for a card is asked."""
    AMOUNT_ON_REQUEST = 0x12


class TipButtonKind(IntEnum):
    """What a button offers."""

    VALUE = 0
    CUSTOM = 1
    NO_TIP = 2
    DISABLED = 3


@dataclass(frozen=True, slots=True)
class TipButton:
    """One of the buttons; `value` is a percentage or an amount in minor units."""

    kind: TipButtonKind
    value: int = 0


DISABLED = TipButton(TipButtonKind.DISABLED)


@dataclass(frozen=True, slots=True)
class TipOptions:
    """The question for a tip. The device adds tip and tax to AMOUNT_AUTHORISED."""

    mode: TipMode
    buttons: tuple[TipButton, ...]
    """TIP_BUTTONS of them; fewer are filled up with DISABLED."""
    tax: int | None = None


def encode_tips(options: TipOptions) -> Tlv:
    """Parameter A4; raises LocalError for too many buttons or too large a value."""
    missing = TIP_BUTTONS - len(options.buttons)
    if missing < 0:
        raise LocalError(f"{len(options.buttons)} buttons where {TIP_BUTTONS} fit")
    buttons = (*options.buttons, *(DISABLED,) * missing)
    screen = bytes((options.mode,)) + b"".join(map(_encode_button, buttons))
    tax = () if options.tax is None else (Tlv(_TAX, emv.encode_amount(options.tax)),)
    return Tlv(TIPS, children=(Tlv(_SCREEN, screen), *tax))


def decode_tips(parameters: Parameters) -> TipOptions | None:
    """The question in the parameters of 1001, if any; raises FrameError or TlvError."""
    found = tlv.find(parameters, TIPS)
    if found is None:
        return None
    screen = required(found.children, _SCREEN)
    if len(screen) != 1 + TIP_BUTTONS * _BUTTON_BYTES:
        raise FrameError(f"{len(screen)} bytes of tips")
    if screen[0] not in set(TipMode):
        raise FrameError(f"no tip mode {screen[0]:02X}")
    tax = tlv.find_value(found.children, _TAX)
    return TipOptions(
        TipMode(screen[0]),
        tuple(
            _decode_button(screen[start : start + _BUTTON_BYTES])
            for start in range(1, len(screen), _BUTTON_BYTES)
        ),
        tax=None if tax is None else emv.decode_numeric(tax),
    )


TIPS = 0xA4
_SCREEN = 0x81
_TAX = 0x82

_VALUE_BYTES = 4
_BUTTON_BYTES = 1 + _VALUE_BYTES


def _encode_button(button: TipButton) -> bytes:
    value = emv.encode_numeric(button.value, length=_VALUE_BYTES)
    return bytes((button.kind,)) + value


def _decode_button(data: bytes) -> TipButton:
    if data[0] not in set(TipButtonKind):
        raise FrameError(f"no tip button {data[0]:02X}")
    return TipButton(TipButtonKind(data[0]), emv.decode_numeric(data[1:]))
