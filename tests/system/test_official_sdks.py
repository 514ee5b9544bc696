"""Register apps that know nothing but Stripe's SDKs, against the programs themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from house import ROOT

from examples.launch import BIN, Simulator, agent, agent_folder, simulator

pytestmark = pytest.mark.slow

NODE_PROJECT = ROOT / "tests" / "node"
SDKS: dict[str, tuple[list[str | Path], Path]] = {
    "python": ([sys.executable, ROOT / "examples" / "register.py"], ROOT),
    "node": ([BIN / "node", ROOT / "examples" / "register.mjs"], NODE_PROJECT),
}
"""The register app as a program, and the folder it runs in."""

READERS = [f"{sdk}-{number}" for sdk in SDKS for number in (1, 2)]
"""One for each run: a register app registers its reader first."""

VISA = {"brand": "visa", "last4": "4242", "read_method": "contact_emv"}


@dataclass(frozen=True)
class Shop:
    """A running simulator and a running agent, which share nothing with the test."""

    world: Simulator
    url: str
    key_file: Path

    def pay(self, sdk: str, *, reader: str, card: str) -> tuple[int, dict[str, Any]]:
        """One run of the register app: its exit status and what it reported."""
        self.world.when_asked_present(card, reader=reader)
        program, folder = SDKS[sdk]
        where: list[str | Path] = ["--url", self.url, "--key-file", self.key_file]
        code = f"serial:{self.world.folder / reader}"
        run = subprocess.run(
            [*program, *where, "--registration-code", code],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert run.stdout, run.stderr
        return run.returncode, json.loads(run.stdout)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    if not (NODE_PROJECT / "node_modules" / "stripe").is_dir():
        pytest.fail("Stripe's Node SDK is not installed: run `make setup`")
    folder = tmp_path_factory.mktemp("shop")
    with simulator(folder, readers=READERS) as world:
        home = agent_folder(folder, stripe_url=world.url)
        key_file = folder / "local_key"
        with agent(home):
            key_file.touch(mode=0o600)
            key_file.write_text(home.key())
            yield Shop(world, home.url, key_file)


@pytest.mark.parametrize("sdk", SDKS)
def test_an_unmodified_sdk_takes_a_payment_and_reads_the_receipt(
    sdk: str, shop: Shop
) -> None:
    status, report = shop.pay(sdk, reader=f"{sdk}-1", card="visa_approved")

    assert status == 0
    assert report["action"] == report["payment_intent"] == "succeeded"
    assert report["amount"] == 1234
    assert VISA.items() <= report.items()
    assert report["aid"] == "A0000000031010"
    assert len(bytes.fromhex(report["tvr"])) == 5
    assert len(bytes.fromhex(report["cryptogram"])) == 8
    assert report["authorization_code"]


@pytest.mark.parametrize("sdk", SDKS)
def test_an_unmodified_sdk_sees_why_a_card_was_declined(sdk: str, shop: Shop) -> None:
    status, report = shop.pay(sdk, reader=f"{sdk}-2", card="visa_declined")

    assert status == 1
    assert report["action"] == "failed"
    assert report["failure_code"] == "card_declined"
    assert report["payment_intent"] == "requires_payment_method"
