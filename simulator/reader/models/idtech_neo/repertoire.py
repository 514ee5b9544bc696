"""Which commands a NEO model has."""

from __future__ import annotations

from drivers.protocol.idtech_neo import (
    activate,
    basic,
    configuration,
    keypad,
    keys,
    pass_through,
    screens,
)
from drivers.protocol.idtech_neo.commands import KINDS
from drivers.protocol.idtech_neo.fields import Code
from simulator.cards.card import Entry
from simulator.reader.models.idtech_neo.basics import BLUETOOTH_NAME, UNTYPED
from simulator.reader.models.idtech_neo.description import Description

SLEEP: Code = (0xF0, 0x00)

_OF_DISPLAYS = frozenset(
    {
        screens.CreateScreen.CODE,
        screens.ShowScreen.CODE,
        screens.AddObject.CODE,
        screens.RemoveObject.CODE,
        keypad.CancelKeypad.CODE,
        keypad.GetPin.CODE,
        keypad.GetFunctionKey.CODE,
        keypad.GetNumber.CODE,
        keypad.GetAmount.CODE,
        keypad.GetCard.CODE,
    }
)
_OF_SLOTS = frozenset(
    {
        activate.StartContact.CODE,
        activate.AuthenticateContact.CODE,
        activate.ApplyHostResponse.CODE,
        configuration.GetTerminalData.CODE,
        configuration.RemoveTerminalData.CODE,
        configuration.SetTerminalData.CODE,
        configuration.SetKernelConfiguration.CODE,
        pass_through.GetAtr.CODE,
        pass_through.ContactOff.CODE,
    }
)
_OF_READERS_WITH_A_CHOICE = frozenset(
    {basic.GetEncryption.CODE, basic.SetEncryption.CODE}
)
_OF_RADIOS = frozenset(
    {basic.GetBluetoothName.CODE, basic.GetBluetoothInfo.CODE, BLUETOOTH_NAME}
)
_OF_NEO_2 = frozenset({keys.GetKeys.CODE})
_KNOWN = frozenset({kind.CODE for kind in KINDS} | UNTYPED.keys() | {SLEEP})


def repertoire(description: Description) -> frozenset[Code]:
    """The commands that the model does not refuse as unknown."""
    lacks = {
        _OF_DISPLAYS: not description.has_display,
        _OF_SLOTS: Entry.CONTACT not in description.entries,
        _OF_READERS_WITH_A_CHOICE: description.always_encrypts,
        _OF_RADIOS: not description.is_mobile,
        _OF_NEO_2: not description.is_neo_2,
    }
    missing = frozenset(
        code for codes, is_missing in lacks.items() for code in codes if is_missing
    )
    return _KNOWN - missing
