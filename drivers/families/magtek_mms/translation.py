"""Tables between the seam's words and MagTek's. Pure: no wire, no state."""

from __future__ import annotations

from collections.abc import Iterable

from drivers.errors import LocalError
from drivers.protocol import emv
from drivers.protocol.currency import currency_of, iso_amount
from drivers.protocol.magtek_mms.card_data import Arpc, Arqc
from drivers.protocol.magtek_mms.device_notices import DeviceState
from drivers.protocol.magtek_mms.notifications import (
    CardChange,
    CardUpdate,
    Outcome,
    Technology,
    TransactionComplete,
)
from drivers.protocol.magtek_mms.start import Contactless, Options, StartTransaction
from drivers.protocol.magtek_mms.strings import StringId, string_with
from drivers.protocol.tlv import Tlv, decode
from drivers.reader import (
    CardPresented,
    CardRemoved,
    ChipFlow,
    DeviceNotice,
    DisplayMessage,
    EncryptedCard,
    InputOption,
    IssuerAnswer,
    MessageShown,
    ReadMethod,
    TransactionEvent,
    TransactionFinished,
    TransactionRequest,
    Verdict,
)

STRINGS: dict[DisplayMessage, StringId] = {
    DisplayMessage.INSERT_CARD: StringId.INSERT_CARD,
    DisplayMessage.INSERT_OR_SWIPE_CARD: StringId.INSERT_OR_SWIPE,
    DisplayMessage.SWIPE_CARD: StringId.USE_MAGSTRIPE,
    DisplayMessage.PRESENT_CARD: StringId.PRESENT_CARD,
    DisplayMessage.REMOVE_CARD: StringId.REMOVE_CARD,
    DisplayMessage.RETRY_CARD: StringId.TRY_AGAIN,
    DisplayMessage.MULTIPLE_CONTACTLESS_CARDS_DETECTED: StringId.PRESENT_ONE_CARD_ONLY,
    DisplayMessage.TRY_ANOTHER_CARD: StringId.TRY_ANOTHER_CARD,
    DisplayMessage.CARD_REMOVED_TOO_EARLY: StringId.CARD_ERROR,
    DisplayMessage.APPROVED: StringId.APPROVED,
    DisplayMessage.DECLINED: StringId.DECLINED,
    DisplayMessage.PROCESSING: StringId.PROCESSING,
    DisplayMessage.WELCOME: StringId.WELCOME,
}
MESSAGES: dict[StringId | None, DisplayMessage] = {
    string: message for message, string in STRINGS.items()
}

DEVICE_NOTICES: dict[DeviceState, DeviceNotice] = {
    DeviceState.BATTERY_LOW: DeviceNotice.BATTERY_LOW,
    DeviceState.BATTERY_CRITICAL: DeviceNotice.BATTERY_CRITICALLY_LOW,
    DeviceState.RESTARTS_SOON: DeviceNotice.RESTARTING_SOON,
}

_VERDICTS: dict[int, Verdict] = {
    Outcome.TIMED_OUT: Verdict.TIMED_OUT,
    Outcome.APPROVED: Verdict.APPROVED,
    Outcome.DEFERRED: Verdict.DEFERRED,
    Outcome.DECLINED: Verdict.DECLINED,
    Outcome.CANCELED_BY_HOST: Verdict.CANCELED_BY_HOST,
    Outcome.CANCELED_BY_CUSTOMER: Verdict.CANCELED_BY_CUSTOMER,
    Outcome.SWIPE_ERROR: Verdict.CARD_NOT_READ,
    Outcome.TAG_REMOVED: Verdict.CARD_REMOVED,
}
_PRESENTED: dict[int, InputOption] = {
    Technology.SWIPE: InputOption.SWIPE,
    Technology.CONTACT: InputOption.INSERT,
    Technology.CONTACTLESS: InputOption.TAP,
    Technology.MANUAL: InputOption.MANUAL,
}


def start_command(request: TransactionRequest) -> StartTransaction:
    """Command 1001 for `request`; raises LocalError for what the family cannot do."""
    if not request.options or InputOption.MANUAL in request.options:
        raise LocalError("MagTek readers take insert, swipe and tap, at least one")
    if not 0 < request.timeout_s <= 0xFF:
        raise LocalError(
            f"{request.timeout_s} s to present a card; a reader takes 1 to 255"
        )
    taps = InputOption.TAP in request.options
    options = Options.DYNAPRO_FORMAT
    if request.flow is ChipFlow.QUICK_CHIP:
        options |= Options.QUICK_CHIP
    return StartTransaction(
        timeout_s=request.timeout_s,
        swipe=InputOption.SWIPE in request.options,
        insert=InputOption.INSERT in request.options,
        contactless=Contactless.EMV if taps else Contactless.OFF,
        options=options,
        emv_data=_emv_data(request.amount, request.currency),
    )


def message_in(lines: Iterable[str]) -> DisplayMessage | None:
    """The message that these lines of a screen are, if it has a name."""
    for line in lines:
        string = string_with(line)
        if string in MESSAGES:
            return MESSAGES[string]
    return None


def event_of(update: CardUpdate) -> TransactionEvent | None:
    """What the cashier is told of a card that comes, goes or collides."""
    if update.change is CardChange.COLLISION:
        return MessageShown(DisplayMessage.MULTIPLE_CONTACTLESS_CARDS_DETECTED)
    if update.change is CardChange.REMOVED:
        return CardRemoved()
    option = _PRESENTED.get(update.technology)
    return None if option is None else CardPresented(option)


def finished(complete: TransactionComplete) -> TransactionFinished:
    """The verdict; an outcome without a name has failed, its bytes are the reason."""
    verdict = _VERDICTS.get(complete.outcome, Verdict.FAILED)
    reason = f"{complete.technology:02X}{complete.outcome:04X}{complete.extension:02X}"
    return TransactionFinished(verdict, reason)


def encrypted_card(technology: int, arqc: Arqc) -> EncryptedCard:
    """The card that asks for the issuer, without its name and service code."""
    return EncryptedCard(
        read_method=_read_method(technology, arqc),
        ciphertext=arqc.encrypted.ciphertext,
        ksn=arqc.encrypted.ksn,
        masked_track_2=arqc.masked_track_2,
    )


def arpc(serial_number: bytes, answer: IssuerAnswer) -> Arpc:
    """The issuer's answer for the card; raises LocalError or TlvError for a bad one."""
    code = answer.response_code.encode("ascii", "replace")
    if len(code) != 2:
        raise LocalError(f"{answer.response_code!r} is no response code")
    return Arpc(
        serial_number,
        code,
        authentication_data=answer.authentication_data,
        scripts=decode(answer.scripts),
    )


def _emv_data(amount: int, currency: str) -> tuple[Tlv, ...]:
    known = currency_of(currency)
    iso = iso_amount(amount, currency)
    numeric = emv.encode_numeric(known.numeric, length=2)
    return (
        Tlv(emv.TRANSACTION_TYPE, bytes((emv.SALE,))),
        Tlv(emv.AMOUNT_AUTHORISED, emv.encode_amount(iso)),
        Tlv(emv.AMOUNT_OTHER, emv.encode_amount(0)),
        Tlv(emv.TRANSACTION_CURRENCY_CODE, numeric),
        Tlv(emv.TRANSACTION_CURRENCY_EXPONENT, bytes((known.exponent,))),
    )


def _read_method(technology: int, arqc: Arqc) -> ReadMethod:
    if technology == Technology.CONTACT:
        return ReadMethod.CONTACT_EMV
    if technology == Technology.CONTACTLESS:
        return ReadMethod.CONTACTLESS_EMV
    if arqc.fallback:
        return ReadMethod.MAGNETIC_STRIPE_FALLBACK
    return ReadMethod.MAGNETIC_STRIPE_TRACK2
