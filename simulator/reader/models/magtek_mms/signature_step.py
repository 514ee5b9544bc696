"""The cardholder signs on the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from drivers.features import Point, Signature
from drivers.protocol.magtek_mms.interface import RequestSignature
from drivers.protocol.magtek_mms.interface_notices import (
    InterfaceEvent,
    InterfaceUpdate,
    SignatureReady,
)
from drivers.protocol.magtek_mms.signatures import DEFAULT_HEIGHT, DEFAULT_WIDTH
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.magtek_mms.strings import StringId
from simulator.errors import ControlRefused
from simulator.reader.model import Stroke
from simulator.reader.models.magtek_mms.activity import Activity, Console, Leaving
from simulator.reader.typed_digits import CANCEL

PLEASE_SIGN = "PLEASE SIGN"
TEXTS = frozenset({PLEASE_SIGN})


class SignatureStep(Activity):
    """Ends with a signature on a canvas of the reader's."""

    busy: ClassVar[StatusDetail] = StatusDetail.DISPLAY_BUSY

    def __init__(
        self,
        console: Console,
        *,
        timeout_s: int,
        signed: Callable[[Signature], None],
        leaving: Leaving,
    ) -> None:
        super().__init__(console)
        self._timeout_s = timeout_s
        self._signed = signed
        self._leaving = leaving

    def begin(self) -> None:
        """Ask."""
        self.console.ask(PLEASE_SIGN)
        self.alarm.set_unless_zero(self._timeout_s, self._leaving.timed_out)

    def sign(self, strokes: Sequence[Stroke]) -> None:
        """Take the drawing; raises ControlRefused where it leaves the canvas."""
        drawn = tuple(tuple(Point(x, y) for x, y in stroke) for stroke in strokes)
        points = [point for stroke in drawn for point in stroke]
        if any(p.x >= DEFAULT_WIDTH or p.y >= DEFAULT_HEIGHT for p in points):
            size = f"{DEFAULT_WIDTH} by {DEFAULT_HEIGHT}"
            raise ControlRefused(f"the screen has {size} points")
        self.alarm.stop()
        self._signed(Signature(drawn, width=DEFAULT_WIDTH, height=DEFAULT_HEIGHT))

    def press_key(self, key: str) -> None:
        """Only `cancel` does something."""
        if key != CANCEL:
            raise ControlRefused(f"the key {key!r} does nothing now")
        self.alarm.stop()
        self._leaving.canceled()


def fitted(signature: Signature, *, width: int, height: int) -> Signature:
    """The same drawing on a canvas of another size."""
    return Signature(
        tuple(
            tuple(
                Point(p.x * width // signature.width, p.y * height // signature.height)
                for p in stroke
            )
            for stroke in signature.strokes
        ),
        width=width,
        height=height,
    )


def signature_asked_by_host(
    console: Console, command: RequestSignature, keep: Callable[[Signature], None]
) -> SignatureStep:
    """Command 1801: the drawing is kept for the host to fetch."""

    def over() -> None:
        console.over(StringId.WELCOME, StringId.WELCOME)

    def signed(signature: Signature) -> None:
        keep(signature)
        console.notify(SignatureReady())
        over()

    def canceled() -> None:
        console.notify(InterfaceUpdate(InterfaceEvent.SIGNATURE_CANCELED))
        over()

    def timed_out() -> None:
        console.notify(InterfaceUpdate(InterfaceEvent.SIGNATURE_TIMED_OUT))
        over()

    return SignatureStep(
        console,
        timeout_s=command.timeout_s,
        signed=signed,
        leaving=Leaving(canceled=canceled, timed_out=timed_out),
    )
