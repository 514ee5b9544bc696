"""Pictures on the screen of a MagTek device (commands 1821 to 1823)."""

from __future__ import annotations

from typing import assert_never

from drivers.errors import LocalError
from drivers.families.magtek_mms.device import Device
from drivers.families.magtek_mms.display import Display, Shown
from drivers.features import ImageKind
from drivers.protocol.magtek_mms.images import (
    STORED_IMAGES,
    WHITE,
    ShowBitmap,
    ShowImage,
    ShowQrCode,
)
from drivers.protocol.magtek_mms.signatures import DEFAULT_HEIGHT, DEFAULT_WIDTH

_BMP = b"BM"


class MmsScreen:
    """Implements drivers.features.Screen."""

    width, height = DEFAULT_WIDTH, DEFAULT_HEIGHT
    """Those of the signature pad; unverified for models without one."""

    def __init__(self, device: Device, display: Display) -> None:
        self._device = device
        self._display = display

    async def show_image(
        self, kind: ImageKind, content: bytes | int | str, *, seconds: int
    ) -> None:
        """A stored image by its number, a QR code of a text, or a BMP file.

        0 seconds leaves it until something else is shown. Raises LocalError for other
        content.
        """
        command = _command(kind, content)
        with self._device.use(type(command).__name__):
            await self._display.show(command, seconds=seconds)

    async def clear(self) -> None:
        """Back to the reader's own picture."""
        with self._device.use("clear"):
            await self._display.clear()


def _command(kind: ImageKind, content: bytes | int | str) -> Shown:
    match kind:
        case ImageKind.STORED:
            if not isinstance(content, int) or content not in STORED_IMAGES:
                raise LocalError("a reader has stored images 1 to 4")
            return ShowImage(content)
        case ImageKind.QR_CODE:
            if not isinstance(content, str) or not content:
                raise LocalError("a QR code is made of a text")
            return ShowQrCode(content.encode(), seconds=0)
        case ImageKind.BITMAP:
            if not isinstance(content, bytes) or not content.startswith(_BMP):
                raise LocalError("a bitmap is a whole BMP file")
            return ShowBitmap(content, seconds=0, background_color=WHITE)
        case _:
            assert_never(kind)
