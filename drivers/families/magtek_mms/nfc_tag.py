"""The numbers of NFC tags on a MagTek device: a transaction that looks for tags alone."""

from __future__ import annotations

from drivers.errors import ReaderRefused, TransportError
from drivers.families.magtek_mms.device import Device
from drivers.families.magtek_mms.framing import Told
from drivers.families.magtek_mms.operation import Operation
from drivers.families.magtek_mms.seconds import require_seconds
from drivers.features import InputEnd, NfcTag
from drivers.protocol import emv
from drivers.protocol.magtek_mms.nfc import TAG_KINDS, decode_uid
from drivers.protocol.magtek_mms.notifications import (
    CardChange,
    CardData,
    CardUpdate,
    DataKind,
    Notice,
    Outcome,
    TransactionComplete,
)
from drivers.protocol.magtek_mms.start import Contactless, Options, StartTransaction
from drivers.protocol.tlv import Tlv

UNKNOWN_KIND = "unknown"

_ENDS: dict[int, InputEnd] = {
    Outcome.TIMED_OUT: InputEnd.TIMED_OUT,
    Outcome.CANCELED_BY_CUSTOMER: InputEnd.CANCELED_BY_CUSTOMER,
    Outcome.CANCELED_BY_HOST: InputEnd.CANCELED_BY_HOST,
}
_NO_MONEY = (
    Tlv(emv.TRANSACTION_TYPE, bytes((emv.SALE,))),
    Tlv(emv.AMOUNT_AUTHORISED, emv.encode_amount(0)),
    Tlv(emv.AMOUNT_OTHER, emv.encode_amount(0)),
    Tlv(emv.TRANSACTION_CURRENCY_CODE, emv.encode_numeric(840, length=2)),
)
"""A transaction has an amount even where nobody pays."""


class MmsTagReader:
    """Implements drivers.features.TagReader."""

    def __init__(self, device: Device) -> None:
        self._device = device

    async def read_tag(self, *, timeout_s: int) -> NfcTag | InputEnd:
        """The first tag held to the reader; it may stay there."""
        require_seconds(timeout_s)
        search = _Search()
        with self._device.use("read_tag"):
            try:
                await self._device.start(_looking(timeout_s), search)
                silence_s = timeout_s + self._device.timings.guard_s
                return await search.result_within(silence_s)
            finally:
                await self._device.release()


def _looking(timeout_s: int) -> StartTransaction:
    return StartTransaction(
        timeout_s=timeout_s,
        swipe=False,
        insert=False,
        contactless=Contactless.NFC,
        options=Options.DYNAPRO_FORMAT,
        emv_data=_NO_MONEY,
    )


class _Search:
    """Implements device.Listener."""

    def __init__(self) -> None:
        self._kind = UNKNOWN_KIND
        self._operation: Operation[NfcTag | InputEnd] = Operation(self._ended)

    def noticed(self, notice: Notice) -> None:
        """Called by the device with what it tells, in order."""
        self._operation.hear(notice)

    def disconnected(self, error: TransportError) -> None:
        """The wire is gone."""
        self._operation.fail(error)

    def ended_unheard(self) -> None:
        """Someone reset the reader."""
        self._operation.hear(TransactionComplete(0, Outcome.CANCELED_BY_HOST))

    async def decline(self) -> None:
        """No issuer is ever waited for."""

    async def result_within(self, timeout_s: float) -> NfcTag | InputEnd:
        """The tag, or why there is none."""
        return await self._operation.result_within(timeout_s)

    def _ended(self, told: Told) -> NfcTag | InputEnd | None:
        match told:
            case CardUpdate(_, CardChange.DETECTED, extension):
                self._kind = TAG_KINDS.get(extension, UNKNOWN_KIND)
                return None
            case CardData(_, DataKind.NFC_UID, blob):
                return NfcTag(decode_uid(blob), self._kind)
            case TransactionComplete(_, outcome) if outcome in _ENDS:
                return _ENDS[outcome]
            case TransactionComplete(technology, outcome, extension):
                detail = f"{technology:02X}{outcome:04X}{extension:02X}"
                raise ReaderRefused("read_tag", detail=detail)
            case _:
                return None
