"""Certificates end: those of one's own are renewed in time, others are told of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from agent_clock import StillClock
from prometheus_client.parser import text_string_to_metric_families
from rest_fakes import Agent, running_agent

from agent.certificates import (
    AUTHORITY_LIVES,
    CLOCKS_DIFFER,
    LIVES,
    Period,
    new_authority,
    read_certificate,
    revocation_list,
)
from agent.clock import SystemClock
from agent.errors import SettingsInvalid
from agent.joining import broker_of
from agent.own_authority import AUTHORITY, OwnAuthority, keep_renewing
from agent.settings import FleetSettings, RestSettings
from agent.tls import server_context

NAMES = ["till-1.shop.example", "10.0.0.5"]
MADE = StillClock().now()
READY = "/agent/health/ready"


class SomeYears(StillClock):
    """Ends whoever waits for longer."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if self.now() - MADE > timedelta(days=1000):
            raise asyncio.CancelledError


@pytest.fixture
def own(tmp_path: Path) -> OwnAuthority:
    made = OwnAuthority(tmp_path / "tls")
    made.make_server(NAMES, at=MADE)
    return made


def settings(own: OwnAuthority) -> RestSettings:
    return RestSettings(
        tls_port=0,
        tls_cert_file=own.certificate_file("server"),
        tls_key_file=own.key_file("server"),
        tls_names=("till-1.shop.example",),
        tls_client_ca_file=own.certificate_file(AUTHORITY),
        tls_crl_file=own.revoked_file,
    )


@asynccontextmanager
async def later(folder: Path, rest: RestSettings, *, days: int) -> AsyncIterator[Agent]:
    """An agent so many days after its certificates were made."""
    async with running_agent(folder, rest=rest) as agent:
        agent.clock.advance(days * 86_400)
        yield agent


async def causes(agent: Agent) -> list[dict[str, Any]]:
    found = (await agent.client.get(READY)).json()["causes"]
    return [one for one in found if one["code"].startswith("certificate")]


async def test_a_certificate_of_ones_own_never_ends(own: OwnAuthority) -> None:
    file = own.certificate_file("server")
    before = own.key_file("server").read_bytes()

    with pytest.raises(asyncio.CancelledError):
        await keep_renewing(file, clock=SomeYears())

    written = read_certificate(file.read_bytes())
    server_context(settings(own))
    assert written.names == tuple(NAMES)
    assert written.valid.ends_at > MADE + timedelta(days=1000)
    assert own.key_file("server").read_bytes() == before


async def test_a_certificate_is_left_alone_while_it_is_good(own: OwnAuthority) -> None:
    assert not own.renew_server(at=MADE + LIVES - timedelta(days=70))
    assert own.renew_server(at=MADE + LIVES - timedelta(days=50))


async def test_a_certificate_of_another_authority_is_left_alone(
    own: OwnAuthority, caplog: pytest.LogCaptureFixture
) -> None:
    before = own.certificate_file("server").read_bytes()
    other = new_authority(MADE)
    own.certificate_file(AUTHORITY).write_bytes(other.certificate)
    own.key_file(AUTHORITY).write_bytes(other.key)

    with pytest.raises(asyncio.CancelledError):
        await keep_renewing(own.certificate_file("server"), clock=SomeYears())

    assert own.certificate_file("server").read_bytes() == before
    assert "tls.own_certificate_not_renewed" in caplog.messages


async def test_a_certificate_ends_with_its_authority_and_health_says_so(
    tmp_path: Path, own: OwnAuthority
) -> None:
    ends_at = (MADE + timedelta(days=100)).replace(microsecond=0)
    old = new_authority(ends_at + CLOCKS_DIFFER - AUTHORITY_LIVES)
    own.certificate_file(AUTHORITY).write_bytes(old.certificate)
    own.key_file(AUTHORITY).write_bytes(old.key)
    own.revoked_file.unlink()
    own.make_server(NAMES, at=MADE)

    is_renewed = own.renew_server(at=MADE + timedelta(days=90))
    async with later(tmp_path, settings(own), days=90) as agent:
        found = await causes(agent)

    written = read_certificate(own.certificate_file("server").read_bytes())
    assert not is_renewed
    assert written.valid.ends_at == ends_at
    assert "certificate_expiring" in [one["code"] for one in found]


@pytest.mark.parametrize("absent", ["authority-key.pem", "the name"])
async def test_who_has_no_authority_renews_nothing(
    own: OwnAuthority, absent: str
) -> None:
    file = own.certificate_file("server")
    if absent == "the name":
        file = file.rename(own.folder / "fullchain.pem")
    else:
        (own.folder / absent).unlink()

    await keep_renewing(file, clock=SomeYears())

    assert read_certificate(file.read_bytes()).valid.ends_at < MADE + LIVES


@pytest.mark.parametrize(("days", "told"), [(LIVES.days - 60, 0), (LIVES.days - 20, 1)])
async def test_health_tells_of_a_certificate_that_ends_soon(
    tmp_path: Path, own: OwnAuthority, days: int, told: int
) -> None:
    async with later(tmp_path, settings(own), days=days) as agent:
        found = await causes(agent)

    assert [one["code"] for one in found] == ["certificate_expiring"] * told
    assert all(str(own.certificate_file("server")) in one["message"] for one in found)


async def test_health_tells_of_a_list_that_is_not_replaced(
    tmp_path: Path, own: OwnAuthority
) -> None:
    old = new_authority(MADE + timedelta(days=7) - AUTHORITY_LIVES)
    own.revoked_file.write_bytes(revocation_list(old, {}, at=MADE))

    async with later(tmp_path, settings(own), days=8) as agent:
        found = await causes(agent)

    assert [one["message"].split()[0] for one in found] == [str(own.revoked_file)]
    assert " ended on " in found[0]["message"]


async def test_health_tells_of_a_renewal_that_cannot_be_used(
    tmp_path: Path, own: OwnAuthority
) -> None:
    own.key_file("server").write_text("nothing")

    async with later(tmp_path, settings(own), days=0) as agent:
        found = await causes(agent)

    assert [one["code"] for one in found] == ["certificate_unusable"]


async def test_prometheus_is_told_how_many_days_are_left(
    tmp_path: Path, own: OwnAuthority
) -> None:
    async with later(tmp_path, settings(own), days=800) as agent:
        text = (await agent.client.get("/agent/metrics")).body.decode()

    left = {
        sample.labels["use"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "cardlane_certificate_days_left"
    }
    assert left.keys() == {"tls", "tls_client_ca", "tls_crl"}
    assert 23 < left["tls"] < 25
    assert left["tls_client_ca"] > 2800


async def test_a_fleets_broker_is_shown_what_the_files_say_by_then(
    own: OwnAuthority,
) -> None:
    own.make_client("till", at=SystemClock().now())
    certificate = own.certificate_file("client-till")
    settings = FleetSettings(
        broker="mqtts://broker.example",
        ca_file=own.certificate_file(AUTHORITY),
        client_cert_file=certificate,
        client_key_file=own.key_file("client-till"),
    )
    broker, whole = broker_of(settings, password=None), certificate.read_bytes()

    certificate.write_text("half a ren")
    with pytest.raises(SettingsInvalid, match="certificate"):
        broker.context()
    certificate.write_bytes(whole)

    assert broker.context() is not None


@pytest.mark.parametrize(
    ("lives_days", "left_days", "is_ending"),
    [(825, 31, False), (825, 29, True), (90, 30, False), (90, 17, True), (6, 2, False)],
)
def test_who_renews_by_themselves_has_done_so_before_anybody_is_told(
    lives_days: int, left_days: int, is_ending: bool
) -> None:
    ends_at = MADE + timedelta(days=lives_days)

    assert (
        Period(MADE, ends_at).is_ending(ends_at - timedelta(days=left_days))
        is is_ending
    )
