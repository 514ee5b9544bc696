"""What holds after every death: of money, of words, and of files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from card_data_scanner import scan_folder
from crash_register import Register
from crash_smart_journeys import smart_customer
from flow_agent import Agent
from flow_invariants import documented_codes
from flow_world import World

from agent.ids import PaymentId
from agent.journal.entries import (
    ActionRequested,
    ActionSent,
    ConfirmStarted,
    Entry,
    Outcome,
)
from agent.payments.evidence import PAYING
from agent.payments.payment import Payment, fold
from agent.payments.states import Phase


def payments_of(agent: Agent) -> dict[PaymentId, Payment]:
    """Every payment, as the agent's journal tells it."""
    entries: dict[PaymentId, list[Entry]] = {}
    for recorded in agent.journal.read(limit=100_000):
        entries.setdefault(recorded.entry.payment_id, []).append(recorded.entry)
    return {payment_id: fold(told) for payment_id, told in entries.items()}


def ends_of(agent: Agent) -> dict[PaymentId, Phase]:
    """How each payment that has ended did so."""
    return {
        payment_id: payment.phase
        for payment_id, payment in payments_of(agent).items()
        if payment.is_finished
    }


async def check_money(world: World, agent: Agent, intents: list[str]) -> None:
    """One charge at most, and the journal says of each intent what Stripe says."""
    payments = payments_of(agent).values()
    announced = _announced(agent)
    for intent in intents:
        succeeded = [
            payment
            for payment in payments
            if payment.payment_intent == intent
            and payment.outcome is Outcome.SUCCEEDED
            and payment.action in PAYING
        ]
        charges = await _charges(world, intent)
        paid = [charge for charge in charges if charge["paid"]]
        assert len(paid) <= 1, "the cardholder was charged twice"
        taken = await world.taken(intent)
        assert len(taken) == len(succeeded) <= 1, "money and words disagree"
        agreed = [payment.total for payment in succeeded]
        assert taken == agreed, "another amount than was agreed, with its tip"
        assert not charges or intent in announced, "a charge that nobody announced"


async def check_kept_cards(world: World, agent: Agent) -> None:
    """A card is kept for its customer if and only if the register was told so, once."""
    for payment in payments_of(agent).values():
        if payment.setup_intent is None:
            continue
        setup = await world.stripe("GET", f"/v1/setup_intents/{payment.setup_intent}")
        cards: list[str] = []
        if setup["customer"] is not None:
            path = f"/v1/customers/{setup['customer']}/payment_methods?type=card"
            cards = [each["id"] for each in (await world.stripe("GET", path))["data"]]
        is_kept = payment.outcome is Outcome.SUCCEEDED
        assert not is_kept or setup["status"] == "succeeded"
        assert len(cards) <= 1, "a card was kept twice"
        assert not is_kept or cards == [payment.result], "cards and words disagree"
        ends = [
            one.outcome
            for one in payments_of(agent).values()
            if one.setup_intent == payment.setup_intent
        ]
        assert not cards or Outcome.SUCCEEDED in ends, "a card that nobody was told of"


async def check_refunds(world: World, agent: Agent) -> None:
    """Money went back if and only if the register was told so, once."""
    told = {
        payment.payment_id: payment.result
        for payment in payments_of(agent).values()
        if payment.action == "refund_payment" and payment.outcome is Outcome.SUCCEEDED
    }
    listed = (await world.stripe("GET", "/v1/refunds?limit=100"))["data"]
    made = [
        (refund["metadata"]["cardlane_payment"], refund["id"])
        for refund in listed
        if "cardlane_payment" in refund["metadata"]
    ]
    assert sorted(made) == sorted(told.items()), "refunds and words disagree"


def check_words(agent: Agent, told: dict[PaymentId, Phase]) -> None:
    """Every payment has ended, as it was told, with a code that is documented."""
    payments = payments_of(agent)
    for payment_id, payment in payments.items():
        assert payment.is_finished, f"{payment.phase} for ever"
        code = payment.failure_code
        assert code in documented_codes() | {None}, f"{code} is in no document"
        assert told.get(payment_id, payment.phase) is payment.phase, "a changed mind"
    assert told.keys() <= payments.keys(), "a payment that was told is lost"
    agent.journal.verify()


def check_files(*folders: Path) -> None:
    """No card data and no key in anything that was written."""
    findings = [str(one) for folder in folders for one in scan_folder(folder)]
    assert findings == []


async def pays_again(register: Register) -> None:
    """The next payment works."""
    agent, reader = register.agent, register.reader
    if register.is_smart:
        smart_customer(register.world, "visa_approved")
    else:
        register.world.customer("visa_approved")
        await agent.until_online(reader)
    intent = await agent.intent(5_00)
    action = await agent.pay(reader, intent)
    assert action is not None
    assert action["status"] == "succeeded", action
    assert await register.world.taken(intent) == [5_00]


def _announced(agent: Agent) -> set[str | None]:
    """The intents whose confirm the journal has announced."""
    entries = [one.entry for one in agent.journal.read(limit=100_000)]
    started = {
        entry.payment_id
        for entry in entries
        if isinstance(entry, ActionSent | ConfirmStarted)
    }
    return {
        entry.payment_intent
        for entry in entries
        if isinstance(entry, ActionRequested) and entry.payment_id in started
    }


async def _charges(world: World, intent: str) -> list[Any]:
    path = f"/v1/charges?payment_intent={intent}&limit=100"
    charges: list[Any] = (await world.stripe("GET", path))["data"]
    return charges
