"""Every code of docs/errors.md of Stripe, and of why an action failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from asgi_client import AsgiClient
from code_scenes import Scenario, at_the_till, card_fails, code_of, failed
from flow_actions import ask, begin, done, new_setup, paid_by_interac
from flow_agent import Stack, good, running_agent
from flow_world import CONFIRM, World, running_world
from rest_fakes import FakeBroker

from agent.payments.states import Phase
from agent.rest.server import create_app
from agent.settings import PaymentSettings
from simulator.reader.actions import PressKey
from simulator.reader.screen import ReaderState
from simulator.stripe_api.engine.faults import (
    AnswerStatus,
    Delay,
    Fault,
    LoseReply,
    ResetConnection,
)
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.refunds.fields import REFUNDS
from simulator.stripe_api.resources.refunds.outcomes import take_back

INTENTS = "/v1/payment_intents"
SETUPS = "/v1/setup_intents"
REFUND = "refund_payment"
LEAD_S = 47 * 3600


async def asks_without_a_network(stack: Stack) -> str:
    stack.world.stripe_fault(ResetConnection(), method="*", path="*", times=None)
    return code_of(await stack.agent.rest.get(f"{INTENTS}/pi_nothing"))


async def loses_an_answer(stack: Stack) -> str:
    stack.world.stripe_fault(LoseReply(), path=INTENTS)
    form = {"amount": "1200", "currency": "usd"}
    return code_of(await stack.agent.rest.post(INTENTS, form))


async def has_no_stripe_key(folder: Path) -> str:
    async with (
        running_world() as world,
        running_agent(world, folder, key=None) as agent,
    ):
        return code_of(await agent.rest.get(INTENTS))


async def asks_while_one_is_unknown(stack: Stack) -> str:
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(AnswerStatus(500), path=CONFIRM, times=None)
    await stack.agent.begin(stack.reader, await stack.agent.intent())
    await stack.agent.until(stack.reader, Phase.UNKNOWN)
    return code_of(await stack.agent.process(stack.reader, await stack.agent.intent()))


async def is_refused_by_stripe(stack: Stack) -> str:
    """A refusal that has no code of its own."""
    stack.world.stripe_fault(AnswerStatus(403), path=CONFIRM)
    return await failed(stack, "visa_approved")


async def sends_what_stripe_cannot_read(stack: Stack) -> str:
    refusal = AnswerStatus(400, code="card_data_unreadable")
    stack.world.stripe_fault(refusal, path=CONFIRM)
    return await failed(stack, "visa_approved")


async def customer_presses_the_red_key(stack: Stack) -> str:
    stack.world.when_waiting(PressKey("cancel"))
    return await failed(stack)


async def leaves_the_card_in(stack: Stack) -> str:
    stack.world.customer("visa_approved", stays_s=None)
    await stack.agent.pay(stack.reader, await stack.agent.intent())
    return await failed(stack)


async def nobody_comes(stack: Stack) -> str:
    return await failed(stack)


async def looks_at_the_card_for_too_long(stack: Stack) -> str:
    stack.world.customer("visa_approved")
    form = {"payment_intent": await stack.agent.intent()}
    return str((await done(stack, "collect_payment_method", form))["failure_code"])


async def is_killed_while_it_waits(folder: Path) -> str:
    async with running_world() as world:
        async with running_agent(world, folder) as agent:
            reader = await agent.register()
            await agent.begin(reader, await agent.intent())
            await world.is_in(ReaderState.WAITING_FOR_CARD)
        async with running_agent(world, folder) as agent:
            return str((await agent.ended(reader))["failure_code"])


async def is_canceled_by_somebody_else(stack: Stack) -> str:
    """The confirm never arrives, and meanwhile there is nothing left to pay."""
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(ResetConnection(), path=CONFIRM, times=None)
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.agent.until(stack.reader, Phase.UNKNOWN)
    await stack.world.stripe("POST", f"{INTENTS}/{intent}/cancel")
    stack.world.mend_stripe()
    return str((await stack.agent.ended(stack.reader))["failure_code"])


async def refunds_a_card_without_need_of_it(stack: Stack) -> str:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent()
    await stack.agent.pay(stack.reader, intent)
    return code_of(await ask(stack, REFUND, {"payment_intent": intent}))


async def refunds_twice(stack: Stack) -> str:
    intent = await paid_by_interac(stack)
    await done(stack, REFUND, {"payment_intent": intent})
    return code_of(await ask(stack, REFUND, {"payment_intent": intent}))


async def waits_longer_than_the_card(stack: Stack) -> str:
    stack.world.stripe_fault(Delay(75.0), path=CONFIRM)
    return await failed(stack, "visa_approved")


def refund_is_cut_off(
    fault: Fault, meanwhile: Callable[[World], None] = lambda world: None
) -> Scenario:
    """The answer is lost, and the agent back too late to ask for the refund again."""

    async def scenario(folder: Path) -> str:
        async with running_world() as world:
            async with running_agent(world, folder) as agent:
                reader = await agent.register()
                stack = Stack(world, agent, reader)
                intent = await paid_by_interac(stack)
                world.stripe_fault(fault, path="/v1/refunds", times=None)
                await begin(stack, REFUND, {"payment_intent": intent})
                await agent.until(reader, Phase.UNKNOWN)
            world.mend_stripe()
            meanwhile(world)
            await world.passed(3600)
            async with running_agent(world, folder) as agent:
                return str((await agent.ended(reader))["failure_code"])

    return scenario


def bank_sends_it_back(world: World) -> None:
    """The refund had been made, and the card's account is closed."""
    (refund,) = world.simulator.stripe_api.store().of(REFUNDS).newest_first()

    def fail(call: Call) -> None:
        take_back(call, refund, reason="expired_or_canceled_card", status="failed")

    world.simulator.stripe_api.act(fail)


async def setup_is_canceled(stack: Stack) -> str:
    """The confirm never arrives, and meanwhile no card is wanted any more."""
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(ResetConnection(), path=f"{SETUPS}/*/confirm", times=None)
    setup = await new_setup(stack)
    form = {"setup_intent": setup, "allow_redisplay": "limited"}
    await begin(stack, "process_setup_intent", form)
    await stack.agent.until(stack.reader, Phase.UNKNOWN)
    await stack.world.stripe("POST", f"{SETUPS}/{setup}/cancel")
    stack.world.mend_stripe()
    return str((await stack.agent.ended(stack.reader))["failure_code"])


async def nobody_takes_the_events(stack: Stack) -> str:
    form = {"url": "http://127.0.0.1:1/hook", "enabled_events[]": "*"}
    good(await stack.agent.rest.post("/v1/webhook_endpoints", form))
    stack.world.customer("visa_approved")
    await stack.agent.pay(stack.reader, await stack.agent.intent())
    await stack.world.passed(60.0)
    causes = (await stack.agent.rest.get("/agent/health/ready")).json()["causes"]
    return str(causes[0]["code"])


async def key_may_not_read_configurations(stack: Stack) -> str:
    """From the next time on that the agent looks."""
    refusal = AnswerStatus(403, code="secret_key_required")
    for path in ("/v1/terminal/configurations", "/v1/terminal/locations"):
        stack.world.stripe_fault(refusal, method="GET", path=path, times=None)
    await stack.world.passed(2 * 3600)
    causes = (await stack.agent.rest.get("/agent/health/ready")).json()["causes"]
    return str(causes[0]["code"])


async def mints_no_tokens(stack: Stack) -> str:
    tokens = "/v1/terminal/connection_tokens"
    stack.world.stripe_fault(AnswerStatus(500), path=tokens, times=None)
    await stack.agent.rest.post(tokens)
    causes = (await stack.agent.rest.get("/agent/health/ready")).json()["causes"]
    return str(causes[0]["code"])


async def loses_the_fleets_broker(stack: Stack) -> str:
    """Where there is one: it has been away for ten minutes."""
    services = stack.agent.assembled.services
    away = replace(services, broker=FakeBroker(away_s=600.0))
    health = await AsgiClient(create_app(away), key=None).get("/agent/health/ready")
    return str(health.json()["causes"][0]["code"])


async def leaves_held_money_alone(stack: Stack) -> str:
    """Health says so, an hour after Stripe began to hold it for two days."""
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent(capture="manual")
    await stack.agent.pay(stack.reader, intent)
    await stack.world.passed(3700)
    causes = (await stack.agent.rest.get("/agent/health/ready")).json()["causes"]
    return str(causes[0]["code"])


HEALTH: dict[str, Scenario] = {
    "configuration_unreadable": at_the_till(key_may_not_read_configurations),
    "connection_tokens_slow": at_the_till(mints_no_tokens),
    "fleet_broker_unreachable": at_the_till(loses_the_fleets_broker),
    "webhook_endpoint_failing": at_the_till(nobody_takes_the_events),
    "authorization_expiring": at_the_till(
        leaves_held_money_alone,
        payments=PaymentSettings(authorization_warning_s=(LEAD_S,)),
    ),
}

STRIPE: dict[str, Scenario] = {
    "stripe_unreachable": at_the_till(asks_without_a_network),
    "stripe_answer_lost": at_the_till(loses_an_answer),
    "stripe_key_missing": has_no_stripe_key,
    "stripe_refused": at_the_till(is_refused_by_stripe),
    "payment_outcome_unknown": at_the_till(asks_while_one_is_unknown),
}

ACTIONS: dict[str, Scenario] = {
    "card_data_unreadable": at_the_till(sends_what_stripe_cannot_read),
    "online_timed_out": at_the_till(waits_longer_than_the_card),
    "card_not_saved": at_the_till(setup_is_canceled),
    "charge_not_refundable": at_the_till(refunds_a_card_without_need_of_it),
    "charge_already_refunded": at_the_till(refunds_twice),
    "refund_failed": refund_is_cut_off(LoseReply(), bank_sends_it_back),
    "refund_not_made": refund_is_cut_off(ResetConnection()),
    "card_left_in_reader": at_the_till(leaves_the_card_in),
    "card_not_read": card_fails("visa_worn_stripe", "swipe"),
    "card_read_timed_out": at_the_till(nobody_comes),
    "card_removed": card_fails("visa_removed_early"),
    "collect_payment_method_timeout": at_the_till(looks_at_the_card_for_too_long),
    "customer_canceled": at_the_till(customer_presses_the_red_key),
    "declined_by_reader": card_fails("visa_refuses_after_approval"),
    "payment_interrupted": is_killed_while_it_waits,
    "payment_not_charged": at_the_till(is_canceled_by_somebody_else),
}
