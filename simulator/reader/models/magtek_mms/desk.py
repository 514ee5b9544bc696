"""Which request is answered how: by what the reader is busy with, or else by its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.control import (
    CancelTransaction,
    ReportSelection,
    ResetDevice,
    ResumeTransaction,
)
from drivers.protocol.magtek_mms.files import (
    DeleteFile,
    GetFile,
    GetFileInfo,
    SendFile,
    SendSecuredFile,
)
from drivers.protocol.magtek_mms.firmware import CommitFirmware, LoadFirmware
from drivers.protocol.magtek_mms.images import ShowBitmap, ShowImage, ShowQrCode
from drivers.protocol.magtek_mms.interface import (
    PlayTones,
    ReadBarcode,
    RequestSignature,
    ShowMessage,
)
from drivers.protocol.magtek_mms.nfc import PassToTag
from drivers.protocol.magtek_mms.pin import RequestCardPin, RequestPin
from drivers.protocol.magtek_mms.properties import GetProperty, SetProperty
from drivers.protocol.magtek_mms.start import StartTransaction
from drivers.protocol.magtek_mms.status import StatusDetail
from simulator.cards.card import Entry
from simulator.reader.models.magtek_mms.activity import (
    Activity,
    Answer,
    Console,
    done,
    refuse,
    started,
)
from simulator.reader.models.magtek_mms.barcodes import answer_to_read
from simulator.reader.models.magtek_mms.battery import Battery
from simulator.reader.models.magtek_mms.files import Files
from simulator.reader.models.magtek_mms.firmware import Firmware
from simulator.reader.models.magtek_mms.idle import IdleHands
from simulator.reader.models.magtek_mms.messages import (
    answer_to_play,
    answer_to_show,
    screen_of_message,
    screen_of_picture,
)
from simulator.reader.models.magtek_mms.order import OrderRefused, order_of
from simulator.reader.models.magtek_mms.pin_session import answer_to_pin_request
from simulator.reader.models.magtek_mms.property_table import PropertyTable
from simulator.reader.models.magtek_mms.signature_step import signature_asked_by_host
from simulator.reader.models.magtek_mms.terms import Habits
from simulator.reader.models.magtek_mms.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Parts:
    """What the reader is made of, beyond what it is busy with."""

    battery: Battery
    properties: PropertyTable
    files: Files
    firmware: Firmware
    idle: IdleHands


class Desk:
    """Takes one request at a time: nothing is queued (manual, 2.1)."""

    def __init__(
        self, console: Console, parts: Parts, reset: Callable[[], None]
    ) -> None:
        """`reset` restarts the reader."""
        self._console = console
        self._parts = parts
        self._reset = reset
        self._activity: Activity | None = None

    @property
    def activity(self) -> Activity:
        """What the cardholder's hands reach: what goes on, or an idle reader."""
        return self._activity or self._parts.idle

    @property
    def is_idle(self) -> bool:
        """Whether nothing goes on."""
        return self._activity is None

    def over(self) -> None:
        """What went on is over; a card may be left in the slot."""
        if self._activity is not None and self._activity.card_inside is not None:
            self._parts.idle.leave_in(self._activity.card_inside)
        self._activity = None

    def remove_card(self) -> None:
        """Pull the card or tag away; raises ControlRefused where there is none."""
        idle = self._parts.idle
        if self._activity is not None and idle.has_card_left_in:
            # Only an idle reader tells of it (manual, 8, 1.2.7.1.2.1).
            idle.abandon()
        else:
            self.activity.remove_card()

    def power_off(self) -> None:
        """Whatever goes on stops without a word."""
        if self._activity is not None:
            self._activity.abandon()
            self._activity = None
        self._parts.idle.abandon()
        self._parts.files.power_off()
        self._parts.firmware.power_off()

    def answer(self, command: Command) -> Answer:
        """The answer; what it begins comes after it."""
        if isinstance(command, ResetDevice):
            return done(self._reset)
        if self._parts.firmware.flash.is_boot_loader:
            return self._answer_as_boot_loader(command)
        if isinstance(command, CancelTransaction):
            return self.activity.cancel_by_host()
        if self._activity is not None:
            answer = self._activity.take(command)
            if answer is not None:
                return answer
            if not self._activity.gives_way:
                return refuse(self._activity.busy)
        return self._answer_about_cards(command)

    def _begin(self, activity: Activity) -> None:
        if self._activity is not None:
            self._activity.abandon()
        self._activity = activity
        activity.begin()

    def _answer_as_boot_loader(self, command: Command) -> Answer:
        match command:
            case GetProperty() | LoadFirmware() | CommitFirmware():
                return self._answer_about_itself(command)
            case _:
                return refuse(StatusDetail.FEATURE_UNAVAILABLE)

    def _answer_about_cards(self, command: Command) -> Answer:
        match command:
            case StartTransaction():
                return self._start(command)
            case ResumeTransaction() | ReportSelection():
                return refuse(StatusDetail.NO_TRANSACTION)
            case PassToTag():
                return refuse(StatusDetail.NO_PASS_THROUGH)
            case RequestPin() | RequestCardPin():
                if not self._parts.firmware.flash.has_keys:
                    return refuse(StatusDetail.PIN_KEY_MISSING)
                return answer_to_pin_request(
                    command, console=self._console, begin=self._begin
                )
            case RequestSignature():
                return self._ask_signature(command)
            case ReadBarcode():
                return answer_to_read(command, console=self._console, begin=self._begin)
            case _:
                return self._answer_about_screens(command)

    def _answer_about_screens(self, command: Command) -> Answer:
        match command:
            case ShowMessage():
                screen = screen_of_message(command)
            case ShowImage() | ShowQrCode() | ShowBitmap():
                screen = screen_of_picture(command)
            case PlayTones():
                return answer_to_play(command, console=self._console, begin=self._begin)
            case _:
                return self._answer_about_itself(command)
        seconds = command.seconds
        return answer_to_show(screen, seconds, console=self._console, begin=self._begin)

    def _answer_about_itself(self, command: Command) -> Answer:
        parts = self._parts
        match command:
            case GetProperty():
                return parts.properties.get(command)
            case SetProperty():
                return parts.properties.set(command)
            case LoadFirmware():
                return parts.firmware.load(command)
            case CommitFirmware():
                return parts.firmware.commit(command)
            case (
                SendFile()
                | SendSecuredFile()
                | GetFile()
                | GetFileInfo()
                | DeleteFile()
            ):
                return parts.files.take(command)
            case _:
                return refuse(StatusDetail.FEATURE_UNAVAILABLE)

    def _start(self, command: StartTransaction) -> Answer:
        if self._parts.battery.is_empty:
            return refuse(StatusDetail.LOW_BATTERY)
        if not self._parts.firmware.flash.has_keys:
            return refuse(StatusDetail.NO_SUCH_KEY)
        try:
            order = order_of(command, self._console.description)
        except OrderRefused as refusal:
            return refuse(refusal.detail)
        properties, has_touch = (
            self._parts.properties,
            self._console.description.has_touch,
        )
        habits = Habits(
            properties.patience(order.timeout_s),
            signs_by_itself=properties.signs_by_itself and has_touch,
        )
        transaction = Transaction(self._console, order, habits)
        return started(lambda: self._begin_transaction(transaction, order.entries))

    def _begin_transaction(
        self, transaction: Transaction, entries: frozenset[Entry]
    ) -> None:
        self._begin(transaction)
        early = self._parts.idle.taken(entries) if transaction.is_waiting else None
        if early is not None:
            transaction.present_card(*early)

    def _ask_signature(self, command: RequestSignature) -> Answer:
        if not self._console.description.has_touch:
            return refuse(StatusDetail.FEATURE_UNAVAILABLE)
        keep = self._parts.files.keep_signature
        step = signature_asked_by_host(self._console, command, keep)
        return started(lambda: self._begin(step))
