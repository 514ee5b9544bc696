"""How the way in over TLS is secured: which certificate it shows, and which it asks for."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from agent.errors import SettingsInvalid
from agent.log import get_logger
from agent.settings import RestSettings
from agent.settings.guarded_file import check_private

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Secured:
    """Sockets on which only TLS is spoken."""

    sockets: list[socket.socket]
    context: ssl.SSLContext


class RenewedContext(ssl.SSLContext):
    """For each handshake what the files say by then; open connections keep what they had.

    A server asks its context for each connection's TLS (`wrap_bio`). That is when this
    one looks whether a file has changed, which costs some microseconds of a handshake's
    millisecond, and sees a renewal of whatever tool. Files that cannot be used, as half
    of a renewal, leave everything as it was.
    """

    def __new__(cls, settings: RestSettings) -> Self:
        """Raises SettingsInvalid, as `server_context`."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self, settings: RestSettings) -> None:
        self._settings = settings
        self._files = _files(settings)
        self._seen = _stamps(self._files)
        self._newest = server_context(settings)

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """One connection's TLS."""
        self._look()
        return self._newest.wrap_bio(
            incoming, outgoing, server_side, server_hostname, session
        )

    def _look(self) -> None:
        stamps = _stamps(self._files)
        if stamps == self._seen:
            return
        self._seen = stamps
        try:
            self._newest = server_context(self._settings)
        except SettingsInvalid as error:
            log.warning("tls.not_renewed", reason=error.message)
        else:
            log.info("tls.renewed")


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
        _believe(context, settings.tls_client_ca_file, name="rest.tls_client_ca_file")
        context.verify_mode = ssl.CERT_REQUIRED
    if settings.tls_crl_file is not None:
        _refuse_revoked(context, settings.tls_crl_file)
    return context


def _refuse_revoked(context: ssl.SSLContext, listed: Path) -> None:
    before = context.cert_store_stats()["crl"]
    _believe(context, listed, name="rest.tls_crl_file")
    if context.cert_store_stats()["crl"] == before:
        raise SettingsInvalid(
            f"rest.tls_crl_file: {listed} lists no revoked certificates"
        )
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


def _believe(context: ssl.SSLContext, file: Path, *, name: str) -> None:
    try:
        context.load_verify_locations(file)
    except (OSError, ValueError) as error:
        raise SettingsInvalid(
            f"{name}: {file} cannot be used: {_reason(error)}"
        ) from error


def _files(settings: RestSettings) -> tuple[Path, ...]:
    named = (
        settings.tls_cert_file,
        settings.tls_key_file,
        settings.tls_client_ca_file,
        settings.tls_crl_file,
    )
    return tuple(file for file in named if file is not None)


def _stamps(files: Iterable[Path]) -> list[tuple[int, int, int, int] | None]:
    """What is another once a file was written, replaced, or its mode mended."""
    return [_stamp(file) for file in files]


def _stamp(file: Path) -> tuple[int, int, int, int] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or getattr(error, "strerror", error))
