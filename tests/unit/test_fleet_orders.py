"""Orders of a fleet: whose, for whom, when, and no more than once."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from agent_clock import NOON
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from agent.fleet.orders import (
    LARGEST_BYTES,
    Command,
    Order,
    OrderRefused,
    check,
    is_selected,
    sign,
    verify,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {"office": KEY.public_key()}
ORDER = Order(
    order_id="order_1",
    machine="till",
    command=Command.IDENTIFY,
    issued_at=NOON.replace(microsecond=0),
    expires_at=NOON.replace(microsecond=0) + timedelta(hours=1),
    reader="tmr_1",
)
SENT = sign(ORDER, KEY, key_name="office")


def refusal(act: Callable[[], object]) -> str:
    """The code with which it is refused."""
    with pytest.raises(OrderRefused) as refused:
        act()
    return refused.value.code


def test_an_order_arrives_as_it_was_signed() -> None:
    assert verify(SENT, KEYS) == (ORDER, "office")


@given(
    st.builds(
        Order,
        order_id=st.text(min_size=1, max_size=100),
        machine=st.text(min_size=1, max_size=100),
        command=st.sampled_from(Command),
        issued_at=st.just(ORDER.issued_at),
        expires_at=st.just(ORDER.expires_at),
        reader=st.none() | st.text(min_size=1, max_size=100),
        image=st.none() | st.text(min_size=1, max_size=100),
        percent=st.integers(0, 100),
        seed=st.text(max_size=100),
    )
)
def test_any_order_can_be_sent(order: Order) -> None:
    assert verify(sign(order, KEY, key_name="office"), KEYS) == (order, "office")


@given(st.integers(0, len(SENT) - 1), st.integers(1, 255))
def test_an_order_that_was_touched_is_refused(place: int, change: int) -> None:
    touched = bytearray(SENT)
    touched[place] ^= change

    with suppress(OrderRefused):
        # Such as another spelling of the same base64: what was signed is untouched.
        assert verify(bytes(touched), KEYS) == (ORDER, "office")


@given(st.binary(max_size=300))
def test_anything_else_is_refused(payload: bytes) -> None:
    assert refusal(lambda: verify(payload, KEYS)) == "order_unreadable"


@pytest.mark.parametrize("payload", [b"[" * 16_000, b'{"a":' * 3_000, b"9" * 16_000])
def test_what_is_nested_too_deep_is_refused_like_anything_else(payload: bytes) -> None:
    assert refusal(lambda: verify(payload, KEYS)) == "order_unreadable"


def test_a_stranger_is_refused() -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))

    forged = sign(ORDER, stranger, key_name="office")
    unknown = sign(ORDER, stranger, key_name="stranger")

    assert refusal(lambda: verify(forged, KEYS)) == "order_not_signed"
    assert refusal(lambda: verify(unknown, KEYS)) == "order_not_signed"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"percent": 101},
        {"percent": True},
        {"percent": "50"},
        {"command": "format_disk"},
        {"issued_at": "now"},
        {"issued_at": 10**20},
        {"id": ""},
        {"reader": 7},
    ],
)
def test_a_signed_order_that_makes_no_sense_is_refused(
    fields: dict[str, object],
) -> None:
    signed = {**order_fields(), **fields} if fields else {}

    payload = signed_as_is(json.dumps(signed).encode())

    assert refusal(lambda: verify(payload, KEYS)) == "order_unreadable"


def test_an_order_beyond_all_size_is_refused() -> None:
    assert refusal(lambda: verify(bytes(LARGEST_BYTES + 1), KEYS)) == "order_unreadable"


@pytest.mark.parametrize(
    ("order", "late_s", "code"),
    [
        (replace(ORDER, machine="other"), 0, "order_not_for_this_machine"),
        (ORDER, 3600, "order_expired"),
        (ORDER, -121, "order_expired"),
        (replace(ORDER, expires_at=NOON + timedelta(days=8)), 0, "order_expired"),
        (replace(ORDER, command=Command.REBOOT), 0, "order_not_allowed"),
        (replace(ORDER, percent=0), 0, "not_selected"),
    ],
)
def test_an_order_counts_here_and_now_or_not_at_all(
    order: Order, late_s: int, code: str
) -> None:
    now = ORDER.issued_at + timedelta(seconds=late_s)

    def act() -> None:
        check(order, machine="till", now=now, allowed=frozenset({Command.IDENTIFY}))

    assert refusal(act) == code


@pytest.mark.parametrize("late_s", [-120, 0, 3599])
def test_clocks_may_be_a_little_apart(late_s: int) -> None:
    now = ORDER.issued_at + timedelta(seconds=late_s)
    to_all = replace(ORDER, machine="all")

    for order in (ORDER, to_all):
        check(order, machine="till", now=now, allowed=frozenset({Command.IDENTIFY}))


@given(st.text(), st.integers(0, 99))
def test_who_is_in_a_stage_is_in_every_larger_one(seed: str, percent: int) -> None:
    machines = [f"m_{number}" for number in range(20)]

    for machine in machines:
        if is_selected(machine, percent=percent, seed=seed):
            assert is_selected(machine, percent=percent + 1, seed=seed)
        assert is_selected(machine, percent=100, seed=seed)
        assert not is_selected(machine, percent=0, seed=seed)


def test_a_stage_is_about_as_large_as_it_says() -> None:
    machines = [f"m_{number}" for number in range(10_000)]

    chosen = sum(is_selected(each, percent=10, seed="1.2.3") for each in machines)

    assert 900 < chosen < 1100


def order_fields() -> dict[str, object]:
    """What an order signs, as it is."""

    signed: dict[str, object] = json.loads(base64.b64decode(json.loads(SENT)["signed"]))
    return signed


def signed_as_is(signed: bytes) -> bytes:
    """Anything, with a true signature."""

    return json.dumps(
        {
            "key": "office",
            "signed": base64.b64encode(signed).decode(),
            "signature": base64.b64encode(KEY.sign(signed)).decode(),
        }
    ).encode()
