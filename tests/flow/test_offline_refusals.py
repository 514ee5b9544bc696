"""What may not be taken without network is refused before anybody shows a card."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from codes_of_offline import NEO, cut_off
from flow_cables import DYNAPROX, Hardware
from flow_world import running_world
from offline_shop import SETTINGS, Shop, open_shop

from agent.settings import OfflineSettings


@pytest.fixture
async def shop(hardware: Hardware, tmp_path: Path) -> AsyncIterator[Shop]:
    async with cut_off(tmp_path, hardware=hardware) as running:
        yield running


@pytest.mark.parametrize(
    ("amount", "more", "param"),
    [
        (-1, {}, "amount"),
        (0, {}, "amount"),
        (5_00, {"currency": "dollars"}, "currency"),
        (5_00, {"offline_behavior": "maybe"}, "offline_behavior"),
        (
            5_00,
            {"allowed_payment_method_types[]": "card"},
            "allowed_payment_method_types",
        ),
        (5_00, {"customer": "cus_1"}, "customer"),
    ],
)
async def test_an_intent_that_may_not_be_paid_offline_is_not_made_here(
    shop: Shop, amount: int, more: dict[str, str], param: str
) -> None:
    answer = await shop.intent(amount, **more)

    assert answer.status == 400
    assert answer.error["param"] == param


@pytest.mark.parametrize(
    ("hardware", "code"),
    [(DYNAPROX, "offline_card_not_identified"), (NEO, "succeeded")],
    ids=str,
)
async def test_where_interac_is_at_home_a_reader_must_tell_the_network(
    shop: Shop, code: str
) -> None:
    intent = await shop.new_intent(5_00, currency="cad")

    action = await shop.pay(intent)

    assert code in {action["failure_code"], action["status"]}


async def test_a_reader_asks_for_no_swipe_without_network(shop: Shop) -> None:
    shop.world.nobody()
    await shop.process(await shop.new_intent())

    await shop.world.shown("PRESENT CARD")

    assert not any("SWIPE" in line for line in shop.world.reader().screen.lines)


async def test_an_intent_of_this_machine_cannot_be_paid_online(shop: Shop) -> None:
    intent = await shop.new_intent()

    answer = await shop.process(intent, "require_online")

    code = "not_connected_to_internet_and_require_online_set"
    assert answer.error["code"] == code


async def test_an_unknown_intent_of_this_machine_is_missing(shop: Shop) -> None:
    answer = await shop.process("pi_offline_unknown")

    assert answer.error["code"] == "resource_missing"


async def test_a_refused_card_leaves_the_intent_to_be_paid_by_another(
    shop: Shop,
) -> None:
    shop.world.customer("visa_refuses_after_approval")
    intent = await shop.new_intent()
    refused_by_card = await shop.pay(intent)
    shop.world.customer("visa_approved")

    paid = await shop.pay(intent)

    assert refused_by_card["failure_code"] == "offline_transaction_declined"
    assert paid["status"] == "succeeded"


@pytest.mark.parametrize("settings", [OfflineSettings(), SETTINGS])
async def test_where_it_is_not_enabled_nothing_changes(
    settings: OfflineSettings, tmp_path: Path
) -> None:
    async with (
        running_world() as world,
        open_shop(world, tmp_path, settings=settings) as shop,
    ):
        at_stripe = await shop.new_intent()
        forced = await shop.process(at_stripe, "force_offline")
        await world.network.cut()

        plain = await shop.intent()
        forced_here = await shop.intent(offline_behavior="force_offline")

    assert plain.error["code"] in {"stripe_unreachable", "stripe_answer_lost"}
    code = "force_offline_with_feature_disabled"
    assert forced.error["code"] == forced_here.error["code"] == code
