"""A simplified EMV kernel: the data of one read are coherent, the steps are not run.

Left out: application selection and offline data authentication (EMV Book 3, 10); a
PIN is asked for by the reader, and issuer scripts are compared, not carried out. What it owns is the chip's answers to both
GENERATE AC commands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from drivers.protocol import emv
from drivers.protocol.tlv import Tlv
from simulator.cards.card import Behaviour, Card, Entry, Verification
from simulator.cards.tracks import track_2_equivalent
from simulator.clock import Clock
from simulator.emv.cryptogram import (
    TEST_ISSUER_MASTER_KEY,
    application_cryptogram,
    authorization_response_cryptogram,
    card_master_key,
    session_key,
)
from simulator.emv.signed_data import signed_data

APPROVED_RESPONSE_CODES = frozenset({"00", "08", "10", "11", "Y3"})
"""Y3: the terminal could not go online, and approves (EMV Book 4, A6)."""

_TC, _ARQC, _AAC = 0x40, 0x80, 0x00
# Card verification results: the second cryptogram in b8-7, the first in b6-5.
_FIRST_ARQC, _SECOND_TC, _SECOND_AAC = 0xA0, 0x60, 0x20
_ODA_NOT_PERFORMED = 0x80 << 32
_EXPIRED = 0x40 << 24
_ONLINE_PIN_ENTERED = 0x04 << 16
_PIN_NOT_ENTERED = 0x88 << 16
_PIN_TRIES_EXCEEDED = 0xA0 << 16
_ISSUER_AUTHENTICATION_FAILED = 0x40
_CVM_RESULTS = {
    # EMV Book 4, A4: rule, condition, result.
    Verification.NONE: "1F0302",
    Verification.SIGNATURE: "1E0300",
    Verification.OFFLINE_PIN: "410302",
    Verification.ONLINE_PIN: "420302",
    Verification.DEVICE: "1F0302",
}
_CVM_FAILED = {
    Verification.OFFLINE_PIN: "410301",
    Verification.ONLINE_PIN: "420301",
}


class PinEntry(StrEnum):
    """What became of the PIN that a card asked for."""

    DONE = "done"
    """Right, or for the issuer to judge."""
    BYPASSED = "bypassed"
    FAILED = "failed"
    """Wrong as often as the card lets anyone try."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """What the terminal tells the card about the sale."""

    amount: int
    """Minor units."""
    currency_code: int
    """ISO 4217 numeric."""
    other_amount: int = 0
    transaction_type: int = emv.SALE


@dataclass(frozen=True, slots=True)
class Completion:
    """How the chip answered the second GENERATE AC."""

    approved: bool
    objects: tuple[Tlv, ...]
    """The objects of the read with everything the second half changed."""


@dataclass(frozen=True, slots=True)
class ChipRead:
    """A card that has answered the first GENERATE AC and waits for its issuer."""

    objects: tuple[Tlv, ...]
    """In the clear: to be sealed before they leave the reader."""
    cryptogram: bytes
    refuses_after_approval: bool
    awaited_scripts: bytes = field(repr=False)
    """Without these, to the byte, an approval is none."""
    session_key: bytes = field(repr=False)

    def complete(
        self,
        response_code: str,
        authentication_data: bytes = b"",
        *,
        scripts: bytes = b"",
    ) -> Completion:
        """The second GENERATE AC (EMV Book 3, 10.11): TC or AAC.

        Without authentication data the card believes the code; with wrong ones it
        refuses whatever the code says.
        """
        is_authentic = not authentication_data or authentication_data == (
            self._authentication_data(response_code)
        )
        approved = (
            is_authentic
            and response_code in APPROVED_RESPONSE_CODES
            and not self.refuses_after_approval
            and scripts == self.awaited_scripts
        )
        results = int.from_bytes(
            self._value(emv.TERMINAL_VERIFICATION_RESULTS), "big"
        ) | (0 if is_authentic else _ISSUER_AUTHENTICATION_FAILED)
        changed = {
            emv.AUTHORISATION_RESPONSE_CODE: response_code.encode("ascii"),
            emv.TERMINAL_VERIFICATION_RESULTS: results.to_bytes(5, "big"),
            emv.CRYPTOGRAM_INFORMATION_DATA: bytes([_TC if approved else _AAC]),
            emv.ISSUER_APPLICATION_DATA: _issuer_application_data(
                _SECOND_TC if approved else _SECOND_AAC
            ),
        }
        objects = _replaced(self.objects, changed)
        final = application_cryptogram(self.session_key, signed_data(objects))
        changed[emv.APPLICATION_CRYPTOGRAM] = final
        return Completion(approved, _replaced(self.objects, changed))

    def _authentication_data(self, response_code: str) -> bytes:
        response = authorization_response_cryptogram(
            self.session_key, self.cryptogram, response_code=response_code
        )
        return response + response_code.encode("ascii")

    def _value(self, tag: int) -> bytes:
        return next(item.value for item in self.objects if item.tag == tag)


class Kernel:
    """Reads virtual cards; keeps each one's transaction counter, as its chip would."""

    def __init__(
        self,
        *,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
        issuer_master_key: bytes = TEST_ISSUER_MASTER_KEY,
        country_code: int = 840,
    ) -> None:
        """`country_code` is the terminal's, ISO 3166 numeric."""
        self._clock = clock
        self._random_bytes = random_bytes
        self._issuer_master_key = issuer_master_key
        self._country_code = country_code
        self._counters: dict[str, int] = {}

    def read(
        self,
        card: Card,
        entry: Entry,
        *,
        purchase: Purchase,
        pin: PinEntry = PinEntry.DONE,
    ) -> ChipRead:
        """Everything up to the first GENERATE AC, which always asks for the issuer.

        `pin` matters to a card that is verified by one.
        """
        counter = self._next_counter(card)
        master_key = card_master_key(
            self._issuer_master_key,
            card.account.number,
            sequence_number=card.sequence_number,
        )
        key = session_key(master_key, counter)
        objects = (
            *card_objects(card, entry),
            *self._terminal_objects(card, entry, purchase=purchase, pin=pin),
            _binary(emv.APPLICATION_TRANSACTION_COUNTER, counter, length=2),
        )
        cryptogram = application_cryptogram(key, signed_data(objects))
        answer = (
            Tlv(emv.APPLICATION_CRYPTOGRAM, cryptogram),
            _binary(emv.CRYPTOGRAM_INFORMATION_DATA, _ARQC, length=1),
        )
        return ChipRead(
            objects=(*objects, *answer),
            cryptogram=cryptogram,
            refuses_after_approval=card.behaviour is Behaviour.REFUSES_AFTER_APPROVAL,
            awaited_scripts=card.account.issuer_scripts,
            session_key=key,
        )

    def _next_counter(self, card: Card) -> int:
        # A real chip dies at 65535; an endurance test should not.
        counter = self._counters.get(card.name, 0) % 0xFFFF + 1
        self._counters[card.name] = counter
        return counter

    def _terminal_objects(
        self, card: Card, entry: Entry, *, purchase: Purchase, pin: PinEntry
    ) -> tuple[Tlv, ...]:
        now = self._clock.now()
        account = card.account
        results = _ODA_NOT_PERFORMED if entry is Entry.CONTACT else 0
        if (now.year, now.month) > (account.exp_year, account.exp_month):
            results |= _EXPIRED
        results |= _pin_results(card, pin)
        return (
            _binary(emv.TERMINAL_VERIFICATION_RESULTS, results, length=5),
            _hex(emv.TRANSACTION_STATUS_INFORMATION, "6800"),
            Tlv(emv.TRANSACTION_DATE, bytes.fromhex(f"{now:%y%m%d}")),
            Tlv(emv.TRANSACTION_TIME, bytes.fromhex(f"{now:%H%M%S}")),
            _numeric(emv.TRANSACTION_TYPE, purchase.transaction_type, length=1),
            _numeric(emv.TRANSACTION_CURRENCY_CODE, purchase.currency_code, length=2),
            _numeric(emv.AMOUNT_AUTHORISED, purchase.amount, length=6),
            _numeric(emv.AMOUNT_OTHER, purchase.other_amount, length=6),
            _numeric(emv.TERMINAL_COUNTRY_CODE, self._country_code, length=2),
            _hex(emv.TERMINAL_CAPABILITIES, "E0F8C8"),
            _hex(emv.TERMINAL_TYPE, "22"),
            _hex(emv.CVM_RESULTS, _cvm_results(card, pin)),
            _hex(emv.POS_ENTRY_MODE, "05" if entry is Entry.CONTACT else "07"),
            Tlv(emv.UNPREDICTABLE_NUMBER, self._random_bytes(4)),
        )


def _pin_results(card: Card, pin: PinEntry) -> int:
    """The bits of the terminal verification results that tell of a PIN."""
    if card.verification not in _CVM_FAILED:
        return 0
    match pin:
        case PinEntry.DONE if card.verification is Verification.ONLINE_PIN:
            return _ONLINE_PIN_ENTERED
        case PinEntry.DONE:
            return 0
        case PinEntry.BYPASSED:
            return _PIN_NOT_ENTERED
        case PinEntry.FAILED:
            return _PIN_TRIES_EXCEEDED


def _cvm_results(card: Card, pin: PinEntry) -> str:
    failed = None if pin is PinEntry.DONE else _CVM_FAILED.get(card.verification)
    return failed or _CVM_RESULTS[card.verification]


def card_objects(card: Card, entry: Entry) -> tuple[Tlv, ...]:
    """What the chip's records say before it is asked for a cryptogram."""
    account, application = card.account, card.application
    identifier = bytes.fromhex(application.identifier)
    number = account.number
    expiry = f"{account.exp_year % 100:02d}{account.exp_month:02d}28"
    objects = (
        Tlv(emv.APPLICATION_IDENTIFIER_CARD, identifier),
        Tlv(emv.APPLICATION_LABEL, application.label.encode("latin-1")),
        Tlv(emv.TRACK_2_EQUIVALENT_DATA, track_2_equivalent(card)),
        _hex(emv.PAN, number if len(number) % 2 == 0 else f"{number}F"),
        _hex(emv.APPLICATION_EXPIRATION_DATE, expiry),
        _numeric(emv.PAN_SEQUENCE_NUMBER, card.sequence_number, length=1),
        Tlv(emv.DEDICATED_FILE_NAME, identifier),
        Tlv(emv.APPLICATION_IDENTIFIER_TERMINAL, identifier),
        _hex(emv.ISSUER_CODE_TABLE_INDEX, "01"),
        Tlv(
            emv.APPLICATION_PREFERRED_NAME, application.preferred_name.encode("latin-1")
        ),
        Tlv(emv.ISSUER_APPLICATION_DATA, _issuer_application_data(_FIRST_ARQC)),
    )
    if entry is Entry.CONTACT:
        name = card.cardholder_name.encode("latin-1")
        return (
            *objects,
            _hex(emv.APPLICATION_INTERCHANGE_PROFILE, "3C00"),
            Tlv(emv.CARDHOLDER_NAME, name),
        )
    on_device = card.verification is Verification.DEVICE
    return (
        *objects,
        _hex(emv.APPLICATION_INTERCHANGE_PROFILE, "2000"),
        _hex(emv.TERMINAL_TRANSACTION_QUALIFIERS, "36C04000"),
        _hex(emv.CARD_TRANSACTION_QUALIFIERS, "0080" if on_device else "0000"),
    )


def _issuer_application_data(verification_results: int) -> bytes:
    # Cryptogram version 18: EMV's common session keys, as `cryptogram` derives them.
    return bytes((0x06, 0x01, 0x12, 0x03, verification_results, 0x00, 0x00))


def _replaced(objects: tuple[Tlv, ...], changed: dict[int, bytes]) -> tuple[Tlv, ...]:
    kept = tuple(item for item in objects if item.tag not in changed)
    return (*kept, *(Tlv(tag, value) for tag, value in changed.items()))


def _hex(tag: int, digits: str) -> Tlv:
    return Tlv(tag, bytes.fromhex(digits))


def _binary(tag: int, number: int, *, length: int) -> Tlv:
    return Tlv(tag, number.to_bytes(length, "big"))


def _numeric(tag: int, number: int, *, length: int) -> Tlv:
    return Tlv(tag, emv.encode_numeric(number, length=length))
