"""The examples for a register app's CI do what they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from house import ROOT

from examples.launch import free_port

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent
WORKFLOW = ROOT / "examples/github-actions.yml"
STEP = re.compile(
    r"^      - name: (.+)\n(?:        if: .+\n)?        run: (.+)\n", re.M
)
BLOCK = re.compile(r"((?:          .*\n)+)")

REGISTER_TEST = """
import json, os, urllib.request

def test_seeded_customer_is_there():
    request = urllib.request.Request(
        os.environ["STRIPE_API_BASE"] + "/v1/customers/cus_ada",
        headers={"Authorization": "Bearer " + os.environ["STRIPE_API_KEY"]},
    )
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["email"] == "ada@example.com"
"""


def test_pytest_example_passes() -> None:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"

    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "examples/pytest_simulator.py"],
        cwd=ROOT,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout
    assert "1 passed" in ended.stdout


def test_pytest_example_fits_on_a_page() -> None:
    text = (ROOT / "examples/pytest_simulator.py").read_text()
    code = text.partition("@pytest.fixture")[2].splitlines()

    assert len([line for line in code if line.strip()]) <= 30


@pytest.mark.skipif(
    shutil.which("curl") is None, reason="the workflow calls curl, as on its runner"
)
def test_workflow_tests_a_register_app(tmp_path: Path) -> None:
    (tmp_path / "ci").mkdir()
    seeds = [{"id": "cus_ada", "object": "customer", "email": "ada@example.com"}]
    (tmp_path / "ci/stripe_objects.json").write_text(json.dumps(seeds))
    (tmp_path / "test_register.py").write_text(REGISTER_TEST)
    (tmp_path / "cardlane").symlink_to(BIN.parent)  # what the step Install leaves
    steps = dict(_steps(WORKFLOW.read_text()))

    with _shell(tmp_path) as run:
        run(steps["Start the simulator"])
        run(steps["Test"])
        asked = run(steps["Show what Stripe was asked"])

    assert [entry["path"] for entry in json.loads(asked)["data"]] == [
        "/v1/customers/cus_ada"
    ]


def test_workflow_sets_what_its_steps_use() -> None:
    text = WORKFLOW.read_text()
    used = set(re.findall(r"\$\{?([A-Z_]+)", text))

    assert used == {"RUNNER_TEMP", "STRIPE_API_BASE"}
    assert "\t" not in text
    assert list(dict(_steps(text))) == [
        "Install",
        "Start the simulator",
        "Test",
        "Show what Stripe was asked",
    ]


def _steps(text: str) -> Iterator[tuple[str, str]]:
    """The commands of each step of the workflow, by the step's name."""
    for found in STEP.finditer(text):
        name, command = found.groups()
        if command == "|":
            block = BLOCK.match(text, found.end())
            assert block is not None
            command = re.sub(r"^          ", "", block[1], flags=re.M)
        yield name, command


class _Run:
    """Runs commands as GitHub's runners do: in bash, which stops at the first error."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.groups: list[int] = []
        self._folder = folder
        self._env = env

    def __call__(self, command: str) -> str:
        """The command's output; what it starts in the background stays."""
        with (self._folder / "output").open("w+") as output:
            shell = subprocess.Popen(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command],
                cwd=self._folder,
                env=self._env,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self.groups.append(shell.pid)
            status = shell.wait(timeout=30)
            text = (self._folder / "output").read_text()
        assert status == 0, text
        return text


@contextmanager
def _shell(folder: Path) -> Iterator[_Run]:
    env = {
        "HOME": str(folder),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "RUNNER_TEMP": str(folder),
        "STRIPE_API_BASE": f"http://127.0.0.1:{free_port()}",
        "STRIPE_API_KEY": "sk_test_anything",
    }
    run = _Run(folder, env)
    try:
        yield run
    finally:
        for group in run.groups:
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                continue
