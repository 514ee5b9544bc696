"""What the agent costs a payment, by read method, by number of readers and on the disk.

For chips, taps and swipes a register that calls the agent is set against the bare script
of payment_overhead.py, turn by turn. Taps that give a stripe's data are left out, since
the simulated reader of that script takes none, and so are swipes after a dead chip, whose
tries are the cardholder's time. Sixteen readers are those of many_readers.py.
The journal's fsyncs are counted on its disk, and one of them is set against a bare one.

    python benchmarks/payments.py [PAYMENTS]
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.many_readers import Till, measure
from benchmarks.payment_overhead import (
    START,
    BareScript,
    Register,
    confirm_form,
    new_intent,
)
from benchmarks.shared.hurry import without_limits
from benchmarks.shared.journal_costs import commits_and_fsyncs, commits_in
from benchmarks.shared.percentiles import percentile
from drivers.protocol import emv, tlv
from drivers.protocol.magtek_mms.card_data import Arpc, Arqc, decode_arqc, encode_arpc
from drivers.protocol.magtek_mms.control import ResumeTransaction
from drivers.protocol.magtek_mms.notifications import CardData, TransactionComplete
from examples.launch import AgentFolder, Simulator, agent, agent_folder, simulator

PAYMENTS = 120
"""By read method and side."""
WARM_UP = 10
READERS = 16
PAYMENTS_EACH = 40
COUNTED = 20
"""Payments whose fsyncs are counted: few enough for the log not to begin anew."""
DISK_TURNS = 300
NEEDED_FSYNCS = 3
"""ActionRequested before the answer, ConfirmStarted before the confirm, ActionFinished
before the end is told."""
GOAL = {"worst_ratio_p50": 1.3, "fsyncs_beyond_rule": 2.0}


@dataclass(frozen=True)
class Way:
    """How the card is read."""

    read_method: str
    card: str
    entry: str

    @property
    def content(self) -> str:
        """The parameter in which Stripe gets what was read."""
        return "track_2" if "magnetic" in self.read_method else "emv_data"


WAYS = (
    Way("contact_emv", "visa_approved", "contact"),
    Way("contactless_emv", "visa_contactless", "contactless"),
    Way("magnetic_stripe_track2", "visa_approved", "swipe"),
)


def main() -> int:
    """Measure, print a few lines for people and one JSON object for programs."""
    payments = int(sys.argv[1]) if len(sys.argv) > 1 else PAYMENTS
    names = ["agents", "bare", *(f"till{number:02}" for number in range(READERS))]
    with tempfile.TemporaryDirectory(prefix="cardlane-bench-") as name:
        folder = Path(name)
        with simulator(folder, readers=names) as world:
            home = without_limits(agent_folder(folder, stripe_url=world.url))
            with agent(home):
                figures = of_agent(world, home, tills=names[2:], payments=payments)
        figures |= of_disk(folder)
    met = all(figures[name] <= limit for name, limit in GOAL.items())
    print(json.dumps({"name": "payments", **figures, "goal": GOAL, "met": met}))
    return 0


def of_agent(
    world: Simulator, home: AgentFolder, *, tills: list[str], payments: int
) -> dict[str, Any]:
    """Overhead by read method, payments a second, and fsyncs a payment."""
    key = home.key()
    register = Register(world, home, key=key)
    fsyncs = fsyncs_per_payment(world, home, register)
    bare = BarePayer(world)
    ratios = {
        way.read_method: ratio_of(way, world, register, bare, payments=payments)
        for way in WAYS
    }
    bare.close()
    for index, reader in enumerate(tills):
        world.when_asked_present("visa_approved", reader=reader, only=index == 0)
    together = measure(
        [Till(world, home, reader=reader, key=key) for reader in tills],
        payments=PAYMENTS_EACH,
    )
    return {
        "ratio_p50_by_read_method": ratios,
        "worst_ratio_p50": max(ratios.values()),
        "payments_per_s_16": round(together.per_second, 1),
        "fsyncs_per_payment": fsyncs,
        "fsyncs_beyond_rule": round(fsyncs - NEEDED_FSYNCS, 2),
    }


def fsyncs_per_payment(
    world: Simulator, home: AgentFolder, register: Register
) -> float:
    """Of payments with a chip, one after the other."""
    world.when_asked_present("visa_approved", reader="agents")
    register.pay(new_intent(world))
    journal = home.folder / "state" / "journal.db"
    before = commits_in(journal)
    for _ in range(COUNTED):
        register.pay(new_intent(world))
    return (commits_in(journal) - before) / COUNTED


def ratio_of(
    way: Way,
    world: Simulator,
    register: Register,
    bare: BarePayer,
    *,
    payments: int,
) -> float:
    """How much longer the agent takes at p50 than the bare script."""
    world.when_asked_present(way.card, entry=way.entry, reader="agents")
    world.when_asked_present(way.card, entry=way.entry, reader="bare", only=False)
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(payments + WARM_UP):
        for side in range(2):
            intent = new_intent(world)
            started = time.perf_counter()
            if side == 0:
                register.pay(intent)
            else:
                bare.pay_by(way, intent)
            if turn >= WARM_UP:
                times[side].append((time.perf_counter() - started) * 1000)
    ours, theirs = (percentile(side, 50) for side in times)
    print(f"{way.read_method:28} agent {ours:7.2f} ms  bare {theirs:7.2f} ms")
    return round(ours / theirs, 3)


class BarePayer(BareScript):
    """The bare script, for cards read in any way."""

    def pay_by(self, way: Way, intent: str) -> None:
        """The PaymentIntent, the card, the confirm, the reader's end."""
        self._calls.get(f"/v1/payment_intents/{intent}")
        self._send(START)
        arqc = decode_arqc(self._wait_for(CardData).blob)
        confirmed = self._calls.post(
            f"/v1/payment_intents/{intent}/confirm", form_by(way, arqc)
        )
        details = confirmed["latest_charge"]["payment_method_details"]["card_present"]
        answer = tlv.decode(bytes.fromhex(details["emv_auth_data"] or ""))
        code = tlv.find_value(answer, emv.AUTHORISATION_RESPONSE_CODE)
        data = tlv.find_value(answer, emv.ISSUER_AUTHENTICATION_DATA)
        arpc = Arpc(arqc.serial_number, code or b"00", data or b"")
        self._send(ResumeTransaction(encode_arpc(arpc)))
        self._wait_for(TransactionComplete)


def form_by(way: Way, arqc: Arqc) -> dict[str, str]:
    """The confirm for a card that was read like this."""
    card = "payment_method_data[card_present]"
    form = confirm_form(arqc)
    content = form.pop(f"{card}[emv_data]")
    return {
        **form,
        f"{card}[{way.content}]": content,
        f"{card}[read_method]": way.read_method,
    }


def of_disk(folder: Path) -> dict[str, Any]:
    """A durable entry, beside a page that is written and fsynced by itself."""
    ours, theirs = uvloop.run(commits_and_fsyncs(folder, turns=DISK_TURNS))
    commit, fsync = statistics.median(ours), statistics.median(theirs)
    print(f"commit {commit:.3f} ms  fsync {fsync:.3f} ms")
    return {
        "commit_p50_ms": round(commit, 3),
        "fsync_p50_ms": round(fsync, 3),
        "commit_to_fsync": round(commit / fsync, 2),
    }


if __name__ == "__main__":
    sys.exit(main())
