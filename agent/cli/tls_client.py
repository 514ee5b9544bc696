"""What the command line shows to an agent over TLS, and whom it believes."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from agent.errors import SettingsInvalid

if TYPE_CHECKING:
    from agent.settings import CliSettings


def client_context(url: str, settings: CliSettings) -> ssl.SSLContext | None:
    """For requests to `url`; None without TLS. Raises SettingsInvalid."""
    if not url.startswith("https:"):
        return None
    name = "cli.ca_file"
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.client_cert_file is not None:
            name = "cli.client_cert_file"
            # Without a password: a script has nobody to type one.
            context.load_cert_chain(
                settings.client_cert_file, settings.client_key_file, password=""
            )
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", error)
        raise SettingsInvalid(f"{name}: it cannot be used: {reason}") from error
    return context


def remedy_of(error: Exception) -> str | None:
    """What to do where the two do not believe each other; None for other errors.

    Of a connection over TLS. Who misses a certificate may just hang up.
    """
    match error:
        case ssl.SSLCertVerificationError():
            return (
                "Name the authority of its certificate as cli.ca_file, and ask under "
                "a name that the certificate is for."
            )
        case ssl.SSLError() | ConnectionResetError():
            return (
                "Name a certificate that it takes, with its key, as "
                "cli.client_cert_file and cli.client_key_file."
            )
        case _:
            return None
