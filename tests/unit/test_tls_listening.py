"""The way in over TLS: who gets in, and who does not get as far as a request."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from tls_shop import AT, NAME, Files, ask, served

from agent.app import serve
from agent.certificates import client_certificate, new_authority
from agent.errors import SettingsInvalid
from agent.listening import listen_securely
from agent.rest.serving import StopSignals
from agent.settings import RestSettings, Settings
from agent.tls import server_context

pytest_plugins = ("tls_fixtures",)


async def test_a_caller_with_a_key_is_answered_over_tls(
    tmp_path: Path, files: Files, signals: StopSignals
) -> None:
    async with served(tmp_path, files.settings(), signals) as (agent, port, plain):
        over_tls = await ask(port, files.caller(), key=agent.key)
        beside = await ask(plain, None, host="127.0.0.1", key=agent.key)

    assert over_tls.startswith(b"HTTP/1.1 200 ")
    assert beside.startswith(b"HTTP/1.1 200 ")


async def test_a_key_is_needed_over_tls_too(
    tmp_path: Path, files: Files, signals: StopSignals
) -> None:
    async with served(tmp_path, files.settings(), signals) as (_, port, _):
        answer = await ask(port, files.caller())

    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_nothing_is_said_in_the_clear_where_tls_is_spoken(
    tmp_path: Path, files: Files, signals: StopSignals
) -> None:
    async with served(tmp_path, files.settings(), signals) as (agent, port, _):
        answer = await ask(port, None, key=agent.key)

    assert b"HTTP/1.1" not in answer


async def test_a_caller_that_does_not_shake_hands_is_hung_up_on(
    tmp_path: Path, files: Files, signals: StopSignals
) -> None:
    hasty = files.settings().model_copy(update={"request_timeout_s": 0.01})
    async with served(tmp_path, hasty, signals) as (_, port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(20):  # where nobody hangs up, it takes a minute
            received = await reader.read()
        writer.close()

    assert received == b""


async def test_the_whole_agent_has_the_way_in_that_the_settings_name(
    tmp_path: Path, files: Files
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    rest = files.settings().model_copy(update={"port": 0, "tls_port": port})

    running = asyncio.create_task(serve(Settings(state_dir=tmp_path, rest=rest), {}))
    answer = b""
    while not (answer or running.done()):
        with suppress(ConnectionError):
            answer = await ask(port, files.caller())
    if not running.done():
        os.kill(os.getpid(), signal.SIGTERM)
    await running

    assert answer.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost"])
async def test_over_tls_the_agent_has_its_configured_names_only(
    tmp_path: Path, files: Files, signals: StopSignals, host: str
) -> None:
    async with served(tmp_path, files.settings(), signals) as (agent, port, _):
        answer = await ask(port, files.caller(), host=host, key=agent.key)

    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"host_not_allowed" in answer


async def test_the_names_of_tls_do_not_count_without_it(
    tmp_path: Path, files: Files, signals: StopSignals
) -> None:
    async with served(tmp_path, files.settings(), signals) as (agent, _, plain):
        answer = await ask(plain, None, host=NAME, key=agent.key)

    assert answer.startswith(b"HTTP/1.1 403 ")


async def test_only_a_page_that_came_over_tls_is_the_agents_own_there(
    tmp_path: Path, files: Files, signals: StopSignals
) -> None:
    async with served(tmp_path, files.settings(), signals) as (agent, port, _):
        pages = {
            scheme: await ask(
                port, files.caller(), key=agent.key, origin=f"{scheme}://{NAME}:{port}"
            )
            for scheme in ("https", "http")
        }

    assert pages["https"].startswith(b"HTTP/1.1 200 ")
    assert pages["http"].startswith(b"HTTP/1.1 403 ")


async def test_a_caller_with_the_right_certificate_gets_in(
    tmp_path: Path, files: Files, signals: StopSignals
) -> None:
    rest = files.settings(client_ca=True)
    async with served(tmp_path, rest, signals) as (agent, port, _):
        answer = await ask(port, files.caller("till-2"), key=agent.key)

    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_a_caller_without_a_certificate_gets_no_answer(
    tmp_path: Path, files: Files, signals: StopSignals
) -> None:
    rest = files.settings(client_ca=True)
    async with served(tmp_path, rest, signals) as (agent, port, _):
        answer = await ask(port, files.caller(), key=agent.key)

    assert answer == b""


async def test_a_certificate_of_another_authority_gets_no_answer(
    tmp_path: Path, files: Files, signals: StopSignals
) -> None:
    rest, stranger = files.settings(client_ca=True), files.caller()
    made = client_certificate(new_authority(AT), "till-2", at=AT)
    stranger.load_cert_chain(*files.keep("stranger", made))
    async with served(tmp_path, rest, signals) as (agent, port, _):
        answer = await ask(port, stranger, key=agent.key)

    assert answer == b""


async def test_a_servers_certificate_is_no_callers(
    tmp_path: Path, files: Files, signals: StopSignals
) -> None:
    rest, caller = files.settings(client_ca=True), files.caller()
    caller.load_cert_chain(files.folder / "server.pem", files.folder / "server-key.pem")
    async with served(tmp_path, rest, signals) as (agent, port, _):
        answer = await ask(port, caller, key=agent.key)

    assert answer == b""


def test_a_key_that_others_can_read_is_refused(files: Files) -> None:
    settings = files.settings()
    (files.folder / "server-key.pem").chmod(0o644)

    with pytest.raises(SettingsInvalid, match=r"tls_key_file: .* chmod 600"):
        server_context(settings)


@pytest.mark.parametrize("name", ["server.pem", "ca.pem", "revoked.pem"])
def test_a_file_that_is_no_certificate_is_named(files: Files, name: str) -> None:
    settings = files.settings(client_ca=True, crl=True)
    (files.folder / name).write_text("nothing")

    with pytest.raises(SettingsInvalid, match=name):
        server_context(settings)


def test_a_key_of_another_certificate_is_refused(files: Files) -> None:
    settings = files.settings()
    _, other = files.keep("other", client_certificate(files.authority, "x", at=AT))
    other.replace(files.folder / "server-key.pem")

    with pytest.raises(SettingsInvalid, match="no certificate with its key"):
        server_context(settings)


def test_a_certificate_is_no_list_of_revoked_ones(files: Files) -> None:
    settings = files.settings(client_ca=True, crl=True)
    (files.folder / "revoked.pem").write_bytes(files.authority.certificate)

    with pytest.raises(SettingsInvalid, match=r"tls_crl_file: .* lists no revoked"):
        server_context(settings)


def test_a_list_of_revoked_certificates_needs_their_authority(files: Files) -> None:
    values = files.settings(client_ca=True, crl=True).model_dump()
    values["tls_client_ca_file"] = None

    with pytest.raises(ValueError, match="tls_crl_file needs tls_client_ca_file"):
        RestSettings(**values)


@pytest.mark.parametrize("missing", ["tls_cert_file", "tls_names"])
def test_a_socket_for_tls_needs_what_is_shown_there(files: Files, missing: str) -> None:
    absent = {missing: () if missing == "tls_names" else None, "tls_port": None}
    settings = files.settings().model_copy(update=absent)

    with (
        ExitStack() as closing,
        socket.create_server(("127.0.0.1", 0)) as handed,
        pytest.raises(SettingsInvalid, match=missing),
    ):
        listen_securely(settings, [handed], closing)


@pytest.mark.parametrize("missing", ["tls_cert_file", "tls_key_file", "tls_names"])
def test_half_a_way_in_is_no_setting(files: Files, missing: str) -> None:
    values = files.settings().model_dump()
    values[missing] = () if missing == "tls_names" else None

    with pytest.raises(ValueError, match="tls_port needs"):
        RestSettings(**values)


def test_a_name_is_no_address_to_listen_on() -> None:
    with pytest.raises(ValueError, match="tls_host"):
        RestSettings(tls_host="till.example")


def test_the_open_way_in_stays_on_this_machine() -> None:
    with pytest.raises(ValueError, match="loopback"):
        RestSettings(host="0.0.0.0")  # noqa: S104 - what is refused here
