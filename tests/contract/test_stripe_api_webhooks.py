"""Deliveries of webhooks, checked as register apps check them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
import stripe
from stripe_api_server import (
    StripeApiServer,
    new_intent,
    paid_intent,
    serving_here,
)
from stripe_sdk_types import violations
from stripe_wire import HangUp, Received, Reply, StripeWire

from simulator.clock import ManualClock
from simulator.stripe_api.engine.faults import (
    DelayWebhook,
    DuplicateWebhook,
    FaultRule,
    HoldWebhook,
)
from simulator.stripe_api.webhooks.log import Attempt

T = TypeVar("T")

HOURS = 3600


@dataclass(slots=True)
class Shop:
    """A register app's server, and the simulated Stripe that tells it things."""

    server: StripeApiServer
    clock: ManualClock
    hook: StripeWire
    secret: str = ""

    async def call(self, ask: Callable[[stripe.StripeClient], T]) -> T:
        """Use the official client, which blocks."""
        return await asyncio.to_thread(ask, self.server.client())

    async def listen(self, *types: str, **changes: Any) -> stripe.WebhookEndpoint:
        """Have events of these types sent to the shop."""
        wanted: Any = {"url": f"{self.hook.url}/hook", "enabled_events": types}
        endpoint = await self.call(
            lambda client: client.v1.webhook_endpoints.create(wanted | changes)
        )
        self.secret = endpoint.secret or ""
        return endpoint

    async def deliveries(self) -> list[Received]:
        """All that came, once nothing is on its way any more."""
        await self.server.api.webhooks.settled()
        return self.hook.received

    async def received(self) -> list[stripe.Event]:
        """The events that came, each checked as register apps check them."""
        return [
            stripe.Webhook.construct_event(
                each.body, each.headers["stripe-signature"], self.secret, tolerance=0
            )
            for each in await self.deliveries()
        ]

    async def types(self) -> list[str]:
        """What came, by type."""
        return [event.type for event in await self.received()]

    def attempts(self) -> list[Attempt]:
        """All that was tried, oldest first."""
        return list(self.server.api.webhooks.log.find(lambda _: True))

    async def sell(self) -> stripe.PaymentIntent:
        """A payment: an intent created, a charge and the intent succeeded."""
        return await self.call(paid_intent)

    async def begin(self) -> stripe.PaymentIntent:
        """A new intent: one event."""
        return await self.call(new_intent)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    clock = ManualClock()
    async with (
        StripeWire().open() as hook,
        serving_here(clock) as server,
        server.api.running(),
    ):
        yield Shop(server, clock, hook)


async def test_official_client_accepts_the_delivered_event(shop: Shop) -> None:
    await shop.listen("payment_intent.succeeded")

    intent = await shop.sell()

    (event,) = await shop.received()
    assert event.type == "payment_intent.succeeded"
    assert event.data.object["id"] == intent.id
    assert list(violations(event.to_dict(), stripe.Event)) == []


async def test_delivery_looks_like_stripes(shop: Shop) -> None:
    await shop.listen("*")

    await shop.begin()

    (sent,) = await shop.deliveries()
    assert (sent.method, sent.target) == ("POST", "/hook")
    assert sent.headers["content-type"] == "application/json; charset=utf-8"
    assert sent.headers["user-agent"].startswith("Stripe/1.0")
    assert f"t={int(shop.clock.now().timestamp())}," in sent.headers["stripe-signature"]


async def test_another_secret_does_not_verify(shop: Shop) -> None:
    await shop.listen("*")
    await shop.begin()
    (sent,) = await shop.deliveries()

    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(
            sent.body, sent.headers["stripe-signature"], "whsec_other", tolerance=0
        )


async def test_only_enabled_events_are_delivered(shop: Shop) -> None:
    await shop.listen("charge.succeeded", "payment_intent.created")

    await shop.sell()

    assert await shop.types() == ["payment_intent.created", "charge.succeeded"]


async def test_event_counts_its_pending_webhooks_down(shop: Shop) -> None:
    await shop.listen("*")
    await shop.listen("*")

    await shop.begin()

    sent = [json.loads(each.body) for each in await shop.deliveries()]
    events = await shop.call(lambda client: client.v1.events.list())
    assert max(each["pending_webhooks"] for each in sent) == 2
    assert events.data[0].pending_webhooks == 0


async def test_refused_delivery_is_repeated_three_times(shop: Shop) -> None:
    await shop.listen("*")
    shop.hook.play(*(4 * [Reply(status=500)]))
    await shop.begin()
    await shop.deliveries()

    for _ in range(5):
        shop.clock.advance(3 * HOURS)
        await shop.deliveries()

    assert len(shop.hook.received) == 4
    assert len({each.body for each in shop.hook.received}) == 1
    undelivered = await shop.call(
        lambda client: client.v1.events.list({"delivery_success": False})
    )
    assert len(undelivered.data) == 1


async def test_retries_go_on_until_one_succeeds(shop: Shop) -> None:
    await shop.listen("*")
    shop.hook.play(HangUp(), Reply(status=302))
    await shop.begin()
    await shop.deliveries()

    for _ in range(5):
        shop.clock.advance(3 * HOURS)
        await shop.deliveries()

    assert [(each.number, each.status) for each in shop.attempts()] == [
        (1, None),
        (2, 302),
        (3, 200),
    ]
    delivered = await shop.call(
        lambda client: client.v1.events.list({"delivery_success": True})
    )
    assert len(delivered.data) == 1


async def test_a_retry_does_not_hold_up_later_events(shop: Shop) -> None:
    await shop.listen("payment_intent.created", "payment_intent.succeeded")
    shop.hook.play(Reply(status=500))

    await shop.sell()
    await shop.deliveries()
    shop.clock.advance(1 * HOURS)

    assert await shop.types() == [
        "payment_intent.created",
        "payment_intent.succeeded",
        "payment_intent.created",
    ]


async def test_deleted_endpoint_gets_no_retries(shop: Shop) -> None:
    endpoint = await shop.listen("*")
    shop.hook.play(Reply(status=500))
    await shop.begin()
    await shop.deliveries()

    await shop.call(lambda client: client.v1.webhook_endpoints.delete(endpoint.id))
    shop.clock.advance(24 * HOURS)

    assert len(await shop.deliveries()) == 1


async def test_disabled_endpoint_is_told_nothing(shop: Shop) -> None:
    endpoint = await shop.listen("*")
    changed = await shop.call(
        lambda client: client.v1.webhook_endpoints.update(
            endpoint.id, {"disabled": True}
        )
    )

    await shop.begin()

    assert changed.status == "disabled"
    assert await shop.deliveries() == []


async def test_rule_duplicates_a_webhook(shop: Shop) -> None:
    await shop.listen("*")
    shop.server.api.faults.add(
        FaultRule(DuplicateWebhook(copies=2), event="payment_intent.succeeded")
    )

    await shop.sell()

    events = await shop.received()
    succeeded = [each for each in events if each.type == "payment_intent.succeeded"]
    assert len(succeeded) == 3
    assert len({each.id for each in succeeded}) == 1


async def test_rule_repeats_a_webhook_after_later_ones(shop: Shop) -> None:
    await shop.listen("payment_intent.created", "payment_intent.succeeded")
    rule = FaultRule(DuplicateWebhook(seconds=30), event="payment_intent.created")
    shop.server.api.faults.add(rule)

    await shop.sell()
    await shop.deliveries()
    shop.clock.advance(30)

    assert await shop.types() == [
        "payment_intent.created",
        "payment_intent.succeeded",
        "payment_intent.created",
    ]


async def test_rule_puts_webhooks_out_of_order(shop: Shop) -> None:
    await shop.listen("*")
    rule = FaultRule(HoldWebhook(behind=2), event="payment_intent.created")
    shop.server.api.faults.add(rule)

    await shop.sell()

    assert await shop.types() == [
        "charge.succeeded",
        "payment_intent.succeeded",
        "payment_intent.created",
    ]


async def test_webhook_held_for_nothing_comes_all_the_same(shop: Shop) -> None:
    await shop.listen("*")
    shop.server.api.faults.add(FaultRule(HoldWebhook(), event="payment_intent.*"))
    await shop.begin()
    assert await shop.deliveries() == []

    shop.clock.advance(60)

    assert await shop.types() == ["payment_intent.created"]


async def test_rule_delays_a_webhook(shop: Shop) -> None:
    await shop.listen("*")
    shop.server.api.faults.add(FaultRule(DelayWebhook(30), event="*.created"))

    await shop.sell()
    early = await shop.types()
    shop.clock.advance(30)

    assert early == ["charge.succeeded", "payment_intent.succeeded"]
    assert (await shop.types())[2:] == ["payment_intent.created"]


async def test_webhook_rules_leave_requests_alone(shop: Shop) -> None:
    shop.server.api.faults.add(FaultRule(DelayWebhook(30), times=None))

    await shop.begin()

    assert shop.server.api.faults.rules()[0].matched == 0


async def test_a_silent_endpoint_delays_no_answer(shop: Shop) -> None:
    await shop.listen("*", url="http://192.0.2.1/nobody")

    intent = await shop.sell()

    await shop.server.api.webhooks.settled()
    assert intent.status == "succeeded"
    assert {each.error for each in shop.attempts()} == {"192.0.2.1 is not this machine"}


async def test_control_lists_what_was_tried(shop: Shop) -> None:
    await shop.listen("*")
    await shop.sell()

    def listed(query: str) -> Any:
        path = f"/simulator/webhooks?settled=true&{query}"
        return shop.server.request("GET", path, key=None).json["data"]

    found = await asyncio.to_thread(listed, "type=charge.succeeded&delivered=true")
    failed = await asyncio.to_thread(listed, "delivered=false")
    assert [(each["type"], each["status"]) for each in found] == [
        ("charge.succeeded", 200)
    ]
    assert failed == []


async def test_events_are_written_in_the_endpoints_version(shop: Shop) -> None:
    await shop.listen("*", api_version="2026-08-26.dahlia")

    await shop.begin()

    assert [event.api_version for event in await shop.received()] == [
        "2026-08-26.dahlia"
    ]


async def test_nothing_is_delivered_after_a_reset(shop: Shop) -> None:
    await shop.listen("*")
    shop.server.api.faults.add(FaultRule(HoldWebhook(behind=9)))
    shop.server.api.faults.add(FaultRule(DelayWebhook(5)))
    await shop.sell()
    await shop.deliveries()
    before = len(shop.hook.received)

    shop.server.api.reset()
    shop.clock.advance(24 * HOURS)

    assert len(await shop.deliveries()) == before
