"""An operator, an agent and a simulated reader, as processes: one update by commands."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.launch import (
    BIN,
    AgentFolder,
    Simulator,
    agent,
    agent_folder,
    call,
    expect,
    simulator,
)

pytestmark = pytest.mark.slow

MODEL, VERSION = "magtek_dynaprox", "1000007408-B1-SIMULATED"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Simulator]:
    with simulator(tmp_path) as running:
        yield running


def run(*arguments: str | Path) -> str:
    """What a command prints, which must succeed."""
    done = subprocess.run(
        [str(argument) for argument in arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def published(folder: Path) -> tuple[Path, Path]:
    """An operator's bundle with a vendor's image, and the root to pin."""
    repository, keys = folder / "repository", folder / "keys"
    cardlane = (BIN / "cardlane", "firmware", "repository")
    run(BIN / "cardlane-simulator", "firmware", MODEL, VERSION, folder / "b1.bin")
    run(*cardlane, "init", repository, "--keys", keys)
    run(
        *(*cardlane, "add", repository, folder / "b1.bin", "--keys", keys),
        *("--model", MODEL, "--firmware-version", VERSION, "--image-type", "1"),
    )
    run(*cardlane, "bundle", repository, folder / "stick.tar")
    return folder / "stick.tar", repository / "metadata" / "1.root.json"


def registered(home: AgentFolder, world: Simulator) -> str:
    """The simulator's reader at this agent."""
    form = {"registration_code": world.registration_code}
    answer = call(f"{home.url}/v1/terminal/readers", form, key=home.key())
    return str(expect(answer)["id"])


def test_firmware_goes_from_its_vendor_to_a_reader_by_commands(
    world: Simulator, tmp_path: Path
) -> None:
    stick, root = published(tmp_path)
    home = agent_folder(
        tmp_path, stripe_url=world.url, settings=f'[firmware]\nroot_file = "{root}"'
    )
    with agent(home):
        run(*home.command("keys", "create", "--cli"))
        reader = registered(home, world)
        listed = run(*home.command("firmware", "list", "--bundle", str(stick)))
        installed = run(
            *home.command("firmware", "install", "--now", "--bundle", str(stick))
        )
        status = run(*home.command("firmware", "status", reader))
        verified = run(*home.command("journal", "verify"))
        readers = f"{home.url}/v1/terminal/readers/{reader}"
        shown = expect(call(readers, key=home.key()))

    assert "available" in listed
    assert installed == status
    assert installed.endswith("\nDone\n")
    assert shown["device_sw_version"] == VERSION
    assert "entries of firmware updates, none changed" in verified
