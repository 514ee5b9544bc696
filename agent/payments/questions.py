"""One form asked of the customer at an open reader."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar, assert_never

from agent.clock import Clock
from agent.payments.failures import (
    COLLECT_INPUTS_TIMEOUT,
    CUSTOMER_CANCELED,
    HARDWARE_FAULT,
)
from agent.payments.forms import Form, FormKind
from agent.payments.showing import (
    NO,
    YES,
    choice_texts,
    menu_text,
    needs_introduction,
    picture_lines,
    toggle_menu,
)
from drivers.errors import DriverError, FeatureUnsupported
from drivers.features import (
    PROMPT_LETTERS,
    Features,
    ImageKind,
    InputEnd,
    Keypad,
    Menu,
    Screen,
    SignaturePad,
)
from drivers.picture import text_picture
from drivers.signature_svg import signature_svg

FeatureT = TypeVar("FeatureT")

IDLE_S = 120
"""How long the customer may do nothing, as at Stripe."""
MOST_DIGITS = 16
LEAST_READING_S = 2.0
LETTERS_A_SECOND = 15
"""How fast customers read what a reader shows before it lets them sign."""

PROMPTS = {FormKind.NUMERIC: "NUMBER", FormKind.PHONE: "PHONE"}
"""Beside what is typed, where the title is too long or was shown before."""
ASKS_COUNTRY = "+ COUNTRY CODE"

_INTERNATIONAL = re.compile(r"[1-9][0-9]{6,14}")
"""E.164 without its plus sign."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """The customer passed over a form that is not required."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The form ended without an answer, and all of them with it."""

    code: str
    """One of agent.payments.failures."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the customer answered; personal data."""

    value: str = field(repr=False)
    """Typed, the id of a choice, or a drawing as SVG."""
    toggles: tuple[bool, ...] = field(default=(), repr=False)


async def ask(
    form: Form, features: Features, *, clock: Clock
) -> Answered | Skipped | Unanswered:
    """Ask one form, and then for its toggles.

    Raises FeatureUnsupported where the reader lacks what its profile lists, and what
    features raise.
    """
    value = await _ask_value(form, features, clock=clock)
    if not isinstance(value, str):
        return value
    toggles: list[bool] = []
    for number in range(len(form.toggles)):
        is_on = await _ask_toggle(form, number, _needed(features.menu))
        if isinstance(is_on, Unanswered):
            return is_on
        toggles.append(is_on)
    return Answered(value, tuple(toggles))


async def _ask_value(
    form: Form, features: Features, *, clock: Clock
) -> str | Skipped | Unanswered:
    match form.kind:
        case FormKind.SELECTION:
            chosen = await _choose(form, _needed(features.menu))
            return form.choices[chosen].id if isinstance(chosen, int) else chosen
        case FormKind.NUMERIC:
            keypad, menu = _needed(features.keypad), _needed(features.menu)
            return await _type_number(form, keypad, menu)
        case FormKind.PHONE:
            keypad, menu = _needed(features.keypad), _needed(features.menu)
            return await _type_phone(form, keypad, menu)
        case FormKind.SIGNATURE:
            screen, pad = _needed(features.screen), _needed(features.signature)
            return await _sign(form, screen, pad, clock=clock)
        case FormKind.EMAIL | FormKind.TEXT:
            raise FeatureUnsupported(f"no reader takes an input of type {form.kind}")
        case _:
            assert_never(form.kind)


async def _choose(form: Form, menu: Menu) -> int | Skipped | Unanswered:
    """The number of what was touched on the form's menu."""
    texts = choice_texts(form)
    chosen = await menu.choose(
        title=form.text.title, text=menu_text(form), choices=texts, timeout_s=IDLE_S
    )
    if isinstance(chosen, InputEnd):
        return _without(form, chosen)
    is_skip = not form.is_required and chosen == len(texts) - 1
    return Skipped() if is_skip else chosen


async def _type_number(
    form: Form, keypad: Keypad, menu: Menu
) -> str | Skipped | Unanswered:
    prompt = form.text.title
    if needs_introduction(form):
        chosen = await _choose(form, menu)
        if not isinstance(chosen, int):
            return chosen
        prompt = prompt if len(prompt) <= PROMPT_LETTERS else PROMPTS[form.kind]
    return await _typed(form, keypad, prompt)


async def _type_phone(
    form: Form, keypad: Keypad, menu: Menu
) -> str | Skipped | Unanswered:
    """Digits that begin with a country's code, as E.164; asked for until they do."""
    digits = await _type_number(form, keypad, menu)
    while isinstance(digits, str):
        international = digits.removeprefix("00")
        if _INTERNATIONAL.fullmatch(international):
            return f"+{international}"
        digits = await _typed(form, keypad, ASKS_COUNTRY)
    return digits


async def _typed(form: Form, keypad: Keypad, prompt: str) -> str | Skipped | Unanswered:
    typed = await keypad.enter_number(
        prompt=prompt, least_digits=1, most_digits=MOST_DIGITS, timeout_s=IDLE_S
    )
    return _without(form, typed) if isinstance(typed, InputEnd) else typed


async def _sign(
    form: Form, screen: Screen, pad: SignaturePad, *, clock: Clock
) -> str | Skipped | Unanswered:
    """The drawing as SVG; what is to be signed is shown before."""
    lines = picture_lines(form, width=screen.width)
    picture = text_picture(lines, width=screen.width, height=screen.height)
    await screen.show_image(ImageKind.BITMAP, picture, seconds=0)
    try:
        await clock.sleep(LEAST_READING_S + sum(map(len, lines)) / LETTERS_A_SECOND)
    except asyncio.CancelledError:
        # Nobody is to sign: what was to be signed does not stay there.
        with suppress(DriverError):
            await screen.clear()
        raise
    signature = await pad.request_signature(timeout_s=IDLE_S)
    if isinstance(signature, InputEnd):
        return _without(form, signature)
    return signature_svg(signature)


async def _ask_toggle(form: Form, number: int, menu: Menu) -> bool | Unanswered:
    """On or off; a customer who passes it over leaves it as it is."""
    default = form.toggles[number].is_on_by_default
    title, text = toggle_menu(form, number)
    choices = (YES, NO) if default else (NO, YES)
    chosen = await menu.choose(
        title=title, text=text, choices=choices, timeout_s=IDLE_S
    )
    match chosen:
        case InputEnd.TIMED_OUT:
            return Unanswered(COLLECT_INPUTS_TIMEOUT)
        case InputEnd():
            return default
        case _:
            return choices[chosen] == YES


def _without(form: Form, end: InputEnd) -> Skipped | Unanswered:
    match end:
        case InputEnd.TIMED_OUT:
            return Unanswered(COLLECT_INPUTS_TIMEOUT)
        case InputEnd.CANCELED_BY_CUSTOMER:
            # Keys cannot be taken away: the cancel key skips where there is a way to.
            return Unanswered(CUSTOMER_CANCELED) if form.is_required else Skipped()
        case InputEnd.CANCELED_BY_HOST:
            return Unanswered(HARDWARE_FAULT)
        case _:
            assert_never(end)


def _needed(feature: FeatureT | None) -> FeatureT:
    if feature is None:
        raise FeatureUnsupported("the reader lacks what its profile lists")
    return feature
