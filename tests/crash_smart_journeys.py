"""The ways of a payment on a smart reader of Stripe's, for the crash matrix."""

from __future__ import annotations

from crash_register import Register
from flow_world import World

from simulator.cards.card import Entry
from simulator.stripe_api.at_the_reader.deeds import Deed, EnterPin, PresentCard
from simulator.stripe_api.at_the_reader.rules import Condition, Rule, SmartRules
from simulator.stripe_api.engine.faults import LoseReply
from simulator.stripe_api.smart_readers.phases import Phase

CODE = "simulated-wpe"
"""The registration code of the reader."""
COMMAND = "/v1/terminal/readers/*/process_payment_intent"


def smart_customer(world: World, card: str, *, after_s: float = 0.1) -> None:
    """From now on whoever is asked for a card at a smart reader presents this one."""
    for watcher in world.simulator.stripe_api.shop.watchers:
        if isinstance(watcher, SmartRules):
            watcher.clear()
    present = PresentCard(world.simulator.cards.named(card), Entry.CONTACT)
    when(world, Phase.WAITING_FOR_CARD, present, after_s=after_s)
    when(world, Phase.ENTERING_PIN, EnterPin(), after_s=after_s)


def when(world: World, phase: Phase, deed: Deed, *, after_s: float) -> None:
    """Every time a smart reader is in that phase."""
    rules = SmartRules(world.simulator.stripe_api)
    rule = Rule(Condition(phase=phase), (deed,), after_s=after_s, times=None)
    rules.add(rule)


def approved(world: World) -> None:
    """A good card."""
    smart_customer(world, "visa_approved")


def declined(world: World) -> None:
    """A card that its issuer declines."""
    smart_customer(world, "visa_declined")


def interac(world: World) -> None:
    """A card whose money goes back to it only."""
    smart_customer(world, "interac_approved")


def nobody(world: World) -> None:
    """No customer comes."""


def command_is_lost(world: World) -> None:
    """The reader acts, and the answers to the command do not arrive."""
    approved(world)
    world.stripe_fault(LoseReply(), path=COMMAND, times=2)


async def pays(register: Register, intent: str) -> None:
    """The plain way."""
    await register.process(intent)
    await register.ended()


async def changes_its_mind(register: Register, intent: str) -> None:
    """Cancels while the reader waits for a card."""
    await register.process(intent)
    await register.world.passed(1.0)
    await register.cancel()


async def replaces(register: Register, intent: str) -> None:
    """Wants another amount while the reader waits for a card, which then comes."""
    await register.process(intent)
    other = await register.new_intent(7_00, capture="automatic")
    await register.process(other)
    smart_customer(register.world, "visa_approved")
    await register.ended()


async def collects_and_confirms(register: Register, intent: str) -> None:
    """Inspects the card before it is charged."""
    await register.act("collect_payment_method", {"payment_intent": intent})
    await register.ended()
    await register.act("confirm_payment_intent", {"payment_intent": intent})
    await register.ended()


async def is_covered_up(register: Register, intent: str) -> None:
    """Somebody else takes the reader as soon as the card is charged."""
    await register.process(intent)
    await register.world.passed(0.2)
    path = f"/v1/terminal/readers/{register.reader}/cancel_action"
    await register.world.stripe("POST", path)
    await register.ended()
