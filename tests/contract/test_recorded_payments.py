"""Payments recorded and replayed with the real drivers, and what recordings hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from card_data_scanner import Finding, find_card_data
from reader_combinations import Combination, combinations, is_sampled
from recorded_payments import recorded_payment, replayed_payment
from virtual_time import in_virtual_time

from drivers.reader import OnlineRequested, TransactionEvent, TransactionFinished
from drivers.recording.format import read_recording
from simulator.cards.card import Entry
from simulator.reader.wires.pipe import PipeWire

ENTRIES = [
    ("visa_approved", Entry.CONTACT),
    ("visa_contactless", Entry.CONTACTLESS),
    ("visa_declined", Entry.CONTACT),
]
READS = [
    *ENTRIES,
    ("amex_approved", Entry.SWIPE),
    ("mastercard_approved", Entry.CONTACTLESS),
    ("visa_signature", Entry.CONTACT),
]
OPTIONS = {Entry.CONTACT: "insert", Entry.CONTACTLESS: "tap", Entry.SWIPE: "swipe"}
IN_MEMORY = [each for each in combinations() if not each.wire.is_real]
SAMPLE = [
    pytest.param(each, marks=() if is_sampled(each) else pytest.mark.full, id=str(each))
    for each in IN_MEMORY
]


def takes(combination: Combination, entry: Entry) -> bool:
    return OPTIONS[entry] in combination.profile.capabilities.input_options


def wire_of(combination: Combination) -> PipeWire:
    wire = combination.make_wire("till", Path())
    assert isinstance(wire, PipeWire)
    return wire


@pytest.mark.parametrize(
    ("combination", "card", "entry"),
    [
        pytest.param(
            each,
            *read,
            marks=() if is_sampled(each) else pytest.mark.full,
            id=f"{each}-{read[0]}",
        )
        for each in IN_MEMORY
        for read in ENTRIES
        if takes(each, read[1])
    ],
)
@in_virtual_time
async def test_recording_of_a_payment_is_the_payment_again(
    combination: Combination, card: str, entry: Entry
) -> None:
    wire = wire_of(combination)
    text, paid = await recorded_payment(card, entry, wire=wire, model=combination.model)

    again = await replayed_payment(read_recording(text))

    assert isinstance(again.events[-1], TransactionFinished)
    assert again.serial_number == paid.serial_number
    assert [seen(event) for event in again.events] == [
        seen(event) for event in paid.events
    ]


def seen(event: TransactionEvent) -> object:
    """The event, but for its ciphertext: it may be left out where it looks like more."""
    return type(event) if isinstance(event, OnlineRequested) else event


@pytest.mark.parametrize("combination", SAMPLE)
@in_virtual_time
async def test_no_recording_holds_card_data(combination: Combination) -> None:
    findings: list[Finding] = []
    for card, entry in READS:
        if not takes(combination, entry):
            continue
        wire = wire_of(combination)
        text, _ = await recorded_payment(
            card, entry, wire=wire, model=combination.model
        )
        packets = b"".join(
            packet
            for line in text.splitlines()
            for packet in map(bytes.fromhex, json.loads(line).get("packets", []))
        )
        findings += find_card_data(text.encode(), where=f"{card} {entry}")
        findings += find_card_data(packets, where=f"{card} {entry}, as bytes")

    assert [str(finding) for finding in findings] == []
