"""Webhooks: in order, until taken, over failures and restarts, each at its own pace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from flow_disk import FlowJournal, open_flow_journal
from outbox_fakes import Receiver, quiet_outbox
from skipping_loop import LoopClock

from agent.errors import JournalUnavailable
from agent.events import EventBus, ReaderMoved
from agent.ids import EndpointId, ReaderId
from agent.journal.webhook_endpoints import WebhookEndpoint
from agent.outbox.outbox import Outbox
from agent.settings import EventSettings

HOUR_S = 3600.0
SETTINGS = EventSettings(webhook_disable_after_s=3 * HOUR_S)


@dataclass
class Office:
    """An outbox at work, and a journal that outlives it."""

    journal: FlowJournal
    outbox: Outbox

    async def add(
        self,
        name: str = "one",
        *,
        events: tuple[str, ...] = ("*",),
        path: str = "/hook",
    ) -> EndpointId:
        """A new endpoint, told of all that happens from now on."""
        endpoint = WebhookEndpoint(
            endpoint_id=EndpointId(f"we_{name}"),
            url=f"http://127.0.0.1:8080{path}",
            enabled_events=events,
            description=None,
            metadata={},
            created_at=LoopClock().now(),
            delivered_seq=self.journal.events.head(),
        )
        await self.outbox.deliveries.add(endpoint, secret="whsec_" + name)
        return endpoint.endpoint_id

    async def happen(self, number: int = 1) -> list[str]:
        """So many events; their ids."""
        head = self.journal.events.head()
        for port in range(number):
            await self.journal.events.keep(
                ReaderMoved(ReaderId("tmr_1"), f"serial:{port}")
            )
        return [event.event_id for event in self.journal.events.read(after=head)]


@asynccontextmanager
async def office(folder: Path, receiver: Receiver) -> AsyncIterator[Office]:
    """Open, and closed again as a signal closes it."""
    journal = open_flow_journal(folder / "journal.db", clock=LoopClock())
    outbox = quiet_outbox(
        folder,
        journal,
        EventBus(),
        clock=LoopClock(),
        post=receiver,
        settings=SETTINGS,
    )
    running = asyncio.create_task(outbox.run())
    await asyncio.sleep(0)
    try:
        yield Office(journal, outbox)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await journal.aclose()


async def test_events_are_delivered_in_order(tmp_path: Path) -> None:
    receiver = Receiver()
    async with office(tmp_path, receiver) as shop:
        await shop.add()

        ids = await shop.happen(5)

        await receiver.has_taken(5)
    assert receiver.taken == ids


async def test_what_is_not_taken_is_sent_again_before_the_next(tmp_path: Path) -> None:
    receiver = Receiver(answers=[500, "refused", 302, 200])
    async with office(tmp_path, receiver) as shop:
        await shop.add()

        ids = await shop.happen(2)

        await receiver.has_taken(2)
    assert receiver.taken == ids
    assert len(receiver.requests) == 5


async def test_an_endpoint_gets_what_it_asked_for(tmp_path: Path) -> None:
    receiver = Receiver()
    async with office(tmp_path, receiver) as shop:
        await shop.add("deaf", events=("phase_changed",), path="/deaf")
        await shop.add("keen", events=("reader_moved",), path="/keen")

        await shop.happen(3)

        await receiver.has_taken(3)
    assert [path for path, _, _ in receiver.requests] == ["/keen"] * 3


async def test_a_restart_goes_on_where_the_endpoint_was(tmp_path: Path) -> None:
    receiver = Receiver()
    async with office(tmp_path, receiver) as shop:
        await shop.add()
        first = await shop.happen(2)
        await receiver.has_taken(2)
        receiver.answers = ["away"] * 100
        second = await shop.happen(2)
    receiver.answers = []

    async with office(tmp_path, receiver):
        await receiver.has_taken(4)

    assert receiver.taken == first + second


async def test_a_crash_repeats_what_was_taken_at_most(tmp_path: Path) -> None:
    receiver = Receiver()
    async with office(tmp_path, receiver) as shop:
        await shop.add()
        ids = await shop.happen(2)
        await receiver.has_taken(2)
        shop.journal.disk.is_full = True  # As if it died before it was written down.

    async with office(tmp_path, receiver) as shop:
        ids += await shop.happen(1)
        await receiver.has_taken(5)

    assert receiver.taken == [*ids[:2], *ids]


async def test_an_endpoint_that_takes_nothing_for_long_is_disabled(
    tmp_path: Path,
) -> None:
    receiver = Receiver(answers=["away"] * 1000)
    async with office(tmp_path, receiver) as shop:
        endpoint = await shop.add()
        await shop.happen(1)
        await asyncio.sleep(2.9 * HOUR_S)
        before = shop.outbox.deliveries.get(endpoint)

        await asyncio.sleep(1.2 * HOUR_S)

        after = shop.outbox.deliveries.get(endpoint)
        told = shop.journal.events.read(after=1)
        kept = shop.journal.endpoints.all()
    assert (before.disabled_reason, after.disabled_reason) == (None, "failing")
    assert [event.type for event in told] == ["webhook_endpoint_disabled"]
    assert kept == [after]
    assert len(receiver.requests) < 100


async def test_time_without_the_agent_counts_too(tmp_path: Path) -> None:
    receiver = Receiver(answers=["away"] * 1000)
    async with office(tmp_path, receiver) as shop:
        await shop.add()
        await shop.happen(1)
        await asyncio.sleep(2.0 * HOUR_S)
    async with office(tmp_path, receiver) as shop:
        await asyncio.sleep(2.1 * HOUR_S)

        disabled = [e.disabled_reason for e in shop.journal.endpoints.all()]
    assert disabled == ["failing"]


async def test_an_endpoint_that_is_enabled_again_goes_on(tmp_path: Path) -> None:
    receiver = Receiver(answers=["away"] * 1000)
    async with office(tmp_path, receiver) as shop:
        endpoint = await shop.add(events=("reader_moved",))
        ids = await shop.happen(1)
        await asyncio.sleep(4 * HOUR_S)
        ids += await shop.happen(1)
        receiver.answers = []

        await shop.outbox.deliveries.change(endpoint, disabled_reason=None)

        await receiver.has_taken(2)
        shown = shop.outbox.deliveries.get(endpoint)
    assert receiver.taken == ids
    assert (shown.failing_since, shown.disabled_reason) == (None, None)


async def test_another_address_is_tried_at_once(tmp_path: Path) -> None:
    receiver = Receiver(answers=["away"] * 12)
    async with office(tmp_path, receiver) as shop:
        endpoint = await shop.add()
        await shop.happen(1)
        await asyncio.sleep(HOUR_S / 2)
        receiver.answers = []
        at = LoopClock().now()

        url = "http://127.0.0.1:9090/new"
        await shop.outbox.deliveries.change(endpoint, url=url)
        await receiver.has_taken(1)

        waited = LoopClock().now() - at
    assert receiver.requests[-1][0] == "/new"
    assert waited.total_seconds() < 1.0


async def test_an_endpoint_without_its_secret_is_sent_nothing(tmp_path: Path) -> None:
    receiver = Receiver()
    async with office(tmp_path, receiver) as shop:
        endpoint = await shop.add()
    (tmp_path / "webhook_secrets").unlink()

    async with office(tmp_path, receiver) as shop:
        await shop.happen(1)
        await asyncio.sleep(HOUR_S)
        disabled = shop.outbox.deliveries.get(endpoint).disabled_reason

    assert disabled == "secret_missing"
    assert receiver.requests == []


async def test_a_deleted_endpoint_is_forgotten_with_its_secret(tmp_path: Path) -> None:
    receiver = Receiver()
    async with office(tmp_path, receiver) as shop:
        endpoint = await shop.add()

        await shop.outbox.deliveries.delete(endpoint)
        await shop.happen(1)
        await asyncio.sleep(HOUR_S)

        kept = shop.journal.endpoints.all()
    assert (kept, receiver.requests) == ([], [])
    assert (tmp_path / "webhook_secrets").read_text() == "{}"


async def test_a_full_disk_disables_nobody_and_loses_nothing(tmp_path: Path) -> None:
    receiver = Receiver(answers=["away"] * 1000)
    async with office(tmp_path, receiver) as shop:
        endpoint = await shop.add()
        await shop.happen(1)
        shop.journal.disk.is_full = True
        await asyncio.sleep(4 * HOUR_S)
        meanwhile = shop.journal.endpoints.all()[0].disabled_reason
        shop.journal.free_disk()

        await asyncio.sleep(2 * HOUR_S)

        shown = shop.outbox.deliveries.get(endpoint)
        told = shop.journal.events.read(after=1)
    assert meanwhile is None
    assert shown.disabled_reason == "failing"
    assert [event.type for event in told] == ["webhook_endpoint_disabled"]


async def test_an_endpoint_is_added_or_changed_on_the_disk_or_not_at_all(
    tmp_path: Path,
) -> None:
    async with office(tmp_path, Receiver()) as shop:
        endpoint = await shop.add("one")
        shop.journal.disk.is_full = True

        with pytest.raises(JournalUnavailable):
            await shop.add("two")
        with pytest.raises(JournalUnavailable):
            await shop.outbox.deliveries.change(endpoint, disabled_reason="disabled")

        shown = shop.outbox.deliveries.endpoints()
        secret = shop.outbox.secrets.get("we_two")
    assert [(e.endpoint_id, e.disabled_reason) for e in shown] == [("we_one", None)]
    assert secret is None


async def test_what_is_gone_is_passed_over(tmp_path: Path) -> None:
    receiver = Receiver()
    async with office(tmp_path, receiver) as shop:
        endpoint = await shop.add()
        await shop.outbox.deliveries.change(endpoint, disabled_reason="disabled")
        ids = await shop.happen(5)
        await shop.journal.events.forget(through=3)

        await shop.outbox.deliveries.change(endpoint, disabled_reason=None)

        await receiver.has_taken(2)
    assert receiver.taken == ids[3:]


async def test_a_defect_leaves_the_endpoint_alone_for_a_while(tmp_path: Path) -> None:
    receiver = Receiver(breaks=1)
    async with office(tmp_path, receiver) as shop:
        await shop.add()
        at = LoopClock().now()

        ids = await shop.happen(1)
        await receiver.has_taken(1)

        waited = LoopClock().now() - at
    assert receiver.taken == ids
    assert waited.total_seconds() >= 60.0


@pytest.mark.parametrize("slow", ["slow", "swift"])
async def test_a_slow_endpoint_holds_up_nobody(slow: str, tmp_path: Path) -> None:
    receiver = Receiver(sleeps_at=f"/{slow}")
    async with office(tmp_path, receiver) as shop:
        for name in ("slow", "swift"):
            await shop.add(name, path=f"/{name}")
        at = LoopClock().now()

        await shop.happen(10)
        await receiver.has_taken(10)

        waited = LoopClock().now() - at
    assert waited.total_seconds() < 1.0
    assert f"/{slow}" not in [path for path, _, _ in receiver.requests]


async def test_how_many_have_not_taken_an_event_is_known(tmp_path: Path) -> None:
    receiver = Receiver(answers=["away"] * 2)
    async with office(tmp_path, receiver) as shop:
        await shop.add("one")
        await shop.add("other", events=("phase_changed",))
        await shop.happen(1)
        (event,) = shop.journal.events.read(after=0)
        before = shop.outbox.deliveries.pending(event)

        await receiver.has_taken(1)

        after = shop.outbox.deliveries.pending(event)
    assert (before, after) == (1, 0)
