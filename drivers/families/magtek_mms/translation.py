"""Tables between the seam's words and MagTek's. Pure: no wire, no state."""

from __future__ import annotations

from collections.abc import Iterable

from drivers.errors import LocalError
from drivers.protocol.currency import stripe_amount
from drivers.protocol.magtek_mms.card_data import Arpc, Arqc
from drivers.protocol.magtek_mms.device_notices import DeviceState
from drivers.protocol.magtek_mms.notifications import (
    CardChange,
    CardUpdate,
    Outcome,
    OutcomeExtension,
    Technology,
    TransactionComplete,
)
from drivers.protocol.magtek_mms.strings import StringId, string_with
from drivers.reader import (
    CardPresented,
    CardRemoved,
    CustomerActing,
    CustomerStep,
    DeviceNotice,
    DisplayMessage,
    EncryptedCard,
    InputOption,
    IssuerAnswer,
    MessageShown,
    ReadMethod,
    TipChosen,
    TransactionEvent,
    TransactionFinished,
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
    DisplayMessage.CHECK_MOBILE_DEVICE: StringId.SEE_PHONE,
    DisplayMessage.APPROVED: StringId.APPROVED,
    DisplayMessage.DECLINED: StringId.DECLINED,
    DisplayMessage.PROCESSING: StringId.PROCESSING,
    DisplayMessage.WELCOME: StringId.WELCOME,
}
MESSAGES: dict[StringId | None, DisplayMessage] = {
    **{string: message for message, string in STRINGS.items()},
    StringId.TAP_CARD: DisplayMessage.PRESENT_CARD,
    StringId.TAP_OR_INSERT_CARD: DisplayMessage.PRESENT_CARD,
    StringId.TAP_OR_SWIPE_CARD: DisplayMessage.PRESENT_CARD,
    StringId.TAP_INSERT_OR_SWIPE_CARD: DisplayMessage.PRESENT_CARD,
    StringId.PRESENT_CARD_AGAIN: DisplayMessage.RETRY_CARD,
    StringId.INSERT_CARD_INSTEAD: DisplayMessage.INSERT_CARD,
    StringId.USE_CHIP_READER: DisplayMessage.INSERT_CARD,
    StringId.CARD_READ_OK_REMOVE: DisplayMessage.REMOVE_CARD,
    StringId.ERROR_REMOVE_CARD: DisplayMessage.REMOVE_CARD,
    StringId.AUTHORISING: DisplayMessage.PROCESSING,
    StringId.PLEASE_WAIT: DisplayMessage.PROCESSING,
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
    Outcome.COMPLETED: Verdict.DEFERRED,
    Outcome.DECLINED: Verdict.DECLINED,
    Outcome.OFFLINE_DECLINED: Verdict.DECLINED,
    Outcome.COMPLETED_DECLINED: Verdict.DECLINED,
    Outcome.OFFLINE_NOT_ACCEPTED: Verdict.DECLINED,
    Outcome.NOT_ACCEPTED: Verdict.DECLINED,
    Outcome.SELECT_NEXT_NOT_ACCEPTED: Verdict.DECLINED,
    Outcome.CANCELED_BY_CARD: Verdict.DECLINED,
    Outcome.CANCELED_BY_HOST: Verdict.CANCELED_BY_HOST,
    Outcome.CANCELED_BY_CUSTOMER: Verdict.CANCELED_BY_CUSTOMER,
    Outcome.SWIPE_ERROR: Verdict.CARD_NOT_READ,
    Outcome.TRY_ANOTHER_INTERFACE: Verdict.CARD_NOT_READ,
    Outcome.TRY_AGAIN: Verdict.CARD_NOT_READ,
    Outcome.NO_EMV_CARD: Verdict.CARD_NOT_READ,
    Outcome.TAG_REMOVED: Verdict.CARD_REMOVED,
}
_UNREADABLE = frozenset(
    {OutcomeExtension.TECHNICAL_FALLBACK, OutcomeExtension.STRIPE_FALLBACK}
)
"""The chip gave nothing, and there is no other way left to try."""
_PRESENTED: dict[int, InputOption] = {
    Technology.SWIPE: InputOption.SWIPE,
    Technology.CONTACT: InputOption.INSERT,
    Technology.CONTACTLESS: InputOption.TAP,
    Technology.MANUAL: InputOption.MANUAL,
}
_ASKING_FOR_PIN = frozenset({StringId.ENTER_PIN, StringId.INCORRECT_PIN})
_CONTACTLESS_STRIPE = 0x08
"""A card type: a tap that gave the data of a stripe."""


def message_in(lines: Iterable[str]) -> DisplayMessage | None:
    """The message that these lines of a screen are, if it has a name."""
    for line in lines:
        string = string_with(line)
        if string in MESSAGES:
            return MESSAGES[string]
    return None


def shown_in(lines: Iterable[str]) -> TransactionEvent | None:
    """What the cashier is told of a screen that the host is to show."""
    shown = tuple(lines)
    if any(string_with(line) in _ASKING_FOR_PIN for line in shown):
        return CustomerActing(CustomerStep.ENTERING_PIN)
    message = message_in(shown)
    return None if message is None else MessageShown(message)


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
    if complete.extension in _UNREADABLE:
        verdict = Verdict.CARD_NOT_READ
    reason = f"{complete.technology:02X}{complete.outcome:04X}{complete.extension:02X}"
    return TransactionFinished(verdict, reason)


def encrypted_card(
    technology: int, arqc: Arqc, *, is_fallback: bool = False
) -> EncryptedCard:
    """The card that asks for the issuer, without its name and service code.

    `is_fallback` where a chip could not be read before.
    """
    return EncryptedCard(
        read_method=_read_method(technology, arqc, is_fallback),
        ciphertext=arqc.encrypted.ciphertext,
        ksn=arqc.encrypted.ksn,
        masked_track_2=arqc.masked_track_2,
    )


def tip_of(arqc: Arqc, currency: str) -> TipChosen | None:
    """What the reader has added to the amount, where it was asked to add something.

    Raises LocalError for an amount that Stripe's unit cannot express.
    """
    if arqc.tip is None and arqc.tax is None:
        return None
    return TipChosen(
        stripe_amount(arqc.tip or 0, currency), stripe_amount(arqc.tax or 0, currency)
    )


def arpc(serial_number: bytes, answer: IssuerAnswer) -> Arpc:
    """The issuer's answer for the card; raises LocalError for a bad one."""
    code = answer.response_code.encode("ascii", "replace")
    if len(code) != 2:
        raise LocalError(f"{answer.response_code!r} is no response code")
    return Arpc(
        serial_number,
        code,
        authentication_data=answer.authentication_data,
        scripts=answer.scripts,
    )


def _read_method(technology: int, arqc: Arqc, is_fallback: bool) -> ReadMethod:
    match technology:
        case Technology.CONTACT:
            return ReadMethod.CONTACT_EMV
        case Technology.CONTACTLESS if arqc.card_type == _CONTACTLESS_STRIPE:
            return ReadMethod.CONTACTLESS_MAGSTRIPE_MODE
        case Technology.CONTACTLESS:
            return ReadMethod.CONTACTLESS_EMV
        case Technology.MANUAL:
            return ReadMethod.MANUAL_ENTRY
        case _ if arqc.fallback or is_fallback:
            return ReadMethod.MAGNETIC_STRIPE_FALLBACK
        case _:
            return ReadMethod.MAGNETIC_STRIPE_TRACK2
