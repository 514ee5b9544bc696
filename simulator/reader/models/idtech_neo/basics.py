"""What every NEO reader answers at once: identity, settings, keys, lights and beeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never

from drivers.errors import TlvError
from drivers.features import Tone
from drivers.protocol import tlv
from drivers.protocol.idtech_neo import basic, configuration, keys
from drivers.protocol.idtech_neo.fields import Code
from drivers.protocol.idtech_neo.frame import Frame
from drivers.protocol.idtech_neo.keys import KeyCounter, KeyIndex, KeySlot, SlotState
from drivers.protocol.idtech_neo.status import StatusCode
from drivers.protocol.tlv import Tlv
from simulator.reader.models.idtech_neo.console import (
    OK,
    WRONG_PARAMETER,
    Console,
    Reply,
)
from simulator.reader.models.idtech_neo.quirks import (
    AES_KEYS,
    ENCRYPTION_OFF,
    KEY_EXHAUSTED,
)

IdentityCommand = (
    basic.Ping
    | basic.GetFirmwareVersion
    | basic.GetSerialNumber
    | basic.GetBluetoothName
    | basic.GetBluetoothInfo
)
SettingsCommand = (
    basic.SetPollMode
    | basic.GetEncryption
    | basic.SetEncryption
    | configuration.GetConfiguration
    | configuration.SetConfiguration
    | configuration.GetTerminalData
    | configuration.RemoveTerminalData
    | configuration.SetTerminalData
    | configuration.SetKernelConfiguration
)
SignalCommand = basic.SetLight | basic.BeepShort | basic.BeepLong
KeyCommand = keys.GetKeys | keys.GetKsn

BLUETOOTH_NAME: Code = (0x77, 0x81)
"""Set it."""

_BM71 = b"\x01"
_PITCH_HZ = 2700
_SHORT_MS = 100
_MOST_NAME_LETTERS = 25
_SERIAL_DIGITS_IN_NAME = 5


def tell_identity(console: Console, command: IdentityCommand) -> Reply:
    """Who the reader is."""
    match command:
        case basic.Ping():
            return OK
        case basic.GetFirmwareVersion():
            return _text(console.description.firmware)
        case basic.GetSerialNumber():
            return _text(console.bench.serial_number)
        case basic.GetBluetoothName():
            return _text(bluetooth_name(console))
        case basic.GetBluetoothInfo():
            return Reply(data=_BM71)
        case _:
            assert_never(command)


def bluetooth_name(console: Console) -> str:
    """As it advertises itself."""
    digits = "".join(filter(str.isdigit, console.bench.serial_number))
    last = digits[-_SERIAL_DIGITS_IN_NAME:].rjust(_SERIAL_DIGITS_IN_NAME, "0")
    return console.settings.bluetooth_name or (
        f"IDTECH-{console.description.product}-{last}"
    )


def keep_settings(console: Console, command: SettingsCommand) -> Reply:
    """What the reader keeps without power."""
    settings = console.settings
    match command:
        case basic.SetPollMode(mode):
            settings.poll_mode = mode
            return OK
        case basic.GetEncryption():
            is_off = console.quirks.strikes(ENCRYPTION_OFF)
            told = basic.Encryption.OFF if is_off else settings.encryption
            return Reply(data=basic.encode_encryption(told))
        case basic.SetEncryption(encryption):
            settings.encryption |= encryption
            return OK
        case configuration.SetKernelConfiguration():
            return OK
        case configuration.GetConfiguration() | configuration.SetConfiguration():
            return _keep_configuration(console, command)
        case _:
            return _keep_terminal_data(console, command)


def make_signal(console: Console, command: SignalCommand) -> Reply:
    """What the cardholder sees and hears."""
    match command:
        case basic.SetLight():
            console.panel.light(command)
        case basic.BeepShort(count):
            console.bench.play([Tone(_PITCH_HZ, _SHORT_MS)] * count)
        case basic.BeepLong(length):
            console.bench.play([Tone(_PITCH_HZ, basic.LONG_BEEPS_MS[length])])
        case _:
            assert_never(command)
    return OK


def tell_keys(console: Console, command: KeyCommand) -> Reply:
    """Which keys there are; never one of them."""
    bench = console.bench
    card_keys = console.aes_keys if console.quirks.strikes(AES_KEYS) else bench.keys
    ksns = {KeyIndex.DATA: card_keys.next_ksn}
    if console.description.has_display:
        ksns[KeyIndex.PIN] = bench.pin_keys.next_ksn
    match command:
        case keys.GetKeys():
            slots = tuple(KeySlot(index) for index in sorted(ksns))
            return Reply(data=keys.encode_keys(slots))
        case keys.GetKsn(KeySlot(index, slot)):
            ksn = next((ksn for each, ksn in ksns.items() if each == index), None)
            return Reply(data=keys.encode_counter(_counter(console, slot, ksn)))
        case _:
            assert_never(command)


def _counter(console: Console, slot: int, ksn: bytes | None) -> KeyCounter:
    if ksn is None or slot:
        return KeyCounter(SlotState.EMPTY)
    if console.quirks.strikes(KEY_EXHAUSTED):
        return KeyCounter(SlotState.EXHAUSTED)
    return KeyCounter(SlotState.VALID, ksn)


def _keep_configuration(
    console: Console,
    command: configuration.GetConfiguration | configuration.SetConfiguration,
) -> Reply:
    kept = console.settings.configuration
    if isinstance(command, configuration.GetConfiguration):
        return Reply(data=tlv.encode(Tlv(tag, kept[tag]) for tag in kept))
    try:
        objects = tlv.decode(command.objects)
    except TlvError:
        return Reply(StatusCode.MALFORMED_DATA)
    if any(item.children for item in objects):
        return WRONG_PARAMETER
    kept.update((item.tag, item.value) for item in objects)
    return OK


def _keep_terminal_data(
    console: Console,
    command: configuration.GetTerminalData
    | configuration.RemoveTerminalData
    | configuration.SetTerminalData,
) -> Reply:
    settings = console.settings
    match command:
        case configuration.GetTerminalData():
            data = settings.terminal_data
            return Reply(StatusCode.NO_SUCH_DATA) if data is None else Reply(data=data)
        case configuration.RemoveTerminalData():
            settings.terminal_data = None
        case configuration.SetTerminalData():
            settings.terminal_data = command.to_data()
        case _:
            assert_never(command)
    return OK


def _text(text: str) -> Reply:
    return Reply(data=basic.encode_text(text))


def _boot_loader_version(console: Console, data: bytes) -> Reply:
    return _text("V1.00.SIMULATED")


def _kernel_version(console: Console, data: bytes) -> Reply:
    return _text("EMV Common L2 V1.10.SIMULATED")


def _unit_id(console: Console, data: bytes) -> Reply:
    return Reply(data=console.bench.serial_number.encode("ascii").rjust(16, b"\x00"))


def _set_bluetooth_name(console: Console, data: bytes) -> Reply:
    name = basic.text_of(data)
    if not name or len(data) > _MOST_NAME_LETTERS:
        return WRONG_PARAMETER
    console.settings.bluetooth_name = name
    return OK


UNTYPED: Mapping[Code, Callable[[Console, bytes], Reply]] = {
    (0x29, 0x04): _boot_loader_version,
    (0x29, 0x06): _kernel_version,
    (0x29, 0x17): _unit_id,
    BLUETOOTH_NAME: _set_bluetooth_name,
}
"""Commands that the codec has no type for."""


def answer_untyped(console: Console, frame: Frame) -> Reply:
    """The answer to one of UNTYPED."""
    return UNTYPED[frame.command, frame.code](console, frame.data)
