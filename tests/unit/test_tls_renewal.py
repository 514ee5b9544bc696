"""Certificates that change while the agent runs: new callers see it, open ones do not."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from tls_hands import shaken_hands
from tls_shop import AT, NAME, Files, ask, put, served

from agent.certificates import (
    client_certificate,
    serial_number,
    server_certificate,
)
from agent.rest.serving import StopSignals
from agent.settings import RestSettings
from agent.tls import RenewedContext

pytest_plugins = ("tls_fixtures",)

LIVE = f"GET /agent/health/live HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()


def shown(server: ssl.SSLContext, caller: ssl.SSLContext) -> int:
    """The serial number of the certificate that a caller sees."""
    _, asking = shaken_hands(server, caller, name=NAME)
    seen = asking.getpeercert()
    assert seen is not None
    return int(str(seen["serialNumber"]), 16)


def in_use(settings: RestSettings) -> int:
    assert settings.tls_cert_file is not None
    return serial_number(settings.tls_cert_file.read_bytes())


async def test_a_renewal_is_shown_to_new_callers_and_cuts_nobody_off(
    tmp_path: Path, files: Files, signals: StopSignals
) -> None:
    async with served(tmp_path, files.settings(), signals) as (_, port, _):
        before = await asyncio.open_connection(
            "127.0.0.1", port, ssl=files.caller(), server_hostname=NAME
        )
        files.settings()
        after = await asyncio.open_connection(
            "127.0.0.1", port, ssl=files.caller(), server_hostname=NAME
        )
        answers = []
        for reader, writer in (before, after):
            writer.write(LIVE)
            answers.append(await reader.readline())
        seen = [
            writer.get_extra_info("peercert")["serialNumber"]
            for _, writer in (before, after)
        ]
        for _, writer in (before, after):
            writer.close()

    assert answers == [b"HTTP/1.1 200 OK\r\n"] * 2
    assert seen[0] != seen[1]


def test_half_a_renewal_changes_nothing_and_is_told_once(
    files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    settings = files.settings()
    server, first = RenewedContext(settings), in_use(settings)
    renewed = server_certificate(files.authority, [NAME], at=AT)

    put(files.folder / "server.pem", renewed.certificate)
    halfway = [shown(server, files.caller()) for _ in range(2)]
    put(files.folder / "server-key.pem", renewed.key)
    whole = shown(server, files.caller())

    assert halfway == [first, first]
    assert whole == serial_number(renewed.certificate)
    told = [record.message for record in caplog.records]
    assert told == ["tls.not_renewed", "tls.renewed"]


def test_a_file_that_is_gone_for_a_moment_changes_nothing(files: Files) -> None:
    settings = files.settings()
    server, first = RenewedContext(settings), in_use(settings)
    certificate = files.folder / "server.pem"

    certificate.rename(certificate.with_suffix(".away"))
    meanwhile = shown(server, files.caller())

    assert meanwhile == first


async def test_a_revoked_certificate_gets_no_answer_from_then_on(
    tmp_path: Path, files: Files, signals: StopSignals
) -> None:
    settings = files.settings(client_ca=True, crl=True)
    lost, kept = files.caller("till-2"), files.caller("till-3")
    serial = serial_number((files.folder / "till-2.pem").read_bytes())

    async with served(tmp_path, settings, signals) as (agent, port, _):
        before = await ask(port, lost, key=agent.key)
        files.revoke(serial)
        after = await ask(port, lost, key=agent.key)
        others = await ask(port, kept, key=agent.key)

    assert before.startswith(b"HTTP/1.1 200 ")
    assert after == b""
    assert others.startswith(b"HTTP/1.1 200 ")


def test_a_revoked_caller_cannot_go_on_with_an_earlier_session(files: Files) -> None:
    settings = files.settings(client_ca=True, crl=True)
    server, caller = RenewedContext(settings), files.caller("till-2")
    accepting, asking = shaken_hands(server, caller, name=NAME)
    accepting.write(b"x")
    asking.read(1)
    session = asking.session
    resumed, _ = shaken_hands(server, caller, name=NAME, session=session)

    files.revoke(serial_number((files.folder / "till-2.pem").read_bytes()))

    assert resumed.session_reused
    with pytest.raises(ssl.SSLCertVerificationError, match="revoked"):
        shaken_hands(server, caller, name=NAME, session=session)


def test_a_list_of_a_stranger_lets_nobody_in(files: Files) -> None:
    settings = files.settings(client_ca=True, crl=True)
    stranger = Files.of(files.folder / "stranger")
    put(files.folder / "revoked.pem", stranger.revoke().read_bytes())

    with pytest.raises(ssl.SSLCertVerificationError, match="CRL"):
        shaken_hands(RenewedContext(settings), files.caller("till-2"), name=NAME)


def test_a_caller_may_be_given_another_certificate_after_one_was_revoked(
    files: Files,
) -> None:
    settings = files.settings(client_ca=True, crl=True)
    files.revoke(
        serial_number(client_certificate(files.authority, "x", at=AT).certificate)
    )

    accepting, _ = shaken_hands(RenewedContext(settings), files.caller("x"), name=NAME)

    assert accepting.getpeercert() is not None
