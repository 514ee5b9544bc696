"""What a host asks of a device: each command's parameters as one value.

`to_request` and `from_request` are each other's inverse; a command without a type of
its own travels as OtherCommand.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import assert_never

from drivers.errors import FrameError, LocalError
from drivers.protocol import tlv
from drivers.protocol.magtek_mms import properties, start
from drivers.protocol.magtek_mms.message import Request, parameters_of, payload_of
from drivers.protocol.magtek_mms.properties import GetProperty
from drivers.protocol.magtek_mms.start import StartTransaction
from drivers.protocol.tlv import Tlv


class CommandId(IntEnum):
    """The commands this project speaks."""

    START_TRANSACTION = 0x1001
    RESUME_TRANSACTION = 0x1004
    CANCEL_TRANSACTION = 0x1008
    DISPLAY_MESSAGE = 0x1803
    RESET_DEVICE = 0x1F01
    GET_PROPERTY = 0xD101


class StringId(IntEnum):
    """Stored display texts: EMV's standard messages (EMV Book 4, 11.2).

    AMOUNT, AMOUNT_OK, APPROVED and WELCOME are confirmed on devices; the others
    follow from EMV's list and are unverified.
    """

    AMOUNT = 0x01
    AMOUNT_OK = 0x02
    APPROVED = 0x03
    CALL_YOUR_BANK = 0x04
    CANCEL_OR_ENTER = 0x05
    CARD_ERROR = 0x06
    DECLINED = 0x07
    ENTER_AMOUNT = 0x08
    ENTER_PIN = 0x09
    INCORRECT_PIN = 0x0A
    INSERT_CARD = 0x0B
    NOT_ACCEPTED = 0x0C
    PIN_OK = 0x0D
    PLEASE_WAIT = 0x0E
    PROCESSING_ERROR = 0x0F
    REMOVE_CARD = 0x10
    USE_CHIP_READER = 0x11
    USE_MAGSTRIPE = 0x12
    TRY_AGAIN = 0x13
    WELCOME = 0x14
    PRESENT_CARD = 0x15
    PROCESSING = 0x16
    CARD_READ_OK_REMOVE = 0x17
    INSERT_OR_SWIPE = 0x18
    PRESENT_ONE_CARD_ONLY = 0x19
    APPROVED_SIGN = 0x1A
    AUTHORISING = 0x1B
    TRY_ANOTHER_CARD = 0x1C
    INSERT_CARD_INSTEAD = 0x1D
    NONE = 0x1E
    SEE_PHONE = 0x20
    PRESENT_CARD_AGAIN = 0x21


@dataclass(frozen=True, slots=True)
class ResumeTransaction:
    """Hand the issuer's answer, as an ARPC blob, to the waiting card."""

    arpc_blob: bytes
    timeout_s: int | None = None


@dataclass(frozen=True, slots=True)
class CancelTransaction:
    """Stop the running transaction."""


@dataclass(frozen=True, slots=True)
class ShowMessage:
    """Show a stored text; for 0 seconds: until something else is shown."""

    seconds: int
    string_id: int
    """A StringId, or a device's own. Free text is not accepted (PCI PTS)."""


@dataclass(frozen=True, slots=True)
class ResetDevice:
    """Restart; the answer comes before the device does it."""


@dataclass(frozen=True, slots=True)
class OtherCommand:
    """A command without a type of its own, kept whole."""

    command: int
    payload: bytes | None


_TypedCommand = (
    StartTransaction
    | ResumeTransaction
    | CancelTransaction
    | ShowMessage
    | ResetDevice
    | GetProperty
)
Command = _TypedCommand | OtherCommand


def to_request(command: Command, reference: int) -> Request:
    """The request that carries `command`; LocalError for a value out of its range."""
    if isinstance(command, OtherCommand):
        return Request(reference, command.command, command.payload)
    try:
        id_, parameters = _identified(command)
    except OverflowError as error:
        raise LocalError(f"{type(command).__name__}: {error}") from None
    return Request(reference, id_, payload_of(id_, parameters))


def from_request(request: Request) -> Command:
    """The command in `request`; raises FrameError or TlvError for a malformed one."""
    if request.command not in set(CommandId):
        return OtherCommand(request.command, request.payload)
    parameters = parameters_of(request.command, request.payload)
    match CommandId(request.command):
        case CommandId.START_TRANSACTION:
            return start.from_parameters(parameters)
        case CommandId.RESUME_TRANSACTION:
            return _resume_from(parameters)
        case CommandId.CANCEL_TRANSACTION:
            return CancelTransaction()
        case CommandId.DISPLAY_MESSAGE:
            return ShowMessage(
                seconds=_byte(parameters, 0x81), string_id=_byte(parameters, 0x82)
            )
        case CommandId.RESET_DEVICE:
            return ResetDevice()
        case CommandId.GET_PROPERTY:
            return properties.from_parameters(parameters)
        case _ as never:
            assert_never(never)


def _identified(command: _TypedCommand) -> tuple[CommandId, tuple[Tlv, ...]]:
    match command:
        case StartTransaction():
            return CommandId.START_TRANSACTION, start.parameters(command)
        case ResumeTransaction():
            return CommandId.RESUME_TRANSACTION, _resume_parameters(command)
        case CancelTransaction():
            return CommandId.CANCEL_TRANSACTION, ()
        case ShowMessage(seconds, string_id):
            return CommandId.DISPLAY_MESSAGE, (
                Tlv(0x81, seconds.to_bytes(1, "big")),
                Tlv(0x82, string_id.to_bytes(1, "big")),
            )
        case ResetDevice():
            return CommandId.RESET_DEVICE, ()
        case GetProperty():
            return CommandId.GET_PROPERTY, properties.parameters(command)
        case _:
            assert_never(command)


def _resume_parameters(command: ResumeTransaction) -> tuple[Tlv, ...]:
    timeout = (
        ()
        if command.timeout_s is None
        else (Tlv(0x82, command.timeout_s.to_bytes(1, "big")),)
    )
    # 81 = 00: the answer to the ARQC that the device is waiting on.
    return (Tlv(0x81, b"\x00"), *timeout, Tlv(0x84, command.arpc_blob))


def _resume_from(parameters: tuple[Tlv, ...]) -> ResumeTransaction:
    blob = tlv.find_value(parameters, 0x84)
    if blob is None:
        raise FrameError("a resume without an ARPC blob")
    has_timeout = tlv.find(parameters, 0x82) is not None
    return ResumeTransaction(
        blob, timeout_s=_byte(parameters, 0x82) if has_timeout else None
    )


def _byte(parameters: tuple[Tlv, ...], tag: int) -> int:
    value = tlv.find_value(parameters, tag)
    if value is None or len(value) != 1:
        raise FrameError(f"parameter {tag:02X} is not one byte")
    return value[0]
