"""Codes that are scanned: what the host gets of them, and the scanner it switches on."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from drivers.protocol.magtek_mms.barcode import BarcodeContent, BarcodeKind
from drivers.protocol.magtek_mms.blobs import EncryptedData
from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.interface import ReadBarcode
from drivers.protocol.magtek_mms.interface_notices import (
    BarcodeRead,
    InterfaceEvent,
    InterfaceUpdate,
)
from drivers.protocol.magtek_mms.notifications import BarcodePresented
from drivers.protocol.magtek_mms.start import BarcodeMode
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.magtek_mms.strings import StringId
from drivers.protocol.tlv import Tlv
from simulator.reader.model import Bench
from simulator.reader.models.magtek_mms.activity import (
    Activity,
    Answer,
    Console,
    done,
    refuse,
    started,
)
from simulator.reader.screen import ReaderState

_DATA = 0xDF74


def content_of(data: bytes, bench: Bench, *, is_encrypted: bool) -> BarcodeContent:
    """What leaves the reader of a code."""
    if not is_encrypted:
        return data
    sealed = bench.keys.next().seal((Tlv(_DATA, data),))
    return EncryptedData(sealed.ciphertext, sealed.ksn)


def presented(data: bytes, mode: BarcodeMode, bench: Bench) -> BarcodePresented:
    """A code in place of a card."""
    content = content_of(data, bench, is_encrypted=mode.is_encrypted)
    return BarcodePresented(BarcodeKind.UNKNOWN, content)


class Scanning(Activity):
    """The scanner is on, for a time or until the host switches it off."""

    busy: ClassVar[StatusDetail] = StatusDetail.BARCODE_IN_PROGRESS

    def __init__(self, console: Console, command: ReadBarcode) -> None:
        super().__init__(console)
        self._command = command
        # Switched on for good, it leaves the host free (manual, 6, command 1804).
        self.gives_way = command.timeout_s == 0

    def begin(self) -> None:
        """Ask for a code."""
        self.console.say(ReaderState.WAITING_FOR_CUSTOMER, StringId.SCAN_BARCODE)
        self.alarm.set_unless_zero(self._command.timeout_s, self._time_out)

    def take(self, command: Command) -> Answer | None:
        """The host may switch the scanner off."""
        if isinstance(command, ReadBarcode) and not command.is_enabled:
            return done(self._switch_off)
        return None

    def show_barcode(self, data: bytes) -> None:
        """The code, to the host."""
        self.alarm.stop()
        content = content_of(
            data, self.console.bench, is_encrypted=self._command.is_encrypted
        )
        self.console.notify(BarcodeRead(BarcodeKind.UNKNOWN, content))
        self.console.over(StringId.BARCODE_READ, StringId.WELCOME)

    def _switch_off(self) -> None:
        self.alarm.stop()
        self.console.over(StringId.WELCOME, StringId.WELCOME)

    def _time_out(self) -> None:
        self.console.notify(InterfaceUpdate(InterfaceEvent.BARCODE_TIMED_OUT))
        self.console.over(StringId.WELCOME, StringId.WELCOME)


def answer_to_read(
    command: ReadBarcode, *, console: Console, begin: Callable[[Activity], None]
) -> Answer:
    """Switch the scanner on; refused where there is none."""
    if not console.description.has_scanner:
        return refuse(StatusDetail.NO_SCANNER)
    if not command.is_enabled:
        return done()
    answer = started if command.timeout_s else done
    return answer(lambda: begin(Scanning(console, command)))
