"""The password for the fleet's broker: from a file only, and never shown."""

from __future__ import annotations

from collections.abc import Mapping

from agent.settings.accounts import credential_of
from agent.settings.guarded_file import read_secret
from agent.settings.models import Settings

CREDENTIAL = "mqtt_password"
"""Its name among systemd's credentials; a further account's has `.<name>` behind it."""


def read_fleet_password(settings: Settings, environ: Mapping[str, str]) -> str | None:
    """The password from systemd's credential, else from `fleet.password_file`, else None.

    Raises SettingsInvalid where the file cannot be read or is readable by others.
    """
    found = read_secret(
        credential=credential_of(settings, CREDENTIAL),
        setting="fleet.password_file",
        file=settings.fleet.password_file,
        environ=environ,
    )
    return None if found is None else found[0]
