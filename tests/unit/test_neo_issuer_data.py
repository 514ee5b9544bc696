"""What of a NEO card read goes to the issuer, and what an issuer makes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import neo_frames, neo_msr_block

from drivers.errors import FrameError, LocalError, ReaderEncryptionOff
from drivers.protocol import emv, tlv
from drivers.protocol.idtech_neo import msr_block
from drivers.protocol.idtech_neo.card_answer import (
    COMBINED_TRACKS,
    KSN,
    MSR_BLOCK,
    TRACK_LENGTHS,
    Attribution,
    CardAnswer,
    Interface,
    attribution_of,
    decode_card_answer,
)
from drivers.protocol.idtech_neo.encrypted_tlv import CardObject, Form
from drivers.protocol.idtech_neo.frame import decode
from drivers.protocol.idtech_neo.issuer_data import (
    IssuerData,
    decode_issuer_data,
    encode_issuer_data,
    is_issuer_data,
    issuer_data_of,
    ksn_of,
    masked_track_2_of,
)
from drivers.protocol.idtech_neo.msr_fields import SealedFields, ShownFields
from drivers.protocol.redaction import CARDHOLDER_DATA
from drivers.protocol.tlv import Tlv, find_value
from simulator.cards.book import CardBook
from simulator.cards.card import Entry
from simulator.clock import ManualClock
from simulator.emv.authorization import Approved, AuthorizationRequest, Declined
from simulator.emv.card_keys import AesReadKeys, CardKey, aes_key, tdes_key
from simulator.emv.dukpt import TEST_BDK, Variant, initial_key, transaction_key
from simulator.emv.dukpt import working_key as key_for
from simulator.emv.issuer import SimulatedIssuer
from simulator.emv.kernel import Kernel, Purchase
from simulator.emv.neo_opening import unseal_neo
from simulator.emv.neo_sealing import (
    clear_objects,
    sealed_stripe,
    sealed_twins,
    swiped_tracks,
)
from simulator.emv.sealing import STRIPE_TEMPLATE, TRACK_2, ReadKeys
from simulator.emv.tdes import decrypt_cbc, encrypt_cbc
from simulator.errors import CardDataUnreadable

CARDS = CardBook.load()
KEY_SERIAL_NUMBER = bytes.fromhex("FFFF9876543210E00004")
SERIAL_NUMBER = "907T000001"


def tap() -> CardAnswer:
    frame = decode(neo_frames("answers")["online requested by a tap"])
    return decode_card_answer(frame.data)


def swipe() -> CardAnswer:
    block = CardObject(MSR_BLOCK, neo_msr_block())
    return CardAnswer(attribution_of(Interface.SWIPE), (block,))


def read(card: str, interface: Interface, key: CardKey | None = None) -> CardAnswer:
    """As a simulated reader tells it, under TDES without another key."""
    key = key or tdes_key(ReadKeys(KEY_SERIAL_NUMBER).next())
    if interface is Interface.SWIPE:
        tracks = swiped_tracks(CARDS.named(card))
        block = sealed_stripe(key, tracks, serial_number=SERIAL_NUMBER)
        objects: tuple[CardObject, ...] = (
            CardObject(MSR_BLOCK, msr_block.encode(block)),
        )
    else:
        kernel = Kernel(clock=ManualClock(), random_bytes=lambda size: b"\x5a" * size)
        entry = Entry.CONTACT if interface is Interface.CONTACT else Entry.CONTACTLESS
        chip = kernel.read(CARDS.named(card), entry, purchase=Purchase(1000, 840))
        objects = (CardObject(KSN, key.ksn), *sealed_twins(key, chip.objects))
    return CardAnswer(attribution_of(interface, uses_aes=key.uses_aes), objects)


def authorize(answer: CardAnswer, read_method: str) -> Approved | Declined:
    request = AuthorizationRequest(
        encode_issuer_data(issuer_data_of(answer)),
        ksn_of(answer),
        read_method,
        amount=1000,
        currency="usd",
    )
    return SimulatedIssuer(CARDS).authorize(request)


def test_a_tap_goes_to_the_issuer_without_its_masks() -> None:
    encoded = encode_issuer_data(issuer_data_of(tap()))

    data = decode_issuer_data(encoded)
    tags = [item.tag for item in data.objects]
    assert encoded.startswith(bytes.fromhex("DFEE2602C100"))
    assert tags[:4] == [0x57, 0x5A, 0x4F, 0x50]
    assert {item.form for item in data.objects} == {Form.ENCRYPTED, Form.PLAIN}
    assert encode_issuer_data(data) == encoded


def test_the_tap_opens_with_the_published_key() -> None:
    encoded = encode_issuer_data(issuer_data_of(tap()))

    objects = unseal_neo(encoded, ksn_of(tap()), bdk=TEST_BDK)

    number = find_value(objects, emv.PAN) or b""
    assert number.hex()[:4] + number.hex()[-4:] == "47610010"
    track = find_value(objects, emv.TRACK_2_EQUIVALENT_DATA) or b""
    assert track.hex().startswith(number.hex() + "d2212")


def test_a_swipe_goes_to_the_issuer_with_its_encrypted_tracks_alone() -> None:
    encoded = encode_issuer_data(issuer_data_of(swipe()))

    stripe = decode_issuer_data(encoded).stripe
    whole = swipe().stripe
    assert stripe is not None
    assert whole is not None
    assert [track.encrypted for track in stripe.tracks] == [
        track.encrypted for track in whole.tracks
    ]
    assert b"CARDHOLDER" not in encoded
    assert stripe.ksn == b""


def test_the_swipe_opens_with_the_published_key() -> None:
    encoded = encode_issuer_data(issuer_data_of(swipe()))

    objects = unseal_neo(encoded, ksn_of(swipe()), bdk=TEST_BDK)

    track = find_value(objects, STRIPE_TEMPLATE, TRACK_2) or b""
    masked = masked_track_2_of(swipe()) or ""
    assert ksn_of(swipe()) == bytes.fromhex("FFFF9876543210E00003")
    assert len(track) == len(masked)
    assert track.startswith(b";4761")
    assert track.endswith(b"?")


def test_masked_track_2_reads_like_a_track_of_the_stripe() -> None:
    assert masked_track_2_of(tap()) == ";4761********0010=2212*****************?"
    assert masked_track_2_of(swipe()) == ";4761********0010=2212****************?"
    assert masked_track_2_of(CardAnswer(Attribution(0xC1))) is None


def test_a_read_without_a_key_serial_number_has_none() -> None:
    assert ksn_of(CardAnswer(Attribution(0xC1))) == b""


@pytest.mark.parametrize(
    ("interface", "read_method"),
    [
        (Interface.CONTACT, "contact_emv"),
        (Interface.CONTACTLESS, "contactless_emv"),
        (Interface.CONTACTLESS_STRIPE, "contactless_magstripe_mode"),
        (Interface.SWIPE, "magnetic_stripe_track2"),
        (Interface.SWIPE, "magnetic_stripe_fallback"),
    ],
)
@pytest.mark.parametrize("card", ["visa_approved", "amex_approved", "girocard_debit"])
def test_the_issuer_approves_what_a_reader_sealed(
    card: str, interface: Interface, read_method: str
) -> None:
    answer = authorize(read(card, interface), read_method)

    assert isinstance(answer, Approved)
    assert answer.card.last4 == CARDS.named(card).account.last4


def test_the_issuer_declines_too() -> None:
    answer = authorize(
        read("visa_insufficient_funds", Interface.SWIPE), "magnetic_stripe_track2"
    )

    assert isinstance(answer, Declined)
    assert answer.decline_code == "insufficient_funds"


def test_a_reader_may_use_the_pin_variant_for_tracks() -> None:
    ksn = KEY_SERIAL_NUMBER
    key = key_for(transaction_key(initial_key(TEST_BDK, ksn), ksn), Variant.PIN)
    stripe = issuer_data_of(read("visa_approved", Interface.SWIPE)).stripe
    assert stripe is not None
    data_key = ReadKeys(ksn).next().data_key
    first, second, third = (
        replace(
            track, encrypted=encrypt_cbc(key, decrypt_cbc(data_key, track.encrypted))
        )
        for track in stripe.tracks
    )
    sealed = replace(
        stripe,
        shown_fields=ShownFields.USES_PIN_VARIANT,
        tracks=(first, second, third),
    )
    encoded = encode_issuer_data(
        IssuerData(attribution_of(Interface.SWIPE), stripe=sealed)
    )

    objects = unseal_neo(encoded, ksn, bdk=TEST_BDK)

    assert (find_value(objects, STRIPE_TEMPLATE, TRACK_2) or b"").startswith(b";4")


def test_a_reader_that_encrypts_nothing_is_refused() -> None:
    named = CardObject(emv.APPLICATION_LABEL, b"VISA")
    twins = sealed_twins(
        tdes_key(ReadKeys(KEY_SERIAL_NUMBER).next()),
        [Tlv(emv.PAN, bytes.fromhex("4111"))],
    )

    for attribution, objects in (
        (Attribution(0xC1), (named,)),
        (Attribution(0x41), twins),
    ):
        with pytest.raises(ReaderEncryptionOff):
            issuer_data_of(CardAnswer(attribution, objects))


def test_a_swipe_without_an_encrypted_track_is_refused() -> None:
    whole = swipe().stripe
    assert whole is not None
    empty = replace(whole, shown_fields=0, sealed_fields=SealedFields.KSN)
    first, second, third = (
        replace(track, shown=b"", encrypted=b"", digest=b"") for track in whole.tracks
    )
    block = replace(empty, tracks=(first, second, third), serial_number=b"")
    objects = (CardObject(MSR_BLOCK, msr_block.encode(block)),)

    with pytest.raises(ReaderEncryptionOff):
        issuer_data_of(CardAnswer(attribution_of(Interface.SWIPE), objects))


def test_a_swipe_in_the_original_format_goes_nowhere() -> None:
    whole = msr_block.parse(neo_msr_block("three tracks in the original format"))
    first, second, _ = whole.tracks
    without_third = replace(
        whole,
        shown_fields=0b011,
        tracks=(
            first,
            second,
            replace(first, length=0, shown=b"", encrypted=b"", digest=b""),
        ),
    )
    objects = (CardObject(MSR_BLOCK, msr_block.encode(without_third)),)

    with pytest.raises(FrameError, match="original format"):
        issuer_data_of(CardAnswer(attribution_of(Interface.SWIPE), objects))


def test_combined_tracks_go_with_their_lengths() -> None:
    objects = (
        CardObject(TRACK_LENGTHS, bytes.fromhex("002700000000")),
        CardObject(COMBINED_TRACKS, bytes(40)),
    )
    answer = CardAnswer(attribution_of(Interface.CONTACTLESS_STRIPE), objects)

    assert issuer_data_of(answer).objects == objects
    assert (
        decode_issuer_data(encode_issuer_data(issuer_data_of(answer))).objects
        == objects
    )


def test_clear_objects_are_never_made_into_issuer_data() -> None:
    objects = clear_objects([Tlv(emv.PAN, bytes.fromhex("4111111111111111"))])

    with pytest.raises(LocalError):
        encode_issuer_data(IssuerData(Attribution(0xC1), objects))


@pytest.mark.parametrize("tag", sorted(CARDHOLDER_DATA & {0x5F20, 0x5F24, 0x5F30}))
def test_names_and_dates_stay_behind(tag: int) -> None:
    objects = (*tap().objects, CardObject(tag, b"\x20"))

    data = issuer_data_of(CardAnswer(tap().attribution, objects))

    assert tag not in [item.tag for item in data.objects]


@given(st.binary(max_size=60), st.booleans())
def test_other_bytes_are_no_issuer_data(noise: bytes, has_prefix: bool) -> None:
    encoded = bytes.fromhex("DFEE2602C100") + noise if has_prefix else noise

    if is_issuer_data(encoded):
        assert encode_issuer_data(decode_issuer_data(encoded)) == encoded
    else:
        with pytest.raises(FrameError):
            decode_issuer_data(encoded)


def test_the_aes_key_of_a_read_is_the_published_one() -> None:
    """X9.24-3's own device and its first key for encrypting data."""
    key = aes_key(bytes.fromhex("123456789012345600000001"))

    assert key.key.hex().upper() == "A35C412EFD41FDB98B69797C02DCD08F"


@pytest.mark.parametrize(
    ("interface", "read_method"),
    [
        (Interface.CONTACT, "contact_emv"),
        (Interface.CONTACTLESS_STRIPE, "contactless_magstripe_mode"),
        (Interface.SWIPE, "magnetic_stripe_track2"),
    ],
)
def test_the_issuer_opens_what_was_sealed_under_aes(
    interface: Interface, read_method: str
) -> None:
    key = AesReadKeys(bytes.fromhex("123456789012345600000001")).next()

    answer = authorize(read("amex_approved", interface, key), read_method)

    assert isinstance(answer, Approved)


def test_a_ksn_of_the_wrong_length_opens_nothing() -> None:
    data = replace(issuer_data_of(tap()), attribution=Attribution(0xC3))

    with pytest.raises(CardDataUnreadable):
        unseal_neo(encode_issuer_data(data), bytes(10), bdk=TEST_BDK)


@pytest.mark.parametrize(
    ("encoded", "ksn"),
    [
        (b"\x00" * 16, KEY_SERIAL_NUMBER),
        (encode_issuer_data(issuer_data_of(tap())), bytes(12)),
        (encode_issuer_data(issuer_data_of(tap())), KEY_SERIAL_NUMBER),
    ],
)
def test_what_does_not_open_is_unreadable(encoded: bytes, ksn: bytes) -> None:
    with pytest.raises(CardDataUnreadable):
        unseal_neo(encoded, ksn, bdk=TEST_BDK)


def test_a_tapped_stripe_without_track_2_is_unreadable() -> None:
    key = tdes_key(ReadKeys(KEY_SERIAL_NUMBER).next())
    number = Tlv(emv.PAN, bytes.fromhex("4111111111111111"))
    objects = (CardObject(KSN, key.ksn), *sealed_twins(key, [number]))
    answer = CardAnswer(attribution_of(Interface.CONTACTLESS_STRIPE), objects)

    with pytest.raises(CardDataUnreadable):
        authorize(answer, "contactless_magstripe_mode")


def test_masks_are_those_of_the_published_tap() -> None:
    track = bytes.fromhex("4761739001010010D22122011143804400000F")
    key = tdes_key(ReadKeys(bytes.fromhex("FFFF9876543210E00002")).next())

    twins = sealed_twins(key, [Tlv(emv.TRACK_2_EQUIVALENT_DATA, track)])

    assert twins == tap().objects[1:3]
    assert tlv.decode(key.decrypt(twins[1].value))[0].value == track
