"""The PIN pad of a MagTek device (command 2002): a card is presented, then its PIN typed."""

from __future__ import annotations

from contextlib import suppress

from drivers.errors import LocalError, ReaderRefused
from drivers.families.magtek_mms.device import Device
from drivers.families.magtek_mms.framing import Told
from drivers.families.magtek_mms.operation import operate
from drivers.families.magtek_mms.seconds import require_seconds
from drivers.features import EncryptedPin, InputEnd, PinBlockFormat, PinRequest
from drivers.profile import Profile
from drivers.protocol.magtek_mms.pin import (
    PinBlock,
    PinEntry,
    PinSequence,
    RequestCardPin,
)
from drivers.protocol.magtek_mms.pin_notices import PinEntered, PinFailed, PinFailure
from drivers.reader import InputOption

LEAST_DIGITS, MOST_DIGITS = 4, 12

_FORMATS = {
    PinBlockFormat.ISO_0: PinBlock.ISO_0,
    PinBlockFormat.ISO_3: PinBlock.ISO_3,
    PinBlockFormat.ISO_4: PinBlock.ISO_4,
}
_NAMES = {number: name for name, number in _FORMATS.items()}
_ENDS = {
    PinFailure.TIMED_OUT: InputEnd.TIMED_OUT,
    PinFailure.CANCELED: InputEnd.CANCELED_BY_CUSTOMER,
}


class MmsPinPad:
    """Implements drivers.features.PinPad."""

    def __init__(self, device: Device, profile: Profile) -> None:
        self._device = device
        self._options = profile.capabilities.input_options

    async def request_pin(self, request: PinRequest) -> EncryptedPin | InputEnd:
        """The PIN under the reader's own key.

        The block is bound to the card that the cardholder is asked for first.
        """
        require_seconds(request.timeout_s)
        least, most = request.least_digits, request.most_digits
        if not LEAST_DIGITS <= least <= most <= MOST_DIGITS:
            raise LocalError(f"no PIN has {least} to {most} digits")
        command = self._command(request, PinSequence.PRESENT_CARD_AND_ENTER)
        with self._device.use(RequestCardPin.__name__):
            end: EncryptedPin | InputEnd = await operate(
                self._device,
                command,
                _ended,
                # The card has its time, and the PIN has it again.
                timeout_s=2 * request.timeout_s + self._device.timings.guard_s,
                stop=self._command(request, PinSequence.CANCEL),
            )
            if isinstance(end, EncryptedPin):
                await self._end_session(request)
            return end

    async def _end_session(self, request: PinRequest) -> None:
        # Else it waits for news of the PIN, which whoever asked will not have in time.
        with suppress(ReaderRefused):
            await self._device.order(self._command(request, PinSequence.SUCCEED))

    def _command(self, request: PinRequest, sequence: PinSequence) -> RequestCardPin:
        return RequestCardPin(
            request.timeout_s,
            PinEntry(
                sequence,
                least_digits=request.least_digits,
                most_digits=request.most_digits,
                block_format=_FORMATS[request.block_format],
            ),
            swipe=InputOption.SWIPE in self._options,
            insert=InputOption.INSERT in self._options,
            tap=InputOption.TAP in self._options,
        )


def _ended(told: Told) -> EncryptedPin | InputEnd | None:
    match told:
        case PinEntered(pin):
            if pin.block_format not in _NAMES:
                detail = f"format {pin.block_format:02X}"
                raise ReaderRefused(RequestCardPin.__name__, detail=detail)
            name = _NAMES[PinBlock(pin.block_format)]
            return EncryptedPin(pin.block, pin.ksn, name)
        case PinFailed(reason) if reason in _ENDS:
            return _ENDS[reason]
        case PinFailed(reason):
            detail = f"010202{reason:02X}"
            raise ReaderRefused(RequestCardPin.__name__, detail=detail)
        case _:
            return None
