"""What the receipt says of a payment that a simulated card has made."""

from __future__ import annotations

from typing import Any

import pytest
from flow_agent import Stack, good

from drivers.reader import ReadMethod


async def receipt(stack: Stack) -> Any:
    """The receipt of the reader's last payment."""
    payment_id = stack.payment().payment_id
    return good(await stack.agent.rest.get(f"/agent/payments/{payment_id}/receipt"))


async def test_a_chip_that_paid_is_on_its_receipt_with_all_that_emv_asks_for(
    stack: Stack,
) -> None:
    stack.world.customer("visa_approved", entry="contact")
    intent = await stack.agent.intent(12_00)
    await stack.agent.pay(stack.reader, intent)

    told = await receipt(stack)

    assert (told["outcome"], told["amount"]) == ("approved", 12_00)
    assert told["payment_intent"] == intent
    card = told["card"]
    assert card["read_method"] == ReadMethod.CONTACT_EMV
    assert card["dedicated_file_name"].startswith("A000000003")
    assert all(
        card[field] is not None
        for field in (
            "application_preferred_name",
            "application_cryptogram",
            "terminal_verification_results",
            "transaction_status_information",
            "authorization_code",
            "authorization_response_code",
            "cardholder_verification_method",
            "last4",
        )
    )


async def test_a_decline_keeps_its_receipt_when_another_card_pays(stack: Stack) -> None:
    stack.world.customer("visa_declined")
    intent = await stack.agent.intent(12_00)
    await stack.agent.pay(stack.reader, intent)
    declined = stack.payment().payment_id
    stack.world.customer("visa_contactless", entry="contactless")
    await stack.agent.pay(stack.reader, intent)

    first = good(await stack.agent.rest.get(f"/agent/payments/{declined}/receipt"))

    assert first["outcome"] == "declined"
    assert first["failure_message"] is not None
    assert (await receipt(stack))["outcome"] == "approved"


@pytest.mark.parametrize(
    ("capture", "outcome"), [("automatic", "refunded"), ("manual", "reversed")]
)
async def test_money_that_went_back_is_told(
    capture: str, outcome: str, stack: Stack
) -> None:
    stack.world.customer("visa_contactless", entry="contactless")
    intent = await stack.agent.intent(12_00, capture=capture)
    await stack.agent.pay(stack.reader, intent)
    if capture == "manual":
        path, form = f"/v1/payment_intents/{intent}/cancel", {}
    else:
        path, form = "/v1/refunds", {"payment_intent": intent, "amount": "500"}
    good(await stack.agent.rest.post(path, form))

    assert (await receipt(stack))["outcome"] == outcome
