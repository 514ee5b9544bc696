"""A reader that is taken out of service: no payment begins there, and none is lost."""

from __future__ import annotations

from flow_agent import Stack, good

from agent.ids import ReaderId
from simulator.reader.screen import ReaderState


async def test_a_payment_is_refused_while_its_reader_is_reserved(stack: Stack) -> None:
    session = stack.agent.assembled.fleet.session(ReaderId(stack.reader))
    intent = await stack.agent.intent()
    with session.reserve("a firmware update"):
        answer = await stack.agent.process(stack.reader, intent)
        deleted = await stack.agent.rest.request(
            "DELETE", f"/v1/terminal/readers/{stack.reader}"
        )
    stack.world.customer("visa_approved")
    action = await stack.agent.pay(stack.reader, intent)

    assert answer.json()["error"]["code"] == "terminal_reader_busy"
    assert "a firmware update" in answer.json()["error"]["message"]
    assert deleted.json()["error"]["code"] == "terminal_reader_busy"
    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


async def test_a_reader_is_idle_only_between_payments(stack: Stack) -> None:
    reader_id, actions = ReaderId(stack.reader), stack.agent.assembled.actions
    before = actions.is_idle(reader_id)
    await stack.agent.begin(stack.reader, await stack.agent.intent())
    await stack.world.is_in(ReaderState.WAITING_FOR_CARD)
    meanwhile = actions.is_idle(reader_id)
    good(await stack.agent.cancel(stack.reader))

    assert before
    assert not meanwhile
    assert actions.is_idle(reader_id)


async def test_what_a_reader_runs_now_is_kept(stack: Stack) -> None:
    fleet, reader_id = stack.agent.assembled.fleet, ReaderId(stack.reader)

    await fleet.note_firmware(reader_id, "2.0")

    path = f"/v1/terminal/readers/{stack.reader}"
    shown = good(await stack.agent.rest.get(path))
    kept = stack.agent.journal.readers.get(reader_id)
    assert shown["device_sw_version"] == "2.0"
    assert kept is not None
    assert kept.firmware_version == "2.0"
