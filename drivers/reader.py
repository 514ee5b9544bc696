"""What every reader family offers, and the events a transaction yields.

The seam between families (below) and the agent (above): values only, no wire.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Protocol

from drivers.features import Features, Signature


class InputOption(StrEnum):
    """How the cardholder may present a card (the SDKs' ReaderInputOptions)."""

    INSERT = "insert"
    SWIPE = "swipe"
    TAP = "tap"
    MANUAL = "manual"


class ReadMethod(StrEnum):
    """How the card was read, in Stripe's words (`card_present.read_method`)."""

    CONTACT_EMV = "contact_emv"
    CONTACTLESS_EMV = "contactless_emv"
    CONTACTLESS_MAGSTRIPE_MODE = "contactless_magstripe_mode"
    MAGNETIC_STRIPE_FALLBACK = "magnetic_stripe_fallback"
    MAGNETIC_STRIPE_TRACK2 = "magnetic_stripe_track2"
    MANUAL_ENTRY = "manual_entry"
    """Typed at the reader; ours, since Stripe has no word for it."""


class ChipFlow(StrEnum):
    """Whether the chip waits for the issuer's answer."""

    EMV = "emv"
    QUICK_CHIP = "quick_chip"


class TransactionKind(IntEnum):
    """What the card signs the amount for; the numbers are EMV's (tag 9C, format n)."""

    SALE = 0
    """Also of no amount: then the issuer is asked whether the account is good."""
    REFUND = 20


class DisplayMessage(StrEnum):
    """What the reader asks of the cardholder (the SDKs' ReaderDisplayMessage)."""

    INSERT_CARD = "insert_card"
    INSERT_OR_SWIPE_CARD = "insert_or_swipe_card"
    SWIPE_CARD = "swipe_card"
    PRESENT_CARD = "present_card"
    REMOVE_CARD = "remove_card"
    RETRY_CARD = "retry_card"
    MULTIPLE_CONTACTLESS_CARDS_DETECTED = "multiple_contactless_cards_detected"
    TRY_ANOTHER_CARD = "try_another_card"
    CARD_REMOVED_TOO_EARLY = "card_removed_too_early"
    CHECK_MOBILE_DEVICE = "check_mobile_device"
    """The cardholder's phone asks for something, such as a code."""
    APPROVED = "approved"
    DECLINED = "declined"
    PROCESSING = "processing"
    WELCOME = "welcome"


class CustomerStep(StrEnum):
    """What the cardholder does at the reader, beyond presenting a card."""

    SELECTING_TIP = "selecting_tip"
    SELECTING_APPLICATION = "selecting_application"
    ENTERING_CARD_NUMBER = "entering_card_number"
    ENTERING_PIN = "entering_pin"
    SIGNING = "signing"


class DeviceNotice(StrEnum):
    """What a reader tells of itself, whatever it is doing."""

    BATTERY_LOW = "battery_low"
    BATTERY_CRITICALLY_LOW = "battery_critically_low"
    """It will switch itself off."""
    POWERING_OFF = "powering_off"
    """Someone switches it off, or it does so for lack of use."""
    RESTARTING_SOON = "restarting_soon"
    """Its daily restart for security (PCI PTS) is due."""
    TAMPERED = "tampered"
    """It was opened or attacked, and takes no more cards."""


class Verdict(StrEnum):
    """How the reader and the card ended a transaction."""

    APPROVED = "approved"
    DECLINED = "declined"
    DEFERRED = "deferred"
    """Quick Chip: the card is done, the host decides."""
    TIMED_OUT = "timed_out"
    CANCELED_BY_HOST = "canceled_by_host"
    CANCELED_BY_CUSTOMER = "canceled_by_customer"
    CARD_REMOVED = "card_removed"
    CARD_NOT_READ = "card_not_read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ReaderInfo:
    """Who the reader says it is."""

    family: str
    model: str
    """The profile's name, such as `magtek_dynaprox`."""
    serial_number: str
    firmware_version: str | None
    hardware_version: str | None = None
    """None where the reader does not tell."""


@dataclass(frozen=True, slots=True)
class TipChoices:
    """What the reader offers as a tip; at most six, in this order."""

    percents: tuple[int, ...] = ()
    amounts: tuple[int, ...] = ()
    """Minor units of the request's currency; used where `percents` is empty."""
    allows_custom: bool = True
    allows_none: bool = True


@dataclass(frozen=True, slots=True)
class TransactionRequest:
    """One card read: what to charge and how the card may come."""

    amount: int
    """Minor units of `currency`."""
    currency: str
    """ISO 4217 alphabetic, lower case, as Stripe writes it."""
    timeout_s: int
    """How long the cardholder has; the reader counts it."""
    kind: TransactionKind = TransactionKind.SALE
    flow: ChipFlow = ChipFlow.EMV
    """QUICK_CHIP is for amounts above zero."""
    options: frozenset[InputOption] = frozenset(
        {InputOption.INSERT, InputOption.SWIPE, InputOption.TAP}
    )
    tip: TipChoices | None = None
    """Ask for a tip first; the reader adds it to what the card authorises."""
    tax: int = 0
    """Minor units, shown with the tip; the reader adds it too."""
    asks_signature: bool = False
    """Let the cardholder sign where the card or its issuer wants it."""


@dataclass(frozen=True, slots=True)
class EncryptedCard:
    """Card data as the reader encrypted them. Nothing here is a PAN or a track."""

    read_method: ReadMethod
    ciphertext: bytes
    ksn: bytes
    """DUKPT key serial number: 10 bytes (TDES) or 12 (AES)."""
    masked_track_2: str | None
    """BIN and last four in the clear at most; None where the reader sends none."""
    application: str | None = None
    """The chip's application identifier (tag 84), upper-case hex; None if not told."""
    cvm_results: str | None = None
    """How the cardholder was verified (tag 9F34), upper-case hex; None if not told."""


@dataclass(frozen=True, slots=True)
class CardRequested:
    """The reader waits for a card, in one of these ways."""

    options: frozenset[InputOption]


@dataclass(frozen=True, slots=True)
class CardPresented:
    """A card was inserted, tapped or swiped; reading goes on."""

    option: InputOption


@dataclass(frozen=True, slots=True)
class CardRemoved:
    """The chip card left the slot."""


@dataclass(frozen=True, slots=True)
class MessageShown:
    """The reader shows, or asks the register to show, this message."""

    message: DisplayMessage


@dataclass(frozen=True, slots=True)
class CustomerActing:
    """The cardholder is busy with this; the reader waits for them."""

    step: CustomerStep


@dataclass(frozen=True, slots=True)
class TipChosen:
    """The amount that the card will authorise has changed, by a tip and tax."""

    tip: int
    """Minor units; 0 for none."""
    tax: int


@dataclass(frozen=True, slots=True)
class SignatureCaptured:
    """The cardholder signed; always before TransactionFinished."""

    signature: Signature


@dataclass(frozen=True, slots=True)
class OnlineRequested:
    """The card asks for the issuer: authorise `card`, then `complete_online`."""

    card: EncryptedCard


@dataclass(frozen=True, slots=True)
class TransactionFinished:
    """The reader is done and idle. Always the last event."""

    verdict: Verdict
    reason: str
    """The reader's own reason bytes as hex, for the journal and for support."""


TransactionEvent = (
    CardRequested
    | CardPresented
    | CardRemoved
    | MessageShown
    | CustomerActing
    | TipChosen
    | SignatureCaptured
    | OnlineRequested
    | TransactionFinished
)


@dataclass(frozen=True, slots=True)
class IssuerAnswer:
    """What goes back into the card (EMV Book 4, 7.2.6)."""

    response_code: str
    """Tag 8A, two characters: `00` approved, `05` declined; where nobody was asked, `Y3` approved
    and `Z3` declined."""
    authentication_data: bytes = b""
    """Tag 91; empty where the issuer sent none."""
    scripts: bytes = b""
    """Tags 71 and 72 as received, unparsed."""


class SlotState(StrEnum):
    """What is known of the slot for chip cards."""

    EMPTY = "empty"
    OCCUPIED = "occupied"
    UNKNOWN = "unknown"
    """The reader cannot tell, or could not tell lately."""


class CardSlot(Protocol):
    """The slot of a reader that is open; of use while no transaction runs."""

    async def prepare(self) -> None:
        """Have the reader tell of removals, where it has to be told so; once opened.

        The reader may restart for it. Raises DriverError.
        """
        ...

    async def look(self) -> SlotState:
        """Whether a card that was read is still in it; raises DriverError.

        A card that came since the slot was empty is the next payment's, and not looked
        for.
        """
        ...

    def doubt(self) -> None:
        """A card was asked back in vain, and may be out: where looking is no more than
        remembering what the reader told, nothing is known from here on."""
        ...

    async def changed(self) -> None:
        """Return when there may be news, or no more news: it is time to look again."""
        ...


class Transaction(Protocol):
    """One running card read; iterate it for events until TransactionFinished."""

    def __aiter__(self) -> AsyncIterator[TransactionEvent]: ...

    async def complete_online(self, answer: IssuerAnswer) -> None:
        """Hand the issuer's answer to the reader; its verdict comes as an event.

        Raises LocalError where no OnlineRequested is pending.
        """
        ...

    async def cancel(self) -> None:
        """Ask the reader to stop; TransactionFinished still follows as an event.

        Raises ReaderRefused where it is too late.
        """
        ...


class Reader(Protocol):
    """An open reader. One transaction at a time; not safe for concurrent calls."""

    @property
    def info(self) -> ReaderInfo: ...

    @property
    def features(self) -> Features:
        """What it offers beyond taking a card."""
        ...

    @property
    def slot(self) -> CardSlot | None:
        """Its slot for chip cards; None where it has none."""
        ...

    @property
    def notices(self) -> AsyncIterator[DeviceNotice]:
        """What it tells of itself, in order; ends when the wire is gone.

        For one listener, who may be late: some are kept.
        """
        ...

    def transaction(
        self, request: TransactionRequest
    ) -> AbstractAsyncContextManager[Transaction]:
        """Start a card read; leaving the context early cancels it and waits for idle.

        Raises ReaderRefused, ReaderTimeout, RemoteError or TransportError.
        """
        ...

    async def display(self, message: DisplayMessage, *, seconds: int) -> None:
        """Show a stored message; 0 seconds leaves it until the next one."""
        ...

    async def cancel(self) -> None:
        """Stop whatever runs and return when the reader is idle; harmless if idle."""
        ...

    async def reset(self) -> None:
        """Restart the reader; it may drop off the wire and come back."""
        ...

    async def wait_closed(self) -> None:
        """Return when the wire is gone, for whatever reason."""
        ...

    async def aclose(self) -> None:
        """Give the port back. Safe to call twice."""
        ...
