"""What registers do with cards besides paying at once, for the crash matrix."""

from __future__ import annotations

from crash_register import Register

from agent.payments.states import Phase
from simulator.reader.screen import ReaderState

INTERAC = {
    "amount": "1200",
    "currency": "cad",
    "allowed_payment_method_types[0]": "card_present",
    "allowed_payment_method_types[1]": "interac_present",
}


async def looks_and_pays(register: Register, intent: str) -> None:
    """Collects, sees the card, and confirms."""
    await _look(register, intent)
    await register.act("confirm_payment_intent", {"payment_intent": intent})
    await register.ended()


async def looks_for_too_long(register: Register, intent: str) -> None:
    """Collects, and never confirms."""
    await _look(register, intent)
    await register.ended()


async def looks_and_gives_back(register: Register, intent: str) -> None:
    """Collects, and does not like the card."""
    await _look(register, intent)
    await register.cancel()


async def looks_and_replaces(register: Register, intent: str) -> None:
    """Collects, and then wants another amount at once."""
    await _look(register, intent)
    other = await register.new_intent(7_00, capture="automatic")
    await register.process(other)
    await register.ended()


async def keeps(register: Register, intent: str) -> None:
    """Keeps a card for a customer; nothing is paid."""
    stripe = register.world.stripe
    customer = (await stripe("POST", "/v1/customers", {}))["id"]
    form = {"allowed_payment_method_types[]": "card_present", "customer": customer}
    setup = (await stripe("POST", "/v1/setup_intents", form))["id"]
    wanted = {"setup_intent": setup, "allow_redisplay": "limited"}
    await register.act("process_setup_intent", wanted)
    await register.ended()


async def pays_and_refunds(register: Register, intent: str) -> None:
    """Takes an Interac payment, and gives a part of it back."""
    made = await register.world.stripe("POST", "/v1/payment_intents", INTERAC)
    register.intents.append(made["id"])
    await register.process(made["id"])
    await register.ended()
    wanted = {"payment_intent": made["id"], "amount": "400", "metadata[b]": "1"}
    await register.act("refund_payment", wanted)
    await register.ended()


async def changes_its_mind_about_keeping(register: Register, intent: str) -> None:
    """Cancels while the reader waits for a card to keep."""
    form = {"allowed_payment_method_types[]": "card_present"}
    setup = (await register.world.stripe("POST", "/v1/setup_intents", form))["id"]
    wanted = {"setup_intent": setup, "allow_redisplay": "always"}
    await register.act("process_setup_intent", wanted)
    await register.world.is_in(ReaderState.WAITING_FOR_CARD)
    await register.cancel()


async def _look(register: Register, intent: str) -> None:
    await register.act("collect_payment_method", {"payment_intent": intent})
    await register.agent.until(register.reader, Phase.CARD_COLLECTED)
