"""Doctor's check of the way in over TLS."""

from __future__ import annotations

from datetime import datetime

from agent.certificates import read_certificate
from agent.cli.findings import Finding, failed, good, warning
from agent.errors import SettingsInvalid
from agent.settings import RestSettings
from agent.tls import server_context
from agent.validity import of_the_way_in


def check_certificate(settings: RestSettings, *, at: datetime) -> Finding:
    """The certificate must fit its key, be valid, and be for the configured names."""
    check, renewal = "TLS", "Renew it: the agent takes up the new one by itself."
    file = settings.tls_cert_file
    if file is None:
        return good(check, "Off: only this machine can call the agent.")
    try:
        server_context(settings)
        written = read_certificate(file.read_bytes())
    except SettingsInvalid as error:
        return failed(check, error.message, remedy=error.remedy)
    dated = sorted(of_the_way_in(settings), key=lambda one: one.valid.ends_at)
    for one in dated:
        if one.valid.ends_at <= at:
            message = f"{one.file} ended on {one.valid.ends_at:%F}: nobody gets in."
            return failed(check, message, remedy=renewal)
    if missing := {name.strip("[]") for name in settings.tls_names} - {*written.names}:
        return warning(
            check,
            f"{file} is not for {', '.join(sorted(missing))}.",
            remedy="Have one made for all of rest.tls_names.",
        )
    for one in dated:
        if one.valid.is_ending(at):
            message = f"{one.file} ends on {one.valid.ends_at:%F}."
            return warning(check, message, remedy=renewal)
    return good(check, f"{file} is good until {written.valid.ends_at:%F}.")
