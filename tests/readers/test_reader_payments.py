"""What a payment is at the reader: the same for every model, on every wire it has."""

from __future__ import annotations

from dataclasses import replace

import pytest
from reader_counter import ENTRIES, READ_METHODS, Counter, works_again

from drivers.errors import Disconnected
from drivers.reader import (
    CardPresented,
    CardRequested,
    ChipFlow,
    DisplayMessage,
    InputOption,
    MessageShown,
    OnlineRequested,
    TransactionFinished,
    TransactionKind,
    Verdict,
)
from simulator.cards.card import Entry
from simulator.emv.authorization import Approved
from simulator.reader.actions import PressKey, RemoveCard, Unplug
from simulator.reader.screen import ReaderState

pytest_plugins = ("bluetooth_fixtures",)


async def test_the_reader_tells_who_it_is(counter: Counter) -> None:
    info = counter.reader.info

    assert info.serial_number == counter.simulated.serial_number
    assert info.model == counter.combination.model
    assert info.family == counter.combination.profile.family
    assert info.firmware_version


@pytest.mark.parametrize("entry", list(Entry))
async def test_a_good_card_is_approved(counter: Counter, entry: Entry) -> None:
    if entry not in counter.entries():
        pytest.skip(f"the model takes no {entry}")
    counter.when_asked(counter.card("visa_approved", entry))

    finished = await counter.pay()

    assert finished.verdict is Verdict.APPROVED
    (answer,) = counter.answers
    assert isinstance(answer, Approved)
    assert answer.card.last4 == "4242"
    (online,) = [each for each in counter.events if isinstance(each, OnlineRequested)]
    assert online.card.read_method == READ_METHODS[entry]


async def test_the_events_of_a_payment_are_in_order(counter: Counter) -> None:
    entry = counter.entries()[0]
    counter.when_asked(counter.card("visa_approved", entry))

    await counter.pay()

    assert isinstance(counter.events[0], CardRequested)
    kinds = [type(event) for event in counter.events]
    assert (
        kinds.index(CardPresented)
        < kinds.index(OnlineRequested)
        < kinds.index(TransactionFinished)
    )
    assert kinds.count(OnlineRequested) == kinds.count(TransactionFinished) == 1
    assert kinds[-1] is TransactionFinished


@pytest.mark.parametrize(
    ("card", "entry", "verdict"),
    [
        ("amex_approved", Entry.CONTACT, Verdict.APPROVED),
        ("interac_approved", Entry.CONTACT, Verdict.APPROVED),
        ("visa_contactless", Entry.CONTACTLESS, Verdict.APPROVED),
        ("visa_declined", Entry.CONTACT, Verdict.DECLINED),
        ("visa_insufficient_funds", Entry.SWIPE, Verdict.DECLINED),
        ("visa_refuses_after_approval", Entry.CONTACT, Verdict.DECLINED),
        ("visa_offline_pin", Entry.CONTACT, Verdict.APPROVED),
        ("visa_online_pin", Entry.CONTACT, Verdict.APPROVED),
        ("visa_removed_early", Entry.CONTACT, Verdict.CARD_REMOVED),
        ("visa_removed_before_completion", Entry.CONTACT, Verdict.CARD_REMOVED),
    ],
)
async def test_each_card_ends_as_it_promises(
    counter: Counter, *, card: str, entry: Entry, verdict: Verdict
) -> None:
    if entry not in counter.entries():
        pytest.skip(f"the model takes no {entry}")
    counter.when_asked(counter.card(card, entry))
    counter.types_the_pin_of(card)

    assert (await counter.pay()).verdict is verdict

    await works_again(counter)


@pytest.mark.parametrize(
    ("amount", "kind"),
    [(5_00, TransactionKind.REFUND), (0, TransactionKind.SALE)],
    ids=["a refund", "no amount"],
)
@pytest.mark.parametrize("entry", [Entry.CONTACT, Entry.CONTACTLESS])
async def test_the_card_signs_what_it_is_asked_for(
    counter: Counter, *, entry: Entry, amount: int, kind: TransactionKind
) -> None:
    if entry not in counter.entries():
        pytest.skip(f"the model takes no {entry}")
    taps_need_amount = counter.combination.profile.family == "idtech_neo"
    if entry is Entry.CONTACTLESS and not amount and taps_need_amount:
        pytest.skip("the family takes no tap without an amount")
    counter.when_asked(counter.card("visa_approved", entry))

    finished = await counter.pay(replace(counter.sale, amount=amount, kind=kind))

    assert finished.verdict is Verdict.APPROVED
    assert [type(answer) for answer in counter.answers] == [Approved]


async def test_quick_chip_leaves_the_verdict_to_the_host(counter: Counter) -> None:
    flows = counter.combination.profile.capabilities.chip_flows
    if ChipFlow.QUICK_CHIP not in flows or Entry.CONTACT not in counter.entries():
        pytest.skip("the model has no Quick Chip")
    counter.when_asked(counter.card("visa_approved", Entry.CONTACT))

    finished = await counter.pay(counter.quick())

    assert finished.verdict is Verdict.DEFERRED


async def test_a_dead_chip_is_swiped_instead(counter: Counter) -> None:
    if not {Entry.CONTACT, Entry.SWIPE} <= set(counter.entries()):
        pytest.skip("the model has no slot and stripe head")
    counter.when_asked(counter.card("visa_chip_fallback", Entry.CONTACT))
    counter.when_asked(counter.card("visa_chip_fallback", Entry.SWIPE))

    finished = await counter.pay()

    (online,) = [each for each in counter.events if isinstance(each, OnlineRequested)]
    assert online.card.read_method == "magnetic_stripe_fallback"
    assert finished.verdict is Verdict.APPROVED


async def test_two_cards_at_once_are_told_apart(counter: Counter) -> None:
    if Entry.CONTACTLESS not in counter.entries():
        pytest.skip("the model takes no taps")
    counter.when_asked(counter.card("visa_two_cards", Entry.CONTACTLESS))
    counter.when_asked(counter.card("visa_approved", Entry.CONTACTLESS))

    finished = await counter.pay()

    collision = MessageShown(DisplayMessage.MULTIPLE_CONTACTLESS_CARDS_DETECTED)
    assert collision in counter.events
    assert finished.verdict is Verdict.APPROVED


async def test_nobody_comes(counter: Counter) -> None:
    finished = await counter.pay()

    assert finished.verdict is Verdict.TIMED_OUT
    await works_again(counter)


async def test_the_customer_may_cancel(counter: Counter) -> None:
    if "cancel" not in counter.simulated.model.keys:
        pytest.skip("the model has no cancel key")
    counter.when_asked(PressKey("cancel"))

    assert (await counter.pay()).verdict is Verdict.CANCELED_BY_CUSTOMER

    await works_again(counter)


async def test_the_host_may_cancel(counter: Counter) -> None:
    async with counter.reader.transaction(counter.sale) as transaction:
        await transaction.cancel()
        events = [event async for event in transaction]

    last = events[-1]
    assert isinstance(last, TransactionFinished)
    assert last.verdict is Verdict.CANCELED_BY_HOST
    await works_again(counter)


async def test_the_host_may_leave_early(counter: Counter) -> None:
    async with counter.reader.transaction(counter.sale):
        pass

    assert counter.simulated.screen.state is ReaderState.IDLE
    await works_again(counter)


@pytest.mark.parametrize("option", list(ENTRIES))
async def test_only_the_ways_asked_for_are_offered(
    counter: Counter, option: InputOption
) -> None:
    if option not in counter.offered:
        pytest.skip(f"the model offers no {option}")
    request = replace(counter.sale, options=frozenset({option}))
    counter.when_asked(counter.card("visa_approved", ENTRIES[option]))

    finished = await counter.pay(request)

    assert finished.verdict is Verdict.APPROVED
    assert counter.events[0] == CardRequested(frozenset({option}))


async def test_a_card_pulled_while_the_bank_thinks_ends_the_payment(
    counter: Counter,
) -> None:
    if Entry.CONTACT not in counter.entries():
        pytest.skip("the model has no slot")
    counter.when_asked(counter.card("visa_approved", Entry.CONTACT))
    counter.when(ReaderState.AUTHORISING, RemoveCard(), after_s=1.0)

    finished = await counter.read_only()

    assert finished.verdict is Verdict.CARD_REMOVED
    await works_again(counter)


@pytest.mark.parametrize(
    "state",
    [ReaderState.WAITING_FOR_CARD, ReaderState.READING, ReaderState.AUTHORISING],
)
async def test_a_pulled_cable_is_told_and_the_next_payment_works(
    counter: Counter, state: ReaderState
) -> None:
    is_over_when_read = Entry.CONTACT not in counter.entries()
    if is_over_when_read and state is not ReaderState.WAITING_FOR_CARD:
        pytest.skip("a tap is all that the reader has to do with a payment")
    counter.when(state, Unplug())
    if state is not ReaderState.WAITING_FOR_CARD:
        counter.when_asked(counter.card("visa_approved", counter.entries()[0]))

    with pytest.raises(Disconnected):
        await counter.read_only()
    await counter.reader.wait_closed()

    counter.simulated.plug()
    await counter.reopen()
    await works_again(counter)


async def test_a_payment_left_by_a_dead_host_does_not_stop_the_next(
    counter: Counter,
) -> None:
    async with counter.reader.transaction(counter.sale):
        # The process dies: nobody says goodbye to the reader.
        await counter.reopen()
        await counter.reader.cancel()

    await works_again(counter)


async def test_a_text_of_the_host_is_shown(counter: Counter) -> None:
    if not counter.combination.profile.capabilities.has_display:
        pytest.skip("the model has no display")

    await counter.reader.display(DisplayMessage.APPROVED, seconds=0)

    assert "APPROVED" in counter.simulated.screen.lines


async def test_every_display_message_has_a_text(counter: Counter) -> None:
    if not counter.combination.profile.capabilities.has_display:
        pytest.skip("the model has no display")
    shown = set()
    for message in DisplayMessage:
        await counter.reader.display(message, seconds=0)
        shown |= set(counter.simulated.screen.lines)

    texts = counter.simulated.model.texts
    assert shown
    assert texts is None or shown <= texts
