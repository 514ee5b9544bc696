"""The bank behind every virtual card: opens card data, checks cryptograms, decides.

A doubt about the data of a genuine card is a decline; only data that open to no card
are an error.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable, Iterable

from drivers.errors import DriverError
from drivers.protocol import emv
from drivers.protocol.currency import currency_of, iso_amount
from drivers.protocol.tlv import Tlv, encode, find_value
from simulator.cards.book import CardBook
from simulator.cards.card import Card, Decision
from simulator.cards.tracks import number_in_track_2
from simulator.emv.authorization import (
    Approved,
    AuthorizationRequest,
    Declined,
    PresentedCard,
)
from simulator.emv.cryptogram import (
    TEST_ISSUER_MASTER_KEY,
    application_cryptogram,
    authorization_response_cryptogram,
    card_master_key,
    session_key,
)
from simulator.emv.decisions import APPROVED_RESPONSE_CODE, REFUSALS, decide
from simulator.emv.dukpt import TEST_BDK
from simulator.emv.pin_keys import open_pin
from simulator.emv.presented_card import presented_card
from simulator.emv.sealing import STRIPE_TEMPLATE, TRACK_2, pin_in, unseal
from simulator.emv.signed_data import signed_data
from simulator.errors import CardDataUnreadable

_CHIP_METHODS = frozenset({"contact_emv", "contactless_emv"})
_STRIPE_METHODS = frozenset(
    {
        "contactless_magstripe_mode",
        "magnetic_stripe_fallback",
        "magnetic_stripe_track2",
    }
)
_NEO_PREFIX = bytes.fromhex("DFEE2602")
_PIN_METHODS = range(0x01, 0x06)
_CVM_FAILED = 0x01
_PIN_REFUSALS = {
    # Bits of the terminal verification results (EMV Book 3, C5), byte 3.
    0x20 << 16: Decision.PIN_TRY_EXCEEDED,
    0x08 << 16: Decision.ONLINE_OR_OFFLINE_PIN_REQUIRED,
}


class SimulatedIssuer:
    """Implements `simulator.emv.authorization.Issuer` for all cards of a book."""

    def __init__(
        self,
        cards: CardBook,
        *,
        bdk: bytes = TEST_BDK,
        issuer_master_key: bytes = TEST_ISSUER_MASTER_KEY,
        remembered_reads: int = 4096,
    ) -> None:
        """`bdk` opens what the simulated readers seal.

        Only the latest `remembered_reads` are known again when their transaction
        counter comes back.
        """
        self._cards = cards
        self._bdk = bdk
        self._issuer_master_key = issuer_master_key
        self._remembered_reads = remembered_reads
        self._cryptograms: OrderedDict[tuple[str, bytes], bytes] = OrderedDict()

    def authorize(self, request: AuthorizationRequest) -> Approved | Declined:
        """Decrypt, check the cryptogram, decide; raises CardDataUnreadable."""
        objects = _opened(request, bdk=self._bdk)
        if request.read_method in _STRIPE_METHODS:
            return self._authorize_stripe(objects, request)
        if request.read_method in _CHIP_METHODS:
            return self._authorize_chip(objects, request)
        raise CardDataUnreadable(f"no read method {request.read_method!r}")

    def _authorize_stripe(
        self, objects: tuple[Tlv, ...], request: AuthorizationRequest
    ) -> Approved | Declined:
        track = _required(objects, STRIPE_TEMPLATE, TRACK_2)
        try:
            number = number_in_track_2(track.decode("ascii"))
        except ValueError:
            raise CardDataUnreadable("the stripe holds no track 2") from None
        card = self._card(number)
        return _outcome(
            request,
            decide(card.account, request.amount),
            shown=presented_card(card, (), read_method=request.read_method),
            answer_card=lambda _response_code: None,
        )

    def _authorize_chip(
        self, objects: tuple[Tlv, ...], request: AuthorizationRequest
    ) -> Approved | Declined:
        number = _required(objects, emv.PAN).hex().rstrip("f")
        card = self._card(number)
        key = self._session_key(number, objects)
        is_genuine = (
            _is_for(request, objects)
            and self._is_signed(objects, key)
            and self._is_first_use(number, objects)
        )
        decision = (
            _decide_with_pin(card, objects, request.amount)
            if is_genuine
            else Decision.INVALID_ACCOUNT
        )
        cryptogram = _required(objects, emv.APPLICATION_CRYPTOGRAM)
        return _outcome(
            request,
            decision,
            shown=presented_card(card, objects, read_method=request.read_method),
            answer_card=lambda code: _answer_for_card(
                key, cryptogram, code, scripts=card.account.issuer_scripts
            ),
        )

    def _card(self, number: str) -> Card:
        card = self._cards.numbered(number)
        if card is None:
            raise CardDataUnreadable("the card is none of this issuer's")
        return card

    def _session_key(self, number: str, objects: Iterable[Tlv]) -> bytes:
        try:
            sequence_number = emv.decode_numeric(
                _required(objects, emv.PAN_SEQUENCE_NUMBER)
            )
        except DriverError as error:
            raise CardDataUnreadable("the card's sequence number is none") from error
        master_key = card_master_key(
            self._issuer_master_key, number, sequence_number=sequence_number
        )
        counter = _required(objects, emv.APPLICATION_TRANSACTION_COUNTER)
        return session_key(master_key, int.from_bytes(counter[-2:], "big"))

    def _is_signed(self, objects: tuple[Tlv, ...], key: bytes) -> bool:
        expected = application_cryptogram(key, signed_data(objects))
        presented = _required(objects, emv.APPLICATION_CRYPTOGRAM)
        return hmac.compare_digest(expected, presented)

    def _is_first_use(self, number: str, objects: tuple[Tlv, ...]) -> bool:
        """Whether this counter is new, or comes with the cryptogram it came with.

        The same read may be asked about again; another read may not reuse its counter.
        """
        cryptogram = _required(objects, emv.APPLICATION_CRYPTOGRAM)
        counter = _required(objects, emv.PAN_SEQUENCE_NUMBER) + _required(
            objects, emv.APPLICATION_TRANSACTION_COUNTER
        )
        known = self._cryptograms.setdefault((number, counter), cryptogram)
        if len(self._cryptograms) > self._remembered_reads:
            self._cryptograms.popitem(last=False)
        return known == cryptogram


def _opened(request: AuthorizationRequest, *, bdk: bytes) -> tuple[Tlv, ...]:
    """The card data in the clear; whose format they are in, their structure says."""
    if request.ciphertext.startswith(_NEO_PREFIX):
        # Not loaded with every start, since few simulators have such a reader.
        from drivers.protocol.idtech_neo.issuer_data import is_issuer_data
        from simulator.emv.neo_opening import unseal_neo

        if is_issuer_data(request.ciphertext):
            return unseal_neo(request.ciphertext, request.ksn, bdk=bdk)
    return unseal(request.ciphertext, request.ksn, bdk=bdk)


def _outcome(
    request: AuthorizationRequest,
    decision: Decision,
    *,
    shown: PresentedCard,
    answer_card: Callable[[str], str | None],
) -> Approved | Declined:
    if decision is Decision.APPROVE:
        code = APPROVED_RESPONSE_CODE
        return Approved(shown, _authorization_code(request), code, answer_card(code))
    refusal = REFUSALS[decision]
    code = refusal.response_code
    return Declined(shown, refusal.code, decision, code, answer_card(code))


def _decide_with_pin(card: Card, objects: tuple[Tlv, ...], amount: int) -> Decision:
    """As `decide`; what is wrong with a PIN matters only where all else is well."""
    verified = _is_pin_verified(objects)
    decision = decide(card.account, amount, is_pin_verified=verified)
    if decision is not Decision.APPROVE:
        return decision
    results = int.from_bytes(_required(objects, emv.TERMINAL_VERIFICATION_RESULTS))
    for bit, refusal in _PIN_REFUSALS.items():
        if results & bit:
            return refusal
    sealed = pin_in(objects)
    if sealed is None or open_pin(sealed, card.account.number) == card.account.pin:
        return decision
    return Decision.INCORRECT_PIN


def _is_pin_verified(objects: tuple[Tlv, ...]) -> bool:
    results = _required(objects, emv.CVM_RESULTS)
    return results[0] & 0x3F in _PIN_METHODS and results[-1] != _CVM_FAILED


def _is_for(request: AuthorizationRequest, objects: Iterable[Tlv]) -> bool:
    """Whether the card signed the amount, currency and type that are asked for."""
    try:
        amount = iso_amount(request.amount, request.currency)
        currency = currency_of(request.currency)
        signed_amount = emv.decode_numeric(_required(objects, emv.AMOUNT_AUTHORISED))
        signed_currency = emv.decode_numeric(
            _required(objects, emv.TRANSACTION_CURRENCY_CODE)
        )
        signed_type = emv.decode_numeric(_required(objects, emv.TRANSACTION_TYPE))
    except DriverError:
        return False
    signed = (signed_amount, signed_currency, signed_type)
    return signed == (amount, currency.numeric, request.transaction_type)


def _answer_for_card(
    key: bytes, cryptogram: bytes, response_code: str, *, scripts: bytes
) -> str:
    """Tags 8A and 91 (EMV Book 2, 8.2.1: cryptogram, then response code), and scripts.

    Scripts come with an approval only.
    """
    code = response_code.encode("ascii")
    response = authorization_response_cryptogram(
        key, cryptogram, response_code=response_code
    )
    answer = (
        Tlv(emv.AUTHORISATION_RESPONSE_CODE, code),
        Tlv(emv.ISSUER_AUTHENTICATION_DATA, response + code),
    )
    sent = scripts if response_code == APPROVED_RESPONSE_CODE else b""
    return (encode(answer) + sent).hex().upper()


def _authorization_code(request: AuthorizationRequest) -> str:
    """Six digits; the same read gets the same code again."""
    digest = hashlib.sha256(request.ksn + request.ciphertext).digest()
    return f"{int.from_bytes(digest[:4], 'big') % 1_000_000:06d}"


def _required(objects: Iterable[Tlv], *path: int) -> bytes:
    value = find_value(objects, *path)
    if not value:
        raise CardDataUnreadable(f"the card data lack tag {path[-1]:X}")
    return value
