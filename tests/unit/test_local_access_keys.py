"""Local keys: only the one who was given a key gets in, and only where it reaches."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from agent_clock import StillClock

from agent.errors import LocalKeyInvalid, LocalKeyMissing, LocalKeyScope
from agent.journal.journal import Journal
from agent.rest.auth import KeyScope, NewLocalKey, authenticate, make_key

TAKE = frozenset({KeyScope.PAYMENTS})


def counted_bytes(length: int) -> bytes:
    return bytes(index % 248 for index in range(length))


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
async def journal(tmp_path: Path, clock: StillClock) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.db", clock=clock)
    yield journal
    await journal.aclose()


@pytest.fixture
async def made(journal: Journal, clock: StillClock) -> NewLocalKey:
    made = make_key(
        TAKE, label="till 1", livemode=False, random=counted_bytes, at=clock.now()
    )
    await journal.keys.put(made.record)
    return made


def test_a_key_looks_like_stripes_and_has_40_random_characters(
    made: NewLocalKey,
) -> None:
    assert re.fullmatch(r"rk_test_[0-9A-Za-z]{40}", made.secret)
    assert made.record.last4 == made.secret[-4:]


def test_a_key_is_never_shown_by_accident(made: NewLocalKey) -> None:
    assert made.secret not in repr(made)


async def test_the_bearer_of_a_key_gets_in(
    made: NewLocalKey, journal: Journal, clock: StillClock
) -> None:
    key = await authenticate(
        journal.keys,
        f"Bearer {made.secret}",
        any_of=TAKE,
        livemode=False,
        clock=clock,
    )

    assert key.label == "till 1"
    assert journal.keys.all()[0].last_used_at == clock.now()


async def test_the_key_may_be_the_user_name_as_at_stripe(
    made: NewLocalKey, journal: Journal, clock: StillClock
) -> None:
    credentials = base64.b64encode(f"{made.secret}:".encode()).decode()

    key = await authenticate(
        journal.keys,
        f"basic {credentials}",
        any_of=TAKE,
        livemode=False,
        clock=clock,
    )

    assert key == made.record


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Digest abc",
        "Basic !",
        "Basic Og==",
        "Basic /w==",
    ],
)
async def test_without_a_key_nobody_gets_in(
    journal: Journal, clock: StillClock, authorization: str | None
) -> None:
    with pytest.raises(LocalKeyMissing):
        await authenticate(
            journal.keys, authorization, any_of=TAKE, livemode=False, clock=clock
        )


async def test_another_key_does_not_get_in(
    made: NewLocalKey, journal: Journal, clock: StillClock
) -> None:
    with pytest.raises(LocalKeyInvalid, match="not a key of this agent"):
        await authenticate(
            journal.keys,
            f"Bearer {made.secret[:-1]}x",
            any_of=TAKE,
            livemode=False,
            clock=clock,
        )


async def test_a_revoked_key_does_not_get_in(
    made: NewLocalKey, journal: Journal, clock: StillClock
) -> None:
    await journal.keys.revoke(made.record.key_id, clock.now())

    with pytest.raises(LocalKeyInvalid, match="revoked"):
        await authenticate(
            journal.keys,
            f"Bearer {made.secret}",
            any_of=TAKE,
            livemode=False,
            clock=clock,
        )


async def test_a_test_key_does_not_get_in_once_the_agent_is_live(
    made: NewLocalKey, journal: Journal, clock: StillClock
) -> None:
    with pytest.raises(LocalKeyInvalid, match="the agent is in live mode"):
        await authenticate(
            journal.keys,
            f"Bearer {made.secret}",
            any_of=TAKE,
            livemode=True,
            clock=clock,
        )


async def test_a_key_reaches_no_further_than_its_scopes(
    made: NewLocalKey, journal: Journal, clock: StillClock
) -> None:
    with pytest.raises(LocalKeyScope, match="lacks the scope events or manage"):
        await authenticate(
            journal.keys,
            f"Bearer {made.secret}",
            any_of=frozenset({KeyScope.MANAGE, KeyScope.EVENTS}),
            livemode=False,
            clock=clock,
        )


async def test_one_of_several_scopes_is_enough(
    made: NewLocalKey, journal: Journal, clock: StillClock
) -> None:
    key = await authenticate(
        journal.keys,
        f"Bearer {made.secret}",
        any_of=TAKE | {KeyScope.REFUNDS},
        livemode=False,
        clock=clock,
    )

    assert key.scopes == {"payments"}


async def test_no_refusal_repeats_the_key(
    made: NewLocalKey, journal: Journal, clock: StillClock
) -> None:
    wrong = made.secret[:-1] + "x"

    with pytest.raises(LocalKeyInvalid) as refused:
        await authenticate(
            journal.keys,
            f"Bearer {wrong}",
            any_of=TAKE,
            livemode=False,
            clock=clock,
        )

    assert wrong not in str(refused.value)
