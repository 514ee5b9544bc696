"""The simplified kernel: what one read of a virtual card holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from drivers.protocol import emv
from drivers.protocol.tlv import find_value
from simulator.cards.book import CardBook
from simulator.cards.card import Card, Entry
from simulator.cards.tracks import masked_track_2, track_1, track_2
from simulator.clock import ManualClock
from simulator.emv.cryptogram import authorization_response_cryptogram
from simulator.emv.kernel import ChipRead, Completion, Kernel, PinEntry, Purchase

CARDS = CardBook.load()
PURCHASE = Purchase(amount=1234, currency_code=840)


def kernel_at(now: datetime = datetime(2026, 11, 23, 9, 30, 5, tzinfo=UTC)) -> Kernel:
    return Kernel(clock=ManualClock(now), random_bytes=lambda size: b"\xa5" * size)


def read(card: str, entry: Entry = Entry.CONTACT) -> ChipRead:
    return kernel_at().read(CARDS.named(card), entry, purchase=PURCHASE)


def value(result: ChipRead | Completion, tag: int) -> str:
    return (find_value(result.objects, tag) or b"").hex().upper()


def response(chip: ChipRead, code: str) -> bytes:
    cryptogram = authorization_response_cryptogram(
        chip.session_key, chip.cryptogram, response_code=code
    )
    return cryptogram + code.encode()


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (emv.AMOUNT_AUTHORISED, "000000001234"),
        (emv.TRANSACTION_CURRENCY_CODE, "0840"),
        (emv.TRANSACTION_DATE, "261123"),
        (emv.TRANSACTION_TIME, "093005"),
        (emv.DEDICATED_FILE_NAME, "A0000000031010"),
        (emv.TRACK_2_EQUIVALENT_DATA, "4242424242424242D34122011234567890"),
        (emv.APPLICATION_TRANSACTION_COUNTER, "0001"),
        (emv.CRYPTOGRAM_INFORMATION_DATA, "80"),
        (emv.UNPREDICTABLE_NUMBER, "A5A5A5A5"),
        (emv.POS_ENTRY_MODE, "05"),
        (emv.TERMINAL_VERIFICATION_RESULTS, "8000000000"),
    ],
)
def test_a_contact_read_holds(tag: int, expected: str) -> None:
    assert value(read("visa_approved"), tag).rstrip("F") == expected


@pytest.mark.parametrize(
    ("card", "pin", "results", "verification"),
    [
        ("visa_online_pin", PinEntry.DONE, "8000040000", "420302"),
        ("visa_offline_pin", PinEntry.DONE, "8000000000", "410302"),
        ("visa_online_pin", PinEntry.BYPASSED, "8000880000", "420301"),
        ("visa_offline_pin", PinEntry.FAILED, "8000A00000", "410301"),
        ("visa_approved", PinEntry.BYPASSED, "8000000000", "1F0302"),
    ],
)
def test_a_read_tells_what_became_of_the_pin(
    *, card: str, pin: PinEntry, results: str, verification: str
) -> None:
    chip = kernel_at().read(
        CARDS.named(card), Entry.CONTACT, purchase=PURCHASE, pin=pin
    )

    assert value(chip, emv.TERMINAL_VERIFICATION_RESULTS) == results
    assert value(chip, emv.CVM_RESULTS) == verification


def test_a_fifteen_digit_number_is_filled() -> None:
    assert value(read("amex_approved"), emv.PAN) == "378282246310005F"


def test_a_contactless_read_keeps_the_name_and_says_how_it_was_read() -> None:
    chip = read("visa_approved", Entry.CONTACTLESS)

    assert value(chip, emv.CARDHOLDER_NAME) == ""
    assert value(chip, emv.POS_ENTRY_MODE) == "07"
    assert value(chip, emv.CARD_TRANSACTION_QUALIFIERS) == "0000"


def test_a_phone_says_that_it_verified_its_holder() -> None:
    chip = read("visa_contactless", Entry.CONTACTLESS)

    assert value(chip, emv.CARD_TRANSACTION_QUALIFIERS) == "0080"


def test_an_online_pin_shows_in_the_verification_results() -> None:
    chip = read("visa_online_pin")

    assert value(chip, emv.CVM_RESULTS) == "420302"
    assert value(chip, emv.TERMINAL_VERIFICATION_RESULTS) == "8000040000"


def test_a_card_past_its_expiry_shows_in_the_verification_results() -> None:
    kernel = kernel_at(datetime(2035, 1, 1, tzinfo=UTC))

    chip = kernel.read(CARDS.named("visa_approved"), Entry.CONTACT, purchase=PURCHASE)

    assert value(chip, emv.TERMINAL_VERIFICATION_RESULTS) == "8040000000"


def test_every_read_of_one_card_counts_on() -> None:
    kernel = kernel_at()
    card = CARDS.named("visa_approved")

    first = kernel.read(card, Entry.CONTACT, purchase=PURCHASE)
    second = kernel.read(card, Entry.CONTACTLESS, purchase=PURCHASE)
    other = kernel.read(CARDS.named("visa_debit"), Entry.CONTACT, purchase=PURCHASE)

    counters = [
        value(chip, emv.APPLICATION_TRANSACTION_COUNTER)
        for chip in (first, second, other)
    ]
    assert counters == ["0001", "0002", "0001"]
    assert first.cryptogram != second.cryptogram


def test_an_approval_by_the_issuer_makes_a_transaction_certificate() -> None:
    chip = read("visa_approved")

    end = chip.complete("00", response(chip, "00"))

    assert end.approved
    assert value(end, emv.CRYPTOGRAM_INFORMATION_DATA) == "40"
    assert value(end, emv.AUTHORISATION_RESPONSE_CODE) == "3030"
    assert value(end, emv.APPLICATION_CRYPTOGRAM) != chip.cryptogram.hex().upper()


def test_a_response_code_alone_is_believed() -> None:
    assert read("visa_approved").complete("00").approved


@pytest.mark.parametrize("code", ["05", "51", "Z3"])
def test_a_refusal_is_a_refusal_on_the_chip_too(code: str) -> None:
    end = read("visa_approved").complete(code)

    assert not end.approved
    assert value(end, emv.CRYPTOGRAM_INFORMATION_DATA) == "00"


def test_an_approval_with_the_wrong_authentication_is_refused_by_the_chip() -> None:
    chip = read("visa_approved")

    end = chip.complete("00", response(chip, "05"))

    assert not end.approved
    assert value(end, emv.TERMINAL_VERIFICATION_RESULTS) == "8000000040"


def test_a_chip_can_refuse_what_its_issuer_approved() -> None:
    chip = read("visa_refuses_after_approval")

    assert not chip.complete("00", response(chip, "00")).approved


@pytest.mark.parametrize(
    ("change", "approved"), [(lambda s: s, True), (lambda s: s[:-1] + b"\0", False)]
)
def test_a_chip_with_scripts_to_come_takes_no_others(
    change: Callable[[bytes], bytes], approved: bool
) -> None:
    chip = read("mastercard_issuer_scripts")
    scripts = CARDS.named("mastercard_issuer_scripts").account.issuer_scripts

    end = chip.complete("00", response(chip, "00"), scripts=change(scripts))

    assert end.approved is approved


def test_no_repr_of_a_read_shows_the_number_or_a_key() -> None:
    chip = read("visa_approved")

    assert "4242424242424242" not in repr(chip)
    assert repr(chip.session_key) not in repr(chip)


def test_tracks_are_written_as_on_the_stripe() -> None:
    card: Card = CARDS.named("visa_approved")

    assert track_1(card) == ("%B4242424242424242^CARDHOLDER/TEST^34122011234567890?")
    assert track_2(card) == ";4242424242424242=34122011234567890?"
    assert masked_track_2(card) == ";4242420000004242=34122010000000000?"
