"""How the way in over TLS is secured: which certificate it shows, and which it asks for."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from agent.errors import SettingsInvalid
from agent.settings import RestSettings
from agent.settings.guarded_file import check_private


@dataclass(frozen=True, slots=True)
class Secured:
    """Sockets on which only TLS is spoken."""

    sockets: list[socket.socket]
    context: ssl.SSLContext


def server_context(settings: RestSettings) -> ssl.SSLContext:
    """What `rest.tls_*` say; from TLS 1.2 on.

    Raises SettingsInvalid where a file is missing, no certificate, or where others can
    read the key.
    """
    certificate, key = settings.tls_cert_file, settings.tls_key_file
    if certificate is None or key is None:
        raise SettingsInvalid("rest.tls_cert_file and rest.tls_key_file are needed")
    check_private(key, name="rest.tls_key_file")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Without a password: nobody is there to type one.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise SettingsInvalid(
            f"rest.tls_cert_file: {certificate} and {key} are no certificate with its "
            f"key: {_reason(error)}"
        ) from error
    if settings.tls_client_ca_file is not None:
        _ask_callers(context, settings.tls_client_ca_file)
    return context


def _ask_callers(context: ssl.SSLContext, authority: Path) -> None:
    try:
        context.load_verify_locations(authority)
    except (OSError, ValueError) as error:
        raise SettingsInvalid(
            f"rest.tls_client_ca_file: {authority} is no certificate: {_reason(error)}"
        ) from error
    context.verify_mode = ssl.CERT_REQUIRED


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or getattr(error, "strerror", error))
