"""The engine's small parts: ids, routes, fault rules and the log."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe_api_server import seeded_random

from simulator.stripe_api.engine.errors import RouteUnknown
from simulator.stripe_api.engine.faults import FaultRule, Faults, LoseReply
from simulator.stripe_api.engine.ids import Ids
from simulator.stripe_api.engine.operations import Call, Operation
from simulator.stripe_api.engine.parameters import Fields
from simulator.stripe_api.engine.requests import RequestEntry, RequestLog
from simulator.stripe_api.engine.router import Router
from simulator.stripe_api.engine.store import Kind, Object
from simulator.stripe_api.resources.money import DECIMALS, formatted

THINGS = Kind[dict[str, object]](name="thing", prefix="th", noun="thing")


def operation(method: str, path: str) -> Operation:
    """An operation that is only ever found."""

    def run(call: Call) -> Object:
        return {}

    return Operation(method, path, Fields({}), THINGS, run)


@given(seed=st.binary(max_size=4), length=st.integers(1, 60))
def test_ids_are_letters_and_digits_and_repeat_with_the_seed(
    seed: bytes, length: int
) -> None:
    first, second = (Ids(seeded_random(seed)) for _ in range(2))

    made = first.new("pi", length=length)

    assert made == second.new("pi", length=length)
    assert len(made) == length + 3
    assert set(made[3:]) <= set(string.ascii_letters + string.digits)


def test_ids_differ_from_one_another() -> None:
    ids = Ids(seeded_random())

    assert len({ids.new("pi") for _ in range(1000)}) == 1000


def test_digits_are_as_many_as_asked_for() -> None:
    ids = Ids(seeded_random())

    assert all(len(ids.digits(15)) == 15 for _ in range(100))


def test_literal_segment_wins_over_a_placeholder() -> None:
    search, one = operation("GET", "/v1/t/search"), operation("GET", "/v1/t/{id}")
    router = Router([one, search])

    assert router.find("GET", "/v1/t/search") == (search, {})
    assert router.find("GET", "/v1/t/th_1/") == (one, {"id": "th_1"})


@pytest.mark.parametrize("path", ["/v1/t", "/v1/t//", "/v1/t/a/b", "/", ""])
def test_path_without_operation_is_unknown(path: str) -> None:
    router = Router([operation("GET", "/v1/t/{id}")])

    with pytest.raises(RouteUnknown):
        router.find("GET", path)


def test_operation_cannot_be_declared_twice() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        Router([operation("GET", "/v1/t/{id}"), operation("GET", "/v1/t/{name}")])


def test_chance_of_a_fault_repeats_with_the_seed() -> None:
    def strikes() -> list[bool]:
        faults = Faults(seeded_random())
        faults.add(FaultRule(LoseReply(), times=None, probability=0.3))
        return [faults.strike("GET", "/") is not None for _ in range(200)]

    first = strikes()

    assert first == strikes()
    assert 40 <= sum(first) <= 80


def test_log_keeps_the_latest_requests() -> None:
    log = RequestLog(kept=2)
    for name in "abc":
        log.add(RequestEntry(id=name, method="GET", path="/", created_ms=0))

    assert [entry.id for entry in log.find(lambda _: True)] == ["b", "c"]


def test_log_blots_out_secrets_at_any_depth() -> None:
    entry = RequestEntry(id="req_1", method="POST", path="/", created_ms=0)
    entry.parameters = {"a": [{"number": "4242"}], "b": {"cvc": "1"}, "c": "shown"}

    assert entry.shown()["parameters"] == {
        "a": [{"number": "[redacted]"}],
        "b": {"cvc": "[redacted]"},
        "c": "shown",
    }


@given(st.integers(0, 10**10), st.sampled_from(sorted(DECIMALS)))
def test_amounts_are_written_without_losing_a_digit(amount: int, currency: str) -> None:
    written = formatted(amount, currency)

    assert int("".join(filter(str.isdigit, written))) == amount


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (123450, "usd", "$1,234.50"),
        (5, "eur", "€0.05"),
        (500, "jpy", "¥500"),
        (1234, "kwd", "1.234"),
    ],
)
def test_amounts_are_written_as_stripe_writes_them(
    amount: int, currency: str, written: str
) -> None:
    assert formatted(amount, currency) == written
