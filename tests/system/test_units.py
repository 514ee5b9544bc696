"""The systemd units: valid, and as closed as they say. Needs systemd's own checker."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from house import ROOT

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"
)

SERVICES = ("cardlane.service", "cardlane-simulator.service")
UNITS = (*SERVICES, "cardlane.socket", "cardlane-tls.socket")
HIGHEST_EXPOSURE = 1.7
"""Of 10, as `systemd-analyze security` counts; a unit that says nothing has 9.6."""


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_no_fault_in_the_unit(unit: str, tmp_path: Path) -> None:
    root = installed(tmp_path)

    verified = analyze("verify", f"--root={root}", unit)

    faults = [line for line in verified.stderr.splitlines() if "cardlane" in line]
    assert (verified.returncode, faults) == (0, [])


@pytest.mark.parametrize("unit", SERVICES)
def test_a_broken_unit_could_do_little(unit: str) -> None:
    rated = analyze(
        "security",
        "--offline=true",
        f"--threshold={HIGHEST_EXPOSURE * 10:.0f}",
        str(ROOT / "systemd" / unit),
    )

    assert rated.returncode == 0, rated.stdout.splitlines()[-1]


def installed(root: Path) -> Path:
    """A file system with our units, systemd's own, and the commands' names."""
    units = "usr/lib/systemd/system"
    shutil.copytree(Path("/", units), root / units, symlinks=True)
    (root / "etc/systemd/system").mkdir(parents=True)
    for each in UNITS:
        shutil.copy(ROOT / "systemd" / each, root / "etc/systemd/system")
    commands = root / "opt/cardlane/bin"
    commands.mkdir(parents=True)
    for name in ("cardlane", "cardlane-simulator"):
        (commands / name).touch(mode=0o755)
    (root / "bin").mkdir()
    (root / "bin/kill").touch(mode=0o755)
    return root


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], check=False, capture_output=True, text=True
    )
