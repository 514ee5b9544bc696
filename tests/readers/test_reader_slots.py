"""A chip card that stays in the slot: the same for every model, on every wire it has."""

from __future__ import annotations

import asyncio

import pytest
from reader_counter import CUSTOMER_S, Counter, works_again

from drivers.errors import Disconnected, TransportError
from drivers.reader import CardSlot, SlotState, Verdict
from simulator.cards.card import Entry
from simulator.reader.actions import PresentCard
from simulator.reader.screen import ReaderState

pytest_plugins = ("bluetooth_fixtures",)


async def test_a_model_has_a_slot_if_it_takes_chips(counter: Counter) -> None:
    takes_chips = Entry.CONTACT in counter.entries()

    assert (counter.reader.slot is not None) is takes_chips


@pytest.mark.parametrize("card", ["visa_approved", "visa_declined"])
async def test_a_card_left_in_the_slot_is_seen_until_it_is_pulled(
    counter: Counter, card: str
) -> None:
    slot = await slot_of(counter)
    counter.when_asked(left_in(counter, card))

    finished = await counter.pay()
    left = await slot.look()
    asyncio.get_running_loop().call_later(CUSTOMER_S, counter.simulated.remove_card)
    await until(slot, SlotState.EMPTY)

    assert finished.verdict in {Verdict.APPROVED, Verdict.DECLINED}
    assert left is SlotState.OCCUPIED
    assert not counter.simulated.has_card_left_in
    await works_again(counter)


async def test_a_card_that_is_taken_at_once_is_not_in_the_slot(
    counter: Counter,
) -> None:
    slot = await slot_of(counter)
    counter.when_asked(counter.card("visa_approved", Entry.CONTACT))

    await counter.pay()

    await until(slot, SlotState.EMPTY)


@pytest.mark.parametrize(
    ("card", "entry"),
    [
        ("visa_removed_early", Entry.CONTACT),
        ("visa_removed_before_completion", Entry.CONTACT),
        ("visa_approved", Entry.CONTACTLESS),
    ],
)
async def test_a_card_that_is_not_in_the_slot_is_not_seen_there(
    counter: Counter, card: str, entry: Entry
) -> None:
    if entry not in counter.entries():
        pytest.skip(f"the model takes no {entry}")
    slot = await slot_of(counter)
    counter.when_asked(counter.card(card, entry))

    await counter.pay()

    assert await slot.look() is not SlotState.OCCUPIED
    await works_again(counter)


async def test_a_card_of_a_canceled_payment_is_seen_in_the_slot(
    counter: Counter,
) -> None:
    slot = await slot_of(counter)
    counter.when_asked(left_in(counter, "visa_approved"))

    async with counter.reader.transaction(counter.sale) as transaction:
        async for _ in transaction:
            if counter.simulated.screen.state is ReaderState.AUTHORISING:
                break

    assert await slot.look() is SlotState.OCCUPIED
    counter.simulated.remove_card()
    await until(slot, SlotState.EMPTY)
    await works_again(counter)


async def test_a_card_in_the_slot_is_no_news_to_a_host_that_is_gone(
    counter: Counter,
) -> None:
    slot = await slot_of(counter)
    counter.when_asked(left_in(counter, "visa_approved"))
    await counter.pay()

    counter.simulated.unplug()
    await counter.reader.wait_closed()
    await slot.changed()

    with pytest.raises(TransportError) as raised:
        await slot.look()
    assert isinstance(raised.value, Disconnected)
    counter.simulated.plug()
    await counter.reopen()
    await works_again(counter)


async def test_a_host_that_comes_back_never_takes_an_empty_slot_for_a_full_one(
    counter: Counter,
) -> None:
    await slot_of(counter)
    counter.when_asked(counter.card("visa_approved", Entry.CONTACT))
    await counter.pay()

    await counter.reopen()

    slot = await slot_of(counter)
    assert await slot.look() is not SlotState.OCCUPIED
    await works_again(counter)


async def slot_of(counter: Counter) -> CardSlot:
    """The open reader's, told to tell."""
    slot = counter.reader.slot
    if slot is None:
        pytest.skip("the model has no slot")
    await slot.prepare()
    return slot


def left_in(counter: Counter, card: str) -> PresentCard:
    """A card that its holder forgets in the slot."""
    return PresentCard(counter.simulator.cards.named(card), Entry.CONTACT, stays_s=None)


async def until(slot: CardSlot, state: SlotState) -> None:
    """Return when the slot is as it should be."""
    while await slot.look() is not state:
        await slot.changed()
