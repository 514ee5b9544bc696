"""The cardholder chooses a tip on the screen, before a card is asked for."""

from __future__ import annotations

from collections.abc import Callable

from drivers.protocol.magtek_mms.tips import (
    TipButton as OfferedButton,
)
from drivers.protocol.magtek_mms.tips import (
    TipButtonKind,
    TipMode,
    TipOptions,
)
from simulator.emv.kernel import Purchase
from simulator.errors import ControlRefused
from simulator.reader.amounts import amount_line
from simulator.reader.models.magtek_mms.activity import Activity, Console, Leaving
from simulator.reader.tip_screen import (
    ADD_A_TIP,
    CUSTOM_BUTTON,
    NO_TIP_BUTTON,
    TipButton,
    amount_button,
    button_named,
    labels,
    percent_button,
)
from simulator.reader.typed_digits import CANCEL, ENTER, TypedDigits

TIP_AMOUNT = "TIP AMOUNT"
TEXTS = frozenset({ADD_A_TIP, TIP_AMOUNT})
_MOST_DIGITS = 6

_AT_ONCE = frozenset({TipMode.PERCENT, TipMode.AMOUNT})
_ON_REQUEST = frozenset({TipMode.PERCENT_ON_REQUEST, TipMode.AMOUNT_ON_REQUEST})
_IN_PERCENT = frozenset({TipMode.PERCENT, TipMode.PERCENT_ON_REQUEST})


def is_asked_at_once(tips: TipOptions) -> bool:
    """Whether the question comes first, and not only to who touches `+Tip`."""
    return tips.mode in _AT_ONCE


def is_asked_on_request(tips: TipOptions) -> bool:
    """Whether `+Tip` stands beside the prompt for a card."""
    return tips.mode in _ON_REQUEST


class TipStep(Activity):
    """Ends with a tip in minor units."""

    def __init__(
        self,
        console: Console,
        tips: TipOptions,
        *,
        purchase: Purchase,
        timeout_s: int,
        chosen: Callable[[int], None],
        leaving: Leaving,
    ) -> None:
        super().__init__(console)
        self._buttons = tuple(_buttons(tips, purchase))
        self._purchase = purchase
        self._timeout_s = timeout_s
        self._chosen = chosen
        self._leaving = leaving
        self._typed: TypedDigits | None = None

    def begin(self) -> None:
        """Show the buttons."""
        amount = amount_line(self._purchase.amount, self._purchase.currency_code)
        self.console.ask(amount, ADD_A_TIP, choices=labels(self._buttons))
        self.alarm.set_unless_zero(self._timeout_s, self._leaving.timed_out)

    def touch(self, choice: str) -> None:
        """A button: a tip, none, or one to be typed."""
        button = button_named(choice, self._buttons)
        if button is None or self._typed is not None:
            raise ControlRefused(f"no button reads {choice!r}")
        if button.tip is None:
            self._typed = TypedDigits(least=1, most=_MOST_DIGITS)
            self._show_typed(self._typed)
        else:
            self._choose(button.tip)

    def press_key(self, key: str) -> None:
        """Digits of an amount of the cardholder's own, or `cancel`."""
        if key == CANCEL:
            self.alarm.stop()
            self._leaving.canceled()
        elif self._typed is None:
            raise ControlRefused(f"the key {key!r} does nothing now")
        elif key == ENTER and self._typed.is_enough:
            self._choose(int(self._typed.value))
        else:
            self._typed = self._typed.pressed(key)
            self._show_typed(self._typed)

    def _choose(self, tip: int) -> None:
        self.alarm.stop()
        self._chosen(tip)

    def _show_typed(self, typed: TypedDigits) -> None:
        amount = amount_line(int(typed.value or "0"), self._purchase.currency_code)
        self.console.ask(TIP_AMOUNT, amount)
        self.alarm.set_unless_zero(self._timeout_s, self._leaving.timed_out)


def _buttons(tips: TipOptions, purchase: Purchase) -> list[TipButton]:
    shown = (button for button in tips.buttons if button.kind != TipButtonKind.DISABLED)
    return [_button(button, tips, purchase) for button in shown]


def _button(offered: OfferedButton, tips: TipOptions, purchase: Purchase) -> TipButton:
    if offered.kind is TipButtonKind.CUSTOM:
        return CUSTOM_BUTTON
    if offered.kind is TipButtonKind.NO_TIP:
        return NO_TIP_BUTTON
    if tips.mode in _IN_PERCENT:
        return percent_button(offered.value, of_amount=purchase.amount)
    return amount_button(offered.value, currency_code=purchase.currency_code)
