"""What a reader can show, by its profile: forms, what of them fits, and carts. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from agent.errors import CollectInputsUnsupported, ReaderFeatureUnsupported
from agent.payments.forms import Form, FormKind
from drivers.features import MENU_LETTERS, MENU_LINES, PROMPT_LETTERS
from drivers.picture import UNKNOWN, columns_of, drawable, rows_of
from drivers.profile import Profile

NEEDS: dict[FormKind, frozenset[str] | None] = {
    FormKind.SELECTION: frozenset({"menu"}),
    FormKind.NUMERIC: frozenset({"keypad", "menu"}),
    FormKind.PHONE: frozenset({"keypad", "menu"}),
    FormKind.SIGNATURE: frozenset({"signature", "screen"}),
    FormKind.EMAIL: None,
    FormKind.TEXT: None,
}
"""The features by which a form is carried; None where no reader has a way to type it.

Title and description of a number are shown as a menu before it, those of a signature as
a picture.
"""
TOGGLES_NEED = frozenset({"menu"})
SHOWS_CARTS = frozenset({"text_screen", "screen"})
"""Either is enough for a cart."""

DEFAULT_SKIP = "Skip"
DEFAULT_SUBMIT = "Continue"
YES, NO = "Yes", "No"


def check_forms(forms: Sequence[Form], profile: Profile) -> None:
    """Raises CollectInputsUnsupported for the first form the model cannot show."""
    for position, form in enumerate(forms):
        problem = problem_of(form, profile.capabilities.features)
        if problem is not None:
            raise CollectInputsUnsupported(
                form.kind,
                model=f"{profile.vendor} {profile.model}",
                problem=problem,
                param=f"inputs[{position}]",
            )


def problem_of(form: Form, features: frozenset[str]) -> str | None:
    """Why a reader with these features cannot show the form; None where it can."""
    needed = NEEDS[form.kind]
    if needed is None:
        return "it has no keyboard for letters"
    missing = needed - features
    if form.toggles:
        missing |= TOGGLES_NEED - features
    if "signature" in missing:
        return "it has no pad to sign on"
    if missing:
        return f"it has no {min(missing)}"
    return None if _fits(form) else "the texts do not fit on its screen"


def check_display(profile: Profile) -> None:
    """Raises ReaderFeatureUnsupported for a model that can show no cart."""
    if not SHOWS_CARTS & profile.capabilities.features:
        model = f"{profile.vendor} {profile.model}"
        raise ReaderFeatureUnsupported(
            f"The {model} has no screen that could show a cart.",
            remedy=f"Show the cart on the register's own screen at the {model}, or use "
            "a reader with a screen: docs/readers.md says which have one.",
        )


def menu_text(form: Form) -> tuple[str, ...]:
    """The lines that stand below the title on a menu."""
    return _wrapped(form.text.description, MENU_LETTERS)


def toggle_menu(form: Form, number: int) -> tuple[str, tuple[str, ...]]:
    """Title and lines of the menu that asks for a toggle."""
    toggle = form.toggles[number]
    title = toggle.title or toggle.description or ""
    return title, _wrapped(toggle.description if toggle.title else None, MENU_LETTERS)


def choice_texts(form: Form) -> tuple[str, ...]:
    """What can be touched on the form's menu, the way to skip it last."""
    texts = tuple(choice.text for choice in form.choices)
    if form.kind is not FormKind.SELECTION:
        texts = (form.text.submit_button or DEFAULT_SUBMIT,)
    if form.is_required:
        return texts
    return (*texts, form.text.skip_button or DEFAULT_SKIP)


def needs_introduction(form: Form) -> bool:
    """Whether a number's keypad alone would not say all, or offer to skip it."""
    is_long = len(form.text.title) > PROMPT_LETTERS
    has_words = form.text.description or form.text.submit_button
    return bool(is_long or has_words or not form.is_required)


def picture_lines(form: Form, *, width: int) -> list[str]:
    """Title and description for a screen of that width."""
    columns = columns_of(width)
    title = _wrapped(form.text.title, columns)
    description = _wrapped(form.text.description, columns)
    return [*title, "", *description] if description else [*title]


SIGNATURE_WIDTH, SIGNATURE_HEIGHT = 320, 240
"""The smallest screen on which readers take signatures."""


def _fits(form: Form) -> bool:
    menus: list[tuple[tuple[str, tuple[str, ...]], tuple[str, ...]]] = [
        (toggle_menu(form, number), (YES, NO)) for number in range(len(form.toggles))
    ]
    if form.kind is FormKind.SIGNATURE:
        lines = picture_lines(form, width=SIGNATURE_WIDTH)
        has_room = len(lines) <= rows_of(SIGNATURE_HEIGHT)
        if not (has_room and all(map(_is_drawn, lines))):
            return False
    else:
        menus.insert(0, ((form.text.title, menu_text(form)), choice_texts(form)))
    return all(_fits_menu((title, *text, *choices)) for (title, text), choices in menus)


def _fits_menu(lines: Sequence[str]) -> bool:
    return len(lines) <= MENU_LINES and all(map(_is_latin, lines))


def _is_latin(line: str) -> bool:
    is_known = line.isprintable() and all(ord(letter) < 256 for letter in line)
    return is_known and len(line) <= MENU_LETTERS


def _is_drawn(line: str) -> bool:
    return drawable(line).count(UNKNOWN) == line.count(UNKNOWN)


def _wrapped(text: str | None, columns: int) -> tuple[str, ...]:
    return tuple(textwrap.wrap(text, columns)) if text else ()
