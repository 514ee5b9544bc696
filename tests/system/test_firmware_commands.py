"""An operator, an agent and a simulated reader, as processes: one update by commands."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from examples.launch import BIN, agent, agent_folder, free_port, running, simulator

Image = tuple[str, str]
"""A model, and the version that is new to it."""

pytestmark = pytest.mark.slow

ON_A_LINE = ("magtek_dynaprox", "1000007408-B1-SIMULATED")
ON_THE_AIR = ("magtek_dynaflex_ii_go", "1000009142-B1-SIMULATED")
CODE_ON_THE_AIR = "ble:C4:AC:59:00:00:01"


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


def published(folder: Path, *, model: str, version: str) -> tuple[Path, Path]:
    """An operator's bundle with a vendor's image, and the root to pin."""
    repository, keys = folder / "repository", folder / "keys"
    cardlane = (BIN / "cardlane", "firmware", "repository")
    run(BIN / "cardlane-simulator", "firmware", model, version, folder / "b1.bin")
    run(*cardlane, "init", repository, "--keys", keys)
    run(
        *(*cardlane, "add", repository, folder / "b1.bin", "--keys", keys),
        *("--model", model, "--firmware-version", version, "--image-type", "1"),
    )
    run(*cardlane, "bundle", repository, folder / "stick.tar")
    return folder / "stick.tar", repository / "metadata" / "1.root.json"


def check_update(folder: Path, *, stripe_url: str, code: str, image: Image) -> None:
    """Publish, register, list, install and look, each by its command."""
    model, version = image
    stick, root = published(folder, model=model, version=version)
    home = agent_folder(
        folder, stripe_url=stripe_url, settings=f'[firmware]\nroot_file = "{root}"'
    )
    bundle = f"--bundle={stick}"
    with agent(home):
        run(*home.command("keys", "create", "--cli"))
        reader = json.loads(run(*home.command("readers", "register", code, "--json")))[
            "id"
        ]
        listed = run(*home.command("firmware", "list", bundle))
        installed = run(*home.command("firmware", "install", "--now", bundle))
        status = run(*home.command("firmware", "status", reader))
        verified = run(*home.command("journal", "verify"))
        readers = json.loads(run(*home.command("readers", "list", "--json")))

    assert "available" in listed
    assert installed == status
    assert installed.endswith("\nDone\n")
    assert [one["device_sw_version"] for one in readers["data"]] == [version]
    assert "entries of firmware updates, none changed" in verified


def test_firmware_goes_from_its_vendor_to_a_reader_on_a_line(tmp_path: Path) -> None:
    with simulator(tmp_path) as world:
        check_update(
            tmp_path,
            stripe_url=world.url,
            code=world.registration_code,
            image=ON_A_LINE,
        )


def test_firmware_goes_from_its_vendor_to_a_reader_on_the_air(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    wire = f"counter={ON_THE_AIR[0]}@{CODE_ON_THE_AIR}?mtu=247&bonding=just_works"
    command = (BIN / "cardlane-simulator", "serve", "--port", str(port))
    serving = running((*command, "--reader", wire), log=tmp_path / "simulator.log")
    with serving as process:
        variable = process.line_with("ready").split()[-1]
        monkeypatch.setenv(*variable.split("=", 1))
        check_update(
            tmp_path,
            stripe_url=f"http://127.0.0.1:{port}",
            code=CODE_ON_THE_AIR,
            image=ON_THE_AIR,
        )
