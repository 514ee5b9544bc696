"""How a card may be read, and a bare script for each: the same bytes, nothing beside.

No reader family takes all of them: a DynaProx refuses taps that give a stripe's data,
which a VP3300 still knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import serial

from benchmarks.payment_overhead import AMOUNT, START, BareScript, Calls, confirm_form
from drivers.protocol import emv, tlv
from drivers.protocol.idtech_neo import frame
from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
    Fallback,
    Interface,
)
from drivers.protocol.idtech_neo.basic import PollMode, SetPollMode
from drivers.protocol.idtech_neo.card_answer import CardAnswer, decode_card_answer
from drivers.protocol.idtech_neo.commands import Command, to_frame
from drivers.protocol.idtech_neo.issuer_data import (
    encode_issuer_data,
    issuer_data_of,
    ksn_of,
)
from drivers.protocol.idtech_neo.status import StatusCode
from drivers.protocol.magtek_mms.card_data import Arpc, decode_arqc, encode_arpc
from drivers.protocol.magtek_mms.control import ResumeTransaction
from drivers.protocol.magtek_mms.notifications import CardData, TransactionComplete
from drivers.protocol.sale import sale_objects
from examples.launch import STRIPE_KEY, Simulator

CARD = "payment_method_data[card_present]"
VP3300 = "idtech_vp3300"
ACTIVATE = ActivateTransaction(
    60,
    sale_objects(AMOUNT, "usd"),
    interfaces=Interface.CONTACT | Interface.CONTACTLESS | Interface.MSR,
    fallback=Fallback(is_allowed=True, next_command_s=180),
)


@dataclass(frozen=True)
class Way:
    """How the card is read, and by whom."""

    read_method: str
    card: str
    entry: str
    model: str = "magtek_dynaprox"
    after_chip: bool = False
    """Whether the cardholder tries a dead chip before."""

    @property
    def content(self) -> str:
        """The parameter in which Stripe gets what was read."""
        return "track_2" if self.read_method.startswith("magnetic") else "emv_data"

    def present(self, world: Simulator, readers: Iterable[str]) -> None:
        """Have a customer at each of `readers`, every time; at no other reader any."""
        world.control("DELETE", "/simulator/rules")
        for reader in readers:
            if self.after_chip:
                shown = "USE MAGSTRIPE"
                world.when_asked_present(
                    self.card, entry="swipe", reader=reader, only=False, shows=shown
                )
            entry = "contact" if self.after_chip else self.entry
            world.when_asked_present(self.card, entry=entry, reader=reader, only=False)


WAYS = (
    Way("contact_emv", "visa_approved", "contact"),
    Way("contactless_emv", "visa_contactless", "contactless"),
    Way("contactless_magstripe_mode", "visa_stripe_tap", "contactless", model=VP3300),
    Way("magnetic_stripe_fallback", "visa_chip_fallback", "swipe", after_chip=True),
    Way("magnetic_stripe_track2", "visa_approved", "swipe"),
)


class MmsScript(BareScript):
    """The bare script at a MagTek reader, for one way of reading."""

    def __init__(self, world: Simulator, way: Way) -> None:
        super().__init__(world)
        self._way = way

    def pay(self, intent: str) -> None:
        """The PaymentIntent, the card, the confirm, the reader's end."""
        self._calls.get(f"/v1/payment_intents/{intent}")
        self._send(START)
        arqc = decode_arqc(self._wait_for(CardData).blob)
        form = confirm_form(arqc)
        content = form.pop(f"{CARD}[emv_data]")
        form[f"{CARD}[{self._way.content}]"] = content
        form[f"{CARD}[read_method]"] = self._way.read_method
        confirmed = self._calls.post(f"/v1/payment_intents/{intent}/confirm", form)
        details = confirmed["latest_charge"]["payment_method_details"]["card_present"]
        answer = tlv.decode(bytes.fromhex(details["emv_auth_data"] or ""))
        code = tlv.find_value(answer, emv.AUTHORISATION_RESPONSE_CODE)
        data = tlv.find_value(answer, emv.ISSUER_AUTHENTICATION_DATA)
        arpc = Arpc(arqc.serial_number, code or b"00", data or b"")
        self._send(ResumeTransaction(encode_arpc(arpc)))
        self._wait_for(TransactionComplete)


class NeoScript:
    """The bare script at an ID TECH reader without display, for taps."""

    def __init__(self, world: Simulator, way: Way) -> None:
        self._way = way
        self._port = serial.Serial(str(world.folder / "bare_neo"), 115200, timeout=5)
        self._calls = Calls(world.url, key=STRIPE_KEY)
        self._decoder = frame.Decoder()
        self._send(SetPollMode(PollMode.ON_DEMAND))
        next(self._frames())

    def pay(self, intent: str) -> None:
        """The PaymentIntent, the card, the confirm; the reader has ended by then."""
        self._calls.get(f"/v1/payment_intents/{intent}")
        self._send(ACTIVATE)
        answer = self._wait_for_card()
        form = {
            "payment_method_data[type]": "card_present",
            f"{CARD}[{self._way.content}]": _hex(
                encode_issuer_data(issuer_data_of(answer))
            ),
            f"{CARD}[ksn]": _hex(ksn_of(answer)),
            f"{CARD}[read_method]": self._way.read_method,
            f"{CARD}[reader]": "bare",
            "expand[]": "latest_charge",
        }
        confirmed = self._calls.post(f"/v1/payment_intents/{intent}/confirm", form)
        if confirmed["status"] != "succeeded":
            raise RuntimeError(f"not paid: {confirmed}")

    def close(self) -> None:
        """Give the port back."""
        self._port.close()

    def _send(self, command: Command) -> None:
        self._port.write(frame.encode_command(to_frame(command)))

    def _wait_for_card(self) -> CardAnswer:
        for received in self._frames():
            if received.code == StatusCode.ONLINE_REQUESTED:
                return decode_card_answer(received.data)
        raise RuntimeError("the reader said nothing more")

    def _frames(self) -> Iterator[frame.Frame]:
        while data := self._port.read(max(1, self._port.in_waiting)):
            yield from map(frame.decode, self._decoder.feed(data))


def bare_script(way: Way, world: Simulator) -> MmsScript | NeoScript:
    """What the agent is set against; to be closed."""
    return (NeoScript if way.model == VP3300 else MmsScript)(world, way)


def _hex(data: bytes) -> str:
    return data.hex().upper()
