"""A fleet on one screen, from what its broker tells."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from agent.cli.fleet_watch import table_text
from agent.fleet.view import View


def told(**content: object) -> bytes:
    return json.dumps(content).encode()


def view_of(*messages: tuple[str, bytes]) -> View:
    view = View(prefix="cardlane")
    for topic, payload in messages:
        view.hear(topic, payload)
    return view


def test_a_machine_is_one_row() -> None:
    view = view_of(
        ("cardlane/b/state", told(state="online", version="1.2")),
        ("cardlane/a/state", told(state="offline", reason="lost")),
        ("cardlane/b/readers/tmr_1", told(status="online")),
        ("cardlane/b/readers/tmr_2", told(status="offline")),
        (
            "cardlane/b/metrics",
            told(payments_ended={"succeeded": 3, "declined": 1}, payments_unsettled=1),
        ),
        ("cardlane/b/events", told(type="phase_changed")),
    )

    assert [machine.row() for machine in view.machines()] == [
        ("a", "offline (lost)", "", "0/0", "0", ""),
        ("b", "online", "1.2", "1/2", "4 (1 unsettled)", "phase_changed"),
    ]


def test_a_reader_that_is_deleted_is_not_shown() -> None:
    view = view_of(
        ("cardlane/a/readers/tmr_1", told(status="online")),
        ("cardlane/a/readers/tmr_1", b""),
    )

    assert view.machines()[0].row()[3] == "0/0"


def test_a_machine_that_is_back_is_not_lost_any_more() -> None:
    view = view_of(
        ("cardlane/a/state", told(state="online", version="1.2")),
        ("cardlane/a/state", told(state="offline", reason="lost")),
        ("cardlane/a/state", told(state="online", version="1.3")),
    )

    assert view.machines()[0].row()[1:3] == ("online", "1.3")


@given(
    st.sampled_from(["state", "metrics", "events", "orders", "readers/x", "what"]),
    st.binary(max_size=30)
    | st.builds(
        lambda content: json.dumps(content).encode(),
        st.integers()
        | st.lists(st.none())
        | st.dictionaries(
            st.sampled_from(
                ["state", "reason", "version", "status", "type", "payments_ended"]
            ),
            st.text() | st.integers() | st.dictionaries(st.text(), st.text()),
        ),
    )
    | st.just(b"[" * 20_000),
)
def test_nonsense_on_a_broker_is_passed_over(rest: str, payload: bytes) -> None:
    view = view_of((f"cardlane/a/{rest}", payload), (f"elsewhere/a/{rest}", payload))

    rows = [machine.row() for machine in view.machines()]
    assert len(rows) <= 1
    assert all(cell.isprintable() for row in rows for cell in row)


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    text = table_text(("machine", "state"), [("a", "online"), ("long_name", "lost")])

    assert text == "machine    state\na          online\nlong_name  lost"
