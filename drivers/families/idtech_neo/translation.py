"""Tables between the seam's words and NEO's. Pure: no wire, no state."""

from __future__ import annotations

from drivers.errors import FeatureUnsupported, LocalError
from drivers.profile import Capabilities
from drivers.protocol import emv
from drivers.protocol.idtech_neo import card_answer
from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
    ApplyHostResponse,
    AuthenticateContact,
    Fallback,
    Interface,
    StartContact,
)
from drivers.protocol.idtech_neo.basic import Encryption
from drivers.protocol.idtech_neo.display import (
    AnswerDisplay,
    DisplayMode,
    DisplayText,
    Line,
    RefusePin,
)
from drivers.protocol.idtech_neo.events import DisplayRequested, Event, PinRequested
from drivers.protocol.idtech_neo.keypad import CardFields, GetCard
from drivers.protocol.sale import sale_objects
from drivers.protocol.tlv import Tlv
from drivers.reader import (
    CustomerActing,
    CustomerStep,
    DisplayMessage,
    InputOption,
    IssuerAnswer,
    MessageShown,
    TransactionEvent,
    TransactionRequest,
)

NEXT_COMMAND_S = 180
"""How long a chip waits in the reader for what comes next: the issuer may be slow."""
ISSUER_S = NEXT_COMMAND_S - 10
"""How long its issuer is waited for: the reader must still know the chip afterwards."""

TEXTS: dict[DisplayMessage, str] = {
    DisplayMessage.INSERT_CARD: "INSERT CARD",
    DisplayMessage.INSERT_OR_SWIPE_CARD: "INSERT OR SWIPE",
    DisplayMessage.SWIPE_CARD: "SWIPE CARD",
    DisplayMessage.PRESENT_CARD: "PRESENT CARD",
    DisplayMessage.REMOVE_CARD: "REMOVE CARD",
    DisplayMessage.RETRY_CARD: "TRY AGAIN",
    DisplayMessage.MULTIPLE_CONTACTLESS_CARDS_DETECTED: "ONE CARD ONLY",
    DisplayMessage.TRY_ANOTHER_CARD: "TRY ANOTHER CARD",
    DisplayMessage.CARD_REMOVED_TOO_EARLY: "REMOVED TOO SOON",
    DisplayMessage.CHECK_MOBILE_DEVICE: "SEE YOUR PHONE",
    DisplayMessage.APPROVED: "APPROVED",
    DisplayMessage.DECLINED: "DECLINED",
    DisplayMessage.PROCESSING: "PROCESSING",
    DisplayMessage.WELCOME: "WELCOME",
}
"""What is shown: one line of the narrowest display."""

# The more special before the more general: readers word these in many ways.
_HINTS: tuple[tuple[str, DisplayMessage], ...] = (
    ("INSERT OR SWIPE", DisplayMessage.INSERT_OR_SWIPE_CARD),
    ("INSERT/SWIPE", DisplayMessage.INSERT_OR_SWIPE_CARD),
    ("ONE CARD", DisplayMessage.MULTIPLE_CONTACTLESS_CARDS_DETECTED),
    ("ANOTHER CARD", DisplayMessage.TRY_ANOTHER_CARD),
    ("TRY OTHER", DisplayMessage.TRY_ANOTHER_CARD),
    ("PHONE", DisplayMessage.CHECK_MOBILE_DEVICE),
    ("REMOVED TOO", DisplayMessage.CARD_REMOVED_TOO_EARLY),
    ("REMOVE", DisplayMessage.REMOVE_CARD),
    ("AGAIN", DisplayMessage.RETRY_CARD),
    ("USE MAGSTRIPE", DisplayMessage.SWIPE_CARD),
    ("SWIPE", DisplayMessage.SWIPE_CARD),
    ("USE CHIP", DisplayMessage.INSERT_CARD),
    ("INSERT", DisplayMessage.INSERT_CARD),
    ("PRESENT", DisplayMessage.PRESENT_CARD),
    ("TAP", DisplayMessage.PRESENT_CARD),
    ("APPROVED", DisplayMessage.APPROVED),
    ("DECLINED", DisplayMessage.DECLINED),
    ("WAIT", DisplayMessage.PROCESSING),
    ("PROCESSING", DisplayMessage.PROCESSING),
    ("WELCOME", DisplayMessage.WELCOME),
)

_STEPS: tuple[tuple[str, CustomerStep], ...] = (
    ("ENTER PIN", CustomerStep.ENTERING_PIN),
    ("ENTER YOUR PIN", CustomerStep.ENTERING_PIN),
    ("INCORRECT PIN", CustomerStep.ENTERING_PIN),
    ("LAST PIN TRY", CustomerStep.ENTERING_PIN),
    ("SELECT APPLICATION", CustomerStep.SELECTING_APPLICATION),
    ("CHOOSE APPLICATION", CustomerStep.SELECTING_APPLICATION),
)
"""Texts that ask for something at the reader's own keys, or those beside it."""

_INTERFACES: dict[InputOption, Interface] = {
    InputOption.INSERT: Interface.CONTACT,
    InputOption.SWIPE: Interface.MSR,
    InputOption.TAP: Interface.CONTACTLESS,
}
PRESENTED: dict[card_answer.Interface, InputOption] = {
    card_answer.Interface.CONTACT: InputOption.INSERT,
    card_answer.Interface.CONTACTLESS: InputOption.TAP,
    card_answer.Interface.CONTACTLESS_STRIPE: InputOption.TAP,
    card_answer.Interface.SWIPE: InputOption.SWIPE,
}
_NEEDED: dict[InputOption, Encryption] = {
    InputOption.INSERT: Encryption.EMV,
    InputOption.SWIPE: Encryption.MSR,
    # Some cards answer a tap with their stripe.
    InputOption.TAP: Encryption.EMV | Encryption.MSR,
    InputOption.MANUAL: Encryption.MSR,
}


def options_for(
    request: TransactionRequest, capabilities: Capabilities
) -> frozenset[InputOption]:
    """How a card may come: what is asked for and the model has.

    Raises LocalError for a request no reader takes, and FeatureUnsupported where this
    one has no such way, or lacks what is asked besides.
    """
    options = request.options
    if not options or (InputOption.MANUAL in options and len(options) > 1):
        raise LocalError("a card is presented in some way, or its number is typed")
    if not 0 < request.timeout_s <= 0xFF:
        raise LocalError(
            f"{request.timeout_s} s to present a card; a reader takes 1 to 255"
        )
    if (request.tip is not None or request.tax) and not capabilities.takes_tips:
        raise FeatureUnsupported("this reader asks for no tips and shows no tax")
    if request.asks_signature and not capabilities.captures_signatures:
        raise FeatureUnsupported("this reader captures no signatures")
    sale_objects(request.amount + request.tax, request.currency)
    had = options & frozenset(map(InputOption, capabilities.input_options))
    if not request.amount + request.tax and request.tip is None:
        # A NEO reader answers such a tap with "zero amount" (FFEE1F 03).
        had -= {InputOption.TAP}
    if not had:
        raise FeatureUnsupported("this reader takes cards in other ways")
    return had


def needed_encryption(options: frozenset[InputOption]) -> Encryption:
    """What a reader must encrypt before it may take cards in these ways."""
    needed = Encryption.OFF
    for option in options:
        needed |= _NEEDED[option]
    return needed


def activation(
    options: frozenset[InputOption], objects: tuple[Tlv, ...], *, timeout_s: int
) -> ActivateTransaction:
    """02-40 for cards that come in one of these ways."""
    interfaces = Interface(0)
    for option in options:
        interfaces |= _INTERFACES[option]
    has_chip = InputOption.INSERT in options
    return ActivateTransaction(
        timeout_s,
        objects,
        interfaces=interfaces,
        fallback=Fallback(InputOption.SWIPE in options, NEXT_COMMAND_S)
        if has_chip
        else None,
    )


def contact_start(
    options: frozenset[InputOption], objects: tuple[Tlv, ...], *, timeout_s: int
) -> StartContact:
    """60-10 for readers whose 02-40 takes no chip."""
    return StartContact(
        allows_fallback=InputOption.SWIPE in options,
        timeout_s=timeout_s,
        next_command_s=NEXT_COMMAND_S,
        objects=objects,
    )


def authentication() -> AuthenticateContact:
    """60-11: the card is to ask for its issuer, since nothing is charged offline."""
    return AuthenticateContact(forces_online=True, next_command_s=NEXT_COMMAND_S)


def card_entry(timeout_s: int) -> GetCard:
    """83-41 for number and expiry, the number checked for typing errors."""
    return GetCard(
        timeout_s, CardFields.PAN | CardFields.EXPIRY | CardFields.CHECK_DIGIT
    )


def host_response(answer: IssuerAnswer) -> ApplyHostResponse:
    """The issuer's answer for the card; raises LocalError for a bad one."""
    code = answer.response_code.encode("ascii", "replace")
    if len(code) != 2:
        raise LocalError(f"{answer.response_code!r} is no response code")
    data = answer.authentication_data
    return ApplyHostResponse(
        (
            Tlv(emv.AUTHORISATION_RESPONSE_CODE, code),
            *((Tlv(emv.ISSUER_AUTHENTICATION_DATA, data),) if data else ()),
        ),
        scripts=answer.scripts,
    )


def text_of(message: DisplayMessage, *, seconds: int = 0) -> DisplayText:
    """61-01 that shows a message, lit for so long; 0 leaves the light to the reader."""
    lines = (Line(1, TEXTS[message]),)
    return DisplayText(DisplayMode.TEXT, lines, backlight_s=seconds or None)


def message_of(text: DisplayText) -> DisplayMessage | None:
    """What a reader without display asks the register to show, if it is known."""
    shown = _shown(text)
    return next((message for hint, message in _HINTS if hint in shown), None)


def step_of(text: DisplayText) -> CustomerStep | None:
    """What a text asks the cardholder to do, other than to present a card."""
    shown = _shown(text)
    return next((step for hint, step in _STEPS if hint in shown), None)


def reply_to(event: Event) -> AnswerDisplay | RefusePin | None:
    """What a reader without display or keypad is told when it asks the host.

    The first application is the one the card itself prefers (EMV Book 1, 12.4). Nobody
    types a PIN at the host, so the card has to do without.
    """
    match event:
        case DisplayRequested(text) if text.mode is DisplayMode.TEXT_AND_KEY:
            return AnswerDisplay(text.mode, ENTER)
        case DisplayRequested(text) if text.mode.wants_answer:
            return AnswerDisplay(text.mode, FIRST_LINE)
        case PinRequested():
            return RefusePin()
        case _:
            return None


def event_of(event: Event) -> TransactionEvent | None:
    """What the cashier is told of it."""
    match event:
        case DisplayRequested(text):
            step = step_of(text)
            message = message_of(text)
            if step is not None and not text.mode.wants_answer:
                return CustomerActing(step)
            return None if message is None else MessageShown(message)
        case _:
            return None


def _shown(text: DisplayText) -> str:
    return " ".join(line.text for line in text.lines).upper()


ENTER = ord("E")
FIRST_LINE = 1
