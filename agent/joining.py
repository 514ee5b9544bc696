"""Joining a fleet: what this machine tells its broker, and how it does what it is told.

Loaded only where the settings name a broker.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent.errors import AgentError, SettingsInvalid
from agent.firmware.updates import InstallRequest
from agent.fleet.keys import read_keys
from agent.fleet.link import Broker, FleetLink, Told
from agent.fleet.obedience import Carry, Obedience, PartlyDone
from agent.fleet.orders import Command, Order
from agent.fleet.topics import Topics, machine_name
from agent.ids import ReaderId
from agent.rest.health import causes_of
from agent.rest.reader_object import reader_object
from agent.rest.services import Services
from agent.settings import FleetSettings
from drivers.errors import DriverError

MACHINE_ID = Path("/etc/machine-id")
USUAL_PORTS = {"mqtts": 8883, "mqtt": 1883}


def fleet_link(
    services: Services, settings: FleetSettings, *, password: str | None
) -> FleetLink:
    """The way to the broker that `settings` name. Raises SettingsInvalid."""
    topics = Topics(settings.prefix, machine_of(settings))
    obedience = Obedience(
        machine=topics.machine,
        keys=read_keys(settings.order_keys_file) if settings.order_keys_file else {},
        allowed=_allowed(settings),
        store=services.journal.fleet,
        clock=services.clock,
        deeds=_deeds(services),
    )
    return FleetLink(
        broker_of(settings, password=password),
        Told(
            topics,
            livemode=services.livemode,
            since=services.clock.now(),
            readers=lambda: _readers(services),
            metrics=lambda: metrics_of(services),
            metrics_interval_s=settings.metrics_interval_s,
        ),
        obedience=obedience,
        store=services.journal.fleet,
        events=services.journal.events,
        stream=services.outbox.stream,
        bus=services.events,
        clock=services.clock,
        random=services.random,
    )


def machine_of(settings: FleetSettings, *, machine_id: Path = MACHINE_ID) -> str:
    """What this machine is called in its fleet. Raises SettingsInvalid."""
    if settings.machine is not None:
        return settings.machine
    try:
        return machine_name(machine_id.read_text())
    except OSError as error:
        raise SettingsInvalid(
            f"fleet.machine: not set, and {machine_id} cannot be read"
        ) from error


def broker_of(settings: FleetSettings, *, password: str | None) -> Broker:
    """The broker, and this machine's certificate. Raises SettingsInvalid."""
    parts = urlsplit(settings.broker or "")
    is_secure = parts.scheme == "mqtts"
    if is_secure:
        _tls(settings)
    return Broker(
        host=parts.hostname or "",
        port=parts.port or USUAL_PORTS[parts.scheme],
        username=settings.username,
        password=password,
        tls=partial(_tls, settings) if is_secure else None,
    )


def metrics_of(services: Services) -> dict[str, Any]:
    """The counts that a fleet is watched by; the rest is for Prometheus."""
    measured = services.measurements
    sessions = services.fleet.sessions()
    return {
        "readers": len(sessions),
        "readers_online": sum(session.status == "online" for session in sessions),
        "payments_ended": dict(+measured.payments_ended),
        "payments_unsettled": len(services.actions.unsettled()),
        "reader_reconnects": dict(+measured.reconnects),
        "updates_ended": dict(+measured.updates_ended),
    }


def _allowed(settings: FleetSettings) -> frozenset[Command]:
    try:
        return frozenset(map(Command, settings.orders))
    except ValueError as error:
        raise SettingsInvalid(f"fleet.orders: {error}") from error


def _tls(settings: FleetSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.client_cert_file is not None:
            key = settings.client_key_file
            context.load_cert_chain(settings.client_cert_file, keyfile=key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsInvalid(
            f"fleet: a certificate cannot be used: {error}"
        ) from error
    return context


def _readers(services: Services) -> Mapping[str, Mapping[str, Any]]:
    return {
        session.record.reader_id: reader_object(
            session, None, livemode=services.livemode
        )
        for session in services.fleet.sessions()
    }


def _deeds(services: Services) -> dict[Command, Carry]:
    async def identify(reader_id: ReaderId, _: Order) -> Mapping[str, Any]:
        signs = await services.fleet.identify(reader_id)
        return {"signs": [str(sign) for sign in signs]}

    async def reboot(reader_id: ReaderId, _: Order) -> Mapping[str, Any]:
        await services.fleet.reboot(reader_id)
        return {}

    async def update(reader_id: ReaderId, order: Order) -> Mapping[str, Any]:
        await services.updates.check(reader_id)
        wanted = InstallRequest(f"fleet {order.order_id}", image=order.image)
        record = await services.updates.request(reader_id, wanted)
        return {"update": record.update.update_id}

    async def apply_configuration(_: Order) -> Mapping[str, Any]:
        services.configurations.outdated()
        await services.configurations.known(None)
        problem = services.configurations.freshness().problem
        if problem is not None:
            raise problem
        return {}

    return {
        Command.IDENTIFY: _at_readers(services, identify),
        Command.REBOOT: _at_readers(services, reboot),
        Command.UPDATE: _at_readers(services, update),
        Command.APPLY_CONFIGURATION: apply_configuration,
        Command.COLLECT_DIAGNOSTICS: _diagnosing(services),
    }


def _diagnosing(services: Services) -> Carry:
    async def collect_diagnostics(_: Order) -> Mapping[str, Any]:
        causes = await causes_of(services)
        return {
            "version": version("cardlane"),
            "livemode": services.livemode,
            "causes": [{"code": one.code, "message": one.message} for one in causes],
            "readers": list(_readers(services).values()),
            "metrics": metrics_of(services),
        }

    return collect_diagnostics


AtReader = Callable[[ReaderId, Order], Awaitable[Mapping[str, Any]]]


def _at_readers(services: Services, deed: AtReader) -> Carry:
    """At the reader that the order names; at all of the machine where it names none.

    An order to many machines cannot name readers. What fails at one reader keeps it from
    no other: PartlyDone then.
    """

    async def carry_out(order: Order) -> Mapping[str, Any]:
        if order.reader is not None:
            return await deed(ReaderId(order.reader), order)
        results: dict[str, Mapping[str, Any]] = {}
        failed: AgentError | DriverError | None = None
        for session in services.fleet.sessions():
            reader_id = session.record.reader_id
            try:
                results[reader_id] = await deed(reader_id, order)
            except (AgentError, DriverError) as error:
                results[reader_id] = {"code": error.code, "message": str(error)}
                failed = error
        if failed is not None:
            raise PartlyDone(failed.code, str(failed), {"readers": results})
        return {"readers": results}

    return carry_out
