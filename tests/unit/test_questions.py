"""One form at a reader: every way in which a customer, or the reader, can end it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from agent_clock import StillClock
from hypothesis import given
from hypothesis import strategies as st

from agent.payments.failures import (
    COLLECT_INPUTS_TIMEOUT,
    CUSTOMER_CANCELED,
    HARDWARE_FAULT,
)
from agent.payments.forms import Choice, CustomText, Form, FormKind, Toggle
from agent.payments.questions import (
    ASKS_COUNTRY,
    IDLE_S,
    Answered,
    Skipped,
    Unanswered,
    ask,
)
from drivers.errors import FeatureUnsupported
from drivers.features import Features, InputEnd

TITLE = CustomText("A bag?")
BAG = Form(
    FormKind.SELECTION,
    TITLE,
    is_required=True,
    choices=(Choice("yes", "Yes"), Choice("no", "No")),
)
PHONE = Form(FormKind.PHONE, CustomText("Phone"), is_required=True)
OPTIONAL_PHONE = Form(FormKind.PHONE, CustomText("Phone"))
TOGGLED = Form(
    FormKind.NUMERIC,
    CustomText("Table"),
    is_required=True,
    toggles=(Toggle("Outside?", None), Toggle("News?", None, is_on_by_default=True)),
)


@dataclass
class Customer:
    """Implements drivers.features.Menu and Keypad; answers as it was told, in order."""

    answers: list[Any]
    asked: list[str] = field(default_factory=list)
    times_s: set[int] = field(default_factory=set)

    @property
    def reader(self) -> Features:
        return Features(menu=self, keypad=self)

    async def choose(
        self,
        *,
        title: str,
        choices: Sequence[str],
        timeout_s: int,
        text: Sequence[str] = (),
    ) -> int | InputEnd:
        answer = self._answer(title, timeout_s)
        return answer if isinstance(answer, InputEnd) else choices.index(answer)

    async def enter_number(
        self, *, prompt: str, least_digits: int, most_digits: int, timeout_s: int
    ) -> str | InputEnd:
        answer = self._answer(prompt, timeout_s)
        return answer if isinstance(answer, InputEnd) else str(answer)

    async def enter_amount(
        self, *, prompt: str, most_digits: int, timeout_s: int
    ) -> int | InputEnd:
        raise AssertionError("no form asks for an amount")

    def _answer(self, asked: str, timeout_s: int) -> Any:
        self.asked.append(asked)
        self.times_s.add(timeout_s)
        return self.answers.pop(0)


async def asked(form: Form, *answers: Any) -> Answered | Skipped | Unanswered:
    return await ask(form, Customer(list(answers)).reader, clock=StillClock())


@pytest.mark.parametrize("form", [BAG, PHONE])
@pytest.mark.parametrize(
    ("end", "code"),
    [
        (InputEnd.TIMED_OUT, COLLECT_INPUTS_TIMEOUT),
        (InputEnd.CANCELED_BY_CUSTOMER, CUSTOMER_CANCELED),
        (InputEnd.CANCELED_BY_HOST, HARDWARE_FAULT),
    ],
)
async def test_a_required_form_without_an_answer_says_why(
    form: Form, end: InputEnd, code: str
) -> None:
    assert await asked(form, end) == Unanswered(code)


@pytest.mark.parametrize("skips", ["Skip", InputEnd.CANCELED_BY_CUSTOMER])
async def test_an_optional_form_is_skipped_before_anything_is_typed(skips: Any) -> None:
    assert await asked(OPTIONAL_PHONE, skips) == Skipped()


async def test_an_optional_form_is_skipped_while_it_is_typed() -> None:
    end = InputEnd.CANCELED_BY_CUSTOMER

    assert await asked(OPTIONAL_PHONE, "Continue", end) == Skipped()
    assert await asked(OPTIONAL_PHONE, "Continue", "123", end) == Skipped()


async def test_a_long_title_is_shown_before_the_keypad() -> None:
    title = "How many guests are you tonight?"
    customer = Customer(["Continue", "4"])
    form = Form(FormKind.NUMERIC, CustomText(title), is_required=True)

    answered = await ask(form, customer.reader, clock=StillClock())

    assert answered == Answered("4")
    assert customer.asked == [title, "NUMBER"]
    assert customer.times_s == {IDLE_S}


async def test_toggles_begin_with_how_they_are() -> None:
    assert await asked(TOGGLED, "7", "No", "Yes") == Answered("7", (False, True))
    assert await asked(TOGGLED, "7", "Yes", "No") == Answered("7", (True, False))


@pytest.mark.parametrize(
    "end", [InputEnd.CANCELED_BY_CUSTOMER, InputEnd.CANCELED_BY_HOST]
)
async def test_a_toggle_passed_over_stays_as_it_is(end: InputEnd) -> None:
    assert await asked(TOGGLED, "7", end, end) == Answered("7", (False, True))


async def test_a_toggle_nobody_answers_ends_the_form() -> None:
    ended = await asked(TOGGLED, "7", "Yes", InputEnd.TIMED_OUT)

    assert ended == Unanswered(COLLECT_INPUTS_TIMEOUT)


@pytest.mark.parametrize("kind", list(FormKind))
async def test_a_reader_that_lacks_what_its_profile_lists_is_not_asked(
    kind: FormKind,
) -> None:
    with pytest.raises(FeatureUnsupported):
        await ask(Form(kind, TITLE), Features(), clock=StillClock())


async def test_no_answer_is_in_a_repr() -> None:
    assert "41791234567" not in repr(Answered("+41791234567"))


@given(st.lists(st.text("0123456789", min_size=1, max_size=16), max_size=5))
async def test_a_phone_number_is_one_however_it_is_typed(tries: list[str]) -> None:
    customer = Customer([*tries, "0014155550123"])

    answered = await ask(PHONE, customer.reader, clock=StillClock())

    assert isinstance(answered, Answered)
    assert re.fullmatch(r"\+[1-9][0-9]{6,14}", answered.value)
    assert customer.asked[1:] == [ASKS_COUNTRY] * (len(customer.asked) - 1)
