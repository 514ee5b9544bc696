"""What NEO readers offer beyond taking a card, as drivers.features wants it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby
from typing import TypeVar

from drivers.errors import DriverError, FeatureUnsupported, LocalError
from drivers.families.idtech_neo import asking
from drivers.families.idtech_neo.device import Device, data_of
from drivers.families.idtech_neo.translation import text_of
from drivers.features import (
    EncryptedPin,
    Features,
    InputEnd,
    KeyState,
    NfcTag,
    PinBlockFormat,
    PinRequest,
    Tone,
)
from drivers.profile import Profile
from drivers.protocol.idtech_neo.basic import (
    LONG_BEEPS_MS,
    BeepLong,
    BeepShort,
    Glow,
    SetLight,
)
from drivers.protocol.idtech_neo.display import (
    MOST_LINES,
    DisplayMode,
    DisplayText,
    Line,
)
from drivers.protocol.idtech_neo.keypad import GetAmount, GetNumber
from drivers.protocol.idtech_neo.keys import (
    GetKeys,
    GetKsn,
    GetKsnByIndex,
    KeyIndex,
    KeySlot,
    SlotState,
    counter_of,
    keys_of,
)
from drivers.protocol.idtech_neo.pass_through import (
    PollForToken,
    SetPassThrough,
    TokenKind,
    token_of,
)
from drivers.protocol.idtech_neo.status import NOT_THERE, StatusCode
from drivers.reader import DisplayMessage

FeatureT = TypeVar("FeatureT")


def features_of(device: Device, profile: Profile) -> Features:
    """What the profile lists; raises LocalError for what no NEO reader has."""
    listed = profile.capabilities.features
    keypad = NeoKeypad(device)

    def if_listed(name: str, feature: FeatureT) -> FeatureT | None:
        return feature if name in listed else None

    features = Features(
        buzzer=if_listed("buzzer", NeoBuzzer(device)),
        lights=if_listed("lights", NeoLights(device)),
        nfc_tag=if_listed("nfc_tag", NeoTagReader(device)),
        pin=if_listed("pin", keypad),
        keypad=if_listed("keypad", keypad),
        menu=if_listed("menu", keypad),
        text_screen=if_listed("text_screen", NeoTextScreen(device)),
        keys=if_listed("keys", NeoKeyStore(device)),
    )
    missing = [name for name in listed if getattr(features, name) is None]
    if missing:
        raise LocalError(
            f"profile {profile.name} lists what NEO readers lack: {missing}"
        )
    return features


class NeoBuzzer:
    """Implements drivers.features.Buzzer; every reader has one pitch."""

    def __init__(self, device: Device) -> None:
        self._device = device

    async def play(self, tones: Sequence[Tone]) -> None:
        """Short tones in a row are told as a number of short beeps."""
        with self._device.used_for("sounds"):
            for is_short, group in groupby(tones, key=_is_short):
                run = list(group)
                if is_short:
                    await self._device.order(BeepShort(len(run)))
                    continue
                for tone in run:
                    await self._device.order(BeepLong(_nearest(tone.duration_ms)))


class NeoLights:
    """Implements drivers.features.Lights: 0 is the red one, 1 the green one."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._glow = [Glow.OFF, Glow.OFF]

    async def set_light(self, number: int, *, is_on: bool) -> None:
        """Switch one; the reader is told both at once."""
        if number not in range(len(self._glow)):
            raise LocalError(f"no light {number}; there are 0 and 1")
        glow = list(self._glow)
        glow[number] = Glow.ON if is_on else Glow.OFF
        red, green = glow
        with self._device.used_for("lights"):
            await self._device.order(SetLight(red=red, green=green))
        self._glow = glow


class NeoTagReader:
    """Implements drivers.features.TagReader, by pass-through and its polling."""

    def __init__(self, device: Device) -> None:
        self._device = device

    async def read_tag(self, *, timeout_s: int) -> NfcTag | InputEnd:
        """The first tag or card held to the reader."""
        with self._device.used_for("reading a tag") as use:
            try:
                await self._device.order(SetPassThrough(is_on=True))
                # In slices, so that a caller who leaves is not kept waiting.
                for _ in range(math.ceil(1000 * timeout_s / POLL_SLICE_MS)):
                    if use.is_canceled:
                        return InputEnd.CANCELED_BY_HOST
                    tag = await self._poll()
                    if tag is not None:
                        return tag
                return InputEnd.TIMED_OUT
            finally:
                # A lost wire shows at the next request.
                with suppress(DriverError):
                    await self._device.order(SetPassThrough(is_on=False))

    async def _poll(self) -> NfcTag | None:
        command = PollForToken(POLL_SLICE_MS)
        timeout_s = POLL_SLICE_MS / 1000 + self._device.timings.answer_s
        answer = await self._device.ask(command, timeout_s=timeout_s)
        if answer.code == StatusCode.TIMED_OUT:
            return None
        token = token_of(data_of(answer, command))
        if token.kind == TokenKind.NONE:
            return None
        is_known = token.kind in set(TokenKind)
        kind = TokenKind(token.kind).name.lower() if is_known else "unknown"
        return NfcTag(token.uid, kind)


class NeoKeyStore:
    """Implements drivers.features.KeyStore."""

    def __init__(self, device: Device) -> None:
        self._device = device

    async def key_states(self) -> tuple[KeyState, ...]:
        """Every key the reader lists; of older readers, those for data, PIN and MAC."""
        with self._device.used_for("listing its keys"):
            return tuple([await self._state(key) for key in await self._slots()])

    async def _slots(self) -> tuple[KeySlot, ...]:
        answer = await self._device.ask(GetKeys())
        if answer.code in NOT_THERE:
            return tuple(map(KeySlot, (KeyIndex.DATA, KeyIndex.PIN, KeyIndex.MAC)))
        return keys_of(data_of(answer, GetKeys()))

    async def _state(self, key: KeySlot) -> KeyState:
        answer = await self._device.ask(GetKsn(key))
        if answer.code in NOT_THERE:
            answer = await self._device.ask(GetKsnByIndex(key.index))
        is_known = key.index in set(KeyIndex)
        name = KeyIndex(key.index).name.lower() if is_known else f"{key.index:02x}"
        name = f"{name}_{key.slot}" if key.slot else name
        if answer.code != StatusCode.OK:
            return KeyState(name, ksn=None, is_usable=False)
        counter = counter_of(answer.data)
        is_usable = counter.state == SlotState.VALID
        return KeyState(name, ksn=counter.ksn or None, is_usable=is_usable)


class NeoKeypad:
    """Implements drivers.features.PinPad, Keypad and Menu."""

    def __init__(self, device: Device) -> None:
        self._device = device

    async def request_pin(self, request: PinRequest) -> EncryptedPin | InputEnd:
        """The PIN of the card that was read last; its key decides the block's format."""
        if request.block_format is PinBlockFormat.ISO_3:
            raise FeatureUnsupported("the reader makes PIN blocks of ISO 0 and 4 only")
        with self._device.used_for("a PIN"):
            return await asking.typed_pin(self._device, request)

    async def enter_number(
        self, *, prompt: str, least_digits: int, most_digits: int, timeout_s: int
    ) -> str | InputEnd:
        """The digits typed, at most 16, beside a text of at most 16 letters."""
        command = GetNumber(most_digits, least_digits, prompt)
        with self._device.used_for("a number"):
            return await asking.typed_number(self._device, command, timeout_s=timeout_s)

    async def enter_amount(
        self, *, prompt: str, most_digits: int, timeout_s: int
    ) -> int | InputEnd:
        """Minor units typed; the reader shows them with two decimals."""
        command = GetAmount(most_digits, 1, prompt)
        with self._device.used_for("an amount"):
            return await asking.typed_amount(self._device, command, timeout_s=timeout_s)

    async def choose(
        self,
        *,
        title: str,
        choices: Sequence[str],
        timeout_s: int,
        text: Sequence[str] = (),
    ) -> int | InputEnd:
        """The index of the chosen one; 16 lines with title and text, of 64 letters."""
        with self._device.used_for("a menu"):
            return await asking.chosen(
                self._device, (title, *text), choices, timeout_s=timeout_s
            )


class NeoTextScreen:
    """Implements drivers.features.TextScreen by 61-01."""

    columns = 32
    """The guide names no width, and 64 letters as the most of a line: half of them."""
    rows = MOST_LINES

    def __init__(self, device: Device) -> None:
        self._device = device

    async def show_text(self, lines: Sequence[str]) -> None:
        """Until something else is shown."""
        numbered = tuple(Line(number, text) for number, text in enumerate(lines, 1))
        with self._device.used_for("a text"):
            await self._device.order(DisplayText(DisplayMode.TEXT, numbered))

    async def clear(self) -> None:
        """Back to a welcome."""
        with self._device.used_for("a text"):
            await self._device.order(text_of(DisplayMessage.WELCOME))


POLL_SLICE_MS = 1000
_LONGEST_SHORT_BEEP_MS = 150


def _is_short(tone: Tone) -> bool:
    return tone.duration_ms <= _LONGEST_SHORT_BEEP_MS


def _nearest(duration_ms: int) -> int:
    """The number of the long beep that comes closest."""
    return min(
        range(len(LONG_BEEPS_MS)),
        key=lambda number: abs(LONG_BEEPS_MS[number] - duration_ms),
    )
