"""A MagTek reader of any model, on any wire: MMS messages in their packets.

Owns who may ask what when; what is asked for is done in the files beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drivers.errors import RemoteError
from drivers.protocol.magtek_mms import message
from drivers.protocol.magtek_mms.commands import from_request
from drivers.protocol.magtek_mms.device_notices import DeviceState, DeviceUpdate
from drivers.protocol.magtek_mms.ids import CommandId
from drivers.protocol.magtek_mms.message import DataFile, Request, Response
from drivers.protocol.magtek_mms.notifications import Notice, to_notification
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.magtek_mms.strings import StringId
from simulator.cards.card import Card, Entry
from simulator.errors import ControlRefused
from simulator.reader.alarm import Alarm
from simulator.reader.model import Bench, Stroke, Tag, UpdatePlan
from simulator.reader.models.magtek_mms.activity import Answer, Console, refuse
from simulator.reader.models.magtek_mms.battery import Battery
from simulator.reader.models.magtek_mms.description import Description
from simulator.reader.models.magtek_mms.desk import Desk, Parts
from simulator.reader.models.magtek_mms.files import Files
from simulator.reader.models.magtek_mms.firmware import (
    BOOT_LOADER_PRODUCT_ID,
    Firmware,
)
from simulator.reader.models.magtek_mms.identity import (
    keys_of,
    properties_of,
    texts_of,
)
from simulator.reader.models.magtek_mms.idle import IdleHands
from simulator.reader.models.magtek_mms.outbox import QUIRKS, Outbox
from simulator.reader.models.magtek_mms.property_table import PropertyTable
from simulator.reader.screen import DARK, ReaderState, Screen

LAST_MINUTE_S = 60.0
"""From an empty battery to a reader that is off (manual, 7, notification 1001)."""


class MmsReader:
    """Implements `simulator.reader.model.Model`."""

    def __init__(self, description: Description, bench: Bench) -> None:
        self._description = description
        self._bench = bench
        self._outbox = Outbox(bench)
        self._result = Alarm(bench.later)
        self._end = Alarm(bench.later)
        self._console = Console(
            bench,
            description,
            notify=self._notify,
            display=self._display,
            over=self._over,
            mac=self._outbox.mac,
        )
        self._parts = self._made_of()
        self._desk = Desk(self._console, self._parts, reset=self._reset)

    @property
    def name(self) -> str:
        """The profile's name."""
        return self._description.name

    @property
    def product_id(self) -> int | None:
        """The boot loader has one of its own."""
        is_boot_loader = self._parts.firmware.flash.is_boot_loader
        return BOOT_LOADER_PRODUCT_ID if is_boot_loader else None

    @property
    def texts(self) -> frozenset[str]:
        """What its screen can show, apart from amounts."""
        return texts_of(self._description)

    @property
    def keys(self) -> frozenset[str]:
        """What can be pressed."""
        return keys_of(self._description)

    @property
    def quirks(self) -> frozenset[str]:
        """What can go wrong on its side of the wire."""
        return QUIRKS

    @property
    def has_card_left_in(self) -> bool:
        """Whether a card is in the slot whose chip has no more to do."""
        return self._parts.idle.has_card_left_in

    def power_on(self) -> None:
        """Start up and say so; one whose firmware is broken does neither."""
        self._outbox.restart()
        flash = self._parts.firmware.flash
        if flash.is_dead:
            self._bench.restart(None)
            return
        self._parts.properties.power_on()
        self._console.say(ReaderState.IDLE, StringId.WELCOME)
        self._notify(DeviceUpdate(DeviceState.RESTARTED))
        self._parts.battery.power_on()

    def power_off(self) -> None:
        """Lose everything that was under way, without a word to the host."""
        self._result.stop()
        self._end.stop()
        self._desk.power_off()
        self._bench.show(DARK)

    def receive(self, data: bytes) -> None:
        """Bytes from the host; what is no message for it is skipped."""
        if self._parts.firmware.loses_power(data):
            return
        for body in self._outbox.packets().feed(data):
            self._take(body)
            self._outbox.flush()

    def set_quirks(self, chances: Mapping[str, float]) -> None:
        """From now on these strike, and no longer those before."""
        self._outbox.set_quirks(chances)

    def plan_update(self, plan: UpdatePlan) -> None:
        """Let the next firmware update end so."""
        self._parts.firmware.plan(plan)

    def set_battery(self, percent: int) -> None:
        """Charge or drain the battery; raises ControlRefused if there is none."""
        self._parts.battery.set(percent)

    def present_card(self, card: Card, entry: Entry) -> None:
        """Give it a card; raises ControlRefused unless it waits for one."""
        self._desk.activity.present_card(card, entry)

    def remove_card(self) -> None:
        """Pull the card or tag away; raises ControlRefused where there is none."""
        self._desk.remove_card()

    def press_key(self, key: str) -> None:
        """Press a key; raises ControlRefused if it does nothing now."""
        if key not in self.keys:
            raise ControlRefused(f"the reader has no key {key!r}")
        self._desk.activity.press_key(key)

    def touch(self, choice: str) -> None:
        """Touch a choice; raises ControlRefused where the screen has it not."""
        if not self._description.has_touch:
            raise ControlRefused("the reader has no touch screen")
        self._desk.activity.touch(choice)

    def sign(self, strokes: Sequence[Stroke]) -> None:
        """Sign; raises ControlRefused unless a signature is awaited."""
        if not self._description.has_touch:
            raise ControlRefused("the reader has no touch screen")
        self._desk.activity.sign(strokes)

    def show_barcode(self, data: bytes) -> None:
        """Show a code; raises ControlRefused unless the scanner is on."""
        if not self._description.has_scanner:
            raise ControlRefused("the reader has no barcode scanner")
        self._desk.activity.show_barcode(data)

    def present_tag(self, tag: Tag) -> None:
        """Hold a tag there; raises ControlRefused unless it looks for one."""
        self._desk.activity.present_tag(tag)

    def _made_of(self) -> Parts:
        battery = Battery(
            self._notify,
            is_there=self._description.has_battery,
            died=lambda: self._end.set(LAST_MINUTE_S, self._die),
        )
        firmware = Firmware(self._console, battery)
        told = properties_of(
            self._description,
            serial_number=self._bench.serial_number,
            version=lambda: firmware.flash.version,
            has_keys=lambda: firmware.flash.has_keys,
            battery=battery,
        )
        properties = PropertyTable(told)
        return Parts(
            battery,
            properties,
            files=Files(
                has_display=self._description.has_display, send=self._send_file
            ),
            firmware=firmware,
            idle=IdleHands(self._console, properties),
        )

    def _take(self, body: bytes) -> None:
        try:
            received = message.decode(body)
        except RemoteError:
            return
        match received:
            case Request():
                self._respond(received, self._answer(received))
            case DataFile():
                self._take_file(received)
            case _:
                return

    def _answer(self, request: Request) -> Answer:
        try:
            command = from_request(request)
        except RemoteError:
            return refuse(StatusDetail.REQUEST_MALFORMED)
        return self._desk.answer(command)

    def _respond(self, request: Request, answer: Answer) -> None:
        payload = (
            None
            if answer.parameters is None
            else message.payload_of(request.command, answer.parameters)
        )
        response = Response(
            request.reference, request.command, answer.status, payload=payload
        )
        self._outbox.send(response)
        if answer.then is not None:
            answer.then()

    def _take_file(self, file: DataFile) -> None:
        status = self._parts.files.received(file.file_type, file.payload)
        if status is not None:
            self._outbox.send(Response(file.reference, CommandId.SEND_FILE, status))

    def _send_file(self, file_type: int, content: bytes) -> None:
        self._outbox.send(DataFile(0, CommandId.GET_FILE, file_type, content))

    def _notify(self, notice: Notice) -> None:
        self._outbox.send(to_notification(notice))

    def _display(self, screen: Screen) -> None:
        self._result.stop()
        self._bench.show(screen)

    def _over(self, text: StringId, then: StringId) -> None:
        """The screen's own text again, after the outcome was seen for a while."""
        self._desk.over()
        if text is StringId.NONE:
            return
        self._console.say(ReaderState.IDLE, text)
        if text is not then:
            result_s = self._bench.timing.result_s
            self._result.set(
                result_s, lambda: self._console.say(ReaderState.IDLE, then)
            )

    def _reset(self) -> None:
        self._notify(DeviceUpdate(DeviceState.RESTARTED_BY_HOST))
        self._desk.power_off()
        self._result.stop()
        self.power_on()

    def _die(self) -> None:
        self._bench.restart(None)
