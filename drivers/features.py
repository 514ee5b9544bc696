"""What a reader may offer beyond taking a card: one protocol a feature, and its values.

A reader offers a feature by having it in its Features; what it lacks is None there, so
nobody can call it by mistake. Every call here raises ReaderRefused, ReaderTimeout,
RemoteError or TransportError, and ReaderRefused while a transaction runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

MAINS_PERCENT = 100
"""The battery level of a reader that runs from its cable."""


@dataclass(frozen=True, slots=True)
class Tone:
    """One sound of a buzzer."""

    frequency_hz: int
    """A reader with one pitch ignores it."""
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Point:
    """Where the pen was, from the top left of the screen, in its own units."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Signature:
    """What the cardholder drew; nothing here is stored by a driver."""

    strokes: tuple[tuple[Point, ...], ...]
    """From pen down to pen up, in order."""
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Barcode:
    """A code that was scanned."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NfcTag:
    """A tag or card that was held to the reader, by its number only."""

    uid: bytes
    kind: str
    """The reader's word for it, such as `mifare_ultralight`; `unknown` where it has none."""


class PinBlockFormat(StrEnum):
    """ISO 9564-1 formats of an encrypted PIN block."""

    ISO_0 = "iso_0"
    ISO_3 = "iso_3"
    ISO_4 = "iso_4"


@dataclass(frozen=True, slots=True)
class PinRequest:
    """How to ask for a PIN."""

    timeout_s: int
    least_digits: int = 4
    most_digits: int = 12
    block_format: PinBlockFormat = PinBlockFormat.ISO_0


@dataclass(frozen=True, slots=True)
class EncryptedPin:
    """A PIN as the reader encrypted it: for the issuer only, never kept."""

    block: bytes = field(repr=False)
    ksn: bytes
    block_format: PinBlockFormat


class InputEnd(StrEnum):
    """Why the customer gave no answer."""

    CANCELED_BY_CUSTOMER = "canceled_by_customer"
    TIMED_OUT = "timed_out"
    CANCELED_BY_HOST = "canceled_by_host"


@dataclass(frozen=True, slots=True)
class Battery:
    """How the reader is powered."""

    percent: int
    is_charging: bool | None = None
    """None where the reader does not tell."""


@dataclass(frozen=True, slots=True)
class KeyState:
    """One key slot of the reader. Never a key, only which one and how it is."""

    name: str
    """The purpose, such as `data`, `pin` or `mac`."""
    ksn: bytes | None
    """None where the slot is empty or the reader does not tell."""
    is_usable: bool


class ImageKind(StrEnum):
    """What can be put on a screen."""

    STORED = "stored"
    QR_CODE = "qr_code"
    BITMAP = "bitmap"


class UpdateStep(StrEnum):
    """Where a reader's own part of a firmware update stands."""

    LOADING = "loading"
    LOADED = "loaded"
    ACTIVATING = "activating"
    RESTARTING = "restarting"


class Buzzer(Protocol):
    """Makes sounds."""

    async def play(self, tones: Sequence[Tone]) -> None:
        """Play these, one after the other; returns when the reader has them."""
        ...


class Lights(Protocol):
    """LEDs, numbered from 0."""

    async def set_light(self, number: int, *, is_on: bool) -> None:
        """Switch one; raises LocalError for a number there is not."""
        ...


class SignaturePad(Protocol):
    """Lets the cardholder sign on the screen."""

    async def request_signature(self, *, timeout_s: int) -> Signature | InputEnd:
        """What was drawn, or why nothing was."""
        ...


class BarcodeScanner(Protocol):
    """Scans bar codes and QR codes."""

    async def read_barcode(self, *, timeout_s: int) -> Barcode | InputEnd:
        """The first code shown."""
        ...


class TagReader(Protocol):
    """Reads the number of NFC tags, for loyalty and badges."""

    async def read_tag(self, *, timeout_s: int) -> NfcTag | InputEnd:
        """The first tag held to the reader."""
        ...


class PinPad(Protocol):
    """Takes a PIN and hands it out encrypted only."""

    async def request_pin(self, request: PinRequest) -> EncryptedPin | InputEnd:
        """The PIN under the reader's own key."""
        ...


PROMPT_LETTERS = 16
"""The most that stands beside what is typed on any keypad."""
MENU_LINES = 16
"""The most of any menu, its title and text among them."""
MENU_LETTERS = 64
"""The most of a line of any menu; all letters are of Latin 1."""


class Keypad(Protocol):
    """Takes numbers that are no PIN, beside a text."""

    async def enter_number(
        self, *, prompt: str, least_digits: int, most_digits: int, timeout_s: int
    ) -> str | InputEnd:
        """The digits typed; never for card numbers or PINs."""
        ...

    async def enter_amount(
        self, *, prompt: str, most_digits: int, timeout_s: int
    ) -> int | InputEnd:
        """Minor units typed, such as a tip."""
        ...


class Menu(Protocol):
    """Lets the cardholder choose, or press on."""

    async def choose(
        self,
        *,
        title: str,
        choices: Sequence[str],
        timeout_s: int,
        text: Sequence[str] = (),
    ) -> int | InputEnd:
        """The index of the chosen one; `text` stands between title and choices.

        Whoever touches title or text is asked again.
        """
        ...


class TextScreen(Protocol):
    """Shows any text, line by line."""

    @property
    def columns(self) -> int:
        """Letters of a line that everybody can see."""
        ...

    @property
    def rows(self) -> int: ...

    async def show_text(self, lines: Sequence[str]) -> None:
        """Until something else is shown. Raises LocalError for what does not fit."""
        ...

    async def clear(self) -> None:
        """Back to the reader's own text."""
        ...


class Screen(Protocol):
    """Shows pictures."""

    @property
    def width(self) -> int:
        """Points; what is larger is cut off."""
        ...

    @property
    def height(self) -> int: ...

    async def show_image(
        self, kind: ImageKind, content: bytes | int | str, *, seconds: int
    ) -> None:
        """A stored image by its number, a QR code of a text, or a bitmap's bytes."""
        ...

    async def clear(self) -> None:
        """Back to the reader's own picture."""
        ...


class BatteryGauge(Protocol):
    """Tells how the reader is powered."""

    async def battery(self) -> Battery:
        """The state now."""
        ...


class KeyStore(Protocol):
    """Tells which keys the reader has; it can neither load nor show one."""

    async def key_states(self) -> tuple[KeyState, ...]:
        """Every slot the reader tells of."""
        ...


class FirmwareLoader(Protocol):
    """The reader's own part of an update; when and what is decided above.

    Whatever cuts a load off (a lost wire, a time-out, a cancellation), the image is sent
    again from its first byte, over a new connection; until then the reader runs what it
    ran before.
    """

    async def load(
        self,
        image: bytes,
        *,
        image_type: int,
        progress: Callable[[int], None],
    ) -> None:
        """Hand over the whole image; `progress` hears of bytes taken so far.

        Raises ReaderRefused where the reader does not take it.
        """
        ...

    async def activate(self, image: bytes, *, image_type: int) -> None:
        """Make the loaded image the running one; the reader drops off the wire."""
        ...


@dataclass(frozen=True, slots=True)
class Features:
    """All that one open reader offers; the names are those of profiles."""

    buzzer: Buzzer | None = None
    lights: Lights | None = None
    signature: SignaturePad | None = None
    barcode: BarcodeScanner | None = None
    nfc_tag: TagReader | None = None
    pin: PinPad | None = None
    keypad: Keypad | None = None
    menu: Menu | None = None
    screen: Screen | None = None
    text_screen: TextScreen | None = None
    battery: BatteryGauge | None = None
    keys: KeyStore | None = None
    firmware: FirmwareLoader | None = None


FEATURES = frozenset(Features.__dataclass_fields__)
"""Every name a profile may list."""
