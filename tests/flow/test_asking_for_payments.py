"""A register that was cut off finds out what became of its sale."""

from __future__ import annotations

from pathlib import Path

from flow_agent import Stack, good


async def test_a_sale_is_found_by_the_reference_its_intent_was_given(
    stack: Stack, tmp_path: Path
) -> None:
    intent = await stack.agent.intent(12_00)
    rest = stack.agent.rest
    good(
        await rest.post(
            f"/v1/payment_intents/{intent}", {"metadata[reference]": "sale 42"}
        )
    )
    stack.world.customer("visa_declined")
    await stack.agent.pay(stack.reader, intent)
    declined = good(await rest.get("/agent/payments?reference=sale+42"))
    stack.world.customer("visa_approved", entry="contact")
    await stack.agent.pay(stack.reader, intent)

    paid = good(await rest.get("/agent/payments?reference=sale+42"))

    assert declined["next_step"] == "may_try_again"
    assert [p["outcome"] for p in declined["payments"]] == ["declined"]
    assert paid["next_step"] == "done"
    assert [p["outcome"] for p in paid["payments"]] == ["succeeded", "declined"]
    assert await stack.taken(intent) == [12_00]
    assert b"sale 42" not in everything_in(tmp_path, "journal.db*")


def everything_in(folder: Path, pattern: str) -> bytes:
    """The bytes of all files there that are named so."""
    files = list(folder.glob(pattern))
    assert files
    return b"".join(file.read_bytes() for file in files)
