"""Card reads with tips, typed numbers and signatures, and with what a model lacks."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from mms_pipe import CIPHERTEXT, KSN, SERIAL_NUMBER, arqc_of, opened_reader
from mms_transactions import APPROVAL, APPROVED, CANCELED, INSERTED, SALE, started
from transaction_events import events_to_the_end, until_online, while_answering
from virtual_time import in_virtual_time

from drivers.errors import (
    FeatureUnsupported,
    LocalError,
    ReaderRefused,
)
from drivers.families.magtek_mms.starting import options_for, start_command
from drivers.features import Point, Signature
from drivers.profile import profile_named
from drivers.protocol.magtek_mms.blobs import EncryptedData
from drivers.protocol.magtek_mms.card_data import (
    Arqc,
    Batch,
    encode_arqc,
    encode_batch,
)
from drivers.protocol.magtek_mms.control import ReportSelection, ResumeTransaction
from drivers.protocol.magtek_mms.interface import RequestSignature
from drivers.protocol.magtek_mms.interface_notices import (
    InterfaceEvent,
    InterfaceUpdate,
    SelectionRequest,
    SignatureReady,
)
from drivers.protocol.magtek_mms.notifications import (
    CardChange,
    CardData,
    CardUpdate,
    DataKind,
    Notice,
    Outcome,
    OutcomeExtension,
    Technology,
    TransactionComplete,
)
from drivers.protocol.magtek_mms.signatures import encode_signature
from drivers.protocol.magtek_mms.start import ManualEntry
from drivers.protocol.magtek_mms.status import DONE, STARTED, StatusDetail, refused
from drivers.protocol.magtek_mms.tips import (
    TipButton,
    TipButtonKind,
    TipMode,
    TipOptions,
)
from drivers.reader import (
    CardPresented,
    CardRequested,
    CustomerActing,
    CustomerStep,
    InputOption,
    OnlineRequested,
    ReadMethod,
    SignatureCaptured,
    TipChoices,
    TipChosen,
    TransactionFinished,
    TransactionRequest,
    Verdict,
)
from drivers.wires import WireKind

PED = "magtek_dynaflex_ii_ped"
TIPPED = replace(SALE, tip=TipChoices(percents=(15, 20)), tax=99)
TYPED = replace(SALE, options=frozenset({InputOption.MANUAL}))
SIGNED = replace(SALE, asks_signature=True)
DRAWING = Signature(((Point(1, 2), Point(30, 40)),), 253, 120)
SIGNATURE_WANTED = TransactionComplete(
    Technology.CONTACT, Outcome.APPROVED, OutcomeExtension.SIGNATURE_WANTED
)
VALUE, NO_TIP, CUSTOM = (
    TipButtonKind.VALUE,
    TipButtonKind.NO_TIP,
    TipButtonKind.CUSTOM,
)


def arqc_with(*, technology: int = Technology.CONTACT, **fields: int) -> CardData:
    """A card read whose clear part says this, too."""
    arqc = replace(Arqc(SERIAL_NUMBER, EncryptedData(CIPHERTEXT, KSN)), **fields)  # type: ignore[arg-type]
    return CardData(technology, DataKind.ARQC, encode_arqc(arqc))


def tips_of(request: TransactionRequest) -> TipOptions | None:
    capabilities = profile_named(PED).capabilities
    return start_command(request, options_for(request, capabilities)).tips


@pytest.mark.parametrize(
    ("choices", "mode", "buttons"),
    [
        (
            TipChoices(percents=(15, 20)),
            TipMode.PERCENT,
            [(VALUE, 15), (VALUE, 20), (NO_TIP, 0), (CUSTOM, 0)],
        ),
        (
            TipChoices(amounts=(100, 250), allows_custom=False, allows_none=False),
            TipMode.AMOUNT,
            [(VALUE, 100), (VALUE, 250)],
        ),
        (TipChoices(allows_none=False), TipMode.AMOUNT, [(CUSTOM, 0)]),
    ],
)
def test_screen_offers_the_tips_asked_for(
    choices: TipChoices, mode: TipMode, buttons: list[tuple[TipButtonKind, int]]
) -> None:
    expected = tuple(TipButton(kind, value) for kind, value in buttons)

    assert tips_of(replace(SALE, tip=choices)) == TipOptions(mode, expected)


def test_tax_is_shown_with_or_without_a_tip() -> None:
    assert tips_of(replace(SALE, tax=99)) == TipOptions(TipMode.OFF, (), tax=99)
    assert tips_of(SALE) is None
    taxed = tips_of(TIPPED)
    assert taxed is not None
    assert taxed.tax == 99


@pytest.mark.parametrize(
    "choices",
    [
        TipChoices(percents=(101,)),
        TipChoices(amounts=(1_000_000,)),
        TipChoices(percents=(1, 2, 3, 4, 5)),
        TipChoices(allows_custom=False, allows_none=False),
    ],
)
def test_tips_that_fit_no_screen_are_the_callers_fault(choices: TipChoices) -> None:
    with pytest.raises(LocalError):
        tips_of(replace(SALE, tip=choices))


@in_virtual_time
async def test_tip_and_tax_are_told_before_the_card_goes_online() -> None:
    read = arqc_with(tip=185, tax=99)
    async with started(TIPPED, INSERTED, read, CANCELED, model=PED) as (running, _):
        events = await events_to_the_end(running)

        assert events[1] == CustomerActing(CustomerStep.SELECTING_TIP)
        assert events[3] == TipChosen(185, 99)
        assert isinstance(events[4], OnlineRequested)


@in_virtual_time
async def test_tip_is_told_in_the_units_that_stripe_counts_in() -> None:
    request = replace(TIPPED, currency="isk", amount=123400, tax=0)
    read = arqc_with(tip=185)
    async with started(request, read, CANCELED, model=PED) as (running, _):
        events = await events_to_the_end(running)

        assert TipChosen(18500, 0) in events


@in_virtual_time
async def test_typed_card_number_needs_no_issuer_at_the_reader() -> None:
    notices: tuple[Notice, ...] = (
        CardUpdate(Technology.MANUAL, CardChange.SWIPED),
        arqc_with(technology=Technology.MANUAL),
        TransactionComplete(Technology.MANUAL, Outcome.COMPLETED),
    )
    async with started(TYPED, *notices, model=PED) as (running, _):
        card = await until_online(running)
        await running.complete_online(APPROVAL)
        events = await events_to_the_end(running)

        assert card.read_method is ReadMethod.MANUAL_ENTRY
        assert events == [TransactionFinished(Verdict.DEFERRED, "07040000")]


@in_virtual_time
async def test_typing_is_asked_for_alone() -> None:
    async with started(TYPED, CANCELED, model=PED) as (running, _):
        events = await events_to_the_end(running)

        assert events[:2] == [
            CardRequested(frozenset({InputOption.MANUAL})),
            CustomerActing(CustomerStep.ENTERING_CARD_NUMBER),
        ]
    capabilities = profile_named(PED).capabilities
    command = start_command(TYPED, options_for(TYPED, capabilities))
    assert command.manual == ManualEntry()
    assert (command.swipe, command.insert, command.contactless) == (False, False, 0)


@in_virtual_time
async def test_tap_in_the_way_of_a_stripe_is_named_so() -> None:
    read = arqc_with(technology=Technology.CONTACTLESS, card_type=8)
    async with started(SALE, read, CANCELED) as (running, _):
        card = await until_online(running)

        assert card.read_method is ReadMethod.CONTACTLESS_MAGSTRIPE_MODE


@in_virtual_time
async def test_signature_in_the_record_comes_before_the_end() -> None:
    batch = CardData(
        Technology.CONTACT,
        DataKind.BATCH,
        encode_batch(Batch(0, None, signature=DRAWING)),
    )
    notices = (arqc_of(Technology.CONTACT), batch, APPROVED)
    async with started(SIGNED, *notices, model=PED) as (running, _):
        *_, signed, end = await events_to_the_end(running)

        assert signed == SignatureCaptured(DRAWING)
        assert isinstance(end, TransactionFinished)


@pytest.mark.parametrize("blob", [b"", encode_batch(Batch(0, None))])
@in_virtual_time
async def test_record_without_a_signature_is_no_event(blob: bytes) -> None:
    batch = CardData(Technology.CONTACT, DataKind.BATCH, blob)
    async with started(SIGNED, batch, APPROVED, model=PED) as (running, _):
        assert len(await events_to_the_end(running)) == 2


@in_virtual_time
async def test_signature_that_the_reader_leaves_to_the_host_is_asked_for() -> None:
    notices = (arqc_of(Technology.CONTACT), SIGNATURE_WANTED)
    async with started(SIGNED, *notices, model=PED) as (running, device):
        hearing = asyncio.create_task(events_to_the_end(running))
        await device.answer_next(RequestSignature, STARTED, SignatureReady())
        await device.answer_file(encode_signature(DRAWING))
        events = await hearing

        assert events[-3:] == [
            CustomerActing(CustomerStep.SIGNING),
            SignatureCaptured(DRAWING),
            TransactionFinished(Verdict.APPROVED, "10020601"),
        ]


@pytest.mark.parametrize("trouble", ["timed out", "refused", "unplugged"])
@in_virtual_time
async def test_verdict_stands_whatever_becomes_of_the_signature(trouble: str) -> None:
    notices = (arqc_of(Technology.CONTACT), SIGNATURE_WANTED)
    async with started(SIGNED, *notices, model=PED) as (running, device):
        hearing = asyncio.create_task(events_to_the_end(running))
        asked = await device.next_request()
        match trouble:
            case "timed out":
                timed_out = InterfaceUpdate(InterfaceEvent.SIGNATURE_TIMED_OUT)
                await device.answer(asked, STARTED, timed_out)
            case "refused":
                status = refused(StatusDetail.SIGNATURE_NOT_ALLOWED)
                await device.answer(asked, status)
            case "unplugged":
                await device.pipe.aclose()
        events = await hearing

        assert events[-1] == TransactionFinished(Verdict.APPROVED, "10020601")
        assert not any(isinstance(event, SignatureCaptured) for event in events)


@in_virtual_time
async def test_signing_is_too_late_to_cancel() -> None:
    notices = (arqc_of(Technology.CONTACT), SIGNATURE_WANTED)
    async with started(SIGNED, *notices, model=PED) as (running, _):
        with pytest.raises(ReaderRefused, match="80020305"):
            await running.cancel()


@pytest.mark.parametrize(
    ("request_", "outcome"),
    [(SALE, Outcome.APPROVED), (SIGNED, Outcome.DECLINED)],
)
@in_virtual_time
async def test_nobody_signs_who_need_not(
    request_: TransactionRequest, outcome: Outcome
) -> None:
    end = TransactionComplete(
        Technology.CONTACT, outcome, OutcomeExtension.SIGNATURE_WANTED
    )
    notices = (arqc_of(Technology.CONTACT), end)
    async with started(request_, *notices, model=PED) as (running, _):
        *_, last = await events_to_the_end(running)

        assert isinstance(last, TransactionFinished)


@in_virtual_time
async def test_question_that_nobody_can_be_asked_takes_the_first_application() -> None:
    question = SelectionRequest(30, ("APPLICATION SELECT", "1 - DEBIT", "2 - CREDIT"))
    async with started(SALE, question, model="magtek_dynaflex_ii") as (running, device):
        hearing = asyncio.create_task(events_to_the_end(running))
        command = await device.answer_next(ReportSelection, STARTED, CANCELED)
        await hearing

        assert isinstance(command, ReportSelection)
        assert command.index == 0


@pytest.mark.parametrize("request_", [TIPPED, replace(SALE, tax=1), TYPED, SIGNED])
@in_virtual_time
async def test_what_a_model_lacks_is_refused_before_anything_is_sent(
    request_: TransactionRequest,
) -> None:
    async with opened_reader(model="magtek_dynaflex_ii_go") as (reader, _):
        with pytest.raises(FeatureUnsupported):
            async with reader.transaction(request_):
                pytest.fail("a transaction began")


def test_only_ways_that_the_model_has_are_asked_for() -> None:
    capabilities = replace(
        profile_named(PED).capabilities, input_options=frozenset({"tap"})
    )

    assert options_for(SALE, capabilities) == {InputOption.TAP}
    with pytest.raises(FeatureUnsupported):
        options_for(replace(SALE, options=frozenset({InputOption.SWIPE})), capabilities)


def test_card_is_typed_or_presented_not_either() -> None:
    capabilities = profile_named(PED).capabilities
    both = replace(SALE, options=frozenset({InputOption.MANUAL, InputOption.TAP}))

    with pytest.raises(LocalError):
        options_for(both, capabilities)


@pytest.mark.parametrize("kind", [WireKind.HID, WireKind.BLE])
@in_virtual_time
async def test_chip_payment_goes_over_every_wire(kind: WireKind) -> None:
    notices = (INSERTED, arqc_of(Technology.CONTACT))
    async with started(SALE, *notices, model="magtek_dynaflex_ii_go", kind=kind) as (
        running,
        device,
    ):
        await until_online(running)
        answering = device.answer_next(ResumeTransaction, DONE, APPROVED)
        await while_answering(running.complete_online(APPROVAL), answering)
        events = await events_to_the_end(running)

        assert CardPresented(InputOption.INSERT) not in events
        assert events[-1] == TransactionFinished(Verdict.APPROVED, "10020600")


@in_virtual_time
async def test_tip_that_stripe_cannot_express_is_reported() -> None:
    request = replace(TIPPED, currency="mga", amount=5, tip=TipChoices((10,)), tax=0)
    async with started(request, arqc_with(tip=1), model=PED) as (running, device):
        with pytest.raises(LocalError):
            await events_to_the_end(running)
        await device.pipe.aclose()
