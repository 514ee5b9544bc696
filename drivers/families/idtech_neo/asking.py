"""Asking the customer at a reader's keypad or menu: one question, one answer."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.errors import LocalError, ReaderRefused, ReaderTimeout
from drivers.families.idtech_neo.conversation import Conversation, Unheard
from drivers.families.idtech_neo.device import Device
from drivers.families.idtech_neo.framing import AnsweredLater
from drivers.features import EncryptedPin, InputEnd, PinBlockFormat, PinRequest
from drivers.protocol.idtech_neo.display import (
    MOST_LINES,
    AnswerDisplay,
    DisplayMode,
    DisplayText,
    Line,
)
from drivers.protocol.idtech_neo.events import Booted
from drivers.protocol.idtech_neo.frame import Frame
from drivers.protocol.idtech_neo.keypad import (
    GetAmount,
    GetNumber,
    GetPin,
    digits_of,
    pin_of,
    typed_of,
)
from drivers.protocol.idtech_neo.status import KeypadState, StatusCode

_TDES_BLOCK_BYTES = 8
_ENDS: dict[int, InputEnd] = {
    KeypadState.CANCELED_BY_CUSTOMER: InputEnd.CANCELED_BY_CUSTOMER,
    KeypadState.CANCELED_BY_HOST: InputEnd.CANCELED_BY_HOST,
}


async def typed_number(
    device: Device, command: GetNumber, *, timeout_s: int
) -> str | InputEnd:
    """The digits that answer `command`."""
    value = await _typed(device, command, timeout_s=timeout_s)
    return value if isinstance(value, InputEnd) else digits_of(value)


async def typed_amount(
    device: Device, command: GetAmount, *, timeout_s: int
) -> int | InputEnd:
    """The minor units that answer `command`."""
    value = await _typed(device, command, timeout_s=timeout_s)
    return value if isinstance(value, InputEnd) else int(digits_of(value))


async def typed_pin(device: Device, request: PinRequest) -> EncryptedPin | InputEnd:
    """The PIN of the card that was read last; its key decides the block's format."""
    command = GetPin(request.most_digits, request.least_digits)
    value = await _typed(device, command, timeout_s=request.timeout_s)
    if isinstance(value, InputEnd):
        return value
    pin = pin_of(value)
    is_tdes = len(pin.block) == _TDES_BLOCK_BYTES
    block_format = PinBlockFormat.ISO_0 if is_tdes else PinBlockFormat.ISO_4
    return EncryptedPin(pin.block, pin.ksn, block_format)


async def chosen(
    device: Device, text: Sequence[str], choices: Sequence[str], *, timeout_s: int
) -> int | InputEnd:
    """The index of the chosen one; the lines above the choices are no choice.

    Raises LocalError for what does not fit on the display.
    """
    if not choices or len(text) + len(choices) > MOST_LINES:
        raise LocalError(f"a menu has 1 choice or more, and {MOST_LINES} lines at most")
    lines = tuple(
        Line(number, line) for number, line in enumerate((*text, *choices), start=1)
    )
    command = DisplayText(DisplayMode.MENU, lines, timeout_s=timeout_s)
    while True:
        # The reader counts the time itself, and is given a little more to say so.
        end = await _end_of(
            device, command, timeout_s=timeout_s + device.timings.guard_s
        )
        if isinstance(end, InputEnd):
            return end
        if end.code != StatusCode.OK:
            raise ReaderRefused(DisplayText.__name__, detail=f"{end.code:02X}")
        answer = AnswerDisplay.from_data(end.data)
        if answer.mode is DisplayMode.CANCEL:
            return InputEnd.CANCELED_BY_CUSTOMER
        if not 0 < answer.choice <= len(lines):
            raise ReaderRefused(DisplayText.__name__, detail=f"choice {answer.choice}")
        if answer.choice > len(text):
            return answer.choice - len(text) - 1


async def _typed(
    device: Device, command: GetNumber | GetAmount | GetPin, *, timeout_s: int
) -> bytes | InputEnd:
    end = await _end_of(device, command, timeout_s=timeout_s)
    if isinstance(end, InputEnd):
        return end
    if end.code not in (StatusCode.OK, StatusCode.FAILED) or not end.data:
        raise ReaderRefused(type(command).__name__, detail=f"{end.code:02X}")
    typed = typed_of(end.data)
    if typed.state in _ENDS:
        return _ENDS[typed.state]
    if typed.state != KeypadState.OK:
        raise ReaderRefused(
            type(command).__name__, detail=f"{end.code:02X}{typed.state:02X}"
        )
    return typed.value


async def _end_of(
    device: Device, command: AnsweredLater, *, timeout_s: float
) -> Frame | InputEnd:
    async with device.conversation(command) as conversation:
        try:
            return await _final(device, conversation, timeout_s=timeout_s)
        except ReaderTimeout:
            # Too slow for the caller; leaving the conversation stops the reader.
            return InputEnd.TIMED_OUT


async def _final(
    device: Device, conversation: Conversation, *, timeout_s: float
) -> Frame | InputEnd:
    while True:
        match await conversation.next(timeout_s=timeout_s):
            case Frame(code=StatusCode.TIMED_OUT):
                return InputEnd.TIMED_OUT
            case Frame() as frame:
                device.check_tamper(frame)
                return frame
            case Unheard():
                return InputEnd.CANCELED_BY_HOST
            case Booted():
                raise ReaderRefused(
                    type(conversation.command).__name__, detail="restarted"
                )
            case _:
                continue
