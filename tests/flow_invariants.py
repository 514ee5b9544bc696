"""What must hold after every payment, whatever went wrong on its way."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from flow_agent import Stack
from house import ROOT

from agent.payments.states import FINAL

LONGEST_S = 400.0
"""No payment takes longer: the cardholder's minute, silence noticed, a reader reset."""

STRIPES_CODES = frozenset(
    {
        "card_declined",
        "expired_card",
        "invalid_card_type",
        "payment_intent_invalid_parameter",
        "payment_intent_unexpected_state",
        "processing_error",
        "setup_intent_mobile_wallet_unsupported",
        "setup_intent_authentication_failure",
    }
)


@cache
def documented_codes() -> frozenset[str]:
    """Every code of docs/errors.md, and those that are Stripe's, passed on."""
    text = (ROOT / "docs" / "errors.md").read_text()
    return frozenset(re.findall(r"^\| `(\w+)` ", text, re.MULTILINE)) | STRIPES_CODES


async def pay_and_check(stack: Stack, *, amount: int = 12_00) -> Any:
    """Take one payment to its end, hold it against every rule; the action."""
    started_s = stack.world.clock.monotonic()
    intent = await stack.agent.intent(amount)
    await stack.agent.begin(stack.reader, intent)
    action = await stack.agent.ended(stack.reader)

    assert stack.world.clock.monotonic() - started_s <= LONGEST_S
    await check_payment(stack, intent, amount=amount)
    return action


async def check_payment(stack: Stack, intent: str, *, amount: int) -> None:
    """Money was taken if and only if the register was told so, and once."""
    payment = stack.payment()
    taken = await stack.taken(intent)

    assert payment.phase in FINAL
    assert payment.payment_intent == intent
    assert taken == ([amount] if payment.phase == "succeeded" else [])
    if payment.phase != "succeeded":
        assert payment.failure_code in documented_codes()
    assert len(stack.world.confirm_keys(intent)) <= 1
    stack.agent.journal.verify()


async def works_again(stack: Stack) -> None:
    """Mend the wire; the next payment must succeed."""
    stack.world.wire_faults()
    if not stack.world.reader().is_plugged:
        await stack.agent.until_offline(stack.reader)
        stack.world.reader().plug()
    await stack.agent.until_online(stack.reader)
    stack.world.customer("visa_approved")

    action = await pay_and_check(stack)
    if action["failure_code"] == "card_left_in_reader":
        # That a card was taken out got lost, too: that costs one payment, and no more.
        action = await pay_and_check(stack)

    assert action["status"] == "succeeded", action
