"""When a reader's hours for its restart are, across midnight and not."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stripe_api.objects import Json
from agent.terminal_configuration.reboots import RebootWindow

MONDAY, TUESDAY = date(2026, 11, 2), date(2026, 11, 3)


@pytest.mark.parametrize(
    ("window", "hour", "night"),
    [
        (RebootWindow(2, 4), 1, None),
        (RebootWindow(2, 4), 2, TUESDAY),
        (RebootWindow(2, 4), 3, TUESDAY),
        (RebootWindow(2, 4), 4, None),
        (RebootWindow(23, 3), 22, None),
        (RebootWindow(23, 3), 23, TUESDAY),
        (RebootWindow(23, 3), 2, MONDAY),
        (RebootWindow(23, 3), 3, None),
        (RebootWindow(0, 1), 0, TUESDAY),
        (RebootWindow(23, 0), 0, None),
    ],
)
def test_a_window_past_midnight_is_one_night(
    window: RebootWindow, hour: int, night: date | None
) -> None:
    assert window.night(datetime(2026, 11, 3, hour, 30)) == night  # noqa: DTZ001


@given(start=st.integers(0, 23), end=st.integers(0, 23))
def test_a_window_is_open_for_as_many_hours_as_it_says(start: int, end: int) -> None:
    window = RebootWindow.of({"start_hour": start, "end_hour": end})
    if window is None:
        assert start == end
        return

    nights = [window.night(datetime(2026, 11, 3, hour)) for hour in range(24)]  # noqa: DTZ001

    assert sum(night is not None for night in nights) == (end - start) % 24


@pytest.mark.parametrize(
    "value", [None, {}, {"start_hour": 3}, {"start_hour": 3, "end_hour": 3}, "3-4"]
)
def test_what_names_no_hours_is_no_window(value: Json) -> None:
    assert RebootWindow.of(value) is None
