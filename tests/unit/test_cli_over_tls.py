"""The command line and an agent that it reaches over TLS."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from terminal import Terminal
from tls_shop import AT, Files, served

from agent.certificates import client_certificate
from agent.cli.failures import ExitCode
from agent.rest.serving import StopSignals

pytest_plugins = ("cli_fixtures", "tls_fixtures")

Run = Callable[..., Coroutine[Any, Any, int]]
"""`cardlane …` for the agent over TLS; its exit code."""


@pytest.fixture
def home(state: Path) -> Path:
    state.mkdir()
    return state


@pytest.fixture
async def run(
    terminal: Terminal,
    home: Path,
    files: Files,
    signals: StopSignals,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Run]:
    rest = files.settings(client_ca=True).model_copy(
        update={"tls_names": ("127.0.0.1",)}
    )
    async with served(home, rest, signals) as (agent, port, _):
        (home / "cli_key").write_text(agent.key)
        monkeypatch.setenv("CARDLANE_CLI__URL", f"https://127.0.0.1:{port}")

        async def run(*words: str) -> int:
            return await asyncio.to_thread(terminal.run, *words)

        yield run


@pytest.fixture
def known(home: Path, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings name the authority, and a certificate that it has signed.

    In the environment, once `home` has emptied that.
    """
    made = client_certificate(files.authority, "office", at=AT)
    certificate, key = files.keep("office", made)
    monkeypatch.setenv("CARDLANE_CLI__CA_FILE", str(files.folder / "ca.pem"))
    monkeypatch.setenv("CARDLANE_CLI__CLIENT_CERT_FILE", str(certificate))
    monkeypatch.setenv("CARDLANE_CLI__CLIENT_KEY_FILE", str(key))


@pytest.mark.usefixtures("known")
async def test_an_agent_on_another_machine_is_reached_as_the_settings_say(
    run: Run, terminal: Terminal
) -> None:
    code = await run("readers", "list", "--json")

    assert code == ExitCode.DONE
    assert json.loads(terminal.out)["data"] == []


@pytest.mark.usefixtures("known")
async def test_doctor_looks_at_that_agent(run: Run, terminal: Terminal) -> None:
    await run("doctor")

    assert "It is ready at https://127.0.0.1:" in terminal.out


async def test_an_agent_of_an_unknown_authority_is_not_believed(
    run: Run, terminal: Terminal
) -> None:
    code = await run("readers", "list")

    assert code == ExitCode.UNREACHABLE
    assert "cli.ca_file" in terminal.err


@pytest.mark.usefixtures("known")
async def test_a_missing_certificate_is_named(
    run: Run, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CARDLANE_CLI__CLIENT_CERT_FILE")

    code = await run("readers", "list")

    assert code == ExitCode.UNREACHABLE
    assert "cli.client_cert_file" in terminal.err


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("command", [["readers", "list"], ["doctor"]])
async def test_a_file_that_is_no_certificate_is_told(
    run: Run, terminal: Terminal, files: Files, command: list[str]
) -> None:
    (files.folder / "office.pem").write_text("nothing")

    code = await run(*command)

    assert code != ExitCode.DONE
    assert "cli.client_cert_file" in terminal.out + terminal.err


def test_a_key_does_not_cross_a_network_in_the_clear(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARDLANE_CLI__URL", "http://till-1.shop.example:7345")

    code = terminal.run("readers", "list")

    assert code == ExitCode.REFUSED
    assert "cli.url" in terminal.err
