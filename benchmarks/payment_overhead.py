"""What the agent adds to a payment, and what it costs to have it running.

A register that calls the agent is set against a bare script that speaks the same bytes
to the same simulated reader and makes the same calls to the same simulated Stripe,
without journal, recovery or API. Both in one run, turn by turn.
"""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import serial

from benchmarks.shared.hurry import without_limits
from benchmarks.shared.percentiles import percentile
from drivers.protocol import emv, slip, tlv
from drivers.protocol.magtek_mms import message
from drivers.protocol.magtek_mms.card_data import Arpc, Arqc, decode_arqc, encode_arpc
from drivers.protocol.magtek_mms.commands import Command, to_request
from drivers.protocol.magtek_mms.control import ResumeTransaction
from drivers.protocol.magtek_mms.notifications import (
    CardData,
    DataKind,
    Notice,
    Outcome,
    TransactionComplete,
    from_notification,
)
from drivers.protocol.magtek_mms.start import Contactless, Options, StartTransaction
from examples.launch import (
    STRIPE_KEY,
    AgentFolder,
    Simulator,
    agent,
    agent_folder,
    as_installed,
    call,
    expect,
    simulator,
)

Wanted = TypeVar("Wanted", CardData, TransactionComplete)

ROOT = Path(__file__).resolve().parent.parent
AMOUNT = 1200
START = StartTransaction(
    timeout_s=60,
    swipe=True,
    insert=True,
    contactless=Contactless.EMV,
    options=Options.DYNAPRO_FORMAT,
    emv_data=(
        tlv.Tlv(emv.TRANSACTION_TYPE, b"\x00"),
        tlv.Tlv(emv.AMOUNT_AUTHORISED, emv.encode_amount(AMOUNT)),
        tlv.Tlv(emv.AMOUNT_OTHER, emv.encode_amount(0)),
        tlv.Tlv(emv.TRANSACTION_CURRENCY_CODE, b"\x08\x40"),
    ),
)
PAYMENTS = 200
WARM_UP = 20
STARTS = 7
GOAL = {"ratio_p50": 1.5, "start_s": 0.7, "idle_pss_mib": 55.0}
STRIPE_VERSION = "2026-10-28.endive"


def main() -> int:
    """Measure, print a few lines for people and one JSON object for programs."""
    with tempfile.TemporaryDirectory(prefix="cardlane-bench-") as name:
        folder = Path(name)
        with simulator(folder, readers=["agents", "bare"]) as world:
            home = without_limits(agent_folder(folder, stripe_url=world.url))
            starts = [start_time(home) for _ in range(STARTS)]
            with agent(home) as process:
                register = Register(world, home, key=home.key())
                idle = pss_mib(process.popen.pid)
                bare = BareScript(world)
                present_cards(world)
                ours, theirs = take_turns(world, register.pay, bare.pay)
                bare.close()
    figures = {
        "payments": PAYMENTS,
        "agent_p50_ms": percentile(ours, 50),
        "agent_p99_ms": percentile(ours, 99),
        "bare_p50_ms": percentile(theirs, 50),
        "bare_p99_ms": percentile(theirs, 99),
        "ratio_p50": round(percentile(ours, 50) / percentile(theirs, 50), 3),
        "ratio_p99": round(percentile(ours, 99) / percentile(theirs, 99), 3),
        "start_s": round(statistics.median(starts), 3),
        "idle_pss_mib": round(idle, 1),
    }
    met = all(figures[name] <= limit for name, limit in GOAL.items())
    print(json.dumps({"name": "payment_overhead", **figures, "goal": GOAL, "met": met}))
    return 0


def take_turns(
    world: Simulator, ours: Callable[[str], None], theirs: Callable[[str], None]
) -> tuple[list[float], list[float]]:
    """Milliseconds of each payment of each side, in turn, the first few left out."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(PAYMENTS + WARM_UP):
        for side, pay in enumerate((ours, theirs)):
            intent = new_intent(world)
            started = time.perf_counter()
            pay(intent)
            elapsed_ms = (time.perf_counter() - started) * 1000
            if turn >= WARM_UP:
                times[side].append(elapsed_ms)
    return times


class Register:
    """A register app that takes payments through the agent."""

    def __init__(
        self, world: Simulator, home: AgentFolder, *, key: str, reader: str = "agents"
    ) -> None:
        registered = expect(
            call(
                f"{home.url}/v1/terminal/readers",
                {"registration_code": f"serial:{world.folder / reader}"},
                key=key,
            )
        )
        self._path = f"/v1/terminal/readers/{registered['id']}/process_payment_intent"
        self._calls = Calls(home.url, key=key)

    def pay(self, intent: str) -> None:
        """One call, answered when the payment has ended."""
        reader = self._calls.post(self._path, {"payment_intent": intent}, wait_s=30)
        if reader["action"]["status"] != "succeeded":
            raise RuntimeError(f"not paid: {reader['action']}")


class BareScript:
    """The least that takes the same payment: a port, a socket, no memory."""

    def __init__(self, world: Simulator) -> None:
        self._port = serial.Serial(str(world.folder / "bare"), 115200, timeout=5)
        self._calls = Calls(world.url, key=STRIPE_KEY)
        self._decoder = slip.Decoder()
        self._received: deque[Notice] = deque()
        self._reference = 0

    def pay(self, intent: str) -> None:
        """The PaymentIntent, the card, the confirm, the card's verdict."""
        self._calls.get(f"/v1/payment_intents/{intent}")
        self._send(START)
        arqc = decode_arqc(self._wait_for(CardData).blob)
        confirmed = self._calls.post(
            f"/v1/payment_intents/{intent}/confirm", confirm_form(arqc)
        )
        details = confirmed["latest_charge"]["payment_method_details"]["card_present"]
        answer = tlv.decode(bytes.fromhex(details["emv_auth_data"]))
        arpc = Arpc(
            arqc.serial_number,
            tlv.find_value(answer, emv.AUTHORISATION_RESPONSE_CODE) or b"",
            tlv.find_value(answer, emv.ISSUER_AUTHENTICATION_DATA) or b"",
        )
        self._send(ResumeTransaction(encode_arpc(arpc)))
        complete = self._wait_for(TransactionComplete)
        if complete.outcome != Outcome.APPROVED:
            raise RuntimeError(f"the card said {complete}")

    def close(self) -> None:
        """Give the port back."""
        self._port.close()

    def _send(self, command: Command) -> None:
        self._reference = self._reference % 255 + 1
        request = message.encode(to_request(command, self._reference))
        packet = slip.MessagePacket(slip.Direction.TO_DEVICE, request)
        self._port.write(slip.encode(packet))

    def _wait_for(self, kind: type[Wanted]) -> Wanted:
        """The next notification of that kind; others are passed over."""
        while True:
            while self._received:
                notice = self._received.popleft()
                if isinstance(notice, kind):
                    return notice
            data = self._port.read(max(1, self._port.in_waiting))
            for packet in self._decoder.feed(data):
                if isinstance(packet, slip.MessagePacket):
                    self._take(message.decode(packet.message))

    def _take(self, received: message.Message) -> None:
        if isinstance(received, message.Notification):
            notice = from_notification(received)
            # The batch record comes with the same type as the ARQC.
            if not (isinstance(notice, CardData) and notice.kind is DataKind.BATCH):
                self._received.append(notice)


class Calls:
    """One kept-open connection to an HTTP server."""

    def __init__(self, url: str, *, key: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Stripe-Version": STRIPE_VERSION,
        }

    def get(self, path: str) -> Any:
        """GET, and its JSON."""
        return self._call("GET", path, body=None, headers=self._headers)

    def post(
        self, path: str, form: dict[str, str], *, wait_s: int | None = None
    ) -> Any:
        """POST a form, and the answer's JSON."""
        headers = self._headers
        if wait_s is not None:
            headers = headers | {"Prefer": f"wait={wait_s}"}
        return self._call("POST", path, body=urlencode(form), headers=headers)

    def _call(
        self, method: str, path: str, *, body: str | None, headers: dict[str, str]
    ) -> Any:
        self._connection.request(method, path, body=body, headers=headers)
        answer = self._connection.getresponse()
        return expect((answer.status, json.loads(answer.read())))


def confirm_form(arqc: Arqc) -> dict[str, str]:
    """The confirm that the agent would send for this card."""
    card = "payment_method_data[card_present]"
    return {
        "payment_method_data[type]": "card_present",
        f"{card}[emv_data]": arqc.encrypted.ciphertext.hex().upper(),
        f"{card}[ksn]": arqc.encrypted.ksn.hex().upper(),
        f"{card}[read_method]": "contact_emv",
        f"{card}[reader]": "bare",
        "expand[]": "latest_charge",
    }


def present_cards(world: Simulator) -> None:
    """A customer at each reader who inserts a good card when asked, every time."""
    world.when_asked_present("visa_approved", reader="agents")
    world.when_asked_present("visa_approved", reader="bare", only=False)


def new_intent(world: Simulator) -> str:
    """A PaymentIntent over 12.00 USD, made outside of what is timed."""
    body = {
        "amount": AMOUNT,
        "currency": "usd",
        "allowed_payment_method_types": ["card_present"],
    }
    return str(world.stripe("/v1/payment_intents", body)["id"])


def start_time(home: AgentFolder) -> float:
    """Seconds from fork to the first 200."""
    started = time.perf_counter()
    popen = subprocess.Popen(
        home.command("run"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=as_installed(ROOT / ".bench"),
    )
    try:
        while not is_live(home.url):
            time.sleep(0.001)
        return time.perf_counter() - started
    finally:
        popen.terminate()
        popen.wait()


def is_live(url: str) -> bool:
    """Whether the agent answers yet."""
    try:
        return call(f"{url}/agent/health/live")[0] == 200
    except OSError:
        return False


def pss_mib(pid: int) -> float:
    """Proportional set size of a process without children."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("smaps_rollup has no Pss line")


if __name__ == "__main__":
    sys.exit(main())
