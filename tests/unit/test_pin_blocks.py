"""PIN blocks and their keys against published vectors: ANSI X9.24-1 and X9.24-3."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.emv import aes_dukpt, dukpt
from simulator.emv.pin_block import PinBlockFormat, decrypt_pin, encrypt_pin
from simulator.emv.pin_keys import PinKeys, SealedPin, open_pin
from simulator.emv.sealing import pin_in, pin_objects
from simulator.errors import CardDataUnreadable

FIRST_AES_KSN = bytes.fromhex("123456789012345600000001")
FIRST_KSN = bytes.fromhex("FFFF9876543210E00001")
PIN, NUMBER = "1234", "4111111111111111"
FORMATS = list(PinBlockFormat)


def aes_ksn(counter: int) -> bytes:
    return FIRST_AES_KSN[:8] + counter.to_bytes(4, "big")


def aes_key(counter: int, usage: aes_dukpt.Usage) -> str:
    device_key = aes_dukpt.initial_key(aes_dukpt.TEST_BDK, FIRST_AES_KSN)
    return aes_dukpt.working_key(device_key, aes_ksn(counter), usage).hex().upper()


def zeros(length: int) -> bytes:
    return bytes(length)


def keys() -> PinKeys:
    return PinKeys(FIRST_KSN, first_aes_ksn=FIRST_AES_KSN)


def test_the_initial_aes_key_is_the_published_one() -> None:
    key = aes_dukpt.initial_key(aes_dukpt.TEST_BDK, FIRST_AES_KSN)

    assert key.hex().upper() == "1273671EA26AC29AFA4D1084127652A1"


@pytest.mark.parametrize(
    ("counter", "key"),
    [
        (1, "AF8CB133A78F8DC2D1359F18527593FB"),
        (2, "D30BDC73EC9714B000BEC66BDB7B6D09"),
        (3, "7D69F01F3B45449F62C7816ECE723268"),
        (8, "4D9DF3FBEE3448FC3E676D04320A90F5"),
        (8675309, "D1DDA386AA4A556AF0119FDCB5D132C6"),
    ],
)
def test_aes_pin_keys_are_the_published_ones(counter: int, key: str) -> None:
    assert aes_key(counter, aes_dukpt.Usage.PIN_ENCRYPTION) == key


def test_an_aes_data_key_is_the_published_one() -> None:
    key = aes_key(1, aes_dukpt.Usage.DATA_ENCRYPTION)

    assert key == "A35C412EFD41FDB98B69797C02DCD08F"


@pytest.mark.parametrize(
    ("key", "block"),
    [
        ("AF8CB133A78F8DC2D1359F18527593FB", "A912150391AB65A67E52883D81CE2D15"),
        ("D30BDC73EC9714B000BEC66BDB7B6D09", "52A00503BD34BA1383F6A7EE9FE2547F"),
    ],
)
def test_a_block_of_format_4_is_the_published_one(key: str, block: str) -> None:
    encrypted = encrypt_pin(
        bytes.fromhex(key),
        PIN,
        NUMBER,
        block_format=PinBlockFormat.ISO_4,
        random=lambda _: bytes.fromhex("2F69ADDE2E9E7ACE"),
    )

    assert encrypted.hex().upper() == block


def test_a_block_of_format_0_is_the_published_one() -> None:
    device_key = dukpt.initial_key(dukpt.TEST_BDK, FIRST_KSN)
    key = dukpt.working_key(
        dukpt.transaction_key(device_key, FIRST_KSN), dukpt.Variant.PIN
    )

    encrypted = encrypt_pin(
        key, PIN, "4012345678909", block_format=PinBlockFormat.ISO_0, random=zeros
    )

    assert encrypted.hex().upper() == "1B9C1845EB993A7A"


@given(
    st.text("0123456789", min_size=4, max_size=12),
    st.text("0123456789", min_size=12, max_size=19),
    st.sampled_from(FORMATS),
    st.binary(min_size=16, max_size=16),
)
def test_the_issuer_gets_the_pin_that_was_typed(
    pin: str, number: str, block_format: PinBlockFormat, filler: bytes
) -> None:
    def random(length: int) -> bytes:
        return filler[:length]

    sealed = keys().seal(pin, number, block_format=block_format, random=random)

    assert open_pin(sealed, number) == pin
    assert pin_in(pin_objects(sealed)) == sealed


@pytest.mark.parametrize("block_format", FORMATS)
def test_every_pin_has_a_key_of_its_own(block_format: PinBlockFormat) -> None:
    pin_keys = keys()

    first, second = (
        pin_keys.seal(PIN, NUMBER, block_format=block_format, random=zeros)
        for _ in range(2)
    )

    assert first.ksn != second.ksn
    assert first.block != second.block


@pytest.mark.parametrize("block_format", FORMATS)
def test_a_block_under_another_key_opens_to_nothing(
    block_format: PinBlockFormat,
) -> None:
    sealed = keys().seal(PIN, NUMBER, block_format=block_format, random=zeros)
    other = sealed.ksn[:-1] + b"\x0f"

    with pytest.raises(CardDataUnreadable):
        open_pin(SealedPin(sealed.block, other, block_format), NUMBER)


@pytest.mark.parametrize("pin", ["123", "1234567890123", "12a4"])
def test_what_is_no_pin_is_refused_without_being_repeated(pin: str) -> None:
    with pytest.raises(ValueError, match=r"^a PIN has 4 to 12 digits$"):
        encrypt_pin(
            bytes(16), pin, NUMBER, block_format=PinBlockFormat.ISO_0, random=zeros
        )


def test_a_block_of_another_format_opens_to_nothing() -> None:
    block = encrypt_pin(
        bytes(16), PIN, NUMBER, block_format=PinBlockFormat.ISO_0, random=zeros
    )

    with pytest.raises(ValueError, match="no PIN"):
        decrypt_pin(bytes(16), block, NUMBER, block_format=PinBlockFormat.ISO_3)


def test_aes_counters_with_too_many_one_bits_are_skipped() -> None:
    ksn = aes_ksn(0x0000FFFF)

    assert aes_dukpt.counter_of(aes_dukpt.next_ksn(ksn)) == 0x00010000
    assert aes_dukpt.counter_of(aes_dukpt.next_ksn(aes_ksn(0x0001FFFE))) == 0x00020000


def test_an_aes_device_begins_anew_after_its_last_counter() -> None:
    assert aes_dukpt.next_ksn(aes_ksn(0xFFFF0000)) == aes_ksn(1)


@pytest.mark.parametrize("ksn", [b"", bytes(10)])
def test_a_malformed_aes_key_serial_number_is_refused(ksn: bytes) -> None:
    with pytest.raises(ValueError, match="12 bytes"):
        aes_dukpt.initial_key(aes_dukpt.TEST_BDK, ksn)


def test_a_pin_shows_in_no_repr() -> None:
    sealed = keys().seal(PIN, NUMBER, block_format=PinBlockFormat.ISO_0, random=zeros)

    assert sealed.block.hex() not in repr(sealed)
    assert repr(sealed.block) not in repr(sealed)
