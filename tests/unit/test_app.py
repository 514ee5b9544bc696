"""The composition root: where it listens, what it refuses, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import pytest
from captured_log import captured_log

from agent.app import serve
from agent.clock import SystemClock
from agent.errors import JournalBroken, SettingsInvalid
from agent.journal.journal import Journal
from agent.own_authority import OwnAuthority
from agent.settings import RestSettings, Settings, StripeSettings

LIVE = b"GET /agent/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found: int = listening.getsockname()[1]
        return found


@asynccontextmanager
async def serving(
    settings: Settings, environ: Mapping[str, str] | None = None
) -> AsyncIterator[None]:
    """The whole agent in this process, until a signal ends it."""
    agent = asyncio.create_task(serve(settings, environ or {}))
    while not agent.done():
        connecting = asyncio.open_connection(settings.rest.host, settings.rest.port)
        try:
            await live(*await connecting)
            break
        except ConnectionError:
            await asyncio.sleep(0)
    yield
    if not agent.done():
        os.kill(os.getpid(), signal.SIGTERM)
    await agent


async def live(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The status line of an answer to whether the agent is alive."""
    writer.write(LIVE)
    status = await reader.readline()
    writer.close()
    return status


async def test_the_agent_answers_on_its_port_and_ends_by_a_signal(
    port: int, tmp_path: Path
) -> None:
    async with serving(Settings(state_dir=tmp_path, rest=RestSettings(port=port))):
        status = await live(*await asyncio.open_connection("127.0.0.1", port))

    assert status == b"HTTP/1.1 200 OK\r\n"
    assert (tmp_path / "journal.db").exists()
    assert not (tmp_path / "journal.db-wal").exists()


@pytest.mark.parametrize(
    ("text", "warnings"),
    [("sk_test_" + "0" * 24, ["stripe_key.unrestricted"]), ("rk_test_" + "0" * 24, [])],
)
async def test_an_unrestricted_stripe_key_is_warned_about(
    port: int,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    text: str,
    warnings: list[str],
) -> None:
    file = tmp_path / "stripe_api_key"
    file.write_text(text)
    file.chmod(0o600)
    settings = Settings(
        state_dir=tmp_path / "state",
        rest=RestSettings(port=port),
        stripe=StripeSettings(api_key_file=file),
    )

    async with serving(settings):
        pass

    heard = [record.message for record in caplog.records]
    assert [
        message for message in heard if message.startswith("stripe_key")
    ] == warnings


async def test_the_agent_answers_on_a_unix_socket_too(
    port: int, tmp_path: Path
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "agent.sock"
        path.touch()
        rest = RestSettings(port=port, socket=path)
        async with serving(Settings(state_dir=tmp_path, rest=rest)):
            status = await live(*await asyncio.open_unix_connection(path))
            mode = path.stat().st_mode & 0o777

    assert status == b"HTTP/1.1 200 OK\r\n"
    assert mode == 0o660


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
async def test_the_agent_answers_on_ipv6(port: int, tmp_path: Path) -> None:
    rest = RestSettings(host="::1", port=port)
    async with serving(Settings(state_dir=tmp_path, rest=rest)):
        status = await live(*await asyncio.open_connection("::1", port))

    assert status == b"HTTP/1.1 200 OK\r\n"


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        settings = Settings(state_dir=tmp_path, rest=RestSettings(port=taken))

        with pytest.raises(SettingsInvalid, match=rf"rest\.port: 127\.0\.0\.1:{taken}"):
            await serve(settings, {})


async def test_a_socket_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    rest = RestSettings(port=0, socket=tmp_path / "missing" / "agent.sock")

    with pytest.raises(SettingsInvalid, match=r"rest\.socket"):
        await serve(Settings(state_dir=tmp_path, rest=rest), {})


async def test_a_journal_that_cannot_be_trusted_ends_the_start(tmp_path: Path) -> None:
    async def broken(path: Path) -> Journal:
        raise JournalBroken(f"{path.name} does not match")

    settings = Settings(state_dir=tmp_path, rest=RestSettings(port=0))

    with pytest.raises(JournalBroken):
        await serve(settings, {}, open_journal=broken)


async def test_the_log_says_where_the_agent_is_reached(
    port: int, tmp_path: Path
) -> None:
    own = OwnAuthority(tmp_path / "tls")
    own.make_server(["till.example"], at=SystemClock().now())
    rest = RestSettings(
        port=port,
        socket=tmp_path / "agent.sock",
        tls_port=0,
        tls_cert_file=own.certificate_file("server"),
        tls_key_file=own.key_file("server"),
        tls_names=("till.example",),
    )

    with captured_log() as lines:
        async with serving(Settings(state_dir=tmp_path, rest=rest)):
            ready = told(lines.getvalue(), "agent.ready")
            given = urlsplit(ready["urls"][2])
            _, writer = await asyncio.open_connection("127.0.0.1", given.port)
            writer.close()

    assert ready["url"] == f"http://127.0.0.1:{port}"
    assert ready["urls"][:2] == [ready["url"], f"unix:{tmp_path / 'agent.sock'}"]
    assert given.scheme == "https"


def told(log: str, event: str) -> dict[str, Any]:
    """The line of that event, if it was logged."""
    lines = [json.loads(line) for line in log.splitlines()]
    return next((line for line in lines if line["event"] == event), {})


async def test_a_hangup_has_the_accounts_loaded_anew(port: int, tmp_path: Path) -> None:
    with TemporaryDirectory() as short:
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        told.bind(f"{short}/notify")
        told.setblocking(False)
        settings = Settings(
            state_dir=tmp_path / "state",
            accounts_dir=tmp_path / "accounts.d",
            rest=RestSettings(port=port),
        )
        loop, heard = asyncio.get_running_loop(), ""
        async with serving(settings, {"NOTIFY_SOCKET": f"{short}/notify"}):
            (tmp_path / "accounts.d").mkdir()
            (tmp_path / "accounts.d" / "stall-2.toml").write_text("mode = 1")

            os.kill(os.getpid(), signal.SIGHUP)

            while heard.count("READY=1") < 2:
                heard += (await loop.sock_recv(told, 4096)).decode() + "\n"
            ready = await health(port)
        told.close()

    assert "RELOADING=1\nMONOTONIC_USEC=" in heard
    assert "stall-2.toml: mode" in ready


async def health(port: int) -> str:
    """What the agent says of itself."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"GET /agent/health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    )
    text = (await reader.read()).decode()
    writer.close()
    return text
