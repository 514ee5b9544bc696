"""What readers offer beyond a card: the same for every model that has the feature."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from reader_counter import Counter, typed, works_again

from drivers.errors import FeatureUnsupported, ReaderRefused, TransportError
from drivers.features import (
    Barcode,
    EncryptedPin,
    ImageKind,
    InputEnd,
    NfcTag,
    PinBlockFormat,
    PinRequest,
    Signature,
    Tone,
)
from drivers.reader import (
    CustomerActing,
    CustomerStep,
    InputOption,
    OnlineRequested,
    SignatureCaptured,
    TipChoices,
    TipChosen,
    TransactionFinished,
    Verdict,
)
from simulator.cards.card import Entry
from simulator.reader.actions import (
    PresentTag,
    PressKey,
    ShowBarcode,
    Sign,
    Touch,
)
from simulator.reader.device import SimulatedReader
from simulator.reader.model import Tag
from simulator.reader.screen import ReaderState, Screen

pytest_plugins = ("bluetooth_fixtures",)

FeatureT = TypeVar("FeatureT")
STROKES = (((20, 120), (160, 60)), ((200, 60), (300, 120)))
UID = bytes.fromhex("04A1B2C3D4E5F6")
PIN = "1234"


def needed(feature: FeatureT | None) -> FeatureT:
    """The feature; a model without it has nothing to show here."""
    if feature is None:
        pytest.skip("the model has no such feature")
    return feature


async def test_what_is_offered_is_what_the_profile_lists(counter: Counter) -> None:
    features = counter.reader.features
    offered = {
        name
        for name in features.__dataclass_fields__
        if getattr(features, name) is not None
    }

    assert offered == counter.combination.profile.capabilities.features


async def test_tones_are_heard(counter: Counter) -> None:
    buzzer = needed(counter.reader.features.buzzer)

    await buzzer.play([Tone(2000, 200), Tone(2000, 200)])

    assert len(counter.simulated.heard) >= 1
    await works_again(counter)


async def test_lights_go_on_and_off(counter: Counter) -> None:
    lights = needed(counter.reader.features.lights)

    await lights.set_light(0, is_on=True)
    await lights.set_light(0, is_on=False)

    await works_again(counter)


async def test_a_customer_signs(counter: Counter) -> None:
    pad = needed(counter.reader.features.signature)
    counter.when_it_waits(Sign(STROKES))

    signature = await pad.request_signature(timeout_s=30)

    assert isinstance(signature, Signature)
    drawn = [[(point.x, point.y) for point in stroke] for stroke in signature.strokes]
    assert drawn == [list(stroke) for stroke in STROKES]
    await works_again(counter)


async def test_nobody_signs(counter: Counter) -> None:
    pad = needed(counter.reader.features.signature)

    assert await pad.request_signature(timeout_s=30) is InputEnd.TIMED_OUT

    await works_again(counter)


async def test_a_barcode_is_read(counter: Counter) -> None:
    scanner = needed(counter.reader.features.barcode)
    counter.when_it_waits(ShowBarcode("4006381333931"))

    assert await scanner.read_barcode(timeout_s=30) == Barcode(b"4006381333931")

    await works_again(counter)


async def test_nobody_shows_a_barcode(counter: Counter) -> None:
    scanner = needed(counter.reader.features.barcode)

    assert await scanner.read_barcode(timeout_s=30) is InputEnd.TIMED_OUT

    await works_again(counter)


async def test_a_tag_is_read_by_its_number(counter: Counter) -> None:
    tags = needed(counter.reader.features.nfc_tag)
    counter.when_asked(PresentTag(Tag(UID)))
    counter.when_it_waits(PresentTag(Tag(UID)))

    tag = await tags.read_tag(timeout_s=30)

    assert isinstance(tag, NfcTag)
    assert tag.uid == UID
    await works_again(counter)


async def test_nobody_shows_a_tag(counter: Counter) -> None:
    tags = needed(counter.reader.features.nfc_tag)

    assert await tags.read_tag(timeout_s=30) is InputEnd.TIMED_OUT

    await works_again(counter)


async def test_a_pin_comes_out_encrypted(counter: Counter) -> None:
    pad = needed(counter.reader.features.pin)
    await works_again(counter)  # Some models ask for the PIN of the card read last.
    counter.when_asked(counter.card("visa_online_pin", counter.entries()[0]))
    counter.when_it_waits(*typed(PIN))

    pin = await pad.request_pin(PinRequest(timeout_s=30))

    assert isinstance(pin, EncryptedPin)
    assert pin.block_format is PinBlockFormat.ISO_0
    assert len(pin.block) == 8
    assert len(pin.ksn) in {10, 12}
    assert PIN not in " ".join(shown(counter))
    await works_again(counter)


async def test_the_customer_gives_up_before_the_pin(counter: Counter) -> None:
    pad = needed(counter.reader.features.pin)
    await works_again(counter)  # Some models ask for the PIN of the card read last.
    counter.when_asked(counter.card("visa_online_pin", counter.entries()[0]))
    counter.when_it_waits(PressKey("cancel"))

    ended = await pad.request_pin(PinRequest(timeout_s=30))

    assert ended is InputEnd.CANCELED_BY_CUSTOMER
    await works_again(counter)


async def test_a_number_is_typed(counter: Counter) -> None:
    keypad = needed(counter.reader.features.keypad)
    counter.when_it_waits(*typed("0417"))

    number = await keypad.enter_number(
        prompt="TABLE", least_digits=1, most_digits=6, timeout_s=30
    )

    assert number == "0417"
    await works_again(counter)


async def test_an_amount_is_typed(counter: Counter) -> None:
    keypad = needed(counter.reader.features.keypad)
    counter.when_it_waits(*typed("250"))

    amount = await keypad.enter_amount(prompt="TIP AMOUNT", most_digits=6, timeout_s=30)

    assert amount == 250
    await works_again(counter)


async def test_a_customer_chooses(counter: Counter) -> None:
    menu = needed(counter.reader.features.menu)
    counter.when_it_waits(Touch("BEANS"))

    chosen = await menu.choose(
        title="COFFEE", choices=("GROUND", "BEANS"), timeout_s=30
    )

    assert chosen == 1
    await works_again(counter)


async def test_a_customer_who_touches_the_question_is_asked_again(
    counter: Counter,
) -> None:
    menu = needed(counter.reader.features.menu)
    counter.when_it_waits(Touch("COFFEE"))
    counter.when_it_waits(Touch("How is it ground?"))
    counter.when_it_waits(Touch("GROUND"))

    chosen = await menu.choose(
        title="COFFEE",
        text=("How is it ground?",),
        choices=("GROUND", "BEANS"),
        timeout_s=30,
    )

    assert chosen == 0
    await works_again(counter)


async def test_any_text_is_shown_until_it_is_cleared(counter: Counter) -> None:
    screen = needed(counter.reader.features.text_screen)
    lines = ["1 Café crème".ljust(screen.columns), *["."] * (screen.rows - 1)]

    await screen.show_text(lines)
    during = counter.simulated.screen.lines
    await screen.clear()

    assert list(during) == lines
    assert counter.simulated.screen.lines == ("WELCOME",)
    await works_again(counter)


async def test_a_form_left_by_a_dead_host_does_not_stop_the_next(
    counter: Counter,
) -> None:
    features = counter.reader.features
    menu, pad = features.menu, features.signature
    asking: Coroutine[Any, Any, object]
    if menu is not None:
        asking = menu.choose(title="COFFEE", choices=("BEANS",), timeout_s=120)
    else:
        asking = needed(pad).request_signature(timeout_s=120)
    answer = asyncio.create_task(left_behind(asking))
    await in_state(counter, ReaderState.WAITING_FOR_CUSTOMER)
    # The process dies: nobody says goodbye to the reader.
    await counter.reopen()
    await answer

    await works_again(counter)


async def test_pictures_are_shown(counter: Counter) -> None:
    screen = needed(counter.reader.features.screen)

    await screen.show_image(ImageKind.QR_CODE, "https://example.com/r/1", seconds=5)
    await screen.clear()

    await works_again(counter)


async def test_the_battery_is_told(counter: Counter) -> None:
    gauge = needed(counter.reader.features.battery)
    counter.simulated.set_battery(42)

    assert (await gauge.battery()).percent == 42


async def test_keys_are_told_by_name_and_number_only(counter: Counter) -> None:
    store = needed(counter.reader.features.keys)

    states = await store.key_states()

    assert states
    assert any(state.is_usable for state in states)
    assert all(state.ksn is None or len(state.ksn) in {10, 12} for state in states)


async def test_a_feature_waits_for_no_payment(counter: Counter) -> None:
    buzzer = needed(counter.reader.features.buzzer)

    async with counter.reader.transaction(counter.sale):
        with pytest.raises(ReaderRefused):
            await buzzer.play([Tone(2000, 100)])

    await works_again(counter)


async def test_a_tip_is_added_to_what_the_card_authorises(counter: Counter) -> None:
    if not counter.combination.profile.capabilities.takes_tips:
        pytest.skip("the model takes no tips")
    tip = TipChoices(percents=(10, 15, 20))
    counter.simulator.rules.clear()
    counter.choose_tip(10)
    counter.when_asked(counter.card("visa_approved", counter.entries()[0]))

    finished = await counter.pay(replace(counter.sale, tip=tip))

    assert finished.verdict is Verdict.APPROVED
    assert TipChosen(tip=123, tax=0) in counter.events
    assert CustomerActing(CustomerStep.SELECTING_TIP) in counter.events
    before_card = [type(event) for event in counter.events]
    assert before_card.index(TipChosen) < before_card.index(OnlineRequested)


async def test_a_signature_is_captured_while_paying(counter: Counter) -> None:
    if not counter.combination.profile.capabilities.captures_signatures:
        pytest.skip("the model captures no signatures")
    counter.when_asked(counter.card("visa_signature", Entry.CONTACT))
    counter.when_it_waits(Sign(STROKES))

    finished = await counter.pay(replace(counter.sale, asks_signature=True))

    assert finished.verdict is Verdict.APPROVED
    (captured,) = [
        event for event in counter.events if isinstance(event, SignatureCaptured)
    ]
    assert len(captured.signature.strokes) == len(STROKES)
    await works_again(counter)


async def test_a_card_number_is_typed_at_the_reader(counter: Counter) -> None:
    if InputOption.MANUAL not in counter.offered:
        pytest.skip("the model takes no typed cards")
    request = replace(counter.sale, options=frozenset({InputOption.MANUAL}))
    card = counter.simulator.cards.named("visa_approved")
    counter.type_card(card)

    await counter.pay(request)

    # Stripe's bank knows no typed cards, but the reader has read this one.
    last = counter.events[-1]
    assert isinstance(last, TransactionFinished)
    assert last.verdict is Verdict.DEFERRED
    (online,) = [each for each in counter.events if isinstance(each, OnlineRequested)]
    assert online.card.read_method == "manual_entry"
    assert card.account.number not in " ".join(shown(counter))
    assert card.account.number not in repr(counter.events)
    await works_again(counter)


async def test_what_the_model_lacks_is_refused_before_it_is_asked(
    counter: Counter,
) -> None:
    capabilities = counter.combination.profile.capabilities
    lacking = [
        request
        for request, has in (
            (
                replace(counter.sale, tip=TipChoices(percents=(10,))),
                capabilities.takes_tips,
            ),
            (
                replace(counter.sale, options=frozenset({InputOption.MANUAL})),
                InputOption.MANUAL in counter.offered,
            ),
        )
        if not has
    ]
    before = counter.simulated.history

    for request in lacking:
        with pytest.raises(FeatureUnsupported):
            await counter.pay(request)

    assert counter.simulated.history == before


async def left_behind(asking: Coroutine[Any, Any, object]) -> None:
    """What a process asks whose wire is gone before the customer has answered."""
    with pytest.raises(TransportError):
        await asking


async def in_state(counter: Counter, state: ReaderState) -> None:
    """Return when the reader is in this state."""
    seen = asyncio.Event()

    def look(_: SimulatedReader, screen: Screen) -> None:
        if screen.state is state:
            seen.set()

    counter.simulated.watch(look)
    look(counter.simulated, counter.simulated.screen)
    await seen.wait()


def shown(counter: Counter) -> list[str]:
    """Every line that was on the screen."""
    return [line for screen in counter.simulated.history for line in screen.lines]
