"""What a host asks of a reader: each command's data as one value.

`to_frame` and `from_frame` are each other's inverse; a command without a type of its
own travels as OtherCommand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from drivers.protocol.idtech_neo import (
    activate,
    basic,
    configuration,
    display,
    keypad,
    keys,
    pass_through,
    screens,
)
from drivers.protocol.idtech_neo.fields import Code
from drivers.protocol.idtech_neo.frame import Frame


@dataclass(frozen=True, slots=True)
class OtherCommand:
    """A command without a type of its own, kept whole."""

    frame: Frame


_Typed = (
    basic.Ping
    | basic.GetFirmwareVersion
    | basic.GetSerialNumber
    | basic.SetPollMode
    | basic.GetEncryption
    | basic.SetEncryption
    | basic.SetLight
    | basic.BeepShort
    | basic.BeepLong
    | basic.GetBluetoothName
    | basic.GetBluetoothInfo
    | activate.ActivateTransaction
    | activate.GetTransactionResult
    | activate.CancelTransaction
    | activate.StartContact
    | activate.AuthenticateContact
    | activate.ApplyHostResponse
    | configuration.GetConfiguration
    | configuration.SetConfiguration
    | configuration.GetTerminalData
    | configuration.RemoveTerminalData
    | configuration.SetTerminalData
    | configuration.SetKernelConfiguration
    | display.DisplayText
    | display.AnswerDisplay
    | display.RefusePin
    | screens.CreateScreen
    | screens.ShowScreen
    | screens.AddObject
    | screens.RemoveObject
    | keypad.CancelKeypad
    | keypad.GetPin
    | keypad.GetFunctionKey
    | keypad.GetNumber
    | keypad.GetAmount
    | keypad.GetCard
    | pass_through.SetPassThrough
    | pass_through.PollForToken
    | pass_through.ExchangeApdu
    | pass_through.GetAtr
    | pass_through.ContactOff
    | keys.GetKeys
    | keys.GetKsn
    | keys.GetKsnByIndex
    | keys.GetKeyHeader
)
Command = _Typed | OtherCommand

KINDS: tuple[type[_Typed], ...] = get_args(_Typed)
"""Every command that has a type of its own."""


def to_frame(command: Command) -> Frame:
    """The frame that carries `command`; LocalError for a value out of its range."""
    if isinstance(command, OtherCommand):
        return command.frame
    return Frame(*command.CODE, command.to_data())


def from_frame(frame: Frame) -> Command:
    """The command in `frame`; raises FrameError or TlvError for a malformed one."""
    code = (frame.command, frame.code)
    if code == display.DisplayText.CODE:
        return display.decode_display(frame.data)
    kind = _BY_CODE.get(code)
    return OtherCommand(frame) if kind is None else kind.from_data(frame.data)


_BY_CODE: Mapping[Code, type[_Typed]] = {kind.CODE: kind for kind in KINDS}
