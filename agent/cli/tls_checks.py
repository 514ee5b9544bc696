"""Doctor's check of the way in over TLS."""

from __future__ import annotations

from datetime import datetime, timedelta

from agent.certificates import names_and_end
from agent.cli.findings import Finding, failed, good, warning
from agent.errors import SettingsInvalid
from agent.settings import RestSettings
from agent.tls import server_context

SOON = timedelta(days=30)


def check_certificate(settings: RestSettings, *, at: datetime) -> Finding:
    """The certificate must fit its key, be valid, and be for the configured names."""
    check, renewal = (
        "TLS",
        "Renew it, as with `cardlane tls create`; restart the agent.",
    )
    file = settings.tls_cert_file
    if settings.tls_port is None or file is None:
        return good(check, "Off: only this machine can call the agent.")
    try:
        server_context(settings)
        names, ends_at = names_and_end(file.read_bytes())
    except SettingsInvalid as error:
        return failed(check, error.message, remedy=error.remedy)
    if ends_at <= at:
        message = f"{file} ended on {ends_at:%Y-%m-%d}: callers refuse it."
        return failed(check, message, remedy=renewal)
    if missing := {name.strip("[]") for name in settings.tls_names} - names:
        return warning(
            check,
            f"{file} is not for {', '.join(sorted(missing))}.",
            remedy="Have one made for all of rest.tls_names.",
        )
    if ends_at - at < SOON:
        message = f"{file} ends on {ends_at:%Y-%m-%d}."
        return warning(check, message, remedy=renewal)
    return good(check, f"{file} is good until {ends_at:%Y-%m-%d}.")
