"""The ways of a payment on which an agent is killed at every point. One table.

A journey is what the cardholder does and what the register asks; it grows by rows.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import crash_card_journeys as cards
import crash_form_journeys as forms
import crash_smart_journeys as smart
from crash_register import Register
from flow_cables import DYNAPROX, Hardware
from flow_tips import NO_TIP, TIPPING, TipScreens, tips_form
from flow_world import CONFIRM, World

from agent.payments.states import Phase
from simulator.reader.actions import PresentCard, PressKey, RemoveCard
from simulator.reader.screen import ReaderState
from simulator.stripe_api.engine.faults import AnswerStatus, Delay, LoseReply

VP3300 = Hardware("idtech_vp3300")

Prepare = Callable[[World], None]
Walk = Callable[[Register, str], Coroutine[Any, Any, None]]
"""What the register does to be paid for this intent."""


@dataclass(frozen=True, slots=True)
class Journey:
    """One way to pay, or not to."""

    name: str
    prepare: Prepare
    walk: Walk
    capture: str = "automatic"
    hardware: Hardware | None = DYNAPROX
    """None for a smart reader, which Stripe drives."""

    @property
    def code(self) -> str:
        """The registration code of its reader."""
        return smart.CODE if self.hardware is None else self.hardware.code("counter")

    def __str__(self) -> str:
        return self.name


async def pays(register: Register, intent: str) -> None:
    """The plain way."""
    await register.process(intent)
    await register.ended()


async def pays_unless_canceled(register: Register, intent: str) -> None:
    """Where the customer may cancel."""
    may_cancel = {"process_config[enable_customer_cancellation]": "true"}
    await register.process(intent, **may_cancel)
    await register.ended()


async def pays_with_a_tip(register: Register, intent: str) -> None:
    """The plain way, where the account has tips; the next payment is too small for 20 %."""
    path = "/v1/terminal/configurations"
    listed = await register.world.stripe("GET", f"{path}?is_account_default=true")
    tips = tips_form(
        percentages="10,15,20",
        fixed_amounts="100,200,300",
        smart_tip_threshold="1000",
    )
    await register.ask(f"{path}/{listed['data'][0]['id']}", tips)
    await pays(register, intent)


async def changes_its_mind(register: Register, intent: str) -> None:
    """Cancels while the reader waits for a card."""
    await register.process(intent)
    await register.world.is_in(ReaderState.WAITING_FOR_CARD)
    await register.cancel()


async def replaces(register: Register, intent: str) -> None:
    """Wants another amount while the reader waits for a card, which then comes."""
    await register.process(intent)
    await register.world.is_in(ReaderState.WAITING_FOR_CARD)
    other = await register.new_intent(7_00, capture="automatic")
    register.world.customer("visa_approved", after_s=1.0)
    await register.process(other)
    await register.ended()


async def is_told_it_is_unknown(register: Register, intent: str) -> None:
    """Asks for another payment while the first one's outcome is unknown."""
    await register.process(intent)
    await register.agent.until(register.reader, Phase.UNKNOWN)
    await register.process(await register.new_intent(7_00, capture="automatic"))
    register.world.mend_stripe()
    await register.ended()


def card(name: str, *, entry: str = "contact") -> Prepare:
    """A customer with this card, whenever the reader asks."""
    return lambda world: world.customer(name, entry=entry)


def forgets_the_card(world: World) -> None:
    """The customer comes back for the card only after a while."""
    world.customer("visa_approved", stays_s=20.0)


def wants_to_go(world: World) -> None:
    """The customer presses the red key, and pays when asked again."""
    world.nobody()
    world.when(ReaderState.WAITING_FOR_CARD, PressKey("cancel"))
    world.customer("visa_approved", only=False)


def nobody(world: World) -> None:
    """No customer comes."""
    world.nobody()


def swipes_after_a_dead_chip(world: World) -> None:
    """The chip does not answer, so the stripe is read."""
    world.nobody()
    book = world.simulator.cards
    for entry in ("contact", "swipe"):
        dead = book.named("visa_chip_fallback")
        present = PresentCard(dead, type(next(iter(dead.entries)))(entry))
        world.when(ReaderState.WAITING_FOR_CARD, present, after_s=1.0)


def walks_away(world: World) -> None:
    """The customer presses the red key."""
    world.nobody()
    world.when_waiting(PressKey("cancel"))


def stripe_loses(count: int) -> Prepare:
    """Stripe acts, and its answers do not arrive."""

    def prepare(world: World) -> None:
        world.customer("visa_approved")
        world.stripe_fault(LoseReply(), path=CONFIRM, times=count)

    return prepare


def stripe_fails(world: World) -> None:
    """Stripe answers with 500 for as long as that lasts."""
    world.customer("visa_approved")
    world.stripe_fault(AnswerStatus(500), path=CONFIRM, times=None)


def stripe_is_too_late(world: World) -> None:
    """Stripe approves when the card has long been told that nobody answers."""
    world.customer("visa_approved")
    world.stripe_fault(Delay(seconds=75.0), path=CONFIRM)


def tips(world: World) -> None:
    """The customer gives 20 %, where that is offered."""
    world.customer("visa_approved")
    TipScreens(world).choose("20%", *NO_TIP)


def pulls_the_card_while_stripe_is_asked(world: World) -> None:
    """The customer has no patience with a slow Stripe."""
    world.customer("visa_approved")
    world.stripe_fault(Delay(seconds=20.0), path=CONFIRM)
    world.when(ReaderState.AUTHORISING, RemoveCard(), after_s=5.0)


def reversal_is_lost(world: World) -> None:
    """The card refuses, and the answers to taking the charge back are lost."""
    world.customer("visa_refuses_after_approval")
    world.stripe_fault(LoseReply(), path="/v1/refunds", times=2)


def keeping_is_lost(world: World) -> None:
    """Stripe keeps the card, and its answers do not arrive."""
    world.customer("visa_approved")
    world.stripe_fault(LoseReply(), path="/v1/setup_intents/*/confirm", times=2)


def refund_is_lost(world: World) -> None:
    """Stripe gives the money back, and its answers do not arrive."""
    world.customer("interac_approved")
    world.stripe_fault(LoseReply(), path="/v1/refunds", times=2)


TAP = card("visa_contactless", entry="contactless")
REFUSES = card("visa_refuses_after_approval")

JOURNEYS = (
    Journey("approved_chip", card("visa_approved"), pays),
    Journey("approved_chip_manual", card("visa_approved"), pays, capture="manual"),
    Journey("approved_tap", card("visa_contactless", entry="contactless"), pays),
    Journey("approved_swipe", card("visa_approved", entry="swipe"), pays),
    Journey("approved_fallback", swipes_after_a_dead_chip, pays),
    Journey("approved_neo", card("visa_approved"), pays, hardware=VP3300),
    Journey("declined_chip", card("visa_declined"), pays),
    Journey("refused_by_card", card("visa_refuses_after_approval"), pays),
    Journey(
        "refused_by_card_manual",
        card("visa_refuses_after_approval"),
        pays,
        capture="manual",
    ),
    Journey("removed_early", card("visa_removed_early"), pays),
    Journey("nobody_comes", nobody, pays),
    Journey("canceled_by_register", nobody, changes_its_mind),
    Journey("canceled_by_customer", walks_away, pays_unless_canceled),
    Journey("asked_again", wants_to_go, pays),
    Journey("card_left_in", forgets_the_card, pays),
    Journey("card_left_in_neo", forgets_the_card, pays, hardware=VP3300),
    Journey("replaced", nobody, replaces),
    Journey("answer_lost", stripe_loses(2), pays),
    Journey("outcome_unknown", stripe_fails, is_told_it_is_unknown),
    Journey("reversal_lost", reversal_is_lost, pays),
    Journey("answered_too_late", stripe_is_too_late, pays),
    Journey("answered_too_late_neo", stripe_is_too_late, pays, hardware=VP3300),
    Journey("late_and_manual", stripe_is_too_late, pays, capture="manual"),
    Journey("tipped", tips, pays_with_a_tip, hardware=TIPPING[0]),
    Journey("pulled_while_asked", pulls_the_card_while_stripe_is_asked, pays),
    Journey("looked_at_chip", card("visa_approved"), cards.looks_and_pays),
    Journey("looked_at_tap", TAP, cards.looks_and_pays, hardware=VP3300),
    Journey("looked_at_refused", REFUSES, cards.looks_and_pays),
    Journey("looked_at_too_long", card("visa_approved"), cards.looks_for_too_long),
    Journey("looked_at_given_back", TAP, cards.looks_and_gives_back),
    Journey("looked_at_replaced", TAP, cards.looks_and_replaces),
    Journey("kept", card("visa_approved"), cards.keeps),
    Journey("kept_neo", card("visa_approved"), cards.keeps, hardware=VP3300),
    Journey("kept_declined", card("visa_declined"), cards.keeps),
    Journey("kept_refused_by_card", REFUSES, cards.keeps),
    Journey("kept_answer_lost", keeping_is_lost, cards.keeps),
    Journey("kept_canceled", nobody, cards.changes_its_mind_about_keeping),
    Journey("refunded", card("interac_approved"), cards.pays_and_refunds),
    Journey("refund_lost", refund_is_lost, cards.pays_and_refunds),
    Journey(
        "answered_form", forms.answers, forms.answers_and_pays, hardware=forms.MENU
    ),
    Journey("signed_form", forms.signs, forms.signs_and_pays, hardware=forms.PAD),
    Journey("shown_cart", card("visa_approved"), forms.shows_a_cart_and_is_paid),
    Journey(
        "shown_cart_neo",
        card("visa_approved"),
        forms.shows_a_cart_and_is_paid,
        hardware=forms.MENU,
    ),
    Journey("smart_approved", smart.approved, smart.pays, hardware=None),
    Journey("smart_declined", smart.declined, smart.pays, hardware=None),
    Journey("smart_canceled", smart.nobody, smart.changes_its_mind, hardware=None),
    Journey("smart_replaced", smart.nobody, smart.replaces, hardware=None),
    Journey(
        "smart_collected", smart.approved, smart.collects_and_confirms, hardware=None
    ),
    Journey("smart_covered_up", smart.approved, smart.is_covered_up, hardware=None),
    Journey("smart_kept", smart.approved, cards.keeps, hardware=None),
    Journey("smart_refunded", smart.interac, cards.pays_and_refunds, hardware=None),
    Journey("smart_command_lost", smart.command_is_lost, smart.pays, hardware=None),
)
