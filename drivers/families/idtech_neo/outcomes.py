"""What an answer of a reader means for the transaction. Pure: no wire, no state."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drivers.errors import FrameError
from drivers.protocol import emv
from drivers.protocol.idtech_neo import issuer_data, msr_block
from drivers.protocol.idtech_neo.card_answer import (
    KSN,
    MSR_BLOCK,
    CardAnswer,
    Interface,
    attribution_of,
    decode_card_answer,
)
from drivers.protocol.idtech_neo.encrypted_tlv import CardObject, Form, find_value, walk
from drivers.protocol.idtech_neo.frame import Frame
from drivers.protocol.idtech_neo.status import (
    ErrorCode,
    KeypadState,
    ResultCode,
    StatusCode,
)
from drivers.reader import (
    DisplayMessage,
    EncryptedCard,
    ReadMethod,
    TransactionFinished,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class CardRead:
    """A card was read and asks for its issuer."""

    answer: CardAnswer


@dataclass(frozen=True, slots=True)
class ChipStarted:
    """A chip card is in the slot and its application is read; 60-11 goes on."""

    answer: CardAnswer


class Retry(StrEnum):
    """How the cardholder may try again."""

    SAME = "same"
    CHIP = "chip"
    """The card in the slot, not in the air."""
    STRIPE = "stripe"
    """The chip cannot be read."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Nothing was read; the cardholder is told what to do, and the reader waits anew."""

    message: DisplayMessage
    retry: Retry
    instead: TransactionFinished
    """The end, where the request does not allow to try that way."""


def outcome_of_card(
    frame: Frame,
) -> CardRead | ChipStarted | TryAgain | TransactionFinished:
    """What became of 02-40 or 60-10.

    Raises FrameError or TlvError, and ReaderEncryptionOff for card data in the clear.
    """
    match frame.code:
        case StatusCode.OK | StatusCode.ONLINE_REQUESTED:
            return _read(frame)
        case StatusCode.FAILED if frame.data:
            return _failed(decode_card_answer(frame.data))
        case _:
            return _without_card(frame)


def outcome_of_chip(frame: Frame) -> CardRead | TryAgain | TransactionFinished:
    """What became of 60-11; raises as `outcome_of_card` does."""
    if not frame.data:
        return _without_card(frame)
    answer = decode_card_answer(frame.data)
    if _wants_issuer(answer, frame):
        return CardRead(answer)
    return _chip_end(answer, frame)


def outcome_of_completion(frame: Frame, *, is_approved: bool) -> TransactionFinished:
    """What became of 60-12; `is_approved` is the issuer's word.

    It counts where the reader says that the card is done, and not how. Raises as
    `outcome_of_card` does.
    """
    answer = decode_card_answer(frame.data) if frame.data else None
    tells_how = answer is not None and (
        answer.result_code is not None
        or answer.error_code is not None
        or _cryptogram(answer) is not None
    )
    if answer is not None and tells_how:
        end = _chip_end(answer, frame)
        return end.instead if isinstance(end, TryAgain) else end
    if frame.code == StatusCode.OK:
        verdict = Verdict.APPROVED if is_approved else Verdict.DECLINED
        return TransactionFinished(verdict, _reason(frame))
    return _without_card(frame)


def outcome_of_typing(frame: Frame) -> CardRead | TransactionFinished:
    """What became of 83-41; raises as `outcome_of_card` does."""
    if frame.code == StatusCode.OK:
        return CardRead(_typed_card(frame.data))
    if frame.data[:1] == bytes((KeypadState.CANCELED_BY_CUSTOMER,)):
        return TransactionFinished(Verdict.CANCELED_BY_CUSTOMER, _reason(frame))
    return _without_card(frame)


def joined(started: CardAnswer, authenticated: CardAnswer) -> CardAnswer:
    """Both answers about one chip as one, with the encrypted objects of one of them.

    Each answer may be under a key of its own, so ciphertexts of two do not mix.
    """
    is_sealed = any(item.form is Form.ENCRYPTED for item in walk(authenticated.objects))
    base, other = (authenticated, started) if is_sealed else (started, authenticated)
    known = {item.tag for item in base.objects} if is_sealed else {KSN}
    more = tuple(
        item
        for item in other.objects
        if item.form is Form.PLAIN and item.tag not in known and item.tag != KSN
    )
    return CardAnswer(base.attribution, base.objects + more)


def encrypted_card(answer: CardAnswer, read_method: ReadMethod) -> EncryptedCard:
    """The card for the issuer.

    Raises FrameError, and ReaderEncryptionOff where the reader encrypted nothing.
    """
    data = issuer_data.issuer_data_of(answer)
    ksn = issuer_data.ksn_of(answer)
    if not ksn:
        raise FrameError("encrypted card data without a key serial number")
    return EncryptedCard(
        read_method=read_method,
        ciphertext=issuer_data.encode_issuer_data(data),
        ksn=ksn,
        masked_track_2=issuer_data.masked_track_2_of(answer),
        application=_application(answer),
        cvm_results=_hex(find_value(answer.objects, emv.CVM_RESULTS)),
    )


def read_method_of(answer: CardAnswer, *, after_chip: bool) -> ReadMethod:
    """How the card was read; `after_chip` where its chip had failed before."""
    match answer.attribution.interface:
        case Interface.CONTACT:
            return ReadMethod.CONTACT_EMV
        case Interface.CONTACTLESS:
            return ReadMethod.CONTACTLESS_EMV
        case Interface.CONTACTLESS_STRIPE:
            return ReadMethod.CONTACTLESS_MAGSTRIPE_MODE
        case _ if after_chip or answer.entry_mode == FALLBACK_SWIPE:
            return ReadMethod.MAGNETIC_STRIPE_FALLBACK
        case _:
            return ReadMethod.MAGNETIC_STRIPE_TRACK2


def is_for_amount(answer: CardAnswer, amount: bytes) -> bool:
    """Whether the card signed this amount, as far as the answer tells."""
    signed = find_value(answer.objects, emv.AMOUNT_AUTHORISED)
    return signed is None or signed == amount


FALLBACK_SWIPE = 0x80
_RESULTS: dict[int, Verdict] = {
    ResultCode.APPROVED_OFFLINE: Verdict.APPROVED,
    ResultCode.APPROVED: Verdict.APPROVED,
    ResultCode.DECLINED_OFFLINE: Verdict.DECLINED,
    ResultCode.DECLINED: Verdict.DECLINED,
    ResultCode.CALL_YOUR_BANK: Verdict.DECLINED,
    ResultCode.NOT_ACCEPTED: Verdict.DECLINED,
    ResultCode.TIMED_OUT: Verdict.TIMED_OUT,
    # By the cardholder, unless the host knows that it was itself.
    ResultCode.CANCELED: Verdict.CANCELED_BY_CUSTOMER,
}
_REFUSING_CARDS = frozenset(
    {ErrorCode.CARD_BLOCKED, ErrorCode.CARD_EXPIRED, ErrorCode.CARD_DECLINED}
)
_RETRIES: dict[int, tuple[DisplayMessage, Retry]] = {
    ErrorCode.USE_CONTACT: (DisplayMessage.INSERT_CARD, Retry.CHIP),
    ErrorCode.OVER_LIMIT: (DisplayMessage.INSERT_CARD, Retry.CHIP),
    ErrorCode.COLLISION: (
        DisplayMessage.MULTIPLE_CONTACTLESS_CARDS_DETECTED,
        Retry.SAME,
    ),
    ErrorCode.CARD_ERROR_STATUS: (DisplayMessage.TRY_ANOTHER_CARD, Retry.SAME),
    ErrorCode.CARD_UNSUPPORTED: (DisplayMessage.TRY_ANOTHER_CARD, Retry.SAME),
    ErrorCode.CARD_COMMUNICATION: (DisplayMessage.RETRY_CARD, Retry.SAME),
    ErrorCode.CARD_SILENT: (DisplayMessage.RETRY_CARD, Retry.SAME),
    ErrorCode.OUT_OF_SEQUENCE: (DisplayMessage.RETRY_CARD, Retry.SAME),
}
_WITHOUT_CARD: dict[int, Verdict] = {
    StatusCode.TIMED_OUT: Verdict.TIMED_OUT,
    StatusCode.FAILED: Verdict.CARD_NOT_READ,
}
_GONE = frozenset({ErrorCode.CARD_COMMUNICATION, ErrorCode.CARD_SILENT})
_CID_KIND = 0xC0
_TC, _AAC, _ARQC = 0x40, 0x00, 0x80
_OFFLINE: dict[int, Verdict] = {_TC: Verdict.APPROVED, _AAC: Verdict.DECLINED}


def _read(frame: Frame) -> CardRead | ChipStarted | TryAgain | TransactionFinished:
    answer = decode_card_answer(frame.data)
    interface = answer.attribution.interface
    if interface is Interface.CONTACT:
        code = answer.result_code
        if code is None or code == ResultCode.STARTED:
            return ChipStarted(answer)
        return CardRead(answer) if code == ResultCode.GO_ONLINE else _by_result(code)
    if interface is Interface.CONTACTLESS and frame.code == StatusCode.OK:
        kind = _cryptogram(answer)
        if kind in _OFFLINE:
            return TransactionFinished(_OFFLINE[kind], _reason(frame))
    return CardRead(answer)


def _failed(answer: CardAnswer) -> TryAgain | TransactionFinished:
    if answer.result_code is not None:
        return _by_result(answer.result_code)
    code = answer.error_code
    if code is None:
        return TransactionFinished(Verdict.CARD_NOT_READ, f"{StatusCode.FAILED:02X}")
    reason = f"{StatusCode.FAILED:02X}{code:02X}"
    if code in _RETRIES:
        message, retry = _RETRIES[code]
        return TryAgain(
            message, retry, TransactionFinished(Verdict.CARD_NOT_READ, reason)
        )
    is_refusal = code in _REFUSING_CARDS
    verdict = Verdict.DECLINED if is_refusal else Verdict.CARD_NOT_READ
    return TransactionFinished(verdict, reason)


def _by_result(code: int) -> TryAgain | TransactionFinished:
    reason = f"{code:04X}"
    if code == ResultCode.FALLBACK:
        end = TransactionFinished(Verdict.CARD_NOT_READ, reason)
        return TryAgain(DisplayMessage.SWIPE_CARD, Retry.STRIPE, end)
    return TransactionFinished(_RESULTS.get(code, Verdict.FAILED), reason)


def _wants_issuer(answer: CardAnswer, frame: Frame) -> bool:
    code = answer.result_code
    if code is not None:
        return code == ResultCode.GO_ONLINE
    return frame.code == StatusCode.ONLINE_REQUESTED or _cryptogram(answer) == _ARQC


def _chip_end(answer: CardAnswer, frame: Frame) -> TryAgain | TransactionFinished:
    if answer.result_code is not None:
        return _by_result(answer.result_code)
    error, kind = answer.error_code, _cryptogram(answer)
    reason = _reason(frame)
    if error is not None:
        verdict = Verdict.CARD_REMOVED if error in _GONE else Verdict.FAILED
        return TransactionFinished(verdict, f"{reason}{error:02X}")
    verdict = _OFFLINE.get(kind, Verdict.FAILED) if kind is not None else Verdict.FAILED
    return TransactionFinished(verdict, reason)


def _application(answer: CardAnswer) -> str | None:
    """The application that was chosen, by the card's own name or the terminal's."""
    names = (
        emv.DEDICATED_FILE_NAME,
        emv.APPLICATION_IDENTIFIER_CARD,
        emv.APPLICATION_IDENTIFIER_TERMINAL,
    )
    found = (find_value(answer.objects, name) for name in names)
    return _hex(next(filter(None, found), None))


def _hex(value: bytes | None) -> str | None:
    return value.hex().upper() if value else None


def _cryptogram(answer: CardAnswer) -> int | None:
    """Which cryptogram the card gave: TC, AAC or ARQC (EMV Book 3, 6.5.5)."""
    information = find_value(answer.objects, emv.CRYPTOGRAM_INFORMATION_DATA)
    return information[0] & _CID_KIND if information else None


def _without_card(frame: Frame) -> TransactionFinished:
    verdict = _WITHOUT_CARD.get(frame.code, Verdict.FAILED)
    return TransactionFinished(verdict, _reason(frame))


def _typed_card(data: bytes) -> CardAnswer:
    """The card in the answer to 83-41, which is a stripe with nothing around it."""
    if data[:1] != bytes((msr_block.STX,)):
        return decode_card_answer(data)
    block = msr_block.decode(data)
    attribution = attribution_of(Interface.SWIPE, uses_aes=block.uses_aes)
    return CardAnswer(attribution, (CardObject(MSR_BLOCK, data),))


def _reason(frame: Frame) -> str:
    return f"{frame.code:02X}"
