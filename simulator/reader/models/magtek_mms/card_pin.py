"""The PIN of a card that was read: judged by its chip, or sealed for its issuer."""

from __future__ import annotations

from collections.abc import Callable

from simulator.cards.card import Card, Entry, Verification
from simulator.emv.kernel import PinEntry
from simulator.emv.pin_block import LEAST_DIGITS, MOST_DIGITS, PinBlockFormat
from simulator.emv.pin_keys import SealedPin
from simulator.errors import ControlRefused
from simulator.reader.models.magtek_mms.activity import Activity, Console, Leaving
from simulator.reader.models.magtek_mms.pin_step import (
    ENTER_PIN,
    INCORRECT_PIN,
    PinStep,
)
from simulator.reader.typed_digits import ENTER, TypedDigits

TRIES = 3
"""As many as most chips allow."""


def wants_pin(card: Card, entry: Entry) -> bool:
    """Whether this card, given in this way, is verified by a PIN."""
    if card.verification is Verification.OFFLINE_PIN:
        return entry is Entry.CONTACT
    return card.verification is Verification.ONLINE_PIN and entry is not Entry.SWIPE


class CardPin(Activity):
    """Ends with what became of the PIN, and the PIN itself if the issuer judges it."""

    def __init__(
        self,
        console: Console,
        card: Card,
        *,
        above: str,
        block_format: PinBlockFormat,
        timeout_s: int,
        done: Callable[[PinEntry, SealedPin | None], None],
        leaving: Leaving,
        removed: Callable[[], None] | None,
    ) -> None:
        """`removed` is called where the card is pulled out of the slot meanwhile."""
        super().__init__(console)
        self._card = card
        self._above = above
        self._block_format = block_format
        self._timeout_s = timeout_s
        self._done = done
        self._leaving = leaving
        self._removed = removed
        self._tries_left = TRIES
        self._step = self._asking(ENTER_PIN)

    def begin(self) -> None:
        """Ask for it."""
        self._step.begin()

    def abandon(self) -> None:
        """Stop without a word."""
        self._step.abandon()

    def press_key(self, key: str) -> None:
        """As PinStep; `enter` without a digit leaves the PIN out (EMV Book 4, 6.3.4)."""
        if key == ENTER and self._step.is_empty:
            self._step.abandon()
            self._done(PinEntry.BYPASSED, None)
        else:
            self._step.press_key(key)

    def remove_card(self) -> None:
        """The card goes; raises ControlRefused unless it was inserted."""
        if self._removed is None:
            raise ControlRefused("no card is in the reader")
        self._step.abandon()
        self._removed()

    def _asking(self, prompt: str) -> PinStep:
        return PinStep(
            self.console,
            prompt,
            above=self._above,
            digits=TypedDigits(LEAST_DIGITS, MOST_DIGITS),
            timeout_s=self._timeout_s,
            typed=self._typed,
            leaving=self._leaving,
        )

    def _typed(self, pin: str) -> None:
        if self._card.verification is Verification.OFFLINE_PIN:
            self._ask_chip(pin)
            return
        bench = self.console.bench
        sealed = bench.pin_keys.seal(
            pin,
            self._card.account.number,
            block_format=self._block_format,
            random=bench.random,
        )
        self._done(PinEntry.DONE, sealed)

    def _ask_chip(self, pin: str) -> None:
        if pin == self._card.account.pin:
            self._done(PinEntry.DONE, None)
            return
        self._tries_left -= 1
        if not self._tries_left:
            self._done(PinEntry.FAILED, None)
            return
        self._step = self._asking(INCORRECT_PIN)
        self._step.begin()
