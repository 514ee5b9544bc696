"""`cardlane firmware repository`: an operator makes, fills, signs and copies one."""

from __future__ import annotations

import json
import tarfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from firmware_repository import IMAGE
from terminal import Terminal

from agent.clock import SystemClock
from agent.firmware.catalog import Catalog
from agent.settings import FirmwareSettings


@pytest.fixture
def terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dynaprox.bin").write_bytes(IMAGE)
    return Terminal(capsys, monkeypatch)


@pytest.fixture
def passphrase(tmp_path: Path) -> str:
    """The option that names a file with a passphrase."""
    file = tmp_path / "passphrase"
    file.touch(mode=0o600)
    file.write_text("correct horse\n")
    return f"--passphrase-file={file}"


def made(terminal: Terminal, *options: str) -> None:
    """A repository `repo` with keys in `keys`."""
    assert terminal.run(*REPOSITORY, "init", "repo", "--keys=keys", *options) == 0


def added(terminal: Terminal, *options: str) -> int:
    """Add the image as 2.0; the exit code."""
    return terminal.run(
        *REPOSITORY,
        "add",
        "repo",
        "dynaprox.bin",
        "--keys=keys",
        "--model=magtek_dynaprox",
        "--firmware-version=2.0",
        "--image-type=1",
        *options,
    )


REPOSITORY = ("firmware", "repository")


async def test_what_an_operator_publishes_an_agent_believes(
    terminal: Terminal, tmp_path: Path
) -> None:
    made(terminal)
    root = tmp_path / terminal.out.splitlines()[0].rpartition(" ")[2]
    added(terminal, "--from-version=1.0", "--from-version=1.1")
    name = terminal.out.strip()
    settings = FirmwareSettings(repository=str(tmp_path / "repo"), root_file=root)
    catalog = Catalog(settings, folder=tmp_path / "agent", clock=SystemClock())

    (image,) = await catalog.images()
    catalog.close()

    assert image.name == name == "magtek_dynaprox/dynaprox.bin"
    assert image.terms.from_versions == ("1.0", "1.1")
    assert image.terms.sequence == 1


def test_no_command_shows_a_key(terminal: Terminal, tmp_path: Path) -> None:
    made(terminal)
    told = terminal.out + terminal.err
    added(terminal)
    terminal.run(*REPOSITORY, "sign", "repo", "--keys=keys")
    told += terminal.out + terminal.err

    secrets = [
        line
        for file in (tmp_path / "keys").iterdir()
        for line in file.read_text().splitlines()
        if not line.startswith("-----")
    ]

    assert len(secrets) == 6
    assert all(secret not in told for secret in secrets)


def test_keys_under_a_passphrase_sign_with_it_and_not_without(
    terminal: Terminal, passphrase: str
) -> None:
    made(terminal, passphrase)

    without = added(terminal)
    told = terminal.err

    assert without == 6
    assert "(firmware_signing_key_unreadable)" in told
    assert added(terminal, passphrase) == 0


@pytest.mark.parametrize(
    ("content", "mode", "exit_code"), [("x", 0o644, 6), ("", 0o600, 2), (None, 0, 6)]
)
def test_a_passphrase_comes_from_a_closed_file(
    content: str | None,
    mode: int,
    exit_code: int,
    terminal: Terminal,
    tmp_path: Path,
) -> None:
    file = tmp_path / "words"
    if content is not None:
        file.write_text(content)
        file.chmod(mode)

    code = terminal.run(
        *REPOSITORY, "init", "repo", "--keys=keys", f"--passphrase-file={file}"
    )

    assert code == exit_code
    assert not (tmp_path / "keys").exists()


def test_sequences_go_on_by_themselves(terminal: Terminal, tmp_path: Path) -> None:
    made(terminal)
    added(terminal)
    (tmp_path / "dynaprox.bin").rename(tmp_path / "next.bin")
    terminal.run(
        *REPOSITORY,
        *("add", "repo", "next.bin", "--keys=keys", "--model=magtek_dynaprox"),
        *("--firmware-version=2.1", "--image-type=1"),
    )

    newest = max((tmp_path / "repo/metadata").glob("*.targets.json"))

    targets = json.loads(newest.read_text())["signed"]["targets"].values()
    assert sorted(target["custom"]["sequence"] for target in targets) == [1, 2]


def test_no_key_is_made_for_a_repository_that_cannot_be(
    terminal: Terminal, tmp_path: Path
) -> None:
    code = terminal.run(*REPOSITORY, "init", "repo", "--keys=keys", "--threshold=1")

    assert code == 6
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize(
    "options", [("--model=No Model",), ("--vendor-digest=00",), ("--image-type=-1",)]
)
def test_an_image_that_is_described_badly_is_not_added(
    options: tuple[str, ...], terminal: Terminal
) -> None:
    made(terminal)

    assert added(terminal, *options) == 2


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (
            "magtek_dynaprux",
            "This version of Cardlane knows no model magtek_dynaprux.\n",
        ),
        ("magtek_dynaprox", ""),
    ],
)
def test_a_misspelled_model_is_pointed_out(
    terminal: Terminal, model: str, told: str
) -> None:
    made(terminal)

    status = added(terminal, f"--model={model}")

    assert status == 0
    assert terminal.err == told


def test_an_image_that_is_not_there_is_not_added(
    terminal: Terminal, tmp_path: Path
) -> None:
    made(terminal)
    (tmp_path / "dynaprox.bin").unlink()

    assert added(terminal) == 2


def test_an_image_is_removed(terminal: Terminal, tmp_path: Path) -> None:
    made(terminal)
    added(terminal)
    name = terminal.out.strip()

    assert terminal.run(*REPOSITORY, "remove", "repo", name, "--keys=keys") == 0
    assert terminal.run(*REPOSITORY, "remove", "repo", name, "--keys=keys") == 6


def test_a_role_is_signed_again_for_longer(terminal: Terminal) -> None:
    made(terminal)

    assert terminal.run(*REPOSITORY, "sign", "repo", "--keys=keys", "--days=400") == 0

    day = terminal.out.removeprefix("timestamp is believed until ").split()[0]
    wanted = SystemClock().now() + timedelta(days=400)
    assert abs(date.fromisoformat(day) - wanted.date()) <= timedelta(days=1)


def test_a_role_that_there_is_not_is_not_signed(terminal: Terminal) -> None:
    made(terminal)

    for options in (("--role=tea",), ("--role=root", "--replace=root")):
        assert terminal.run(*REPOSITORY, "sign", "repo", "--keys=keys", *options) == 2


def test_a_root_is_signed_by_one_holder_after_the_other(
    terminal: Terminal, tmp_path: Path
) -> None:
    made(terminal)
    for holder in ("1", "2"):
        (tmp_path / holder).mkdir()
        key = tmp_path / "keys" / f"root-{holder}.key"
        key.rename(tmp_path / holder / key.name)

    terminal.run(*REPOSITORY, "sign", "repo", "--keys=1", "--role=root")
    first = terminal.out
    terminal.run(*REPOSITORY, "sign", "repo", "--keys=2", "--role=root")

    assert "1 more must sign" in first
    assert terminal.out == "Published: repo/metadata/2.root.json\n"


def test_a_key_is_replaced_by_the_root(terminal: Terminal, tmp_path: Path) -> None:
    made(terminal)
    root = ("--keys=keys", "--role=root", "--replace=timestamp")
    terminal.run(*REPOSITORY, "sign", "repo", *root)
    (tmp_path / "keys/timestamp.key").unlink()

    assert terminal.run(*REPOSITORY, "sign", "repo", "--keys=keys") == 0


@pytest.mark.parametrize("output", ["stick", "stick.tar"])
def test_a_bundle_is_all_that_an_agent_needs(
    output: str, terminal: Terminal, tmp_path: Path
) -> None:
    made(terminal)
    added(terminal)

    assert terminal.run(*REPOSITORY, "bundle", "repo", output) == 0
    assert terminal.out.startswith("5 files, believed until ")
    assert terminal.run(*REPOSITORY, "bundle", "repo", output) == 6
    assert files_in(tmp_path / output) >= {"timestamp.json", "1.root.json"}
    terminal.run(*REPOSITORY, "bundle", "repo", "other", "--model=other", "--json")
    assert json.loads(terminal.out)["files"] == 4


def files_in(bundle: Path) -> set[str]:
    if bundle.is_dir():
        return {file.name for file in bundle.rglob("*")}
    with tarfile.open(bundle) as tar:
        return {Path(name).name for name in tar.getnames()}


def test_a_signature_is_believed_for_a_day_at_least(terminal: Terminal) -> None:
    made(terminal)

    status = terminal.run(*REPOSITORY, "sign", "repo", "--keys=keys", "--days=0")

    assert status == 2
    assert "--days" in terminal.err
