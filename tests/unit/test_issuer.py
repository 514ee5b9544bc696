"""The simulated issuer: opens card data, checks cryptograms, decides."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.protocol import emv
from drivers.protocol.tlv import Tlv, decode, find_value
from simulator.cards.book import CardBook
from simulator.cards.card import Entry
from simulator.clock import ManualClock
from simulator.emv.authorization import Approved, AuthorizationRequest, Declined
from simulator.emv.issuer import SimulatedIssuer
from simulator.emv.kernel import ChipRead, Kernel, Purchase
from simulator.emv.pin_block import PinBlockFormat
from simulator.emv.pin_keys import PinKeys
from simulator.emv.sealing import (
    PIN_BLOCK,
    PIN_FORMAT,
    PIN_KSN,
    PIN_TEMPLATE,
    ReadKeys,
    pin_objects,
    stripe_objects,
    unseal,
)
from simulator.emv.tdes import encrypt_cbc
from simulator.errors import CardDataUnreadable

CARDS = CardBook.load()
KSN = bytes.fromhex("FFFF9876543210E00001")


class Counter:
    """A till with one reader, in front of one issuer."""

    def __init__(self) -> None:
        self.issuer = SimulatedIssuer(CARDS)
        self.keys = ReadKeys(KSN)
        self.kernel = Kernel(
            clock=ManualClock(), random_bytes=lambda size: b"\x5a" * size
        )

    def read(
        self, card: str, entry: Entry = Entry.CONTACT, *, amount: int = 1000
    ) -> tuple[ChipRead, AuthorizationRequest]:
        chip = self.kernel.read(
            CARDS.named(card),
            entry,
            purchase=Purchase(amount=amount, currency_code=840),
        )
        return chip, self.request(chip.objects, f"{entry}_emv", amount=amount)

    def request(
        self, objects: tuple[Tlv, ...], read_method: str, *, amount: int = 1000
    ) -> AuthorizationRequest:
        sealed = self.keys.next().seal(objects)
        return AuthorizationRequest(
            ciphertext=sealed.ciphertext,
            ksn=sealed.ksn,
            read_method=read_method,
            amount=amount,
            currency="usd",
        )

    def pay(
        self, card: str, entry: Entry = Entry.CONTACT, *, amount: int = 1000
    ) -> Approved | Declined:
        _, request = self.read(card, entry, amount=amount)
        return self.issuer.authorize(request)


@pytest.fixture
def counter() -> Counter:
    return Counter()


def declined(answer: Approved | Declined) -> tuple[str, str, str]:
    assert isinstance(answer, Declined)
    return answer.code, answer.decline_code, answer.response_code


def test_a_good_card_is_approved_with_a_code(counter: Counter) -> None:
    answer = counter.pay("visa_approved")

    assert isinstance(answer, Approved)
    assert answer.response_code == "00"
    assert len(answer.authorization_code) == 6


@pytest.mark.parametrize(
    ("pin", "code"), [("1234", "00"), ("4321", "55"), ("12345", "55")]
)
def test_the_issuer_judges_an_encrypted_pin(
    counter: Counter, *, pin: str, code: str
) -> None:
    card = CARDS.named("visa_online_pin")
    chip, _ = counter.read(card.name)
    keys = PinKeys(KSN, first_aes_ksn=bytes(11) + b"\x01")
    sealed = keys.seal(
        pin, card.account.number, block_format=PinBlockFormat.ISO_0, random=bytes
    )

    answer = counter.issuer.authorize(
        counter.request((*chip.objects, *pin_objects(sealed)), "contact_emv")
    )

    assert answer.response_code == code


@pytest.mark.parametrize(
    "template",
    [
        (),
        (Tlv(PIN_FORMAT, b"\x02"), Tlv(PIN_BLOCK, bytes(8)), Tlv(PIN_KSN, KSN)),
        (Tlv(PIN_FORMAT, b"\x00"), Tlv(PIN_BLOCK, bytes(7)), Tlv(PIN_KSN, KSN)),
    ],
)
def test_a_broken_pin_block_is_unreadable(
    counter: Counter, template: tuple[Tlv, ...]
) -> None:
    chip, _ = counter.read("visa_online_pin")
    objects = (*chip.objects, Tlv(PIN_TEMPLATE, children=template))

    with pytest.raises(CardDataUnreadable):
        counter.issuer.authorize(counter.request(objects, "contact_emv"))


def test_the_chip_accepts_the_issuers_answer(counter: Counter) -> None:
    chip, request = counter.read("visa_approved")

    answer = counter.issuer.authorize(request)

    tags = decode(bytes.fromhex(answer.emv_auth_data or ""))
    authentication_data = find_value(tags, emv.ISSUER_AUTHENTICATION_DATA) or b""
    code = (find_value(tags, emv.AUTHORISATION_RESPONSE_CODE) or b"").decode()
    assert code == "00"
    assert len(authentication_data) == 10
    assert chip.complete(code, authentication_data).approved


@pytest.mark.parametrize(
    ("card", "code", "decline_code", "response_code"),
    [
        ("visa_declined", "card_declined", "generic_decline", "05"),
        ("visa_insufficient_funds", "card_declined", "insufficient_funds", "51"),
        ("visa_lost_card", "card_declined", "lost_card", "41"),
        ("visa_stolen_card", "card_declined", "stolen_card", "43"),
        ("visa_expired", "expired_card", "expired_card", "54"),
        ("visa_processing_error", "processing_error", "processing_error", "96"),
    ],
)
def test_each_card_is_declined_in_stripes_words(
    counter: Counter, *, card: str, code: str, decline_code: str, response_code: str
) -> None:
    assert declined(counter.pay(card)) == (code, decline_code, response_code)


@pytest.mark.parametrize(
    ("amount", "decline_code", "response_code"),
    [
        (1001, "call_issuer", "01"),
        (1002, "offline_pin_required", "1A"),
        (1003, "online_or_offline_pin_required", "1A"),
        (1005, "generic_decline", "05"),
        (1055, "incorrect_pin", "55"),
        (1065, "withdrawal_count_limit_exceeded", "65"),
        (1075, "pin_try_exceeded", "75"),
    ],
)
def test_the_end_of_the_amount_declines_a_good_card(
    counter: Counter, *, amount: int, decline_code: str, response_code: str
) -> None:
    answer = counter.pay("visa_approved", amount=amount)

    assert declined(answer) == ("card_declined", decline_code, response_code)


def test_a_cards_own_decline_wins_over_the_amount(counter: Counter) -> None:
    answer = counter.pay("visa_lost_card", amount=1055)

    assert declined(answer)[1] == "lost_card"


def test_the_chips_details_are_told(counter: Counter) -> None:
    card = counter.pay("visa_signature").card

    assert (card.brand, card.funding, card.country) == ("visa", "credit", "US")
    assert (card.last4, card.iin) == ("1111", "411111")
    assert card.cardholder_name == "CARDHOLDER/TEST"
    assert card.dedicated_file_name == "A0000000031010"
    assert card.application_preferred_name == "Visa Credit"
    assert card.terminal_verification_results == "8000000000"
    assert card.transaction_status_information == "6800"
    assert card.cardholder_verification_method == "signature"


def test_a_phone_tells_no_name_and_that_it_approved(counter: Counter) -> None:
    card = counter.pay("visa_contactless", Entry.CONTACTLESS).card

    assert card.cardholder_name is None
    assert card.cardholder_verification_method == "approval"


def test_a_fingerprint_names_the_account_and_hides_its_number(
    counter: Counter,
) -> None:
    first = counter.pay("visa_approved").card
    phone = counter.pay("visa_contactless", Entry.CONTACTLESS).card
    other = counter.pay("visa_debit").card

    assert first.fingerprint == phone.fingerprint != other.fingerprint
    assert len(first.fingerprint) == 16
    assert first.fingerprint.isalnum()


def test_a_swipe_is_approved_without_an_answer_for_a_chip(counter: Counter) -> None:
    objects = stripe_objects(CARDS.named("visa_approved"))

    answer = counter.issuer.authorize(
        counter.request(objects, "magnetic_stripe_track2")
    )

    assert isinstance(answer, Approved)
    assert answer.emv_auth_data is None
    assert answer.card.dedicated_file_name is None
    assert answer.card.cardholder_verification_method is None


def test_a_swipe_is_declined_like_the_chip(counter: Counter) -> None:
    objects = stripe_objects(CARDS.named("visa_insufficient_funds"))

    answer = counter.issuer.authorize(
        counter.request(objects, "magnetic_stripe_fallback")
    )

    assert declined(answer) == ("card_declined", "insufficient_funds", "51")


@pytest.mark.parametrize(
    "asked",
    [
        {"amount": 1100},
        {"currency": "eur"},
        {"currency": "no such"},
        {"transaction_type": emv.REFUND},
    ],
)
def test_what_the_card_did_not_sign_is_declined(
    counter: Counter, asked: dict[str, int | str]
) -> None:
    _, request = counter.read("visa_approved")

    answer = counter.issuer.authorize(replace(request, **asked))  # type: ignore[arg-type]

    assert declined(answer) == ("card_declined", "invalid_account", "14")


def test_data_changed_after_signing_are_declined(counter: Counter) -> None:
    chip, _ = counter.read("visa_approved")
    objects = tuple(
        Tlv(item.tag, bytes(4)) if item.tag == emv.UNPREDICTABLE_NUMBER else item
        for item in chip.objects
    )

    answer = counter.issuer.authorize(counter.request(objects, "contact_emv"))

    assert declined(answer)[1] == "invalid_account"


def test_the_same_read_may_be_asked_about_twice(counter: Counter) -> None:
    _, request = counter.read("visa_approved")

    first = counter.issuer.authorize(request)
    again = counter.issuer.authorize(request)

    assert first == again


def restored_chips() -> Kernel:
    """Cards in the state they were made in, their counters at zero."""
    return Kernel(clock=ManualClock(), random_bytes=lambda size: b"\x00" * size)


def test_a_counter_used_for_another_read_is_declined(counter: Counter) -> None:
    counter.pay("visa_approved", amount=1000)
    counter.kernel = restored_chips()

    answer = counter.pay("visa_approved", amount=2000)

    assert declined(answer)[1] == "invalid_account"


def test_only_so_many_counters_are_remembered(counter: Counter) -> None:
    counter.issuer = SimulatedIssuer(CARDS, remembered_reads=1)
    counter.pay("visa_approved", amount=1000)
    counter.pay("mastercard_approved")
    counter.kernel = restored_chips()

    answer = counter.pay("visa_approved", amount=2000)

    assert isinstance(answer, Approved)


@pytest.mark.parametrize(
    ("objects", "read_method"),
    [
        ((), "contact_emv"),
        ((), "magnetic_stripe_track2"),
        (stripe_objects(CARDS.named("visa_approved")), "contact_emv"),
        (stripe_objects(CARDS.named("visa_approved")), "manual"),
        (
            (Tlv(0xF4, children=(Tlv(0xDFDF39, b"no track"),)),),
            "magnetic_stripe_track2",
        ),
        (
            (Tlv(0xF4, children=(Tlv(0xDFDF39, b";4999999999999999=3412?"),)),),
            "magnetic_stripe_track2",
        ),
        (
            (
                Tlv(emv.PAN, bytes.fromhex("4242424242424242")),
                Tlv(emv.PAN_SEQUENCE_NUMBER, b"\xaa"),
            ),
            "contact_emv",
        ),
    ],
)
def test_data_that_give_no_card_are_unreadable(
    counter: Counter, *, objects: tuple[Tlv, ...], read_method: str
) -> None:
    with pytest.raises(CardDataUnreadable):
        counter.issuer.authorize(counter.request(objects, read_method))


@given(st.binary(max_size=64), st.binary(max_size=12))
def test_noise_is_unreadable_and_never_another_error(
    ciphertext: bytes, ksn: bytes
) -> None:
    request = AuthorizationRequest(ciphertext, ksn, "contact_emv", 1000, "usd")

    with pytest.raises(CardDataUnreadable):
        SimulatedIssuer(CARDS).authorize(request)


@given(st.binary(min_size=8, max_size=8).map(lambda block: block * 4))
def test_a_wrong_ciphertext_is_unreadable(ciphertext: bytes) -> None:
    request = AuthorizationRequest(ciphertext, KSN, "contact_emv", 1000, "usd")

    with pytest.raises(CardDataUnreadable):
        SimulatedIssuer(CARDS).authorize(request)


def test_every_read_is_sealed_under_its_own_key(counter: Counter) -> None:
    objects = stripe_objects(CARDS.named("visa_approved"))

    first = counter.keys.next().seal(objects)
    second = counter.keys.next().seal(objects)

    assert first.ksn.hex().upper() == "FFFF9876543210E00001"
    assert second.ksn.hex().upper() == "FFFF9876543210E00002"
    assert first.ciphertext != second.ciphertext


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_what_is_sealed_opens_again_whole(values: list[bytes]) -> None:
    objects = tuple(Tlv(emv.ISSUER_APPLICATION_DATA, value) for value in values)

    sealed = ReadKeys(KSN).next().seal(objects)

    assert unseal(sealed.ciphertext, sealed.ksn) == objects
    assert len(sealed.ciphertext) % 8 == 0
    assert 0 <= sealed.padding < 8


def test_decrypted_data_of_another_kind_are_unreadable() -> None:
    key = ReadKeys(KSN).next()
    ciphertext = encrypt_cbc(key.data_key, bytes.fromhex("9F27018000000000"))

    with pytest.raises(CardDataUnreadable, match="no card data"):
        unseal(ciphertext, key.ksn)
