"""`cardlane doctor`: everything a payment needs, checked before somebody pays."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from agent.cli.failures import ExitCode
from agent.cli.findings import (
    Finding,
    Verdict,
    failed,
    findings_object,
    findings_text,
    good,
    is_healthy,
)
from agent.cli.options import Config, Json, Url, url_of
from agent.cli.settings_file import read_settings
from agent.errors import SettingsInvalid

if TYPE_CHECKING:
    from agent.settings import Settings, StripeKey


def doctor(config: Config = None, url: Url = None, as_json: Json = False) -> None:
    """Check settings, files, Stripe, ports and the agent; say what to do.

    Exit code 1 if a check failed.
    """
    findings = _findings(config, url)
    if as_json:
        typer.echo(json.dumps(findings_object(findings)))
    else:
        typer.echo(findings_text(findings))
    raise typer.Exit(ExitCode.DONE if is_healthy(findings) else ExitCode.NEGATIVE)


def _findings(config: Path | None, url: str | None) -> list[Finding]:
    try:
        settings = read_settings(config)
    except SettingsInvalid as error:
        return [failed("settings", error.message, remedy=error.remedy)]
    return [
        good("settings", "They can be read."),
        *_state_findings(settings),
        *_account_findings(settings),
        *_machine_findings(settings),
        *_agent_findings(url or url_of(settings), settings),
    ]


def _state_findings(settings: Settings) -> list[Finding]:
    from agent.cli.credentials import with_credentials
    from agent.cli.state_checks import (
        check_journal,
        check_state_folder,
        check_stripe_key,
    )
    from agent.cli.tls_checks import check_certificate
    from agent.clock import SystemClock

    found, key = check_stripe_key(settings, with_credentials(os.environ))
    findings = [
        check_certificate(settings.rest, at=SystemClock().now()),
        check_state_folder(settings.state_dir),
        check_journal(settings.state_dir),
        found,
    ]
    return findings if key is None else [*findings, *_upstream_findings(settings, key)]


def _account_findings(settings: Settings) -> Iterator[Finding]:
    """Of all further accounts, where none was chosen."""
    from agent.cli.account_checks import check_accounts
    from agent.cli.credentials import with_credentials
    from agent.settings import AccountSettings

    if not isinstance(settings, AccountSettings):
        yield from check_accounts(settings, with_credentials(os.environ))


def _upstream_findings(settings: Settings, key: StripeKey) -> Iterator[Finding]:
    """The way to Stripe; what lies behind a fault is not tried."""
    from agent.cli.network_checks import check_stripe
    from agent.cli.upstream_checks import check_clock, check_name, check_permissions
    from agent.clock import SystemClock

    yield (named := check_name(settings.stripe))
    if named.verdict is Verdict.GOOD:
        yield check_clock(settings.stripe, now=SystemClock().now)
        yield (answered := check_stripe(settings.stripe, key))
        if answered.verdict is Verdict.GOOD:
            yield check_permissions(settings.stripe, key)


def _machine_findings(settings: Settings) -> list[Finding]:
    from agent.cli.machine_checks import (
        RULE_FOLDERS,
        check_bluetooth,
        check_device_rules,
        check_modem_manager,
        check_serial_ports,
    )

    return [
        check_serial_ports(settings.readers.serial_ports, dev=Path("/dev")),
        check_modem_manager(proc=Path("/proc")),
        check_device_rules(RULE_FOLDERS),
        check_bluetooth(sys=Path("/sys"), proc=Path("/proc")),
    ]


def _agent_findings(url: str, settings: Settings) -> list[Finding]:
    from agent.cli.network_checks import check_agent
    from agent.cli.tls_client import client_context

    try:
        tls = client_context(url, settings.cli)
    except SettingsInvalid as error:
        return [failed("agent", error.message, remedy=error.remedy)]
    return [check_agent(url, tls=tls)]
