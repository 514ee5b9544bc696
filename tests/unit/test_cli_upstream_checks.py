"""Doctor's checks of the way to Stripe and of the machine's radio and device rules."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from agent.cli.findings import Verdict
from agent.cli.machine_checks import (
    RULES,
    check_bluetooth,
    check_device_rules,
    is_in_group,
)
from agent.cli.upstream_checks import check_clock, check_name, check_permissions
from agent.settings import StripeKey, StripeSettings

KEY = StripeKey("rk_test_" + "0" * 24)
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
NOWHERE = StripeSettings(api_base="http://127.0.0.1:1")


@contextmanager
def stripe(status: Callable[[str], int], *, date: str) -> Iterator[StripeSettings]:
    """A server that answers each path with its status, at that time."""

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(status(self.path))
            self.send_header("Date", date)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Server)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield StripeSettings(api_base=f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_name_with_an_address_is_good() -> None:
    asked: list[tuple[str, int]] = []

    finding = check_name(
        StripeSettings(), resolve=lambda host, port: asked.append((host, port))
    )

    assert finding.verdict is Verdict.GOOD
    assert asked == [("api.stripe.com", 443)]


def test_a_name_without_an_address_is_told_with_its_remedy() -> None:
    def resolve(host: str, port: int) -> None:
        raise socket.gaierror("Name or service not known")

    finding = check_name(StripeSettings(), resolve=resolve)

    assert finding.verdict is Verdict.FAILED
    assert "api.stripe.com" in finding.message
    assert "DNS" in (finding.remedy or "")


@pytest.mark.parametrize(
    ("apart_s", "verdict"),
    [
        (0, Verdict.GOOD),
        (-9, Verdict.GOOD),
        (60, Verdict.WARNING),
        (-3600, Verdict.FAILED),
    ],
)
def test_a_clock_must_agree_with_stripes(apart_s: int, verdict: Verdict) -> None:
    with stripe(lambda _: 200, date=format_datetime(NOON, usegmt=True)) as settings:
        finding = check_clock(settings, now=lambda: NOON + timedelta(seconds=apart_s))

    assert finding.verdict is verdict
    assert f"{abs(apart_s)} s" in finding.message


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_a_clock_that_cannot_be_compared_is_a_warning(date: str) -> None:
    with stripe(lambda _: 200, date=date) as settings:
        assert check_clock(settings, now=lambda: NOON).verdict is Verdict.WARNING
    assert check_clock(NOWHERE, now=lambda: NOON).verdict is Verdict.WARNING


def test_a_key_that_may_read_everything_is_good() -> None:
    with stripe(lambda _: 200, date="") as settings:
        assert check_permissions(settings, KEY).verdict is Verdict.GOOD


def test_what_a_key_may_not_read_is_named() -> None:
    def status(path: str) -> int:
        return 403 if path.startswith(("/v1/refunds", "/v1/terminal/readers")) else 200

    with stripe(status, date="") as settings:
        finding = check_permissions(settings, KEY)

    assert finding.verdict is Verdict.FAILED
    assert finding.message == "The key may not read Refunds, Terminal Readers."
    assert "permission" in (finding.remedy or "")


def test_permissions_that_cannot_be_tried_are_a_warning() -> None:
    assert check_permissions(NOWHERE, KEY).verdict is Verdict.WARNING


def test_bluetooth_without_bluez_is_warned_about(tmp_path: Path) -> None:
    (tmp_path / "sys/class/bluetooth/hci0").mkdir(parents=True)
    program = tmp_path / "proc/17"
    program.mkdir(parents=True)

    def finding() -> Verdict:
        found = check_bluetooth(sys=tmp_path / "sys", proc=tmp_path / "proc")
        return found.verdict

    (program / "comm").write_text("systemd\n")
    without = finding()
    (program / "comm").write_text("bluetoothd\n")

    assert (without, finding()) == (Verdict.WARNING, Verdict.GOOD)


def test_an_account_that_bluez_does_not_answer_is_named(tmp_path: Path) -> None:
    (tmp_path / "class/bluetooth/hci0").mkdir(parents=True)
    (tmp_path / "17").mkdir()
    (tmp_path / "17" / "comm").write_text("bluetoothd\n")

    finding = check_bluetooth(sys=tmp_path, proc=tmp_path, is_member=lambda _: False)

    assert finding.verdict is Verdict.FAILED
    assert "--groups bluetooth" in (finding.remedy or "")


def test_a_group_that_is_not_there_keeps_nobody_out() -> None:
    assert is_in_group("no such group")


def test_a_machine_without_an_adapter_needs_no_bluez(tmp_path: Path) -> None:
    finding = check_bluetooth(sys=tmp_path, proc=tmp_path)

    assert finding.verdict is Verdict.GOOD
    assert "no adapter" in finding.message


def test_missing_device_rules_are_warned_about(tmp_path: Path) -> None:
    missing = check_device_rules([tmp_path])
    (tmp_path / RULES).touch()

    assert missing.verdict is Verdict.WARNING
    assert check_device_rules([tmp_path]).verdict is Verdict.GOOD
