"""A real disk that is really full: the agent says so, charges nobody twice, and goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from flow_agent import Stack, running_stack
from flow_invariants import check_payment, works_again

from agent.journal.troubles import LEAST_FREE_BYTES

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root may mount a file system"
)

DISK = "size=16m,mode=0700"
BLOCK = bytes(4096)


def free_bytes(disk: Path) -> int:
    """How many bytes of room are left."""
    system = os.statvfs(disk)
    return system.f_bavail * system.f_frsize


def fill(disk: Path, *, leaving: int = 0) -> None:
    """Let no more than `leaving` bytes be free."""
    with (disk / "ballast").open("ab", buffering=0) as ballast:
        while free_bytes(disk) > leaving:
            ballast.write(BLOCK)


def clear(disk: Path) -> None:
    """Give the room back."""
    (disk / "ballast").unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of sixteen megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
async def shop(disk: Path) -> AsyncIterator[Stack]:
    """An agent whose journal is on that disk."""
    async with running_stack(disk) as stack:
        yield stack


async def test_on_a_nearly_full_disk_nothing_begins_until_there_is_room(
    shop: Stack, disk: Path
) -> None:
    shop.world.customer("visa_approved")
    intent = await shop.agent.intent()
    fill(disk, leaving=LEAST_FREE_BYTES - len(BLOCK))

    refused = await shop.agent.process(shop.reader, intent)
    unwell = await shop.agent.rest.get("/agent/health/ready")
    clear(disk)
    well = await shop.agent.rest.get("/agent/health/ready")

    assert (refused.status, refused.error["code"]) == (503, "journal_unavailable")
    assert "Free disk space" in refused.error["remedy"]
    assert (unwell.status, unwell.json()["status"]) == (503, "unavailable")
    assert (well.status, well.json()["causes"]) == (200, [])
    assert await shop.taken(intent) == []
    await works_again(shop)


@pytest.mark.parametrize("card", ["visa_approved", "visa_refuses_after_approval"])
async def test_a_payment_on_a_disk_that_fills_up_ends_as_its_charge_does(
    card: str, shop: Stack, disk: Path
) -> None:
    shop.world.customer(card, after_s=5.0)
    intent = await shop.agent.intent(12_00)
    await shop.agent.begin(shop.reader, intent)
    fill(disk, leaving=2 * len(BLOCK))  # room for what this test writes itself
    await shop.world.passed(60.0)
    meanwhile = await shop.agent.action(shop.reader)
    health = await shop.agent.rest.get("/agent/health/ready")
    clear(disk)

    await shop.agent.ended(shop.reader)

    assert meanwhile["status"] == "in_progress"
    assert health.status == 503
    await check_payment(shop, intent, amount=12_00)
    await works_again(shop)
