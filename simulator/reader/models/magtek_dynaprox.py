"""MagTek DynaProx on its serial port: MMS messages in SLIP packets (D998200597).

Owns what the reader does outside a transaction: framing, refusals, properties,
messages, reset, battery. The transaction itself is `mms_transaction`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from drivers.errors import RemoteError
from drivers.protocol import slip
from drivers.protocol.magtek_mms import message, notifications, properties
from drivers.protocol.magtek_mms.card_data import decode_arpc
from drivers.protocol.magtek_mms.commands import Command, from_request
from drivers.protocol.magtek_mms.control import (
    CancelTransaction,
    ResetDevice,
    ResumeTransaction,
)
from drivers.protocol.magtek_mms.device_notices import DeviceState, DeviceUpdate
from drivers.protocol.magtek_mms.interface import ShowMessage
from drivers.protocol.magtek_mms.interface_notices import (
    InterfaceEvent,
    InterfaceUpdate,
)
from drivers.protocol.magtek_mms.message import Request, Response
from drivers.protocol.magtek_mms.notifications import Notice
from drivers.protocol.magtek_mms.properties import GetProperty
from drivers.protocol.magtek_mms.start import StartTransaction
from drivers.protocol.magtek_mms.status import (
    DONE,
    STARTED,
    Status,
    StatusDetail,
    refused,
)
from drivers.protocol.magtek_mms.strings import StringId
from simulator.cards.card import Card, Entry
from simulator.clock import Timer
from simulator.errors import ControlInvalid, ControlRefused
from simulator.reader.amounts import amount_line
from simulator.reader.model import Bench, Stroke, Tag, UpdatePlan
from simulator.reader.models.mms_order import order_of
from simulator.reader.models.mms_texts import text_of
from simulator.reader.models.mms_transaction import MmsTransaction
from simulator.reader.screen import DARK, ReaderState, Screen

FIRMWARE = "1000007408-A1-SIMULATED"

_DISPLAY_BUSY = 0x020314
"""Status detail of a message still shown for its time; the codec does not name it."""
_LOW_BATTERY_PERCENT = 20
_EMPTY_BATTERY_PERCENT = 5


class MagtekDynaprox:
    """Implements `simulator.reader.model.Model`."""

    name: ClassVar[str] = "magtek_dynaprox"
    texts: ClassVar[frozenset[str]] = frozenset(map(text_of, StringId)) - {""}
    keys: ClassVar[frozenset[str]] = frozenset({"cancel"})
    quirks: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._decoder = slip.Decoder()
        self._battery_percent = 100
        self._transaction: MmsTransaction | None = None
        self._message_timer: Timer | None = None
        self._result_timer: Timer | None = None

    @property
    def product_id(self) -> int | None:
        """Always the profile's."""
        return None

    def power_on(self) -> None:
        """Start up and say so."""
        self._decoder = slip.Decoder()
        self._show(ReaderState.IDLE, StringId.WELCOME)
        self._notify(DeviceUpdate(DeviceState.RESTARTED))

    def power_off(self) -> None:
        """Lose everything, without a word to the host."""
        self._forget()
        self._bench.show(DARK)

    def receive(self, data: bytes) -> None:
        """Bytes from the host; what is no request is skipped, as on the real reader."""
        for packet in self._decoder.feed(data):
            match packet:
                case slip.MessagePacket(slip.Direction.TO_DEVICE, body):
                    self._take(body)
                case _:
                    continue

    def present_card(self, card: Card, entry: Entry) -> None:
        """Give it a card; raises ControlRefused unless a transaction waits for one."""
        self._running().present_card(card, entry)

    def remove_card(self) -> None:
        """Pull the inserted card; raises ControlRefused where there is none."""
        self._running().remove_card()

    def press_key(self, key: str) -> None:
        """The reader's only key is `cancel`."""
        if key not in self.keys:
            raise ControlRefused(f"the reader has no key {key!r}")
        self._running().press_cancel()

    def touch(self, choice: str) -> None:
        """It has no touch screen."""
        raise ControlRefused("the reader has no touch screen")

    def sign(self, strokes: Sequence[Stroke]) -> None:
        """It has no touch screen."""
        raise ControlRefused("the reader has no touch screen")

    def show_barcode(self, data: bytes) -> None:
        """It has no scanner."""
        raise ControlRefused("the reader has no barcode scanner")

    def present_tag(self, tag: Tag) -> None:
        """It does not look for tags yet."""
        raise ControlRefused("the reader looks for no tag now")

    def set_battery(self, percent: int) -> None:
        """Tell the host of a battery that gets low; under 5 % no payment starts."""
        before, self._battery_percent = self._battery_percent, percent
        if percent <= _EMPTY_BATTERY_PERCENT < before:
            self._notify(DeviceUpdate(DeviceState.BATTERY_CRITICAL))
        elif percent <= _LOW_BATTERY_PERCENT < before:
            self._notify(DeviceUpdate(DeviceState.BATTERY_LOW))

    def set_quirks(self, chances: Mapping[str, float]) -> None:
        """It has none yet."""
        if chances:
            raise ControlInvalid("the reader has no quirks")

    def plan_update(self, plan: UpdatePlan) -> None:
        """It takes no firmware yet."""
        raise ControlRefused("the reader takes no firmware")

    def _running(self) -> MmsTransaction:
        if self._transaction is None:
            raise ControlRefused("no transaction is running on the reader")
        return self._transaction

    def _take(self, body: bytes) -> None:
        try:
            request = message.decode(body)
        except RemoteError:
            return
        if not isinstance(request, Request):
            return
        try:
            command = from_request(request)
        except RemoteError:
            self._respond(request, refused(StatusDetail.REQUEST_MALFORMED))
            return
        self._carry_out(request, command)

    def _carry_out(self, request: Request, command: Command) -> None:
        busy = self._busy(command)
        if busy is not None:
            self._respond(request, busy)
            return
        match command:
            case StartTransaction():
                self._start(request, command)
            case ResumeTransaction():
                self._resume(request, command)
            case CancelTransaction():
                self._cancel(request)
            case ShowMessage():
                self._show_message(request, command)
            case ResetDevice():
                self._respond(request, DONE)
                self._forget()
                self.power_on()
            case GetProperty():
                self._tell_property(request, command)
            case _:
                self._respond(request, refused(StatusDetail.FEATURE_UNAVAILABLE))

    def _busy(self, command: Command) -> Status | None:
        """Why `command` must wait: requests are not queued (manual, 2.1)."""
        if isinstance(command, ResetDevice | CancelTransaction):
            return None
        if self._message_timer is not None:
            return Status(refused(StatusDetail.OK).code, _DISPLAY_BUSY)
        if self._transaction is None or isinstance(command, ResumeTransaction):
            return None
        return refused(StatusDetail.TRANSACTION_IN_PROGRESS)

    def _start(self, request: Request, command: StartTransaction) -> None:
        if self._battery_percent <= _EMPTY_BATTERY_PERCENT:
            self._respond(request, refused(StatusDetail.LOW_BATTERY))
            return
        order = order_of(command)
        if order is None:
            self._respond(request, refused(StatusDetail.PARAMETER_INVALID))
            return
        self._respond(request, STARTED)
        purchase = order.purchase
        amount = amount_line(purchase.amount, purchase.currency_code)
        self._transaction = MmsTransaction(
            order,
            self._bench,
            notify=self._notify,
            show=lambda state, text: self._show(state, text, above=amount),
            ended=self._show_result,
        )
        self._transaction.begin()

    def _resume(self, request: Request, command: ResumeTransaction) -> None:
        if self._transaction is None:
            self._respond(request, refused(StatusDetail.NO_TRANSACTION))
            return
        try:
            answer = decode_arpc(command.arpc_blob)
        except RemoteError:
            self._respond(request, refused(StatusDetail.REQUEST_MALFORMED))
            return
        is_for_us = answer.serial_number == self._bench.serial_number.encode("ascii")
        code = answer.response_code
        if not is_for_us or len(code) != 2 or not code.isalnum():
            self._respond(request, refused(StatusDetail.PARAMETER_INVALID))
        elif not self._transaction.is_authorising:
            self._respond(request, refused(StatusDetail.WRONG_TRANSACTION_STATE))
        else:
            self._respond(request, DONE)
            self._transaction.complete_online(answer)

    def _cancel(self, request: Request) -> None:
        if self._transaction is None:
            self._respond(request, refused(StatusDetail.NO_TRANSACTION))
        elif not self._transaction.is_waiting:
            self._respond(request, refused(StatusDetail.CANNOT_CANCEL))
        else:
            self._respond(request, DONE)
            self._transaction.cancel_by_host()

    def _show_message(self, request: Request, command: ShowMessage) -> None:
        if command.string_id not in set(StringId):
            self._respond(request, refused(StatusDetail.PARAMETER_INVALID))
            return
        text = StringId(command.string_id)
        if command.seconds == 0:
            self._respond(request, DONE)
            self._show(ReaderState.IDLE, text)
            return
        self._respond(request, STARTED)
        self._show(ReaderState.MESSAGE, text)
        self._message_timer = self._bench.later(command.seconds, self._message_over)

    def _message_over(self) -> None:
        self._message_timer = None
        self._show(ReaderState.IDLE, StringId.WELCOME)
        self._notify(InterfaceUpdate(InterfaceEvent.MESSAGE_TIMED_OUT))

    def _tell_property(self, request: Request, command: GetProperty) -> None:
        values: dict[tuple[int, ...], str] = {
            properties.SERIAL_NUMBER: self._bench.serial_number,
            properties.FIRMWARE_ID: FIRMWARE,
        }
        value = values.get(command.oid)
        if value is None:
            self._respond(request, refused(StatusDetail.PARAMETER_INVALID))
            return
        answer = properties.answer_parameters(command.oid, value.encode("ascii"))
        payload = message.payload_of(request.command, answer)
        self._respond(request, DONE, payload=payload)

    def _show_result(self, text: StringId) -> None:
        self._transaction = None
        self._show(ReaderState.IDLE, text)
        if text is not StringId.WELCOME:
            result_s = self._bench.timing.result_s
            self._result_timer = self._bench.later(result_s, self._welcome)

    def _welcome(self) -> None:
        self._show(ReaderState.IDLE, StringId.WELCOME)

    def _forget(self) -> None:
        if self._transaction is not None:
            self._transaction.abandon()
            self._transaction = None
        if self._message_timer is not None:
            self._message_timer.cancel()
            self._message_timer = None

    def _show(
        self, state: ReaderState, text: StringId, *, above: str | None = None
    ) -> None:
        if self._result_timer is not None:
            self._result_timer.cancel()
            self._result_timer = None
        lines = (above, text_of(text)) if above else (text_of(text),)
        self._bench.show(Screen(state, lines))

    def _respond(
        self, request: Request, status: Status, *, payload: bytes | None = None
    ) -> None:
        self._send(
            Response(request.reference, request.command, status, payload=payload)
        )

    def _notify(self, notice: Notice) -> None:
        self._send(notifications.to_notification(notice))

    def _send(self, outgoing: message.Message) -> None:
        packet = slip.MessagePacket(slip.Direction.TO_HOST, message.encode(outgoing))
        self._bench.send(slip.encode(packet))
