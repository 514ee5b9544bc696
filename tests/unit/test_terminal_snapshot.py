"""What is kept of Stripe's Locations and Configurations, on disk and in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from agent_clock import NOON, StillClock

from agent.journal.journal import Journal
from agent.journal.terminal_objects import TerminalObject
from agent.terminal_configuration.snapshot import (
    ACCOUNT_DEFAULT,
    Snapshot,
    without_secrets,
)

DEFAULT = TerminalObject(
    ACCOUNT_DEFAULT, {"id": "tmc_default", "livemode": False}, fetched_at=NOON
)
SHOP = TerminalObject(
    "tml_1",
    {"id": "tml_1", "livemode": False, "configuration_overrides": "tmc_1"},
    fetched_at=NOON - timedelta(minutes=1),
)
OF_SHOP = TerminalObject(
    "tmc_1",
    {"id": "tmc_1", "livemode": False, "offline": {"enabled": True}},
    fetched_at=NOON,
)
GONE = TerminalObject("tml_2", None, fetched_at=NOON)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.db", clock=StillClock())
    yield journal
    await journal.aclose()


async def test_objects_come_back_as_they_were_kept(
    journal: Journal, tmp_path: Path
) -> None:
    await journal.terminal.replace([DEFAULT, SHOP, GONE])
    await journal.aclose()

    reopened = await Journal.open(tmp_path / "journal.db", clock=StillClock())
    kept = reopened.terminal.all()
    await reopened.aclose()

    assert kept == [DEFAULT, SHOP, GONE]


async def test_only_the_newest_objects_stay(journal: Journal) -> None:
    await journal.terminal.replace([DEFAULT, SHOP])

    await journal.terminal.replace([DEFAULT, GONE])

    assert journal.terminal.all() == [DEFAULT, GONE]


def test_a_location_leads_to_its_configuration() -> None:
    snapshot = Snapshot.of([DEFAULT, SHOP, OF_SHOP], livemode=False)

    assert snapshot.effective("tml_1").is_offline_enabled
    assert not snapshot.effective(None).is_offline_enabled
    assert snapshot.fetched_at() == NOON - timedelta(minutes=1)


def test_a_location_that_stripe_does_not_have_is_known_too() -> None:
    snapshot = Snapshot.of([DEFAULT, GONE], livemode=False)

    assert snapshot.knows("tml_2")
    assert snapshot.effective("tml_2").location_configuration is None
    assert not snapshot.knows("tml_3")


def test_objects_of_the_other_mode_do_not_count() -> None:
    snapshot = Snapshot.of([DEFAULT, SHOP, OF_SHOP], livemode=True)

    assert not snapshot.knows(None)
    assert snapshot.fetched_at() is None


def test_passwords_are_not_kept_and_still_known_to_be_set() -> None:
    kept = without_secrets(
        {
            "id": "tmc_1",
            "wifi": {
                "type": "personal_psk",
                "personal_psk": {"ssid": "shop", "password": "open sesame"},
            },
            "reader_security": {"admin_menu_passcode": "07140"},
        }
    )

    assert kept == {
        "id": "tmc_1",
        "wifi": {"type": "personal_psk"},
        "reader_security": {},
    }
