"""The official SDK at the agent, unmodified: every action of a smart reader, in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import stripe
from flow_smart_reader import SmartStack, running_smart_stack
from sdk_in_process import sdk_on


@pytest_asyncio.fixture
async def smart(tmp_path: Path) -> AsyncIterator[SmartStack]:
    async with running_smart_stack(tmp_path) as stack:
        yield stack


@pytest.fixture
def till(smart: SmartStack) -> stripe.StripeClient:
    return sdk_on(smart.agent.rest)


async def ended(smart: SmartStack, till: stripe.StripeClient) -> Any:
    """The reader's action once the agent has its end."""
    await smart.ended()
    return (await till.v1.terminal.readers.retrieve_async(smart.reader)).action


async def test_readers_are_looked_after(
    smart: SmartStack, till: stripe.StripeClient
) -> None:
    readers = till.v1.terminal.readers
    new = await readers.create_async({"registration_code": "simulated-s700"})

    changed = await readers.update_async(new.id, {"label": "Window"})
    listed = await readers.list_async({"status": "online", "limit": 1})
    walked = [reader.id async for reader in listed.auto_paging_iter()]
    gone = await readers.delete_async(new.id)

    assert changed.label == "Window"
    assert walked == [new.id, smart.reader]
    assert gone.deleted is True


async def test_a_card_is_collected_and_confirmed(
    smart: SmartStack, till: stripe.StripeClient
) -> None:
    readers, helpers = till.v1.terminal.readers, till.v1.test_helpers.terminal.readers
    intent = await smart.agent.intent(12_00)

    await readers.collect_payment_method_async(smart.reader, {"payment_intent": intent})
    await helpers.present_payment_method_async(smart.reader)
    collected = await ended(smart, till)
    await readers.confirm_payment_intent_async(smart.reader, {"payment_intent": intent})
    confirmed = await ended(smart, till)

    assert collected.collect_payment_method.payment_method.card_present.last4 == "4242"
    assert confirmed.status == "succeeded"
    assert await smart.world.taken(intent) == [12_00]


async def test_a_payment_is_processed_and_declined(
    smart: SmartStack, till: stripe.StripeClient
) -> None:
    readers, helpers = till.v1.terminal.readers, till.v1.test_helpers.terminal.readers
    intent = await smart.agent.intent(12_00)

    begun = await readers.process_payment_intent_async(
        smart.reader,
        {"payment_intent": intent, "process_config": {"skip_tipping": True}},
    )
    await helpers.present_payment_method_async(
        smart.reader, {"card_present": {"number": "4000000000000002"}}
    )
    action = await ended(smart, till)

    assert begun.action is not None
    assert begun.action.status == "in_progress"
    assert (action.status, action.failure_code) == ("failed", "card_declined")


async def test_a_card_is_kept(smart: SmartStack, till: stripe.StripeClient) -> None:
    readers, helpers = till.v1.terminal.readers, till.v1.test_helpers.terminal.readers
    params: Any = {"allowed_payment_method_types": ["card_present"]}
    setup = await till.v1.setup_intents.create_async(params)

    await readers.process_setup_intent_async(
        smart.reader, {"setup_intent": setup.id, "allow_redisplay": "always"}
    )
    await helpers.present_payment_method_async(smart.reader)
    action = await ended(smart, till)

    kept = action.process_setup_intent.generated_card
    assert (await till.v1.payment_methods.retrieve_async(kept)).type == "card"


async def test_customers_are_asked_and_shown(
    smart: SmartStack, till: stripe.StripeClient
) -> None:
    readers, helpers = till.v1.terminal.readers, till.v1.test_helpers.terminal.readers
    asked: Any = {
        "inputs": [
            {"type": "email", "custom_text": {"title": "Mail"}, "required": True},
            {"type": "signature", "custom_text": {"title": "Sign"}},
        ]
    }
    tea = {"amount": 500, "description": "Tea", "quantity": 1}
    cart: Any = {"currency": "cad", "line_items": [tea], "total": 500}

    await readers.collect_inputs_async(smart.reader, asked)
    await helpers.succeed_input_collection_async(smart.reader)
    action = await ended(smart, till)
    await readers.set_reader_display_async(smart.reader, {"type": "cart", "cart": cart})
    cleared = await readers.cancel_action_async(smart.reader)

    assert action.status == "succeeded"
    assert "@" in action.collect_inputs.inputs[0].email.value
    assert cleared.action is None


async def test_refusals_are_the_sdks_own_errors(
    smart: SmartStack, till: stripe.StripeClient
) -> None:
    readers = till.v1.terminal.readers
    intent = await smart.agent.intent(12_00)
    smart.customer()
    await readers.process_payment_intent_async(smart.reader, {"payment_intent": intent})
    await smart.ended()

    with pytest.raises(stripe.InvalidRequestError) as refused:
        await readers.process_payment_intent_async(
            smart.reader, {"payment_intent": intent}
        )

    assert refused.value.code == "intent_invalid_state"
