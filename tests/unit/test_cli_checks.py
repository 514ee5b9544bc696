"""Doctor's checks, each against the trouble it is there for."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from agent_clock import StillClock
from journal_entries import requested

from agent.cli.failures import CommandFailed
from agent.cli.findings import Finding, Verdict
from agent.cli.journal_file import journal_path, with_journal
from agent.cli.machine_checks import check_modem_manager, check_serial_ports
from agent.cli.network_checks import check_agent, check_stripe
from agent.cli.state_checks import (
    check_journal,
    check_state_folder,
    check_stripe_key,
)
from agent.journal.journal import Journal
from agent.settings import Settings, StripeKey, StripeSettings

KEY = StripeKey("rk_test_" + "0" * 24)


def verdict(finding: Finding) -> tuple[Verdict, bool]:
    """The verdict, and whether it comes with a remedy."""
    return finding.verdict, finding.remedy is not None


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A server on this machine that always answers the same."""

    class Always(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Always)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_closed_state_folder_is_good(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    assert verdict(check_state_folder(tmp_path)) == (Verdict.GOOD, False)


def test_an_open_state_folder_fails(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)

    finding = check_state_folder(tmp_path)

    assert verdict(finding) == (Verdict.FAILED, True)
    assert "(0750)" in finding.message


def test_a_state_folder_that_is_not_there_yet_is_a_warning(tmp_path: Path) -> None:
    finding = check_state_folder(tmp_path / "state")

    assert verdict(finding) == (Verdict.WARNING, True)


def test_no_journal_yet_is_good(tmp_path: Path) -> None:
    assert verdict(check_journal(tmp_path)) == (Verdict.GOOD, False)


def test_a_journal_that_was_changed_fails(tmp_path: Path) -> None:
    asyncio.run(filled_journal(tmp_path))
    with closing(sqlite3.connect(journal_path(tmp_path))) as connection, connection:
        connection.execute("DROP TRIGGER entries_are_never_changed")
        connection.execute("UPDATE entries SET at = '2020-01-01T00:00:00.000000Z'")

    finding = check_journal(tmp_path)

    assert verdict(finding) == (Verdict.FAILED, True)
    assert "(journal_broken)" in finding.message


def test_a_whole_journal_is_good(tmp_path: Path) -> None:
    asyncio.run(filled_journal(tmp_path))

    assert check_journal(tmp_path).message == "1 entries, none changed."


async def filled_journal(folder: Path) -> None:
    journal = await Journal.open(journal_path(folder), clock=StillClock())
    await journal.append(requested())
    await journal.aclose()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize(("user_id", "name"), [(65534, "nobody"), (54321, "#54321")])
def test_another_users_journal_is_left_alone(
    tmp_path: Path, user_id: int, name: str
) -> None:
    os.chown(tmp_path, user_id, -1)

    async def use(journal: Journal) -> None:
        """Never reached."""

    with pytest.raises(CommandFailed) as refused:
        with_journal(journal_path(tmp_path), use)

    assert f"sudo -u {name}" in refused.value.remedy
    assert not journal_path(tmp_path).exists()


def test_without_a_stripe_key_doctor_fails() -> None:
    finding, key = check_stripe_key(Settings(), {})

    assert verdict(finding) == (Verdict.FAILED, True)
    assert key is None


@pytest.mark.parametrize(
    ("text", "mode", "expected"),
    [
        (f"rk_test_{'0' * 24}", 0o600, Verdict.GOOD),
        (f"sk_live_{'0' * 24}", 0o600, Verdict.WARNING),
        (f"rk_test_{'0' * 24}", 0o644, Verdict.FAILED),
    ],
)
def test_a_stripe_key_is_restricted_and_closed(
    tmp_path: Path, text: str, mode: int, expected: Verdict
) -> None:
    file = tmp_path / "key"
    file.write_text(text)
    file.chmod(mode)
    settings = Settings(stripe=StripeSettings(api_key_file=file))

    finding, key = check_stripe_key(settings, {})

    assert finding.verdict is expected
    assert (key is None) is (expected is Verdict.FAILED)
    assert "0" * 24 not in finding.message


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Verdict.GOOD),
        (401, Verdict.FAILED),
        (403, Verdict.FAILED),
        (500, Verdict.FAILED),
    ],
)
def test_stripe_must_take_the_key(status: int, expected: Verdict) -> None:
    with answering(status, b'{"error": {"message": "Sorry."}}') as url:
        finding = check_stripe(StripeSettings(api_base=url), KEY)

    assert verdict(finding) == (expected, expected is Verdict.FAILED)


def test_an_unreachable_stripe_fails() -> None:
    settings = StripeSettings(api_base="http://127.0.0.1:1")

    assert verdict(check_stripe(settings, KEY)) == (Verdict.FAILED, True)


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (200, {"status": "ready", "causes": []}, Verdict.GOOD),
        (
            200,
            {"causes": [{"message": "Reader off.", "remedy": "Plug in."}]},
            Verdict.WARNING,
        ),
        (
            503,
            {"causes": [{"message": "Disk full.", "remedy": "Free it."}]},
            Verdict.FAILED,
        ),
        (404, {}, Verdict.FAILED),
    ],
)
def test_the_agent_must_be_ready(
    status: int, content: dict[str, object], expected: Verdict
) -> None:
    with answering(status, json.dumps(content).encode()) as url:
        finding = check_agent(url)

    assert verdict(finding) == (expected, expected is not Verdict.GOOD)


def test_another_program_on_the_agents_port_fails() -> None:
    with answering(418, b"I am a teapot") as url:
        finding = check_agent(url)

    assert verdict(finding) == (Verdict.FAILED, True)
    assert "it is not a Cardlane agent" in finding.message


def test_a_stopped_agent_fails() -> None:
    assert verdict(check_agent("http://127.0.0.1:1")) == (Verdict.FAILED, True)


def test_a_plugged_in_port_is_good(tmp_path: Path) -> None:
    (tmp_path / "ttyACM0").touch()
    (tmp_path / "ttyS0").touch()

    finding = check_serial_ports((), dev=tmp_path)

    assert finding.verdict is Verdict.GOOD
    assert finding.message == f"{tmp_path}/ttyACM0 can be opened."


def test_no_port_at_all_is_a_warning(tmp_path: Path) -> None:
    finding = check_serial_ports((), dev=tmp_path)

    assert verdict(finding) == (Verdict.WARNING, True)


def test_a_configured_port_that_is_not_there_fails(tmp_path: Path) -> None:
    finding = check_serial_ports([f"{tmp_path}/ttyUSB7"], dev=tmp_path)

    assert verdict(finding) == (Verdict.FAILED, True)


def test_an_address_in_the_network_is_no_missing_port(tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB7"
    port.touch()

    finding = check_serial_ports([f"{port}", "tcp:127.0.0.1:9100"], dev=tmp_path)
    without_ports = check_serial_ports(["tcp:127.0.0.1:9100"], dev=tmp_path)

    assert finding.verdict is Verdict.GOOD
    assert finding.message == f"{port} can be opened."
    assert without_ports.verdict is Verdict.GOOD


def test_a_port_that_may_not_be_opened_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ttyUSB0").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may open all

    finding = check_serial_ports((), dev=tmp_path)

    assert verdict(finding) == (Verdict.FAILED, True)
    assert "dialout" in (finding.remedy or "")


@pytest.mark.parametrize(
    ("program", "expected"),
    [("ModemManager", Verdict.WARNING), ("bash", Verdict.GOOD)],
)
def test_modem_manager_is_warned_about(
    tmp_path: Path, program: str, expected: Verdict
) -> None:
    (tmp_path / "12").mkdir()
    (tmp_path / "12" / "comm").write_text(program + "\n")
    (tmp_path / "13" / "comm").mkdir(parents=True)  # ended meanwhile

    assert check_modem_manager(proc=tmp_path, rules=[]).verdict is expected


def test_modem_manager_is_welcome_where_udev_keeps_it_off_the_readers(
    tmp_path: Path,
) -> None:
    (tmp_path / "12").mkdir()
    (tmp_path / "12" / "comm").write_text("ModemManager\n")
    (tmp_path / "70-cardlane.rules").touch()

    assert check_modem_manager(proc=tmp_path, rules=[tmp_path]).verdict is Verdict.GOOD
