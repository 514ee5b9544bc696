"""Texts and pictures that the host puts on the screen, and tones it has played."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from drivers.protocol.magtek_mms.images import (
    MOST_QR_VERSION,
    STORED_IMAGES,
    ShowBitmap,
    ShowImage,
    ShowQrCode,
)
from drivers.protocol.magtek_mms.interface import (
    MOST_FREQUENCY_HZ,
    MOST_TONES,
    PlayTones,
    ShowMessage,
)
from drivers.protocol.magtek_mms.interface_notices import (
    InterfaceEvent,
    InterfaceUpdate,
)
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.magtek_mms.strings import StringId, text_of
from simulator.reader.models.magtek_mms.activity import (
    Activity,
    Answer,
    Console,
    done,
    refuse,
    started,
)
from simulator.reader.screen import ReaderState, Screen

Picture = ShowImage | ShowQrCode | ShowBitmap
Begin = Callable[[Activity], None]
"""Makes it what the reader is busy with."""

_COLOR_BYTES = 3
_ERROR_CORRECTIONS = range(4)
_BMP = b"BM"
_BMP_HEADER_BYTES = 26


class Showing(Activity):
    """Something is on the screen for a time."""

    busy: ClassVar[StatusDetail] = StatusDetail.DISPLAY_BUSY

    def __init__(self, console: Console, screen: Screen, seconds: int) -> None:
        super().__init__(console)
        self._screen = screen
        self._seconds = seconds

    def begin(self) -> None:
        """Show it."""
        self.console.display(self._screen)
        self.alarm.set(self._seconds, self._over)

    def _over(self) -> None:
        self.console.notify(InterfaceUpdate(InterfaceEvent.MESSAGE_TIMED_OUT))
        self.console.over(StringId.WELCOME, StringId.WELCOME)


class Sounding(Activity):
    """The loudspeaker plays."""

    busy: ClassVar[StatusDetail] = StatusDetail.BUZZER_BUSY

    def __init__(self, console: Console, command: PlayTones) -> None:
        super().__init__(console)
        self._tones = command.tones

    def begin(self) -> None:
        """Play; the screen stays as it is."""
        self.console.bench.play(self._tones)
        milliseconds = sum(tone.duration_ms for tone in self._tones)
        self.alarm.set(milliseconds / 1000, self._over)

    def _over(self) -> None:
        self.console.notify(InterfaceUpdate(InterfaceEvent.SOUND_DONE))
        self.console.over(StringId.NONE, StringId.NONE)


def screen_of_message(command: ShowMessage) -> Screen | None:
    """What the message looks like; None for a text that is not stored."""
    if command.string_id not in set(StringId):
        return None
    return Screen(_state(command.seconds), (text_of(StringId(command.string_id)),))


def screen_of_picture(command: Picture) -> Screen | None:
    """What the picture looks like, in words; None for one that cannot be shown."""
    shown = _in_words(command)
    below = command.prompt if isinstance(command, ShowQrCode) else b""
    lines = (below.decode("ascii", "replace"),) if below else ()
    return Screen(_state(command.seconds), lines, picture=shown) if shown else None


def answer_to_play(command: PlayTones, *, console: Console, begin: Begin) -> Answer:
    """Play; refused for what the loudspeaker cannot (manual, 6, command 1805)."""
    is_playable = len(command.tones) <= MOST_TONES and all(
        tone.frequency_hz <= MOST_FREQUENCY_HZ and tone.duration_ms > 0
        for tone in command.tones
    )
    if not is_playable:
        return refuse(StatusDetail.PARAMETER_INVALID)
    return started(lambda: begin(Sounding(console, command)))


def answer_to_show(
    screen: Screen | None, seconds: int, *, console: Console, begin: Begin
) -> Answer:
    """Show it: for good, or for a time in which the reader does nothing else."""
    if not console.description.has_display:
        return refuse(StatusDetail.FEATURE_UNAVAILABLE)
    if screen is None:
        return refuse(StatusDetail.PARAMETER_INVALID)
    if seconds == 0:
        return done(lambda: console.display(screen))
    return started(lambda: begin(Showing(console, screen, seconds)))


def _state(seconds: int) -> ReaderState:
    return ReaderState.MESSAGE if seconds else ReaderState.IDLE


def _in_words(command: Picture) -> str:
    """Nothing for what is no such picture."""
    match command:
        case ShowImage(number):
            return f"stored image {number}" if number in STORED_IMAGES else ""
        case ShowQrCode(content):
            text = content.decode("utf-8", "replace")
            return f"QR code of {text}" if _is_possible(command) else ""
        case ShowBitmap(bitmap):
            return _bitmap(bitmap)


def _is_possible(code: ShowQrCode) -> bool:
    colors = (code.block_color, code.background_color)
    return (
        bool(code.content)
        and code.error_correction in _ERROR_CORRECTIONS
        and 1 <= code.least_version <= code.most_version <= MOST_QR_VERSION
        and all(len(color) == _COLOR_BYTES for color in colors)
    )


def _bitmap(data: bytes) -> str:
    """The size in the header of a BMP file; nothing for what is none."""
    if not data.startswith(_BMP) or len(data) < _BMP_HEADER_BYTES:
        return ""
    width = int.from_bytes(data[18:22], "little", signed=True)
    height = int.from_bytes(data[22:26], "little", signed=True)
    return f"bitmap {width} by {abs(height)}"
